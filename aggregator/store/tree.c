/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/tree.h"

#include "base/array.h"
#include "base/assert.h"
#include "proto/tlog/prove.h"

#include <stdlib.h>
#include <string.h>

int th_txn_journal(const struct th_txn *txn, uint64_t position, struct th_bytes *ret_entry,
                   struct th_bytes *ret_leaf)
{
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, position);
    struct th_bytes content;
    int status = th_txn_get(txn, &key, &content);
    return status == 0 ? th_schema_journal_split(content, ret_entry, ret_leaf) : status;
}

/* ---- tiles from tables ---- */

static int missing_is_corrupt(int status)
{
    return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
}

static int load_leaves(const struct th_txn *txn, unsigned count, struct th_tile *tile)
{
    while (tile->count < count) {
        uint64_t position = tile->index * TH_TILE_WIDTH + tile->count;
        struct th_digest hash;
        struct th_bytes entry, leaf;
        int status = th_txn_journal(txn, position, &entry, &leaf);
        if (status != 0)
            return missing_is_corrupt(status);
        th_tlog_hash_leaf(leaf.bytes, leaf.size, &hash);
        th_tile_add(tile, &hash);
    }
    return 0;
}

int th_tile_load(const struct th_txn *txn, uint64_t size, struct th_tile *tile)
{
    unsigned count = th_tile_count(size, tile->level, tile->index);
    struct th_schema_key key = th_schema_key_tile(tile->level, tile->index);
    struct th_bytes row;
    if (tile->count >= count)
        return 0;
    if (tile->level == 0 && (count < TH_TILE_WIDTH || tile->count > 0))
        return load_leaves(txn, count, tile);
    int status = th_txn_get(txn, &key, &row);
    if (status != 0)
        return missing_is_corrupt(status);
    if (row.size != (size_t)count * TH_DIGEST_SIZE)
        return TH_E_CORRUPT;
    while (tile->count < count) {
        struct th_digest hash;
        memcpy(hash.bytes, row.bytes + (size_t)tile->count * TH_DIGEST_SIZE, TH_DIGEST_SIZE);
        th_tile_add(tile, &hash);
    }
    return 0;
}

/* ---- the right edge ---- */

void th_edge_deinit(struct th_edge *edge)
{
    free(edge->filled);
    edge->filled = NULL;
    edge->filled_count = edge->filled_capacity = 0;
}

int th_edge_load(struct th_edge *edge, const struct th_txn *txn, uint64_t size)
{
    for (unsigned level = 0; level < TH_TILE_LEVELS; level++) {
        uint64_t hashes = size >> TH_TILE_HEIGHT * level;
        struct th_tile *tile = &edge->tiles[level];
        th_tile_reset(tile, level, hashes == 0 ? 0 : (hashes - 1) / TH_TILE_WIDTH);
        int status = th_tile_load(txn, size, tile);
        if (status != 0)
            return status;
        edge->is_grown[level] = false;
    }
    edge->size = size;
    edge->filled_count = 0;
    return 0;
}

static int put_tile(const struct th_tile *tile, struct th_txn *txn)
{
    struct th_schema_key key = th_schema_key_tile(tile->level, tile->index);
    _Static_assert(sizeof tile->nodes[0] == TH_DIGEST_SIZE, "hashes lie without gaps");
    return th_txn_put(txn, &key, TH_PUT_REPLACE, tile->nodes, (size_t)tile->count * TH_DIGEST_SIZE);
}

void th_edge_begin_batch(struct th_edge *edge)
{
    edge->filled_count = 0;
}

/* For receipts of the batch, which are made without it as well: nothing is kept without memory, or
 * behind so many. */
static void keep_filled(struct th_edge *edge, const struct th_tile *tile)
{
    enum { FIRST = 4, MOST = 64 };
    if (edge->filled_count > 0 && edge->filled[0].index + edge->filled_count != tile->index)
        return;
    struct th_tile *filled = edge->filled_count == MOST
                                 ? NULL
                                 : th_array_grow(edge->filled, edge->filled_count,
                                                 &edge->filled_capacity, FIRST, sizeof *filled);
    if (filled == NULL)
        return;
    edge->filled = filled;
    edge->filled[edge->filled_count++] = *tile;
}

