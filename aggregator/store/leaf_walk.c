/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/leaf_walk.h"

#include "aggregator/store/leaf_page.h"

#include <string.h>

enum { META_MAIN = TH_META_DATABASES + TH_META_DATABASE_SIZE, HALF_BITS = 16, FLAGS_BITS = 32 };

/* ---- the tree ---- */

/* The page where a key is, and by the number with which it begins the map. False: none is, or the
 * number is no page's. */
static bool find_page(MDB_cursor *cursor, MDB_cursor_op which, size_t page_bytes, uint64_t last,
                      uintptr_t *ret_page, uintptr_t *ret_map)
{
    MDB_val key, value;
    if (mdb_cursor_get(cursor, &key, &value, which) != 0)
        return false;
    *ret_page = (uintptr_t)key.mv_data & ~(uintptr_t)(page_bytes - 1);
    const uint64_t number = th_page_u64((const uint8_t *)*ret_page);
    *ret_map = *ret_page - number * page_bytes;
    return number <= last;
}

/* One page alone is not believed: its number may be damaged, and what lies there is not the map. */
const uint8_t *th_tree_map(MDB_txn *snapshot, MDB_dbi database, size_t page_bytes)
{
    MDB_cursor *cursor;
    MDB_envinfo info;
    uintptr_t first = 0, last = 0, map = 0, same_map = 0;
    if (mdb_env_info(mdb_txn_env(snapshot), &info) != 0 ||
        mdb_cursor_open(snapshot, database, &cursor) != 0)
        return NULL;
    const bool is_known =
        find_page(cursor, MDB_FIRST, page_bytes, info.me_last_pgno, &first, &map) &&
        find_page(cursor, MDB_LAST, page_bytes, info.me_last_pgno, &last, &same_map) &&
        first != last && map == same_map;
    mdb_cursor_close(cursor);
    return is_known ? (const uint8_t *)map : NULL;
}

