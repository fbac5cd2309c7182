/* SPDX-License-Identifier: Apache-2.0 */
/* Scans: for each table a function that decodes a row and calls the asker with it. */
#include "aggregator/store/inspect.h"
#include "aggregator/store/internal.h"

#include "base/assert.h"

static int scan(const struct th_view *view, struct th_schema_key prefix, th_txn_fn *fn,
                void *context)
{
    TH_ASSERT(view->active);
    return th_txn_scan(&view->txn, &prefix, &prefix, fn, context);
}

/* ---- the journal ---- */

struct log_scan {
    th_log_fn *fn;
    void *context;
    uint64_t to;
};

enum { BEHIND = 1 }; /* no status */

static int on_log(void *context, struct th_bytes key, struct th_bytes content)
{
    const struct log_scan *asker = context;
    struct th_bytes entry, leaf;
    uint64_t position;
    int status = th_schema_read_number(key, &position);
    if (status == 0 && position >= asker->to)
        status = BEHIND;
    if (status == 0)
        status = th_schema_journal_split(content, &entry, &leaf);
    return status == 0 ? asker->fn(asker->context, position, entry, leaf) : status;
}

int th_view_log(struct th_view *view, uint64_t from, uint64_t to, th_log_fn *fn, void *context)
{
    struct log_scan asker = {fn, context, to};
    struct th_schema_key prefix = th_schema_key_table(TH_TABLE_JOURNAL);
    struct th_schema_key first = th_schema_key_log(TH_TABLE_JOURNAL, from);
    TH_ASSERT(view->active);
    if (from >= to)
        return 0;
    int status = th_txn_scan(&view->txn, &prefix, &first, on_log, &asker);
    return status == BEHIND ? 0 : status;
}

/* ---- rows ---- */

struct row_scan {
    th_row_fn *fn;
    void *context;
};

static int on_row(void *context, struct th_bytes key, struct th_bytes content)
{
    const struct row_scan *asker = context;
    struct th_row row;
    int status = th_schema_row_decode(key, content, &row);
    return status == 0 ? asker->fn(asker->context, &row) : status;
}

int th_view_rows(struct th_view *view, struct th_book_id book, th_row_fn *fn, void *context)
{
    struct row_scan asker = {fn, context};
    struct th_schema_key prefix = th_schema_key_book(TH_TABLE_REPORT, book);
    return th_overlay_scan(view, &prefix, &prefix, on_row, &asker);
}

int th_view_settled_rows(struct th_view *view, struct th_book_id book, th_row_fn *fn, void *context)
{
    struct row_scan asker = {fn, context};
    return scan(view, th_schema_key_book(TH_TABLE_REPORT, book), on_row, &asker);
}

struct unit_rows_scan {
    th_row_glances_fn *fn;
    void *context;
    uint32_t last;
    bool is_past; /* a row of a later unit has come, and nothing was wrong before it */
};

static int on_unit_rows(void *context, const struct th_bytes *keys, const struct th_bytes *contents,
                        size_t count)
{
    struct unit_rows_scan *asker = context;
    struct th_row_glance rows[TH_TXN_ROWS_MAX];
    _Static_assert(TH_TXN_ROWS_MAX <= (int)TH_ROW_GLANCES_MAX, "no more are given than promised");
    size_t wanted = 0;
    for (; wanted < count; wanted++) {
        if (!th_row_has_its_form(keys[wanted], contents[wanted]))
            return TH_E_CORRUPT;
        rows[wanted] = (struct th_row_glance){keys[wanted], contents[wanted]};
        if (th_row_glance_unit(&rows[wanted]) > asker->last)
            break;
    }
    int status = wanted == 0 ? 0 : asker->fn(asker->context, rows, wanted);
    asker->is_past = status == 0 && wanted < count;
    return asker->is_past ? 1 : status;
}

int th_view_rows_between(struct th_view *view, struct th_book_id book, uint32_t first,
                         uint32_t last, th_row_glances_fn *fn, void *context)
{
    struct unit_rows_scan asker = {fn, context, last, false};
    struct th_schema_key prefix = th_schema_key_book(TH_TABLE_REPORT, book);
    struct th_schema_key from = th_schema_key_row(book, first, 0);
    struct th_schema_key to = th_schema_key_row(book, last, UINT32_MAX);
    int status = th_overlay_scan_rows(view, &prefix, &from, &to, on_unit_rows, &asker);
    return asker.is_past ? 0 : status;
}

