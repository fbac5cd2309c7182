/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a step is refused in turn: the state is as before, then the step succeeds. */
#include "aggregator/core/state.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;

static void stop(void)
{
    world_deinit(&world);
}

TestSuite(core_memory, .fini = stop);

/* What a step that fails must leave as it was, beside the books. */
struct kept {
    struct th_clock_row clock;
    uint64_t position;
    struct th_recovery_row recovery;
    struct th_origin realm;
    size_t origins_count;
    uint16_t log_keys_count;
    uint32_t keys_count;
    struct th_key_row keys[WORLD_UNITS];
    struct th_mark mark;
};

static void keep(struct kept *kept)
{
    const struct th_core *core = world.core;
    memset(kept, 0, sizeof *kept);
    kept->clock = core->clock;
    kept->position = core->next_position;
    kept->recovery = core->recovery;
    kept->realm = core->realm;
    kept->origins_count = core->origins_count;
    kept->log_keys_count = core->log_keys_count;
    kept->keys_count = core->keys_count;
    cr_assert_leq(core->keys_count, WORLD_UNITS);
    memcpy(kept->keys, core->keys, core->keys_count * sizeof *core->keys);
    kept->mark = *th_core_mark(core, (struct th_book_id){0, OB_HALF});
}

static void check_kept(const struct kept *kept)
{
    const struct th_core *core = world.core;
    const struct th_mark *mark = th_core_mark(core, (struct th_book_id){0, OB_HALF});
    cr_assert_eq(memcmp(&kept->clock, &core->clock, sizeof core->clock), 0);
    cr_assert_eq(kept->position, core->next_position);
    cr_assert_eq(kept->recovery.is_open, core->recovery.is_open);
    cr_assert_eq(kept->recovery.began_at, core->recovery.began_at);
    cr_assert_eq(memcmp(&kept->realm, &core->realm, sizeof core->realm), 0);
    cr_assert_eq(kept->origins_count, core->origins_count);
    cr_assert_eq(kept->log_keys_count, core->log_keys_count);
    cr_assert_eq(kept->keys_count, core->keys_count);
    cr_assert_eq(memcmp(kept->keys, core->keys, core->keys_count * sizeof *core->keys), 0);
    cr_assert_eq(kept->mark.closed, mark->closed);
    cr_assert_eq(kept->mark.reminded, mark->reminded);
}

