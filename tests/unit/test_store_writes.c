/* SPDX-License-Identifier: Apache-2.0 */
/* Writes that are recorded are done later, all of them in their order, or their failure is told. */
#include "aggregator/store/writes.h"
#include "aggregator/store/internal.h"
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <malloc.h>
#include <string.h>

static struct store_fixture fixture;
static struct th_store *store;
static struct th_writes writes;
static struct th_txn txn;

static void set_up(void)
{
    store_fixture_init(&fixture, (size_t)16 << 20);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    th_writes_init(&writes);
    cr_assert_eq(th_txn_begin(&store->env, true, &txn), 0);
}

static void tear_down(void)
{
    th_txn_abort(&txn);
    th_writes_deinit(&writes);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

TestSuite(store_writes, .init = set_up, .fini = tear_down, .timeout = 60);

/* Of a table that the store itself does not look at here. */
static struct th_schema_key key_of(uint64_t number)
{
    return th_schema_key_log(TH_TABLE_JOURNAL, number);
}

static int put(uint64_t number, enum th_put how, const char *content)
{
    struct th_schema_key key = key_of(number);
    return th_writes_put(&writes, &key, how, content, strlen(content));
}

static int delete (uint64_t number)
{
    struct th_schema_key key = key_of(number);
    return th_writes_delete(&writes, &key);
}

/* "" when it is not there. */
static const char *at(uint64_t number)
{
    static char text[64];
    struct th_schema_key key = key_of(number);
    struct th_bytes content;
    text[0] = '\0';
    if (th_txn_get(&txn, &key, &content) == 0) {
        cr_assert_lt(content.size, sizeof text);
        memcpy(text, content.bytes, content.size);
        text[content.size] = '\0';
    }
    return text;
}

Test(store_writes, nothing_is_written_until_they_are_done)
{
    cr_assert_eq(put(1, TH_PUT_NEW, "one"), 0);
    cr_assert_str_eq(at(1), "");
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_str_eq(at(1), "one");
}

Test(store_writes, they_are_done_in_their_order)
{
    cr_assert_eq(put(1, TH_PUT_NEW, "one"), 0);
    cr_assert_eq(put(1, TH_PUT_REPLACE, "again"), 0);
    cr_assert_eq(put(2, TH_PUT_APPEND, "two"), 0);
    cr_assert_eq(delete (2), 0);
    cr_assert_eq(put(3, TH_PUT_NEW, "three"), 0);
    cr_assert_eq(delete (3), 0);
    cr_assert_eq(put(3, TH_PUT_NEW, "new"), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_str_eq(at(1), "again");
    cr_assert_str_eq(at(2), "");
    cr_assert_str_eq(at(3), "new");
}

Test(store_writes, a_content_is_copied)
{
    char content[] = "what was given";
    cr_assert_eq(put(1, TH_PUT_NEW, content), 0);
    memset(content, 'x', sizeof content - 1);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_str_eq(at(1), "what was given");
}

Test(store_writes, a_copy_stays_as_it_is_whatever_comes_behind_it)
{
    static char filler[100000];
    struct th_schema_key key = key_of(5000);
    cr_assert_eq(put(1, TH_PUT_NEW, "first"), 0);
    for (uint64_t i = 2; i < 3000; i++)
        cr_assert_eq(put(i, TH_PUT_NEW, "x"), 0);
    memset(filler, 'y', sizeof filler);
    for (int i = 0; i < 50; i++)
        cr_assert_eq(th_writes_put(&writes, &key, TH_PUT_REPLACE, filler, sizeof filler), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_str_eq(at(1), "first");
    cr_assert_str_eq(at(2999), "x");
}

Test(store_writes, a_content_may_be_empty)
{
    struct th_schema_key key = key_of(1);
    struct th_bytes content;
    cr_assert_eq(th_writes_put(&writes, &key, TH_PUT_NEW, NULL, 0), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_eq(th_txn_get(&txn, &key, &content), 0);
    cr_assert_eq(content.size, 0);
}

/* ---- failures ---- */

Test(store_writes, the_first_failure_is_remembered_and_nothing_more_is_recorded)
{
    cr_assert_eq(put(1, TH_PUT_NEW, "one"), 0);
    cr_assert_eq(th_writes_fail(&writes, TH_E_LIMIT), TH_E_LIMIT);
    cr_assert_eq(th_writes_fail(&writes, TH_E_NO_MEMORY), TH_E_LIMIT);
    cr_assert_eq(put(2, TH_PUT_NEW, "two"), TH_E_LIMIT);
    cr_assert_eq(delete (1), TH_E_LIMIT);
    cr_assert_eq(th_writes_begin_rows(&writes, TH_TABLE_REPORT, (struct th_book_id){1, 1}),
                 TH_E_LIMIT);
    cr_assert_eq(th_writes_end_rows(&writes), TH_E_LIMIT);
    cr_assert_eq(writes.count, 1);
    cr_assert_eq(th_writes_do(&writes, &txn), TH_E_LIMIT);
    cr_assert_str_eq(at(1), "", "none of them");
}

Test(store_writes, a_begin_forgets_a_failure_and_all_writes)
{
    cr_assert_eq(put(1, TH_PUT_NEW, "one"), 0);
    cr_assert_eq(th_writes_fail(&writes, TH_E_LIMIT), TH_E_LIMIT);
    th_writes_begin(&writes);
    cr_assert_eq(put(2, TH_PUT_NEW, "two"), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_str_eq(at(1), "");
    cr_assert_str_eq(at(2), "two");
}

Test(store_writes, a_content_without_bounds_is_refused_and_remembered)
{
    struct th_schema_key key = key_of(1);
    cr_assert_eq(th_writes_put(&writes, &key, TH_PUT_NEW, "one", SIZE_MAX / 2), TH_E_NO_MEMORY);
    cr_assert_eq(put(2, TH_PUT_NEW, "two"), TH_E_NO_MEMORY);
    cr_assert_eq(th_writes_do(&writes, &txn), TH_E_NO_MEMORY);
}

Test(store_writes, a_new_row_that_is_there_is_told_when_they_are_done)
{
    cr_assert_eq(put(1, TH_PUT_NEW, "one"), 0);
    cr_assert_eq(put(1, TH_PUT_NEW, "two"), 0);
    cr_assert_eq(put(2, TH_PUT_NEW, "behind"), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), TH_E_EXISTS);
    cr_assert_str_eq(at(2), "", "not gone on with");
    cr_assert_eq(writes.failed, 0, "of the transaction, not of what was recorded");
}

Test(store_writes, a_row_that_is_appended_and_is_not_the_last_is_told_when_they_are_done)
{
    cr_assert_eq(put(5, TH_PUT_APPEND, "five"), 0);
    cr_assert_eq(put(4, TH_PUT_APPEND, "four"), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), TH_E_CORRUPT);
}

Test(store_writes, a_row_that_is_deleted_and_not_there_is_told_when_they_are_done)
{
    cr_assert_eq(delete (4), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), TH_E_CORRUPT);
}

/* ---- memory ---- */

Test(store_writes, a_begin_keeps_the_memory)
{
    for (uint64_t i = 0; i < 5000; i++)
        cr_assert_eq(put(i, TH_PUT_NEW, "something of some length"), 0);
    size_t held = mallinfo2().uordblks;
    th_writes_begin(&writes);
    cr_assert_eq(mallinfo2().uordblks, held);
    for (uint64_t i = 0; i < 5000; i++)
        cr_assert_eq(put(i, TH_PUT_NEW, "something of some length"), 0);
    cr_assert_eq(mallinfo2().uordblks, held);
}

/* ---- rows of a book ---- */

enum { ROWS = 700, ROW_SIZE = 60 };

static const struct th_book_id book = {1, 5};

static int put_row(struct th_book_id of, uint32_t unit, enum th_put how)
{
    static uint8_t content[ROW_SIZE];
    struct th_schema_key key = th_schema_key_row(of, unit, 0);
    memset(content, (int)unit, sizeof content);
    return th_writes_put(&writes, &key, how, content, sizeof content);
}

static size_t leaf_pages(void)
{
    MDB_stat pages;
    cr_assert_eq(mdb_stat(txn.txn, txn.database, &pages), 0);
    return pages.ms_leaf_pages;
}

static int count_row(void *context, struct th_bytes key, struct th_bytes content)
{
    uint32_t *count = context;
    struct th_schema_key wanted = th_schema_key_row(book, *count, 0);
    cr_expect_eq(key.size, wanted.size);
    cr_expect_eq(memcmp(key.bytes, wanted.bytes, wanted.size), 0);
    cr_expect_eq(content.size, ROW_SIZE);
    cr_expect_eq(content.bytes[0], (uint8_t)*count);
    ++*count;
    return 0;
}

static uint32_t count_rows(void)
{
    struct th_schema_key prefix = th_schema_key_book(TH_TABLE_REPORT, book);
    uint32_t count = 0;
    cr_assert_eq(th_txn_scan(&txn, &prefix, &prefix, count_row, &count), 0);
    return count;
}

/* Books before and behind, so that the rows go amid others. Then the rows; the pages they cost. */
static size_t pages_of_rows(bool is_marked)
{
    for (uint32_t unit = 0; unit < 100; unit++) {
        cr_assert_eq(put_row((struct th_book_id){1, 4}, unit, TH_PUT_NEW), 0);
        cr_assert_eq(put_row((struct th_book_id){1, 6}, unit, TH_PUT_NEW), 0);
    }
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    size_t before = leaf_pages();
    th_writes_begin(&writes);
    if (is_marked)
        cr_assert_eq(th_writes_begin_rows(&writes, TH_TABLE_REPORT, book), 0);
    for (uint32_t unit = 0; unit < ROWS; unit++)
        cr_assert_eq(put_row(book, unit, TH_PUT_REPLACE), 0);
    if (is_marked)
        cr_assert_eq(th_writes_end_rows(&writes), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_eq(count_rows(), ROWS);
    return leaf_pages() - before;
}

Test(store_writes, the_first_rows_of_a_book_fill_their_pages)
{
    size_t filled = pages_of_rows(true);
    cr_assert_leq(filled, ROWS * (ROW_SIZE + 40) / 4096 + 4, "%zu", filled);
}

Test(store_writes, rows_that_are_not_marked_do_not)
{
    size_t halved = pages_of_rows(false);
    cr_assert_geq(halved, ROWS * (ROW_SIZE + 30) / 4096 * 3 / 2, "%zu", halved);
}

Test(store_writes, rows_of_a_book_that_has_some_are_put_as_others_are)
{
    cr_assert_eq(put_row(book, 1, TH_PUT_NEW), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    th_writes_begin(&writes);
    cr_assert_eq(th_writes_begin_rows(&writes, TH_TABLE_REPORT, book), 0);
    for (uint32_t unit = 0; unit < 3; unit++)
        cr_assert_eq(put_row(book, unit, TH_PUT_REPLACE), 0);
    cr_assert_eq(th_writes_end_rows(&writes), 0);
    cr_assert_eq(put(1, TH_PUT_NEW, "behind them"), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_eq(count_rows(), 3);
    cr_assert_str_eq(at(1), "behind them");
}

Test(store_writes, a_row_among_them_that_is_there_is_told)
{
    cr_assert_eq(put_row(book, 1, TH_PUT_NEW), 0);
    cr_assert_eq(th_writes_begin_rows(&writes, TH_TABLE_REPORT, book), 0);
    cr_assert_eq(put_row(book, 0, TH_PUT_NEW), 0);
    cr_assert_eq(put_row(book, 1, TH_PUT_NEW), 0);
    cr_assert_eq(th_writes_end_rows(&writes), 0);
    cr_assert_eq(put(1, TH_PUT_NEW, "behind them"), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), TH_E_EXISTS);
    cr_assert_str_eq(at(1), "");
}

Test(store_writes, the_same_row_twice_among_the_first_ones_is_told)
{
    cr_assert_eq(th_writes_begin_rows(&writes, TH_TABLE_REPORT, book), 0);
    cr_assert_eq(put_row(book, 1, TH_PUT_NEW), 0);
    cr_assert_eq(put_row(book, 1, TH_PUT_NEW), 0);
    cr_assert_eq(th_writes_end_rows(&writes), 0);
    cr_assert_eq(put(1, TH_PUT_NEW, "behind them"), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), TH_E_EXISTS);
    cr_assert_str_eq(at(1), "");
}

Test(store_writes, a_book_without_rows_between_the_marks_is_none)
{
    cr_assert_eq(th_writes_begin_rows(&writes, TH_TABLE_REPORT, book), 0);
    cr_assert_eq(th_writes_end_rows(&writes), 0);
    cr_assert_eq(th_writes_do(&writes, &txn), 0);
    cr_assert_eq(count_rows(), 0);
}
