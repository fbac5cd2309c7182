/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reminders before a due instant and the closing at it.
 *
 * What has fired stands in the book's mark. A timer whose instant is not after the loading of its
 * plan never fires. Entries carry the time of the step; in a rehearsal time walks through every
 * instant, so there an entry carries the timer's own instant.
 *
 * A reminder is an entry also when no unit is missing, so that what has fired is in the journal;
 * then nobody is told.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"

/* The next reminder of a book: the first that has not fired, or, when time does not walk, the
 * latest at or before `limit` if there is one. */
static bool next_reminder(const struct th_plan_slot *slot, const struct th_book *book,
                          th_instant limit, bool walks, th_instant *ret_instant)
{
    const struct th_obligation *obligation = &slot->plan->obligations[book->id.obligation];
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_REMINDERS);
    if (terms == NULL || (!walks && limit.ms >= obligation->due.ms))
        return false;
    bool found = false;
    for (uint16_t i = 0; i < terms->reminders_count; i++) {
        th_instant at = th_obligation_reminder(obligation, terms->reminders[i]);
        if (at.ms >= obligation->due.ms || at.ms <= slot->loaded_at.ms || at.ms > limit.ms ||
            (book->mark.reminded && at.ms <= book->mark.reminded_at.ms))
            continue;
        if (!found || (walks ? at.ms < ret_instant->ms : at.ms > ret_instant->ms))
            *ret_instant = at;
        found = true;
    }
    return found;
}

static bool next_timer(const struct th_plan_slot *slot, const struct th_book *book,
                       th_instant limit, bool walks, struct th_timer *ret_timer)
{
    const struct th_obligation *obligation = &slot->plan->obligations[book->id.obligation];
    if (!th_obligation_is_counted(obligation) || book->mark.closed)
        return false;
    th_instant at = {0};
    if (next_reminder(slot, book, limit, walks, &at)) {
        *ret_timer = (struct th_timer){at, book->id, false};
        return true;
    }
    if (obligation->due.ms <= slot->loaded_at.ms || obligation->due.ms > limit.ms)
        return false;
    *ret_timer = (struct th_timer){obligation->due, book->id, true};
    return true;
}

bool th_timer_is_due(const struct th_core *core, const struct th_book *book, th_instant limit,
                     bool walks)
{
    struct th_timer timer;
    return next_timer(&core->plans[book->id.plan], book, limit, walks, &timer);
}

void th_timers_refresh(struct th_core *core)
{
    struct th_timer first;
    if (core->knows_timer)
        return;
    core->has_timer = th_timers_first(core, (th_instant){INT64_MAX}, true, &first);
    core->first_timer = core->has_timer ? first.instant : (th_instant){0};
    core->knows_timer = true;
}

bool th_timers_rest(const struct th_core *core, th_instant limit)
{
    return core->knows_timer && (!core->has_timer || core->first_timer.ms > limit.ms);
}

bool th_timers_first(const struct th_core *core, th_instant limit, bool walks,
                     struct th_timer *ret_timer)
{
    bool found = false;
    if (th_timers_rest(core, limit))
        return false;
    for (uint16_t plan = 0; plan < core->plans_count; plan++)
        for (uint16_t i = 0; i < core->plans[plan].plan->obligations_count; i++) {
            struct th_timer timer;
            if (next_timer(&core->plans[plan], &core->plans[plan].books[i], limit, walks, &timer) &&
                (!found || timer.instant.ms < ret_timer->instant.ms)) {
                *ret_timer = timer;
                found = true;
            }
        }
    return found;
}

static int set_mark(struct th_step *step, struct th_book *book, const struct th_mark *mark)
{
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_MARK);
    if (effect == NULL || th_step_note(step, book) == NULL)
        return TH_E_NO_MEMORY;
    book->mark = *mark;
    book->has_mark = true;
    step->core->knows_timer = false;
    effect->book = book->id;
    effect->body.mark = *mark;
    return 0;
}

/* ---- reminders ---- */

static int find_missing(struct th_step *step, const struct th_book *book,
                        const uint32_t **ret_units, uint32_t *ret_count)
{
    const struct th_core *core = step->core;
    const struct th_plan *plan = core->plans[book->id.plan].plan;
    const struct th_obligation *obligation = th_book_obligation(core, book->id);
    uint32_t *units =
        th_arena_alloc_array(step->effects->arena, core->registry.count, sizeof *units);
    if (units == NULL)
        return TH_E_NO_MEMORY;
    uint32_t count = 0;
    for (uint32_t unit = 0; unit < core->registry.count; unit++)
        if (th_book_find(book, unit, 0) == NULL &&
            th_registry_expects(&core->registry, plan, obligation, unit,
                                th_obligation_last_day(obligation)))
            units[count++] = unit;
    *ret_units = units;
    *ret_count = count;
    return 0;
}

int th_apply_reminder(struct th_step *step, struct th_book *book, th_instant instant)
{
    struct th_mark mark = book->mark;
    mark.reminded = true;
    mark.reminded_at = instant;
    return set_mark(step, book, &mark);
}

