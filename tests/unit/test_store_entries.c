/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that are promised while a batch is made, and given when it is committed. */
#include "aggregator/store/internal.h"
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

enum { MOST = 600 };

static struct store_fixture fixture;
static struct th_store *store;
static struct th_arena arena;
static struct th_store_logged given[MOST];

static void setup(void)
{
    store_fixture_init(&fixture, (size_t)64 << 20);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    th_arena_init(&arena, 1 << 16, (size_t)16 << 20);
}

static void teardown(void)
{
    th_arena_deinit(&arena);
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

TestSuite(store_entries, .init = setup, .fini = teardown);

static struct th_bytes copy(struct th_bytes bytes)
{
    uint8_t *copied = th_arena_alloc(&arena, bytes.size + 1);
    memcpy(copied, bytes.bytes, bytes.size);
    return (struct th_bytes){copied, bytes.size};
}

static void begin(size_t count)
{
    const uint64_t first = th_store_next_position(store);
    cr_assert_eq(th_store_begin(store), 0);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(th_store_promise(store), first + i);
}

/* What the positions from `first` on are to be. */
static void compose(uint64_t first, size_t count)
{
    cr_assert_leq(count, MOST);
    for (size_t i = 0; i < count; i++) {
        struct th_store_entry entry = store_fixture_entry(first + i);
        entry.body = copy(entry.body);
        entry.decision = copy(entry.decision);
        given[i] = th_store_log(&entry, copy(store_fixture_leaf(first + i)));
    }
}

static int commit(uint64_t first, size_t count)
{
    compose(first, count);
    int status = th_store_seal(store, &fixture.signer);
    return status == 0 ? th_store_commit_sealed(store, given, count) : status;
}

static uint64_t size_and_root(struct th_digest *ret_root)
{
    struct th_checkpoint checkpoint;
    struct th_note parts;
    struct th_view *view;
    struct th_bytes note;
    uint64_t size = 0;
    cr_assert_eq(th_view_open(store, &view), 0);
    for (uint64_t i = 0; i < th_view_size(view); i++)
        cr_assert(store_fixture_is_right(view, i), "%llu", (unsigned long long)i);
    cr_assert_eq(th_view_checkpoint(view, th_view_size(view), &size, &note), 0);
    cr_assert_eq(size, th_view_size(view));
    cr_assert_eq(
        th_tlog_note_verify((const char *)note.bytes, note.size, &fixture.signer.vkey, 1, &parts),
        0);
    cr_assert_eq(th_tlog_checkpoint_parse(parts.text, parts.text_size, &checkpoint), 0);
    *ret_root = checkpoint.root;
    th_view_close(view);
    return size;
}

/* ---- as those that are appended ---- */

Test(store_entries, what_was_promised_is_there_with_the_root_of_what_is_appended)
{
    struct th_digest promised, appended;
    const size_t counts[] = {1, 3, 300, 256, 508, 40};
    uint64_t at = 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        begin(counts[i]);
        cr_assert_eq(commit(at, counts[i]), 0);
        at += counts[i];
    }
    cr_assert_eq(size_and_root(&promised), at);
    teardown();
    setup();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        store_fixture_fill(&fixture, store, (unsigned)counts[i]);
    cr_assert_eq(size_and_root(&appended), at);
    cr_assert_eq(memcmp(&promised, &appended, sizeof promised), 0);
}

Test(store_entries, batches_of_both_kinds_follow_each_other)
{
    struct th_digest root;
    store_fixture_fill(&fixture, store, 3);
    begin(4);
    cr_assert_eq(commit(3, 4), 0);
    store_fixture_fill(&fixture, store, 2);
    cr_assert_eq(size_and_root(&root), 9);
    th_store_close(store);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(size_and_root(&root), 9);
}

Test(store_entries, a_digest_is_the_same_with_and_without_that_of_the_body)
{
    struct th_store_entry entry = store_fixture_entry(97);
    struct th_digest body, with, without;
    th_store_entry_digest(&entry, &without);
    th_tlog_sha256(&(struct th_tlog_part){entry.body.bytes, entry.body.size}, 1, &body);
    entry.body_digest = &body;
    th_store_entry_digest(&entry, &with);
    cr_assert_eq(memcmp(&with, &without, sizeof with), 0);
    body.bytes[0] ^= 1;
    th_store_entry_digest(&entry, &with);
    cr_assert_neq(memcmp(&with, &without, sizeof with), 0, "it is looked at");
}

