/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/router.h"

#include "aggregator/shell/options.h"
#include "aggregator/shell/zap.h"
#include "base/assert.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

_Static_assert(sizeof(zmq_msg_t) <= sizeof(struct th_router_frame), "a frame holds a zmq_msg_t");

struct th_router {
    void *socket;
    struct th_keyring *keyring;
    char endpoint[TH_ROUTER_ADDRESS_MAX];
};

static zmq_msg_t *message_of(struct th_router_frame *frame)
{
    return (zmq_msg_t *)(void *)frame->message;
}

/* libzmq writes it into the properties of each message, and warns that it may be closed by now. */
int th_router_frame_fd(const struct th_router_frame *frame)
{
    const zmq_msg_t *message = (const zmq_msg_t *)(const void *)frame->message;
    return zmq_msg_get(message, ZMQ_SRCFD);
}

void th_router_frame_close(struct th_router_frame *frame)
{
    (void)zmq_msg_close(message_of(frame));
}

static void free_bytes(void *bytes, void *hint)
{
    (void)hint;
    free(bytes);
}

int th_router_frame_take(struct th_router_frame *frame, uint8_t *bytes, size_t size,
                         struct th_bytes *ret_payload)
{
    if (zmq_msg_init_data(message_of(frame), bytes, size, free_bytes, NULL) != 0)
        return TH_E_NO_MEMORY;
    *ret_payload = (struct th_bytes){bytes, size};
    return 0;
}

/* ---- opening ---- */

/*
 * libzmq numbers connections from what rand() says when the socket is made, and takes any id that a
 * peer chooses for itself. When both are the same it ends the process (an assertion), so nobody may
 * foretell the first.
 */
static int open_socket(void *zmq_context, struct th_router **ret_router)
{
    static const struct th_zmq_option options[] = {
        {ZMQ_RCVHWM, 16},  {ZMQ_SNDHWM, 256},         {ZMQ_LINGER, 2000},
        {ZMQ_SNDTIMEO, 0}, {ZMQ_ROUTER_MANDATORY, 1}, {ZMQ_ROUTER_HANDOVER, 0},
    };
    struct th_router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return TH_E_NO_MEMORY;
    srand((unsigned)randombytes_random());
    router->socket = zmq_socket(zmq_context, ZMQ_ROUTER);
    int status = router->socket == NULL
                     ? TH_E_IO
                     : th_zmq_set_all(router->socket, options, sizeof options / sizeof options[0]);
    if (status < 0) {
        th_router_close(router);
        return status;
    }
    *ret_router = router;
    return 0;
}

int th_router_open_nodes(void *zmq_context, const char *address,
                         const uint8_t curve_secret[TH_CURVE_KEY_SIZE], struct th_keyring *keyring,
                         struct th_router **ret_router)
{
    if (strncmp(address, "tcp://", 6) != 0)
        return TH_E_CONFIG;
    struct th_router *router = NULL;
    int status = open_socket(zmq_context, &router);
    if (status < 0)
        return status;
    router->keyring = keyring;
    status = th_zmq_set_server(router->socket, TH_ZAP_DOMAIN_NODES, curve_secret);
    if (status == 0)
        status = th_zmq_bind(router->socket, address, router->endpoint, sizeof router->endpoint);
    if (status < 0) {
        th_router_close(router);
        return status;
    }
    *ret_router = router;
    return 0;
}

void th_router_close(struct th_router *router)
{
    if (router == NULL)
        return;
    if (router->socket != NULL)
        (void)zmq_close(router->socket);
    free(router);
}

void th_router_unbind(struct th_router *router)
{
    (void)zmq_unbind(router->socket, router->endpoint);
}

/* ---- asking ---- */

const char *th_router_endpoint(const struct th_router *router)
{
    return router->endpoint;
}

int th_router_fd(const struct th_router *router)
{
    int fd = -1;
    size_t size = sizeof fd;
    int failed = zmq_getsockopt(router->socket, ZMQ_FD, &fd, &size);
    TH_ASSERT(failed == 0);
    return fd;
}

