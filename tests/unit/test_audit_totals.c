/* SPDX-License-Identifier: Apache-2.0 */
/* The effects of changes add up to the difference, for every rule. */
#include "aggregator/audit/totals.h"

#include "proto/model/packed.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <string.h>

enum { SUM = 1, OTHER, DAY, SCORE, CLASS, SHARE, NUMBERS = SHARE, SLOTS = 12 };

static const char *const words[] = {"tốt", "khá", "yếu"};

#define ABOUT(n, c) .number = (n), .code = (c), .name = "", .name_en = "", .unit_of_measure = ""
static const struct th_indicator indicators[] = {
    [SUM] = {ABOUT(SUM, "SUM"), .type = TH_TYPE_COUNT, .up = TH_UP_SUM},
    [OTHER] = {ABOUT(OTHER, "OTHER"), .type = TH_TYPE_COUNT, .up = TH_UP_SUM},
    [DAY] = {ABOUT(DAY, "DAY"), .type = TH_TYPE_DATE, .up = TH_UP_MAX},
    [SCORE] = {ABOUT(SCORE, "SCORE"), .type = TH_TYPE_DECIMAL, .scale = 2,
               .up = TH_UP_AVERAGE_MIN_MAX},
    [CLASS] = {ABOUT(CLASS, "CLASS"), .type = TH_TYPE_ENUM, .values = words, .values_count = 3,
               .up = TH_UP_COUNT_BY_VALUE},
    [SHARE] = {ABOUT(SHARE, "SHARE"), .type = TH_TYPE_PERCENT, .up = TH_UP_RATIO_OF_SUMS,
               .ratio = {{OTHER}, {SUM}, 1, 1}},
};
static const struct th_catalogue catalogue = {"c", indicators, NUMBERS, NULL, 0};

static struct th_arena arena;
static struct th_rollup_layout layout;

static void set_up(void)
{
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    cr_assert_eq(th_rollup_layout_init(&catalogue, &arena, &layout), 0);
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(totals, .init = set_up, .fini = tear_down);

/* Values in the order of the numbers; a NONE is not reported. */
#define NONE INT64_MIN
static struct th_row *row_of(const int64_t values[NUMBERS], enum th_timeliness timeliness)
{
    uint16_t numbers[NUMBERS];
    int64_t reported[NUMBERS];
    size_t count = 0;
    for (uint16_t i = 0; i < CLASS; i++)
        if (values[i] != NONE) {
            numbers[count] = (uint16_t)(i + 1);
            reported[count++] = values[i];
        }
    const struct th_values all = {numbers, reported, count};
    struct th_row *row = th_arena_alloc(&arena, sizeof *row);
    uint8_t *packed = th_arena_alloc(&arena, th_packed_size_max(&all));
    cr_assert(row != NULL && packed != NULL);
    row->values = packed;
    row->values_size = (uint32_t)th_packed_encode(&all, NULL, 0, packed);
    row->timeliness = timeliness;
    row->has_due = true;
    cr_assert_eq(th_rollup_check_row(&layout, row), 0);
    return row;
}
#define ROW(sum, other, day, score, class_)                                                        \
    row_of((const int64_t[NUMBERS]){sum, other, day, score, class_}, TH_TIMELINESS_ON_TIME)

static struct th_total *totals_of(const struct th_tally *tally)
{
    struct th_total *totals =
        th_arena_alloc_array(&arena, th_totals_count(&layout), sizeof *totals);
    th_totals_take(&layout, &tally->rollup, totals);
    return totals;
}

static const struct th_total *find(const struct th_total *totals, uint16_t indicator,
                                   enum th_total_part part)
{
    for (uint32_t i = 0; i < th_totals_count(&layout); i++)
        if (totals[i].indicator == indicator && totals[i].part == part)
            return &totals[i];
    cr_assert_fail("no such total");
    return NULL;
}

static const char *shown(const struct th_total *totals, uint16_t indicator, enum th_total_part part)
{
    static char texts[8][TH_ROLLUP_NUMBER_SIZE];
    static unsigned next;
    return th_total_format(&layout, find(totals, indicator, part), texts[next++ % 8]);
}

static struct th_tally tally_of(uint32_t slots)
{
    struct th_tally tally;
    cr_assert_eq(th_tally_new(&layout, slots, &arena, &tally), 0);
    return tally;
}

Test(totals, are_what_a_rollup_shows)
{
    struct th_tally tally = tally_of(2);
    th_tally_put(&tally, 0, ROW(3, 1, 20000, 250, 0));
    th_tally_put(&tally, 1, ROW(3, NONE, 20002, 150, 0));
    const struct th_total *totals = totals_of(&tally);
    cr_expect_str_eq(shown(totals, 0, TH_TOTAL_RECEIVED), "2");
    cr_expect_str_eq(shown(totals, 0, TH_TOTAL_ON_TIME), "2");
    cr_expect_str_eq(shown(totals, SUM, TH_TOTAL_VALUE), "6");
    cr_expect_str_eq(shown(totals, DAY, TH_TOTAL_VALUE), "2024-10-06");
    cr_expect_str_eq(shown(totals, SCORE, TH_TOTAL_AVERAGE), "2.00");
    cr_expect_str_eq(shown(totals, SCORE, TH_TOTAL_MIN), "1.50");
    cr_expect_str_eq(shown(totals, SCORE, TH_TOTAL_MAX), "2.50");
    cr_expect_str_eq(shown(totals, CLASS, TH_TOTAL_OF_VALUE), "2");
    /* the second report has not both terms */
    cr_expect_str_eq(shown(totals, SHARE, TH_TOTAL_VALUE), "33.33");
    cr_expect_str_eq(shown(totals, SHARE, TH_TOTAL_REPORTED), "1");
}

Test(totals, of_nothing_are_not_there)
{
    struct th_tally tally = tally_of(1);
    const struct th_total *totals = totals_of(&tally);
    cr_expect_str_eq(shown(totals, SUM, TH_TOTAL_VALUE), "–");
    cr_expect_str_eq(shown(totals, SHARE, TH_TOTAL_VALUE), "–");
    cr_expect_str_eq(shown(totals, SUM, TH_TOTAL_REPORTED), "0");
    cr_expect_eq(find(totals, SCORE, TH_TOTAL_MIN)->number, 0);
}

Test(totals, an_effect_has_a_sign_and_the_scale)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    const struct th_total score = {.part = TH_TOTAL_MIN, .indicator = SCORE, .scale = 2};
    cr_expect_str_eq(th_total_format_effect(&score, 25, text), "+0.25");
    cr_expect_str_eq(th_total_format_effect(&score, -25, text), "-0.25");
    cr_expect_str_eq(th_total_format_effect(&score, 0, text), "0.00");
}

