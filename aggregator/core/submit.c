/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A submission, one that is shown again with the receipt of a log that was lost, and a report that
 * an operator enters for a unit: they differ in who has authority alone. Every report is judged,
 * all memory is taken, the effects are written, and only then the rows change, on a path that
 * cannot fail.
 */
#include "aggregator/core/judge.h"

#include "base/assert.h"

#include <string.h>

struct submitting {
    struct th_step *step;
    enum th_entry_kind kind; /* of the entry */
    const struct th_submission *submission;
    struct th_judging judging;
    struct th_planning planning;
    struct th_judged *judged;
    struct th_report_verdict *verdicts;
    struct th_judgement *judgements;
    uint64_t position; /* of the entry, if there is one */
    th_instant received;
};

/* ---- rows ---- */

static enum th_timeliness timeliness_now(const struct th_core *core, const struct th_row *row)
{
    if (!row->has_due)
        return TH_TIMELINESS_UNDATED;
    if (core->clock.status == TH_CLOCK_SUSPECT)
        return TH_TIMELINESS_UNDECIDED;
    return row->first_received.ms < row->due.ms ? TH_TIMELINESS_ON_TIME : TH_TIMELINESS_LATE;
}

/* What a first accepted revision decides for all that follow. */
static void decide(const struct submitting *submitting, const struct th_judged *judged,
                   struct th_row *row)
{
    const struct th_core *core = submitting->step->core;
    const struct th_obligation *obligation = th_book_obligation(core, judged->book);
    const struct th_judgement *earlier = judged->earlier;
    row->first_received = earlier == NULL ? submitting->received : earlier->first_received;
    row->has_due = earlier == NULL ? obligation->has_due : earlier->has_due;
    if (row->has_due)
        row->due = earlier == NULL ? obligation->due : earlier->due;
    if (earlier == NULL || (earlier->timeliness == TH_TIMELINESS_UNDECIDED && row->has_due))
        row->timeliness = timeliness_now(core, row);
    else
        row->timeliness = earlier->timeliness;
}

/* The row of an accepted report; what the first accepted revision decided stays. */
static struct th_row row_of(const struct submitting *submitting, size_t index)
{
    const struct th_report *report = &submitting->submission->reports[index];
    const struct th_judged *judged = &submitting->judged[index];
    struct th_row row = {.unit = submitting->judging.unit,
                         .number = report->number,
                         .prepared = submitting->submission->header.prepared};
    if (submitting->kind == TH_ENTRY_ENTERED)
        row.prepared = submitting->received;
    if (judged->before != NULL)
        row = *judged->before;
    else
        decide(submitting, judged, &row);
    row.revision = report->revision;
    row.index = (uint32_t)index;
    row.position = submitting->position;
    row.digest = submitting->submission->header.report_digests[index];
    row.received = submitting->received;
    row.entered = submitting->kind == TH_ENTRY_ENTERED;
    return row;
}

/* Figures that do not fit the catalogue refuse the report: nothing that is counted is damaged. */
static int plan_row(struct submitting *submitting, size_t index, struct th_reasons *errors)
{
    struct th_judged *judged = &submitting->judged[index];
    const struct th_row row = row_of(submitting, index);
    int status = th_planning_add(&submitting->planning, judged->book, &row, judged->before,
                                 &submitting->submission->reports[index]);
    if (status != TH_E_CORRUPT)
        return status;
    th_reasons_add_code(errors, "", "", TH_REASON_VALUE);
    judged->verdict = TH_VERDICT_REJECTED;
    return 0;
}

/* ---- judging ---- */

static int keep_reasons(struct th_arena *arena, const struct th_reasons *found,
                        struct th_reasons *ret_kept)
{
    struct th_reason *items = th_arena_alloc_array(arena, found->count, sizeof *items);
    if (items == NULL)
        return TH_E_NO_MEMORY;
    if (found->count > 0)
        memcpy(items, found->items, found->count * sizeof *items);
    *ret_kept = (struct th_reasons){items, found->count, found->dropped};
    return 0;
}

