/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs that feed a peer have in common: single reports, decoded beforehand. */
#ifndef TH_BENCH_PEER_H
#define TH_BENCH_PEER_H

#include "base/digest.h"
#include "tests/bench/workload.h"

struct peer_input {
    struct bench_workload workload;  /* `preload` frames, then those that are timed */
    const struct bench_fact *facts;  /* of each frame's report */
    const struct th_digest *digests; /* of its bytes, as its signed header has it */
    size_t preload;
};

/* Ends the process when the set is not of single reports. `frames`: 0 for all that there are. */
void peer_input_open(const char *folder, const char *set, size_t frames, size_t preload,
                     struct peer_input *ret_input);
void peer_input_close(struct peer_input *input);
size_t peer_timed(const struct peer_input *input);

/* The argument as a number; 0 when it is not there. */
size_t peer_number(int argc, char **argv, int at);

/* One line in the form of `recompute … sums`; node 0 is the nation. `cells`: sum and count of each
 * figure, 2 * BENCH_FIGURES of them. */
void peer_write_sums(FILE *file, uint32_t obligation, uint32_t node, int64_t received,
                     const int64_t *cells);

#endif
