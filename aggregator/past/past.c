/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/past/past.h"

#include "proto/wire/journal.h"
#include "proto/wire/submission.h"

#include <string.h>

#define ROWS_FIRST 256

static bool is_within(struct th_past_cut cut, uint64_t position, th_instant received)
{
    return position < cut.size && received.ms < cut.before.ms;
}

struct latest {
    const struct th_past_source *source;
    struct th_past_cut cut;
    uint32_t last; /* revision that was seen; 0: none */
    bool found;
    struct th_revision revision;
};

/* Revisions follow each other, but for what was readmitted: those before it may have been lost. */
static int check_next(struct latest *latest, uint32_t revision, uint64_t position)
{
    struct th_stored_entry entry;
    uint32_t before = latest->last;
    latest->last = revision;
    if (revision == before + 1)
        return TH_OK;
    if (revision <= before)
        return TH_E_CORRUPT;
    int status = latest->source->entry(latest->source->context, position, &entry);
    if (status == TH_OK && entry.kind != TH_ENTRY_READMITTED)
        status = TH_E_CORRUPT;
    return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
}

static int keep_latest(void *context, const struct th_revision *revision)
{
    struct latest *latest = context;
    int status = check_next(latest, revision->revision, revision->position);
    if (status != TH_OK)
        return status;
    if (is_within(latest->cut, revision->position, revision->received) &&
        (!latest->found || revision->revision > latest->revision.revision)) {
        latest->revision = *revision;
        latest->found = true;
    }
    return TH_OK;
}

int th_past_submission(const struct th_stored_entry *entry, struct th_arena *arena,
                       struct th_submission *ret_submission)
{
    struct th_readmission readmission = {.submission = entry->body};
    struct th_entering entering;
    int status = 0;
    if (entry->kind == TH_ENTRY_ENTERED) {
        status = th_wire_entering_decode(entry->body, arena, &entering);
        if (status == 0)
            status = th_wire_entered_submission(&entering, arena, ret_submission);
        return status == 0 || status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    }
    if (entry->kind == TH_ENTRY_READMITTED)
        status = th_wire_readmission_decode(entry->body, arena, &readmission);
    else if (entry->kind != TH_ENTRY_SUBMISSION)
        return TH_E_CORRUPT;
    if (status == 0)
        status = th_wire_submission_decode_trusted(readmission.submission, arena, ret_submission);
    return status == 0 || status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
}

/* The figures of a superseded revision, from its submission. */
static int read_values(const struct th_past_source *source, struct th_arena *arena,
                       struct th_row *row)
{
    struct th_stored_entry entry;
    struct th_submission submission;
    int status = source->entry(source->context, row->position, &entry);
    if (status < 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    status = th_past_submission(&entry, arena, &submission);
    if (status < 0)
        return status;
    if (row->index >= submission.header.reports_count)
        return TH_E_CORRUPT;
    return th_row_pack(&submission.reports[row->index], arena, row);
}

static int copy_row(const struct th_row *row, struct th_arena *arena, struct th_row *ret_row)
{
    uint8_t *values = th_arena_alloc(arena, row->values_size);
    if (values == NULL)
        return TH_E_NO_MEMORY;
    if (row->values_size > 0)
        memcpy(values, row->values, row->values_size);
    *ret_row = *row;
    ret_row->values = values;
    return TH_OK;
}

int th_past_row(const struct th_past_source *source, struct th_book_id book, struct th_past_cut cut,
                const struct th_row *current, struct th_arena *arena, struct th_row *ret_row)
{
    if (is_within(cut, current->position, current->received))
        return copy_row(current, arena, ret_row);
    struct latest latest = {.source = source, .cut = cut};
    int status = source->revisions(source->context, book, current->unit, current->number,
                                   keep_latest, &latest);
    if (status == TH_OK)
        status = check_next(&latest, current->revision, current->position);
    if (status != TH_OK)
        return status;
    if (!latest.found)
        return TH_E_NOT_FOUND;
    struct th_row row = *current; /* first received, prepared, due and timeliness stay */
    row.revision = latest.revision.revision;
    row.index = latest.revision.index;
    row.position = latest.revision.position;
    row.digest = latest.revision.digest;
    row.received = latest.revision.received;
    row.entered = latest.revision.entered;
    status = read_values(source, arena, &row);
    if (status == TH_OK)
        *ret_row = row;
    return status;
}

struct collector {
    const struct th_past_source *source;
    struct th_book_id book;
    struct th_past_cut cut;
    th_past_wanted *wanted;
    const void *wanted_context;
    struct th_arena *arena;
    struct th_past_rows rows;
    size_t capacity;
};

static int collect(void *context, const struct th_row *current)
{
    struct collector *collector = context;
    struct th_past_rows *all = &collector->rows;
    if (collector->wanted != NULL && !collector->wanted(collector->wanted_context, current->unit))
        return TH_OK;
    struct th_row *rows = th_arena_grow(collector->arena, all->rows, all->count,
                                        &collector->capacity, ROWS_FIRST, sizeof *rows);
    if (rows == NULL)
        return TH_E_NO_MEMORY;
    all->rows = rows;
    int status = th_past_row(collector->source, collector->book, collector->cut, current,
                             collector->arena, &all->rows[all->count]);
    all->count += status == TH_OK;
    return status == TH_E_NOT_FOUND ? TH_OK : status;
}

int th_past_rows(const struct th_past_source *source, struct th_book_id book,
                 struct th_past_cut cut, th_past_wanted *wanted, const void *wanted_context,
                 struct th_arena *arena, struct th_past_rows *ret_rows)
{
    struct collector collector = {.source = source,
                                  .book = book,
                                  .cut = cut,
                                  .wanted = wanted,
                                  .wanted_context = wanted_context,
                                  .arena = arena};
    int status = source->rows(source->context, book, collect, &collector);
    if (status == TH_OK)
        *ret_rows = collector.rows;
    return status;
}
