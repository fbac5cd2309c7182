/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/proof.h"
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAP ((size_t)64 << 20)

static struct store_fixture fixture;

static void setup(void)
{
    store_fixture_init(&fixture, MAP);
}

static void teardown(void)
{
    store_fixture_deinit(&fixture);
}

TestSuite(store, .init = setup, .fini = teardown);

static char problem[TH_STORE_PROBLEM_SIZE];

static int open_status(enum th_store_access access)
{
    struct th_store *store = NULL;
    int status = th_store_open(fixture.folder, access, &fixture.options, problem, &store);
    th_store_close(store);
    return status;
}

/* ---- making, opening ---- */

Test(store, a_new_store_has_its_five_files_for_the_owner_only)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "OWNER", "CHECKPOINT", "STORE_ID"};
    for (size_t i = 0; i < 5; i++) {
        struct stat file;
        cr_assert_eq(stat(store_fixture_path(&fixture, names[i]), &file), 0, "%s", names[i]);
        cr_assert_eq(file.st_mode & 07777, 0600, "%s", names[i]);
    }
}

Test(store, a_folder_with_a_store_gets_no_second_one)
{
    cr_assert_eq(th_store_create(fixture.folder, &fixture.options, &fixture.identity), TH_E_EXISTS);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0);
}

Test(store, a_rehearsal_needs_a_realm_that_says_so_and_a_live_store_one_that_does_not)
{
    fixture.identity.mode = TH_MODE_REHEARSAL;
    cr_assert_eq(th_store_create("/tmp", &fixture.options, &fixture.identity), TH_E_INVALID);
    fixture.identity.mode = TH_MODE_LIVE;
    strcpy(fixture.identity.realm, "tonghop.test/rehearsal");
    cr_assert_eq(th_store_create("/tmp", &fixture.options, &fixture.identity), TH_E_INVALID);
}

Test(store, identity_survives_and_size_starts_at_zero)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    struct th_view *view;
    const struct th_store_identity *identity = th_store_identity(store);
    cr_assert_str_eq(identity->realm, fixture.identity.realm);
    cr_assert_arr_eq(identity->store_id, fixture.identity.store_id, TH_STORE_ID_SIZE);
    cr_assert_eq(identity->created.ms, fixture.identity.created.ms);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_size(view), 0);
    th_view_close(view);
    th_store_close(store);
}

Test(store, no_store_in_a_folder_is_not_found_and_leaves_no_file)
{
    unlink(store_fixture_path(&fixture, "data.mdb"));
    unlink(store_fixture_path(&fixture, "STORE_ID"));
    unlink(store_fixture_path(&fixture, "OWNER"));
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_NOT_FOUND);
    cr_assert_neq(access(store_fixture_path(&fixture, "OWNER"), F_OK), 0);
    cr_assert_not_null(strstr(problem, fixture.folder));
}

Test(store, a_second_writer_is_told_the_pid_of_the_first_and_readers_may_come)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    char pid[32];
    snprintf(pid, sizeof pid, "tiến trình %ld ", (long)getpid());
    pid_t child = fork();
    if (child == 0) {
        struct th_store *other = NULL;
        bool right = open_status(TH_STORE_WRITE) == TH_E_BUSY && strstr(problem, pid) != NULL;
        right = right && th_store_open(fixture.folder, TH_STORE_READ, &fixture.options, problem,
                                       &other) == 0;
        _exit(right ? 0 : 1);
    }
    int result;
    waitpid(child, &result, 0);
    cr_assert_eq(result, 0);
    th_store_close(store);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0);
}

Test(store, a_second_writer_is_told_what_there_is_when_the_owner_says_nothing)
{
    static const char *const texts[] = {"", "123", " 2025-05-10", "\n"};
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *path = store_fixture_path(&fixture, "OWNER");
        cr_assert_eq(truncate(path, 0), 0);
        FILE *file = fopen(path, "r+");
        cr_assert_eq(fwrite(texts[i], 1, strlen(texts[i]), file), strlen(texts[i]));
        fclose(file);
        pid_t child = fork();
        if (child == 0)
            _exit(open_status(TH_STORE_WRITE) == TH_E_BUSY &&
                          strstr(problem, "một tiến trình khác đang giữ kho này") != NULL
                      ? 0
                      : 1);
        int result;
        waitpid(child, &result, 0);
        cr_assert_eq(result, 0, "%zu", i);
    }
    th_store_close(store);
}

/* ---- damaged folders ---- */

Test(store, a_store_without_its_id_file_is_refused)
{
    unlink(store_fixture_path(&fixture, "STORE_ID"));
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "STORE_ID"));
    cr_assert_eq(open_status(TH_STORE_READ), TH_E_CORRUPT);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(store_fixture_path(&fixture, name), "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

Test(store, the_id_file_of_another_store_is_refused)
{
    write_file("STORE_ID", "000102030405060708090a0b0c0d0e0f\n");
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "hai kho khác nhau"));
}

