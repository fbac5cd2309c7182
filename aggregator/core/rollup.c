/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No sum can wrap: a value is at most TH_LIMIT_VALUE_MAX (10^15), a unit list has at most 20 000
 * units and a report number at most 9999, so a sum stays below 10^24 of the 10^38 that 128 bits
 * hold.
 *
 * A cell of min or max whose indicator nobody has reported is 0, so equal rollups are equal bytes.
 */
#include "aggregator/core/rollup.h"

#include "base/assert.h"
#include "proto/model/packed.h"

#include <string.h>

/* While extremes are recombined: nothing seen yet. Beyond any value. */
#define BELOW_ALL (-((th_int128)1 << 100))
#define ABOVE_ALL ((th_int128)1 << 100)

static uint32_t cells_of(const struct th_indicator *indicator)
{
    switch (indicator->up) {
    case TH_UP_SUM:
    case TH_UP_MAX:
        return 1;
    case TH_UP_RATIO_OF_SUMS:
        return 2;
    case TH_UP_AVERAGE_MIN_MAX:
        return 3;
    case TH_UP_COUNT_BY_VALUE:
        return indicator->values_count;
    case TH_UP_CONCAT:
        return 0;
    }
    return 0;
}

int th_rollup_layout_init(const struct th_catalogue *catalogue, struct th_arena *arena,
                          struct th_rollup_layout *ret_layout)
{
    uint32_t *cells_at =
        th_arena_alloc_array(arena, (size_t)catalogue->number_max + 2, sizeof *cells_at);
    if (cells_at == NULL)
        return TH_E_NO_MEMORY;
    uint32_t at = 0;
    for (uint32_t number = 0; number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        cells_at[number] = at;
        at += indicator == NULL ? 0 : cells_of(indicator);
    }
    cells_at[catalogue->number_max + 1U] = at;
    *ret_layout = (struct th_rollup_layout){catalogue, cells_at, at};
    return 0;
}

static size_t reported_bytes(const struct th_rollup_layout *layout)
{
    return ((size_t)layout->catalogue->number_max + 1) * sizeof(uint32_t);
}

int th_rollup_new(const struct th_rollup_layout *layout, struct th_arena *arena,
                  struct th_rollup *ret_rollup)
{
    struct th_rollup rollup = {
        .reported = th_arena_alloc(arena, reported_bytes(layout)),
        .cells = th_arena_alloc_array(arena, layout->cells_count, sizeof *rollup.cells),
    };
    if (rollup.reported == NULL || rollup.cells == NULL)
        return TH_E_NO_MEMORY;
    *ret_rollup = rollup;
    return 0;
}

void th_rollup_clear(const struct th_rollup_layout *layout, struct th_rollup *rollup)
{
    rollup->counts = (struct th_counts){0};
    memset(rollup->reported, 0, reported_bytes(layout));
    if (layout->cells_count > 0)
        memset(rollup->cells, 0, layout->cells_count * sizeof *rollup->cells);
}

void th_rollup_copy(const struct th_rollup_layout *layout, const struct th_rollup *from,
                    struct th_rollup *to)
{
    to->counts = from->counts;
    memcpy(to->reported, from->reported, reported_bytes(layout));
    if (layout->cells_count > 0)
        memcpy(to->cells, from->cells, layout->cells_count * sizeof *to->cells);
}

int th_rollup_check_row(const struct th_rollup_layout *layout, const struct th_row *row)
{
    if (th_packed_check(row->values, row->values_size) < 0)
        return TH_E_CORRUPT;
    struct th_packed_cursor cursor;
    th_packed_begin(row->values, row->values_size, &cursor);
    uint16_t number;
    int64_t value;
    bool estimated;
    uint32_t count = 0;
    while (th_packed_next(&cursor, &number, &value, &estimated)) {
        const struct th_indicator *indicator = th_catalogue_get(layout->catalogue, number);
        if (indicator == NULL || ++count > TH_LIMIT_INDICATORS_MAX || value > TH_LIMIT_VALUE_MAX ||
            value < -TH_LIMIT_VALUE_MAX)
            return TH_E_CORRUPT;
        if (indicator->up == TH_UP_COUNT_BY_VALUE &&
            (value < 0 || value >= indicator->values_count))
            return TH_E_CORRUPT;
    }
    bool waits_for_nothing = row->timeliness == TH_TIMELINESS_UNDECIDED && !row->has_due;
    return waits_for_nothing ? TH_E_CORRUPT : 0;
}

static bool sum_terms(const struct th_values *values, const uint16_t *terms, uint8_t count,
                      th_int128 *ret_sum)
{
    th_int128 sum = 0;
    for (uint8_t i = 0; i < count; i++) {
        int64_t value;
        if (!th_values_get(values, terms[i], &value))
            return false;
        sum += value;
    }
    *ret_sum = sum;
    return true;
}

