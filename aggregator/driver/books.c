/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes from the tables into core: everything but rows at the start, a book's rows when an
 * event needs them, and rows as they were at an instant.
 */
#include "aggregator/driver/parts.h"
#include "aggregator/past/past.h"
#include "base/array.h"
#include "base/assert.h"
#include "proto/tlog/hash.h"
#include "proto/wire/plan.h"

#include <stdlib.h>
#include <string.h>

#define PLAN_BLOCK_BYTES  ((size_t)64 * 1024)
#define PLAN_BUDGET_BYTES ((size_t)64 * 1024 * 1024)
#define READY_BYTES       ((size_t)4 * 1024 * 1024) /* of a batch, for its effects */
#define LOG_READY_BYTES   ((size_t)4 * 1024 * 1024) /* and for its entries */

/* ---- at the start ---- */

struct units_list {
    struct th_arena *arena;
    struct th_unit *items;
    uint32_t count;
    size_t capacity;
};

static int add_unit(void *context, uint32_t number, uint64_t position, const struct th_unit *unit)
{
    struct units_list *list = context;
    (void)position;
    if (number != list->count)
        return TH_E_CORRUPT;
    struct th_unit *items =
        th_arena_grow(list->arena, list->items, list->count, &list->capacity, 512, sizeof *items);
    if (items == NULL)
        return TH_E_NO_MEMORY;
    list->items = items;
    list->items[list->count++] = *unit;
    return 0;
}

static int load_units(struct th_driver *driver)
{
    struct th_store_port *store = &driver->ports.store;
    struct units_list list = {.arena = &driver->batch->arena};
    int status = store->units(store->context, &driver->batch->arena, add_unit, &list);
    return status < 0 ? status : th_core_load_units(driver->core, list.items, list.count);
}

int th_driver_keep_plan(struct th_driver *driver, struct th_bytes content,
                        const struct th_plan **ret_plan, struct th_digest *ret_digest)
{
    if (driver->plans_count == TH_LIMIT_PLANS_MAX)
        return TH_E_LIMIT;
    struct th_driver_plan *kept = &driver->plans[driver->plans_count];
    th_driver_drop_refused_plan(driver);
    th_arena_init(&kept->arena, PLAN_BLOCK_BYTES, PLAN_BUDGET_BYTES);
    struct th_plan *plan = th_arena_alloc(&kept->arena, sizeof *plan);
    uint8_t *copy = th_arena_alloc(&kept->arena, content.size);
    int status = plan == NULL || copy == NULL ? TH_E_NO_MEMORY
                                              : th_wire_plan_decode(content, &kept->arena, plan);
    if (status < 0) {
        th_driver_drop_refused_plan(driver);
        return status;
    }
    memcpy(copy, content.bytes, content.size);
    kept->content = (struct th_bytes){copy, content.size};
    th_tlog_sha256(&(struct th_tlog_part){copy, content.size}, 1, &kept->digest);
    *ret_plan = plan;
    *ret_digest = kept->digest;
    return 0;
}

void th_driver_drop_refused_plan(struct th_driver *driver)
{
    if (driver->plans_count < TH_LIMIT_PLANS_MAX)
        th_arena_deinit(&driver->plans[driver->plans_count].arena);
}

static int load_plan(void *context, uint16_t number, uint64_t position,
                     const struct th_digest *digest, th_instant loaded_at, struct th_bytes content)
{
    struct th_driver *driver = context;
    (void)position;
    const struct th_plan *plan = NULL;
    struct th_digest computed;
    if (number != driver->plans_count)
        return TH_E_CORRUPT;
    int status = th_driver_keep_plan(driver, content, &plan, &computed);
    if (status < 0)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    if (memcmp(&computed, digest, sizeof computed) != 0)
        return TH_E_CORRUPT;
    driver->plans_count++;
    return th_core_load_plan(driver->core, plan, digest, loaded_at);
}

