/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the log: rotations, a recovery, and what was signed before them. */
#define _GNU_SOURCE
#include "aggregator/store/keys.h"
#include "proto/tlog/proof.h"
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAP    ((size_t)16 << 20)
#define REALM  fixture.identity.realm
#define REALM2 "tonghop.test/gia-lai/2"

static struct store_fixture fixture;
static struct th_arena arena;
static char problem[TH_STORE_PROBLEM_SIZE];

static void setup(void)
{
    store_fixture_init(&fixture, MAP);
    th_arena_init(&arena, 65536, (size_t)16 << 20);
}

static void teardown(void)
{
    th_arena_deinit(&arena);
    store_fixture_deinit(&fixture);
}

TestSuite(store_keys, .init = setup, .fini = teardown);

static struct th_store *filled(unsigned count)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, count);
    return store;
}

static struct th_store *again(struct th_store *store)
{
    th_store_close(store);
    return store_fixture_open(&fixture, TH_STORE_WRITE);
}

static void rotate(struct th_store *store, uint16_t number, uint8_t seed)
{
    struct th_note_signer next = store_fixture_signer(REALM, seed);
    cr_assert_eq(store_fixture_renew(&fixture, store, number, &next, true), 0);
}

/* The checkpoint of the receipt, verified with the history. */
static struct th_checkpoint verify(struct th_store *store, struct th_bytes receipt)
{
    struct th_tlog_proof proof;
    struct th_checkpoint checkpoint;
    cr_assert_eq(th_tlog_proof_parse((const char *)receipt.bytes, receipt.size, &proof), 0);
    cr_assert_eq(th_log_keys_verify(th_store_log_keys(store), proof.checkpoint,
                                    proof.checkpoint_size, &checkpoint),
                 0);
    return checkpoint;
}

static struct th_bytes receipt(struct th_store *store, uint64_t position)
{
    struct th_view *view;
    struct th_bytes text;
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_receipt(view, position, &arena, &text), 0);
    th_view_close(view);
    return text;
}

static bool is_equal(struct th_bytes a, struct th_bytes b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

Test(store_keys, an_origin_is_of_the_stores_mode_and_has_a_limit)
{
    char origin[TH_LIMIT_REALM_SIZE_MAX + 2];
    memset(origin, 'a', sizeof origin);
    origin[TH_LIMIT_REALM_SIZE_MAX] = '\0';
    cr_assert(th_keys_origin_fits(TH_MODE_LIVE, origin));
    cr_assert_not(th_keys_origin_fits(TH_MODE_REHEARSAL, origin));
    origin[TH_LIMIT_REALM_SIZE_MAX] = 'a';
    origin[TH_LIMIT_REALM_SIZE_MAX + 1] = '\0';
    cr_assert_not(th_keys_origin_fits(TH_MODE_LIVE, origin));
}

Test(store_keys, a_new_store_has_the_key_of_its_identity)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    const struct th_log_keys *keys = th_store_log_keys(store);
    cr_assert_eq(keys->count, 1);
    cr_assert_str_eq(keys->items[0].vkey.name, REALM);
    cr_assert_arr_eq(keys->items[0].vkey.public_key, fixture.identity.log_key, 32);
    th_store_close(store);
}

Test(store_keys, receipts_are_the_same_bytes_after_rotations_and_verify_with_the_history)
{
    struct th_store *store = filled(5);
    struct th_bytes before[7];
    before[0] = receipt(store, 0);
    before[4] = receipt(store, 4);
    rotate(store, 1, 21);
    before[5] = receipt(store, 5);
    rotate(store, 2, 22);
    before[6] = receipt(store, 6);
    store = again(store);
    store_fixture_fill(&fixture, store, 300);
    static const size_t positions[] = {0, 4, 5, 6};
    for (size_t i = 0; i < 4; i++) {
        struct th_bytes now = receipt(store, positions[i]);
        cr_assert(is_equal(now, before[positions[i]]), "%zu", positions[i]);
        cr_assert_str_eq(verify(store, now).origin, REALM);
    }
    cr_assert_eq(verify(store, before[4]).size, 5);
    cr_assert_eq(verify(store, receipt(store, 200)).size, 307);
    th_store_close(store);
}