static void count_row(struct th_counts *counts, const struct th_row *row, uint32_t one)
{
    counts->received += one;
    counts->estimated += row->estimated ? one : 0;
    switch (row->timeliness) {
    case TH_TIMELINESS_ON_TIME:
    case TH_TIMELINESS_UNDATED:
        counts->on_time += one;
        break;
    case TH_TIMELINESS_LATE:
        counts->late += one;
        break;
    case TH_TIMELINESS_UNDECIDED:
        counts->undecided += one;
        break;
    }
}

void th_counts_add(struct th_counts *counts, const struct th_row *row)
{
    count_row(counts, row, 1);
}

static void widen(th_int128 *min, th_int128 *max, th_int128 value, bool is_first)
{
    if (min != NULL && (is_first || value < *min))
        *min = value;
    if (is_first || value > *max)
        *max = value;
}

/* Which cells are extremes; `ret_min` is NULL for a max alone. False when the rule has none. */
static bool extremes_of(const struct th_indicator *indicator, th_int128 *cells, th_int128 **ret_min,
                        th_int128 **ret_max)
{
    if (indicator->up == TH_UP_MAX) {
        *ret_min = NULL;
        *ret_max = &cells[0];
        return true;
    }
    if (indicator->up == TH_UP_AVERAGE_MIN_MAX) {
        *ret_min = &cells[1];
        *ret_max = &cells[2];
        return true;
    }
    return false;
}

/* Adds (sign 1) or takes out (sign -1) the cells of one reported figure that are sums. */
static void add_value(const struct th_indicator *indicator, th_int128 *cells, int64_t value,
                      int sign)
{
    switch (indicator->up) {
    case TH_UP_SUM:
    case TH_UP_AVERAGE_MIN_MAX:
        cells[0] += (th_int128)value * sign;
        break;
    case TH_UP_COUNT_BY_VALUE:
        TH_ASSERT(value >= 0);
        TH_ASSERT(value < indicator->values_count);
        cells[value] += sign;
        break;
    case TH_UP_MAX:
    case TH_UP_RATIO_OF_SUMS:
    case TH_UP_CONCAT:
        break;
    }
}

static void read_ratios(const struct th_rollup_layout *layout, struct th_figures *figures)
{
    const struct th_values values = {figures->numbers, figures->values, figures->count};
    for (uint32_t number = 1; number <= layout->catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(layout->catalogue, number);
        if (indicator == NULL || indicator->up != TH_UP_RATIO_OF_SUMS)
            continue;
        const struct th_ratio *ratio = &indicator->ratio;
        th_int128 numerator, denominator;
        if (!sum_terms(&values, ratio->numerator, ratio->numerator_count, &numerator) ||
            !sum_terms(&values, ratio->denominator, ratio->denominator_count, &denominator))
            continue;
        const size_t at = figures->ratios_count++;
        figures->ratios[at].number = (uint16_t)number;
        figures->ratios[at].numerator = numerator;
        figures->ratios[at].denominator = denominator;
    }
}

void th_figures_read(const struct th_rollup_layout *layout, const struct th_row *row,
                     struct th_figures *ret_figures)
{
    ret_figures->count = 0;
    ret_figures->ratios_count = 0;
    int status =
        th_packed_decode(row->values, row->values_size, ret_figures->numbers, ret_figures->values,
                         TH_LIMIT_INDICATORS_MAX, &ret_figures->count);
    TH_ASSERT(status == 0);
    read_ratios(layout, ret_figures);
}

static void add_ratios(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                       const struct th_figures *figures, int sign)
{
    for (size_t i = 0; i < figures->ratios_count; i++) {
        const uint16_t number = figures->ratios[i].number;
        th_int128 *cells = rollup->cells + layout->cells_at[number];
        cells[0] += figures->ratios[i].numerator * sign;
        cells[1] += figures->ratios[i].denominator * sign;
        rollup->reported[number] += sign > 0 ? 1U : UINT32_MAX;
    }
}

static const struct th_indicator *counted_indicator(const struct th_rollup_layout *layout,
                                                    uint16_t number)
{
    const struct th_indicator *indicator = th_catalogue_get(layout->catalogue, number);
    TH_ASSERT(indicator != NULL);
    return indicator->up == TH_UP_RATIO_OF_SUMS ? NULL : indicator;
}

void th_rollup_apply_figures(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                             const struct th_row *row, const struct th_figures *figures)
{
    count_row(&rollup->counts, row, 1);
    for (size_t i = 0; i < figures->count; i++) {
        uint16_t number = figures->numbers[i];
        const struct th_indicator *indicator = counted_indicator(layout, number);
        if (indicator == NULL)
            continue;
        th_int128 *cells = rollup->cells + layout->cells_at[number], *min, *max;
        if (extremes_of(indicator, cells, &min, &max))
            widen(min, max, figures->values[i], rollup->reported[number] == 0);
        add_value(indicator, cells, figures->values[i], 1);
        rollup->reported[number]++;
    }
    add_ratios(layout, rollup, figures, 1);
}

