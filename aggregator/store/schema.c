/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/schema.h"

#include "aggregator/store/checksum.h"
#include "base/assert.h"
#include "base/big.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/proof.h"

#include <string.h>

/* ---- keys ---- */

static void key_add(struct th_schema_key *key, uint64_t value, size_t size)
{
    TH_ASSERT(key->size <= TH_SCHEMA_KEY_MAX - sizeof value);
    th_store_big(key->bytes + key->size, value, size);
    key->size += size;
}

struct th_schema_key th_schema_key_table(enum th_table table)
{
    struct th_schema_key key = {.size = 0};
    key_add(&key, table, 1);
    return key;
}

struct th_schema_key th_schema_key_meta(enum th_meta_row row)
{
    struct th_schema_key key = th_schema_key_table(TH_TABLE_META);
    key_add(&key, row, 1);
    return key;
}

struct th_schema_key th_schema_key_unit(uint32_t number)
{
    struct th_schema_key key = th_schema_key_table(TH_TABLE_UNIT);
    key_add(&key, number, 4);
    return key;
}

struct th_schema_key th_schema_key_plan(uint16_t number)
{
    struct th_schema_key key = th_schema_key_table(TH_TABLE_PLAN);
    key_add(&key, number, 2);
    return key;
}

struct th_schema_key th_schema_key_log_key(uint16_t number)
{
    struct th_schema_key key = th_schema_key_table(TH_TABLE_LOG_KEY);
    key_add(&key, number, 2);
    return key;
}

struct th_schema_key th_schema_key_key(uint32_t unit, const struct th_sign_key *sign_key)
{
    struct th_schema_key key = th_schema_key_table(TH_TABLE_KEY);
    key_add(&key, unit, 4);
    memcpy(key.bytes + key.size, sign_key->bytes, sizeof sign_key->bytes);
    key.size += sizeof sign_key->bytes;
    return key;
}

struct th_schema_key th_schema_key_book(enum th_table table, struct th_book_id book)
{
    struct th_schema_key key = {.size = 0};
    key_add(&key, (uint64_t)table << 32 | (uint32_t)book.plan << 16 | book.obligation, 5);
    return key;
}

/* What is asked for most often, in two words. */
static struct th_schema_key key_of_report(enum th_table table, struct th_book_id book,
                                          uint32_t unit, uint32_t number)
{
    struct th_schema_key key = {.size = 0};
    const uint32_t obligation = (uint32_t)book.plan << 16 | book.obligation;
    key_add(&key, (uint64_t)table << 56 | (uint64_t)obligation << 24 | unit >> 8, 8);
    key_add(&key, (uint64_t)(unit & UINT8_MAX) << 32 | number, 5);
    return key;
}

struct th_schema_key th_schema_key_row(struct th_book_id book, uint32_t unit, uint32_t number)
{
    return key_of_report(TH_TABLE_REPORT, book, unit, number);
}

struct th_schema_key th_schema_key_revisions(struct th_book_id book, uint32_t unit, uint32_t number)
{
    return key_of_report(TH_TABLE_REVISION, book, unit, number);
}

struct th_schema_key th_schema_key_revision(struct th_book_id book, uint32_t unit, uint32_t number,
                                            uint32_t revision)
{
    struct th_schema_key key = th_schema_key_revisions(book, unit, number);
    key_add(&key, revision, 4);
    return key;
}

struct th_schema_key th_schema_key_rollup(struct th_book_id book, uint32_t unit,
                                          enum th_branch branch)
{
    struct th_schema_key key = th_schema_key_book(TH_TABLE_ROLLUP, book);
    key_add(&key, unit, 4);
    key_add(&key, branch, 1);
    return key;
}

#define SIGN_BIT (UINT64_C(1) << 63)

struct th_schema_key th_schema_key_closing(struct th_book_id book, th_instant closed_at,
                                           uint32_t unit, enum th_branch branch)
{
    struct th_schema_key key = th_schema_key_book(TH_TABLE_CLOSING, book);
    key_add(&key, (uint64_t)closed_at.ms ^ SIGN_BIT, 8);
    key_add(&key, unit, 4);
    key_add(&key, branch, 1);
    return key;
}

struct th_schema_key th_schema_key_tile(unsigned level, uint64_t index)
{
    struct th_schema_key key = th_schema_key_table(TH_TABLE_TREE);
    key_add(&key, level, 1);
    key_add(&key, index, 8);
    return key;
}

