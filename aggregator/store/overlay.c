/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/overlay.h"

#include "aggregator/store/internal.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define LAID_BLOCK_BYTES  ((size_t)256 * 1024)
#define LAID_BUDGET_BYTES ((size_t)512 * 1024 * 1024)

static int build(struct th_view *view)
{
    TH_ASSERT(view->active);
    return view->overlay.is_current ? 0 : th_overlay_follow(&view->overlay, &view->txn);
}

/* ---- its life ---- */

/* The groups of the rollups, the last ones. */
static void unlay(struct th_overlay *overlay)
{
    static const uint8_t table = TH_TABLE_ROLLUP;
    size_t from = th_overlay_find(overlay, th_overlay_prefix(&table, 1));
    for (size_t i = from; i < overlay->groups_count; i++)
        free(overlay->groups[i].rows);
    overlay->groups_count = from;
    if (overlay->arena_is_there)
        th_arena_deinit(&overlay->arena);
    overlay->arena_is_there = false;
    overlay->is_laid = false;
}

void th_overlay_rest(struct th_overlay *overlay)
{
    unlay(overlay);
    overlay->is_current = false;
}

void th_overlay_drop(struct th_overlay *overlay)
{
    unlay(overlay);
    for (size_t i = 0; i < overlay->groups_count; i++)
        free(overlay->groups[i].rows);
    free(overlay->groups);
    free(overlay->values);
    *overlay = (struct th_overlay){.is_current = false};
}

/* ---- rows ---- */

static int content_of(struct th_view *view, const struct th_overlay_row *row,
                      struct th_bytes *ret_content)
{
    if (row->key[0] != TH_TABLE_ROLLUP)
        return th_overlay_content(&view->overlay, &view->txn, row, ret_content);
    *ret_content = (struct th_bytes){row->in.laid, row->size};
    return 0;
}

