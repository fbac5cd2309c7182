/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several statements about one unit: rows of one file, of several files, and what a store holds.
 *
 * A field that a row leaves empty is not stated. Two rows speak of the same unit when they have the
 * same code and are valid at the same time; a date that is not stated is without limit there.
 *
 *   row and row     They agree when no field is stated by both with different values; the unit has
 *                   all that either states. Rows are taken in the order of their code, those with a
 *                   date first, then by first day: the order of files and lines decides nothing.
 *   row and known   The known unit stays as it is. A field that the row states must have the value
 *                   of the known unit, where an unlimited date and no parent are values too. Only
 *                   an external id that the known unit lacks is let pass: it is not taken over, but
 *                   counted.
 *   several         Where a row is valid together with several units of its code, it is the one
 *                   that has a first or last day that the row states; without one it says too
 *                   little.
 *
 * Not thread-safe with regard to its arguments; keeps nothing between calls.
 */
#ifndef TH_AGGREGATOR_PLAN_UNITS_MERGE_H
#define TH_AGGREGATOR_PLAN_UNITS_MERGE_H

#include "base/problems.h"
#include "proto/model/unit.h"

struct th_unit_row {
    struct th_unit unit;
    struct th_place place;
    uint32_t order; /* as it was read: which of two rows is told to contradict the other */
};

/* What became of the rows that speak of known units. */
struct th_units_kept {
    uint32_t known;               /* rows' units that are known */
    uint32_t untaken;             /* of those, with an external id that is not taken over */
    const char *untaken_code;     /* the first of them; NULL without */
    const char *untaken_identity; /* its external id in the file */
};

/*
 * Leaves the rows that are new units, one for each, ordered by code and first day. Borrows texts.
 * `known` may be NULL; it is a built list. TH_E_INVALID after adding a problem for every row that
 * contradicts.
 */
TH_MUST_CHECK int th_units_merge(struct th_unit_row *rows, uint32_t *count,
                                 const struct th_unit_list *known, struct th_problems *problems,
                                 struct th_units_kept *ret_kept);

#endif
