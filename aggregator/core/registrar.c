/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units, plans and keys. A plan is loaded once: another text under the same id is refused, until
 * plans have versions.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"

#include <string.h>

/* ---- units ---- */

static bool is_same_unit(const struct th_unit *a, const struct th_unit *b)
{
    return strcmp(a->code, b->code) == 0 && strcmp(a->name, b->name) == 0 &&
           strcmp(a->parent_code, b->parent_code) == 0 &&
           strcmp(a->external_id, b->external_id) == 0 && a->kind == b->kind &&
           a->valid_from.number == b->valid_from.number && a->valid_to.number == b->valid_to.number;
}

int th_units_join(const struct th_core *core, const struct th_unit *listed, uint32_t listed_count,
                  struct th_arena *arena, struct th_unit **ret_units, uint32_t *ret_count)
{
    const struct th_registry *registry = &core->registry;
    uint32_t count = registry->count;
    if (listed_count > TH_UNIT_COUNT_MAX)
        return TH_E_LIMIT;
    struct th_unit *units =
        th_arena_alloc_array(arena, (size_t)count + listed_count, sizeof *units);
    if (units == NULL)
        return TH_E_NO_MEMORY;
    if (count > 0)
        memcpy(units, registry->units, count * sizeof *units);
    for (uint32_t i = 0; i < listed_count; i++) {
        const struct th_unit *unit = &listed[i];
        struct th_text code = {unit->code, strlen(unit->code)};
        uint32_t known = th_registry_find_exact(registry, code, unit->valid_from);
        if (known == TH_UNIT_NONE)
            units[count++] = *unit;
        else if (!is_same_unit(unit, &registry->units[known]))
            return TH_E_EXISTS;
    }
    *ret_units = units;
    *ret_count = count;
    return 0;
}

/* Copied, because the registry that they come from may be replaced before they are stored. */
static int put_unit(struct th_step *step, uint32_t number, uint64_t position,
                    const struct th_unit *unit)
{
    struct th_arena *arena = step->effects->arena;
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_UNIT);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    struct th_unit *copy = &effect->body.unit.unit;
    *copy = *unit;
    copy->code = th_arena_copy_text(arena, unit->code, strlen(unit->code));
    copy->name = th_arena_copy_text(arena, unit->name, strlen(unit->name));
    copy->parent_code = th_arena_copy_text(arena, unit->parent_code, strlen(unit->parent_code));
    copy->external_id = th_arena_copy_text(arena, unit->external_id, strlen(unit->external_id));
    effect->body.unit.number = number;
    effect->body.unit.position = position;
    bool copied = copy->code != NULL && copy->name != NULL && copy->parent_code != NULL &&
                  copy->external_id != NULL;
    return copied ? 0 : TH_E_NO_MEMORY;
}

/* A fold makes them when they are asked for. */
static void drop_rollups(struct th_core *core)
{
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++) {
            struct th_book *book = &core->plans[plan].books[i];
            th_book_drop_rollups(core, book);
            th_book_drop_past(core, book);
            book->is_as_closed = false;
        }
}

/* New rollups of every book, all are open (needs.c), for the new tree, in the order of plans and
 * obligations. */
struct rebuilt {
    struct th_book *book;
    struct th_rollup_set set;
};

static int rebuild(struct th_step *step, const struct th_registry *registry,
                   struct rebuilt **ret_rebuilt, size_t *ret_count)
{
    struct th_core *core = step->core;
    size_t books = 0, count = 0;
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        books += core->plans[plan].plan->obligations_count;
    struct rebuilt *all = th_arena_alloc_array(step->effects->arena, books, sizeof *all);
    int status = all == NULL ? TH_E_NO_MEMORY : 0;
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        for (uint16_t i = 0; status == 0 && i < core->plans[plan].plan->obligations_count; i++) {
            struct th_book *book = &core->plans[plan].books[i];
            TH_ASSERT(book->is_open);
            all[count].book = book;
            status = th_rollups_build(core, registry, book, &all[count].set);
            count += status == 0;
        }
    if (status < 0) {
        for (size_t i = 0; i < count; i++)
            th_rollups_deinit(core, all[i].book->id, &all[i].set);
        return status;
    }
    *ret_rebuilt = all;
    *ret_count = count;
    return 0;
}

