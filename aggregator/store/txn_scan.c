/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows one after the other. The first ones come by LMDB's cursor, as many scans end soon. Then a
 * snapshot's rows are taken from their pages: the cursor goes ahead to the next page, and while the
 * rows of this one are given, the next one is asked for, piece by piece, so that nobody waits for
 * it. In a store that is larger than the processor's cache, waiting is most of what a scan takes.
 */
#include "aggregator/store/env.h"
#include "aggregator/store/leaf_page.h"

#include <string.h>

enum { FEW = 2, WORD = 8 };

struct scanning {
    const struct th_txn *txn;
    const struct th_schema_key *prefix;
    uint64_t beginning, beginning_mask; /* the prefix as a word; mask 0: it is longer */
    const struct th_schema_key *to;
    th_txn_rows_fn *fn;
    void *context;
    MDB_cursor *cursor;
    MDB_val name, value; /* where the cursor is */
    int rc;              /* how it came there */
};

static void move(struct scanning *scanning, MDB_cursor_op op)
{
    scanning->rc = mdb_cursor_get(scanning->cursor, &scanning->name, &scanning->value, op);
}

static struct th_bytes bytes_of(MDB_val value)
{
    return (struct th_bytes){value.mv_data, value.mv_size};
}

static void set_beginning(struct scanning *scanning)
{
    static const uint8_t ones[WORD] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    const struct th_schema_key *prefix = scanning->prefix;
    if (prefix->size == 0 || prefix->size > WORD)
        return;
    memcpy(&scanning->beginning, prefix->bytes, prefix->size);
    memcpy(&scanning->beginning_mask, ones, prefix->size);
}

static inline bool is_wanted(const struct scanning *scanning, struct th_bytes key)
{
    if (scanning->beginning_mask != 0 && key.size >= WORD) {
        uint64_t word;
        memcpy(&word, key.bytes, sizeof word);
        return ((word ^ scanning->beginning) & scanning->beginning_mask) == 0;
    }
    return key.size >= scanning->prefix->size &&
           memcmp(key.bytes, scanning->prefix->bytes, scanning->prefix->size) == 0;
}

/* Nobody asks for more than this one. */
static bool is_behind(const struct scanning *scanning, struct th_bytes key)
{
    const struct th_schema_key *to = scanning->to;
    const size_t size = key.size < to->size ? key.size : to->size;
    if (to->size == 0)
        return false;
    const int order = memcmp(key.bytes, to->bytes, size);
    return order > 0 || (order == 0 && key.size >= to->size);
}

static int give(const struct scanning *scanning, struct th_bytes key, struct th_bytes value)
{
    struct th_bytes content;
    int status = th_schema_unseal(key, value, &content);
    return status == 0 ? scanning->fn(scanning->context, &key, &content, 1) : status;
}

/* To the row behind this one. Where keys are not in order, damage has moved them. */
static void go_behind(struct scanning *scanning, struct th_bytes key)
{
    scanning->name = (MDB_val){key.size, (void *)(uintptr_t)key.bytes};
    move(scanning, MDB_SET_KEY);
    if (scanning->rc == MDB_NOTFOUND ||
        (scanning->rc == 0 && scanning->name.mv_data != (const void *)key.bytes))
        scanning->rc = MDB_CORRUPTED;
    if (scanning->rc == 0)
        move(scanning, MDB_NEXT);
}

/* The next rows of a page, if they are as most rows are; their checksums are checked at once. How
 * many were given. */
static uint32_t give_rows(const struct scanning *scanning, const struct th_leaf_page *page,
                          uint32_t at, struct th_bytes *ret_last, int *ret_status)
{
    struct th_bytes keys[TH_TXN_ROWS_MAX], values[TH_TXN_ROWS_MAX], contents[TH_TXN_ROWS_MAX];
    const uint32_t left = page->count - at, count = left < TH_TXN_ROWS_MAX ? left : TH_TXN_ROWS_MAX;
    for (uint32_t i = 0; i < count; i++)
        if (th_leaf_page_row(page, at + i, &keys[i], &values[i]) != 0 ||
            !is_wanted(scanning, keys[i]))
            return 0;
    if (th_schema_unseal_few(keys, values, count, contents) != 0)
        return 0;
    *ret_status = scanning->fn(scanning->context, keys, contents, count);
    *ret_last = keys[count - 1];
    return count;
}

