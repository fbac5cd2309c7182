/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/world.h"

#include <criterion/criterion.h>

static struct world world;

static void stop(void)
{
    world_deinit(&world);
}

TestSuite(core_clock, .fini = stop);

#define HOUR_MS INT64_C(3600000)

static const struct th_entry *entry(size_t nth)
{
    const struct th_effect *effect = world_effect(&world, TH_EFFECT_APPEND, nth);
    cr_assert_not_null(effect);
    return &effect->body.append;
}

static void tick(void)
{
    world_tick_at(&world, world.now.wall);
}

static enum th_verdict send(struct sent_report sent)
{
    return world_send(&world, &sent, 1)->kind;
}

static int answer_to(struct th_event event)
{
    cr_assert_eq(world_step(&world, event), 0);
    return world_answer(&world)->body.answer.status;
}

Test(core_clock, a_minute_apart_is_still_steady_and_more_is_suspect)
{
    world_init(&world, TH_MODE_LIVE);
    world.now.wall.ms += 60000;
    tick();
    cr_assert_eq(world.effects.count, 0);
    world.now.wall.ms += 1;
    tick();
    cr_assert_eq(entry(0)->body.clock_change.kind, TH_CLOCK_DOUBTED);
    cr_assert_eq(entry(0)->clock, TH_CLOCK_SUSPECT);
    cr_assert_eq(th_core_clock_status(world.core), TH_CLOCK_SUSPECT);
    th_instant next;
    cr_assert_not(th_core_next_due(world.core, &next));
}

Test(core_clock, a_jump_forward_does_not_push_the_journal_into_the_future)
{
    world_init(&world, TH_MODE_LIVE);
    th_instant right = world.now.wall;
    world.now.wall.ms += 90 * TH_DAY_MS;
    cr_assert_eq(send(A_REPORT(.unit = U_A1)), TH_VERDICT_ACCEPTED);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.received.ms, right.ms);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.timeliness, TH_TIMELINESS_UNDECIDED);
    cr_assert_eq(world.closings_count, 0);
    world.now.wall = right;
    world_pass(&world, HOUR_MS);
    tick();
    cr_assert_eq(entry(0)->body.clock_change.kind, TH_CLOCK_SETTLED);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.timeliness, TH_TIMELINESS_ON_TIME);
}

Test(core_clock, time_never_goes_back)
{
    world_init(&world, TH_MODE_LIVE);
    send(A_REPORT(.unit = U_A1));
    th_instant last = world.clock.time;
    world.now.wall.ms -= TH_DAY_MS;
    send(A_REPORT(.unit = U_A2));
    cr_assert_geq(world.clock.time.ms, last.ms);
}

Test(core_clock, a_closing_waits_for_the_operator_and_sees_the_past)
{
    world_init(&world, TH_MODE_LIVE);
    send(A_REPORT(.unit = U_A1, .a = 3));
    world_tick_at(&world, (th_instant){world.half_due.ms - HOUR_MS});
    world.now.wall.ms += TH_DAY_MS;
    tick();
    world_pass(&world, 2 * HOUR_MS); /* the due instant passes by boottime */
    cr_assert_eq(send(A_REPORT(.unit = U_A2)), TH_VERDICT_ACCEPTED);
    cr_assert_eq(send(A_REPORT(.unit = U_A1, .revision = 2, .a = 9, .b = 8)), TH_VERDICT_ACCEPTED);
    cr_assert_eq(world.closings_count, 0);
    cr_assert_eq(answer_to((struct th_event){.kind = TH_EVENT_CLOCK_ACCEPT}), 0);
    cr_assert_eq(entry(0)->body.clock_change.kind, TH_CLOCK_ACCEPTED);
    cr_assert_eq(entry(1)->kind, TH_ENTRY_CLOSING);
    cr_assert_eq(entry(1)->body.closing.received, 1);
    cr_assert(world_answer(&world)->body.answer.journalled);
    cr_assert_eq(world_answer(&world)->body.answer.position, entry(0)->position);
    cr_assert_eq(world_row(&world, OB_HALF, U_A2, 0)->row.timeliness, TH_TIMELINESS_LATE);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.timeliness, TH_TIMELINESS_ON_TIME);
    for (size_t i = 0; i < world.closings_count; i++)
        if (world.closings[i].unit == U_64 && world.closings[i].branch == TH_BRANCH_ALL)
            cr_assert(world.closings[i].rollup.cells[0] == 3);
}

