/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/driver/driver.h"

#include "aggregator/driver/parts.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

#define MIB                 ((size_t)1024 * 1024)
#define CORE_BUDGET_BYTES   (4096 * MIB)
#define BATCH_BUDGET_BYTES  (256 * MIB)
#define BATCH_BLOCK_BYTES   MIB
#define SCRATCH_BLOCK_BYTES (MIB / 4)
#define SPREAD_BYTES        (32 * MIB)
#define FULL_RETRY_MS       30000

/* How one item ended; END_BATCH: commit what is there and take the item again. */
enum step { STEP_DONE, STEP_END_BATCH };

struct th_text th_driver_text(const char *text)
{
    return (struct th_text){text, strlen(text)};
}

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
    th_arena_init(&driver->batch, batch_bytes < BATCH_BLOCK_BYTES ? batch_bytes : BATCH_BLOCK_BYTES,
                  batch_bytes);
    th_arena_init(&driver->passing,
                  batch_bytes < SCRATCH_BLOCK_BYTES ? batch_bytes : SCRATCH_BLOCK_BYTES,
                  batch_bytes);
    th_arena_init(&driver->scratch,
                  batch_bytes < SCRATCH_BLOCK_BYTES ? batch_bytes : SCRATCH_BLOCK_BYTES,
                  batch_bytes);
    *ret_driver = driver;
    return 0;
}

void th_driver_free(struct th_driver *driver)
{
    if (driver == NULL)
        return;
    TH_ASSERT(driver->phase == TH_DRIVER_RESTING);
    th_driver_rest(driver);
    th_core_free(driver->core);
    th_arena_deinit(&driver->batch);
    th_arena_deinit(&driver->passing);
    th_arena_deinit(&driver->scratch);
    for (size_t i = 0; i < TH_LIMIT_PLANS_MAX; i++)
        th_arena_deinit(&driver->plans[i].arena);
    free(driver->units);
    free(driver);
}

int th_driver_read(struct th_driver *driver)
{
    if (driver->is_reading)
        return 0;
    int status = driver->ports.store.renew(driver->ports.store.context);
    driver->is_reading = status == 0;
    return status;
}

void th_driver_rest(struct th_driver *driver)
{
    if (driver->is_reading)
        driver->ports.store.rest(driver->ports.store.context);
    driver->is_reading = false;
}

/* ---- stepping ---- */

/* Loads what core names until it names nothing new. */
static int give_needs(struct th_driver *driver, const struct th_event *event, enum step *ret_step)
{
    struct th_need needs[TH_CORE_NEEDS_MAX];
    for (;;) {
        size_t count = th_core_needs(driver->core, event, needs);
        if (count == 0)
            return 0;
        for (size_t i = 0; i < count; i++) {
            /* The view does not see this batch: rows as they were need its commit first. */
            if (needs[i].past && driver->has_stored) {
                *ret_step = STEP_END_BATCH;
                return 0;
            }
            int status = needs[i].past ? th_driver_give_past(driver, needs[i].book, needs[i].at)
                                       : th_driver_open_book(driver, needs[i].book);
            if (status < 0)
                return status;
        }
    }
}

static bool is_store_effect(enum th_effect_kind kind)
{
    return kind < TH_EFFECT_ANSWER;
}

/* Whether something looks at it after the commit. What the store alone is given is most of all: it
 * makes room for the next step's, which finds its memory in the caches. */
static bool is_needed(const struct th_driver *driver, const struct th_effect *effect)
{
    switch (effect->kind) {
    case TH_EFFECT_APPEND:
        return !th_entry_has_reports(effect->body.append.kind);
    case TH_EFFECT_PUT_ROW: /* not its values, which pass */
        return driver->ports.publisher.note != NULL;
    case TH_EFFECT_PUT_UNIT:
    case TH_EFFECT_PUT_PLAN:
    case TH_EFFECT_PUT_KEY:
    case TH_EFFECT_ANSWER:
    case TH_EFFECT_REMIND:
        return true;
    case TH_EFFECT_PUT_REVISION:
    case TH_EFFECT_PUT_CLOSING:
    case TH_EFFECT_PUT_MARK:
    case TH_EFFECT_PUT_CLOCK:
    case TH_EFFECT_PUT_LOG_KEY:
    case TH_EFFECT_PUT_RECOVERY:
        break;
    }
    return false;
}