int th_edge_add(struct th_edge *edge, struct th_txn *txn, const struct th_digest *leaf_hash)
{
    struct th_digest hash = *leaf_hash;
    edge->size++;
    for (unsigned level = 0;; level++) {
        TH_ASSERT(level < TH_TILE_LEVELS);
        struct th_tile *tile = &edge->tiles[level];
        if (tile->count == TH_TILE_WIDTH)
            th_tile_reset(tile, level, tile->index + 1);
        th_tile_add(tile, &hash);
        edge->is_grown[level] = level > 0;
        if (tile->count < TH_TILE_WIDTH)
            return 0;
        int status = put_tile(tile, txn);
        if (status != 0)
            return status;
        edge->is_grown[level] = false;
        if (level == 0)
            keep_filled(edge, tile);
        hash = *th_tile_node(tile, TH_TILE_HEIGHT, 0);
    }
}

int th_edge_flush(struct th_edge *edge, struct th_txn *txn)
{
    for (unsigned level = 0; level < TH_TILE_LEVELS; level++) {
        if (!edge->is_grown[level])
            continue;
        int status = put_tile(&edge->tiles[level], txn);
        if (status != 0)
            return status;
        edge->is_grown[level] = false;
    }
    return 0;
}

bool th_edge_node(const struct th_edge *edge, unsigned level, uint64_t index,
                  struct th_digest *ret_hash)
{
    const struct th_tile_place place = th_tile_find(level, index);
    const struct th_tile *tile = &edge->tiles[place.level];
    if (place.level == 0 && edge->filled_count > 0 && place.index >= edge->filled[0].index &&
        place.index - edge->filled[0].index < edge->filled_count)
        tile = &edge->filled[place.index - edge->filled[0].index];
    if (tile->index != place.index || place.at + (1U << place.height) > tile->count)
        return false;
    *ret_hash = *th_tile_node(tile, place.height, place.at);
    return true;
}

static int need_node(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    bool has_it = th_edge_node(context, level, index, ret_hash);
    TH_ASSERT(has_it);
    return 0;
}

void th_edge_root(struct th_edge *edge, struct th_digest *ret_root)
{
    struct th_tlog_source source = {need_node, edge};
    int status = th_tlog_root(&source, edge->size, ret_root);
    TH_ASSERT(status == 0);
}

/* ---- tiles of a view ---- */

void th_tile_cache_deinit(struct th_tile_cache *cache)
{
    for (size_t i = 0; i < TH_TILE_SLOTS; i++)
        free(cache->tiles[i]);
    *cache = (struct th_tile_cache){0};
}

/* The tile's slot, or the one that was not used for the longest time, made empty for it. */
static struct th_tile *take_slot(struct th_tile_cache *cache, unsigned level, uint64_t index)
{
    size_t oldest = 0;
    for (size_t i = 0; i < TH_TILE_SLOTS; i++) {
        struct th_tile *tile = cache->tiles[i];
        if (tile != NULL && tile->level == level && tile->index == index) {
            cache->used_at[i] = ++cache->uses;
            return tile;
        }
        if (cache->used_at[i] < cache->used_at[oldest])
            oldest = i;
    }
    if (cache->tiles[oldest] == NULL)
        cache->tiles[oldest] = malloc(sizeof *cache->tiles[oldest]);
    if (cache->tiles[oldest] == NULL)
        return NULL;
    cache->used_at[oldest] = ++cache->uses;
    th_tile_reset(cache->tiles[oldest], level, index);
    return cache->tiles[oldest];
}

int th_tile_cache_node(struct th_tile_cache *cache, const struct th_txn *txn, uint64_t size,
                       unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    struct th_tile_place place = th_tile_find(level, index);
    struct th_tile *tile = take_slot(cache, place.level, place.index);
    if (tile == NULL)
        return TH_E_NO_MEMORY;
    int status = th_tile_load(txn, size, tile);
    if (status == 0)
        *ret_hash = *th_tile_node(tile, place.height, place.at);
    return status;
}

struct snapshot {
    struct th_tile_cache *cache;
    const struct th_txn *txn;
    uint64_t size;
};

static int snapshot_node(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    const struct snapshot *snapshot = context;
    return th_tile_cache_node(snapshot->cache, snapshot->txn, snapshot->size, level, index,
                              ret_hash);
}

int th_txn_root(struct th_tile_cache *cache, const struct th_txn *txn, uint64_t size,
                uint64_t leaves, struct th_digest *ret_root)
{
    struct snapshot snapshot = {cache, txn, size};
    struct th_tlog_source source = {snapshot_node, &snapshot};
    return leaves > size ? TH_E_RANGE : th_tlog_root(&source, leaves, ret_root);
}
