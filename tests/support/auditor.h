/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A naive auditor of the core: a flat list of accepted revisions, from which everything is computed
 * again in plain loops. Shares no code with the core and knows the world's tree by heart.
 */
#ifndef TH_TESTS_SUPPORT_AUDITOR_H
#define TH_TESTS_SUPPORT_AUDITOR_H

#include "tests/support/world.h"

#define AUDITOR_REVISIONS_MAX 4096

struct audited {
    struct sent_report sent;
    int64_t received_ms;
    int64_t first_received_ms;
    bool waits; /* for the clock */
    uint64_t position;
    bool entered; /* on behalf */
};

struct auditor {
    struct audited revisions[AUDITOR_REVISIONS_MAX];
    size_t count;
    int64_t half_due_ms, year_due_ms, accept_end_ms;
};

struct totals {
    uint32_t expected, received, on_time, late, undecided, estimated, entered;
    bool has_expected;
    uint32_t reported[IND_TEXT + 1];
    int64_t sum[IND_TEXT + 1]; /* of A, B, C, SCORE */
    int64_t day_max, score_min, score_max;
    int64_t classes[3];
    int64_t share_numerator, share_denominator;
};

void auditor_init(struct auditor *auditor, const struct world *world);
/* What the core has to say about a report that arrives at an instant. */
enum th_verdict auditor_expect(const struct auditor *auditor, const struct sent_report *sent,
                               int64_t now_ms, uint64_t *ret_position, uint32_t *ret_next);
void auditor_accept(struct auditor *auditor, const struct sent_report *sent, int64_t now_ms,
                    bool suspect, uint64_t position);
/* The last one that was accepted was entered on behalf. */
void auditor_mark_entered(struct auditor *auditor);
/* The clock is right again. */
void auditor_settle(struct auditor *auditor);
/* With the reports received before `before_ms`. */
void auditor_total(const struct auditor *auditor, uint32_t obligation, uint32_t unit,
                   enum th_branch branch, int64_t before_ms, struct totals *ret_totals);
/* True when a rollup says the same. */
bool auditor_agrees(const struct totals *totals, const struct th_rollup_layout *layout,
                    const struct th_rollup *rollup);

#endif
