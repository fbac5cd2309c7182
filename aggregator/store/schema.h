/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored form of every table, format 3: keys and values, byte by byte.
 *
 * All tables share one LMDB database; the first byte of a key says which table. Integers are
 * big-endian, so keys sort as numbers. `instant` is milliseconds since 1970 UTC in 8 bytes, two's
 * complement; `text` is a varint length and UTF-8 bytes; `varint` is LEB128, shortest form; `wide`
 * is the varint of a zigzag of 128 bits; `digest` is 32 bytes of SHA-256; flags are 0 or 1.
 *
 * Every value begins with 4 bytes: CRC-32 (IEEE, as in zlib) of its key followed by its content.
 * The content comes after; the tables below list it without the checksum.
 *
 *   table       key after the table's byte            content
 *   01 meta     01                                    "tonghop" 00, u32 format
 *               02                                    identity: u8 mode, store id 16, log key 32,
 *                                                       instant created, text realm
 *               03                                    clock: instant time, u8 status, instant
 *                                                       anchor_wall, i64 anchor_boottime_ms,
 *                                                       flag rehearsed
 *               04                                    recovery: flag open, u64 began_at
 *               05                                    replica: flag, 1; of a store that replica.h
 *                                                       made and that is never written to
 *   10 unit     u32 number                            u64 position, u32 first day, u32 day gone
 *                                                       (two's complement), texts: kind's word,
 *                                                       code, name, parent's code, external id
 *   11 plan     u16 number                            u64 position, digest, instant loaded, the
 *                                                       compiled plan
 *   12 key      u32 unit, Ed25519 key 32              CURVE key 32, u64 enrolled_at, flag revoked,
 *                                                       u64 revoked_at, instant revoked_from
 *   13 mark     book                                  flag closed, instant closed_at,
 *                                                       flag reminded, instant reminded_at
 *   14 log key  u16 number, from 1                    u64 after, text vkey, the succession note
 *   20 report   book, u32 unit, u32 number            u32 revision, u32 index, u64 position,
 *                                                       digest, instants first_received, received,
 *                                                       prepared, flag has_due, instant due,
 *                                                       u8 timeliness, flag estimated, u8 marks
 *                                                       (0: none; 1: entered on behalf), packed
 *                                                       values
 *                                                       (proto/model/packed.h)
 *   21 revision book, u32 unit, u32 number,           u32 index, u64 position, digest,
 *                 u32 revision                          instant received, u8 marks (as above; left
 *                                                       out when there are none)
 *   22 rollup   book, u32 unit, u8 branch             rollup, see below
 *   23 closing  book, instant closed_at with its      rollup
 *                 sign bit turned over, u32 unit,
 *                 u8 branch
 *   24 run      u64 sequence, without gaps            records, see below
 *   30 tree     u8 level, u64 index                   1 to 256 hashes of 32 bytes: of the subtrees
 *                                                       of 256^level leaves that begin at leaf
 *                                                       (index × 256 + i) × 256^level
 *   31 checkpoint u64 size                            the signed note of the tree of that size
 *   F0 journal  u64 position                          u16 size of the leaf, the leaf, entry (see
 *                                                       below)
 *
 *   book is u16 plan, u16 obligation.
 *
 * Entry. Its digest, which its leaf carries, is SHA-256 of the header (the first 24 bytes), the
 * decision, and the SHA-256 of the body: who verifies a submission has hashed its body already.
 *
 *   0   u8       2, form of the entry
 *   1   u8       kind (enum th_entry_kind)
 *   2   u8       clock status
 *   3   u8       0
 *   4   instant  time
 *   12  i64      CLOCK_BOOTTIME in milliseconds
 *   20  u32      size of the decision
 *   24           decision, then body to the end
 *
 * Rollup. An indicator that no report counts for is left out; its cells are 0.
 *
 *   u8 (bit 0: has_expected, bit 1: some were entered on behalf); varints expected, received,
 *   on_time, late, undecided, returned, exempt, suspended, estimated, with bit 1 also entered,
 * which is not 0; varint cells in the whole layout; varint indicators that follow; each: varint
 * number minus the number before it (0 at first), varint reported, its cells as wides
 *
 * Run. Records in the order in which they came: the key of a row in the tables 20 or 21 with the
 * table's byte, varint size, its content; or the prefix of one book's rollups (22, book), which
 * says that all records of the book before it are at their places. Of the records of one key that
 * are left the last one counts, before what its table has.
 *
 * The journal has the highest byte, so a new entry is always the last key and is appended. Tile
 * rows of level 0 are written when they are full; those of higher levels grow by one hash.
 *
 * Pure but for memory that a sink or an arena takes. Thread-safe.
 */
#ifndef TH_STORE_SCHEMA_H
#define TH_STORE_SCHEMA_H

#include "aggregator/store/codec.h"
#include "aggregator/store/store.h"

#define TH_SCHEMA_FORMAT        3
#define TH_SCHEMA_CHECKSUM_SIZE 4
#define TH_SCHEMA_KEY_MAX       40
#define TH_SCHEMA_ENTRY_HEADER  24

enum th_table {
    TH_TABLE_META = 0x01,
    TH_TABLE_UNIT = 0x10,
    TH_TABLE_PLAN = 0x11,
    TH_TABLE_KEY = 0x12,
    TH_TABLE_MARK = 0x13,
    TH_TABLE_LOG_KEY = 0x14,
    TH_TABLE_REPORT = 0x20,
    TH_TABLE_REVISION = 0x21,
    TH_TABLE_ROLLUP = 0x22,
    TH_TABLE_CLOSING = 0x23,
    TH_TABLE_RUN = 0x24,
    TH_TABLE_TREE = 0x30,
    TH_TABLE_CHECKPOINT = 0x31,
    TH_TABLE_JOURNAL = 0xF0
};

enum th_meta_row {
    TH_META_FORMAT = 1,
    TH_META_IDENTITY = 2,
    TH_META_CLOCK = 3,
    TH_META_RECOVERY = 4,
    TH_META_REPLICA = 5
};

/* A key, or the beginning that the keys of a scan have in common. */
struct th_schema_key {
    uint8_t bytes[TH_SCHEMA_KEY_MAX];
    size_t size;
};

/* ---- keys ---- */

struct th_schema_key th_schema_key_table(enum th_table table);
struct th_schema_key th_schema_key_meta(enum th_meta_row row);
struct th_schema_key th_schema_key_unit(uint32_t number);
struct th_schema_key th_schema_key_plan(uint16_t number);
/* Number from 1: the first key of the log is the identity's. */
struct th_schema_key th_schema_key_log_key(uint16_t number);
struct th_schema_key th_schema_key_key(uint32_t unit, const struct th_sign_key *sign_key);
/* The mark's key; for the tables of rows the prefix of one book. */
struct th_schema_key th_schema_key_book(enum th_table table, struct th_book_id book);
struct th_schema_key th_schema_key_row(struct th_book_id book, uint32_t unit, uint32_t number);
/* Without its last number: the prefix of one report's revisions. */
struct th_schema_key th_schema_key_revisions(struct th_book_id book, uint32_t unit,
                                             uint32_t number);
struct th_schema_key th_schema_key_revision(struct th_book_id book, uint32_t unit, uint32_t number,
                                            uint32_t revision);
struct th_schema_key th_schema_key_rollup(struct th_book_id book, uint32_t unit,
                                          enum th_branch branch);
struct th_schema_key th_schema_key_closing(struct th_book_id book, th_instant closed_at,
                                           uint32_t unit, enum th_branch branch);
struct th_schema_key th_schema_key_tile(unsigned level, uint64_t index);
/* Of checkpoint and journal. */
struct th_schema_key th_schema_key_log(enum th_table table, uint64_t number);

/* What a scan reads back from keys. Each: TH_E_CORRUPT when the key has not its form. */
TH_MUST_CHECK int th_schema_read_number(struct th_bytes key, uint64_t *ret_number);
TH_MUST_CHECK int th_schema_read_book(struct th_bytes key, struct th_book_id *ret_book);

/* ---- checksums ---- */

/* Of the key and the content, as the value's first four bytes hold it. */
void th_schema_seal(struct th_bytes key, uint8_t *value, size_t value_size);
/* The content of a value whose checksum is right, else TH_E_CORRUPT. Borrows. */
TH_MUST_CHECK int th_schema_unseal(struct th_bytes key, struct th_bytes value,
                                   struct th_bytes *ret_content);
/* Of 1 to TH_SCHEMA_FEW values at once; TH_E_CORRUPT: of one of them at least it is wrong. */
enum { TH_SCHEMA_FEW = 4 };
TH_MUST_CHECK int th_schema_unseal_few(const struct th_bytes *keys, const struct th_bytes *values,
                                       size_t count, struct th_bytes *ret_contents);

/* ---- contents; an encoder appends to the sink, a decoder gives TH_E_CORRUPT ---- */

void th_schema_format_encode(struct th_sink *sink);
/* The store's format, which may be another than TH_SCHEMA_FORMAT. TH_E_CORRUPT: no store of ours.
 */
TH_MUST_CHECK int th_schema_format_read(struct th_bytes content, uint32_t *ret_format);

void th_schema_identity_encode(struct th_sink *sink, const struct th_store_identity *identity);
TH_MUST_CHECK int th_schema_identity_decode(struct th_bytes content,
                                            struct th_store_identity *ret_identity);

void th_schema_clock_encode(struct th_sink *sink, const struct th_clock_row *clock);
TH_MUST_CHECK int th_schema_clock_decode(struct th_bytes content, struct th_clock_row *ret_clock);

void th_schema_recovery_encode(struct th_sink *sink, const struct th_recovery_row *recovery);
TH_MUST_CHECK int th_schema_recovery_decode(struct th_bytes content,
                                            struct th_recovery_row *ret_recovery);

/* `position`: of the entry that brought it; of a plan likewise. */
void th_schema_unit_encode(struct th_sink *sink, uint64_t position, const struct th_unit *unit);
/* Texts are copied to the arena. Also TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_schema_unit_decode(struct th_bytes content, struct th_arena *arena,
                                        uint64_t *ret_position, struct th_unit *ret_unit);

/* `content` borrows when it is decoded. */
struct th_schema_plan {
    uint64_t position;
    struct th_digest digest;
    th_instant loaded_at;
    struct th_bytes content; /* the compiled plan */
};
void th_schema_plan_encode(struct th_sink *sink, const struct th_schema_plan *plan);
TH_MUST_CHECK int th_schema_plan_decode(struct th_bytes content, struct th_schema_plan *ret_plan);

void th_schema_log_key_encode(struct th_sink *sink, const struct th_log_key_body *key);
/* Borrows the content. Form only: what the vkey and the note say is not looked at. */
TH_MUST_CHECK int th_schema_log_key_decode(struct th_bytes content,
                                           struct th_log_key_body *ret_key);

void th_schema_key_row_encode(struct th_sink *sink, const struct th_key_row *row);
TH_MUST_CHECK int th_schema_key_row_decode(struct th_bytes key, struct th_bytes content,
                                           struct th_key_row *ret_row);

void th_schema_mark_encode(struct th_sink *sink, const struct th_mark *mark);
TH_MUST_CHECK int th_schema_mark_decode(struct th_bytes content, struct th_mark *ret_mark);

void th_schema_row_encode(struct th_sink *sink, const struct th_row *row);
/* `values` borrows the content. */
TH_MUST_CHECK int th_schema_row_decode(struct th_bytes key, struct th_bytes content,
                                       struct th_row *ret_row);

void th_schema_revision_encode(struct th_sink *sink, const struct th_revision *revision);
TH_MUST_CHECK int th_schema_revision_decode(struct th_bytes key, struct th_bytes content,
                                            struct th_revision *ret_revision);

void th_schema_rollup_encode(struct th_sink *sink, const struct th_rollup_layout *layout,
                             const struct th_rollup *rollup);
/* A new rollup of the layout in the arena. TH_E_CORRUPT also when the row is of another layout;
 * TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_schema_rollup_decode(struct th_bytes content,
                                          const struct th_rollup_layout *layout,
                                          struct th_arena *arena, struct th_rollup *ret_rollup);
/* The rest of a closing's key. */
TH_MUST_CHECK int th_schema_closing_read(struct th_bytes key, th_instant *ret_closed_at,
                                         uint32_t *ret_unit, enum th_branch *ret_branch);

void th_schema_entry_header(const struct th_store_entry *entry,
                            uint8_t ret_header[TH_SCHEMA_ENTRY_HEADER]);
/* Decision and body borrow; the digest is left zero. */
TH_MUST_CHECK int th_schema_entry_decode(struct th_bytes content,
                                         struct th_stored_entry *ret_entry);
void th_schema_entry_digest(const struct th_store_entry *entry, const struct th_digest *body_digest,
                            struct th_digest *ret_digest);
/* The same of an entry as it is stored. TH_E_CORRUPT. */
TH_MUST_CHECK int th_schema_entry_hash(struct th_bytes content, struct th_digest *ret_digest);
/* The same where the body's digest is known. */
TH_MUST_CHECK int th_schema_entry_hash_with(struct th_bytes content,
                                            const struct th_digest *body_digest,
                                            struct th_digest *ret_digest);

/* What the journal has at a position: an entry and its leaf, of 1 to TH_PROOF_EXTRA_MAX bytes. */
size_t th_schema_journal_size(const struct th_store_entry *entry, struct th_bytes leaf);
void th_schema_journal_write(const struct th_store_entry *entry, struct th_bytes leaf,
                             uint8_t *ret_content);
/* The entry's form is for th_schema_entry_decode(). Borrow. */
TH_MUST_CHECK int th_schema_journal_split(struct th_bytes content, struct th_bytes *ret_entry,
                                          struct th_bytes *ret_leaf);

#endif
