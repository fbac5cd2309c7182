/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that works only when nobody else wants the processor, and rests between its pieces.
 *
 * Start and stop from one thread; the rest is for the thread itself.
 */
#ifndef TH_DAEMON_IDLER_H
#define TH_DAEMON_IDLER_H

#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct th_idler {
    pthread_mutex_t lock;
    pthread_cond_t ending;
    bool is_ending;
    pthread_t thread;
    void (*work)(void *context);
    void *context;
};

/* `work` returns when a rest says so. TH_E_NO_MEMORY: nothing is started. */
TH_MUST_CHECK int th_idler_start(struct th_idler *idler, void (*work)(void *context),
                                 void *context);
/* Waits for the end of the piece that it is at. */
void th_idler_stop(struct th_idler *idler);

/* False: it is time to end. */
bool th_idler_rest(struct th_idler *idler, int64_t ms);
/* CLOCK_MONOTONIC. */
int64_t th_idler_now_ms(void);

#endif
