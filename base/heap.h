/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with a budget: calloc and free, or another source, counted, so that one owner cannot take
 * all there is.
 *
 * Over the budget, or when malloc fails, an allocation is NULL and nothing has changed. Blocks do
 * not know their size: whoever frees says it again.
 *
 * Not thread-safe: one owner at a time.
 */
#ifndef TH_BASE_HEAP_H
#define TH_BASE_HEAP_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

/* Where blocks come from, when not from calloc. `take` gives zeroed memory or NULL, `give` gets it
 * back with the same size, which is never 0. */
struct th_heap_source {
    void *(*take)(void *context, size_t size);
    void (*give)(void *context, void *memory, size_t size);
    void *context;
};

struct th_heap {
    size_t budget_bytes;
    size_t taken_bytes;
    uint64_t refuse_at; /* for tests: the n-th allocation from now is refused; 0 for none */
    struct th_heap_source source; /* all NULL: calloc and free */
};

void th_heap_init(struct th_heap *heap, size_t budget_bytes);
/* The source has to live as long. */
void th_heap_init_from(struct th_heap *heap, size_t budget_bytes, struct th_heap_source source);

/* Zeroed memory; NULL when refused. A size of 0 counts as 1. */
void *th_heap_alloc(struct th_heap *heap, size_t size);
/* count objects of size bytes; NULL also when the product overflows. */
void *th_heap_alloc_array(struct th_heap *heap, size_t count, size_t size);
/* Takes a block of `size` bytes or NULL. */
void th_heap_free(struct th_heap *heap, void *memory, size_t size);
/* A larger or smaller block with the same beginning, what is new zeroed; takes the old one. On NULL
 * the old one is as it was. */
void *th_heap_resize(struct th_heap *heap, void *memory, size_t old_size, size_t new_size);
/* Counts memory that an arena holds. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_heap_charge(struct th_heap *heap, size_t size);
void th_heap_discharge(struct th_heap *heap, size_t size);

#endif
