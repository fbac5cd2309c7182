/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/loop.h"

#include "base/assert.h"

#include <stdlib.h>
#include <uv.h>

struct watched {
    struct th_loop_source source;
    uv_poll_t *poll; /* NULL: not watched */
    bool is_paused;
};

struct th_loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_async_t async;
    uv_timer_t sweep;
    uv_poll_t timer;
    uv_signal_t signals[TH_LOOP_SIGNALS_MAX];
    struct watched sources[TH_LOOP_SOURCES_MAX];
    size_t sources_count;
    struct th_loop_hooks hooks;
};

static void do_nothing(uv_idle_t *idle)
{
    (void)idle;
}

/* Only wakes the loop: whether something waits is asked in before_sleep(). */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)poll;
    (void)status;
    (void)events;
}

static void before_sleep(uv_prepare_t *prepare)
{
    struct th_loop *loop = prepare->data;
    for (size_t i = 0; i < loop->sources_count; i++) {
        struct watched *watched = &loop->sources[i];
        if (!watched->is_paused && watched->source.is_pending(watched->source.context)) {
            (void)uv_idle_start(&loop->idle, do_nothing);
            return;
        }
    }
}

static void after_sleep(uv_check_t *check)
{
    struct th_loop *loop = check->data;
    (void)uv_idle_stop(&loop->idle);
    for (size_t i = 0; i < loop->sources_count; i++) {
        struct watched *watched = &loop->sources[i];
        if (!watched->is_paused && watched->source.is_pending(watched->source.context))
            watched->source.drain(watched->source.context);
    }
}

static void on_wake(uv_async_t *async)
{
    struct th_loop *loop = async->data;
    loop->hooks.wake(loop->hooks.context);
}

static void on_sweep(uv_timer_t *timer)
{
    struct th_loop *loop = timer->data;
    loop->hooks.sweep(loop->hooks.context);
}

static void on_timer(uv_poll_t *poll, int status, int events)
{
    struct th_loop *loop = poll->data;
    (void)status;
    (void)events;
    loop->hooks.timer(loop->hooks.context);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct th_loop *loop = handle->data;
    loop->hooks.signal(loop->hooks.context, number);
}

static int start_signals(struct th_loop *loop)
{
    for (size_t i = 0; i < loop->hooks.signals_count; i++) {
        loop->signals[i].data = loop;
        if (uv_signal_init(&loop->uv, &loop->signals[i]) != 0 ||
            uv_signal_start(&loop->signals[i], on_signal, loop->hooks.signals[i]) != 0)
            return TH_E_IO;
    }
    return 0;
}

static void free_poll(uv_handle_t *poll)
{
    free(poll);
}

void th_loop_unwatch(struct th_loop *loop, size_t source)
{
    TH_ASSERT(source < loop->sources_count);
    struct watched *watched = &loop->sources[source];
    if (watched->poll == NULL)
        return;
    (void)uv_poll_stop(watched->poll);
    uv_close((uv_handle_t *)watched->poll, free_poll);
    watched->poll = NULL;
}

int th_loop_watch(struct th_loop *loop, size_t source, int fd)
{
    TH_ASSERT(source < loop->sources_count);
    struct watched *watched = &loop->sources[source];
    TH_ASSERT(watched->poll == NULL);
    uv_poll_t *poll = calloc(1, sizeof *poll);
    if (poll == NULL)
        return TH_E_NO_MEMORY;
    if (uv_poll_init(&loop->uv, poll, fd) != 0) {
        free(poll);
        return TH_E_IO;
    }
    watched->poll = poll;
    watched->source.fd = fd;
    if (!watched->is_paused && uv_poll_start(poll, UV_READABLE, on_readable) != 0)
        return TH_E_IO;
    return 0;
}

static int start(struct th_loop *loop)
{
    loop->prepare.data = loop->check.data = loop->async.data = loop;
    loop->sweep.data = loop->timer.data = loop;
    (void)uv_prepare_init(&loop->uv, &loop->prepare);
    (void)uv_check_init(&loop->uv, &loop->check);
    (void)uv_idle_init(&loop->uv, &loop->idle);
    (void)uv_timer_init(&loop->uv, &loop->sweep);
    (void)uv_prepare_start(&loop->prepare, before_sleep);
    (void)uv_check_start(&loop->check, after_sleep);
    if (uv_async_init(&loop->uv, &loop->async, on_wake) != 0 ||
        uv_timer_start(&loop->sweep, on_sweep, loop->hooks.sweep_ms, loop->hooks.sweep_ms) != 0)
        return TH_E_IO;
    if (loop->hooks.timer_fd >= 0 &&
        (uv_poll_init(&loop->uv, &loop->timer, loop->hooks.timer_fd) != 0 ||
         uv_poll_start(&loop->timer, UV_READABLE, on_timer) != 0))
        return TH_E_IO;
    for (size_t i = 0; i < loop->sources_count; i++) {
        int status = th_loop_watch(loop, i, loop->sources[i].source.fd);
        if (status < 0)
            return status;
    }
    return start_signals(loop);
}

int th_loop_new(const struct th_loop_source *sources, size_t sources_count,
                const struct th_loop_hooks *hooks, struct th_loop **ret_loop)
{
    TH_ASSERT(sources_count <= TH_LOOP_SOURCES_MAX);
    TH_ASSERT(hooks->signals_count <= TH_LOOP_SIGNALS_MAX);
    struct th_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return TH_E_NO_MEMORY;
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return TH_E_NO_MEMORY;
    }
    loop->hooks = *hooks;
    loop->sources_count = sources_count;
    for (size_t i = 0; i < sources_count; i++)
        loop->sources[i].source = sources[i];
    int status = start(loop);
    if (status < 0) {
        th_loop_free(loop);
        return status;
    }
    *ret_loop = loop;
    return 0;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void th_loop_free(struct th_loop *loop)
{
    if (loop == NULL)
        return;
    for (size_t i = 0; i < loop->sources_count; i++)
        th_loop_unwatch(loop, i);
    uv_walk(&loop->uv, close_handle, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&loop->uv);
    TH_ASSERT(failed == 0);
    free(loop);
}

void th_loop_run(struct th_loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void th_loop_wake(struct th_loop *loop)
{
    (void)uv_async_send(&loop->async);
}

void th_loop_stop(struct th_loop *loop)
{
    uv_stop(&loop->uv);
}

void th_loop_pause(struct th_loop *loop, size_t source, bool is_paused)
{
    TH_ASSERT(source < loop->sources_count);
    struct watched *watched = &loop->sources[source];
    if (watched->is_paused == is_paused)
        return;
    watched->is_paused = is_paused;
    if (watched->poll == NULL)
        return;
    /* A descriptor that stays readable would keep the loop awake for nothing. */
    if (is_paused)
        (void)uv_poll_stop(watched->poll);
    else
        (void)uv_poll_start(watched->poll, UV_READABLE, on_readable);
}
