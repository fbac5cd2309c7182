/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which books settle in a commit (aggregator/store/run.h).
 *
 * What a commit costs is pages: a book of thousands of rows has hundreds, and many rows share one.
 * So under pressure the rows of a batch are deferred, and the largest books settle, the more of
 * them the fuller the run is; without pressure a small batch settles at once, as nobody waits. No
 * commit settles more than a bounded number, so that nobody waits for one.
 *
 * Depends on nothing but what came: no time, no size of the store.
 */
#include "aggregator/driver/parts.h"
#include "base/assert.h"

#include <stdlib.h>

#define BOOK_COST 512 /* of a book's rollups, in rows */

static const struct th_driver_bounds defaults = {.book_rows = 1024,
                                                 .large_rows = 8192,
                                                 .run_rows = 524288,
                                                 .run_values = 65536,
                                                 .commit_rows = 4096,
                                                 .few_rows = 16,
                                                 .idle_rows = 1024,
                                                 .row_bytes = 192,
                                                 .warm_books = 256};

static size_t or_default(size_t bound, size_t otherwise)
{
    return bound == 0 ? otherwise : bound;
}

struct th_driver_bounds th_driver_bounds_of(const struct th_driver_bounds *wanted)
{
    return (struct th_driver_bounds){
        .book_rows = or_default(wanted->book_rows, defaults.book_rows),
        .large_rows = or_default(wanted->large_rows, defaults.large_rows),
        .run_rows = or_default(wanted->run_rows, defaults.run_rows),
        .run_values = or_default(wanted->run_values, defaults.run_values),
        .commit_rows = or_default(wanted->commit_rows, defaults.commit_rows),
        .few_rows = or_default(wanted->few_rows, defaults.few_rows),
        .idle_rows = or_default(wanted->idle_rows, defaults.idle_rows),
        .row_bytes = or_default(wanted->row_bytes, defaults.row_bytes),
        .warm_books = or_default(wanted->warm_books, defaults.warm_books)};
}

struct th_driver_settling {
    struct th_unsettled what;
    size_t rows;    /* what it counts as: its memory is bounded by their number */
    size_t brought; /* of these, by the batch */
    bool is_chosen;
};

static int by_age(const void *a, const void *b)
{
    const struct th_driver_settling *x = a, *y = b;
    return (x->what.oldest > y->what.oldest) - (x->what.oldest < y->what.oldest);
}

static int compare_books(struct th_book_id a, struct th_book_id b)
{
    if (a.plan != b.plan)
        return a.plan < b.plan ? -1 : 1;
    return (a.obligation > b.obligation) - (a.obligation < b.obligation);
}

static int by_book(const void *a, const void *b)
{
    const struct th_driver_settling *x = a, *y = b;
    return compare_books(x->what.book, y->what.book);
}

static int by_size(const void *a, const void *b)
{
    const struct th_driver_settling *x = a, *y = b;
    return x->rows != y->rows ? (x->rows < y->rows) - (x->rows > y->rows) : by_book(a, b);
}

/* Of what all records count as, that of the batch's, rounded up. */
static size_t share(size_t counts_as, size_t in_batch, size_t rows)
{
    return rows == 0 ? 0 : (counts_as * in_batch + rows - 1) / rows;
}

static int list_unsettled(struct th_driver *driver)
{
    const struct th_store_port *store = &driver->ports.store;
    size_t count = store->unsettled_count(store->context);
    driver->settling = NULL;
    driver->settling_count = count;
    if (count == 0)
        return 0;
    driver->settling = th_arena_alloc_array(&driver->batch->arena, count, sizeof *driver->settling);
    if (driver->settling == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct th_unsettled what = store->unsettled(store->context, i);
        size_t rows = what.in_run + what.in_batch, of_bytes = what.bytes / driver->bounds.row_bytes;
        size_t counts_as = rows > of_bytes ? rows : of_bytes;
        driver->settling[i] = (struct th_driver_settling){
            .what = what, .rows = counts_as, .brought = share(counts_as, what.in_batch, rows)};
    }
    return 0;
}

/* What is left to spend, and in the run. */
struct spending {
    size_t left, in_run;
    bool has_begun;
};

/* The first one always: a commit that has to settle settles something. */
static bool choose(struct th_driver_settling *settling, struct spending *spending)
{
    size_t cost = settling->rows + BOOK_COST;
    if (settling->is_chosen)
        return true;
    if (spending->has_begun && cost > spending->left)
        return false;
    settling->is_chosen = true;
    spending->has_begun = true;
    spending->left -= cost < spending->left ? cost : spending->left;
    spending->in_run -= settling->rows;
    return true;
}

