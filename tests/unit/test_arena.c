/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

Test(arena, memory_is_zeroed_aligned_and_apart)
{
    struct th_arena arena;
    th_arena_init(&arena, 256, 1 << 20);
    unsigned char *before = NULL;
    for (size_t size = 1; size < 600; size += 7) {
        unsigned char *memory = th_arena_alloc(&arena, size);
        cr_assert_not_null(memory);
        cr_assert_eq((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            cr_assert_eq(memory[i], 0);
        memset(memory, 0xA5, size);
        if (before != NULL)
            cr_assert_eq(before[0], 0xA5);
        before = memory;
    }
    th_arena_deinit(&arena);
}

Test(arena, an_array_grows_by_doubling_and_keeps_its_items)
{
    struct th_arena arena;
    th_arena_init(&arena, 256, 1 << 20);
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 100; i++) {
        items = th_arena_grow(&arena, items, (size_t)i, &capacity, 3, sizeof *items);
        cr_assert_not_null(items);
        cr_assert_gt(capacity, (size_t)i);
        items[i] = i;
    }
    for (int i = 0; i < 100; i++)
        cr_assert_eq(items[i], i);
    cr_assert_eq(capacity, 192);
    cr_assert_eq(th_arena_grow(&arena, items, 100, &capacity, 3, sizeof *items), items);
    th_arena_deinit(&arena);
}

Test(arena, an_array_that_does_not_fit_the_budget_is_as_it_was)
{
    struct th_arena arena;
    th_arena_init(&arena, 1024, 4096);
    size_t capacity = 0;
    int *items = th_arena_grow(&arena, NULL, 0, &capacity, 512, sizeof *items);
    cr_assert_not_null(items);
    items[511] = 7;
    cr_assert_null(th_arena_grow(&arena, items, 512, &capacity, 512, sizeof *items));
    cr_assert_eq(capacity, 512);
    cr_assert_eq(items[511], 7);
    th_arena_deinit(&arena);
}

Test(arena, over_the_budget_is_null_and_the_arena_lives_on)
{
    struct th_arena arena;
    th_arena_init(&arena, 1024, 4096);
    cr_assert_null(th_arena_alloc(&arena, 8192));
    cr_assert_not_null(th_arena_alloc(&arena, 100));
    size_t taken = 0;
    while (th_arena_alloc(&arena, 100) != NULL)
        cr_assert_lt(++taken, 4096 / 100);
    th_arena_reset(&arena);
    cr_assert_not_null(th_arena_alloc(&arena, 100));
    th_arena_deinit(&arena);
}

Test(arena, reset_gives_the_same_memory_again)
{
    struct th_arena arena;
    th_arena_init(&arena, 1024, 4096);
    void *first = th_arena_alloc(&arena, 10);
    th_arena_reset(&arena);
    cr_assert_eq(th_arena_alloc(&arena, 10), first);
    th_arena_deinit(&arena);
}

Test(arena, what_is_reserved_is_what_is_allocated_next)
{
    struct th_arena arena;
    th_arena_init(&arena, 1024, 16384);
    unsigned calls = 1;
    while (th_arena_reserve(&arena, 5000))
        calls++;
    cr_assert_eq(calls, 4, "each 1,024 and a header");
    cr_assert(!th_arena_reserve(&arena, 5000));
    size_t has = arena.spare_bytes;
    cr_assert_gt(has, 4096);
    cr_assert_leq(has, 5000);
    const unsigned char *memory = th_arena_alloc(&arena, 1000);
    cr_assert_not_null(memory);
    for (size_t i = 0; i < 1000; i++)
        cr_assert_eq(memory[i], 0);
    cr_assert_eq(arena.spare_bytes + arena.taken_bytes, has, "nothing of the system's");
    th_arena_deinit(&arena);
}

static long touched(void)
{
    struct rusage usage;
    cr_assert_eq(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_minflt;
}

Test(arena, what_is_reserved_was_touched)
{
    enum { BLOCK = 1 << 20, BYTES = 8 << 20 };
    struct th_arena arena;
    th_arena_init(&arena, BLOCK, 64 << 20);
    const long before = touched();
    while (th_arena_reserve(&arena, BYTES))
        ;
    const long between = touched();
    for (size_t taken = 0; taken < BYTES - 2 * BLOCK; taken += 4096)
        cr_assert_not_null(th_arena_alloc(&arena, 4096));
    const long after = touched();
    cr_assert_gt(between - before, 20 * (after - between));
    th_arena_deinit(&arena);
}

Test(arena, no_more_is_reserved_than_the_budget)
{
    struct th_arena arena;
    th_arena_init(&arena, 1024, 2500);
    while (th_arena_reserve(&arena, 1 << 20))
        cr_assert_leq(arena.spare_bytes, 2500);
    cr_assert_leq(arena.spare_bytes, 2500);
    cr_assert_gt(arena.spare_bytes, 2048);
    th_arena_deinit(&arena);
}

Test(arena, an_array_whose_size_overflows_is_null)
{
    struct th_arena arena;
    th_arena_init(&arena, 1024, 4096);
    cr_assert_null(th_arena_alloc_array(&arena, SIZE_MAX / 2, 3));
    cr_assert_null(th_arena_alloc(&arena, SIZE_MAX));
    th_arena_deinit(&arena);
}

Test(arena, reset_keeps_blocks_and_the_budget_holds)
{
    struct th_arena arena;
    th_arena_init(&arena, 1000, 8000);
    for (int round = 0; round < 3; round++) {
        unsigned given = 0;
        while (th_arena_alloc(&arena, 900) != NULL)
            given++;
        cr_expect_eq(given, 7); /* 8000 less the headers */
        cr_expect_leq(arena.taken_bytes + arena.spare_bytes, 8000 + 48);
        th_arena_reset(&arena);
        cr_expect_gt(arena.spare_bytes, 5000);
    }
    cr_expect_not_null(th_arena_alloc(&arena, 6000)); /* what was kept makes room */
    cr_expect_eq(arena.spare_bytes, 0);
    th_arena_deinit(&arena);
}

Test(arena, kept_blocks_are_zeroed_again)
{
    struct th_arena arena;
    th_arena_init(&arena, 100, 1000);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5; i++) {
            unsigned char *bytes = th_arena_alloc(&arena, 90);
            for (int at = 0; at < 90; at++)
                cr_assert_eq(bytes[at], 0);
            memset(bytes, 0xFF, 90);
        }
        th_arena_reset(&arena);
    }
    th_arena_deinit(&arena);
}
