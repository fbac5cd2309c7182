/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/core/state.h"

#include "base/assert.h"

int th_core_new(size_t budget_bytes, struct th_core **ret_core)
{
    return th_core_new_from(budget_bytes, (struct th_heap_source){0}, ret_core);
}

int th_core_new_from(size_t budget_bytes, struct th_heap_source source, struct th_core **ret_core)
{
    struct th_heap heap;
    th_heap_init_from(&heap, budget_bytes, source);
    struct th_core *core = th_heap_alloc(&heap, sizeof *core);
    if (core == NULL)
        return TH_E_NO_MEMORY;
    core->heap = heap;
    *ret_core = core;
    return 0;
}

void th_core_free(struct th_core *core)
{
    if (core == NULL)
        return;
    while (core->plans_count > 0)
        th_core_drop_plan(core);
    th_registry_deinit(&core->heap, &core->registry);
    th_heap_free(&core->heap, core->keys, core->keys_capacity * sizeof *core->keys);
    th_heap_free(&core->heap, core->key_index, core->key_index_capacity * sizeof *core->key_index);
    struct th_heap heap = core->heap;
    th_heap_free(&heap, core, sizeof *core);
    TH_ASSERT(heap.taken_bytes == 0);
}

struct th_leaf th_entry_leaf(const struct th_entry *entry, enum th_mode mode,
                             const struct th_digest *entry_digest)
{
    return (struct th_leaf){.position = entry->position,
                            .kind = entry->kind,
                            .time = entry->time,
                            .clock = entry->clock,
                            .entry_digest = *entry_digest,
                            .mode = mode,
                            .unit = entry->unit,
                            .operator= entry->operator,
                            .has_header_digest = entry->has_header_digest,
                            .header_digest = entry->header_digest,
                            .judgements = entry->decision.judgements,
                            .judgements_count = entry->decision.judgements_count};
}

/* ---- loading ---- */

int th_core_set_identity(struct th_core *core, enum th_mode mode, struct th_text realm)
{
    int status = th_core_set_realm(core, realm);
    if (status < 0)
        return status;
    core->mode = mode;
    core->has_identity = true;
    core->log_keys_count = 1;
    return 0;
}

int th_core_load_identity(struct th_core *core, enum th_mode mode, struct th_text realm,
                          uint64_t next_position)
{
    core->next_position = next_position;
    return th_core_set_identity(core, mode, realm);
}

int th_core_load_units(struct th_core *core, const struct th_unit *units, uint32_t count)
{
    TH_ASSERT(core->registry.count == 0);
    int status = th_registry_build(&core->heap, units, count, &core->registry);
    return status == TH_E_NO_MEMORY || status == 0 ? status : TH_E_CORRUPT;
}

int th_core_load_plan(struct th_core *core, const struct th_plan *plan,
                      const struct th_digest *digest, th_instant loaded_at)
{
    uint16_t known;
    if (th_core_find_plan(core, th_text_of(plan->id), &known))
        return TH_E_CORRUPT;
    return th_core_add_plan(core, plan, digest, loaded_at);
}

int th_core_load_key(struct th_core *core, const struct th_key_row *key)
{
    if (key->unit >= core->registry.count || th_core_find_key(core, &key->sign_key) != NULL)
        return TH_E_CORRUPT;
    return th_core_add_key(core, key);
}

int th_core_load_mark(struct th_core *core, struct th_book_id id, const struct th_mark *mark)
{
    if (!th_book_exists(core, id))
        return TH_E_CORRUPT;
    struct th_book *book = th_book_get(core, id);
    book->mark = *mark;
    book->has_mark = true;
    core->knows_timer = false;
    return 0;
}

void th_core_load_clock(struct th_core *core, const struct th_clock_row *clock)
{
    core->clock = *clock;
    core->has_clock = true;
    core->is_anchored = false;
}

/* ---- the door ---- */

static int found(struct th_step *step)
{
    struct th_core *core = step->core;
    const struct th_founding *founding = &step->event->body.found;
    if (core->next_position != 0)
        return th_step_answer(step, TH_E_EXISTS);
    int status = th_core_set_identity(core, founding->mode, founding->realm);
    if (status < 0)
        return th_step_answer(step, status);
    core->clock = (struct th_clock_row){.time = step->event->now.wall,
                                        .status = TH_CLOCK_STEADY,
                                        .anchor_wall = step->event->now.wall,
                                        .anchor_boottime_ms = step->event->now.boottime_ms,
                                        .rehearsed = founding->mode == TH_MODE_REHEARSAL};
    core->has_clock = true;
    core->is_anchored = true;
    step->time = core->clock.time;
    struct th_entry *entry = th_step_append(step, TH_ENTRY_FOUNDED);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->body.founding = *founding;
    return th_step_answer(step, 0);
}

