/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a submission names, asking for its memory ahead touches nothing that is not there. */
#include "aggregator/core/state.h"
#include "tests/support/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;

static void set_up(void)
{
    world_init(&world, TH_MODE_LIVE);
}

static void tear_down(void)
{
    world_deinit(&world);
}

TestSuite(core_foresee, .init = set_up, .fini = tear_down);

/* All stages, in order. */
static struct th_core_foresight foresee(const struct th_event *event)
{
    struct th_core_foresight foresight = {0};
    for (unsigned stage = 0; stage < TH_CORE_FORESIGHTS; stage++)
        th_core_foresee_submission(world.core, &event->body.submission, stage, &foresight);
    return foresight;
}

static struct th_event a_submission(uint32_t unit, const char *plan)
{
    const struct sent_report sent = A_REPORT(.unit = unit, .plan = plan);
    return world_submission(&world, &sent, 1);
}

Test(core_foresee, the_row_of_a_report_is_known_before_it_is_stepped)
{
    struct th_event event = a_submission(U_A2, NULL);
    struct th_core_foresight foresight = foresee(&event);
    cr_assert(foresight.is_known);
    cr_assert(foresight.book.plan == 0 && foresight.book.obligation == OB_HALF);
    cr_assert(foresight.unit == U_A2 && foresight.number == 0);
    cr_assert_eq(world_step(&world, event), 0);
    event = a_submission(U_A2, NULL); /* now there is a row */
    cr_assert(foresee(&event).is_known);
    cr_assert_eq(world_step(&world, event), 0);
    cr_assert_eq(world_answer(&world)->body.answer.verdicts[0].kind, TH_VERDICT_DUPLICATE);
}

Test(core_foresee, nothing_is_known_of_other_plans_and_keys_or_without_reports)
{
    struct th_event event = a_submission(U_A1, "none");
    cr_assert_not(foresee(&event).is_known);
    event = a_submission(U_A1, NULL);
    struct th_submission changed = *event.body.submission.submission;
    event.body.submission.submission = &changed;
    changed.header.reports_count = 0;
    changed.reports = NULL;
    changed.header.report_digests = NULL;
    cr_assert_not(foresee(&event).is_known);
    event = a_submission(U_A1, NULL);
    changed = *event.body.submission.submission;
    event.body.submission.submission = &changed;
    memset(changed.header.key.bytes, 0xEE, sizeof changed.header.key.bytes);
    cr_assert_not(foresee(&event).is_known);
}

Test(core_foresee, what_was_learnt_of_a_plan_or_unit_that_is_gone_is_left_alone)
{
    const struct th_event event = a_submission(U_A1, NULL);
    struct th_core_foresight gone[] = {{true, {9, 0}, U_A1, 0},
                                       {true, {0, OB_COUNT}, U_A1, 0},
                                       {true, {0, OB_HALF}, WORLD_UNITS + 4, 0}};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++)
        for (unsigned stage = 4; stage < TH_CORE_FORESIGHTS; stage++)
            th_core_foresee_submission(world.core, &event.body.submission, stage, &gone[i]);
    cr_assert_eq(world_step(&world, event), 0);
    cr_assert_eq(world_answer(&world)->body.answer.verdicts[0].kind, TH_VERDICT_ACCEPTED);
}
