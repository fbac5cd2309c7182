/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that a journal folds to, in memory, to be held against those of a store: reports,
 * revisions and rollups are the core's, the few others are kept as they would be stored. A row
 * agrees when it is byte for byte what a store of this journal has; when every row agrees and there
 * are as many as there have to be, the tables are the same.
 *
 * One thread folds. Then, after th_shadow_settle(), several may hold rows against it, each with a
 * page of its own.
 */
#ifndef TH_AUDIT_SHADOW_H
#define TH_AUDIT_SHADOW_H

#include "aggregator/audit/unpack.h"
#include "aggregator/store/inspect.h"

struct th_shadow;

/* Returns owned. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_shadow_new(struct th_shadow **ret_shadow);
void th_shadow_free(struct th_shadow *shadow);

/* Makes what brings reports ready to be folded: th_core_prepare(), with the plans that were folded
 * by now. By any thread, also while another folds. */
TH_MUST_CHECK int th_shadow_prepare(const struct th_shadow *shadow,
                                    const struct th_unpacked *unpacked, struct th_arena *arena,
                                    struct th_prepared *ret_prepared);
/* The entry of the next position; its plan is of the shadow's life. `view` has the entries before
 * it; `prepared`: NULL, it was not. TH_E_CORRUPT: it does not fold, TH_E_NO_MEMORY; then the shadow
 * is used up. */
TH_MUST_CHECK int th_shadow_fold(struct th_shadow *shadow, struct th_view *view,
                                 const struct th_unpacked *unpacked,
                                 const struct th_prepared *prepared);
/* Nothing more is folded. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_shadow_settle(struct th_shadow *shadow);

/* Borrows. */
const struct th_core *th_shadow_core(const struct th_shadow *shadow);
/* Whether the clock's row says so much of the journal as it has to. */
bool th_shadow_is_clock(const struct th_shadow *shadow, const struct th_clock_row *clock);
/* How many rows of a table there have to be. Of tables between UNIT and LOG_KEY, and CLOSING, and
 * for META the row of the recovery. */
uint64_t th_shadow_count(const struct th_shadow *shadow, enum th_table table);

/* Rows in the order of keys. Zero-initialised is empty; deinit frees. */
struct th_shadow_rows {
    struct th_sink contents;
    struct th_shadow_row {
        struct th_schema_key key;
        size_t at, size; /* in `contents` */
        size_t order;    /* in which it was put */
    } * items;
    size_t count, capacity;
};
void th_shadow_rows_deinit(struct th_shadow_rows *rows);

/* What one thread needs to make rows. Zero-initialised is empty; deinit frees. */
struct th_shadow_page {
    struct th_shadow_rows rollups; /* of one book */
};
void th_shadow_page_deinit(struct th_shadow_page *page);
/* Makes the rollups of an open book: what rows of them are held against from now on.
 * TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_shadow_turn_to(const struct th_shadow *shadow, struct th_book_id book,
                                    struct th_shadow_page *page);

/* Whether a stored row is one of the fold's; rollups: of the book that the page is turned to. */
bool th_shadow_has(const struct th_shadow *shadow, struct th_shadow_page *page,
                   const struct th_inspected *row);

#endif
