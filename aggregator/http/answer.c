/* SPDX-License-Identifier: Apache-2.0 */
/* From a target to a reply, on a worker's thread. */
#include "aggregator/http/answering.h"
#include "aggregator/web/web.h"
#include "base/assert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PACK_FROM_BYTES = 1024, PACK_LEVEL = 1, MINUTE_MS = 60000 };

/* Fixed in this store, by this program: the address names neither, so a reload asks again, and
 * nothing is promised for longer. */
static const char fixed[] = "private, max-age=3600";
static const char kept[] = "no-cache"; /* asked about again each time, with the tag */

static void fail(struct th_http_answering *answering, int status, const char *detail)
{
    th_http_reply_status(answering->reply, status, detail, answering->request->target);
}

/* ---- the moment, and its tag ---- */

static int read_time(struct th_http_answering *answering)
{
    const struct th_http_options *options = &answering->server->options;
    const struct th_store_identity *identity = th_store_identity(options->store);
    struct th_clock_row clock;
    int status = th_view_clock(answering->view, &clock);
    if (status < 0)
        return status;
    bool is_live = identity->mode == TH_MODE_LIVE;
    bool is_suspect = is_live && clock.status == TH_CLOCK_SUSPECT;
    answering->asking = (struct th_query_asking){
        .now = is_live && !is_suspect ? options->now(options->context) : clock.time,
        .is_clock_suspect = is_suspect,
        .identity = identity,
        .version = options->version};
    return 0;
}

/* A moment before the last entry does not change any more: later entries have later times. */
static int is_past(const struct th_http_answering *answering, bool *ret_is_past)
{
    const struct th_query *query = &answering->asked.query;
    uint64_t size = th_view_size(answering->view);
    struct th_stored_entry last;
    *ret_is_past = query->has_position && query->position <= size;
    if (!query->has_as_of || size == 0)
        return 0;
    int status = th_view_entry(answering->view, size - 1, &last);
    if (status == 0)
        *ret_is_past = query->as_of.ms < last.time.ms;
    return status;
}

static void name_moment(const struct th_query *query, th_instant now, bool is_suspect,
                        struct th_http_reply *reply)
{
    char letter = query->has_position ? 'p' : query->has_as_of ? 'a' : 'm';
    int64_t moment = query->has_position ? (int64_t)query->position
                     : query->has_as_of  ? query->as_of.ms
                                         : now.ms / MINUTE_MS;
    (void)snprintf(reply->moment, sizeof reply->moment, "%c%" PRId64 "%s", letter, moment,
                   is_suspect ? "s" : "");
}

/* What the answer depends on: the program and the store, which stay for a run of the server
 * (another store may be served here later, or this one as it was saved), the journal up to its
 * moment, and the minute, as dates fall due by whole minutes. */
static int tag(struct th_http_answering *answering)
{
    const struct th_query *query = &answering->asked.query;
    struct th_http_reply *reply = answering->reply;
    int status = is_past(answering, &reply->is_fixed);
    reply->size = th_view_size(answering->view);
    if (status == 0 && query->has_as_of && reply->is_fixed)
        status = th_view_position_at(answering->view, query->as_of, &reply->size);
    if (status < 0)
        return status;
    if (query->has_position && reply->is_fixed)
        reply->size = query->position;
    name_moment(query, answering->asking.now, answering->asking.is_clock_suspect, reply);
    (void)snprintf(reply->etag, sizeof reply->etag, "W/\"%s-%" PRIx64 "-%" PRIu64 "-%s\"",
                   answering->server->options.version, (uint64_t)answering->server->opened_ms,
                   reply->size, reply->moment);
    reply->cache = reply->is_fixed ? fixed : kept;
    return 0;
}

/* ---- one snapshot ---- */

static bool is_unchanged(struct th_http_answering *answering)
{
    struct th_http_reply *reply = answering->reply;
    if (!th_http_matches(answering->request->matches, reply->etag))
        return false;
    th_http_reply_deinit(reply);
    reply->code = 304;
    reply->type = NULL;
    reply->is_packed = false;
    (void)atomic_fetch_add(&answering->server->counters.unchanged, 1);
    return true;
}

/* True: there is an answer that listeners have not been told of anything newer than. No snapshot is
 * looked at: a rehearsal's minute follows the journal, else it is the wall's. */
