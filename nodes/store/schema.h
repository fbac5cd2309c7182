/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the outbox, byte by byte. For nodes/store only.
 *
 * One unnamed LMDB database; the first byte of a key is the table; numbers are big-endian.
 *
 *   'm' | "outbox"         format u8 (2; 3: it had a bundle), identity 16 bytes (also in OUTBOX_ID)
 *   'm' | 1 u64            the province's time as last heard in a rehearsal, i64
 *   'm' | 2 u64            what the province asks for: count u32; realm run, from u64 each
 *   'i' | id u64           item: see item_encode() in record.c
 *   'b' | id u64           bytes of the report; none: they were set aside
 *   'f' | id u64           bytes of the frozen submission of this item alone
 *   'u' | bundle u64       bytes of a frozen submission of several items, which name it
 *   'r' | id u64           detail of the answer: receipt, refusal, reasons, warnings
 *   'e' | id u64 | seq u32 receipt of an earlier log; the newest one is in the detail
 *   'h' | id u64 | seq u32 change of state: time i64, state u8, attempts u32, readmission u8
 *   'n' | hash 16 bytes    notice; the hash is over what makes it unique
 *
 * Every value is followed by the first 8 bytes of SHA-256 over key and value, so that a value that
 * was damaged or moved to another key is noticed: LMDB itself notices nothing.
 */
#ifndef TH_NODES_STORE_SCHEMA_H
#define TH_NODES_STORE_SCHEMA_H

#include "nodes/store/outbox.h"

#include <lmdb.h>

#define TH_OUTBOX_FORMAT        2
#define TH_OUTBOX_FORMAT_BUNDLE 3 /* a program that knows no bundles must not touch it */
#define TH_OUTBOX_IDENTITY_SIZE 16
#define TH_OUTBOX_CHECK_SIZE    8
#define TH_OUTBOX_KEY_MAX       17
#define TH_OUTBOX_ITEM_SIZE_MAX 512
#define TH_OUTBOX_META_TIME     1
#define TH_OUTBOX_META_LOST     2
#define TH_OUTBOX_CHANGE_SIZE   14

enum th_outbox_table {
    TH_TABLE_META = 'm',
    TH_TABLE_ITEM = 'i',
    TH_TABLE_REPORT = 'b',
    TH_TABLE_FROZEN = 'f',
    TH_TABLE_BUNDLE = 'u',
    TH_TABLE_DETAIL = 'r',
    TH_TABLE_EARLIER = 'e',
    TH_TABLE_HISTORY = 'h',
    TH_TABLE_NOTICE = 'n'
};

struct th_outbox {
    MDB_env *env;
    MDB_dbi dbi;
    bool is_read_only; /* the disk is */
    uint8_t format;    /* as this process knows it */
    uint8_t identity[TH_OUTBOX_IDENTITY_SIZE];
};

struct th_outbox_key {
    uint8_t bytes[TH_OUTBOX_KEY_MAX];
    size_t size;
};

/* Of the row with format and identity. */
struct th_outbox_key th_outbox_meta_key(void);
struct th_outbox_key th_outbox_key_of_id(enum th_outbox_table table, uint64_t id);
/* Of a table whose keys have a sequence number. */
struct th_outbox_key th_outbox_key_of_seq(enum th_outbox_table table, uint64_t id, uint32_t seq);
/* Of the submission that the item goes with. */
struct th_outbox_key th_outbox_frozen_key(const struct th_outbox_item *item);
/* The id in a key of a table that has one. */
uint64_t th_outbox_key_id(const uint8_t *key);

/* An LMDB result as ours. */
int th_outbox_status(int mdb_result);

/* Sealing: adds the checksum. NO_OVERWRITE gives TH_E_EXISTS. */
TH_MUST_CHECK int th_outbox_put(struct th_outbox *outbox, MDB_txn *txn, struct th_outbox_key key,
                                struct th_bytes value, unsigned mdb_flags);
/* Borrows from the transaction's snapshot. TH_E_NOT_FOUND, TH_E_CORRUPT. */
TH_MUST_CHECK int th_outbox_look(struct th_outbox *outbox, MDB_txn *txn, struct th_outbox_key key,
                                 struct th_bytes *ret_value);
