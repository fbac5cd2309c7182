/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through the journal for commands that tell or hand out what was received. */
#ifndef TH_AGGREGATOR_CLI_SCAN_H
#define TH_AGGREGATOR_CLI_SCAN_H

#include "aggregator/store/store.h"
#include "proto/model/entry.h"

/* Non-zero ends the walk and is handed on. */
typedef int th_scan_fn(void *context, struct th_view *view, uint64_t position);

/* Calls `fn` for the positions from `from` to below `to`, with snapshots that are renewed now and
 * then, so that a long walk does not keep the store from using its pages again. */
TH_MUST_CHECK int th_scan(struct th_store *store, uint64_t from, uint64_t to, th_scan_fn *fn,
                          void *context);

/* A submission that was received, or admitted again after a loss. Borrows view and arena. */
struct th_scanned {
    struct th_stored_entry entry;
    struct th_leaf leaf;
    struct th_bytes raw; /* the Submission as it was frozen */
    struct th_submission submission;
};

/* TH_E_NOT_FOUND: an entry of another kind. TH_E_CORRUPT, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_scan_submission(struct th_view *view, uint64_t position,
                                     struct th_arena *arena, struct th_scanned *ret_scanned);
/* When the report with this index was received: by the log that was lost, if it says so. */
th_instant th_scan_received(const struct th_scanned *scanned, size_t index);

/* The time of an entry; false when there is none. */
bool th_scan_time(struct th_view *view, uint64_t position, th_instant *ret_time);

/* The codes of units by number, in the arena. */
struct th_unit_codes {
    const char **codes;
    uint32_t count;
};
TH_MUST_CHECK int th_scan_codes(struct th_view *view, struct th_arena *arena,
                                struct th_unit_codes *ret_codes);
/* "?" for a number that no unit has. */
const char *th_unit_code(const struct th_unit_codes *codes, uint32_t number);

#endif
