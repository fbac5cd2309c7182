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

static struct store_fixture_copy take(const char *name)
{
    return store_fixture_take(&fixture, name);
}

static void put_back(const char *name, struct store_fixture_copy copy)
{
    store_fixture_put_back(&fixture, name, copy);
}

Test(store_side, an_older_data_file_is_refused_for_writing_and_may_be_read)
{
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy old = take("data.mdb");
    store_fixture_grow(&fixture, 3);
    put_back("data.mdb", old);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "bản cũ"), "%s", problem);
    cr_assert_not_null(strstr(problem, fixture.folder), "%s", problem);
    cr_assert_not_null(strstr(problem, "cỡ 8"), "%s", problem);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_READ, problem), 0);
}

Test(store_side, a_longer_history_that_is_another_one_is_refused)
{
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy old = take("data.mdb");
    struct store_fixture_copy old_side = take("CHECKPOINT");
    store_fixture_grow(&fixture, 3);
    struct store_fixture_copy side = take("CHECKPOINT");
    put_back("data.mdb", old);
    put_back("CHECKPOINT", old_side);
    store_fixture_grow(&fixture, 1); /* another checkpoint than the one of size 8 */
    store_fixture_grow(&fixture, 9);
    put_back("CHECKPOINT", side);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "hai nhật ký khác nhau"), "%s", problem);
}

/* A node showed a receipt of more than this store has: it writes nothing more, now or later. */
Test(store_side, a_store_that_was_contradicted_takes_nothing_more)
{
    uint8_t longer[512];
    struct th_bytes note;
    struct th_view *view;
    uint64_t size = 0;
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy old = take("data.mdb"), side = take("CHECKPOINT");
    store_fixture_grow(&fixture, 3);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_checkpoint(view, 8, &size, &note), 0);
    cr_assert_leq(note.size, sizeof longer);
    memcpy(longer, note.bytes, note.size);
    note.bytes = longer;
    th_view_close(view);
    th_store_close(store);
    put_back("data.mdb", old);
    put_back("CHECKPOINT", side);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(th_store_distrust(store, size, note), 0);
    cr_assert_eq(th_store_begin(store), TH_E_STORAGE);
    th_store_close(store);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "bản cũ"), "%s", problem);
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
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy side = take("CHECKPOINT");
    begin_another_log();
    store_fixture_grow(&fixture, 5);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0);
    put_back("CHECKPOINT", side);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "hai nhật ký khác nhau"), "%s", problem);
}

Test(store_side, a_file_that_is_behind_is_harmless_and_is_brought_up)
{
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy side = take("CHECKPOINT");
    store_fixture_grow(&fixture, 3);
    put_back("CHECKPOINT", side);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    cr_assert_str_eq(problem, "");
    struct store_fixture_copy now = take("CHECKPOINT");
    cr_assert_not_null(memmem(now.bytes, now.size, "\n8\n", 3));
    free(now.bytes);
}

Test(store_side, a_missing_file_is_refused_and_an_empty_one_is_taken_at_its_word_once)
{
    store_fixture_grow(&fixture, 5);
    unlink(store_fixture_path(&fixture, "CHECKPOINT"));
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "thiếu tệp CHECKPOINT"), "%s", problem);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_READ, problem), 0);
    put_back("CHECKPOINT", (struct store_fixture_copy){calloc(1, 1), 0});
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    cr_assert_not_null(strstr(problem, "lưu ý"), "%s", problem);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0);
    cr_assert_str_eq(problem, "");
}

Test(store_side, a_torn_slot_leaves_the_other_one)
{
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy old = take("data.mdb");
    store_fixture_grow(&fixture, 3); /* each opening and commit goes on to the other slot */
    struct store_fixture_copy side = take("CHECKPOINT");
    bool second = memmem(side.bytes, 512, "\n8\n", 3) == NULL;
    side.bytes[(second ? 512 : 0) + 30] ^= 1;
    put_back("CHECKPOINT", side);
    put_back("data.mdb", old);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0,
                 "it knows of size 5 only: %s", problem);
    side = take("CHECKPOINT");
    side.bytes[31] ^= 1;
    side.bytes[512 + 31] ^= 1;
    put_back("CHECKPOINT", side);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "bị hỏng"), "%s", problem);
    put_back("CHECKPOINT", (struct store_fixture_copy){calloc(1, 100), 100});
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
}

Test(store_side, the_checkpoint_is_in_the_file_when_the_commit_returns)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    for (unsigned i = 1; i <= 5; i++) {
        char size[16];
        int length = snprintf(size, sizeof size, "\n%u\n", i);
        store_fixture_fill(&fixture, store, 1);
        struct store_fixture_copy side = take("CHECKPOINT");
        cr_assert_not_null(memmem(side.bytes, side.size, size, (size_t)length), "%u", i);
        free(side.bytes);
    }
    th_store_close(store);
}

