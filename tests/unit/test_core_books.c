/* SPDX-License-Identifier: Apache-2.0 */
/* What the core keeps so that it need not be found for every report: against the plain search. */
#include "aggregator/core/state.h"
#include "proto/model/packed.h"
#include "proto/model/related.h"
#include "tests/support/random.h"
#include "tests/support/world.h"
#include "tests/support/world_journal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define PLANS       6
#define OBLIGATIONS 9

static struct world world;

static void set_up(void)
{
    world_init(&world, TH_MODE_LIVE);
}

static void tear_down(void)
{
    world_deinit(&world);
}

TestSuite(core_books, .init = set_up, .fini = tear_down);

/* ---- related books ---- */

static const struct th_plan *plans[PLANS + 1]; /* the world's own, then those that were added */
static uint16_t plans_count;

static void expect_book(const struct th_book *book, const struct th_plan *plan,
                        const struct th_obligation *obligation)
{
    if (obligation == NULL) {
        cr_assert_null(book);
        return;
    }
    cr_assert_not_null(book);
    cr_assert_eq(plans[book->id.plan], plan);
    cr_assert_eq(&plan->obligations[book->id.obligation], obligation);
}

/* Returns how many are related. */
static unsigned check_related(void)
{
    unsigned count = 0;
    cr_assert_eq(world.core->plans_count, plans_count);
    for (uint16_t plan = 0; plan < plans_count; plan++)
        for (uint16_t i = 0; i < plans[plan]->obligations_count; i++) {
            const struct th_book *book = &world.core->plans[plan].books[i];
            struct th_related_obligations found;
            th_related_find(plans, plans_count, plans[plan], &plans[plan]->obligations[i], &found);
            expect_book(book->half_year, found.half_year_plan, found.half_year);
            expect_book(book->previous_year, found.previous_year_plan, found.previous_year);
            expect_book(book->previous_same, found.previous_same_plan, found.previous_same);
            count += (book->half_year != NULL) + (book->previous_year != NULL) +
                     (book->previous_same != NULL);
        }
    return count;
}

static void make_plan(struct random *random, int n, struct th_plan *ret_plan,
                      struct th_obligation obligations[OBLIGATIONS])
{
    static const char *const periods[] = {"2023",    "2024",    "2025",    "2024-H1", "2025-H1",
                                          "2025-H2", "2024-Q2", "2025-Q2", "2025-06", ""};
    static const char *const ids[PLANS] = {"p0", "p1", "p2", "p3", "p4", "p5"};
    static const char *const own_ids[OBLIGATIONS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    *ret_plan = world.plan;
    ret_plan->id = ids[n];
    if (random_below(random, 5) == 0)
        ret_plan->territory = "622";
    if (random_below(random, 5) == 0)
        ret_plan->catalogue.id = "other";
    for (int i = 0; i < OBLIGATIONS; i++) {
        bool has_series = random_below(random, 5) > 0;
        obligations[i] =
            (struct th_obligation){.id = own_ids[i],
                                   .period = periods[random_below(random, 10)],
                                   .open_ended = random_below(random, 8) == 0,
                                   .quoted = {.present = has_series ? TH_TERM_SERIES : 0,
                                              .series = random_below(random, 3) == 0 ? "t" : "s"}};
    }
    ret_plan->obligations = obligations;
    ret_plan->obligations_count = OBLIGATIONS;
}

Test(core_books, related_ones_are_those_that_the_rule_finds_whatever_plans_come_and_go)
{
    static struct th_plan made[PLANS];
    static struct th_obligation obligations[PLANS][OBLIGATIONS];
    struct random random = {4};
    unsigned related = 0;
    plans[0] = &world.plan;
    plans_count = 1;
    for (int round = 0; round < 400; round++) {
        bool adds = plans_count == 1 || (plans_count <= PLANS && random_below(&random, 3) > 0);
        if (adds) {
            int n = plans_count - 1;
            make_plan(&random, n, &made[n], obligations[n]);
            cr_assert_eq(th_core_add_plan(world.core, &made[n], &world.plan_digest, world.now.wall),
                         0);
            plans[plans_count++] = &made[n];
        } else {
            th_core_drop_plan(world.core);
            plans_count--;
        }
        related += check_related();
    }
    cr_assert_gt(related, 1000);
}

/* ---- obligations by id ---- */

Test(core_books, an_obligation_is_found_by_its_id_as_the_plan_finds_it)
{
    enum { MANY = 200 };
    static char ids[MANY][8];
    static struct th_obligation obligations[MANY];
    struct th_plan plan = world.plan;
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "O-%d", i % 150); /* the last fifty are there twice */
        obligations[i] = (struct th_obligation){.id = ids[i], .period = ""};
    }
    plan.id = "many";
    plan.obligations = obligations;
    plan.obligations_count = MANY;
    cr_assert_eq(th_core_add_plan(world.core, &plan, &world.plan_digest, world.now.wall), 0);
    for (int i = 0; i < 300; i++) {
        char id[8];
        int size = snprintf(id, sizeof id, "O-%d", i);
        uint16_t place = 999;
        const struct th_obligation *expected = th_plan_find(&plan, id, (size_t)size);
        bool found =
            th_plan_slot_find(&world.core->plans[1], (struct th_text){id, (size_t)size}, &place);
        cr_assert_eq(found, expected != NULL, "%s", id);
        cr_assert_eq(place, found ? expected - obligations : 999);
    }
    uint16_t place;
    cr_assert_not(th_plan_slot_find(&world.core->plans[1], (struct th_text){"", 0}, &place));
    th_core_drop_plan(world.core);
}

