/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of the benchmark, for peers that do the same work as the core: due instants, rules, and
 * how the figures of struct bench_fact combine. Loaded by the project's own code.
 */
#ifndef TH_BENCH_PEER_PLAN_H
#define TH_BENCH_PEER_PLAN_H

#include "base/arena.h"
#include "proto/model/check.h"
#include "tests/bench/workload.h"

enum { PEER_RATIOS_MAX = 4 };

struct peer_ratio { /* bits of figures, as in bench_fact.present */
    uint32_t numerator, denominator;
};

struct peer_plan {
    struct th_arena arena;
    struct th_plan plan;
    struct th_checks checks;         /* of the plan, as the core makes them once; in the arena */
    const struct th_unit **units;    /* of the workload's, in their order */
    uint16_t numbers[BENCH_FIGURES]; /* of the figures, ascending */
    const struct th_indicator *figures[BENCH_FIGURES];
    uint16_t narrative; /* the number of the one text */
    struct peer_ratio ratios[PEER_RATIOS_MAX];
    size_t ratios_count;
};

/* Ends the process when the plan needs what no peer does here: rules that compare periods, scoring
 * that is suspended, obligations that ask for different figures. */
void peer_plan_open(const char *folder, const struct bench_workload *workload,
                    struct peer_plan *ret_plan);
void peer_plan_close(struct peer_plan *plan);

/* th_report_check() of one report; `errors` and `warnings` begin empty. */
void peer_plan_check(const struct peer_plan *plan, const struct bench_fact *fact,
                     struct th_reasons *errors, struct th_reasons *warnings);
/* By the stamp of the first accepted revision. */
bool peer_plan_is_late(const struct peer_plan *plan, uint32_t obligation, int64_t stamp_ms);

#endif
