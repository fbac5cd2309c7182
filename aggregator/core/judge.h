/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of each report of a submission, of one that is shown again with a receipt of a log
 * that was lost, or of one that is entered on behalf. Not for callers of the core. */
#ifndef TH_CORE_JUDGE_H
#define TH_CORE_JUDGE_H

#include "aggregator/core/planning.h"

struct th_judging {
    const struct th_core *core;
    const struct th_submission *submission;
    struct th_text peer_unit;
    th_instant time;
    const struct th_leaf *leaf; /* of the receipt; NULL: it is not shown again */
    bool is_entered;            /* by an operator: of its header there is the unit alone */
    struct th_reasons header_errors;
    uint32_t unit; /* its number, when there are no header errors */
    const struct th_planning *planning;
};

/* When it is accepted, `book` names its book and `before` the row that it supersedes, or NULL. */
struct th_judged {
    enum th_verdict verdict;
    struct th_book_id book;
    const struct th_row *before;
    const struct th_judgement *earlier; /* the leaf's, when there is a leaf and it is accepted */
    bool has_position;
    uint64_t position;
    struct th_digest stored_digest;
    uint32_t next_revision;
};

void th_judge_header(struct th_judging *judging);
/* One report's verdict; the reasons go to `errors` and `warnings`. */
void th_judge_report(const struct th_judging *judging, size_t index, struct th_reasons *errors,
                     struct th_reasons *warnings, struct th_judged *ret_judged);
/* The unit that a report is entered for: of its code on the day by which its obligation asks, else
 * on the day of entering. TH_UNIT_NONE. */
uint32_t th_entered_unit(const struct th_core *core, const struct th_report *report,
                         th_instant time);
/* When the log that was lost received what its leaf says it accepted. */
th_instant th_leaf_received(const struct th_leaf *leaf);

#endif
