/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that no store of ours can hold are TH_E_CORRUPT when they are loaded; nothing aborts. */
#include "aggregator/core/state.h"
#include "proto/model/packed.h"
#include "tests/support/world.h"

#include <criterion/criterion.h>
#include <string.h>

static struct world world;
static const struct th_book_id half = {0, OB_HALF};

static void start(void)
{
    world_init(&world, TH_MODE_LIVE);
    struct sent_report sent[] = {A_REPORT(.unit = U_A1, .has_class = true, .class_ = 2)};
    cr_assert_eq(world_send(&world, sent, 1)->kind, TH_VERDICT_ACCEPTED);
    world_reload(&world);
}

static void stop(void)
{
    world_deinit(&world);
}

TestSuite(core_damage, .init = start, .fini = stop);

static struct th_row good(void)
{
    return world_row(&world, OB_HALF, U_A1, 0)->row;
}

static int load(struct th_row row)
{
    cr_assert_eq(th_core_book_open(world.core, half), 0);
    return th_core_book_row(world.core, half, &row);
}

static struct th_row with_value(uint16_t number, int64_t value)
{
    static uint8_t bytes[64];
    struct th_row row = good();
    struct th_values values = {&number, &value, 1};
    row.values = bytes;
    row.values_size = (uint32_t)th_packed_encode(&values, NULL, 0, bytes);
    return row;
}

Test(core_damage, a_right_row_is_loaded_and_not_twice)
{
    cr_assert_eq(load(good()), 0);
    cr_assert_eq(load(good()), TH_E_CORRUPT);
}

Test(core_damage, a_row_of_a_unit_that_is_not_there)
{
    struct th_row row = good();
    row.unit = WORLD_UNITS;
    cr_assert_eq(load(row), TH_E_CORRUPT);
    row.unit = TH_UNIT_NONE;
    cr_assert_eq(load(row), TH_E_CORRUPT);
}

Test(core_damage, a_row_whose_figures_cannot_be_read)
{
    struct th_row row = good();
    row.values_size--;
    cr_assert_eq(load(row), TH_E_CORRUPT);
    row.values_size = 0;
    int status = load(row);
    cr_assert(status == TH_E_CORRUPT || status == 0, "%d", status);
}

Test(core_damage, a_row_with_a_figure_that_the_plan_does_not_know_or_allow)
{
    cr_assert_eq(load(with_value(IND_TEXT + 1, 1)), TH_E_CORRUPT);
    cr_assert_eq(load(with_value(IND_CLASS, 3)), TH_E_CORRUPT);
    cr_assert_eq(load(with_value(IND_CLASS, -1)), TH_E_CORRUPT);
    cr_assert_eq(load(with_value(IND_A, TH_LIMIT_VALUE_MAX + 1)), TH_E_CORRUPT);
    cr_assert_eq(load(with_value(IND_A, TH_LIMIT_VALUE_MAX)), 0);
}

Test(core_damage, an_undecided_row_without_a_due_instant)
{
    struct th_row row = good();
    row.timeliness = TH_TIMELINESS_UNDECIDED;
    row.has_due = false;
    cr_assert_eq(load(row), TH_E_CORRUPT);
}

/* One unit has one report, without a number, unless the obligation is open-ended. */
Test(core_damage, a_row_with_a_number_that_its_obligation_does_not_have)
{
    const struct th_book_id adhoc = {0, OB_ADHOC};
    struct th_row row = good();
    row.number = 1;
    cr_assert_eq(load(row), TH_E_CORRUPT);
    cr_assert_eq(th_core_give_past(world.core, half, world.half_due, &row, 1), TH_E_CORRUPT);
    cr_assert_eq(th_core_book_open(world.core, adhoc), 0);
    cr_assert_eq(th_core_book_row(world.core, adhoc, &row), 0);
    row.number = 0;
    cr_assert_eq(th_core_book_row(world.core, adhoc, &row), TH_E_CORRUPT);
    row.number = TH_LIMIT_NUMBER_MAX + 1;
    cr_assert_eq(th_core_book_row(world.core, adhoc, &row), TH_E_CORRUPT);
}

