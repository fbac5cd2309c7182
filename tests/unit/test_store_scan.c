/* SPDX-License-Identifier: Apache-2.0 */
/* Scans of a snapshot take rows from their pages; what a write transaction's cursor gives says
 * which. */
#include "aggregator/store/checksum.h"
#include "aggregator/store/internal.h"
#include "aggregator/store/leaf_page.h"
#include "tests/support/random.h"
#include "tests/support/damage.h"

#include <criterion/criterion.h>
#include <stdlib.h>
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

TestSuite(store_scan, .init = set_up, .fini = tear_down, .timeout = 100);

#define STOP 77

enum { ROWS_MAX = 4000, CONTENT_MAX = 9000 };

struct seen {
    uint32_t sums[ROWS_MAX]; /* of key and content */
    size_t count, stop_after;
};

static int on_row(void *context, struct th_bytes key, struct th_bytes content)
{
    struct seen *seen = context;
    seen->sums[seen->count++] = th_checksum(key, content);
    return seen->count == seen->stop_after ? STOP : 0;
}

/* Rows of the tables 20, 21 and 22 in a random order, most of them small; some stand on pages of
 * their own. */
static void put_rows(struct random *random, size_t count, uint32_t large_of)
{
    static uint8_t content[CONTENT_MAX];
    cr_assert_eq(th_store_begin(store), 0);
    for (size_t i = 0; i < count; i++) {
        struct th_schema_key key =
            th_schema_key_row((struct th_book_id){(uint16_t)random_below(random, 2),
                                                  (uint16_t)random_below(random, 4)},
                              random_below(random, 400), random_below(random, 2));
        key.bytes[0] = (uint8_t)(TH_TABLE_REPORT + random_below(random, 3));
        size_t size = large_of > 0 && random_below(random, large_of) == 0
                          ? 2500 + random_below(random, CONTENT_MAX - 2500)
                          : random_below(random, 300);
        for (size_t at = 0; at < size; at++)
            content[at] = (uint8_t)random_next(random);
        cr_assert_eq(th_writes_put(&store->batch->writes, &key, TH_PUT_REPLACE, content, size), 0);
    }
    cr_assert_eq(th_store_commit(store, NULL), 0);
    struct th_txn rows; /* there are some now, as when a store is opened */
    cr_assert_eq(th_txn_begin(&store->env, false, &rows), 0);
    th_env_find_map(&store->env, &rows);
    th_txn_abort(&rows);
}

static void expect_same(const struct th_txn *snapshot, const struct th_txn *writer,
                        struct random *random)
{
    static struct seen wanted, got;
    const struct th_book_id book = {(uint16_t)random_below(random, 2),
                                    (uint16_t)random_below(random, 5)};
    struct th_schema_key from = th_schema_key_row(book, random_below(random, 400), 0);
    struct th_schema_key prefix = from;
    from.bytes[0] = (uint8_t)(TH_TABLE_REPORT + random_below(random, 4));
    prefix.bytes[0] = from.bytes[0];
    prefix.size = random_below(random, 2) == 0 ? 5 : 1;
    wanted.count = got.count = 0;
    wanted.stop_after = got.stop_after =
        random_below(random, 3) == 0 ? random_below(random, 90) : 0;
    int status = th_txn_scan(writer, &prefix, &from, on_row, &wanted);
    cr_assert_eq(th_txn_scan(snapshot, &prefix, &from, on_row, &got), status);
    cr_assert_eq(got.count, wanted.count);
    cr_assert_eq(memcmp(got.sums, wanted.sums, got.count * sizeof got.sums[0]), 0);
}

static void expect_same_of_any(uint64_t seed, uint32_t large_of)
{
    struct random random = {seed};
    for (int round = 0; round < 5; round++) {
        struct th_txn snapshot, writer;
        put_rows(&random, 500, large_of);
        cr_assert_eq(th_txn_begin(&store->env, false, &snapshot), 0);
        cr_assert_eq(th_txn_begin(&store->env, true, &writer), 0);
        for (int i = 0; i < 300; i++)
            expect_same(&snapshot, &writer, &random);
        th_txn_abort(&snapshot);
        th_txn_abort(&writer);
    }
}

