/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/core/rollup.h"
#include "proto/model/packed.h"

#include <criterion/criterion.h>
#include <string.h>

/* 1 sum, 2 max, 3 average, 4 classes, 5 ratio of (1) over (1 + 6), 6 sum, 7 text */
static const struct th_indicator indicators[] = {
    {.number = 0},
    {.number = 1, .up = TH_UP_SUM, .code = "A"},
    {.number = 2, .up = TH_UP_MAX, .code = "B"},
    {.number = 3, .up = TH_UP_AVERAGE_MIN_MAX, .code = "C"},
    {.number = 4, .up = TH_UP_COUNT_BY_VALUE, .values_count = 2, .code = "D"},
    {.number = 5, .up = TH_UP_RATIO_OF_SUMS, .code = "E", .ratio = {{1}, {1, 6}, 1, 2}},
    {.number = 6, .up = TH_UP_SUM, .code = "F"},
    {.number = 7, .up = TH_UP_CONCAT, .code = "G"},
};
static const struct th_catalogue catalogue = {.indicators = indicators, .number_max = 7};

static struct th_arena arena;
static struct th_rollup_layout layout;
static struct th_rollup rollup;

static void start(void)
{
    th_arena_init(&arena, 4096, 65536);
    cr_assert_eq(th_rollup_layout_init(&catalogue, &arena, &layout), 0);
    cr_assert_eq(th_rollup_new(&layout, &arena, &rollup), 0);
}

static void stop(void)
{
    th_arena_deinit(&arena);
}

TestSuite(rollup, .init = start, .fini = stop);

static struct th_row a_row(const uint16_t *numbers, const int64_t *values, size_t count)
{
    struct th_values all = {numbers, values, count};
    uint8_t *bytes = th_arena_alloc(&arena, th_packed_size_max(&all));
    size_t size = th_packed_encode(&all, NULL, 0, bytes);
    return (struct th_row){
        .timeliness = TH_TIMELINESS_ON_TIME, .values = bytes, .values_size = (uint32_t)size};
}

static struct th_row full_row(int64_t a, int64_t b, int64_t c, int64_t d, int64_t f)
{
    return a_row((uint16_t[]){1, 2, 3, 4, 6}, (int64_t[]){a, b, c, d, f}, 5);
}

static int64_t cell(uint16_t number, uint32_t at)
{
    return (int64_t)rollup.cells[layout.cells_at[number] + at];
}

Test(rollup, every_rule_combines_its_own_way)
{
    struct th_row one = full_row(2, 7, 50, 1, 3), two = full_row(4, 5, 10, 1, 1);
    th_rollup_apply(&layout, &rollup, &one);
    th_rollup_apply(&layout, &rollup, &two);
    cr_assert_eq(cell(1, 0), 6);
    cr_assert_eq(cell(2, 0), 7);
    cr_assert(cell(3, 0) == 60 && cell(3, 1) == 10 && cell(3, 2) == 50);
    cr_assert(cell(4, 0) == 0 && cell(4, 1) == 2);
    cr_assert(cell(5, 0) == 6 && cell(5, 1) == 10);
    cr_assert_eq(rollup.counts.received, 2);
}

Test(rollup, a_ratio_counts_only_who_reported_every_term)
{
    struct th_row half = a_row((uint16_t[]){1}, (int64_t[]){100}, 1),
                  full = full_row(1, 1, 1, 0, 3);
    th_rollup_apply(&layout, &rollup, &half);
    th_rollup_apply(&layout, &rollup, &full);
    cr_assert(cell(5, 0) == 1 && cell(5, 1) == 4);
    cr_assert_eq(rollup.reported[5], 1);
    cr_assert_eq(cell(1, 0), 101);
}

Test(rollup, applying_and_retracting_leaves_nothing)
{
    struct th_row row = full_row(2, 7, 50, 1, 3);
    th_rollup_apply(&layout, &rollup, &row);
    cr_assert_not(th_rollup_retract(&layout, &rollup, &row));
    for (uint32_t i = 0; i < layout.cells_count; i++)
        cr_assert(rollup.cells[i] == 0);
    cr_assert_eq(rollup.counts.received, 0);
}

Test(rollup, a_retracted_extreme_is_recombined)
{
    struct th_row one = full_row(0, 7, 50, 0, 0), two = full_row(0, 5, 10, 0, 0);
    th_rollup_apply(&layout, &rollup, &one);
    th_rollup_apply(&layout, &rollup, &two);
    cr_assert(th_rollup_retract(&layout, &rollup, &one));
    th_rollup_extremes_begin(&layout, &rollup);
    th_rollup_extremes_add_row(&layout, &rollup, &two);
    cr_assert(cell(2, 0) == 5 && cell(3, 1) == 10 && cell(3, 2) == 10);
}