/* Refuses the first, the second … until the event gets through; says how many were refused. */
static unsigned sweep_heap(struct th_event event)
{
    event.now = world.now;
    world_load_needs(&world, &event);
    world.effects.count = 0;
    for (unsigned nth = 1;; nth++) {
        struct kept kept;
        keep(&kept);
        size_t taken = world.core->heap.taken_bytes, count = world.effects.count;
        world.core->heap.refuse_at = nth;
        int status = th_core_step(world.core, &event, &world.effects);
        world.core->heap.refuse_at = 0;
        if (status == 0) {
            world_apply(&world);
            return nth - 1;
        }
        cr_assert_eq(status, TH_E_NO_MEMORY);
        check_kept(&kept);
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
        size_t budget = 64 + 64 * (size_t)n;
        th_arena_init(&small, 64, budget);
        struct th_effects effects = {.arena = &small};
        struct kept kept;
        keep(&kept);
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
        check_kept(&kept);
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
    struct sent_report paper = A_REPORT(.unit = U_B1, .digest = 2);
    cr_assert_gt(sweep_heap(world_entering(&world, &paper)), 0);
    struct sent_report other = A_REPORT(.unit = U_B2, .digest = 2);
    cr_assert_gt(sweep_arena(world_entering(&world, &other)), 0);
    cr_assert(world_row(&world, OB_HALF, U_B2, 0)->row.entered);
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

/* The first closing is done when the second one lacks memory: both are done again. */
Test(core_memory, two_closings_of_one_step_are_taken_back_together)
{
    world_init(&world, TH_MODE_LIVE);
    world_pass(&world, world.year_due.ms + 1 - world.now.wall.ms);
    cr_assert_gt(sweep_arena((struct th_event){.kind = TH_EVENT_TICK}), 2);
    cr_assert(world.marks[OB_HALF].closed);
    cr_assert(world.marks[OB_YEAR].closed);
    cr_assert_eq(world.closings_count, 2 * 7);
}

Test(core_memory, the_first_reading_of_a_boot_is_the_first_until_all_memory_is_there)
{
    world_init(&world, TH_MODE_LIVE);
    world_pass(&world, TH_DAY_MS);
    world.now.boottime_ms = 3; /* another boot */
    world_reload(&world);
    struct sent_report sent = A_REPORT(.unit = U_A1);
    cr_assert_gt(sweep_arena(world_submission(&world, &sent, 1)), 2);
    cr_assert_eq(world.clock.status, TH_CLOCK_STEADY);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.received.ms, world.now.wall.ms);
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

Test(core_memory, keys_of_the_log_and_a_recovery_change_nothing_until_all_memory_is_there)
{
    world_init(&world, TH_MODE_LIVE);
    struct th_log_key_body keys[] = {{{"r+1+k", 5}, world.next_position, {NULL, 0}},
                                     {{"r+2+k", 5}, world.next_position + 9, {NULL, 0}},
                                     {{"r2+3+k", 6}, world.next_position + 1, {NULL, 0}}};
    struct th_event rotate = {.kind = TH_EVENT_ROTATE, .body.rotate.key = keys[0]};
    cr_assert_gt(sweep_arena(rotate), 0);
    struct th_event recover = {.kind = TH_EVENT_RECOVER,
                               .body.recover = {.keys = keys + 1, .keys_count = 2}};
    cr_assert_gt(sweep_arena(recover), 0);
    cr_assert(th_core_recovery(world.core)->is_open);
    cr_assert_eq(world.log_keys_count, 4);
    world_pass(&world, world.half_due.ms - world.now.wall.ms);
    cr_assert_gt(sweep_arena((struct th_event){.kind = TH_EVENT_END_RECOVERY}), 2);
    cr_assert(world.marks[OB_HALF].closed);
    cr_assert_not(th_core_recovery(world.core)->is_open);
}

Test(core_memory, a_revocation_and_a_readmission_change_nothing_until_all_memory_is_there)
{
    world_init(&world, TH_MODE_LIVE);
    struct th_event revoke = {.kind = TH_EVENT_REVOKE,
                              .body.revoke = {.unit = {"a1", 2}, .sign_key = world_key(U_A1)}};
    cr_assert_gt(sweep_arena(revoke), 0);
    struct sent_report sent = A_REPORT(.unit = U_A1);
    struct th_event event = world_submission(&world, &sent, 1);
    const struct th_event_submission submission = event.body.submission;
    struct th_judgement judgement = {.obligation = {"half", 4},
                                     .revision = 1,
                                     .report_digest =
                                         submission.submission->header.report_digests[0],
                                     .verdict = TH_VERDICT_ACCEPTED,
                                     .accepted = true,
                                     .has_due = true,
                                     .due = world.half_due,
                                     .timeliness = TH_TIMELINESS_ON_TIME};
    struct th_leaf leaf = {
        .kind = TH_ENTRY_SUBMISSION, .judgements = &judgement, .judgements_count = 1};
    event.kind = TH_EVENT_READMISSION;
    event.body.readmission = (struct th_event_readmission){
        .submission = submission.submission, .peer_unit = submission.peer_unit, .leaf = &leaf};
    cr_assert_gt(sweep_heap(event), 1);
    judgement.report_digest.bytes[0] = 2;
    judgement.revision = 2;
    sent = (struct sent_report)A_REPORT(.unit = U_A1, .revision = 2, .digest = 2);
    struct th_event next = world_submission(&world, &sent, 1);
    event.body.readmission.submission = next.body.submission.submission;
    cr_assert_gt(sweep_arena(event), 2);
    cr_assert_eq(world_row(&world, OB_HALF, U_A1, 0)->row.revision, 2);
}