static bool is_kept(struct th_http_answering *answering)
{
    struct th_http_server *server = answering->server;
    struct th_http_request *request = answering->request;
    struct th_http_reply *reply = answering->reply;
    const struct th_http_options *options = &server->options;
    if (answering->asked.route->freshness != TH_HTTP_JOURNAL)
        return false;
    if (th_store_identity(options->store)->mode == TH_MODE_LIVE)
        name_moment(&answering->asked.query, options->now(options->context), false, reply);
    bool is_found =
        th_http_cache_get(server->cache, (struct th_text){request->target, request->target_size},
                          request->takes_gzip, atomic_load(&server->told_size), reply);
    if (is_found) {
        (void)atomic_fetch_add(&server->counters.cache_hits, 1);
        (void)is_unchanged(answering);
    }
    return is_found;
}

static int look(struct th_http_answering *answering, bool *ret_is_known)
{
    const struct th_http_reply *reply = answering->reply;
    int status = read_time(answering);
    if (status == 0 && answering->asked.route->freshness == TH_HTTP_JOURNAL)
        status = tag(answering);
    if (status < 0)
        return status;
    *ret_is_known = reply->etag[0] != 0 && is_unchanged(answering);
    return *ret_is_known ? 0 : th_http_read_content(answering);
}

static bool is_text(const char *type)
{
    return strncmp(type, "text/", 5) == 0 || strncmp(type, "application/json", 16) == 0;
}

/* Packing takes longer than reading. */
static void pack(struct th_http_answering *answering)
{
    struct th_http_request *request = answering->request;
    struct th_http_reply *reply = answering->reply;
    if (request->takes_gzip && reply->body->size >= PACK_FROM_BYTES && is_text(reply->type)) {
        struct th_http_body *packed = th_http_body_pack(reply->body, PACK_LEVEL);
        if (packed != NULL) {
            th_http_body_drop(reply->body);
            reply->body = packed;
            reply->is_packed = true;
        }
    }
    th_http_cache_put(answering->server->cache,
                      (struct th_text){request->target, request->target_size}, request->takes_gzip,
                      reply);
}

void th_http_rest(struct th_http_worker *worker)
{
    if (worker->is_looking)
        th_view_rest(worker->view);
    worker->is_looking = false;
}

/*
 * A snapshot costs more than an answer while many rows are unsettled: it is used again for a short
 * while, as long as listeners have not been told of more than it shows.
 */
static int begin_looking(struct th_http_worker *worker)
{
    struct th_http_server *server = worker->server;
    int64_t now_ms = th_http_clock_ms();
    if (worker->is_looking && now_ms - worker->since_ms < TH_HTTP_TURN_MS &&
        th_view_size(worker->view) >= atomic_load(&server->told_size))
        return 0;
    worker->is_looking = false;
    int status = worker->view == NULL ? th_view_open(server->options.store, &worker->view)
                                      : th_view_renew(worker->view);
    if (status < 0)
        return status;
    worker->is_looking = true;
    worker->since_ms = now_ms;
    return 0;
}

static void answer_anew(struct th_http_answering *answering)
{
    struct th_http_worker *worker = answering->worker;
    bool is_there = false;
    int status = begin_looking(worker);
    if (status < 0) {
        fail(answering, status, NULL);
        return;
    }
    answering->view = worker->view;
    status = look(answering, &is_there);
    if (answering->facts != NULL)
        th_http_rest(worker); /* writing a document takes long, and needs it no more */
    if (status == 0 && !is_there)
        status = th_http_make_content(answering);
    if (status < 0)
        fail(answering, status, answering->problem.text);
    else if (!is_there)
        pack(answering);
    th_http_end_content(answering);
}

static bool is_same(const struct th_http_request *a, const struct th_http_request *b)
{
    return a != NULL && a->takes_gzip == b->takes_gzip && a->target_size == b->target_size &&
           memcmp(a->target, b->target, a->target_size) == 0;
}

/* Waits while another thread makes the answer to the same request, then says that this one does. */
static void take_turn(struct th_http_worker *worker, const struct th_http_request *request)
{
    struct th_http_server *server = worker->server;
    (void)pthread_mutex_lock(&server->lock);
    for (int i = 0; i < TH_HTTP_WORKERS; i++)
        while (&server->workers[i] != worker && is_same(server->workers[i].current, request))
            (void)pthread_cond_wait(&server->has_answered, &server->lock);
    worker->current = request;
    (void)pthread_mutex_unlock(&server->lock);
}

