/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/pipeline.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MIB                   ((size_t)1024 * 1024)
#define ARENA_BLOCK_BYTES     ((size_t)32 * 1024)
#define NODE_BUDGET_BYTES     (16 * MIB)  /* twice what decoding a message may take */
#define OPERATOR_BUDGET_BYTES (192 * MIB) /* units and plans of a whole country */
#define VERIFIERS_MAX         16

/*
 * Jobs are numbered as they are pushed; number n lives in slot n % jobs_max.
 *
 *   written <= verified-in-a-row <= taken <= pushed <= written + jobs_max
 */
struct th_pipeline {
    struct th_pipeline_options options;
    pthread_mutex_t lock;
    pthread_cond_t has_pushed;   /* for verifiers */
    pthread_cond_t has_verified; /* for the writer */
    struct th_job *jobs;
    bool *is_verified;
    struct th_job **batch;
    uint64_t pushed, taken, written;
    _Atomic bool is_busy; /* written < pushed; read without the lock */
    size_t bytes;         /* of payloads between pushed and written */
    bool is_finishing;
    bool has_ended;
    int status;
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

static bool must_stop(const struct th_pipeline *pipeline)
{
    return pipeline->status < 0 || (pipeline->is_finishing && pipeline->taken == pipeline->pushed);
}

static void *run_verifier(void *context)
{
    struct th_pipeline *pipeline = context;
    (void)pthread_mutex_lock(&pipeline->lock);
    for (;;) {
        while (pipeline->taken == pipeline->pushed && !must_stop(pipeline))
            (void)pthread_cond_wait(&pipeline->has_pushed, &pipeline->lock);
        if (must_stop(pipeline))
            break;
        uint64_t number = pipeline->taken++;
        struct th_job *job = &pipeline->jobs[slot_of(pipeline, number)];
        (void)pthread_mutex_unlock(&pipeline->lock);
        pipeline->options.verify(pipeline->options.context, job);
        (void)pthread_mutex_lock(&pipeline->lock);
        pipeline->is_verified[slot_of(pipeline, number)] = true;
        if (number == pipeline->written)
            (void)pthread_cond_signal(&pipeline->has_verified);
    }
    (void)pthread_mutex_unlock(&pipeline->lock);
    return NULL;
}

/* The verified jobs at the front, as many as fit one batch. */
static size_t gather(struct th_pipeline *pipeline)
{
    size_t count = 0;
    size_t bytes = 0;
    while (count < pipeline->options.batch_max) {
        uint64_t number = pipeline->written + count;
        size_t slot = slot_of(pipeline, number);
        if (number >= pipeline->taken || !pipeline->is_verified[slot])
            break;
        struct th_job *job = &pipeline->jobs[slot];
        bytes += payload_size(job);
        if (count > 0 && bytes > pipeline->options.batch_bytes_max)
            break;
        pipeline->batch[count++] = job;
    }
    return count;
}

static void release(struct th_pipeline *pipeline, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct th_job *job = pipeline->batch[i];
        if (job->kind != TH_JOB_TICK)
            th_router_frame_close(&job->message.frame);
        th_arena_reset(&job->arena);
    }
}

static void *run_writer(void *context)
{
    struct th_pipeline *pipeline = context;
    (void)pthread_mutex_lock(&pipeline->lock);
    for (;;) {
        size_t count = gather(pipeline);
        if (count == 0) {
            if (pipeline->is_finishing && pipeline->written == pipeline->pushed)
                break;
            (void)pthread_cond_wait(&pipeline->has_verified, &pipeline->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&pipeline->lock);
        size_t bytes = 0;
        for (size_t i = 0; i < count; i++)
            bytes += payload_size(pipeline->batch[i]);
        int status = pipeline->options.write(pipeline->options.context, pipeline->batch, count);
        if (status == 0)
            release(pipeline, count);
        (void)pthread_mutex_lock(&pipeline->lock);
        if (status < 0) {
            pipeline->status = status;
            break;
        }
        for (size_t i = 0; i < count; i++)
            pipeline->is_verified[slot_of(pipeline, pipeline->written + i)] = false;
        pipeline->written += count;
        atomic_store(&pipeline->is_busy, pipeline->written != pipeline->pushed);
        pipeline->bytes -= bytes;
        (void)pthread_mutex_unlock(&pipeline->lock);
        pipeline->options.freed(pipeline->options.context);
        (void)pthread_mutex_lock(&pipeline->lock);
    }
    pipeline->has_ended = true;
    (void)pthread_cond_broadcast(&pipeline->has_pushed);
    (void)pthread_mutex_unlock(&pipeline->lock);
    pipeline->options.freed(pipeline->options.context);
    return NULL;
}

static int allocate(struct th_pipeline *pipeline)
{
    size_t count = pipeline->options.jobs_max;
    pipeline->jobs = calloc(count, sizeof *pipeline->jobs);
    pipeline->is_verified = calloc(count, sizeof *pipeline->is_verified);
    pipeline->batch = calloc(pipeline->options.batch_max, sizeof *pipeline->batch);
    if (pipeline->jobs == NULL || pipeline->is_verified == NULL || pipeline->batch == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        th_arena_init(&pipeline->jobs[i].arena, ARENA_BLOCK_BYTES, NODE_BUDGET_BYTES);
    return 0;
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
    if (pthread_mutex_init(&pipeline->lock, NULL) != 0 ||
        pthread_cond_init(&pipeline->has_pushed, NULL) != 0 ||
        pthread_cond_init(&pipeline->has_verified, NULL) != 0) {
        free(pipeline);
        return TH_E_NO_MEMORY;
    }
    int status = allocate(pipeline);
    if (status == 0)
        status = start_threads(pipeline);
    if (status < 0) {
        th_pipeline_finish(pipeline);
        th_pipeline_free(pipeline);
        return status;
    }
    *ret_pipeline = pipeline;
    return 0;
}

bool th_pipeline_has_room(struct th_pipeline *pipeline)
{
    (void)pthread_mutex_lock(&pipeline->lock);
    bool has_room = pipeline->pushed - pipeline->written < pipeline->options.jobs_max &&
                    pipeline->bytes < pipeline->options.bytes_max && pipeline->status == 0 &&
                    !pipeline->is_finishing;
    (void)pthread_mutex_unlock(&pipeline->lock);
    return has_room;
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
    job->acts = NULL;
    job->results = NULL;
    job->acts_count = 0;
    return job;
}

void th_pipeline_push(struct th_pipeline *pipeline, struct th_job *job)
{
    th_arena_set_budget(&job->arena,
                        job->kind == TH_JOB_OPERATOR ? OPERATOR_BUDGET_BYTES : NODE_BUDGET_BYTES);
    (void)pthread_mutex_lock(&pipeline->lock);
    TH_ASSERT(job == &pipeline->jobs[slot_of(pipeline, pipeline->pushed)]);
    pipeline->pushed++;
    atomic_store(&pipeline->is_busy, true);
    pipeline->bytes += payload_size(job);
    (void)pthread_cond_signal(&pipeline->has_pushed);
    (void)pthread_mutex_unlock(&pipeline->lock);
}

bool th_pipeline_is_busy(struct th_pipeline *pipeline)
{
    return atomic_load(&pipeline->is_busy);
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
    free(pipeline->jobs);
    free(pipeline->is_verified);
    free(pipeline->batch);
    (void)pthread_cond_destroy(&pipeline->has_pushed);
    (void)pthread_cond_destroy(&pipeline->has_verified);
    (void)pthread_mutex_destroy(&pipeline->lock);
    free(pipeline);
}
