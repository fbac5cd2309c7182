/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/fill.h"

#include "base/assert.h"

#include <errno.h>
#include <string.h>

/*
 * At a time most of a page is held, as the new rows' place may be anywhere in one. It can be too
 * little, and it can be too much: LMDB fills a page of which a quarter is left from the one before
 * it, and then the place is amid other rows again. Both show when a page is split long before it is
 * full; then more is held. A value larger than half a page has its own pages.
 */
enum { HELD_SIZE = 3072, FULL_SIZE = 3072, LARGE_SIZE = 2048, NODE_SIZE = 10 };

static int hold(MDB_cursor *cursor, const struct th_schema_key *after, struct th_sink *held)
{
    MDB_val name = {after->size, (void *)(uintptr_t)after->bytes}, value;
    size_t end = held->size + HELD_SIZE;
    int rc = mdb_cursor_get(cursor, &name, &value, MDB_SET_RANGE);
    if (rc == 0 && name.mv_size == after->size &&
        memcmp(name.mv_data, after->bytes, after->size) == 0)
        rc = mdb_cursor_get(cursor, &name, &value, MDB_NEXT);
    while (rc == 0 && held->size < end && value.mv_size < LARGE_SIZE) {
        th_sink_varint(held, name.mv_size);
        th_sink_bytes(held, name.mv_data, name.mv_size);
        th_sink_varint(held, value.mv_size);
        th_sink_bytes(held, value.mv_data, value.mv_size);
        rc = held->failed ? ENOMEM : mdb_cursor_del(cursor, 0);
        if (rc == 0) /* it stands on the row behind the one that went */
            rc = mdb_cursor_get(cursor, &name, &value, MDB_GET_CURRENT);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int leaf_pages(const struct th_txn *txn, size_t *ret_pages)
{
    MDB_stat pages;
    int rc = mdb_stat(txn->txn, txn->database, &pages);
    if (rc == 0)
        *ret_pages = pages.ms_leaf_pages;
    return rc;
}

static int hold_more(struct th_txn *txn, const struct th_schema_key *after,
                     struct th_filling *filling)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn->txn, txn->database, &cursor);
    if (rc != 0)
        return th_txn_fail(txn, th_env_status(rc));
    rc = hold(cursor, after, &filling->held);
    mdb_cursor_close(cursor);
    if (rc == 0)
        rc = leaf_pages(txn, &filling->leaf_pages);
    filling->is_sure = false;
    return rc == 0 ? 0 : th_txn_fail(txn, th_env_status(rc));
}

int th_txn_fill(struct th_txn *txn, struct th_filling *filling, const struct th_schema_key *key,
                const void *content, size_t content_size)
{
    size_t pages = 0;
    int status = txn->failed;
    if (status == 0 && filling->leaf_pages == 0)
        status = hold_more(txn, key, filling);
    if (status == 0)
        status = th_txn_put(txn, key, TH_PUT_NEW, content, content_size);
    if (status == 0 && leaf_pages(txn, &pages) != 0)
        status = th_txn_fail(txn, TH_E_IO);
    if (status != 0)
        return status;
    filling->bytes += NODE_SIZE + key->size + TH_SCHEMA_CHECKSUM_SIZE + content_size;
    if (pages == filling->leaf_pages)
        return 0;
    bool is_halved = filling->is_sure && filling->bytes < FULL_SIZE;
    filling->leaf_pages = pages;
    filling->bytes = 0;
    filling->is_sure = true;
    return is_halved ? hold_more(txn, key, filling) : 0;
}

static int give_back(struct th_txn *txn, const struct th_sink *held)
{
    struct th_source source = {held->bytes, held->size, false};
    while (source.size > 0) {
        MDB_val name, value;
        name.mv_size = (size_t)th_source_varint(&source, SIZE_MAX);
        name.mv_data = (void *)(uintptr_t)th_source_bytes(&source, name.mv_size);
        value.mv_size = (size_t)th_source_varint(&source, SIZE_MAX);
        value.mv_data = (void *)(uintptr_t)th_source_bytes(&source, value.mv_size);
        TH_ASSERT(!source.failed);
        int rc = mdb_put(txn->txn, txn->database, &name, &value, MDB_NOOVERWRITE);
        if (rc != 0)
            return th_txn_fail(txn, th_env_status(rc));
    }
    return 0;
}

int th_txn_fill_end(struct th_txn *txn, struct th_filling *filling)
{
    int status = txn->failed;
    if (status == 0)
        status = give_back(txn, &filling->held);
    th_sink_deinit(&filling->held);
    return status;
}
