/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/shadow.h"

#include "aggregator/audit/pool.h"
#include "aggregator/past/past.h"
#include "base/array.h"
#include "base/assert.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MIB                ((size_t)1024 * 1024)
#define CORE_BUDGET_BYTES  (4096 * MIB)
#define BOOK_BUDGET_BYTES  (512 * MIB)
#define ENTRY_BLOCK_BYTES  (256 * 1024)
#define ENTRY_BUDGET_BYTES (512 * MIB)

struct th_shadow {
    struct th_pool *pool; /* of the core */
    struct th_core *core;
    struct th_arena arena;      /* of one entry's effects */
    struct th_shadow_rows rows; /* all but reports, revisions, rollups and the clock */
    struct th_clock_row clock;
    _Atomic uint16_t plans_count; /* that others may look at */
};

/* ---- rows ---- */

void th_shadow_rows_deinit(struct th_shadow_rows *rows)
{
    th_sink_deinit(&rows->contents);
    free(rows->items);
    *rows = (struct th_shadow_rows){.count = 0};
}

/* The row whose content was put into the sink from `at` on. */
static int add_row(struct th_shadow_rows *rows, struct th_schema_key key, size_t at)
{
    if (rows->contents.failed)
        return TH_E_NO_MEMORY;
    struct th_shadow_row *items =
        th_array_grow(rows->items, rows->count, &rows->capacity, 256, sizeof *items);
    if (items == NULL)
        return TH_E_NO_MEMORY;
    rows->items = items;
    rows->items[rows->count] = (struct th_shadow_row){
        .key = key, .at = at, .size = rows->contents.size - at, .order = rows->count};
    rows->count++;
    return 0;
}

