/* SPDX-License-Identifier: Apache-2.0 */
/* A fold of what was prepared ahead of it, and the rollups that it makes when they are asked for.
 */
#include "aggregator/core/state.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct world *live, *copy;

static void start(void)
{
    live = calloc(1, sizeof *live);
    copy = calloc(1, sizeof *copy);
    world_init(live, TH_MODE_LIVE);
}

static void stop(void)
{
    world_deinit(live);
    if (copy->core != NULL)
        world_deinit(copy);
    free(live);
    free(copy);
}

TestSuite(core_prepare, .init = start, .fini = stop);

#define ENTRY_AT(at) (live->journal[at])

static uint64_t send(struct sent_report sent)
{
    cr_assert_eq(world_send(live, &sent, 1)->kind, TH_VERDICT_ACCEPTED);
    return world_answer(live)->body.answer.position;
}

/* A world just before an entry. */
static void fold_until(uint64_t position)
{
    if (copy->core != NULL)
        world_deinit(copy);
    cr_assert_eq(world_fold(live, position, copy), 0);
}

static void expect_same(void)
{
    const char *differs = world_differs(live, copy);
    cr_assert_null(differs, "%s", differs);
}

/* As the entry of a position was prepared by another core with so many plans. */
static int prepare(uint64_t position, uint16_t plans_count, struct th_prepared *ret_prepared)
{
    const struct world_entry *entry = &ENTRY_AT(position);
    return th_core_prepare(live->core, plans_count, &entry->entry,
                           entry->content.body.submission.submission, &live->arena, ret_prepared);
}

Test(core_prepare, what_was_prepared_ahead_folds_to_the_same)
{
    struct th_prepared prepared;
    uint64_t first = send((struct sent_report)A_REPORT(.unit = U_A1));
    uint64_t next = send((struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2));
    fold_until(first);
    for (uint64_t at = first; at <= next; at++) {
        const struct world_entry *entry = &ENTRY_AT(at);
        cr_assert_eq(prepare(at, 1, &prepared), 0);
        cr_assert_eq(prepared.count, 1);
        world_reset_batch(copy);
        cr_assert_eq(th_core_fold_prepared(copy->core, &entry->entry, &entry->content, &prepared,
                                           &copy->effects),
                     0);
        world_apply(copy);
        copy->journal[copy->next_position] = *entry;
        copy->next_position++;
    }
    expect_same();
}

Test(core_prepare, nothing_is_prepared_for_a_plan_that_is_not_there_yet)
{
    struct th_prepared prepared;
    uint64_t position = send((struct sent_report)A_REPORT(.unit = U_A1));
    cr_assert_eq(prepare(position, 0, &prepared), TH_E_CORRUPT);
    cr_assert_eq(prepare(position, 1, &prepared), 0);
}

Test(core_prepare, rollups_are_as_closed_until_a_unit_comes)
{
    const struct th_book_id half = {0, OB_HALF};
    send((struct sent_report)A_REPORT(.unit = U_A1));
    world_tick_at(live, (th_instant){live->half_due.ms + 1});
    uint64_t closed = live->next_position;
    cr_assert_eq(ENTRY_AT(closed - 1).entry.kind, TH_ENTRY_CLOSING);
    fold_until(closed - 1);
    cr_assert_not(th_core_is_as_closed(copy->core, half));
    fold_until(closed);
    cr_assert(th_core_is_as_closed(copy->core, half));
    th_core_drop_rollups(copy->core, half);
    expect_same(); /* they are made again */
    struct th_unit unit = live->units[U_A1];
    unit.code = unit.name = "c1";
    live->units[live->units_count] = unit;
    world_reset_batch(live);
    cr_assert_eq(world_step(live, (struct th_event){.kind = TH_EVENT_UNITS,
                                                    .body.units = {.units = &unit, .count = 1}}),
                 0);
    fold_until(live->next_position);
    expect_same();
    cr_assert_not(th_core_is_as_closed(copy->core, half));
}
