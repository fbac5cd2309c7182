/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports of an entry as they were decided, as far as the entry itself and the plans tell: the
 * decision and the submission have to speak of the same reports, and a row can keep the figures.
 */
#include "aggregator/core/fold.h"

#include <string.h>

struct preparing {
    const struct th_core *core;
    uint16_t plans_count;
    const struct th_entry *entry;
    const struct th_submission *submission;
    struct th_arena *arena;
};

static bool is_same(struct th_text a, struct th_text b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

static bool is_same_digest(const struct th_digest *a, const struct th_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* A header that was signed; what was entered has none, and one who entered it. */
static bool has_author(const struct preparing *preparing)
{
    const struct th_entry *entry = preparing->entry;
    if (entry->kind == TH_ENTRY_ENTERED)
        return !entry->has_header_digest && entry->operator.size> 0 &&
                                            preparing->submission->header.reports_count == 1;
    return entry->has_header_digest &&
           entry->operator.size == 0 &&
           is_same_digest(&entry->header_digest, &preparing->submission->header_digest);
}

static bool names_report(const struct preparing *preparing, const struct th_judgement *judgement,
                         size_t index)
{
    const struct th_report *report = &preparing->submission->reports[index];
    const struct th_digest *digest = &preparing->submission->header.report_digests[index];
    return is_same_digest(&judgement->report_digest, digest) &&
           is_same(judgement->obligation, report->obligation) &&
           judgement->number == report->number && judgement->revision == report->revision &&
           judgement->verdict >= TH_VERDICT_ACCEPTED && judgement->verdict <= TH_VERDICT_REJECTED &&
           judgement->accepted == (judgement->verdict == TH_VERDICT_ACCEPTED);
}

/* As the row of a first revision. */
static struct th_row row_of(const struct preparing *preparing, size_t index,
                            const struct th_judgement *judgement)
{
    const struct th_entry *entry = preparing->entry;
    const struct th_report *report = &preparing->submission->reports[index];
    const bool is_entered = entry->kind == TH_ENTRY_ENTERED;
    return (struct th_row){.unit = TH_UNIT_NONE,
                           .number = report->number,
                           .revision = report->revision,
                           .index = (uint32_t)index,
                           .position = entry->position,
                           .digest = judgement->report_digest,
                           .first_received = judgement->first_received,
                           .received = judgement->has_received ? judgement->received : entry->time,
                           .prepared =
                               is_entered ? entry->time : preparing->submission->header.prepared,
                           .has_due = judgement->has_due,
                           .due = {judgement->has_due ? judgement->due.ms : 0},
                           .timeliness = judgement->timeliness,
                           .entered = is_entered};
}

static int pack(const struct preparing *preparing, const struct th_rollup_layout *layout,
                const struct th_report *report, struct th_row *row)
{
    struct th_values values;
    bool waits_for_nothing = row->timeliness == TH_TIMELINESS_UNDECIDED && !row->has_due;
    if (waits_for_nothing || !th_row_can_pack(report))
        return TH_E_CORRUPT;
    int status = th_row_values(report, preparing->arena, &values);
    if (status == 0)
        status = th_rollup_check_values(layout, &values);
    return status == 0 ? th_row_pack_values(report, &values, preparing->arena, row) : status;
}

static int prepare(const struct preparing *preparing, size_t index,
                   const struct th_judgement *judgement, struct th_prepared_report *ret_report)
{
    const struct th_core *core = preparing->core;
    const struct th_report *report = &preparing->submission->reports[index];
    const bool is_again = preparing->entry->kind == TH_ENTRY_READMITTED;
    struct th_book_id id;
    if (!is_same(report->unit, preparing->submission->header.unit) ||
        judgement->has_received != is_again ||
        !th_core_find_book_of(core, preparing->plans_count, report, &id) ||
        !th_obligation_has_number(th_book_obligation(core, id), report->number))
        return TH_E_CORRUPT;
    ret_report->book = id;
    ret_report->row = row_of(preparing, index, judgement);
    return pack(preparing, th_rollups_layout(core, id), report, &ret_report->row);
}

int th_core_prepare(const struct th_core *core, uint16_t plans_count, const struct th_entry *entry,
                    const struct th_submission *submission, struct th_arena *arena,
                    struct th_prepared *ret_prepared)
{
    const struct preparing preparing = {core, plans_count, entry, submission, arena};
    const struct th_decision *decision = &entry->decision;
    if (decision->judgements_count != submission->header.reports_count ||
        !is_same(entry->unit, submission->header.unit) || !has_author(&preparing))
        return TH_E_CORRUPT;
    struct th_prepared prepared = {.submission = submission};
    prepared.reports =
        th_arena_alloc_array(arena, decision->judgements_count, sizeof *prepared.reports);
    int status = prepared.reports == NULL ? TH_E_NO_MEMORY : 0;
    for (size_t i = 0; status == 0 && i < decision->judgements_count; i++) {
        const struct th_judgement *judgement = &decision->judgements[i];
        if (!names_report(&preparing, judgement, i))
            status = TH_E_CORRUPT;
        else if (judgement->accepted)
            status = prepare(&preparing, i, judgement, &prepared.reports[prepared.count++]);
    }
    if (status == 0 && prepared.count == 0) /* nothing is journalled for nothing */
        status = TH_E_CORRUPT;
    if (status == 0)
        *ret_prepared = prepared;
    return status;
}
