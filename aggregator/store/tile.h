/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tile: up to 256 neighbouring hashes of one level of the Merkle tree, as a complete small tree.
 * Adding a hash costs as many node hashes as it completes (one on average), asking costs none.
 *
 * A tile of level L holds the hashes of perfect subtrees of 256^L leaves. Nodes of the whole tree
 * are named as in proto/tlog/prove.h: (level, index) is the subtree of 2^level leaves that begins
 * at leaf index × 2^level; it is in tile level `level / 8`.
 *
 * Pure. Not thread-safe: one owner at a time.
 */
#ifndef TH_STORE_TILE_H
#define TH_STORE_TILE_H

#include "base/digest.h"

#include <stddef.h>
#include <stdint.h>

#define TH_TILE_WIDTH  256U
#define TH_TILE_HEIGHT 8 /* levels of nodes above the hashes: a full tile has a root there */
#define TH_TILE_LEVELS 8 /* of tiles: 256^8 leaves */

struct th_tile {
    unsigned level;
    uint64_t index; /* among the tiles of its level */
    unsigned count; /* hashes, 0 to 256 */
    /* 256 hashes, 128 nodes above them, 64 … 1. */
    struct th_digest nodes[2 * TH_TILE_WIDTH - 1];
};

void th_tile_reset(struct th_tile *tile, unsigned level, uint64_t index);
/* Precondition: not full. */
void th_tile_add(struct th_tile *tile, const struct th_digest *hash);
/* The node of the subtree of 2^height hashes that begins at hash `at`. Preconditions: `at` is a
 * multiple of 2^height and the tile has all those hashes. Borrows. */
const struct th_digest *th_tile_node(const struct th_tile *tile, unsigned height, unsigned at);

/* Where a node of the whole tree is. */
struct th_tile_place {
    unsigned level;
    uint64_t index;
    unsigned height;
    unsigned at;
};
/* Precondition: level below 64. */
struct th_tile_place th_tile_find(unsigned level, uint64_t index);
/* How many hashes a tile has in a tree of `size` leaves. */
unsigned th_tile_count(uint64_t size, unsigned level, uint64_t index);

#endif
