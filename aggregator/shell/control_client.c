/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/control_client.h"

#include "aggregator/shell/options.h"
#include "aggregator/shell/router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

static int receive(void *socket, struct th_arena *arena, struct th_bytes *ret_answer)
{
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    int status = 0;
    if (zmq_msg_recv(&message, socket, 0) < 0) {
        status = zmq_errno() == EAGAIN ? TH_E_TIMEOUT : TH_E_IO;
    } else {
        size_t size = zmq_msg_size(&message);
        uint8_t *bytes = th_arena_alloc(arena, size);
        if (bytes == NULL)
            status = TH_E_NO_MEMORY;
        else
            *ret_answer = (struct th_bytes){memcpy(bytes, zmq_msg_data(&message), size), size};
    }
    (void)zmq_msg_close(&message);
    return status;
}

/* Again after a signal, as of a terminal that stopped it for a while. */
static int poll_for(zmq_pollitem_t *item, int timeout_ms)
{
    int ready = zmq_poll(item, 1, timeout_ms);
    while (ready < 0 && zmq_errno() == EINTR)
        ready = zmq_poll(item, 1, timeout_ms);
    return ready;
}

static int wait_for(void *socket, const struct th_control_patience *patience)
{
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    const bool may_tell = patience->late != NULL && patience->late_ms < patience->timeout_ms;
    int first_ms = may_tell ? patience->late_ms : patience->timeout_ms;
    int ready = poll_for(&item, first_ms);
    if (ready == 0 && may_tell) {
        patience->late(patience->context);
        ready = poll_for(&item, patience->timeout_ms - first_ms);
    }
    return ready < 0 ? TH_E_IO : ready == 0 ? TH_E_TIMEOUT : 0;
}

static int ask(void *socket, const char *address, struct th_bytes request,
               const struct th_control_patience *patience, struct th_arena *arena,
               struct th_bytes *ret_answer)
{
    const struct th_zmq_option options[] = {
        {ZMQ_LINGER, 0}, {ZMQ_SNDTIMEO, patience->timeout_ms}, {ZMQ_RCVTIMEO, 0}};
    int status = th_zmq_set_all(socket, options, sizeof options / sizeof options[0]);
    if (status < 0)
        return status;
    if (zmq_connect(socket, address) != 0)
        return TH_E_IO;
    if (zmq_send(socket, request.bytes, request.size, 0) < 0)
        return zmq_errno() == EAGAIN ? TH_E_TIMEOUT : TH_E_IO;
    status = wait_for(socket, patience);
    return status < 0 ? status : receive(socket, arena, ret_answer);
}

int th_control_ask(const char *path, struct th_bytes request,
                   const struct th_control_patience *patience, struct th_arena *arena,
                   struct th_bytes *ret_answer)
{
    char address[TH_ROUTER_ADDRESS_MAX];
    if (strlen(path) > TH_CONTROL_PATH_MAX)
        return TH_E_LIMIT;
    (void)snprintf(address, sizeof address, "ipc://%s", path);
    void *context = zmq_ctx_new();
    void *socket = context == NULL ? NULL : zmq_socket(context, ZMQ_DEALER);
    int status = socket == NULL ? TH_E_NO_MEMORY
                                : ask(socket, address, request, patience, arena, ret_answer);
    if (socket != NULL)
        (void)zmq_close(socket);
    if (context != NULL)
        (void)zmq_ctx_term(context);
    return status;
}
