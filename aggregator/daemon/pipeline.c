/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/pipeline.h"

#include "aggregator/shell/clock_linux.h"
#include "base/assert.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define MIB                   ((size_t)1024 * 1024)
#define ARENA_BLOCK_BYTES     ((size_t)8 * 1024)
#define ARENA_KEPT_BYTES      MIB         /* by one arena; what took more gives it back */
#define NODE_BUDGET_BYTES     (16 * MIB)  /* twice what decoding a message may take */
#define OPERATOR_BUDGET_BYTES (192 * MIB) /* units and plans of a whole country */
#define VERIFIERS_MAX         16
#define PATIENCE_MAX_NS       50000000
#define ENOUGH_REPORTS        1024 /* in a larger batch one costs hardly less */
#define FEW_JOBS              16   /* are no queue */

/*
 * Jobs are numbered as they are pushed; number n lives in slot n % jobs_max.
 *
 *   written <= given <= run_end <= taken <= pushed <= written + jobs_max
 *
 * Up to `written` jobs have ended; those behind, up to `given`, were given to be written. From
 * there to run_end is the run: verified without a gap, for the writer.
 */
struct th_pipeline {
    struct th_pipeline_options options;
    pthread_mutex_t lock;
    pthread_cond_t has_pushed;   /* for verifiers: or the writer has made room for them */
    pthread_cond_t has_verified; /* for the writer */
    struct th_job *jobs;
    bool *is_verified;
    struct th_job **batch;
    /* Memory of jobs, from verifying to the end of the write. What was used last is taken first:
     * it is in the processor's caches. */
    struct th_arena *arenas;
    size_t arenas_count;
    size_t kept_bytes; /* by them, as much as may be decoded at once */
    uint64_t taken, given, run_end;
    size_t run_reports, run_bytes;
    size_t given_reports; /* by the last call */
    size_t decoded_bytes; /* of the arenas of jobs that are verified and not yet written */
    unsigned idle;        /* verifiers that wait */
    bool is_patient;      /* the writer waits for a larger run */
    int64_t patience_ns;  /* for how long it may */
    bool is_finishing;
    bool has_ended;
    int status;
    /* Changed with the lock, read by the loop without. */
    _Atomic uint64_t pushed, written;
    _Atomic size_t bytes; /* of payloads between pushed and written */
    _Atomic bool is_busy; /* written < pushed */
    _Atomic bool is_closed;
    pthread_t writer;
    pthread_t verifiers[VERIFIERS_MAX];
    unsigned verifiers_started;
    bool is_writer_started;
};

static size_t slot_of(const struct th_pipeline *pipeline, uint64_t number)
{
    return (size_t)(number % pipeline->options.jobs_max);
}

static size_t payload_size(const struct th_job *job)
{
    return job->kind == TH_JOB_TICK ? 0 : job->message.payload.size;
}

/* ---- verifiers ---- */

static bool must_stop(const struct th_pipeline *pipeline)
{
    return pipeline->status < 0 || (pipeline->is_finishing && pipeline->taken == pipeline->pushed);
}

/* The first job of all is never held up by what is decoded: then nothing is. */
static bool may_take(const struct th_pipeline *pipeline)
{
    return pipeline->taken < pipeline->pushed &&
           pipeline->decoded_bytes < pipeline->options.decoded_bytes_max;
}

static bool is_full(const struct th_pipeline *pipeline)
{
    return pipeline->run_end - pipeline->given >= pipeline->options.batch_max ||
           pipeline->run_reports >= pipeline->options.batch_reports_max ||
           pipeline->run_bytes >= pipeline->options.batch_bytes_max;
}

/* A batch, or nothing more is on its way to it. */
static bool is_complete(const struct th_pipeline *pipeline)
{
    return is_full(pipeline) || (pipeline->run_end == pipeline->taken && !may_take(pipeline));
}

/* A commit costs as much as some 60 reports. While a long queue is behind the run, longer than the
 * run, who is in it waits for more: all wait less then, as fewer commits leave more time for the
 * verifiers. */