/* ---- keys ---- */

Test(core_books, keys_that_begin_alike_are_told_apart)
{
    struct th_key_row key = {.unit = U_A1};
    for (uint8_t i = 0; i < 200; i++) {
        memset(key.sign_key.bytes, 0x11, sizeof key.sign_key.bytes);
        key.sign_key.bytes[31] = i;
        cr_assert_null(th_core_find_key(world.core, &key.sign_key));
        key.enrolled_at = i;
        cr_assert_eq(th_core_load_key(world.core, &key), 0);
        cr_assert_eq(th_core_load_key(world.core, &key), TH_E_CORRUPT, "it is there");
    }
    for (uint8_t i = 0; i < 200; i++) {
        key.sign_key.bytes[31] = i;
        cr_assert_eq(th_core_find_key(world.core, &key.sign_key)->enrolled_at, i);
    }
    const struct th_sign_key own = world_key(U_A2);
    cr_assert_eq(th_core_find_key(world.core, &own)->unit, U_A2);
}

/* ---- places ---- */

static struct {
    uint32_t units[16];
    uint32_t received[16];
    size_t count;
} taken;

static int take_all_branches(void *context, struct th_book_id book, uint32_t unit,
                             enum th_branch branch, const struct th_rollup_layout *layout,
                             const struct th_rollup *rollup)
{
    (void)context;
    (void)layout;
    if (book.plan == 0 || branch != TH_BRANCH_ALL)
        return 0;
    taken.units[taken.count] = unit;
    taken.received[taken.count++] = rollup->counts.received;
    return 0;
}

static void put_empty_row(struct th_book_id book, uint32_t unit, uint32_t number)
{
    static const struct th_values none = {NULL, NULL, 0};
    uint8_t bytes[8];
    struct th_row row = {
        .unit = unit, .number = number, .revision = 1, .timeliness = TH_TIMELINESS_UNDATED};
    row.values_size = (uint32_t)th_packed_encode(&none, NULL, 0, bytes);
    row.values = bytes;
    cr_assert_eq(th_core_book_row(world.core, book, &row), 0);
}

/* A unit without others below it has no rollup, but for the territory itself. */
Test(core_books, a_territory_without_units_below_it_has_rollups_of_its_own)
{
    static const struct th_obligation obligation = {
        .id = "own",
        .period = "",
        .quoted = {.present = TH_TERM_WHO, .who = {.levels = UINT32_C(1) << TH_LEVEL_COMMUNE}}};
    const struct th_book_id book = {1, 0};
    struct th_plan plan = world.plan;
    plan.id = "own";
    plan.territory = "a2";
    plan.obligations = &obligation;
    plan.obligations_count = 1;
    cr_assert_eq(th_core_add_plan(world.core, &plan, &world.plan_digest, world.now.wall), 0);
    cr_assert_eq(th_core_book_open(world.core, book), 0);
    put_empty_row(book, U_A2, 0);
    put_empty_row(book, U_A1, 0);
    taken.count = 0;
    cr_assert_eq(th_core_take_dirty(world.core, take_all_branches, NULL), 0);
    cr_assert_eq(taken.count, 3);
    cr_assert(taken.units[0] == U_64 && taken.received[0] == 2);
    cr_assert(taken.units[1] == U_622 && taken.received[1] == 2);
    cr_assert(taken.units[2] == U_A2 && taken.received[2] == 1);
    cr_assert_eq(th_core_take_dirty(world.core, take_all_branches, NULL), 0);
    cr_assert_eq(taken.count, 3, "nothing is dirty any more");
    cr_assert_null(th_rollups_get(&world.core->registry, &th_book_get(world.core, book)->rollups,
                                  U_A1, TH_BRANCH_ALL));
    const struct th_rollup_slot *bodies = th_rollups_get(
        &world.core->registry, &th_book_get(world.core, book)->rollups, U_A2, TH_BRANCH_BODIES);
    cr_assert_not_null(bodies, "of which there are none, and that is said");
    cr_assert_eq(bodies->rollup.counts.received, 0);
    th_core_drop_plan(world.core);
}

