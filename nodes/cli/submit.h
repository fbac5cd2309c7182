/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which revision a report becomes, and whether it is queued. Never decides a revision above what
 * an officer has said: other content for a report that is already on its way is not queued.
 * Internal to nodes/cli.
 */
#ifndef TH_NODES_CLI_SUBMIT_H
#define TH_NODES_CLI_SUBMIT_H

#include "nodes/store/outbox.h"

enum th_submit_outcome {
    TH_SUBMIT_QUEUED,  /* it is in the outbox, durably */
    TH_SUBMIT_SAME,    /* the same content was submitted before: `item` */
    TH_SUBMIT_OCCUPIED /* other content has that place: `item`; the officer has to say a revision */
};

struct th_submit_request {
    struct th_report report;      /* its revision is what the officer said; 0: nothing */
    struct th_digest plan_digest; /* of the compiled plan that it was checked against */
    th_instant now;               /* real time */
    enum th_mode mode;
};

struct th_submit_result {
    enum th_submit_outcome outcome;
    struct th_outbox_item item;
    uint32_t next_revision; /* OCCUPIED: what --as-revision may say */
};

/* Uses the arena for encoding. TH_E_RANGE: no further revision; or as the encoder and the outbox.
 */
TH_MUST_CHECK int th_submit(struct th_outbox *outbox, const struct th_submit_request *request,
                            struct th_arena *arena, struct th_submit_result *ret_result);

#endif