int th_apply_units(struct th_step *step, struct th_registry *registry, uint64_t position)
{
    struct th_core *core = step->core;
    struct rebuilt *rebuilt = NULL;
    size_t rebuilt_count = 0;
    int status = 0;
    for (uint32_t i = core->registry.count; status == 0 && i < registry->count; i++)
        status = put_unit(step, i, position, &registry->units[i]);
    if (status == 0)
        status = th_step_reserve(step, TH_STEP_TAIL);
    if (status == 0 && core->is_folding)
        drop_rollups(core);
    else if (status == 0)
        status = rebuild(step, registry, &rebuilt, &rebuilt_count);
    if (status < 0) {
        th_registry_deinit(&core->heap, registry);
        return status;
    }
    for (size_t i = 0; i < rebuilt_count; i++) {
        th_rollups_deinit(core, rebuilt[i].book->id, &rebuilt[i].book->rollups);
        rebuilt[i].book->rollups = rebuilt[i].set;
        th_book_counted(core, rebuilt[i].book);
        th_book_drop_past(core, rebuilt[i].book); /* it was counted for the old tree */
    }
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        th_rollups_drop_blank(core, plan);
    th_registry_deinit(&core->heap, &core->registry);
    core->registry = *registry;
    return 0;
}

int th_step_units(struct th_step *step)
{
    struct th_core *core = step->core;
    struct th_unit *units = NULL;
    uint32_t count = 0;
    struct th_registry registry;
    int status = th_units_join(core, step->event->body.units.units, step->event->body.units.count,
                               step->effects->arena, &units, &count);
    if (status == 0 && count == core->registry.count)
        return th_step_answer(step, 0); /* all are there: nothing changes */
    if (status == 0)
        status = th_registry_build(&core->heap, units, count, &registry);
    if (status < 0)
        return status == TH_E_NO_MEMORY ? status : th_step_answer(step, status);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_UNITS);
    if (entry == NULL) {
        th_registry_deinit(&core->heap, &registry);
        return TH_E_NO_MEMORY;
    }
    entry->raw = step->event->body.units.raw;
    status = th_apply_units(step, &registry, entry->position);
    return status < 0 ? status : th_step_answer(step, 0);
}

/* ---- plans ---- */

bool th_core_find_plan(const struct th_core *core, struct th_text id, uint16_t *ret_plan)
{
    for (uint16_t i = 0; i < core->plans_count; i++)
        if (core->plans[i].id_size == id.size &&
            memcmp(core->plans[i].plan->id, id.bytes, id.size) == 0) {
            *ret_plan = i;
            return true;
        }
    return false;
}

static void free_slot(struct th_core *core, struct th_plan_slot *slot)
{
    th_heap_free(&core->heap, slot->books, slot->plan->obligations_count * sizeof *slot->books);
    th_heap_free(&core->heap, slot->index, slot->index_capacity * sizeof *slot->index);
    th_heap_free(&core->heap, slot->checks_memory, th_checks_size(slot->plan));
    th_heap_discharge(&core->heap, slot->charged);
    th_arena_deinit(&slot->arena);
}

static int fill_slot(struct th_core *core, struct th_plan_slot *slot)
{
    const struct th_plan *plan = slot->plan;
    slot->books = th_heap_alloc_array(&core->heap, plan->obligations_count, sizeof *slot->books);
    slot->checks_memory = th_heap_alloc(&core->heap, th_checks_size(plan));
    if (slot->books == NULL || slot->checks_memory == NULL)
        return TH_E_NO_MEMORY;
    th_checks_init(plan, slot->checks_memory, &slot->checks);
    int status = th_plan_slot_index(core, slot);
    if (status == 0)
        status = th_rollup_layout_init(&plan->catalogue, &slot->arena, &slot->layout);
    if (status == 0)
        status = th_heap_charge(&core->heap, slot->arena.taken_bytes);
    if (status == 0)
        slot->charged = slot->arena.taken_bytes;
    return status;
}

int th_core_add_plan(struct th_core *core, const struct th_plan *plan,
                     const struct th_digest *digest, th_instant loaded_at)
{
    if (core->plans_count == TH_LIMIT_PLANS_MAX)
        return TH_E_LIMIT;
    const size_t layout_bytes = th_rollup_layout_bytes(&plan->catalogue);
    struct th_plan_slot made = {
        .plan = plan, .id_size = strlen(plan->id), .digest = *digest, .loaded_at = loaded_at};
    th_arena_init(&made.arena, layout_bytes, layout_bytes);
    int status = fill_slot(core, &made);
    if (status < 0) {
        free_slot(core, &made);
        return status;
    }
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        made.books[i].id = (struct th_book_id){core->plans_count, i};
    core->plans[core->plans_count++] = made;
    core->knows_timer = false;
    th_core_relate_last_plan(core);
    return 0;
}

