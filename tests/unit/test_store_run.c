/* SPDX-License-Identifier: Apache-2.0 */
/* Rows in the run are read as those in their tables, whatever was settled, aborted or reopened. */
#include "aggregator/store/inspect.h"
#include "aggregator/store/internal.h"
#include "aggregator/store/run.h"
#include "aggregator/store/scrub.h"
#include "tests/support/damage.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BOOKS = 3, UNITS = 5, NUMBERS = 2 };

/* What a store has to show: of each report, how many revisions there are. */
struct model {
    uint32_t revision[BOOKS][UNITS][NUMBERS];
};

static struct store_fixture fixture;
static struct th_store *store;
static struct model known;

static void set_up(void)
{
    store_fixture_init(&fixture, (size_t)64 << 20);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
    known = (struct model){0};
}

static void tear_down(void)
{
    th_store_close(store);
    store_fixture_deinit(&fixture);
}

TestSuite(store_run, .init = set_up, .fini = tear_down, .timeout = 100);

static struct th_book_id book_of(uint32_t book)
{
    return (struct th_book_id){(uint16_t)(book / 2), (uint16_t)(7 + book)};
}

/* ---- writing ---- */

/* Rows of all sizes, also one that is longer than a value of the run usually is. */
static void put(struct model *model, uint32_t book, uint32_t unit, uint32_t number)
{
    static uint8_t values[9000];
    uint32_t revision = ++model->revision[book][unit][number];
    struct th_revision old = {.unit = unit, .number = number, .revision = revision - 1};
    old.position = 1000 * revision + unit;
    if (revision > 1)
        cr_assert_eq(th_store_put_revision(store, book_of(book), &old), 0);
    size_t size = revision % 7 == 0 ? sizeof values : 20 * revision % 300;
    memset(values, (int)(revision + unit), size);
    const struct th_row row = {.unit = unit,
                               .number = number,
                               .revision = revision,
                               .position = revision,
                               .timeliness = TH_TIMELINESS_ON_TIME,
                               .values = values,
                               .values_size = (uint32_t)size};
    cr_assert_eq(th_store_put_row(store, book_of(book), &row), 0);
}

/* A batch that is deferred as a whole. */
static void defer_one(uint32_t book, uint32_t unit, uint32_t number)
{
    cr_assert_eq(th_store_begin(store), 0);
    put(&known, book, unit, number);
    th_store_defer(store);
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
}

static void settle_one(uint32_t book)
{
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_settle(store, book_of(book)), 0);
    th_store_defer(store);
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
}

static void reopen(void)
{
    th_store_close(store);
    store = store_fixture_open(&fixture, TH_STORE_WRITE);
}

/* ---- reading ---- */

struct seen {
    const struct model *model;
    uint32_t book, count;
    uint64_t last; /* key */
    uint32_t revisions;
    bool is_wrong;
};

static int on_row(void *context, const struct th_row *row)
{
    struct seen *seen = context;
    uint64_t key = (uint64_t)row->unit << 32 | row->number;
    uint32_t revision = seen->model->revision[seen->book][row->unit][row->number];
    if ((seen->count > 0 && key <= seen->last) || row->revision != revision ||
        (row->values_size > 0 && row->values[0] != (uint8_t)(revision + row->unit)))
        seen->is_wrong = true;
    seen->last = key;
    seen->count++;
    return 0;
}

static int on_revision(void *context, const struct th_revision *revision)
{
    struct seen *seen = context;
    seen->revisions++;
    if (revision->revision != seen->revisions ||
        revision->position != 1000 * (revision->revision + 1) + revision->unit)
        seen->is_wrong = true;
    return 0;
}

static bool is_report_right(struct th_view *view, const struct model *model, uint32_t book,
                            uint32_t unit, uint32_t number)
{
    uint32_t revision = model->revision[book][unit][number];
    struct seen seen = {.model = model};
    struct th_revision old;
    struct th_row row;
    int status = th_view_row(view, book_of(book), unit, number, &row);
    if (revision == 0)
        return status == TH_E_NOT_FOUND;
    if (status != 0 || row.revision != revision ||
        th_view_revisions(view, book_of(book), unit, number, on_revision, &seen) != 0 ||
        seen.is_wrong || seen.revisions != revision - 1)
        return false;
    return th_view_revision(view, book_of(book), unit, number, revision, &old) == TH_E_NOT_FOUND &&
           (revision == 1 ||
            th_view_revision(view, book_of(book), unit, number, revision - 1, &old) == 0);
}

