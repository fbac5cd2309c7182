/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/store/schema.h"

#include "base/assert.h"
#include "base/big.h"
#include "proto/tlog/hash.h"

#include <string.h>

/* ---- writing and reading of plain fields ---- */

struct writer {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
};

static void write_bytes(struct writer *writer, const void *bytes, size_t size)
{
    TH_ASSERT(size <= writer->capacity - writer->size);
    if (size > 0)
        memcpy(writer->bytes + writer->size, bytes, size);
    writer->size += size;
}

static void write_number(struct writer *writer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    th_big_put(bytes, size, value);
    write_bytes(writer, bytes, size);
}

static void write_instant(struct writer *writer, th_instant instant)
{
    write_number(writer, (uint64_t)instant.ms, 8);
}

static void write_run(struct writer *writer, const void *bytes, size_t size)
{
    write_number(writer, size, 4);
    write_bytes(writer, bytes, size);
}

struct reader {
    struct th_bytes rest;
    bool is_bad;
};

static const uint8_t *read_bytes(struct reader *reader, size_t size)
{
    if (reader->is_bad || size > reader->rest.size) {
        reader->is_bad = true;
        return NULL;
    }
    const uint8_t *bytes = reader->rest.bytes;
    reader->rest.bytes += size;
    reader->rest.size -= size;
    return bytes;
}

static uint64_t read_number(struct reader *reader, size_t size)
{
    const uint8_t *bytes = read_bytes(reader, size);
    return bytes == NULL ? 0 : th_big_get(bytes, size);
}

static th_instant read_instant(struct reader *reader)
{
    return (th_instant){(int64_t)read_number(reader, 8)};
}

static struct th_bytes read_run(struct reader *reader)
{
    size_t size = (size_t)read_number(reader, 4);
    const uint8_t *bytes = read_bytes(reader, size);
    return (struct th_bytes){bytes, bytes == NULL ? 0 : size};
}

static struct th_text read_text(struct reader *reader)
{
    struct th_bytes run = read_run(reader);
    return (struct th_text){(const char *)run.bytes, run.size};
}

static void read_digest(struct reader *reader, struct th_digest *digest)
{
    const uint8_t *bytes = read_bytes(reader, TH_DIGEST_SIZE);
    if (bytes != NULL)
        memcpy(digest->bytes, bytes, TH_DIGEST_SIZE);
}

static void read_id_text(struct reader *reader, char *text, size_t size_max)
{
    struct th_bytes run = read_run(reader);
    if (run.size > size_max) {
        reader->is_bad = true;
        return;
    }
    if (run.size > 0)
        memcpy(text, run.bytes, run.size);
    text[run.size] = '\0';
}

/* ---- keys and checksums ---- */

struct th_outbox_key th_outbox_key_of_id(enum th_outbox_table table, uint64_t id)
{
    struct th_outbox_key key = {.size = 0};
    struct writer writer = {key.bytes, 0, sizeof key.bytes};
    write_number(&writer, (uint64_t)table, 1);
    write_number(&writer, id, 8);
    key.size = writer.size;
    return key;
}

struct th_outbox_key th_outbox_key_of_seq(enum th_outbox_table table, uint64_t id, uint32_t seq)
{
    struct th_outbox_key key = th_outbox_key_of_id(table, id);
    struct writer writer = {key.bytes, key.size, sizeof key.bytes};
    write_number(&writer, seq, 4);
    key.size = writer.size;
    return key;
}

struct th_outbox_key th_outbox_frozen_key(const struct th_outbox_item *item)
{
    return item->bundle != 0 && !item->is_apart ? th_outbox_key_of_id(TH_TABLE_BUNDLE, item->bundle)
                                                : th_outbox_key_of_id(TH_TABLE_FROZEN, item->id);
}

uint64_t th_outbox_key_id(const uint8_t *key)
{
    struct reader reader = {{key + 1, 8}, false};
    return read_number(&reader, 8);
}

static void check_of(struct th_bytes key, struct th_bytes value, struct th_digest *ret_digest)
{
    const struct th_tlog_part parts[] = {{key.bytes, key.size}, {value.bytes, value.size}};
    th_tlog_sha256(parts, 2, ret_digest);
}

