/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of rollups are a function of the journal: one world keeps its books, another starts
 * anew before every step and a third has every book opened before it. All must hold the same rows.
 */
#include "aggregator/core/state.h"
#include "tests/support/random.h"
#include "tests/support/world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define UNITS_MAX (WORLD_UNITS + 4)
#define HISTORIES 40
#define STEPS     40

enum habit { KEEPS, FORGETS, OPENS_ALL, HABITS };

struct life {
    struct world world;
    struct th_rollup rollups[OB_COUNT][UNITS_MAX][3];
    bool has_rollup[OB_COUNT][UNITS_MAX][3];
};

static int take(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    struct life *life = context;
    struct th_rollup *mine = &life->rollups[book.obligation][unit][branch];
    bool *has = &life->has_rollup[book.obligation][unit][branch];
    if (!*has && th_rollup_new(layout, &life->world.arena, mine) < 0)
        return TH_E_NO_MEMORY;
    th_rollup_copy(layout, rollup, mine);
    *has = true;
    return 0;
}

static void commit(struct life *life)
{
    cr_assert_eq(th_core_take_dirty(life->world.core, take, life), 0);
}

/* As a node's hello or a query of the driver may do, without any event. */
static void open_all(struct world *world)
{
    for (uint16_t i = 0; i < OB_COUNT; i++) {
        struct th_book_id book = {0, i};
        if (th_core_book_is_open(world->core, book))
            continue;
        cr_assert_eq(th_core_book_open(world->core, book), 0);
        for (size_t r = 0; r < world->rows_count; r++)
            if (world->rows[r].book.obligation == i)
                cr_assert_eq(th_core_book_row(world->core, book, &world->rows[r].row), 0);
        for (size_t r = 0; r < world->revisions_count; r++)
            if (world->revisions[r].book.obligation == i)
                cr_assert_eq(
                    th_core_book_revision(world->core, book, &world->revisions[r].revision), 0);
        th_core_book_close(world->core, book);
    }
}

static void prepare(struct life *life, enum habit habit)
{
    if (habit == FORGETS)
        world_reload(&life->world);
    if (habit == OPENS_ALL)
        open_all(&life->world);
}

static void add_unit(struct world *world, const char *code, const char *parent)
{
    struct th_unit unit = world->units[U_A1];
    unit.code = unit.name = code;
    unit.parent_code = parent;
    cr_assert_lt(world->units_count, UNITS_MAX);
    world->units[world->units_count] = unit;
    struct th_event event = {.kind = TH_EVENT_UNITS, .body.units = {.units = &unit, .count = 1}};
    cr_assert_eq(world_step(world, event), 0);
}

static void live(struct life *life, enum habit habit, uint64_t seed)
{
    static const char *const codes[] = {"c1", "c2", "c3", "c4"};
    static const char *const parents[] = {"622", "623", "64", "622"};
    struct random random = {seed};
    size_t added = 0;
    world_init(&life->world, TH_MODE_LIVE);
    commit(life);
    for (int i = 0; i < STEPS; i++) {
        prepare(life, habit);
        uint32_t kind = random_below(&random, 10);
        struct sent_report sent = A_REPORT(.unit = U_A1 + random_below(&random, 6),
                                           .obligation = random_below(&random, 2),
                                           .revision = 1 + random_below(&random, 2),
                                           .digest = 1 + random_below(&random, 5), .has_day = true,
                                           .day = random_below(&random, 50));
        world_pass(&life->world, TH_DAY_MS);
        if (kind == 0 && added < 4) {
            add_unit(&life->world, codes[added], parents[added]);
            added++;
        } else if (kind < 3) {
            world_tick_at(&life->world, life->world.now.wall);
        } else {
            (void)world_send(&life->world, &sent, 1);
        }
        commit(life);
    }
}

static bool same(const struct life *a, const struct life *b)
{
    const struct th_rollup_layout *layout = &a->world.core->plans[0].layout;
    for (int ob = 0; ob < OB_COUNT; ob++)
        for (int unit = 0; unit < UNITS_MAX; unit++)
            for (int branch = 0; branch < 3; branch++) {
                const struct th_rollup *one = &a->rollups[ob][unit][branch];
                const struct th_rollup *other = &b->rollups[ob][unit][branch];
                if (a->has_rollup[ob][unit][branch] != b->has_rollup[ob][unit][branch])
                    return false;
                if (!a->has_rollup[ob][unit][branch])
                    continue;
                if (memcmp(&one->counts, &other->counts, sizeof one->counts) != 0 ||
                    memcmp(one->reported, other->reported,
                           (layout->catalogue->number_max + 1U) * sizeof *one->reported) != 0 ||
                    memcmp(one->cells, other->cells, layout->cells_count * sizeof *one->cells) != 0)
                    return false;
            }
    return true;
}