Test(totals, a_corrected_maximum_goes_down_to_the_next_one)
{
    struct th_tally tally = tally_of(2);
    th_tally_put(&tally, 0, ROW(NONE, NONE, 20005, NONE, NONE));
    th_tally_put(&tally, 1, ROW(NONE, NONE, 20003, NONE, NONE));
    th_tally_put(&tally, 0, ROW(NONE, NONE, 20001, NONE, NONE));
    cr_expect_eq(find(totals_of(&tally), DAY, TH_TOTAL_VALUE)->number, 20003);
    th_tally_put(&tally, 1, NULL);
    cr_expect_eq(find(totals_of(&tally), DAY, TH_TOTAL_VALUE)->number, 20001);
}

static int64_t maybe(struct random *seed, int64_t from, int64_t range)
{
    return random_below(seed, 4) == 0 ? NONE : from + random_below(seed, (uint32_t)range);
}

static struct th_row *random_row(struct random *seed)
{
    static const enum th_timeliness all[] = {TH_TIMELINESS_ON_TIME, TH_TIMELINESS_LATE,
                                             TH_TIMELINESS_UNDECIDED};
    const int64_t values[NUMBERS] = {maybe(seed, 0, 50), maybe(seed, 0, 50), maybe(seed, 20000, 10),
                                     maybe(seed, -500, 1000), maybe(seed, 0, 3)};
    return row_of(values, all[random_below(seed, 3)]);
}

Test(totals, of_any_walk_are_those_of_its_end_and_the_effects_add_up)
{
    struct random seed = {7};
    uint32_t count = th_totals_count(&layout);
    for (int round = 0; round < 60; round++) {
        struct th_tally tally = tally_of(SLOTS), end = tally_of(SLOTS);
        for (uint32_t slot = 0; slot < SLOTS / 2; slot++)
            th_tally_put(&tally, slot, random_row(&seed));
        const struct th_total *begin = totals_of(&tally), *before = begin;
        th_int128 sums[64] = {0};
        cr_assert_leq(count, 64);
        for (int step = 0; step < 30; step++) {
            th_tally_put(&tally, random_below(&seed, SLOTS), random_row(&seed));
            const struct th_total *after = totals_of(&tally);
            for (uint32_t i = 0; i < count; i++)
                sums[i] += after[i].number - before[i].number;
            before = after;
        }
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            if (tally.rows[slot] != NULL)
                th_rollup_apply(&layout, &end.rollup, tally.rows[slot]);
        cr_assert(th_rollup_equal(&layout, &tally.rollup, &end.rollup));
        const struct th_total *last = totals_of(&end);
        for (uint32_t i = 0; i < count; i++)
            cr_assert(last[i].number - begin[i].number == sums[i], "total %u", i);
    }
}

Test(totals, a_rollup_that_differs_anywhere_is_not_equal)
{
    struct th_tally one = tally_of(1), other = tally_of(1);
    th_tally_put(&one, 0, ROW(1, 1, NONE, NONE, NONE));
    th_tally_put(&other, 0, ROW(1, 1, NONE, NONE, NONE));
    cr_expect(th_rollup_equal(&layout, &one.rollup, &other.rollup));
    other.rollup.cells[layout.cells_at[OTHER]]++;
    cr_expect_not(th_rollup_equal(&layout, &one.rollup, &other.rollup));
    other.rollup.cells[layout.cells_at[OTHER]]--;
    other.rollup.reported[SUM]++;
    cr_expect_not(th_rollup_equal(&layout, &one.rollup, &other.rollup));
    other.rollup.reported[SUM]--;
    other.rollup.counts.late++;
    cr_expect_not(th_rollup_equal(&layout, &one.rollup, &other.rollup));
}
