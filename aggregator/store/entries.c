/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/entries.h"

#include "aggregator/store/internal.h"
#include "base/array.h"
#include "base/assert.h"
#include "proto/tlog/hash.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 20, FIRST = 256 };
#define BUDGET_BYTES ((size_t)1 << 30)

/* ---- of any batch ---- */

void th_store_entry_digest(const struct th_store_entry *entry, struct th_digest *ret_digest)
{
    struct th_digest of_body;
    if (entry->body_digest == NULL)
        th_tlog_sha256(&(struct th_tlog_part){entry->body.bytes, entry->body.size}, 1, &of_body);
    th_schema_entry_digest(entry, entry->body_digest == NULL ? &of_body : entry->body_digest,
                           ret_digest);
}

struct th_store_logged th_store_log(const struct th_store_entry *entry, struct th_bytes leaf)
{
    struct th_store_logged logged = {.entry = *entry, .leaf = leaf};
    th_tlog_hash_leaf(leaf.bytes, leaf.size, &logged.leaf_hash);
    return logged;
}

/* ---- those that are given one by one ---- */

void th_entries_init(struct th_entries *entries)
{
    *entries = (struct th_entries){.count = 0};
    th_arena_init(&entries->bytes, BLOCK_BYTES, BUDGET_BYTES);
}

void th_entries_deinit(struct th_entries *entries)
{
    th_arena_deinit(&entries->bytes);
    free(entries->items);
    *entries = (struct th_entries){.count = 0};
}

void th_entries_begin(struct th_entries *entries)
{
    th_arena_reset(&entries->bytes);
    entries->count = 0;
}

static int copy(struct th_entries *entries, struct th_bytes *bytes)
{
    uint8_t *copied = th_arena_alloc(&entries->bytes, bytes->size);
    if (copied == NULL)
        return TH_E_NO_MEMORY;
    if (bytes->size > 0)
        memcpy(copied, bytes->bytes, bytes->size);
    bytes->bytes = copied;
    return 0;
}

int th_entries_add(struct th_entries *entries, const struct th_store_entry *entry)
{
    struct th_store_logged *items =
        th_array_grow(entries->items, entries->count, &entries->capacity, FIRST, sizeof *items);
    struct th_store_logged logged = {.entry = *entry};
    if (items == NULL)
        return TH_E_NO_MEMORY;
    entries->items = items;
    int status = copy(entries, &logged.entry.decision);
    if (status == 0)
        status = copy(entries, &logged.entry.body);
    if (status < 0)
        return status;
    logged.entry.body_digest = NULL; /* borrowed */
    entries->items[entries->count++] = logged;
    return 0;
}

int th_entries_add_leaf(struct th_entries *entries, struct th_bytes leaf)
{
    TH_ASSERT(entries->count > 0);
    struct th_store_logged *last = &entries->items[entries->count - 1];
    int status = copy(entries, &leaf);
    if (status == 0)
        *last = th_store_log(&last->entry, leaf);
    return status;
}
