/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run: reports' rows and revisions that were written one after the other, in the order in which
 * they came (table 24), and go to their places in the tables 20 and 21 later, when their book is
 * settled. A row at a random place costs a page of the commit; one in the run, its own bytes.
 *
 * This is the writer's side: it knows in memory what the run holds, book by book. Readers see run
 * and tables as one: overlay.h. The bytes of a value are in schema.h.
 *
 * Values are only ever deleted from the front. So a book's settling can be a record like any other,
 * which takes away what came before it: a reader goes from the first value to the last.
 *
 * A batch: stage, settle, defer; then flush, and keep or drop it.
 */
#ifndef TH_STORE_RUN_H
#define TH_STORE_RUN_H

#include "aggregator/store/pile.h"
#include "aggregator/store/writes.h"

/* ---- records ---- */

enum th_run_kind { TH_RUN_ROW = 0x20, TH_RUN_REVISION = 0x21, TH_RUN_SETTLED = 0x22 };

struct th_run_record {
    enum th_run_kind kind;
    struct th_bytes key; /* as in its table; of a settling, the prefix of the book's rollups */
    struct th_book_id book;
    uint32_t unit, number, revision; /* revision 0: a row */
    struct th_bytes content;
};

/* The next record of a value's content. TH_E_NOT_FOUND: none is left. TH_E_CORRUPT. Borrows. */
TH_MUST_CHECK int th_run_next(struct th_source *source, struct th_run_record *ret_record);
/* The form of a whole value. TH_E_CORRUPT. */
TH_MUST_CHECK int th_run_check(struct th_bytes content);

/* ---- the writer ---- */

struct th_run_book;
struct th_run_row;

struct th_run {
    struct th_run_place {
        uint32_t name; /* of the book: plan and obligation */
        struct th_run_book *book;
    } * books; /* in order; those with rows in the run or in the batch */
    size_t books_count, books_capacity;
    /* Of the values `first` to `first + values_count`: how many of their records still count. */
    struct th_run_value {
        uint32_t live, leaving;
    } * values;
    size_t values_count, values_capacity;
    size_t values_kept; /* without those of the batch */
    uint64_t first;
    size_t dropped;             /* from the front, by the batch */
    bool is_deferred;           /* what is staged and not settled goes into the run */
    struct th_sink value;       /* the one that is being filled */
    struct th_pile_pool pool;   /* of the records' contents */
    struct th_run_row *sorting; /* room for a book that settles */
    size_t sorting_capacity;
};

/* What a store holds, when it is opened for writing. TH_E_CORRUPT, TH_E_NO_MEMORY; then deinit. */
TH_MUST_CHECK int th_run_load(struct th_run *run, const struct th_txn *txn);
void th_run_deinit(struct th_run *run);

/* Copies the content. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_run_stage(struct th_run *run, struct th_book_id book, uint32_t unit,
                               uint32_t number, uint32_t revision, struct th_bytes content);
/* The newest of each of the book's rows to its place, in the order of keys. TH_E_EXISTS: a revision
 * is there twice; one that its table has fails the commit. Nothing of the book may be staged after
 * it. */
TH_MUST_CHECK int th_run_settle(struct th_run *run, struct th_writes *writes,
                                struct th_book_id book);
/* The rest of the batch: into the run, or settled; values that nobody needs are deleted. */
TH_MUST_CHECK int th_run_flush(struct th_run *run, struct th_writes *writes);
void th_run_keep(struct th_run *run);
void th_run_drop(struct th_run *run);

bool th_run_has(const struct th_run *run, struct th_book_id book);
struct th_unsettled th_run_unsettled(const struct th_run *run, size_t i);

#endif
