/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/replica.h"

#include "aggregator/store/internal.h"
#include "tests/support/damage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCHES = 6, BATCH = 70, ENTRIES = BATCHES * BATCH };

/* An original, and a folder for its replica. */
struct pair {
    struct store_fixture original;
    struct store_fixture replica; /* only its folder is made */
    struct th_store *from;
    struct th_view *view;
};

static void make(struct pair *pair)
{
    store_fixture_init(&pair->original, 64 << 20);
    struct th_store *store = store_fixture_open(&pair->original, TH_STORE_WRITE);
    for (unsigned i = 0; i < BATCHES; i++)
        damage_fill(&pair->original, store, BATCH);
    th_store_close(store);
    pair->replica = pair->original;
    snprintf(pair->replica.folder, sizeof pair->replica.folder, "/tmp/tonghop-replica-XXXXXX");
    cr_assert_not_null(mkdtemp(pair->replica.folder));
    pair->from = store_fixture_open(&pair->original, TH_STORE_READ);
    cr_assert_eq(th_view_open(pair->from, &pair->view), 0);
}

static void end(struct pair *pair)
{
    th_view_close(pair->view);
    th_store_close(pair->from);
    store_fixture_deinit(&pair->original);
    store_fixture_deinit(&pair->replica);
}

static struct th_store *begin(struct pair *pair)
{
    struct th_store *store;
    cr_assert_eq(th_replica_new(pair->replica.folder, &pair->replica.options,
                                &pair->replica.identity, &store),
                 0);
    return store;
}

static void copy_entry(struct pair *pair, struct th_store *to, uint64_t position)
{
    struct th_stored_entry entry;
    struct th_digest digest;
    struct th_bytes leaf;
    struct th_row row;
    cr_assert_eq(th_view_entry(pair->view, position, &entry), 0);
    cr_assert_eq(th_view_leaf(pair->view, position, &leaf), 0);
    struct th_store_entry again = {.position = position,
                                   .kind = entry.kind,
                                   .clock = entry.clock,
                                   .time = entry.time,
                                   .boottime_ms = entry.boottime_ms,
                                   .decision = entry.decision,
                                   .body = entry.body};
    cr_assert_eq(th_store_append(to, &again, &digest), 0);
    cr_assert_eq(th_store_append_leaf(to, position, leaf), 0);
    cr_assert_eq(th_view_row(pair->view, damage_book, (uint32_t)position, 0, &row), 0);
    cr_assert_eq(th_store_put_row(to, damage_book, &row), 0);
}

/* The original's note of this size; size 0 when it has none. */
static struct th_bytes note_of(struct pair *pair, uint64_t size)
{
    struct th_bytes note;
    uint64_t found;
    if (th_view_checkpoint(pair->view, size, &found, &note) != 0 || found != size)
        return (struct th_bytes){NULL, 0};
    return note;
}

/* Entries up to `size`, `step` in a batch. */
static void copy(struct pair *pair, struct th_store *to, uint64_t size, uint64_t step)
{
    while (th_store_next_position(to) < size) {
        cr_assert_eq(th_store_begin(to), 0);
        for (uint64_t i = 0; i < step && th_store_next_position(to) < size; i++)
            copy_entry(pair, to, th_store_next_position(to));
        cr_assert_eq(th_replica_commit(to, note_of(pair, th_store_next_position(to))), 0);
    }
}

static void state_of(struct th_view *view, struct th_digest *ret_state)
{
    cr_assert_eq(th_view_state_digest(view, ret_state), 0);
}

