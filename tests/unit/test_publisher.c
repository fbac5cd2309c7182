/* SPDX-License-Identifier: Apache-2.0 */
/* What subscribers may cost. */
#include "aggregator/shell/clock_linux.h"
#include "aggregator/shell/publisher.h"
#include "aggregator/shell/zap.h"
#include "base/big.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { PATIENCE_MS = 10000, SILENCE_MS = 500 };

struct person {
    uint8_t key[32], secret[32];
    void *socket;
};

static void *context;
static struct th_keyring *keyring;
static struct th_zap *zap;
static struct th_publisher *publisher;
static uint8_t server_key[32], server_secret[32];
static struct person one, other;

static th_instant now(void *unused)
{
    (void)unused;
    return (th_instant){1};
}

static void enrol(struct person *person, const char *unit)
{
    const struct th_sign_key sign_key = {{(uint8_t)unit[0]}};
    (void)crypto_box_keypair(person->key, person->secret);
    cr_assert(th_keyring_put(keyring, unit, &sign_key, person->key, TH_KEYRING_NEVER));
    person->socket = NULL;
}

static void set_up(void)
{
    const uint8_t random[8] = {1, 2, 3};
    cr_assert_geq(sodium_init(), 0);
    (void)crypto_box_keypair(server_key, server_secret);
    context = zmq_ctx_new();
    cr_assert_eq(th_keyring_new(random, &keyring), 0);
    cr_assert_eq(th_zap_start(context, keyring, now, NULL, &zap), 0);
    cr_assert_eq(th_publisher_open(context, "tcp://127.0.0.1:*", server_secret, &publisher), 0);
    enrol(&one, "1");
    enrol(&other, "2");
}

static void leave(struct person *person)
{
    if (person->socket != NULL)
        (void)zmq_close(person->socket);
    person->socket = NULL;
}

static void tear_down(void)
{
    leave(&one);
    leave(&other);
    th_publisher_close(publisher);
    th_zap_stop(zap);
    (void)zmq_ctx_term(context);
    th_keyring_free(keyring);
}

TestSuite(publisher, .init = set_up, .fini = tear_down, .timeout = 60);

static void join(struct person *person)
{
    const int none = 0;
    person->socket = zmq_socket(context, ZMQ_SUB);
    (void)zmq_setsockopt(person->socket, ZMQ_LINGER, &none, sizeof none);
    (void)zmq_setsockopt(person->socket, ZMQ_SNDHWM, &none, sizeof none);
    (void)zmq_setsockopt(person->socket, ZMQ_CURVE_SERVERKEY, server_key, 32);
    (void)zmq_setsockopt(person->socket, ZMQ_CURVE_PUBLICKEY, person->key, 32);
    (void)zmq_setsockopt(person->socket, ZMQ_CURVE_SECRETKEY, person->secret, 32);
    cr_assert_eq(zmq_connect(person->socket, th_publisher_endpoint(publisher)), 0);
}

static void subscribe(struct person *person, uint64_t first, uint64_t count, int option)
{
    for (uint64_t i = first; i < first + count; i++) {
        uint8_t topic[4];
        th_big_put(topic, sizeof topic, i);
        cr_assert_eq(zmq_setsockopt(person->socket, option, topic, sizeof topic), 0);
    }
}

/* Until it complains, or a while after the last one came. */
static bool drain(uint8_t ret_key[32])
{
    bool is_fine = true;
    int64_t until_ns = th_clock_steady_ns() + (int64_t)SILENCE_MS * 1000000;
    while (is_fine && th_clock_steady_ns() < until_ns) {
        if (th_publisher_is_pending(publisher))
            until_ns = th_clock_steady_ns() + (int64_t)SILENCE_MS * 1000000;
        is_fine = th_publisher_drain(publisher, ret_key);
        (void)usleep(1000);
    }
    return is_fine;
}

/* What came before is passed over. */
static bool hears(struct person *person, uint8_t call)
{
    uint8_t room[16] = {0};
    while (zmq_recv(person->socket, room, sizeof room, ZMQ_DONTWAIT) >= 0)
        if (zmq_recv(person->socket, room, sizeof room, ZMQ_DONTWAIT) == 1 && room[0] == call)
            return true;
    return false;
}

/* True when a publication reaches the person. */
static bool is_told(struct person *person)
{
    static uint8_t call;
    static const uint8_t topic[4] = {0};
    uint8_t key[32];
    zmq_pollitem_t item = {.socket = person->socket, .events = ZMQ_POLLIN};
    subscribe(person, 0, 1, ZMQ_SUBSCRIBE);
    call++;
    for (int ms = 0; ms < PATIENCE_MS / 10; ms += 20) {
        cr_assert(th_publisher_drain(publisher, key));
        th_publisher_send(publisher, (struct th_bytes){topic, sizeof topic},
                          (struct th_bytes){&call, sizeof call});
        if (zmq_poll(&item, 1, 20) > 0 && hears(person, call))
            return true;
    }
    return false;
}

Test(publisher, as_many_topics_as_it_keeps_are_fine)
{
    uint8_t key[32];
    join(&one);
    join(&other);
    subscribe(&one, 0, TH_PUBLISHER_TOPICS_MAX, ZMQ_SUBSCRIBE);
    subscribe(&other, 0, TH_PUBLISHER_TOPICS_MAX, ZMQ_SUBSCRIBE);
    cr_assert(drain(key));
}

Test(publisher, topics_that_nobody_wants_any_more_are_not_counted)
{
    uint8_t key[32];
    join(&one);
    for (int i = 0; i < 3; i++) {
        subscribe(&one, 0, TH_PUBLISHER_TOPICS_MAX, ZMQ_SUBSCRIBE);
        cr_assert(drain(key));
        if (i == 0)
            subscribe(&one, 0, TH_PUBLISHER_TOPICS_MAX, ZMQ_UNSUBSCRIBE);
        else
            leave(&one);
        cr_assert(drain(key));
        if (i > 0)
            join(&one);
    }
}

Test(publisher, whose_topics_are_too_many_is_told)
{
    uint8_t key[32] = {0};
    join(&other);
    subscribe(&other, 0, 10, ZMQ_SUBSCRIBE);
    cr_assert(drain(key));
    join(&one);
    subscribe(&one, 1000, TH_PUBLISHER_TOPICS_MAX, ZMQ_SUBSCRIBE);
    cr_assert_not(drain(key));
    cr_assert_arr_eq(key, one.key, sizeof key);
}

Test(publisher, who_is_barred_stays_outside_and_others_come_again)
{
    uint8_t key[32];
    join(&one);
    join(&other);
    cr_assert(is_told(&one));
    th_keyring_bar(keyring, one.key, INT64_MAX);
    cr_assert_eq(th_publisher_reopen(publisher), 0);
    cr_assert(is_told(&other));
    cr_assert_not(is_told(&one));
    subscribe(&other, 0, TH_PUBLISHER_TOPICS_MAX, ZMQ_SUBSCRIBE);
    cr_assert(drain(key), "counted anew");
    th_keyring_bar(keyring, one.key, 0);
    leave(&one);
    join(&one);
    cr_assert(is_told(&one));
}
