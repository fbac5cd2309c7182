/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SCHED_IDLE */
#include "aggregator/daemon/idler.h"

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

int64_t th_idler_now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool th_idler_rest(struct th_idler *idler, int64_t ms)
{
    int64_t until_ms = th_idler_now_ms() + ms;
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                   .tv_nsec = (long)(until_ms % 1000) * 1000000};
    (void)pthread_mutex_lock(&idler->lock);
    while (!idler->is_ending && th_idler_now_ms() < until_ms)
        (void)pthread_cond_timedwait(&idler->ending, &idler->lock, &until);
    bool goes_on = !idler->is_ending;
    (void)pthread_mutex_unlock(&idler->lock);
    return goes_on;
}

static void *run(void *context)
{
    struct th_idler *idler = context;
    const struct sched_param none = {.sched_priority = 0};
    /* Of this thread alone. Without them it is only less polite. */
    (void)setpriority(PRIO_PROCESS, 0, 19);
    (void)pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
    idler->work(idler->context);
    return NULL;
}

static int init_waiting(struct th_idler *idler)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return TH_E_NO_MEMORY;
    int failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (failed == 0)
        failed = pthread_cond_init(&idler->ending, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    if (failed != 0)
        return TH_E_NO_MEMORY;
    if (pthread_mutex_init(&idler->lock, NULL) == 0)
        return 0;
    (void)pthread_cond_destroy(&idler->ending);
    return TH_E_NO_MEMORY;
}

static void deinit(struct th_idler *idler)
{
    (void)pthread_mutex_destroy(&idler->lock);
    (void)pthread_cond_destroy(&idler->ending);
}

int th_idler_start(struct th_idler *idler, void (*work)(void *context), void *context)
{
    *idler = (struct th_idler){.work = work, .context = context};
    int status = init_waiting(idler);
    if (status == 0 && pthread_create(&idler->thread, NULL, run, idler) != 0) {
        deinit(idler);
        status = TH_E_NO_MEMORY;
    }
    return status;
}

void th_idler_stop(struct th_idler *idler)
{
    (void)pthread_mutex_lock(&idler->lock);
    idler->is_ending = true;
    (void)pthread_cond_signal(&idler->ending);
    (void)pthread_mutex_unlock(&idler->lock);
    (void)pthread_join(idler->thread, NULL);
    deinit(idler);
}