Test(store_entries, a_receipt_of_a_leaf_is_the_receipt_that_the_journal_gives)
{
    struct th_view *view;
    begin(300);
    cr_assert_eq(commit(0, 300), 0);
    begin(70);
    cr_assert_eq(commit(300, 70), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    for (uint64_t position = 300; position < 370; position += 23) {
        struct th_bytes of_leaf, of_journal;
        cr_assert_eq(
            th_view_receipt_of(view, position, given[position - 300].leaf, &arena, &of_leaf), 0);
        cr_assert_eq(th_view_receipt(view, position, &arena, &of_journal), 0);
        cr_assert_eq(of_leaf.size, of_journal.size);
        cr_assert_arr_eq(of_leaf.bytes, of_journal.bytes, of_leaf.size);
    }
    struct th_bytes none;
    cr_assert_eq(th_view_receipt_of(view, 370, store_fixture_leaf(370), &arena, &none),
                 TH_E_NOT_FOUND);
    th_view_close(view);
}

static bool are_same_receipts(struct th_view *one, struct th_view *other, uint64_t position)
{
    struct th_bytes a, b;
    th_arena_reset(&arena);
    cr_assert_eq(th_view_receipt(one, position, &arena, &a), 0);
    cr_assert_eq(th_view_receipt(other, position, &arena, &b), 0);
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* The last batch fills more tiles than are kept. */
Test(store_entries, who_commits_makes_the_receipts_that_everybody_makes)
{
    const unsigned counts[] = {1, 255, 256, 1, 700, 20, 17000, 3};
    struct th_view *own, *other;
    uint64_t size = 0;
    cr_assert_eq(th_view_open(store, &own), 0);
    th_view_join_commits(own);
    cr_assert_eq(th_view_open(store, &other), 0);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        store_fixture_fill(&fixture, store, counts[i]);
        cr_assert_eq(th_view_renew(own), 0);
        cr_assert_eq(th_view_renew(other), 0);
        for (uint64_t position = size; position < size + counts[i]; position += 7)
            cr_assert(are_same_receipts(own, other, position));
        size += counts[i];
        for (uint64_t position = 0; position < size; position += 503)
            cr_assert(are_same_receipts(own, other, position));
    }
    th_view_close(own);
    th_view_close(other);
}

Test(store_entries, a_view_sees_its_own_tree_while_a_larger_one_is_committed)
{
    struct th_digest root;
    struct th_view *own, *other;
    store_fixture_fill(&fixture, store, 300);
    cr_assert_eq(th_view_open(store, &own), 0);
    th_view_join_commits(own);
    cr_assert_eq(th_view_open(store, &other), 0);
    store_fixture_fill(&fixture, store, 1000);
    for (uint64_t position = 0; position < 300; position++)
        cr_assert(are_same_receipts(own, other, position));
    cr_assert_eq(th_view_root(own, 300, &root), 0);
    th_view_close(own);
    th_view_close(other);
}

/* ---- that do not come to it ---- */

Test(store_entries, positions_of_a_batch_that_was_given_up_are_promised_again)
{
    struct th_digest root;
    begin(5);
    cr_assert_eq(th_store_next_position(store), 5);
    th_store_abort(store);
    cr_assert_eq(th_store_next_position(store), 0);
    begin(2);
    cr_assert_eq(commit(0, 2), 0);
    begin(300);
    th_store_abort(store);
    begin(1);
    cr_assert_eq(commit(2, 1), 0);
    cr_assert_eq(size_and_root(&root), 3);
}

Test(store_entries, a_leaf_that_no_receipt_could_carry_fails_the_commit_and_the_store)
{
    static const uint8_t large[TH_PROOF_EXTRA_MAX + 1];
    const struct th_bytes bad[] = {{large, sizeof large}, {large, 0}};
    for (size_t i = 0; i < 2; i++) {
        store_fixture_fill(&fixture, store, 2);
        begin(3);
        cr_assert_eq(th_store_seal(store, &fixture.signer), 0);
        compose(2, 3);
        given[1] = th_store_log(&given[1].entry, bad[i]);
        cr_assert_eq(th_store_commit_sealed(store, given, 3), TH_E_LIMIT);
        cr_assert_eq(th_store_begin(store), TH_E_STORAGE);
        struct th_digest root;
        cr_assert_eq(size_and_root(&root), 2);
        teardown();
        setup();
    }
}