/* A unit that is merged into another with its code: two units, one after the other. */
Test(core_books, a_territory_is_the_unit_that_is_there_on_the_plans_day)
{
    const th_day change = th_day_of_date((struct th_civil_date){2025, 7, 1});
    struct th_unit units[2] = {world.units[U_64], world.units[U_64]};
    struct th_registry registry;
    units[0].valid_to = units[1].valid_from = change;
    cr_assert_eq(th_registry_build(&world.core->heap, units, 2, &registry), 0);
    struct th_plan plan = world.plan;
    plan.has_date = true;
    plan.date = (th_day){change.number - 1};
    cr_assert_eq(th_registry_territory(&registry, &plan), 0);
    plan.date = change;
    cr_assert_eq(th_registry_territory(&registry, &plan), 1);
    plan.territory = "65";
    cr_assert_eq(th_registry_territory(&registry, &plan), TH_UNIT_NONE);
    th_registry_deinit(&world.core->heap, &registry);
    cr_assert_eq(th_registry_build(&world.core->heap, &units[1], 1, &registry), 0);
    plan.territory = units[1].code;
    plan.date = (th_day){change.number - 1};
    cr_assert_eq(th_registry_territory(&registry, &plan), 0, "a plan of what is to come");
    th_registry_deinit(&world.core->heap, &registry);
}

/* ---- rows of one unit ---- */

Test(core_books, all_numbers_of_a_unit_are_chained_also_of_units_that_come_later)
{
    const struct th_book_id book = {0, OB_ADHOC};
    for (uint32_t number = 1; number <= 30; number++)
        for (uint32_t unit = U_A1; unit <= U_A3; unit++) {
            struct sent_report sent =
                A_REPORT(.obligation = OB_ADHOC, .unit = unit, .number = number);
            cr_assert_eq(world_send(&world, &sent, 1)->kind, TH_VERDICT_ACCEPTED);
        }
    uint32_t count = 0;
    const struct th_book *found = th_book_get(world.core, book);
    const struct th_row_slot *slot = th_book_first_of(found, U_A2);
    for (; slot != NULL; slot = th_book_next_of(found, slot), count++)
        cr_assert_eq(slot->row.unit, U_A2);
    cr_assert_eq(count, 30);
    cr_assert_null(th_book_first_of(found, U_B1));
    cr_assert_null(th_book_first_of(found, WORLD_UNITS));
    struct th_unit unit = world.units[U_A1];
    unit.code = unit.name = "c1";
    world.units[WORLD_UNITS] = unit;
    struct th_event event = {.kind = TH_EVENT_UNITS, .body.units = {.units = &unit, .count = 1}};
    cr_assert_eq(world_step(&world, event), 0);
    put_empty_row(book, WORLD_UNITS, 7);
    cr_assert_eq(th_book_first_of(found, WORLD_UNITS)->row.number, 7);
}

/* ---- rollups that follow the rows ---- */

#define ROLLUPS_MAX 64

struct listed {
    struct th_rollup rollups[ROLLUPS_MAX];
    size_t count;
};

static int list_half(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                     const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    struct listed *listed = context;
    (void)unit;
    (void)branch;
    if (book.obligation != OB_HALF)
        return 0;
    struct th_rollup *copy = &listed->rollups[listed->count++];
    cr_assert_eq(th_rollup_new(layout, &world.arena, copy), 0);
    th_rollup_copy(layout, rollup, copy);
    return 0;
}

