/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/desk.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static _Atomic bool is_held;
static _Atomic bool is_entered;
static _Atomic uint64_t answered;
static uint64_t last_request;
static bool is_garbled;

static void answer(void *context, const struct th_asked *asked, struct th_arena *arena)
{
    (void)context;
    atomic_store(&is_entered, true);
    while (atomic_load(&is_held))
        usleep(1000);
    is_garbled = is_garbled || th_arena_alloc(arena, 1024) == NULL ||
                 asked->request != last_request + 1 || asked->peer.id[0] != 9 ||
                 asked->query.what != TH_QUERY_ROLLUP || asked->query.plan.size != 4 ||
                 memcmp(asked->query.plan.bytes, "plan", 4) != 0 || asked->query.unit.size != 5 ||
                 memcmp(asked->query.unit.bytes, "23563", 5) != 0;
    last_request = asked->request;
    (void)atomic_fetch_add(&answered, 1);
}

static struct th_desk *start(struct th_quota quota)
{
    struct th_desk *desk = NULL;
    const struct th_desk_options options = {.asked_max = 4, .quota = quota, .answer = answer};
    cr_assert_eq(th_desk_start(&options, &desk), 0);
    return desk;
}

/* The texts are gone when it returns: the desk has its own. */
static uint32_t ask(struct th_desk *desk, const char *unit, uint64_t request, int64_t now_ms)
{
    char plan[] = "plan";
    char about[] = "23563";
    const struct th_router_peer peer = {.id = {9}, .id_size = 1};
    const struct th_query query = {.what = TH_QUERY_ROLLUP, .plan = {plan, 4}, .unit = {about, 5}};
    uint32_t wait_ms = th_desk_put(desk, &peer, unit, request, &query, now_ms);
    memset(plan, 'x', 4);
    memset(about, 'x', 5);
    return wait_ms;
}

static void wait_for(uint64_t count)
{
    for (int i = 0; i < 5000 && atomic_load(&answered) < count; i++)
        usleep(1000);
    cr_assert_eq(atomic_load(&answered), count);
}

Test(desk, questions_are_answered_in_order_with_their_own_texts, .timeout = 30)
{
    struct th_desk *desk = start((struct th_quota){1000, 1000, 0});
    for (uint64_t i = 1; i <= 100;) {
        if (ask(desk, "a", i, 1) == 0)
            i++;
        else
            usleep(100);
    }
    wait_for(100);
    th_desk_free(desk);
    cr_assert_not(is_garbled);
}

Test(desk, a_slow_answer_blocks_nobody_and_a_full_desk_says_when_to_come, .timeout = 30)
{
    atomic_store(&is_held, true);
    struct th_desk *desk = start((struct th_quota){1000, 1000, 0});
    cr_assert_eq(ask(desk, "a", 1, 1), 0);
    while (!atomic_load(&is_entered))
        usleep(1000);
    for (uint64_t i = 2; i <= 5; i++)
        cr_assert_eq(ask(desk, "a", i, 1), 0);
    cr_assert_eq(ask(desk, "a", 6, 1), TH_DESK_PATIENCE_MS);
    atomic_store(&is_held, false);
    wait_for(5);
    cr_assert_eq(ask(desk, "a", 6, 1), 0);
    wait_for(6);
    th_desk_free(desk);
    cr_assert_not(is_garbled);
}

Test(desk, a_unit_that_asks_too_often_waits_and_others_do_not, .timeout = 30)
{
    struct th_desk *desk = start((struct th_quota){2, 2, 0});
    cr_assert_eq(ask(desk, "a", 1, 1000), 0);
    cr_assert_eq(ask(desk, "a", 2, 1000), 0);
    cr_assert_eq(ask(desk, "a", 3, 1000), 501);
    cr_assert_eq(ask(desk, "b", 3, 1000), 0);
    wait_for(3);
    th_desk_free(desk);
}

Test(desk, what_waits_at_the_end_is_dropped, .timeout = 30)
{
    atomic_store(&is_held, true);
    struct th_desk *desk = start((struct th_quota){1000, 1000, 0});
    for (uint64_t i = 1; i <= 3; i++)
        cr_assert_eq(ask(desk, "a", i, 1), 0);
    while (!atomic_load(&is_entered))
        usleep(1000);
    atomic_store(&is_held, false);
    th_desk_free(desk);
    cr_assert_leq(atomic_load(&answered), 3);
}