static void end_turn(struct th_http_worker *worker)
{
    (void)pthread_mutex_lock(&worker->server->lock);
    worker->current = NULL;
    (void)pthread_cond_broadcast(&worker->server->has_answered);
    (void)pthread_mutex_unlock(&worker->server->lock);
}

static void answer_from_store(struct th_http_answering *answering)
{
    if (is_kept(answering))
        return;
    take_turn(answering->worker, answering->request);
    if (!is_kept(answering)) /* the other thread may have made it */
        answer_anew(answering);
    end_turn(answering->worker);
}

/* ---- what needs no store ---- */

static void answer_file(struct th_http_answering *answering)
{
    struct th_http_request *request = answering->request;
    struct th_http_reply *reply = answering->reply;
    size_t size = strcspn(request->target, "?");
    const struct th_web_file *file = th_web_find((struct th_text){request->target, size});
    if (file == NULL) {
        fail(answering, TH_E_NOT_FOUND, "không có tệp này");
        return;
    }
    (void)snprintf(reply->etag, sizeof reply->etag, "%s", file->etag);
    reply->cache = kept;
    if (th_http_matches(request->matches, file->etag)) {
        reply->code = 304;
        return;
    }
    if (th_http_give(reply, file->type,
                     th_http_body_of((struct th_bytes){file->bytes, file->size})) < 0)
        fail(answering, TH_E_NO_MEMORY, NULL);
    else
        pack(answering);
}

static void give_text(struct th_http_answering *answering, const char *text)
{
    if (th_http_give_text(answering->reply, text) < 0)
        fail(answering, TH_E_NO_MEMORY, NULL);
}

static void answer_ready(struct th_http_answering *answering)
{
    const struct th_http_options *options = &answering->server->options;
    const char *trouble = options->trouble(options->context);
    if (trouble == NULL)
        give_text(answering, "ready\n");
    else
        th_http_reply_problem(answering->reply, 503, "not_ready", "chưa sẵn sàng", trouble,
                              answering->request->target);
}

static void answer(struct th_http_answering *answering)
{
    switch (answering->asked.route->kind) {
    case TH_HTTP_ROUTE_QUERY:
    case TH_HTTP_ROUTE_CHECKPOINT:
    case TH_HTTP_ROUTE_RECEIPT:
    case TH_HTTP_ROUTE_CHASING_CSV:
    case TH_HTTP_ROUTE_CHASING_TEXT:
    case TH_HTTP_ROUTE_DOCUMENT:
        answer_from_store(answering);
        break;
    case TH_HTTP_ROUTE_EVENTS: /* HEAD, or a spelling that is not the plain one */
        answering->reply->code = 200;
        answering->reply->type = "text/event-stream; charset=utf-8";
        break;
    case TH_HTTP_ROUTE_METRICS:
        th_http_metrics(answering->server, answering->reply);
        break;
    case TH_HTTP_ROUTE_HEALTH:
        give_text(answering, "ok\n");
        break;
    case TH_HTTP_ROUTE_READY:
        answer_ready(answering);
        break;
    case TH_HTTP_ROUTE_FILE:
        answer_file(answering);
        break;
    }
}

void th_http_answer(struct th_http_worker *worker, struct th_http_request *request)
{
    struct th_http_server *server = worker->server;
    struct th_http_answering answering = {
        .worker = worker, .server = server, .request = request, .reply = &request->reply};
    struct th_http_target target;
    char problem[TH_HTTP_PROBLEM_SIZE] = "";
    const char *why = problem;
    int64_t start_us = th_http_clock_us();
    char *room = malloc(request->target_size + 1);
    int status = room == NULL
                     ? TH_E_NO_MEMORY
                     : th_http_target_split((struct th_text){request->target, request->target_size},
                                            room, &target, &why);
    if (status == 0) {
        why = problem;
        status = th_http_route(&target, &answering.asked, problem);
    }
    if (status < 0)
        fail(&answering, status, why);
    else
        answer(&answering);
    free(room);
    (void)atomic_fetch_add(&server->counters.answers, 1);
    (void)atomic_fetch_add(&server->counters.answer_us, (uint64_t)(th_http_clock_us() - start_us));
}
