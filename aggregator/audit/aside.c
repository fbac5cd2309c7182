/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/aside.h"

static int make(const struct th_sweep_options *options, struct th_view *view,
                struct th_digest *ret_state)
{
    int status = 0;
    if (options->checks_tree && options->folds)
        status = th_view_state_digest(view, ret_state);
    if (status == 0 && options->ask != NULL)
        status = options->ask(options->ask_context, view);
    return status;
}

static void *work(void *context)
{
    struct th_aside *aside = context;
    aside->status = make(aside->options, aside->view, &aside->state);
    return NULL;
}

/* With one thread all is done by the owner. */
void th_aside_begin(struct th_aside *aside, const struct th_verify *verify,
                    const struct th_sweep_options *options)
{
    aside->options = options;
    aside->view = options->threads > 1 ? th_sweep_view(verify) : NULL;
}

void th_aside_start(void *context)
{
    struct th_aside *aside = context;
    if (aside->view != NULL)
        aside->is_started = pthread_create(&aside->thread, NULL, work, aside) == 0;
}

static void join(struct th_aside *aside)
{
    if (aside->is_started)
        (void)pthread_join(aside->thread, NULL);
    aside->is_started = false;
}

int th_aside_end(struct th_aside *aside, struct th_verify *verify)
{
    if (aside->is_started)
        join(aside);
    else
        aside->status = make(aside->options, verify->opened.view, &aside->state);
    verify->has_state = aside->options->checks_tree && aside->options->folds;
    verify->state = aside->state;
    return aside->status;
}

void th_aside_deinit(struct th_aside *aside)
{
    join(aside);
    th_view_close(aside->view);
    aside->view = NULL;
}