static int fire_reminder(struct th_step *step, struct th_book *book, th_instant instant)
{
    const struct th_obligation *obligation = th_book_obligation(step->core, book->id);
    const uint32_t *units = NULL;
    uint32_t count = 0;
    int status = find_missing(step, book, &units, &count);
    if (status < 0)
        return status;
    struct th_entry *entry = th_step_append(step, TH_ENTRY_REMINDER);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    entry->body.reminding =
        (struct th_reminding){th_text_of(step->core->plans[book->id.plan].plan->id),
                              th_text_of(obligation->id), instant, count};
    status = th_apply_reminder(step, book, instant);
    if (status < 0 || count == 0)
        return status;
    struct th_effect *effect = th_step_push(step, TH_EFFECT_REMIND);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->book = book->id;
    effect->body.remind.instant = instant;
    effect->body.remind.due = obligation->due;
    effect->body.remind.units = units;
    effect->body.remind.count = count;
    return 0;
}

/* ---- closings ---- */

static int put_closing(struct th_step *step, struct th_book *book, const struct th_rollup_set *set,
                       uint32_t unit, enum th_branch branch)
{
    const struct th_rollup_slot *slot = th_rollups_get(&step->core->registry, set, unit, branch);
    const struct th_plan_slot *plan = &step->core->plans[book->id.plan];
    bool is_top = unit == set->territory;
    if (slot == NULL ||
        (!is_top && slot->rollup.counts.received == 0 && slot->rollup.counts.expected == 0))
        return 0;
    th_rollups_settle(step->core, book, set, unit, branch);
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_CLOSING);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->book = book->id;
    effect->body.closing.closed_at = th_book_obligation(step->core, book->id)->due;
    effect->body.closing.unit = unit;
    effect->body.closing.branch = branch;
    effect->body.closing.layout = &plan->layout;
    int status = th_rollup_new(&plan->layout, th_step_passing(step), &effect->body.closing.rollup);
    if (status == 0)
        th_rollup_copy(&plan->layout, &slot->rollup, &effect->body.closing.rollup);
    return status;
}

/* The rollups as they were at the due instant. */
static const struct th_rollup_set *closing_set(const struct th_core *core,
                                               const struct th_book *book)
{
    const struct th_obligation *obligation = th_book_obligation(core, book->id);
    if (!th_book_is_past(book, obligation->due))
        return &book->rollups;
    TH_ASSERT(book->has_past);
    TH_ASSERT(book->past_at.ms == obligation->due.ms);
    return &book->past;
}

void th_closing_counts(const struct th_core *core, const struct th_book *book,
                       uint32_t *ret_expected, uint32_t *ret_received)
{
    uint32_t top = th_registry_territory(&core->registry, core->plans[book->id.plan].plan);
    const struct th_rollup_slot *slot =
        th_rollups_get(&core->registry, closing_set(core, book), top, TH_BRANCH_ALL);
    *ret_expected = slot == NULL ? 0 : slot->rollup.counts.expected;
    *ret_received = slot == NULL ? 0 : slot->rollup.counts.received;
}

int th_apply_closing(struct th_step *step, struct th_book *book)
{
    const struct th_rollup_set *set = closing_set(step->core, book);
    for (uint32_t unit = 0; unit < set->units_count; unit++)
        for (int branch = 0; branch < TH_BRANCHES; branch++) {
            int status = put_closing(step, book, set, unit, (enum th_branch)branch);
            if (status < 0)
                return status;
        }
    struct th_mark mark = book->mark;
    mark.closed = true;
    mark.closed_at = th_book_obligation(step->core, book->id)->due;
    return set_mark(step, book, &mark);
}

static int fire_closing(struct th_step *step, struct th_book *book)
{
    const struct th_core *core = step->core;
    const struct th_obligation *obligation = th_book_obligation(core, book->id);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_CLOSING);
    if (entry == NULL)
        return TH_E_NO_MEMORY;
    struct th_closing_body *closing = &entry->body.closing;
    *closing = (struct th_closing_body){.plan = th_text_of(core->plans[book->id.plan].plan->id),
                                        .obligation = th_text_of(obligation->id),
                                        .instant = obligation->due};
    th_book_count(step->core, book);
    th_closing_counts(core, book, &closing->expected, &closing->received);
    return th_apply_closing(step, book);
}

int th_step_timers(struct th_step *step, th_instant limit, bool walks, enum th_event_timers timers)
{
    struct th_timer timer;
    for (bool goes_on = timers != TH_TIMERS_NONE;
         goes_on && th_timers_first(step->core, limit, walks, &timer);
         goes_on = timers == TH_TIMERS_ALL) {
        struct th_book *book = th_book_get(step->core, timer.book);
        TH_ASSERT(book->is_open);
        if (walks && timer.instant.ms > step->time.ms)
            step->time = timer.instant;
        int status =
            timer.is_closing ? fire_closing(step, book) : fire_reminder(step, book, timer.instant);
        if (status < 0)
            return status;
    }
    return 0;
}
