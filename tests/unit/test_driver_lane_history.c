/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same history through a driver without a lane and with one, whenever that comes to its work:
 * the same store, and the same bytes leave in the same order.
 */
#include "tests/support/lane_case.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(driver_lane_history, .init = lane_case_init, .fini = lane_case_deinit, .timeout = 100);

struct end {
    struct th_digest state, root;
    uint64_t size;
    char *left;
    size_t left_size, closings;
};

/* What the units have sent so far. */
struct sent {
    uint32_t revision[LANE_OFFICERS];
    int64_t figure[LANE_OFFICERS];
};

static struct th_item random_report(struct random *random, struct sent *sent)
{
    unsigned officer = random_below(random, LANE_OFFICERS);
    struct th_paper paper = {.with_year = random_below(random, 3) == 0,
                             .nonce = (uint8_t)random_below(random, 3),
                             .figure = sent->figure[officer],
                             .revision = sent->revision[officer]};
    uint32_t kind = random_below(random, 12);
    if (kind < 6 || paper.revision == 0) {
        paper.revision = ++sent->revision[officer];
        paper.figure = sent->figure[officer] = random_below(random, 1000);
    } else if (kind == 6) {
        paper.figure++; /* a conflict, else a duplicate */
    } else if (kind == 7) {
        paper.revision += 2; /* a gap */
    } else if (kind == 8) {
        paper.revision = ++sent->revision[officer];
        paper.figure = -1;
        sent->revision[officer]--;
    } else if (kind == 9) {
        paper.as_unit = lane_case.officers[(officer + 1) % LANE_OFFICERS].unit;
    } else if (kind == 10) {
        paper.realm = "tonghop/99";
    }
    return lane_case_report(officer, paper);
}

static struct th_item random_act(struct random *random, struct sent *sent)
{
    unsigned officer = random_below(random, LANE_OFFICERS);
    switch (random_below(random, 4)) {
    case 0:
        return lane_case_act(
            (struct th_act){.kind = TH_ACT_LOAD_UNITS, .content = lane_case.province.units});
    case 1:
        return lane_case_act(th_officer_enrolment(&lane_case.officers[officer]));
    case 2:
        return lane_case_act((struct th_act){.kind = TH_ACT_SET_CLOCK, .to = lane_case.now.wall});
    default:
        sent->figure[officer] = random_below(random, 1000);
        return lane_case_act(
            lane_case_entering(officer, sent->figure[officer], ++sent->revision[officer]));
    }
}

static struct th_item random_item(struct random *random, struct sent *sent)
{
    uint32_t kind = random_below(random, 40);
    if (kind == 0)
        return lane_case_hello(random_below(random, LANE_OFFICERS));
    if (kind == 1)
        return random_act(random, sent);
    if (kind == 2)
        return lane_case_tick();
    return random_report(random, sent);
}

static void feed_some(struct random *random, struct sent *sent)
{
    size_t count = 1 + random_below(random, 6);
    struct th_item *items = th_arena_alloc_array(&lane_case.arena, count, sizeof *items);
    cr_assert_not_null(items);
    for (size_t i = 0; i < count; i++)
        items[i] = random_item(random, sent);
    cr_assert_eq(th_driver_feed(lane_case.driver, items, count), 0);
}

static void pass_time(struct random *random)
{
    th_instant due;
    int64_t ms = 1000;
    if (random_below(random, 4) == 0 && th_driver_next_due(lane_case.driver, &due) &&
        due.ms > th_driver_time(lane_case.driver, lane_case.now).ms)
        ms += due.ms - th_driver_time(lane_case.driver, lane_case.now).ms;
    lane_case.now.wall.ms += ms;
    lane_case.now.boottime_ms += ms;
}