/* A row that the cursor gives would be read to wherever its length says; one of a page is inside
 * it. Those of the cursor's page, from its own on, when all of them are wanted. False: they cannot
 * be read so, and the cursor is where it was; else it is behind the last row that was given. */
static bool give_page(struct scanning *scanning, int *ret_status)
{
    const size_t page_bytes = scanning->txn->page_bytes;
    struct th_leaf_page page;
    struct th_bytes key, value, last = {NULL, 0};
    uint32_t at;
    if (!th_leaf_page_find(page_bytes, scanning->name.mv_data, &page, &at))
        return false;
    int status = th_leaf_page_row(&page, page.count - 1, &last, &value);
    if (status == TH_E_NOT_FOUND || (status == 0 && !is_wanted(scanning, last)))
        return false;
    if (status == 0 && is_behind(scanning, last))
        scanning->rc = MDB_NOTFOUND;
    else if (status == 0)
        go_behind(scanning, last);
    const void *next = scanning->rc == 0 ? scanning->name.mv_data : NULL;
    for (unsigned piece = 0; at < page.count && status == 0;) {
        for (unsigned twice = 0; twice < 2 && next != NULL; twice++)
            th_leaf_page_prefetch(page_bytes, next, piece++);
        const uint32_t given = give_rows(scanning, &page, at, &last, &status);
        at += given;
        if (given > 0)
            continue;
        const int found = th_leaf_page_row(&page, at, &key, &value);
        if (found == TH_E_NOT_FOUND) { /* not the first one: that would have been found out */
            go_behind(scanning, last);
            break;
        }
        if (found != 0 || !is_wanted(scanning, key))
            status = TH_E_CORRUPT;
        else
            status = give(scanning, key, value);
        last = key;
        at++;
    }
    *ret_status = status;
    return true;
}

int th_txn_each_row(void *each, const struct th_bytes *keys, const struct th_bytes *contents,
                    size_t count)
{
    const struct th_txn_each *asker = each;
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++)
        status = asker->fn(asker->context, keys[i], contents[i]);
    return status;
}

int th_txn_scan(const struct th_txn *txn, const struct th_schema_key *prefix,
                const struct th_schema_key *from, th_txn_fn *fn, void *context)
{
    const struct th_schema_key to = {.size = 0};
    struct th_txn_each each = {fn, context};
    return th_txn_scan_rows(txn, prefix, from, &to, th_txn_each_row, &each);
}

int th_txn_scan_rows(const struct th_txn *txn, const struct th_schema_key *prefix,
                     const struct th_schema_key *from, const struct th_schema_key *to,
                     th_txn_rows_fn *fn, void *context)
{
    struct scanning scanning = {
        .txn = txn, .prefix = prefix, .to = to, .fn = fn, .context = context};
    /* One that begins behind its prefix's first row has a stretch of rows before it. */
    const size_t by_cursor = from->size > prefix->size ? 0 : FEW;
    int status = 0;
    set_beginning(&scanning);
    int rc = mdb_cursor_open(txn->txn, txn->database, &scanning.cursor);
    if (rc != 0)
        return th_env_status(rc);
    scanning.name = (MDB_val){from->size, (void *)(uintptr_t)from->bytes};
    move(&scanning, MDB_SET_RANGE);
    for (size_t rows = 0; scanning.rc == 0 && is_wanted(&scanning, bytes_of(scanning.name));
         rows++) {
        if (rows == by_cursor && txn->page_bytes != 0)
            th_leaf_page_prefetch_all(txn->page_bytes, scanning.name.mv_data);
        if (rows < by_cursor || txn->page_bytes == 0 || !give_page(&scanning, &status)) {
            status = give(&scanning, bytes_of(scanning.name), bytes_of(scanning.value));
            if (status == 0)
                move(&scanning, MDB_NEXT);
        }
        if (status != 0)
            break;
    }
    mdb_cursor_close(scanning.cursor);
    if (status != 0)
        return status;
    return scanning.rc == MDB_NOTFOUND ? 0 : th_env_status(scanning.rc);
}
