/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reader sees of reports, revisions and rollups: the tables with the run laid over them
 * (run.h), as they will be when every book is settled. The one place where the two are merged.
 *
 * An unsettled book's rollups are in neither: who needs them counts its reports
 * (aggregator/past/recount.h), which may then lay them over the view as well.
 *
 * Built of the whole run when a view first needs it, for the life of its snapshot; a book's rows
 * are sorted when somebody asks for them. While the run is empty there is nothing to build and
 * nothing to merge.
 */
#ifndef TH_STORE_OVERLAY_H
#define TH_STORE_OVERLAY_H

#include "aggregator/store/inspect.h"
#include "base/arena.h"

struct th_overlay {
    bool is_built;
    bool is_laid; /* the rollups of unsettled books are there too */
    bool arena_is_there;
    struct th_overlay_row *rows; /* those of a group together; behind `grouped` those being laid */
    size_t count, capacity, grouped;
    struct th_overlay_group *groups; /* in the order of keys; none is empty */
    size_t groups_count, groups_capacity;
    struct th_arena arena; /* of the rollups that were laid */
};

void th_overlay_drop(struct th_overlay *overlay);

/* As th_txn_get() and th_txn_scan(), merged. For tables 20, 21 and 22 only. */
TH_MUST_CHECK int th_overlay_get(struct th_view *view, const struct th_schema_key *key,
                                 struct th_bytes *ret_content);
/* Nothing is unsettled, or the rollups were laid. */
TH_MUST_CHECK int th_overlay_is_whole(struct th_view *view, bool *ret_is_whole);

typedef int th_overlay_fn(void *context, struct th_bytes key, struct th_bytes content);
TH_MUST_CHECK int th_overlay_scan(struct th_view *view, const struct th_schema_key *prefix,
                                  const struct th_schema_key *from, th_overlay_fn *fn,
                                  void *context);

#endif
