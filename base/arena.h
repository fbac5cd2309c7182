/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump arena: many small allocations with one lifetime, freed together.
 *
 * Memory comes in blocks from malloc up to a budget that the owner names; over the budget, or when
 * malloc fails, an allocation is NULL and the arena stays usable. Reset keeps the blocks, up to
 * TH_ARENA_KEPT_BYTES, so that a batch that is like the one before takes no new memory: pages that
 * were given back would have to be cleared by the kernel again.
 *
 * Not thread-safe: one owner at a time. Pointers live until reset or deinit.
 */
#ifndef TH_BASE_ARENA_H
#define TH_BASE_ARENA_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct th_arena_block;

#define TH_ARENA_KEPT_BYTES ((size_t)64 * 1024 * 1024) /* by a reset */

struct th_arena {
    struct th_arena_block *first;
    struct th_arena_block *current;
    size_t block_bytes;
    size_t budget_bytes;
    size_t taken_bytes;           /* in use, for the budget */
    struct th_arena_block *spare; /* kept by a reset, each of block_bytes */
    size_t spare_bytes;           /* with taken_bytes never over the budget */
};

/* No allocation yet. Preconditions: 0 < block_bytes <= budget_bytes. */
void th_arena_init(struct th_arena *arena, size_t block_bytes, size_t budget_bytes);
/* For what is taken from now on. What was taken stays, also when it is more. Precondition: at least
 * one block. */
void th_arena_set_budget(struct th_arena *arena, size_t budget_bytes);
void th_arena_deinit(struct th_arena *arena);
void th_arena_reset(struct th_arena *arena);

/* Adds one block, and touches it, while the arena has less than `bytes`: what is allocated next
 * then needs nothing of the system. True: there is still less. Never over the budget or what a
 * reset keeps; false also when there is no memory. */
bool th_arena_reserve(struct th_arena *arena, size_t bytes);

/* Zeroed memory, aligned for any object; NULL when the budget or memory is exhausted. A size of 0
 * gives a pointer that may not be read. */
void *th_arena_alloc(struct th_arena *arena, size_t size);
/* The same, not zeroed: for what is written whole before any of it is read. */
void *th_arena_take(struct th_arena *arena, size_t size);
/* count objects of size bytes each; NULL also when the product overflows. */
void *th_arena_alloc_array(struct th_arena *arena, size_t count, size_t size);
/*
 * The array with room for at least one more item after `count`: the same one, or one twice as large
 * with a copy of the items, `first` items when there was none (more than 0). NULL: neither has
 * changed. What it was before stays taken.
 */
void *th_arena_grow(struct th_arena *arena, void *items, size_t count, size_t *capacity,
                    size_t first, size_t item_size);
/* A copy with a NUL behind it. */
char *th_arena_copy_text(struct th_arena *arena, const char *text, size_t text_size);

#endif
