/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of an item: frozen alone or with others, apart again, settled. The bytes of a bundle are
 * one record that its items name, so that they are kept, and damaged, once.
 */
#include "nodes/store/schema.h"

#include <string.h>

int th_outbox_list_bundle(struct th_outbox *outbox, MDB_txn *txn, uint64_t bundle,
                          uint64_t ret_ids[TH_LIMIT_REPORTS_MAX], size_t *ret_count)
{
    MDB_cursor *cursor;
    int result = mdb_cursor_open(txn, outbox->dbi, &cursor);
    if (result != 0)
        return th_outbox_status(result);
    /* The number is the id of its first item. */
    struct th_outbox_key start = th_outbox_key_of_id(TH_TABLE_ITEM, bundle);
    MDB_val key = {start.size, start.bytes}, value;
    size_t count = 0;
    for (result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
         result == 0 && count < TH_LIMIT_REPORTS_MAX &&
         ((const uint8_t *)key.mv_data)[0] == TH_TABLE_ITEM;
         result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct th_bytes plain;
        struct th_outbox_item item;
        if (key.mv_size == start.size &&
            th_outbox_unseal((struct th_bytes){key.mv_data, key.mv_size},
                             (struct th_bytes){value.mv_data, value.mv_size}, &plain) == 0 &&
            th_outbox_item_decode(th_outbox_key_id(key.mv_data), plain, &item) == 0 &&
            item.bundle == bundle && !item.is_apart)
            ret_ids[count++] = item.id;
    }
    mdb_cursor_close(cursor);
    if (result != 0 && result != MDB_NOTFOUND)
        return th_outbox_status(result);
    *ret_count = count;
    return 0;
}

/* ---- freezing ---- */

static int freeze_item(struct th_outbox *outbox, MDB_txn *txn,
                       const struct th_outbox_frozen *frozen, uint64_t id, th_instant now)
{
    struct th_outbox_item item;
    int status = th_outbox_look_item(outbox, txn, id, &item);
    if (status != 0)
        return status;
    if (item.is_frozen)
        return TH_E_EXISTS;
    item.is_frozen = true;
    item.header_digest = frozen->header_digest;
    if (frozen->bundle != 0)
        item.bundle = frozen->bundle;
    item.state = TH_ITEM_SENT;
    item.attempts++;
    item.changed_at = now;
    status = th_outbox_put_item(outbox, txn, &item);
    return status == 0 ? th_outbox_put_change(outbox, txn, &item, false) : status;
}

static int freeze_one(struct th_outbox *outbox, MDB_txn *txn, const struct th_outbox_frozen *frozen,
                      th_instant now)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < frozen->ids_count; i++)
        status = freeze_item(outbox, txn, frozen, frozen->ids[i], now);
    if (status != 0)
        return status;
    struct th_outbox_key key = frozen->bundle == 0
                                   ? th_outbox_key_of_id(TH_TABLE_FROZEN, frozen->ids[0])
                                   : th_outbox_key_of_id(TH_TABLE_BUNDLE, frozen->bundle);
    return th_outbox_put(outbox, txn, key, frozen->submission, MDB_NOOVERWRITE);
}

/* From here on no program opens it that would take a bundled item for a damaged one. */
static int raise_format(struct th_outbox *outbox, MDB_txn *txn)
{
    uint8_t value[1 + TH_OUTBOX_IDENTITY_SIZE] = {TH_OUTBOX_FORMAT_BUNDLE};
    memcpy(value + 1, outbox->identity, TH_OUTBOX_IDENTITY_SIZE);
    return th_outbox_put(outbox, txn, th_outbox_meta_key(), (struct th_bytes){value, sizeof value},
                         0);
}

