/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leaves of a snapshot's tree in their order. LMDB's cursor finds the next leaf by looking at
 * it, which is waited for when it is not in the processor's cache. The branch above says where it
 * is: so whoever walks by the branches knows the next pages before he needs them, and touches none.
 *
 * Their form: page_form.h. A tree that is not so is not walked:
 * then the cursor is the way.
 *
 * Borrows from the snapshot. Thread rule: that of the snapshot.
 */
#ifndef TH_STORE_LEAF_WALK_H
#define TH_STORE_LEAF_WALK_H

#include "base/bytes.h"
#include "base/status.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where a snapshot's rows are. */
struct th_tree {
    const uint8_t *map; /* of the file; NULL: not known */
    size_t page_bytes;
    uint64_t pages, root;
    uint32_t depth; /* of pages from the root to a leaf */
};

/* Where the file is in memory, by what two pages of a snapshot say; NULL: there is one page at
 * most, or they do not agree. */
const uint8_t *th_tree_map(MDB_txn *snapshot, MDB_dbi database, size_t page_bytes);
/* Of a snapshot that has just been taken; its map is NULL when it is not known. False: another
 * commit is on its way or was made. Unless a snapshot that is taken now is of the same commit,
 * what was read may be of a later one. */
bool th_tree_of(MDB_txn *snapshot, const uint8_t *map, size_t page_bytes, struct th_tree *ret_tree);
/* The page with this number; NULL: there is none. */
static inline const uint8_t *th_tree_page(const struct th_tree *tree, uint64_t number)
{
    return number < tree->pages ? tree->map + number * tree->page_bytes : NULL;
}

/* The order of keys: below, 0 or above. Most have from 8 to 16 bytes: two words, which may have
 * bytes in common, say it without a call. */
static inline int th_tree_order(struct th_bytes a, struct th_bytes b)
{
    enum { WORD = 8 };
    const size_t size = a.size < b.size ? a.size : b.size;
    int order = 0;
    if (size >= WORD && size <= 2 * WORD) {
        uint64_t x, y;
        memcpy(&x, a.bytes, WORD);
        memcpy(&y, b.bytes, WORD);
        if (x == y) {
            memcpy(&x, a.bytes + size - WORD, WORD);
            memcpy(&y, b.bytes + size - WORD, WORD);
        }
        x = __builtin_bswap64(x);
        y = __builtin_bswap64(y);
        order = (x > y) - (x < y);
    } else if (size > 0) {
        order = memcmp(a.bytes, b.bytes, size);
    }
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

enum { TH_LEAF_WALK_BRANCHES_MAX = 8 };

struct th_leaf_walk {
    const struct th_tree *tree;
    struct th_leaf_branch {
        const uint8_t *page;
        uint32_t at, count; /* of its nodes */
    } branches[TH_LEAF_WALK_BRANCHES_MAX];
    const uint8_t *leaf; /* the page, not yet looked at */
};

/* To the leaf where a key is, or would be. False: the tree cannot be walked. */
bool th_leaf_walk_begin(const struct th_tree *tree, struct th_bytes key,
                        struct th_leaf_walk *ret_walk);
/* To the next one. TH_E_NOT_FOUND: that was the last one; TH_E_CORRUPT. */
TH_MUST_CHECK int th_leaf_walk_next(struct th_leaf_walk *walk);
/* As far as the branches say, the leaf has keys behind this one alone. */
bool th_leaf_walk_is_behind(const struct th_leaf_walk *walk, struct th_bytes key);

#endif