Test(core_clock, a_jump_that_the_operator_accepts_is_the_time_from_its_entry_on)
{
    world_init(&world, TH_MODE_LIVE);
    world_pass(&world, TH_DAY_MS);
    world.now.wall.ms += 2 * TH_DAY_MS;
    tick();
    cr_assert_lt(world.clock.time.ms, world.now.wall.ms);
    cr_assert_eq(answer_to((struct th_event){.kind = TH_EVENT_CLOCK_ACCEPT}), 0);
    cr_assert_eq(entry(0)->time.ms, world.now.wall.ms);
    cr_assert_eq(entry(0)->clock, TH_CLOCK_STEADY);
    cr_assert_eq(th_core_clock_status(world.core), TH_CLOCK_STEADY);
    world_pass(&world, HOUR_MS);
    tick();
    cr_assert_eq(world.effects.count, 0, "it stays steady");
}

Test(core_clock, a_wall_before_the_last_entry_after_a_restart_is_suspect)
{
    world_init(&world, TH_MODE_LIVE);
    world_reload(&world);
    world.now = (struct th_reading){{world.clock.time.ms - 2000}, 5};
    tick();
    cr_assert_eq(world.effects.count, 0);
    world_reload(&world);
    world.now = (struct th_reading){{world.clock.time.ms - 2001}, 5};
    tick();
    cr_assert_eq(entry(0)->body.clock_change.kind, TH_CLOCK_DOUBTED);
    cr_assert_eq(th_core_clock_status(world.core), TH_CLOCK_SUSPECT);
}

Test(core_clock, after_a_restart_a_jump_is_seen_as_before_it)
{
    world_init(&world, TH_MODE_LIVE);
    world_reload(&world);
    world.now.boottime_ms = 5;
    tick();
    cr_assert_eq(world.effects.count, 0);
    world.now.wall.ms += 60001;
    tick();
    cr_assert_eq(entry(0)->body.clock_change.kind, TH_CLOCK_DOUBTED);
}

Test(core_clock, what_was_undecided_is_late_from_the_due_instant_on)
{
    world_init(&world, TH_MODE_LIVE);
    world_tick_at(&world, (th_instant){world.half_due.ms - 1});
    world.now.wall.ms += TH_DAY_MS;
    cr_assert_eq(send(A_REPORT(.unit = U_A1)), TH_VERDICT_ACCEPTED);
    world_pass(&world, 1);
    cr_assert_eq(send(A_REPORT(.unit = U_A2)), TH_VERDICT_ACCEPTED);
    cr_assert_eq(world_row(&world, OB_HALF, U_A2, 0)->row.timeliness, TH_TIMELINESS_UNDECIDED);
    world.now.wall.ms -= TH_DAY_MS;
    tick();
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(world_row(&world, OB_HALF, U_A2, 0)->row.timeliness, TH_TIMELINESS_LATE);
}

Test(core_clock, a_live_clock_cannot_be_set_and_a_steady_one_not_accepted)
{
    world_init(&world, TH_MODE_LIVE);
    struct th_event set = {.kind = TH_EVENT_CLOCK_SET, .body.clock.to = world.half_due};
    cr_assert_eq(answer_to(set), TH_E_FORBIDDEN);
    cr_assert_eq(answer_to((struct th_event){.kind = TH_EVENT_CLOCK_ACCEPT}), TH_E_INVALID);
}

Test(core_clock, a_rehearsal_stands_still_until_it_is_set)
{
    world_init(&world, TH_MODE_REHEARSAL);
    th_instant begin = world.clock.time;
    world_pass(&world, 300 * TH_DAY_MS);
    cr_assert_eq(send(A_REPORT(.unit = U_A1)), TH_VERDICT_ACCEPTED);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.received.ms, begin.ms);
    struct th_event set = {.kind = TH_EVENT_CLOCK_SET,
                           .body.clock.to = {world.half_due.ms + HOUR_MS}};
    cr_assert_eq(answer_to(set), 0);
    /* Two reminders, the closing, each at its own instant, then the clock. */
    cr_assert_eq(world_count(&world, TH_EFFECT_APPEND), 4);
    cr_assert_eq(entry(0)->kind, TH_ENTRY_REMINDER);
    cr_assert_eq(entry(2)->kind, TH_ENTRY_CLOSING);
    cr_assert_eq(entry(2)->time.ms, world.half_due.ms);
    cr_assert_eq(entry(3)->body.clock_change.kind, TH_CLOCK_REHEARSED);
    set.body.clock.to = begin;
    cr_assert_eq(answer_to(set), TH_E_RANGE);
    cr_assert_eq(th_core_time(world.core, world.now).ms, world.half_due.ms + HOUR_MS);
}
