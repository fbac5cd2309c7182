/* SPDX-License-Identifier: Apache-2.0 */
/* The made-up nation of the benchmark: its units with their keys, and its plan. */
#ifndef TH_BENCH_PLACE_H
#define TH_BENCH_PLACE_H

#include "base/digest.h"
#include "proto/model/plan.h"
#include "tests/bench/workload.h"
#include "tests/support/random.h"

struct place_shape {
    uint32_t provinces, communes, obligations;
    uint64_t seed;
    bool asks_all; /* obligations list no indicators: everything may be reported */
};

struct place {
    struct place_shape shape;
    struct bench_unit *units;            /* communes */
    struct th_plan plan;                 /* as the aggregator will have it */
    struct th_digest plan_digest;        /* of the compiled plan */
    uint16_t numbers[BENCH_FIGURES + 1]; /* of each figure in the catalogue; then the narrative's */
};

extern const char *const place_codes[BENCH_FIGURES + 1];

/* Writes units.csv, plan.yaml, shape and units.bin into the folder and loads the plan as the
 * aggregator does. `plans`: the folder with catalogue/ and holidays.yaml, as an absolute path. */
void place_make(const char *folder, const char *plans, struct place_shape shape,
                struct th_arena *arena, struct place *ret_place);

#endif
