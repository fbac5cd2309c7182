/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/run_order.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS = 300 };

static struct th_run_row rows[ROWS], spare[ROWS];
static uint32_t state;

static uint32_t some(uint32_t values)
{
    state = state * 1664525U + 1013904223U;
    return state >> 8 & (values - 1);
}

/* `sequence` says when a row came. */
static void fill(size_t count, uint32_t units, uint32_t numbers, uint32_t revisions)
{
    state = 7;
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct th_run_row){.unit = some(units),
                                      .number = some(numbers) << 20,
                                      .revision = some(revisions) * 0x01010101U,
                                      .size = (uint32_t)i,
                                      .sequence = i};
}

static bool is_before(const struct th_run_row *a, const struct th_run_row *b)
{
    if (a->unit != b->unit)
        return a->unit < b->unit;
    if (a->number != b->number)
        return a->number < b->number;
    if (a->revision != b->revision)
        return a->revision < b->revision;
    return a->sequence < b->sequence;
}

static bool is_ordered(const struct th_run_row *sorted, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!is_before(&sorted[i - 1], &sorted[i]))
            return false;
    return true;
}

/* Each row is there once, whole. */
static bool is_whole(const struct th_run_row *sorted, const struct th_run_row *before, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&sorted[i], &before[sorted[i].sequence], sizeof sorted[i]) != 0)
            return false;
    return true;
}

static void check(size_t count, uint32_t units, uint32_t numbers, uint32_t revisions)
{
    struct th_run_row before[ROWS];
    fill(count, units, numbers, revisions);
    memcpy(before, rows, count * sizeof *rows);
    const struct th_run_row *sorted = th_run_order(rows, spare, count);
    cr_assert(sorted == rows || sorted == spare);
    cr_assert(is_ordered(sorted, count), "%zu", count);
    cr_assert(is_whole(sorted, before, count), "%zu", count);
}

Test(store_run_order, rows_are_ordered_by_unit_then_number_then_revision)
{
    check(ROWS, 4096, 8, 4);
    check(ROWS, 1U << 24, 1, 1);
    check(ROWS, 1, 4096, 1);
    check(ROWS, 1, 1, 64);
}

Test(store_run_order, rows_that_share_a_key_stay_as_they_came)
{
    check(ROWS, 4, 2, 2);
    check(ROWS, 1, 1, 1);
}

Test(store_run_order, few_rows_and_none_are_ordered)
{
    for (size_t count = 0; count < 5; count++)
        check(count, 4096, 8, 4);
}

Test(store_run_order, the_check_of_the_order_sees_a_row_out_of_place)
{
    fill(2, 4096, 1, 1);
    rows[0].unit = rows[1].unit + 1;
    cr_assert_not(is_ordered(rows, 2));
    rows[0].unit = rows[1].unit;
    rows[0].sequence = rows[1].sequence + 1;
    cr_assert_not(is_ordered(rows, 2));
}