static int do_event(struct th_step *step)
{
    switch (step->event->kind) {
    case TH_EVENT_FOUND:
        return found(step);
    case TH_EVENT_UNITS:
        return th_step_units(step);
    case TH_EVENT_PLAN:
        return th_step_plan(step);
    case TH_EVENT_ENROL:
        return th_step_enrol(step);
    case TH_EVENT_REVOKE:
        return th_step_revoke(step);
    case TH_EVENT_SUBMISSION:
        return th_step_submission(step);
    case TH_EVENT_TICK:
        return th_step_reserve(step, 1);
    case TH_EVENT_CLOCK_SET:
        return th_step_clock_set(step);
    case TH_EVENT_CLOCK_ACCEPT:
        return th_step_clock_accept(step);
    case TH_EVENT_ROTATE:
        return th_step_rotate(step);
    case TH_EVENT_RECOVER:
        return th_step_recover(step);
    case TH_EVENT_END_RECOVERY:
        return th_step_end_recovery(step);
    case TH_EVENT_READMISSION:
        return th_step_readmission(step);
    case TH_EVENT_ENTERING:
        return th_step_entering(step);
    }
    return th_step_answer(step, TH_E_INVALID);
}

/* The clock and the timers that are due. */
static int pass_time(struct th_step *step)
{
    struct th_core *core = step->core;
    int status = th_step_clock(step);
    if (status == 0 && core->clock.status == TH_CLOCK_STEADY && !core->recovery.is_open)
        status = th_step_timers(step, step->time, core->clock.rehearsed, step->event->timers);
    step->appended = false; /* what follows is the event's own */
    return status;
}

bool th_event_is_first(const struct th_event *event)
{
    return event->kind == TH_EVENT_ROTATE || event->kind == TH_EVENT_RECOVER;
}

static int run(struct th_step *step)
{
    const struct th_core *core = step->core;
    int status = 0;
    if (step->event->kind == TH_EVENT_FOUND)
        return found(step);
    if (!core->has_identity || !core->has_clock)
        return step->event->kind == TH_EVENT_TICK ? 0 : th_step_answer(step, TH_E_INVALID);
    if (th_event_is_first(step->event))
        step->time = th_core_time(core, step->event->now);
    else
        status = pass_time(step);
    return status < 0 ? status : do_event(step);
}

static void undo_all(const struct th_step *step)
{
    for (const struct th_undo *undo = step->undo; undo != NULL; undo = undo->next) {
        if (undo->is_mark) {
            undo->book->mark = undo->mark;
            undo->book->has_mark = undo->had_mark;
        } else {
            for (uint32_t i = 0; i < undo->rows_count; i++)
                th_book_judge(step->core, undo->book, undo->rows[i], TH_TIMELINESS_UNDECIDED);
        }
    }
}

/* Pasts that were given for closings are used up once the step has succeeded. */
void th_core_drop_pasts(struct th_core *core)
{
    for (uint16_t plan = 0; core->pasts_count > 0 && plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++) {
            struct th_book *book = &core->plans[plan].books[i];
            if (book->has_past && book->mark.closed)
                th_book_drop_past(core, book);
        }
}

int th_core_step(struct th_core *core, const struct th_event *event, struct th_effects *effects)
{
    struct th_step step = {
        .core = core, .event = event, .effects = effects, .time = core->clock.time};
    const struct th_clock_row clock = core->clock;
    const bool has_identity = core->has_identity, has_clock = core->has_clock;
    const bool is_anchored = core->is_anchored;
    const struct th_recovery_row recovery = core->recovery;
    const uint64_t next_position = core->next_position;
    const size_t effects_count = effects->count;
    th_timers_refresh(core);
    int status = th_core_end_fold(core);
    if (status < 0)
        return status;
    status = run(&step);
    if (status < 0) {
        undo_all(&step);
        core->clock = clock;
        core->has_identity = has_identity;
        core->has_clock = has_clock;
        core->is_anchored = is_anchored;
        core->recovery = recovery;
        core->next_position = next_position;
        effects->count = effects_count;
        return status;
    }
    if (core->next_position != next_position) {
        struct th_effect *last = th_step_push(&step, TH_EFFECT_PUT_CLOCK);
        TH_ASSERT(last != NULL); /* its place was taken before the last stage changed anything */
        last->body.clock = core->clock;
    }
    th_core_drop_pasts(core);
    return 0;
}

