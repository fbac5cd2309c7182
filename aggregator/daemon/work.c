/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verifiers and the writer do with a job. A verifier turns bytes into checked structs; the
 * writer turns a run of jobs into one call of the driver, and hands answers to the loop.
 */
#include "aggregator/daemon/parts.h"
#include "aggregator/daemon/replies.h"
#include "aggregator/shell/clock_linux.h"
#include "base/assert.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { ACT_BITS = 16 };

_Static_assert(TH_CONTROL_ACTS_MAX <= 1 << ACT_BITS, "a sender names its job and its act");

void th_daemon_drop(struct th_daemon *daemon, enum th_drop reason)
{
    (void)atomic_fetch_add_explicit(&daemon->counters.dropped[reason], 1, memory_order_relaxed);
}

/* ---- verifying ---- */

void th_daemon_fail(struct th_daemon *daemon, struct th_job *job, int status, uint32_t after_ms)
{
    if (!th_reply_fail(daemon->outbox, &job->message.peer, job->decoded.request, status, after_ms))
        th_daemon_drop(daemon, TH_DROP_UNSENT);
}

static void verify_submission(struct th_daemon *daemon, struct th_job *job)
{
    int status = th_wire_submission_decode(job->decoded.submission, &job->arena, &job->submission);
    if (status < 0) {
        th_daemon_drop(daemon, status == TH_E_SIGNATURE ? TH_DROP_SIGNATURE : TH_DROP_DECODE);
        th_daemon_fail(daemon, job, status == TH_E_NO_MEMORY ? TH_E_BUSY : status, 0);
        return;
    }
    job->reports = job->submission.header.reports_count;
    job->is_for_writer = true;
}

/* The history of keys does not change while a daemon runs: it is made longer offline only. */
static void verify_readmission(struct th_daemon *daemon, struct th_job *job)
{
    struct th_store *store = daemon->options->store;
    int status = th_readmission_open(&job->decoded.readmission, th_store_log_keys(store),
                                     th_store_identity(store)->mode, &job->arena, &job->readmitted);
    if (status < 0) {
        th_daemon_drop(daemon, TH_DROP_READMISSION);
        th_daemon_fail(daemon, job, status == TH_E_NO_MEMORY ? TH_E_BUSY : status, 0);
        return;
    }
    job->is_for_writer = true;
}

static void verify_node(struct th_daemon *daemon, struct th_job *job)
{
    if (th_wire_to_aggregator_decode(job->message.payload, &job->arena, &job->decoded) < 0) {
        th_daemon_drop(daemon, TH_DROP_DECODE);
        return;
    }
    if (job->wait_ms > 0) {
        th_daemon_drop(daemon, TH_DROP_QUOTA);
        th_daemon_fail(daemon, job, TH_E_BUSY, job->wait_ms);
        return;
    }
    if (job->is_revoked && job->decoded.kind != TH_TO_AGGREGATOR_SUBMISSION) {
        th_daemon_drop(daemon, TH_DROP_REVOKED);
        th_daemon_fail(daemon, job, TH_E_FORBIDDEN, 0);
        return;
    }
    switch (job->decoded.kind) {
    case TH_TO_AGGREGATOR_SUBMISSION: /* of a revoked key: core says so, with a signed refusal */
        verify_submission(daemon, job);
        break;
    case TH_TO_AGGREGATOR_READMISSION:
        verify_readmission(daemon, job);
        break;
    case TH_TO_AGGREGATOR_HELLO:
        job->is_for_writer = true;
        break;
    case TH_TO_AGGREGATOR_QUERY:
        th_daemon_ask(daemon, job);
        break;
    }
}

static void send_results(struct th_daemon *daemon, struct th_job *job)
{
    struct th_bytes frame;
    if (th_wire_control_answer_encode(job->results, job->acts_count, &job->arena, &frame) < 0 ||
        !th_outbox_put(daemon->outbox, TH_OUTGOING_OPERATOR, &job->message.peer, NULL,
                       (struct th_text){NULL, 0}, frame))
        th_daemon_drop(daemon, TH_DROP_UNSENT);
}

static void verify_operator(struct th_daemon *daemon, struct th_job *job)
{
    struct th_act *acts = NULL;
    size_t count = 0;
    int status = th_wire_control_request_decode(job->message.payload, &job->arena, &acts, &count);
    struct th_act_result *results =
        status < 0 ? NULL : th_arena_alloc_array(&job->arena, count, sizeof *results);
    if (results == NULL) {
        th_daemon_drop(daemon, TH_DROP_DECODE);
        send_results(daemon, job); /* none: not understood */
        return;
    }
    job->acts = acts;
    job->results = results;
    job->acts_count = count;
    job->is_for_writer = true;
}