/* ---- a recovery ---- */

#define REALM2 "tonghop.test/gia-lai/2"

static void put_back_old(void)
{
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy old = take("data.mdb");
    store_fixture_grow(&fixture, 3);
    put_back("data.mdb", old);
}

static void recover(void)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    struct th_note_signer next = store_fixture_signer(REALM2, 31);
    cr_assert_eq(store_fixture_renew(&fixture, store, 1, &next, true), 0);
    th_store_close(store);
}

Test(store_side, after_a_recovery_the_file_knows_the_new_log_only)
{
    put_back_old();
    recover();
    struct store_fixture_copy side = take("CHECKPOINT");
    for (size_t slot = 0; slot < 2; slot++)
        cr_assert_not_null(memmem(side.bytes + 512 * slot, 512, REALM2 "\n6\n", sizeof REALM2 + 2));
    free(side.bytes);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
}

Test(store_side, a_crash_between_the_recovering_commit_and_the_file_is_harmless)
{
    put_back_old();
    struct store_fixture_copy side = take("CHECKPOINT");
    recover();
    put_back("CHECKPOINT", side); /* as if it had not been written */
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    cr_assert_str_eq(problem, "");
    side = take("CHECKPOINT");
    cr_assert_null(memmem(side.bytes, side.size, "\n8\n", 3), "opening has finished it");
    free(side.bytes);
}

Test(store_side, a_slot_that_was_torn_in_the_recovery_is_harmless)
{
    put_back_old();
    struct store_fixture_copy side = take("CHECKPOINT");
    recover();
    memset(side.bytes + 512 + 20, 'x', 200);
    put_back("CHECKPOINT", side);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
}

Test(store_side, the_new_logs_own_checkpoints_refuse_an_older_copy_of_it)
{
    put_back_old();
    recover();
    struct store_fixture_copy old = take("data.mdb");
    store_fixture_grow(&fixture, 1);
    put_back("data.mdb", old);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "cỡ 7"), "%s", problem);
}

Test(store_side, a_copy_from_before_a_recovery_is_refused)
{
    put_back_old();
    struct store_fixture_copy old = take("data.mdb");
    recover();
    put_back("data.mdb", old);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "hai nhật ký khác nhau"), "%s", problem);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_RECOVER, problem), 0, "%s", problem);
}

Test(store_side, a_copy_without_the_file_is_recovered_and_a_begun_recovery_refuses_writing)
{
    uint64_t size;
    struct th_bytes note;
    bool is_signed;
    store_fixture_grow(&fixture, 5);
    unlink(store_fixture_path(&fixture, "CHECKPOINT"));
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "tonghop-aggregator recover"), "%s", problem);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    cr_assert_not(th_store_lost_checkpoint(store, &size, &note, &is_signed));
    th_store_close(store); /* nothing was committed */
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT,
                 "the store is as doubtful as before");
    cr_assert_not_null(strstr(problem, "khôi phục dở"), "%s", problem);
    struct store_fixture_copy begun = take("CHECKPOINT");
    recover();
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    put_back("CHECKPOINT", begun); /* a crash behind the commit */
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    store_fixture_grow(&fixture, 2);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
}

Test(store_side, a_damaged_file_is_recovered_from)
{
    store_fixture_grow(&fixture, 5);
    put_back("CHECKPOINT", (struct store_fixture_copy){calloc(1, 100), 100});
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_RECOVER, problem), 0, "%s", problem);
    cr_assert_str_eq(problem, "");
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    recover();
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
}

Test(store_side, another_history_of_the_same_size_is_told_to_who_recovers)
{
    uint64_t size = 0;
    struct th_bytes note;
    bool is_signed = true;
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy side = take("CHECKPOINT");
    begin_another_log();
    store_fixture_grow(&fixture, 5);
    put_back("CHECKPOINT", side);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    cr_assert(th_store_lost_checkpoint(store, &size, &note, &is_signed));
    cr_assert_eq(size, 5);
    cr_assert_not(is_signed, "by another key than this store's");
    th_store_close(store);
}

Test(store_side, an_operators_empty_file_is_left_as_it_is_by_a_recovery_that_is_not_needed)
{
    store_fixture_grow(&fixture, 5);
    put_back("CHECKPOINT", (struct store_fixture_copy){calloc(1, 1), 0});
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_RECOVER, problem), TH_E_INVALID);
    struct store_fixture_copy side = take("CHECKPOINT");
    cr_assert_eq(side.size, 0);
    free(side.bytes);
}
