/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/past.h"

#include "proto/wire/journal.h"
#include "proto/wire/submission.h"

#include <string.h>

struct reader {
    struct th_view *view;
    struct th_book_id book;
    uint64_t size;
    struct th_arena *arena;
    struct th_row *rows;
    size_t count;
    size_t capacity;
};

static int append(struct reader *reader, const struct th_row *row)
{
    if (reader->count == reader->capacity) {
        size_t capacity = reader->capacity == 0 ? 256 : reader->capacity * 2;
        struct th_row *rows = th_arena_alloc_array(reader->arena, capacity, sizeof(*rows));
        if (rows == NULL)
            return TH_E_NO_MEMORY;
        if (reader->count > 0)
            memcpy(rows, reader->rows, reader->count * sizeof(*rows));
        reader->rows = rows;
        reader->capacity = capacity;
    }
    uint8_t *values = th_arena_alloc(reader->arena, row->values_size);
    if (values == NULL)
        return TH_E_NO_MEMORY;
    memcpy(values, row->values, row->values_size);
    reader->rows[reader->count] = *row;
    reader->rows[reader->count++].values = values;
    return TH_OK;
}

struct latest {
    uint64_t size;
    bool found;
    struct th_revision revision;
};

static int keep_latest(void *context, const struct th_revision *revision)
{
    struct latest *latest = context;
    if (revision->position < latest->size &&
        (!latest->found || revision->revision > latest->revision.revision)) {
        latest->revision = *revision;
        latest->found = true;
    }
    return TH_OK;
}

/* The figures of a superseded revision, from the submission in the journal. */
static int read_values(struct reader *reader, const struct th_revision *revision,
                       struct th_row *row)
{
    struct th_stored_entry entry;
    struct th_submission submission;
    int status = th_view_entry(reader->view, revision->position, &entry);
    if (status != TH_OK)
        return status;
    if (entry.kind != TH_ENTRY_SUBMISSION)
        return TH_E_CORRUPT;
    status = th_wire_submission_decode_trusted(entry.body, reader->arena, &submission);
    if (status != TH_OK)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    if (revision->index >= submission.header.reports_count)
        return TH_E_CORRUPT;
    const struct th_report *report = &submission.reports[revision->index];
    return th_row_pack(report, reader->arena, row);
}

static int read_row(void *context, const struct th_row *current)
{
    struct reader *reader = context;
    if (current->position < reader->size)
        return append(reader, current);
    struct latest latest = {.size = reader->size};
    int status = th_view_revisions(reader->view, reader->book, current->unit, current->number,
                                   keep_latest, &latest);
    if (status != TH_OK || !latest.found)
        return status; /* not reported by then */
    struct th_row row = *current;
    row.revision = latest.revision.revision;
    row.index = latest.revision.index;
    row.position = latest.revision.position;
    row.digest = latest.revision.digest;
    row.received = latest.revision.received;
    status = read_values(reader, &latest.revision, &row);
    return status == TH_OK ? append(reader, &row) : status;
}

int th_past_rows(struct th_view *view, struct th_book_id book, uint64_t size,
                 struct th_arena *arena, struct th_past_rows *ret_rows)
{
    struct reader reader = {.view = view, .book = book, .size = size, .arena = arena};
    int status = th_view_rows(view, book, read_row, &reader);
    if (status == TH_OK)
        *ret_rows = (struct th_past_rows){reader.rows, reader.count};
    return status;
}
