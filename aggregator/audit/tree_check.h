/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Merkle tree counted again from its leaves alone, to compare roots and stored tiles with
 * (aggregator/store/schema.h says which tiles have rows). Shares no code with the store's tree.
 *
 * Not thread-safe: one owner. Keeps one hash of 256 leaves.
 */
#ifndef TH_AUDIT_TREE_CHECK_H
#define TH_AUDIT_TREE_CHECK_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_REGROWN_LEVELS 8 /* of tiles */

struct th_regrown {
    uint64_t size;
    struct th_digest peaks[64]; /* of each bit that is set in `size`, by its number */
    struct {
        struct th_digest *hashes; /* of subtrees of 256^level leaves; level 0 is not kept */
        size_t count, capacity;
    } levels[TH_REGROWN_LEVELS];
};

/* Zero-initialised is the empty tree. */
void th_regrown_deinit(struct th_regrown *tree);
/* TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_regrown_add(struct th_regrown *tree, struct th_bytes leaf);
/* The same with the leaf's hash. */
TH_MUST_CHECK int th_regrown_add_hash(struct th_regrown *tree, const struct th_digest *leaf_hash);
/* The root of all leaves. */
void th_regrown_root(const struct th_regrown *tree, struct th_digest *ret_root);

/* How many rows of tiles a store of this tree has in a level. */
uint64_t th_regrown_rows(const struct th_regrown *tree, unsigned level);
/* Whether this is the content of the row. False also for a row that has no place in the tree. */
bool th_regrown_holds(const struct th_regrown *tree, unsigned level, uint64_t index,
                      struct th_bytes content);

#endif
