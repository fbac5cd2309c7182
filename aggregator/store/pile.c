/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/pile.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 8192, SPARE_MAX = 512 };

struct th_pile_block {
    struct th_pile_block *before;
    size_t capacity;
    uint8_t bytes[];
};

/* A block of the usual size, with what malloc() adds, is two pages. */
static const size_t usual = BLOCK_BYTES - sizeof(struct th_pile_block) - 2 * sizeof(size_t);

static struct th_pile_block *take_block(struct th_pile_pool *pool, size_t size)
{
    size_t capacity = size > usual ? size : usual;
    struct th_pile_block *block = pool->spare;
    if (capacity == usual && block != NULL) {
        pool->spare = block->before;
        pool->spare_count--;
        return block;
    }
    block = malloc(sizeof *block + capacity);
    if (block != NULL)
        block->capacity = capacity;
    return block;
}

static void give_block(struct th_pile_pool *pool, struct th_pile_block *block)
{
    if (block->capacity != usual || pool->spare_count == SPARE_MAX) {
        free(block);
        return;
    }
    block->before = pool->spare;
    pool->spare = block;
    pool->spare_count++;
}

void th_pile_pool_deinit(struct th_pile_pool *pool)
{
    while (pool->spare != NULL) {
        struct th_pile_block *block = pool->spare;
        pool->spare = block->before;
        free(block);
    }
    pool->spare_count = 0;
}

const uint8_t *th_pile_add(struct th_pile *pile, struct th_pile_pool *pool, struct th_bytes bytes)
{
    if (pile->last == NULL || pile->last->capacity - pile->used < bytes.size) {
        struct th_pile_block *block = take_block(pool, bytes.size);
        if (block == NULL)
            return NULL;
        block->before = pile->last;
        pile->last = block;
        pile->used = 0;
    }
    uint8_t *copy = pile->last->bytes + pile->used;
    if (bytes.size > 0)
        memcpy(copy, bytes.bytes, bytes.size);
    pile->used += bytes.size;
    pile->size += bytes.size;
    return copy;
}

void th_pile_cut(struct th_pile *pile, struct th_pile_pool *pool, const struct th_pile *mark)
{
    while (pile->last != mark->last) {
        struct th_pile_block *block = pile->last;
        pile->last = block->before;
        give_block(pool, block);
    }
    *pile = *mark;
}

void th_pile_clear(struct th_pile *pile, struct th_pile_pool *pool)
{
    th_pile_cut(pile, pool, &(struct th_pile){.last = NULL});
}
