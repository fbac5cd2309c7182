/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/totals.h"

#include "base/assert.h"
#include "proto/model/indicator.h"

#include <stdio.h>

enum { OF_ALL = 6, RATIO_DECIMALS = 2 };

static uint32_t parts_of(const struct th_indicator *indicator)
{
    switch (indicator->up) {
    case TH_UP_SUM:
    case TH_UP_MAX:
    case TH_UP_RATIO_OF_SUMS:
        return 2;
    case TH_UP_AVERAGE_MIN_MAX:
        return 4;
    case TH_UP_COUNT_BY_VALUE:
        return 1U + indicator->values_count;
    case TH_UP_CONCAT:
        return 1;
    }
    return 0;
}

uint32_t th_totals_count(const struct th_rollup_layout *layout)
{
    uint32_t count = OF_ALL;
    for (uint32_t number = 1; number <= layout->catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(layout->catalogue, number);
        count += indicator == NULL ? 0 : parts_of(indicator);
    }
    return count;
}

/* The number that th_rollup_format_ratio() shows, without its point. */
static th_int128 digits_of(const char *text)
{
    th_int128 number = 0;
    bool is_negative = text[0] == '-';
    for (const char *at = text; *at != '\0'; at++)
        if (*at >= '0' && *at <= '9')
            number = number * 10 + (*at - '0');
    return is_negative ? -number : number;
}

static void take_ratio(th_int128 numerator, th_int128 denominator, uint32_t factor,
                       struct th_total *total)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    total->scale = RATIO_DECIMALS;
    total->is_there = total->is_there &&
                      th_rollup_format_ratio(numerator, denominator, factor, RATIO_DECIMALS, text);
    total->number = total->is_there ? digits_of(text) : 0;
}

static struct th_total total_of(const struct th_indicator *indicator, enum th_total_part part,
                                uint32_t reported, th_int128 number)
{
    bool is_there = part == TH_TOTAL_REPORTED || reported > 0;
    return (struct th_total){
        .part = part,
        .indicator = indicator->number,
        .scale = part == TH_TOTAL_REPORTED || part == TH_TOTAL_OF_VALUE ? 0 : indicator->scale,
        .is_there = is_there,
        .number = is_there ? number : 0};
}

static uint32_t take_indicator(const struct th_indicator *indicator, uint32_t reported,
                               const th_int128 *cells, struct th_total *totals)
{
    uint32_t at = 0;
    totals[at++] = total_of(indicator, TH_TOTAL_REPORTED, reported, reported);
    switch (indicator->up) {
    case TH_UP_SUM:
    case TH_UP_MAX:
        totals[at++] = total_of(indicator, TH_TOTAL_VALUE, reported, cells[0]);
        break;
    case TH_UP_RATIO_OF_SUMS:
        totals[at] = total_of(indicator, TH_TOTAL_VALUE, reported, 0);
        take_ratio(cells[0], cells[1], indicator->type == TH_TYPE_PERCENT ? 100 : 1, &totals[at++]);
        break;
    case TH_UP_AVERAGE_MIN_MAX: {
        th_int128 divisor = reported;
        for (unsigned i = 0; i < indicator->scale; i++)
            divisor *= 10;
        totals[at] = total_of(indicator, TH_TOTAL_AVERAGE, reported, 0);
        take_ratio(cells[0], divisor, 1, &totals[at++]);
        totals[at++] = total_of(indicator, TH_TOTAL_MIN, reported, cells[1]);
        totals[at++] = total_of(indicator, TH_TOTAL_MAX, reported, cells[2]);
        break;
    }
    case TH_UP_COUNT_BY_VALUE:
        for (uint16_t word = 0; word < indicator->values_count; word++) {
            totals[at] = total_of(indicator, TH_TOTAL_OF_VALUE, reported, cells[word]);
            totals[at++].word = word;
        }
        break;
    case TH_UP_CONCAT:
        break;
    }
    return at;
}

