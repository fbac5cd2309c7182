/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots and Merkle proofs (RFC 9162, sections 2.1.1, 2.1.3.1 and 2.1.4.1) from stored hashes.
 *
 * The log stores the hash of every perfect subtree; these functions ask for those and hash the
 * ragged right edge themselves. No allocation; at most 64 hashes on the stack; for a tree of n
 * leaves O(log² n) questions.
 *
 * Thread rule: that of the source. Borrow the source for the call.
 */
#ifndef TH_PROTO_TLOG_PROVE_H
#define TH_PROTO_TLOG_PROVE_H

#include "base/status.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/merkle.h"

#include <stddef.h>
#include <stdint.h>

struct th_tlog_source {
    /*
     * The hash of the perfect subtree of 2^level leaves that begins at leaf index × 2^level. Only
     * subtrees whose leaves are all below the asked size. 0, or a TH_E_… which ends the work and
     * is handed on.
     */
    int (*get)(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash);
    void *context;
};

/* The root of the first `size` leaves; 0 leaves have one too. TH_E_RANGE: size above the limit. */
TH_MUST_CHECK int th_tlog_root(const struct th_tlog_source *source, uint64_t size,
                               struct th_digest *ret_root);

/* The leaves begin .. end-1 below one node of a tree. What they hash to never changes. */
struct th_tlog_range {
    uint64_t begin, end;
};

/* The ranges whose hashes are the proof that a tree of `size` leaves has the leaf: from the leaf's
 * sibling up. Neighbours have most of them in common. TH_E_RANGE: index not below size, or size
 * above the limit. */
TH_MUST_CHECK int th_tlog_inclusion_ranges(uint64_t index, uint64_t size,
                                           struct th_tlog_range ret_ranges[TH_MERKLE_PROOF_MAX],
                                           size_t *ret_ranges_n);
/* Precondition: a range of the function above. */
TH_MUST_CHECK int th_tlog_range_hash(const struct th_tlog_source *source,
                                     struct th_tlog_range range, struct th_digest *ret_hash);

/* Both. */
TH_MUST_CHECK int th_tlog_prove_inclusion(const struct th_tlog_source *source, uint64_t index,
                                          uint64_t size,
                                          struct th_digest ret_proof[TH_MERKLE_PROOF_MAX],
                                          size_t *ret_proof_n);

/* TH_E_RANGE: size1 is 0 or above size2, or size2 above the limit. Equal sizes: an empty proof. */
TH_MUST_CHECK int th_tlog_prove_consistency(const struct th_tlog_source *source, uint64_t size1,
                                            uint64_t size2,
                                            struct th_digest ret_proof[TH_MERKLE_PROOF_MAX],
                                            size_t *ret_proof_n);

#endif
