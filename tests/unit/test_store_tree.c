/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/tile.h"
#include "proto/tlog/proof.h"
#include "tests/support/store_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct store_fixture fixture;

static void setup(void)
{
    store_fixture_init(&fixture, (size_t)256 << 20);
}

static void teardown(void)
{
    store_fixture_deinit(&fixture);
}

TestSuite(store_tree, .init = setup, .fini = teardown);

/* RFC 6962, section 2.1, word for word. */
static struct th_digest naive_root(uint64_t begin, uint64_t end)
{
    struct th_digest hash;
    if (end - begin == 1) {
        struct th_bytes leaf = store_fixture_leaf(begin);
        th_tlog_hash_leaf(leaf.bytes, leaf.size, &hash);
        return hash;
    }
    uint64_t half = 1;
    while (half * 2 < end - begin)
        half *= 2;
    struct th_digest left = naive_root(begin, begin + half);
    struct th_digest right = naive_root(begin + half, end);
    th_tlog_hash_node(&left, &right, &hash);
    return hash;
}

/* The receipt is right against the log's key alone; gives the size of its checkpoint. */
static uint64_t verify(struct th_bytes text, uint64_t position)
{
    struct th_tlog_proof proof;
    struct th_checkpoint checkpoint;
    struct th_bytes leaf = store_fixture_leaf(position);
    cr_assert_eq(th_tlog_proof_parse((const char *)text.bytes, text.size, &proof), 0);
    cr_assert_eq(proof.index, position);
    cr_assert_eq(proof.extra_size, leaf.size);
    cr_assert_arr_eq(proof.extra, leaf.bytes, leaf.size);
    cr_assert_eq(th_tlog_proof_verify(&proof, &fixture.signer.vkey, 1, fixture.identity.realm,
                                      leaf.bytes, leaf.size, &checkpoint),
                 0);
    return checkpoint.size;
}

static struct th_bytes receipt(struct th_view *view, uint64_t position, struct th_arena *arena)
{
    struct th_bytes text;
    cr_assert_eq(th_view_receipt(view, position, arena, &text), 0, "%llu",
                 (unsigned long long)position);
    return text;
}

Test(store_tree, receipts_verify_and_are_the_same_after_growth_and_reopening)
{
    enum { SIZE = 700 };
    static struct th_bytes receipts[SIZE];
    uint32_t state = 4;
    uint64_t size = 0;
    struct th_arena arena;
    struct th_view *view;
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    th_arena_init(&arena, 1 << 20, 64 << 20);
    cr_assert_eq(th_view_open(store, &view), 0);
    while (size < SIZE) {
        uint32_t count = 1 + store_fixture_random(&state, 40);
        if (count > SIZE - size)
            count = (uint32_t)(SIZE - size);
        store_fixture_fill(&fixture, store, count);
        cr_assert_eq(th_view_renew(view), 0);
        for (uint64_t i = size; i < size + count; i++) {
            receipts[i] = receipt(view, i, &arena);
            cr_assert_eq(verify(receipts[i], i), size + count);
        }
        size += count;
    }
    for (unsigned round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < SIZE; i++) {
            struct th_bytes again = receipt(view, (i * 397) % SIZE, &arena);
            cr_assert_eq(again.size, receipts[(i * 397) % SIZE].size);
            cr_assert_arr_eq(again.bytes, receipts[(i * 397) % SIZE].bytes, again.size);
        }
        th_view_close(view);
        th_store_close(store);
        store = store_fixture_open(&fixture, TH_STORE_WRITE);
        store_fixture_fill(&fixture, store, 10);
        cr_assert_eq(th_view_open(store, &view), 0);
    }
    struct th_bytes none;
    cr_assert_eq(th_view_receipt(view, th_view_size(view), &arena, &none), TH_E_NOT_FOUND);
    th_view_close(view);
    th_store_close(store);
    th_arena_deinit(&arena);
}

