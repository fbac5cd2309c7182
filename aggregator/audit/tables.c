/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/tables.h"

#include <string.h>

enum { AT_ONCE = 64 };

/* The rows between the common ones and the tree. */
#define FIRST_TABLE TH_TABLE_UNIT
#define LAST_TABLE  TH_TABLE_CLOSING

struct cursor {
    struct th_view *view;
    struct th_schema_key last; /* of those that were read */
    struct th_inspected rows[AT_ONCE];
    size_t count, at;
    bool is_done; /* none behind those that were read */
};

/* ---- reading rows ahead ---- */

static int take_row(void *context, const struct th_inspected *row)
{
    struct cursor *cursor = context;
    if (row->key.bytes[0] > LAST_TABLE) {
        cursor->is_done = true;
        return 1;
    }
    cursor->rows[cursor->count++] = *row;
    return 0;
}

static int fill(struct cursor *cursor)
{
    struct th_schema_key last = cursor->last;
    cursor->count = cursor->at = 0;
    int status =
        th_view_inspect_settled(cursor->view, &cursor->last, AT_ONCE, take_row, cursor, &last);
    if (status < 0)
        return status;
    cursor->is_done = cursor->is_done || cursor->count < AT_ONCE;
    if (cursor->count > 0) {
        const struct th_bytes key = cursor->rows[cursor->count - 1].key;
        memcpy(cursor->last.bytes, key.bytes, key.size);
        cursor->last.size = key.size;
    }
    return 0;
}

/* NULL in `ret_row`: none is left. */
static int look(struct cursor *cursor, const struct th_inspected **ret_row)
{
    if (cursor->at == cursor->count && !cursor->is_done) {
        int status = fill(cursor);
        if (status < 0)
            return status;
    }
    *ret_row = cursor->at < cursor->count ? &cursor->rows[cursor->at] : NULL;
    return 0;
}

static void begin(struct cursor *cursor, struct th_view *view)
{
    *cursor = (struct cursor){.view = view};
    cursor->last.bytes[0] = FIRST_TABLE - 1; /* no key is in that table */
    cursor->last.size = 1;
}

/* ---- comparing ---- */

static int order(const struct th_inspected *a, const struct th_inspected *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? 1 : -1;
    size_t size = a->key.size < b->key.size ? a->key.size : b->key.size;
    int order = memcmp(a->key.bytes, b->key.bytes, size);
    if (order != 0)
        return order;
    return a->key.size == b->key.size ? 0 : a->key.size < b->key.size ? -1 : 1;
}

static bool is_same_content(const struct th_inspected *a, const struct th_inspected *b)
{
    return a->content.size == b->content.size &&
           memcmp(a->content.bytes, b->content.bytes, a->content.size) == 0;
}

static void compare_rows(const struct th_tables_watch *watch, const struct th_inspected *mine,
                         const struct th_inspected *theirs, int order)
{
    if (order < 0)
        watch->fault(watch->context, TH_TABLE_EXTRA, mine->key);
    else if (order > 0)
        watch->fault(watch->context, TH_TABLE_MISSING, theirs->key);
    else if (mine->status == 0 && theirs->status == 0 && !is_same_content(mine, theirs))
        watch->fault(watch->context, TH_TABLE_DIFFERS, mine->key);
}

static int compare_tables(struct cursor *mine, struct cursor *theirs,
                          const struct th_tables_watch *watch, struct th_tables_counts *counts)
{
    for (uint64_t done = 0;; done++) {
        const struct th_inspected *a, *b;
        int status = look(mine, &a);
        if (status == 0)
            status = look(theirs, &b);
        if (status != 0 || (a == NULL && b == NULL))
            return status;
        int which = order(a, b);
        compare_rows(watch, a, b, which);
        if (which <= 0) {
            counts->rows++;
            counts->rollups += a->key.bytes[0] == TH_TABLE_ROLLUP;
            mine->at++;
        }
        if (which >= 0)
            theirs->at++;
        watch->step(watch->context, done);
    }
}

/* Which pair of clocks was compared last is not in the journal. */
static int compare_clock(struct th_view *store, struct th_view *folded,
                         const struct th_tables_watch *watch)
{
    struct th_schema_key key = th_schema_key_meta(TH_META_CLOCK);
    struct th_clock_row a, b;
    int mine = th_view_clock(store, &a), theirs = th_view_clock(folded, &b);
    if (mine == TH_E_CORRUPT || (mine == TH_E_NOT_FOUND && theirs == TH_E_NOT_FOUND))
        return 0; /* the row is named elsewhere, or there is none */
    if (mine != 0 && mine != TH_E_NOT_FOUND)
        return mine;
    bool is_same = mine == 0 && theirs == 0 && a.time.ms == b.time.ms && a.status == b.status &&
                   a.rehearsed == b.rehearsed;
    if (!is_same)
        watch->fault(watch->context, mine == TH_E_NOT_FOUND ? TH_TABLE_MISSING : TH_TABLE_DIFFERS,
                     (struct th_bytes){key.bytes, key.size});
    return 0;
}

static int compare_recovery(struct th_view *store, struct th_view *folded,
                            const struct th_tables_watch *watch)
{
    struct th_schema_key key = th_schema_key_meta(TH_META_RECOVERY);
    struct th_recovery_row a, b;
    int mine = th_view_recovery(store, &a), theirs = th_view_recovery(folded, &b);
    if (mine != 0)
        return mine == TH_E_CORRUPT ? 0 : mine;
    if (theirs != 0)
        return theirs;
    if (a.is_open != b.is_open || a.began_at != b.began_at)
        watch->fault(watch->context, TH_TABLE_DIFFERS, (struct th_bytes){key.bytes, key.size});
    return 0;
}

int th_tables_compare(struct th_view *store, struct th_view *folded,
                      const struct th_tables_watch *watch, struct th_tables_counts *ret_counts)
{
    struct cursor mine, theirs;
    struct th_tables_counts counts = {0};
    int status = compare_clock(store, folded, watch);
    if (status == 0)
        status = compare_recovery(store, folded, watch);
    begin(&mine, store);
    begin(&theirs, folded);
    if (status == 0)
        status = compare_tables(&mine, &theirs, watch, &counts);
    if (status == 0)
        *ret_counts = counts;
    return status;
}