Test(store_replica, a_whole_replica_is_the_original)
{
    struct pair pair;
    struct th_digest states[2];
    struct th_digest roots[2];
    struct th_view *view;
    struct th_arena arena;
    make(&pair);
    struct th_store *store = begin(&pair);
    copy(&pair, store, ENTRIES, BATCH);
    cr_assert_eq(th_replica_finish(store), 0);
    store = store_fixture_open(&pair.replica, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_size(view), ENTRIES);
    state_of(pair.view, &states[0]);
    state_of(view, &states[1]);
    cr_assert(th_tlog_digest_equal(&states[0], &states[1]));
    cr_assert_eq(th_view_root(pair.view, ENTRIES, &roots[0]), 0);
    cr_assert_eq(th_view_root(view, ENTRIES, &roots[1]), 0);
    cr_assert(th_tlog_digest_equal(&roots[0], &roots[1]));
    th_arena_init(&arena, 1 << 16, 1 << 20);
    for (uint64_t i = 0; i < ENTRIES; i += 13) {
        struct th_bytes receipts[2];
        cr_assert_eq(th_view_receipt(pair.view, i, &arena, &receipts[0]), 0);
        cr_assert_eq(th_view_receipt(view, i, &arena, &receipts[1]), 0);
        cr_assert_eq(receipts[0].size, receipts[1].size);
        cr_assert_eq(memcmp(receipts[0].bytes, receipts[1].bytes, receipts[0].size), 0);
        th_arena_reset(&arena);
    }
    th_arena_deinit(&arena);
    th_view_close(view);
    th_store_close(store);
    end(&pair);
}

/* Opens, and its newest checkpoint is of `signed_size`. */
static void assert_opens(struct pair *pair, uint64_t size, uint64_t signed_size)
{
    struct th_bytes key, note;
    struct th_view *view;
    uint64_t found = 0;
    struct th_store *store = store_fixture_open(&pair->replica, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_size(view), size);
    if (signed_size > 0) {
        cr_assert_eq(th_txn_last(&view->txn, TH_TABLE_CHECKPOINT, &key, &note), 0);
        cr_assert_eq(th_schema_read_number(key, &found), 0);
    }
    cr_assert_eq(found, signed_size);
    th_view_close(view);
    th_store_close(store);
}

Test(store_replica, it_may_end_between_two_commits)
{
    static const uint64_t sizes[] = {0, 1, BATCH - 1, BATCH, BATCH + 1, 257, ENTRIES - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct pair pair;
        make(&pair);
        struct th_store *store = begin(&pair);
        copy(&pair, store, sizes[i], 7); /* 7 divides a batch */
        cr_assert_eq(th_replica_finish(store), 0);
        assert_opens(&pair, sizes[i], sizes[i] / BATCH * BATCH);
        end(&pair);
    }
}

Test(store_replica, it_is_never_written_to_again)
{
    struct pair pair;
    char problem[TH_STORE_PROBLEM_SIZE];
    make(&pair);
    struct th_store *store = begin(&pair);
    copy(&pair, store, ENTRIES, BATCH);
    cr_assert_eq(th_replica_finish(store), 0);
    cr_assert_eq(th_store_open(pair.replica.folder, TH_STORE_WRITE, NULL, problem, &store),
                 TH_E_FORBIDDEN);
    cr_assert_not_null(strstr(problem, "chỉ để đọc"));
    cr_assert_eq(th_store_open(pair.replica.folder, TH_STORE_RECOVER, NULL, problem, &store),
                 TH_E_FORBIDDEN);
    cr_assert_neq(access(store_fixture_path(&pair.replica, "CHECKPOINT"), F_OK), 0);
    end(&pair);
}

Test(store_replica, one_that_was_not_finished_is_not_written_to_either)
{
    struct pair pair;
    char problem[TH_STORE_PROBLEM_SIZE];
    make(&pair);
    struct th_store *store = begin(&pair);
    copy(&pair, store, 100, 10);
    th_store_close(store);
    cr_assert_eq(th_store_open(pair.replica.folder, TH_STORE_WRITE, NULL, problem, &store),
                 TH_E_FORBIDDEN);
    end(&pair);
}

Test(store_replica, a_folder_with_a_store_is_left_alone)
{
    struct pair pair;
    struct th_store *store = NULL;
    make(&pair);
    cr_assert_eq(th_replica_new(pair.original.folder, NULL, &pair.original.identity, &store),
                 TH_E_EXISTS);
    cr_assert_null(store);
    end(&pair);
}

/* A commit of the first batch with a note that is not the original's. */
static void assert_refused(struct pair *pair, struct th_bytes note)
{
    struct th_store *store = begin(pair);
    cr_assert_eq(th_store_begin(store), 0);
    for (uint64_t i = 0; i < BATCH; i++)
        copy_entry(pair, store, i);
    cr_assert_eq(th_replica_commit(store, note), TH_E_CORRUPT);
    cr_assert_eq(th_store_next_position(store), 0);
    cr_assert_eq(th_replica_finish(store), 0);
    assert_opens(pair, 0, 0);
}

