/* SPDX-License-Identifier: Apache-2.0 */
/* From a target to a reply, on a worker's thread. */
#include "aggregator/http/parts.h"
#include "aggregator/http/routes.h"
#include "aggregator/query/answer.h"
#include "aggregator/web/web.h"
#include "base/assert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PACK_FROM_BYTES = 1024, PACK_LEVEL = 1, MINUTE_MS = 60000 };

#define RECEIPT_BLOCK_BYTES  ((size_t)64 * 1024)
#define RECEIPT_BUDGET_BYTES ((size_t)16 * 1024 * 1024)

static const char fixed[] = "private, max-age=3600, immutable";
static const char kept[] = "no-cache"; /* asked about again each time, with the tag */

struct answering {
    struct th_http_server *server;
    struct th_http_request *request;
    struct th_http_reply *reply;
    struct th_view *view;
    struct th_http_asked asked;
    struct th_query_asking asking;
};

static void fail(struct answering *answering, int status, const char *detail)
{
    th_http_reply_status(answering->reply, status, detail, answering->request->target);
}

static void give(struct th_http_reply *reply, const char *type, struct th_http_body *body)
{
    reply->code = 200;
    reply->type = type;
    reply->body = body;
}

static void give_text(struct answering *answering, const char *text)
{
    struct th_http_body *body =
        th_http_body_of((struct th_bytes){(const uint8_t *)text, strlen(text)});
    if (body == NULL)
        fail(answering, TH_E_NO_MEMORY, NULL);
    else
        give(answering->reply, TH_HTTP_TYPE_TEXT, body);
}

/* ---- the moment, and its tag ---- */

static int read_time(struct answering *answering)
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
static int is_past(const struct answering *answering, bool *ret_is_past)
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

/* What the answer depends on: the program, the journal up to its moment, and the minute, as dates
 * fall due by whole minutes. */
static int tag(struct answering *answering)
{
    const struct th_query *query = &answering->asked.query;
    struct th_http_reply *reply = answering->reply;
    const char *version = answering->server->options.version;
    uint64_t size = th_view_size(answering->view);
    bool is_fixed = false;
    int status = is_past(answering, &is_fixed);
    if (status == 0 && query->has_as_of && is_fixed)
        status = th_view_position_at(answering->view, query->as_of, &size);
    if (status < 0)
        return status;
    char letter = query->has_position ? 'p' : query->has_as_of ? 'a' : 'm';
    int64_t moment = query->has_position ? (int64_t)query->position
                     : query->has_as_of  ? query->as_of.ms
                                         : answering->asking.now.ms / MINUTE_MS;
    if (query->has_position && is_fixed)
        size = query->position;
    (void)snprintf(reply->etag, sizeof reply->etag, "W/\"%s-%" PRIu64 "-%c%" PRId64 "%s\"", version,
                   size, letter, moment, answering->asking.is_clock_suspect ? "-s" : "");
    reply->cache = is_fixed ? fixed : kept;
    return 0;
}

/* ---- answers ---- */

static int ask(struct answering *answering, const struct th_query_context *context,
               struct th_query_problem *problem, json_t **ret_answer)
{
    return th_query_answer(context, answering->view, &answering->asked.query, &answering->asking,
                           problem, ret_answer);
}

static int give_json(struct answering *answering, const json_t *answer)
{
    struct th_http_body *body = th_http_body_json(answer);
    if (body == NULL)
        return TH_E_NO_MEMORY;
    give(answering->reply, TH_HTTP_TYPE_JSON, body);
    return 0;
}

/* The receipt of the entry that brought the report that was found. */
static int give_receipt(struct answering *answering, const json_t *report)
{
    struct th_arena arena;
    struct th_bytes text;
    const json_t *entry = json_object_get(report, "entry");
    if (!json_is_integer(entry))
        return TH_E_NOT_FOUND;
    th_arena_init(&arena, RECEIPT_BLOCK_BYTES, RECEIPT_BUDGET_BYTES);
    int status =
        th_view_receipt(answering->view, (uint64_t)json_integer_value(entry), &arena, &text);
    struct th_http_body *body = status < 0 ? NULL : th_http_body_of(text);
    th_arena_deinit(&arena);
    if (status < 0)
        return status;
    if (body == NULL)
        return TH_E_NO_MEMORY;
    give(answering->reply, TH_HTTP_TYPE_TEXT, body);
    return 0;
}

static int give_answer(struct answering *answering, const json_t *answer)
{
    return answering->asked.route->kind == TH_HTTP_ROUTE_RECEIPT ? give_receipt(answering, answer)
                                                                 : give_json(answering, answer);
}

