/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last snapshot alone gives, whatever the journal folds to: the state's digest, which
 * needs all rows in their order, and whatever a command answers with. It is made by a thread of its
 * own, as soon as nothing is left to read ahead: what is folded last, one after the other, leaves a
 * processor free. None of it is told unless the store turns out to be sound.
 */
#ifndef TH_AUDIT_ASIDE_H
#define TH_AUDIT_ASIDE_H

#include "aggregator/audit/verify_parts.h"

#include <pthread.h>

struct th_aside {
    const struct th_sweep_options *options;
    struct th_view *view; /* of its own; NULL: there is none, so there is no thread */
    pthread_t thread;
    bool is_started;
    int status;
    struct th_digest state;
};

/* The held view of `verify` is the last one. */
void th_aside_begin(struct th_aside *aside, const struct th_verify *verify,
                    const struct th_sweep_options *options);
/* By any thread, at most once. */
void th_aside_start(void *aside);
/* Waits for it, or makes it now when it was not started. Then what it made is in `verify`. */
TH_MUST_CHECK int th_aside_end(struct th_aside *aside, struct th_verify *verify);
/* Zero-initialised, begun or ended: gives back what it has, and waits for its thread first. */
void th_aside_deinit(struct th_aside *aside);

#endif
