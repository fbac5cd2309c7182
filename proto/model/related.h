/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which obligations' reports a plan's rules compare a report with.
 *
 * Pure; no allocation. Borrows the plans.
 */
#ifndef TH_MODEL_RELATED_H
#define TH_MODEL_RELATED_H

#include "proto/model/plan.h"

/* NULL where there is none. */
struct th_related_obligations {
    const struct th_plan *half_year_plan, *previous_year_plan, *previous_same_plan;
    const struct th_obligation *half_year, *previous_year, *previous_same;
};

/* For struct th_related (proto/model/check.h). Finds among `plans` by series and period: H1 beside
 * the year, and the plan of the year before. */
void th_related_find(const struct th_plan *const *plans, size_t plans_count,
                     const struct th_plan *plan, const struct th_obligation *obligation,
                     struct th_related_obligations *ret_related);

#endif
