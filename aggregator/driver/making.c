/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch is made: what core makes of each item goes into the open batch of the store, and what is
 * needed after the commit is kept.
 */
#include "aggregator/driver/parts.h"
#include "base/assert.h"

/* How one item ended; END_BATCH: commit what is there and take the item again. */
enum step { STEP_DONE, STEP_END_BATCH };

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
            if (needs[i].past && driver->batch->has_stored) {
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
    case TH_EFFECT_PUT_ROW: /* not its values, which pass */
    case TH_EFFECT_PUT_JUDGED:
        return driver->ports.publisher.note != NULL;
    case TH_EFFECT_APPEND:
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

/* Of reports, their rows and their answers: nothing but the answer leaves, and rows are told. */
static bool is_plain(const struct th_effect *effect)
{
    return effect->kind == TH_EFFECT_ANSWER || effect->kind == TH_EFFECT_PUT_ROW ||
           (effect->kind == TH_EFFECT_APPEND && th_entry_has_reports(effect->body.append.kind));
}

static int carry_one(struct th_driver *driver, const struct th_effect *effect)
{
    driver->batch->has_stored = true;
    if (effect->kind != TH_EFFECT_PUT_CLOCK)
        return th_driver_carry(driver, effect);
    driver->has_clock = true;
    driver->clock = effect->body.clock;
    return 0;
}

/* The effects of the last step, those behind the ones that are kept. */
int th_driver_carry_new(struct th_driver *driver)
{
    struct th_driver_batch *batch = driver->batch;
    struct th_effects *effects = &batch->effects;
    TH_ASSERT(driver->phase == TH_DRIVER_STORING);
    for (size_t i = batch->kept; i < effects->count; i++) {
        const struct th_effect *effect = th_effects_get(effects, i);
        int status = is_store_effect(effect->kind) ? carry_one(driver, effect) : 0;
        if (status < 0)
            return status;
        if (!is_needed(driver, effect))
            continue;
        batch->is_plain = batch->is_plain && is_plain(effect);
        if (batch->kept != i)
            *th_effects_get(effects, batch->kept) = *effect;
        batch->kept++;
    }
    effects->count = batch->kept;
    th_arena_reset(&driver->passing);
    return 0;
}

/* One step. Too little memory for it beside what the batch has is no failure: nothing has changed,
 * and it is taken again in a batch of its own. */
static int step_event(struct th_driver *driver, const struct th_event *event, size_t place,
                      enum step *ret_step)
{
    int status = give_needs(driver, event, ret_step);
    if (status < 0 || *ret_step == STEP_END_BATCH)
        return status;
    status = th_core_step(driver->core, event, &driver->batch->effects);
    if (status == TH_E_NO_MEMORY && (place > 0 || driver->batch->has_stored)) {
        *ret_step = STEP_END_BATCH;
        return 0;
    }
    return status < 0 ? status : th_driver_carry_new(driver);
}

/* What is due by the event, a step for each: many obligations may close at one instant. */
static int fire_timers(struct th_driver *driver, const struct th_event *event, size_t place,
                       enum step *ret_step)
{
    const struct th_event tick = {
        .kind = TH_EVENT_TICK, .timers = TH_TIMERS_ONE, .now = event->now, .sender = place};
    int status = 0;
    while (status == 0 && *ret_step == STEP_DONE && th_core_is_due(driver->core, event))
        status = step_event(driver, &tick, place, ret_step);
    return status;
}

/* An act that ends a doubt or a recovery is answered when what waited for that has closed. Where
 * that has no room in one step, the act has, and what waited fires with the next events. Without
 * room for the act alone it is refused: whoever asked is there to be told. */
static int step_act(struct th_driver *driver, struct th_event *event, size_t place,
                    int *ret_refusal, enum step *ret_step)
{
    event->timers = TH_TIMERS_ALL;
    int status = step_event(driver, event, place, ret_step);
    if (status != TH_E_NO_MEMORY)
        return status;
    event->timers = TH_TIMERS_NONE;
    status = step_event(driver, event, place, ret_step);
    if (status != TH_E_NO_MEMORY)
        return status;
    *ret_refusal = status;
    return 0;
}

/* Events are told apart in answers by their place in the batch. */
static int step_one(struct th_driver *driver, const struct th_item *item, size_t place,
                    int *ret_refusal, enum step *ret_step)
{
    struct th_event event = {.timers = TH_TIMERS_NONE, .now = item->now, .sender = place};
    int refusal = th_driver_make_event(driver, item, &event);
    if (refusal == TH_E_NO_MEMORY && (place > 0 || driver->batch->has_stored)) {
        *ret_step = STEP_END_BATCH;
        return 0;
    }
    if (refusal < 0) {
        *ret_refusal = refusal;
        return 0;
    }
    int status = fire_timers(driver, &event, place, ret_step);
    if (status < 0 || *ret_step == STEP_END_BATCH)
        return status;
    return item->kind == TH_ITEM_ACT ? step_act(driver, &event, place, ret_refusal, ret_step)
                                     : step_event(driver, &event, place, ret_step);
}

static int step(struct th_driver *driver, const struct th_item *item, size_t place,
                int *ret_refusal, enum step *ret_step)
{
    int status = step_one(driver, item, place, ret_refusal, ret_step);
    th_driver_drop_refused_plan(driver);
    return status;
}

void th_driver_begin_batch(struct th_driver *driver, const struct th_item *items)
{
    struct th_driver_batch *batch = &driver->batches[driver->batch == driver->batches];
    TH_ASSERT(driver->phase == TH_DRIVER_RESTING);
    th_arena_reset(&batch->arena);
    th_arena_reset(&batch->log);
    th_arena_reset(&driver->passing);
    *batch = (struct th_driver_batch){
        .arena = batch->arena,
        .log = batch->log,
        .effects = {.arena = &batch->arena, .passing = &driver->passing},
        .items = items,
        .is_plain = true,
    };
    driver->has_clock = false;
    driver->batch = batch;
}

int th_driver_carry_end(struct th_driver *driver)
{
    const struct th_effect clock = {.kind = TH_EFFECT_PUT_CLOCK, .body.clock = driver->clock};
    int status = driver->has_clock ? th_driver_carry(driver, &clock) : 0;
    return status == 0 ? th_driver_carry_books(driver) : status;
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

int th_driver_step_all(struct th_driver *driver, const struct th_item *items, size_t count,
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
    TH_ASSERT(taken > 0 || driver->batch->has_stored); /* timers alone */
    *ret_taken = taken;
    return 0;
}
