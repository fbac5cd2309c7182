/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: libuv behind sources, a timer descriptor, a sweep, signals and a wake-up from
 * other threads.
 *
 * A source is a socket whose descriptor is edge-triggered and only a hint (libzmq): whether
 * something waits is asked before each sleep, and drained afterwards, a bounded number at a time.
 * Waiting for the descriptor alone loses wake-ups.
 *
 * All functions but th_loop_wake() and th_loop_stop() belong to the thread of th_loop_run().
 */
#ifndef TH_SHELL_LOOP_H
#define TH_SHELL_LOOP_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_LOOP_SOURCES_MAX 4
#define TH_LOOP_SIGNALS_MAX 4

struct th_loop;

struct th_loop_source {
    void *context;
    int fd;
    bool (*is_pending)(void *context);
    /* Takes a bounded number of messages. */
    void (*drain)(void *context);
};

struct th_loop_hooks {
    void *context;
    void (*wake)(void *context);               /* after th_loop_wake(), once for any number */
    void (*timer)(void *context);              /* the timer's descriptor is readable */
    void (*sweep)(void *context);              /* now and then */
    void (*signal)(void *context, int number); /* SIGTERM, SIGINT, SIGUSR1 … */
    uint64_t sweep_ms;
    int timer_fd; /* -1: none */
    int signals[TH_LOOP_SIGNALS_MAX];
    size_t signals_count;
};

/* Copies sources and hooks. TH_E_NO_MEMORY, TH_E_IO. */
TH_MUST_CHECK int th_loop_new(const struct th_loop_source *sources, size_t sources_count,
                              const struct th_loop_hooks *hooks, struct th_loop **ret_loop);
void th_loop_free(struct th_loop *loop);

/* Until th_loop_stop(). */
void th_loop_run(struct th_loop *loop);
/* From any thread. */
void th_loop_wake(struct th_loop *loop);
/* From a hook or a drain. */
void th_loop_stop(struct th_loop *loop);
/* A source whose descriptor is about to close is let go first; its next one follows. In between
 * nothing may wait for it. TH_E_IO, TH_E_NO_MEMORY: the source is only asked when something else
 * wakes the loop. */
void th_loop_unwatch(struct th_loop *loop, size_t source);
TH_MUST_CHECK int th_loop_watch(struct th_loop *loop, size_t source, int fd);
/* A paused source is not asked and not drained: what waits stays in the socket, whose peers then
 * wait. */
void th_loop_pause(struct th_loop *loop, size_t source, bool is_paused);

#endif