void th_daemon_verify(void *context, struct th_job *job)
{
    struct th_daemon *daemon = context;
    switch (job->kind) {
    case TH_JOB_TICK:
        job->is_for_writer = true;
        break;
    case TH_JOB_NODE:
        verify_node(daemon, job);
        break;
    case TH_JOB_OPERATOR:
        verify_operator(daemon, job);
        break;
    }
}

/* ---- the driver's ports: the pipeline wakes the loop after each batch ---- */

static void send_frame(void *context, uint64_t sender, struct th_bytes frame)
{
    struct th_daemon *daemon = context;
    const struct th_job *job = th_pipeline_job(daemon->pipeline, sender >> ACT_BITS);
    if (!th_outbox_add(daemon->outbox, TH_OUTGOING_NODE, &job->message.peer, NULL,
                       (struct th_text){NULL, 0}, frame))
        th_daemon_drop(daemon, TH_DROP_UNSENT);
}

static void send_to_unit(void *context, const char *unit_code, struct th_bytes frame)
{
    struct th_daemon *daemon = context;
    if (!th_outbox_add(daemon->outbox, TH_OUTGOING_UNIT, NULL, unit_code, (struct th_text){NULL, 0},
                       frame))
        th_daemon_drop(daemon, TH_DROP_UNSENT);
}

static struct th_bytes copy_to(struct th_arena *arena, struct th_bytes bytes)
{
    uint8_t *copy = bytes.size == 0 ? NULL : th_arena_alloc(arena, bytes.size);
    if (copy == NULL)
        return (struct th_bytes){NULL, 0};
    memcpy(copy, bytes.bytes, bytes.size);
    return (struct th_bytes){copy, bytes.size};
}

static void done(void *context, uint64_t sender, const struct th_act_result *result)
{
    struct th_daemon *daemon = context;
    struct th_job *job = th_pipeline_job(daemon->pipeline, sender >> ACT_BITS);
    struct th_act_result kept = *result;
    /* Without memory for it the position is told alone. */
    kept.outcome = copy_to(&job->arena, result->outcome);
    job->results[sender & ((1U << ACT_BITS) - 1)] = kept;
}

static void publish(void *context, struct th_text topic, struct th_bytes body)
{
    struct th_daemon *daemon = context;
    if (!th_outbox_add(daemon->outbox, TH_OUTGOING_TOPIC, NULL, NULL, topic, body))
        th_daemon_drop(daemon, TH_DROP_UNSENT);
    if (daemon->http != NULL)
        th_http_tell(daemon->http, topic);
}

static void note(void *context, struct th_text topic)
{
    struct th_daemon *daemon = context;
    if (daemon->http != NULL)
        th_http_tell(daemon->http, topic);
}

static void reach(void *context, uint64_t size, th_instant time)
{
    struct th_daemon *daemon = context;
    atomic_store(&daemon->position, size);
    if (daemon->http != NULL)
        th_http_reach(daemon->http, size, time);
}

th_instant th_daemon_now(void *context)
{
    struct th_daemon *daemon = context;
    const struct th_reading now = th_clock_now();
    int64_t still = atomic_load(&daemon->still_ms), lead = atomic_load(&daemon->lead_ms);
    if (still != TH_NO_INSTANT)
        return (th_instant){still};
    return lead == TH_NO_INSTANT ? now.wall : (th_instant){now.boottime_ms + lead};
}

static void put_key(void *context, const char *unit_code, const struct th_key_row *key)
{
    struct th_daemon *daemon = context;
    th_instant from = key->revoked ? key->revoked_from : TH_KEYRING_NEVER;
    /* Without memory a new key is not admitted until the next start: closed, never open. */
    (void)th_keyring_put(daemon->keyring, unit_code, &key->sign_key, key->curve_key, from);
    /* Asked after it was put: what comes later than this, the sweep sees. */
    if (from.ms <= th_daemon_now(daemon).ms)
        atomic_store(&daemon->is_viewer_revoked, true);
}

void th_daemon_note_time(struct th_daemon *daemon)
{
    const struct th_reading now = th_clock_now();
    int64_t time_ms = th_driver_time(daemon->driver, now).ms;
    if (daemon->store_port.identity->mode == TH_MODE_REHEARSAL)
        atomic_store(&daemon->still_ms, time_ms);
    else
        atomic_store(&daemon->lead_ms, time_ms - now.boottime_ms);
}