void th_core_drop_plan(struct th_core *core)
{
    TH_ASSERT(core->plans_count > 0);
    struct th_plan_slot *slot = &core->plans[core->plans_count - 1];
    th_core_forget_last_plan(core);
    th_rollups_drop_blank(core, (uint16_t)(core->plans_count - 1));
    for (uint16_t i = 0; i < slot->plan->obligations_count; i++)
        th_book_deinit(core, &slot->books[i]);
    free_slot(core, slot);
    core->plans_count--;
    core->knows_timer = false;
}

/* The books of a new plan are open from the start, so that their rollups, which say what is
 * expected, are in the tables from the plan's own commit on. */
static int add_with_books(struct th_core *core, const struct th_event *event, th_instant time)
{
    const struct th_plan *plan = event->body.plan.plan;
    int status = th_core_add_plan(core, plan, &event->body.plan.digest, time);
    if (status < 0)
        return status;
    uint16_t number = (uint16_t)(core->plans_count - 1);
    for (uint16_t i = 0; i < plan->obligations_count && status == 0; i++)
        status = th_core_book_open(core, (struct th_book_id){number, i});
    if (status < 0)
        th_core_drop_plan(core);
    return status;
}

int th_check_plan(const struct th_core *core, const struct th_plan *plan)
{
    uint16_t known;
    if (th_core_find_plan(core, th_text_of(plan->id), &known))
        return TH_E_EXISTS;
    if (th_registry_territory(&core->registry, plan) == TH_UNIT_NONE)
        return TH_E_NOT_FOUND;
    return core->plans_count < TH_LIMIT_PLANS_MAX ? 0 : TH_E_LIMIT;
}

int th_apply_plan(struct th_step *step, uint64_t position)
{
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_PLAN);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->body.plan.number = step->core->plans_count;
    effect->body.plan.position = position;
    effect->body.plan.digest = step->event->body.plan.digest;
    effect->body.plan.loaded_at = step->time;
    effect->body.plan.raw = step->event->body.plan.raw;
    int status = th_step_reserve(step, TH_STEP_TAIL);
    return status < 0 ? status : add_with_books(step->core, step->event, step->time);
}

int th_step_plan(struct th_step *step)
{
    int refusal = th_check_plan(step->core, step->event->body.plan.plan);
    if (refusal < 0)
        return th_step_answer(step, refusal);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_PLAN);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->raw = step->event->body.plan.raw;
    int status = th_apply_plan(step, entry->position);
    return status < 0 ? status : th_step_answer(step, 0);
}

/* ---- keys ---- */

/* Public keys are spread evenly: any four bytes are as good as a hash of all. */
uint32_t th_key_hash(const struct th_sign_key *key)
{
    uint32_t hash;
    memcpy(&hash, key->bytes, sizeof hash);
    return hash;
}

/* Where the index has a key or a gap for it. */
static uint32_t probe_key(const struct th_core *core, const struct th_sign_key *key)
{
    const uint32_t mask = core->key_index_capacity - 1;
    uint32_t at = th_key_hash(key) & mask;
    while (core->key_index[at] != 0 && memcmp(core->keys[core->key_index[at] - 1].sign_key.bytes,
                                              key->bytes, sizeof key->bytes) != 0)
        at = (at + 1) & mask;
    return at;
}

static struct th_key_row *key_of(const struct th_core *core, const struct th_sign_key *key)
{
    if (core->key_index_capacity == 0)
        return NULL;
    const uint32_t at = core->key_index[probe_key(core, key)];
    return at == 0 ? NULL : &core->keys[at - 1];
}

const struct th_key_row *th_core_find_key(const struct th_core *core, const struct th_sign_key *key)
{
    return key_of(core, key);
}

/* Twice as many keys, and four places in the index for each of those that there were. */
static int grow_keys(struct th_core *core)
{
    const uint32_t capacity = core->keys_capacity == 0 ? 64 : core->keys_capacity * 2;
    uint32_t *index = th_heap_alloc_array(&core->heap, (size_t)capacity * 2, sizeof *index);
    if (index == NULL)
        return TH_E_NO_MEMORY;
    struct th_key_row *keys =
        th_heap_resize(&core->heap, core->keys, core->keys_capacity * sizeof *keys,
                       (size_t)capacity * sizeof *keys);
    if (keys == NULL) {
        th_heap_free(&core->heap, index, (size_t)capacity * 2 * sizeof *index);
        return TH_E_NO_MEMORY;
    }
    th_heap_free(&core->heap, core->key_index, core->key_index_capacity * sizeof *index);
    core->keys = keys;
    core->keys_capacity = capacity;
    core->key_index = index;
    core->key_index_capacity = capacity * 2;
    for (uint32_t i = 0; i < core->keys_count; i++)
        index[probe_key(core, &keys[i].sign_key)] = i + 1;
    return 0;
}

