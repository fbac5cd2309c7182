/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports of an entry as they were decided. The decision and the submission have to speak of
 * the same reports, accepted ones have to follow the revisions that are there, and what a first
 * revision decided for its report has to stay.
 */
#include "aggregator/core/fold.h"

#include <string.h>

struct folding {
    const struct th_entry *entry;
    const struct th_submission *submission;
    uint32_t unit;
    struct th_planning planning;
};

static bool is_same(struct th_text a, struct th_text b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_same_digest(const struct th_digest *a, const struct th_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* ---- the whole ---- */

static bool is_accepted(const struct th_judgement *judgement)
{
    return judgement->verdict == TH_VERDICT_ACCEPTED;
}

static const struct th_judgement *first_accepted(const struct th_decision *decision)
{
    for (size_t i = 0; i < decision->judgements_count; i++)
        if (is_accepted(&decision->judgements[i]))
            return &decision->judgements[i];
    return NULL;
}

/* The unit that the reports are of: its key's, or of its code when the lost log received them or
 * when an operator entered them. */
static bool find_unit(const struct th_core *core, struct folding *folding)
{
    const struct th_submission_header *header = &folding->submission->header;
    const struct th_judgement *first = first_accepted(&folding->entry->decision);
    if (first == NULL) /* nothing is journalled for nothing */
        return false;
    if (folding->entry->kind == TH_ENTRY_READMITTED) {
        folding->unit =
            th_registry_find(&core->registry, header->unit, th_day_of_instant(first->received));
        return folding->unit != TH_UNIT_NONE;
    }
    if (folding->entry->kind == TH_ENTRY_ENTERED) {
        folding->unit =
            th_entered_unit(core, &folding->submission->reports[0], folding->entry->time);
        return folding->unit != TH_UNIT_NONE;
    }
    const struct th_key_row *key = th_core_find_key(core, &header->key);
    if (key == NULL || !th_key_is_in_force(key, folding->entry->time) ||
        !th_core_is_unit(core, key->unit, header->unit))
        return false;
    folding->unit = key->unit;
    return true;
}

/* A header that was signed is this log's; what was entered has none, and one who entered it. */
static bool has_authority(const struct th_core *core, const struct folding *folding)
{
    const struct th_entry *entry = folding->entry;
    const struct th_submission_header *header = &folding->submission->header;
    if (entry->kind == TH_ENTRY_ENTERED)
        return !entry->has_header_digest && entry->operator.size> 0 && header->reports_count == 1;
    return entry->has_header_digest &&
           entry->operator.size == 0 &&
           is_same_digest(&entry->header_digest, &folding->submission->header_digest) &&
           header->mode == core->mode && th_core_knows_origin(core, header->realm);
}

static bool fits(const struct th_core *core, const struct folding *folding)
{
    const struct th_entry *entry = folding->entry;
    return entry->decision.judgements_count == folding->submission->header.reports_count &&
           is_same(entry->unit, folding->submission->header.unit) && has_authority(core, folding);
}

/* ---- one report ---- */

static bool names_report(const struct th_judgement *judgement, const struct folding *folding,
                         size_t index)
{
    const struct th_report *report = &folding->submission->reports[index];
    const struct th_digest *digest = &folding->submission->header.report_digests[index];
    return is_same_digest(&judgement->report_digest, digest) &&
           is_same(judgement->obligation, report->obligation) &&
           judgement->number == report->number && judgement->revision == report->revision &&
           judgement->verdict >= TH_VERDICT_ACCEPTED && judgement->verdict <= TH_VERDICT_REJECTED &&
           judgement->accepted == is_accepted(judgement);
}

/* What it says of the first revision is what is known, or, of a first one, can have been said. */
static bool keeps_first(const struct folding *folding, const struct th_judgement *judgement,
                        const struct th_row *before)
{
    if (before != NULL)
        return judgement->first_received.ms == before->first_received.ms &&
               judgement->has_due == before->has_due &&
               (!before->has_due || judgement->due.ms == before->due.ms) &&
               judgement->timeliness == before->timeliness;
    const bool is_stamp = judgement->first_received.ms == folding->entry->time.ms;
    return (is_stamp || folding->entry->kind == TH_ENTRY_READMITTED) &&
           judgement->timeliness >= TH_TIMELINESS_ON_TIME &&
           judgement->timeliness <= TH_TIMELINESS_UNDATED;
}

static struct th_row row_of(const struct folding *folding, size_t index,
                            const struct th_judgement *judgement, const struct th_row *before)
{
    const struct th_report *report = &folding->submission->reports[index];
    struct th_row row = {.unit = folding->unit,
                         .number = report->number,
                         .first_received = judgement->first_received,
                         .prepared = folding->submission->header.prepared,
                         .has_due = judgement->has_due,
                         .due = {judgement->has_due ? judgement->due.ms : 0},
                         .timeliness = judgement->timeliness};
    const bool is_entered = folding->entry->kind == TH_ENTRY_ENTERED;
    if (is_entered)
        row.prepared = folding->entry->time;
    if (before != NULL)
        row = *before;
    row.revision = report->revision;
    row.index = (uint32_t)index;
    row.position = folding->entry->position;
    row.digest = judgement->report_digest;
    row.received = judgement->has_received ? judgement->received : folding->entry->time;
    row.entered = is_entered;
    return row;
}

static int fold_accepted(const struct th_core *core, struct folding *folding, size_t index,
                         const struct th_judgement *judgement)
{
    const struct th_report *report = &folding->submission->reports[index];
    struct th_book_id id;
    bool is_again = folding->entry->kind == TH_ENTRY_READMITTED;
    if (!is_same(report->unit, folding->submission->header.unit) ||
        judgement->has_received != is_again || !th_core_find_book(core, report, &id) ||
        !core->plans[id.plan].books[id.obligation].is_open ||
        !th_obligation_has_number(th_book_obligation(core, id), report->number))
        return TH_E_CORRUPT;
    const struct th_row *before =
        th_planning_find_row(&folding->planning, id, folding->unit, report->number);
    uint32_t highest = before == NULL ? 0 : before->revision;
    bool follows = report->revision == highest + 1 || (is_again && report->revision > highest);
    if (!follows || !keeps_first(folding, judgement, before))
        return TH_E_CORRUPT;
    const struct th_row row = row_of(folding, index, judgement, before);
    return th_planning_add(&folding->planning, id, &row, before, report);
}

int th_fold_reports(struct th_step *step, const struct th_entry *entry,
                    const struct th_submission *submission)
{
    struct folding folding = {.entry = entry, .submission = submission};
    const struct th_decision *decision = &entry->decision;
    if (!fits(step->core, &folding) || !find_unit(step->core, &folding))
        return TH_E_CORRUPT;
    int status = th_planning_init(step, decision->judgements_count, &folding.planning);
    if (status < 0)
        return status;
    th_planning_foresee(&folding.planning, submission, folding.unit);
    for (size_t i = 0; status == 0 && i < decision->judgements_count; i++) {
        const struct th_judgement *judgement = &decision->judgements[i];
        if (!names_report(judgement, &folding, i))
            status = TH_E_CORRUPT;
        else if (is_accepted(judgement))
            status = fold_accepted(step->core, &folding, i, judgement);
    }
    if (status == 0)
        status = th_planning_prepare(&folding.planning);
    if (status == 0)
        th_planning_put(&folding.planning);
    th_planning_drop(&folding.planning);
    return status;
}