/* Every reading of a view against the model. */
static bool is_seen_by(struct th_view *view, const struct model *model)
{
    bool right = true;
    for (uint32_t book = 0; book < BOOKS; book++) {
        struct seen seen = {.model = model, .book = book};
        uint32_t count = 0;
        for (uint32_t unit = 0; unit < UNITS; unit++)
            for (uint32_t number = 0; number < NUMBERS; number++) {
                right = right && is_report_right(view, model, book, unit, number);
                count += model->revision[book][unit][number] > 0;
            }
        right = right && th_view_rows(view, book_of(book), on_row, &seen) == 0 && !seen.is_wrong &&
                seen.count == count;
    }
    return right;
}

static bool is_right(struct th_store *from, const struct model *model)
{
    struct th_view *view;
    if (th_view_open(from, &view) != 0)
        return false;
    bool right = is_seen_by(view, model);
    th_view_close(view);
    return right;
}

static bool is_right_elsewhere(const struct model *model)
{
    int result = 0;
    pid_t child = fork();
    if (child == 0) {
        struct th_store *other;
        if (th_store_open(fixture.folder, TH_STORE_READ, NULL, NULL, &other) != 0)
            _exit(2);
        _exit(is_right(other, model) ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &result, 0), child);
    return WIFEXITED(result) && WEXITSTATUS(result) == 0;
}

/* Another process with one view, which is renewed whenever it is asked. */
struct follower {
    pid_t pid;
    int questions, answers;
};

_Noreturn static void follow(int questions, int answers)
{
    struct th_store *other;
    struct th_view *view = NULL;
    struct model model;
    (void)close(store->owner_fd); /* or the writer could not open it again */
    if (th_store_open(fixture.folder, TH_STORE_READ, NULL, NULL, &other) != 0 ||
        write(answers, &(bool){true}, sizeof(bool)) != sizeof(bool))
        _exit(2);
    while (read(questions, &model, sizeof model) == (ssize_t)sizeof model) {
        int status = view == NULL ? th_view_open(other, &view) : th_view_renew(view);
        bool right = status == 0 && is_seen_by(view, &model);
        if (write(answers, &right, sizeof right) != (ssize_t)sizeof right)
            break;
    }
    _exit(0);
}

