/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One report as the tables and the core keep it, and one superseded revision of it. Pure.
 */
#ifndef TH_CORE_ROW_H
#define TH_CORE_ROW_H

#include "base/arena.h"
#include "proto/model/report.h"
#include "proto/model/verdict.h"

/* Which rows belong together: a plan's number in this store, an obligation's index in the plan. */
struct th_book_id {
    uint16_t plan;
    uint16_t obligation;
};

struct th_row {
    uint32_t unit;     /* number of the unit in this store */
    uint32_t number;   /* of the report */
    uint32_t revision; /* the current one: the highest accepted */
    uint32_t index;    /* in its submission */
    uint64_t position; /* of the current revision's entry */
    struct th_digest digest;
    th_instant first_received; /* of the first accepted revision: decides timeliness */
    th_instant received;       /* of the current revision */
    th_instant prepared;       /* of the first accepted revision: the node's claim */
    th_instant due;            /* applied to the first revision, when has_due */
    const uint8_t *values;     /* proto/model/packed.h */
    uint32_t values_size;
    enum th_timeliness timeliness;
    bool has_due;
    bool estimated; /* at least one figure is */
    bool entered;   /* an operator entered the current revision: the unit has not signed it */
};

/* A revision that was the current one before. */
struct th_revision {
    uint32_t unit;
    uint32_t number;
    uint32_t revision;
    uint32_t index;
    uint64_t position;
    struct th_digest digest;
    th_instant received;
    bool entered;
};

/* A row that is superseded. */
struct th_revision th_revision_of(const struct th_row *row);

/* Whether th_row_pack() may be asked: figures and narratives ascend and share no number, estimates
 * are among the figures. What was checked is so. */
bool th_row_can_pack(const struct th_report *report);

/*
 * What a row keeps of a report: the figures and, under the number of its text indicator, the size
 * of each narrative, so that a rollup of texts is the list of the rows that have one. Borrows the
 * report's or takes from the arena. TH_E_NO_MEMORY. Precondition: th_row_can_pack().
 */
TH_MUST_CHECK int th_row_values(const struct th_report *report, struct th_arena *arena,
                                struct th_values *ret_values);
/* Fills values and estimated of a row, into the arena. `values` are the report's, as above.
 * TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_row_pack_values(const struct th_report *report, const struct th_values *values,
                                     struct th_arena *arena, struct th_row *row);
/* Both. */
TH_MUST_CHECK int th_row_pack(const struct th_report *report, struct th_arena *arena,
                              struct th_row *row);

#endif
