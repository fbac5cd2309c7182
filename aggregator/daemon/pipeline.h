/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the loop through the verifiers to the writer, in the order in which jobs came.
 *
 * A ring of jobs: the loop claims and pushes them, each verifier takes the next one that nobody
 * has, and the writer takes the longest run of verified jobs from the front, up to a batch. So
 * stamps stay in order, and a batch is as large as the load makes it: what came while the last one
 * was written, and what the verifiers still have, for which the writer waits at most as long as it
 * had to do with that one. When nothing is on its way it does not wait. While the end of the batch
 * before is still under way, the next one is not urgent: it is taken when it is worth beginning
 * beside that, or when that has ended. A full ring refuses, and the loop stops reading its sockets.
 *
 * A job's memory (its arena) is lent to it from verifying to its end.
 */
#ifndef TH_DAEMON_PIPELINE_H
#define TH_DAEMON_PIPELINE_H

#include "aggregator/daemon/job.h"

struct th_pipeline;

struct th_pipeline_options {
    size_t jobs_max;          /* in the ring; a power of two is not needed */
    size_t bytes_max;         /* of all payloads in the ring */
    size_t batch_max;         /* jobs */
    size_t batch_reports_max; /* in them, one job at least */
    size_t batch_bytes_max;   /* of payloads */
    size_t decoded_bytes_max; /* memory of jobs before the writer: verifiers go no further ahead */
    unsigned verifiers;
    void *context;
    /* On a verifier's thread. */
    void (*verify)(void *context, struct th_job *job);
    /* On the writer's thread; jobs in order. `more`: others wait behind them. When it returns, the
     * jobs that it was given before have ended; these end with the next call, or with `finish`,
     * which is called when nothing more waits. A failure stops the pipeline. */
    int (*write)(void *context, struct th_job *const *jobs, size_t count, bool more);
    int (*finish)(void *context);
    /* Whether `finish` would wait now; NULL: it never waits. When this becomes false, whoever knows
     * calls th_pipeline_wake(). */
    bool (*is_under_way)(void *context);
    /* On the writer's thread when no job could be written for `idle_ms`, and before it ends: a
     * short piece of work. `is_end`: no job will come any more. `ret_more`: there is another piece.
     * May be NULL. A failure stops the pipeline. */
    int (*idle)(void *context, bool is_end, bool *ret_more);
    int64_t idle_ms;
    /* On the writer's thread, after jobs became free, after idle work, or when it has stopped. */
    void (*freed)(void *context);
};

/* Starts the threads. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_pipeline_start(const struct th_pipeline_options *options,
                                    struct th_pipeline **ret_pipeline);

/* The next job to fill, or NULL when the ring is full. The loop's thread only. */
struct th_job *th_pipeline_claim(struct th_pipeline *pipeline);
/* Hands on the job that was claimed. */
void th_pipeline_push(struct th_pipeline *pipeline, struct th_job *job);
/* True when a claim would succeed. */
bool th_pipeline_has_room(struct th_pipeline *pipeline);

/* Something that the writer may wait for has ended. On any thread. */
void th_pipeline_wake(struct th_pipeline *pipeline);

/* A job's place in the ring, and whose place it is: the same one from its claim to its end. */
size_t th_pipeline_place(const struct th_pipeline *pipeline, const struct th_job *job);
struct th_job *th_pipeline_job(struct th_pipeline *pipeline, size_t place);

/* True when a job is between push and end. Takes no lock: who asks may be a thread of the lowest
 * priority, which must never be waited for. */
bool th_pipeline_is_busy(struct th_pipeline *pipeline);

/* Jobs between push and end. Takes no lock. */
size_t th_pipeline_length(struct th_pipeline *pipeline);

/* What stopped it: 0 while it runs. */
int th_pipeline_status(struct th_pipeline *pipeline);
/* No job comes any more: when the last one is written, `freed` is called and has_ended is true. */
void th_pipeline_finish(struct th_pipeline *pipeline);
bool th_pipeline_has_ended(struct th_pipeline *pipeline);
/* Joins the threads and frees. Precondition: finish was called, or the status is a failure. */
void th_pipeline_free(struct th_pipeline *pipeline);

#endif