static bool is_worth_a_commit(const struct th_pipeline *pipeline)
{
    uint64_t behind = pipeline->pushed - pipeline->run_end;
    return is_complete(pipeline) || behind <= FEW_JOBS || pipeline->run_reports >= ENOUGH_REPORTS ||
           pipeline->run_end - pipeline->given >= behind;
}

/* Beside the end of a batch: judging takes about half as long as committing and answering, so then
 * both end together. Whoever takes less commits more often, for nothing. */
static bool is_worth_beginning(const struct th_pipeline *pipeline)
{
    return is_full(pipeline) ||
           (is_worth_a_commit(pipeline) && pipeline->run_reports >= pipeline->given_reports / 2);
}

/* Of an arena that was reset: for the next job. */
static size_t kept_by(const struct th_arena *arena)
{
    return arena->taken_bytes + arena->spare_bytes;
}

static void lend_arena(struct th_pipeline *pipeline, struct th_job *job)
{
    TH_ASSERT(pipeline->arenas_count > 0);
    job->arena = pipeline->arenas[--pipeline->arenas_count];
    pipeline->kept_bytes -= kept_by(&job->arena);
    th_arena_set_budget(&job->arena,
                        job->kind == TH_JOB_OPERATOR ? OPERATOR_BUDGET_BYTES : NODE_BUDGET_BYTES);
}

static void note_verified(struct th_pipeline *pipeline, uint64_t number, struct th_job *job)
{
    pipeline->is_verified[slot_of(pipeline, number)] = true;
    job->decoded_bytes = job->arena.taken_bytes;
    pipeline->decoded_bytes += job->decoded_bytes;
    uint64_t before = pipeline->run_end;
    while (pipeline->run_end < pipeline->taken &&
           pipeline->is_verified[slot_of(pipeline, pipeline->run_end)]) {
        const struct th_job *next = &pipeline->jobs[slot_of(pipeline, pipeline->run_end++)];
        pipeline->run_reports += next->reports;
        pipeline->run_bytes += payload_size(next);
    }
    bool is_wanted = pipeline->is_patient
                         ? is_worth_a_commit(pipeline) || is_worth_beginning(pipeline)
                         : before == pipeline->given;
    if (pipeline->run_end > before && is_wanted)
        (void)pthread_cond_signal(&pipeline->has_verified);
}

static void *run_verifier(void *context)
{
    struct th_pipeline *pipeline = context;
    (void)prctl(PR_SET_NAME, "tonghop-verify");
    (void)pthread_mutex_lock(&pipeline->lock);
    for (;;) {
        while (!may_take(pipeline) && !must_stop(pipeline)) {
            pipeline->idle++;
            (void)pthread_cond_wait(&pipeline->has_pushed, &pipeline->lock);
            pipeline->idle--;
        }
        if (must_stop(pipeline))
            break;
        uint64_t number = pipeline->taken++;
        struct th_job *job = &pipeline->jobs[slot_of(pipeline, number)];
        lend_arena(pipeline, job);
        (void)pthread_mutex_unlock(&pipeline->lock);
        pipeline->options.verify(pipeline->options.context, job);
        (void)pthread_mutex_lock(&pipeline->lock);
        note_verified(pipeline, number, job);
    }
    (void)pthread_mutex_unlock(&pipeline->lock);
    return NULL;
}

/* ---- the writer ---- */

static size_t bytes_of(struct th_job *const *jobs, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += payload_size(jobs[i]);
    return bytes;
}

static size_t reports_of(struct th_job *const *jobs, size_t count)
{
    size_t reports = 0;
    for (size_t i = 0; i < count; i++)
        reports += jobs[i]->reports;
    return reports;
}

