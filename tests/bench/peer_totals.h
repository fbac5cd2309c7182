/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rollup of one obligation for one unit above, as an application keeps it that has a database
 * for its memory: moved by each report, with who has the least and the most.
 *
 * An extreme that was taken out is a bound until it is found again: who owns the reports searches
 * when a batch ends.
 */
#ifndef TH_BENCH_PEER_TOTALS_H
#define TH_BENCH_PEER_TOTALS_H

#include "tests/bench/peer_plan.h"

enum { PEER_SIDES_MAX = 8 };

/* The extremes that the plan's figures have: of one figure, its least or its most. */
struct peer_side {
    uint8_t figure;
    bool is_most;
};

struct peer_sides {
    struct peer_side items[PEER_SIDES_MAX];
    size_t count;
};

struct peer_extreme {
    int64_t value;
    uint32_t unit; /* the first of those that have it */
    uint32_t is_lost;
};

struct peer_total {
    int64_t received, late, texts;
    int64_t reported[BENCH_FIGURES], sums[BENCH_FIGURES];
    struct {
        int64_t both, numerator, denominator;
    } ratios[PEER_RATIOS_MAX];
    struct peer_extreme extremes[PEER_SIDES_MAX];
};

void peer_sides_init(const struct peer_plan *plan, struct peer_sides *ret_sides);

/* `sign`: 1 adds a report, -1 takes it out. `fact` has unit, present, figures and narratives. */
void peer_total_move(const struct peer_plan *plan, const struct peer_sides *sides,
                     struct peer_total *total, const struct bench_fact *fact, bool is_late,
                     int64_t sign);

/* True when an extreme that somebody has is lost. */
bool peer_total_is_lost(const struct peer_sides *sides, const struct peer_total *total);
/* The search: begin; then each report that the total is made of, or each total; the rest is kept.
 */
void peer_total_search(const struct peer_sides *sides, const struct peer_total *total,
                       struct peer_total *ret_found);
void peer_total_find(const struct peer_sides *sides, struct peer_total *found,
                     const struct bench_fact *fact);
void peer_total_find_below(const struct peer_sides *sides, struct peer_total *found,
                           const struct peer_total *below);
void peer_total_found(const struct peer_sides *sides, const struct peer_total *found,
                      struct peer_total *total);

/* One line in the form of `recompute … same`; node 0 is the nation. */
void peer_total_write(const struct peer_plan *plan, const struct peer_sides *sides, FILE *file,
                      uint32_t obligation, uint32_t node, const struct peer_total *total);

#endif
