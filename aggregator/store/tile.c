/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/tile.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"

/* Where the nodes of a height begin. */
static unsigned begin_of(unsigned height)
{
    return 2 * TH_TILE_WIDTH - (2 * TH_TILE_WIDTH >> height);
}

void th_tile_reset(struct th_tile *tile, unsigned level, uint64_t index)
{
    tile->level = level;
    tile->index = index;
    tile->count = 0;
}

void th_tile_add(struct th_tile *tile, const struct th_digest *hash)
{
    TH_ASSERT(tile->count < TH_TILE_WIDTH);
    unsigned at = tile->count++;
    tile->nodes[at] = *hash;
    for (unsigned height = 1; height <= TH_TILE_HEIGHT && (at & 1) == 1; height++) {
        const struct th_digest *right = &tile->nodes[begin_of(height - 1) + at];
        at >>= 1;
        th_tlog_hash_node(right - 1, right, &tile->nodes[begin_of(height) + at]);
    }
}

const struct th_digest *th_tile_node(const struct th_tile *tile, unsigned height, unsigned at)
{
    TH_ASSERT(height <= TH_TILE_HEIGHT);
    TH_ASSERT(at % (1U << height) == 0);
    TH_ASSERT(at + (1U << height) <= tile->count);
    return &tile->nodes[begin_of(height) + (at >> height)];
}

struct th_tile_place th_tile_find(unsigned level, uint64_t index)
{
    TH_ASSERT(level < TH_TILE_LEVELS * TH_TILE_HEIGHT);
    struct th_tile_place place = {.level = level / TH_TILE_HEIGHT,
                                  .height = level % TH_TILE_HEIGHT};
    uint64_t hash = index << place.height;
    place.index = hash / TH_TILE_WIDTH;
    place.at = (unsigned)(hash % TH_TILE_WIDTH);
    return place;
}

unsigned th_tile_count(uint64_t size, unsigned level, uint64_t index)
{
    uint64_t hashes = size >> TH_TILE_HEIGHT * level;
    uint64_t begin = index * TH_TILE_WIDTH;
    if (hashes <= begin)
        return 0;
    return hashes - begin < TH_TILE_WIDTH ? (unsigned)(hashes - begin) : TH_TILE_WIDTH;
}
