/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/world.h"

#include <criterion/criterion.h>

static struct world world;

static void start(void)
{
    world_init(&world, TH_MODE_LIVE);
}

static void stop(void)
{
    world_deinit(&world);
}

TestSuite(core_timers, .init = start, .fini = stop);

#define HOUR_MS INT64_C(3600000)

/* 08:00 on the day that is `days` before the due day. */
static th_instant reminder(int days)
{
    return (th_instant){world.half_due.ms - days * TH_DAY_MS + 8 * HOUR_MS};
}

static void send(struct sent_report sent)
{
    cr_assert_eq(world_send(&world, &sent, 1)->kind, TH_VERDICT_ACCEPTED);
}

Test(core_timers, the_first_reminder_names_who_is_missing)
{
    send(A_REPORT(.unit = U_A1));
    th_instant next;
    cr_assert(th_core_next_due(world.core, &next));
    cr_assert_eq(next.ms, reminder(7).ms);
    world_tick_at(&world, (th_instant){reminder(7).ms - 1});
    cr_assert_eq(world.effects.count, 0);
    world_tick_at(&world, reminder(7));
    const struct th_effect *remind = world_effect(&world, TH_EFFECT_REMIND, 0);
    cr_assert_not_null(remind);
    cr_assert_eq(remind->body.remind.count, 6);
    cr_assert_eq(remind->body.remind.units[0], U_SNV);
    world_tick_at(&world, (th_instant){reminder(7).ms + HOUR_MS});
    cr_assert_eq(world.effects.count, 0);
}

Test(core_timers, of_missed_reminders_only_the_latest_is_sent)
{
    world_tick_at(&world, (th_instant){reminder(1).ms + HOUR_MS});
    cr_assert_eq(world_count(&world, TH_EFFECT_REMIND), 1);
    cr_assert_eq(world_effect(&world, TH_EFFECT_REMIND, 0)->body.remind.instant.ms, reminder(1).ms);
}

Test(core_timers, nobody_is_reminded_after_the_due_instant)
{
    world_tick_at(&world, world.half_due);
    cr_assert_eq(world_count(&world, TH_EFFECT_REMIND), 0);
    cr_assert_eq(world_count(&world, TH_EFFECT_APPEND), 1);
    cr_assert_eq(world_effect(&world, TH_EFFECT_APPEND, 0)->body.append.kind, TH_ENTRY_CLOSING);
}

Test(core_timers, when_all_have_reported_the_reminder_tells_nobody)
{
    for (uint32_t unit = U_A1; unit <= U_B3; unit++)
        send(A_REPORT(.unit = unit));
    send(A_REPORT(.unit = U_SNV));
    world_tick_at(&world, reminder(7));
    cr_assert_eq(world_effect(&world, TH_EFFECT_APPEND, 0)->body.append.body.reminding.missing, 0);
    cr_assert_eq(world_count(&world, TH_EFFECT_REMIND), 0);
}

Test(core_timers, the_closing_sees_what_came_before_the_instant)
{
    send(A_REPORT(.unit = U_A1));
    world_tick_at(&world, (th_instant){world.half_due.ms - 1});
    /* The next event is stamped after the instant: the closing comes first. */
    world_pass(&world, 2 * HOUR_MS);
    send(A_REPORT(.unit = U_A2));
    const struct th_entry *entry = &world_effect(&world, TH_EFFECT_APPEND, 0)->body.append;
    cr_assert_eq(entry->kind, TH_ENTRY_CLOSING);
    cr_assert_eq(entry->time.ms, world.now.wall.ms);
    cr_assert_eq(entry->body.closing.instant.ms, world.half_due.ms);
    cr_assert_eq(entry->body.closing.expected, 7);
    cr_assert_eq(entry->body.closing.received, 1);
    cr_assert_eq(world_effect(&world, TH_EFFECT_APPEND, 1)->body.append.kind, TH_ENTRY_SUBMISSION);
    /* The province and 622 and 623, each with two branches, and the province's bodies. */
    cr_assert_eq(world_count(&world, TH_EFFECT_PUT_CLOSING), 7);
    cr_assert_eq(world_row(&world, OB_HALF, U_A2, 0)->row.timeliness, TH_TIMELINESS_LATE);
}