Test(store, an_id_file_that_is_none_is_refused)
{
    write_file("STORE_ID", "000102030405060708090A0b0c0d0e0f\n");
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    write_file("STORE_ID", "");
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
}

Test(store, an_emptied_data_file_is_refused_and_not_made_anew)
{
    cr_assert_eq(truncate(store_fixture_path(&fixture, "data.mdb"), 0), 0);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_eq(open_status(TH_STORE_READ), TH_E_CORRUPT);
    struct stat file;
    cr_assert_eq(stat(store_fixture_path(&fixture, "data.mdb"), &file), 0);
    cr_assert_eq(file.st_size, 0);
}

Test(store, a_cut_data_file_is_refused_wherever_it_was_cut)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, 300);
    th_store_close(store);
    struct stat file;
    cr_assert_eq(stat(store_fixture_path(&fixture, "data.mdb"), &file), 0);
    for (off_t size = file.st_size - 1; size > 0; size = size * 3 / 4) {
        cr_assert_eq(truncate(store_fixture_path(&fixture, "data.mdb"), size), 0);
        cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT, "%ld bytes", (long)size);
        cr_assert_eq(open_status(TH_STORE_READ), TH_E_CORRUPT, "%ld bytes", (long)size);
    }
}

Test(store, a_file_that_is_no_database_is_refused)
{
    char text[9000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    write_file("data.mdb", text);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
}

/* Turns a bit over in each place of data.mdb where the bytes are. Returns how many. */
static unsigned flip(struct th_bytes wanted)
{
    int fd = open(store_fixture_path(&fixture, "data.mdb"), O_RDWR);
    struct stat file;
    cr_assert_eq(fstat(fd, &file), 0);
    uint8_t *bytes = malloc((size_t)file.st_size);
    cr_assert_eq(pread(fd, bytes, (size_t)file.st_size, 0), file.st_size);
    unsigned found = 0;
    for (size_t i = 0; i + wanted.size <= (size_t)file.st_size; i++) {
        if (memcmp(bytes + i, wanted.bytes, wanted.size) != 0)
            continue;
        uint8_t flipped = bytes[i + wanted.size / 2] ^ 0x10;
        cr_assert_eq(pwrite(fd, &flipped, 1, (off_t)(i + wanted.size / 2)), 1);
        found++;
    }
    free(bytes);
    close(fd);
    return found;
}

Test(store, a_flipped_bit_of_an_old_value_is_found_when_it_is_read)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, 300);
    th_store_close(store);
    cr_assert_geq(flip(store_fixture_entry(150).body), 1);
    cr_assert_geq(flip(store_fixture_leaf(100)), 1);
    store = store_fixture_open(&fixture, TH_STORE_READ);
    struct th_view *view;
    struct th_stored_entry entry;
    struct th_digest digest;
    struct th_bytes leaf;
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_entry(view, 150, &entry), TH_E_CORRUPT);
    cr_assert_eq(th_view_entry_digest(view, 150, &digest), TH_E_CORRUPT);
    cr_assert_eq(th_view_leaf(view, 100, &leaf), TH_E_CORRUPT);
    cr_assert(store_fixture_is_right(view, 149));
    cr_assert(store_fixture_is_right(view, 151));
    th_view_close(view);
    th_store_close(store);
}

Test(store, a_flipped_bit_at_the_end_of_the_journal_is_found_at_opening)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, 300);
    th_store_close(store);
    cr_assert_geq(flip(store_fixture_entry(298).body), 1);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "298"));
}

Test(store, a_flipped_bit_of_a_leaf_of_the_last_tile_is_found_at_opening)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, 500);
    th_store_close(store);
    cr_assert_geq(flip(store_fixture_leaf(260)), 1);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "cây băm"));
}

/* ---- batches ---- */

Test(store, entries_come_back_with_the_digest_that_was_given)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_digest digests[3];
    cr_assert_eq(th_store_begin(store), 0);
    for (uint64_t i = 0; i < 3; i++) {
        struct th_store_entry entry = store_fixture_entry(i);
        cr_assert_eq(th_store_next_position(store), i);
        cr_assert_eq(th_store_append(store, &entry, &digests[i]), 0);
        cr_assert_eq(th_store_append_leaf(store, i, store_fixture_leaf(i)), 0);
    }
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
    th_store_close(store);
    store = store_fixture_open(&fixture, TH_STORE_READ);
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_size(view), 3);
    for (uint64_t i = 0; i < 3; i++) {
        struct th_digest digest;
        cr_assert(store_fixture_is_right(view, i));
        cr_assert_eq(th_view_entry_digest(view, i, &digest), 0);
        cr_assert_arr_eq(digest.bytes, digests[i].bytes, TH_DIGEST_SIZE);
    }
    struct th_bytes leaf;
    cr_assert_eq(th_view_leaf(view, 3, &leaf), TH_E_NOT_FOUND);
    th_view_close(view);
    th_store_close(store);
}

