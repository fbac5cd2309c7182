/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/internal.h"

#include "base/assert.h"

#include <stdlib.h>

/* ---- the view ---- */

int th_view_open(struct th_store *store, struct th_view **ret_view)
{
    struct th_view *view = calloc(1, sizeof *view);
    if (view == NULL)
        return TH_E_NO_MEMORY;
    view->store = store;
    int status = th_txn_begin(&store->env, false, &view->txn);
    if (status == 0)
        status = th_txn_size(&view->txn, &view->size);
    if (status != 0) {
        th_view_close(view);
        return status;
    }
    view->commit_id = mdb_txn_id(view->txn.txn);
    view->active = true;
    *ret_view = view;
    return 0;
}

void th_view_join_commits(struct th_view *view)
{
    view->is_of_committer = view->store->edge != NULL;
}

/* Most snapshots are asked for when nothing was committed since the last one: what was found out
 * about that one holds. */
int th_view_renew(struct th_view *view)
{
    const bool knew_run = view->overlay.is_current;
    th_view_rest(view);
    int status = th_txn_renew(&view->txn);
    if (status != 0)
        return status;
    const uint64_t commit_id = mdb_txn_id(view->txn.txn);
    if (commit_id == view->commit_id)
        view->overlay.is_current = knew_run;
    else
        status = th_txn_size(&view->txn, &view->size);
    if (status != 0)
        th_txn_reset(&view->txn);
    else
        view->commit_id = commit_id;
    view->active = status == 0;
    return status;
}

void th_view_rest(struct th_view *view)
{
    th_overlay_rest(&view->overlay);
    if (view->active)
        th_txn_reset(&view->txn);
    view->active = false;
    view->receipts.size = 0;
}

void th_view_close(struct th_view *view)
{
    if (view == NULL)
        return;
    th_overlay_drop(&view->overlay);
    th_txn_abort(&view->txn);
    th_tile_cache_deinit(&view->tiles);
    free(view);
}

uint64_t th_view_size(const struct th_view *view)
{
    return view->size;
}

static int get(const struct th_view *view, struct th_schema_key key, struct th_bytes *ret_content)
{
    TH_ASSERT(view->active);
    return th_txn_get(&view->txn, &key, ret_content);
}

/* ---- the journal ---- */

int th_view_entry(struct th_view *view, uint64_t position, struct th_stored_entry *ret_entry)
{
    struct th_bytes entry, leaf;
    TH_ASSERT(view->active);
    int status = th_txn_journal(&view->txn, position, &entry, &leaf);
    return status == 0 ? th_schema_entry_decode(entry, ret_entry) : status;
}

int th_view_entry_digest(struct th_view *view, uint64_t position, struct th_digest *ret_digest)
{
    struct th_bytes entry, leaf;
    TH_ASSERT(view->active);
    int status = th_txn_journal(&view->txn, position, &entry, &leaf);
    return status == 0 ? th_schema_entry_hash(entry, ret_digest) : status;
}

int th_view_leaf(struct th_view *view, uint64_t position, struct th_bytes *ret_leaf)
{
    struct th_bytes entry;
    TH_ASSERT(view->active);
    return th_txn_journal(&view->txn, position, &entry, ret_leaf);
}

