/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in the run are read as those in their tables, whatever was settled, aborted or reopened. */
#include "aggregator/store/inspect.h"
#include "aggregator/store/internal.h"
#include "aggregator/store/run.h"
#include "aggregator/store/scrub.h"
#include "tests/support/damage.h"
#include "tests/support/run_case.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(store_run, .init = run_case_init, .fini = run_case_deinit, .timeout = 100);

static bool is_right(struct th_store *from, const struct run_model *model)
{
    struct th_view *view;
    if (th_view_open(from, &view) != 0)
        return false;
    bool right = run_case_is_seen_by(view, model);
    th_view_close(view);
    return right;
}

static bool is_right_elsewhere(const struct run_model *model)
{
    int result = 0;
    pid_t child = fork();
    if (child == 0) {
        struct th_store *other;
        if (th_store_open(run_case.fixture.folder, TH_STORE_READ, NULL, NULL, &other) != 0)
            _exit(2);
        _exit(is_right(other, model) ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &result, 0), child);
    return WIFEXITED(result) && WEXITSTATUS(result) == 0;
}

/* Rows of the run's table as they are stored. */
struct pieces {
    struct th_bytes keys[64], values[64];
    size_t count;
};

static int on_piece(void *context, const struct th_inspected *row)
{
    struct pieces *pieces = context;
    if (row->table != TH_TABLE_RUN)
        return 1;
    cr_assert_lt(pieces->count, 64);
    pieces->keys[pieces->count] = row->key;
    pieces->values[pieces->count++] = row->value;
    return 0;
}

static struct pieces pieces_of(struct th_view *view)
{
    struct th_schema_key after = {{TH_TABLE_RUN - 1, UINT8_MAX}, 2}, last;
    struct pieces pieces = {.count = 0};
    for (size_t i = after.size; i < TH_SCHEMA_KEY_MAX; i++)
        after.bytes[after.size++] = UINT8_MAX;
    int status = th_view_inspect(view, &after, SIZE_MAX, on_piece, &pieces, &last);
    cr_assert(status == 0 || status == 1);
    return pieces;
}

static size_t pieces_count(void)
{
    struct th_view *view;
    cr_assert_eq(th_view_open(run_case.store, &view), 0);
    size_t count = pieces_of(view).count;
    th_view_close(view);
    return count;
}

/* ---- memory ---- */

static bool is_out_of_memory;

void *__real_th_array_grow(void *items, size_t count, size_t *capacity, size_t first,
                           size_t item_size);
void *__wrap_th_array_grow(void *items, size_t count, size_t *capacity, size_t first,
                           size_t item_size);
void *__wrap_th_array_grow(void *items, size_t count, size_t *capacity, size_t first,
                           size_t item_size)
{
    return is_out_of_memory ? NULL : __real_th_array_grow(items, count, capacity, first, item_size);
}

/* Nobody is told that a report is there that is not. */
Test(store_run, a_report_that_finds_no_memory_fails_its_batch)
{
    const struct th_row row = {.unit = 1, .revision = 1, .timeliness = TH_TIMELINESS_ON_TIME};
    run_case_defer(0, 0, 0);
    cr_assert_eq(th_store_begin(run_case.store), 0);
    is_out_of_memory = true;
    cr_assert_eq(th_store_put_row(run_case.store, run_case_book(1), &row), TH_E_NO_MEMORY);
    is_out_of_memory = false;
    cr_assert_eq(th_store_put_row(run_case.store, run_case_book(1), &row), TH_E_NO_MEMORY,
                 "nor what comes after it in the batch");
    th_store_defer(run_case.store);
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), TH_E_NO_MEMORY);
    th_store_abort(run_case.store);
    cr_assert(is_right(run_case.store, &run_case.known));
    run_case_defer(1, 1, 0);
    cr_assert(is_right(run_case.store, &run_case.known));
}

/* ---- histories ---- */

Test(store_run, after_every_batch_readers_see_what_was_committed)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct random random = {seed};
        for (unsigned batch = 0; batch < 60; batch++) {
            run_case_batch(&random);
            cr_assert(is_right(run_case.store, &run_case.known), "seed %d batch %u", (int)seed,
                      batch);
            if (random_below(&random, 10) == 0)
                run_case_reopen();
            if (batch % 15 == 0)
                cr_assert(is_right_elsewhere(&run_case.known), "seed %d batch %u", (int)seed,
                          batch);
        }
        for (uint32_t book = 0; book < RUN_BOOKS; book++)
            run_case_settle(book);
        cr_assert_eq(pieces_count(), 0);
        cr_assert_eq(th_store_unsettled_count(run_case.store), 0);
        cr_assert(is_right(run_case.store, &run_case.known));
        cr_assert(is_right_elsewhere(&run_case.known));
    }
}

