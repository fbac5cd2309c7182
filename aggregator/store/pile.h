/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that stay where they were put: added at the end, taken away from the end or all at once.
 * Blocks that a pile gives back serve the next one, so that growing neither copies what is there
 * nor asks the system for pages that nobody has touched.
 *
 * Not thread-safe: one owner at a time of a pool and its piles.
 */
#ifndef TH_STORE_PILE_H
#define TH_STORE_PILE_H

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>

struct th_pile_block;

/* Zero-initialised is empty. */
struct th_pile_pool {
    struct th_pile_block *spare;
    size_t spare_count;
};
/* After all its piles are clear. */
void th_pile_pool_deinit(struct th_pile_pool *pool);

/* Zero-initialised is empty. A copy of it marks where it ends now. */
struct th_pile {
    struct th_pile_block *last;
    size_t used; /* of the last block */
    size_t size; /* of all that was added */
};

/* The copy, which stays until it is taken away. NULL without memory: nothing was added. */
const uint8_t *th_pile_add(struct th_pile *pile, struct th_pile_pool *pool, struct th_bytes bytes);
/* What was added after the mark goes; nothing before it may have gone since. */
void th_pile_cut(struct th_pile *pile, struct th_pile_pool *pool, const struct th_pile *mark);
void th_pile_clear(struct th_pile *pile, struct th_pile_pool *pool);

#endif
