/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core counts: one of its own is given the units, the plans and the rows of the book, and hands out
 * each rollup that they make.
 */
#include "aggregator/past/recount.h"

#include "aggregator/store/inspect.h"
#include "proto/wire/plan.h"

#include <string.h>

#define MIB                ((size_t)1024 * 1024)
#define BLOCK_BYTES        (MIB / 4)
#define BUDGET_BYTES       (512 * MIB)
#define ROLLUP_BLOCK_BYTES ((size_t)16 * 1024)
#define ROLLUP_BYTES       (4 * MIB)

struct recount {
    struct th_view *view;
    struct th_book_id book;
    struct th_core *core;
    struct th_arena arena;   /* units and plans: core borrows the plans */
    struct th_arena scratch; /* one rollup */
    struct th_unit *units;
    uint32_t units_count;
    size_t units_capacity;
    uint16_t plans_count;
    uint64_t counted; /* rollups that agree */
};

/* ---- into core ---- */

static int add_unit(void *context, uint32_t number, uint64_t position, const struct th_unit *unit)
{
    struct recount *recount = context;
    (void)position;
    if (number != recount->units_count)
        return TH_E_CORRUPT;
    struct th_unit *units = th_arena_grow(&recount->arena, recount->units, recount->units_count,
                                          &recount->units_capacity, 512, sizeof *units);
    if (units == NULL)
        return TH_E_NO_MEMORY;
    recount->units = units;
    recount->units[recount->units_count++] = *unit;
    return 0;
}

static int add_plan(void *context, uint16_t number, uint64_t position,
                    const struct th_digest *digest, th_instant loaded_at, struct th_bytes content)
{
    struct recount *recount = context;
    (void)position;
    if (number != recount->plans_count)
        return TH_E_CORRUPT;
    struct th_plan *plan = th_arena_alloc(&recount->arena, sizeof *plan);
    if (plan == NULL)
        return TH_E_NO_MEMORY;
    int status = th_wire_plan_decode(content, &recount->arena, plan);
    if (status < 0)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    recount->plans_count++;
    return th_core_load_plan(recount->core, plan, digest, loaded_at);
}

static int add_row(void *context, const struct th_row *row)
{
    struct recount *recount = context;
    return th_core_book_row(recount->core, recount->book, row);
}

/* Nothing that is counted depends on the mode or the realm. */
static int load(struct recount *recount)
{
    static const struct th_text realm = {"recount", 7};
    int status =
        th_core_load_identity(recount->core, TH_MODE_LIVE, realm, th_view_size(recount->view));
    if (status == 0)
        status = th_view_units(recount->view, &recount->arena, add_unit, recount);
    if (status == 0)
        status = th_core_load_units(recount->core, recount->units, recount->units_count);
    if (status == 0)
        status = th_view_plans(recount->view, add_plan, recount);
    return status;
}

static bool has_book(const struct recount *recount)
{
    return recount->book.plan < th_core_plans_count(recount->core) &&
           recount->book.obligation <
               th_core_plan(recount->core, recount->book.plan)->obligations_count;
}

/* ---- comparing ---- */

static bool same_counts(const struct th_counts *a, const struct th_counts *b)
{
    return a->has_expected == b->has_expected && a->expected == b->expected &&
           a->received == b->received && a->on_time == b->on_time && a->late == b->late &&
           a->undecided == b->undecided && a->returned == b->returned && a->exempt == b->exempt &&
           a->suspended == b->suspended && a->estimated == b->estimated && a->entered == b->entered;
}

static bool same_rollup(const struct th_rollup_layout *layout, const struct th_rollup *a,
                        const struct th_rollup *b)
{
    size_t reported = ((size_t)layout->catalogue->number_max + 1) * sizeof *a->reported;
    size_t cells = layout->cells_count * sizeof *a->cells;
    return same_counts(&a->counts, &b->counts) && memcmp(a->reported, b->reported, reported) == 0 &&
           (cells == 0 || memcmp(a->cells, b->cells, cells) == 0);
}

enum { DIFFERS = 1 }; /* no status */

