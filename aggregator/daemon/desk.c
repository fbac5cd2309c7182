/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/desk.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES  ((size_t)64 * 1024)
#define ARENA_BUDGET_BYTES ((size_t)64 * 1024 * 1024)

/* Questions are numbered; number n lies in place n % asked_max. */
struct th_desk {
    struct th_desk_options options;
    pthread_mutex_t lock;
    pthread_cond_t has_asked;
    struct th_peers *peers;
    struct th_asked *asked;
    uint64_t put, taken;
    bool is_ending;
    bool is_started;
    pthread_t thread;
    struct th_arena arena; /* the thread's */
};

/* The decoder has bounded each text. */
static struct th_text keep(char *room, size_t room_size, struct th_text text)
{
    TH_ASSERT(text.size < room_size);
    if (text.size > 0)
        memcpy(room, text.bytes, text.size);
    room[text.size] = 0;
    return (struct th_text){room, text.size};
}

static void point(struct th_asked *asked)
{
    asked->query.plan.bytes = asked->plan;
    asked->query.period.bytes = asked->period;
    asked->query.obligation.bytes = asked->obligation;
    asked->query.unit.bytes = asked->about;
    asked->query.standing.bytes = asked->standing;
    asked->query.search.bytes = asked->search;
    asked->query.parent.bytes = asked->parent;
    asked->query.kind.bytes = asked->kind;
    asked->query.indicators.bytes = asked->indicators;
    asked->query.after.bytes = asked->after;
}

static void *run(void *context)
{
    struct th_desk *desk = context;
    (void)pthread_mutex_lock(&desk->lock);
    for (;;) {
        while (desk->put == desk->taken && !desk->is_ending)
            (void)pthread_cond_wait(&desk->has_asked, &desk->lock);
        if (desk->is_ending)
            break;
        struct th_asked asked = desk->asked[desk->taken++ % desk->options.asked_max];
        (void)pthread_mutex_unlock(&desk->lock);
        point(&asked);
        desk->options.answer(desk->options.context, &asked, &desk->arena);
        th_arena_reset(&desk->arena);
        (void)pthread_mutex_lock(&desk->lock);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return NULL;
}

int th_desk_start(const struct th_desk_options *options, struct th_desk **ret_desk)
{
    TH_ASSERT(options->asked_max > 0);
    struct th_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return TH_E_NO_MEMORY;
    desk->options = *options;
    if (pthread_mutex_init(&desk->lock, NULL) != 0 ||
        pthread_cond_init(&desk->has_asked, NULL) != 0) {
        free(desk);
        return TH_E_NO_MEMORY;
    }
    th_arena_init(&desk->arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    desk->asked = calloc(options->asked_max, sizeof *desk->asked);
    int status = desk->asked == NULL ? TH_E_NO_MEMORY : th_peers_new(options->quota, &desk->peers);
    if (status == 0 && pthread_create(&desk->thread, NULL, run, desk) != 0)
        status = TH_E_NO_MEMORY;
    if (status < 0) {
        th_desk_free(desk);
        return status;
    }
    desk->is_started = true;
    *ret_desk = desk;
    return 0;
}

void th_desk_free(struct th_desk *desk)
{
    if (desk == NULL)
        return;
    (void)pthread_mutex_lock(&desk->lock);
    desk->is_ending = true;
    (void)pthread_cond_signal(&desk->has_asked);
    (void)pthread_mutex_unlock(&desk->lock);
    if (desk->is_started)
        (void)pthread_join(desk->thread, NULL);
    th_arena_deinit(&desk->arena);
    th_peers_free(desk->peers);
    free(desk->asked);
    (void)pthread_cond_destroy(&desk->has_asked);
    (void)pthread_mutex_destroy(&desk->lock);
    free(desk);
}

/* With the lock. */
static uint32_t wait_of(struct th_desk *desk, const struct th_router_peer *peer, const char *unit,
                        int64_t boottime_ms)
{
    struct th_peer *known = th_peers_meet(desk->peers, unit, peer);
    if (known == NULL || desk->put - desk->taken == desk->options.asked_max)
        return TH_DESK_PATIENCE_MS;
    return th_peers_take(desk->peers, known, 0, boottime_ms);
}

uint32_t th_desk_put(struct th_desk *desk, const struct th_router_peer *peer, const char *unit,
                     uint64_t request, const struct th_query *query, int64_t boottime_ms)
{
    (void)pthread_mutex_lock(&desk->lock);
    uint32_t wait_ms = wait_of(desk, peer, unit, boottime_ms);
    if (wait_ms == 0) {
        struct th_asked *asked = &desk->asked[desk->put++ % desk->options.asked_max];
        asked->peer = *peer;
        (void)keep(asked->unit, sizeof asked->unit, th_text_of(unit));
        asked->request = request;
        asked->query = *query;
        asked->query.plan = keep(asked->plan, sizeof asked->plan, query->plan);
        asked->query.period = keep(asked->period, sizeof asked->period, query->period);
        asked->query.obligation =
            keep(asked->obligation, sizeof asked->obligation, query->obligation);
        asked->query.unit = keep(asked->about, sizeof asked->about, query->unit);
        asked->query.standing = keep(asked->standing, sizeof asked->standing, query->standing);
        asked->query.search = keep(asked->search, sizeof asked->search, query->search);
        asked->query.parent = keep(asked->parent, sizeof asked->parent, query->parent);
        asked->query.kind = keep(asked->kind, sizeof asked->kind, query->kind);
        asked->query.indicators =
            keep(asked->indicators, sizeof asked->indicators, query->indicators);
        asked->query.after = keep(asked->after, sizeof asked->after, query->after);
        (void)pthread_cond_signal(&desk->has_asked);
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return wait_ms;
}