Test(store_scan, small_rows_come_as_the_cursor_gives_them)
{
    expect_same_of_any(51, 0);
}

Test(store_scan, rows_beside_some_that_stand_elsewhere_come_too)
{
    expect_same_of_any(52, 10);
    expect_same_of_any(53, 2);
}

/* ---- damage ---- */

static struct th_txn snapshot;

/* Where some row's key is in the file. */
static off_t any_key(struct random *random)
{
    struct th_schema_key key =
        th_schema_key_row((struct th_book_id){0, 1}, random_below(random, 390), 0);
    struct th_bytes name;
    cr_assert_eq(th_txn_seek_key(&snapshot, &key, &name), 0);
    return damage_offset(&fixture, name.bytes);
}

static int scan_all(const struct th_txn *txn, size_t *ret_count)
{
    static struct seen seen;
    struct th_schema_key prefix = th_schema_key_table(TH_TABLE_REPORT);
    seen.count = 0;
    int status = th_txn_scan(txn, &prefix, &prefix, on_row, &seen);
    *ret_count = seen.count;
    return status;
}

/* A key that was changed may look like the end of the rows, to the cursor as well. */
Test(store_scan, a_damaged_key_is_found_or_is_an_end_for_the_cursor_too)
{
    enum { KEY_SIZE = 13 };
    struct random random = {54};
    struct th_txn writer;
    size_t whole, count, count_of_cursor;
    int refused = 0;
    put_rows(&random, 2000, 0);
    cr_assert_eq(th_txn_begin(&store->env, false, &snapshot), 0);
    cr_assert_eq(th_txn_begin(&store->env, true, &writer), 0);
    cr_assert_eq(scan_all(&snapshot, &whole), 0);
    for (int run = 0; run < 3000; run++) {
        const off_t at = any_key(&random) + (off_t)random_below(&random, KEY_SIZE);
        const unsigned bit = random_below(&random, 8);
        damage_flip(&fixture, at, bit);
        const int status = scan_all(&snapshot, &count);
        refused += status != 0;
        if (status == 0) {
            cr_assert_lt(count, whole);
            cr_assert_eq(scan_all(&writer, &count_of_cursor), 0);
            cr_assert_eq(count_of_cursor, count);
        }
        damage_flip(&fixture, at, bit);
    }
    cr_expect_gt(refused, 2500, "%d", refused);
    cr_assert_eq(scan_all(&snapshot, &count), 0);
    cr_expect_eq(count, whole);
    th_txn_abort(&writer);
    th_txn_abort(&snapshot);
}

/* Also when it is checked together with its neighbours. */
Test(store_scan, a_damaged_row_ends_the_scan_behind_those_before_it)
{
    enum { KEY_SIZE = 13 };
    struct random random = {56};
    struct th_txn writer;
    size_t whole, count, count_of_cursor;
    put_rows(&random, 2000, 0);
    cr_assert_eq(th_txn_begin(&store->env, false, &snapshot), 0);
    cr_assert_eq(th_txn_begin(&store->env, true, &writer), 0);
    cr_assert_eq(scan_all(&snapshot, &whole), 0);
    for (int run = 0; run < 1000; run++) {
        const off_t at =
            any_key(&random) + KEY_SIZE + (off_t)random_below(&random, TH_SCHEMA_CHECKSUM_SIZE);
        const unsigned bit = random_below(&random, 8);
        damage_flip(&fixture, at, bit);
        cr_assert_eq(scan_all(&snapshot, &count), TH_E_CORRUPT);
        cr_assert_eq(scan_all(&writer, &count_of_cursor), TH_E_CORRUPT);
        cr_assert_eq(count, count_of_cursor);
        cr_assert_lt(count, whole);
        damage_flip(&fixture, at, bit);
    }
    th_txn_abort(&writer);
    th_txn_abort(&snapshot);
}