static int load_key(void *context, const struct th_key_row *key)
{
    struct th_driver *driver = context;
    if (key->unit >= th_core_units_count(driver->core))
        return TH_E_CORRUPT;
    int status = th_core_load_key(driver->core, key);
    if (status < 0)
        return status;
    driver->ports.admission.put_key(driver->ports.admission.context,
                                    th_core_unit(driver->core, key->unit)->code, key);
    return 0;
}

static int load_mark(void *context, struct th_book_id book, const struct th_mark *mark)
{
    return th_core_load_mark(((struct th_driver *)context)->core, book, mark);
}

/* Each origin once, in order. A history goes on from an origin, never back to it. */
static int load_origins(struct th_driver *driver)
{
    const struct th_log_keys *keys = driver->ports.store.log_keys;
    const char *before = NULL;
    int status = 0;
    for (size_t i = 0; i < keys->count && status == 0; i++) {
        const char *origin = keys->items[i].vkey.name;
        if (before == NULL || strcmp(before, origin) != 0)
            status = th_core_load_origin(driver->core, th_text_of(origin));
        before = origin;
    }
    return status;
}

static int load_recovery(struct th_driver *driver)
{
    struct th_store_port *store = &driver->ports.store;
    struct th_recovery_row row;
    int status = store->recovery(store->context, &row);
    if (status == 0)
        th_core_load_recovery(driver->core, (uint16_t)store->log_keys->count, &row);
    return status;
}

static int load_tables(struct th_driver *driver)
{
    struct th_store_port *store = &driver->ports.store;
    const struct th_store_identity *identity = store->identity;
    uint64_t size = store->size(store->context);
    int status =
        th_core_load_identity(driver->core, identity->mode, th_text_of(identity->realm), size);
    if (status < 0 || size == 0)
        return status;
    status = load_units(driver);
    if (status == 0)
        status = store->plans(store->context, load_plan, driver);
    if (status == 0)
        status = store->keys(store->context, load_key, driver);
    if (status == 0)
        status = store->marks(store->context, load_mark, driver);
    if (status < 0)
        return status;
    struct th_clock_row row;
    status = store->clock(store->context, &row);
    if (status == 0)
        th_core_load_clock(driver->core, &row);
    if (status == 0 || status == TH_E_NOT_FOUND)
        status = load_origins(driver);
    return status < 0 ? status : load_recovery(driver);
}

int th_driver_load(struct th_driver *driver)
{
    TH_ASSERT(driver->phase == TH_DRIVER_RESTING);
    int status = th_driver_read(driver);
    if (status == 0)
        status = load_tables(driver);
    th_driver_rest(driver);
    th_arena_reset(&driver->batch->arena);
    return status;
}

/* ---- a book ---- */

/* A report that was corrected: its superseded revisions follow. */
struct corrected {
    uint32_t unit, number;
};

struct opening {
    struct th_driver *driver;
    struct th_book_id book;
    struct corrected *corrected;
    size_t count, capacity;
};

static int note_corrected(struct opening *opening, const struct th_row *row)
{
    struct corrected *items =
        th_array_grow(opening->corrected, opening->count, &opening->capacity, 64, sizeof *items);
    if (items == NULL)
        return TH_E_NO_MEMORY;
    opening->corrected = items;
    opening->corrected[opening->count++] = (struct corrected){row->unit, row->number};
    return 0;
}

static int load_row(void *context, const struct th_row *row)
{
    struct opening *opening = context;
    int status = row->revision > 1 ? note_corrected(opening, row) : 0;
    return status < 0 ? status : th_core_book_row(opening->driver->core, opening->book, row);
}

static int load_revision(void *context, const struct th_revision *revision)
{
    struct opening *opening = context;
    return th_core_book_revision(opening->driver->core, opening->book, revision);
}