void th_totals_take(const struct th_rollup_layout *layout, const struct th_rollup *rollup,
                    struct th_total *ret_totals)
{
    const struct th_counts *counts = &rollup->counts;
    const uint32_t all[OF_ALL] = {counts->received,  counts->on_time,   counts->late,
                                  counts->undecided, counts->estimated, counts->entered};
    uint32_t at = 0;
    for (; at < OF_ALL; at++)
        ret_totals[at] =
            (struct th_total){.part = (enum th_total_part)at, .is_there = true, .number = all[at]};
    for (uint32_t number = 1; number <= layout->catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(layout->catalogue, number);
        if (indicator != NULL)
            at += take_indicator(indicator, rollup->reported[number],
                                 &rollup->cells[layout->cells_at[number]], &ret_totals[at]);
    }
    TH_ASSERT(at == th_totals_count(layout));
}

/* ---- for people ---- */

char *th_total_format(const struct th_rollup_layout *layout, const struct th_total *total,
                      char text[TH_ROLLUP_NUMBER_SIZE])
{
    const struct th_indicator *indicator =
        total->indicator == 0 ? NULL : th_catalogue_get(layout->catalogue, total->indicator);
    bool is_single =
        total->part == TH_TOTAL_MIN || total->part == TH_TOTAL_MAX ||
        (total->part == TH_TOTAL_VALUE && indicator != NULL && indicator->up == TH_UP_MAX);
    if (!total->is_there)
        (void)snprintf(text, TH_ROLLUP_NUMBER_SIZE, "–");
    else if (is_single && indicator != NULL) /* a date is a date */
        (void)th_indicator_format(indicator, (int64_t)total->number, text, TH_ROLLUP_NUMBER_SIZE);
    else
        (void)th_rollup_format_sum(total->number, total->scale, text);
    return text;
}

char *th_total_format_effect(const struct th_total *total, th_int128 effect,
                             char text[TH_ROLLUP_NUMBER_SIZE])
{
    char plain[TH_ROLLUP_NUMBER_SIZE];
    (void)th_rollup_format_sum(effect, total->scale, plain);
    (void)snprintf(text, TH_ROLLUP_NUMBER_SIZE, "%s%.60s", effect > 0 ? "+" : "", plain);
    return text;
}

/* ---- one change after the other ---- */

int th_tally_new(const struct th_rollup_layout *layout, uint32_t slots, struct th_arena *arena,
                 struct th_tally *ret_tally)
{
    struct th_tally tally = {.layout = layout, .rows_count = slots};
    tally.rows = th_arena_alloc_array(arena, (size_t)slots + 1, sizeof *tally.rows);
    if (tally.rows == NULL)
        return TH_E_NO_MEMORY;
    int status = th_rollup_new(layout, arena, &tally.rollup);
    if (status == 0)
        *ret_tally = tally;
    return status;
}

static void recombine(struct th_tally *tally)
{
    th_rollup_extremes_begin(tally->layout, &tally->rollup);
    for (uint32_t i = 0; i < tally->rows_count; i++)
        if (tally->rows[i] != NULL)
            th_rollup_extremes_add_row(tally->layout, &tally->rollup, tally->rows[i]);
}

void th_tally_put(struct th_tally *tally, uint32_t slot, const struct th_row *row)
{
    bool is_extreme_gone = false;
    TH_ASSERT(slot < tally->rows_count);
    if (tally->rows[slot] != NULL)
        is_extreme_gone = th_rollup_retract(tally->layout, &tally->rollup, tally->rows[slot]);
    tally->rows[slot] = NULL;
    if (is_extreme_gone)
        recombine(tally);
    if (row != NULL)
        th_rollup_apply(tally->layout, &tally->rollup, row);
    tally->rows[slot] = row;
}

bool th_rollup_equal(const struct th_rollup_layout *layout, const struct th_rollup *a,
                     const struct th_rollup *b)
{
    const struct th_counts *x = &a->counts, *y = &b->counts;
    if (x->received != y->received || x->on_time != y->on_time || x->late != y->late ||
        x->undecided != y->undecided || x->estimated != y->estimated || x->entered != y->entered)
        return false;
    for (uint32_t number = 0; number <= layout->catalogue->number_max; number++)
        if (a->reported[number] != b->reported[number])
            return false;
    for (uint32_t cell = 0; cell < layout->cells_count; cell++)
        if (a->cells[cell] != b->cells[cell])
            return false;
    return true;
}