Test(core_damage, a_book_of_a_plan_or_obligation_that_is_not_there)
{
    cr_assert_eq(th_core_book_open(world.core, (struct th_book_id){1, 0}), TH_E_CORRUPT);
    cr_assert_eq(th_core_book_open(world.core, (struct th_book_id){0, OB_COUNT}), TH_E_CORRUPT);
}

Test(core_damage, a_past_row_is_looked_at_too)
{
    struct th_row row = good();
    row.unit = WORLD_UNITS;
    cr_assert_eq(th_core_give_past(world.core, half, world.half_due, &row, 1), TH_E_CORRUPT);
    row = with_value(IND_CLASS, 9);
    cr_assert_eq(th_core_give_past(world.core, half, world.half_due, &row, 1), TH_E_CORRUPT);
    row = good();
    cr_assert_eq(th_core_give_past(world.core, half, world.half_due, &row, 1), 0);
}

Test(core_damage, a_superseded_revision_without_its_row_or_after_it)
{
    struct th_revision revision = {.unit = U_A1, .revision = 1};
    cr_assert_eq(th_core_book_open(world.core, half), 0);
    cr_assert_eq(th_core_book_revision(world.core, half, &revision), TH_E_CORRUPT);
    cr_assert_eq(load(good()), 0);
    cr_assert_eq(th_core_book_revision(world.core, half, &revision), TH_E_CORRUPT);
}

Test(core_damage, marks_keys_and_plans_that_do_not_fit)
{
    struct th_mark mark = {.closed = true};
    cr_assert_eq(th_core_load_mark(world.core, (struct th_book_id){1, 0}, &mark), TH_E_CORRUPT);
    cr_assert_eq(th_core_load_mark(world.core, (struct th_book_id){0, OB_COUNT}, &mark),
                 TH_E_CORRUPT);
    cr_assert_eq(th_core_load_key(world.core, &world.keys[0]), TH_E_CORRUPT, "twice");
    struct th_key_row key = {.unit = WORLD_UNITS, .sign_key = {{99}}};
    cr_assert_eq(th_core_load_key(world.core, &key), TH_E_CORRUPT);
    cr_assert_eq(
        th_core_load_plan(world.core, &world.plan, &world.plan_digest, world.plan_loaded_at),
        TH_E_CORRUPT, "twice");
}

Test(core_damage, a_unit_whose_code_is_too_long)
{
    struct th_unit unit = world.units[U_64];
    struct th_registry registry;
    unit.code = "1234567890123456789012345";
    cr_assert_eq(strlen(unit.code), TH_UNIT_CODE_MAX + 1);
    cr_assert_eq(th_registry_build(&world.core->heap, &unit, 1, &registry), TH_E_INVALID);
    unit.code++;
    cr_assert_eq(th_registry_build(&world.core->heap, &unit, 1, &registry), 0);
    th_registry_deinit(&world.core->heap, &registry);
}

Test(core_damage, an_origin_that_no_log_bears)
{
    static const char long_one[TH_LIMIT_REALM_SIZE_MAX + 1] = {'r'};
    cr_assert_eq(th_core_load_origin(world.core, (struct th_text){"", 0}), TH_E_CORRUPT);
    cr_assert_eq(th_core_load_origin(world.core, (struct th_text){long_one, sizeof long_one}),
                 TH_E_CORRUPT);
    cr_assert_eq(th_core_load_origin(world.core, th_text_of("r")), 0);
    cr_assert_eq(th_core_load_origin(world.core, th_text_of("r")), 0, "a rotation's");
    cr_assert_eq(th_core_load_origin(world.core, th_text_of("s")), 0);
    cr_assert_eq(th_core_load_origin(world.core, th_text_of("r")), TH_E_CORRUPT, "it came back");
}