static int take_book(struct th_core *core, struct th_book *book, th_core_rollup_fn *fn,
                     void *context)
{
    struct th_rollup_set *set = &book->rollups;
    const struct th_rollup_layout *layout = th_rollups_layout(core, book->id);
    for (uint32_t place = 0; place < set->places_count; place++)
        for (int branch = 0; branch < TH_BRANCHES; branch++) {
            struct th_rollup_slot *slot = set->slots[(size_t)place * TH_BRANCHES + (size_t)branch];
            if (slot == NULL || !slot->is_dirty)
                continue;
            uint32_t unit =
                place < core->registry.places_count ? core->registry.placed[place] : set->territory;
            th_rollups_settle(core, book, set, unit, (enum th_branch)branch);
            int status = fn(context, book->id, unit, (enum th_branch)branch, layout, &slot->rollup);
            if (status != 0)
                return status;
            slot->is_dirty = false;
        }
    set->is_dirty = false;
    return 0;
}

int th_core_take_dirty_of(struct th_core *core, th_core_book_fn *is_wanted, th_core_rollup_fn *fn,
                          void *context)
{
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++) {
            struct th_book *book = &core->plans[plan].books[i];
            if (is_wanted != NULL && !is_wanted(context, book->id))
                continue;
            int status = th_book_catch_up(core, book);
            if (status == 0 && book->rollups.is_dirty)
                status = take_book(core, book, fn, context);
            if (status != 0)
                return status;
        }
    return 0;
}

int th_core_take_dirty(struct th_core *core, th_core_rollup_fn *fn, void *context)
{
    return th_core_take_dirty_of(core, NULL, fn, context);
}

void th_core_book_touch(struct th_core *core, struct th_book_id id)
{
    struct th_book *book = th_book_get(core, id);
    struct th_rollup_set *set = &book->rollups;
    TH_ASSERT(book->is_open);
    for (size_t at = 0; at < (size_t)set->places_count * TH_BRANCHES; at++)
        if (set->slots[at] != NULL)
            set->is_dirty = set->slots[at]->is_dirty = true;
}

/* ---- asking ---- */

th_instant th_core_time(const struct th_core *core, struct th_reading now)
{
    struct th_clock_next next;
    th_clock_read(core, now, &next);
    return next.time;
}

bool th_core_is_due(const struct th_core *core, const struct th_event *event)
{
    struct th_timer timer;
    struct th_clock_next next;
    if (!core->has_clock || core->recovery.is_open || th_event_is_first(event))
        return false;
    th_clock_read(core, event->now, &next);
    return next.row.status == TH_CLOCK_STEADY &&
           th_timers_first(core, next.time, core->clock.rehearsed, &timer);
}

bool th_core_next_due(const struct th_core *core, th_instant *ret_instant)
{
    struct th_timer timer;
    if (core->clock.status != TH_CLOCK_STEADY || core->recovery.is_open ||
        !th_timers_first(core, (th_instant){INT64_MAX}, true, &timer))
        return false;
    *ret_instant = timer.instant;
    return true;
}

enum th_clock_status th_core_clock_status(const struct th_core *core)
{
    return core->clock.status;
}

uint32_t th_core_units_count(const struct th_core *core)
{
    return core->registry.count;
}

const struct th_unit *th_core_unit(const struct th_core *core, uint32_t number)
{
    TH_ASSERT(number < core->registry.count);
    return &core->registry.units[number];
}

bool th_core_find_unit(const struct th_core *core, struct th_text code, th_day day,
                       uint32_t *ret_number)
{
    uint32_t unit = th_registry_find(&core->registry, code, day);
    if (unit != TH_UNIT_NONE)
        *ret_number = unit;
    return unit != TH_UNIT_NONE;
}

uint16_t th_core_plans_count(const struct th_core *core)
{
    return core->plans_count;
}

const struct th_plan *th_core_plan(const struct th_core *core, uint16_t number)
{
    TH_ASSERT(number < core->plans_count);
    return core->plans[number].plan;
}

bool th_core_expects(const struct th_core *core, struct th_book_id book, uint32_t unit,
                     th_day today)
{
    const struct th_plan *plan = core->plans[book.plan].plan;
    const struct th_obligation *obligation = &plan->obligations[book.obligation];
    th_day day = obligation->has_due ? th_obligation_last_day(obligation) : today;
    return th_registry_expects(&core->registry, plan, obligation, unit, day);
}

bool th_core_has_reported(const struct th_core *core, struct th_book_id book, uint32_t unit)
{
    const struct th_book *found_book = &core->plans[book.plan].books[book.obligation];
    return th_book_first_of(found_book, unit) != NULL;
}

const struct th_mark *th_core_mark(const struct th_core *core, struct th_book_id book)
{
    return &core->plans[book.plan].books[book.obligation].mark;
}