/* What the book has and what its rows give are the same. */
static void expect_counted(void)
{
    const struct th_book_id id = {0, OB_HALF};
    struct listed own = {.count = 0}, made = {.count = 0};
    th_core_book_touch(world.core, id);
    cr_assert_eq(th_core_take_dirty(world.core, list_half, &own), 0);
    cr_assert_eq(th_core_recount(world.core, id, (size_t)1 << 20, list_half, &made), 0);
    cr_assert_eq(own.count, made.count);
    cr_assert_gt(own.count, 4);
    for (size_t i = 0; i < own.count; i++)
        cr_assert(world_same_rollup(th_rollups_layout(world.core, id), &own.rollups[i],
                                    &made.rollups[i]));
    cr_assert_eq(th_book_get(world.core, id)->uncounted_count, 0);
}

static void send_half(uint32_t unit, uint32_t revision, int64_t score, bool estimated)
{
    struct sent_report sent =
        A_REPORT(.unit = unit, .revision = revision, .a = score, .b = score, .c = 0,
                 .has_score = true, .score = score, .estimated = estimated);
    cr_assert_eq(world_send(&world, &sent, 1)->kind, TH_VERDICT_ACCEPTED);
}

Test(core_books, rollups_follow_however_often_a_report_was_corrected)
{
    const struct th_book *book = th_book_get(world.core, (struct th_book_id){0, OB_HALF});
    send_half(U_A2, 1, 5, false);
    for (uint32_t revision = 1; revision <= 3; revision++)
        send_half(U_A1, revision, 9 - revision, revision == 2);
    cr_assert_eq(book->uncounted_count, 2, "each report once");
    expect_counted();
    for (uint32_t revision = 4; revision <= 6; revision++) {
        send_half(U_A1, revision, 12 - revision, revision == 6);
        cr_assert_eq(book->uncounted_count, 1);
    }
    expect_counted();
    struct th_unit unit = world.units[U_A1];
    unit.code = unit.name = "c1";
    world.units[WORLD_UNITS] = unit;
    send_half(U_A1, 7, 3, false);
    struct th_event event = {.kind = TH_EVENT_UNITS, .body.units = {.units = &unit, .count = 1}};
    cr_assert_eq(world_step(&world, event), 0);
    cr_assert_eq(book->uncounted_count, 0, "new units make all rollups anew");
    expect_counted();
}

Test(core_books, more_rows_than_may_wait_are_counted_on_the_way)
{
    const struct th_book_id id = {0, OB_ADHOC};
    const uint32_t rows = 2 * TH_BOOK_UNCOUNTED_MAX + 5;
    struct th_book *book = th_book_get(world.core, id);
    cr_assert_eq(th_core_book_open(world.core, id), 0);
    uint32_t most = 0, times = 0;
    for (uint32_t number = 1; number <= rows; number++) {
        put_empty_row(id, U_A1, number);
        times += book->uncounted_count == 1;
        most = book->uncounted_count > most ? book->uncounted_count : most;
    }
    cr_assert_leq(most, TH_BOOK_UNCOUNTED_MAX);
    cr_assert_geq(most, TH_BOOK_UNCOUNTED_MAX / 2);
    cr_assert_eq(times, 1 + (rows - 1) / most, "counted whenever there were so many");
    th_core_book_close(world.core, id);
    cr_assert_eq(book->uncounted_count, 0);
    cr_assert_eq(th_rollups_get(&world.core->registry, &book->rollups, U_64, TH_BRANCH_ALL)
                     ->rollup.counts.received,
                 rows);
}

/* ---- extremes ---- */

static int64_t score_max;

static int take_score(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                      const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    (void)context;
    if (book.obligation == OB_UNDATED && unit == U_64 && branch == TH_BRANCH_ALL)
        score_max = (int64_t)rollup->cells[layout->cells_at[IND_SCORE] + 2];
    return 0;
}

static struct th_row score_row(uint32_t unit, uint32_t revision, int64_t score, uint8_t bytes[16])
{
    const struct th_values values = {(uint16_t[]){IND_SCORE}, &score, 1};
    return (struct th_row){.unit = unit,
                           .revision = revision,
                           .timeliness = TH_TIMELINESS_UNDATED,
                           .values_size = (uint32_t)th_packed_encode(&values, NULL, 0, bytes),
                           .values = bytes};
}

