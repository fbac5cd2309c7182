/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>

static struct store_fixture fixture;
static struct th_store *store;

static void setup(void)
{
    store_fixture_init(&fixture, (size_t)64 << 20);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
}

static void teardown(void)
{
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

TestSuite(store_leaves, .init = setup, .fini = teardown);

static bool is_there(uint64_t position)
{
    struct th_bytes leaf;
    if (!th_store_last_leaf(store, position, &leaf))
        return false;
    struct th_bytes wanted = store_fixture_leaf(position);
    cr_assert_eq(leaf.size, wanted.size);
    cr_assert_arr_eq(leaf.bytes, wanted.bytes, wanted.size);
    return true;
}

Test(store_leaves, those_of_the_last_batch_are_there_and_no_others)
{
    cr_assert_not(is_there(0));
    store_fixture_fill(&fixture, store, 3);
    cr_assert(is_there(0) && is_there(1) && is_there(2));
    cr_assert_not(is_there(3));
    store_fixture_fill(&fixture, store, 2);
    cr_assert(is_there(3) && is_there(4));
    cr_assert_not(is_there(2));
    cr_assert_not(is_there(5));
}

Test(store_leaves, those_of_a_batch_that_was_given_up_are_not_there)
{
    store_fixture_fill(&fixture, store, 3);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, 2), 0);
    th_store_abort(store);
    for (uint64_t position = 3; position < 6; position++)
        cr_assert_not(is_there(position));
    cr_assert(is_there(2), "the last one that was committed is another");
    store_fixture_fill(&fixture, store, 1);
    cr_assert(is_there(3));
}

Test(store_leaves, a_receipt_of_one_is_the_receipt_that_the_journal_gives)
{
    struct th_arena arena;
    struct th_view *view;
    th_arena_init(&arena, 1 << 16, 1 << 20);
    store_fixture_fill(&fixture, store, 300);
    store_fixture_fill(&fixture, store, 70);
    cr_assert_eq(th_view_open(store, &view), 0);
    for (uint64_t position = 300; position < 370; position += 23) {
        struct th_bytes leaf, of_leaf, of_journal;
        cr_assert(th_store_last_leaf(store, position, &leaf));
        cr_assert_eq(th_view_receipt_of(view, position, leaf, &arena, &of_leaf), 0);
        cr_assert_eq(th_view_receipt(view, position, &arena, &of_journal), 0);
        cr_assert_eq(of_leaf.size, of_journal.size);
        cr_assert_arr_eq(of_leaf.bytes, of_journal.bytes, of_leaf.size);
    }
    struct th_bytes leaf = store_fixture_leaf(370), none;
    cr_assert_eq(th_view_receipt_of(view, 370, leaf, &arena, &none), TH_E_NOT_FOUND);
    th_view_close(view);
    th_arena_deinit(&arena);
}
