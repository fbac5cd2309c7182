/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of one batch, each with its leaf, for who gives them one by one (th_store_append())
 * instead of all at its commit. Copies.
 *
 * Not thread-safe: one owner at a time.
 */
#ifndef TH_STORE_ENTRIES_H
#define TH_STORE_ENTRIES_H

#include "aggregator/store/store.h"

struct th_entries {
    struct th_arena bytes;
    struct th_store_logged *items;
    size_t count, capacity;
};

void th_entries_init(struct th_entries *entries);
void th_entries_deinit(struct th_entries *entries);
/* Empty, memory kept. */
void th_entries_begin(struct th_entries *entries);
/* An entry, without its leaf yet; and the leaf of the last one. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_entries_add(struct th_entries *entries, const struct th_store_entry *entry);
TH_MUST_CHECK int th_entries_add_leaf(struct th_entries *entries, struct th_bytes leaf);

#endif