static void fill_judgement(struct submitting *submitting, size_t index)
{
    const struct th_report *report = &submitting->submission->reports[index];
    struct th_judgement *judgement = &submitting->judgements[index];
    *judgement =
        (struct th_judgement){.obligation = report->obligation,
                              .number = report->number,
                              .revision = report->revision,
                              .report_digest = submitting->submission->header.report_digests[index],
                              .verdict = submitting->judged[index].verdict};
    if (judgement->verdict != TH_VERDICT_ACCEPTED)
        return;
    const struct th_row *row = &submitting->planning.items[submitting->planning.count - 1].row;
    judgement->accepted = true;
    judgement->has_due = row->has_due;
    judgement->due = row->due;
    judgement->first_received = row->first_received;
    judgement->timeliness = row->timeliness;
    judgement->has_received = submitting->kind == TH_ENTRY_READMITTED;
    judgement->received = judgement->has_received ? row->received : (th_instant){0};
}

static int judge(struct submitting *submitting, size_t index)
{
    struct th_arena *arena = submitting->step->effects->arena;
    struct th_reason error_items[TH_REASONS_MAX], warning_items[TH_REASONS_MAX];
    struct th_reasons errors = {.items = error_items}, warnings = {.items = warning_items};
    struct th_judged *judged = &submitting->judged[index];
    th_judge_report(&submitting->judging, index, &errors, &warnings, judged);
    int status = judged->verdict == TH_VERDICT_ACCEPTED ? plan_row(submitting, index, &errors) : 0;
    bool accepted = judged->verdict == TH_VERDICT_ACCEPTED;
    struct th_report_verdict *verdict = &submitting->verdicts[index];
    *verdict =
        (struct th_report_verdict){.digest = submitting->submission->header.report_digests[index],
                                   .kind = judged->verdict,
                                   .position = accepted ? submitting->position : judged->position,
                                   .has_position = accepted || judged->has_position,
                                   .stored_digest = judged->stored_digest,
                                   .next_revision = judged->next_revision};
    if (status == 0)
        status = keep_reasons(arena, &errors, &verdict->reasons);
    if (status == 0)
        status = keep_reasons(arena, &warnings, &verdict->warnings);
    if (status == 0)
        fill_judgement(submitting, index);
    return status;
}

/* ---- effects ---- */

static struct th_remark *add_remarks(struct th_remark *to, size_t index,
                                     const struct th_reasons *reasons, bool refused)
{
    for (size_t i = 0; i < reasons->count; i++) {
        const struct th_reason *reason = &reasons->items[i];
        *to++ = (struct th_remark){.report = (uint32_t)index,
                                   .field = {reason->field, strlen(reason->field)},
                                   .value = {reason->value, strlen(reason->value)},
                                   .rule = {reason->rule, strlen(reason->rule)},
                                   .refused = refused};
    }
    return to;
}

/* The body, as it came. */
static void set_body(const struct submitting *submitting, struct th_entry *entry)
{
    const struct th_event *event = submitting->step->event;
    const struct th_submission *submission = submitting->submission;
    entry->unit = submission->header.unit;
    entry->has_header_digest = submitting->kind != TH_ENTRY_ENTERED;
    if (entry->has_header_digest)
        entry->header_digest = submission->header_digest;
    if (submitting->kind == TH_ENTRY_READMITTED) {
        entry->body.readmission =
            (struct th_readmission){event->body.readmission.raw, event->body.readmission.receipt};
    } else if (submitting->kind == TH_ENTRY_ENTERED) {
        entry->raw = event->body.entering.raw;
        entry->operator= event->body.entering.operator;
    } else {
        entry->raw = event->body.submission.raw;
        if (submission->has_raw_digest)
            entry->raw_digest = &submission->raw_digest;
    }
}