static int answer_query(struct answering *answering, struct th_query_problem *problem)
{
    struct th_http_context *context;
    json_t *answer;
    int status = th_http_library_hold(answering->server->library, answering->view, &context);
    if (status < 0)
        return status;
    status = ask(answering, th_http_context_get(context), problem, &answer);
    th_http_library_drop(context);
    if (status < 0)
        return status;
    status = give_answer(answering, answer);
    json_decref(answer);
    return status;
}

static int answer_checkpoint(struct answering *answering, struct th_query_problem *problem)
{
    struct th_bytes note;
    uint64_t own = th_view_size(answering->view), size;
    uint64_t wanted = answering->asked.has_size ? answering->asked.size : own;
    int status = wanted == 0 || wanted > own
                     ? TH_E_NOT_FOUND
                     : th_view_checkpoint(answering->view, wanted, &size, &note);
    if (status == TH_E_NOT_FOUND)
        (void)snprintf(problem->text, sizeof problem->text,
                       "không có điểm kiểm tra nào cho cỡ %" PRIu64 ": nhật ký có %" PRIu64 " mục",
                       wanted, own);
    if (status < 0)
        return status;
    struct th_http_body *body = th_http_body_of(note);
    if (body == NULL)
        return TH_E_NO_MEMORY;
    give(answering->reply, TH_HTTP_TYPE_TEXT, body);
    return 0;
}

/* ---- one snapshot ---- */

static int look(struct answering *answering, struct th_query_problem *problem)
{
    struct th_http_request *request = answering->request;
    bool is_kept = answering->asked.route->freshness == TH_HTTP_JOURNAL;
    struct th_text target = {request->target, request->target_size};
    struct th_http_reply *reply = answering->reply;
    int status = read_time(answering);
    if (status == 0 && is_kept)
        status = tag(answering);
    if (status < 0)
        return status;
    if (is_kept && th_http_matches(request->matches, reply->etag)) {
        reply->code = 304;
        (void)atomic_fetch_add(&answering->server->counters.unchanged, 1);
        return 0;
    }
    if (is_kept && th_http_cache_get(answering->server->cache, target, request->takes_gzip,
                                     reply->etag, reply)) {
        (void)atomic_fetch_add(&answering->server->counters.cache_hits, 1);
        return 0;
    }
    return answering->asked.route->kind == TH_HTTP_ROUTE_CHECKPOINT
               ? answer_checkpoint(answering, problem)
               : answer_query(answering, problem);
}

/* After the snapshot was given back: packing takes longer than reading. */
static void finish(struct answering *answering)
{
    struct th_http_request *request = answering->request;
    struct th_http_reply *reply = answering->reply;
    if (reply->code != 200 || reply->is_packed)
        return;
    if (request->takes_gzip && reply->body->size >= PACK_FROM_BYTES) {
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

static void answer_from_store(struct answering *answering, struct th_http_worker *worker)
{
    struct th_query_problem problem = {""};
    int status = worker->view == NULL
                     ? th_view_open(answering->server->options.store, &worker->view)
                     : th_view_renew(worker->view);
    if (status < 0) {
        fail(answering, status, NULL);
        return;
    }
    answering->view = worker->view;
    status = look(answering, &problem);
    th_view_rest(worker->view);
    if (status < 0)
        fail(answering, status, problem.text);
    else
        finish(answering);
}

/* ---- what needs no store ---- */

static void answer_file(struct answering *answering)
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
    struct th_http_body *body = th_http_body_of((struct th_bytes){file->bytes, file->size});
    if (body == NULL)
        fail(answering, TH_E_NO_MEMORY, NULL);
    else
        give(reply, file->type, body);
}

static void answer_ready(struct answering *answering)
{
    const struct th_http_options *options = &answering->server->options;
    const char *trouble = options->trouble(options->context);
    if (trouble == NULL)
        give_text(answering, "ready\n");
    else
        th_http_reply_problem(answering->reply, 503, "not_ready", "chưa sẵn sàng", trouble,
                              answering->request->target);
}

static void answer(struct answering *answering, struct th_http_worker *worker)
{
    switch (answering->asked.route->kind) {
    case TH_HTTP_ROUTE_QUERY:
    case TH_HTTP_ROUTE_CHECKPOINT:
    case TH_HTTP_ROUTE_RECEIPT:
    case TH_HTTP_ROUTE_CHASING_CSV:
    case TH_HTTP_ROUTE_CHASING_TEXT:
        answer_from_store(answering, worker);
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
    struct answering answering = {.server = server, .request = request, .reply = &request->reply};
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
        answer(&answering, worker);
    free(room);
    (void)atomic_fetch_add(&server->counters.answers, 1);
    (void)atomic_fetch_add(&server->counters.answer_us, (uint64_t)(th_http_clock_us() - start_us));
}