bool th_router_is_pending(struct th_router *router)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(router->socket, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

/* ---- receiving ---- */

/* Reads the rest of a message away. */
static void drain(void *socket)
{
    int more = 1;
    while (more != 0) {
        zmq_msg_t ignored;
        (void)zmq_msg_init(&ignored);
        int size = zmq_msg_recv(&ignored, socket, ZMQ_DONTWAIT);
        more = size < 0 ? 0 : zmq_msg_more(&ignored);
        (void)zmq_msg_close(&ignored);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool th_router_read_key(const char *hex, uint8_t ret_key[TH_CURVE_KEY_SIZE])
{
    if (hex == NULL || strlen(hex) != (size_t)2 * TH_CURVE_KEY_SIZE)
        return false;
    for (size_t i = 0; i < TH_CURVE_KEY_SIZE; i++) {
        int high = hex_digit(hex[2 * i]);
        int low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Who sent it: what the ZAP handler of this process wrote, never what the peer says. The properties
 * of the first frame get lost in libzmq 4.3.4, so they are read from the payload. */
static enum th_router_got identify(struct th_router *router, th_instant stamp,
                                   const zmq_msg_t *payload, struct th_router_message *message)
{
    const char *user_id = zmq_msg_gets(payload, "User-Id");
    const char *host = zmq_msg_gets(payload, "Peer-Address");
    const char *suffix = th_keyring_suffix(router->keyring);
    uint8_t *key = message->key;
    char *unit = message->unit;
    if (user_id == NULL || !th_router_read_key(zmq_msg_gets(payload, TH_ZAP_KEY_PROPERTY), key))
        return TH_ROUTER_BAD_PEER;
    size_t size = strlen(user_id);
    size_t suffix_size = strlen(suffix);
    if (size <= suffix_size || size - suffix_size > TH_UNIT_CODE_MAX ||
        strcmp(user_id + size - suffix_size, suffix) != 0)
        return TH_ROUTER_BAD_PEER;
    char enrolled[TH_UNIT_CODE_MAX + 1] = "";
    memcpy(unit, user_id, size - suffix_size);
    unit[size - suffix_size] = '\0';
    (void)snprintf(message->host, sizeof message->host, "%s", host == NULL ? "" : host);
    bool is_admitted =
        th_keyring_find(router->keyring, key, stamp, enrolled) && strcmp(enrolled, unit) == 0;
    return is_admitted ? TH_ROUTER_MESSAGE : TH_ROUTER_REVOKED;
}

static enum th_router_got receive_payload(struct th_router *router, th_instant stamp,
                                          bool is_id_good, struct th_router_message *ret_message)
{
    zmq_msg_t *payload = message_of(&ret_message->frame);
    (void)zmq_msg_init(payload);
    if (zmq_msg_recv(payload, router->socket, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(payload);
        return TH_ROUTER_BAD_FRAMES;
    }
    enum th_router_got got = TH_ROUTER_MESSAGE;
    if (zmq_msg_more(payload) != 0) {
        drain(router->socket);
        got = TH_ROUTER_BAD_FRAMES;
    } else if (!is_id_good || zmq_msg_size(payload) == 0) {
        got = TH_ROUTER_BAD_FRAMES;
    } else {
        got = identify(router, stamp, payload, ret_message);
    }
    if (got == TH_ROUTER_MESSAGE || got == TH_ROUTER_REVOKED)
        ret_message->payload = (struct th_bytes){zmq_msg_data(payload), zmq_msg_size(payload)};
    else
        (void)zmq_msg_close(payload);
    return got;
}

enum th_router_got th_router_receive(struct th_router *router, th_instant stamp,
                                     struct th_router_message *ret_message)
{
    zmq_msg_t id;
    (void)zmq_msg_init(&id);
    if (zmq_msg_recv(&id, router->socket, ZMQ_DONTWAIT) < 0) {
        (void)zmq_msg_close(&id);
        return TH_ROUTER_NOTHING;
    }
    bool has_payload = zmq_msg_more(&id) != 0;
    bool is_id_good = zmq_msg_size(&id) > 0 && zmq_msg_size(&id) <= TH_ROUTER_ID_MAX;
    struct th_router_message message = {.unit = ""};
    if (is_id_good) {
        message.peer.id_size = zmq_msg_size(&id);
        memcpy(message.peer.id, zmq_msg_data(&id), message.peer.id_size);
    }
    (void)zmq_msg_close(&id);
    if (!has_payload)
        return TH_ROUTER_BAD_FRAMES;
    /* Small payloads live inside the message itself: it is filled where it stays. */
    *ret_message = message;
    return receive_payload(router, stamp, is_id_good, ret_message);
}

enum th_router_sent th_router_send(struct th_router *router, const struct th_router_peer *peer,
                                   struct th_bytes payload)
{
    if (zmq_send(router->socket, peer->id, peer->id_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return zmq_errno() == EHOSTUNREACH ? TH_ROUTER_GONE : TH_ROUTER_FULL;
    return zmq_send(router->socket, payload.bytes, payload.size, ZMQ_DONTWAIT) >= 0
               ? TH_ROUTER_SENT
               : TH_ROUTER_FULL;
}