static int append_entry(struct submitting *submitting)
{
    struct th_step *step = submitting->step;
    size_t reports = submitting->submission->header.reports_count, count = 0;
    for (size_t i = 0; i < reports; i++)
        count += submitting->verdicts[i].reasons.count + submitting->verdicts[i].warnings.count;
    struct th_remark *remarks = th_arena_alloc_array(step->effects->arena, count, sizeof *remarks);
    struct th_entry *entry = th_step_append(step, submitting->kind);
    if (remarks == NULL || entry == NULL)
        return TH_E_NO_MEMORY;
    TH_ASSERT(entry->position == submitting->position);
    struct th_remark *next = remarks;
    for (size_t i = 0; i < reports; i++) {
        next = add_remarks(next, i, &submitting->verdicts[i].reasons, true);
        next = add_remarks(next, i, &submitting->verdicts[i].warnings, false);
    }
    set_body(submitting, entry);
    entry->decision = (struct th_decision){submitting->judgements, reports, remarks, count};
    return 0;
}

static int push_answer(struct submitting *submitting)
{
    int status = th_step_answer(submitting->step, 0);
    if (status < 0)
        return status;
    struct th_effects *effects = submitting->step->effects;
    struct th_effect *answer = th_effects_get(effects, effects->count - 1);
    answer->body.answer.is_submission = true;
    answer->body.answer.header_digest = submitting->submission->header_digest;
    answer->body.answer.verdicts = submitting->verdicts;
    answer->body.answer.verdicts_count = submitting->submission->header.reports_count;
    return 0;
}

static int judge_all(struct submitting *submitting)
{
    struct th_arena *arena = submitting->step->effects->arena;
    struct th_arena *passing = th_step_passing(submitting->step);
    size_t count = submitting->submission->header.reports_count;
    submitting->judged = th_arena_alloc_array(passing, count, sizeof *submitting->judged);
    submitting->verdicts = th_arena_alloc_array(arena, count, sizeof *submitting->verdicts);
    submitting->judgements = th_arena_alloc_array(arena, count, sizeof *submitting->judgements);
    if (submitting->judged == NULL || submitting->verdicts == NULL ||
        submitting->judgements == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        int status = judge(submitting, i);
        if (status < 0)
            return status;
    }
    return 0;
}

static int submit(struct submitting *submitting)
{
    struct th_reason header_items[TH_REASONS_MAX];
    struct th_planning *planning = &submitting->planning;
    struct th_judging *judging = &submitting->judging;
    int status =
        th_planning_init(submitting->step, submitting->submission->header.reports_count, planning);
    if (status < 0)
        return status;
    judging->core = submitting->step->core;
    judging->submission = submitting->submission;
    judging->time = submitting->step->time;
    judging->header_errors.items = header_items;
    judging->planning = planning;
    submitting->position = submitting->step->core->next_position;
    th_judge_header(judging);
    if (judging->header_errors.count == 0)
        th_planning_foresee(planning, submitting->submission, judging->unit);
    status = judge_all(submitting);
    if (status == 0 && planning->count > 0)
        status = append_entry(submitting);
    if (status == 0)
        status = th_planning_prepare(planning);
    if (status == 0)
        status = push_answer(submitting);
    if (status == 0)
        th_planning_put(planning);
    th_planning_drop(planning);
    return status;
}

int th_step_submission(struct th_step *step)
{
    const struct th_event_submission *event = &step->event->body.submission;
    struct submitting submitting = {.step = step,
                                    .kind = TH_ENTRY_SUBMISSION,
                                    .submission = event->submission,
                                    .judging.peer_unit = event->peer_unit,
                                    .received = step->time};
    return submit(&submitting);
}

int th_step_readmission(struct th_step *step)
{
    const struct th_event_readmission *event = &step->event->body.readmission;
    struct submitting submitting = {.step = step,
                                    .kind = TH_ENTRY_READMITTED,
                                    .submission = event->submission,
                                    .judging = {.peer_unit = event->peer_unit, .leaf = event->leaf},
                                    .received = th_leaf_received(event->leaf)};
    return submit(&submitting);
}

int th_step_entering(struct th_step *step)
{
    const struct th_event_entering *event = &step->event->body.entering;
    struct submitting submitting = {.step = step,
                                    .kind = TH_ENTRY_ENTERED,
                                    .submission = event->submission,
                                    .judging.is_entered = true,
                                    .received = step->time};
    TH_ASSERT(event->submission->header.reports_count == 1);
    return submit(&submitting);
}
