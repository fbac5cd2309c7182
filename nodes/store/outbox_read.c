/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/store/schema.h"

#include "base/big.h"

#include <stdlib.h>
#include <string.h>

/* A walk over the keys that begin with a prefix. */
struct walk {
    MDB_txn *txn;
    MDB_cursor *cursor;
    struct th_outbox_key prefix;
    struct th_outbox_key start; /* where it begins: the prefix, or a key behind it */
    struct th_bytes key, stored;
    bool has_begun;
    int status;
};

static int walk_open(struct th_outbox *outbox, struct th_outbox_key prefix, struct walk *ret_walk)
{
    *ret_walk = (struct walk){.prefix = prefix, .start = prefix};
    int status = th_outbox_begin_read(outbox, &ret_walk->txn);
    if (status != 0)
        return status;
    status = th_outbox_status(mdb_cursor_open(ret_walk->txn, outbox->dbi, &ret_walk->cursor));
    if (status != 0)
        mdb_txn_abort(ret_walk->txn);
    return status;
}

static void walk_close(struct walk *walk)
{
    mdb_cursor_close(walk->cursor);
    mdb_txn_abort(walk->txn);
}

static bool walk_next(struct walk *walk)
{
    MDB_val key = {walk->start.size, walk->start.bytes}, value;
    int result =
        mdb_cursor_get(walk->cursor, &key, &value, walk->has_begun ? MDB_NEXT : MDB_SET_RANGE);
    walk->has_begun = true;
    if (result != 0) {
        walk->status = result == MDB_NOTFOUND ? 0 : th_outbox_status(result);
        return false;
    }
    walk->key = (struct th_bytes){key.mv_data, key.mv_size};
    walk->stored = (struct th_bytes){value.mv_data, value.mv_size};
    return key.mv_size >= walk->prefix.size &&
           memcmp(key.mv_data, walk->prefix.bytes, walk->prefix.size) == 0;
}

static struct th_outbox_key table_prefix(enum th_outbox_table table)
{
    return (struct th_outbox_key){.bytes = {(uint8_t)table}, .size = 1};
}

static int read_item(const struct walk *walk, struct th_outbox_item *ret_item)
{
    struct th_bytes plain;
    if (walk->key.size != 9)
        return TH_E_CORRUPT;
    int status = th_outbox_unseal(walk->key, walk->stored, &plain);
    return status == 0 ? th_outbox_item_decode(th_outbox_key_id(walk->key.bytes), plain, ret_item)
                       : status;
}

int th_outbox_list(struct th_outbox *outbox, struct th_arena *arena,
                   const struct th_outbox_item **ret_items, size_t *ret_count, size_t *ret_bad)
{
    struct walk walk;
    int status = walk_open(outbox, table_prefix(TH_TABLE_ITEM), &walk);
    if (status != 0)
        return status;
    struct th_outbox_item *items = NULL;
    size_t count = 0, capacity = 0, bad = 0;
    while (walk_next(&walk)) {
        items = th_arena_grow(arena, items, count, &capacity, 16, sizeof *items);
        if (items == NULL) {
            walk_close(&walk);
            return TH_E_NO_MEMORY;
        }
        if (read_item(&walk, &items[count]) == 0)
            count++;
        else
            bad++;
    }
    walk_close(&walk);
    if (walk.status != 0)
        return walk.status;
    *ret_items = items;
    *ret_count = count;
    *ret_bad = bad;
    return 0;
}

int th_outbox_pending(struct th_outbox *outbox, uint64_t after, struct th_outbox_item *ret_items,
                      size_t capacity, size_t *ret_count, uint64_t *ret_version)
{
    struct walk walk;
    int status = walk_open(outbox, table_prefix(TH_TABLE_ITEM), &walk);
    if (status != 0)
        return status;
    if (after == UINT64_MAX)
        after--;
    walk.start = th_outbox_key_of_id(TH_TABLE_ITEM, after + 1);
    size_t count = 0;
    while (count < capacity && walk_next(&walk)) {
        struct th_outbox_item item;
        if (read_item(&walk, &item) == 0 &&
            (item.state == TH_ITEM_QUEUED || item.state == TH_ITEM_SENT))
            ret_items[count++] = item;
    }
    uint64_t version = mdb_txn_id(walk.txn);
    walk_close(&walk);
    if (walk.status != 0)
        return walk.status;
    *ret_version = version;
    *ret_count = count;
    return 0;
}

static int copy_value(struct th_bytes value, struct th_arena *arena, struct th_bytes *ret_value)
{
    char *copy = th_arena_copy_text(arena, (const char *)value.bytes, value.size);
    if (copy == NULL)
        return TH_E_NO_MEMORY;
    *ret_value = (struct th_bytes){(const uint8_t *)copy, value.size};
    return 0;
}

/* A copy of one value in the arena. */
static int get_value(struct th_outbox *outbox, struct th_outbox_key key, struct th_arena *arena,
                     struct th_bytes *ret_value)
{
    MDB_txn *txn;
    int status = th_outbox_begin_read(outbox, &txn);
    if (status != 0)
        return status;
    struct th_bytes value;
    status = th_outbox_look(outbox, txn, key, &value);
    if (status == 0)
        status = copy_value(value, arena, ret_value);
    mdb_txn_abort(txn);
    return status;
}

