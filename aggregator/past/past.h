/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports as they were: each one's last revision within a cut of the journal.
 *
 * A row that was corrected after the cut is made again from its revisions and from the figures of
 * the submission in the journal; nothing else of the journal is read. Timeliness is the row's own:
 * one that was judged later than the cut is shown as it is now.
 *
 * Thread rule: that of the source.
 */
#ifndef TH_PAST_PAST_H
#define TH_PAST_PAST_H

#include "aggregator/core/row.h"
#include "aggregator/store/store.h"
#include "base/arena.h"

/* Where the tables are read: as the functions of a view (aggregator/store/store.h). */
struct th_past_source {
    void *context;
    int (*rows)(void *context, struct th_book_id book, th_row_fn *fn, void *fn_context);
    int (*revisions)(void *context, struct th_book_id book, uint32_t unit, uint32_t number,
                     th_revision_fn *fn, void *fn_context);
    int (*entry)(void *context, uint64_t position, struct th_stored_entry *ret_entry);
};

/* A revision is within the cut when it is one of the first `size` entries and was received before
 * the instant. */
struct th_past_cut {
    uint64_t size;
    th_instant before;
};

#define TH_PAST_ALL_ENTRIES UINT64_MAX
#define TH_PAST_ALL_TIME    ((th_instant){INT64_MAX})

struct th_past_rows {
    struct th_row *rows; /* in the order of unit and number */
    size_t count;
};

/* The submission of an entry that brought reports, also of one that was readmitted, or of what
 * was entered, whose header is nearly empty; borrows the entry. TH_E_CORRUPT: it brought none, or
 * does not decode. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_past_submission(const struct th_stored_entry *entry, struct th_arena *arena,
                                     struct th_submission *ret_submission);

/* Which units to look at. */
typedef bool th_past_wanted(const void *context, uint32_t unit);

/*
 * One report within the cut, from its current row; its values are copied to the arena.
 * TH_E_NOT_FOUND: it had not been reported. TH_E_CORRUPT: also when a revision is missing.
 * TH_E_NO_MEMORY, or what the source says.
 */
TH_MUST_CHECK int th_past_row(const struct th_past_source *source, struct th_book_id book,
                              struct th_past_cut cut, const struct th_row *current,
                              struct th_arena *arena, struct th_row *ret_row);

/* All reports of a book within the cut; `wanted` may be NULL. Statuses as th_past_row(), without
 * TH_E_NOT_FOUND. */
TH_MUST_CHECK int th_past_rows(const struct th_past_source *source, struct th_book_id book,
                               struct th_past_cut cut, th_past_wanted *wanted,
                               const void *wanted_context, struct th_arena *arena,
                               struct th_past_rows *ret_rows);

#endif
