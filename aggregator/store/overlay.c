/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/overlay.h"

#include "aggregator/store/internal.h"
#include "aggregator/store/run.h"
#include "base/array.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define LAID_BLOCK_BYTES  ((size_t)256 * 1024)
#define LAID_BUDGET_BYTES ((size_t)512 * 1024 * 1024)

/* The longest key of a report, a revision or a rollup; and what all keys of a book in a table begin
 * with. */
enum { KEY_MAX = 17, PREFIX_SIZE = 5 };

struct th_overlay_row {
    uint8_t key[KEY_MAX];
    uint8_t key_size;
    uint32_t order; /* later ones are newer */
    struct th_bytes content;
};

/* The rows of one book in one table. In the order of keys, each key once, when somebody has asked:
 * a question is about one book, the run may hold a hundred. */
struct th_overlay_group {
    uint64_t prefix; /* of the keys, as a number */
    size_t start, end;
    bool is_sorted;
};

/* That a book was settled takes away its rows up to there. */
struct settled {
    uint64_t book; /* the prefix without its table */
    uint32_t order;
};

struct building {
    struct th_overlay *overlay;
    uint64_t next; /* sequence of the value that has to follow */
    bool has_begun;
    uint32_t order;
    struct settled *settled; /* in the order of books */
    size_t settled_count, settled_capacity;
};

/* What a key begins with; a shorter one is that of the first key that begins so. */
static uint64_t prefix_of(const uint8_t *key, size_t size)
{
    uint64_t prefix = 0;
    for (size_t i = 0; i < PREFIX_SIZE; i++)
        prefix = prefix << 8 | (i < size ? key[i] : 0);
    return prefix;
}

static uint64_t book_of(uint64_t prefix)
{
    return prefix & (((uint64_t)1 << 8 * (PREFIX_SIZE - 1)) - 1);
}

/* ---- the run, as it was written ---- */

static struct th_overlay_row *add_row(struct th_overlay *overlay, struct th_bytes key,
                                      struct th_bytes content)
{
    TH_ASSERT(key.size <= KEY_MAX);
    TH_ASSERT(key.size >= PREFIX_SIZE);
    struct th_overlay_row *rows =
        th_array_grow(overlay->rows, overlay->count, &overlay->capacity, 256, sizeof *rows);
    if (rows == NULL)
        return NULL;
    overlay->rows = rows;
    struct th_overlay_row *row = &overlay->rows[overlay->count++];
    row->key_size = (uint8_t)key.size;
    row->order = 0;
    row->content = content;
    memcpy(row->key, key.bytes, key.size);
    return row;
}