Test(core_tables, are_the_same_whichever_books_were_open)
{
    struct life *lives = calloc(HABITS, sizeof *lives);
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        for (enum habit habit = KEEPS; habit < HABITS; habit++) {
            memset(&lives[habit], 0, sizeof lives[habit]);
            live(&lives[habit], habit, seed);
        }
        cr_assert(same(&lives[KEEPS], &lives[FORGETS]), "seed %d, forgets", (int)seed);
        cr_assert(same(&lives[KEEPS], &lives[OPENS_ALL]), "seed %d, opens all", (int)seed);
        for (enum habit habit = KEEPS; habit < HABITS; habit++)
            world_deinit(&lives[habit].world);
    }
    free(lives);
}

Test(core_tables, a_new_unit_is_expected_in_books_that_nobody_has_opened)
{
    struct life *life = calloc(1, sizeof *life);
    world_init(&life->world, TH_MODE_LIVE);
    commit(life);
    uint32_t before = life->rollups[OB_YEAR][U_64][TH_BRANCH_ALL].counts.expected;
    cr_assert(life->has_rollup[OB_YEAR][U_64][TH_BRANCH_ALL]);
    world_reload(&life->world);
    add_unit(&life->world, "c1", "622");
    commit(life);
    cr_assert_eq(life->rollups[OB_YEAR][U_64][TH_BRANCH_ALL].counts.expected, before + 1);
    cr_assert_eq(life->rollups[OB_YEAR][U_622][TH_BRANCH_ALL].counts.expected, 4);
    world_deinit(&life->world);
    free(life);
}

Test(core_tables, a_plan_is_added_whole)
{
    struct world world;
    world_init(&world, TH_MODE_LIVE);
    world.plan_is_loaded = false;
    memset(world.has_mark, 0, sizeof world.has_mark);
    world_reload(&world);
    struct th_event event = {.kind = TH_EVENT_PLAN, .now = world.now};
    event.body.plan.plan = &world.plan;
    size_t taken = world.core->heap.taken_bytes;
    unsigned nth = 1;
    for (;; nth++) {
        world.core->heap.refuse_at = nth;
        int status = th_core_step(world.core, &event, &world.effects);
        world.core->heap.refuse_at = 0;
        if (status == 0)
            break;
        cr_assert_eq(status, TH_E_NO_MEMORY);
        cr_assert_eq(world.core->heap.taken_bytes, taken);
        cr_assert_eq(th_core_plans_count(world.core), 0);
    }
    cr_assert_gt(nth, 10);
    cr_assert_eq(th_core_plans_count(world.core), 1);
    world_deinit(&world);
}

/* ---- what is expected ---- */

static struct world world;

