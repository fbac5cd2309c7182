/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/lane.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>

struct th_lane {
    void (*done)(void *context);
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_work, is_free;
    void (*work)(void *argument); /* NULL: none */
    void *argument;
    bool is_stopping;
    _Atomic bool is_busy;
};

static void *run_lane(void *context)
{
    struct th_lane *lane = context;
    (void)prctl(PR_SET_NAME, "tonghop-commit");
    (void)pthread_mutex_lock(&lane->lock);
    for (;;) {
        while (lane->work == NULL && !lane->is_stopping)
            (void)pthread_cond_wait(&lane->has_work, &lane->lock);
        if (lane->work == NULL)
            break;
        (void)pthread_mutex_unlock(&lane->lock);
        lane->work(lane->argument);
        atomic_store(&lane->is_busy, false);
        if (lane->done != NULL)
            lane->done(lane->context);
        (void)pthread_mutex_lock(&lane->lock);
        lane->work = NULL;
        (void)pthread_cond_signal(&lane->is_free);
    }
    (void)pthread_mutex_unlock(&lane->lock);
    return NULL;
}

static void start(void *context, void (*work)(void *argument), void *argument)
{
    struct th_lane *lane = context;
    (void)pthread_mutex_lock(&lane->lock);
    TH_ASSERT(lane->work == NULL);
    lane->work = work;
    lane->argument = argument;
    atomic_store(&lane->is_busy, true);
    (void)pthread_cond_signal(&lane->has_work);
    (void)pthread_mutex_unlock(&lane->lock);
}

static void wait_for(void *context)
{
    struct th_lane *lane = context;
    (void)pthread_mutex_lock(&lane->lock);
    while (lane->work != NULL)
        (void)pthread_cond_wait(&lane->is_free, &lane->lock);
    (void)pthread_mutex_unlock(&lane->lock);
}

static bool is_busy(void *context)
{
    return atomic_load(&((struct th_lane *)context)->is_busy);
}

struct th_lane_port th_lane_port(struct th_lane *lane)
{
    return (struct th_lane_port){lane, start, wait_for, is_busy};
}

int th_lane_new(void (*done)(void *context), void *context, struct th_lane **ret_lane)
{
    struct th_lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL)
        return TH_E_NO_MEMORY;
    lane->done = done;
    lane->context = context;
    if (pthread_mutex_init(&lane->lock, NULL) != 0 ||
        pthread_cond_init(&lane->has_work, NULL) != 0 ||
        pthread_cond_init(&lane->is_free, NULL) != 0 ||
        pthread_create(&lane->thread, NULL, run_lane, lane) != 0) {
        free(lane);
        return TH_E_NO_MEMORY;
    }
    *ret_lane = lane;
    return 0;
}

void th_lane_free(struct th_lane *lane)
{
    if (lane == NULL)
        return;
    (void)pthread_mutex_lock(&lane->lock);
    lane->is_stopping = true;
    (void)pthread_cond_signal(&lane->has_work);
    (void)pthread_mutex_unlock(&lane->lock);
    (void)pthread_join(lane->thread, NULL);
    (void)pthread_cond_destroy(&lane->has_work);
    (void)pthread_cond_destroy(&lane->is_free);
    (void)pthread_mutex_destroy(&lane->lock);
    free(lane);
}
