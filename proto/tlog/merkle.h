/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of Merkle proofs: RFC 9162, sections 2.1.3.2 and 2.1.4.2.
 *
 * Pure functions of their arguments: no allocation, no I/O, no state. They say whether a proof
 * holds, not whether the roots are to be trusted: that is what the signed checkpoint is for.
 *
 * Thread-safe. Borrow their arguments for the call.
 */
#ifndef TH_PROTO_TLOG_MERKLE_H
#define TH_PROTO_TLOG_MERKLE_H

#include "base/status.h"
#include "proto/tlog/hash.h"

#include <stddef.h>
#include <stdint.h>

#define TH_MERKLE_PROOF_MAX 64                    /* hashes in a proof */
#define TH_MERKLE_SIZE_MAX  ((uint64_t)INT64_MAX) /* leaves: keeps every proof within the above */

/*
 * 0: the leaf is number `index` (from 0) of the tree of `size` leaves with `root`.
 * TH_E_RANGE: index not below size, size above the limit, more than 64 hashes.
 * TH_E_SIGNATURE: the proof does not show it.
 */
TH_MUST_CHECK int th_tlog_verify_inclusion(const struct th_digest *leaf_hash, uint64_t index,
                                           uint64_t size, const struct th_digest *proof,
                                           size_t proof_n, const struct th_digest *root);

/*
 * 0: the tree of size1 leaves with root1 is the beginning of the one of size2 leaves with root2.
 * Equal sizes need an empty proof and equal roots. A proof from the empty tree says nothing and is
 * always refused.
 * TH_E_RANGE: size1 is 0 or above size2, size2 above the limit, more than 64 hashes.
 * TH_E_SIGNATURE: the proof does not show it.
 */
TH_MUST_CHECK int th_tlog_verify_consistency(uint64_t size1, uint64_t size2,
                                             const struct th_digest *proof, size_t proof_n,
                                             const struct th_digest *root1,
                                             const struct th_digest *root2);

#endif