Test(store_scan, a_row_that_would_not_end_on_its_page_is_corrupt)
{
    enum { NODE_HEADER = 8, SIZE_HIGH_BYTE = 1 };
    struct random random = {55};
    size_t count;
    int refused = 0;
    put_rows(&random, 2000, 0);
    cr_assert_eq(th_txn_begin(&store->env, false, &snapshot), 0);
    for (int run = 0; run < 100; run++) {
        const off_t at = any_key(&random) - NODE_HEADER + SIZE_HIGH_BYTE;
        damage_flip(&fixture, at, 4); /* 4096 bytes more */
        refused += scan_all(&snapshot, &count) == TH_E_CORRUPT;
        damage_flip(&fixture, at, 4);
    }
    cr_expect_eq(refused, 100, "%d", refused);
    th_txn_abort(&snapshot);
}

/* Without this all of the above would hold by the cursor alone. */
Test(store_scan, a_small_row_of_a_snapshot_is_found_on_its_page)
{
    struct random random = {9};
    struct th_schema_key prefix = th_schema_key_table(TH_TABLE_REPORT);
    struct th_leaf_page page;
    struct th_bytes key, found, value;
    struct th_view *view;
    struct th_leaf_walk walk;
    uint32_t at;
    put_rows(&random, 500, 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_txn_seek_key(&view->txn, &prefix, &key), 0);
    cr_assert(th_leaf_walk_begin(&view->txn.tree, key, &walk));
    cr_assert(th_leaf_page_open(&view->txn.tree, walk.leaf, &page));
    cr_assert_eq(th_leaf_page_search(&page, key, &at), 0);
    cr_assert_eq(th_leaf_page_row(&page, at, &found, &value), 0);
    cr_assert_eq(found.bytes, key.bytes);
    cr_assert_eq(found.size, key.size);
    th_view_close(view);
}

/* ---- the walk ---- */

static const struct th_bytes first_key = {(const uint8_t *)"", 0};

static size_t leaves_of(const struct th_txn *txn)
{
    MDB_stat stat_of_pages;
    cr_assert_eq(mdb_stat(txn->txn, txn->database, &stat_of_pages), 0);
    return stat_of_pages.ms_leaf_pages;
}

Test(store_scan, a_walk_comes_to_each_leaf_once_in_the_order_of_keys)
{
    struct random random = {57};
    struct th_leaf_walk walk;
    struct th_leaf_page page;
    struct th_bytes before = first_key, key;
    for (int round = 0; round < 12; round++)
        put_rows(&random, 3000, 0);
    cr_assert_eq(th_txn_begin(&store->env, false, &snapshot), 0);
    cr_assert_gt(snapshot.tree.depth, 2);
    cr_assert(th_leaf_walk_begin(&snapshot.tree, first_key, &walk));
    size_t leaves = 0;
    int status = 0;
    for (; status == 0; status = th_leaf_walk_next(&walk), leaves++) {
        cr_assert(th_leaf_page_open(&snapshot.tree, walk.leaf, &page));
        cr_assert_eq(th_leaf_page_key(&page, 0, &key), 0);
        cr_assert(th_leaf_walk_is_behind(&walk, before) || leaves == 0);
        cr_assert(!th_leaf_walk_is_behind(&walk, key));
        cr_assert_eq(th_leaf_page_key(&page, page.count - 1, &before), 0);
    }
    cr_assert_eq(status, TH_E_NOT_FOUND);
    cr_assert_eq(leaves, leaves_of(&snapshot));
    th_txn_abort(&snapshot);
}

/* LMDB may then be writing where the snapshot's root stands. After the next commit that is not so
 * yet, but cannot be told from when it is; after two another root is there. */
