/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `diff` hand to each other. Private. */
#ifndef TH_AUDIT_DIFF_PARTS_H
#define TH_AUDIT_DIFF_PARTS_H

#include "aggregator/audit/reader.h"
#include "aggregator/audit/totals.h"
#include "aggregator/query/question.h"

enum th_change_kind {
    TH_CHANGE_NEW,        /* the first revision */
    TH_CHANGE_CORRECTION, /* a later one */
    TH_CHANGE_JUDGED      /* what came while the clock was suspect got its timeliness */
};

/* What one entry did to one report. */
struct th_change {
    enum th_change_kind kind;
    uint64_t position;
    uint32_t slot;
    const struct th_row *before; /* NULL: of a new one */
    const struct th_row *after;
};

/* One obligation at two moments; in the arena of the questions. */
struct th_changes {
    struct th_past_rows from, to;
    const struct th_row **from_of; /* by slot, which is the index in `to`; NULL: not there yet */
    struct th_change *items;       /* in the order of the journal */
    size_t count;
};

/* Reads the rows of both moments and what lies between. The questions are about the same
 * obligation and unit. TH_E_CORRUPT, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_changes_read(const struct th_question *from, const struct th_question *to,
                                  struct th_reader *reader, struct th_changes *ret_changes);

/*
 * The obligation's part of the answer; owned. `ret_holds`: the effects add up to the difference,
 * and the end is the rollup of the rows at the second moment. TH_E_CORRUPT, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_diff_answer(const struct th_question *question,
                                 const struct th_changes *changes, struct th_reader *reader,
                                 json_t **ret_answer, bool *ret_holds);

/* The whole answer for people. */
void th_diff_print(const json_t *answer, FILE *out);

#endif
