/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a change of one report does to the totals of a unit: the arithmetic of `diff`.
 *
 * A total is one number of a rollup as people see it: a sum, a maximum, a ratio with its two
 * decimals, an average, a count. The changes are applied one after the other to the rollup of the
 * first moment; the effect of a change is each total after it minus the same total before it. So
 * for every rule the effects add up to the difference between the two moments, exactly, in what is
 * shown. A total that is not there (nobody reported) counts as 0.
 *
 * Pure; everything lives in the arena that it was made in.
 */
#ifndef TH_AUDIT_TOTALS_H
#define TH_AUDIT_TOTALS_H

#include "aggregator/core/rollup.h"

enum th_total_part {
    TH_TOTAL_RECEIVED,
    TH_TOTAL_ON_TIME,
    TH_TOTAL_LATE,
    TH_TOTAL_UNDECIDED,
    TH_TOTAL_ESTIMATED,
    TH_TOTAL_ENTERED,
    TH_TOTAL_REPORTED, /* how many reports count for the indicator; all below are of one too */
    TH_TOTAL_VALUE,    /* sum, maximum, ratio */
    TH_TOTAL_AVERAGE,
    TH_TOTAL_MIN,
    TH_TOTAL_MAX,
    TH_TOTAL_OF_VALUE /* how many reported the word number `word` */
};

struct th_total {
    enum th_total_part part;
    uint16_t indicator; /* 0: of the reports as a whole */
    uint16_t word;
    uint8_t scale; /* decimals of `number` */
    bool is_there; /* false: nobody reported, or a ratio of 0; then `number` is 0 */
    th_int128 number;
};

/* How many totals a rollup has: the same ones in the same order for every rollup of the layout. */
uint32_t th_totals_count(const struct th_rollup_layout *layout);
/* `ret_totals`: of th_totals_count() items. */
void th_totals_take(const struct th_rollup_layout *layout, const struct th_rollup *rollup,
                    struct th_total *ret_totals);

/* The total for people: a date as a date; "–" when it is not there. Returns `text`. */
char *th_total_format(const struct th_rollup_layout *layout, const struct th_total *total,
                      char text[TH_ROLLUP_NUMBER_SIZE]);
/* A difference of such totals with its sign; of dates it is days. Returns `text`. */
char *th_total_format_effect(const struct th_total *total, th_int128 effect,
                             char text[TH_ROLLUP_NUMBER_SIZE]);

/* ---- one change after the other ---- */

struct th_tally {
    const struct th_rollup_layout *layout;
    const struct th_row **rows; /* those that count now, in no order; NULL: not yet */
    uint32_t rows_count;
    struct th_rollup rollup;
};

/* `slots`: how many reports there will be at most. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_tally_new(const struct th_rollup_layout *layout, uint32_t slots,
                               struct th_arena *arena, struct th_tally *ret_tally);
/* The report in this slot is now `row` (borrowed), whatever it was; NULL: there is none. Rows were
 * checked with th_rollup_check_row(). */
void th_tally_put(struct th_tally *tally, uint32_t slot, const struct th_row *row);

/* Everything but what is expected. */
bool th_rollup_equal(const struct th_rollup_layout *layout, const struct th_rollup *a,
                     const struct th_rollup *b);

#endif
