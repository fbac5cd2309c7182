/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports of one obligation as they were after the first entries of the journal (as of).
 *
 * Reads the report and revision tables and, for superseded revisions, the journalled values; never
 * the whole journal. Thread rule: that of the view.
 */
#ifndef TH_QUERY_PAST_H
#define TH_QUERY_PAST_H

#include "aggregator/core/row.h"
#include "aggregator/store/store.h"
#include "base/arena.h"

struct th_past_rows {
    struct th_row *rows; /* in the order of unit and number; in the arena */
    size_t count;
};

/* The rows after the first `size` entries. TH_E_CORRUPT, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_past_rows(struct th_view *view, struct th_book_id book, uint64_t size,
                               struct th_arena *arena, struct th_past_rows *ret_rows);

#endif
