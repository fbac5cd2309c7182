/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A submission: every report is judged, all memory is taken, the effects are written, and only then
 * the rows change, on a path that cannot fail.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"
#include "proto/model/packed.h"

#include <string.h>

struct submitting {
    struct th_step *step;
    const struct th_submission *submission;
    struct th_judging judging;
    struct th_planned *planned;
    struct th_judged *judged;
    struct th_report_verdict *verdicts;
    struct th_judgement *judgements;
    uint64_t position; /* of the entry, if there is one */
};

/* The row's values, in memory of the core's own. */
static int pack(struct submitting *submitting, const struct th_report *report, struct th_row *row)
{
    int status = th_row_pack(report, submitting->step->effects->arena, row);
    if (status < 0)
        return status;
    uint8_t *own = th_heap_alloc(&submitting->step->core->heap, row->values_size);
    if (own == NULL)
        return TH_E_NO_MEMORY;
    memcpy(own, row->values, row->values_size);
    row->values = own;
    return 0;
}

/* ---- planning rows ---- */

static enum th_timeliness timeliness_now(const struct th_core *core,
                                         const struct th_obligation *obligation, th_instant time)
{
    if (!obligation->has_due)
        return TH_TIMELINESS_UNDATED;
    if (core->clock.status == TH_CLOCK_SUSPECT)
        return TH_TIMELINESS_UNDECIDED;
    return time.ms < obligation->due.ms ? TH_TIMELINESS_ON_TIME : TH_TIMELINESS_LATE;
}

/* The row of an accepted report; what the first accepted revision decided stays. */
static struct th_row row_of(const struct submitting *submitting, size_t index)
{
    const struct th_step *step = submitting->step;
    const struct th_report *report = &submitting->submission->reports[index];
    const struct th_judged *judged = &submitting->judged[index];
    const struct th_obligation *obligation = th_book_obligation(step->core, judged->book);
    struct th_row row = {.unit = submitting->judging.key->unit,
                         .number = report->number,
                         .first_received = step->time,
                         .prepared = submitting->submission->header.prepared,
                         .has_due = obligation->has_due,
                         .due = obligation->due,
                         .timeliness = timeliness_now(step->core, obligation, step->time)};
    if (judged->before != NULL)
        row = *judged->before;
    row.revision = report->revision;
    row.index = (uint32_t)index;
    row.position = submitting->position;
    row.digest = submitting->submission->header.report_digests[index];
    row.received = step->time;
    row.estimated = report->estimated_count > 0;
    return row;
}

static int plan_row(struct submitting *submitting, size_t index)
{
    struct th_core *core = submitting->step->core;
    const struct th_judged *judged = &submitting->judged[index];
    struct th_planned planned = {.book = th_book_get(core, judged->book),
                                 .row = row_of(submitting, index)};
    if (judged->before != NULL) {
        planned.old = th_heap_alloc(&core->heap, sizeof *planned.old);
        if (planned.old == NULL)
            return TH_E_NO_MEMORY;
        planned.old->revision = (struct th_revision){.unit = judged->before->unit,
                                                     .number = judged->before->number,
                                                     .revision = judged->before->revision,
                                                     .index = judged->before->index,
                                                     .position = judged->before->position,
                                                     .digest = judged->before->digest,
                                                     .received = judged->before->received};
    }
    int status = pack(submitting, &submitting->submission->reports[index], &planned.row);
    if (status < 0) {
        th_heap_free(&core->heap, planned.old, sizeof *planned.old);
        return status;
    }
    submitting->planned[submitting->judging.planned_count++] = planned;
    return 0;
}

static void drop_planned(struct submitting *submitting)
{
    struct th_heap *heap = &submitting->step->core->heap;
    for (size_t i = 0; i < submitting->judging.planned_count; i++) {
        struct th_planned *planned = &submitting->planned[i];
        th_heap_free(heap, planned->old, sizeof *planned->old);
        th_heap_free(heap, (void *)(uintptr_t)planned->row.values, planned->row.values_size);
    }
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
    const struct th_row *row = &submitting->planned[submitting->judging.planned_count - 1].row;
    judgement->accepted = true;
    judgement->has_due = row->has_due;
    judgement->due = row->due;
    judgement->first_received = row->first_received;
    judgement->timeliness = row->timeliness;
}

