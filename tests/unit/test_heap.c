/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <criterion/criterion.h>
#include <string.h>

Test(heap, the_budget_bounds_what_is_taken)
{
    struct th_heap heap;
    th_heap_init(&heap, 100);
    void *block = th_heap_alloc(&heap, 60);
    cr_assert_not_null(block);
    cr_assert_null(th_heap_alloc(&heap, 41));
    cr_assert_null(th_heap_alloc_array(&heap, SIZE_MAX, 2));
    cr_assert_eq(th_heap_charge(&heap, 40), 0);
    cr_assert_eq(th_heap_charge(&heap, 1), TH_E_NO_MEMORY);
    th_heap_discharge(&heap, 40);
    th_heap_free(&heap, block, 60);
    cr_assert_eq(heap.taken_bytes, 0);
}

Test(heap, a_resize_keeps_the_beginning_and_a_refused_one_everything)
{
    struct th_heap heap;
    th_heap_init(&heap, 100);
    char *block = th_heap_alloc(&heap, 4);
    memcpy(block, "abc", 4);
    cr_assert_null(th_heap_resize(&heap, block, 4, 200));
    cr_assert_str_eq(block, "abc");
    block = th_heap_resize(&heap, block, 4, 50);
    cr_assert_str_eq(block, "abc");
    cr_assert_eq(block[49], 0);
    th_heap_free(&heap, block, 50);
    cr_assert_eq(heap.taken_bytes, 0);
}

struct shelf {
    char bytes[64];
    size_t taken, given;
};

static void *take(void *context, size_t size)
{
    struct shelf *shelf = context;
    shelf->taken += size;
    return size > sizeof shelf->bytes ? NULL : shelf->bytes;
}

static void give(void *context, void *memory, size_t size)
{
    struct shelf *shelf = context;
    cr_assert_eq(memory, (void *)shelf->bytes);
    shelf->given += size;
}

Test(heap, another_source_gives_and_gets_what_is_counted)
{
    struct shelf shelf = {.taken = 0};
    struct th_heap heap;
    th_heap_init_from(&heap, 100, (struct th_heap_source){take, give, &shelf});
    cr_assert_null(th_heap_alloc(&heap, 65), "the source has none");
    cr_assert_null(th_heap_alloc(&heap, 101), "not asked");
    cr_assert_eq(shelf.taken, 65);
    cr_assert_eq(heap.taken_bytes, 0);
    void *block = th_heap_alloc(&heap, 0);
    cr_assert_eq(block, (void *)shelf.bytes);
    cr_assert_eq(shelf.taken, 66);
    th_heap_free(&heap, block, 0);
    cr_assert_eq(shelf.given, 1);
    cr_assert_eq(heap.taken_bytes, 0);
}

Test(heap, the_nth_allocation_can_be_refused)
{
    struct th_heap heap;
    th_heap_init(&heap, 100);
    heap.refuse_at = 2;
    void *block = th_heap_alloc(&heap, 1);
    cr_assert_not_null(block);
    cr_assert_null(th_heap_alloc(&heap, 1));
    th_heap_free(&heap, block, 1);
}
