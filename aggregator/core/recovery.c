/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's keys and origins, and the time after a store was put back.
 *
 * The entry of a rotation or a recovery is the first that the new key signs, and its position is
 * named in the key's succession: so nothing comes before it in its step, neither the clock's entry
 * nor a timer's. While a recovery is open timers wait, because what they would count is not all
 * here again.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"
#include "proto/model/origin.h"

#include <string.h>

/* ---- origins ---- */

static bool is_origin(const struct th_origin *origin, struct th_text text)
{
    return origin->size == text.size && memcmp(origin->bytes, text.bytes, text.size) == 0;
}

bool th_core_knows_origin(const struct th_core *core, struct th_text origin)
{
    for (size_t i = 0; i < core->origins_count; i++)
        if (is_origin(&core->origins[i], origin))
            return true;
    return is_origin(&core->realm, origin);
}

static bool is_current(const struct th_core *core, struct th_text origin)
{
    return is_origin(&core->realm, origin);
}

static bool fits(struct th_text origin)
{
    return origin.size > 0 && origin.size <= TH_LIMIT_REALM_SIZE_MAX;
}

static void set_origin(struct th_origin *to, struct th_text origin)
{
    memcpy(to->bytes, origin.bytes, origin.size);
    to->size = origin.size;
}

int th_core_set_realm(struct th_core *core, struct th_text realm)
{
    if (realm.size > TH_LIMIT_REALM_SIZE_MAX)
        return TH_E_LIMIT;
    set_origin(&core->realm, realm);
    return 0;
}

/* The same as the last one again is a rotation's. */
int th_core_load_origin(struct th_core *core, struct th_text origin)
{
    if (core->origins_count > 0 && is_origin(&core->origins[core->origins_count - 1], origin))
        return 0;
    for (size_t i = 0; i < core->origins_count; i++)
        if (is_origin(&core->origins[i], origin))
            return TH_E_CORRUPT;
    if (!fits(origin) || core->origins_count == TH_CORE_LOG_KEYS_MAX)
        return TH_E_CORRUPT;
    set_origin(&core->origins[core->origins_count++], origin);
    return 0;
}

void th_core_load_recovery(struct th_core *core, uint16_t log_keys_count,
                           const struct th_recovery_row *recovery)
{
    core->log_keys_count = log_keys_count;
    core->recovery = *recovery;
}

const struct th_recovery_row *th_core_recovery(const struct th_core *core)
{
    return &core->recovery;
}

/* What stands before the '+' of a vkey. Empty when there is none. */
static struct th_text origin_of(const struct th_log_key_body *key)
{
    const char *plus = key->vkey.size == 0 ? NULL : memchr(key->vkey.bytes, '+', key->vkey.size);
    return (struct th_text){key->vkey.bytes, plus == NULL ? 0 : (size_t)(plus - key->vkey.bytes)};
}

static int put_log_key(struct th_step *step, uint16_t number, const struct th_log_key_body *key)
{
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_LOG_KEY);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->body.log_key.number = number;
    effect->body.log_key.key = *key;
    return 0;
}

static int put_recovery(struct th_step *step, const struct th_recovery_row *recovery)
{
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_RECOVERY);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->body.recovery = *recovery;
    return 0;
}

/* ---- rotation ---- */

int th_check_rotation(const struct th_core *core, const struct th_rotation *rotation)
{
    if (!is_current(core, origin_of(&rotation->key)) || rotation->key.after != core->next_position)
        return TH_E_INVALID;
    return core->log_keys_count < TH_CORE_LOG_KEYS_MAX ? 0 : TH_E_LIMIT;
}

int th_apply_rotation(struct th_step *step, const struct th_rotation *rotation)
{
    int status = put_log_key(step, step->core->log_keys_count, &rotation->key);
    if (status == 0)
        status = th_step_reserve(step, TH_STEP_TAIL);
    if (status == 0)
        step->core->log_keys_count++;
    return status;
}

int th_step_rotate(struct th_step *step)
{
    const struct th_rotation *rotation = &step->event->body.rotate;
    int refusal = th_check_rotation(step->core, rotation);
    if (refusal < 0)
        return th_step_answer(step, refusal);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_ROTATED);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->body.rotation = *rotation;
    int status = th_apply_rotation(step, rotation);
    return status < 0 ? status : th_step_answer(step, 0);
}

