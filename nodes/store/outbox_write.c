/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/store/schema.h"

#include "base/big.h"

#include <string.h>

/* The last key of a table whose keys begin with `size` bytes of `prefix`. TH_E_NOT_FOUND. */
static int find_last(struct th_outbox *outbox, MDB_txn *txn, struct th_outbox_key prefix,
                     struct th_outbox_key *ret_key)
{
    MDB_cursor *cursor;
    int result = mdb_cursor_open(txn, outbox->dbi, &cursor);
    if (result != 0)
        return th_outbox_status(result);
    struct th_outbox_key past = prefix;
    memset(past.bytes + past.size, 0xff, sizeof past.bytes - past.size);
    MDB_val key = {sizeof past.bytes, past.bytes}, value;
    result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (result == 0 || result == MDB_NOTFOUND)
        result = mdb_cursor_get(cursor, &key, &value, result == 0 ? MDB_PREV : MDB_LAST);
    int status = th_outbox_status(result);
    if (status == 0 && (key.mv_size < prefix.size || key.mv_size > sizeof ret_key->bytes ||
                        memcmp(key.mv_data, prefix.bytes, prefix.size) != 0))
        status = TH_E_NOT_FOUND;
    if (status == 0) {
        memcpy(ret_key->bytes, key.mv_data, key.mv_size);
        ret_key->size = key.mv_size;
    }
    mdb_cursor_close(cursor);
    return status;
}

int th_outbox_put_item(struct th_outbox *outbox, MDB_txn *txn, const struct th_outbox_item *item)
{
    uint8_t bytes[TH_OUTBOX_ITEM_SIZE_MAX];
    size_t size = th_outbox_item_encode(item, bytes);
    return th_outbox_put(outbox, txn, th_outbox_key_of_id(TH_TABLE_ITEM, item->id),
                         (struct th_bytes){bytes, size}, 0);
}

int th_outbox_last_seq(struct th_outbox *outbox, MDB_txn *txn, enum th_outbox_table table,
                       uint64_t id, uint32_t *ret_seq)
{
    struct th_outbox_key last;
    int status = find_last(outbox, txn, th_outbox_key_of_id(table, id), &last);
    if (status == TH_E_NOT_FOUND) {
        *ret_seq = 0;
        return 0;
    }
    if (status != 0)
        return status;
    uint32_t seq = 0;
    for (size_t i = 9; i < 13 && i < last.size; i++)
        seq = seq << 8 | last.bytes[i];
    *ret_seq = seq;
    return 0;
}

int th_outbox_put_change(struct th_outbox *outbox, MDB_txn *txn, const struct th_outbox_item *item,
                         bool is_readmission)
{
    uint32_t seq;
    int status = th_outbox_last_seq(outbox, txn, TH_TABLE_HISTORY, item->id, &seq);
    if (status != 0)
        return status;
    uint8_t value[TH_OUTBOX_CHANGE_SIZE];
    th_big_put(value, 8, (uint64_t)item->changed_at.ms);
    value[8] = (uint8_t)item->state;
    th_big_put(value + 9, 4, item->attempts);
    value[13] = is_readmission;
    return th_outbox_put(outbox, txn, th_outbox_key_of_seq(TH_TABLE_HISTORY, item->id, seq + 1),
                         (struct th_bytes){value, sizeof value}, 0);
}

static bool is_alive(enum th_item_state state)
{
    return state != TH_ITEM_REJECTED && state != TH_ITEM_DAMAGED;
}