static int load_book(struct opening *opening)
{
    struct th_store_port *store = &opening->driver->ports.store;
    int status = store->rows(store->context, opening->book, load_row, opening);
    for (size_t i = 0; i < opening->count && status == 0; i++)
        status = store->revisions(store->context, opening->book, opening->corrected[i].unit,
                                  opening->corrected[i].number, load_revision, opening);
    return status;
}

int th_driver_open_book(struct th_driver *driver, struct th_book_id book)
{
    if (th_core_book_is_open(driver->core, book))
        return 0;
    int status = th_driver_read(driver);
    if (status == 0)
        status = th_core_book_open(driver->core, book);
    if (status < 0)
        return status;
    struct opening opening = {.driver = driver, .book = book};
    status = load_book(&opening);
    free(opening.corrected);
    if (status < 0)
        return status;
    th_core_book_close(driver->core, book);
    if (!driver->ports.store.is_settled(driver->ports.store.context, book))
        th_core_book_touch(driver->core, book); /* what is stored of its rollups is older */
    return 0;
}

/* Of a plan, how many books are open, and how many more should be: those that are not closed, and
 * the last that were, as they are corrected and get late reports. `ret_cold`: one of these, a
 * closed one only when all others are open. */
static void look_for_cold(const struct th_driver *driver, uint16_t plan, size_t *open, size_t *cold,
                          struct th_book_id *ret_cold)
{
    enum { LATELY = 16 };
    size_t closed = 0;
    for (uint16_t i = th_core_plan(driver->core, plan)->obligations_count; i > 0; i--) {
        const struct th_book_id book = {plan, (uint16_t)(i - 1)};
        const bool is_closed = th_core_book_is_closed(driver->core, book);
        closed += is_closed;
        if (th_core_book_is_open(driver->core, book))
            ++*open;
        else if ((!is_closed || closed <= LATELY) && (++*cold == 1 || !is_closed))
            *ret_cold = book;
    }
}

/* A piece of the memory that a large batch takes. */
static bool reserve_some(struct th_driver *driver)
{
    const struct th_store_port *store = &driver->ports.store;
    for (size_t i = 0; i < 2; i++)
        if (th_arena_reserve(&driver->batches[i].arena, READY_BYTES) ||
            th_arena_reserve(&driver->batches[i].log, LOG_READY_BYTES))
            return true;
    return store->warm(store->context);
}

int th_driver_warm(struct th_driver *driver, bool *ret_more)
{
    struct th_book_id book = {0};
    size_t cold = 0, open = 0;
    TH_ASSERT(driver->phase == TH_DRIVER_RESTING);
    int status = th_driver_end_last(driver);
    if (status < 0)
        return status;
    for (uint16_t plan = 0; plan < th_core_plans_count(driver->core); plan++)
        look_for_cold(driver, plan, &open, &cold, &book);
    if (open >= driver->bounds.warm_books)
        cold = 0;
    status = cold > 0 ? th_driver_open_book(driver, book) : 0;
    if (cold > 0 && status == 0)
        status = th_core_book_make_room(driver->core, book);
    th_driver_rest(driver);
    if (status == 0)
        *ret_more = cold > 0 || (th_core_lacking(driver->core) > 0 && reserve_some(driver));
    return status;
}

/* ---- rows as they were ---- */

int th_driver_give_past(struct th_driver *driver, struct th_book_id book, th_instant at)
{
    TH_ASSERT(!driver->batch->has_stored);
    const struct th_store_port *store = &driver->ports.store;
    const struct th_past_source source = {store->context, store->rows, store->revisions,
                                          store->entry};
    struct th_past_rows past;
    int status = th_driver_read(driver);
    if (status == 0)
        status = th_past_rows(&source, book, (struct th_past_cut){TH_PAST_ALL_ENTRIES, at}, NULL,
                              NULL, &driver->batch->arena, &past);
    return status < 0 ? status : th_core_give_past(driver->core, book, at, past.rows, past.count);
}
