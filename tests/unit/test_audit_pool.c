/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/pool.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_pool *pool;
static struct th_heap_source source;

static void set_up(void)
{
    cr_assert_eq(th_pool_new(&pool), 0);
    source = th_pool_source(pool);
}

static void tear_down(void)
{
    th_pool_free(pool);
}

TestSuite(audit_pool, .init = set_up, .fini = tear_down);

static uint8_t *take(size_t size)
{
    uint8_t *memory = source.take(source.context, size);
    cr_assert_not_null(memory);
    return memory;
}

static void give(uint8_t *memory, size_t size)
{
    source.give(source.context, memory, size);
}

static bool is_zero(const uint8_t *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i] != 0)
            return false;
    return true;
}

#define MIB ((size_t)1024 * 1024)

static const size_t sizes[] = {1,      15,      16,      17,      1023,        1024,
                               1025,   1279,    1280,    1281,    2048,        2049,
                               100000, MIB - 1, 3 * MIB, 4 * MIB, 4 * MIB + 1, 40 * MIB};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

Test(audit_pool, blocks_of_all_sizes_are_zeroed_aligned_and_apart)
{
    uint8_t *blocks[SIZES];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < SIZES; i++) {
            blocks[i] = take(sizes[i]);
            cr_assert_eq((uintptr_t)blocks[i] % 16, 0, "%zu", sizes[i]);
            cr_assert(is_zero(blocks[i], sizes[i]), "%zu", sizes[i]);
            memset(blocks[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < SIZES; i++) {
            cr_assert_eq(blocks[i][0], i + 1, "%zu", sizes[i]);
            cr_assert_eq(blocks[i][sizes[i] - 1], i + 1, "%zu", sizes[i]);
            give(blocks[i], sizes[i]);
        }
    }
}

Test(audit_pool, a_block_that_came_back_serves_the_next_of_its_size)
{
    uint8_t *first = take(200);
    memset(first, 7, 200);
    give(first, 200);
    uint8_t *second = take(208); /* the same step of 16 bytes */
    cr_assert_eq(second, first);
    cr_assert(is_zero(second, 208));
    cr_assert_neq(take(208), second);
}

Test(audit_pool, more_than_a_piece_is_taken_from_several)
{
    enum { COUNT = 1000 };
    uint8_t *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = take(100000);
        blocks[i][0] = (uint8_t)i;
        blocks[i][99999] = (uint8_t)(i >> 2);
    }
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(blocks[i][0], (uint8_t)i);
        cr_assert_eq(blocks[i][99999], (uint8_t)(i >> 2));
    }
}

Test(audit_pool, what_no_system_has_is_refused)
{
    cr_assert_null(source.take(source.context, SIZE_MAX));
    cr_assert_null(source.take(source.context, SIZE_MAX / 4));
}
