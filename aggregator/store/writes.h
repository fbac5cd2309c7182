/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writes of one batch, in memory: recorded while the batch is made, done in one transaction
 * when it is committed, perhaps on another thread and while the next batch is being made.
 *
 * Remembers its first failure: later writes are not recorded, and doing them gives that failure.
 * Contents are copied and stay where they are until the next begin.
 *
 * Not thread-safe: one owner at a time.
 */
#ifndef TH_STORE_WRITES_H
#define TH_STORE_WRITES_H

#include "aggregator/store/env.h"
#include "base/arena.h"

struct th_write;

struct th_writes {
    struct th_arena contents;
    struct th_write *items; /* in the order in which they are to be done */
    size_t count, capacity;
    int failed; /* the first failure */
};

void th_writes_init(struct th_writes *writes);
void th_writes_deinit(struct th_writes *writes);
/* Empty, memory kept, failure forgotten. */
void th_writes_begin(struct th_writes *writes);

/* A piece of memory for a large batch, once and for all. True: there is another piece. */
bool th_writes_reserve_some(struct th_writes *writes);

/* Makes them fail. Returns the first failure. */
int th_writes_fail(struct th_writes *writes, int status);

/* With a copy of the content. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_writes_put(struct th_writes *writes, const struct th_schema_key *key,
                                enum th_put how, const void *content, size_t size);
TH_MUST_CHECK int th_writes_delete(struct th_writes *writes, const struct th_schema_key *key);

/* Between the two stand many rows in order: those of one book in one table. When they are the first
 * ones there, their pages get full (fill.h). */
TH_MUST_CHECK int th_writes_begin_rows(struct th_writes *writes, enum th_table table,
                                       struct th_book_id book);
TH_MUST_CHECK int th_writes_end_rows(struct th_writes *writes);

/* All of them, into a transaction that writes. As the functions of env.h and fill.h. */
TH_MUST_CHECK int th_writes_do(const struct th_writes *writes, struct th_txn *txn);

#endif
