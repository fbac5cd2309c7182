/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What th_report_check() looks up in a plan for every report, made once for the plan: the range of
 * each figure, and by number the rules that can say anything only when that figure is reported. So
 * a report meets the few rules that its own figures are in, instead of all.
 *
 * A set of rules is a row of bits, one for each rule in the plan's order.
 *
 * Pure; made once, it is constant, and any number of threads may read it.
 */
#ifndef TH_MODEL_CHECKS_H
#define TH_MODEL_CHECKS_H

#include "proto/model/plan.h"

#define TH_CHECKS_WORDS_MAX (TH_LIMIT_RULES_MAX / 64)

/* Of the values that fit the type; empty (first above last) when none does. */
struct th_figure_range {
    int64_t first, last;
};

struct th_checks {
    const struct th_plan *plan;            /* borrowed */
    const struct th_rule *types;           /* the plan's rule of types, or NULL */
    const struct th_figure_range *figures; /* by number, up to the catalogue's last */
    const uint64_t *always;                /* rules that are not tied to a figure */
    const uint64_t *by_number;             /* of each number a set */
    size_t words;                          /* of a set */
};

struct th_figure_range th_figure_range(const struct th_indicator *indicator);

/* Of the memory that th_checks_init() wants, aligned for any object. */
size_t th_checks_size(const struct th_plan *plan);
/* Borrows the plan, whose rules are at most TH_LIMIT_RULES_MAX, and the memory. */
void th_checks_init(const struct th_plan *plan, void *memory, struct th_checks *ret_checks);

#endif