struct th_schema_key th_schema_key_log(enum th_table table, uint64_t number)
{
    struct th_schema_key key = th_schema_key_table(table);
    key_add(&key, number, 8);
    return key;
}

static struct th_source key_source(struct th_bytes key)
{
    struct th_source source = {key.bytes, key.size, false};
    (void)th_source_u8(&source);
    return source;
}

int th_schema_read_number(struct th_bytes key, uint64_t *ret_number)
{
    if (key.size < 2 || key.size > 9)
        return TH_E_CORRUPT;
    *ret_number = th_big_get(key.bytes + 1, key.size - 1);
    return 0;
}

int th_schema_read_book(struct th_bytes key, struct th_book_id *ret_book)
{
    struct th_source source = key_source(key);
    struct th_book_id book = {.plan = th_source_u16(&source)};
    book.obligation = th_source_u16(&source);
    if (source.failed)
        return TH_E_CORRUPT;
    *ret_book = book;
    return 0;
}

int th_schema_closing_read(struct th_bytes key, th_instant *ret_closed_at, uint32_t *ret_unit,
                           enum th_branch *ret_branch)
{
    struct th_source source = key_source(key);
    (void)th_source_u32(&source); /* the book */
    th_instant closed_at = {(int64_t)(th_source_u64(&source) ^ SIGN_BIT)};
    uint32_t unit = th_source_u32(&source);
    uint8_t branch = th_source_u8(&source);
    if (!th_source_done(&source) || branch > TH_BRANCH_BODIES)
        return TH_E_CORRUPT;
    *ret_closed_at = closed_at;
    *ret_unit = unit;
    *ret_branch = (enum th_branch)branch;
    return 0;
}

/* ---- checksums ---- */

void th_schema_seal(struct th_bytes key, uint8_t *value, size_t value_size)
{
    TH_ASSERT(value_size >= TH_SCHEMA_CHECKSUM_SIZE);
    uint32_t crc = th_checksum(key, (struct th_bytes){value + TH_SCHEMA_CHECKSUM_SIZE,
                                                      value_size - TH_SCHEMA_CHECKSUM_SIZE});
    th_big_put(value, TH_SCHEMA_CHECKSUM_SIZE, crc);
}

