/* SPDX-License-Identifier: Apache-2.0 */
/* The file CHECKPOINT: a store that is older than what was signed is not written to. */
#define _GNU_SOURCE
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP ((size_t)4 << 20)

static struct store_fixture fixture;
static char problem[TH_STORE_PROBLEM_SIZE];

static void setup(void)
{
    store_fixture_init(&fixture, MAP);
}

static void teardown(void)
{
    store_fixture_deinit(&fixture);
}

TestSuite(store_side, .init = setup, .fini = teardown);

static int open_status(enum th_store_access access)
{
    struct th_store *store = NULL;
    int status = th_store_open(fixture.folder, access, &fixture.options, problem, &store);
    th_store_close(store);
    return status;
}

static void fill(unsigned count)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, count);
    th_store_close(store);
}

struct copy {
    char *bytes;
    size_t size;
};

static struct copy take(const char *name)
{
    struct copy copy = {NULL, 0};
    struct stat about;
    cr_assert_eq(stat(store_fixture_path(&fixture, name), &about), 0);
    copy.size = (size_t)about.st_size;
    copy.bytes = malloc(copy.size + 1);
    FILE *file = fopen(store_fixture_path(&fixture, name), "rb");
    cr_assert_eq(fread(copy.bytes, 1, copy.size, file), copy.size);
    fclose(file);
    return copy;
}

static void put_back(const char *name, struct copy copy)
{
    FILE *file = fopen(store_fixture_path(&fixture, name), "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(copy.bytes, 1, copy.size, file), copy.size);
    fclose(file);
    free(copy.bytes);
}

Test(store_side, an_older_data_file_is_refused_for_writing_and_may_be_read)
{
    fill(5);
    struct copy old = take("data.mdb");
    fill(3);
    put_back("data.mdb", old);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "bản cũ"), "%s", problem);
    cr_assert_not_null(strstr(problem, fixture.folder), "%s", problem);
    cr_assert_not_null(strstr(problem, "cỡ 8"), "%s", problem);
    cr_assert_eq(open_status(TH_STORE_READ), 0);
}

Test(store_side, a_longer_history_that_is_another_one_is_refused)
{
    fill(5);
    struct copy old = take("data.mdb");
    struct copy old_side = take("CHECKPOINT");
    fill(3);
    struct copy side = take("CHECKPOINT");
    put_back("data.mdb", old);
    put_back("CHECKPOINT", old_side);
    fill(1); /* another checkpoint than the one of size 8 */
    fill(9);
    put_back("CHECKPOINT", side);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "hai nhật ký khác nhau"), "%s", problem);
}

/* The same folder again, empty, for a log with another key. */
static void begin_another_log(void)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "STORE_ID", "CHECKPOINT"};
    uint8_t seed[TH_NOTE_SEED_SIZE] = {1};
    for (size_t i = 0; i < 4; i++)
        unlink(store_fixture_path(&fixture, names[i]));
    cr_assert_eq(th_tlog_signer_init(fixture.identity.realm, seed, &fixture.signer), 0);
    memcpy(fixture.identity.log_key, fixture.signer.vkey.public_key,
           sizeof fixture.identity.log_key);
    cr_assert_eq(th_store_create(fixture.folder, &fixture.options, &fixture.identity), 0);
}

Test(store_side, the_same_size_with_another_note_is_refused)
{
    fill(5);
    struct copy side = take("CHECKPOINT");
    begin_another_log();
    fill(5);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0);
    put_back("CHECKPOINT", side);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "hai nhật ký khác nhau"), "%s", problem);
}

Test(store_side, a_file_that_is_behind_is_harmless_and_is_brought_up)
{
    fill(5);
    struct copy side = take("CHECKPOINT");
    fill(3);
    put_back("CHECKPOINT", side);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0, "%s", problem);
    cr_assert_str_eq(problem, "");
    struct copy now = take("CHECKPOINT");
    cr_assert_not_null(memmem(now.bytes, now.size, "\n8\n", 3));
    free(now.bytes);
}

Test(store_side, a_missing_file_is_refused_and_an_empty_one_is_taken_at_its_word_once)
{
    fill(5);
    unlink(store_fixture_path(&fixture, "CHECKPOINT"));
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "thiếu tệp CHECKPOINT"), "%s", problem);
    cr_assert_eq(open_status(TH_STORE_READ), 0);
    put_back("CHECKPOINT", (struct copy){calloc(1, 1), 0});
    cr_assert_eq(open_status(TH_STORE_WRITE), 0, "%s", problem);
    cr_assert_not_null(strstr(problem, "lưu ý"), "%s", problem);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0);
    cr_assert_str_eq(problem, "");
}

Test(store_side, a_torn_slot_leaves_the_other_one)
{
    fill(5);
    struct copy old = take("data.mdb");
    fill(3); /* each opening and commit goes on to the other slot */
    struct copy side = take("CHECKPOINT");
    bool second = memmem(side.bytes, 512, "\n8\n", 3) == NULL;
    side.bytes[(second ? 512 : 0) + 30] ^= 1;
    put_back("CHECKPOINT", side);
    put_back("data.mdb", old);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0, "it knows of size 5 only: %s", problem);
    side = take("CHECKPOINT");
    side.bytes[31] ^= 1;
    side.bytes[512 + 31] ^= 1;
    put_back("CHECKPOINT", side);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "bị hỏng"), "%s", problem);
    put_back("CHECKPOINT", (struct copy){calloc(1, 100), 100});
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
}

Test(store_side, the_checkpoint_is_in_the_file_when_the_commit_returns)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    for (unsigned i = 1; i <= 5; i++) {
        char size[16];
        int length = snprintf(size, sizeof size, "\n%u\n", i);
        store_fixture_fill(&fixture, store, 1);
        struct copy side = take("CHECKPOINT");
        cr_assert_not_null(memmem(side.bytes, side.size, size, (size_t)length), "%u", i);
        free(side.bytes);
    }
    th_store_close(store);
}