static void revise(struct th_book *book, uint32_t unit, int64_t score)
{
    struct th_heap *heap = &world.core->heap;
    uint8_t bytes[16];
    struct th_row row = score_row(unit, 2, score, bytes);
    uint8_t *own = th_heap_alloc(heap, row.values_size);
    struct th_old_revision *old = th_heap_alloc(heap, sizeof *old);
    cr_assert(own != NULL && old != NULL);
    memcpy(own, bytes, row.values_size);
    row.values = own;
    th_book_put(world.core, book, &row, old);
}

/* A unit that has others below it may report too: it counts in its own rollup. */
Test(core_books, an_extreme_may_be_the_figure_of_the_unit_itself)
{
    const struct th_book_id id = {0, OB_UNDATED};
    uint8_t own[16], below[16];
    const struct th_row rows[] = {score_row(U_64, 1, 50, own), score_row(U_SNV, 1, 99, below)};
    cr_assert_eq(th_core_book_open(world.core, id), 0);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(th_core_book_row(world.core, id, &rows[i]), 0);
    revise(th_book_get(world.core, id), U_SNV, 10);
    cr_assert_eq(th_core_take_dirty(world.core, take_score, NULL), 0);
    cr_assert_eq(score_max, 50);
}

/* ---- rows as they were ---- */

static size_t count_pasts(const struct th_need *needs, size_t count)
{
    size_t pasts = 0;
    for (size_t i = 0; i < count; i++)
        pasts += needs[i].past;
    return pasts;
}

/* A closing after new units needs it counted again, in their tree. */
Test(core_books, a_past_that_was_counted_for_the_old_units_is_asked_for_again)
{
    const struct th_book_id id = {0, OB_HALF};
    struct th_event event = {.kind = TH_EVENT_TICK};
    struct th_need needs[TH_CORE_NEEDS_MAX];
    cr_assert_eq(th_core_book_open(world.core, id), 0);
    put_empty_row(id, U_A1, 0);
    th_book_get(world.core, id)->rows[0].row.received = world.half_due; /* too late for it */
    cr_assert_eq(th_core_give_past(world.core, id, world.half_due, NULL, 0), 0);
    event.now = world.now;
    event.now.boottime_ms += world.half_due.ms - world.now.wall.ms;
    event.now.wall = world.half_due;
    cr_assert_eq(count_pasts(needs, th_core_needs(world.core, &event, needs)), 0);
    struct th_unit unit = world.units[U_A1];
    unit.code = unit.name = "c1";
    world.units[WORLD_UNITS] = unit;
    cr_assert_eq(world_step(&world, (struct th_event){.kind = TH_EVENT_UNITS,
                                                      .body.units = {.units = &unit, .count = 1}}),
                 0);
    cr_assert_eq(count_pasts(needs, th_core_needs(world.core, &event, needs)), 1);
    world_tick_at(&world, world.half_due);
    cr_assert(th_core_mark(world.core, id)->closed);
}

/* ---- what is still to come ---- */

Test(core_books, what_lacks_falls_with_first_reports_and_ends_with_the_closing)
{
    uint32_t expected, received;
    th_closing_counts(world.core, th_book_get(world.core, (struct th_book_id){0, OB_HALF}),
                      &expected, &received);
    const uint64_t lacking = th_core_lacking(world.core);
    cr_assert_geq(lacking, expected);
    cr_assert_gt(expected, 1);
    send_half(U_A1, 1, 5, false);
    cr_assert_eq(th_core_lacking(world.core), lacking - 1);
    send_half(U_A1, 2, 6, false);
    cr_assert_eq(th_core_lacking(world.core), lacking - 1, "a correction");
    world_tick_at(&world, world.half_due);
    cr_assert_eq(th_core_lacking(world.core), lacking - expected, "nobody is waited for");
}

/* ---- timers ---- */

/* The first timer that is remembered is the one that is found, after every event. */
Test(core_books, the_first_timer_is_known_after_every_step)
{
    for (int day = 0; day < 260; day++) {
        world_pass(&world, TH_DAY_MS);
        world_tick_at(&world, world.now.wall);
        if (day % 40 == 39)
            world_reload(&world);
        th_timers_refresh(world.core);
        const bool has = world.core->has_timer;
        const th_instant first = world.core->first_timer;
        world.core->knows_timer = false;
        th_timers_refresh(world.core);
        cr_assert_eq(world.core->has_timer, has, "%d", day);
        cr_assert_eq(world.core->first_timer.ms, first.ms, "%d", day);
    }
    cr_assert_not(world.core->has_timer, "all have fired");
    cr_assert_gt(world.closings_count, 0);
}
