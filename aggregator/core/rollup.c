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

/* The rule of a number that is no indicator's. */
#define NO_RULE UINT8_MAX

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

size_t th_rollup_layout_bytes(const struct th_catalogue *catalogue)
{
    const size_t numbers = (size_t)catalogue->number_max + 2;
    return numbers * (sizeof(uint32_t) + sizeof(uint8_t) + 2 * sizeof(uint16_t)) +
           4 * _Alignof(max_align_t);
}

int th_rollup_layout_init(const struct th_catalogue *catalogue, struct th_arena *arena,
                          struct th_rollup_layout *ret_layout)
{
    const size_t numbers = (size_t)catalogue->number_max + 2;
    uint32_t *cells_at = th_arena_alloc_array(arena, numbers, sizeof *cells_at);
    uint8_t *rules = th_arena_alloc_array(arena, numbers, sizeof *rules);
    uint16_t *ratios = th_arena_alloc_array(arena, numbers, sizeof *ratios);
    uint16_t *extremes = th_arena_alloc_array(arena, numbers, sizeof *extremes);
    if (cells_at == NULL || rules == NULL || ratios == NULL || extremes == NULL)
        return TH_E_NO_MEMORY;
    struct th_rollup_layout layout = {.catalogue = catalogue,
                                      .cells_at = cells_at,
                                      .rules = rules,
                                      .ratios = ratios,
                                      .extremes = extremes};
    for (uint32_t number = 0; number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        cells_at[number] = layout.cells_count;
        rules[number] = NO_RULE;
        if (indicator == NULL)
            continue;
        rules[number] = (uint8_t)indicator->up;
        layout.cells_count += cells_of(indicator);
        if (indicator->up == TH_UP_RATIO_OF_SUMS)
            ratios[layout.ratios_count++] = (uint16_t)number;
        if (indicator->up == TH_UP_MAX || indicator->up == TH_UP_AVERAGE_MIN_MAX)
            extremes[layout.extremes_count++] = (uint16_t)number;
    }
    cells_at[catalogue->number_max + 1U] = layout.cells_count;
    *ret_layout = layout;
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

int th_rollup_check_values(const struct th_rollup_layout *layout, const struct th_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        const uint16_t number = values->numbers[i];
        const int64_t value = values->values[i];
        if (number > layout->catalogue->number_max || layout->rules[number] == NO_RULE ||
            value > TH_LIMIT_VALUE_MAX || value < -TH_LIMIT_VALUE_MAX)
            return TH_E_CORRUPT;
        const uint32_t cells = layout->cells_at[number + 1U] - layout->cells_at[number];
        if (layout->rules[number] == TH_UP_COUNT_BY_VALUE && (value < 0 || value >= cells))
            return TH_E_CORRUPT;
    }
    return 0;
}

int th_rollup_check_row(const struct th_rollup_layout *layout, const struct th_row *row)
{
    uint16_t numbers[TH_LIMIT_INDICATORS_MAX];
    int64_t values[TH_LIMIT_INDICATORS_MAX];
    struct th_values all = {numbers, values, 0};
    bool waits_for_nothing = row->timeliness == TH_TIMELINESS_UNDECIDED && !row->has_due;
    if (waits_for_nothing || th_packed_decode(row->values, row->values_size, numbers, values,
                                              TH_LIMIT_INDICATORS_MAX, &all.count) < 0)
        return TH_E_CORRUPT;
    return th_rollup_check_values(layout, &all);
}

