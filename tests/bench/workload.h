/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports of the benchmark, as files in one folder. All numbers are little-endian.
 *
 *   plan.yaml, units.csv    a made-up nation: 1 root, 34 provinces, 3,321 communes
 *   shape                   text, one line: units, provinces, obligations, realm
 *   units.bin               struct bench_unit of each commune, with its keys
 *   SET.bin                 Submissions one after the other
 *   SET.idx                 struct bench_frame of each
 *   SET.facts               struct bench_fact of each report, in the order of the Submissions:
 *                           what was reported, before anything was encoded
 *
 * The same seed gives the same bytes.
 */
#ifndef TH_BENCH_WORKLOAD_H
#define TH_BENCH_WORKLOAD_H

#include "tests/bench/bench.h"

#define BENCH_PLAN_ID  "dan-van-2025"
#define BENCH_ROOT     "VN"
#define BENCH_REALM    "tonghop.bench/rehearsal"
#define BENCH_FIGURES  20
#define BENCH_CODE_MAX 16

enum { BENCH_LATE_EVERY = 10 }; /* every tenth obligation is past its due date */

/* 2025-06-15 00:00 in Vietnam, when every report comes: after the due dates of every tenth
 * obligation, before all others. */
#define BENCH_CLOCK_MS INT64_C(1749920400000)

struct bench_unit {
    char code[BENCH_CODE_MAX];
    uint32_t province; /* from 0 */
    uint32_t reserved;
    uint8_t sign_public[32], sign_secret[64];
    uint8_t curve_public[32], curve_secret[32];
};

struct bench_frame {
    uint64_t offset; /* in SET.bin */
    uint32_t size;
    uint32_t unit;
    uint32_t reports;
    uint32_t is_again; /* an exact repetition of an earlier frame */
};

struct bench_fact {
    uint32_t unit, obligation, revision;
    uint32_t present;    /* bit i: figure i was reported */
    uint32_t is_again;   /* of a repeated frame */
    uint32_t narratives; /* 0 or 1 */
    int64_t figures[BENCH_FIGURES];
};

struct bench_workload {
    uint32_t units_count, provinces_count, obligations_count;
    const struct bench_unit *units;
    struct th_bytes bytes;
    const struct bench_frame *frames;
    size_t frames_count;
};

/* Opens one set. Ends the process when it is not there. `frames_max`: 0 for all. */
void bench_workload_open(const char *folder, const char *set, size_t frames_max,
                         struct bench_workload *ret_workload);
/* The bytes of one Submission. */
struct th_bytes bench_workload_frame(const struct bench_workload *workload, size_t i);
size_t bench_workload_reports(const struct bench_workload *workload);

#endif