static int order_of_keys(struct th_bytes a, struct th_bytes b)
{
    int order = memcmp(a.bytes, b.bytes, a.size < b.size ? a.size : b.size);
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

static struct th_bytes key_of(const struct th_shadow_row *row)
{
    return (struct th_bytes){row->key.bytes, row->key.size};
}

static int order_of_rows(const void *a, const void *b)
{
    const struct th_shadow_row *left = a, *right = b;
    int order = order_of_keys(key_of(left), key_of(right));
    if (order != 0)
        return order;
    return left->order < right->order ? -1 : left->order > right->order;
}

/* In the order of keys, of each key what was put last. */
static void sort_rows(struct th_shadow_rows *rows)
{
    size_t kept = 0;
    if (rows->count > 0)
        qsort(rows->items, rows->count, sizeof *rows->items, order_of_rows);
    for (size_t i = 0; i < rows->count; i++) {
        if (kept > 0 && order_of_keys(key_of(&rows->items[kept - 1]), key_of(&rows->items[i])) == 0)
            kept--;
        rows->items[kept++] = rows->items[i];
    }
    rows->count = kept;
}

/* The place of the first row at or behind a key. */
static size_t place_of(const struct th_shadow_rows *rows, struct th_bytes key)
{
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order_of_keys(key_of(&rows->items[middle]), key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_row(const struct th_shadow_rows *rows, const struct th_inspected *row)
{
    const size_t place = place_of(rows, row->key);
    if (place == rows->count || order_of_keys(key_of(&rows->items[place]), row->key) != 0)
        return false;
    const struct th_shadow_row *item = &rows->items[place];
    return item->size == row->content.size &&
           memcmp(rows->contents.bytes + item->at, row->content.bytes, item->size) == 0;
}

/* ---- life ---- */

int th_shadow_new(struct th_shadow **ret_shadow)
{
    struct th_shadow *shadow = calloc(1, sizeof *shadow);
    if (shadow == NULL)
        return TH_E_NO_MEMORY;
    th_arena_init(&shadow->arena, ENTRY_BLOCK_BYTES, ENTRY_BUDGET_BYTES);
    int status = th_pool_new(&shadow->pool);
    if (status == 0)
        status = th_core_new_from(CORE_BUDGET_BYTES, th_pool_source(shadow->pool), &shadow->core);
    if (status != 0) {
        th_shadow_free(shadow);
        return status;
    }
    *ret_shadow = shadow;
    return 0;
}

void th_shadow_free(struct th_shadow *shadow)
{
    if (shadow == NULL)
        return;
    th_core_free(shadow->core);
    th_pool_free(shadow->pool);
    th_arena_deinit(&shadow->arena);
    th_shadow_rows_deinit(&shadow->rows);
    free(shadow);
}

const struct th_core *th_shadow_core(const struct th_shadow *shadow)
{
    return shadow->core;
}

/* ---- rows as they were ---- */

struct past {
    struct th_shadow *shadow;
    struct th_view *view;
};

static int rows_of(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context)
{
    const struct past *past = context;
    return th_core_rows(past->shadow->core, book, fn, fn_context);
}

struct revisions {
    const struct th_revision **items;
    size_t count;
};

static int count_revision(void *context, const struct th_revision *revision)
{
    struct revisions *revisions = context;
    if (revisions->items != NULL)
        revisions->items[revisions->count] = revision;
    revisions->count++;
    return 0;
}

/* The oldest first, as a table has them. */
static int revisions_of(void *context, struct th_book_id book, uint32_t unit, uint32_t number,
                        th_revision_fn *fn, void *fn_context)
{
    const struct past *past = context;
    const struct th_core *core = past->shadow->core;
    struct revisions revisions = {NULL, 0};
    int status = th_core_revisions(core, book, unit, number, count_revision, &revisions);
    revisions.items = th_arena_alloc_array(&past->shadow->arena, revisions.count + 1,
                                           sizeof(const struct th_revision *));
    if (status == 0 && revisions.items == NULL)
        status = TH_E_NO_MEMORY;
    revisions.count = 0;
    if (status == 0)
        status = th_core_revisions(core, book, unit, number, count_revision, &revisions);
    for (size_t i = revisions.count; i > 0 && status == 0; i--)
        status = fn(fn_context, revisions.items[i - 1]);
    return status;
}

static int entry_of(void *context, uint64_t position, struct th_stored_entry *ret_entry)
{
    const struct past *past = context;
    return th_view_entry(past->view, position, ret_entry);
}

static int give_past(struct th_shadow *shadow, struct th_view *view, const struct th_need *need)
{
    struct past context = {shadow, view};
    const struct th_past_source source = {&context, rows_of, revisions_of, entry_of};
    struct th_past_rows past;
    int status =
        th_past_rows(&source, need->book, (struct th_past_cut){TH_PAST_ALL_ENTRIES, need->at}, NULL,
                     NULL, &shadow->arena, &past);
    if (status == 0)
        status = th_core_give_past(shadow->core, need->book, need->at, past.rows, past.count);
    return status;
}

/* ---- one entry ---- */

static int keep(struct th_shadow *shadow, const struct th_effect *effect)
{
    struct th_shadow_rows *rows = &shadow->rows;
    struct th_sink *sink = &rows->contents;
    const size_t at = sink->size;
    struct th_schema_key key;
    if (effect->kind == TH_EFFECT_PUT_CLOCK) {
        shadow->clock = effect->body.clock;
        return 0;
    }
    if (effect->kind == TH_EFFECT_PUT_UNIT) {
        th_schema_unit_encode(sink, effect->body.unit.position, &effect->body.unit.unit);
        key = th_schema_key_unit(effect->body.unit.number);
    } else if (effect->kind == TH_EFFECT_PUT_PLAN) {
        const struct th_schema_plan plan = {effect->body.plan.position, effect->body.plan.digest,
                                            effect->body.plan.loaded_at, effect->body.plan.raw};
        th_schema_plan_encode(sink, &plan);
        key = th_schema_key_plan(effect->body.plan.number);
    } else if (effect->kind == TH_EFFECT_PUT_KEY) {
        th_schema_key_row_encode(sink, &effect->body.key);
        key = th_schema_key_key(effect->body.key.unit, &effect->body.key.sign_key);
    } else if (effect->kind == TH_EFFECT_PUT_MARK) {
        th_schema_mark_encode(sink, &effect->body.mark);
        key = th_schema_key_book(TH_TABLE_MARK, effect->book);
    } else if (effect->kind == TH_EFFECT_PUT_LOG_KEY) {
        th_schema_log_key_encode(sink, &effect->body.log_key.key);
        key = th_schema_key_log_key(effect->body.log_key.number);
    } else if (effect->kind == TH_EFFECT_PUT_RECOVERY) {
        th_schema_recovery_encode(sink, &effect->body.recovery);
        key = th_schema_key_meta(TH_META_RECOVERY);
    } else {
        TH_ASSERT(effect->kind == TH_EFFECT_PUT_CLOSING); /* a fold gives no others */
        th_schema_rollup_encode(sink, effect->body.closing.layout, &effect->body.closing.rollup);
        key = th_schema_key_closing(effect->book, effect->body.closing.closed_at,
                                    effect->body.closing.unit, effect->body.closing.branch);
    }
    return add_row(rows, key, at);
}

int th_shadow_prepare(const struct th_shadow *shadow, const struct th_unpacked *unpacked,
                      struct th_arena *arena, struct th_prepared *ret_prepared)
{
    return th_core_prepare(shadow->core, atomic_load(&shadow->plans_count), &unpacked->entry,
                           &unpacked->submission, arena, ret_prepared);
}

int th_shadow_fold(struct th_shadow *shadow, struct th_view *view,
                   const struct th_unpacked *unpacked, const struct th_prepared *prepared)
{
    struct th_effects effects = {.arena = &shadow->arena, .without_rows = true};
    struct th_need need;
    int status = 0;
    th_arena_reset(&shadow->arena);
    if (th_core_fold_need(shadow->core, &unpacked->entry, &need))
        status = give_past(shadow, view, &need);
    if (status == 0)
        status = th_core_fold_prepared(shadow->core, &unpacked->entry,
                                       th_unpacked_content(unpacked), prepared, &effects);
    for (size_t i = 0; i < effects.count && status == 0; i++)
        status = keep(shadow, th_effects_get(&effects, i));
    if (status == 0 && unpacked->entry.kind == TH_ENTRY_PLAN)
        atomic_store(&shadow->plans_count, th_core_plans_count(shadow->core));
    if (status == 0 && unpacked->entry.kind == TH_ENTRY_CLOSING)
        th_core_drop_rollups(shadow->core, th_effects_get(&effects, 0)->book);
    return status;
}

int th_shadow_settle(struct th_shadow *shadow)
{
    sort_rows(&shadow->rows);
    return shadow->rows.contents.failed ? TH_E_NO_MEMORY : 0;
}

/* ---- holding against ---- */

bool th_shadow_is_clock(const struct th_shadow *shadow, const struct th_clock_row *clock)
{
    return clock->time.ms == shadow->clock.time.ms && clock->status == shadow->clock.status &&
           clock->rehearsed == shadow->clock.rehearsed;
}

uint64_t th_shadow_count(const struct th_shadow *shadow, enum th_table table)
{
    uint64_t count = 0;
    for (size_t i = 0; i < shadow->rows.count; i++)
        count += shadow->rows.items[i].key.bytes[0] == (uint8_t)table;
    return count;
}

void th_shadow_page_deinit(struct th_shadow_page *page)
{
    th_shadow_rows_deinit(&page->rollups);
}

static int put_rollup(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                      const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    struct th_shadow_rows *rows = context;
    const size_t at = rows->contents.size;
    th_schema_rollup_encode(&rows->contents, layout, rollup);
    return add_row(rows, th_schema_key_rollup(book, unit, branch), at);
}

/* What the closing of a book has frozen, as its rollups: a closing is a rollup under another key.
 */
static int copy_closing(const struct th_shadow *shadow, struct th_book_id book,
                        struct th_shadow_rows *rollups)
{
    const struct th_shadow_rows *rows = &shadow->rows;
    const struct th_schema_key prefix = th_schema_key_book(TH_TABLE_CLOSING, book);
    int status = 0;
    for (size_t i = place_of(rows, (struct th_bytes){prefix.bytes, prefix.size});
         status == 0 && i < rows->count &&
         memcmp(rows->items[i].key.bytes, prefix.bytes, prefix.size) == 0;
         i++) {
        const struct th_shadow_row *row = &rows->items[i];
        const size_t at = rollups->contents.size;
        th_instant closed_at;
        enum th_branch branch;
        uint32_t unit;
        status = th_schema_closing_read(key_of(row), &closed_at, &unit, &branch);
        th_sink_bytes(&rollups->contents, rows->contents.bytes + row->at, row->size);
        if (status == 0)
            status = add_row(rollups, th_schema_key_rollup(book, unit, branch), at);
    }
    return status;
}

int th_shadow_turn_to(const struct th_shadow *shadow, struct th_book_id book,
                      struct th_shadow_page *page)
{
    page->rollups.count = 0;
    th_sink_clear(&page->rollups.contents);
    int status =
        th_core_is_as_closed(shadow->core, book)
            ? copy_closing(shadow, book, &page->rollups)
            : th_core_recount(shadow->core, book, BOOK_BUDGET_BYTES, put_rollup, &page->rollups);
    if (status == 0)
        sort_rows(&page->rollups);
    return status;
}

/* Every byte of a stored row is one of these: it is the same in all of them or differs. */
static bool is_row(const struct th_row *own, const struct th_row *row)
{
    return own->revision == row->revision && own->index == row->index &&
           own->position == row->position &&
           memcmp(&own->digest, &row->digest, sizeof own->digest) == 0 &&
           own->first_received.ms == row->first_received.ms &&
           own->received.ms == row->received.ms && own->prepared.ms == row->prepared.ms &&
           own->has_due == row->has_due && own->due.ms == row->due.ms &&
           own->timeliness == row->timeliness && own->estimated == row->estimated &&
           own->entered == row->entered && own->values_size == row->values_size &&
           memcmp(own->values, row->values, row->values_size) == 0;
}

static bool has_report(const struct th_shadow *shadow, const struct th_inspected *stored)
{
    struct th_book_id book;
    struct th_row row;
    if (th_schema_row_decode(stored->key, stored->content, &row) != 0 ||
        th_schema_read_book(stored->key, &book) != 0 || !th_core_has_book(shadow->core, book))
        return false;
    th_core_foresee(shadow->core, book, row.unit);
    const struct th_row *own = th_core_find_row(shadow->core, book, row.unit, row.number);
    return own != NULL && is_row(own, &row);
}

/* Likewise. */
static bool has_revision(const struct th_shadow *shadow, const struct th_inspected *stored)
{
    struct th_book_id book;
    struct th_revision revision;
    if (th_schema_revision_decode(stored->key, stored->content, &revision) != 0 ||
        th_schema_read_book(stored->key, &book) != 0 || !th_core_has_book(shadow->core, book))
        return false;
    th_core_foresee(shadow->core, book, revision.unit);
    const struct th_revision *own = th_core_find_revision(shadow->core, book, revision.unit,
                                                          revision.number, revision.revision);
    return own != NULL && own->index == revision.index && own->position == revision.position &&
           memcmp(&own->digest, &revision.digest, sizeof own->digest) == 0 &&
           own->received.ms == revision.received.ms && own->entered == revision.entered;
}

bool th_shadow_has(const struct th_shadow *shadow, struct th_shadow_page *page,
                   const struct th_inspected *row)
{
    if (row->status != 0)
        return false;
    if (row->table == TH_TABLE_REPORT)
        return has_report(shadow, row);
    if (row->table == TH_TABLE_REVISION)
        return has_revision(shadow, row);
    return has_row(row->table == TH_TABLE_ROLLUP ? &page->rollups : &shadow->rows, row);
}