static int carry_one(struct th_driver *driver, const struct th_effect *effect)
{
    driver->has_stored = true;
    if (effect->kind != TH_EFFECT_PUT_CLOCK)
        return th_driver_carry(driver, effect);
    driver->has_clock = true;
    driver->clock = effect->body.clock;
    return 0;
}

/* The effects of the last step, those behind the ones that are kept. */
static int carry_new(struct th_driver *driver)
{
    struct th_effects *effects = &driver->effects;
    TH_ASSERT(driver->phase == TH_DRIVER_STORING);
    for (size_t i = driver->kept; i < effects->count; i++) {
        const struct th_effect *effect = th_effects_get(effects, i);
        int status = is_store_effect(effect->kind) ? carry_one(driver, effect) : 0;
        if (status < 0)
            return status;
        if (!is_needed(driver, effect))
            continue;
        if (driver->kept != i)
            *th_effects_get(effects, driver->kept) = *effect;
        driver->kept++;
    }
    effects->count = driver->kept;
    th_arena_reset(&driver->passing);
    return 0;
}

/* Events are told apart in answers by their place in the batch. */
static int step_one(struct th_driver *driver, const struct th_item *item, size_t place,
                    int *ret_refusal, enum step *ret_step)
{
    struct th_event event = {.now = item->now, .sender = place};
    int refusal = th_driver_make_event(driver, item, &event);
    if (refusal == TH_E_NO_MEMORY && place > 0) {
        *ret_step = STEP_END_BATCH;
        return 0;
    }
    if (refusal < 0) {
        *ret_refusal = refusal;
        return 0;
    }
    int status = give_needs(driver, &event, ret_step);
    if (status < 0 || *ret_step == STEP_END_BATCH)
        return status;
    status = th_core_step(driver->core, &event, &driver->effects);
    if (status == TH_E_NO_MEMORY && place > 0) {
        *ret_step = STEP_END_BATCH; /* nothing has changed: alone it may have room */
        return 0;
    }
    return status < 0 ? status : carry_new(driver);
}

static int step(struct th_driver *driver, const struct th_item *item, size_t place,
                int *ret_refusal, enum step *ret_step)
{
    int status = step_one(driver, item, place, ret_refusal, ret_step);
    th_driver_drop_refused_plan(driver);
    return status;
}

/* ---- a batch ---- */

static void begin_batch(struct th_driver *driver)
{
    TH_ASSERT(driver->phase == TH_DRIVER_RESTING);
    th_arena_reset(&driver->batch);
    th_arena_reset(&driver->passing);
    driver->effects = (struct th_effects){.arena = &driver->batch, .passing = &driver->passing};
    driver->kept = 0;
    driver->has_stored = false;
    driver->has_clock = false;
    driver->has_history = false;
    driver->changes = NULL;
    driver->changes_count = driver->changes_capacity = 0;
}

static int store_batch(struct th_driver *driver)
{
    struct th_store_port *store = &driver->ports.store;
    if (!driver->has_stored) {
        store->abort(store->context);
        return 0;
    }
    const struct th_effect clock = {.kind = TH_EFFECT_PUT_CLOCK, .body.clock = driver->clock};
    int status = driver->has_clock ? th_driver_carry(driver, &clock) : 0;
    if (status == 0)
        status = th_driver_carry_books(driver);
    if (status < 0) {
        store->abort(store->context);
        return status;
    }
    th_driver_rest(driver);
    status = store->commit(store->context, driver->signer);
    driver->counters.commits += status == 0 ? 1 : 0;
    return status;
}

/* What the commit changed beyond rows: who may connect, which units and plans nodes get. */
static void admit(struct th_driver *driver)
{
    for (size_t i = 0; i < driver->effects.count; i++) {
        const struct th_effect *effect = th_effects_get(&driver->effects, i);
        if (effect->kind == TH_EFFECT_PUT_KEY)
            driver->ports.admission.put_key(driver->ports.admission.context,
                                            th_core_unit(driver->core, effect->body.key.unit)->code,
                                            &effect->body.key);
        if (effect->kind == TH_EFFECT_PUT_UNIT) {
            free(driver->units);
            driver->units = NULL;
        }
        if (effect->kind == TH_EFFECT_PUT_PLAN)
            TH_ASSERT(effect->body.plan.number < driver->plans_count);
    }
}

