/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/shell/loop.h"

#include "base/assert.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#define SIGNALS_COUNT 4

struct th_loop {
    const struct th_loop_options *options;
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_timer_t timer;
    uv_signal_t signals[SIGNALS_COUNT];
    uv_poll_t *polls;
    int status;
    int signal;
    bool is_done;
};

static void stop(struct th_loop *loop, int status)
{
    if (loop->status == 0)
        loop->status = status;
    loop->is_done = true;
    uv_stop(&loop->uv);
}

static void tick(struct th_loop *loop)
{
    bool is_done = false;
    int status = loop->options->tick(loop->options->context, &is_done);
    if (status != 0 || is_done)
        stop(loop, status);
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll; /* it only wakes the loop; prepare and check do the work */
    (void)status;
    (void)events;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct th_loop *loop = prepare->data;
    for (size_t i = 0; i < loop->options->sources_count; i++) {
        const struct th_loop_source *source = &loop->options->sources[i];
        if (!source->has_work(source->context))
            continue;
        int result = uv_idle_start(&loop->idle, on_idle);
        TH_ASSERT(result == 0);
        return;
    }
}

static void on_check(uv_check_t *check)
{
    struct th_loop *loop = check->data;
    (void)uv_idle_stop(&loop->idle);
    bool has_worked = false;
    for (size_t i = 0; i < loop->options->sources_count && !loop->is_done; i++) {
        const struct th_loop_source *source = &loop->options->sources[i];
        if (!source->has_work(source->context))
            continue;
        has_worked = true;
        int status = source->take_turn(source->context);
        if (status != 0)
            stop(loop, status);
    }
    if (has_worked && !loop->is_done)
        tick(loop);
}

static void on_timer(uv_timer_t *timer)
{
    struct th_loop *loop = timer->data;
    if (!loop->is_done)
        tick(loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct th_loop *loop = handle->data;
    if (number == SIGUSR1) {
        loop->options->tell(loop->options->context);
        return;
    }
    if (loop->signal != 0 && number == SIGHUP)
        return; /* the terminal and the shell may both say that they go */
    if (loop->signal != 0)
        _exit(128 + number);
    loop->signal = number;
    stop(loop, 0);
}

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && (action.sa_flags & SA_SIGINFO) == 0 &&
           action.sa_handler == SIG_IGN;
}

static int start_signals(struct th_loop *loop)
{
    static const int numbers[SIGNALS_COUNT] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        if (numbers[i] == SIGHUP && is_ignored(SIGHUP))
            continue;
        if (uv_signal_init(&loop->uv, &loop->signals[i]) != 0)
            return TH_E_IO;
        loop->signals[i].data = loop;
        if (uv_signal_start(&loop->signals[i], on_signal, numbers[i]) != 0)
            return TH_E_IO;
    }
    return 0;
}

static int start_polls(struct th_loop *loop)
{
    for (size_t i = 0; i < loop->options->sources_count; i++) {
        if (uv_poll_init(&loop->uv, &loop->polls[i], loop->options->sources[i].fd) != 0 ||
            uv_poll_start(&loop->polls[i], UV_READABLE, on_poll) != 0)
            return TH_E_IO;
    }
    return 0;
}

static int start(struct th_loop *loop)
{
    loop->prepare.data = loop->check.data = loop->timer.data = loop;
    if (uv_prepare_init(&loop->uv, &loop->prepare) != 0 ||
        uv_check_init(&loop->uv, &loop->check) != 0 || uv_idle_init(&loop->uv, &loop->idle) != 0 ||
        uv_timer_init(&loop->uv, &loop->timer) != 0 ||
        uv_prepare_start(&loop->prepare, on_prepare) != 0 ||
        uv_check_start(&loop->check, on_check) != 0 ||
        uv_timer_start(&loop->timer, on_timer, 0, loop->options->tick_ms) != 0)
        return TH_E_IO;
    int status = start_signals(loop);
    return status == 0 ? start_polls(loop) : status;
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

int th_loop_run(const struct th_loop_options *options, int *ret_signal)
{
    struct th_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return TH_E_NO_MEMORY;
    loop->options = options;
    loop->polls = calloc(options->sources_count + 1, sizeof *loop->polls);
    if (loop->polls == NULL || uv_loop_init(&loop->uv) != 0) {
        free(loop->polls);
        free(loop);
        return TH_E_NO_MEMORY;
    }
    int status = start(loop);
    if (status == 0)
        (void)uv_run(&loop->uv, UV_RUN_DEFAULT); /* until uv_stop() */
    uv_walk(&loop->uv, close_handle, NULL);
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0)
        continue;
    int result = uv_loop_close(&loop->uv);
    TH_ASSERT(result == 0);
    if (status == 0)
        status = loop->status;
    *ret_signal = loop->signal;
    free(loop->polls);
    free(loop);
    return status;
}

int64_t th_loop_now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000U);
}

int64_t th_loop_wall_ms(void)
{
    uv_timeval64_t now;
    if (uv_gettimeofday(&now) != 0)
        return 0;
    return now.tv_sec * 1000 + now.tv_usec / 1000;
}