Test(store_keys, the_identity_shows_the_current_key_also_after_opening)
{
    struct th_store *store = filled(3);
    rotate(store, 1, 21);
    for (int i = 0; i < 2; i++, store = again(store)) {
        cr_assert_arr_eq(th_store_identity(store)->log_key, fixture.signer.vkey.public_key, 32);
        cr_assert_str_eq(th_store_identity(store)->realm, REALM);
        cr_assert_eq(th_store_log_keys(store)->count, 2);
        cr_assert_eq(th_store_log_keys(store)->items[1].after, 3);
    }
    th_store_close(store);
}

Test(store_keys, the_batch_that_brings_a_key_is_signed_by_it_and_by_no_other)
{
    struct th_store *store = filled(3);
    struct th_note_signer next = store_fixture_signer(REALM, 21);
    struct store_fixture_key key;
    store_fixture_key_init(&key, &fixture.signer, &next, 3);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_log_key(store, 1, &key.body), 0);
    cr_assert_eq(store_fixture_append(store, 1), 0);
    cr_assert_eq(th_store_commit(store, &fixture.signer), TH_E_CONFIG);
    cr_assert_eq(th_store_log_keys(store)->count, 1);
    cr_assert_arr_eq(th_store_identity(store)->log_key, fixture.signer.vkey.public_key, 32);
    rotate(store, 1, 21); /* nothing of the failed batch is there */
    struct th_note_signer old = store_fixture_signer(REALM, 7);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, 1), 0);
    cr_assert_eq(th_store_commit(store, &old), TH_E_CONFIG);
    th_store_close(store);
}

Test(store_keys, an_aborted_batch_leaves_no_key)
{
    struct th_store *store = filled(3);
    struct th_note_signer next = store_fixture_signer(REALM, 21);
    struct store_fixture_key key;
    store_fixture_key_init(&key, &fixture.signer, &next, 3);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_log_key(store, 1, &key.body), 0);
    cr_assert_eq(th_store_log_keys(store)->count, 1);
    th_store_abort(store);
    store_fixture_fill(&fixture, store, 1);
    cr_assert_eq(th_store_log_keys(store)->count, 1);
    th_store_close(store);
}

static int put_key(struct th_store *store, uint16_t number, const struct th_log_key_body *body)
{
    cr_assert_eq(th_store_begin(store), 0);
    int status = th_store_put_log_key(store, number, body);
    th_store_abort(store);
    return status;
}

Test(store_keys, a_key_that_does_not_fit_the_history_fails_the_batch)
{
    struct th_store *store = filled(3);
    struct th_note_signer next = store_fixture_signer(REALM, 21);
    struct th_note_signer stranger = store_fixture_signer(REALM, 23);
    struct th_note_signer rehearsal = store_fixture_signer("tonghop.test/rehearsal", 24);
    struct store_fixture_key key;
    store_fixture_key_init(&key, &fixture.signer, &next, 3);
    cr_assert_eq(put_key(store, 2, &key.body), TH_E_INVALID);
    cr_assert_eq(put_key(store, 0, &key.body), TH_E_INVALID);
    key.body.after = 4;
    cr_assert_eq(put_key(store, 1, &key.body), TH_E_INVALID, "the note says 3");
    store_fixture_key_init(&key, &stranger, &next, 3);
    cr_assert_eq(put_key(store, 1, &key.body), TH_E_SIGNATURE);
    store_fixture_key_init(&key, &fixture.signer, &next, 2);
    cr_assert_eq(put_key(store, 1, &key.body), TH_E_RANGE, "size 3 is signed");
    store_fixture_key_init(&key, NULL, &fixture.signer, 3);
    cr_assert_eq(put_key(store, 1, &key.body), TH_E_EXISTS);
    store_fixture_key_init(&key, NULL, &rehearsal, 3);
    cr_assert_eq(put_key(store, 1, &key.body), TH_E_INVALID);
    store_fixture_key_init(&key, NULL, &next, 3);
    cr_assert_eq(put_key(store, 1, &key.body), 0);
    th_store_close(store);
}