int th_outbox_get_time(struct th_outbox *outbox, th_instant *ret_now)
{
    MDB_txn *txn;
    int status = th_outbox_begin_read(outbox, &txn);
    if (status != 0)
        return status;
    struct th_bytes value;
    status = th_outbox_look(outbox, txn, th_outbox_key_of_id(TH_TABLE_META, TH_OUTBOX_META_TIME),
                            &value);
    if (status == 0 && value.size != 8)
        status = TH_E_CORRUPT;
    if (status == 0)
        *ret_now = (th_instant){(int64_t)th_big_get(value.bytes, 8)};
    mdb_txn_abort(txn);
    return status;
}

int th_outbox_get(struct th_outbox *outbox, uint64_t id, struct th_outbox_item *ret_item)
{
    MDB_txn *txn;
    int status = th_outbox_begin_read(outbox, &txn);
    if (status != 0)
        return status;
    status = th_outbox_look_item(outbox, txn, id, ret_item);
    mdb_txn_abort(txn);
    return status;
}

int th_outbox_get_report(struct th_outbox *outbox, uint64_t id, struct th_arena *arena,
                         struct th_bytes *ret_report)
{
    MDB_txn *txn;
    int status = th_outbox_begin_read(outbox, &txn);
    if (status != 0)
        return status;
    struct th_bytes report;
    status = th_outbox_look_report(outbox, txn, id, &report);
    if (status == 0)
        status = copy_value(report, arena, ret_report);
    mdb_txn_abort(txn);
    return status;
}

int th_outbox_get_report_size(struct th_outbox *outbox, uint64_t id, size_t *ret_size)
{
    MDB_txn *txn;
    int status = th_outbox_begin_read(outbox, &txn);
    if (status != 0)
        return status;
    struct th_bytes report;
    status = th_outbox_look_report(outbox, txn, id, &report);
    if (status == 0)
        *ret_size = report.size;
    mdb_txn_abort(txn);
    return status;
}

int th_outbox_get_frozen(struct th_outbox *outbox, uint64_t id, struct th_arena *arena,
                         struct th_bytes *ret_submission)
{
    struct th_outbox_item item;
    int status = th_outbox_get(outbox, id, &item);
    if (status != 0)
        return status;
    return get_value(outbox, th_outbox_frozen_key(&item), arena, ret_submission);
}

int th_outbox_get_detail(struct th_outbox *outbox, uint64_t id, struct th_arena *arena,
                         struct th_outbox_detail *ret_detail)
{
    struct th_bytes value;
    int status = get_value(outbox, th_outbox_key_of_id(TH_TABLE_DETAIL, id), arena, &value);
    if (status == TH_E_NOT_FOUND) {
        *ret_detail = (struct th_outbox_detail){0};
        return 0;
    }
    return status == 0 ? th_outbox_detail_decode(value, arena, ret_detail) : status;
}

int th_outbox_get_history(struct th_outbox *outbox, uint64_t id, struct th_arena *arena,
                          const struct th_outbox_change **ret_changes, size_t *ret_count)
{
    struct walk walk;
    int status = walk_open(outbox, th_outbox_key_of_id(TH_TABLE_HISTORY, id), &walk);
    if (status != 0)
        return status;
    struct th_outbox_change *changes = NULL;
    size_t count = 0, capacity = 0;
    while (walk_next(&walk)) {
        struct th_bytes value;
        if (th_outbox_unseal(walk.key, walk.stored, &value) != 0 ||
            value.size != TH_OUTBOX_CHANGE_SIZE)
            continue;
        changes = th_arena_grow(arena, changes, count, &capacity, 8, sizeof *changes);
        if (changes == NULL) {
            walk_close(&walk);
            return TH_E_NO_MEMORY;
        }
        changes[count++] =
            (struct th_outbox_change){.time = {(int64_t)th_big_get(value.bytes, 8)},
                                      .state = (enum th_item_state)value.bytes[8],
                                      .attempts = (uint32_t)th_big_get(value.bytes + 9, 4),
                                      .is_readmission = value.bytes[13] != 0};
    }
    walk_close(&walk);
    if (walk.status != 0)
        return walk.status;
    *ret_changes = changes;
    *ret_count = count;
    return 0;
}

static int by_time(const void *a, const void *b)
{
    int64_t first = ((const struct th_notice *)a)->time.ms;
    int64_t second = ((const struct th_notice *)b)->time.ms;
    return (first > second) - (first < second);
}

int th_outbox_get_notices(struct th_outbox *outbox, struct th_arena *arena,
                          const struct th_notice **ret_notices, size_t *ret_count)
{
    struct walk walk;
    int status = walk_open(outbox, table_prefix(TH_TABLE_NOTICE), &walk);
    if (status != 0)
        return status;
    struct th_notice *notices = NULL;
    size_t count = 0, capacity = 0;
    while (status == 0 && walk_next(&walk)) {
        struct th_bytes value;
        if (th_outbox_unseal(walk.key, walk.stored, &value) != 0)
            continue;
        notices = th_arena_grow(arena, notices, count, &capacity, 16, sizeof *notices);
        char *copy = th_arena_copy_text(arena, (const char *)value.bytes, value.size);
        if (notices == NULL || copy == NULL)
            status = TH_E_NO_MEMORY;
        else if (th_outbox_notice_decode((struct th_bytes){(const uint8_t *)copy, value.size},
                                         &notices[count]) == 0)
            count++;
    }
    walk_close(&walk);
    if (status == 0)
        status = walk.status;
    if (status != 0)
        return status;
    if (count > 0)
        qsort(notices, count, sizeof *notices, by_time);
    *ret_notices = notices;
    *ret_count = count;
    return 0;
}