/* Times never go back, so the entries up to a time are the first ones. */
int th_view_position_at(struct th_view *view, th_instant time, uint64_t *ret_size)
{
    uint64_t low = 0;           /* entries before it are at or before the time */
    uint64_t high = view->size; /* entries from it on are after */
    while (low < high) {
        struct th_stored_entry entry;
        uint64_t middle = low + (high - low) / 2;
        int status = th_view_entry(view, middle, &entry);
        if (status != 0)
            return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
        if (entry.time.ms <= time.ms)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_size = low;
    return 0;
}

/* ---- single rows ---- */

int th_view_row(struct th_view *view, struct th_book_id book, uint32_t unit, uint32_t number,
                struct th_row *ret_row)
{
    struct th_schema_key key = th_schema_key_row(book, unit, number);
    struct th_bytes content;
    int status = th_overlay_get(view, &key, &content);
    if (status != 0)
        return status;
    return th_schema_row_decode((struct th_bytes){key.bytes, key.size}, content, ret_row);
}

int th_view_revision(struct th_view *view, struct th_book_id book, uint32_t unit, uint32_t number,
                     uint32_t revision, struct th_revision *ret_revision)
{
    struct th_schema_key key = th_schema_key_revision(book, unit, number, revision);
    struct th_bytes content;
    int status = th_overlay_get(view, &key, &content);
    if (status != 0)
        return status;
    return th_schema_revision_decode((struct th_bytes){key.bytes, key.size}, content, ret_revision);
}

int th_view_rollup(struct th_view *view, struct th_book_id book, uint32_t unit,
                   enum th_branch branch, const struct th_rollup_layout *layout,
                   struct th_arena *arena, struct th_rollup *ret_rollup)
{
    struct th_schema_key key = th_schema_key_rollup(book, unit, branch);
    struct th_bytes content;
    bool is_settled = false;
    int status = th_view_is_settled(view, book, &is_settled);
    if (status == 0 && !is_settled && !view->overlay.is_laid)
        status = TH_E_NOT_FOUND; /* the stored one is older than the reports */
    if (status == 0)
        status = th_overlay_get(view, &key, &content);
    return status == 0 ? th_schema_rollup_decode(content, layout, arena, ret_rollup) : status;
}

int th_view_clock(struct th_view *view, struct th_clock_row *ret_clock)
{
    struct th_bytes content;
    int status = get(view, th_schema_key_meta(TH_META_CLOCK), &content);
    return status == 0 ? th_schema_clock_decode(content, ret_clock) : status;
}

int th_view_recovery(struct th_view *view, struct th_recovery_row *ret_recovery)
{
    struct th_bytes content;
    int status = get(view, th_schema_key_meta(TH_META_RECOVERY), &content);
    if (status == TH_E_NOT_FOUND) {
        *ret_recovery = (struct th_recovery_row){.is_open = false};
        return 0;
    }
    return status == 0 ? th_schema_recovery_decode(content, ret_recovery) : status;
}

int th_view_log_keys(struct th_view *view, struct th_log_keys *ret_keys)
{
    TH_ASSERT(view->active);
    return th_keys_load(&view->txn, ret_keys);
}

/* ---- closings and definitions ---- */

int th_view_next_closing(struct th_view *view, struct th_book_id book, th_instant after,
                         th_instant *ret_closed_at)
{
    struct th_bytes key, content;
    struct th_book_id found;
    th_instant closed_at;
    uint32_t unit;
    enum th_branch branch;
    TH_ASSERT(view->active);
    TH_ASSERT(after.ms < INT64_MAX);
    struct th_schema_key from =
        th_schema_key_closing(book, (th_instant){after.ms + 1}, 0, TH_BRANCH_ALL);
    int status = th_txn_seek(&view->txn, &from, &key, &content);
    if (status == 0)
        status = th_schema_read_book(key, &found);
    if (status == 0 && (found.plan != book.plan || found.obligation != book.obligation))
        status = TH_E_NOT_FOUND;
    if (status == 0)
        status = th_schema_closing_read(key, &closed_at, &unit, &branch);
    if (status == 0)
        *ret_closed_at = closed_at;
    return status;
}

int th_view_closing(struct th_view *view, struct th_book_id book, th_instant closed_at,
                    uint32_t unit, enum th_branch branch, const struct th_rollup_layout *layout,
                    struct th_arena *arena, struct th_rollup *ret_rollup)
{
    struct th_bytes content;
    int status = get(view, th_schema_key_closing(book, closed_at, unit, branch), &content);
    return status == 0 ? th_schema_rollup_decode(content, layout, arena, ret_rollup) : status;
}

static int count_rows(const struct th_view *view, enum th_table table, uint32_t *ret_count)
{
    struct th_bytes key;
    uint64_t last = 0;
    int status = th_txn_last_key(&view->txn, table, &key);
    if (status == TH_E_NOT_FOUND) {
        *ret_count = 0;
        return 0;
    }
    if (status == 0)
        status = th_schema_read_number(key, &last);
    if (status == 0)
        *ret_count = (uint32_t)last + 1;
    return status;
}

int th_view_definitions(struct th_view *view, uint32_t *ret_units, uint32_t *ret_plans)
{
    uint32_t units = 0, plans = 0;
    TH_ASSERT(view->active);
    int status = count_rows(view, TH_TABLE_UNIT, &units);
    if (status == 0)
        status = count_rows(view, TH_TABLE_PLAN, &plans);
    if (status != 0)
        return status;
    *ret_units = units;
    *ret_plans = plans;
    return 0;
}
