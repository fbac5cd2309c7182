/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/shell/dealer.h"

#include "base/assert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define CURVE_OVERHEAD 64 /* bytes that CURVE adds to a frame, rounded up */

struct th_dealer {
    void *socket;
    char *address;
    zmq_msg_t message; /* the last one received */
};

static int status_of(int error)
{
    return error == ENOMEM ? TH_E_NO_MEMORY : error == EAGAIN ? TH_E_BUSY : TH_E_IO;
}

int th_dealer_context_new(unsigned dealers_max, void **ret_context)
{
    void *context = zmq_ctx_new();
    if (context == NULL)
        return status_of(errno);
    int sockets = dealers_max > 1000 ? (int)dealers_max + 16 : 1016;
    if (zmq_ctx_set(context, ZMQ_MAX_SOCKETS, sockets) != 0 ||
        zmq_ctx_set(context, ZMQ_IO_THREADS, 1) != 0) {
        (void)zmq_ctx_term(context);
        return TH_E_IO;
    }
    *ret_context = context;
    return 0;
}

void th_dealer_context_free(void *context)
{
    if (context == NULL)
        return;
    while (zmq_ctx_term(context) != 0 && errno == EINTR)
        continue;
}

static const struct {
    int option;
    int value;
} numbers[] = {
    {ZMQ_IMMEDIATE, 1},
    {ZMQ_LINGER, 0},
    {ZMQ_RCVHWM, 64},
    {ZMQ_RECONNECT_IVL, 2000}, /* libzmq adds jitter */
    {ZMQ_RECONNECT_IVL_MAX, 120000},
    {ZMQ_CONNECT_TIMEOUT, 10000},
    {ZMQ_HANDSHAKE_IVL, 30000},
    {ZMQ_HEARTBEAT_IVL, 15000},
    {ZMQ_HEARTBEAT_TIMEOUT, 45000},
    {ZMQ_HEARTBEAT_TTL, 60000},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_KEEPALIVE_IDLE, 60},
    {ZMQ_TCP_KEEPALIVE_INTVL, 15},
    {ZMQ_TCP_KEEPALIVE_CNT, 4},
    {ZMQ_TCP_MAXRT, 60000},
    {ZMQ_IPV6, 1},
};

static int configure(void *socket, const struct th_dealer_options *options)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (zmq_setsockopt(socket, numbers[i].option, &numbers[i].value, sizeof(int)) != 0)
            return status_of(errno);
    if (zmq_setsockopt(socket, ZMQ_SNDHWM, &options->queue_max, sizeof options->queue_max) != 0)
        return status_of(errno);
    int64_t size_max = TH_LIMIT_TO_NODE_SIZE_MAX + CURVE_OVERHEAD;
    if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, options->server_key, TH_CURVE_KEY_SIZE) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, options->curve_key, TH_CURVE_KEY_SIZE) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, options->curve_secret, TH_CURVE_KEY_SIZE) != 0)
        return status_of(errno);
    return 0;
}

static int dial(struct th_dealer *dealer)
{
    if (zmq_connect(dealer->socket, dealer->address) == 0)
        return 0;
    return errno == ENOMEM ? TH_E_NO_MEMORY : TH_E_CONFIG;
}

int th_dealer_open(void *context, const struct th_dealer_options *options,
                   struct th_dealer **ret_dealer)
{
    struct th_dealer *dealer = calloc(1, sizeof *dealer);
    if (dealer == NULL)
        return TH_E_NO_MEMORY;
    dealer->address = strdup(options->address);
    dealer->socket = zmq_socket(context, ZMQ_DEALER);
    if (dealer->address == NULL || dealer->socket == NULL) {
        int error = dealer->address == NULL ? ENOMEM : errno;
        if (dealer->socket != NULL)
            (void)zmq_close(dealer->socket);
        free(dealer->address);
        free(dealer);
        return status_of(error);
    }
    (void)zmq_msg_init(&dealer->message); /* cannot fail */
    int status = configure(dealer->socket, options);
    if (status == 0)
        status = dial(dealer);
    if (status != 0) {
        th_dealer_close(dealer);
        return status;
    }
    *ret_dealer = dealer;
    return 0;
}

void th_dealer_close(struct th_dealer *dealer)
{
    if (dealer == NULL)
        return;
    (void)zmq_msg_close(&dealer->message);
    (void)zmq_close(dealer->socket);
    free(dealer->address);
    free(dealer);
}

int th_dealer_redial(struct th_dealer *dealer)
{
    /* Of a session that has ended by itself nothing is left to disconnect: ENOENT. */
    (void)zmq_disconnect(dealer->socket, dealer->address);
    return dial(dealer);
}

int th_dealer_fd(const struct th_dealer *dealer)
{
    int fd = -1;
    size_t size = sizeof fd;
    int result = zmq_getsockopt(dealer->socket, ZMQ_FD, &fd, &size);
    TH_ASSERT(result == 0);
    return fd;
}

struct th_dealer_state th_dealer_look(const struct th_dealer *dealer)
{
    int events = 0;
    size_t size = sizeof events;
    if (zmq_getsockopt(dealer->socket, ZMQ_EVENTS, &events, &size) != 0)
        return (struct th_dealer_state){false, false};
    return (struct th_dealer_state){(events & ZMQ_POLLIN) != 0, (events & ZMQ_POLLOUT) != 0};
}

int th_dealer_send(struct th_dealer *dealer, struct th_bytes frame)
{
    int result;
    do
        result = zmq_send(dealer->socket, frame.bytes, frame.size, ZMQ_DONTWAIT);
    while (result < 0 && errno == EINTR);
    return result < 0 ? status_of(errno) : 0;
}

/* The rest of a message that has more than one frame. */
static void drain(struct th_dealer *dealer)
{
    while (zmq_msg_more(&dealer->message) != 0 &&
           zmq_msg_recv(&dealer->message, dealer->socket, ZMQ_DONTWAIT) >= 0)
        continue;
}

int th_dealer_receive(struct th_dealer *dealer, struct th_bytes *ret_frame)
{
    for (;;) {
        int result = zmq_msg_recv(&dealer->message, dealer->socket, ZMQ_DONTWAIT);
        if (result < 0 && errno == EINTR)
            continue;
        if (result < 0)
            return errno == EAGAIN ? TH_E_NOT_FOUND : TH_E_IO;
        if (zmq_msg_more(&dealer->message) == 0)
            break;
        drain(dealer);
    }
    *ret_frame = (struct th_bytes){zmq_msg_data(&dealer->message), zmq_msg_size(&dealer->message)};
    return 0;
}
