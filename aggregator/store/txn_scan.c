/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows one after the other. Those of a snapshot are taken from their pages: the branches above say
 * which pages come next, and while the rows of one are given, the next ones are asked for, piece by
 * piece, so that nobody waits for them. In a store that is larger than the processor's cache,
 * waiting is most of what a scan takes. A writer's rows, and those of a snapshot whose tree is not
 * known, come by LMDB's cursor.
 */
#include "aggregator/store/env.h"
#include "aggregator/store/leaf_page.h"

#include <string.h>

enum {
    FEW = 2, /* rows that are given without asking for more: many scans end there */
    WORD = 8,
    AHEAD = 2,  /* pages whose heads are asked for */
    LINES = 16, /* of the next page, asked for with each group of rows */
};

struct scanning {
    const struct th_txn *txn;
    const struct th_schema_key *prefix;
    uint64_t beginning, beginning_mask; /* the prefix as a word; mask 0: it is longer */
    const struct th_schema_key *to;
    th_txn_rows_fn *fn;
    void *context;
    size_t quiet; /* rows that come first, and one by one */
    /* Rows that were found and not yet given. Those of neighbouring pages are given together. */
    struct th_bytes keys[TH_TXN_ROWS_MAX], values[TH_TXN_ROWS_MAX];
    size_t found;
};

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
static bool is_last(const struct scanning *scanning, struct th_bytes key)
{
    const struct th_schema_key *to = scanning->to;
    return to->size > 0 && th_tree_order(key, (struct th_bytes){to->bytes, to->size}) >= 0;
}

static int give(const struct scanning *scanning, struct th_bytes key, struct th_bytes value)
{
    struct th_bytes content;
    int status = th_schema_unseal(key, value, &content);
    return status == 0 ? scanning->fn(scanning->context, &key, &content, 1) : status;
}

/* What was found; the checksums are checked at once. One of them is wrong: then the rows before it.
 */
static int give_found(struct scanning *scanning)
{
    struct th_bytes contents[TH_TXN_ROWS_MAX];
    const size_t count = scanning->found;
    int status = 0;
    scanning->found = 0;
    if (count == 0)
        return 0;
    if (th_schema_unseal_few(scanning->keys, scanning->values, count, contents) == 0)
        return scanning->fn(scanning->context, scanning->keys, contents, count);
    for (size_t i = 0; i < count && status == 0; i++)
        status = give(scanning, scanning->keys[i], scanning->values[i]);
    return status;
}

/* ---- by pages ---- */

/* The pages that come next, as far as they are known. */
struct coming {
    struct th_leaf_walk walk; /* to the one behind them */
    const uint8_t *pages[AHEAD];
    unsigned count;
    int status; /* of the walk; TH_E_NOT_FOUND: there are no more */
};

static bool find_next(struct coming *coming)
{
    if (coming->status != 0)
        return false;
    coming->pages[coming->count++] = coming->walk.leaf;
    coming->status = th_leaf_walk_next(&coming->walk);
    return true;
}

/* NULL: there is none. */
static const uint8_t *take_next(struct coming *coming)
{
    if (coming->count == 0 && !find_next(coming))
        return NULL;
    const uint8_t *page = coming->pages[0];
    coming->count--;
    memmove(coming->pages, coming->pages + 1, coming->count * sizeof coming->pages[0]);
    return page;
}

/* Asks for the heads of the pages that come, and says what stands on the first of them. Pages
 * behind the end are not asked for; whether they are read the rows decide. */
static struct th_leaf_lines look_ahead(const struct scanning *scanning, struct coming *coming)
{
    const struct th_bytes to = {scanning->to->bytes, scanning->to->size};
    while (coming->count < AHEAD && coming->status == 0 &&
           (to.size == 0 || !th_leaf_walk_is_behind(&coming->walk, to))) {
        th_leaf_page_prefetch_head(coming->walk.leaf);
        (void)find_next(coming);
    }
    return coming->count > 0 ? th_leaf_page_lines(coming->pages[0], scanning->txn->tree.page_bytes)
                             : (struct th_leaf_lines){NULL, NULL};
}

/* Any row of a page. One that is not wanted is the end, but not amid such as are. */
static int give_row(const struct scanning *scanning, const struct th_leaf_page *page, uint32_t at,
                    bool is_inside, bool *ret_is_end)
{
    struct th_bytes key, value;
    int status = th_leaf_page_row(page, at, &key, &value);
    if (status == TH_E_NOT_FOUND)
        status = th_leaf_page_large_row(&scanning->txn->tree, page, at, &key, &value);
    if (status != 0)
        return status;
    if (is_wanted(scanning, key))
        return give(scanning, key, value);
    *ret_is_end = true;
    return is_inside ? TH_E_CORRUPT : 0;
}