/* The run's jobs, as many as fit one batch; they are given. */
static size_t gather(struct th_pipeline *pipeline)
{
    const struct th_pipeline_options *options = &pipeline->options;
    size_t count = 0, bytes = 0, reports = 0;
    while (count < options->batch_max && pipeline->given + count < pipeline->run_end) {
        struct th_job *job = &pipeline->jobs[slot_of(pipeline, pipeline->given + count)];
        bytes += payload_size(job);
        reports += job->reports;
        if (count > 0 && (bytes > options->batch_bytes_max || reports > options->batch_reports_max))
            break;
        pipeline->batch[count++] = job;
    }
    pipeline->given += count;
    pipeline->given_reports = reports_of(pipeline->batch, count);
    pipeline->run_reports -= pipeline->given_reports;
    pipeline->run_bytes -= bytes_of(pipeline->batch, count);
    return count;
}

static struct timespec in_ns(int64_t ns)
{
    int64_t until_ns = th_clock_steady_ns() + ns;
    return (struct timespec){until_ns / 1000000000, until_ns % 1000000000};
}

/* With the lock, which it gives back meanwhile. False: nothing is left to do. */
static bool do_idle_work(struct th_pipeline *pipeline, bool is_end)
{
    bool more = false;
    (void)pthread_mutex_unlock(&pipeline->lock);
    int status = pipeline->options.idle(pipeline->options.context, is_end, &more);
    pipeline->options.freed(pipeline->options.context);
    (void)pthread_mutex_lock(&pipeline->lock);
    if (status < 0) {
        pipeline->status = status;
        atomic_store(&pipeline->is_closed, true);
    }
    return more && status == 0;
}

/* Returns the memory that verifying the first jobs that were given took. Arenas of other jobs keep
 * `kept` bytes at most. */
static size_t clear(struct th_pipeline *pipeline, size_t count, size_t kept)
{
    const size_t kept_max = pipeline->options.decoded_bytes_max;
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct th_job *job = &pipeline->jobs[slot_of(pipeline, pipeline->written + i)];
        if (job->kind != TH_JOB_TICK)
            th_router_frame_close(&job->message.frame);
        bytes += job->decoded_bytes;
        th_arena_reset(&job->arena);
        if (kept_by(&job->arena) > ARENA_KEPT_BYTES || kept_by(&job->arena) + kept > kept_max) {
            th_arena_deinit(&job->arena);
            th_arena_init(&job->arena, ARENA_BLOCK_BYTES, NODE_BUDGET_BYTES);
        }
        kept += kept_by(&job->arena);
    }
    return bytes;
}

/* With the lock. */
static void release(struct th_pipeline *pipeline, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct th_job *job = &pipeline->jobs[slot_of(pipeline, pipeline->written + i)];
        pipeline->bytes -= payload_size(job);
        pipeline->is_verified[slot_of(pipeline, pipeline->written + i)] = false;
        pipeline->kept_bytes += kept_by(&job->arena);
        pipeline->arenas[pipeline->arenas_count++] = job->arena;
        job->arena = (struct th_arena){0};
    }
    pipeline->written += count;
    atomic_store(&pipeline->is_busy, pipeline->written != pipeline->pushed);
    if (pipeline->idle > 0 && may_take(pipeline))
        (void)pthread_cond_broadcast(&pipeline->has_pushed);
}

/* With the lock, which it gives back meanwhile: a call that ends the first `count` jobs that were
 * given. `jobs`: those that it is given; NULL: none. False: it failed. */
static bool write_or_finish(struct th_pipeline *pipeline, struct th_job *const *jobs,
                            size_t jobs_count, size_t count)
{
    const struct th_pipeline_options *options = &pipeline->options;
    bool more = pipeline->pushed > pipeline->given;
    size_t kept = pipeline->kept_bytes; /* verifiers only take of it meanwhile */
    (void)pthread_mutex_unlock(&pipeline->lock);
    int status = jobs == NULL ? options->finish(options->context)
                              : options->write(options->context, jobs, jobs_count, more);
    size_t decoded_bytes = status == 0 ? clear(pipeline, count, kept) : 0;
    (void)pthread_mutex_lock(&pipeline->lock);
    if (status < 0) {
        pipeline->status = status;
        atomic_store(&pipeline->is_closed, true);
        return false;
    }
    TH_ASSERT(decoded_bytes <= pipeline->decoded_bytes);
    pipeline->decoded_bytes -= decoded_bytes;
    release(pipeline, count);
    (void)pthread_mutex_unlock(&pipeline->lock);
    options->freed(options->context);
    (void)pthread_mutex_lock(&pipeline->lock);
    return true;
}

