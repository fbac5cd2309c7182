/* SPDX-License-Identifier: Apache-2.0 */
/* The folder witness: a store that does not have what a witness saw is not written to. */
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP    ((size_t)16 << 20)
#define REALM  "tonghop.test/gia-lai"
#define REALM2 "tonghop.test/gia-lai/2"

static struct store_fixture fixture;
static char problem[TH_STORE_PROBLEM_SIZE];

static void setup(void)
{
    store_fixture_init(&fixture, MAP);
    cr_assert_eq(mkdir(store_fixture_path(&fixture, "witness"), 0700), 0);
}

static void teardown(void)
{
    store_fixture_deinit(&fixture);
}

TestSuite(store_witness, .init = setup, .fini = teardown);

static void write_text(const char *name, const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    memcpy(copy, text, size);
    store_fixture_put_back(&fixture, name, (struct store_fixture_copy){copy, size});
}

/* A checkpoint as a witness gives it back, signed by the key. */
static void witness(const char *name, const struct th_note_signer *signer, uint64_t size,
                    const struct th_digest *root)
{
    struct th_checkpoint checkpoint = {.size = size, .root = *root};
    char note[1024];
    size_t note_size;
    strcpy(checkpoint.origin, signer->vkey.name);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof note, note, &note_size), 0);
    cr_assert_eq(th_tlog_note_sign(note, note_size, signer, sizeof note, note, &note_size), 0);
    write_text(name, note, note_size);
}

static struct th_digest root_of(uint64_t size)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    struct th_view *view;
    struct th_digest root;
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_root(view, size, &root), 0);
    th_view_close(view);
    th_store_close(store);
    return root;
}

#define FILE_1 "witness/1.checkpoint"

Test(store_witness, what_a_witness_saw_at_any_size_is_accepted_when_the_store_has_it)
{
    store_fixture_grow(&fixture, 600);
    store_fixture_grow(&fixture, 5);
    struct th_digest root = root_of(605), middle = root_of(300);
    witness(FILE_1, &fixture.signer, 605, &root);
    witness("witness/2.checkpoint", &fixture.signer, 300, &middle);
    write_text("witness/readme.txt", "no note", 7);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    cr_assert_str_eq(problem, "");
}

Test(store_witness, a_store_without_the_folder_opens)
{
    store_fixture_grow(&fixture, 5);
    rmdir(store_fixture_path(&fixture, "witness"));
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
}

Test(store_witness, a_folder_that_was_put_back_as_a_whole_is_refused)
{
    store_fixture_grow(&fixture, 5);
    struct store_fixture_copy old = store_fixture_take(&fixture, "data.mdb");
    struct store_fixture_copy old_side = store_fixture_take(&fixture, "CHECKPOINT");
    store_fixture_grow(&fixture, 3);
    struct th_digest root = root_of(8);
    witness(FILE_1, &fixture.signer, 8, &root);
    store_fixture_put_back(&fixture, "data.mdb", old);
    store_fixture_put_back(&fixture, "CHECKPOINT", old_side);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, FILE_1), "%s", problem);
    cr_assert_not_null(strstr(problem, "cỡ 8"), "%s", problem);
    cr_assert_not_null(strstr(problem, "chỉ có 5"), "%s", problem);
    cr_assert_not_null(strstr(problem, "tonghop-aggregator recover"), "%s", problem);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_READ, problem), 0);

    uint64_t size = 0;
    struct th_bytes note;
    bool is_signed = false;
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    cr_assert(th_store_lost_checkpoint(store, &size, &note, &is_signed));
    cr_assert_eq(size, 8);
    cr_assert(is_signed);
    struct th_note_signer next = store_fixture_signer(REALM2, 31);
    cr_assert_eq(store_fixture_renew(&fixture, store, 1, &next, true), 0);
    th_store_close(store);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0,
                 "what was lost is left alone: %s", problem);
}

Test(store_witness, another_root_is_refused)
{
    struct th_digest other = {{1}};
    store_fixture_grow(&fixture, 5);
    witness(FILE_1, &fixture.signer, 3, &other);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "hai nhật ký khác nhau"), "%s", problem);
    cr_assert_not_null(strstr(problem, FILE_1), "%s", problem);
    cr_assert_not_null(strstr(problem, "cỡ 3"), "%s", problem);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_RECOVER, problem), 0);
}

