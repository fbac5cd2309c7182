/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every stored row, good or bad, for those who check a store rather than use it: the scrub, the
 * auditor, the check of a backup.
 *
 * Thread rule: that of the view.
 */
#ifndef TH_STORE_INSPECT_H
#define TH_STORE_INSPECT_H

#include "aggregator/store/schema.h"

struct th_inspected {
    enum th_table table;     /* of the key's first byte; any number in a damaged store */
    struct th_bytes key;     /* with that byte; borrows the view's pages, as all below */
    struct th_bytes value;   /* with its checksum */
    struct th_bytes content; /* when `status` is 0 */
    int status;              /* 0, or TH_E_CORRUPT: the checksum is wrong */
};

typedef int th_inspect_fn(void *context, const struct th_inspected *row);

/*
 * Rows in the order of keys, at most `rows_max`, after the key `after` (size 0: from the first
 * one). `ret_last` gets the last key that was given, size 0 when there was none: the way to go on
 * with another snapshot. A non-zero result of `fn` ends the walk and is handed on. TH_E_CORRUPT:
 * LMDB itself cannot go on.
 */
TH_MUST_CHECK int th_view_inspect(struct th_view *view, const struct th_schema_key *after,
                                  size_t rows_max, th_inspect_fn *fn, void *context,
                                  struct th_schema_key *ret_last);

/* The same with the run laid over reports, revisions and rollups (overlay.h), as the tables are
 * when every book is settled: of unsettled books the rollups have to be laid first. Also what
 * th_view_rows() says of a damaged run. */
TH_MUST_CHECK int th_view_inspect_settled(struct th_view *view, const struct th_schema_key *after,
                                          size_t rows_max, th_inspect_fn *fn, void *context,
                                          struct th_schema_key *ret_last);

/*
 * Entries, as they are stored, and their leaves, in the order of positions, those that are there
 * from `from` on and before `to`: one walk instead of a search for each. A result of `fn` that is
 * not 0 ends it and is handed on; it is negative. TH_E_CORRUPT: a checksum is wrong,
 * or a value is no entry with its leaf.
 */
typedef int th_log_fn(void *context, uint64_t position, struct th_bytes entry,
                      struct th_bytes leaf);
TH_MUST_CHECK int th_view_log(struct th_view *view, uint64_t from, uint64_t to, th_log_fn *fn,
                              void *context);
/* How many rows the view's snapshot has, by LMDB's own count. */
TH_MUST_CHECK int th_view_rows_count(const struct th_view *view, uint64_t *ret_count);

/* True when the key has the form of a table that this program knows. */
bool th_inspect_is_known(struct th_bytes key);
/* The first table behind `table`, 255 when there is none. */
uint8_t th_inspect_next_table(uint8_t table);

/* "sổ nhật ký, bản ghi 1234", "rollup, kế hoạch 0, nghĩa vụ 3 …": which row a key names, for
 * people. Cut to `capacity`. Returns `text`. */
const char *th_inspect_name(struct th_bytes key, size_t capacity, char *text);

/*
 * Checks entry and leaf of one position against each other and the tree: they are there, the leaf
 * has the entry's digest in its field of that, and the leaf's hash is the one in its tile. The last
 * tile has no row until it is full: its leaves are held by the signed checkpoints alone.
 * TH_E_CORRUPT: `ret_what` gets a Vietnamese word for what is wrong, constant text. TH_E_RANGE: not
 * below the size of the view.
 */
TH_MUST_CHECK int th_view_check_position(struct th_view *view, uint64_t position,
                                         const char **ret_what);

#endif
