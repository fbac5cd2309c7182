/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks are cut off a piece one after the other, rounded up to the size of their class: steps of
 * 16 bytes up to 1 KiB, then four steps for each doubling. Those that come back are kept in a list
 * for each class. What is larger than the largest class is a piece of its own.
 */
#define _GNU_SOURCE /* madvise */
#include "aggregator/audit/pool.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_BYTES  ((size_t)2 * 1024 * 1024)
#define PIECE_BYTES (16 * HUGE_BYTES)
#define SMALL_MAX   ((size_t)1024)

enum { STEP = 16, SMALL = 64, DOUBLINGS = 12, CLASSES = SMALL + 4 * DOUBLINGS };

#define LARGE_MAX (SMALL_MAX << DOUBLINGS)

struct block {
    struct block *next;
};

/* In front of what is cut off it. */
struct piece {
    struct piece *before, *after;
    size_t size;
    _Alignas(64) uint8_t bytes[];
};

struct th_pool {
    struct piece *pieces; /* all of them */
    uint8_t *at, *end;    /* what is left of the piece that is cut */
    struct block *free[CLASSES];
};

/* ---- classes ---- */

/* Precondition: 0 < size ≤ LARGE_MAX. */
static unsigned class_of(size_t size, size_t *ret_whole)
{
    if (size <= SMALL_MAX) {
        *ret_whole = (size + STEP - 1) / STEP * STEP;
        return (unsigned)(*ret_whole / STEP - 1);
    }
    const unsigned doubling = 63 - (unsigned)__builtin_clzll((size - 1) / SMALL_MAX);
    const size_t step = (SMALL_MAX << doubling) / 4;
    const size_t steps = (size - (SMALL_MAX << doubling) + step - 1) / step; /* 1 to 4 */
    *ret_whole = (SMALL_MAX << doubling) + steps * step;
    return SMALL + 4 * doubling + (unsigned)steps - 1;
}

/* ---- pieces ---- */

/* Zeroed. Without huge pages it is slower, and the same. */
static struct piece *add_piece(struct th_pool *pool, size_t wanted)
{
    const size_t size = (sizeof(struct piece) + wanted + HUGE_BYTES - 1) / HUGE_BYTES * HUGE_BYTES;
    uint8_t *whole = mmap(NULL, size + HUGE_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (whole == MAP_FAILED)
        return NULL;
    const size_t ahead = (HUGE_BYTES - (uintptr_t)whole % HUGE_BYTES) % HUGE_BYTES;
    if (ahead > 0)
        (void)munmap(whole, ahead);
    if (ahead < HUGE_BYTES)
        (void)munmap(whole + ahead + size, HUGE_BYTES - ahead);
    (void)madvise(whole + ahead, size, MADV_HUGEPAGE);
    struct piece *piece = (struct piece *)(void *)(whole + ahead);
    *piece = (struct piece){.after = pool->pieces, .size = size};
    if (pool->pieces != NULL)
        pool->pieces->before = piece;
    pool->pieces = piece;
    return piece;
}

static void drop_piece(struct th_pool *pool, struct piece *piece)
{
    if (piece->before == NULL)
        pool->pieces = piece->after;
    else
        piece->before->after = piece->after;
    if (piece->after != NULL)
        piece->after->before = piece->before;
    (void)munmap(piece, piece->size);
}

/* ---- blocks ---- */

static void *take(void *context, size_t size)
{
    struct th_pool *pool = context;
    size_t whole;
    if (size > LARGE_MAX) {
        struct piece *piece = size > SIZE_MAX / 2 ? NULL : add_piece(pool, size);
        return piece == NULL ? NULL : piece->bytes;
    }
    struct block **list = &pool->free[class_of(size, &whole)];
    struct block *block = *list;
    if (block != NULL) {
        *list = block->next;
        return memset(block, 0, size);
    }
    if ((size_t)(pool->end - pool->at) < whole) { /* what is left stays unused */
        struct piece *piece = add_piece(pool, PIECE_BYTES - sizeof(struct piece));
        if (piece == NULL)
            return NULL;
        pool->at = piece->bytes;
        pool->end = (uint8_t *)piece + piece->size;
    }
    void *memory = pool->at;
    pool->at += whole;
    return memory;
}

static void give(void *context, void *memory, size_t size)
{
    struct th_pool *pool = context;
    size_t whole;
    if (size > LARGE_MAX) {
        drop_piece(pool,
                   (struct piece *)(void *)((uint8_t *)memory - offsetof(struct piece, bytes)));
        return;
    }
    struct block **list = &pool->free[class_of(size, &whole)];
    struct block *block = memory;
    block->next = *list;
    *list = block;
}

struct th_heap_source th_pool_source(struct th_pool *pool)
{
    return (struct th_heap_source){take, give, pool};
}

/* ---- life ---- */

int th_pool_new(struct th_pool **ret_pool)
{
    struct th_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return TH_E_NO_MEMORY;
    *ret_pool = pool;
    return 0;
}

void th_pool_free(struct th_pool *pool)
{
    if (pool == NULL)
        return;
    while (pool->pieces != NULL)
        drop_piece(pool, pool->pieces);
    free(pool);
}