Test(store_keys, a_key_without_an_entry_is_not_committed)
{
    struct th_store *store = filled(3);
    struct th_note_signer next = store_fixture_signer(REALM, 21);
    struct store_fixture_key key;
    store_fixture_key_init(&key, &fixture.signer, &next, 3);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_log_key(store, 1, &key.body), 0);
    cr_assert_eq(th_store_commit(store, &next), TH_E_INVALID);
    store = again(store);
    cr_assert_eq(th_store_log_keys(store)->count, 1);
    th_store_close(store);
}

Test(store_keys, a_view_has_the_history_of_its_snapshot)
{
    struct th_store *store = filled(3);
    struct th_log_keys *keys = malloc(sizeof *keys);
    struct th_view *view;
    cr_assert_eq(th_view_open(store, &view), 0);
    rotate(store, 1, 21);
    cr_assert_eq(th_view_log_keys(view, keys), 0);
    cr_assert_eq(keys->count, 1);
    cr_assert_eq(th_view_renew(view), 0);
    cr_assert_eq(th_view_log_keys(view, keys), 0);
    cr_assert_eq(keys->count, 2);
    cr_assert_arr_eq(keys->items[1].vkey.public_key, fixture.signer.vkey.public_key, 32);
    free(keys);
    th_view_close(view);
    th_store_close(store);
}

static int open_status(enum th_store_access access)
{
    struct th_store *store = NULL;
    int status = th_store_open(fixture.folder, access, &fixture.options, problem, &store);
    th_store_close(store);
    return status;
}

Test(store_keys, a_flipped_bit_in_a_key_is_found_at_opening)
{
    struct th_store *store = filled(3);
    struct store_fixture_key key;
    rotate(store, 1, 21);
    th_store_close(store);
    store_fixture_key_init(&key, NULL, &fixture.signer, 3);
    struct store_fixture_copy data = store_fixture_take(&fixture, "data.mdb");
    char *at = data.bytes;
    while ((at = memmem(at, data.size - (size_t)(at - data.bytes), key.vkey, strlen(key.vkey))))
        *at++ ^= 1;
    store_fixture_put_back(&fixture, "data.mdb", data);
    cr_assert_eq(open_status(TH_STORE_READ), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "các khóa của nhật ký"), "%s", problem);
}

/* ---- a recovery ---- */

/* A store of 5 entries again, whose log was signed up to 8. */
static void put_back_old(void)
{
    struct th_store *store = filled(5);
    th_store_close(store);
    struct store_fixture_copy old = store_fixture_take(&fixture, "data.mdb");
    store = filled(3);
    th_store_close(store);
    store_fixture_put_back(&fixture, "data.mdb", old);
}

static void recover(void)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    struct th_note_signer next = store_fixture_signer(REALM2, 31);
    cr_assert_eq(store_fixture_renew(&fixture, store, 1, &next, true), 0);
    th_store_close(store);
}

Test(store_keys, a_store_that_was_put_back_goes_on_as_a_new_log_on_the_same_tree)
{
    put_back_old();
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);
    cr_assert_not_null(strstr(problem, "tonghop-aggregator recover"), "%s", problem);
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_READ);
    struct th_bytes old = receipt(store, 4);
    th_store_close(store);
    recover();
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_str_eq(th_store_identity(store)->realm, REALM2);
    store_fixture_fill(&fixture, store, 2);
    cr_assert(is_equal(receipt(store, 4), old));
    cr_assert_str_eq(verify(store, old).origin, REALM);
    struct th_checkpoint checkpoint = verify(store, receipt(store, 5));
    cr_assert_str_eq(checkpoint.origin, REALM2);
    cr_assert_eq(checkpoint.size, 6);
    cr_assert_eq(verify(store, receipt(store, 7)).size, 8);
    th_store_close(store);
}

