/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

void th_heap_init(struct th_heap *heap, size_t budget_bytes)
{
    *heap = (struct th_heap){.budget_bytes = budget_bytes};
}

void th_heap_init_from(struct th_heap *heap, size_t budget_bytes, struct th_heap_source source)
{
    *heap = (struct th_heap){.budget_bytes = budget_bytes, .source = source};
}

static int count_bytes(struct th_heap *heap, size_t size)
{
    if (heap->refuse_at > 0 && --heap->refuse_at == 0)
        return TH_E_NO_MEMORY;
    if (size > heap->budget_bytes - heap->taken_bytes)
        return TH_E_NO_MEMORY;
    heap->taken_bytes += size;
    return 0;
}

void *th_heap_alloc(struct th_heap *heap, size_t size)
{
    size_t whole = size == 0 ? 1 : size;
    if (count_bytes(heap, whole) < 0)
        return NULL;
    void *memory = heap->source.take == NULL ? calloc(1, whole)
                                             : heap->source.take(heap->source.context, whole);
    if (memory == NULL)
        heap->taken_bytes -= whole;
    return memory;
}

void *th_heap_alloc_array(struct th_heap *heap, size_t count, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole))
        return NULL;
    return th_heap_alloc(heap, whole);
}

void th_heap_free(struct th_heap *heap, void *memory, size_t size)
{
    if (memory == NULL)
        return;
    const size_t whole = size == 0 ? 1 : size;
    th_heap_discharge(heap, whole);
    if (heap->source.give == NULL)
        free(memory);
    else
        heap->source.give(heap->source.context, memory, whole);
}

void *th_heap_resize(struct th_heap *heap, void *memory, size_t old_size, size_t new_size)
{
    void *moved = th_heap_alloc(heap, new_size);
    if (moved == NULL)
        return NULL;
    if (memory != NULL)
        memcpy(moved, memory, old_size < new_size ? old_size : new_size);
    th_heap_free(heap, memory, old_size);
    return moved;
}

int th_heap_charge(struct th_heap *heap, size_t size)
{
    return count_bytes(heap, size);
}

void th_heap_discharge(struct th_heap *heap, size_t size)
{
    TH_ASSERT(size <= heap->taken_bytes);
    heap->taken_bytes -= size;
}
