/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared reports put into their books: they have to be a unit's who may speak, to follow the
 * revisions that are there, and to keep what a first revision decided for its report.
 */
#include "aggregator/core/fold.h"

struct folding {
    struct th_step *step;
    const struct th_entry *entry;
    const struct th_prepared *prepared;
    uint32_t unit;
};

/* ---- the whole ---- */

/* The unit that the reports are of: its key's, or of its code when the lost log received them or
 * when an operator entered them. */
static bool find_unit(struct folding *folding)
{
    const struct th_core *core = folding->step->core;
    const struct th_submission *submission = folding->prepared->submission;
    const struct th_submission_header *header = &submission->header;
    if (folding->entry->kind == TH_ENTRY_READMITTED) {
        const th_instant received = folding->prepared->reports[0].row.received;
        folding->unit =
            th_registry_find(&core->registry, header->unit, th_day_of_instant(received));
        return folding->unit != TH_UNIT_NONE;
    }
    if (folding->entry->kind == TH_ENTRY_ENTERED) {
        folding->unit = th_entered_unit(core, &submission->reports[0], folding->entry->time);
        return folding->unit != TH_UNIT_NONE;
    }
    const struct th_key_row *key = th_core_find_key(core, &header->key);
    if (key == NULL || !th_key_is_in_force(key, folding->entry->time) ||
        !th_core_is_unit(core, key->unit, header->unit))
        return false;
    folding->unit = key->unit;
    return true;
}

/* A header that was signed is this log's. */
static bool is_of_this_log(const struct folding *folding)
{
    const struct th_core *core = folding->step->core;
    const struct th_submission_header *header = &folding->prepared->submission->header;
    return folding->entry->kind == TH_ENTRY_ENTERED ||
           (header->mode == core->mode && th_core_knows_origin(core, header->realm));
}

/* Their rows come from memory together. */
static void foresee(const struct folding *folding)
{
    const struct th_core *core = folding->step->core;
    const struct th_prepared *prepared = folding->prepared;
    for (int step = TH_FORESEE_PLACE; prepared->count > 1 && step <= TH_FORESEE_CONTENT; step++)
        for (size_t i = 0; i < prepared->count; i++) {
            const struct th_book_id id = prepared->reports[i].book;
            th_book_foresee(&core->plans[id.plan].books[id.obligation], folding->unit,
                            prepared->reports[i].row.number, (enum th_foresight)step);
        }
}

/* ---- one report ---- */

/* What it says of the first revision is what is known, or, of a first one, can have been said. */
static bool keeps_first(const struct folding *folding, const struct th_row *row,
                        const struct th_row *before)
{
    if (before != NULL)
        return row->first_received.ms == before->first_received.ms &&
               row->has_due == before->has_due &&
               (!row->has_due || row->due.ms == before->due.ms) &&
               row->timeliness == before->timeliness;
    const bool is_stamp = row->first_received.ms == folding->entry->time.ms;
    return (is_stamp || folding->entry->kind == TH_ENTRY_READMITTED) &&
           row->timeliness >= TH_TIMELINESS_ON_TIME && row->timeliness <= TH_TIMELINESS_UNDATED;
}

static bool follows(const struct folding *folding, const struct th_row *row,
                    const struct th_row *before)
{
    const uint32_t highest = before == NULL ? 0 : before->revision;
    return row->revision == highest + 1 ||
           (folding->entry->kind == TH_ENTRY_READMITTED && row->revision > highest);
}

static int push(struct th_step *step, struct th_book_id book, const struct th_row *row,
                const struct th_row *before)
{
    if (step->effects->without_rows)
        return 0;
    struct th_effect *effect = th_step_push(step, TH_EFFECT_PUT_ROW);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->book = book;
    effect->body.row = *row;
    if (before == NULL)
        return 0;
    effect = th_step_push(step, TH_EFFECT_PUT_REVISION);
    if (effect == NULL)
        return TH_E_NO_MEMORY;
    effect->book = book;
    effect->body.revision = th_revision_of(before);
    return 0;
}

static int fold_report(const struct folding *folding, const struct th_prepared_report *report)
{
    struct th_core *core = folding->step->core;
    struct th_book *book = th_book_get(core, report->book);
    struct th_row_slot *slot = th_book_find(book, folding->unit, report->row.number);
    const struct th_row *before = slot == NULL ? NULL : &slot->row;
    struct th_row row = report->row;
    if (!book->is_open || !follows(folding, &row, before) || !keeps_first(folding, &row, before))
        return TH_E_CORRUPT;
    row.unit = folding->unit;
    if (before != NULL)
        row.prepared = before->prepared;
    int status = push(folding->step, report->book, &row, before);
    return status == 0 ? th_book_fold(core, book, &row, slot) : status;
}

int th_fold_reports(struct th_step *step, const struct th_entry *entry,
                    const struct th_prepared *prepared)
{
    struct folding folding = {.step = step, .entry = entry, .prepared = prepared};
    if (!is_of_this_log(&folding) || !find_unit(&folding))
        return TH_E_CORRUPT;
    foresee(&folding);
    int status = 0;
    for (size_t i = 0; status == 0 && i < prepared->count; i++)
        status = fold_report(&folding, &prepared->reports[i]);
    return status;
}