/* TH_E_EXISTS when a live item has this identity. Bad records have none. */
static int check_identity(struct th_outbox *outbox, MDB_txn *txn, const struct th_outbox_item *item)
{
    MDB_cursor *cursor;
    int result = mdb_cursor_open(txn, outbox->dbi, &cursor);
    if (result != 0)
        return th_outbox_status(result);
    uint8_t table = TH_TABLE_ITEM;
    MDB_val key = {1, &table}, value;
    int status = 0;
    for (result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
         result == 0 && status == 0 && ((const uint8_t *)key.mv_data)[0] == TH_TABLE_ITEM;
         result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct th_bytes plain;
        struct th_outbox_item other;
        if (th_outbox_unseal((struct th_bytes){key.mv_data, key.mv_size},
                             (struct th_bytes){value.mv_data, value.mv_size}, &plain) != 0 ||
            th_outbox_item_decode(0, plain, &other) != 0)
            continue;
        if (is_alive(other.state) && other.number == item->number &&
            other.revision == item->revision && strcmp(other.plan, item->plan) == 0 &&
            strcmp(other.obligation, item->obligation) == 0)
            status = TH_E_EXISTS;
    }
    mdb_cursor_close(cursor);
    if (status == 0 && result != 0 && result != MDB_NOTFOUND)
        status = th_outbox_status(result);
    return status;
}

int th_outbox_keep_time(struct th_outbox *outbox, th_instant now)
{
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    uint8_t value[8];
    th_big_put(value, sizeof value, (uint64_t)now.ms);
    status = th_outbox_put(outbox, txn, th_outbox_key_of_id(TH_TABLE_META, TH_OUTBOX_META_TIME),
                           (struct th_bytes){value, sizeof value}, 0);
    return th_outbox_finish(txn, status);
}

int th_outbox_add(struct th_outbox *outbox, const struct th_outbox_item *item,
                  struct th_bytes report, th_instant now, uint64_t *ret_id)
{
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    struct th_outbox_item added = *item;
    added.id = 1;
    added.state = TH_ITEM_QUEUED;
    added.queued_at = added.changed_at = now;
    added.is_frozen = false;
    added.attempts = 0;
    struct th_outbox_key last, prefix = {.bytes = {TH_TABLE_REPORT}, .size = 1};
    status = check_identity(outbox, txn, &added);
    if (status == 0) {
        /* Reports are never deleted, so the last one has the last id. */
        status = find_last(outbox, txn, prefix, &last);
        if (status == 0)
            added.id = th_outbox_key_id(last.bytes) + 1;
        else if (status == TH_E_NOT_FOUND)
            status = 0;
    }
    if (status == 0)
        status = th_outbox_check_room(outbox, txn, added.id, report.size);
    if (status == 0)
        status = th_outbox_put(outbox, txn, th_outbox_key_of_id(TH_TABLE_REPORT, added.id), report,
                               MDB_NOOVERWRITE);
    if (status == 0)
        status = th_outbox_put_item(outbox, txn, &added);
    if (status == 0)
        status = th_outbox_put_change(outbox, txn, &added, false);
    status = th_outbox_finish(txn, status);
    if (status == 0)
        *ret_id = added.id;
    return status;
}

int th_outbox_put_notice(struct th_outbox *outbox, MDB_txn *txn, const struct th_notice *notice,
                         bool *ret_is_new)
{
    struct th_arena arena;
    th_arena_init(&arena, 4096, 4 * TH_LIMIT_FRAME_SIZE_MAX);
    struct th_bytes bytes;
    int status = th_outbox_notice_encode(notice, &arena, &bytes);
    if (status == 0)
        status = th_outbox_put(outbox, txn, th_outbox_notice_key(notice), bytes, MDB_NOOVERWRITE);
    th_arena_deinit(&arena);
    if (status == 0 || status == TH_E_EXISTS)
        *ret_is_new = status == 0;
    return status == TH_E_EXISTS ? 0 : status;
}

int th_outbox_add_notice(struct th_outbox *outbox, const struct th_notice *notice, bool *ret_is_new)
{
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    bool is_new = false;
    status = th_outbox_put_notice(outbox, txn, notice, &is_new);
    if (status == 0 && !is_new) {
        mdb_txn_abort(txn); /* nothing was written: no need to wait for the disk */
        *ret_is_new = false;
        return 0;
    }
    status = th_outbox_finish(txn, status);
    if (status == 0)
        *ret_is_new = true;
    return status;
}
