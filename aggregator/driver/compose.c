/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries as the log gets them: each with its bytes, its digest and its leaf. Nothing that is
 * judged depends on these, so they are composed last, by whoever has time: who commits, or who
 * makes batches while it waits for that.
 */
#include "aggregator/driver/parts.h"
#include "base/assert.h"
#include "proto/wire/journal.h"

static int encode_body(const struct th_entry *entry, struct th_arena *arena,
                       struct th_bytes *ret_body)
{
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

static int compose(struct th_driver_batch *batch, enum th_mode mode, const struct th_entry *entry)
{
    struct th_store_entry stored = {.position = entry->position,
                                    .kind = entry->kind,
                                    .clock = entry->clock,
                                    .time = entry->time,
                                    .boottime_ms = entry->boottime_ms,
                                    .body_digest = entry->raw_digest};
    struct th_bytes leaf;
    int status = encode_body(entry, &batch->log, &stored.body);
    if (status == 0 && th_entry_has_reports(entry->kind))
        status = th_wire_decision_encode(&entry->decision, &batch->log, &stored.decision);
    if (status < 0)
        return status;
    struct th_digest digest;
    th_store_entry_digest(&stored, &digest);
    const struct th_leaf content = th_entry_leaf(entry, mode, &digest);
    status = th_wire_leaf_encode(&content, &batch->log, &leaf);
    if (status < 0)
        return status;
    TH_ASSERT(batch->logged_count < batch->entries_count);
    batch->logged[batch->logged_count++] = th_store_log(&stored, leaf);
    return 0;
}

int th_driver_compose_some(struct th_driver *driver, struct th_driver_batch *batch, bool *ret_more)
{
    enum { SOME = 8 };
    const enum th_mode mode = driver->ports.store.identity->mode;
    if (batch->logged == NULL && batch->entries_count > 0) {
        batch->logged =
            th_arena_alloc_array(&batch->log, batch->entries_count, sizeof *batch->logged);
        if (batch->logged == NULL)
            return TH_E_NO_MEMORY;
    }
    const size_t left = batch->kept - batch->composed;
    const size_t end = batch->composed + (left < SOME ? left : SOME);
    for (; batch->composed < end; batch->composed++) {
        const struct th_effect *effect = th_effects_get(&batch->effects, batch->composed);
        int status =
            effect->kind == TH_EFFECT_APPEND ? compose(batch, mode, &effect->body.append) : 0;
        if (status < 0)
            return status;
    }
    *ret_more = end < batch->kept;
    return 0;
}

int th_driver_compose(struct th_driver *driver, struct th_driver_batch *batch)
{
    int status = 0;
    for (bool more = true; more && status == 0;)
        status = th_driver_compose_some(driver, batch, &more);
    TH_ASSERT(status < 0 || batch->logged_count == batch->entries_count);
    return status;
}

struct th_bytes th_driver_leaf_of(const struct th_driver_batch *batch, uint64_t position)
{
    const struct th_store_logged *logged = batch->logged;
    const bool is_there = batch->logged_count > 0 && position >= logged[0].entry.position &&
                          position - logged[0].entry.position < batch->logged_count;
    return is_there ? logged[position - logged[0].entry.position].leaf : (struct th_bytes){NULL, 0};
}
