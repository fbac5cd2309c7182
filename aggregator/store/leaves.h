/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leaves of one batch of the writer, where they stand among its writes. Its receipts are made
 * of these: to read them back would bring each page of the journal into the process only to leave
 * again.
 *
 * A convenience, never a promise: without memory a leaf is simply not here.
 */
#ifndef TH_STORE_LEAVES_H
#define TH_STORE_LEAVES_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct th_leaves {
    uint64_t first;          /* position of the first one */
    struct th_bytes *values; /* of the journal, each with its leaf */
    size_t count, capacity;
    bool is_cut; /* there was no memory for one: those behind it are not here */
};

void th_leaves_deinit(struct th_leaves *leaves);
/* Empty, memory kept. The next one is that of `first`. */
void th_leaves_begin(struct th_leaves *leaves, uint64_t first);
/* The journal's value at the next position. Borrows it until the next begin. */
void th_leaves_add(struct th_leaves *leaves, struct th_bytes value);
/* Borrows the value. */
bool th_leaves_find(const struct th_leaves *leaves, uint64_t position, struct th_bytes *ret_leaf);

#endif