static bool is_under_way(const struct th_pipeline *pipeline)
{
    const struct th_pipeline_options *options = &pipeline->options;
    return pipeline->written < pipeline->given && options->is_under_way != NULL &&
           options->is_under_way(options->context);
}

/* Until a run is there; meanwhile what was given ends, and idle work is done, once nothing came for
 * a while or nothing will come any more. False: there will be none. */
static bool await_first(struct th_pipeline *pipeline)
{
    bool may_idle = pipeline->options.idle != NULL, has_rested = false;
    const struct timespec rested = in_ns(pipeline->options.idle_ms * 1000000);
    while (pipeline->run_end == pipeline->given) {
        bool is_end = pipeline->is_finishing && pipeline->written == pipeline->pushed;
        if (pipeline->status < 0 || (is_end && !may_idle))
            return false;
        if (pipeline->written < pipeline->given && !is_under_way(pipeline))
            (void)write_or_finish(pipeline, NULL, 0, pipeline->given - pipeline->written);
        else if (pipeline->written < pipeline->given)
            (void)pthread_cond_wait(&pipeline->has_verified, &pipeline->lock);
        else if (may_idle && (is_end || has_rested))
            may_idle = do_idle_work(pipeline, is_end);
        else if (may_idle)
            has_rested = pthread_cond_timedwait(&pipeline->has_verified, &pipeline->lock,
                                                &rested) == ETIMEDOUT;
        else
            (void)pthread_cond_wait(&pipeline->has_verified, &pipeline->lock);
    }
    return true;
}

/*
 * Waits until a run is there, and is worth beginning beside what is under way. With nothing under
 * way, while more is on its way through the verifiers, as long as the last write took: whoever is
 * in the run has waited that long already, and one commit of many costs less than many. Then until
 * it is worth a commit, at most PATIENCE_MAX_NS. False: there will be none.
 */
static bool await_run(struct th_pipeline *pipeline)
{
    if (!await_first(pipeline))
        return false;
    pipeline->is_patient = true;
    while (is_under_way(pipeline) && !is_worth_beginning(pipeline))
        (void)pthread_cond_wait(&pipeline->has_verified, &pipeline->lock);
    const struct timespec until = in_ns(pipeline->patience_ns), latest = in_ns(PATIENCE_MAX_NS);
    while (!is_under_way(pipeline) && !is_complete(pipeline) &&
           pthread_cond_timedwait(&pipeline->has_verified, &pipeline->lock, &until) != ETIMEDOUT)
        continue;
    while (!is_worth_a_commit(pipeline) &&
           pthread_cond_timedwait(&pipeline->has_verified, &pipeline->lock, &latest) != ETIMEDOUT)
        continue;
    pipeline->is_patient = false;
    return true;
}

static void *run_writer(void *context)
{
    struct th_pipeline *pipeline = context;
    (void)prctl(PR_SET_NAME, "tonghop-write");
    (void)pthread_mutex_lock(&pipeline->lock);
    while (await_run(pipeline)) {
        size_t before = (size_t)(pipeline->given - pipeline->written);
        size_t count = gather(pipeline);
        int64_t began_ns = th_clock_steady_ns();
        if (!write_or_finish(pipeline, pipeline->batch, count, before))
            break;
        int64_t took_ns = th_clock_steady_ns() - began_ns;
        pipeline->patience_ns = took_ns < PATIENCE_MAX_NS ? took_ns : PATIENCE_MAX_NS;
    }
    pipeline->has_ended = true;
    (void)pthread_cond_broadcast(&pipeline->has_pushed);
    (void)pthread_mutex_unlock(&pipeline->lock);
    pipeline->options.freed(pipeline->options.context);
    return NULL;
}

