/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/assert.h"
#include "base/touch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct th_arena_block {
    struct th_arena_block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char bytes[];
};

void th_arena_init(struct th_arena *arena, size_t block_bytes, size_t budget_bytes)
{
    TH_ASSERT(block_bytes > 0);
    TH_ASSERT(block_bytes <= budget_bytes);
    *arena = (struct th_arena){.block_bytes = block_bytes, .budget_bytes = budget_bytes};
}

void th_arena_set_budget(struct th_arena *arena, size_t budget_bytes)
{
    TH_ASSERT(arena->block_bytes <= budget_bytes);
    arena->budget_bytes = budget_bytes;
}

static void free_blocks(struct th_arena_block *block)
{
    while (block != NULL) {
        struct th_arena_block *next = block->next;
        free(block);
        block = next;
    }
}

static void free_spare(struct th_arena *arena)
{
    free_blocks(arena->spare);
    arena->spare = NULL;
    arena->spare_bytes = 0;
}

void th_arena_deinit(struct th_arena *arena)
{
    free_blocks(arena->first);
    free_blocks(arena->spare);
    *arena = (struct th_arena){0};
}

void th_arena_reset(struct th_arena *arena)
{
    if (arena->first == NULL)
        return;
    struct th_arena_block *block = arena->first->next;
    while (block != NULL) {
        struct th_arena_block *next = block->next;
        size_t whole = sizeof *block + block->size;
        if (block->size == arena->block_bytes && whole <= TH_ARENA_KEPT_BYTES &&
            arena->spare_bytes <= TH_ARENA_KEPT_BYTES - whole) {
            block->next = arena->spare;
            arena->spare = block;
            arena->spare_bytes += whole;
        } else {
            free(block);
        }
        block = next;
    }
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->current = arena->first;
    arena->taken_bytes = sizeof *arena->first + arena->first->size;
}

bool th_arena_reserve(struct th_arena *arena, size_t bytes)
{
    const size_t whole = sizeof(struct th_arena_block) + arena->block_bytes;
    const size_t has = arena->taken_bytes + arena->spare_bytes;
    size_t most =
        arena->budget_bytes < TH_ARENA_KEPT_BYTES ? arena->budget_bytes : TH_ARENA_KEPT_BYTES;
    most = bytes < most ? bytes : most;
    if (has >= most || whole > most - has)
        return false;
    struct th_arena_block *block = malloc(whole);
    if (block == NULL)
        return false;
    th_touch(block, whole);
    *block = (struct th_arena_block){.next = arena->spare, .size = arena->block_bytes};
    arena->spare = block;
    arena->spare_bytes += whole;
    return whole <= most - has - whole;
}

static struct th_arena_block *take_spare(struct th_arena *arena, size_t size)
{
    struct th_arena_block *block = size == arena->block_bytes ? arena->spare : NULL;
    if (block == NULL)
        return NULL;
    arena->spare = block->next;
    arena->spare_bytes -= sizeof *block + block->size;
    return block;
}

static struct th_arena_block *add_block(struct th_arena *arena, size_t wanted)
{
    size_t size = wanted > arena->block_bytes ? wanted : arena->block_bytes;
    /* The first block may exceed the budget by its header, so that a budget of one block works. */
    size_t header = sizeof(struct th_arena_block);
    size_t limit = arena->budget_bytes + (arena->first == NULL ? header : 0);
    if (arena->taken_bytes > limit || size > limit - arena->taken_bytes ||
        header > limit - arena->taken_bytes - size)
        return NULL;
    size_t whole = header + size;
    struct th_arena_block *block = take_spare(arena, size);
    if (block == NULL && arena->spare_bytes > limit - arena->taken_bytes - whole)
        free_spare(arena);
    if (block == NULL)
        block = malloc(whole);
    if (block == NULL)
        return NULL;
    *block = (struct th_arena_block){.size = size};
    arena->taken_bytes += whole;
    if (arena->current == NULL)
        arena->first = block;
    else
        arena->current->next = block;
    arena->current = block;
    return block;
}

void *th_arena_take(struct th_arena *arena, size_t size)
{
    const size_t alignment = _Alignof(max_align_t);
    if (size > SIZE_MAX - alignment)
        return NULL;
    size_t rounded = (size + alignment - 1) / alignment * alignment;
    struct th_arena_block *block = arena->current;
    if (block == NULL || rounded > block->size - block->used)
        block = add_block(arena, rounded);
    if (block == NULL)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += rounded;
    return memory;
}

void *th_arena_alloc(struct th_arena *arena, size_t size)
{
    void *memory = th_arena_take(arena, size);
    return memory == NULL ? NULL : memset(memory, 0, size);
}

void *th_arena_alloc_array(struct th_arena *arena, size_t count, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole))
        return NULL;
    return th_arena_alloc(arena, whole);
}

void *th_arena_grow(struct th_arena *arena, void *items, size_t count, size_t *capacity,
                    size_t first, size_t item_size)
{
    if (count < *capacity)
        return items;
    if (*capacity > SIZE_MAX / 2)
        return NULL;
    const size_t wanted = *capacity == 0 ? first : *capacity * 2;
    void *larger = th_arena_alloc_array(arena, wanted, item_size);
    if (larger == NULL)
        return NULL;
    if (count > 0)
        memcpy(larger, items, count * item_size);
    *capacity = wanted;
    return larger;
}

char *th_arena_copy_text(struct th_arena *arena, const char *text, size_t text_size)
{
    if (text_size == SIZE_MAX)
        return NULL;
    char *copy = th_arena_alloc(arena, text_size + 1);
    if (copy != NULL)
        memcpy(copy, text, text_size);
    return copy;
}
