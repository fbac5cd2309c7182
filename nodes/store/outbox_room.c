/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for what was accepted. A report that was queued has to be sent and answered, however full
 * the outbox becomes: what it will still need is kept free, and th_outbox_add() refuses what would
 * take of it.
 *
 * Counted is the end of the map that was never used. Pages that were given back are of no use for
 * a large value when they are not in a row, and copies of pages that a commit replaces live on
 * them.
 */
#include "nodes/store/schema.h"

#define HEADER_BYTES 1024        /* of a submission, beside its reports */
#define DETAIL_BYTES (12 * 1024) /* of an answer; the receipt of a full bundle is 9 KB */
#define NODE_BYTES   64          /* key, checksum and what LMDB adds */
#define CHANGES_MAX  4           /* sent, apart, sent, answered */
/* Of the map; for notices, long answers, and pages that wait until no reader needs them. */
#define SPARE_PART 8

/* What a record may take. Small ones share pages, which are half full after they were split. */
static uint64_t record_bytes(uint64_t size, uint64_t page)
{
    uint64_t whole = size + NODE_BYTES;
    if (whole <= page / 4)
        return 2 * whole;
    return (whole + page - 1) / page * page + (uint64_t)2 * NODE_BYTES;
}

/* What a report still needs on its way. */
static uint64_t way_bytes(const struct th_outbox_item *item, uint64_t report_size, uint64_t page)
{
    uint64_t copies = 0;
    if (item->state == TH_ITEM_QUEUED)
        copies = item->is_apart ? 1 : 2; /* in a bundle, and alone when it comes apart */
    else if (item->bundle != 0 && !item->is_apart)
        copies = 1;
    return copies * record_bytes(report_size + HEADER_BYTES, page) +
           record_bytes(DETAIL_BYTES, page) +
           CHANGES_MAX * record_bytes(TH_OUTBOX_CHANGE_SIZE, page);
}

/* Adds what the item still needs; nothing when it has its answer. */
static int add_way(struct th_outbox *outbox, MDB_txn *txn, const struct th_outbox_item *item,
                   uint64_t page, uint64_t *bytes)
{
    if (item->state != TH_ITEM_QUEUED && item->state != TH_ITEM_SENT)
        return 0;
    struct th_outbox_key name = th_outbox_key_of_id(TH_TABLE_REPORT, item->id);
    MDB_val key = {name.size, name.bytes}, value = {0, NULL};
    int result = mdb_get(txn, outbox->dbi, &key, &value); /* its bytes are not looked at */
    if (result != 0 && result != MDB_NOTFOUND)
        return th_outbox_status(result);
    *bytes += way_bytes(item, value.mv_size, page);
    return 0;
}

static int sum_ways(struct th_outbox *outbox, MDB_txn *txn, uint64_t page, uint64_t *ret_bytes)
{
    MDB_cursor *cursor;
    int result = mdb_cursor_open(txn, outbox->dbi, &cursor);
    if (result != 0)
        return th_outbox_status(result);
    uint8_t table = TH_TABLE_ITEM;
    uint64_t bytes = 0;
    MDB_val key = {1, &table}, value;
    int status = 0;
    for (result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
         result == 0 && status == 0 && ((const uint8_t *)key.mv_data)[0] == TH_TABLE_ITEM;
         result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        /* The checksum is left out: of a damaged record too much room is kept, or too little for
         * what cannot be sent. */
        struct th_outbox_item item;
        if (key.mv_size == 9 && value.mv_size > TH_OUTBOX_CHECK_SIZE &&
            th_outbox_item_decode(
                th_outbox_key_id(key.mv_data),
                (struct th_bytes){value.mv_data, value.mv_size - TH_OUTBOX_CHECK_SIZE}, &item) == 0)
            status = add_way(outbox, txn, &item, page, &bytes);
    }
    mdb_cursor_close(cursor);
    if (status == 0 && result != 0 && result != MDB_NOTFOUND)
        status = th_outbox_status(result);
    if (status == 0)
        *ret_bytes = bytes;
    return status;
}

int th_outbox_check_room(struct th_outbox *outbox, MDB_txn *txn, uint64_t id, size_t report_size)
{
    MDB_envinfo info;
    MDB_stat stat;
    int result = mdb_env_info(outbox->env, &info);
    if (result == 0)
        result = mdb_env_stat(outbox->env, &stat);
    if (result != 0)
        return th_outbox_status(result);
    uint64_t page = stat.ms_psize, needed = 0;
    const struct th_outbox_item added = {.state = TH_ITEM_QUEUED};
    uint64_t taken = ((uint64_t)info.me_last_pgno + 1) * page + info.me_mapsize / SPARE_PART +
                     record_bytes(report_size, page) + record_bytes(TH_OUTBOX_ITEM_SIZE_MAX, page);
    /* There is room for all that there ever were, were they all large: no need to look. */
    if (taken <= info.me_mapsize &&
        id <= (info.me_mapsize - taken) / way_bytes(&added, TH_LIMIT_REPORT_SIZE_MAX, page))
        return 0;
    int status = sum_ways(outbox, txn, page, &needed);
    if (status != 0)
        return status;
    needed += way_bytes(&added, report_size, page);
    return taken + needed <= info.me_mapsize ? 0 : TH_E_STORAGE;
}