int th_outbox_put(struct th_outbox *outbox, MDB_txn *txn, struct th_outbox_key key,
                  struct th_bytes value, unsigned mdb_flags)
{
    struct th_digest check;
    check_of((struct th_bytes){key.bytes, key.size}, value, &check);
    MDB_val mdb_key = {key.size, key.bytes};
    MDB_val mdb_value = {value.size + TH_OUTBOX_CHECK_SIZE, NULL};
    int result = mdb_put(txn, outbox->dbi, &mdb_key, &mdb_value, mdb_flags | MDB_RESERVE);
    if (result != 0)
        return th_outbox_status(result);
    uint8_t *stored = mdb_value.mv_data;
    if (value.size > 0)
        memcpy(stored, value.bytes, value.size);
    memcpy(stored + value.size, check.bytes, TH_OUTBOX_CHECK_SIZE);
    return 0;
}

int th_outbox_unseal(struct th_bytes key, struct th_bytes stored, struct th_bytes *ret_value)
{
    if (stored.size < TH_OUTBOX_CHECK_SIZE)
        return TH_E_CORRUPT;
    struct th_bytes value = {stored.bytes, stored.size - TH_OUTBOX_CHECK_SIZE};
    struct th_digest check;
    check_of(key, value, &check);
    if (memcmp(check.bytes, stored.bytes + value.size, TH_OUTBOX_CHECK_SIZE) != 0)
        return TH_E_CORRUPT;
    *ret_value = value;
    return 0;
}

int th_outbox_look(struct th_outbox *outbox, MDB_txn *txn, struct th_outbox_key key,
                   struct th_bytes *ret_value)
{
    MDB_val mdb_key = {key.size, key.bytes}, mdb_value;
    int result = mdb_get(txn, outbox->dbi, &mdb_key, &mdb_value);
    if (result != 0)
        return th_outbox_status(result);
    return th_outbox_unseal((struct th_bytes){key.bytes, key.size},
                            (struct th_bytes){mdb_value.mv_data, mdb_value.mv_size}, ret_value);
}

int th_outbox_look_report(struct th_outbox *outbox, MDB_txn *txn, uint64_t id,
                          struct th_bytes *ret_report)
{
    struct th_bytes report;
    int status = th_outbox_look(outbox, txn, th_outbox_key_of_id(TH_TABLE_REPORT, id), &report);
    if (status == 0 && report.size == 0)
        status = TH_E_CORRUPT;
    if (status == 0)
        *ret_report = report;
    return status;
}

/* ---- items ---- */

enum item_flag {
    ITEM_FROZEN = 1,
    ITEM_POSITION = 2,
    ITEM_TIMELINESS = 4,
    ITEM_DUE = 8,
    ITEM_STORED_DIGEST = 16,
    ITEM_PREPARED = 32,
    ITEM_READMITTED = 64,
    ITEM_BUNDLED = 128
};

/*
 * state u8, flags u8, number u32, revision u32, attempts u32, queued_at i64, changed_at i64,
 * prepared i64, report digest, plan digest, header digest, position u64, received_at i64,
 * first_received i64, timeliness u8, due i64, stored digest, next revision u32, again position
 * u64, again_at i64, plan run, obligation run; a run is u32 size and bytes; what a flag says is
 * absent is zero. Only with ITEM_BUNDLED: bundle u64, apart u8.
 */