/* Nothing that is read after it is read before it. */
static uint64_t first_u64_at(const uint8_t *at)
{
    return __atomic_load_n((const uint64_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static uint16_t first_u16_at(const uint8_t *at)
{
    return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

/* The meta pages take turns. The snapshot's own is written anew by the next commit but one, which
 * begins when the next one is done; that one is seen on the other page while it is still flushed,
 * and by new snapshots when it is done. */
bool th_tree_of(MDB_txn *snapshot, const uint8_t *map, size_t page_bytes, struct th_tree *ret_tree)
{
    *ret_tree = (struct th_tree){.map = NULL, .page_bytes = page_bytes};
    const uint64_t commit = mdb_txn_id(snapshot);
    if (map == NULL)
        return true;
    const uint8_t *meta = map + (commit & 1) * page_bytes,
                  *other = map + (~commit & 1) * page_bytes;
    if (first_u64_at(meta + TH_META_COMMIT) == commit)
        ret_tree->map = map;
    ret_tree->pages = first_u64_at(meta + TH_META_LAST) + 1;
    ret_tree->root = first_u64_at(meta + META_MAIN + TH_DATABASE_ROOT_AT);
    ret_tree->depth = first_u16_at(meta + META_MAIN + TH_DATABASE_DEPTH_AT);
    return first_u64_at(other + TH_META_COMMIT) < commit;
}

/* ---- branches ---- */

static bool open_branch(const struct th_tree *tree, const uint8_t *page,
                        struct th_leaf_branch *ret_branch)
{
    if (page == NULL || th_tree_page(tree, th_page_u64(page)) != page ||
        th_page_u16(page + TH_PAGE_FLAGS_AT) != TH_PAGE_BRANCH)
        return false;
    const size_t lower = th_page_u16(page + TH_PAGE_LOWER_AT);
    if (lower < TH_PAGE_HEADER_SIZE + TH_PAGE_PLACE_SIZE || lower > tree->page_bytes)
        return false;
    *ret_branch = (struct th_leaf_branch){
        page, 0, (uint32_t)((lower - TH_PAGE_HEADER_SIZE) / TH_PAGE_PLACE_SIZE)};
    return true;
}

/* NULL: it is not inside the page. */
static const uint8_t *node_at(const struct th_tree *tree, const struct th_leaf_branch *branch,
                              uint32_t at)
{
    const struct th_leaf_page page = {branch->page, tree->page_bytes, branch->count};
    const size_t place = th_leaf_page_place(&page, at);
    if (place > tree->page_bytes - TH_NODE_HEADER_SIZE)
        return NULL;
    const uint8_t *node = branch->page + place;
    return th_page_u16(node + TH_NODE_KEY_SIZE_AT) <= tree->page_bytes - TH_NODE_HEADER_SIZE - place
               ? node
               : NULL;
}

/* NULL: there is none. */
static const uint8_t *page_below(const struct th_tree *tree, const struct th_leaf_branch *branch)
{
    const uint8_t *node = node_at(tree, branch, branch->at);
    if (node == NULL)
        return NULL;
    return th_tree_page(tree, (uint64_t)th_page_u16(node) |
                                  (uint64_t)th_page_u16(node + 2) << HALF_BITS |
                                  (uint64_t)th_page_u16(node + 4) << FLAGS_BITS);
}

static bool is_key_behind(const uint8_t *node, struct th_bytes key)
{
    const size_t size = th_page_u16(node + TH_NODE_KEY_SIZE_AT);
    return th_tree_order((struct th_bytes){node + TH_NODE_HEADER_SIZE, size}, key) > 0;
}

/* The last node whose key is not behind this one; the first one's key is below any. */
static bool find(const struct th_tree *tree, struct th_bytes key, struct th_leaf_branch *branch)
{
    uint32_t low = 1, high = branch->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const uint8_t *node = node_at(tree, branch, middle);
        if (node == NULL)
            return false;
        if (is_key_behind(node, key))
            high = middle;
        else
            low = middle + 1;
    }
    branch->at = low - 1;
    return true;
}

bool th_leaf_walk_begin(const struct th_tree *tree, struct th_bytes key,
                        struct th_leaf_walk *ret_walk)
{
    if (tree->map == NULL || tree->depth == 0 || tree->depth > TH_LEAF_WALK_BRANCHES_MAX)
        return false;
    const uint8_t *page = th_tree_page(tree, tree->root);
    ret_walk->tree = tree;
    for (uint32_t level = 0; level + 1 < tree->depth; level++) {
        struct th_leaf_branch *branch = &ret_walk->branches[level];
        if (!open_branch(tree, page, branch) || !find(tree, key, branch))
            return false;
        page = page_below(tree, branch);
    }
    ret_walk->leaf = page;
    return page != NULL;
}

int th_leaf_walk_next(struct th_leaf_walk *walk)
{
    const struct th_tree *tree = walk->tree;
    uint32_t level = tree->depth - 1;
    while (level > 0 && walk->branches[level - 1].at + 1 >= walk->branches[level - 1].count)
        level--;
    if (level == 0)
        return TH_E_NOT_FOUND;
    walk->branches[level - 1].at++;
    const uint8_t *page = page_below(tree, &walk->branches[level - 1]);
    for (; level + 1 < tree->depth; level++) {
        if (!open_branch(tree, page, &walk->branches[level]))
            return TH_E_CORRUPT;
        page = page_below(tree, &walk->branches[level]);
    }
    if (page == NULL)
        return TH_E_CORRUPT;
    walk->leaf = page;
    return 0;
}

/* The first node of a branch has the key by which the branch is found. */
bool th_leaf_walk_is_behind(const struct th_leaf_walk *walk, struct th_bytes key)
{
    uint32_t level = walk->tree->depth - 1;
    while (level > 0 && walk->branches[level - 1].at == 0)
        level--;
    if (level == 0)
        return false;
    const struct th_leaf_branch *branch = &walk->branches[level - 1];
    const uint8_t *node = node_at(walk->tree, branch, branch->at);
    return node != NULL && is_key_behind(node, key);
}
