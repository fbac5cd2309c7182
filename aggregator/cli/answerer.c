/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/answerer.h"

#include "aggregator/query/answer.h"
#include "aggregator/shell/clock_linux.h"

void th_answerer_init(struct th_store *store, struct th_answerer *ret_answerer)
{
    *ret_answerer = (struct th_answerer){.store = store, .lock = PTHREAD_MUTEX_INITIALIZER};
}

void th_answerer_deinit(struct th_answerer *answerer)
{
    if (answerer->has_context)
        th_query_context_close(&answerer->context);
    answerer->has_context = false;
    pthread_mutex_destroy(&answerer->lock);
}

int th_answerer_time(struct th_store *store, struct th_view *view, th_instant *ret_now)
{
    if (th_store_identity(store)->mode == TH_MODE_LIVE) {
        *ret_now = th_clock_now().wall;
        return TH_OK;
    }
    struct th_clock_row clock;
    int status = th_view_clock(view, &clock);
    if (status == TH_OK)
        *ret_now = clock.time;
    return status;
}

static int bring_up_to_date(struct th_answerer *answerer, struct th_view *view)
{
    bool is_current = false;
    if (answerer->has_context) {
        int status = th_query_context_is_current(&answerer->context, view, &is_current);
        if (status != TH_OK || is_current)
            return status;
        th_query_context_close(&answerer->context);
        answerer->has_context = false;
    }
    int status = th_query_context_open(view, &answerer->context);
    answerer->has_context = status == TH_OK;
    return status;
}

static int answer(struct th_answerer *answerer, const struct th_query *query,
                  struct th_arena *arena, struct th_bytes *ret_json)
{
    struct th_view *view;
    struct th_query_problem problem;
    th_instant now = {0};
    int status = th_view_open(answerer->store, &view);
    if (status != TH_OK)
        return status;
    status = bring_up_to_date(answerer, view);
    if (status == TH_OK)
        status = th_answerer_time(answerer->store, view, &now);
    if (status == TH_OK)
        status =
            th_query_answer_text(&answerer->context, view, query, now, arena, &problem, ret_json);
    th_view_close(view);
    return status;
}

int th_answerer_answer(void *context, const struct th_query *query, struct th_arena *arena,
                       struct th_bytes *ret_json)
{
    struct th_answerer *answerer = context;
    pthread_mutex_lock(&answerer->lock);
    int status = answer(answerer, query, arena, ret_json);
    pthread_mutex_unlock(&answerer->lock);
    return status;
}