size_t th_outbox_item_encode(const struct th_outbox_item *item,
                             uint8_t ret_bytes[TH_OUTBOX_ITEM_SIZE_MAX])
{
    struct writer writer = {ret_bytes, 0, TH_OUTBOX_ITEM_SIZE_MAX};
    unsigned flags =
        (item->is_frozen ? ITEM_FROZEN : 0U) | (item->has_position ? ITEM_POSITION : 0U) |
        (item->has_timeliness ? ITEM_TIMELINESS : 0U) | (item->has_due ? ITEM_DUE : 0U) |
        (item->has_stored_digest ? ITEM_STORED_DIGEST : 0U) |
        (item->has_prepared ? ITEM_PREPARED : 0U) | (item->is_readmitted ? ITEM_READMITTED : 0U) |
        (item->bundle != 0 ? ITEM_BUNDLED : 0U);
    write_number(&writer, (uint64_t)item->state, 1);
    write_number(&writer, flags, 1);
    write_number(&writer, item->number, 4);
    write_number(&writer, item->revision, 4);
    write_number(&writer, item->attempts, 4);
    write_instant(&writer, item->queued_at);
    write_instant(&writer, item->changed_at);
    write_instant(&writer, item->prepared);
    write_bytes(&writer, item->report_digest.bytes, TH_DIGEST_SIZE);
    write_bytes(&writer, item->plan_digest.bytes, TH_DIGEST_SIZE);
    write_bytes(&writer, item->header_digest.bytes, TH_DIGEST_SIZE);
    write_number(&writer, item->position, 8);
    write_instant(&writer, item->received_at);
    write_instant(&writer, item->first_received);
    write_number(&writer, (uint64_t)item->timeliness, 1);
    write_instant(&writer, item->due);
    write_bytes(&writer, item->stored_digest.bytes, TH_DIGEST_SIZE);
    write_number(&writer, item->next_revision, 4);
    write_number(&writer, item->again_position, 8);
    write_instant(&writer, item->again_at);
    write_run(&writer, item->plan, strlen(item->plan));
    write_run(&writer, item->obligation, strlen(item->obligation));
    if (item->bundle != 0) {
        write_number(&writer, item->bundle, 8);
        write_number(&writer, item->is_apart, 1);
    }
    return writer.size;
}

int th_outbox_item_decode(uint64_t id, struct th_bytes bytes, struct th_outbox_item *ret_item)
{
    struct reader reader = {bytes, false};
    struct th_outbox_item item = {.id = id};
    item.state = (enum th_item_state)read_number(&reader, 1);
    unsigned flags = (unsigned)read_number(&reader, 1);
    item.number = (uint32_t)read_number(&reader, 4);
    item.revision = (uint32_t)read_number(&reader, 4);
    item.attempts = (uint32_t)read_number(&reader, 4);
    item.queued_at = read_instant(&reader);
    item.changed_at = read_instant(&reader);
    item.prepared = read_instant(&reader);
    read_digest(&reader, &item.report_digest);
    read_digest(&reader, &item.plan_digest);
    read_digest(&reader, &item.header_digest);
    item.position = read_number(&reader, 8);
    item.received_at = read_instant(&reader);
    item.first_received = read_instant(&reader);
    item.timeliness = (enum th_timeliness)read_number(&reader, 1);
    item.due = read_instant(&reader);
    read_digest(&reader, &item.stored_digest);
    item.next_revision = (uint32_t)read_number(&reader, 4);
    item.again_position = read_number(&reader, 8);
    item.again_at = read_instant(&reader);
    read_id_text(&reader, item.plan, TH_LIMIT_PLAN_ID_MAX);
    read_id_text(&reader, item.obligation, TH_LIMIT_OBLIGATION_ID_MAX);
    if ((flags & ITEM_BUNDLED) != 0) {
        item.bundle = read_number(&reader, 8);
        item.is_apart = read_number(&reader, 1) != 0;
    }
    if (reader.is_bad || reader.rest.size > 0 || th_item_state_word(item.state)[0] == '\0')
        return TH_E_CORRUPT;
    item.is_frozen = (flags & ITEM_FROZEN) != 0;
    item.has_position = (flags & ITEM_POSITION) != 0;
    item.has_timeliness = (flags & ITEM_TIMELINESS) != 0;
    item.has_due = (flags & ITEM_DUE) != 0;
    item.has_prepared = (flags & ITEM_PREPARED) != 0;
    item.has_stored_digest = (flags & ITEM_STORED_DIGEST) != 0;
    item.is_readmitted = (flags & ITEM_READMITTED) != 0;
    *ret_item = item;
    return 0;
}