/* In the order of age: too much is unsettled, or a book that rests at the front of the run keeps
 * too much behind it there. Idle: whatever there is. */
static void choose_oldest(struct th_driver *driver, bool is_idle, struct spending *spending)
{
    const struct th_driver_bounds *bounds = &driver->bounds;
    qsort(driver->settling, driver->settling_count, sizeof *driver->settling, by_age);
    for (size_t i = 0; i < driver->settling_count; i++) {
        struct th_driver_settling *settling = &driver->settling[i];
        bool is_long = spending->in_run > bounds->run_rows;
        bool is_resting = settling->what.behind > bounds->run_values;
        if ((!is_idle && !is_long && !is_resting) || !choose(settling, spending))
            break;
    }
}

/*
 * Long before the run is full a batch settles in proportion to what it brings: nothing until the
 * run is half full, as much as it brings at three quarters, twice that when it is full. So a burst
 * ends with a run that stays as long as it is, and no commit has to do the work of many. The
 * largest books first: a page that is written has more of their rows. One that has become so large
 * that its settling would be felt settles in any case.
 */
static void choose_largest(struct th_driver *driver, size_t in_batch, struct spending *spending)
{
    size_t free_rows = driver->bounds.run_rows / 2;
    size_t over = spending->in_run > free_rows ? spending->in_run - free_rows : 0;
    driver->settle_due = over == 0 ? 0 : driver->settle_due + in_batch * over * 2 / (free_rows + 1);
    qsort(driver->settling, driver->settling_count, sizeof *driver->settling, by_size);
    for (size_t i = 0; i < driver->settling_count; i++) {
        struct th_driver_settling *settling = &driver->settling[i];
        size_t rows = settling->rows;
        if (settling->is_chosen)
            continue;
        if ((rows > driver->settle_due && rows < driver->bounds.large_rows) ||
            !choose(settling, spending))
            break;
        driver->settle_due -= rows < driver->settle_due ? rows : driver->settle_due;
    }
}

/* Idle: little at once, as whoever comes meanwhile waits for it. */
static void choose_all(struct th_driver *driver, bool is_idle)
{
    struct spending spending = {.left = is_idle ? driver->bounds.idle_rows
                                                : driver->bounds.commit_rows};
    size_t in_batch = 0;
    for (size_t i = 0; i < driver->settling_count; i++) {
        in_batch += driver->settling[i].brought;
        spending.in_run += driver->settling[i].rows;
    }
    spending.left += 2 * in_batch; /* more than comes in, or it would grow for ever */
    bool is_small = !driver->is_pressed && spending.in_run <= driver->bounds.few_rows;
    for (size_t i = 0; i < driver->settling_count; i++)
        if (is_small)
            driver->settling[i].is_chosen = true;
        else if (driver->settling[i].what.in_batch >= driver->bounds.book_rows)
            (void)choose(&driver->settling[i], &spending);
    if (!is_idle)
        choose_largest(driver, in_batch, &spending);
    choose_oldest(driver, is_idle, &spending);
}

/* A rollup is written now unless its book stays unsettled. */
static bool is_written(void *context, struct th_book_id book)
{
    const struct th_driver *driver = context;
    const struct th_driver_settling wanted = {.what.book = book};
    const struct th_driver_settling *found =
        driver->settling_count == 0
            ? NULL
            : bsearch(&wanted, driver->settling, driver->settling_count, sizeof wanted, by_book);
    return found == NULL || found->is_chosen;
}

static int settle_chosen(struct th_driver *driver)
{
    const struct th_store_port *store = &driver->ports.store;
    int status = 0;
    for (size_t i = 0; i < driver->settling_count && status == 0; i++) {
        if (!driver->settling[i].is_chosen)
            continue;
        /* One that an earlier process has left: its rollups have to be counted. */
        status = th_driver_open_book(driver, driver->settling[i].what.book);
        if (status == 0)
            status = store->settle(store->context, driver->settling[i].what.book);
    }
    return status;
}

static int carry(struct th_driver *driver, bool is_idle)
{
    const struct th_store_port *store = &driver->ports.store;
    int status = list_unsettled(driver);
    if (status < 0)
        return status;
    if (driver->settling_count > 0) {
        choose_all(driver, is_idle);
        qsort(driver->settling, driver->settling_count, sizeof *driver->settling, by_book);
    }
    status = settle_chosen(driver);
    store->defer(store->context);
    return status < 0 ? status : th_driver_carry_rollups(driver, is_written);
}

int th_driver_carry_books(struct th_driver *driver)
{
    return carry(driver, false);
}

int th_driver_carry_rest(struct th_driver *driver)
{
    return carry(driver, true);
}
