/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a batch: its commit, then what it says leaves. Beside the making of the next one where
 * there is a lane, and where nothing of it needs what the next one may change.
 */
#include "aggregator/driver/parts.h"
#include "base/assert.h"

#include <stdlib.h>

#define FULL_RETRY_MS 30000

/* Waits for the batch that is on the lane. */
int th_driver_end_last(struct th_driver *driver)
{
    if (!driver->is_ahead)
        return 0;
    driver->ports.lane.wait(driver->ports.lane.context);
    driver->is_ahead = false;
    driver->told = driver->counters;
    return driver->last->status;
}

/* ---- on the lane, or on the thread that made it ---- */

/* What the commit changed beyond rows: who may connect, which units and plans nodes get. */
static void admit(struct th_driver *driver)
{
    for (size_t i = 0; i < driver->leaving->effects.count; i++) {
        const struct th_effect *effect = th_effects_get(&driver->leaving->effects, i);
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

static void answer_all(struct th_driver *driver)
{
    const struct th_driver_batch *batch = driver->leaving;
    for (size_t i = 0; i < batch->effects.count; i++) {
        const struct th_effect *effect = th_effects_get(&batch->effects, i);
        if (effect->kind != TH_EFFECT_ANSWER)
            continue;
        TH_ASSERT(effect->body.answer.sender < batch->count);
        const struct th_item *item = &batch->items[effect->body.answer.sender];
        if (item->kind != TH_ITEM_TICK)
            th_driver_answer(driver, item, effect);
    }
    for (size_t i = 0; i < batch->count; i++)
        if (batch->refusals[i] < 0)
            th_driver_fail(driver, &batch->items[i], batch->refusals[i], 0);
}

static int greet_all(struct th_driver *driver)
{
    const struct th_driver_batch *batch = driver->leaving;
    int status = 0;
    for (size_t i = 0; i < batch->count && status == 0; i++)
        if (batch->items[i].kind == TH_ITEM_HELLO)
            status = th_driver_greet(driver, &batch->items[i]);
    return status;
}

static void remind_all(struct th_driver *driver)
{
    const struct th_driver_batch *batch = driver->leaving;
    for (size_t i = 0; i < batch->effects.count; i++)
        if (th_effects_get(&batch->effects, i)->kind == TH_EFFECT_REMIND)
            th_driver_remind(driver, th_effects_get(&batch->effects, i), batch->time);
}

static int leave(struct th_driver *driver)
{
    const struct th_driver_batch *batch = driver->leaving;
    driver->counters.batches++;
    if (!batch->is_plain)
        admit(driver);
    int status = batch->has_stored ? th_driver_read_on(driver) : 0;
    if (status < 0)
        return status;
    answer_all(driver);
    if (!batch->is_plain) {
        status = greet_all(driver);
        th_driver_spread(driver);
        th_driver_tell_time(driver, batch->time);
        remind_all(driver);
    }
    th_driver_publish(driver);
    return status;
}

static int commit(struct th_driver *driver, const struct th_driver_batch *batch)
{
    struct th_store_port *store = &driver->ports.store;
    int status =
        batch->has_stored ? store->commit(store->context, batch->logged, batch->logged_count) : 0;
    driver->counters.commits += batch->has_stored && status == 0 ? 1 : 0;
    return status;
}

/* On the lane, or on the driver's thread. */
static void end_batch(void *argument)
{
    struct th_driver *driver = argument;
    struct th_driver_batch *batch = driver->last;
    batch->status = th_driver_compose(driver, batch);
    if (batch->status == 0)
        batch->status = commit(driver, batch);
    if (batch->status < 0)
        return;
    driver->leaving = batch;
    if (batch->count > 0)
        batch->status = leave(driver);
    else
        th_driver_publish(driver); /* what settled; nobody waits for an answer */
    driver->leaving = NULL;
    th_driver_rest_on(driver);
}

/* ---- on the thread that makes batches ---- */

static bool goes_on_lane(const struct th_driver *driver, const struct th_driver_batch *batch)
{
    /* What is told of reports does not change while others are judged. */
    return batch->is_plain && driver->ports.lane.start != NULL;
}

/* Composes what it can of the batch while it would only wait for the one before; all of it where it
 * stays on this thread, so that a batch that cannot be composed is never sealed. */
static int compose_ahead(struct th_driver *driver, struct th_driver_batch *batch)
{
    int status = 0;
    if (!goes_on_lane(driver, batch))
        return th_driver_compose(driver, batch);
    for (bool more = true; status == 0 && more && th_driver_is_under_way(driver);)
        status = th_driver_compose_some(driver, batch, &more);
    return status;
}

/* Ends the making: seals, and has the batch committed and answered. */
int th_driver_hand_over(struct th_driver *driver, th_instant time)
{
    struct th_driver_batch *batch = driver->batch;
    struct th_store_port *store = &driver->ports.store;
    int composed = compose_ahead(driver, batch);
    int status = th_driver_end_last(driver);
    if (status == 0)
        status = composed;
    if (status == 0 && batch->has_stored)
        th_driver_rest(driver);
    if (status < 0 || !batch->has_stored)
        store->abort(store->context);
    else
        status = store->seal(store->context, driver->signer);
    driver->phase = TH_DRIVER_RESTING;
    if (status < 0)
        return status;
    batch->size = store->next_position(store->context);
    batch->time = time;
    driver->last = batch;
    if (goes_on_lane(driver, batch)) {
        driver->is_ahead = true;
        driver->ports.lane.start(driver->ports.lane.context, end_batch, driver);
        return 0;
    }
    end_batch(driver);
    driver->told = driver->counters;
    return batch->status;
}

int th_driver_refuse_all(struct th_driver *driver, size_t count)
{
    int status = th_driver_end_last(driver);
    driver->leaving = driver->batch;
    for (size_t i = 0; i < count && status == 0; i++) {
        const struct th_item *item = &driver->batch->items[i];
        if (item->kind == TH_ITEM_HELLO) {
            status = th_driver_greet(driver, item);
        } else if (item->kind != TH_ITEM_TICK) {
            driver->counters.busy++;
            th_driver_fail(driver, item, TH_E_STORAGE, FULL_RETRY_MS);
        }
    }
    driver->leaving = NULL;
    driver->told = driver->counters;
    return status;
}
