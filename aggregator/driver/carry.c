/* SPDX-License-Identifier: Apache-2.0 */
/* Store effects into the open batch: an entry is promised, rows of the tables are written. */
#include "aggregator/driver/parts.h"
#include "base/assert.h"

static int carry_judged(struct th_driver *driver, const struct th_effect *effect)
{
    struct th_store_port *store = &driver->ports.store;
    struct th_effect row = {.kind = TH_EFFECT_PUT_ROW, .book = effect->book};
    int status = 0;
    for (uint32_t i = 0; i < effect->body.judged.count && status == 0; i++) {
        row.body.row = *th_core_judged(driver->core, effect, i);
        status = store->put(store->context, &row);
    }
    return status;
}

int th_driver_carry(struct th_driver *driver, const struct th_effect *effect)
{
    struct th_store_port *store = &driver->ports.store;
    TH_ASSERT(driver->phase == TH_DRIVER_STORING);
    if (effect->kind == TH_EFFECT_APPEND) {
        const uint64_t position = store->promise(store->context);
        TH_ASSERT(effect->body.append.position == position);
        driver->batch->entries_count++;
        return 0;
    }
    if (effect->kind == TH_EFFECT_PUT_JUDGED)
        return carry_judged(driver, effect);
    if (effect->kind == TH_EFFECT_PUT_PLAN) {
        TH_ASSERT(effect->body.plan.number == driver->plans_count);
        driver->plans_count++;
    }
    return store->put(store->context, effect);
}

static int keep_change(struct th_driver_batch *batch, struct th_driver_change change)
{
    struct th_driver_change *changes =
        th_arena_grow(&batch->arena, batch->changes, batch->changes_count, &batch->changes_capacity,
                      128, sizeof *changes);
    if (changes == NULL)
        return TH_E_NO_MEMORY;
    batch->changes = changes;
    batch->changes[batch->changes_count++] = change;
    return 0;
}

static int carry_rollup(void *context, struct th_book_id book, uint32_t unit, enum th_branch branch,
                        const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    struct th_driver *driver = context;
    struct th_store_port *store = &driver->ports.store;
    int status = store->put_rollup(store->context, book, unit, branch, layout, rollup);
    return status < 0 ? status
                      : keep_change(driver->batch, (struct th_driver_change){book, unit, branch});
}

int th_driver_carry_rollups(struct th_driver *driver, th_core_book_fn *is_wanted)
{
    TH_ASSERT(driver->phase == TH_DRIVER_STORING);
    return th_core_take_dirty_of(driver->core, is_wanted, carry_rollup, driver);
}