Test(store_scan, a_tree_is_not_certain_when_something_was_committed_behind_it)
{
    struct random random = {58};
    struct th_leaf_walk walk;
    size_t count, count_of_cursor;
    put_rows(&random, 500, 3);
    for (int commits = 0; commits < 4; commits++) {
        cr_assert_eq(th_txn_begin(&store->env, false, &snapshot), 0);
        cr_assert_not_null(snapshot.tree.map);
        cr_assert_eq(scan_all(&snapshot, &count), 0);
        for (int i = 0; i <= commits; i++) {
            put_rows(&random, 100, 3);
            cr_assert(!th_tree_of(snapshot.txn, snapshot.map, snapshot.page_bytes, &snapshot.tree));
            cr_assert_eq(snapshot.tree.map != NULL, i == 0);
            cr_assert_eq(th_leaf_walk_begin(&snapshot.tree, first_key, &walk), i == 0);
            cr_assert_eq(scan_all(&snapshot, &count_of_cursor), 0);
            cr_assert_eq(count_of_cursor, count);
        }
        th_txn_abort(&snapshot);
    }
}

/* LMDB does not look at it. */
Test(store_scan, a_damaged_number_of_a_page_says_nothing_of_where_the_file_is)
{
    struct random random = {61};
    MDB_val key, value;
    MDB_cursor *cursor;
    put_rows(&random, 3000, 0);
    cr_assert_eq(th_txn_begin(&store->env, false, &snapshot), 0);
    const uint8_t *map = th_tree_map(snapshot.txn, snapshot.database, snapshot.page_bytes);
    cr_assert_not_null(map);
    for (int end = 0; end < 2; end++) {
        cr_assert_eq(mdb_cursor_open(snapshot.txn, snapshot.database, &cursor), 0);
        cr_assert_eq(mdb_cursor_get(cursor, &key, &value, end == 0 ? MDB_FIRST : MDB_LAST), 0);
        mdb_cursor_close(cursor);
        const uint8_t *page =
            (const uint8_t *)((uintptr_t)key.mv_data & ~(uintptr_t)(snapshot.page_bytes - 1));
        for (unsigned bit = 0; bit < 64; bit++) {
            const off_t at = damage_offset(&fixture, page) + (off_t)(bit / 8);
            damage_flip(&fixture, at, bit % 8);
            cr_assert_null(th_tree_map(snapshot.txn, snapshot.database, snapshot.page_bytes));
            damage_flip(&fixture, at, bit % 8);
        }
    }
    cr_assert_eq(th_tree_map(snapshot.txn, snapshot.database, snapshot.page_bytes), map);
    th_txn_abort(&snapshot);
}

/* Where some other page is a branch's child, its rows are not taken for those that come next. */
Test(store_scan, a_damaged_branch_ends_a_walk_or_leaves_it_among_the_pages)
{
    struct random random = {59};
    struct th_leaf_walk walk;
    struct th_leaf_page page;
    int broken = 0;
    for (int round = 0; round < 4; round++)
        put_rows(&random, 3000, 0);
    cr_assert_eq(th_txn_begin(&store->env, false, &snapshot), 0);
    cr_assert(th_leaf_walk_begin(&snapshot.tree, first_key, &walk));
    const uint8_t *branch = walk.branches[snapshot.tree.depth - 2].page;
    for (int run = 0; run < 4000; run++) {
        const off_t at = damage_offset(&fixture, branch) + (off_t)random_below(&random, 4096);
        const unsigned bit = random_below(&random, 8);
        damage_flip(&fixture, at, bit);
        int status = th_leaf_walk_begin(&snapshot.tree, first_key, &walk) ? 0 : TH_E_CORRUPT;
        size_t leaves = 0;
        for (; status == 0 && leaves < 10000; leaves++) {
            (void)th_leaf_page_open(&snapshot.tree, walk.leaf, &page);
            status = th_leaf_walk_next(&walk);
        }
        broken += status == TH_E_CORRUPT;
        cr_assert_neq(status, 0);
        damage_flip(&fixture, at, bit);
    }
    cr_assert_gt(broken, 100, "%d", broken);
    th_txn_abort(&snapshot);
}
