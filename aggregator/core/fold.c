/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folding a journal: each entry is looked at for what no core would have decided after those before
 * it, and then applied by the same functions as in a step. Rules, terms and limits are not asked:
 * they were asked when the entry was made. What was decided about reports is in fold_prepare.c, as
 * far as it can be looked at alone, and in fold_reports.c.
 *
 * Rollups are not kept up with each row: a book whose rows are ahead of them is behind, and makes
 * them anew when a closing or their owner asks. So a report that was corrected costs no more than
 * one that was not, and extremes are never looked for.
 */
#include "aggregator/core/fold.h"

#include "base/assert.h"

#include <string.h>

/* ---- the first entry, units, plans ---- */

static int fold_founded(struct th_step *step, const struct th_founding *founding)
{
    struct th_core *core = step->core;
    if (core->has_identity ||
        (founding->mode != TH_MODE_LIVE && founding->mode != TH_MODE_REHEARSAL) ||
        th_core_set_identity(core, founding->mode, founding->realm) < 0)
        return TH_E_CORRUPT;
    core->clock = (struct th_clock_row){.status = TH_CLOCK_STEADY,
                                        .rehearsed = founding->mode == TH_MODE_REHEARSAL};
    core->has_clock = true;
    return 0;
}

static int fold_units(struct th_step *step, uint64_t position)
{
    struct th_core *core = step->core;
    struct th_unit *units = NULL;
    uint32_t count = 0;
    struct th_registry registry;
    int status = th_units_join(core, step->event->body.units.units, step->event->body.units.count,
                               step->effects->arena, &units, &count);
    if (status == 0 && count == core->registry.count)
        return TH_E_CORRUPT; /* it brings nothing */
    if (status == 0)
        status = th_registry_build(&core->heap, units, count, &registry);
    return status < 0 ? status : th_apply_units(step, &registry, position);
}

static int fold_plan(struct th_step *step, uint64_t position)
{
    return th_check_plan(step->core, step->event->body.plan.plan) < 0
               ? TH_E_CORRUPT
               : th_apply_plan(step, position);
}

/* ---- keys ---- */

static int fold_enrolled(struct th_step *step, const struct th_entry *entry)
{
    const struct th_enrolment *enrolment = &step->event->body.enrol;
    const struct th_core *core = step->core;
    uint32_t unit =
        th_registry_find(&core->registry, enrolment->unit, th_day_of_instant(entry->time));
    if (unit == TH_UNIT_NONE || th_core_find_key(core, &enrolment->sign_key) != NULL)
        return TH_E_CORRUPT;
    struct th_key_row key = {
        .unit = unit, .sign_key = enrolment->sign_key, .enrolled_at = entry->position};
    memcpy(key.curve_key, enrolment->curve_key, sizeof key.curve_key);
    return th_apply_key(step, &key);
}

static int fold_revoked(struct th_step *step, const struct th_entry *entry)
{
    const struct th_revocation *revocation = &step->event->body.revoke;
    const struct th_key_row *known = th_core_find_key(step->core, &revocation->sign_key);
    if (th_check_revocation(step->core, known, revocation, entry->time) < 0)
        return TH_E_CORRUPT;
    struct th_key_row key = *known;
    key.revoked = true;
    key.revoked_at = entry->position;
    key.revoked_from = revocation->effective;
    return th_apply_key(step, &key);
}

/* ---- timers ---- */

/* The book of an obligation that has timers, one of which may fire at that instant. False when no
 * core would have. */
static bool find_timer(const struct th_core *core, const struct th_entry *entry,
                       struct th_text plan, struct th_text obligation, th_instant instant,
                       struct th_book_id *ret_id)
{
    const struct th_report named = {.plan = plan, .obligation = obligation};
    if (core->clock.status != TH_CLOCK_STEADY || core->recovery.is_open ||
        !th_core_find_book(core, &named, ret_id))
        return false;
    const struct th_plan_slot *slot = &core->plans[ret_id->plan];
    const struct th_book *book = &slot->books[ret_id->obligation];
    return th_obligation_is_counted(th_book_obligation(core, *ret_id)) && book->is_open &&
           !book->mark.closed && instant.ms <= entry->time.ms && instant.ms > slot->loaded_at.ms;
}

static int fold_reminder(struct th_step *step, const struct th_entry *entry)
{
    const struct th_reminding *reminding = &entry->body.reminding;
    struct th_book_id id;
    if (!find_timer(step->core, entry, reminding->plan, reminding->obligation, reminding->instant,
                    &id))
        return TH_E_CORRUPT;
    struct th_book *book = th_book_get(step->core, id);
    if (reminding->instant.ms >= th_book_obligation(step->core, id)->due.ms ||
        (book->mark.reminded && reminding->instant.ms <= book->mark.reminded_at.ms))
        return TH_E_CORRUPT;
    return th_apply_reminder(step, book, reminding->instant);
}

