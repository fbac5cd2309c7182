/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures that this node has reported before, for the rules that compare periods: the half-year
 * beside the year, the year before. What the outbox does not have, or has damaged, is skipped, and
 * the province's own check still sees it.
 *
 * Internal to nodes/cli.
 */
#ifndef TH_NODES_CLI_EARLIER_H
#define TH_NODES_CLI_EARLIER_H

#include "nodes/store/outbox.h"
#include "proto/model/check.h"

struct th_earlier {
    struct th_values half_year, previous_year, previous_same;
    struct th_related related; /* points to the above, NULL where there is none */
};

/*
 * Fills `ret_earlier` (which must stay where it is) from the outbox: of each obligation the highest
 * revision that was not refused. Figures live in the arena. TH_E_NO_MEMORY, TH_E_IO; TH_E_CORRUPT:
 * the items cannot be listed.
 */
TH_MUST_CHECK int th_earlier_find(struct th_outbox *outbox, const struct th_plan *const *plans,
                                  size_t plans_count, const struct th_plan *plan,
                                  const struct th_obligation *obligation, struct th_arena *arena,
                                  struct th_earlier *ret_earlier);

#endif