static void answer_batch(struct th_driver *driver, const struct th_item *items, const int *refusals,
                         size_t count)
{
    for (size_t i = 0; i < driver->effects.count; i++) {
        const struct th_effect *effect = th_effects_get(&driver->effects, i);
        if (effect->kind != TH_EFFECT_ANSWER)
            continue;
        TH_ASSERT(effect->body.answer.sender < count);
        const struct th_item *item = &items[effect->body.answer.sender];
        if (item->kind != TH_ITEM_TICK)
            th_driver_answer(driver, item, effect);
    }
    for (size_t i = 0; i < count; i++)
        if (refusals[i] < 0)
            th_driver_fail(driver, &items[i], refusals[i], 0);
}

static int end_batch(struct th_driver *driver, const struct th_item *items, const int *refusals,
                     size_t count)
{
    driver->phase = TH_DRIVER_ANSWERING;
    driver->counters.batches++;
    admit(driver);
    int status = driver->has_stored ? th_driver_read(driver) : 0;
    if (status < 0)
        return status;
    answer_batch(driver, items, refusals, count);
    for (size_t i = 0; i < count && status == 0; i++)
        if (items[i].kind == TH_ITEM_HELLO)
            status = th_driver_greet(driver, &items[i]);
    th_driver_spread(driver);
    th_instant now = th_core_time(driver->core, items[count - 1].now);
    th_driver_tell_time(driver, now);
    for (size_t i = 0; i < driver->effects.count; i++)
        if (th_effects_get(&driver->effects, i)->kind == TH_EFFECT_REMIND)
            th_driver_remind(driver, th_effects_get(&driver->effects, i), now);
    th_driver_publish(driver, now);
    return status;
}

/* The store takes nothing, now or for ever: hellos are answered, all else is told to come again. */
static int refuse_all(struct th_driver *driver, const struct th_item *items, size_t count)
{
    driver->phase = TH_DRIVER_ANSWERING;
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++) {
        if (items[i].kind == TH_ITEM_HELLO) {
            status = th_driver_greet(driver, &items[i]);
        } else if (items[i].kind != TH_ITEM_TICK) {
            driver->counters.busy++;
            th_driver_fail(driver, &items[i], TH_E_STORAGE, FULL_RETRY_MS);
        }
    }
    return status;
}

/* Of the submissions behind the item at `at`, each one stage further. */
static void foresee(const struct th_driver *driver, const struct th_item *items, size_t count,
                    size_t at, struct th_core_foresight foresights[TH_CORE_FORESIGHTS])
{
    if (at + 2 * TH_CORE_FORESIGHTS < count) {
        __builtin_prefetch(&items[at + 2 * TH_CORE_FORESIGHTS].kind);
        __builtin_prefetch(&items[at + 2 * TH_CORE_FORESIGHTS].submission.raw);
    }
    for (unsigned stage = 0; stage < TH_CORE_FORESIGHTS; stage++) {
        const size_t next = at + TH_CORE_FORESIGHTS - stage;
        struct th_core_foresight *foresight = &foresights[next % TH_CORE_FORESIGHTS];
        if (stage == 0)
            *foresight = (struct th_core_foresight){0};
        if (next < count && items[next].kind == TH_ITEM_SUBMISSION)
            th_core_foresee_submission(driver->core, &items[next].submission, stage, foresight);
    }
}

static int step_all(struct th_driver *driver, const struct th_item *items, size_t count,
                    int *refusals, size_t *ret_taken)
{
    struct th_core_foresight foresights[TH_CORE_FORESIGHTS] = {0};
    enum step ended = STEP_DONE;
    size_t taken = 0;
    while (taken < count) {
        foresee(driver, items, count, taken, foresights);
        if (items[taken].kind != TH_ITEM_HELLO) {
            int status = step(driver, &items[taken], taken, &refusals[taken], &ended);
            if (status < 0)
                return status;
        }
        if (ended == STEP_END_BATCH)
            break;
        taken++;
    }
    TH_ASSERT(taken > 0);
    *ret_taken = taken;
    return 0;
}

