/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one page of a snapshot. Going from row to row by a cursor costs a call into LMDB, and
 * each row is waited for when it is not in the processor's cache. Whoever reads many rows takes
 * those of a page from the page itself, and asks for the next page before.
 *
 * Their form: page_form.h. Where the first page of a scan has not
 * this form the cursor is the way; a later one is damaged.
 *
 * Borrows from the snapshot. Thread rule: that of the snapshot.
 */
#ifndef TH_STORE_LEAF_PAGE_H
#define TH_STORE_LEAF_PAGE_H

#include "aggregator/store/leaf_walk.h"
#include "aggregator/store/page_form.h"
#include "base/bytes.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct th_leaf_page {
    const uint8_t *page;
    size_t page_bytes;
    uint32_t count; /* of its rows */
};

/* False: the page is not a leaf of the tree. */
bool th_leaf_page_open(const struct th_tree *tree, const uint8_t *page,
                       struct th_leaf_page *ret_leaf);
/* The first row whose key is not before this one; their count: none. TH_E_CORRUPT: a row is not
 * inside the page. */
TH_MUST_CHECK int th_leaf_page_search(const struct th_leaf_page *leaf, struct th_bytes key,
                                      uint32_t *ret_at);
/* Of a row whose value may stand elsewhere. TH_E_CORRUPT: it is not inside the page. */
TH_MUST_CHECK int th_leaf_page_key(const struct th_leaf_page *leaf, uint32_t at,
                                   struct th_bytes *ret_key);
/* A row whose value stands on pages of its own. TH_E_CORRUPT: it does not, or they are not there.
 */
TH_MUST_CHECK int th_leaf_page_large_row(const struct th_tree *tree,
                                         const struct th_leaf_page *leaf, uint32_t at,
                                         struct th_bytes *ret_key, struct th_bytes *ret_value);

/* ---- asking for pages that will be read ---- */

/* What says where its rows are. */
void th_leaf_page_prefetch_head(const uint8_t *page);
/* What rows stand on. The head is looked at. */
struct th_leaf_lines {
    const uint8_t *begin, *end;
};
struct th_leaf_lines th_leaf_page_lines(const uint8_t *page, size_t page_bytes);
/* The next `count`, from the end on, as LMDB puts the first rows there. */
void th_leaf_page_prefetch(struct th_leaf_lines *lines, size_t count);

/* ---- one row, as often as there are rows ---- */

static inline size_t th_leaf_page_place(const struct th_leaf_page *leaf, uint32_t at)
{
    return th_page_u16(leaf->page + TH_PAGE_HEADER_SIZE + (size_t)at * TH_PAGE_PLACE_SIZE);
}

/* Precondition: at < count. TH_E_NOT_FOUND: the value stands elsewhere. TH_E_CORRUPT: the row would
 * not end on its page. */
TH_MUST_CHECK static inline int th_leaf_page_row(const struct th_leaf_page *leaf, uint32_t at,
                                                 struct th_bytes *ret_key,
                                                 struct th_bytes *ret_value)
{
    const size_t place = th_leaf_page_place(leaf, at);
    if (place > leaf->page_bytes - TH_NODE_HEADER_SIZE)
        return TH_E_CORRUPT;
    const uint8_t *node = leaf->page + place;
    const size_t left = leaf->page_bytes - TH_NODE_HEADER_SIZE - place;
    const size_t key_size = th_page_u16(node + TH_NODE_KEY_SIZE_AT), value_size = th_page_u32(node);
    if (th_page_u16(node + TH_NODE_FLAGS_AT) != 0)
        return TH_E_NOT_FOUND;
    if (key_size > left || value_size > left - key_size)
        return TH_E_CORRUPT;
    *ret_key = (struct th_bytes){node + TH_NODE_HEADER_SIZE, key_size};
    *ret_value = (struct th_bytes){node + TH_NODE_HEADER_SIZE + key_size, value_size};
    return 0;
}

#endif
