/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets in, and who is still heard: the ZAP handler, the keyring and the ROUTER together. */
#include "aggregator/shell/router.h"
#include "aggregator/shell/self_test.h"
#include "aggregator/shell/zap.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

static void *context;
static struct th_keyring *keyring;
static struct th_zap *zap;
static struct th_router *router;
static uint8_t server_key[32];
static uint8_t server_secret[32];
static uint8_t node_key[32];
static uint8_t node_secret[32];
static const struct th_sign_key sign_key = {{1, 2, 3}};

static th_instant time_now;

static th_instant now(void *unused)
{
    (void)unused;
    return time_now;
}

static void set_up(void)
{
    const uint8_t random[8] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4};
    cr_assert_geq(sodium_init(), 0);
    (void)crypto_box_keypair(server_key, server_secret);
    (void)crypto_box_keypair(node_key, node_secret);
    context = zmq_ctx_new();
    cr_assert_eq(th_keyring_new(random, &keyring), 0);
    cr_assert_eq(th_zap_start(context, keyring, now, NULL, &zap), 0);
    cr_assert_eq(
        th_router_open_nodes(context, "tcp://127.0.0.1:*", server_secret, keyring, &router), 0);
}

static void tear_down(void)
{
    th_router_close(router);
    th_zap_stop(zap);
    (void)zmq_ctx_term(context);
    th_keyring_free(keyring);
}

TestSuite(zap, .init = set_up, .fini = tear_down, .timeout = 30);

static void *connect_with(const uint8_t public_key[32], const uint8_t secret_key[32])
{
    int linger = 0;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    if (public_key != NULL) {
        (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, 32);
        (void)zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, 32);
        (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, 32);
    }
    cr_assert_eq(zmq_connect(socket, th_router_endpoint(router)), 0);
    return socket;
}

/* What comes within a second; TH_ROUTER_NOTHING for silence. */
static enum th_router_got hear(char unit[TH_UNIT_CODE_MAX + 1])
{
    for (int i = 0; i < 100; i++) {
        struct th_router_message message;
        enum th_router_got got = th_router_receive(router, time_now, &message);
        if (got == TH_ROUTER_MESSAGE || got == TH_ROUTER_REVOKED) {
            strcpy(unit, message.unit);
            cr_assert_str_eq(message.host, "127.0.0.1");
            cr_assert_eq(memcmp(message.key, node_key, sizeof message.key), 0);
            th_router_frame_close(&message.frame);
        }
        if (got != TH_ROUTER_NOTHING)
            return got;
        usleep(10000);
    }
    return TH_ROUTER_NOTHING;
}

Test(zap, a_key_that_is_enrolled_speaks_for_its_unit)
{
    char unit[TH_UNIT_CODE_MAX + 1] = "";
    cr_assert(th_keyring_put(keyring, "23734", &sign_key, node_key, TH_KEYRING_NEVER));
    void *socket = connect_with(node_key, node_secret);
    cr_assert_eq(zmq_send(socket, "x", 1, 0), 1);
    cr_assert_eq(hear(unit), TH_ROUTER_MESSAGE);
    cr_assert_str_eq(unit, "23734");
    (void)zmq_close(socket);
}

Test(zap, a_key_that_nobody_knows_is_not_heard)
{
    char unit[TH_UNIT_CODE_MAX + 1];
    void *socket = connect_with(node_key, node_secret);
    (void)zmq_send(socket, "x", 1, ZMQ_DONTWAIT);
    cr_assert_eq(hear(unit), TH_ROUTER_NOTHING);
    (void)zmq_close(socket);
}

Test(zap, a_peer_without_curve_is_not_heard)
{
    char unit[TH_UNIT_CODE_MAX + 1];
    void *socket = connect_with(NULL, NULL);
    (void)zmq_send(socket, "x", 1, ZMQ_DONTWAIT);
    cr_assert_eq(hear(unit), TH_ROUTER_NOTHING);
    (void)zmq_close(socket);
}

Test(zap, a_revoked_key_is_refused_at_its_next_message_although_it_is_connected)
{
    char unit[TH_UNIT_CODE_MAX + 1];
    cr_assert(th_keyring_put(keyring, "23734", &sign_key, node_key, TH_KEYRING_NEVER));
    void *socket = connect_with(node_key, node_secret);
    cr_assert_eq(zmq_send(socket, "x", 1, 0), 1);
    cr_assert_eq(hear(unit), TH_ROUTER_MESSAGE);
    cr_assert(th_keyring_put(keyring, "23734", &sign_key, node_key, TH_KEYRING_ALWAYS));
    cr_assert_eq(zmq_send(socket, "y", 1, 0), 1);
    cr_assert_eq(hear(unit), TH_ROUTER_REVOKED);
    (void)zmq_close(socket);
}