Test(core_timers, a_closing_that_was_missed_while_down_is_made_once_after_the_reload)
{
    send(A_REPORT(.unit = U_A1));
    world_pass(&world, world.half_due.ms + 5 * TH_DAY_MS - world.now.wall.ms);
    world.now.boottime_ms = 3; /* another boot */
    world_reload(&world);
    world_tick_at(&world, world.now.wall);
    cr_assert_eq(world_count(&world, TH_EFFECT_APPEND), 1);
    world_reload(&world);
    world_tick_at(&world, world.now.wall);
    cr_assert_eq(world.effects.count, 0);
}

Test(core_timers, open_ended_suspended_and_undated_obligations_have_no_timers)
{
    world_tick_at(&world, (th_instant){world.year_due.ms + 1});
    cr_assert_eq(world_count(&world, TH_EFFECT_APPEND), 2);
    cr_assert_eq(world_effect(&world, TH_EFFECT_PUT_MARK, 0)->book.obligation, OB_HALF);
    cr_assert_eq(world_effect(&world, TH_EFFECT_PUT_MARK, 1)->book.obligation, OB_YEAR);
    th_instant next;
    cr_assert_not(th_core_next_due(world.core, &next));
}

static size_t closings_of(enum world_obligation obligation)
{
    size_t count = 0;
    for (size_t i = 0; i < world.closings_count; i++)
        count += world.closings[i].book.obligation == obligation;
    return count;
}

Test(core_timers, each_obligation_has_its_own_closing)
{
    world_tick_at(&world, (th_instant){world.year_due.ms + 1});
    cr_assert_eq(closings_of(OB_HALF), 7);
    cr_assert_eq(closings_of(OB_YEAR), 7);
}

/* Departments are not asked, and the closing says so: nobody has to ask whether it forgot them. */
Test(core_timers, the_province_is_closed_in_both_branches_whoever_is_asked)
{
    static const struct th_digest digest = {{78}};
    static struct th_obligation obligation;
    static struct th_plan plan;
    obligation = world.plan.obligations[OB_YEAR];
    obligation.quoted.who = (struct th_selector){.levels = UINT32_C(1) << TH_LEVEL_COMMUNE};
    obligation.due = (th_instant){world.half_due.ms - 30 * TH_DAY_MS};
    plan = world.plan;
    plan.id = "communes";
    plan.obligations = &obligation;
    plan.obligations_count = 1;
    struct th_event event = {.kind = TH_EVENT_PLAN, .body.plan = {&plan, digest, {NULL, 0}}};
    cr_assert_eq(world_step(&world, event), 0);
    world_tick_at(&world, obligation.due);
    cr_assert_eq(world_count(&world, TH_EFFECT_PUT_CLOSING), 7);
    size_t bodies = 0;
    for (size_t i = 0; i < 7; i++) {
        const struct th_effect *effect = world_effect(&world, TH_EFFECT_PUT_CLOSING, i);
        cr_assert_eq(effect->book.plan, 1);
        if (effect->body.closing.branch != TH_BRANCH_BODIES)
            continue;
        cr_assert_eq(effect->body.closing.unit, U_64);
        cr_assert_eq(effect->body.closing.rollup.counts.expected, 0);
        bodies++;
    }
    cr_assert_eq(bodies, 1);
}

Test(core_timers, a_plan_that_comes_between_two_reminders_has_the_second_alone)
{
    world.plan_loaded_at = reminder(7);
    world_reload(&world);
    world_tick_at(&world, (th_instant){reminder(7).ms + HOUR_MS});
    cr_assert_eq(world.effects.count, 0);
    world_tick_at(&world, reminder(1));
    cr_assert_eq(world_count(&world, TH_EFFECT_REMIND), 1);
    cr_assert_eq(world_effect(&world, TH_EFFECT_REMIND, 0)->body.remind.instant.ms, reminder(1).ms);
}

Test(core_timers, a_plan_that_is_loaded_late_has_no_old_timers)
{
    world.plan_loaded_at = world.half_due;
    world_reload(&world);
    world_tick_at(&world, (th_instant){world.half_due.ms + HOUR_MS});
    cr_assert_eq(world.effects.count, 0);
}
