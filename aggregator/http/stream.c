/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: responses without end, which rest (suspended) while there is nothing to tell. */
#include "aggregator/http/parts.h"
#include "base/assert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define STREAM_BLOCK_BYTES ((size_t)16 * 1024)

static const char heartbeat[] = ":\n\n";

static size_t copy_rest(struct th_http_listener *listener, const struct th_http_body *body,
                        char *room, size_t size)
{
    size_t left = body->size - listener->sent;
    size_t taken = left < size ? left : size;
    memcpy(room, body->bytes + listener->sent, taken);
    listener->sent += taken;
    listener->sent_ms = th_http_clock_ms();
    return taken;
}

/* False: it is behind what is kept. */
static bool find_group(struct th_http_listener *listener, const struct th_http_body **ret_group)
{
    struct th_http_events *events = listener->server->events;
    *ret_group = NULL;
    if (listener->group == th_http_events_next(events))
        return true;
    *ret_group = th_http_events_group(events, listener->group);
    return *ret_group != NULL;
}

static ssize_t read_stream(void *context, uint64_t position, char *room, size_t size)
{
    struct th_http_listener *listener = context;
    const struct th_http_body *group;
    (void)position;
    if (listener->is_gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (atomic_load(&listener->server->is_refusing))
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (listener->beginning != NULL) {
        size_t taken = copy_rest(listener, listener->beginning, room, size);
        if (listener->sent == listener->beginning->size) {
            th_http_body_drop(listener->beginning);
            listener->beginning = NULL;
            listener->sent = 0;
        }
        return (ssize_t)taken;
    }
    if (!find_group(listener, &group)) /* too slow: it comes again and is told to begin anew */
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (group != NULL) {
        size_t taken = copy_rest(listener, group, room, size);
        if (listener->sent == group->size) {
            listener->group++;
            listener->sent = 0;
        }
        return (ssize_t)taken;
    }
    if (listener->has_beat && size >= sizeof heartbeat - 1) {
        listener->has_beat = false;
        listener->sent_ms = th_http_clock_ms();
        memcpy(room, heartbeat, sizeof heartbeat - 1);
        return sizeof heartbeat - 1;
    }
    listener->is_resting = true;
    MHD_suspend_connection(listener->connection);
    return 0;
}

static void end_stream(void *context)
{
    struct th_http_listener *listener = context;
    struct th_http_server *server = listener->server;
    if (listener->before == NULL)
        server->listeners = listener->next;
    else
        listener->before->next = listener->next;
    if (listener->next != NULL)
        listener->next->before = listener->before;
    atomic_store(&server->counters.listeners, --server->listeners_count);
    th_http_body_drop(listener->beginning);
    free(listener);
}

static struct MHD_Response *respond(struct th_http_listener *listener)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, read_stream, listener, end_stream);
    if (response == NULL) {
        end_stream(listener);
        return NULL;
    }
    if (th_http_reply_fields(response) &&
        MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
        MHD_add_response_header(response, "X-Accel-Buffering", "no") == MHD_YES &&
        MHD_add_response_header(response, "Content-Type", "text/event-stream; charset=utf-8") ==
            MHD_YES)
        return response;
    MHD_destroy_response(response); /* which ends the stream */
    return NULL;
}

/* With few descriptors, listeners do not take the places of all others. */
static uint32_t listeners_max(const struct th_http_server *server)
{
    uint32_t half = server->open_max / 2;
    return half < TH_HTTP_LISTENERS_MAX ? half : TH_HTTP_LISTENERS_MAX;
}

struct MHD_Response *th_http_stream_open(struct th_http_request *request, bool *ret_is_full)
{
    struct th_http_server *server = request->server;
    *ret_is_full = server->listeners_count >= listeners_max(server);
    struct th_http_listener *listener = *ret_is_full ? NULL : calloc(1, sizeof *listener);
    if (listener == NULL)
        return NULL;
    listener->beginning =
        th_http_events_begin(server->events, request->last_event, &listener->group);
    if (listener->beginning == NULL) {
        free(listener);
        return NULL;
    }
    listener->server = server;
    listener->connection = request->connection;
    listener->fd = request->socket == NULL ? -1 : request->socket->fd;
    listener->sent_ms = th_http_clock_ms();
    listener->next = server->listeners;
    if (listener->next != NULL)
        listener->next->before = listener;
    server->listeners = listener;
    atomic_store(&server->counters.listeners, ++server->listeners_count);
    return respond(listener);
}

/* Nobody reads from a connection that rests: who closed it, or sends where nothing is expected, is
 * seen here. */
static bool is_gone(const struct th_http_listener *listener)
{
    char byte;
    if (listener->fd < 0)
        return false;
    ssize_t size = recv(listener->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return size >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void th_http_stream_wake(struct th_http_server *server)
{
    int64_t now_ms = th_http_clock_ms();
    bool is_end = atomic_load(&server->is_refusing);
    for (struct th_http_listener *at = server->listeners; at != NULL; at = at->next) {
        if (!at->is_resting)
            continue;
        at->has_beat = now_ms - at->sent_ms >= server->patience.heartbeat_ms;
        at->is_gone = is_gone(at);
        if (!at->is_gone && !at->has_beat && !is_end &&
            at->group == th_http_events_next(server->events))
            continue;
        at->is_resting = false;
        MHD_resume_connection(at->connection);
    }
}