Test(store_run, the_check_above_sees_a_row_that_is_older)
{
    run_case_defer(0, 1, 0);
    struct run_model wrong = run_case.known;
    wrong.revision[0][1][0]++;
    cr_assert(is_right(run_case.store, &run_case.known));
    cr_assert_not(is_right(run_case.store, &wrong));
    wrong = run_case.known;
    wrong.revision[2][1][0]++;
    cr_assert_not(is_right(run_case.store, &wrong));
}

/* ---- settling ---- */

Test(store_run, what_is_written_at_its_place_later_counts_before_an_older_piece_of_the_run)
{
    run_case_defer(0, 1, 0);
    cr_assert_eq(th_store_begin(run_case.store), 0); /* keeps the first piece */
    run_case_put(&run_case.known, 1, 1, 0);
    run_case_put(&run_case.known, 0, 2, 0);
    th_store_defer(run_case.store);
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), 0);
    cr_assert_eq(th_store_begin(run_case.store), 0);
    run_case_put(&run_case.known, 1, 3, 0);
    cr_assert_eq(th_store_settle(run_case.store, run_case_book(0)), 0);
    th_store_defer(run_case.store);
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), 0);
    cr_assert_eq(pieces_count(), 2); /* the first one went, the second has a row of another book */
    cr_assert_eq(th_store_begin(run_case.store), 0);
    run_case_put(&run_case.known, 0, 2, 0);
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), 0);
    cr_assert(is_right(run_case.store, &run_case.known));
    cr_assert(is_right_elsewhere(&run_case.known));
    run_case_reopen();
    cr_assert(is_right(run_case.store, &run_case.known));
}

Test(store_run, a_batch_that_says_nothing_settles_the_books_that_it_touches)
{
    run_case_defer(0, 1, 0);
    run_case_defer(1, 1, 0);
    cr_assert_eq(th_store_begin(run_case.store), 0);
    run_case_put(&run_case.known, 0, 1, 1);
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), 0);
    cr_assert_eq(th_store_unsettled_count(run_case.store), 1);
    const struct th_unsettled left = th_store_unsettled(run_case.store, 0);
    cr_assert_eq(left.book.obligation, run_case_book(1).obligation);
    cr_assert_eq(left.in_run, 1);
    cr_assert_eq(left.in_batch, 0);
}

/* The sink that fills a value says only at the end that it had no memory. */
Test(store_run, a_value_without_memory_fails_the_commit)
{
    run_case_defer(0, 1, 0);
    const struct run_model before = run_case.known;
    cr_assert_eq(th_store_begin(run_case.store), 0);
    run_case_put(&run_case.known, 0, 1, 1);
    th_store_defer(run_case.store);
    run_case.store->run.value.failed = true;
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), TH_E_NO_MEMORY);
    run_case.known = before;
    cr_assert_eq(th_store_unsettled(run_case.store, 0).in_run, 1);
    run_case_defer(0, 2, 0);
    cr_assert_eq(th_store_unsettled(run_case.store, 0).in_run, 2);
}

Test(store_run, age_goes_by_the_oldest_row_of_a_book)
{
    run_case_defer(0, 1, 0);
    run_case_defer(1, 1, 0);
    run_case_defer(0, 1, 1);
    cr_assert_eq(th_store_unsettled_count(run_case.store), 2);
    const struct th_unsettled a = th_store_unsettled(run_case.store, 0),
                              b = th_store_unsettled(run_case.store, 1);
    cr_assert_eq(a.book.obligation, run_case_book(0).obligation);
    cr_assert_eq(a.in_run, 2);
    cr_assert_lt(a.oldest, b.oldest);
    cr_assert_eq(a.behind, 3);
    cr_assert_eq(b.behind, 2);
    cr_assert_eq(th_store_begin(run_case.store), 0);
    run_case_put(&run_case.known, 2, 0, 0);
    const struct th_unsettled fresh = th_store_unsettled(run_case.store, 2);
    cr_assert_eq(fresh.in_batch, 1);
    cr_assert_eq(fresh.oldest, UINT64_MAX);
    cr_assert_eq(fresh.behind, 0);
    th_store_abort(run_case.store);
    cr_assert_eq(th_store_unsettled_count(run_case.store), 2);
}

Test(store_run, numbers_of_pieces_grow_while_there_are_any)
{
    struct th_view *view;
    uint64_t number;
    for (uint32_t i = 0; i < 5; i++)
        run_case_defer(i % 2, 0, 0);
    run_case_settle(0);
    run_case_defer(0, 0, 0);
    cr_assert_eq(th_view_open(run_case.store, &view), 0);
    struct pieces pieces = pieces_of(view);
    uint64_t last = 0;
    for (size_t i = 0; i < pieces.count; i++) {
        cr_assert_eq(th_schema_read_number(pieces.keys[i], &number), 0);
        cr_assert(i == 0 || number == last + 1);
        last = number;
    }
    cr_assert_eq(last, 6);
    th_view_close(view);
}

