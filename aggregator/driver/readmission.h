/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of a log that was lost: what a recovery lost, and whether a readmission may be looked at.
 *
 * Thread-safe: no state.
 */
#ifndef TH_DRIVER_READMISSION_H
#define TH_DRIVER_READMISSION_H

#include "aggregator/core/core.h"
#include "base/arena.h"
#include "proto/receipt/receipt.h"

/*
 * True when the history goes on after this origin under another: the log of this origin lost what
 * it had at `ret_from` and after. A later recovery from a still older copy lost more of it.
 */
bool th_log_lost_from(const struct th_log_keys *keys, const char *origin, uint64_t *ret_from);

/* A readmission whose parts hold. Borrows the frame and the arena. */
struct th_readmitted {
    struct th_submission submission;
    struct th_receipt receipt;
};

/*
 * Decodes and verifies submission and receipt: the report's signature, the receipt with the keys of
 * the history, that it is of what was lost, and that its leaf names this submission.
 * TH_E_SIGNATURE: a signature or a proof does not hold; TH_E_INVALID: another mode, another unit's
 * or another submission's receipt, or nothing that was lost; TH_E_NO_MEMORY; or as the decoders.
 */
TH_MUST_CHECK int th_readmission_open(const struct th_readmission *readmission,
                                      const struct th_log_keys *keys, enum th_mode mode,
                                      struct th_arena *arena, struct th_readmitted *ret_readmitted);

/* The event, without peer_unit. Borrows both. */
struct th_event_readmission th_readmission_event(const struct th_readmission *readmission,
                                                 const struct th_readmitted *readmitted);

#endif
