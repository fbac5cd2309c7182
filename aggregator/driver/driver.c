/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/driver/driver.h"

#include "aggregator/driver/parts.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define MIB                ((size_t)1024 * 1024)
#define CORE_BUDGET_BYTES  (4096 * MIB)
#define BATCH_BUDGET_BYTES (256 * MIB)
#define BATCH_BLOCK_BYTES  MIB
#define SMALL_BLOCK_BYTES  (MIB / 4)
#define LOG_BUDGET_BYTES   (1024 * MIB) /* what a batch's items hold is far less */
#define SPREAD_BYTES       (32 * MIB)

int th_driver_new(const struct th_driver_ports *ports, const struct th_note_signer *signer,
                  const struct th_driver_options *options, struct th_driver **ret_driver)
{
    struct th_driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL)
        return TH_E_NO_MEMORY;
    size_t core_bytes = options->core_budget_bytes;
    size_t batch_bytes = options->batch_budget_bytes;
    driver->ports = *ports;
    driver->signer = signer;
    driver->bounds = th_driver_bounds_of(&options->bounds);
    int status = th_core_new(core_bytes == 0 ? CORE_BUDGET_BYTES : core_bytes, &driver->core);
    if (status < 0) {
        free(driver);
        return status;
    }
    driver->spread_bytes =
        options->spread_bytes_max == 0 ? SPREAD_BYTES : options->spread_bytes_max;
    batch_bytes = batch_bytes == 0 ? BATCH_BUDGET_BYTES : batch_bytes;
    const size_t block = batch_bytes < BATCH_BLOCK_BYTES ? batch_bytes : BATCH_BLOCK_BYTES;
    const size_t small = batch_bytes < SMALL_BLOCK_BYTES ? batch_bytes : SMALL_BLOCK_BYTES;
    for (size_t i = 0; i < 2; i++) {
        th_arena_init(&driver->batches[i].arena, block, batch_bytes);
        th_arena_init(&driver->batches[i].log, BATCH_BLOCK_BYTES, LOG_BUDGET_BYTES);
    }
    th_arena_init(&driver->passing, small, batch_bytes);
    th_arena_init(&driver->answer, small, batch_bytes);
    driver->batch = &driver->batches[0];
    *ret_driver = driver;
    return 0;
}

void th_driver_free(struct th_driver *driver)
{
    if (driver == NULL)
        return;
    TH_ASSERT(driver->phase == TH_DRIVER_RESTING);
    (void)!th_driver_end_last(driver);
    th_driver_rest(driver);
    th_core_free(driver->core);
    for (size_t i = 0; i < 2; i++) {
        th_arena_deinit(&driver->batches[i].arena);
        th_arena_deinit(&driver->batches[i].log);
    }
    th_arena_deinit(&driver->passing);
    th_arena_deinit(&driver->answer);
    for (size_t i = 0; i < TH_LIMIT_PLANS_MAX; i++)
        th_arena_deinit(&driver->plans[i].arena);
    free(driver->units);
    free(driver);
}

/* ---- items ---- */

/*
 * `ret_is_full`: the store takes nothing now, and no batch is open. Asked again when the batch
 * before has ended: then the store may give room back, and if its commit has failed, that is no
 * full store but the end.
 */
static int begin_storing(struct th_driver *driver, bool *ret_is_full)
{
    struct th_store_port *store = &driver->ports.store;
    int status = store->begin(store->context);
    if (status == TH_E_STORAGE && driver->is_ahead) {
        status = th_driver_end_last(driver);
        if (status < 0)
            return status;
        status = store->begin(store->context);
    }
    *ret_is_full = status == TH_E_STORAGE;
    driver->is_full = *ret_is_full;
    return *ret_is_full ? 0 : status;
}

static bool are_submissions(const struct th_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].kind != TH_ITEM_SUBMISSION)
            return false;
    return true;
}

static int run_batch(struct th_driver *driver, const struct th_item *items, size_t count,
                     size_t *ret_taken)
{
    th_driver_begin_batch(driver, items);
    int *refusals = th_arena_alloc_array(&driver->batch->arena, count, sizeof *refusals);
    if (refusals == NULL)
        return TH_E_NO_MEMORY;
    bool is_full = false;
    driver->batch->is_plain = are_submissions(items, count);
    /* Whoever greets or acts asks for things as the last commit left them. */
    int status = driver->batch->is_plain ? 0 : th_driver_end_last(driver);
    if (status == 0 && !driver->batch->is_plain)
        status = th_driver_hear_witnesses(driver, items, count);
    if (status == TH_E_STORAGE && driver->is_contradicted)
        status = 0; /* it could not be kept for the next start: known here all the same */
    if (status == 0 && !driver->is_contradicted)
        status = begin_storing(driver, &is_full);
    if (status < 0)
        return status;
    if (is_full || driver->is_contradicted) {
        *ret_taken = count;
        return th_driver_refuse_all(driver, count);
    }
    driver->phase = TH_DRIVER_STORING;
    size_t taken = 0;
    status = th_driver_step_all(driver, items, count, refusals, &taken);
    if (status == 0 && driver->batch->has_stored)
        status = th_driver_carry_end(driver);
    if (status < 0) {
        driver->ports.store.abort(driver->ports.store.context);
        return status;
    }
    driver->batch->refusals = refusals;
    driver->batch->count = taken;
    *ret_taken = taken;
    const struct th_item *last = &items[taken == 0 ? 0 : taken - 1];
    return th_driver_hand_over(driver, th_core_time(driver->core, last->now));
}

