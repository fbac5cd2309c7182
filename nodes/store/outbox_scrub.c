/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/store/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Bad records in one transaction, and from how many bytes on it takes no more. */
#define ROUND_MAX   256
#define ROUND_BYTES ((size_t)4 * 1024 * 1024)
#define BLOCK_BYTES ((size_t)64 * 1024)

struct bad_record {
    struct th_outbox_key key;
    struct th_bytes stored; /* in the arena */
};

static bool has_good_content(struct th_bytes key, struct th_bytes stored, struct th_arena *arena)
{
    struct th_bytes value;
    struct th_outbox_item item;
    struct th_outbox_detail detail;
    struct th_notice notice;
    if (th_outbox_unseal(key, stored, &value) != 0)
        return false;
    switch (key.bytes[0]) {
    case TH_TABLE_ITEM:
        return key.size == 9 &&
               th_outbox_item_decode(th_outbox_key_id(key.bytes), value, &item) == 0;
    case TH_TABLE_DETAIL:
        return key.size == 9 && th_outbox_detail_decode(value, arena, &detail) != TH_E_CORRUPT;
    case TH_TABLE_NOTICE:
        return th_outbox_notice_decode(value, &notice) == 0;
    case TH_TABLE_HISTORY:
        return key.size == 13 && value.size == TH_OUTBOX_CHANGE_SIZE;
    case TH_TABLE_EARLIER:
        return key.size == 13;
    default:
        return key.size == 9 || key.bytes[0] == TH_TABLE_META;
    }
}