/* ---- the life of it ---- */

static int allocate(struct th_pipeline *pipeline)
{
    size_t count = pipeline->options.jobs_max;
    pipeline->jobs = calloc(count, sizeof *pipeline->jobs);
    pipeline->is_verified = calloc(count, sizeof *pipeline->is_verified);
    pipeline->batch = calloc(pipeline->options.batch_max, sizeof(struct th_job *));
    pipeline->arenas = calloc(count, sizeof *pipeline->arenas);
    if (pipeline->jobs == NULL || pipeline->is_verified == NULL || pipeline->batch == NULL ||
        pipeline->arenas == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        th_arena_init(&pipeline->arenas[i], ARENA_BLOCK_BYTES, NODE_BUDGET_BYTES);
    pipeline->arenas_count = count;
    return 0;
}

/* Waiting is for spans of time, whatever the wall clock does. */
static int init_locks(struct th_pipeline *pipeline)
{
    pthread_condattr_t steady;
    if (pthread_condattr_init(&steady) != 0)
        return TH_E_NO_MEMORY;
    bool is_ready = pthread_condattr_setclock(&steady, CLOCK_MONOTONIC) == 0 &&
                    pthread_mutex_init(&pipeline->lock, NULL) == 0 &&
                    pthread_cond_init(&pipeline->has_pushed, NULL) == 0 &&
                    pthread_cond_init(&pipeline->has_verified, &steady) == 0;
    (void)pthread_condattr_destroy(&steady);
    return is_ready ? 0 : TH_E_NO_MEMORY;
}

static int start_threads(struct th_pipeline *pipeline)
{
    for (unsigned i = 0; i < pipeline->options.verifiers; i++) {
        if (pthread_create(&pipeline->verifiers[i], NULL, run_verifier, pipeline) != 0)
            return TH_E_NO_MEMORY;
        pipeline->verifiers_started++;
    }
    if (pthread_create(&pipeline->writer, NULL, run_writer, pipeline) != 0)
        return TH_E_NO_MEMORY;
    pipeline->is_writer_started = true;
    return 0;
}

int th_pipeline_start(const struct th_pipeline_options *options, struct th_pipeline **ret_pipeline)
{
    TH_ASSERT(options->verifiers > 0);
    TH_ASSERT(options->verifiers <= VERIFIERS_MAX);
    TH_ASSERT(options->batch_max > 0);
    struct th_pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (pipeline == NULL)
        return TH_E_NO_MEMORY;
    pipeline->options = *options;
    if (init_locks(pipeline) < 0) {
        free(pipeline);
        return TH_E_NO_MEMORY;
    }
    int status = allocate(pipeline);
    *ret_pipeline = pipeline; /* what its threads start may ask the caller for it at once */
    if (status == 0)
        status = start_threads(pipeline);
    if (status < 0) {
        th_pipeline_finish(pipeline);
        th_pipeline_free(pipeline);
        *ret_pipeline = NULL;
    }
    return status;
}

void th_pipeline_wake(struct th_pipeline *pipeline)
{
    (void)pthread_mutex_lock(&pipeline->lock);
    (void)pthread_cond_signal(&pipeline->has_verified);
    (void)pthread_mutex_unlock(&pipeline->lock);
}

size_t th_pipeline_place(const struct th_pipeline *pipeline, const struct th_job *job)
{
    return (size_t)(job - pipeline->jobs);
}

struct th_job *th_pipeline_job(struct th_pipeline *pipeline, size_t place)
{
    TH_ASSERT(place < pipeline->options.jobs_max);
    return &pipeline->jobs[place];
}

/* What only the writer takes away leaves more room, never less. */
bool th_pipeline_has_room(struct th_pipeline *pipeline)
{
    return atomic_load(&pipeline->pushed) - atomic_load(&pipeline->written) <
               pipeline->options.jobs_max &&
           atomic_load(&pipeline->bytes) < pipeline->options.bytes_max &&
           !atomic_load(&pipeline->is_closed);
}

struct th_job *th_pipeline_claim(struct th_pipeline *pipeline)
{
    if (!th_pipeline_has_room(pipeline))
        return NULL;
    /* Only the loop changes `pushed`, and the slot behind it is nobody's. */
    struct th_job *job = &pipeline->jobs[slot_of(pipeline, pipeline->pushed)];
    job->is_for_writer = false;
    job->is_revoked = false;
    job->wait_ms = 0;
    job->reports = 1;
    job->acts = NULL;
    job->results = NULL;
    job->acts_count = 0;
    return job;
}

void th_pipeline_push(struct th_pipeline *pipeline, struct th_job *job)
{
    (void)pthread_mutex_lock(&pipeline->lock);
    TH_ASSERT(job == &pipeline->jobs[slot_of(pipeline, pipeline->pushed)]);
    pipeline->pushed++;
    pipeline->bytes += payload_size(job);
    atomic_store(&pipeline->is_busy, true);
    bool must_wake = pipeline->idle > 0;
    (void)pthread_mutex_unlock(&pipeline->lock);
    if (must_wake)
        (void)pthread_cond_signal(&pipeline->has_pushed);
}

bool th_pipeline_is_busy(struct th_pipeline *pipeline)
{
    return atomic_load(&pipeline->is_busy);
}

size_t th_pipeline_length(struct th_pipeline *pipeline)
{
    uint64_t written = atomic_load(&pipeline->written); /* first: never more than is pushed */
    return (size_t)(atomic_load(&pipeline->pushed) - written);
}

int th_pipeline_status(struct th_pipeline *pipeline)
{
    (void)pthread_mutex_lock(&pipeline->lock);
    int status = pipeline->status;
    (void)pthread_mutex_unlock(&pipeline->lock);
    return status;
}

bool th_pipeline_has_ended(struct th_pipeline *pipeline)
{
    (void)pthread_mutex_lock(&pipeline->lock);
    bool has_ended = pipeline->has_ended;
    (void)pthread_mutex_unlock(&pipeline->lock);
    return has_ended;
}

void th_pipeline_finish(struct th_pipeline *pipeline)
{
    (void)pthread_mutex_lock(&pipeline->lock);
    pipeline->is_finishing = true;
    atomic_store(&pipeline->is_closed, true);
    (void)pthread_cond_broadcast(&pipeline->has_pushed);
    (void)pthread_cond_broadcast(&pipeline->has_verified);
    (void)pthread_mutex_unlock(&pipeline->lock);
}

void th_pipeline_free(struct th_pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    for (unsigned i = 0; i < pipeline->verifiers_started; i++)
        (void)pthread_join(pipeline->verifiers[i], NULL);
    if (pipeline->is_writer_started)
        (void)pthread_join(pipeline->writer, NULL);
    /* After a failure: frames that never became free. */
    for (uint64_t number = pipeline->written; number < pipeline->pushed; number++) {
        struct th_job *job = &pipeline->jobs[slot_of(pipeline, number)];
        if (job->kind != TH_JOB_TICK)
            th_router_frame_close(&job->message.frame);
    }
    for (size_t i = 0; pipeline->jobs != NULL && i < pipeline->options.jobs_max; i++)
        th_arena_deinit(&pipeline->jobs[i].arena);
    for (size_t i = 0; i < pipeline->arenas_count; i++)
        th_arena_deinit(&pipeline->arenas[i]);
    free(pipeline->arenas);
    free(pipeline->jobs);
    free(pipeline->is_verified);
    free(pipeline->batch);
    (void)pthread_cond_destroy(&pipeline->has_pushed);
    (void)pthread_cond_destroy(&pipeline->has_verified);
    (void)pthread_mutex_destroy(&pipeline->lock);
    free(pipeline);
}