/* Units come and go on a day; obligations that end before it, on it and after it ask the same. */
Test(core_tables, who_is_expected_is_of_the_last_day_whichever_obligation_is_opened_first)
{
    world_init(&world, TH_MODE_LIVE);
    const th_day change = th_day_of_date((struct th_civil_date){2025, 7, 1});
    static const uint32_t expected[] = {8, 9, 9}; /* seven that stay */
    struct th_unit *units = &world.units[world.units_count];
    for (int i = 0; i < 3; i++)
        units[i] = world.units[U_B1];
    units[0].code = units[0].name = "b4";
    units[1].code = units[1].name = "b5";
    units[2].code = units[2].name = "b6";
    units[0].valid_to = units[1].valid_from = units[2].valid_from = change;
    struct th_event event = {.kind = TH_EVENT_UNITS, .body.units = {.units = units, .count = 3}};
    cr_assert_eq(world_step(&world, event), 0);
    for (unsigned first = 0; first < 3; first++) {
        struct th_obligation asked[3];
        struct th_plan plan = world.plan;
        plan.id = "days";
        plan.obligations = asked;
        plan.obligations_count = 3;
        for (unsigned i = 0; i < 3; i++) {
            const unsigned at = (first + i) % 3;
            asked[i] = world.plan.obligations[OB_HALF];
            asked[i].id = i == 0 ? "x" : i == 1 ? "y" : "z";
            asked[i].due = th_day_start((th_day){change.number + (int32_t)at});
        }
        cr_assert_eq(th_core_add_plan(world.core, &plan, &world.plan_digest, world.now.wall), 0);
        for (uint16_t i = 0; i < 3; i++) {
            const struct th_book_id id = {1, i};
            cr_assert_eq(th_core_book_open(world.core, id), 0);
            const struct th_rollup_slot *all = th_rollups_get(
                &world.core->registry, &th_book_get(world.core, id)->rollups, U_64, TH_BRANCH_ALL);
            cr_assert_eq(all->rollup.counts.expected, expected[(first + i) % 3], "%u, %u", first,
                         i);
        }
        world.core->is_folding = true; /* what was expected of one serves the next */
        for (uint16_t i = 0; i < 3; i++) {
            struct th_rollup_set set;
            const struct th_book_id id = {1, i};
            cr_assert_eq(th_rollups_init(world.core, &world.core->registry, id, &set), 0);
            cr_assert_eq(th_rollups_get(&world.core->registry, &set, U_64, TH_BRANCH_ALL)
                             ->rollup.counts.expected,
                         expected[(first + i) % 3], "%u, %u, folded", first, i);
            cr_assert_eq(set.expected[U_A1 / 8] >> U_A1 % 8 & 1, 1);
            cr_assert_eq(set.expected[WORLD_UNITS / 8] >> WORLD_UNITS % 8 & 1, (first + i) % 3 == 0,
                         "b4 is gone from then on");
            th_rollups_deinit(world.core, id, &set);
        }
        world.core->is_folding = false;
        th_core_drop_plan(world.core);
    }
    world_deinit(&world);
}

/* What was expected of one obligation serves another in a fold, if the same units are asked. */
Test(core_tables, who_is_expected_in_a_fold_is_who_each_obligation_asks)
{
    world_init(&world, TH_MODE_LIVE);
    static const char *const one[] = {"a1"}, *const other[] = {"a2"};
    const uint32_t communes = UINT32_C(1) << TH_LEVEL_COMMUNE;
    static const uint32_t expected[] = {6, 7, 6, 5, 2, 2, 1, 1, 0};
    const struct th_selector who[] = {
        {.levels = communes},
        {.levels = communes, .kinds = UINT32_C(1) << TH_UNIT_KIND_DEPARTMENT},
        {.levels = communes},
        {.levels = communes, .except = one, .except_count = 1},
        {.kinds = UINT32_C(1) << TH_UNIT_KIND_DEPARTMENT, .units = one, .units_count = 1},
        {.kinds = UINT32_C(1) << TH_UNIT_KIND_DEPARTMENT, .units = other, .units_count = 1},
        {.units = one, .units_count = 1},
        {.units = other, .units_count = 1},
        {.levels = communes}};
    struct th_obligation asked[9];
    struct th_plan plan = world.plan;
    plan.id = "who";
    plan.obligations = asked;
    plan.obligations_count = 9;
    for (size_t i = 0; i < 9; i++) {
        static const char *const ids[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8"};
        asked[i] = world.plan.obligations[OB_HALF];
        asked[i].id = ids[i];
        asked[i].quoted.who = who[i];
    }
    asked[8].suspended = true;
    cr_assert_eq(th_core_add_plan(world.core, &plan, &world.plan_digest, world.now.wall), 0);
    world.core->is_folding = true;
    for (uint16_t i = 0; i < 9; i++) {
        struct th_rollup_set set;
        const struct th_book_id id = {1, i};
        cr_assert_eq(th_rollups_init(world.core, &world.core->registry, id, &set), 0);
        const struct th_rollup_slot *all =
            th_rollups_get(&world.core->registry, &set, U_64, TH_BRANCH_ALL);
        cr_assert_eq(all->rollup.counts.expected, expected[i], "%u", i);
        cr_assert_eq(set.expected[U_A1 / 8] >> U_A1 % 8 & 1, i != 3 && i != 5 && i != 7, "%u", i);
        th_rollups_deinit(world.core, id, &set);
    }
    world.core->is_folding = false;
    th_core_drop_plan(world.core);
    world_deinit(&world);
}