Test(zap, a_key_with_two_enrolments_stays_until_both_are_revoked)
{
    const struct th_sign_key other = {{9}};
    char unit[TH_UNIT_CODE_MAX + 1];
    cr_assert(th_keyring_put(keyring, "1", &sign_key, node_key, TH_KEYRING_NEVER));
    cr_assert(th_keyring_put(keyring, "1", &other, node_key, TH_KEYRING_NEVER));
    cr_assert(th_keyring_put(keyring, "1", &sign_key, node_key, TH_KEYRING_ALWAYS));
    cr_assert(th_keyring_find(keyring, node_key, time_now, unit));
    cr_assert(th_keyring_put(keyring, "1", &other, node_key, TH_KEYRING_ALWAYS));
    cr_assert_not(th_keyring_find(keyring, node_key, time_now, unit));
}

Test(zap, a_key_is_in_force_before_the_instant_of_its_revocation)
{
    char unit[TH_UNIT_CODE_MAX + 1];
    cr_assert(th_keyring_put(keyring, "1", &sign_key, node_key, (th_instant){1000}));
    cr_assert(th_keyring_find(keyring, node_key, (th_instant){999}, unit));
    cr_assert_not(th_keyring_find(keyring, node_key, (th_instant){1000}, unit));
    cr_assert_not(th_keyring_find(keyring, node_key, (th_instant){1001}, unit));
}

Test(zap, a_handshake_after_the_instant_of_a_revocation_is_refused)
{
    char unit[TH_UNIT_CODE_MAX + 1];
    cr_assert(th_keyring_put(keyring, "23734", &sign_key, node_key, (th_instant){1000}));
    time_now.ms = 1000;
    void *socket = connect_with(node_key, node_secret);
    (void)zmq_send(socket, "x", 1, ZMQ_DONTWAIT);
    cr_assert_eq(hear(unit), TH_ROUTER_NOTHING);
    (void)zmq_close(socket);
}

Test(zap, the_keyring_knows_whether_a_key_has_ended_meanwhile)
{
    const struct th_sign_key other = {{9}};
    cr_assert(th_keyring_put(keyring, "1", &other, server_key, TH_KEYRING_NEVER));
    cr_assert(th_keyring_put(keyring, "1", &sign_key, node_key, (th_instant){1000}));
    cr_assert_not(th_keyring_has_ended(keyring, (th_instant){0}, (th_instant){999}));
    cr_assert(th_keyring_has_ended(keyring, (th_instant){999}, (th_instant){1000}));
    cr_assert(th_keyring_has_ended(keyring, (th_instant){0}, (th_instant){5000}));
    cr_assert_not(th_keyring_has_ended(keyring, (th_instant){1000}, (th_instant){5000}));
}

/* A connected peer that has spoken. */
static void *connect_peer(struct th_router_peer *peer)
{
    struct th_router_message message;
    enum th_router_got got = TH_ROUTER_NOTHING;
    cr_assert(th_keyring_put(keyring, "23734", &sign_key, node_key, TH_KEYRING_NEVER));
    void *socket = connect_with(node_key, node_secret);
    cr_assert_eq(zmq_send(socket, "x", 1, 0), 1);
    for (int i = 0; i < 100 && got == TH_ROUTER_NOTHING; i++, usleep(10000))
        got = th_router_receive(router, time_now, &message);
    cr_assert_eq(got, TH_ROUTER_MESSAGE);
    *peer = message.peer;
    th_router_frame_close(&message.frame);
    return socket;
}

Test(zap, a_peer_that_does_not_read_is_full_and_not_gone)
{
    static uint8_t large[256 * 1024];
    struct th_router_peer peer;
    enum th_router_sent sent = TH_ROUTER_SENT;
    void *socket = connect_peer(&peer);
    for (int i = 0; i < 4000 && sent == TH_ROUTER_SENT; i++)
        sent = th_router_send(router, &peer, (struct th_bytes){large, sizeof large});
    cr_assert_eq(sent, TH_ROUTER_FULL);
    (void)zmq_close(socket);
}

Test(zap, a_peer_that_has_left_is_gone)
{
    struct th_router_peer peer;
    enum th_router_sent sent = TH_ROUTER_SENT;
    (void)zmq_close(connect_peer(&peer));
    for (int i = 0; i < 300 && sent == TH_ROUTER_SENT; i++, usleep(10000))
        sent = th_router_send(router, &peer, (struct th_bytes){(const uint8_t *)"x", 1});
    cr_assert_eq(sent, TH_ROUTER_GONE);
}