static bool find_closing(const struct th_core *core, const struct th_entry *entry,
                         struct th_book_id *ret_id)
{
    const struct th_closing_body *closing = &entry->body.closing;
    return find_timer(core, entry, closing->plan, closing->obligation, closing->instant, ret_id) &&
           closing->instant.ms == th_book_obligation(core, *ret_id)->due.ms;
}

static bool lacks_past(const struct th_core *core, struct th_book_id id, th_instant due)
{
    const struct th_book *book = &core->plans[id.plan].books[id.obligation];
    bool has_past = book->has_past && book->past_at.ms == due.ms;
    return !has_past && th_book_is_past(book, due);
}

bool th_core_fold_need(const struct th_core *core, const struct th_entry *entry,
                       struct th_need *ret_need)
{
    struct th_book_id id;
    if (entry->kind != TH_ENTRY_CLOSING || !find_closing(core, entry, &id) ||
        !lacks_past(core, id, entry->body.closing.instant))
        return false;
    *ret_need = (struct th_need){id, true, entry->body.closing.instant};
    return true;
}

static int fold_closing(struct th_step *step, const struct th_entry *entry)
{
    const struct th_closing_body *closing = &entry->body.closing;
    struct th_book_id id;
    if (!find_closing(step->core, entry, &id))
        return TH_E_CORRUPT;
    TH_ASSERT(!lacks_past(step->core, id, closing->instant)); /* see th_core_fold_need() */
    struct th_book *book = th_book_get(step->core, id);
    uint32_t expected, received;
    /* A past was made for itself. */
    const bool is_past = th_book_is_past(book, closing->instant);
    int status = is_past ? 0 : th_book_catch_up(step->core, book);
    if (status < 0)
        return status;
    th_closing_counts(step->core, book, &expected, &received);
    if (expected != closing->expected || received != closing->received)
        return TH_E_CORRUPT;
    status = th_apply_closing(step, book);
    book->is_as_closed = status == 0 && !is_past;
    return status;
}

/* ---- the clock ---- */

static bool clock_may_change(const struct th_clock_row *clock, const struct th_entry *entry)
{
    switch (entry->body.clock_change.kind) {
    case TH_CLOCK_REHEARSED:
        return clock->rehearsed && entry->clock == clock->status;
    case TH_CLOCK_DOUBTED:
        return !clock->rehearsed && clock->status == TH_CLOCK_STEADY &&
               entry->clock == TH_CLOCK_SUSPECT;
    case TH_CLOCK_SETTLED:
    case TH_CLOCK_ACCEPTED:
        return !clock->rehearsed && clock->status == TH_CLOCK_SUSPECT &&
               entry->clock == TH_CLOCK_STEADY;
    }
    return false;
}

static int fold_clock(struct th_step *step, const struct th_entry *entry)
{
    struct th_clock_row *clock = &step->core->clock;
    if (!clock_may_change(clock, entry))
        return TH_E_CORRUPT;
    bool settles = clock->status == TH_CLOCK_SUSPECT && entry->clock == TH_CLOCK_STEADY;
    clock->status = entry->clock;
    return settles ? th_judge_undecided(step) : 0;
}

/* ---- the log's keys, recovery ---- */

static int fold_rotated(struct th_step *step)
{
    const struct th_rotation *rotation = &step->event->body.rotate;
    return th_check_rotation(step->core, rotation) < 0 ? TH_E_CORRUPT
                                                       : th_apply_rotation(step, rotation);
}

static int fold_recovered(struct th_step *step, uint64_t position)
{
    const struct th_recovery *recovery = &step->event->body.recover;
    return th_check_recovery(step->core, recovery) < 0
               ? TH_E_CORRUPT
               : th_apply_recovery(step, recovery, position);
}

static int fold_recovery_ended(struct th_step *step)
{
    return step->core->recovery.is_open ? th_apply_recovery_end(step) : TH_E_CORRUPT;
}

/* ---- the door ---- */