/* ---- a report replaced by its next revision ---- */

static uint64_t replace(const struct th_row *old, const struct th_row *now)
{
    struct th_figures old_figures, figures;
    th_figures_read(&layout, old, &old_figures);
    th_figures_read(&layout, now, &figures);
    return th_rollup_replace(&layout, &rollup,
                             &(struct th_replacement){old, now, &old_figures, &figures});
}

enum { MAX_IS_STALE = 1, AVERAGE_IS_STALE = 2 }; /* places 0 and 1 in the layout's list */

Test(rollup, an_extreme_is_lost_unless_the_new_figure_is_one_too)
{
    struct th_row low = full_row(0, 3, 10, 0, 0), high = full_row(0, 7, 50, 0, 0);
    th_rollup_apply(&layout, &rollup, &low);
    th_rollup_apply(&layout, &rollup, &high);
    struct th_row same = full_row(1, 7, 50, 1, 1), higher = full_row(1, 8, 60, 1, 1);
    cr_assert_eq(replace(&high, &same), 0);
    cr_assert_eq(replace(&same, &higher), 0);
    cr_assert(cell(2, 0) == 8 && cell(3, 2) == 60);
    struct th_row lower = full_row(1, 8, 55, 1, 1),
                  silent = a_row((uint16_t[]){1}, (int64_t[]){1}, 1);
    cr_assert_eq(replace(&higher, &lower), AVERAGE_IS_STALE);
    cr_assert_eq(cell(3, 2), 60, "a bound");
    cr_assert_eq(replace(&lower, &silent), MAX_IS_STALE);
    cr_assert_eq(replace(&low, &silent), 0, "nobody has reported it any more");
    cr_assert(cell(2, 0) == 0 && cell(3, 1) == 0 && cell(3, 2) == 0);
}

/* A search for these indicators, which says how many of them somebody has reported. */
static size_t ask(struct th_search *search, const uint16_t *numbers, size_t count)
{
    search->count = 0;
    for (size_t i = 0; i < count; i++)
        th_search_ask(search, &layout, &rollup, numbers[i]);
    return search->count;
}

Test(rollup, a_search_finds_the_extremes_and_ends_at_the_bounds)
{
    struct th_row one = full_row(0, 7, 50, 0, 0), two = full_row(0, 5, 10, 0, 0),
                  three = full_row(0, 6, 40, 0, 0);
    struct th_rollup child;
    struct th_search search;
    cr_assert_eq(th_rollup_new(&layout, &arena, &child), 0);
    cr_assert_eq(ask(&search, (uint16_t[]){2, 3}, 2), 0, "nobody has reported them");
    cr_assert(th_search_is_done(&search));
    th_rollup_apply(&layout, &rollup, &one);
    th_rollup_apply(&layout, &rollup, &two);
    th_rollup_apply(&layout, &child, &two);
    cr_assert_eq(replace(&one, &three), MAX_IS_STALE | AVERAGE_IS_STALE);
    cr_assert_eq(ask(&search, (uint16_t[]){3}, 1), 1);
    th_search_add(&search, &layout, &child);
    cr_assert_not(th_search_is_done(&search));
    th_search_add_row(&search, &three);
    cr_assert_not(th_search_is_done(&search), "50 is a bound that nobody holds");
    th_search_end(&search, &layout, &rollup);
    cr_assert(cell(3, 1) == 10 && cell(3, 2) == 40);
    cr_assert_eq(ask(&search, (uint16_t[]){3}, 1), 1);
    th_search_add_row(&search, &three);
    th_search_add(&search, &layout, &child);
    cr_assert(th_search_is_done(&search));
    cr_assert_eq(ask(&search, (uint16_t[]){2}, 1), 1);
    th_search_add_row(&search, &three);
    th_search_add_row(&search, &two);
    th_search_end(&search, &layout, &rollup);
    cr_assert_eq(cell(2, 0), 6);
}

Test(rollup, one_search_finds_the_extremes_of_several_indicators)
{
    struct th_row one = full_row(0, 7, 50, 0, 0), two = full_row(0, 6, 40, 0, 0),
                  silent = a_row((uint16_t[]){1}, (int64_t[]){1}, 1),
                  own = full_row(0, 5, 10, 0, 0);
    struct th_rollup child;
    struct th_search search;
    cr_assert_eq(th_rollup_new(&layout, &arena, &child), 0);
    th_rollup_apply(&layout, &rollup, &one);
    th_rollup_apply(&layout, &rollup, &own);
    th_rollup_apply(&layout, &child, &own);
    th_rollup_apply(&layout, &rollup, &silent);
    cr_assert_eq(replace(&one, &two), MAX_IS_STALE | AVERAGE_IS_STALE);
    cr_assert_eq(ask(&search, (uint16_t[]){2, 3}, 2), 2);
    th_search_add_row(&search, &silent);
    th_search_add(&search, &layout, &child);
    cr_assert_not(th_search_is_done(&search));
    th_search_add_row(&search, &two);
    th_search_end(&search, &layout, &rollup);
    cr_assert(cell(2, 0) == 6 && cell(3, 1) == 10 && cell(3, 2) == 40);
}

