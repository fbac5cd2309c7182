/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of entries about the log itself: its keys, what it lost, and what came back. Keys and
 * readmissions are also in messages (proto/wire/log_key_parts.h).
 */
#include "proto/wire/journal.h"

#include "proto/tlog/log_keys.h"
#include "proto/wire/log_key_parts.h"
#include "proto/wire/scan.h"

#define BODY_SIZE_MAX TH_LIMIT_TO_NODE_SIZE_MAX

_Static_assert(TH_LIMIT_SUBMISSION_SIZE_MAX + TH_LIMIT_RECEIPT_SIZE_MAX + 64 <=
                   TH_LIMIT_FRAME_SIZE_MAX,
               "the largest readmission fits in a frame");

/* ---- keys ---- */

static void write_log_key(const struct th_log_key_body *key, Tonghop__LogKey *message)
{
    tonghop__log_key__init(message);
    message->vkey = th_wire_of_text(key->vkey);
    message->after = key->after;
    message->has_succession = key->succession.size > 0;
    message->succession = th_wire_of_bytes(key->succession.bytes, key->succession.size);
}

static struct th_log_key_body read_log_key(struct th_wire_reader *reader,
                                           const Tonghop__LogKey *message)
{
    return (struct th_log_key_body){
        .vkey = th_wire_text(reader, message->vkey, 1, TH_NOTE_VKEY_TEXT_MAX, TH_TEXT_ONE_LINE),
        .after = message->after,
        .succession = th_wire_note(reader, message->succession, TH_SUCCESSION_SIZE_MAX),
    };
}

Tonghop__LogKey **th_wire_write_log_keys(struct th_wire_writer *writer,
                                         const struct th_log_key_body *keys, size_t count)
{
    Tonghop__LogKey **list = th_wire_writer_alloc(writer, count, sizeof *list);
    Tonghop__LogKey *messages = th_wire_writer_alloc(writer, count, sizeof *messages);
    for (size_t i = 0; messages != NULL && i < count; i++) {
        write_log_key(&keys[i], &messages[i]);
        list[i] = &messages[i];
    }
    return list;
}

const struct th_log_key_body *th_wire_read_log_keys(struct th_wire_reader *reader,
                                                    Tonghop__LogKey *const *messages, size_t count,
                                                    size_t count_max)
{
    th_wire_require(reader, count <= count_max, TH_E_LIMIT);
    struct th_log_key_body *keys = th_wire_alloc(reader, count, sizeof *keys);
    for (size_t i = 0; keys != NULL && i < count; i++)
        keys[i] = read_log_key(reader, messages[i]);
    return reader->status < 0 ? NULL : keys;
}

static struct th_text read_operator(struct th_wire_reader *reader, ProtobufCBinaryData data)
{
    return th_wire_text(reader, data, 0, TH_LIMIT_NAME_SIZE_MAX, TH_TEXT_ONE_LINE);
}

int th_wire_rotation_encode(const struct th_rotation *value, struct th_arena *arena,
                            struct th_bytes *ret_bytes)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__Rotation message = TONGHOP__ROTATION__INIT;
    Tonghop__LogKey key;
    write_log_key(&value->key, &key);
    message.key = &key;
    message.operator_ = th_wire_of_text(value->operator);
    return th_wire_pack(&writer, &message.base, BODY_SIZE_MAX, ret_bytes);
}

int th_wire_rotation_decode(struct th_bytes bytes, struct th_arena *arena,
                            struct th_rotation *ret_value)
{
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    const Tonghop__Rotation *message =
        th_wire_unpack(&reader, &tonghop__rotation__descriptor, bytes);
    if (message == NULL)
        return reader.status;
    struct th_rotation value = {.key = read_log_key(&reader, message->key),
                                .operator= read_operator(&reader, message->operator_)};
    if (reader.status == 0)
        *ret_value = value;
    return reader.status;
}

