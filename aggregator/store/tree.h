/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree over the leaves in the journal: the writer's right edge, and tiles read back from
 * tables.
 *
 * The right edge is the last tile of every level. It has every node that the root of the whole
 * tree is made of. An appended leaf costs its own hash and one node hash on average.
 *
 * Not thread-safe: one owner at a time.
 */
#ifndef TH_STORE_TREE_H
#define TH_STORE_TREE_H

#include "aggregator/store/env.h"
#include "aggregator/store/tile.h"
#include "proto/tlog/hash.h"

/* What the journal has at a position; the entry as it is stored. TH_E_NOT_FOUND, TH_E_CORRUPT.
 * Borrow the snapshot's pages. */
TH_MUST_CHECK int th_txn_journal(const struct th_txn *txn, uint64_t position,
                                 struct th_bytes *ret_entry, struct th_bytes *ret_leaf);

/*
 * Brings a tile to what it has in a tree of `size` leaves, the size of the transaction's snapshot.
 * Hashes that the tile has already stay. From the tile's row; the last tile of level 0 has none
 * and is made by hashing leaves. TH_E_CORRUPT: a row is missing or has another length.
 */
TH_MUST_CHECK int th_tile_load(const struct th_txn *txn, uint64_t size, struct th_tile *tile);

struct th_edge {
    uint64_t size;                        /* leaves */
    struct th_tile tiles[TH_TILE_LEVELS]; /* a full one stays until the next hash comes */
    bool is_grown[TH_TILE_LEVELS];        /* its row is not what the tile is */
    struct th_tile *filled;               /* tiles of leaves that the batch filled */
    size_t filled_count, filled_capacity;
};
void th_edge_deinit(struct th_edge *edge);

/* The edge of a tree of `size` leaves. After a failure it is undefined. */
TH_MUST_CHECK int th_edge_load(struct th_edge *edge, const struct th_txn *txn, uint64_t size);
void th_edge_begin_batch(struct th_edge *edge);
/* Adds a leaf by its hash and writes the rows of tiles that became full. When the transaction does
 * not become a commit, the edge is undefined, as after a failure. */
TH_MUST_CHECK int th_edge_add(struct th_edge *edge, struct th_txn *txn,
                              const struct th_digest *leaf_hash);
/* Writes the rows of the upper tiles that have grown, each once a batch. */
TH_MUST_CHECK int th_edge_flush(struct th_edge *edge, struct th_txn *txn);
void th_edge_root(struct th_edge *edge, struct th_digest *ret_root);
/* A node that the edge still has; of the last batch, nearly each. Its leaves may be some that are
 * not committed. */
bool th_edge_node(const struct th_edge *edge, unsigned level, uint64_t index,
                  struct th_digest *ret_hash);

/* Tiles that a view has read. Zero-initialised is empty; deinit frees. */
#define TH_TILE_SLOTS 8
struct th_tile_cache {
    struct th_tile *tiles[TH_TILE_SLOTS];
    uint64_t used_at[TH_TILE_SLOTS];
    uint64_t uses;
};
void th_tile_cache_deinit(struct th_tile_cache *cache);
/* A node of the tree of `size` leaves, all of its leaves below. Also TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_tile_cache_node(struct th_tile_cache *cache, const struct th_txn *txn,
                                     uint64_t size, unsigned level, uint64_t index,
                                     struct th_digest *ret_hash);

/* The root of the first `leaves` of the tree of `size` leaves. TH_E_RANGE: more than there are.
 * Also TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_txn_root(struct th_tile_cache *cache, const struct th_txn *txn, uint64_t size,
                              uint64_t leaves, struct th_digest *ret_root);

#endif