Test(rollup, gathered_parts_have_the_figures_of_all_their_reports)
{
    /* Extremes below zero, and figures that one part alone has, or none. */
    struct th_row rows[] = {full_row(2, -7, 50, 1, 3), full_row(4, -5, 10, 0, 1),
                            a_row((uint16_t[]){1, 2, 3}, (int64_t[]){9, -3, 20}, 3)};
    struct th_rollup parts[2], gathered;
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(th_rollup_new(&layout, &arena, &parts[i]), 0);
    cr_assert_eq(th_rollup_new(&layout, &arena, &gathered), 0);
    const struct th_rollup *const both[] = {&parts[0], &parts[1]};
    gathered.cells[0] = 99; /* what stood there is forgotten, counts are not */
    gathered.counts.expected = 5;
    for (size_t i = 0; i < 3; i++) {
        th_rollup_apply(&layout, &rollup, &rows[i]);
        th_rollup_apply(&layout, &parts[i == 2], &rows[i]);
        th_rollup_gather(&layout, both, 2, &gathered);
        cr_assert_arr_eq(gathered.cells, rollup.cells, layout.cells_count * sizeof(th_int128));
        cr_assert_arr_eq(gathered.reported, rollup.reported, 8 * sizeof(uint32_t));
    }
    cr_assert_eq(gathered.counts.expected, 5);
    th_rollup_gather(&layout, both, 0, &gathered);
    for (uint32_t i = 0; i < layout.cells_count; i++)
        cr_assert(gathered.cells[i] == 0);
}

Test(rollup, what_the_catalogue_does_not_have_or_allow_does_not_fit)
{
    static const struct th_indicator sparse[] = {
        {.number = 0},
        {.number = 1, .up = TH_UP_SUM, .code = "A"},
        {.number = 0}, /* there is no 2 */
        {.number = 3, .up = TH_UP_COUNT_BY_VALUE, .values_count = 2, .code = "D"}};
    const struct th_catalogue few = {.indicators = sparse, .number_max = 3};
    static const struct {
        uint16_t number;
        int64_t value;
        int status;
    } rows[] = {{1, TH_LIMIT_VALUE_MAX, 0},  {1, TH_LIMIT_VALUE_MAX + 1, TH_E_CORRUPT},
                {1, -TH_LIMIT_VALUE_MAX, 0}, {1, -TH_LIMIT_VALUE_MAX - 1, TH_E_CORRUPT},
                {2, 0, TH_E_CORRUPT},        {3, 1, 0},
                {3, 2, TH_E_CORRUPT},        {3, -1, TH_E_CORRUPT},
                {4, 0, TH_E_CORRUPT}};
    memset(th_arena_alloc(&arena, 512), 0xFF, 512); /* what memory was before is not looked at */
    th_arena_reset(&arena);
    cr_assert_eq(th_rollup_layout_init(&few, &arena, &layout), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct th_values values = {&rows[i].number, &rows[i].value, 1};
        cr_assert_eq(th_rollup_check_values(&layout, &values), rows[i].status, "%zu", i);
    }
}

Test(rollup, numbers_print_exactly)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    cr_assert_str_eq(th_rollup_format_sum(0, 0, text), "0");
    cr_assert_str_eq(th_rollup_format_sum(-5, 2, text), "-0.05");
    cr_assert_str_eq(th_rollup_format_sum((th_int128)INT64_MAX * 100, 2, text),
                     "9223372036854775807.00");
}

Test(rollup, a_ratio_is_rounded_once_half_away_from_zero)
{
    static const struct {
        int64_t numerator, denominator;
        const char *text;
    } rows[] = {{1, 8, "12.50"},      {1, 3, "33.33"},    {2, 3, "66.67"}, {1, 16000, "0.01"},
                {-1, 20000, "-0.01"}, {1, 20001, "0.00"}, {7, 7, "100.00"}};
    char text[TH_ROLLUP_NUMBER_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(th_rollup_format_ratio(rows[i].numerator, rows[i].denominator, 100, 2, text));
        cr_assert_str_eq(text, rows[i].text);
    }
    cr_assert_not(th_rollup_format_ratio(1, 0, 100, 2, text));
}
