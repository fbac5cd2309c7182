/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New rows in the middle of the database as if they were appended to it: their pages get full.
 */
#ifndef TH_STORE_FILL_H
#define TH_STORE_FILL_H

#include "aggregator/store/env.h"

/*
 * Many new rows in order, with none between them in the database, as if they were appended: LMDB
 * halves a page that is full, and leaves a half as it is for ever, unless the new row is the last
 * one of the page. So the rows behind that may be on the same page are taken out, and put back at
 * the end. `filling`: zeroes at first; each row by th_txn_fill(), then th_txn_fill_end(), which
 * frees, also after a failure and instead of the rest. As th_txn_put() with TH_PUT_NEW.
 */
struct th_filling {
    struct th_sink held; /* rows that were taken out, in order */
    size_t leaf_pages;   /* of the database; 0: not begun */
    size_t bytes;        /* put since a page was split */
    bool is_sure;        /* they began with a new page */
};
TH_MUST_CHECK int th_txn_fill(struct th_txn *txn, struct th_filling *filling,
                              const struct th_schema_key *key, const void *content,
                              size_t content_size);
TH_MUST_CHECK int th_txn_fill_end(struct th_txn *txn, struct th_filling *filling);

#endif
