/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that were let in, through libmicrohttpd: it is given sockets whose whole head the door
 * has judged, reads that head again, and frames what is answered. Its events are served inside the
 * door's thread; a request rests (suspended) while a worker has it.
 */
#include "aggregator/http/parts.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

static const char events_path[] = "/api/v1/events";

enum { RUNS_MAX = 8 };

/* ---- a request's life ---- */

/* The target as it was sent: first of all, before anything is decoded. What is returned here is
 * what the functions below get as `*request`. */
static void *begin_request(void *context, const char *target, struct MHD_Connection *connection)
{
    size_t size = strlen(target);
    struct th_http_request *request = calloc(1, sizeof *request + size + 1);
    if (request == NULL)
        return NULL;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->server = context;
    request->connection = connection;
    request->socket = info == NULL ? NULL : info->socket_context;
    request->target_size = size;
    memcpy(request->target, target, size);
    return request;
}

static void end_request(void *context, struct MHD_Connection *connection, void **place,
                        enum MHD_RequestTerminationCode how)
{
    struct th_http_server *server = context;
    struct th_http_request *request = *place;
    (void)connection, (void)how;
    if (request == NULL)
        return;
    (void)atomic_fetch_sub(&server->unsent, request->unsent);
    th_http_reply_deinit(&request->reply);
    free(request);
    *place = NULL;
}

static struct th_text field(struct MHD_Connection *connection, const char *name)
{
    return th_text_or_none(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

static enum MHD_Result send_reply(struct th_http_request *request)
{
    struct th_http_server *server = request->server;
    struct th_http_reply *reply = &request->reply;
    int class = reply->code / 100;
    TH_ASSERT(class > 0);
    TH_ASSERT(class < TH_HTTP_CLASSES);
    struct MHD_Response *response = th_http_reply_response(reply);
    if (response == NULL)
        return MHD_NO; /* without memory: the connection ends */
    (void)atomic_fetch_add(&server->counters.replies[class], 1);
    request->unsent = reply->body == NULL ? 0 : reply->body->size;
    (void)atomic_fetch_add(&server->unsent, request->unsent);
    enum MHD_Result queued =
        MHD_queue_response(request->connection, (unsigned)reply->code, response);
    MHD_destroy_response(response); /* the connection holds it now */
    return queued;
}

static enum MHD_Result busy(struct th_http_request *request, const char *why)
{
    th_http_reply_status(&request->reply, TH_E_BUSY, why, NULL);
    return send_reply(request);
}

static enum MHD_Result listen_to(struct th_http_request *request)
{
    bool is_full;
    struct MHD_Response *response = th_http_stream_open(request, &is_full);
    if (response == NULL)
        return is_full ? busy(request, "quá nhiều nơi đang theo dõi: thử lại sau") : MHD_NO;
    (void)atomic_fetch_add(&request->server->counters.replies[2], 1);
    if (request->socket != NULL)
        request->socket->state = TH_HTTP_STREAM;
    enum MHD_Result queued = MHD_queue_response(request->connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

/* Called when the head was read; when a request without content is complete; and when it goes on
 * after its rest. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **place)
{
    struct th_http_server *server = context;
    struct th_http_request *request = *place;
    (void)url, (void)version, (void)upload, (void)upload_size;
    if (request == NULL)
        return MHD_NO;
    if (!request->is_begun) {
        request->is_begun = true;
        return MHD_YES;
    }
    if (request->is_answered)
        return send_reply(request);
    request->matches = field(connection, "If-None-Match");
    request->last_event = field(connection, "Last-Event-ID");
    request->takes_gzip = th_http_takes_gzip(field(connection, "Accept-Encoding"));
    if (atomic_load(&server->is_refusing))
        return busy(request, "máy chủ đang dừng");
    if (strcmp(request->target, events_path) == 0 && strcmp(method, "GET") == 0)
        return listen_to(request);
    if (atomic_load(&server->unsent) > TH_HTTP_UNSENT_MAX || !th_http_ask(server, request))
        return busy(request, "đang quá tải: thử lại sau một giây");
    MHD_suspend_connection(connection); /* resumed by this thread alone, so not before */
    return MHD_YES;
}

void th_http_take_answers(struct th_http_server *server)
{
    struct th_http_request *done[TH_HTTP_CONNECTIONS_MAX];
    (void)pthread_mutex_lock(&server->lock);
    uint32_t count = server->done_count;
    memcpy(done, server->done, count * sizeof *done);
    server->done_count = 0;
    (void)pthread_mutex_unlock(&server->lock);
    for (uint32_t i = 0; i < count; i++) {
        done[i]->is_answered = true;
        MHD_resume_connection(done[i]->connection);
    }
}

/* ---- the library ---- */

/* Of the one that is being handed over; and when the library is about to close a socket. */
static void on_connection(void *context, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode what)
{
    struct th_http_server *server = context;
    (void)connection;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *place = server->handing;
        return;
    }
    if (*place == NULL)
        return;
    if (*place == server->handing)
        server->handing = NULL;
    th_http_forget(server, *place);
    *place = NULL;
}

/* What is wrong with a socket is of no interest: whoever had it comes again. */
static void ignore(void *context, const char *format, va_list arguments)
{
    (void)context, (void)format, (void)arguments;
}

int th_http_library_start(struct th_http_server *server)
{
    unsigned seconds = (unsigned)((server->patience.send_ms + 999) / 1000);
    server->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, ignore, NULL,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)TH_HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, seconds, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, begin_request, server, MHD_OPTION_NOTIFY_COMPLETED,
        end_request, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_END);
    if (server->mhd == NULL)
        return TH_E_NO_MEMORY;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL)
        return TH_E_IO;
    server->library_fd = info->epoll_fd;
    return 0;
}

void th_http_library_stop(struct th_http_server *server)
{
    if (server->mhd == NULL)
        return;
    atomic_store(&server->is_refusing, true);
    th_http_take_answers(server);
    th_http_stream_wake(server);
    for (int i = 0; i < RUNS_MAX; i++)
        (void)MHD_run(server->mhd);
    MHD_stop_daemon(server->mhd);
    server->mhd = NULL;
}