/* One round. The end of the records: not `ret_has_more`. */
static int find_bad(struct th_outbox *outbox, MDB_txn *txn, struct th_arena *arena,
                    struct bad_record *ret_bad, size_t *ret_count, bool *ret_has_more)
{
    MDB_cursor *cursor;
    int result = mdb_cursor_open(txn, outbox->dbi, &cursor);
    if (result != 0)
        return th_outbox_status(result);
    struct th_arena scratch; /* of one record */
    th_arena_init(&scratch, BLOCK_BYTES, 4 * TH_LIMIT_FRAME_SIZE_MAX);
    MDB_val key, value;
    size_t count = 0, size = 0;
    int status = 0;
    while (status == 0 && count < ROUND_MAX && size < ROUND_BYTES &&
           (result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        struct th_bytes stored = {value.mv_data, value.mv_size};
        struct th_bytes name = {key.mv_data, key.mv_size};
        th_arena_reset(&scratch);
        if (has_good_content(name, stored, &scratch))
            continue;
        if (name.size > TH_OUTBOX_KEY_MAX) {
            status = TH_E_CORRUPT; /* no writer of ours made that key */
            break;
        }
        struct bad_record *bad = &ret_bad[count];
        memcpy(bad->key.bytes, name.bytes, name.size);
        bad->key.size = name.size;
        char *copy = th_arena_copy_text(arena, (const char *)stored.bytes, stored.size);
        if (copy == NULL)
            status = TH_E_NO_MEMORY;
        bad->stored = (struct th_bytes){(const uint8_t *)copy, stored.size};
        size += stored.size;
        count++;
    }
    th_arena_deinit(&scratch);
    mdb_cursor_close(cursor);
    if (status == 0 && result != 0 && result != MDB_NOTFOUND)
        status = th_outbox_status(result);
    if (status == 0) {
        *ret_count = count;
        *ret_has_more = result == 0;
    }
    return status;
}

/* Whether what was sent is there to be sent again: TH_E_NOT_FOUND, TH_E_CORRUPT. */
static int look_frozen(struct th_outbox *outbox, MDB_txn *txn, const struct th_outbox_item *item)
{
    struct th_bytes value;
    return th_outbox_look(outbox, txn, th_outbox_frozen_key(item), &value);
}

/* To send it: what is frozen is sent as it is, without a look at the report. */
static bool is_needed(enum th_outbox_table table, const struct th_outbox_item *item)
{
    return table == TH_TABLE_FROZEN || table == TH_TABLE_BUNDLE ||
           (table == TH_TABLE_REPORT && !item->is_frozen);
}

/* What the loss of a record of `table` means for its item. */
static int repair_item(struct th_outbox *outbox, MDB_txn *txn, enum th_outbox_table table,
                       uint64_t id, th_instant now)
{
    struct th_outbox_item item;
    int status = th_outbox_look_item(outbox, txn, id, &item);
    if (status == TH_E_NOT_FOUND || status == TH_E_CORRUPT)
        return 0; /* its own record is set aside as well */
    if (status != 0)
        return status;
    if (table == TH_TABLE_DETAIL) {
        if (!item.is_frozen || item.state == TH_ITEM_DAMAGED)
            return 0;
        status = look_frozen(outbox, txn, &item);
        if (status != 0 && status != TH_E_NOT_FOUND && status != TH_E_CORRUPT)
            return status;
        item.state = status == 0 ? TH_ITEM_SENT : TH_ITEM_DAMAGED;
        item.has_position = item.has_timeliness = item.has_due = item.has_stored_digest = false;
        item.is_readmitted = false;
    } else if (is_needed(table, &item) &&
               (item.state == TH_ITEM_QUEUED || item.state == TH_ITEM_SENT)) {
        item.state = TH_ITEM_DAMAGED;
    } else {
        return 0; /* it has its answer, or what was lost is not needed to send it */
    }
    item.changed_at = now;
    status = th_outbox_put_item(outbox, txn, &item);
    return status == 0 ? th_outbox_put_change(outbox, txn, &item, false) : status;
}

/* The same for each item that goes with a bundle. */
static int repair_bundle(struct th_outbox *outbox, MDB_txn *txn, uint64_t bundle, th_instant now)
{
    uint64_t ids[TH_LIMIT_REPORTS_MAX];
    size_t count = 0;
    int status = th_outbox_list_bundle(outbox, txn, bundle, ids, &count);
    for (size_t i = 0; status == 0 && i < count; i++)
        status = repair_item(outbox, txn, TH_TABLE_BUNDLE, ids[i], now);
    return status;
}

/* Of an item, for a record that belongs to one. */
static bool has_item(const struct bad_record *bad)
{
    return bad->key.size >= 9 && bad->key.bytes[0] != TH_TABLE_NOTICE &&
           bad->key.bytes[0] != TH_TABLE_META;
}

static int remove_bad(struct th_outbox *outbox, MDB_txn *txn, const struct bad_record *bad,
                      th_instant now)
{
    enum th_outbox_table table = (enum th_outbox_table)bad->key.bytes[0];
    MDB_val key = {bad->key.size, (void *)(uintptr_t)bad->key.bytes};
    int status;
    /* The bytes of a report keep their key, which keeps the ids ascending. */
    if (table == TH_TABLE_REPORT && bad->key.size == 9)
        status = th_outbox_put(outbox, txn, bad->key, (struct th_bytes){NULL, 0}, 0);
    else
        status = th_outbox_status(mdb_del(txn, outbox->dbi, &key, NULL));
    if (status != 0 || !has_item(bad))
        return status;
    uint64_t id = th_outbox_key_id(bad->key.bytes);
    return table == TH_TABLE_BUNDLE ? repair_bundle(outbox, txn, id, now)
                                    : repair_item(outbox, txn, table, id, now);
}

/* ---- what the officer is told ---- */

static const char *describe(enum th_outbox_table table)
{
    switch (table) {
    case TH_TABLE_ITEM:
        return "bản ghi trạng thái";
    case TH_TABLE_REPORT:
        return "nội dung báo cáo";
    case TH_TABLE_FROZEN:
        return "bản đã ký để gửi";
    case TH_TABLE_BUNDLE:
        return "bản đã ký để gửi chung";
    case TH_TABLE_DETAIL:
        return "biên nhận hoặc lý do";
    case TH_TABLE_EARLIER:
        return "biên nhận của sổ trước";
    case TH_TABLE_HISTORY:
        return "một dòng lịch sử";
    case TH_TABLE_NOTICE:
        return "một thông báo";
    case TH_TABLE_META:
        break;
    }
    return "bản ghi";
}

/* An item whose own record is lost is as good as DAMAGED. */
static enum th_item_state state_of(struct th_outbox *outbox, MDB_txn *txn, uint64_t id)
{
    struct th_outbox_item item;
    return th_outbox_look_item(outbox, txn, id, &item) == 0 ? item.state : TH_ITEM_DAMAGED;
}

static const char *consequence_for_item(enum th_outbox_table table, enum th_item_state state)
{
    switch (state) {
    case TH_ITEM_DAMAGED:
        return "Hãy nộp lại báo cáo này bằng lệnh submit; nơi nhận không tính hai lần.";
    case TH_ITEM_QUEUED:
    case TH_ITEM_SENT:
        return table == TH_TABLE_DETAIL
                   ? "Chương trình tự gửi lại để lấy lại biên nhận."
                   : "Bản đã ký vẫn còn, chương trình vẫn gửi; không phải nộp lại.";
    case TH_ITEM_RECEIVED:
        return table == TH_TABLE_REPORT
                   ? "Nơi nhận đã nhận, không phải nộp lại; biểu kỳ sau không so được với số này."
                   : "Nơi nhận đã nhận, không phải nộp lại; nếu nơi nhận khôi phục kho từ bản sao "
                     "cũ thì báo cáo này không tự trình lại được.";
    case TH_ITEM_REJECTED:
    case TH_ITEM_CONFLICT:
        break;
    }
    return "Nơi nhận đã trả lời báo cáo này; làm theo trả lời mà status nêu.";
}

static int consequence_for_bundle(struct th_outbox *outbox, MDB_txn *txn, uint64_t bundle,
                                  const char **ret_text)
{
    uint64_t ids[TH_LIMIT_REPORTS_MAX];
    size_t count = 0;
    int status = th_outbox_list_bundle(outbox, txn, bundle, ids, &count);
    *ret_text = "Nơi nhận đã trả lời các báo cáo trong đó, không phải nộp lại vì việc này.";
    for (size_t i = 0; status == 0 && i < count; i++)
        if (state_of(outbox, txn, ids[i]) == TH_ITEM_DAMAGED)
            *ret_text = "Hãy nộp lại bằng lệnh submit các báo cáo mà status nêu là bản ghi bị "
                        "hỏng; nơi nhận không tính hai lần.";
    return status;
}

/* As things are after all repairs. */
static int find_consequence(struct th_outbox *outbox, MDB_txn *txn, const struct bad_record *bad,
                            const char **ret_text)
{
    enum th_outbox_table table = (enum th_outbox_table)bad->key.bytes[0];
    *ret_text = "Không ảnh hưởng tới việc gửi.";
    if (!has_item(bad) || table == TH_TABLE_HISTORY)
        return 0;
    uint64_t id = th_outbox_key_id(bad->key.bytes);
    if (table == TH_TABLE_BUNDLE)
        return consequence_for_bundle(outbox, txn, id, ret_text);
    *ret_text = table == TH_TABLE_EARLIER
                    ? "Biên nhận mới vẫn còn; bản ghi cũ lấy lại được từ bản sao của thư mục này."
                    : consequence_for_item(table, state_of(outbox, txn, id));
    return 0;
}

static int keep_notice(struct th_outbox *outbox, MDB_txn *txn, const struct bad_record *bad,
                       th_instant now)
{
    const char *consequence;
    int status = find_consequence(outbox, txn, bad, &consequence);
    if (status != 0)
        return status;
    uint64_t id = has_item(bad) ? th_outbox_key_id(bad->key.bytes) : 0;
    char text[500], of[48] = "";
    if (id != 0)
        (void)snprintf(of, sizeof of, " của mục %" PRIu64, id);
    (void)snprintf(text, sizeof text, "Đã để riêng %s%s vì bị hỏng trên đĩa. %s",
                   describe((enum th_outbox_table)bad->key.bytes[0]), of, consequence);
    struct th_notice notice = {.kind = TH_NOTICE_SET_ASIDE,
                               .time = now,
                               .item = id,
                               .text = {text, strlen(text)},
                               .evidence = bad->stored};
    bool is_new;
    return th_outbox_put_notice(outbox, txn, &notice, &is_new);
}

static int scrub_round(struct th_outbox *outbox, th_instant now, struct th_arena *arena,
                       size_t *ret_count, bool *ret_has_more)
{
    struct bad_record *bad = th_arena_alloc_array(arena, ROUND_MAX, sizeof *bad);
    if (bad == NULL)
        return TH_E_NO_MEMORY;
    MDB_txn *txn;
    int status = th_outbox_begin_write(outbox, &txn);
    if (status != 0)
        return status;
    size_t count = 0;
    status = find_bad(outbox, txn, arena, bad, &count, ret_has_more);
    for (size_t i = 0; status == 0 && i < count; i++)
        status = remove_bad(outbox, txn, &bad[i], now);
    for (size_t i = 0; status == 0 && i < count; i++)
        status = keep_notice(outbox, txn, &bad[i], now);
    *ret_count = count;
    if (status == 0 && count == 0) {
        mdb_txn_abort(txn);
        return 0;
    }
    return th_outbox_finish(txn, status);
}

int th_outbox_scrub(struct th_outbox *outbox, th_instant now, size_t *ret_count)
{
    struct th_arena arena;
    th_arena_init(&arena, BLOCK_BYTES, 4 * ROUND_BYTES);
    size_t total = 0;
    bool has_more = true;
    int status = 0;
    while (status == 0 && has_more) {
        size_t count = 0;
        th_arena_reset(&arena);
        status = scrub_round(outbox, now, &arena, &count, &has_more);
        total += count;
    }
    th_arena_deinit(&arena);
    if (status == 0)
        *ret_count = total;
    return status;
}
