/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/publisher.h"

#include "aggregator/shell/options.h"
#include "aggregator/shell/zap.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { ENDPOINT_SIZE = 256, DRAIN_MAX = 64 };

struct th_publisher {
    void *socket;
    char endpoint[ENDPOINT_SIZE];
};

int th_publisher_open(void *zmq_context, const char *address, const uint8_t curve_secret[32],
                      struct th_publisher **ret_publisher)
{
    static const struct th_zmq_option options[] = {
        {ZMQ_RCVHWM, 64}, {ZMQ_SNDHWM, 1000}, {ZMQ_LINGER, 0}, {ZMQ_XPUB_NODROP, 0}};
    if (strncmp(address, "tcp://", 6) != 0)
        return TH_E_CONFIG;
    struct th_publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL)
        return TH_E_NO_MEMORY;
    publisher->socket = zmq_socket(zmq_context, ZMQ_XPUB);
    int status = publisher->socket == NULL ? TH_E_IO
                                           : th_zmq_set_all(publisher->socket, options,
                                                            sizeof options / sizeof options[0]);
    if (status == 0)
        status = th_zmq_set_server(publisher->socket, TH_ZAP_DOMAIN_VIEWERS, curve_secret);
    if (status == 0)
        status = th_zmq_bind(publisher->socket, address, publisher->endpoint, ENDPOINT_SIZE);
    if (status < 0) {
        th_publisher_close(publisher);
        return status;
    }
    *ret_publisher = publisher;
    return 0;
}

void th_publisher_close(struct th_publisher *publisher)
{
    if (publisher == NULL)
        return;
    if (publisher->socket != NULL)
        (void)zmq_close(publisher->socket);
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

void th_publisher_drain(struct th_publisher *publisher)
{
    char ignored[ENDPOINT_SIZE];
    for (int i = 0; i < DRAIN_MAX; i++)
        if (zmq_recv(publisher->socket, ignored, sizeof ignored, ZMQ_DONTWAIT) < 0)
            return;
}

void th_publisher_send(struct th_publisher *publisher, struct th_bytes topic, struct th_bytes body)
{
    if (zmq_send(publisher->socket, topic.bytes, topic.size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        (void)zmq_send(publisher->socket, body.bytes, body.size, ZMQ_DONTWAIT);
}