static bool sum_terms(const struct th_value_table *table, const uint16_t *terms, uint8_t count,
                      th_int128 *ret_sum)
{
    th_int128 sum = 0;
    for (uint8_t i = 0; i < count; i++) {
        int64_t value;
        if (!th_value_table_get(table, terms[i], &value))
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
    counts->entered += row->entered ? one : 0;
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

void th_counts_retract(struct th_counts *counts, const struct th_row *row)
{
    TH_ASSERT(counts->received > 0);
    count_row(counts, row, UINT32_MAX);
}

static void widen(th_int128 *min, th_int128 *max, th_int128 value, bool is_first)
{
    if (min != NULL && (is_first || value < *min))
        *min = value;
    if (is_first || value > *max)
        *max = value;
}

/* ---- a report's figures ---- */

static void read_ratios(const struct th_rollup_layout *layout, struct th_figures *figures)
{
    uint16_t places[TH_LIMIT_INDICATORS_MAX + 1];
    struct th_value_table table;
    figures->ratios_count = 0;
    if (layout->ratios_count == 0)
        return;
    th_value_table_init(&figures->values, layout->catalogue->number_max, places, &table);
    for (uint16_t i = 0; i < layout->ratios_count; i++) {
        const uint16_t number = layout->ratios[i];
        const struct th_ratio *ratio = &layout->catalogue->indicators[number].ratio;
        th_int128 numerator, denominator;
        if (!sum_terms(&table, ratio->numerator, ratio->numerator_count, &numerator) ||
            !sum_terms(&table, ratio->denominator, ratio->denominator_count, &denominator))
            continue;
        const size_t at = figures->ratios_count++;
        figures->ratios[at].number = number;
        figures->ratios[at].numerator = numerator;
        figures->ratios[at].denominator = denominator;
    }
}

void th_figures_read(const struct th_rollup_layout *layout, const struct th_row *row,
                     struct th_figures *ret_figures)
{
    size_t count = 0;
    int status = th_packed_decode(row->values, row->values_size, ret_figures->own_numbers,
                                  ret_figures->own_values, TH_LIMIT_INDICATORS_MAX, &count);
    TH_ASSERT(status == 0);
    ret_figures->values =
        (struct th_values){ret_figures->own_numbers, ret_figures->own_values, count};
    read_ratios(layout, ret_figures);
}

/* ---- apply and retract ---- */

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

void th_rollup_apply_figures(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                             const struct th_row *row, const struct th_figures *figures)
{
    count_row(&rollup->counts, row, 1);
    for (size_t i = 0; i < figures->values.count; i++) {
        const uint16_t number = figures->values.numbers[i];
        const int64_t value = figures->values.values[i];
        th_int128 *cells = rollup->cells + layout->cells_at[number];
        const bool is_first = rollup->reported[number] == 0;
        TH_ASSERT(layout->rules[number] != NO_RULE);
        switch ((enum th_up_rule)layout->rules[number]) {
        case TH_UP_SUM:
            cells[0] += value;
            break;
        case TH_UP_MAX:
            widen(NULL, &cells[0], value, is_first);
            break;
        case TH_UP_AVERAGE_MIN_MAX:
            cells[0] += value;
            widen(&cells[1], &cells[2], value, is_first);
            break;
        case TH_UP_COUNT_BY_VALUE:
            TH_ASSERT(value >= 0 &&
                      value < layout->cells_at[number + 1] - layout->cells_at[number]);
            cells[value]++;
            break;
        case TH_UP_CONCAT:
            break;
        case TH_UP_RATIO_OF_SUMS: /* by its terms */
            continue;
        }
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

/* The min, if the rule has one, and the max of an indicator. False when the rule has neither. */
static bool extremes_of(const struct th_rollup_layout *layout, const struct th_rollup *rollup,
                        uint16_t number, th_int128 **ret_min, th_int128 **ret_max)
{
    th_int128 *cells = rollup->cells + layout->cells_at[number];
    if (layout->rules[number] != TH_UP_MAX && layout->rules[number] != TH_UP_AVERAGE_MIN_MAX)
        return false;
    const bool has_min = layout->rules[number] == TH_UP_AVERAGE_MIN_MAX;
    *ret_min = has_min ? &cells[1] : NULL;
    *ret_max = has_min ? &cells[2] : &cells[0];
    return true;
}

static bool retract_figures(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                            const struct th_row *row, const struct th_figures *figures)
{
    th_counts_retract(&rollup->counts, row);
    bool any = false;
    for (size_t i = 0; i < figures->values.count; i++) {
        const uint16_t number = figures->values.numbers[i];
        const int64_t value = figures->values.values[i];
        const enum th_up_rule rule = (enum th_up_rule)layout->rules[number];
        th_int128 *cells = rollup->cells + layout->cells_at[number], *min, *max;
        if (rule == TH_UP_RATIO_OF_SUMS)
            continue;
        TH_ASSERT(rollup->reported[number] > 0);
        rollup->reported[number]--;
        if (rule == TH_UP_SUM || rule == TH_UP_AVERAGE_MIN_MAX)
            cells[0] -= value;
        if (rule == TH_UP_COUNT_BY_VALUE)
            cells[value]--;
        if (rule == TH_UP_SUM || !extremes_of(layout, rollup, number, &min, &max))
            continue;
        if (rollup->reported[number] == 0)
            widen(min, max, 0, true);
        else
            any = any || value == *max || (min != NULL && value == *min);
    }
    add_ratios(layout, rollup, figures, -1);
    return any;
}

bool th_rollup_retract(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                       const struct th_row *row)
{
    struct th_figures figures;
    th_figures_read(layout, row, &figures);
    return retract_figures(layout, rollup, row, &figures);
}

/* ---- extremes ---- */

void th_rollup_extremes_begin(const struct th_rollup_layout *layout, struct th_rollup *rollup)
{
    for (uint16_t i = 0; i < layout->extremes_count; i++) {
        const uint16_t number = layout->extremes[i];
        th_int128 *min, *max;
        if (rollup->reported[number] == 0 || !extremes_of(layout, rollup, number, &min, &max))
            continue;
        if (min != NULL)
            *min = ABOVE_ALL;
        *max = BELOW_ALL;
    }
}

void th_rollup_extremes_add_row(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                                const struct th_row *row)
{
    for (uint16_t i = 0; i < layout->extremes_count; i++) {
        const uint16_t number = layout->extremes[i];
        int64_t value;
        th_int128 *min, *max;
        if (th_packed_find(row->values, row->values_size, number, &value) &&
            extremes_of(layout, rollup, number, &min, &max))
            widen(min, max, value, false);
    }
}

/* Whether an extreme may have been the old figure and is not the new one. Both are applied. */
static bool is_lost(const struct th_rollup_layout *layout, const struct th_rollup *rollup,
                    uint16_t number, const struct th_replacement *change)
{
    int64_t old, now = 0;
    th_int128 *min, *max;
    if (rollup->reported[number] == 0 ||
        !th_values_get(&change->old_figures->values, number, &old) ||
        !extremes_of(layout, rollup, number, &min, &max))
        return false;
    const bool again = th_values_get(&change->figures->values, number, &now);
    const bool max_is_lost = old == *max && !(again && now == *max);
    return max_is_lost || (min != NULL && old == *min && !(again && now == *min));
}

uint64_t th_rollup_replace(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                           const struct th_replacement *change)
{
    uint64_t stale = 0;
    bool any = retract_figures(layout, rollup, change->old_row, change->old_figures);
    th_rollup_apply_figures(layout, rollup, change->row, change->figures);
    for (uint16_t i = 0; any && i < layout->extremes_count; i++)
        if (is_lost(layout, rollup, layout->extremes[i], change))
            stale |= UINT64_C(1) << (i < TH_ROLLUP_STALE_LAST ? i : TH_ROLLUP_STALE_LAST);
    return stale;
}

/* A sum of extremes means nothing: they are put right after all has been added up. */
static void gather_extremes(const struct th_rollup_layout *layout,
                            const struct th_rollup *const *parts, size_t count,
                            struct th_rollup *rollup)
{
    for (uint16_t i = 0; i < layout->extremes_count; i++) {
        const uint16_t number = layout->extremes[i];
        th_int128 *min, *max, *part_min, *part_max;
        bool is_first = true, has = extremes_of(layout, rollup, number, &min, &max);
        TH_ASSERT(has);
        for (size_t part = 0; part < count; part++) {
            if (parts[part]->reported[number] == 0 ||
                !extremes_of(layout, parts[part], number, &part_min, &part_max))
                continue;
            if (min != NULL && (is_first || *part_min < *min))
                *min = *part_min;
            if (is_first || *part_max > *max)
                *max = *part_max;
            is_first = false;
        }
    }
}

void th_rollup_gather(const struct th_rollup_layout *layout, const struct th_rollup *const *parts,
                      size_t count, struct th_rollup *rollup)
{
    struct th_counts counts = rollup->counts;
    th_rollup_clear(layout, rollup);
    rollup->counts = counts;
    for (size_t part = 0; part < count; part++) {
        for (uint32_t i = 0; i <= layout->catalogue->number_max; i++)
            rollup->reported[i] += parts[part]->reported[i];
        for (uint32_t i = 0; i < layout->cells_count; i++)
            rollup->cells[i] += parts[part]->cells[i];
    }
    gather_extremes(layout, parts, count, rollup);
}

void th_search_ask(struct th_search *search, const struct th_rollup_layout *layout,
                   const struct th_rollup *rollup, uint16_t number)
{
    th_int128 *min, *max;
    if (rollup->reported[number] == 0 || !extremes_of(layout, rollup, number, &min, &max))
        return;
    TH_ASSERT(search->count < TH_SEARCH_MAX);
    search->extremes[search->count++] = (struct th_extreme){.number = number,
                                                            .has_min = min != NULL,
                                                            .min = ABOVE_ALL,
                                                            .max = BELOW_ALL,
                                                            .min_bound = min != NULL ? *min : 0,
                                                            .max_bound = *max};
}

static void add_figure(struct th_extreme *extreme, int64_t value)
{
    widen(&extreme->min, &extreme->max, value, false);
}

void th_search_add_row(struct th_search *search, const struct th_row *row)
{
    uint16_t numbers[TH_LIMIT_INDICATORS_MAX];
    int64_t values[TH_LIMIT_INDICATORS_MAX];
    size_t count = 0, at = 0;
    if (search->count == 1) {
        if (th_packed_find(row->values, row->values_size, search->extremes[0].number, values))
            add_figure(&search->extremes[0], values[0]);
        return;
    }
    int status = th_packed_decode(row->values, row->values_size, numbers, values,
                                  TH_LIMIT_INDICATORS_MAX, &count);
    TH_ASSERT(status == 0);
    for (size_t i = 0; i < search->count; i++) {
        while (at < count && numbers[at] < search->extremes[i].number)
            at++;
        if (at < count && numbers[at] == search->extremes[i].number)
            add_figure(&search->extremes[i], values[at]);
    }
}

void th_search_add(struct th_search *search, const struct th_rollup_layout *layout,
                   const struct th_rollup *child)
{
    for (size_t i = 0; i < search->count; i++) {
        struct th_extreme *extreme = &search->extremes[i];
        th_int128 *min, *max;
        if (child->reported[extreme->number] == 0 ||
            !extremes_of(layout, child, extreme->number, &min, &max))
            continue;
        widen(&extreme->min, &extreme->max, *max, false);
        if (min != NULL)
            widen(&extreme->min, &extreme->max, *min, false);
    }
}

bool th_search_is_done(const struct th_search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        const struct th_extreme *extreme = &search->extremes[i];
        if (extreme->max != extreme->max_bound ||
            (extreme->has_min && extreme->min != extreme->min_bound))
            return false;
    }
    return true;
}

void th_search_end(const struct th_search *search, const struct th_rollup_layout *layout,
                   struct th_rollup *rollup)
{
    for (size_t i = 0; i < search->count; i++) {
        const struct th_extreme *extreme = &search->extremes[i];
        th_int128 *min, *max;
        bool has = extremes_of(layout, rollup, extreme->number, &min, &max);
        TH_ASSERT(has);
        TH_ASSERT(extreme->max > BELOW_ALL); /* somebody has reported it */
        TH_ASSERT(extreme->max <= extreme->max_bound);
        *max = extreme->max;
        if (min != NULL)
            *min = extreme->min;
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
