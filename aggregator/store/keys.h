/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the log as the tables hold them: the first one in the identity row, each later one in
 * a row of its own, checked by its succession when it is read.
 *
 * In this store's tree each size has one key, also across origins: a later key took over everything
 * behind the position where it begins, so the last key that begins before a size has signed it.
 *
 * Thread rule: that of the transaction.
 */
#ifndef TH_STORE_KEYS_H
#define TH_STORE_KEYS_H

#include "aggregator/store/env.h"

/* The history as of a snapshot. TH_E_CORRUPT: a row is damaged, missing, or named by nobody. */
TH_MUST_CHECK int th_keys_load(const struct th_txn *txn, struct th_log_keys *ret_keys);
/* Appends the key of a row or an entry. TH_E_INVALID: vkey, `after` and succession do not say the
 * same; otherwise as th_log_keys_succeed(), th_log_keys_vouch(), th_tlog_vkey_decode(). */
TH_MUST_CHECK int th_keys_append(struct th_log_keys *keys, const struct th_log_key_body *key);
/* The key that signs the tree of `size` leaves of this store. Never NULL: the first one at least.
 * Borrows. */
const struct th_log_key *th_keys_in_force(const struct th_log_keys *keys, uint64_t size);
/* Whether the key has signed the note; others may have too. */
bool th_keys_has_signed(const struct th_log_key *key, const char *note, size_t note_size);
/* Whether a log of this mode may bear this origin: that of a rehearsal ends in /rehearsal. */
bool th_keys_origin_fits(enum th_mode mode, const char *origin);
/* Realm and key of the identity become those of the current key. */
void th_keys_show(const struct th_log_keys *keys, struct th_store_identity *identity);

#endif
