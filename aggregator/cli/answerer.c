/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/answerer.h"

#include "aggregator/shell/clock_linux.h"

void th_answerer_init(struct th_store *store, struct th_answerer *ret_answerer)
{
    *ret_answerer = (struct th_answerer){.store = store, .lock = PTHREAD_MUTEX_INITIALIZER};
}

static void drop_view(struct th_answerer *answerer)
{
    if (answerer->view != NULL)
        th_view_close(answerer->view);
    answerer->view = NULL;
}

void th_answerer_deinit(struct th_answerer *answerer)
{
    if (answerer->has_context)
        th_query_context_close(&answerer->context);
    answerer->has_context = false;
    drop_view(answerer);
    pthread_mutex_destroy(&answerer->lock);
}

int th_answerer_time(struct th_store *store, struct th_view *view,
                     struct th_query_asking *ret_asking)
{
    struct th_clock_row clock;
    int status = th_view_clock(view, &clock);
    if (status != TH_OK)
        return status;
    bool is_live = th_store_identity(store)->mode == TH_MODE_LIVE;
    bool is_suspect = is_live && clock.status == TH_CLOCK_SUSPECT;
    *ret_asking = (struct th_query_asking){
        .now = is_live && !is_suspect ? th_clock_now().wall : clock.time,
        .is_clock_suspect = is_suspect,
        .identity = th_store_identity(store),
        .version = TH_VERSION,
    };
    return TH_OK;
}

/* The same view again and again: what it knows of the run (ADR 0017) is only added to. */
static int begin_looking(struct th_answerer *answerer)
{
    int status = answerer->view == NULL ? th_view_open(answerer->store, &answerer->view)
                                        : th_view_renew(answerer->view);
    if (status != TH_OK)
        drop_view(answerer);
    return status;
}

static int bring_up_to_date(struct th_answerer *answerer)
{
    struct th_view *view = answerer->view;
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

static int answer(struct th_answerer *answerer, const struct th_query *query, const char *asker,
                  struct th_arena *arena, struct th_bytes *ret_json)
{
    struct th_query_problem problem;
    struct th_query_asking asking;
    int status = bring_up_to_date(answerer);
    if (status == TH_OK)
        status = th_answerer_time(answerer->store, answerer->view, &asking);
    if (status != TH_OK)
        return status;
    asking.asker = asker;
    return th_query_answer_text(&answerer->context, answerer->view, query, &asking, arena, &problem,
                                ret_json);
}

int th_answerer_answer(void *context, const struct th_query *query, const char *asker,
                       struct th_arena *arena, struct th_bytes *ret_json)
{
    struct th_answerer *answerer = context;
    pthread_mutex_lock(&answerer->lock);
    int status = begin_looking(answerer);
    if (status == TH_OK) {
        status = answer(answerer, query, asker, arena, ret_json);
        th_view_rest(answerer->view);
    }
    pthread_mutex_unlock(&answerer->lock);
    return status;
}
