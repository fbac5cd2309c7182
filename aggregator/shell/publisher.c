/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/publisher.h"

#include "aggregator/shell/options.h"
#include "aggregator/shell/router.h"
#include "aggregator/shell/zap.h"
#include "base/assert.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum {
    ENDPOINT_SIZE = 256,
    DRAIN_MAX = 4096, /* as fast as libzmq takes them in */
    /* A subscription and its topic; a CURVE handshake, which has to pass too, needs some 300. */
    SUBSCRIPTION_SIZE_MAX = 512,
    BIND_TRIES = 40,
    BIND_REST_MS = 5
};

struct th_publisher {
    void *zmq_context;
    void *socket;
    bool is_mute;  /* after a failed reopening */
    size_t topics; /* that somebody has subscribed to */
    uint8_t curve_secret[32];
    char endpoint[ENDPOINT_SIZE];
};

/* A socket that is not bound yet. */
static int open_socket(const struct th_publisher *publisher, void **ret_socket)
{
    static const struct th_zmq_option options[] = {
        {ZMQ_RCVHWM, 64}, {ZMQ_SNDHWM, 1000}, {ZMQ_LINGER, 0}, {ZMQ_XPUB_NODROP, 0}};
    const int64_t size_max = SUBSCRIPTION_SIZE_MAX;
    void *socket = zmq_socket(publisher->zmq_context, ZMQ_XPUB);
    if (socket == NULL)
        return TH_E_IO;
    int status = th_zmq_set_all(socket, options, sizeof options / sizeof options[0]);
    if (status == 0)
        status = th_zmq_set_server(socket, TH_ZAP_DOMAIN_VIEWERS, publisher->curve_secret);
    if (status == 0 && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) != 0)
        status = TH_E_CONFIG;
    if (status < 0) {
        (void)zmq_close(socket);
        return status;
    }
    *ret_socket = socket;
    return 0;
}

int th_publisher_open(void *zmq_context, const char *address, const uint8_t curve_secret[32],
                      struct th_publisher **ret_publisher)
{
    if (strncmp(address, "tcp://", 6) != 0)
        return TH_E_CONFIG;
    struct th_publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL)
        return TH_E_NO_MEMORY;
    publisher->zmq_context = zmq_context;
    memcpy(publisher->curve_secret, curve_secret, sizeof publisher->curve_secret);
    int status = open_socket(publisher, &publisher->socket);
    if (status == 0)
        status = th_zmq_bind(publisher->socket, address, publisher->endpoint, ENDPOINT_SIZE);
    if (status < 0) {
        th_publisher_close(publisher);
        return status;
    }
    *ret_publisher = publisher;
    return 0;
}

/* The old listener goes away on libzmq's own thread, a moment after zmq_close(). */
static int bind_again(struct th_publisher *publisher)
{
    char endpoint[ENDPOINT_SIZE];
    int status = TH_E_BUSY;
    for (int i = 0; i < BIND_TRIES && status == TH_E_BUSY; i++) {
        if (i > 0)
            (void)usleep(BIND_REST_MS * 1000);
        status = th_zmq_bind(publisher->socket, publisher->endpoint, endpoint, sizeof endpoint);
    }
    return status;
}

int th_publisher_reopen(struct th_publisher *publisher)
{
    void *socket = NULL;
    publisher->is_mute = true;
    int status = open_socket(publisher, &socket);
    if (status < 0)
        return status;
    (void)zmq_close(publisher->socket);
    publisher->socket = socket;
    publisher->topics = 0;
    status = bind_again(publisher);
    publisher->is_mute = status < 0;
    return status;
}

void th_publisher_close(struct th_publisher *publisher)
{
    if (publisher == NULL)
        return;
    if (publisher->socket != NULL)
        (void)zmq_close(publisher->socket);
    sodium_memzero(publisher->curve_secret, sizeof publisher->curve_secret);
    free(publisher);
}

const char *th_publisher_endpoint(const struct th_publisher *publisher)
{
    return publisher->endpoint;
}

int th_publisher_fd(const struct th_publisher *publisher)
{
    int fd = -1;
    size_t size = sizeof fd;
    int failed = zmq_getsockopt(publisher->socket, ZMQ_FD, &fd, &size);
    TH_ASSERT(failed == 0);
    return fd;
}

bool th_publisher_is_pending(struct th_publisher *publisher)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(publisher->socket, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

/* libzmq tells of a topic when its first subscriber comes and when its last one goes. */
static bool count(struct th_publisher *publisher, zmq_msg_t *message,
                  uint8_t ret_key[TH_CURVE_KEY_SIZE])
{
    const uint8_t *bytes = zmq_msg_data(message);
    if (zmq_msg_size(message) == 0)
        return true;
    if (bytes[0] == 0 && publisher->topics > 0)
        publisher->topics--;
    if (bytes[0] != 1 || ++publisher->topics <= TH_PUBLISHER_TOPICS_MAX)
        return true;
    return !th_router_read_key(zmq_msg_gets(message, TH_ZAP_KEY_PROPERTY), ret_key);
}

bool th_publisher_drain(struct th_publisher *publisher, uint8_t ret_key[TH_CURVE_KEY_SIZE])
{
    bool is_fine = true;
    for (int i = 0; i < DRAIN_MAX && is_fine; i++) {
        zmq_msg_t message;
        (void)zmq_msg_init(&message);
        if (zmq_msg_recv(&message, publisher->socket, ZMQ_DONTWAIT) < 0)
            return true;
        is_fine = count(publisher, &message, ret_key);
        (void)zmq_msg_close(&message);
    }
    return is_fine;
}

void th_publisher_send(struct th_publisher *publisher, struct th_bytes topic, struct th_bytes body)
{
    if (publisher->is_mute)
        return;
    if (zmq_send(publisher->socket, topic.bytes, topic.size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        (void)zmq_send(publisher->socket, body.bytes, body.size, ZMQ_DONTWAIT);
}
