/* SPDX-License-Identifier: Apache-2.0 */
/* Rollups that are whole and wrong: a store that counts a report twice, or forgets one. */
#include "aggregator/past/recount.h"
#include "proto/wire/plan.h"
#include "tests/support/recovery_case.h"

#include <criterion/criterion.h>

static struct th_recovery_case made;

static void set_up(void)
{
    th_recovery_case_make(&made);
}

static void tear_down(void)
{
    th_recovery_case_remove(&made);
}

TestSuite(recount, .init = set_up, .fini = tear_down);

static bool agrees(struct th_book_id book)
{
    struct th_view *view;
    bool is_right = false;
    cr_assert_eq(th_view_open(made.store, &view), 0);
    cr_assert_eq(th_past_recount(view, book, &is_right), 0);
    th_view_close(view);
    return is_right;
}

/* The province's rollup of the half-year book. */
static uint32_t province_unit(void)
{
    const struct th_core *core = th_driver_core(made.driver);
    uint32_t unit = 0;
    while (th_core_unit(core, unit)->parent != TH_UNIT_NONE)
        unit++;
    return unit;
}

static void read_rollup(struct th_rollup_layout *layout, struct th_rollup *rollup)
{
    const struct th_plan *plan = th_core_plan(th_driver_core(made.driver), 0);
    struct th_view *view;
    cr_assert_eq(th_rollup_layout_init(&plan->catalogue, &made.arena, layout), 0);
    cr_assert_eq(th_view_open(made.store, &view), 0);
    cr_assert_eq(th_view_rollup(view, th_recovery_case_book(&made), province_unit(), TH_BRANCH_ALL,
                                layout, &made.arena, rollup),
                 0);
    th_view_close(view);
}

static void write_rollup(uint32_t unit, enum th_branch branch,
                         const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    cr_assert_eq(th_store_begin(made.store), 0);
    cr_assert_eq(
        th_store_put_rollup(made.store, th_recovery_case_book(&made), unit, branch, layout, rollup),
        0);
    cr_assert_eq(th_store_commit(made.store, made.signer), 0);
}

Test(recount, what_a_driver_has_stored_agrees)
{
    const struct th_plan *plan = th_core_plan(th_driver_core(made.driver), 0);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5, .with_year = true});
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 3, .revision = 2});
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        cr_assert(agrees((struct th_book_id){0, i}), "obligation %u", i);
}

Test(recount, what_is_not_settled_has_nothing_that_could_be_wrong)
{
    th_driver_press(made.driver, true);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert_eq(th_store_unsettled_count(made.store), 1);
    cr_assert(agrees(th_recovery_case_book(&made)));
}

Test(recount, the_books_of_a_second_plan_agree_too)
{
    struct th_plan plan = made.province.files.plan;
    struct th_act load = {.kind = TH_ACT_LOAD_PLAN};
    plan.id = "second";
    cr_assert_eq(th_wire_plan_encode(&plan, &made.arena, &load.content), 0);
    cr_assert_eq(th_recovery_case_act(&made, load), 0);
    cr_assert_eq(th_core_plans_count(th_driver_core(made.driver)), 2);
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    cr_assert(agrees((struct th_book_id){1, 0}));
    cr_assert(agrees(th_recovery_case_book(&made)));
}

Test(recount, a_book_that_no_plan_has_does_not_agree)
{
    cr_assert_not(agrees((struct th_book_id){1, 0}));
    cr_assert_not(agrees((struct th_book_id){0, UINT16_MAX}));
}

Test(recount, a_count_that_is_one_too_many_is_seen)
{
    struct th_rollup_layout layout;
    struct th_rollup rollup;
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    read_rollup(&layout, &rollup);
    rollup.counts.received++;
    write_rollup(province_unit(), TH_BRANCH_ALL, &layout, &rollup);
    cr_assert_not(agrees(th_recovery_case_book(&made)));
    rollup.counts.received--;
    write_rollup(province_unit(), TH_BRANCH_ALL, &layout, &rollup);
    cr_assert(agrees(th_recovery_case_book(&made)));
}

Test(recount, a_sum_that_is_wrong_is_seen)
{
    struct th_rollup_layout layout;
    struct th_rollup rollup;
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    read_rollup(&layout, &rollup);
    cr_assert_eq(rollup.cells[layout.cells_at[made.province.asked]], 5);
    rollup.cells[layout.cells_at[made.province.asked]] = 6;
    write_rollup(province_unit(), TH_BRANCH_ALL, &layout, &rollup);
    cr_assert_not(agrees(th_recovery_case_book(&made)));
}

Test(recount, a_number_of_reports_that_is_wrong_is_seen)
{
    struct th_rollup_layout layout;
    struct th_rollup rollup;
    (void)th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    read_rollup(&layout, &rollup);
    cr_assert_eq(rollup.reported[made.province.asked], 1);
    rollup.reported[made.province.asked] = 2;
    write_rollup(province_unit(), TH_BRANCH_ALL, &layout, &rollup);
    cr_assert_not(agrees(th_recovery_case_book(&made)));
}

Test(recount, a_rollup_that_should_not_be_there_is_seen)
{
    struct th_rollup_layout layout;
    struct th_rollup rollup;
    uint32_t unit = 0;
    read_rollup(&layout, &rollup);
    cr_assert(th_core_find_unit(th_driver_core(made.driver), th_text_of(made.officer.unit),
                                th_day_of_instant(th_recovery_case_may_day.wall), &unit));
    cr_assert(agrees(th_recovery_case_book(&made)));
    write_rollup(unit, TH_BRANCH_BODIES, &layout, &rollup); /* of a commune: nothing is below it */
    cr_assert_not(agrees(th_recovery_case_book(&made)));
}
