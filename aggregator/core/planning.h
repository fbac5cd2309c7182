/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that one entry's accepted reports put. They are planned one by one, each seen by what is
 * planned after it, with all the memory that they need; then they are put together, on a path that
 * cannot fail. Not for callers of the core.
 */
#ifndef TH_CORE_PLANNING_H
#define TH_CORE_PLANNING_H

#include "aggregator/core/state.h"

struct th_planned {
    struct th_book *book;
    struct th_row row;           /* its values are owned until put */
    const uint8_t *packed;       /* the same, in the step's passing arena */
    struct th_old_revision *old; /* owned until put; the revision that it supersedes */
};

struct th_planning {
    struct th_step *step;
    struct th_planned *items;
    size_t count;
};

/* For at most `capacity` rows. */
TH_MUST_CHECK int th_planning_init(struct th_step *step, size_t capacity,
                                   struct th_planning *ret_planning);
/* Frees what is planned and not put. */
void th_planning_drop(struct th_planning *planning);

/* Before the reports of a unit are looked up one by one: their rows come from memory together. */
void th_planning_foresee(const struct th_planning *planning, const struct th_submission *submission,
                         uint32_t unit);

/* The row of a report as it is planned, else as it is; NULL: none. Borrows until the next add. */
const struct th_row *th_planning_find_row(const struct th_planning *planning, struct th_book_id id,
                                          uint32_t unit, uint32_t number);
/* Digest and position of a revision that is planned or known. False: there is none. Borrows. */
bool th_planning_find_revision(const struct th_planning *planning, struct th_book_id id,
                               uint32_t unit, const struct th_report *report,
                               const struct th_digest **ret_digest, uint64_t *ret_position);

/*
 * Plans a row, with the report's figures. `before` is what it supersedes, from
 * th_planning_find_row(), or NULL. TH_E_NO_MEMORY; TH_E_CORRUPT: figures that no checked report
 * has, which are not planned.
 */
TH_MUST_CHECK int th_planning_add(struct th_planning *planning, struct th_book_id id,
                                  const struct th_row *row, const struct th_row *before,
                                  const struct th_report *report);
/* Makes room and pushes the effects. Then put cannot fail. */
TH_MUST_CHECK int th_planning_prepare(struct th_planning *planning);
void th_planning_put(struct th_planning *planning);

#endif
