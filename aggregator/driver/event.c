/* SPDX-License-Identifier: Apache-2.0 */
/* From an item to the event that core gets: an operator's act is decoded here. */
#include "aggregator/driver/parts.h"
#include "base/assert.h"
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"
#include "proto/wire/plan.h"

#include <string.h>

static int units_event(struct th_driver *driver, const struct th_act *act, struct th_event *event)
{
    struct th_unit *units = NULL;
    uint32_t count = 0;
    int status = th_wire_units_decode(act->content, &driver->batch->arena, &units, &count);
    if (status < 0)
        return status;
    event->kind = TH_EVENT_UNITS;
    event->body.units.units = units;
    event->body.units.count = count;
    event->body.units.raw = act->content;
    return 0;
}

static int plan_event(struct th_driver *driver, const struct th_act *act, struct th_event *event)
{
    const struct th_plan *plan = NULL;
    struct th_digest digest;
    th_tlog_sha256(&(struct th_tlog_part){act->content.bytes, act->content.size}, 1, &digest);
    for (size_t i = 0; i < driver->plans_count; i++)
        if (memcmp(&driver->plans[i].digest, &digest, sizeof digest) == 0)
            return TH_E_EXISTS;
    int status = th_driver_keep_plan(driver, act->content, &plan, &digest);
    if (status < 0)
        return status;
    event->kind = TH_EVENT_PLAN;
    event->body.plan.plan = plan;
    event->body.plan.digest = digest;
    event->body.plan.raw = act->content;
    return 0;
}

/* This batch's checkpoint will be signed with the key that the entry names: it has to be ours, and
 * another than that of the batches before. */
static int check_next_key(const struct th_driver *driver, const struct th_log_key_body *key)
{
    const struct th_store_identity *identity = driver->ports.store.identity;
    const struct th_vkey *own = &driver->signer->vkey;
    struct th_vkey next;
    int status = th_tlog_vkey_decode(key->vkey.bytes, key->vkey.size, &next);
    if (status < 0)
        return status;
    bool is_own = th_tlog_vkey_equal(&next, own);
    bool is_new = strcmp(next.name, identity->realm) != 0 ||
                  memcmp(next.public_key, identity->log_key, sizeof next.public_key) != 0;
    return is_own && is_new ? 0 : TH_E_INVALID;
}

static int rotate_event(struct th_driver *driver, const struct th_act *act, struct th_event *event)
{
    event->kind = TH_EVENT_ROTATE;
    int status = th_wire_rotation_decode(act->content, &driver->batch->arena, &event->body.rotate);
    return status < 0 ? status : check_next_key(driver, &event->body.rotate.key);
}

static int recover_event(struct th_driver *driver, const struct th_act *act, struct th_event *event)
{
    struct th_recovery *recovery = &event->body.recover;
    event->kind = TH_EVENT_RECOVER;
    int status = th_wire_recovery_decode(act->content, &driver->batch->arena, recovery);
    if (status == 0 && recovery->keys_count == 0)
        status = TH_E_INVALID;
    return status < 0 ? status : check_next_key(driver, &recovery->keys[recovery->keys_count - 1]);
}

/* The report names its unit; who enters it is the one who answers for the act. */
static int entering_event(struct th_driver *driver, const struct th_act *act,
                          struct th_event *event)
{
    struct th_entering entering;
    struct th_submission *submission = th_arena_alloc(&driver->batch->arena, sizeof *submission);
    if (submission == NULL)
        return TH_E_NO_MEMORY;
    int status = th_wire_entering_decode(act->content, &driver->batch->arena, &entering);
    if (status == 0)
        status = th_wire_entered_submission(&entering, &driver->batch->arena, submission);
    if (status < 0)
        return status;
    if (entering.operator.size != act->operator.size ||
        memcmp(entering.operator.bytes, act->operator.bytes, act->operator.size) != 0)
        return TH_E_INVALID;
    event->kind = TH_EVENT_ENTERING;
    event->body.entering = (struct th_event_entering){
        .submission = submission, .raw = act->content, .operator= entering.operator};
    return 0;
}

static int act_event(struct th_driver *driver, const struct th_act *act, struct th_event *event)
{
    switch (act->kind) {
    case TH_ACT_LOAD_UNITS:
        return units_event(driver, act, event);
    case TH_ACT_LOAD_PLAN:
        return plan_event(driver, act, event);
    case TH_ACT_ENROL:
        event->kind = TH_EVENT_ENROL;
        event->body.enrol = (struct th_enrolment){.unit = act->unit,
                                                  .sign_key = act->sign_key,
                                                  .proof = act->content,
                                                  .operator= act->operator};
        memcpy(event->body.enrol.curve_key, act->curve_key, sizeof act->curve_key);
        return 0;
    case TH_ACT_REVOKE:
        event->kind = TH_EVENT_REVOKE;
        event->body.revoke =
            (struct th_revocation){act->unit, act->sign_key, act->operator, act->to };
        return 0;
    case TH_ACT_END_RECOVERY:
        event->kind = TH_EVENT_END_RECOVERY;
        event->body.end_recovery.operator= act->operator;
        return 0;
    case TH_ACT_ROTATE:
        return rotate_event(driver, act, event);
    case TH_ACT_RECOVER:
        return recover_event(driver, act, event);
    case TH_ACT_ENTER:
        return entering_event(driver, act, event);
    case TH_ACT_SET_CLOCK:
    case TH_ACT_ACCEPT_CLOCK:
        event->kind = act->kind == TH_ACT_SET_CLOCK ? TH_EVENT_CLOCK_SET : TH_EVENT_CLOCK_ACCEPT;
        event->body.clock.to = act->to;
        event->body.clock.operator= act->operator;
        return 0;
    }
    return TH_E_INVALID;
}

int th_driver_make_event(struct th_driver *driver, const struct th_item *item,
                         struct th_event *event)
{
    switch (item->kind) {
    case TH_ITEM_SUBMISSION:
        event->kind = TH_EVENT_SUBMISSION;
        event->body.submission = item->submission;
        event->body.submission.peer_unit = item->peer_unit;
        return 0;
    case TH_ITEM_TICK:
        event->kind = TH_EVENT_TICK;
        return 0;
    case TH_ITEM_ACT:
        return act_event(driver, &item->act, event);
    case TH_ITEM_READMISSION:
        event->kind = TH_EVENT_READMISSION;
        event->body.readmission = item->readmission;
        event->body.readmission.peer_unit = item->peer_unit;
        return 0;
    case TH_ITEM_HELLO:
        break;
    }
    TH_ASSERT(false);
    return TH_E_INVALID;
}