Test(store_keys, what_was_lost_is_told_and_a_commit_without_a_new_log_fails)
{
    uint64_t size = 0;
    struct th_bytes note;
    struct th_checkpoint checkpoint;
    bool is_signed = false;
    put_back_old();
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    cr_assert(th_store_lost_checkpoint(store, &size, &note, &is_signed));
    cr_assert_eq(size, 8);
    cr_assert(is_signed);
    cr_assert_eq(th_log_keys_verify(th_store_log_keys(store), (const char *)note.bytes, note.size,
                                    &checkpoint),
                 0);
    cr_assert_eq(checkpoint.size, 8);

    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(store_fixture_append(store, 1), 0);
    cr_assert_eq(th_store_commit(store, &fixture.signer), TH_E_INVALID);
    struct th_note_signer next = store_fixture_signer(REALM, 21);
    cr_assert_eq(store_fixture_renew(&fixture, store, 1, &next, true), TH_E_INVALID,
                 "the same origin");
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_commit(store, NULL), TH_E_INVALID);
    cr_assert_eq(th_store_next_position(store), 5);
    th_store_close(store);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT, "it is as it was");
}

Test(store_keys, a_store_that_is_behind_nothing_is_not_recovered)
{
    th_store_close(filled(5));
    cr_assert_eq(open_status(TH_STORE_RECOVER), TH_E_INVALID);
    cr_assert_not_null(strstr(problem, "không cần khôi phục"), "%s", problem);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0);
    put_back_old();
    recover();
    cr_assert_eq(open_status(TH_STORE_RECOVER), TH_E_INVALID, "it is done");
}

Test(store_keys, a_store_whose_key_was_lost_is_recovered_though_it_is_whole)
{
    const struct th_store_options options = {.is_key_lost = true};
    struct th_store *store = filled(5);
    th_store_close(store);
    cr_assert_eq(th_store_open(fixture.folder, TH_STORE_RECOVER, &options, problem, &store), 0,
                 "%s", problem);
    cr_expect_not(
        th_store_lost_checkpoint(store, &(uint64_t){0}, &(struct th_bytes){0}, &(bool){false}));
    th_store_close(store);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0, "it is as it was");
}

Test(store_keys, a_recovery_is_followed_by_ordinary_batches)
{
    put_back_old();
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    struct th_note_signer next = store_fixture_signer(REALM2, 31);
    cr_assert_eq(store_fixture_renew(&fixture, store, 1, &next, true), 0);
    store_fixture_fill(&fixture, store, 2);
    th_store_close(store);
    cr_assert_eq(open_status(TH_STORE_WRITE), 0, "%s", problem);
    cr_assert_str_eq(problem, "");
}

Test(store_keys, a_lost_log_that_had_rotated_is_told_though_its_signature_is_not_known)
{
    struct th_store *store = filled(5);
    struct th_note_signer first = fixture.signer;
    uint64_t size = 0;
    struct th_bytes note;
    bool is_signed = true;
    th_store_close(store);
    struct store_fixture_copy old = store_fixture_take(&fixture, "data.mdb");
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    rotate(store, 1, 21);
    struct th_note_signer rotated = fixture.signer;
    th_store_close(store);
    store_fixture_put_back(&fixture, "data.mdb", old);
    cr_assert_eq(open_status(TH_STORE_WRITE), TH_E_CORRUPT);

    store = store_fixture_open(&fixture, TH_STORE_RECOVER);
    cr_assert(th_store_lost_checkpoint(store, &size, &note, &is_signed));
    cr_assert_eq(size, 6);
    cr_assert_not(is_signed);
    /* Both keys come: the one that the store missed, and that of the new log. */
    struct th_note_signer next = store_fixture_signer(REALM2, 31);
    struct store_fixture_key keys[2];
    store_fixture_key_init(&keys[0], &first, &rotated, 5);
    store_fixture_key_init(&keys[1], &rotated, &next, 5);
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_log_key(store, 1, &keys[0].body), 0);
    cr_assert_eq(th_store_put_log_key(store, 2, &keys[1].body), 0);
    cr_assert_eq(store_fixture_append(store, 1), 0);
    cr_assert_eq(th_store_commit(store, &next), 0);
    cr_assert_eq(th_log_keys_verify(th_store_log_keys(store), (const char *)note.bytes, note.size,
                                    &(struct th_checkpoint){.size = 0}),
                 0);
    store = again(store);
    cr_assert_str_eq(verify(store, receipt(store, 5)).origin, REALM2);
    th_store_close(store);
}