int th_daemon_open_driver(struct th_daemon *daemon, void (*wake)(void *context))
{
    int status = th_store_port_open(daemon->options->store, &daemon->store_port);
    if (status == 0)
        status = th_lane_new(wake, daemon, &daemon->lane);
    if (status < 0)
        return status;
    struct th_driver_ports ports = {
        .store = daemon->store_port,
        .transport = {daemon, send_frame, send_to_unit, done},
        .publisher = {daemon, publish, daemon->options->http == NULL ? NULL : note, reach},
        .admission = {daemon, put_key},
        .lane = th_lane_port(daemon->lane),
    };
    struct th_driver_options options = {0};
    status = th_driver_new(&ports, &daemon->options->secrets->signer, &options, &daemon->driver);
    if (status == 0)
        status = th_driver_load(daemon->driver);
    if (status == 0) {
        th_daemon_note_time(daemon);
        th_daemon_note_state(daemon);
    }
    return status;
}

void th_daemon_close_driver(struct th_daemon *daemon)
{
    th_memory_let_go(&daemon->memory);
    th_driver_free(daemon->driver);
    th_lane_free(daemon->lane);
    if (daemon->store_port.context != NULL)
        th_store_port_close(&daemon->store_port);
    for (size_t i = 0; i < 2; i++)
        free(daemon->items[i].items);
}

/* ---- writing ---- */

/* NULL without memory. Those of the call before stay as they are. */
static struct th_item *reserve(struct th_daemon *daemon, size_t count)
{
    struct th_daemon_items *kept = &daemon->items[daemon->items_next];
    if (count >= kept->capacity) { /* room for one more, so that none is not NULL */
        struct th_item *items = realloc(kept->items, (count + 1) * sizeof *items);
        if (items == NULL)
            return NULL;
        *kept = (struct th_daemon_items){items, count + 1};
    }
    daemon->items_next = 1 - daemon->items_next;
    return kept->items;
}

static void fill_node(const struct th_job *job, struct th_item *item)
{
    item->peer_unit = th_text_of(job->message.unit);
    item->request = job->decoded.request;
    if (job->decoded.kind == TH_TO_AGGREGATOR_HELLO) {
        item->kind = TH_ITEM_HELLO;
        item->hello = job->decoded.hello;
        return;
    }
    if (job->decoded.kind == TH_TO_AGGREGATOR_READMISSION) {
        item->kind = TH_ITEM_READMISSION;
        item->readmission = th_readmission_event(&job->decoded.readmission, &job->readmitted);
        return;
    }
    item->kind = TH_ITEM_SUBMISSION;
    item->submission.submission = &job->submission;
    item->submission.raw = job->decoded.submission;
}

static size_t fill_items(struct th_daemon *daemon, struct th_job *job, struct th_item *items)
{
    const uint64_t place = th_pipeline_place(daemon->pipeline, job);
    size_t count = job->kind == TH_JOB_OPERATOR ? job->acts_count : 1;
    for (size_t i = 0; i < count; i++) {
        items[i] = (struct th_item){
            .kind = TH_ITEM_TICK, .now = job->now, .sender = place << ACT_BITS | i};
        if (job->kind == TH_JOB_NODE)
            fill_node(job, &items[i]);
        if (job->kind == TH_JOB_OPERATOR) {
            items[i].kind = TH_ITEM_ACT;
            items[i].act = job->acts[i];
            job->results[i] = (struct th_act_result){.status = TH_E_INVALID};
        }
    }
    return count;
}

/* A rehearsal's clock stands still: no wall time makes its timers due. */
static void note_next_due(struct th_daemon *daemon)
{
    th_instant due;
    int64_t next = TH_NO_INSTANT;
    if (daemon->store_port.identity->mode == TH_MODE_LIVE &&
        th_driver_next_due(daemon->driver, &due))
        next = due.ms;
    atomic_store(&daemon->next_due_ms, next);
}

static void note_work(struct th_daemon *daemon, struct th_daemon_batches batch)
{
    (void)pthread_mutex_lock(&daemon->counters_lock);
    daemon->driver_counters = *th_driver_counters(daemon->driver);
    daemon->batches.count += batch.count;
    daemon->batches.us += batch.us;
    daemon->commits = th_store_port_commits(&daemon->store_port);
    (void)pthread_mutex_unlock(&daemon->counters_lock);
    th_daemon_note_state(daemon);
    th_daemon_tell_room(daemon);
    th_daemon_tell_clock(daemon);
}