static inline uint32_t stored_checksum(struct th_bytes value)
{
    const uint8_t *bytes = value.bytes;
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline struct th_bytes content_of(struct th_bytes value)
{
    return (struct th_bytes){value.bytes + TH_SCHEMA_CHECKSUM_SIZE,
                             value.size - TH_SCHEMA_CHECKSUM_SIZE};
}

int th_schema_unseal(struct th_bytes key, struct th_bytes value, struct th_bytes *ret_content)
{
    if (value.size < TH_SCHEMA_CHECKSUM_SIZE ||
        th_checksum(key, content_of(value)) != stored_checksum(value))
        return TH_E_CORRUPT;
    *ret_content = content_of(value);
    return 0;
}

int th_schema_unseal_few(const struct th_bytes *keys, const struct th_bytes *values, size_t count,
                         struct th_bytes *ret_contents)
{
    struct th_bytes contents[TH_SCHEMA_FEW];
    uint32_t checksums[TH_SCHEMA_FEW], wrong = 0;
    TH_ASSERT(count > 0 && count <= TH_SCHEMA_FEW);
    _Static_assert(TH_SCHEMA_FEW <= (int)TH_CHECKSUM_FEW, "as many checksums at once");
    for (size_t i = 0; i < count; i++) {
        if (values[i].size < TH_SCHEMA_CHECKSUM_SIZE)
            return TH_E_CORRUPT;
        contents[i] = content_of(values[i]);
    }
    th_checksum_few(keys, contents, count, checksums);
    for (size_t i = 0; i < count; i++)
        wrong |= checksums[i] ^ stored_checksum(values[i]);
    if (wrong != 0)
        return TH_E_CORRUPT;
    for (size_t i = 0; i < count; i++)
        ret_contents[i] = contents[i];
    return 0;
}

/* ---- meta ---- */

static const uint8_t magic[8] = "tonghop";

void th_schema_format_encode(struct th_sink *sink)
{
    th_sink_bytes(sink, magic, sizeof magic);
    th_sink_u32(sink, TH_SCHEMA_FORMAT);
}

int th_schema_format_read(struct th_bytes content, uint32_t *ret_format)
{
    struct th_source source = {content.bytes, content.size, false};
    const uint8_t *first = th_source_bytes(&source, sizeof magic);
    uint32_t format = th_source_u32(&source);
    if (source.failed || memcmp(first, magic, sizeof magic) != 0)
        return TH_E_CORRUPT;
    *ret_format = format;
    return 0;
}

void th_schema_identity_encode(struct th_sink *sink, const struct th_store_identity *identity)
{
    th_sink_u8(sink, (uint8_t)identity->mode);
    th_sink_bytes(sink, identity->store_id, sizeof identity->store_id);
    th_sink_bytes(sink, identity->log_key, sizeof identity->log_key);
    th_sink_i64(sink, identity->created.ms);
    th_sink_text(sink, identity->realm);
}

int th_schema_identity_decode(struct th_bytes content, struct th_store_identity *ret_identity)
{
    struct th_store_identity identity = {.mode = TH_MODE_LIVE};
    struct th_source source = {content.bytes, content.size, false};
    uint8_t mode = th_source_u8(&source);
    const uint8_t *store_id = th_source_bytes(&source, sizeof identity.store_id);
    const uint8_t *log_key = th_source_bytes(&source, sizeof identity.log_key);
    identity.created.ms = th_source_i64(&source);
    struct th_bytes realm = th_source_text(&source);
    if (!th_source_done(&source) || store_id == NULL || log_key == NULL)
        return TH_E_CORRUPT;
    if (mode < TH_MODE_LIVE || mode > TH_MODE_REHEARSAL || realm.size >= sizeof identity.realm)
        return TH_E_CORRUPT;
    identity.mode = (enum th_mode)mode;
    memcpy(identity.store_id, store_id, sizeof identity.store_id);
    memcpy(identity.log_key, log_key, sizeof identity.log_key);
    memcpy(identity.realm, realm.bytes, realm.size);
    *ret_identity = identity;
    return 0;
}

static bool clock_status_check(uint8_t status)
{
    return status >= TH_CLOCK_STEADY && status <= TH_CLOCK_SUSPECT;
}

void th_schema_clock_encode(struct th_sink *sink, const struct th_clock_row *clock)
{
    th_sink_i64(sink, clock->time.ms);
    th_sink_u8(sink, (uint8_t)clock->status);
    th_sink_i64(sink, clock->anchor_wall.ms);
    th_sink_i64(sink, clock->anchor_boottime_ms);
    th_sink_u8(sink, clock->rehearsed);
}

int th_schema_clock_decode(struct th_bytes content, struct th_clock_row *ret_clock)
{
    struct th_source source = {content.bytes, content.size, false};
    struct th_clock_row clock = {.time = {th_source_i64(&source)}};
    uint8_t status = th_source_u8(&source);
    clock.status = (enum th_clock_status)status;
    clock.anchor_wall.ms = th_source_i64(&source);
    clock.anchor_boottime_ms = th_source_i64(&source);
    clock.rehearsed = th_source_bool(&source);
    if (!th_source_done(&source) || !clock_status_check(status))
        return TH_E_CORRUPT;
    *ret_clock = clock;
    return 0;
}

void th_schema_recovery_encode(struct th_sink *sink, const struct th_recovery_row *recovery)
{
    th_sink_u8(sink, recovery->is_open);
    th_sink_u64(sink, recovery->began_at);
}

int th_schema_recovery_decode(struct th_bytes content, struct th_recovery_row *ret_recovery)
{
    struct th_source source = {content.bytes, content.size, false};
    struct th_recovery_row recovery = {.is_open = th_source_bool(&source)};
    recovery.began_at = th_source_u64(&source);
    if (!th_source_done(&source))
        return TH_E_CORRUPT;
    *ret_recovery = recovery;
    return 0;
}

/* ---- entries ---- */

enum { ENTRY_FORM = 2 };

void th_schema_entry_header(const struct th_store_entry *entry,
                            uint8_t ret_header[TH_SCHEMA_ENTRY_HEADER])
{
    TH_ASSERT(entry->decision.size <= UINT32_MAX);
    ret_header[0] = ENTRY_FORM;
    ret_header[1] = (uint8_t)entry->kind;
    ret_header[2] = (uint8_t)entry->clock;
    ret_header[3] = 0;
    th_big_put(ret_header + 4, 8, (uint64_t)entry->time.ms);
    th_big_put(ret_header + 12, 8, (uint64_t)entry->boottime_ms);
    th_big_put(ret_header + 20, 4, entry->decision.size);
}

int th_schema_entry_decode(struct th_bytes content, struct th_stored_entry *ret_entry)
{
    struct th_source source = {content.bytes, content.size, false};
    uint8_t form = th_source_u8(&source);
    uint8_t kind = th_source_u8(&source);
    uint8_t clock = th_source_u8(&source);
    uint8_t zero = th_source_u8(&source);
    struct th_stored_entry entry = {.time = {th_source_i64(&source)}};
    entry.boottime_ms = th_source_i64(&source);
    entry.decision.size = th_source_u32(&source);
    entry.decision.bytes = th_source_bytes(&source, entry.decision.size);
    entry.body = th_source_rest(&source);
    if (source.failed || form != ENTRY_FORM || zero != 0 || !clock_status_check(clock))
        return TH_E_CORRUPT;
    if (kind < TH_ENTRY_FOUNDED || kind > TH_ENTRY_ENTERED)
        return TH_E_CORRUPT;
    entry.kind = (enum th_entry_kind)kind;
    entry.clock = (enum th_clock_status)clock;
    *ret_entry = entry;
    return 0;
}

static void digest_of(const uint8_t *header, struct th_bytes decision,
                      const struct th_digest *body_digest, struct th_digest *ret_digest)
{
    const struct th_tlog_part parts[] = {{header, TH_SCHEMA_ENTRY_HEADER},
                                         {decision.bytes, decision.size},
                                         {body_digest->bytes, sizeof body_digest->bytes}};
    th_tlog_sha256(parts, sizeof parts / sizeof parts[0], ret_digest);
}

void th_schema_entry_digest(const struct th_store_entry *entry, const struct th_digest *body_digest,
                            struct th_digest *ret_digest)
{
    uint8_t header[TH_SCHEMA_ENTRY_HEADER];
    th_schema_entry_header(entry, header);
    digest_of(header, entry->decision, body_digest, ret_digest);
}

int th_schema_entry_hash(struct th_bytes content, struct th_digest *ret_digest)
{
    struct th_stored_entry entry;
    struct th_digest body_digest;
    int status = th_schema_entry_decode(content, &entry);
    if (status != 0)
        return status;
    th_tlog_sha256(&(struct th_tlog_part){entry.body.bytes, entry.body.size}, 1, &body_digest);
    digest_of(content.bytes, entry.decision, &body_digest, ret_digest);
    return 0;
}

int th_schema_entry_hash_with(struct th_bytes content, const struct th_digest *body_digest,
                              struct th_digest *ret_digest)
{
    struct th_stored_entry entry;
    int status = th_schema_entry_decode(content, &entry);
    if (status == 0)
        digest_of(content.bytes, entry.decision, body_digest, ret_digest);
    return status;
}

/* ---- an entry and its leaf ---- */

enum { LEAF_SIZE_BYTES = 2 };

size_t th_schema_journal_size(const struct th_store_entry *entry, struct th_bytes leaf)
{
    return LEAF_SIZE_BYTES + leaf.size + TH_SCHEMA_ENTRY_HEADER + entry->decision.size +
           entry->body.size;
}

static uint8_t *add_bytes(uint8_t *at, struct th_bytes bytes)
{
    if (bytes.size > 0)
        memcpy(at, bytes.bytes, bytes.size);
    return at + bytes.size;
}

void th_schema_journal_write(const struct th_store_entry *entry, struct th_bytes leaf,
                             uint8_t *ret_content)
{
    _Static_assert(TH_PROOF_EXTRA_MAX <= UINT16_MAX, "its size fits");
    TH_ASSERT(leaf.size > 0);
    TH_ASSERT(leaf.size <= TH_PROOF_EXTRA_MAX);
    th_big_put(ret_content, LEAF_SIZE_BYTES, leaf.size);
    uint8_t *at = add_bytes(ret_content + LEAF_SIZE_BYTES, leaf);
    th_schema_entry_header(entry, at);
    at = add_bytes(at + TH_SCHEMA_ENTRY_HEADER, entry->decision);
    (void)add_bytes(at, entry->body);
}

int th_schema_journal_split(struct th_bytes content, struct th_bytes *ret_entry,
                            struct th_bytes *ret_leaf)
{
    struct th_source source = {content.bytes, content.size, false};
    struct th_bytes leaf = {.size = th_source_u16(&source)};
    leaf.bytes = th_source_bytes(&source, leaf.size);
    struct th_bytes entry = th_source_rest(&source);
    if (source.failed || leaf.size == 0 || leaf.size > TH_PROOF_EXTRA_MAX)
        return TH_E_CORRUPT;
    *ret_entry = entry;
    *ret_leaf = leaf;
    return 0;
}
