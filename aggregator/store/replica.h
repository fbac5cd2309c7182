/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that is made again from another's journal: it takes entries, leaves and checkpoints as
 * they were signed, and the rows that a fold gives; it never signs and is never written to again.
 *
 * Between th_replica_new() and th_replica_finish() it is written with the functions of store.h:
 * th_store_begin(), th_store_append(), th_store_append_leaf(), th_store_put(),
 * th_store_put_rollup() and, in place of th_store_commit(), th_replica_commit(). Afterwards it
 * opens for reading like any store; for writing it is refused (TH_E_FORBIDDEN). A replica may end
 * between two commits of its original; then its last checkpoint is the newest before its end.
 *
 * Not durable before th_replica_finish(). One thread.
 */
#ifndef TH_STORE_REPLICA_H
#define TH_STORE_REPLICA_H

#include "aggregator/store/store.h"

/* Makes it in an existing, empty folder, with identity and keys as the original was founded.
 * TH_E_EXISTS, TH_E_IO, TH_E_STORAGE. Returns owned: th_replica_finish() or th_store_close(). */
TH_MUST_CHECK int th_replica_new(const char *folder, const struct th_store_options *options,
                                 const struct th_store_identity *founded,
                                 struct th_store **ret_store);
/* Ends the batch. `note`: the original's checkpoint of exactly this size, or size 0 when it has
 * none. TH_E_CORRUPT: it is not signed by the key in force, or has another root. */
TH_MUST_CHECK int th_replica_commit(struct th_store *store, struct th_bytes note);
/* Flushes everything and closes, whatever the outcome. TH_E_STORAGE, TH_E_IO. Precondition: between
 * batches. */
TH_MUST_CHECK int th_replica_finish(struct th_store *store);

#endif
