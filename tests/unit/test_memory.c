/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "aggregator/daemon/memory.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_OTHER_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_OTHER_MALLOC 1
#endif
#endif

#define MIB ((size_t)1024 * 1024)

static unsigned steps(struct th_memory *memory, size_t bytes)
{
    unsigned count = 1;
    while (th_memory_make_ready(memory, bytes))
        count++;
    return count;
}

Test(memory, what_reports_take_is_bounded)
{
    cr_assert_eq(th_memory_of(0), 0);
    cr_assert_gt(th_memory_of(1000), th_memory_of(999));
    cr_assert_eq(th_memory_of(UINT64_MAX), th_memory_ready_max());
    cr_assert_eq(th_memory_of(10000000), th_memory_ready_max());
}

Test(memory, it_is_made_ready_piece_by_piece_and_then_freed)
{
    struct th_memory memory = {NULL, 0};
    cr_assert(!th_memory_make_ready(&memory, 0));
    cr_assert_eq(steps(&memory, MIB), 5); /* four quarters, and the end */
    cr_assert_null(memory.pieces);
    cr_assert_eq(memory.held_bytes, 0);
}

Test(memory, whoever_needs_it_meanwhile_gets_it)
{
    struct th_memory memory = {NULL, 0};
    cr_assert(th_memory_make_ready(&memory, MIB));
    cr_assert(th_memory_make_ready(&memory, MIB));
    cr_assert_gt(memory.held_bytes, 0);
    th_memory_let_go(&memory);
    cr_assert_null(memory.pieces);
    cr_assert_eq(steps(&memory, MIB), 5, "from the beginning");
}

#ifndef HAS_OTHER_MALLOC
enum { BLOCKS = 256, BLOCK_BYTES = 65536 };

/* Pages that were touched for the first time to fill 16 MiB. */
static long fill(void *blocks[BLOCKS])
{
    struct rusage before, after;
    cr_assert_eq(getrusage(RUSAGE_THREAD, &before), 0);
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(BLOCK_BYTES);
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    cr_assert_eq(getrusage(RUSAGE_THREAD, &after), 0);
    return after.ru_minflt - before.ru_minflt;
}

Test(memory, a_burst_touches_no_page_for_the_first_time)
{
    void *blocks[BLOCKS];
    struct th_memory memory = {NULL, 0};
    th_memory_set_up(true);
    cr_assert_gt(fill(blocks), 1000);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    cr_assert_lt(fill(blocks), 100, "what was freed is kept");
    (void)steps(&memory, 20 * MIB);
    void *others[BLOCKS];
    cr_assert_lt(fill(others), 100);
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
        free(others[i]);
    }
}

Test(memory, more_than_what_is_kept_goes_back_once)
{
    struct th_memory memory = {NULL, 0};
    th_memory_set_up(true);
    (void)steps(&memory, 80 * MIB);
    cr_assert(!th_memory_give_back(80 * MIB));
    cr_assert(th_memory_give_back(16 * MIB));
    cr_assert(!th_memory_give_back(16 * MIB), "the rest is kept");
    cr_assert(th_memory_give_back(0));
    cr_assert(!th_memory_give_back(0));
}
#endif