static void check_root(struct th_view *view)
{
    struct th_note note;
    struct th_checkpoint checkpoint;
    struct th_bytes text;
    uint64_t size;
    struct th_digest root = naive_root(0, th_view_size(view));
    cr_assert_eq(th_view_checkpoint(view, th_view_size(view), &size, &text), 0);
    cr_assert_eq(size, th_view_size(view));
    cr_assert_eq(
        th_tlog_note_verify((const char *)text.bytes, text.size, &fixture.signer.vkey, 1, &note),
        0);
    cr_assert_eq(th_tlog_checkpoint_parse(note.text, note.text_size, &checkpoint), 0);
    cr_assert_eq(checkpoint.size, size);
    cr_assert_str_eq(checkpoint.origin, fixture.identity.realm);
    cr_assert_arr_eq(checkpoint.root.bytes, root.bytes, TH_DIGEST_SIZE);
}

Test(store_tree, roots_are_those_of_a_naive_tree_whatever_was_aborted)
{
    uint32_t state = 9;
    struct th_view *view;
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(th_view_open(store, &view), 0);
    for (unsigned round = 0; round < 40; round++) {
        uint32_t count = 1 + store_fixture_random(&state, round % 5 == 0 ? 600 : 60);
        if (store_fixture_random(&state, 2) == 0) {
            cr_assert_eq(th_store_begin(store), 0);
            cr_assert_eq(store_fixture_append(store, count * 2), 0);
            th_store_abort(store);
        }
        store_fixture_fill(&fixture, store, count);
        cr_assert_eq(th_view_renew(view), 0);
        check_root(view);
    }
    th_view_close(view);
    th_store_close(store);
}

Test(store_tree, sizes_around_full_tiles_reopen_and_go_on)
{
    static const unsigned steps[] = {255, 1, 1, 254, 1, 1, 511, 1};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct th_view *view;
        struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
        store_fixture_fill(&fixture, store, steps[i]);
        cr_assert_eq(th_view_open(store, &view), 0);
        check_root(view);
        th_view_close(view);
        th_store_close(store);
    }
}

Test(store_tree, a_log_with_three_levels_of_tiles_proves_its_ends_and_middle)
{
    static const uint64_t positions[] = {0, 255, 256, 40000, 65535, 65536, 65800, 65999};
    struct th_arena arena;
    struct th_view *view;
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    th_arena_init(&arena, 1 << 16, 1 << 20);
    store_fixture_fill(&fixture, store, 65000);
    store_fixture_fill(&fixture, store, 536);
    store_fixture_fill(&fixture, store, 464);
    th_store_close(store);
    store = store_fixture_open(&fixture, TH_STORE_READ);
    cr_assert_eq(th_view_open(store, &view), 0);
    check_root(view);
    for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        uint64_t size = verify(receipt(view, positions[i], &arena), positions[i]);
        cr_assert_eq(size, positions[i] < 65000 ? 65000 : positions[i] < 65536 ? 65536 : 66000);
    }
    th_view_close(view);
    th_store_close(store);
    th_arena_deinit(&arena);
}

Test(store_tree, a_checkpoint_is_the_first_that_covers_the_size)
{
    struct th_bytes note;
    struct th_view *view;
    uint64_t size;
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    store_fixture_fill(&fixture, store, 5);
    store_fixture_fill(&fixture, store, 5);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_checkpoint(view, 0, &size, &note), 0);
    cr_assert_eq(size, 5);
    cr_assert_eq(th_view_checkpoint(view, 5, &size, &note), 0);
    cr_assert_eq(size, 5);
    cr_assert_eq(th_view_checkpoint(view, 6, &size, &note), 0);
    cr_assert_eq(size, 10);
    cr_assert_eq(th_view_checkpoint(view, 11, &size, &note), TH_E_NOT_FOUND);
    th_view_close(view);
    th_store_close(store);
}