Test(store, an_aborted_batch_leaves_nothing)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_clock_row clock = {.status = TH_CLOCK_STEADY};
    store_fixture_fill(&fixture, store, 5);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, 5), 0);
    cr_assert_eq(th_store_put_clock(store, &clock), 0);
    th_store_abort(store);
    cr_assert_eq(th_store_next_position(store), 5);
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_size(view), 5);
    cr_assert_eq(th_view_clock(view, &clock), TH_E_NOT_FOUND);
    th_view_close(view);
    th_store_close(store);
}

Test(store, a_batch_without_entries_needs_no_signer)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_clock_row clock = {{7}, TH_CLOCK_STEADY, {8}, 9, false};
    struct th_clock_row back;
    struct th_view *view;
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_clock(store, &clock), 0);
    cr_assert_eq(th_store_commit(store, NULL), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_clock(view, &back), 0);
    cr_assert_eq(back.anchor_boottime_ms, 9);
    th_view_close(view);
    th_store_close(store);
}

Test(store, another_key_or_another_name_may_not_sign)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_note_signer other;
    uint8_t seed[TH_NOTE_SEED_SIZE] = {1};
    cr_assert_eq(th_tlog_signer_init(fixture.identity.realm, seed, &other), 0);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, 1), 0);
    cr_assert_eq(th_store_commit(store, &other), TH_E_CONFIG);
    memset(seed, 7, sizeof seed);
    cr_assert_eq(th_tlog_signer_init("tonghop.test/kon-tum", seed, &other), 0);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, 1), 0);
    cr_assert_eq(th_store_commit(store, &other), TH_E_CONFIG);
    cr_assert_eq(th_store_next_position(store), 0);
    store_fixture_fill(&fixture, store, 1);
    th_store_close(store);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0);
}

Test(store, a_leaf_that_no_receipt_can_carry_fails_the_batch_for_good)
{
    static uint8_t large[TH_PROOF_EXTRA_MAX + 1];
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_store_entry entry = store_fixture_entry(0);
    struct th_digest digest;
    struct th_clock_row clock = {.status = TH_CLOCK_STEADY};
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_append(store, &entry, &digest), 0);
    cr_assert_eq(th_store_append_leaf(store, 0, (struct th_bytes){large, sizeof large}),
                 TH_E_LIMIT);
    cr_assert_eq(th_store_put_clock(store, &clock), TH_E_LIMIT);
    cr_assert_eq(th_store_commit(store, &fixture.signer), TH_E_LIMIT);
    cr_assert_eq(th_store_next_position(store), 0);
    store_fixture_fill(&fixture, store, 1);
    th_store_close(store);
}

Test(store, a_view_keeps_its_state_until_it_is_renewed)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_view *view;
    store_fixture_fill(&fixture, store, 2);
    cr_assert_eq(th_view_open(store, &view), 0);
    store_fixture_fill(&fixture, store, 3);
    struct th_bytes leaf;
    cr_assert_eq(th_view_size(view), 2);
    cr_assert_eq(th_view_leaf(view, 2, &leaf), TH_E_NOT_FOUND);
    th_view_rest(view);
    cr_assert_eq(th_view_renew(view), 0);
    cr_assert_eq(th_view_size(view), 5);
    cr_assert(store_fixture_is_right(view, 4));
    th_view_close(view);
    th_store_check_readers(store);
    th_store_close(store);
}

/* ---- a full map ---- */

Test(store, a_nearly_full_map_refuses_batches_keeps_reading_and_loses_nothing)
{
    store_fixture_deinit(&fixture);
    store_fixture_init(&fixture, (size_t)2 << 20);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    uint64_t size = 0;
    int status;
    while ((status = th_store_begin(store)) == 0) {
        cr_assert_eq(store_fixture_append(store, 20), 0);
        cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
        size += 20;
        cr_assert_lt(size, 100000);
    }
    cr_assert_eq(status, TH_E_STORAGE);
    cr_assert_gt(size, 1000);
    cr_assert_eq(th_store_begin(store), TH_E_STORAGE);
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_size(view), size);
    for (uint64_t i = 0; i < size; i++)
        cr_assert(store_fixture_is_right(view, i));
    th_view_close(view);
    th_store_close(store);

    fixture.options.map_bytes = (size_t)4 << 20; /* what an operator does */
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(th_store_next_position(store), size);
    store_fixture_fill(&fixture, store, 20);
    th_store_close(store);
}

Test(store, a_batch_that_fills_the_map_fails_as_a_whole)
{
    store_fixture_deinit(&fixture);
    store_fixture_init(&fixture, (size_t)1 << 20);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, 10);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, 100000), 0);
    cr_assert_eq(th_store_commit(store, &fixture.signer), TH_E_STORAGE);
    cr_assert_eq(th_store_begin(store), TH_E_STORAGE, "what is in memory was not written");
    th_store_close(store);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(th_store_next_position(store), 10);
    store_fixture_fill(&fixture, store, 10);
    th_store_close(store);
    store = store_fixture_open(&fixture, TH_STORE_READ);
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    for (uint64_t i = 0; i < 20; i++)
        cr_assert(store_fixture_is_right(view, i));
    th_view_close(view);
    th_store_close(store);
}