/* libzmq ends the process when a connection's own id is one that another peer has chosen. */
Test(zap, the_ids_of_connections_cannot_be_foretold)
{
    struct th_router_peer peers[2];
    for (size_t i = 0; i < 2; i++) {
        th_router_close(router);
        srand(1);
        cr_assert_eq(
            th_router_open_nodes(context, "tcp://127.0.0.1:*", server_secret, keyring, &router), 0);
        (void)zmq_close(connect_peer(&peers[i]));
    }
    cr_assert_eq(peers[0].id_size, peers[1].id_size);
    cr_assert(memcmp(peers[0].id, peers[1].id, peers[0].id_size) != 0);
}

/* A REQ socket speaks ZAP to the handler as libzmq would. */
static int ask(const char *domain, const char *mechanism, const uint8_t *key, size_t key_size)
{
    char code[8] = "";
    int timeout = 2000;
    int linger = 0;
    void *socket = zmq_socket(context, ZMQ_REQ);
    (void)zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    cr_assert_eq(zmq_connect(socket, "inproc://zeromq.zap.01"), 0);
    (void)zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
    (void)zmq_send(socket, "7", 1, ZMQ_SNDMORE);
    (void)zmq_send(socket, domain, strlen(domain), ZMQ_SNDMORE);
    (void)zmq_send(socket, "127.0.0.1", 9, ZMQ_SNDMORE);
    (void)zmq_send(socket, "", 0, ZMQ_SNDMORE);
    (void)zmq_send(socket, mechanism, strlen(mechanism), ZMQ_SNDMORE);
    (void)zmq_send(socket, key, key_size, 0);
    char ignored[16];
    cr_assert_eq(zmq_recv(socket, ignored, sizeof ignored, 0), 3);
    cr_assert_eq(zmq_recv(socket, ignored, sizeof ignored, 0), 1);
    cr_assert_eq(ignored[0], '7');
    cr_assert_eq(zmq_recv(socket, code, sizeof code, 0), 3);
    (void)zmq_close(socket);
    return atoi(code);
}

Test(zap, only_known_domains_and_curve_are_let_in)
{
    cr_assert(th_keyring_put(keyring, "23734", &sign_key, node_key, TH_KEYRING_NEVER));
    cr_assert_eq(ask("tonghop", "CURVE", node_key, 32), 200);
    cr_assert_eq(ask("viewer", "CURVE", node_key, 32), 200);
    cr_assert_eq(ask("other", "CURVE", node_key, 32), 400);
    cr_assert_eq(ask("", "CURVE", node_key, 32), 400);
    cr_assert_eq(ask("tonghop", "NULL", node_key, 32), 400);
    cr_assert_eq(ask("tonghop", "CURVE", node_key, 31), 400);
    cr_assert_eq(ask("tonghop", "CURVE", server_key, 32), 400);
}

Test(zap, the_self_test_passes_when_the_door_is_shut)
{
    cr_assert_eq(th_self_test(context, th_router_endpoint(router), false, server_key, keyring), 0);
}

Test(zap, the_self_test_fails_when_nobody_minds_the_door)
{
    void *open_context = zmq_ctx_new();
    void *socket = zmq_socket(open_context, ZMQ_ROUTER);
    char endpoint[128];
    size_t size = sizeof endpoint;
    int one = 1;
    int linger = 0;
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &one, sizeof one);
    (void)zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, server_secret, 32);
    (void)zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "tonghop", 7);
    cr_assert_eq(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
    cr_assert_eq(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    cr_assert_eq(th_self_test(open_context, endpoint, false, server_key, keyring), TH_E_FORBIDDEN);
    (void)zmq_close(socket);
    (void)zmq_ctx_term(open_context);
}

Test(zap, three_parts_one_part_and_an_empty_one_are_bad_frames)
{
    char unit[TH_UNIT_CODE_MAX + 1];
    cr_assert(th_keyring_put(keyring, "23734", &sign_key, node_key, TH_KEYRING_NEVER));
    void *socket = connect_with(node_key, node_secret);
    (void)zmq_send(socket, "a", 1, ZMQ_SNDMORE);
    (void)zmq_send(socket, "b", 1, 0);
    cr_assert_eq(hear(unit), TH_ROUTER_BAD_FRAMES);
    (void)zmq_send(socket, "", 0, 0);
    cr_assert_eq(hear(unit), TH_ROUTER_BAD_FRAMES);
    (void)zmq_send(socket, "good", 4, 0);
    cr_assert_eq(hear(unit), TH_ROUTER_MESSAGE);
    (void)zmq_close(socket);
}