/* The bytes of a report. Those that were set aside are TH_E_CORRUPT as well. */
TH_MUST_CHECK int th_outbox_look_report(struct th_outbox *outbox, MDB_txn *txn, uint64_t id,
                                        struct th_bytes *ret_report);
/* Whether a stored value has the right checksum, and the value without it. */
TH_MUST_CHECK int th_outbox_unseal(struct th_bytes key, struct th_bytes stored,
                                   struct th_bytes *ret_value);

/* Values as bytes. Decoders: TH_E_CORRUPT, TH_E_NO_MEMORY. */
size_t th_outbox_item_encode(const struct th_outbox_item *item,
                             uint8_t ret_bytes[TH_OUTBOX_ITEM_SIZE_MAX]);
TH_MUST_CHECK int th_outbox_item_decode(uint64_t id, struct th_bytes bytes,
                                        struct th_outbox_item *ret_item);
TH_MUST_CHECK int th_outbox_detail_encode(const struct th_outbox_detail *detail,
                                          struct th_arena *arena, struct th_bytes *ret_bytes);
/* Borrows the bytes. */
TH_MUST_CHECK int th_outbox_detail_decode(struct th_bytes bytes, struct th_arena *arena,
                                          struct th_outbox_detail *ret_detail);
TH_MUST_CHECK int th_outbox_notice_encode(const struct th_notice *notice, struct th_arena *arena,
                                          struct th_bytes *ret_bytes);
TH_MUST_CHECK int th_outbox_notice_decode(struct th_bytes bytes, struct th_notice *ret_notice);
TH_MUST_CHECK int th_outbox_lost_encode(const struct th_outbox_lost *lost, size_t count,
                                        struct th_arena *arena, struct th_bytes *ret_bytes);
/* Borrows the bytes. */
TH_MUST_CHECK int th_outbox_lost_decode(struct th_bytes bytes, struct th_arena *arena,
                                        const struct th_outbox_lost **ret_lost, size_t *ret_count);
struct th_outbox_key th_outbox_notice_key(const struct th_notice *notice);

/* For the functions that share a transaction. */
TH_MUST_CHECK int th_outbox_begin_read(struct th_outbox *outbox, MDB_txn **ret_txn);
TH_MUST_CHECK int th_outbox_begin_write(struct th_outbox *outbox, MDB_txn **ret_txn);
/* TH_E_NOT_FOUND, TH_E_CORRUPT. */
TH_MUST_CHECK int th_outbox_look_item(struct th_outbox *outbox, MDB_txn *txn, uint64_t id,
                                      struct th_outbox_item *ret_item);
/* The items of a bundle that did not come apart, by id. */
TH_MUST_CHECK int th_outbox_list_bundle(struct th_outbox *outbox, MDB_txn *txn, uint64_t bundle,
                                        uint64_t ret_ids[TH_LIMIT_REPORTS_MAX], size_t *ret_count);
TH_MUST_CHECK int th_outbox_put_item(struct th_outbox *outbox, MDB_txn *txn,
                                     const struct th_outbox_item *item);
TH_MUST_CHECK int th_outbox_put_change(struct th_outbox *outbox, MDB_txn *txn,
                                       const struct th_outbox_item *item, bool is_readmission);
/* The last sequence number of an item in a table that has them; 0: none. */
TH_MUST_CHECK int th_outbox_last_seq(struct th_outbox *outbox, MDB_txn *txn,
                                     enum th_outbox_table table, uint64_t id, uint32_t *ret_seq);
TH_MUST_CHECK int th_outbox_put_notice(struct th_outbox *outbox, MDB_txn *txn,
                                       const struct th_notice *notice, bool *ret_is_new);
/* Before report `id` with that size is added. TH_E_STORAGE: what is on its way needs the room. */
TH_MUST_CHECK int th_outbox_check_room(struct th_outbox *outbox, MDB_txn *txn, uint64_t id,
                                       size_t report_size);
/* Commits, or aborts when `status` is a failure. */
TH_MUST_CHECK int th_outbox_finish(MDB_txn *txn, int status);

#endif
