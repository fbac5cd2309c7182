/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts of a later log, and what the province asks for after its log lost something. The earlier
 * receipt moves into a record of its own, so that damage to one leaves the other.
 */
#include "nodes/store/schema.h"

#include <string.h>

#define BLOCK_BYTES 4096

static bool is_same(struct th_bytes a, struct th_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

/* The detail with its receipt, in the arena's reach as long as the transaction writes nothing. */
static int look_detail(struct th_outbox *outbox, MDB_txn *txn, uint64_t id, struct th_arena *arena,
                       struct th_outbox_detail *ret_detail)
{
    struct th_bytes value;
    int status = th_outbox_look(outbox, txn, th_outbox_key_of_id(TH_TABLE_DETAIL, id), &value);
    if (status != 0)
        return status;
    const char *copy = th_arena_copy_text(arena, (const char *)value.bytes, value.size);
    if (copy == NULL)
        return TH_E_NO_MEMORY;
    return th_outbox_detail_decode((struct th_bytes){(const uint8_t *)copy, value.size}, arena,
                                   ret_detail);
}

static int look_received(struct th_outbox *outbox, MDB_txn *txn, uint64_t id,
                         struct th_outbox_item *ret_item)
{
    struct th_outbox_item item;
    int status = th_outbox_look_item(outbox, txn, id, &item);
    if (status == 0 && item.state != TH_ITEM_RECEIVED)
        status = TH_E_INVALID;
    if (status == 0)
        *ret_item = item;
    return status;
}

static int put_receipts(struct th_outbox *outbox, MDB_txn *txn, uint64_t id,
                        struct th_outbox_detail *detail, struct th_bytes newest,
                        struct th_arena *arena)
{
    uint32_t seq;
    int status = th_outbox_last_seq(outbox, txn, TH_TABLE_EARLIER, id, &seq);
    if (status == 0)
        status = th_outbox_put(outbox, txn, th_outbox_key_of_seq(TH_TABLE_EARLIER, id, seq + 1),
                               detail->receipt, MDB_NOOVERWRITE);
    detail->receipt = newest;
    struct th_bytes bytes;
    if (status == 0)
        status = th_outbox_detail_encode(detail, arena, &bytes);
    return status == 0
               ? th_outbox_put(outbox, txn, th_outbox_key_of_id(TH_TABLE_DETAIL, id), bytes, 0)
               : status;
}

static int readmit_in(struct th_outbox *outbox, MDB_txn *txn,
                      const struct th_outbox_readmission *readmission, th_instant now,
                      struct th_arena *arena)
{
    struct th_outbox_item item;
    struct th_outbox_detail detail;
    int status = look_received(outbox, txn, readmission->id, &item);
    if (status == 0)
        status = look_detail(outbox, txn, readmission->id, arena, &detail);
    if (status == 0 && is_same(detail.receipt, readmission->receipt))
        return 0;
    if (status == 0)
        status = put_receipts(outbox, txn, item.id, &detail, readmission->receipt, arena);
    if (status != 0)
        return status;
    item.is_readmitted = true;
    item.again_position = readmission->position;
    item.again_at = readmission->time;
    item.changed_at = now;
    status = th_outbox_put_item(outbox, txn, &item);
    return status == 0 ? th_outbox_put_change(outbox, txn, &item, true) : status;
}

int th_outbox_readmit(struct th_outbox *outbox, const struct th_outbox_readmission *readmission,
                      th_instant now)
{
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    struct th_arena arena;
    th_arena_init(&arena, BLOCK_BYTES, 4 * TH_LIMIT_FRAME_SIZE_MAX);
    status = th_outbox_finish(txn, readmit_in(outbox, txn, readmission, now, &arena));
    th_arena_deinit(&arena);
    return status;
}

int th_outbox_get_earlier(struct th_outbox *outbox, uint64_t id, struct th_arena *arena,
                          const struct th_bytes **ret_receipts, size_t *ret_count)
{
    MDB_txn *txn;
    uint32_t last = 0;
    size_t count = 0;
    int status = th_outbox_begin_read(outbox, &txn);
    if (status != 0)
        return status;
    status = th_outbox_last_seq(outbox, txn, TH_TABLE_EARLIER, id, &last);
    struct th_bytes *receipts =
        status == 0 ? th_arena_alloc_array(arena, last, sizeof *receipts) : NULL;
    if (status == 0 && receipts == NULL)
        status = TH_E_NO_MEMORY;
    for (uint32_t seq = 1; status == 0 && seq <= last; seq++) {
        struct th_bytes value;
        status =
            th_outbox_look(outbox, txn, th_outbox_key_of_seq(TH_TABLE_EARLIER, id, seq), &value);
        if (status == TH_E_NOT_FOUND || status == TH_E_CORRUPT) {
            status = 0;
            continue;
        }
        const char *copy =
            status == 0 ? th_arena_copy_text(arena, (const char *)value.bytes, value.size) : NULL;
        if (status == 0 && copy == NULL)
            status = TH_E_NO_MEMORY;
        if (status == 0)
            receipts[count++] = (struct th_bytes){(const uint8_t *)copy, value.size};
    }
    mdb_txn_abort(txn);
    if (status != 0)
        return status;
    *ret_receipts = receipts;
    *ret_count = count;
    return 0;
}

/* ---- what the province asks for ---- */

static struct th_outbox_key lost_key(void)
{
    return th_outbox_key_of_id(TH_TABLE_META, TH_OUTBOX_META_LOST);
}

int th_outbox_get_lost(struct th_outbox *outbox, struct th_arena *arena,
                       const struct th_outbox_lost **ret_lost, size_t *ret_count)
{
    MDB_txn *txn;
    int status = th_outbox_begin_read(outbox, &txn);
    if (status != 0)
        return status;
    struct th_bytes value;
    const char *copy = NULL;
    status = th_outbox_look(outbox, txn, lost_key(), &value);
    if (status == 0) {
        copy = th_arena_copy_text(arena, (const char *)value.bytes, value.size);
        status = copy == NULL ? TH_E_NO_MEMORY : 0;
    }
    mdb_txn_abort(txn);
    if (status == 0)
        status = th_outbox_lost_decode((struct th_bytes){(const uint8_t *)copy, value.size}, arena,
                                       ret_lost, ret_count);
    if (status == TH_E_NOT_FOUND || status == TH_E_CORRUPT) {
        *ret_lost = NULL;
        *ret_count = 0;
        return 0;
    }
    return status;
}

int th_outbox_keep_lost(struct th_outbox *outbox, const struct th_outbox_lost *lost, size_t count)
{
    if (count > TH_OUTBOX_LOST_MAX)
        return TH_E_LIMIT;
    struct th_arena arena;
    th_arena_init(&arena, BLOCK_BYTES, (size_t)64 * BLOCK_BYTES);
    struct th_bytes bytes, kept;
    MDB_txn *txn = NULL;
    int status = th_outbox_lost_encode(lost, count, &arena, &bytes);
    if (status == 0)
        status = th_outbox_begin_write(outbox, &txn);
    if (status != 0) {
        th_arena_deinit(&arena);
        return status;
    }
    status = th_outbox_look(outbox, txn, lost_key(), &kept);
    if ((status == 0 && is_same(kept, bytes)) || (status == TH_E_NOT_FOUND && count == 0)) {
        mdb_txn_abort(txn); /* nothing to write: no need to wait for the disk */
        status = 0;
    } else {
        if (status == 0 || status == TH_E_NOT_FOUND || status == TH_E_CORRUPT)
            status = th_outbox_put(outbox, txn, lost_key(), bytes, 0);
        status = th_outbox_finish(txn, status);
    }
    th_arena_deinit(&arena);
    return status;
}