/* The first that is not before the book. */
static size_t find_settled(const struct building *building, uint64_t book)
{
    size_t low = 0, high = building->settled_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (building->settled[middle].book < book)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int add_settled(struct building *building, struct th_book_id book)
{
    struct th_schema_key key = th_schema_key_book(TH_TABLE_REPORT, book);
    uint64_t number = book_of(prefix_of(key.bytes, key.size));
    size_t at = find_settled(building, number);
    if (at == building->settled_count || building->settled[at].book != number) {
        struct settled *settled = th_array_grow(building->settled, building->settled_count,
                                                &building->settled_capacity, 16, sizeof *settled);
        if (settled == NULL)
            return TH_E_NO_MEMORY;
        building->settled = settled;
        memmove(&settled[at + 1], &settled[at], (building->settled_count - at) * sizeof *settled);
        building->settled_count++;
        settled[at].book = number;
    }
    building->settled[at].order = building->order++;
    return 0;
}

static int add_record(struct building *building, const struct th_run_record *record)
{
    if (record->kind == TH_RUN_SETTLED)
        return add_settled(building, record->book);
    struct th_overlay_row *row = add_row(building->overlay, record->key, record->content);
    if (row == NULL)
        return TH_E_NO_MEMORY;
    row->order = building->order++;
    return 0;
}

static int on_value(void *context, struct th_bytes key, struct th_bytes content)
{
    struct building *building = context;
    struct th_source source = {content.bytes, content.size, false};
    struct th_run_record record;
    uint64_t sequence;
    int status = th_schema_read_number(key, &sequence);
    if (status == 0 && building->has_begun && sequence != building->next)
        status = TH_E_CORRUPT; /* one is missing */
    building->has_begun = true;
    building->next = sequence + 1;
    while (status == 0) {
        status = th_run_next(&source, &record);
        if (status == 0)
            status = add_record(building, &record);
    }
    return status == TH_E_NOT_FOUND ? 0 : status;
}

static bool is_taken_away(const struct building *building, const struct th_overlay_row *row)
{
    uint64_t book = book_of(prefix_of(row->key, row->key_size));
    size_t at = find_settled(building, book);
    return at < building->settled_count && building->settled[at].book == book &&
           building->settled[at].order > row->order;
}

static void take_away(const struct building *building)
{
    struct th_overlay *overlay = building->overlay;
    size_t left = 0;
    for (size_t i = 0; i < overlay->count && building->settled_count > 0; i++)
        if (!is_taken_away(building, &overlay->rows[i]))
            overlay->rows[left++] = overlay->rows[i];
    if (building->settled_count > 0)
        overlay->count = left;
}

/* ---- groups ---- */

/* The first that is not before the prefix. */
static size_t find_group(const struct th_overlay *overlay, uint64_t prefix)
{
    size_t low = 0, high = overlay->groups_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (overlay->groups[middle].prefix < prefix)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Counts the rows of each group in `end`. */
static int count_groups(struct th_overlay *overlay)
{
    overlay->groups_count = 0;
    for (size_t i = 0; i < overlay->count; i++) {
        uint64_t prefix = prefix_of(overlay->rows[i].key, overlay->rows[i].key_size);
        size_t at = find_group(overlay, prefix);
        if (at == overlay->groups_count || overlay->groups[at].prefix != prefix) {
            struct th_overlay_group *groups =
                th_array_grow(overlay->groups, overlay->groups_count, &overlay->groups_capacity, 16,
                              sizeof *groups);
            if (groups == NULL)
                return TH_E_NO_MEMORY;
            overlay->groups = groups;
            memmove(&groups[at + 1], &groups[at], (overlay->groups_count - at) * sizeof *groups);
            overlay->groups_count++;
            groups[at] = (struct th_overlay_group){.prefix = prefix};
        }
        overlay->groups[at].end++;
    }
    return 0;
}

/* Brings the rows of each group together. */
static int gather(struct th_overlay *overlay)
{
    overlay->grouped = overlay->count;
    int status = count_groups(overlay);
    if (overlay->count == 0)
        return 0;
    struct th_overlay_row *rows = status == 0 ? malloc(overlay->count * sizeof *rows) : NULL;
    if (rows == NULL)
        return TH_E_NO_MEMORY;
    size_t start = 0;
    for (size_t i = 0; i < overlay->groups_count; i++) {
        struct th_overlay_group *group = &overlay->groups[i];
        group->start = start;
        start += group->end;
        group->end = group->start;
    }
    for (size_t i = 0; i < overlay->count; i++) {
        const struct th_overlay_row *row = &overlay->rows[i];
        size_t at = find_group(overlay, prefix_of(row->key, row->key_size));
        rows[overlay->groups[at].end++] = *row;
    }
    free(overlay->rows);
    overlay->rows = rows;
    overlay->capacity = overlay->count;
    return 0;
}

static int order_of(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int by_key(const void *a, const void *b)
{
    const struct th_overlay_row *x = a, *y = b;
    int order = order_of(x->key, x->key_size, y->key, y->key_size);
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

static bool is_same_key(const struct th_overlay_row *a, const struct th_overlay_row *b)
{
    return a->key_size == b->key_size && memcmp(a->key, b->key, a->key_size) == 0;
}

/* Of each key the newest, in order. */
static void sort(struct th_overlay *overlay, struct th_overlay_group *group)
{
    if (group->is_sorted)
        return;
    struct th_overlay_row *rows = overlay->rows;
    size_t left = group->start;
    qsort(&rows[group->start], group->end - group->start, sizeof *rows, by_key);
    for (size_t i = group->start; i < group->end; i++)
        if (i + 1 == group->end || !is_same_key(&rows[i], &rows[i + 1]))
            rows[left++] = rows[i];
    group->end = left;
    group->is_sorted = true;
}

static int build(struct th_view *view)
{
    struct th_overlay *overlay = &view->overlay;
    struct building building = {.overlay = overlay};
    struct th_schema_key prefix = th_schema_key_table(TH_TABLE_RUN);
    TH_ASSERT(view->active);
    if (overlay->is_built)
        return 0;
    int status = th_txn_scan(&view->txn, &prefix, &prefix, on_value, &building);
    if (status == 0) {
        take_away(&building);
        status = gather(overlay);
    }
    free(building.settled);
    if (status != 0) {
        th_overlay_drop(overlay);
        return status;
    }
    overlay->is_built = true;
    return 0;
}

void th_overlay_drop(struct th_overlay *overlay)
{
    free(overlay->rows);
    free(overlay->groups);
    if (overlay->arena_is_there)
        th_arena_deinit(&overlay->arena);
    *overlay = (struct th_overlay){.is_built = false};
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
    return &overlay->rows[place->at];
}

static struct place first_of(struct th_overlay *overlay, size_t group)
{
    if (group == overlay->groups_count)
        return (struct place){group, 0};
    sort(overlay, &overlay->groups[group]); /* none is empty */
    return (struct place){group, overlay->groups[group].start};
}

static void advance(struct th_overlay *overlay, struct place *place)
{
    if (++place->at == overlay->groups[place->group].end)
        *place = first_of(overlay, place->group + 1);
}

/* The first row at or after the key. */
static struct place find(struct th_overlay *overlay, struct th_bytes key)
{
    uint64_t prefix = prefix_of(key.bytes, key.size);
    struct place place = first_of(overlay, find_group(overlay, prefix));
    if (is_end(overlay, &place) || overlay->groups[place.group].prefix != prefix)
        return place;
    size_t low = place.at, high = overlay->groups[place.group].end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct th_overlay_row *row = &overlay->rows[middle];
        if (order_of(row->key, row->key_size, key.bytes, key.size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    place.at = low;
    return low < overlay->groups[place.group].end ? place : first_of(overlay, place.group + 1);
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
    *ret_content = row_at(overlay, &at)->content;
    return 0;
}

struct merge {
    struct th_overlay *overlay;
    struct place at;
    th_overlay_fn *fn;
    void *context;
};

static int give(struct merge *merge)
{
    const struct th_overlay_row *row = row_at(merge->overlay, &merge->at);
    advance(merge->overlay, &merge->at);
    return merge->fn(merge->context, (struct th_bytes){row->key, row->key_size}, row->content);
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
    return next_to(merge, key) == 0 ? give(merge) : merge->fn(merge->context, key, content);
}

int th_overlay_scan(struct th_view *view, const struct th_schema_key *prefix,
                    const struct th_schema_key *from, th_overlay_fn *fn, void *context)
{
    int status = build(view);
    if (status != 0)
        return status;
    if (view->overlay.count == 0)
        return th_txn_scan(&view->txn, prefix, from, fn, context);
    struct merge merge = {.overlay = &view->overlay, .fn = fn, .context = context};
    merge.at = find(merge.overlay, (struct th_bytes){from->bytes, from->size});
    status = th_txn_scan(&view->txn, prefix, from, on_stored, &merge);
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

static int inspect_laid(void *context, struct th_bytes key, struct th_bytes content)
{
    const struct th_inspected row = {
        .table = (enum th_table)key.bytes[0], .key = key, .value = content, .content = content};
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
    if (view->overlay.count == 0)
        return th_view_inspect(view, after, rows_max, fn, context, ret_last);
    struct merge *merge = &inspecting.merge;
    *merge = (struct merge){.overlay = &view->overlay, .fn = inspect_laid, .context = &inspecting};
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
    uint64_t wanted = prefix_of(prefix.bytes, prefix.size);
    size_t at = find_group(&view->overlay, wanted);
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
    TH_ASSERT(overlay->is_built && !overlay->is_laid);
    if (!overlay->arena_is_there)
        th_arena_init(&overlay->arena, LAID_BLOCK_BYTES, LAID_BUDGET_BYTES);
    overlay->arena_is_there = true;
    th_schema_rollup_encode(&sink, layout, rollup);
    uint8_t *copy = sink.failed ? NULL : th_arena_alloc(&overlay->arena, sink.size);
    if (copy != NULL)
        memcpy(copy, sink.bytes, sink.size);
    struct th_bytes content = {copy, sink.size};
    th_sink_deinit(&sink);
    if (copy == NULL || add_row(overlay, (struct th_bytes){key.bytes, key.size}, content) == NULL)
        return TH_E_NO_MEMORY;
    return 0;
}

int th_view_end_laying(struct th_view *view)
{
    struct th_overlay *overlay = &view->overlay;
    TH_ASSERT(overlay->is_built);
    size_t left = 0;
    for (size_t i = 0; i < overlay->groups_count; i++) { /* what sorting has left out goes */
        const struct th_overlay_group *group = &overlay->groups[i];
        memmove(&overlay->rows[left], &overlay->rows[group->start],
                (group->end - group->start) * sizeof *overlay->rows);
        left += group->end - group->start;
    }
    if (overlay->count > overlay->grouped)
        memmove(&overlay->rows[left], &overlay->rows[overlay->grouped],
                (overlay->count - overlay->grouped) * sizeof *overlay->rows);
    overlay->count -= overlay->grouped - left;
    int status = gather(overlay);
    if (status != 0) {
        th_overlay_drop(overlay);
        return status;
    }
    overlay->is_laid = true;
    return 0;
}

int th_overlay_is_whole(struct th_view *view, bool *ret_is_whole)
{
    int status = build(view);
    if (status == 0)
        *ret_is_whole = view->overlay.count == 0 || view->overlay.is_laid;
    return status;
}