static struct follower follower_start(void)
{
    struct follower follower;
    int to[2], from[2];
    bool is_there;
    cr_assert_eq(pipe(to), 0);
    cr_assert_eq(pipe(from), 0);
    follower.pid = fork();
    if (follower.pid == 0) {
        (void)close(to[1]);
        (void)close(from[0]);
        follow(to[0], from[1]);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    follower.questions = to[1];
    follower.answers = from[0];
    cr_assert_eq(read(follower.answers, &is_there, sizeof is_there), sizeof is_there);
    return follower;
}

static bool follower_is_right(const struct follower *follower, const struct model *model)
{
    bool right = false;
    cr_assert_eq(write(follower->questions, model, sizeof *model), sizeof *model);
    cr_assert_eq(read(follower->answers, &right, sizeof right), sizeof right);
    return right;
}

static void follower_stop(const struct follower *follower)
{
    int result = 0;
    (void)close(follower->questions);
    (void)close(follower->answers);
    cr_assert_eq(waitpid(follower->pid, &result, 0), follower->pid);
    cr_assert(WIFEXITED(result) && WEXITSTATUS(result) == 0);
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
    cr_assert_eq(th_view_open(store, &view), 0);
    size_t count = pieces_of(view).count;
    th_view_close(view);
    return count;
}

/* ---- histories ---- */

static void put_some(struct random *random, struct model *model)
{
    for (uint32_t i = random_below(random, 12); i > 0; i--)
        put(model, random_below(random, BOOKS), random_below(random, UNITS),
            random_below(random, NUMBERS));
}

static void do_batch(struct random *random)
{
    struct model next = known;
    cr_assert_eq(th_store_begin(store), 0);
    put_some(random, &next);
    for (uint32_t book = 0; book < BOOKS; book++)
        if (random_below(random, 5) == 0)
            cr_assert_eq(th_store_settle(store, book_of(book)), 0);
    if (random_below(random, 4) > 0)
        th_store_defer(store);
    if (random_below(random, 5) == 0) {
        th_store_abort(store);
        return;
    }
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
    known = next;
}

static void settle_all_and_reopen(void)
{
    for (uint32_t book = 0; book < BOOKS; book++)
        settle_one(book);
    cr_assert_eq(pieces_count(), 0);
    reopen();
}

/* The run's values are numbered anew by a writer that finds none: as many of the same sizes, or
 * fewer, are not those that the view knows. */
Test(store_run, a_view_that_outlives_a_run_is_not_taken_in_by_the_next_one)
{
    struct follower follower = follower_start();
    for (uint32_t unit = 0; unit < 3; unit++)
        defer_one(0, unit, 0);
    cr_assert(follower_is_right(&follower, &known));
    settle_all_and_reopen();
    for (uint32_t unit = 0; unit < 3; unit++)
        defer_one(1, unit, 0);
    cr_assert(follower_is_right(&follower, &known), "as many");
    settle_all_and_reopen();
    defer_one(2, 0, 0);
    cr_assert(follower_is_right(&follower, &known), "fewer");
    follower_stop(&follower);
}

/* Also over starts of the writer, and when many batches have passed. */
Test(store_run, a_view_that_is_renewed_sees_what_was_committed)
{
    for (uint64_t seed = 101; seed <= 112; seed++) {
        struct random random = {seed};
        struct follower follower = follower_start();
        uint32_t pause = 1 + random_below(&random, 9);
        for (unsigned batch = 0; batch < 120; batch++) {
            do_batch(&random);
            if (random_below(&random, pause) == 0)
                cr_assert(follower_is_right(&follower, &known), "seed %d batch %u", (int)seed,
                          batch);
            if (random_below(&random, 12) == 0)
                reopen();
        }
        for (uint32_t book = 0; book < BOOKS; book++)
            settle_one(book);
        cr_assert(follower_is_right(&follower, &known));
        follower_stop(&follower);
    }
}

Test(store_run, after_every_batch_readers_see_what_was_committed)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct random random = {seed};
        for (unsigned batch = 0; batch < 60; batch++) {
            do_batch(&random);
            cr_assert(is_right(store, &known), "seed %d batch %u", (int)seed, batch);
            if (random_below(&random, 10) == 0)
                reopen();
            if (batch % 15 == 0)
                cr_assert(is_right_elsewhere(&known), "seed %d batch %u", (int)seed, batch);
        }
        for (uint32_t book = 0; book < BOOKS; book++)
            settle_one(book);
        cr_assert_eq(pieces_count(), 0);
        cr_assert_eq(th_store_unsettled_count(store), 0);
        cr_assert(is_right(store, &known));
        cr_assert(is_right_elsewhere(&known));
    }
}

Test(store_run, the_check_above_sees_a_row_that_is_older)
{
    defer_one(0, 1, 0);
    struct model wrong = known;
    wrong.revision[0][1][0]++;
    cr_assert(is_right(store, &known));
    cr_assert_not(is_right(store, &wrong));
    wrong = known;
    wrong.revision[2][1][0]++;
    cr_assert_not(is_right(store, &wrong));
}

/* ---- settling ---- */

Test(store_run, what_is_written_at_its_place_later_counts_before_an_older_piece_of_the_run)
{
    defer_one(0, 1, 0);
    cr_assert_eq(th_store_begin(store), 0); /* keeps the first piece */
    put(&known, 1, 1, 0);
    put(&known, 0, 2, 0);
    th_store_defer(store);
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
    cr_assert_eq(th_store_begin(store), 0);
    put(&known, 1, 3, 0);
    cr_assert_eq(th_store_settle(store, book_of(0)), 0);
    th_store_defer(store);
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
    cr_assert_eq(pieces_count(), 2); /* the first one went, the second has a row of another book */
    cr_assert_eq(th_store_begin(store), 0);
    put(&known, 0, 2, 0);
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
    cr_assert(is_right(store, &known));
    cr_assert(is_right_elsewhere(&known));
    reopen();
    cr_assert(is_right(store, &known));
}