static int run_batch(struct th_driver *driver, const struct th_item *items, size_t count,
                     size_t *ret_taken)
{
    struct th_store_port *store = &driver->ports.store;
    begin_batch(driver);
    int *refusals = th_arena_alloc_array(&driver->batch, count, sizeof *refusals);
    if (refusals == NULL)
        return TH_E_NO_MEMORY;
    int status = th_driver_hear_witnesses(driver, items, count);
    if (status == 0 && driver->is_contradicted) {
        *ret_taken = count;
        return refuse_all(driver, items, count);
    }
    if (status == 0)
        status = store->begin(store->context);
    if (status == TH_E_STORAGE) {
        *ret_taken = count;
        return refuse_all(driver, items, count);
    }
    if (status < 0)
        return status;
    driver->phase = TH_DRIVER_STORING;
    size_t taken = 0;
    status = step_all(driver, items, count, refusals, &taken);
    if (status < 0) {
        store->abort(store->context);
        return status;
    }
    status = store_batch(driver);
    if (status < 0)
        return status;
    *ret_taken = taken;
    return end_batch(driver, items, refusals, taken);
}

int th_driver_run(struct th_driver *driver, const struct th_item *items, size_t items_count)
{
    int status = 0;
    for (size_t at = 0; at < items_count && status == 0;) {
        size_t taken = 0;
        status = run_batch(driver, items + at, items_count - at, &taken);
        driver->phase = TH_DRIVER_RESTING;
        th_driver_rest(driver);
        at += taken;
    }
    return status;
}

void th_driver_press(struct th_driver *driver, bool is_pressed)
{
    driver->is_pressed = is_pressed;
}

static int settle_some(struct th_driver *driver, struct th_reading now)
{
    struct th_store_port *store = &driver->ports.store;
    driver->phase = TH_DRIVER_STORING;
    int status = th_driver_carry_rest(driver);
    if (status < 0) {
        store->abort(store->context);
        return status;
    }
    driver->has_stored = true;
    th_driver_rest(driver);
    status = store->commit(store->context, driver->signer);
    if (status < 0)
        return status;
    driver->phase = TH_DRIVER_ANSWERING;
    th_driver_publish(driver, th_core_time(driver->core, now));
    return 0;
}

int th_driver_settle(struct th_driver *driver, struct th_reading now, bool *ret_more)
{
    struct th_store_port *store = &driver->ports.store;
    if (driver->is_contradicted || store->unsettled_count(store->context) == 0) {
        *ret_more = false;
        return 0;
    }
    begin_batch(driver);
    int status = store->begin(store->context);
    if (status == TH_E_STORAGE) { /* nearly full: it waits, and is read where it is */
        *ret_more = false;
        return 0;
    }
    if (status == 0)
        status = settle_some(driver, now);
    driver->phase = TH_DRIVER_RESTING;
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
        .mode = identity->mode, .realm = th_driver_text(identity->realm), .operator= operator};
    memcpy(event.body.found.log_key, identity->log_key, sizeof identity->log_key);
    memcpy(event.body.found.store_id, identity->store_id, sizeof identity->store_id);
    begin_batch(driver);
    int status = store->begin(store->context);
    if (status < 0)
        return status;
    driver->phase = TH_DRIVER_STORING;
    status = th_core_step(driver->core, &event, &driver->effects);
    if (status == 0)
        status = carry_new(driver);
    if (status < 0)
        store->abort(store->context);
    else
        status = store_batch(driver);
    driver->phase = TH_DRIVER_RESTING;
    return status;
}

/* ---- asking ---- */

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
    return &driver->counters;
}

const struct th_core *th_driver_core(const struct th_driver *driver)
{
    return driver->core;
}

size_t th_driver_plans_count(const struct th_driver *driver)
{
    return driver->plans_count;
}

struct th_bytes th_driver_plan(const struct th_driver *driver, size_t i)
{
    TH_ASSERT(i < driver->plans_count);
    return driver->plans[i].content;
}