int th_outbox_look_item(struct th_outbox *outbox, MDB_txn *txn, uint64_t id,
                        struct th_outbox_item *ret_item)
{
    struct th_bytes value;
    int status = th_outbox_look(outbox, txn, th_outbox_key_of_id(TH_TABLE_ITEM, id), &value);
    return status == 0 ? th_outbox_item_decode(id, value, ret_item) : status;
}

/* ---- details: receipt run, refusal run, two lists: count u32, four runs each ---- */

static size_t reasons_size(const struct th_outbox_reason *reasons, size_t count)
{
    size_t size = 4;
    for (size_t i = 0; i < count; i++)
        size += 16 + reasons[i].field.size + reasons[i].value.size + reasons[i].rule.size +
                reasons[i].text.size;
    return size;
}

static void write_reasons(struct writer *writer, const struct th_outbox_reason *reasons,
                          size_t count)
{
    write_number(writer, count, 4);
    for (size_t i = 0; i < count; i++) {
        write_run(writer, reasons[i].field.bytes, reasons[i].field.size);
        write_run(writer, reasons[i].value.bytes, reasons[i].value.size);
        write_run(writer, reasons[i].rule.bytes, reasons[i].rule.size);
        write_run(writer, reasons[i].text.bytes, reasons[i].text.size);
    }
}

int th_outbox_detail_encode(const struct th_outbox_detail *detail, struct th_arena *arena,
                            struct th_bytes *ret_bytes)
{
    size_t size = 8 + detail->receipt.size + detail->refusal.size +
                  reasons_size(detail->reasons, detail->reasons_count) +
                  reasons_size(detail->warnings, detail->warnings_count);
    struct writer writer = {th_arena_alloc(arena, size), 0, size};
    if (writer.bytes == NULL)
        return TH_E_NO_MEMORY;
    write_run(&writer, detail->receipt.bytes, detail->receipt.size);
    write_run(&writer, detail->refusal.bytes, detail->refusal.size);
    write_reasons(&writer, detail->reasons, detail->reasons_count);
    write_reasons(&writer, detail->warnings, detail->warnings_count);
    *ret_bytes = (struct th_bytes){writer.bytes, writer.size};
    return 0;
}

static int read_reasons(struct reader *reader, struct th_arena *arena,
                        const struct th_outbox_reason **ret_reasons, size_t *ret_count)
{
    size_t count = (size_t)read_number(reader, 4);
    if (reader->is_bad || count > reader->rest.size / 16)
        return TH_E_CORRUPT;
    struct th_outbox_reason *reasons = th_arena_alloc_array(arena, count, sizeof *reasons);
    if (reasons == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        reasons[i].field = read_text(reader);
        reasons[i].value = read_text(reader);
        reasons[i].rule = read_text(reader);
        reasons[i].text = read_text(reader);
    }
    *ret_reasons = reasons;
    *ret_count = count;
    return 0;
}

int th_outbox_detail_decode(struct th_bytes bytes, struct th_arena *arena,
                            struct th_outbox_detail *ret_detail)
{
    struct reader reader = {bytes, false};
    struct th_outbox_detail detail = {0};
    detail.receipt = read_run(&reader);
    detail.refusal = read_run(&reader);
    int status = read_reasons(&reader, arena, &detail.reasons, &detail.reasons_count);
    if (status == 0)
        status = read_reasons(&reader, arena, &detail.warnings, &detail.warnings_count);
    if (status != 0)
        return status;
    if (reader.is_bad || reader.rest.size > 0)
        return TH_E_CORRUPT;
    *ret_detail = detail;
    return 0;
}

/* ---- what the province asks for ---- */

int th_outbox_lost_encode(const struct th_outbox_lost *lost, size_t count, struct th_arena *arena,
                          struct th_bytes *ret_bytes)
{
    size_t size = 4;
    for (size_t i = 0; i < count; i++)
        size += 4 + lost[i].realm.size + 8;
    struct writer writer = {th_arena_alloc(arena, size), 0, size};
    if (writer.bytes == NULL)
        return TH_E_NO_MEMORY;
    write_number(&writer, count, 4);
    for (size_t i = 0; i < count; i++) {
        write_run(&writer, lost[i].realm.bytes, lost[i].realm.size);
        write_number(&writer, lost[i].from, 8);
    }
    *ret_bytes = (struct th_bytes){writer.bytes, writer.size};
    return 0;
}

