/* SPDX-License-Identifier: Apache-2.0 */
/* One thing on its way from the loop to the writer. */
#ifndef TH_DAEMON_JOB_H
#define TH_DAEMON_JOB_H

#include "aggregator/driver/driver.h"
#include "aggregator/driver/readmission.h"
#include "aggregator/shell/router.h"

enum th_job_kind {
    TH_JOB_NODE,     /* a message of a node */
    TH_JOB_OPERATOR, /* a request of the operator */
    TH_JOB_TICK
};

struct th_job {
    enum th_job_kind kind;
    struct th_reading now;            /* when the socket was drained */
    struct th_router_message message; /* of NODE and OPERATOR */
    struct th_arena arena;            /* what the verifier made */
    bool is_revoked;                  /* its key was admitted and is no longer */
    uint32_t wait_ms;                 /* not 0: over its quota, to be told so */
    bool is_for_writer;               /* false: the verifier has dealt with it */
    size_t reports;                   /* what it costs to write, in reports */
    size_t decoded_bytes;             /* the arena's when it was verified; a write may take more */
    struct th_to_aggregator decoded;
    struct th_submission submission;
    struct th_readmitted readmitted;
    struct th_act *acts;
    struct th_act_result *results;
    size_t acts_count;
};

#endif
