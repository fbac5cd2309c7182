/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reader sees of reports, revisions and rollups: the tables with the run laid over them
 * (run.h), as they will be when every book is settled. The one place where the two are merged.
 *
 * An unsettled book's rollups are in neither: who needs them counts its reports
 * (aggregator/past/recount.h), which may then lay them over the view as well.
 *
 * Brought up to a snapshot when a view first needs it there. A view that is renewed keeps what it
 * knows: values of the run are only added behind and taken away in front, so the next snapshot
 * costs what has come since. A value's checksum is checked when the view first meets it, and is
 * compared whenever it is read again. A book's rows are sorted when somebody asks for them. While
 * the run is empty there is nothing to bring up and nothing to merge.
 */
#ifndef TH_STORE_OVERLAY_H
#define TH_STORE_OVERLAY_H

#include "aggregator/store/env.h"
#include "aggregator/store/inspect.h"
#include "base/arena.h"

/* The longest key of a report, a revision or a rollup; and what all keys of a book in a table begin
 * with. */
enum { TH_OVERLAY_KEY_MAX = 17, TH_OVERLAY_PREFIX = 5 };

struct th_overlay_row {
    uint8_t key[TH_OVERLAY_KEY_MAX];
    uint8_t key_size;
    uint16_t offset; /* of the content in its value */
    uint32_t size;
    union {
        uint64_t sequence;   /* of its value; a later one is newer */
        const uint8_t *laid; /* the content of a rollup, in the arena */
    } in;
};

/* The rows of one book in one table. In the order of keys, each key once, when somebody has asked:
 * a question is about one book, the run may hold a hundred. */
struct th_overlay_group {
    uint64_t prefix; /* of the keys, as a number */
    struct th_overlay_row *rows;
    size_t count, capacity;
    uint64_t oldest; /* no row's value comes before it */
    bool is_sorted;
};

/* A value of the run. LMDB leaves one on pages of its own where it is until it is deleted; one that
 * shares its page may stand elsewhere in the next snapshot. */
struct th_overlay_value {
    const uint8_t *bytes; /* the content; its checksum stands before it */
    uint32_t size;        /* of the content */
    uint32_t snapshot;    /* in which it was found there; on pages of its own: in any */
    uint8_t checksum[4];
};

struct th_overlay {
    bool is_current; /* with this snapshot */
    bool is_laid;    /* the rollups of unsettled books are there too */
    bool arena_is_there;
    struct th_overlay_group *groups; /* in the order of keys; when current, none is empty */
    size_t groups_count, groups_capacity;
    struct th_overlay_value *values; /* those that are no more, then from `first` on */
    size_t values_count, values_capacity, values_gone;
    uint64_t first;
    uint32_t snapshot;     /* counts them */
    struct th_arena arena; /* of the rollups that were laid */
};

/* Another snapshot follows: what was laid goes, what is known of the run stays. */
void th_overlay_rest(struct th_overlay *overlay);
void th_overlay_drop(struct th_overlay *overlay);

/* As th_txn_get() and th_txn_scan(), merged. For tables 20, 21 and 22 only. */
TH_MUST_CHECK int th_overlay_get(struct th_view *view, const struct th_schema_key *key,
                                 struct th_bytes *ret_content);
/* Nothing is unsettled, or the rollups were laid. */
TH_MUST_CHECK int th_overlay_is_whole(struct th_view *view, bool *ret_is_whole);

TH_MUST_CHECK int th_overlay_scan(struct th_view *view, const struct th_schema_key *prefix,
                                  const struct th_schema_key *from, th_txn_fn *fn, void *context);
/* As th_txn_scan_rows(). */
TH_MUST_CHECK int th_overlay_scan_rows(struct th_view *view, const struct th_schema_key *prefix,
                                       const struct th_schema_key *from,
                                       const struct th_schema_key *to, th_txn_rows_fn *fn,
                                       void *context);

/* ---- groups: overlay_run.c, for overlay.c ---- */

/* Brings the overlay up to the transaction's snapshot. TH_E_CORRUPT, TH_E_NO_MEMORY; then it is
 * empty and not current. */
TH_MUST_CHECK int th_overlay_follow(struct th_overlay *overlay, const struct th_txn *txn);
/* What a row of the run holds, in the snapshot. TH_E_CORRUPT. */
TH_MUST_CHECK int th_overlay_content(struct th_overlay *overlay, const struct th_txn *txn,
                                     const struct th_overlay_row *row,
                                     struct th_bytes *ret_content);
/* What a key begins with; a shorter one is that of the first key that begins so. */
uint64_t th_overlay_prefix(const uint8_t *key, size_t size);
/* The place of the first group that is not before the prefix. */
size_t th_overlay_find(const struct th_overlay *overlay, uint64_t prefix);
/* A row without its place, at the end of its group. NULL without memory. */
struct th_overlay_row *th_overlay_add(struct th_overlay *overlay, struct th_bytes key);

#endif
