/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a step is refused in turn: the state is as before, then the step succeeds. */
#include "aggregator/core/state.h"
#include "tests/support/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;

static void stop(void)
{
    world_deinit(&world);
}

TestSuite(core_memory, .fini = stop);

/* Refuses the first, the second … until the event gets through; says how many were refused. */
static unsigned sweep_heap(struct th_event event)
{
    event.now = world.now;
    world_load_needs(&world, &event);
    world.effects.count = 0;
    for (unsigned nth = 1;; nth++) {
        struct th_clock_row clock = world.core->clock;
        uint64_t position = world.core->next_position;
        size_t taken = world.core->heap.taken_bytes, count = world.effects.count;
        world.core->heap.refuse_at = nth;
        int status = th_core_step(world.core, &event, &world.effects);
        world.core->heap.refuse_at = 0;
        if (status == 0) {
            world_apply(&world);
            return nth - 1;
        }
        cr_assert_eq(status, TH_E_NO_MEMORY);
        cr_assert_eq(memcmp(&clock, &world.core->clock, sizeof clock), 0);
        cr_assert_eq(world.core->next_position, position);
        cr_assert_eq(world.effects.count, count);
        /* Room that was made for rows stays; it is a few blocks. */
        cr_assert_lt(world.core->heap.taken_bytes, taken + 100000);
    }
}

/* The same with an arena that is too small by less and less. */
static unsigned sweep_arena(struct th_event event)
{
    event.now = world.now;
    world_load_needs(&world, &event);
    struct th_arena small;
    for (unsigned n = 0;; n++) {
        size_t budget = 64 + 512 * (size_t)n;
        th_arena_init(&small, 64, budget);
        struct th_effects effects = {.arena = &small};
        uint64_t position = world.core->next_position;
        struct th_mark mark = *th_core_mark(world.core, (struct th_book_id){0, OB_HALF});
        int status = th_core_step(world.core, &event, &effects);
        if (status == 0) {
            world.effects = effects;
            world_apply(&world);
            th_arena_deinit(&small);
            world.effects = (struct th_effects){.arena = &world.batch};
            return n;
        }
        cr_assert_eq(status, TH_E_NO_MEMORY);
        cr_assert_eq(effects.count, 0);
        cr_assert_eq(world.core->next_position, position);
        cr_assert_eq(th_core_mark(world.core, (struct th_book_id){0, OB_HALF})->closed,
                     mark.closed);
        th_arena_deinit(&small);
    }
}

Test(core_memory, a_submission_changes_nothing_until_all_memory_is_there)
{
    world_init(&world, TH_MODE_LIVE);
    struct sent_report first[] = {A_REPORT(.unit = U_A1, .has_day = true, .day = 9),
                                  A_REPORT(.unit = U_A1, .obligation = OB_YEAR)};
    cr_assert_gt(sweep_heap(world_submission(&world, first, 2)), 2);
    struct sent_report next = A_REPORT(.unit = U_A1, .revision = 2, .digest = 2);
    cr_assert_eq(sweep_heap(world_submission(&world, &next, 1)), 2);
    cr_assert_gt(sweep_arena(world_submission(&world, first, 2)), 0);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.revision, 2);
}

Test(core_memory, a_closing_and_a_settled_clock_are_taken_back)
{
    world_init(&world, TH_MODE_LIVE);
    struct sent_report sent = A_REPORT(.unit = U_A1);
    world.now.wall.ms += TH_DAY_MS;
    world_send(&world, &sent, 1);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.timeliness, TH_TIMELINESS_UNDECIDED);
    world.now.wall.ms -= TH_DAY_MS;
    world_pass(&world, world.half_due.ms - world.now.wall.ms);
    cr_assert_gt(sweep_arena((struct th_event){.kind = TH_EVENT_TICK}), 2);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.timeliness, TH_TIMELINESS_ON_TIME);
    cr_assert_eq(world.clock.status, TH_CLOCK_STEADY);
    cr_assert(world.marks[OB_HALF].closed);
}

Test(core_memory, units_and_keys_are_added_whole)
{
    world_init(&world, TH_MODE_LIVE);
    struct sent_report sent = A_REPORT(.unit = U_B1);
    world_send(&world, &sent, 1);
    struct th_unit unit = world.units[U_B1];
    unit.code = unit.name = "b4";
    world.units[world.units_count] = unit;
    struct th_event units = {.kind = TH_EVENT_UNITS, .body.units = {.units = &unit, .count = 1}};
    cr_assert_gt(sweep_heap(units), 3);
    cr_assert_eq(th_core_units_count(world.core), WORLD_UNITS + 1);
}