/* Once: a receipt showed that this store is not the whole log. */
static void tell_contradiction(struct th_daemon *daemon)
{
    const struct th_contradiction *seen = th_driver_contradiction(daemon->driver);
    if (seen == NULL || daemon->has_told)
        return;
    daemon->has_told = true;
    (void)fprintf(daemon->options->log,
                  "tonghop-aggregator: lỗi: đơn vị %s đưa ra biên nhận mà nhật ký này đã ký ở cỡ "
                  "%" PRIu64 ", nhưng kho (cỡ %" PRIu64 ") không có: kho là một bản cũ hoặc đã bị "
                  "thay. Từ giờ không ghi và không ký gì nữa, các đơn vị được hẹn gửi lại. Hãy "
                  "dừng, đặt lại data.mdb mới nhất rồi chạy lại; nếu bản mới nhất đã mất thì đặt "
                  "lại đúng bản sao mà kho này đã được dựng lại từ đó (chưa ghi thêm gì) rồi chạy "
                  "tonghop-aggregator recover.\n",
                  seen->unit, seen->shown_size, seen->own_size);
    (void)fflush(daemon->options->log);
}

/* Nothing may leave any more, not even what other threads hold: the process ends here. */
static _Noreturn void fail_stop(struct th_daemon *daemon, int status)
{
    th_counters_print_end(status, daemon->options->log);
    _exit(EX_SOFTWARE);
}

int th_daemon_write(void *context, struct th_job *const *jobs, size_t count, bool more)
{
    struct th_daemon *daemon = context;
    int64_t since_ns = th_clock_steady_ns();
    size_t items_count = 0;
    daemon->jobs_until_memory -=
        count < daemon->jobs_until_memory ? count : daemon->jobs_until_memory;
    th_memory_let_go(&daemon->memory);
    for (size_t i = 0; i < count; i++)
        items_count += jobs[i]->kind == TH_JOB_OPERATOR ? jobs[i]->acts_count : 1;
    struct th_item *items = reserve(daemon, items_count);
    if (items == NULL)
        fail_stop(daemon, TH_E_NO_MEMORY);
    size_t filled = 0;
    for (size_t i = 0; i < count; i++)
        if (jobs[i]->is_for_writer)
            filled += fill_items(daemon, jobs[i], &items[filled]);
    TH_ASSERT(filled <= items_count);
    th_driver_press(daemon->driver, more);
    int status = filled > 0 ? th_driver_feed(daemon->driver, items, filled)
                            : th_driver_finish(daemon->driver);
    if (status < 0)
        fail_stop(daemon, status);
    tell_contradiction(daemon);
    for (size_t i = 0; i < count; i++)
        if (jobs[i]->kind == TH_JOB_OPERATOR && jobs[i]->is_for_writer)
            send_results(daemon, jobs[i]);
    note_next_due(daemon);
    th_daemon_note_time(daemon);
    uint64_t spent_us = (uint64_t)(th_clock_steady_ns() - since_ns) / 1000;
    note_work(daemon, filled == 0 ? (struct th_daemon_batches){0, 0}
                                  : (struct th_daemon_batches){1, spent_us});
    return 0;
}

bool th_daemon_is_under_way(void *context)
{
    return th_driver_is_under_way(((struct th_daemon *)context)->driver);
}

int th_daemon_finish(void *context)
{
    struct th_daemon *daemon = context;
    int status = th_driver_finish(daemon->driver);
    if (status < 0)
        fail_stop(daemon, status);
    note_work(daemon, (struct th_daemon_batches){0, 0});
    return 0;
}

/* What a burst has left settles first; then books are made ready for the reports to come. */
int th_daemon_idle(void *context, bool is_end, bool *ret_more)
{
    struct th_daemon *daemon = context;
    int status = th_driver_finish(daemon->driver); /* whoever comes waits for one commit at most */
    if (status == 0)
        status = th_driver_settle(daemon->driver, th_clock_now(), ret_more);
    if (status == 0 && !*ret_more && !is_end)
        status = th_driver_warm(daemon->driver, ret_more);
    if (status == 0 && !*ret_more && !is_end)
        *ret_more = th_daemon_make_memory_ready(daemon);
    if (status == 0 && !*ret_more)
        status = th_driver_finish(daemon->driver);
    if (status < 0)
        fail_stop(daemon, status);
    note_work(daemon, (struct th_daemon_batches){0, 0});
    return 0;
}