static int judge(struct submitting *submitting, size_t index)
{
    struct th_arena *arena = submitting->step->effects->arena;
    struct th_reason error_items[TH_REASONS_MAX], warning_items[TH_REASONS_MAX];
    struct th_reasons errors = {.items = error_items}, warnings = {.items = warning_items};
    struct th_judged *judged = &submitting->judged[index];
    th_judge_report(&submitting->judging, index, &errors, &warnings, judged);
    bool accepted = judged->verdict == TH_VERDICT_ACCEPTED;
    struct th_report_verdict *verdict = &submitting->verdicts[index];
    *verdict =
        (struct th_report_verdict){.digest = submitting->submission->header.report_digests[index],
                                   .kind = judged->verdict,
                                   .position = accepted ? submitting->position : judged->position,
                                   .has_position = accepted || judged->has_position,
                                   .stored_digest = judged->stored_digest,
                                   .next_revision = judged->next_revision};
    int status = keep_reasons(arena, &errors, &verdict->reasons);
    if (status == 0)
        status = keep_reasons(arena, &warnings, &verdict->warnings);
    if (status == 0 && accepted)
        status = plan_row(submitting, index);
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

static int append_entry(struct submitting *submitting)
{
    struct th_step *step = submitting->step;
    size_t reports = submitting->submission->header.reports_count, count = 0;
    for (size_t i = 0; i < reports; i++)
        count += submitting->verdicts[i].reasons.count + submitting->verdicts[i].warnings.count;
    struct th_remark *remarks = th_arena_alloc_array(step->effects->arena, count, sizeof *remarks);
    struct th_entry *entry = th_step_append(step, TH_ENTRY_SUBMISSION);
    if (remarks == NULL || entry == NULL)
        return TH_E_NO_MEMORY;
    TH_ASSERT(entry->position == submitting->position);
    struct th_remark *next = remarks;
    for (size_t i = 0; i < reports; i++) {
        next = add_remarks(next, i, &submitting->verdicts[i].reasons, true);
        next = add_remarks(next, i, &submitting->verdicts[i].warnings, false);
    }
    entry->unit = submitting->submission->header.unit;
    entry->has_header_digest = true;
    entry->header_digest = submitting->submission->header_digest;
    entry->raw = step->event->body.submission.raw;
    entry->decision = (struct th_decision){submitting->judgements, reports, remarks, count};
    return 0;
}

/* Values are copied: the row that keeps them may be superseded in the same batch. */
static int push_row(struct th_step *step, const struct th_planned *planned)
{
    const struct th_row *row = &planned->row;
    uint8_t *values = th_arena_alloc(step->effects->arena, row->values_size);
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_ROW);
    if (values == NULL || effect == NULL)
        return TH_E_NO_MEMORY;
    memcpy(values, row->values, row->values_size);
    effect->book = planned->book->id;
    effect->body.row = *row;
    effect->body.row.values = values;
    if (planned->old == NULL)
        return 0;
    effect = th_step_push(step, TH_EFFECT_PUT_REVISION);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->book = planned->book->id;
    effect->body.revision = planned->old->revision;
    return 0;
}

static int push_answer(struct submitting *submitting)
{
    int status = th_step_answer(submitting->step, 0);
    if (status < 0)
        return status;
    struct th_effects *effects = submitting->step->effects;
    struct th_effect *answer = &effects->items[effects->count - 1];
    answer->body.answer.is_submission = true;
    answer->body.answer.header_digest = submitting->submission->header_digest;
    answer->body.answer.verdicts = submitting->verdicts;
    answer->body.answer.verdicts_count = submitting->submission->header.reports_count;
    return 0;
}

static int prepare(struct submitting *submitting)
{
    struct th_step *step = submitting->step;
    struct th_core *core = step->core;
    size_t planned_count = submitting->judging.planned_count;
    int status = planned_count > 0 ? append_entry(submitting) : 0;
    for (size_t i = 0; status == 0 && i < planned_count; i++) {
        struct th_planned *planned = &submitting->planned[i];
        status = th_book_reserve(core, planned->book, (uint32_t)planned_count);
        if (status == 0)
            status = th_book_reserve_rollups(core, planned->book, planned->row.unit);
        if (status == 0)
            status = push_row(step, planned);
    }
    return status < 0 ? status : push_answer(submitting);
}

static int judge_all(struct submitting *submitting)
{
    struct th_arena *arena = submitting->step->effects->arena;
    size_t count = submitting->submission->header.reports_count;
    submitting->planned = th_arena_alloc_array(arena, count, sizeof *submitting->planned);
    submitting->judged = th_arena_alloc_array(arena, count, sizeof *submitting->judged);
    submitting->verdicts = th_arena_alloc_array(arena, count, sizeof *submitting->verdicts);
    submitting->judgements = th_arena_alloc_array(arena, count, sizeof *submitting->judgements);
    if (submitting->planned == NULL || submitting->judged == NULL || submitting->verdicts == NULL ||
        submitting->judgements == NULL)
        return TH_E_NO_MEMORY;
    submitting->judging.planned = submitting->planned;
    for (size_t i = 0; i < count; i++) {
        int status = judge(submitting, i);
        if (status < 0)
            return status;
    }
    return 0;
}

int th_step_submission(struct th_step *step)
{
    struct th_reason header_items[TH_REASONS_MAX];
    struct submitting submitting = {.step = step,
                                    .submission = step->event->body.submission.submission,
                                    .judging = {.core = step->core,
                                                .submission = &step->event->body.submission,
                                                .time = step->time,
                                                .header_errors = {.items = header_items}},
                                    .position = step->core->next_position};
    th_judge_header(&submitting.judging);
    int status = judge_all(&submitting);
    if (status == 0)
        status = prepare(&submitting);
    if (status < 0) {
        drop_planned(&submitting);
        return status;
    }
    for (size_t i = 0; i < submitting.judging.planned_count; i++) {
        const struct th_planned *planned = &submitting.planned[i];
        th_book_put(step->core, planned->book, &planned->row, planned->old);
    }
    return 0;
}