Test(store_tree, the_number_of_entries_up_to_a_time_is_found)
{
    enum { SIZE = 100 };
    struct th_view *view;
    uint64_t size;
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_position_at(view, (th_instant){INT64_MAX}, &size), 0);
    cr_assert_eq(size, 0);
    store_fixture_fill(&fixture, store, SIZE);
    cr_assert_eq(th_view_renew(view), 0);
    for (uint64_t i = 0; i < SIZE; i++) {
        th_instant time = store_fixture_entry(i).time;
        uint64_t wanted = 0;
        while (wanted < SIZE && store_fixture_entry(wanted).time.ms <= time.ms)
            wanted++;
        cr_assert_eq(th_view_position_at(view, time, &size), 0);
        cr_assert_eq(size, wanted);
        time.ms--;
        cr_assert_eq(th_view_position_at(view, time, &size), 0);
        cr_assert_eq(size, i - i % 3);
    }
    th_view_close(view);
    th_store_close(store);
}

/* ---- tiles ---- */

Test(store_tree, nodes_are_found_in_their_tile)
{
    struct th_tile_place place = th_tile_find(3, 33); /* leaves 264 to 271 */
    cr_assert_eq(place.level, 0);
    cr_assert_eq(place.index, 1);
    cr_assert_eq(place.height, 3);
    cr_assert_eq(place.at, 8);
    place = th_tile_find(16, 1); /* leaves 65536 on */
    cr_assert_eq(place.level, 2);
    cr_assert_eq(place.index, 0);
    cr_assert_eq(place.height, 0);
    cr_assert_eq(place.at, 1);
}

Test(store_tree, a_tile_counts_the_hashes_of_a_size)
{
    cr_assert_eq(th_tile_count(700, 0, 0), 256);
    cr_assert_eq(th_tile_count(700, 0, 2), 188);
    cr_assert_eq(th_tile_count(700, 0, 3), 0);
    cr_assert_eq(th_tile_count(700, 1, 0), 2);
    cr_assert_eq(th_tile_count(700, 2, 0), 0);
}

Test(store_tree, roots_and_consistency_of_all_sizes_are_those_of_the_leaves)
{
    static const uint64_t sizes[] = {1, 2, 3, 255, 256, 257, 511, 600, 777};
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_digest roots[9];
    struct th_view *view;
    store_fixture_fill(&fixture, store, 777);
    cr_assert_eq(th_view_open(store, &view), 0);
    for (size_t i = 0; i < 9; i++) {
        struct th_digest naive = naive_root(0, sizes[i]);
        cr_assert_eq(th_view_root(view, sizes[i], &roots[i]), 0);
        cr_assert(th_tlog_digest_equal(&roots[i], &naive), "%zu", i);
    }
    for (size_t old = 0; old < 9; old++)
        for (size_t now = old; now < 9; now++) {
            struct th_consistency proof;
            cr_assert_eq(th_view_consistency(view, sizes[old], sizes[now], &proof), 0);
            cr_assert_eq(proof.old_size, sizes[old]);
            cr_assert_eq(th_tlog_verify_consistency(sizes[old], sizes[now], proof.hashes,
                                                    proof.hashes_n, &roots[old], &roots[now]),
                         0);
        }
    th_view_close(view);
    th_store_close(store);
}

Test(store_tree, a_root_or_a_proof_beyond_the_tree_is_out_of_range)
{
    struct th_store *store = store_fixture_open(&fixture, TH_STORE_WRITE);
    struct th_digest root, empty;
    struct th_consistency proof;
    struct th_view *view;
    store_fixture_fill(&fixture, store, 7);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_root(view, 8, &root), TH_E_RANGE);
    cr_assert_eq(th_view_consistency(view, 3, 8, &proof), TH_E_RANGE);
    cr_assert_eq(th_view_consistency(view, 5, 4, &proof), TH_E_RANGE);
    cr_assert_eq(th_view_consistency(view, 0, 7, &proof), 0);
    cr_assert_eq(proof.hashes_n, 0);
    th_tlog_hash_empty(&empty);
    cr_assert_eq(th_view_root(view, 0, &root), 0);
    cr_assert(th_tlog_digest_equal(&root, &empty));
    th_view_close(view);
    th_store_close(store);
}