static int compare(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                   const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    struct recount *recount = context;
    struct th_rollup stored;
    if (book.plan != recount->book.plan || book.obligation != recount->book.obligation)
        return 0;
    th_arena_reset(&recount->scratch);
    int status =
        th_view_rollup(recount->view, book, unit, branch, layout, &recount->scratch, &stored);
    if (status == TH_E_NOT_FOUND || status == TH_E_CORRUPT)
        return DIFFERS;
    if (status < 0)
        return status;
    recount->counted++;
    return same_rollup(layout, rollup, &stored) ? 0 : DIFFERS;
}

struct stored {
    struct th_schema_key prefix;
    uint64_t count;
};

static int count_stored(void *context, const struct th_inspected *row)
{
    struct stored *stored = context;
    if (row->key.size < stored->prefix.size ||
        memcmp(row->key.bytes, stored->prefix.bytes, stored->prefix.size) != 0)
        return DIFFERS; /* behind the last one of the book */
    stored->count++;
    return 0;
}

static int compare_all(struct recount *recount, bool *ret_agrees)
{
    struct stored stored = {.prefix = th_schema_key_book(TH_TABLE_ROLLUP, recount->book)};
    struct th_schema_key last;
    int status = th_core_take_dirty(recount->core, compare, recount);
    if (status != 0) {
        *ret_agrees = false;
        return status == DIFFERS ? 0 : status;
    }
    status = th_view_inspect(recount->view, &stored.prefix, SIZE_MAX, count_stored, &stored, &last);
    if (status < 0)
        return status;
    *ret_agrees = stored.count == recount->counted;
    return 0;
}

/* The core has the book as its reports are. TH_E_NOT_FOUND: no plan has such a book. */
static int count(struct recount *recount)
{
    int status = load(recount);
    if (status == 0 && !has_book(recount))
        status = TH_E_NOT_FOUND;
    if (status == 0)
        status = th_core_book_open(recount->core, recount->book);
    if (status == 0)
        status = th_view_rows(recount->view, recount->book, add_row, recount);
    return status;
}

static int begin(struct recount *recount)
{
    int status = th_core_new(BUDGET_BYTES, &recount->core);
    if (status < 0)
        return status;
    th_arena_init(&recount->arena, BLOCK_BYTES, BUDGET_BYTES);
    th_arena_init(&recount->scratch, ROLLUP_BLOCK_BYTES, ROLLUP_BYTES);
    return 0;
}

static void end(struct recount *recount)
{
    th_core_free(recount->core);
    th_arena_deinit(&recount->scratch);
    th_arena_deinit(&recount->arena);
}

int th_past_recount(struct th_view *view, struct th_book_id book, bool *ret_agrees)
{
    struct recount recount = {.view = view, .book = book};
    bool is_settled = false;
    int status = th_view_is_settled(view, book, &is_settled);
    if (status == 0 && !is_settled) {
        *ret_agrees = true; /* its rollups are not stored yet */
        return 0;
    }
    if (status == 0)
        status = begin(&recount);
    if (status < 0)
        return status;
    status = count(&recount);
    if (status == 0)
        status = compare_all(&recount, ret_agrees);
    end(&recount);
    if (status != TH_E_NOT_FOUND)
        return status;
    *ret_agrees = false;
    return 0;
}

/* ---- unsettled books ---- */

static bool is_counted(void *context, struct th_book_id book)
{
    const struct recount *recount = context;
    return book.plan == recount->book.plan && book.obligation == recount->book.obligation;
}

static int lay(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
               const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    const struct recount *recount = context;
    return th_view_lay_rollup(recount->view, book, unit, branch, layout, rollup);
}

static int lay_book(struct th_view *view, struct th_book_id book)
{
    struct recount recount = {.view = view, .book = book};
    int status = begin(&recount);
    if (status < 0)
        return status;
    status = count(&recount);
    if (status == 0)
        status = th_core_take_dirty_of(recount.core, is_counted, lay, &recount);
    end(&recount);
    return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
}

int th_past_lay(struct th_view *view)
{
    struct th_book_id book;
    const struct th_book_id *after = NULL;
    int status = th_view_next_unsettled(view, after, &book);
    while (status == 0) {
        status = lay_book(view, book);
        after = &book;
        if (status == 0)
            status = th_view_next_unsettled(view, after, &book);
    }
    if (status != TH_E_NOT_FOUND)
        return status;
    th_view_end_laying(view);
    return 0;
}