int th_row_glance_whole(const struct th_row_glance *glance, struct th_row *ret_row)
{
    return th_schema_row_decode(glance->key, glance->content, ret_row);
}

struct revision_scan {
    th_revision_fn *fn;
    void *context;
};

static int on_revision(void *context, struct th_bytes key, struct th_bytes content)
{
    const struct revision_scan *asker = context;
    struct th_revision revision;
    int status = th_schema_revision_decode(key, content, &revision);
    return status == 0 ? asker->fn(asker->context, &revision) : status;
}

int th_view_revisions(struct th_view *view, struct th_book_id book, uint32_t unit, uint32_t number,
                      th_revision_fn *fn, void *context)
{
    struct revision_scan asker = {fn, context};
    struct th_schema_key prefix = th_schema_key_revisions(book, unit, number);
    return th_overlay_scan(view, &prefix, &prefix, on_revision, &asker);
}

int th_view_settled_revisions(struct th_view *view, struct th_book_id book, uint32_t unit,
                              uint32_t number, th_revision_fn *fn, void *context)
{
    struct revision_scan asker = {fn, context};
    return scan(view, th_schema_key_revisions(book, unit, number), on_revision, &asker);
}

struct unit_scan {
    th_unit_fn *fn;
    void *context;
    struct th_arena *arena;
};

static int on_unit(void *context, struct th_bytes key, struct th_bytes content)
{
    const struct unit_scan *asker = context;
    struct th_unit unit;
    uint64_t number, position;
    int status = th_schema_read_number(key, &number);
    if (status == 0)
        status = th_schema_unit_decode(content, asker->arena, &position, &unit);
    return status == 0 ? asker->fn(asker->context, (uint32_t)number, position, &unit) : status;
}

int th_view_units(struct th_view *view, struct th_arena *arena, th_unit_fn *fn, void *context)
{
    struct unit_scan asker = {fn, context, arena};
    return scan(view, th_schema_key_table(TH_TABLE_UNIT), on_unit, &asker);
}

struct plan_scan {
    th_plan_fn *fn;
    void *context;
};

static int on_plan(void *context, struct th_bytes key, struct th_bytes content)
{
    const struct plan_scan *asker = context;
    struct th_schema_plan plan;
    uint64_t number;
    int status = th_schema_read_number(key, &number);
    if (status == 0)
        status = th_schema_plan_decode(content, &plan);
    if (status != 0)
        return status;
    return asker->fn(asker->context, (uint16_t)number, plan.position, &plan.digest, plan.loaded_at,
                     plan.content);
}

int th_view_plans(struct th_view *view, th_plan_fn *fn, void *context)
{
    struct plan_scan asker = {fn, context};
    return scan(view, th_schema_key_table(TH_TABLE_PLAN), on_plan, &asker);
}

struct key_scan {
    th_key_fn *fn;
    void *context;
};

static int on_key(void *context, struct th_bytes key, struct th_bytes content)
{
    const struct key_scan *asker = context;
    struct th_key_row row;
    int status = th_schema_key_row_decode(key, content, &row);
    return status == 0 ? asker->fn(asker->context, &row) : status;
}

int th_view_keys(struct th_view *view, th_key_fn *fn, void *context)
{
    struct key_scan asker = {fn, context};
    return scan(view, th_schema_key_table(TH_TABLE_KEY), on_key, &asker);
}

struct mark_scan {
    th_mark_fn *fn;
    void *context;
};

static int on_mark(void *context, struct th_bytes key, struct th_bytes content)
{
    const struct mark_scan *asker = context;
    struct th_book_id book;
    struct th_mark mark;
    int status = th_schema_read_book(key, &book);
    if (status == 0)
        status = th_schema_mark_decode(content, &mark);
    return status == 0 ? asker->fn(asker->context, book, &mark) : status;
}

int th_view_marks(struct th_view *view, th_mark_fn *fn, void *context)
{
    struct mark_scan asker = {fn, context};
    return scan(view, th_schema_key_table(TH_TABLE_MARK), on_mark, &asker);
}