Test(store_replica, a_note_of_another_size_is_refused)
{
    struct pair pair;
    make(&pair);
    assert_refused(&pair, note_of(&pair, 2 * BATCH));
    end(&pair);
}

static struct th_bytes sign(const struct th_note_signer *signer, uint64_t size,
                            const struct th_digest *root)
{
    static char text[2048];
    struct th_checkpoint checkpoint = {.size = size, .root = *root};
    size_t text_size;
    strcpy(checkpoint.origin, signer->vkey.name);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof text, text, &text_size), 0);
    cr_assert_eq(th_tlog_note_sign(text, text_size, signer, sizeof text, text, &text_size), 0);
    return (struct th_bytes){(const uint8_t *)text, text_size};
}

Test(store_replica, a_note_of_another_tree_is_refused)
{
    struct pair pair;
    struct th_digest root = {{7}};
    make(&pair);
    assert_refused(&pair, sign(&pair.original.signer, BATCH, &root));
    end(&pair);
}

Test(store_replica, a_note_of_another_key_is_refused)
{
    struct pair pair;
    struct th_note_signer stranger;
    struct th_digest root;
    uint8_t seed[TH_NOTE_SEED_SIZE] = {9};
    make(&pair);
    cr_assert_eq(th_tlog_signer_init(pair.original.identity.realm, seed, &stranger), 0);
    cr_assert_eq(th_view_root(pair.view, BATCH, &root), 0);
    assert_refused(&pair, sign(&stranger, BATCH, &root));
    end(&pair);
}

Test(store_replica, a_checkpoint_that_is_not_of_its_beginning_is_noticed)
{
    struct pair pair;
    struct th_digest root = {{7}};
    struct th_store *store;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_CHECKPOINT, BATCH);
    make(&pair);
    store = begin(&pair);
    copy(&pair, store, BATCH + 5, BATCH);
    cr_assert_eq(th_replica_finish(store), 0);
    assert_opens(&pair, BATCH + 5, BATCH);
    damage_replace(&pair.replica, &key, sign(&pair.original.signer, BATCH, &root));
    cr_assert_eq(th_store_open(pair.replica.folder, TH_STORE_READ, NULL, NULL, &store),
                 TH_E_CORRUPT);
    end(&pair);
}

/* An original's batch behind the end of the first ones is signed by the next key. */
Test(store_replica, a_later_key_signs_from_its_position_on)
{
    struct pair pair;
    struct th_note_signer next;
    struct th_digest root;
    char succession[TH_SUCCESSION_SIZE_MAX];
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t succession_size, vkey_size;
    uint8_t seed[TH_NOTE_SEED_SIZE] = {9};
    make(&pair);
    cr_assert_eq(th_tlog_signer_init(pair.original.identity.realm, seed, &next), 0);
    cr_assert_eq(th_view_root(pair.view, BATCH, &root), 0);
    cr_assert_eq(th_tlog_succession_sign(&pair.original.signer, BATCH, &root, &next.vkey,
                                         sizeof succession, succession, &succession_size),
                 0);
    cr_assert_eq(th_tlog_vkey_encode(&next.vkey, sizeof vkey, vkey, &vkey_size), 0);
    struct th_log_key_body key = {
        .vkey = {vkey, vkey_size},
        .after = BATCH,
        .succession = {(const uint8_t *)succession, succession_size},
    };
    struct th_store *store = begin(&pair);
    copy(&pair, store, BATCH, BATCH);
    cr_assert_eq(th_view_root(pair.view, BATCH + 1, &root), 0);
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        cr_assert_eq(th_store_begin(store), 0);
        copy_entry(&pair, store, BATCH);
        cr_assert_eq(th_store_put_log_key(store, 1, &key), 0);
        struct th_bytes note = sign(attempt == 0 ? &pair.original.signer : &next, BATCH + 1, &root);
        cr_assert_eq(th_replica_commit(store, note), attempt == 0 ? TH_E_CORRUPT : 0);
        cr_assert_eq(th_store_log_keys(store)->count, 1 + attempt);
    }
    cr_assert_eq(th_replica_finish(store), 0);
    assert_opens(&pair, BATCH + 1, BATCH + 1);
    end(&pair);
}