Test(store_run, rollups_of_an_unsettled_book_are_not_told)
{
    static const struct th_rollup_layout layout;
    static uint32_t cells_at[2];
    static const struct th_catalogue catalogue = {.number_max = 0};
    struct th_rollup_layout empty = layout;
    uint32_t reported[1] = {0};
    th_int128 cells[1] = {0};
    const struct th_rollup rollup = {.counts.received = 3, .reported = reported, .cells = cells};
    struct th_rollup back;
    struct th_arena arena;
    struct th_view *view;
    struct th_digest digest;
    bool is_settled = true;
    empty.catalogue = &catalogue;
    empty.cells_at = cells_at;
    th_arena_init(&arena, 4096, 1 << 20);
    cr_assert_eq(th_store_begin(run_case.store), 0);
    cr_assert_eq(
        th_store_put_rollup(run_case.store, run_case_book(0), 0, TH_BRANCH_ALL, &empty, &rollup),
        0);
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), 0);
    run_case_defer(0, 1, 0);
    cr_assert_eq(th_view_open(run_case.store, &view), 0);
    cr_assert_eq(th_view_is_settled(view, run_case_book(0), &is_settled), 0);
    cr_assert_not(is_settled);
    cr_assert_eq(th_view_rollup(view, run_case_book(0), 0, TH_BRANCH_ALL, &empty, &arena, &back),
                 TH_E_NOT_FOUND);
    cr_assert_eq(th_view_state_digest(view, &digest), TH_E_INVALID);
    const struct th_rollup newer = {.counts.received = 4, .reported = reported, .cells = cells};
    cr_assert_eq(th_view_lay_rollup(view, run_case_book(0), 0, TH_BRANCH_ALL, &empty, &newer), 0);
    th_view_end_laying(view);
    cr_assert_eq(th_view_rollup(view, run_case_book(0), 0, TH_BRANCH_ALL, &empty, &arena, &back),
                 0);
    cr_assert_eq(back.counts.received, 4);
    cr_assert_eq(th_view_state_digest(view, &digest), 0);
    run_case_settle(0);
    cr_assert_eq(th_view_renew(view), 0);
    cr_assert_eq(th_view_rollup(view, run_case_book(0), 0, TH_BRANCH_ALL, &empty, &arena, &back),
                 0);
    cr_assert_eq(back.counts.received, 3, "what was laid is gone with its snapshot");
    th_view_close(view);
    th_arena_deinit(&arena);
}

Test(store_run, a_state_is_the_same_before_and_after_settling)
{
    struct th_digest before, after;
    struct th_view *view;
    for (uint32_t i = 0; i < 20; i++)
        run_case_defer(i % RUN_BOOKS, i % RUN_UNITS, i % RUN_NUMBERS);
    cr_assert_eq(th_view_open(run_case.store, &view), 0);
    (void)!th_view_is_settled(view, run_case_book(0), &(bool){false});
    th_view_end_laying(view); /* there are no rollups here */
    cr_assert_eq(th_view_state_digest(view, &before), 0);
    for (uint32_t book = 0; book < RUN_BOOKS; book++)
        run_case_settle(book);
    cr_assert_eq(th_view_renew(view), 0);
    cr_assert_eq(th_view_state_digest(view, &after), 0);
    cr_assert_eq(memcmp(&before, &after, sizeof before), 0);
    th_view_close(view);
}

struct keys {
    uint8_t bytes[400][TH_SCHEMA_KEY_MAX];
    size_t count;
};

static int on_inspected(void *context, const struct th_inspected *row)
{
    struct keys *keys = context;
    if (row->table != TH_TABLE_RUN) {
        cr_assert_lt(keys->count, 400);
        memcpy(keys->bytes[keys->count], row->key.bytes, row->key.size);
        memcpy(keys->bytes[keys->count++] + row->key.size, row->content.bytes,
               row->content.size < 8 ? row->content.size : 8);
    }
    return 0;
}

/* In pieces of a few rows. */
static void inspect_all(struct th_view *view, size_t rows_max, struct keys *keys)
{
    struct th_schema_key last = {.size = 0};
    keys->count = 0;
    memset(keys->bytes, 0, sizeof keys->bytes);
    do {
        struct th_schema_key after = last;
        cr_assert_eq(th_view_inspect_settled(view, &after, rows_max, on_inspected, keys, &last), 0);
    } while (last.size > 0);
}

