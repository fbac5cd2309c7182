/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rollup: the aggregate of one obligation's reports below one unit, for one branch.
 *
 * Exact: sums are 128 bits, there is no division before printing. Each indicator owns a run of
 * cells whose meaning its rule gives:
 *
 *   sum               [sum]
 *   max               [max]                     valid when reported > 0
 *   ratio_of_sums     [numerator, denominator]  of units that reported every term
 *   average_min_max   [sum, min, max]           min and max valid when reported > 0
 *   count_by_value    [count of each value]
 *   concat            []                        the list is read from the reports
 *
 * `reported` counts the reports that count for the indicator (for a ratio: all terms reported).
 * Sum-like cells apply and retract; min and max cannot be retracted: when an extreme was taken out
 * its cell is a bound, and whoever needs it searches what the rollup is made of.
 *
 * Pure. A layout is constant and shared by all rollups of a plan's catalogue.
 */
#ifndef TH_CORE_ROLLUP_H
#define TH_CORE_ROLLUP_H

#include "aggregator/core/row.h"
#include "base/arena.h"
#include "proto/model/indicator.h"

__extension__ typedef __int128 th_int128;

struct th_rollup_layout {
    const struct th_catalogue *catalogue; /* borrowed */
    const uint32_t *cells_at; /* by number, number_max + 2 entries: the run of number n is
                               * cells_at[n] to cells_at[n + 1] */
    uint32_t cells_count;
    const uint8_t *rules;     /* by number: its enum th_up_rule */
    const uint16_t *ratios;   /* the numbers that are ratios of sums, ascending */
    const uint16_t *extremes; /* those with a max, or a min and a max, ascending */
    uint16_t ratios_count, extremes_count;
};

/* What th_rollup_layout_init() takes of an arena at most. */
size_t th_rollup_layout_bytes(const struct th_catalogue *catalogue);
/* Into the arena. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_rollup_layout_init(const struct th_catalogue *catalogue,
                                        struct th_arena *arena,
                                        struct th_rollup_layout *ret_layout);

/* expected = received + missing; received = on_time + late + undecided. Undated ones count as
 * received and are on_time: nothing was late. */
struct th_counts {
    bool has_expected; /* false: open-ended or without a date; expected and missing are null */
    uint32_t expected;
    uint32_t received;
    uint32_t on_time;
    uint32_t late;
    uint32_t undecided;
    uint32_t returned;
    uint32_t exempt;
    uint32_t suspended;
    uint32_t estimated;
    uint32_t entered; /* on behalf of their units */
};

struct th_rollup {
    struct th_counts counts; /* expected is filled in by its owner, not by apply */
    uint32_t *reported;      /* by number, number_max + 1 */
    th_int128 *cells;
};

TH_MUST_CHECK int th_rollup_new(const struct th_rollup_layout *layout, struct th_arena *arena,
                                struct th_rollup *ret_rollup);
void th_rollup_clear(const struct th_rollup_layout *layout, struct th_rollup *rollup);
void th_rollup_copy(const struct th_rollup_layout *layout, const struct th_rollup *from,
                    struct th_rollup *to);

/* A row that was read from a store: its figures can be read, are of the catalogue and in range.
 * TH_E_CORRUPT. What follows takes such rows only. */
TH_MUST_CHECK int th_rollup_check_row(const struct th_rollup_layout *layout,
                                      const struct th_row *row);
/* Likewise the figures alone, unpacked. */
TH_MUST_CHECK int th_rollup_check_values(const struct th_rollup_layout *layout,
                                         const struct th_values *values);

/* A row's figures unpacked, with the terms of the ratios that it counts for: once for all rollups
 * above its unit. Large: for the stack of one call. */
struct th_figures {
    struct th_values values; /* those below */
    size_t ratios_count;
    uint16_t own_numbers[TH_LIMIT_INDICATORS_MAX];
    int64_t own_values[TH_LIMIT_INDICATORS_MAX];
    struct {
        uint16_t number;
        th_int128 numerator, denominator;
    } ratios[TH_LIMIT_INDICATORS_MAX];
};
void th_figures_read(const struct th_rollup_layout *layout, const struct th_row *row,
                     struct th_figures *ret_figures);

/* Adds one report to the counts alone. */
void th_counts_add(struct th_counts *counts, const struct th_row *row);
/* Takes one out again. */
void th_counts_retract(struct th_counts *counts, const struct th_row *row);
/* Adds one report's figures and counts. */
void th_rollup_apply(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                     const struct th_row *row);
/* The same; `figures` are the row's. */
void th_rollup_apply_figures(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                             const struct th_row *row, const struct th_figures *figures);
/* Takes them out again. True when a min or max may have been this row's: recombine. */
bool th_rollup_retract(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                       const struct th_row *row);
/* Min and max cells as if only this child had been applied so far: begin, then one by one. */
void th_rollup_extremes_begin(const struct th_rollup_layout *layout, struct th_rollup *rollup);
void th_rollup_extremes_add_row(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                                const struct th_row *row);

/* A report as it was, and as it is. */
struct th_replacement {
    const struct th_row *old_row, *row;
    const struct th_figures *old_figures, *figures;
};

/* Takes the old report out and adds the new one. Returns the extremes that may have been the old
 * one's and are not the new one's, as bits by their place in the layout's list, the last bit for
 * all from there on: their min and max are bounds from now on, until they are searched. */
uint64_t th_rollup_replace(const struct th_rollup_layout *layout, struct th_rollup *rollup,
                           const struct th_replacement *change);
#define TH_ROLLUP_STALE_LAST 63

/* The figures of all parts together; they have different reports. Counts stay as they are. */
void th_rollup_gather(const struct th_rollup_layout *layout, const struct th_rollup *const *parts,
                      size_t count, struct th_rollup *rollup);

/* The search for the min and max of some indicators among all that a rollup is made of: each row is
 * read once for all of them. It may end as soon as the bounds are met. Begin with a count of 0; ask
 * for indicators in ascending order; add; end, which sets the cells. */
#define TH_SEARCH_MAX 16
struct th_search {
    size_t count;
    struct th_extreme {
        uint16_t number;
        bool has_min; /* the rule keeps one */
        th_int128 min, max, min_bound, max_bound;
    } extremes[TH_SEARCH_MAX];
};
/* Nothing when nobody has reported the indicator: there is nothing to search. Precondition: fewer
 * than TH_SEARCH_MAX. */
void th_search_ask(struct th_search *search, const struct th_rollup_layout *layout,
                   const struct th_rollup *rollup, uint16_t number);
void th_search_add_row(struct th_search *search, const struct th_row *row);
void th_search_add(struct th_search *search, const struct th_rollup_layout *layout,
                   const struct th_rollup *child);
bool th_search_is_done(const struct th_search *search);
void th_search_end(const struct th_search *search, const struct th_rollup_layout *layout,
                   struct th_rollup *rollup);

#define TH_ROLLUP_NUMBER_SIZE 64

/* An exact decimal of a cell with the indicator's scale. Returns `text`. */
char *th_rollup_format_sum(th_int128 value, unsigned scale, char text[TH_ROLLUP_NUMBER_SIZE]);
/* numerator × factor ÷ denominator with `decimals` decimals, rounded half away from zero once.
 * False when the denominator is zero. */
bool th_rollup_format_ratio(th_int128 numerator, th_int128 denominator, uint32_t factor,
                            unsigned decimals, char text[TH_ROLLUP_NUMBER_SIZE]);

#endif
