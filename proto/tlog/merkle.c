/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both checks walk from a node towards the root with two numbers: `node`, the place of the node on
 * its level, and `last`, the place of the last node of that level (fn and sn of RFC 9162). The
 * walk is over when `last` is 0.
 */
#include "proto/tlog/merkle.h"

#include <stdbool.h>

/* Goes up past the levels where the last node, without a sibling, is carried up as it is. */
static void skip_carried(uint64_t *node, uint64_t *last)
{
    while ((*node & 1) == 0 && *node != 0) {
        *node >>= 1;
        *last >>= 1;
    }
}

int th_tlog_verify_inclusion(const struct th_digest *leaf_hash, uint64_t index, uint64_t size,
                             const struct th_digest *proof, size_t proof_n,
                             const struct th_digest *root)
{
    struct th_digest hash = *leaf_hash;
    uint64_t node = index;
    uint64_t last = size - 1;

    if (index >= size || size > TH_MERKLE_SIZE_MAX || proof_n > TH_MERKLE_PROOF_MAX)
        return TH_E_RANGE;
    for (size_t i = 0; i < proof_n; i++) {
        if (last == 0)
            return TH_E_SIGNATURE;
        if ((node & 1) != 0 || node == last) {
            th_tlog_hash_node(&proof[i], &hash, &hash);
            skip_carried(&node, &last);
        } else {
            th_tlog_hash_node(&hash, &proof[i], &hash);
        }
        node >>= 1;
        last >>= 1;
    }
    if (last != 0 || !th_tlog_digest_equal(&hash, root))
        return TH_E_SIGNATURE;
    return 0;
}

/* The proof of 0 < size1 < size2, from the first hash of the path, which is `seed`. */
static int verify_growth(uint64_t size1, uint64_t size2, const struct th_digest *seed,
                         const struct th_digest *path, size_t path_n, const struct th_digest *root1,
                         const struct th_digest *root2)
{
    struct th_digest old = *seed;
    struct th_digest new = *seed;
    uint64_t node = size1 - 1;
    uint64_t last = size2 - 1;

    while ((node & 1) != 0) {
        node >>= 1;
        last >>= 1;
    }
    for (size_t i = 0; i < path_n; i++) {
        if (last == 0)
            return TH_E_SIGNATURE;
        if ((node & 1) != 0 || node == last) {
            th_tlog_hash_node(&path[i], &old, &old);
            th_tlog_hash_node(&path[i], &new, &new);
            skip_carried(&node, &last);
        } else {
            th_tlog_hash_node(&new, &path[i], &new);
        }
        node >>= 1;
        last >>= 1;
    }
    if (last != 0 || !th_tlog_digest_equal(&old, root1) || !th_tlog_digest_equal(&new, root2))
        return TH_E_SIGNATURE;
    return 0;
}

int th_tlog_verify_consistency(uint64_t size1, uint64_t size2, const struct th_digest *proof,
                               size_t proof_n, const struct th_digest *root1,
                               const struct th_digest *root2)
{
    if (size1 == 0 || size1 > size2 || size2 > TH_MERKLE_SIZE_MAX || proof_n > TH_MERKLE_PROOF_MAX)
        return TH_E_RANGE;
    if (size1 == size2) {
        bool same = proof_n == 0 && th_tlog_digest_equal(root1, root2);

        return same ? 0 : TH_E_SIGNATURE;
    }
    if (proof_n == 0)
        return TH_E_SIGNATURE;
    if ((size1 & (size1 - 1)) == 0) /* a perfect tree: its root is the first hash, left out */
        return verify_growth(size1, size2, root1, proof, proof_n, root1, root2);
    return verify_growth(size1, size2, &proof[0], proof + 1, proof_n - 1, root1, root2);
}
