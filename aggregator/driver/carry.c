/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Store effects into the open transaction: an entry with its bytes, its digest and its leaf, and
 * rows of the tables.
 */
#include "aggregator/driver/parts.h"
#include "base/assert.h"
#include "proto/wire/journal.h"

#include <string.h>

static int encode_body(struct th_driver *driver, const struct th_entry *entry,
                       struct th_bytes *ret_body)
{
    struct th_arena *arena = &driver->scratch;
    switch (entry->kind) {
    case TH_ENTRY_UNITS:
    case TH_ENTRY_PLAN:
    case TH_ENTRY_SUBMISSION:
    case TH_ENTRY_ENTERED:
        *ret_body = entry->raw;
        return 0;
    case TH_ENTRY_FOUNDED:
        return th_wire_founding_encode(&entry->body.founding, arena, ret_body);
    case TH_ENTRY_ENROLLED:
        return th_wire_enrolment_encode(&entry->body.enrolment, arena, ret_body);
    case TH_ENTRY_REVOKED:
        return th_wire_revocation_encode(&entry->body.revocation, arena, ret_body);
    case TH_ENTRY_REMINDER:
        return th_wire_reminding_encode(&entry->body.reminding, arena, ret_body);
    case TH_ENTRY_CLOSING:
        return th_wire_closing_encode(&entry->body.closing, arena, ret_body);
    case TH_ENTRY_CLOCK:
        return th_wire_clock_change_encode(&entry->body.clock_change, arena, ret_body);
    case TH_ENTRY_ROTATED:
        return th_wire_rotation_encode(&entry->body.rotation, arena, ret_body);
    case TH_ENTRY_RECOVERED:
        return th_wire_recovery_encode(&entry->body.recovery, arena, ret_body);
    case TH_ENTRY_RECOVERY_ENDED:
        return th_wire_recovery_end_encode(&entry->body.recovery_end, arena, ret_body);
    case TH_ENTRY_READMITTED:
        return th_wire_readmission_encode(&entry->body.readmission, arena, ret_body);
    }
    TH_ASSERT(false);
    return TH_E_INVALID;
}

static int carry_leaf(struct th_driver *driver, const struct th_entry *entry,
                      const struct th_digest *digest)
{
    struct th_leaf leaf = {.position = entry->position,
                           .kind = entry->kind,
                           .time = entry->time,
                           .clock = entry->clock,
                           .entry_digest = *digest,
                           .mode = driver->ports.store.identity->mode,
                           .unit = entry->unit,
                           .operator= entry->operator,
                           .has_header_digest = entry->has_header_digest,
                           .header_digest = entry->header_digest,
                           .judgements = entry->decision.judgements,
                           .judgements_count = entry->decision.judgements_count};
    struct th_bytes bytes;
    int status = th_wire_leaf_encode(&leaf, &driver->scratch, &bytes);
    if (status < 0)
        return status;
    struct th_store_port *store = &driver->ports.store;
    return store->append_leaf(store->context, entry->position, bytes);
}

static int carry_entry(struct th_driver *driver, const struct th_entry *entry)
{
    struct th_store_port *store = &driver->ports.store;
    TH_ASSERT(entry->position == store->next_position(store->context));
    th_arena_reset(&driver->scratch);
    struct th_store_entry stored = {.position = entry->position,
                                    .kind = entry->kind,
                                    .clock = entry->clock,
                                    .time = entry->time,
                                    .boottime_ms = entry->boottime_ms,
                                    .body_digest = entry->raw_digest};
    int status = encode_body(driver, entry, &stored.body);
    if (status == 0 && th_entry_has_reports(entry->kind))
        status = th_wire_decision_encode(&entry->decision, &driver->scratch, &stored.decision);
    if (status < 0)
        return status;
    struct th_digest digest;
    status = store->append(store->context, &stored, &digest);
    return status < 0 ? status : carry_leaf(driver, entry, &digest);
}

int th_driver_carry(struct th_driver *driver, const struct th_effect *effect)
{
    struct th_store_port *store = &driver->ports.store;
    TH_ASSERT(driver->phase == TH_DRIVER_STORING);
    if (effect->kind == TH_EFFECT_APPEND)
        return carry_entry(driver, &effect->body.append);
    if (effect->kind == TH_EFFECT_PUT_PLAN) {
        TH_ASSERT(effect->body.plan.number == driver->plans_count);
        driver->plans_count++;
    }
    return store->put(store->context, effect);
}

static int keep_change(struct th_driver_batch *batch, struct th_driver_change change)
{
    if (batch->changes_count == batch->changes_capacity) {
        size_t capacity = batch->changes_capacity == 0 ? 128 : batch->changes_capacity * 2;
        struct th_driver_change *changes =
            th_arena_alloc_array(&batch->arena, capacity, sizeof *changes);
        if (changes == NULL)
            return TH_E_NO_MEMORY;
        if (batch->changes_count > 0)
            memcpy(changes, batch->changes, batch->changes_count * sizeof *changes);
        batch->changes = changes;
        batch->changes_capacity = capacity;
    }
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