static int order_of(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* The newest of a key last. */
static int by_key(const void *a, const void *b)
{
    const struct th_overlay_row *x = a, *y = b;
    int order = order_of(x->key, x->key_size, y->key, y->key_size);
    if (order != 0 || x->key[0] == TH_TABLE_ROLLUP) /* which is laid once */
        return order;
    return x->in.sequence != y->in.sequence ? (x->in.sequence < y->in.sequence ? -1 : 1)
                                            : (x->offset > y->offset) - (x->offset < y->offset);
}

static bool is_same_key(const struct th_overlay_row *a, const struct th_overlay_row *b)
{
    return a->key_size == b->key_size && memcmp(a->key, b->key, a->key_size) == 0;
}

/* Of each key the newest, in order. */
static void sort(struct th_overlay_group *group)
{
    struct th_overlay_row *rows = group->rows;
    size_t left = 0;
    if (group->is_sorted)
        return;
    qsort(rows, group->count, sizeof *rows, by_key);
    for (size_t i = 0; i < group->count; i++)
        if (i + 1 == group->count || !is_same_key(&rows[i], &rows[i + 1]))
            rows[left++] = rows[i];
    group->count = left;
    group->is_sorted = true;
}

/* ---- places ---- */

/* A row, or the end. Sorts each group that it comes to. */
struct place {
    size_t group, at;
};

static bool is_end(const struct th_overlay *overlay, const struct place *place)
{
    return place->group == overlay->groups_count;
}

static const struct th_overlay_row *row_at(const struct th_overlay *overlay,
                                           const struct place *place)
{
    return &overlay->groups[place->group].rows[place->at];
}

static struct place first_of(struct th_overlay *overlay, size_t group)
{
    if (group < overlay->groups_count)
        sort(&overlay->groups[group]);
    return (struct place){group, 0}; /* no group is empty */
}

static void advance(struct th_overlay *overlay, struct place *place)
{
    if (++place->at == overlay->groups[place->group].count)
        *place = first_of(overlay, place->group + 1);
}

/* The first row at or after the key. */
static struct place find(struct th_overlay *overlay, struct th_bytes key)
{
    uint64_t prefix = th_overlay_prefix(key.bytes, key.size);
    struct place place = first_of(overlay, th_overlay_find(overlay, prefix));
    if (is_end(overlay, &place) || overlay->groups[place.group].prefix != prefix)
        return place;
    size_t low = 0, high = overlay->groups[place.group].count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct th_overlay_row *row = &overlay->groups[place.group].rows[middle];
        if (order_of(row->key, row->key_size, key.bytes, key.size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    place.at = low;
    return low < overlay->groups[place.group].count ? place : first_of(overlay, place.group + 1);
}

static bool begins_with(const struct th_overlay *overlay, const struct place *place,
                        const struct th_schema_key *prefix)
{
    return !is_end(overlay, place) && row_at(overlay, place)->key_size >= prefix->size &&
           memcmp(row_at(overlay, place)->key, prefix->bytes, prefix->size) == 0;
}

/* ---- merged reading ---- */

int th_overlay_get(struct th_view *view, const struct th_schema_key *key,
                   struct th_bytes *ret_content)
{
    struct th_overlay *overlay = &view->overlay;
    int status = build(view);
    if (status != 0)
        return status;
    struct place at = find(overlay, (struct th_bytes){key->bytes, key->size});
    if (!begins_with(overlay, &at, key))
        return th_txn_get(&view->txn, key, ret_content);
    return content_of(view, row_at(overlay, &at), ret_content);
}

struct merge {
    struct th_view *view;
    struct th_overlay *overlay;
    struct place at;
    th_txn_rows_fn *fn;
    void *context;
};

static int give(struct merge *merge)
{
    const struct th_overlay_row *row = row_at(merge->overlay, &merge->at);
    struct th_bytes content;
    advance(merge->overlay, &merge->at);
    int status = content_of(merge->view, row, &content);
    return status != 0 ? status
                       : merge->fn(merge->context, &(struct th_bytes){row->key, row->key_size},
                                   &content, 1);
}

/* How the next laid row is to the key: 1: behind it, or there is none. */
static int next_to(const struct merge *merge, struct th_bytes key)
{
    if (is_end(merge->overlay, &merge->at))
        return 1;
    const struct th_overlay_row *row = row_at(merge->overlay, &merge->at);
    return order_of(row->key, row->key_size, key.bytes, key.size);
}

static int on_stored(void *context, struct th_bytes key, struct th_bytes content)
{
    struct merge *merge = context;
    int status = 0;
    while (status == 0 && next_to(merge, key) < 0)
        status = give(merge);
    if (status != 0)
        return status;
    return next_to(merge, key) == 0 ? give(merge) : merge->fn(merge->context, &key, &content, 1);
}

int th_overlay_scan(struct th_view *view, const struct th_schema_key *prefix,
                    const struct th_schema_key *from, th_txn_fn *fn, void *context)
{
    const struct th_schema_key to = {.size = 0};
    struct th_txn_each each = {fn, context};
    return th_overlay_scan_rows(view, prefix, from, &to, th_txn_each_row, &each);
}

/* Where the run has nothing that begins so, rows come as they are stored. */
int th_overlay_scan_rows(struct th_view *view, const struct th_schema_key *prefix,
                         const struct th_schema_key *from, const struct th_schema_key *to,
                         th_txn_rows_fn *fn, void *context)
{
    int status = build(view);
    if (status != 0)
        return status;
    if (view->overlay.groups_count == 0)
        return th_txn_scan_rows(&view->txn, prefix, from, to, fn, context);
    struct merge merge = {.view = view, .overlay = &view->overlay, .fn = fn, .context = context};
    struct th_txn_each each = {on_stored, &merge};
    merge.at = find(merge.overlay, (struct th_bytes){from->bytes, from->size});
    if (!begins_with(merge.overlay, &merge.at, prefix))
        return th_txn_scan_rows(&view->txn, prefix, from, to, fn, context);
    status = th_txn_scan_rows(&view->txn, prefix, from, to, th_txn_each_row, &each);
    while (status == 0 && begins_with(merge.overlay, &merge.at, prefix))
        status = give(&merge);
    return status;
}

/* ---- the same for those who check a store ---- */

struct inspecting {
    struct merge merge;
    th_inspect_fn *fn;
    void *context;
    struct th_schema_key *last;
    size_t left; /* rows that may still be given */
    bool is_full;
};

enum { FULL = 1 };

static int inspect(struct inspecting *inspecting, const struct th_inspected *row)
{
    if (inspecting->left == 0) {
        inspecting->is_full = true;
        return FULL;
    }
    inspecting->left--;
    memcpy(inspecting->last->bytes, row->key.bytes, row->key.size);
    inspecting->last->size = row->key.size;
    return inspecting->fn(inspecting->context, row);
}

/* Rows of the run come one by one. */
static int inspect_laid(void *context, const struct th_bytes *keys, const struct th_bytes *contents,
                        size_t count)
{
    const struct th_inspected row = {.table = (enum th_table)keys->bytes[0],
                                     .key = *keys,
                                     .value = *contents,
                                     .content = *contents};
    (void)count;
    return inspect(context, &row);
}

static int inspect_stored(void *context, const struct th_inspected *row)
{
    struct inspecting *inspecting = context;
    int status = 0;
    while (status == 0 && next_to(&inspecting->merge, row->key) < 0)
        status = give(&inspecting->merge);
    if (status != 0)
        return status;
    return next_to(&inspecting->merge, row->key) == 0 ? give(&inspecting->merge)
                                                      : inspect(inspecting, row);
}

int th_view_inspect_settled(struct th_view *view, const struct th_schema_key *after,
                            size_t rows_max, th_inspect_fn *fn, void *context,
                            struct th_schema_key *ret_last)
{
    struct th_schema_key last = {.size = 0}, raw_last;
    struct inspecting inspecting = {.fn = fn, .context = context, .last = &last, .left = rows_max};
    int status = build(view);
    if (status != 0)
        return status;
    if (view->overlay.groups_count == 0)
        return th_view_inspect(view, after, rows_max, fn, context, ret_last);
    struct merge *merge = &inspecting.merge;
    *merge = (struct merge){
        .view = view, .overlay = &view->overlay, .fn = inspect_laid, .context = &inspecting};
    merge->at = find(merge->overlay, (struct th_bytes){after->bytes, after->size});
    if (begins_with(merge->overlay, &merge->at, after) && after->size > 0 &&
        row_at(merge->overlay, &merge->at)->key_size == after->size)
        advance(merge->overlay, &merge->at);
    status = th_view_inspect(view, after, SIZE_MAX, inspect_stored, &inspecting, &raw_last);
    while (status == 0 && !is_end(merge->overlay, &merge->at))
        status = give(merge);
    if (status == FULL && inspecting.is_full)
        status = 0;
    if (status == 0)
        *ret_last = last;
    return status;
}

/* ---- unsettled books ---- */

int th_view_is_settled(struct th_view *view, struct th_book_id book, bool *ret_is_settled)
{
    struct th_schema_key prefix = th_schema_key_book(TH_TABLE_REPORT, book);
    int status = build(view);
    if (status != 0)
        return status;
    uint64_t wanted = th_overlay_prefix(prefix.bytes, prefix.size);
    size_t at = th_overlay_find(&view->overlay, wanted);
    *ret_is_settled = at == view->overlay.groups_count || view->overlay.groups[at].prefix != wanted;
    return 0;
}

int th_view_next_unsettled(struct th_view *view, const struct th_book_id *after,
                           struct th_book_id *ret_book)
{
    struct th_schema_key from = th_schema_key_table(TH_TABLE_REPORT);
    int status = build(view);
    if (status != 0)
        return status;
    if (after != NULL) { /* above all rows of that book */
        from = th_schema_key_book(TH_TABLE_REPORT, *after);
        while (from.size < TH_SCHEMA_KEY_MAX)
            from.bytes[from.size++] = UINT8_MAX;
    }
    struct place at = find(&view->overlay, (struct th_bytes){from.bytes, from.size});
    if (is_end(&view->overlay, &at) || row_at(&view->overlay, &at)->key[0] != TH_TABLE_REPORT)
        return TH_E_NOT_FOUND;
    const struct th_overlay_row *row = row_at(&view->overlay, &at);
    return th_schema_read_book((struct th_bytes){row->key, row->key_size}, ret_book);
}

int th_view_lay_rollup(struct th_view *view, struct th_book_id book, uint32_t unit,
                       enum th_branch branch, const struct th_rollup_layout *layout,
                       const struct th_rollup *rollup)
{
    struct th_overlay *overlay = &view->overlay;
    struct th_schema_key key = th_schema_key_rollup(book, unit, branch);
    struct th_sink sink = {0};
    TH_ASSERT(overlay->is_current && !overlay->is_laid);
    if (!overlay->arena_is_there)
        th_arena_init(&overlay->arena, LAID_BLOCK_BYTES, LAID_BUDGET_BYTES);
    overlay->arena_is_there = true;
    th_schema_rollup_encode(&sink, layout, rollup);
    uint8_t *copy =
        sink.failed || sink.size > UINT32_MAX ? NULL : th_arena_alloc(&overlay->arena, sink.size);
    struct th_overlay_row *row =
        copy == NULL ? NULL : th_overlay_add(overlay, (struct th_bytes){key.bytes, key.size});
    if (row != NULL) {
        memcpy(copy, sink.bytes, sink.size);
        row->size = (uint32_t)sink.size;
        row->in.laid = copy;
    }
    th_sink_deinit(&sink);
    if (row != NULL)
        return 0;
    unlay(overlay);
    return TH_E_NO_MEMORY;
}

void th_view_end_laying(struct th_view *view)
{
    TH_ASSERT(view->overlay.is_current);
    view->overlay.is_laid = true;
}

int th_overlay_is_whole(struct th_view *view, bool *ret_is_whole)
{
    int status = build(view);
    if (status == 0)
        *ret_is_whole = view->overlay.groups_count == 0 || view->overlay.is_laid;
    return status;
}
