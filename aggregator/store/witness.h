/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder `witness` of a store: checkpoints that witnesses have seen and cosigned, one to a file
 * *.checkpoint. They outlive a data.mdb and a CHECKPOINT that are put back together: a store that
 * does not have what a witness saw is an older copy, or another history.
 *
 * Owned by the opening thread.
 */
#ifndef TH_STORE_WITNESS_H
#define TH_STORE_WITNESS_H

#include "aggregator/store/env.h"
#include "aggregator/store/folder.h"
#include "aggregator/store/lost.h"

#define TH_STORE_WITNESS "witness"

/*
 * Compares each file with a snapshot of `size` leaves. A note that is signed by the key in force at
 * its size has to have the root of that many leaves here; a larger one of the current origin, or
 * one of an origin that this log has not borne, is TH_E_CORRUPT, or is told to `lost` when that is
 * not NULL. Notes of an earlier origin of what was lost then are left alone. No such folder is no
 * failure. TH_E_CONFIG: a file that cannot be read or is no checkpoint; TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_witness_check(const struct th_store_report *report, const struct th_txn *txn,
                                   const struct th_log_keys *keys, uint64_t size,
                                   struct th_lost_log *lost);

#endif
