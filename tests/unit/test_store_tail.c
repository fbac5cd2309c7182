/* SPDX-License-Identifier: Apache-2.0 */
/* A file that ends before pages that nobody uses is whole; one that ends before a used page is cut.
 */
#include "aggregator/store/tail.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 200, ROUNDS = 15, ROWS_MAX = 60, CONTENT_SIZE = 400 };

static char folder[64];
static char data[96];
static struct th_env env;

static void open_new(void)
{
    (void)unlink(data);
    cr_assert_eq(th_env_open(folder, true, (size_t)64 << 20, &env), 0);
    cr_assert_eq(mdb_env_set_flags(env.env, MDB_NOSYNC, 1), 0); /* many commits */
}

static void set_up(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/tonghop-tail-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(data, sizeof data, "%s/data.mdb", folder);
    open_new();
}

static void tear_down(void)
{
    char lock[96];
    th_env_close(&env);
    (void)snprintf(lock, sizeof lock, "%s/lock.mdb", folder);
    cr_expect_eq(unlink(data), 0);
    cr_expect_eq(unlink(lock), 0);
    cr_expect_eq(rmdir(folder), 0);
}

TestSuite(store_tail, .init = set_up, .fini = tear_down, .timeout = 100);

static bool is_whole(void)
{
    bool whole = false;
    cr_assert_eq(th_tail_check(&env, &whole), 0);
    return whole;
}

static struct th_env_usage usage(void)
{
    struct th_env_usage usage;
    cr_assert_eq(th_env_usage(&env, &usage), 0);
    return usage;
}

/* Rows that come, and may go again, in one transaction. */
static void come_and_go(unsigned *seed)
{
    const uint8_t content[CONTENT_SIZE] = {1};
    struct th_txn txn;
    uint64_t first = (uint64_t)(rand_r(seed) % 1000) * ROWS_MAX;
    unsigned count = (unsigned)rand_r(seed) % ROWS_MAX;
    bool go = rand_r(seed) % 3 > 0, unknown = false;
    cr_assert_eq(th_txn_begin(&env, true, &txn), 0);
    for (unsigned i = 0; i < count; i++) {
        const struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, first + i);
        cr_assert_eq(th_txn_put(&txn, &key, TH_PUT_REPLACE, content, sizeof content), 0);
    }
    for (unsigned i = 0; go && i < count; i++) {
        const struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, first + i);
        cr_assert_eq(th_txn_delete(&txn, &key), 0);
    }
    cr_assert_eq(th_txn_commit(&txn, &unknown), 0);
}

/* It comes up in the first commits of a file, while few pages are free. */
static bool make_short(unsigned seed)
{
    for (unsigned i = 0; i < FILES_MAX; i++) {
        th_env_close(&env);
        open_new();
        for (unsigned k = 0; k < ROUNDS; k++) {
            come_and_go(&seed);
            if (usage().file_bytes < usage().used_bytes)
                return true;
        }
    }
    return false;
}

Test(store_tail, a_file_whose_last_pages_were_never_used_is_whole)
{
    unsigned found = 0;
    for (unsigned seed = 1; seed <= 20; seed++) {
        found += make_short(seed);
        cr_expect(is_whole(), "seed %u", seed);
        th_env_extend(&env);
        cr_expect(usage().file_bytes >= usage().used_bytes);
        cr_expect(is_whole());
    }
    cr_expect_gt(found, 3, "the case did not come up");
}

Test(store_tail, a_file_that_ends_before_a_used_page_is_cut)
{
    unsigned cut = 0;
    cr_assert(make_short(1));
    const off_t whole = (off_t)usage().file_bytes;
    for (off_t size = whole - 4096; size >= 3 * 4096 && cut == 0; size -= 4096) {
        cr_assert_eq(truncate(data, size), 0);
        cut += !is_whole();
    }
    cr_expect_eq(cut, 1);
    cr_assert_eq(truncate(data, 2 * 4096), 0); /* the tree of free pages too */
    cr_expect_not(is_whole());
}

Test(store_tail, a_list_of_free_pages_that_lies_is_no_proof)
{
    cr_assert(make_short(1));
    FILE *file = fopen(data, "r+b");
    cr_assert_not_null(file);
    uint8_t page[4096];
    for (long at = 2; fseek(file, at * 4096, SEEK_SET) == 0 && fread(page, 4096, 1, file) == 1;
         at++) {
        cr_assert_eq(fseek(file, at * 4096 + 12, SEEK_SET), 0);
        cr_assert_eq(fwrite("\xff\xff", 2, 1, file), 1); /* each page: nodes beyond its end */
    }
    cr_assert_eq(fclose(file), 0);
    cr_expect_not(is_whole());
}
