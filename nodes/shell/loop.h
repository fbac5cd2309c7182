/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of `run`: wakes sources whose descriptor is edge-triggered, ticks, and stops on
 * SIGTERM, SIGINT and SIGHUP (unless that was ignored, as by nohup). libuv only.
 *
 * A ZeroMQ descriptor tells of a change once, and may tell of it before the change is seen. So each
 * source is asked whether it has work before the loop would sleep (prepare), given a turn after it
 * (check), and an idle handle keeps the loop awake meanwhile. A turn has a budget of its own, so
 * that no source starves the others.
 *
 * Thread rule: one loop in one thread. A second SIGTERM or SIGINT ends the process at once.
 */
#ifndef TH_NODES_LOOP_H
#define TH_NODES_LOOP_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct th_loop;

struct th_loop_source {
    void *context;
    int fd;
    bool (*has_work)(void *context);
    int (*take_turn)(void *context); /* a failure ends the loop with it */
};

struct th_loop_options {
    const struct th_loop_source *sources; /* borrowed */
    size_t sources_count;
    uint64_t tick_ms;
    void *context;
    /* Each tick and after each round of turns. A failure ends the loop with it; `ret_is_done` ends
     * it with 0. */
    int (*tick)(void *context, bool *ret_is_done);
    void (*tell)(void *context); /* SIGUSR1: how things are */
};

/* Runs until tick says done, something fails, or a signal comes; `ret_signal` is its number or 0.
 * TH_E_IO: the system refuses a handle; otherwise what a source or the tick returned. */
TH_MUST_CHECK int th_loop_run(const struct th_loop_options *options, int *ret_signal);

/* Monotonic milliseconds, and the real time as milliseconds since 1970. */
int64_t th_loop_now_ms(void);
int64_t th_loop_wall_ms(void);

#endif
