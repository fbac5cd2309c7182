/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/internal.h"

#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"

#include <string.h>

enum { TAIL_ENTRIES = 64 }; /* entries that are looked at from the end */

#define RESTORE "khôi phục từ bản sao lưu"

int th_txn_size(const struct th_txn *txn, uint64_t *ret_size)
{
    struct th_bytes key, content;
    uint64_t position;
    int status = th_txn_last(txn, TH_TABLE_JOURNAL, &key, &content);
    if (status == TH_E_NOT_FOUND) {
        *ret_size = 0;
        return 0;
    }
    if (status == 0)
        status = th_schema_read_number(key, &position);
    if (status != 0)
        return status;
    if (position >= TH_MERKLE_SIZE_MAX)
        return TH_E_CORRUPT;
    *ret_size = position + 1;
    return 0;
}

static int check_identity(const struct th_store_report *report, const struct th_txn *txn,
                          const uint8_t store_id[TH_STORE_ID_SIZE],
                          struct th_store_identity *ret_identity)
{
    struct th_schema_key format_key = th_schema_key_meta(TH_META_FORMAT);
    struct th_schema_key identity_key = th_schema_key_meta(TH_META_IDENTITY);
    struct th_store_identity identity;
    struct th_bytes content;
    uint32_t format = TH_SCHEMA_FORMAT;
    int status = th_txn_get(txn, &format_key, &content);
    if (status == 0)
        status = th_schema_format_read(content, &format);
    if (status == 0 && format != TH_SCHEMA_FORMAT)
        return th_store_report(report, TH_E_VERSION,
                               "kho có định dạng %u, chương trình này dùng định dạng %u; hãy dùng "
                               "%s",
                               format, (unsigned)TH_SCHEMA_FORMAT,
                               format > TH_SCHEMA_FORMAT ? "bản mới hơn của chương trình"
                                                         : "đúng bản đã tạo kho, hoặc lập kho mới");
    if (status == TH_E_NOT_FOUND)
        status = TH_E_CORRUPT;
    if (status != 0)
        return th_store_report(report, status,
                               "data.mdb không phải là kho của tonghop, hoặc đã hỏng; " RESTORE);
    status = th_txn_get(txn, &identity_key, &content);
    if (status == 0)
        status = th_schema_identity_decode(content, &identity);
    if (status != 0)
        return th_store_report(report, TH_E_CORRUPT, "bản ghi danh tính bị hỏng; " RESTORE);
    if (memcmp(identity.store_id, store_id, TH_STORE_ID_SIZE) != 0)
        return th_store_report(report, TH_E_CORRUPT,
                               "STORE_ID và data.mdb thuộc hai kho khác nhau; đặt lại đúng cặp "
                               "tệp từ bản sao lưu");
    *ret_identity = identity;
    return 0;
}

static int check_entry(const struct th_txn *txn, uint64_t position)
{
    struct th_stored_entry entry;
    struct th_bytes content, leaf;
    int status = th_txn_journal(txn, position, &content, &leaf);
    return status == 0 ? th_schema_entry_decode(content, &entry) : status;
}

static int check_tail(const struct th_store_report *report, const struct th_txn *txn, uint64_t size)
{
    for (uint64_t at = size > TAIL_ENTRIES ? size - TAIL_ENTRIES : 0; at < size; at++)
        if (check_entry(txn, at) != 0)
            return th_store_report(report, TH_E_CORRUPT,
                                   "bản ghi nhật ký số %llu bị hỏng; " RESTORE,
                                   (unsigned long long)at);
    return 0;
}

int th_store_check_note(const struct th_log_keys *keys, struct th_bytes note, uint64_t size,
                        const struct th_digest *root)
{
    const struct th_vkey *vkey = &th_keys_in_force(keys, size)->vkey;
    struct th_note parts;
    struct th_checkpoint checkpoint;
    int status = th_tlog_note_verify((const char *)note.bytes, note.size, vkey, 1, &parts);
    if (status == 0)
        status = th_tlog_checkpoint_parse(parts.text, parts.text_size, &checkpoint);
    if (status != 0)
        return status;
    if (checkpoint.size != size || strcmp(checkpoint.origin, vkey->name) != 0)
        return TH_E_CORRUPT;
    return th_tlog_digest_equal(&checkpoint.root, root) ? 0 : TH_E_CORRUPT;
}

static int check_tree(const struct th_store_report *report, const struct th_txn *txn,
                      const struct th_log_keys *keys, uint64_t size, struct th_edge *edge)
{
    struct th_bytes key, note;
    struct th_digest root;
    uint64_t signed_size = 0;
    bool is_replica = false;
    int status = th_edge_load(edge, txn, size);
    if (status != 0)
        return th_store_report(report, status, "cây băm bị hỏng ở rìa phải; " RESTORE);
    status = th_replica_find(txn, &is_replica);
    if (status == 0 && is_replica)
        status = th_replica_check(txn, keys, size);
    else if (status == 0)
        status = th_txn_last(txn, TH_TABLE_CHECKPOINT, &key, &note);
    if (is_replica ? status == 0 : status == TH_E_NOT_FOUND && size == 0)
        return 0;
    if (status == 0)
        status = th_schema_read_number(key, &signed_size);
    th_edge_root(edge, &root);
    if (status == 0)
        status = signed_size == size ? th_store_check_note(keys, note, size, &root) : TH_E_CORRUPT;
    if (status == 0)
        return 0;
    return th_store_report(report, TH_E_CORRUPT,
                           "cây băm không khớp với lần ký cuối (checkpoint) ở cỡ %llu; " RESTORE,
                           (unsigned long long)size);
}

int th_store_check(const struct th_store_report *report, const struct th_txn *txn,
                   const uint8_t store_id[TH_STORE_ID_SIZE], struct th_store_identity *identity,
                   struct th_log_keys *keys, struct th_edge *edge)
{
    uint64_t size;
    int status = check_identity(report, txn, store_id, identity);
    if (status != 0)
        return status;
    status = th_keys_load(txn, keys);
    if (status != 0)
        return th_store_report(report, status, "các khóa của nhật ký bị hỏng; " RESTORE);
    th_keys_show(keys, identity);
    status = th_txn_size(txn, &size);
    if (status != 0)
        return th_store_report(report, status, "bản ghi cuối của sổ nhật ký bị hỏng; " RESTORE);
    status = check_tail(report, txn, size);
    if (status == 0)
        status = check_tree(report, txn, keys, size, edge);
    return status;
}