/* The event that brings entries of a kind; 0: timers and clocks have none. */
static int event_of(enum th_entry_kind kind)
{
    switch (kind) {
    case TH_ENTRY_FOUNDED:
        return TH_EVENT_FOUND;
    case TH_ENTRY_UNITS:
        return TH_EVENT_UNITS;
    case TH_ENTRY_PLAN:
        return TH_EVENT_PLAN;
    case TH_ENTRY_ENROLLED:
        return TH_EVENT_ENROL;
    case TH_ENTRY_REVOKED:
        return TH_EVENT_REVOKE;
    case TH_ENTRY_SUBMISSION:
        return TH_EVENT_SUBMISSION;
    case TH_ENTRY_ROTATED:
        return TH_EVENT_ROTATE;
    case TH_ENTRY_RECOVERED:
        return TH_EVENT_RECOVER;
    case TH_ENTRY_RECOVERY_ENDED:
        return TH_EVENT_END_RECOVERY;
    case TH_ENTRY_READMITTED:
        return TH_EVENT_READMISSION;
    case TH_ENTRY_ENTERED:
        return TH_EVENT_ENTERING;
    case TH_ENTRY_REMINDER:
    case TH_ENTRY_CLOSING:
    case TH_ENTRY_CLOCK:
        break;
    }
    return 0;
}

/* Those that nobody has prepared are prepared here. */
static int fold_reports(struct th_step *step, const struct th_entry *entry,
                        const struct th_submission *submission, const struct th_prepared *prepared)
{
    struct th_prepared own;
    if (prepared != NULL)
        return th_fold_reports(step, entry, prepared);
    int status = th_core_prepare(step->core, step->core->plans_count, entry, submission,
                                 step->effects->arena, &own);
    return status == 0 ? th_fold_reports(step, entry, &own) : status;
}

static int fold_entry(struct th_step *step, const struct th_entry *entry,
                      const struct th_prepared *prepared)
{
    switch (entry->kind) {
    case TH_ENTRY_FOUNDED:
        return fold_founded(step, &step->event->body.found);
    case TH_ENTRY_UNITS:
        return fold_units(step, entry->position);
    case TH_ENTRY_PLAN:
        return fold_plan(step, entry->position);
    case TH_ENTRY_ENROLLED:
        return fold_enrolled(step, entry);
    case TH_ENTRY_REVOKED:
        return fold_revoked(step, entry);
    case TH_ENTRY_SUBMISSION:
        return fold_reports(step, entry, step->event->body.submission.submission, prepared);
    case TH_ENTRY_READMITTED:
        return fold_reports(step, entry, step->event->body.readmission.submission, prepared);
    case TH_ENTRY_ENTERED:
        return fold_reports(step, entry, step->event->body.entering.submission, prepared);
    case TH_ENTRY_REMINDER:
        return fold_reminder(step, entry);
    case TH_ENTRY_CLOSING:
        return fold_closing(step, entry);
    case TH_ENTRY_CLOCK:
        return fold_clock(step, entry);
    case TH_ENTRY_ROTATED:
        return fold_rotated(step);
    case TH_ENTRY_RECOVERED:
        return fold_recovered(step, entry->position);
    case TH_ENTRY_RECOVERY_ENDED:
        return fold_recovery_ended(step);
    }
    return TH_E_CORRUPT;
}

/* Whether an entry may follow those before it at all. */
static bool may_follow(const struct th_core *core, const struct th_entry *entry,
                       const struct th_event *content)
{
    int kind = event_of(entry->kind);
    if (kind != 0 && (content == NULL || (int)content->kind != kind))
        return false;
    if (entry->position != core->next_position ||
        (entry->kind == TH_ENTRY_FOUNDED) != (entry->position == 0))
        return false;
    if (entry->kind == TH_ENTRY_FOUNDED)
        return entry->clock == TH_CLOCK_STEADY;
    return core->has_identity && core->has_clock && entry->time.ms >= core->clock.time.ms &&
           (entry->kind == TH_ENTRY_CLOCK || entry->clock == core->clock.status);
}

int th_core_fold(struct th_core *core, const struct th_entry *entry, const struct th_event *content,
                 struct th_effects *effects)
{
    return th_core_fold_prepared(core, entry, content, NULL, effects);
}

int th_core_fold_prepared(struct th_core *core, const struct th_entry *entry,
                          const struct th_event *content, const struct th_prepared *prepared,
                          struct th_effects *effects)
{
    struct th_step step = {.core = core, .event = content, .effects = effects, .time = entry->time};
    if (!may_follow(core, entry, content))
        return TH_E_CORRUPT;
    core->is_folding = true;
    int status = fold_entry(&step, entry, prepared);
    if (status < 0)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    core->clock.time = entry->time;
    core->clock.anchor_wall = entry->time;
    core->clock.anchor_boottime_ms = entry->boottime_ms;
    core->is_anchored = false;
    core->next_position++;
    struct th_effect *last = th_step_push(&step, TH_EFFECT_PUT_CLOCK);
    if (last == NULL)
        return TH_E_NO_MEMORY;
    last->body.clock = core->clock;
    if (entry->kind == TH_ENTRY_CLOSING)
        th_core_drop_pasts(core);
    return 0;
}