int th_outbox_lost_decode(struct th_bytes bytes, struct th_arena *arena,
                          const struct th_outbox_lost **ret_lost, size_t *ret_count)
{
    struct reader reader = {bytes, false};
    size_t count = (size_t)read_number(&reader, 4);
    if (reader.is_bad || count > TH_OUTBOX_LOST_MAX)
        return TH_E_CORRUPT;
    struct th_outbox_lost *lost = th_arena_alloc_array(arena, count, sizeof *lost);
    if (lost == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        lost[i].realm = read_text(&reader);
        lost[i].from = read_number(&reader, 8);
    }
    if (reader.is_bad || reader.rest.size > 0)
        return TH_E_CORRUPT;
    *ret_lost = lost;
    *ret_count = count;
    return 0;
}

/* ---- notices: kind u8, time i64, due i64, item u64, runs: plan, obligation, text, evidence ----
 */

int th_outbox_notice_encode(const struct th_notice *notice, struct th_arena *arena,
                            struct th_bytes *ret_bytes)
{
    size_t size = 1 + 8 + 8 + 8 + 16 + notice->plan.size + notice->obligation.size +
                  notice->text.size + notice->evidence.size;
    struct writer writer = {th_arena_alloc(arena, size), 0, size};
    if (writer.bytes == NULL)
        return TH_E_NO_MEMORY;
    write_number(&writer, (uint64_t)notice->kind, 1);
    write_instant(&writer, notice->time);
    write_instant(&writer, notice->due);
    write_number(&writer, notice->item, 8);
    write_run(&writer, notice->plan.bytes, notice->plan.size);
    write_run(&writer, notice->obligation.bytes, notice->obligation.size);
    write_run(&writer, notice->text.bytes, notice->text.size);
    write_run(&writer, notice->evidence.bytes, notice->evidence.size);
    *ret_bytes = (struct th_bytes){writer.bytes, writer.size};
    return 0;
}

int th_outbox_notice_decode(struct th_bytes bytes, struct th_notice *ret_notice)
{
    struct reader reader = {bytes, false};
    struct th_notice notice = {0};
    notice.kind = (enum th_notice_kind)read_number(&reader, 1);
    notice.time = read_instant(&reader);
    notice.due = read_instant(&reader);
    notice.item = read_number(&reader, 8);
    notice.plan = read_text(&reader);
    notice.obligation = read_text(&reader);
    notice.text = read_text(&reader);
    notice.evidence = read_run(&reader);
    if (reader.is_bad || reader.rest.size > 0)
        return TH_E_CORRUPT;
    *ret_notice = notice;
    return 0;
}

/* A reminder is one per instant that it was given; the rest are one per content. Evidence is one
 * per item and text: a province that answers with one bad receipt after the other does not fill the
 * disk, and the first is as good a proof as the next. */
struct th_outbox_key th_outbox_notice_key(const struct th_notice *notice)
{
    uint8_t fixed[25];
    struct writer writer = {fixed, 0, sizeof fixed};
    bool is_part = notice->kind != TH_NOTICE_EVIDENCE;
    write_number(&writer, (uint64_t)notice->kind, 1);
    write_number(&writer, notice->kind == TH_NOTICE_REMINDER ? (uint64_t)notice->time.ms : 0, 8);
    write_instant(&writer, notice->due);
    write_number(&writer, notice->item, 8);
    const struct th_tlog_part parts[] = {
        {fixed, writer.size},
        {notice->plan.bytes, notice->plan.size},
        {"", 1},
        {notice->obligation.bytes, notice->obligation.size},
        {"", 1},
        {notice->text.bytes, notice->text.size},
        {"", 1},
        {notice->evidence.bytes, is_part ? notice->evidence.size : 0},
    };
    struct th_digest digest;
    th_tlog_sha256(parts, sizeof parts / sizeof parts[0], &digest);
    struct th_outbox_key key = {.bytes = {TH_TABLE_NOTICE}, .size = 17};
    memcpy(key.bytes + 1, digest.bytes, 16);
    return key;
}
