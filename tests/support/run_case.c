/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/run_case.h"

#include <criterion/criterion.h>
#include <string.h>

struct run_case run_case;

void run_case_init(void)
{
    store_fixture_init(&run_case.fixture, (size_t)64 << 20);
    run_case.store = store_fixture_open(&run_case.fixture, TH_STORE_WRITE);
    run_case.known = (struct run_model){0};
}

void run_case_deinit(void)
{
    th_store_close(run_case.store);
    store_fixture_deinit(&run_case.fixture);
}

struct th_book_id run_case_book(uint32_t book)
{
    return (struct th_book_id){(uint16_t)(book / 2), (uint16_t)(7 + book)};
}

/* ---- writing ---- */

/* Rows of all sizes, also one that is longer than a value of the run usually is. */
void run_case_put(struct run_model *model, uint32_t book, uint32_t unit, uint32_t number)
{
    static uint8_t values[9000];
    uint32_t revision = ++model->revision[book][unit][number];
    struct th_revision old = {.unit = unit, .number = number, .revision = revision - 1};
    old.position = 1000 * revision + unit;
    if (revision > 1)
        cr_assert_eq(th_store_put_revision(run_case.store, run_case_book(book), &old), 0);
    size_t size = revision % 7 == 0 ? sizeof values : 20 * revision % 300;
    memset(values, (int)(revision + unit), size);
    const struct th_row row = {.unit = unit,
                               .number = number,
                               .revision = revision,
                               .position = revision,
                               .timeliness = TH_TIMELINESS_ON_TIME,
                               .values = values,
                               .values_size = (uint32_t)size};
    cr_assert_eq(th_store_put_row(run_case.store, run_case_book(book), &row), 0);
}

/* A batch that is deferred as a whole. */
void run_case_defer(uint32_t book, uint32_t unit, uint32_t number)
{
    cr_assert_eq(th_store_begin(run_case.store), 0);
    run_case_put(&run_case.known, book, unit, number);
    th_store_defer(run_case.store);
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), 0);
}

void run_case_settle(uint32_t book)
{
    cr_assert_eq(th_store_begin(run_case.store), 0);
    cr_assert_eq(th_store_settle(run_case.store, run_case_book(book)), 0);
    th_store_defer(run_case.store);
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), 0);
}

void run_case_reopen(void)
{
    th_store_close(run_case.store);
    run_case.store = store_fixture_open(&run_case.fixture, TH_STORE_WRITE);
}

/* ---- reading ---- */

struct seen {
    const struct run_model *model;
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

static bool is_report_right(struct th_view *view, const struct run_model *model, uint32_t book,
                            uint32_t unit, uint32_t number)
{
    uint32_t revision = model->revision[book][unit][number];
    struct seen seen = {.model = model};
    struct th_revision old;
    struct th_row row;
    int status = th_view_row(view, run_case_book(book), unit, number, &row);
    if (revision == 0)
        return status == TH_E_NOT_FOUND;
    if (status != 0 || row.revision != revision ||
        th_view_revisions(view, run_case_book(book), unit, number, on_revision, &seen) != 0 ||
        seen.is_wrong || seen.revisions != revision - 1)
        return false;
    return th_view_revision(view, run_case_book(book), unit, number, revision, &old) ==
               TH_E_NOT_FOUND &&
           (revision == 1 ||
            th_view_revision(view, run_case_book(book), unit, number, revision - 1, &old) == 0);
}

/* Every reading of a view against the model. */
bool run_case_is_seen_by(struct th_view *view, const struct run_model *model)
{
    bool right = true;
    for (uint32_t book = 0; book < RUN_BOOKS; book++) {
        struct seen seen = {.model = model, .book = book};
        uint32_t count = 0;
        for (uint32_t unit = 0; unit < RUN_UNITS; unit++)
            for (uint32_t number = 0; number < RUN_NUMBERS; number++) {
                right = right && is_report_right(view, model, book, unit, number);
                count += model->revision[book][unit][number] > 0;
            }
        right = right && th_view_rows(view, run_case_book(book), on_row, &seen) == 0 &&
                !seen.is_wrong && seen.count == count;
    }
    return right;
}

/* ---- histories ---- */

static void put_some(struct random *random, struct run_model *model)
{
    for (uint32_t i = random_below(random, 12); i > 0; i--)
        run_case_put(model, random_below(random, RUN_BOOKS), random_below(random, RUN_UNITS),
                     random_below(random, RUN_NUMBERS));
}

void run_case_batch(struct random *random)
{
    struct run_model next = run_case.known;
    cr_assert_eq(th_store_begin(run_case.store), 0);
    put_some(random, &next);
    for (uint32_t book = 0; book < RUN_BOOKS; book++)
        if (random_below(random, 5) == 0)
            cr_assert_eq(th_store_settle(run_case.store, run_case_book(book)), 0);
    if (random_below(random, 4) > 0)
        th_store_defer(run_case.store);
    if (random_below(random, 5) == 0) {
        th_store_abort(run_case.store);
        return;
    }
    cr_assert_eq(th_store_commit(run_case.store, &run_case.fixture.signer), 0);
    run_case.known = next;
}