int th_outbox_freeze(struct th_outbox *outbox, const struct th_outbox_frozen *frozen, size_t count,
                     th_instant now)
{
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    uint8_t format = outbox->format;
    for (size_t i = 0; status == 0 && i < count; i++) {
        if (frozen[i].bundle != 0 && format < TH_OUTBOX_FORMAT_BUNDLE) {
            format = TH_OUTBOX_FORMAT_BUNDLE;
            status = raise_format(outbox, txn);
        }
        if (status == 0)
            status = freeze_one(outbox, txn, &frozen[i], now);
    }
    status = th_outbox_finish(txn, status);
    if (status == 0)
        outbox->format = format;
    return status;
}

/* Its own submission is frozen later, if the report is still there. */
static int part_item(struct th_outbox *outbox, MDB_txn *txn, uint64_t id, th_instant now)
{
    struct th_outbox_item item;
    struct th_bytes report;
    int status = th_outbox_look_item(outbox, txn, id, &item);
    if (status != 0 || item.state != TH_ITEM_SENT)
        return status;
    status = th_outbox_look_report(outbox, txn, id, &report);
    if (status != 0 && status != TH_E_CORRUPT && status != TH_E_NOT_FOUND)
        return status;
    item.is_frozen = false;
    item.is_apart = true;
    item.state = status == 0 ? TH_ITEM_QUEUED : TH_ITEM_DAMAGED;
    item.changed_at = now;
    status = th_outbox_put_item(outbox, txn, &item);
    return status == 0 ? th_outbox_put_change(outbox, txn, &item, false) : status;
}

int th_outbox_part(struct th_outbox *outbox, uint64_t bundle, th_instant now)
{
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    uint64_t ids[TH_LIMIT_REPORTS_MAX];
    size_t count = 0;
    status = th_outbox_list_bundle(outbox, txn, bundle, ids, &count);
    for (size_t i = 0; status == 0 && i < count; i++)
        status = part_item(outbox, txn, ids[i], now);
    return th_outbox_finish(txn, status);
}

/* ---- settling ---- */

static int settle_one(struct th_outbox *outbox, MDB_txn *txn, struct th_arena *arena,
                      const struct th_outbox_settled *one, th_instant now)
{
    struct th_outbox_item kept, settled = one->item;
    struct th_bytes detail;
    int status = th_outbox_detail_encode(&one->detail, arena, &detail);
    if (status == 0)
        status = th_outbox_look_item(outbox, txn, settled.id, &kept);
    if (status != 0)
        return status;
    memcpy(settled.plan, kept.plan, sizeof settled.plan);
    memcpy(settled.obligation, kept.obligation, sizeof settled.obligation);
    settled.number = kept.number;
    settled.revision = kept.revision;
    settled.report_digest = kept.report_digest;
    settled.plan_digest = kept.plan_digest;
    settled.header_digest = kept.header_digest;
    settled.is_frozen = kept.is_frozen;
    settled.bundle = kept.bundle;
    settled.is_apart = kept.is_apart;
    settled.queued_at = kept.queued_at;
    settled.has_prepared = kept.has_prepared;
    settled.prepared = kept.prepared;
    settled.changed_at = now;
    status = th_outbox_put_item(outbox, txn, &settled);
    if (status == 0)
        status = th_outbox_put_change(outbox, txn, &settled, false);
    return status == 0 ? th_outbox_put(outbox, txn,
                                       th_outbox_key_of_id(TH_TABLE_DETAIL, settled.id), detail, 0)
                       : status;
}

int th_outbox_settle(struct th_outbox *outbox, const struct th_outbox_settled *settled,
                     size_t count, th_instant now)
{
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    struct th_arena arena;
    th_arena_init(&arena, 4096, 4 * TH_LIMIT_FRAME_SIZE_MAX);
    for (size_t i = 0; status == 0 && i < count; i++) {
        th_arena_reset(&arena);
        status = settle_one(outbox, txn, &arena, &settled[i], now);
    }
    status = th_outbox_finish(txn, status);
    th_arena_deinit(&arena);
    return status;
}
