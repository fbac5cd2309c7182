/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline, a lane, the outbox and the desk under the thread sanitizer: a plain program,
 * because Criterion does not start under it. Exits 0 when every job came out in order and every
 * question that was taken was answered. Jobs are looked at on the lane until the next ones are
 * written.
 */
#include "aggregator/daemon/desk.h"
#include "aggregator/daemon/outbox.h"
#include "aggregator/daemon/pipeline.h"
#include "aggregator/daemon/lane.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS = 20000, ASK_EVERY = 7, BATCH_MAX = 32 };

static struct th_lane_port lane;
static struct th_job *beside[BATCH_MAX]; /* that the lane looks at */
static size_t beside_count;
static int64_t seen; /* by the lane */

static struct th_outbox *outbox;
static int64_t expected;
static bool is_wrong;
static struct th_desk *desk;
static _Atomic uint64_t asked, answered;

static void answer(void *context, const struct th_asked *question, struct th_arena *arena)
{
    (void)context;
    if (th_arena_alloc(arena, 64) == NULL || question->query.plan.size != 4 ||
        memcmp(question->query.plan.bytes, "plan", 4) != 0)
        return;
    (void)atomic_fetch_add(&answered, 1);
}

static void ask(uint64_t number)
{
    const struct th_router_peer peer = {.id = {(uint8_t)number}, .id_size = 1};
    const struct th_query query = {.what = TH_QUERY_ROLLUP, .plan = {"plan", 4}};
    if (th_desk_put(desk, &peer, number % 2 == 0 ? "a" : "b", number, &query, (int64_t)number) == 0)
        (void)atomic_fetch_add(&asked, 1);
}

static void verify(void *context, struct th_job *job)
{
    (void)context;
    job->acts_count = (size_t)job->now.boottime_ms + 1;
    job->is_for_writer = true;
    if (job->now.boottime_ms % ASK_EVERY == 0)
        ask((uint64_t)job->now.boottime_ms);
}

static void look(void *argument)
{
    (void)argument;
    for (size_t i = 0; i < beside_count; i++)
        is_wrong = is_wrong || beside[i]->now.boottime_ms != seen++;
}

static int finish_jobs(void *context)
{
    (void)context;
    lane.wait(lane.context);
    return 0;
}

static int write_jobs(void *context, struct th_job *const *jobs, size_t count, bool more)
{
    (void)more;
    if (finish_jobs(context) < 0)
        return -1;
    memcpy(beside, jobs, count * sizeof *beside);
    beside_count = count;
    for (size_t i = 0; i < count; i++) {
        int64_t number = jobs[i]->now.boottime_ms;
        is_wrong = is_wrong || number != expected || jobs[i]->acts_count != (size_t)number + 1;
        expected++;
        struct th_bytes content = {(const uint8_t *)&number, sizeof number};
        if (!th_outbox_put(outbox, TH_OUTGOING_TOPIC, NULL, NULL, (struct th_text){NULL, 0},
                           content))
            is_wrong = true;
    }
    lane.start(lane.context, look, NULL);
    return 0;
}

static void nothing(void *context)
{
    (void)context;
}

static size_t take_all(void)
{
    size_t count = 0;
    for (struct th_outgoing *at = th_outbox_take(outbox); at != NULL; count++) {
        struct th_outgoing *next = at->next;
        free(at);
        at = next;
    }
    return count;
}

int main(void)
{
    struct th_pipeline *pipeline = NULL;
    const struct th_pipeline_options options = {.jobs_max = 128,
                                                .bytes_max = 1 << 20,
                                                .batch_max = BATCH_MAX,
                                                .batch_reports_max = 1000,
                                                .batch_bytes_max = 1 << 20,
                                                .decoded_bytes_max = 1 << 20,
                                                .verifiers = 3,
                                                .verify = verify,
                                                .write = write_jobs,
                                                .finish = finish_jobs,
                                                .freed = nothing};
    const struct th_desk_options desk_options = {
        .asked_max = 16, .quota = {100000, 100000}, .answer = answer};
    struct th_lane *thread = NULL;
    if (th_lane_new(NULL, NULL, &thread) < 0)
        return 1;
    lane = th_lane_port(thread);
    if (th_outbox_new(256, nothing, NULL, &outbox) < 0 || th_desk_start(&desk_options, &desk) < 0 ||
        th_pipeline_start(&options, &pipeline) < 0)
        return 1;
    size_t taken = 0;
    for (int64_t i = 0; i < JOBS;) {
        struct th_job *job = th_pipeline_claim(pipeline);
        if (job != NULL) {
            job->kind = TH_JOB_TICK;
            job->now.boottime_ms = i++;
            th_pipeline_push(pipeline, job);
        }
        taken += take_all();
    }
    th_pipeline_finish(pipeline);
    while (!th_pipeline_has_ended(pipeline))
        taken += take_all();
    th_pipeline_free(pipeline);
    th_lane_free(thread);
    taken += take_all();
    for (int i = 0; i < 5000 && atomic_load(&answered) < atomic_load(&asked); i++)
        (void)usleep(1000);
    th_desk_free(desk);
    th_outbox_free(outbox);
    uint64_t questions = atomic_load(&asked);
    (void)printf("%lld in order, %zu out, %llu questions\n", (long long)expected, taken,
                 (unsigned long long)questions);
    is_wrong = is_wrong || questions == 0 || atomic_load(&answered) != questions;
    return is_wrong || expected != JOBS || seen != JOBS || taken != JOBS ? 1 : 0;
}
