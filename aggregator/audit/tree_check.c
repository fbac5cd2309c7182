/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leaves' hashes are added like ones to a binary number: two subtrees of one size make one of
 * the next. A subtree of 256^n leaves is what tile level n holds.
 */
#include "aggregator/audit/tree_check.h"

#include "proto/tlog/hash.h"
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 256, HEIGHT = 8 };

void th_regrown_deinit(struct th_regrown *tree)
{
    for (unsigned level = 0; level < TH_REGROWN_LEVELS; level++)
        free(tree->levels[level].hashes);
    *tree = (struct th_regrown){.size = 0};
}

static int keep(struct th_regrown *tree, unsigned level, const struct th_digest *hash)
{
    struct th_digest *hashes = th_array_grow(tree->levels[level].hashes, tree->levels[level].count,
                                             &tree->levels[level].capacity, WIDTH, sizeof *hashes);
    if (hashes == NULL)
        return TH_E_NO_MEMORY;
    tree->levels[level].hashes = hashes;
    tree->levels[level].hashes[tree->levels[level].count++] = *hash;
    return 0;
}

int th_regrown_add(struct th_regrown *tree, struct th_bytes leaf)
{
    struct th_digest hash;
    th_tlog_hash_leaf(leaf.bytes, leaf.size, &hash);
    return th_regrown_add_hash(tree, &hash);
}

int th_regrown_add_hash(struct th_regrown *tree, const struct th_digest *leaf_hash)
{
    struct th_digest hash = *leaf_hash;
    unsigned height = 0;
    for (; (tree->size >> height & 1) != 0; height++) {
        th_tlog_hash_node(&tree->peaks[height], &hash, &hash);
        unsigned above = height + 1;
        if (above % HEIGHT == 0 && above / HEIGHT < TH_REGROWN_LEVELS) {
            int status = keep(tree, above / HEIGHT, &hash);
            if (status != 0)
                return status;
        }
    }
    tree->peaks[height] = hash;
    tree->size++;
    return 0;
}

void th_regrown_root(const struct th_regrown *tree, struct th_digest *ret_root)
{
    struct th_digest root;
    bool has_root = false;
    for (unsigned height = 0; height < 64; height++) {
        if ((tree->size >> height & 1) == 0)
            continue;
        if (has_root)
            th_tlog_hash_node(&tree->peaks[height], &root, &root);
        else
            root = tree->peaks[height];
        has_root = true;
    }
    if (!has_root)
        th_tlog_hash_empty(&root);
    *ret_root = root;
}

uint64_t th_regrown_rows(const struct th_regrown *tree, unsigned level)
{
    if (level >= TH_REGROWN_LEVELS)
        return 0;
    if (level == 0)
        return tree->size / WIDTH;
    return (tree->levels[level].count + WIDTH - 1) / WIDTH;
}

/* The root of a full tile is the hash that the level above holds. */
static bool is_full_tile(const struct th_regrown *tree, uint64_t index, struct th_bytes content)
{
    struct th_digest hashes[WIDTH];
    if (content.size != sizeof hashes)
        return false;
    memcpy(hashes, content.bytes, sizeof hashes);
    for (unsigned count = WIDTH / 2; count > 0; count /= 2)
        for (unsigned i = 0; i < count; i++)
            th_tlog_hash_node(&hashes[2 * i], &hashes[2 * i + 1], &hashes[i]);
    return th_tlog_digest_equal(&hashes[0], &tree->levels[1].hashes[index]);
}

bool th_regrown_holds(const struct th_regrown *tree, unsigned level, uint64_t index,
                      struct th_bytes content)
{
    if (index >= th_regrown_rows(tree, level))
        return false;
    if (level == 0)
        return is_full_tile(tree, index, content);
    size_t first = (size_t)index * WIDTH;
    size_t count = tree->levels[level].count - first;
    count = count > WIDTH ? WIDTH : count;
    return content.size == count * TH_DIGEST_SIZE &&
           memcmp(content.bytes, &tree->levels[level].hashes[first], content.size) == 0;
}