/* ---- recovery ---- */

/* The keys before the last one were this log's and are lost in this copy. */
int th_check_recovery(const struct th_core *core, const struct th_recovery *recovery)
{
    size_t count = recovery->keys_count;
    if (count == 0 || count > TH_RECOVERY_KEYS_MAX)
        return TH_E_INVALID;
    struct th_text last = origin_of(&recovery->keys[count - 1]);
    if (th_core_knows_origin(core, last) || recovery->keys[count - 1].after != core->next_position)
        return TH_E_INVALID;
    for (size_t i = 0; i < count; i++) {
        struct th_text origin = origin_of(&recovery->keys[i]);
        bool is_again = i + 1 < count && origin.size == last.size &&
                        memcmp(origin.bytes, last.bytes, last.size) == 0;
        if (!fits(origin) || is_again)
            return TH_E_INVALID;
    }
    if (!th_origin_fits(core->mode, last.bytes, last.size))
        return TH_E_INVALID;
    bool has_room = core->log_keys_count + count <= TH_CORE_LOG_KEYS_MAX &&
                    core->origins_count + 1 + count <= TH_CORE_LOG_KEYS_MAX;
    return has_room ? 0 : TH_E_LIMIT;
}

static void add_origin(struct th_core *core, struct th_text origin)
{
    bool is_listed = false;
    for (size_t i = 0; i < core->origins_count; i++)
        is_listed = is_listed || is_origin(&core->origins[i], origin);
    if (is_listed)
        return;
    TH_ASSERT(core->origins_count < TH_CORE_LOG_KEYS_MAX);
    set_origin(&core->origins[core->origins_count++], origin);
}

int th_apply_recovery(struct th_step *step, const struct th_recovery *recovery, uint64_t position)
{
    struct th_core *core = step->core;
    const struct th_recovery_row row = {.is_open = true, .began_at = position};
    int status = 0;
    for (size_t i = 0; status == 0 && i < recovery->keys_count; i++)
        status = put_log_key(step, (uint16_t)(core->log_keys_count + i), &recovery->keys[i]);
    if (status == 0)
        status = put_recovery(step, &row);
    if (status == 0)
        status = th_step_reserve(step, TH_STEP_TAIL);
    if (status < 0)
        return status;
    add_origin(core, (struct th_text){core->realm.bytes, core->realm.size});
    for (size_t i = 0; i < recovery->keys_count; i++)
        add_origin(core, origin_of(&recovery->keys[i]));
    set_origin(&core->realm, origin_of(&recovery->keys[recovery->keys_count - 1]));
    core->log_keys_count = (uint16_t)(core->log_keys_count + recovery->keys_count);
    core->recovery = row;
    return 0;
}

int th_step_recover(struct th_step *step)
{
    const struct th_recovery *recovery = &step->event->body.recover;
    int refusal = th_check_recovery(step->core, recovery);
    if (refusal < 0)
        return th_step_answer(step, refusal);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_RECOVERED);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->body.recovery = *recovery;
    int status = th_apply_recovery(step, recovery, step->position);
    return status < 0 ? status : th_step_answer(step, 0);
}

/* ---- its end ---- */

int th_apply_recovery_end(struct th_step *step)
{
    struct th_recovery_row row = step->core->recovery;
    row.is_open = false;
    int status = put_recovery(step, &row);
    if (status == 0)
        step->core->recovery = row;
    return status;
}

int th_step_end_recovery(struct th_step *step)
{
    struct th_core *core = step->core;
    if (!core->recovery.is_open)
        return th_step_answer(step, TH_E_INVALID);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_RECOVERY_ENDED);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->body.recovery_end = step->event->body.end_recovery;
    const uint64_t own = step->position;
    int status = th_apply_recovery_end(step);
    if (status == 0 && core->clock.status == TH_CLOCK_STEADY)
        status = th_step_timers(step, step->time, core->clock.rehearsed, step->event->timers);
    step->position = own; /* not that of a timer's entry */
    return status < 0 ? status : th_step_answer(step, 0);
}