Test(store_run, a_batch_that_says_nothing_settles_the_books_that_it_touches)
{
    defer_one(0, 1, 0);
    defer_one(1, 1, 0);
    cr_assert_eq(th_store_begin(store), 0);
    put(&known, 0, 1, 1);
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
    cr_assert_eq(th_store_unsettled_count(store), 1);
    const struct th_unsettled left = th_store_unsettled(store, 0);
    cr_assert_eq(left.book.obligation, book_of(1).obligation);
    cr_assert_eq(left.in_run, 1);
    cr_assert_eq(left.in_batch, 0);
}

/* The sink that fills a value says only at the end that it had no memory. */
Test(store_run, a_value_without_memory_fails_the_commit)
{
    defer_one(0, 1, 0);
    const struct model before = known;
    cr_assert_eq(th_store_begin(store), 0);
    put(&known, 0, 1, 1);
    th_store_defer(store);
    store->run.value.failed = true;
    cr_assert_eq(th_store_commit(store, &fixture.signer), TH_E_NO_MEMORY);
    known = before;
    cr_assert_eq(th_store_unsettled(store, 0).in_run, 1);
    defer_one(0, 2, 0);
    cr_assert_eq(th_store_unsettled(store, 0).in_run, 2);
}

Test(store_run, age_goes_by_the_oldest_row_of_a_book)
{
    defer_one(0, 1, 0);
    defer_one(1, 1, 0);
    defer_one(0, 1, 1);
    cr_assert_eq(th_store_unsettled_count(store), 2);
    const struct th_unsettled a = th_store_unsettled(store, 0), b = th_store_unsettled(store, 1);
    cr_assert_eq(a.book.obligation, book_of(0).obligation);
    cr_assert_eq(a.in_run, 2);
    cr_assert_lt(a.oldest, b.oldest);
    cr_assert_eq(a.behind, 3);
    cr_assert_eq(b.behind, 2);
    cr_assert_eq(th_store_begin(store), 0);
    put(&known, 2, 0, 0);
    const struct th_unsettled fresh = th_store_unsettled(store, 2);
    cr_assert_eq(fresh.in_batch, 1);
    cr_assert_eq(fresh.oldest, UINT64_MAX);
    cr_assert_eq(fresh.behind, 0);
    th_store_abort(store);
    cr_assert_eq(th_store_unsettled_count(store), 2);
}

Test(store_run, numbers_of_pieces_grow_while_there_are_any)
{
    struct th_view *view;
    uint64_t number;
    for (uint32_t i = 0; i < 5; i++)
        defer_one(i % 2, 0, 0);
    settle_one(0);
    defer_one(0, 0, 0);
    cr_assert_eq(th_view_open(store, &view), 0);
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
    cr_assert_eq(th_store_begin(store), 0);
    cr_assert_eq(th_store_put_rollup(store, book_of(0), 0, TH_BRANCH_ALL, &empty, &rollup), 0);
    cr_assert_eq(th_store_commit(store, &fixture.signer), 0);
    defer_one(0, 1, 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_is_settled(view, book_of(0), &is_settled), 0);
    cr_assert_not(is_settled);
    cr_assert_eq(th_view_rollup(view, book_of(0), 0, TH_BRANCH_ALL, &empty, &arena, &back),
                 TH_E_NOT_FOUND);
    cr_assert_eq(th_view_state_digest(view, &digest), TH_E_INVALID);
    const struct th_rollup newer = {.counts.received = 4, .reported = reported, .cells = cells};
    cr_assert_eq(th_view_lay_rollup(view, book_of(0), 0, TH_BRANCH_ALL, &empty, &newer), 0);
    th_view_end_laying(view);
    cr_assert_eq(th_view_rollup(view, book_of(0), 0, TH_BRANCH_ALL, &empty, &arena, &back), 0);
    cr_assert_eq(back.counts.received, 4);
    cr_assert_eq(th_view_state_digest(view, &digest), 0);
    settle_one(0);
    cr_assert_eq(th_view_renew(view), 0);
    cr_assert_eq(th_view_rollup(view, book_of(0), 0, TH_BRANCH_ALL, &empty, &arena, &back), 0);
    cr_assert_eq(back.counts.received, 3, "what was laid is gone with its snapshot");
    th_view_close(view);
    th_arena_deinit(&arena);
}

