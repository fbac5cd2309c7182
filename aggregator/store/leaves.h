/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leaves of the writer's last batch, as they were written. Its receipts are made of these: to
 * read them back would bring each page of the journal into the process only to leave again.
 *
 * A convenience, never a promise: without memory a leaf is simply not here.
 */
#ifndef TH_STORE_LEAVES_H
#define TH_STORE_LEAVES_H

#include "aggregator/store/codec.h"

struct th_leaves {
    uint64_t first;       /* position of the first one */
    struct th_sink bytes; /* one after the other */
    size_t *ends;         /* in `bytes`, of each */
    size_t count, capacity;
};

void th_leaves_deinit(struct th_leaves *leaves);
/* Empty, memory kept. The next one is that of `first`. */
void th_leaves_begin(struct th_leaves *leaves, uint64_t first);
/* Of the next position. Copies. */
void th_leaves_add(struct th_leaves *leaves, struct th_bytes leaf);
/* Borrowed until the next add or begin. */
bool th_leaves_find(const struct th_leaves *leaves, uint64_t position, struct th_bytes *ret_leaf);

#endif
