/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that go between others get full pages, and the others stay as they are. */
#include "aggregator/store/fill.h"
#include "aggregator/store/internal.h"
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static struct store_fixture fixture;
static struct th_store *store;

static void set_up(void)
{
    store_fixture_init(&fixture, (size_t)64 << 20);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
}

static void tear_down(void)
{
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

TestSuite(store_fill, .init = set_up, .fini = tear_down, .timeout = 100);

enum { MANY = 700, MANY_SIZE = 60 };

/* Rows of every unit in any order, in one batch with a superseded revision of each. */
static void settle_many(struct th_book_id book)
{
    static const uint8_t values[MANY_SIZE];
    cr_assert_eq(th_store_begin(store), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t unit = i * 13 % MANY;
        const struct th_revision old = {.unit = unit, .revision = 1, .position = unit};
        const struct th_row row = {.unit = unit,
                                   .revision = 2,
                                   .position = unit,
                                   .timeliness = TH_TIMELINESS_ON_TIME,
                                   .values = values,
                                   .values_size = MANY_SIZE};
        cr_assert_eq(th_store_put_revision(store, book, &old), 0);
        cr_assert_eq(th_store_put_row(store, book, &row), 0);
    }
    cr_assert_eq(th_store_settle(store, book), 0);
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
}

static size_t leaf_pages(void)
{
    MDB_stat pages;
    cr_assert_eq(mdb_env_stat(store->env.env, &pages), 0);
    return pages.ms_leaf_pages;
}

static int count_row(void *context, const struct th_row *row)
{
    uint32_t *count = context;
    cr_expect_eq(row->unit, *count);
    cr_expect_eq(row->position, row->unit);
    (*count)++;
    return 0;
}

static void expect_many(struct th_view *view, struct th_book_id book)
{
    uint32_t count = 0;
    struct th_revision old;
    cr_assert_eq(th_view_rows(view, book, count_row, &count), 0);
    cr_expect_eq(count, MANY);
    for (uint32_t unit = 0; unit < MANY; unit++) {
        cr_assert_eq(th_view_revision(view, book, unit, 0, 1, &old), 0);
        cr_expect_eq(old.position, unit);
    }
}

/* Nor does it move what others have there. */
Test(store_fill, the_first_rows_of_a_book_fill_their_pages_also_between_other_books)
{
    static const uint16_t order[] = {1, 9, 5, 3, 7};
    struct th_view *view;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        size_t before = leaf_pages();
        settle_many((struct th_book_id){1, order[i]});
        size_t bytes = leaf_pages() * 4096 - before * 4096;
        size_t rows = (size_t)MANY * (13 + 8 + 2 + 4 + 87 + MANY_SIZE);
        size_t revisions = (size_t)MANY * (17 + 8 + 2 + 4 + 52);
        cr_expect_lt(bytes, (rows + revisions) * 115 / 100, "book %d: %zu", order[i], bytes);
    }
    cr_assert_eq(th_view_open(store, &view), 0);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        expect_many(view, (struct th_book_id){1, order[i]});
    th_view_close(view);
}

/* A value with pages of its own stays where it is. */
Test(store_fill, large_values_behind_the_new_rows_are_not_moved)
{
    static const uint8_t large[9000], small[50];
    struct th_filling filling = {.leaf_pages = 0};
    struct th_schema_key behind = th_schema_key_log(TH_TABLE_RUN, 1000);
    struct th_bytes content;
    struct th_txn writer, *txn = &writer;
    cr_assert_eq(th_txn_begin(&store->env, true, txn), 0);
    cr_assert_eq(th_txn_put(txn, &behind, TH_PUT_NEW, large, sizeof large), 0);
    for (uint32_t i = 0; i < 300; i++) {
        struct th_schema_key key = th_schema_key_log(TH_TABLE_RUN, i);
        cr_assert_eq(th_txn_fill(txn, &filling, &key, small, sizeof small), 0);
    }
    cr_assert_eq(filling.held.size, 0);
    cr_assert_eq(th_txn_fill_end(txn, &filling), 0);
    cr_assert_eq(th_txn_get(txn, &behind, &content), 0);
    cr_assert_eq(content.size, sizeof large);
    th_txn_abort(txn);
}

Test(store_fill, a_row_that_is_there_is_refused_and_nothing_is_put_back)
{
    static const uint8_t small[50];
    struct th_filling filling = {.leaf_pages = 0};
    struct th_txn writer, *txn = &writer;
    cr_assert_eq(th_txn_begin(&store->env, true, txn), 0);
    for (uint32_t i = 10; i < 12; i++) {
        struct th_schema_key key = th_schema_key_log(TH_TABLE_RUN, i);
        cr_assert_eq(th_txn_put(txn, &key, TH_PUT_NEW, small, sizeof small), 0);
    }
    struct th_schema_key first = th_schema_key_log(TH_TABLE_RUN, 1);
    cr_assert_eq(th_txn_fill(txn, &filling, &first, small, sizeof small), 0);
    cr_assert_gt(filling.held.size, 0);
    cr_assert_eq(th_txn_fill(txn, &filling, &first, small, sizeof small), TH_E_EXISTS);
    cr_assert_eq(th_txn_fill_end(txn, &filling), TH_E_EXISTS);
    cr_assert_eq(filling.held.size, 0, "freed");
    th_txn_abort(txn);
}