static void step(struct random *random, struct sent *sent)
{
    bool more;
    switch (random_below(random, 16)) {
    case 0:
        th_driver_press(lane_case.driver, random_below(random, 3) > 0);
        break;
    case 1:
        cr_assert_eq(th_driver_settle(lane_case.driver, lane_case.now, &more), 0);
        break;
    case 2:
        cr_assert_eq(th_driver_warm(lane_case.driver, &more), 0);
        break;
    case 3:
        pass_time(random);
        break;
    case 4:
        lane_case_restart();
        break;
    default:
        feed_some(random, sent);
        break;
    }
}

static void look(struct end *ret_end)
{
    struct th_view *view;
    cr_assert_eq(th_view_open(lane_case.store, &view), 0);
    ret_end->size = th_view_size(view);
    cr_assert_eq(th_view_state_digest(view, &ret_end->state), 0);
    cr_assert_eq(th_view_root(view, ret_end->size, &ret_end->root), 0);
    th_view_close(view);
    ret_end->closings = lane_case_closings();
    ret_end->left_size = lane_case.left_size;
    ret_end->left = malloc(lane_case.left_size);
    cr_assert_not_null(ret_end->left);
    memcpy(ret_end->left, lane_case.left, lane_case.left_size);
}

/* Of what the histories are made, so that each kind is known to be among them. */
static size_t verdicts[TH_VERDICT_REJECTED + 1], welcomes;

static void count_answers(void)
{
    for (size_t i = 0; i < lane_case.answers_count; i++) {
        const struct th_to_node *answer = &lane_case.answers[i];
        welcomes += answer->kind == TH_TO_NODE_WELCOME;
        if (answer->kind == TH_TO_NODE_OUTCOME)
            verdicts[answer->body.outcome.verdicts[0].kind]++;
    }
    lane_case_forget();
}

/* Where a lane is waited for, and when it is early, are not of the history. */
static void run_history(uint64_t seed, bool has_lane, struct end *ret_end)
{
    struct random random = {seed}, timing = {seed + 1000};
    struct sent sent = {{0}, {0}};
    lane_case_open(has_lane);
    if (seed % 2 == 0)
        lane_case.early = &timing;
    for (unsigned i = 0; i < 120; i++) {
        step(&random, &sent);
        if (random_below(&timing, 10) == 0)
            cr_assert_eq(th_driver_finish(lane_case.driver), 0);
        count_answers();
    }
    th_driver_press(lane_case.driver, false);
    for (bool more = true; more;)
        cr_assert_eq(th_driver_settle(lane_case.driver, lane_case.now, &more), 0);
    cr_assert_eq(th_driver_finish(lane_case.driver), 0);
    look(ret_end);
    lane_case_close();
}

Test(driver_lane_history, a_history_is_stored_and_answered_the_same_with_a_lane_and_without)
{
    size_t closings = 0;
    lane_case.bounds =
        (struct th_driver_bounds){.book_rows = 5, .run_rows = 24, .few_rows = 2, .idle_rows = 4};
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct end with, without;
        run_history(seed, false, &without);
        run_history(seed, true, &with);
        cr_assert_gt(with.size, 50);
        cr_assert_eq(with.size, without.size, "seed %d", (int)seed);
        cr_assert_eq(memcmp(&with.root, &without.root, sizeof with.root), 0, "seed %d", (int)seed);
        cr_assert_eq(memcmp(&with.state, &without.state, sizeof with.state), 0, "seed %d",
                     (int)seed);
        cr_assert_eq(with.left_size, without.left_size, "seed %d", (int)seed);
        cr_assert_eq(memcmp(with.left, without.left, with.left_size), 0, "seed %d", (int)seed);
        closings += with.closings;
        free(with.left);
        free(without.left);
    }
    cr_assert_gt(closings, 0);
    cr_assert_gt(welcomes, 0);
    cr_assert_gt(verdicts[TH_VERDICT_ACCEPTED], 100);
    cr_assert_gt(verdicts[TH_VERDICT_DUPLICATE], 10);
    cr_assert_gt(verdicts[TH_VERDICT_CONFLICT], 10);
    cr_assert_gt(verdicts[TH_VERDICT_REJECTED], 10);
}
