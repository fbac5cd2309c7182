/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/writes.h"

#include "aggregator/store/fill.h"
#include "base/array.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 20, FIRST = 1024 };
#define BUDGET_BYTES ((size_t)1 << 30)
#define READY_BYTES  ((size_t)4 << 20) /* what a large batch takes */

enum kind { PUT, DELETE, BEGIN_ROWS, END_ROWS };

struct th_write {
    enum kind kind;
    enum th_put how;
    struct th_schema_key key; /* BEGIN_ROWS: what the keys of the rows have in common */
    uint8_t *content;
    size_t size;
};

void th_writes_init(struct th_writes *writes)
{
    *writes = (struct th_writes){.count = 0};
    th_arena_init(&writes->contents, BLOCK_BYTES, BUDGET_BYTES);
}

void th_writes_deinit(struct th_writes *writes)
{
    th_arena_deinit(&writes->contents);
    free(writes->items);
    *writes = (struct th_writes){.count = 0};
}

void th_writes_begin(struct th_writes *writes)
{
    th_arena_reset(&writes->contents);
    writes->count = 0;
    writes->failed = 0;
}

bool th_writes_reserve_some(struct th_writes *writes)
{
    return th_arena_reserve(&writes->contents, READY_BYTES);
}

int th_writes_fail(struct th_writes *writes, int status)
{
    if (writes->failed == 0)
        writes->failed = status;
    return writes->failed;
}

/* ---- recording ---- */

static int add(struct th_writes *writes, const struct th_write *write)
{
    if (writes->failed != 0)
        return writes->failed;
    struct th_write *items =
        th_array_grow(writes->items, writes->count, &writes->capacity, FIRST, sizeof *items);
    if (items == NULL)
        return th_writes_fail(writes, TH_E_NO_MEMORY);
    writes->items = items;
    writes->items[writes->count++] = *write;
    return 0;
}

int th_writes_put(struct th_writes *writes, const struct th_schema_key *key, enum th_put how,
                  const void *content, size_t size)
{
    struct th_write write = {.kind = PUT, .how = how, .key = *key, .size = size};
    if (writes->failed != 0)
        return writes->failed;
    write.content = th_arena_take(&writes->contents, size);
    if (write.content == NULL)
        return th_writes_fail(writes, TH_E_NO_MEMORY);
    if (size > 0)
        memcpy(write.content, content, size);
    return add(writes, &write);
}

int th_writes_delete(struct th_writes *writes, const struct th_schema_key *key)
{
    return add(writes, &(struct th_write){.kind = DELETE, .key = *key});
}

int th_writes_begin_rows(struct th_writes *writes, enum th_table table, struct th_book_id book)
{
    return add(writes,
               &(struct th_write){.kind = BEGIN_ROWS, .key = th_schema_key_book(table, book)});
}

int th_writes_end_rows(struct th_writes *writes)
{
    return add(writes, &(struct th_write){.kind = END_ROWS});
}

/* ---- doing ---- */

/* Whether no key begins with the prefix. */
static int find_none(const struct th_txn *txn, const struct th_schema_key *prefix, bool *ret_none)
{
    struct th_bytes key;
    int status = th_txn_seek_key(txn, prefix, &key);
    if (status != 0 && status != TH_E_NOT_FOUND)
        return status;
    *ret_none = status != 0 || key.size < prefix->size ||
                memcmp(key.bytes, prefix->bytes, prefix->size) != 0;
    return 0;
}

/* The rows behind `at`, which begins them. Returns the place of their end, or of a failure. */
static size_t do_rows(const struct th_writes *writes, size_t at, struct th_txn *txn)
{
    struct th_filling filling = {.leaf_pages = 0};
    bool is_first = false;
    int status = find_none(txn, &writes->items[at].key, &is_first);
    if (status != 0)
        (void)!th_txn_fail(txn, status);
    while (status == 0 && writes->items[++at].kind == PUT) {
        const struct th_write *write = &writes->items[at];
        status = is_first ? th_txn_fill(txn, &filling, &write->key, write->content, write->size)
                          : th_txn_put(txn, &write->key, write->how, write->content, write->size);
    }
    TH_ASSERT(status != 0 || writes->items[at].kind == END_ROWS);
    (void)!th_txn_fill_end(txn, &filling);
    return at;
}

int th_writes_do(const struct th_writes *writes, struct th_txn *txn)
{
    int status = writes->failed;
    for (size_t i = 0; i < writes->count && status == 0; i++) {
        const struct th_write *write = &writes->items[i];
        switch (write->kind) {
        case PUT:
            status = th_txn_put(txn, &write->key, write->how, write->content, write->size);
            break;
        case DELETE:
            status = th_txn_delete(txn, &write->key);
            break;
        case BEGIN_ROWS:
            i = do_rows(writes, i, txn);
            status = txn->failed;
            break;
        case END_ROWS:
            TH_ASSERT(false);
            break;
        }
    }
    return status;
}