/* The rows of a page from one on, and whether the scan ends with them. */
static int give_page(struct scanning *scanning, const struct th_leaf_page *page, uint32_t at,
                     struct coming *coming, bool *ret_is_end)
{
    struct th_leaf_lines lines = {NULL, NULL};
    struct th_bytes last;
    bool has_asked = false;
    int status = th_leaf_page_key(page, page->count - 1, &last);
    if (status != 0)
        return status;
    const bool is_inside = is_wanted(scanning, last),
               is_end = !is_inside || is_last(scanning, last);
    bool is_stopped = false;
    for (; at < page->count && status == 0 && !is_stopped; at++) {
        struct th_bytes *key = &scanning->keys[scanning->found],
                        *value = &scanning->values[scanning->found];
        if (scanning->quiet == 0 && !has_asked) {
            has_asked = true;
            if (!is_end)
                lines = look_ahead(scanning, coming);
        }
        if (at % TH_TXN_ROWS_MAX == 0)
            th_leaf_page_prefetch(&lines, LINES);
        if (scanning->quiet == 0 && th_leaf_page_row(page, at, key, value) == 0 &&
            is_wanted(scanning, *key)) {
            if (++scanning->found == TH_TXN_ROWS_MAX)
                status = give_found(scanning);
            continue;
        }
        status = give_found(scanning);
        if (status == 0)
            status = give_row(scanning, page, at, is_inside, &is_stopped);
        scanning->quiet -= scanning->quiet > 0;
    }
    *ret_is_end = is_end;
    return status;
}

/* False: the tree cannot be walked, and nothing was given. */
static bool scan_pages(struct scanning *scanning, const struct th_schema_key *from, int *ret_status)
{
    const struct th_tree *tree = &scanning->txn->tree;
    const struct th_bytes first = {from->bytes, from->size};
    struct coming coming = {.count = 0};
    struct th_leaf_page page;
    uint32_t at;
    bool is_end = false;
    if (!th_leaf_walk_begin(tree, first, &coming.walk))
        return false;
    const uint8_t *next = take_next(&coming);
    if (scanning->quiet == 0) {
        struct th_leaf_lines lines = th_leaf_page_lines(next, tree->page_bytes);
        th_leaf_page_prefetch(&lines, tree->page_bytes);
    }
    if (!th_leaf_page_open(tree, next, &page) || th_leaf_page_search(&page, first, &at) != 0)
        return false;
    int status = at < page.count ? give_page(scanning, &page, at, &coming, &is_end) : 0;
    while (status == 0 && !is_end && (next = take_next(&coming)) != NULL)
        status = th_leaf_page_open(tree, next, &page)
                     ? give_page(scanning, &page, 0, &coming, &is_end)
                     : TH_E_CORRUPT;
    if (status == 0)
        status = give_found(scanning);
    if (status == 0 && !is_end && coming.status != TH_E_NOT_FOUND)
        status = coming.status;
    *ret_status = status;
    return true;
}

/* ---- by the cursor ---- */

static int scan_cursor(struct scanning *scanning, const struct th_schema_key *from)
{
    MDB_cursor *cursor;
    MDB_val name = {from->size, (void *)(uintptr_t)from->bytes}, value;
    int status = 0;
    int rc = mdb_cursor_open(scanning->txn->txn, scanning->txn->database, &cursor);
    if (rc != 0)
        return th_env_status(rc);
    rc = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    while (rc == 0 && status == 0) {
        const struct th_bytes key = {name.mv_data, name.mv_size};
        if (!is_wanted(scanning, key))
            break;
        status = give(scanning, key, (struct th_bytes){value.mv_data, value.mv_size});
        if (status == 0)
            rc = mdb_cursor_get(cursor, &name, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    if (status != 0)
        return status;
    return rc == MDB_NOTFOUND ? 0 : th_env_status(rc);
}

/* ---- all of it ---- */

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
    /* One that begins behind its prefix's first row has a stretch of rows before it. */
    struct scanning scanning = {.txn = txn,
                                .prefix = prefix,
                                .to = to,
                                .fn = fn,
                                .context = context,
                                .quiet = from->size > prefix->size ? 0 : FEW};
    int status;
    set_beginning(&scanning);
    return scan_pages(&scanning, from, &status) ? status : scan_cursor(&scanning, from);
}