Test(store_run, an_inspection_sees_what_it_will_see_when_all_is_settled)
{
    static struct keys whole, pieces, settled;
    struct th_view *view;
    for (uint32_t i = 0; i < 40; i++) {
        run_case_defer(i % RUN_BOOKS, i % RUN_UNITS, i % RUN_NUMBERS);
        if (i % 11 == 10)
            run_case_settle(i % RUN_BOOKS);
    }
    cr_assert_eq(th_view_open(run_case.store, &view), 0);
    inspect_all(view, SIZE_MAX, &whole);
    inspect_all(view, 3, &pieces);
    for (uint32_t book = 0; book < RUN_BOOKS; book++)
        run_case_settle(book);
    cr_assert_eq(th_view_renew(view), 0);
    inspect_all(view, 5, &settled);
    cr_assert_gt(whole.count, 30);
    cr_assert_eq(memcmp(&whole, &settled, sizeof whole), 0);
    cr_assert_eq(memcmp(&pieces, &settled, sizeof pieces), 0);
    th_view_close(view);
}

/* ---- damage ---- */

static unsigned scrub_faults(struct th_store *from)
{
    struct th_scrub *scrub;
    bool done = false;
    cr_assert_eq(th_scrub_new(from, &scrub), 0);
    th_scrub_begin(scrub, (th_instant){1});
    while (!done)
        cr_assert_eq(th_scrub_step(scrub, 1000, (th_instant){2}, &done), 0);
    unsigned faults = (unsigned)th_scrub_report(scrub)->faults;
    th_scrub_free(scrub);
    return faults;
}

Test(store_run, every_byte_of_the_run_that_is_damaged_is_found)
{
    struct th_view *view;
    struct th_row row;
    for (uint32_t i = 0; i < 3; i++)
        run_case_defer(i, i, 0);
    cr_assert_eq(scrub_faults(run_case.store), 0);
    cr_assert_eq(th_view_open(run_case.store, &view), 0);
    struct pieces pieces = pieces_of(view);
    cr_assert_eq(pieces.count, 3);
    for (size_t i = 0; i < pieces.count; i++) {
        off_t at = damage_offset(&run_case.fixture, pieces.values[i].bytes);
        for (size_t byte = 0; byte < pieces.values[i].size; byte++) {
            damage_flip(&run_case.fixture, at + (off_t)byte, (unsigned)(byte + i) % 8);
            cr_assert_geq(scrub_faults(run_case.store), 1, "piece %zu byte %zu", i, byte);
            cr_assert_eq(th_view_renew(view), 0);
            cr_assert_eq(th_view_row(view, run_case_book(0), 0, 0, &row), TH_E_CORRUPT);
            damage_flip(&run_case.fixture, at + (off_t)byte, (unsigned)(byte + i) % 8);
        }
    }
    th_view_close(view);
    cr_assert_eq(scrub_faults(run_case.store), 0);
}

static void expect_refused(const char *what)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    th_store_close(run_case.store);
    cr_assert_eq(store_fixture_try(&run_case.fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT, "%s",
                 what);
    cr_assert_not_null(strstr(problem, "loạt chờ"), "%s: %s", what, problem);
    run_case.store = store_fixture_open(&run_case.fixture,
                                        TH_STORE_READ); /* what does not need it can be read */
    struct th_view *view;
    struct th_row row;
    cr_assert_eq(th_view_open(run_case.store, &view), 0);
    cr_assert_eq(th_view_row(view, run_case_book(0), 0, 0, &row), TH_E_CORRUPT, "%s", what);
    th_view_close(view);
}

Test(store_run, a_run_with_a_piece_missing_is_refused)
{
    for (uint32_t i = 0; i < 3; i++)
        run_case_defer(i, i, 0);
    struct th_schema_key middle = th_schema_key_log(TH_TABLE_RUN, 1);
    th_store_close(run_case.store);
    damage_remove(&run_case.fixture, &middle);
    run_case.store = store_fixture_open(&run_case.fixture, TH_STORE_READ);
    expect_refused("missing");
}

Test(store_run, a_piece_that_is_no_sequence_of_records_is_refused)
{
    static const uint8_t cut[] = {TH_RUN_ROW, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 9, 1};
    static const uint8_t kind[] = {0x23, 0, 0, 0, 7};
    static const uint8_t zeroth[] = {
        TH_RUN_REVISION, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const struct th_bytes contents[] = {
        {cut, sizeof cut}, {kind, sizeof kind}, {zeroth, sizeof zeroth}, {kind, 0}};
    struct th_schema_key first = th_schema_key_log(TH_TABLE_RUN, 0);
    run_case_defer(0, 0, 0);
    for (size_t i = 0; i < 3; i++) {
        th_store_close(run_case.store);
        damage_replace(&run_case.fixture, &first, contents[i]);
        run_case.store = store_fixture_open(&run_case.fixture, TH_STORE_READ);
        cr_assert_geq(scrub_faults(run_case.store), 1, "%zu", i);
        expect_refused("form");
    }
    cr_assert_eq(th_run_check(contents[3]), TH_E_CORRUPT);
}