Test(store_run, a_state_is_the_same_before_and_after_settling)
{
    struct th_digest before, after;
    struct th_view *view;
    for (uint32_t i = 0; i < 20; i++)
        defer_one(i % BOOKS, i % UNITS, i % NUMBERS);
    cr_assert_eq(th_view_open(store, &view), 0);
    (void)!th_view_is_settled(view, book_of(0), &(bool){false});
    th_view_end_laying(view); /* there are no rollups here */
    cr_assert_eq(th_view_state_digest(view, &before), 0);
    for (uint32_t book = 0; book < BOOKS; book++)
        settle_one(book);
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
        defer_one(i % BOOKS, i % UNITS, i % NUMBERS);
        if (i % 11 == 10)
            settle_one(i % BOOKS);
    }
    cr_assert_eq(th_view_open(store, &view), 0);
    inspect_all(view, SIZE_MAX, &whole);
    inspect_all(view, 3, &pieces);
    for (uint32_t book = 0; book < BOOKS; book++)
        settle_one(book);
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
        defer_one(i, i, 0);
    cr_assert_eq(scrub_faults(store), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    struct pieces pieces = pieces_of(view);
    cr_assert_eq(pieces.count, 3);
    for (size_t i = 0; i < pieces.count; i++) {
        off_t at = damage_offset(&fixture, pieces.values[i].bytes);
        for (size_t byte = 0; byte < pieces.values[i].size; byte++) {
            damage_flip(&fixture, at + (off_t)byte, (unsigned)(byte + i) % 8);
            cr_assert_geq(scrub_faults(store), 1, "piece %zu byte %zu", i, byte);
            cr_assert_eq(th_view_renew(view), 0);
            cr_assert_eq(th_view_row(view, book_of(0), 0, 0, &row), TH_E_CORRUPT);
            damage_flip(&fixture, at + (off_t)byte, (unsigned)(byte + i) % 8);
        }
    }
    th_view_close(view);
    cr_assert_eq(scrub_faults(store), 0);
}

static void expect_refused(const char *what)
{
    char problem[TH_STORE_PROBLEM_SIZE];
    th_store_close(store);
    cr_assert_eq(store_fixture_try(&fixture, TH_STORE_WRITE, problem), TH_E_CORRUPT, "%s", what);
    cr_assert_not_null(strstr(problem, "loạt chờ"), "%s: %s", what, problem);
    store = store_fixture_open(&fixture, TH_STORE_READ); /* what does not need it can be read */
    struct th_view *view;
    struct th_row row;
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_row(view, book_of(0), 0, 0, &row), TH_E_CORRUPT, "%s", what);
    th_view_close(view);
}

Test(store_run, a_run_with_a_piece_missing_is_refused)
{
    for (uint32_t i = 0; i < 3; i++)
        defer_one(i, i, 0);
    struct th_schema_key middle = th_schema_key_log(TH_TABLE_RUN, 1);
    th_store_close(store);
    damage_remove(&fixture, &middle);
    store = store_fixture_open(&fixture, TH_STORE_READ);
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
    defer_one(0, 0, 0);
    for (size_t i = 0; i < 3; i++) {
        th_store_close(store);
        damage_replace(&fixture, &first, contents[i]);
        store = store_fixture_open(&fixture, TH_STORE_READ);
        cr_assert_geq(scrub_faults(store), 1, "%zu", i);
        expect_refused("form");
    }
    cr_assert_eq(th_run_check(contents[3]), TH_E_CORRUPT);
}