int th_core_add_key(struct th_core *core, const struct th_key_row *key)
{
    if (core->keys_count == core->keys_capacity && grow_keys(core) < 0)
        return TH_E_NO_MEMORY;
    const uint32_t at = probe_key(core, &key->sign_key);
    TH_ASSERT(core->key_index[at] == 0);
    core->keys[core->keys_count++] = *key;
    core->key_index[at] = core->keys_count;
    return 0;
}

bool th_key_is_in_force(const struct th_key_row *key, th_instant stamp)
{
    return !key->revoked || stamp.ms < key->revoked_from.ms;
}

bool th_core_is_unit(const struct th_core *core, uint32_t unit, struct th_text code)
{
    const struct th_registry *registry = &core->registry;
    return registry->code_sizes[unit] == code.size &&
           memcmp(registry->units[unit].code, code.bytes, code.size) == 0;
}

int th_apply_key(struct th_step *step, const struct th_key_row *key)
{
    struct th_core *core = step->core;
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_KEY);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->body.key = *key;
    int status = th_step_reserve(step, TH_STEP_TAIL);
    if (status < 0)
        return status;
    struct th_key_row *known = key_of(core, &key->sign_key);
    if (known == NULL)
        return th_core_add_key(core, key);
    *known = *key;
    return 0;
}

/* 0, or why a unit may not have these keys. */
static int check_enrolment(const struct th_core *core, const struct th_enrolment *enrolment,
                           uint32_t unit)
{
    const struct th_key_row *known = th_core_find_key(core, &enrolment->sign_key);
    if (known != NULL)
        return known->unit == unit ? TH_E_EXISTS : TH_E_FORBIDDEN;
    uint32_t own = 0;
    for (uint32_t i = 0; i < core->keys_count; i++) {
        const struct th_key_row *key = &core->keys[i];
        if (key->unit == unit && !key->revoked)
            own++;
        if (key->unit != unit &&
            memcmp(key->curve_key, enrolment->curve_key, sizeof key->curve_key) == 0)
            return TH_E_FORBIDDEN;
    }
    return own < TH_LIMIT_KEYS_PER_UNIT_MAX ? 0 : TH_E_LIMIT;
}

int th_step_enrol(struct th_step *step)
{
    struct th_core *core = step->core;
    const struct th_enrolment *enrolment = &step->event->body.enrol;
    uint32_t unit =
        th_registry_find(&core->registry, enrolment->unit, th_day_of_instant(step->time));
    if (unit == TH_UNIT_NONE)
        return th_step_answer(step, TH_E_NOT_FOUND);
    int refusal = check_enrolment(core, enrolment, unit);
    if (refusal < 0)
        return th_step_answer(step, refusal);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_ENROLLED);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->unit = enrolment->unit;
    entry->body.enrolment = *enrolment;
    struct th_key_row key = {
        .unit = unit, .sign_key = enrolment->sign_key, .enrolled_at = entry->position};
    memcpy(key.curve_key, enrolment->curve_key, sizeof key.curve_key);
    int status = th_apply_key(step, &key);
    return status < 0 ? status : th_step_answer(step, 0);
}

/* A revocation that is in force stays; one that is not yet may be brought forward. */
int th_check_revocation(const struct th_core *core, const struct th_key_row *key,
                        const struct th_revocation *revocation, th_instant now)
{
    if (key == NULL || !th_key_is_in_force(key, now) ||
        !th_core_is_unit(core, key->unit, revocation->unit))
        return TH_E_NOT_FOUND;
    return key->revoked && revocation->effective.ms >= key->revoked_from.ms ? TH_E_EXISTS : 0;
}

int th_step_revoke(struct th_step *step)
{
    struct th_revocation revocation = step->event->body.revoke;
    if (revocation.effective.ms == 0)
        revocation.effective = step->time;
    const struct th_key_row *known = th_core_find_key(step->core, &revocation.sign_key);
    int refusal = th_check_revocation(step->core, known, &revocation, step->time);
    if (refusal < 0)
        return th_step_answer(step, refusal);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_REVOKED);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->unit = revocation.unit;
    entry->body.revocation = revocation;
    struct th_key_row key = *known;
    key.revoked = true;
    key.revoked_at = entry->position;
    key.revoked_from = revocation.effective;
    int status = th_apply_key(step, &key);
    return status < 0 ? status : th_step_answer(step, 0);
}