void th_rollup_apply(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                     const struct th_row *row)
{
    struct th_figures figures;
    th_figures_read(layout, row, &figures);
    th_rollup_apply_figures(layout, rollup, row, &figures);
}

bool th_rollup_retract_figures(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                               const struct th_row *row, const struct th_figures *figures)
{
    TH_ASSERT(rollup->counts.received > 0);
    count_row(&rollup->counts, row, UINT32_MAX);
    bool recombine = false;
    for (size_t i = 0; i < figures->count; i++) {
        uint16_t number = figures->numbers[i];
        const struct th_indicator *indicator = counted_indicator(layout, number);
        if (indicator == NULL)
            continue;
        TH_ASSERT(rollup->reported[number] > 0);
        rollup->reported[number]--;
        th_int128 *cells = rollup->cells + layout->cells_at[number], *min, *max;
        add_value(indicator, cells, figures->values[i], -1);
        if (!extremes_of(indicator, cells, &min, &max))
            continue;
        if (rollup->reported[number] == 0)
            widen(min, max, 0, true);
        else if (figures->values[i] == *max || (min != NULL && figures->values[i] == *min))
            recombine = true;
    }
    add_ratios(layout, rollup, figures, -1);
    return recombine;
}

bool th_rollup_retract(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                       const struct th_row *row)
{
    struct th_figures figures;
    th_figures_read(layout, row, &figures);
    return th_rollup_retract_figures(layout, rollup, row, &figures);
}

void th_rollup_extremes_begin(const struct th_rollup_layout *layout, struct th_rollup *rollup)
{
    for (uint32_t number = 1; number <= layout->catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(layout->catalogue, number);
        th_int128 *min, *max;
        if (indicator == NULL || rollup->reported[number] == 0 ||
            !extremes_of(indicator, rollup->cells + layout->cells_at[number], &min, &max))
            continue;
        if (min != NULL)
            *min = ABOVE_ALL;
        *max = BELOW_ALL;
    }
}

void th_rollup_extremes_add_row(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                                const struct th_row *row)
{
    struct th_packed_cursor cursor;
    th_packed_begin(row->values, row->values_size, &cursor);
    uint16_t number;
    int64_t value;
    bool estimated;
    while (th_packed_next(&cursor, &number, &value, &estimated)) {
        const struct th_indicator *indicator = counted_indicator(layout, number);
        th_int128 *min, *max;
        if (indicator != NULL &&
            extremes_of(indicator, rollup->cells + layout->cells_at[number], &min, &max))
            widen(min, max, value, false);
    }
}

void th_rollup_extremes_add(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                            const struct th_rollup *child)
{
    for (uint32_t number = 1; number <= layout->catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(layout->catalogue, number);
        th_int128 *min, *max, *child_min, *child_max;
        uint32_t at = layout->cells_at[number];
        if (indicator == NULL || child->reported[number] == 0 ||
            !extremes_of(indicator, rollup->cells + at, &min, &max))
            continue;
        (void)extremes_of(indicator, child->cells + at, &child_min, &child_max);
        if (min != NULL && *child_min < *min)
            *min = *child_min;
        if (*child_max > *max)
            *max = *child_max;
    }
}

char *th_rollup_format_sum(th_int128 value, unsigned scale, char text[TH_ROLLUP_NUMBER_SIZE])
{
    char digits[TH_ROLLUP_NUMBER_SIZE];
    size_t count = 0;
    unsigned __int128 rest =
        value < 0 ? (unsigned __int128)0 - (unsigned __int128)value : (unsigned __int128)value;
    TH_ASSERT(scale <= 18);
    while (rest > 0 || count <= scale) {
        digits[count++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    }
    size_t at = 0;
    if (value < 0)
        text[at++] = '-';
    while (count > 0) {
        text[at++] = digits[--count];
        if (count == scale && scale > 0)
            text[at++] = '.';
    }
    text[at] = 0;
    return text;
}

bool th_rollup_format_ratio(th_int128 numerator, th_int128 denominator, uint32_t factor,
                            unsigned decimals, char text[TH_ROLLUP_NUMBER_SIZE])
{
    if (denominator == 0)
        return false;
    th_int128 scaled = numerator * factor;
    for (unsigned i = 0; i < decimals; i++) {
        TH_ASSERT(scaled < (th_int128)1 << 120);
        TH_ASSERT(scaled > -((th_int128)1 << 120));
        scaled *= 10;
    }
    bool negative = (scaled < 0) != (denominator < 0);
    th_int128 above = scaled < 0 ? -scaled : scaled;
    th_int128 below = denominator < 0 ? -denominator : denominator;
    th_int128 quotient = above / below;
    /* remainder × 2 >= below, without doubling */
    if (above % below >= below - above % below)
        quotient++;
    (void)th_rollup_format_sum(negative ? -quotient : quotient, decimals, text);
    return true;
}