int th_driver_feed(struct th_driver *driver, const struct th_item *items, size_t items_count)
{
    int status = 0;
    for (size_t at = 0; at < items_count && status == 0;) {
        size_t taken = 0;
        status = run_batch(driver, items + at, items_count - at, &taken);
        driver->phase = TH_DRIVER_RESTING;
        if (!driver->is_ahead)
            th_driver_rest(driver);
        at += taken;
    }
    return status;
}

bool th_driver_is_under_way(const struct th_driver *driver)
{
    return driver->is_ahead && driver->ports.lane.is_busy(driver->ports.lane.context);
}

int th_driver_finish(struct th_driver *driver)
{
    TH_ASSERT(driver->phase == TH_DRIVER_RESTING);
    return th_driver_end_last(driver);
}

int th_driver_run(struct th_driver *driver, const struct th_item *items, size_t items_count)
{
    int status = th_driver_feed(driver, items, items_count);
    int ended = th_driver_finish(driver);
    return status < 0 ? status : ended;
}

void th_driver_press(struct th_driver *driver, bool is_pressed)
{
    driver->is_pressed = is_pressed;
}

static int settle_some(struct th_driver *driver, struct th_reading now)
{
    driver->phase = TH_DRIVER_STORING;
    int status = th_driver_carry_rest(driver);
    if (status < 0) {
        driver->ports.store.abort(driver->ports.store.context);
        return status;
    }
    driver->batch->has_stored = true;
    return th_driver_hand_over(driver, th_core_time(driver->core, now));
}

int th_driver_settle(struct th_driver *driver, struct th_reading now, bool *ret_more)
{
    struct th_store_port *store = &driver->ports.store;
    if (driver->is_contradicted || store->unsettled_count(store->context) == 0) {
        *ret_more = false;
        return 0;
    }
    th_driver_begin_batch(driver, NULL);
    bool is_full = false;
    int status = begin_storing(driver, &is_full);
    if (is_full) { /* it waits, and is read where it is */
        *ret_more = false;
        return 0;
    }
    if (status == 0)
        status = settle_some(driver, now);
    driver->phase = TH_DRIVER_RESTING;
    if (!driver->is_ahead)
        th_driver_rest(driver);
    if (status == 0)
        *ret_more = store->unsettled_count(store->context) > 0;
    return status;
}

int th_driver_found(struct th_driver *driver, struct th_reading now, struct th_text operator)
{
    struct th_store_port *store = &driver->ports.store;
    const struct th_store_identity *identity = store->identity;
    struct th_event event = {.kind = TH_EVENT_FOUND, .now = now};
    event.body.found = (struct th_founding){
        .mode = identity->mode, .realm = th_text_of(identity->realm), .operator= operator};
    memcpy(event.body.found.log_key, identity->log_key, sizeof identity->log_key);
    memcpy(event.body.found.store_id, identity->store_id, sizeof identity->store_id);
    th_driver_begin_batch(driver, NULL);
    int status = store->begin(store->context);
    if (status < 0)
        return status;
    driver->phase = TH_DRIVER_STORING;
    status = th_core_step(driver->core, &event, &driver->batch->effects);
    if (status == 0)
        status = th_driver_carry_new(driver);
    if (status == 0)
        status = th_driver_carry_end(driver);
    if (status < 0)
        store->abort(store->context);
    else
        status = th_driver_hand_over(driver, now.wall);
    driver->phase = TH_DRIVER_RESTING;
    return status;
}

/* ---- asking ---- */

bool th_driver_is_full(const struct th_driver *driver)
{
    return driver->is_full;
}

bool th_driver_next_due(const struct th_driver *driver, th_instant *ret_instant)
{
    return !driver->is_contradicted && th_core_next_due(driver->core, ret_instant);
}

th_instant th_driver_time(const struct th_driver *driver, struct th_reading now)
{
    return th_core_time(driver->core, now);
}

const struct th_driver_counters *th_driver_counters(const struct th_driver *driver)
{
    return &driver->told;
}

const struct th_core *th_driver_core(const struct th_driver *driver)
{
    return driver->core;
}