Test(store_witness, a_key_that_was_not_in_force_says_nothing_about_what_is_here)
{
    struct th_digest other = {{1}};
    struct th_note_signer stranger = store_fixture_signer(REALM, 99);
    store_fixture_grow(&fixture, 5);
    witness(FILE_1, &stranger, 3, &other);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
}

Test(store_witness, a_larger_size_is_refused_also_by_a_key_that_came_later)
{
    struct th_digest other = {{1}};
    struct th_note_signer later = store_fixture_signer(REALM, 21);
    uint64_t size = 0;
    struct th_bytes note;
    bool is_signed = true;
    store_fixture_grow(&fixture, 5);
    witness(FILE_1, &later, 9, &other);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    cr_assert(th_store_lost_checkpoint(store, &size, &note, &is_signed));
    cr_assert_eq(size, 9);
    cr_assert_not(is_signed);
    th_store_close(store);
}

Test(store_witness, each_size_is_checked_with_the_key_that_was_in_force)
{
    store_fixture_grow(&fixture, 5);
    struct th_note_signer first = fixture.signer;
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_note_signer next = store_fixture_signer(REALM, 21);
    struct th_digest other = {{1}};
    cr_assert_eq(store_fixture_renew(&fixture, store, 1, &next, true), 0);
    th_store_close(store);
    struct th_digest root = root_of(5), last = root_of(6);
    witness(FILE_1, &first, 5, &root);
    witness("witness/2.checkpoint", &next, 6, &last);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    witness("witness/2.checkpoint", &first, 6, &other); /* no longer its size */
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    witness(FILE_1, &first, 5, &other);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
}

Test(store_witness, an_earlier_log_is_held_to_what_this_tree_has_of_it)
{
    store_fixture_grow(&fixture, 5);
    struct th_note_signer first = fixture.signer;
    struct th_digest lost = {{1}}, root = root_of(4);
    witness(FILE_1, &first, 8, &lost);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    struct th_note_signer next = store_fixture_signer(REALM2, 31);
    cr_assert_eq(store_fixture_renew(&fixture, store, 1, &next, true), 0);
    store_fixture_fill(&fixture, store, 10);
    th_store_close(store);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    witness("witness/2.checkpoint", &first, 4, &root);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), 0, "%s", problem);
    witness("witness/2.checkpoint", &first, 4, &lost);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
}

Test(store_witness, a_log_that_this_store_does_not_know_is_refused)
{
    struct th_digest root = {{1}};
    struct th_note_signer other = store_fixture_signer(REALM2, 31);
    store_fixture_grow(&fixture, 5);
    witness(FILE_1, &other, 3, &root);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, REALM2), "%s", problem);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_RECOVER, problem), 0);
}

Test(store_witness, a_file_that_is_no_checkpoint_is_named)
{
    static char large[20000];
    store_fixture_grow(&fixture, 5);
    write_text(FILE_1, "no note", 7);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CONFIG);
    cr_assert_not_null(strstr(problem, FILE_1), "%s", problem);
    memset(large, '\n', sizeof large);
    write_text(FILE_1, large, sizeof large);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CONFIG);
    write_text(FILE_1, "", 0);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CONFIG);
    unlink(store_fixture_path(&fixture, FILE_1));
    cr_assert_eq(mkdir(store_fixture_path(&fixture, FILE_1), 0700), 0);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CONFIG);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_READ, problem), 0,
                 "readers do not look at it");
}

Test(store_witness, signatures_of_witnesses_beside_the_logs_are_no_obstacle)
{
    store_fixture_grow(&fixture, 5);
    struct th_digest other = {{1}};
    witness(FILE_1, &fixture.signer, 5, &other);
    struct store_fixture_copy note = store_fixture_take(&fixture, FILE_1);
    static const char line[] = "— witness.example AAAAAQI=\n"; /* of a kind nobody here knows */
    char *both = malloc(note.size + sizeof line);
    memcpy(both, note.bytes, note.size);
    memcpy(both + note.size, line, sizeof line);
    write_text(FILE_1, both, note.size + sizeof line - 1);
    free(both);
    free(note.bytes);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT, "%s", problem);
    cr_assert_not_null(strstr(problem, "hai nhật ký khác nhau"), "%s", problem);
}