int th_wire_recovery_encode(const struct th_recovery *value, struct th_arena *arena,
                            struct th_bytes *ret_bytes)
{
    if (value->keys_count == 0 || value->keys_count > TH_RECOVERY_KEYS_MAX)
        return TH_E_LIMIT;
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__Recovery message = TONGHOP__RECOVERY__INIT;
    message.n_key = value->keys_count;
    message.key = th_wire_write_log_keys(&writer, value->keys, value->keys_count);
    message.has_checkpoint = value->checkpoint.size > 0;
    message.checkpoint = th_wire_of_bytes(value->checkpoint.bytes, value->checkpoint.size);
    message.operator_ = th_wire_of_text(value->operator);
    return th_wire_pack(&writer, &message.base, BODY_SIZE_MAX, ret_bytes);
}

int th_wire_recovery_decode(struct th_bytes bytes, struct th_arena *arena,
                            struct th_recovery *ret_value)
{
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    const Tonghop__Recovery *message =
        th_wire_unpack(&reader, &tonghop__recovery__descriptor, bytes);
    if (message == NULL)
        return reader.status;
    th_wire_require(&reader, message->n_key > 0, TH_E_SYNTAX);
    struct th_recovery value = {
        .keys = th_wire_read_log_keys(&reader, message->key, message->n_key, TH_RECOVERY_KEYS_MAX),
        .keys_count = message->n_key,
        .checkpoint = th_wire_note(&reader, message->checkpoint, TH_NOTE_SIZE_MAX),
        .operator= read_operator(&reader, message->operator_),
    };
    if (reader.status == 0)
        *ret_value = value;
    return reader.status;
}

int th_wire_recovery_end_encode(const struct th_recovery_end *value, struct th_arena *arena,
                                struct th_bytes *ret_bytes)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__RecoveryEnd message = TONGHOP__RECOVERY_END__INIT;
    message.operator_ = th_wire_of_text(value->operator);
    return th_wire_pack(&writer, &message.base, BODY_SIZE_MAX, ret_bytes);
}

int th_wire_recovery_end_decode(struct th_bytes bytes, struct th_arena *arena,
                                struct th_recovery_end *ret_value)
{
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    const Tonghop__RecoveryEnd *message =
        th_wire_unpack(&reader, &tonghop__recovery_end__descriptor, bytes);
    if (message == NULL)
        return reader.status;
    struct th_recovery_end value = {.operator= read_operator(&reader, message->operator_)};
    if (reader.status == 0)
        *ret_value = value;
    return reader.status;
}

/* ---- readmissions ---- */

void th_wire_write_readmission(const struct th_readmission *value, Tonghop__Readmission *message)
{
    tonghop__readmission__init(message);
    message->submission = th_wire_of_bytes(value->submission.bytes, value->submission.size);
    message->receipt = th_wire_of_bytes(value->receipt.bytes, value->receipt.size);
}

int th_wire_readmission_encode(const struct th_readmission *value, struct th_arena *arena,
                               struct th_bytes *ret_bytes)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__Readmission message;
    th_wire_write_readmission(value, &message);
    return th_wire_pack(&writer, &message.base, TH_LIMIT_FRAME_SIZE_MAX, ret_bytes);
}

/* Scanned, not unpacked: the submission is borrowed where it stands. */
int th_wire_readmission_decode(struct th_bytes bytes, struct th_arena *arena,
                               struct th_readmission *ret_value)
{
    struct th_wire_scan scan = {bytes};
    struct th_wire_field parts[2] = {{0}};
    while (scan.rest.size > 0) {
        struct th_wire_field field;
        int status = th_wire_scan_next(&scan, &field);
        if (status < 0)
            return status;
        bool is_known = (field.number == 1 || field.number == 2) && field.has_content;
        if (!is_known || parts[field.number - 1].has_content)
            return TH_E_SYNTAX;
        parts[field.number - 1] = field;
    }
    if (parts[0].content.size == 0 || parts[1].content.size == 0)
        return TH_E_SYNTAX;
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, TH_LIMIT_DECODE_ARENA_BYTES);
    th_wire_require(&reader, parts[0].content.size <= TH_LIMIT_SUBMISSION_SIZE_MAX, TH_E_LIMIT);
    struct th_readmission value = {
        .submission = parts[0].content,
        .receipt =
            th_wire_note(&reader, th_wire_of_bytes(parts[1].content.bytes, parts[1].content.size),
                         TH_LIMIT_RECEIPT_SIZE_MAX),
    };
    if (reader.status == 0)
        *ret_value = value;
    return reader.status;
}
