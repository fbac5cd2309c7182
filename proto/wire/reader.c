/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/reader.h"

#include "base/assert.h"
#include "proto/model/unit.h"

#include <string.h>

static void *take(void *context, size_t size)
{
    struct th_wire_reader *reader = context;
    if (size > reader->left_bytes) {
        th_wire_fail(reader, TH_E_LIMIT);
        return NULL;
    }
    void *memory = th_arena_alloc(reader->arena, size);
    if (memory == NULL)
        th_wire_fail(reader, TH_E_NO_MEMORY);
    else
        reader->left_bytes -= size;
    return memory;
}

/* The arena frees all at once. */
static void leave(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

void th_wire_reader_init(struct th_wire_reader *reader, struct th_arena *arena, size_t budget_bytes)
{
    *reader = (struct th_wire_reader){
        .arena = arena,
        .left_bytes = budget_bytes,
        .allocator = {.alloc = take, .free = leave, .allocator_data = reader},
    };
}

void th_wire_fail(struct th_wire_reader *reader, int status)
{
    if (reader->status == 0)
        reader->status = status;
}

void th_wire_require(struct th_wire_reader *reader, bool condition, int status)
{
    if (!condition)
        th_wire_fail(reader, status);
}

static bool is_known(const ProtobufCMessage *message);

/* `at` is where the struct keeps one value of the field. */
static bool is_known_value(const ProtobufCFieldDescriptor *field, const void *at)
{
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumDescriptor *words = field->descriptor;
        return protobuf_c_enum_descriptor_get_value(words, *(const int *)at) != NULL;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *inner = *(ProtobufCMessage *const *)at;
        return inner == NULL || is_known(inner);
    }
    return true;
}

static bool is_known_repeated(const ProtobufCFieldDescriptor *field, const char *message)
{
    size_t count = *(const size_t *)(const void *)(message + field->quantifier_offset);
    const char *items = *(const char *const *)(const void *)(message + field->offset);
    size_t item_size =
        field->type == PROTOBUF_C_TYPE_MESSAGE ? sizeof(ProtobufCMessage *) : sizeof(int);
    for (size_t i = 0; i < count; i++)
        if (!is_known_value(field, items + i * item_size))
            return false;
    return true;
}

/* No field and no enum number that the schema lacks; the schema does not nest without end. */
static bool is_known(const ProtobufCMessage *message)
{
    if (message->n_unknown_fields > 0)
        return false;
    const char *start = (const char *)message;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_ENUM && field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        /* The outer messages have the only choices (oneof) and are scanned, not unpacked. */
        TH_ASSERT((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0);
        bool is_known_field = true;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            is_known_field = is_known_repeated(field, start);
        else if (field->label != PROTOBUF_C_LABEL_OPTIONAL ||
                 field->type == PROTOBUF_C_TYPE_MESSAGE ||
                 *(const protobuf_c_boolean *)(const void *)(start + field->quantifier_offset))
            is_known_field = is_known_value(field, start + field->offset);
        if (!is_known_field)
            return false;
    }
    return true;
}

const void *th_wire_unpack(struct th_wire_reader *reader,
                           const ProtobufCMessageDescriptor *descriptor, struct th_bytes bytes)
{
    if (reader->status < 0)
        return NULL;
    const ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &reader->allocator, bytes.size, bytes.bytes);
    if (message == NULL || !is_known(message)) {
        th_wire_fail(reader, TH_E_SYNTAX);
        return NULL;
    }
    return message;
}

/* Twenty thousand units and any plan fit with room; a hostile list of empty ones does not. */
#define APART_BLOCK_BYTES  ((size_t)256 * 1024)
#define APART_BUDGET_BYTES ((size_t)32 * 1024 * 1024)

const void *th_wire_unpack_apart(struct th_wire_reader *reader,
                                 const ProtobufCMessageDescriptor *descriptor,
                                 struct th_bytes bytes, struct th_arena *ret_unpacked,
                                 struct th_arena *arena)
{
    /* The reader's budget is what refuses; the arena's leaves room for its blocks' ends. */
    th_arena_init(ret_unpacked, APART_BLOCK_BYTES, 2 * APART_BUDGET_BYTES);
    th_wire_reader_init(reader, ret_unpacked, APART_BUDGET_BYTES);
    const void *message = th_wire_unpack(reader, descriptor, bytes);
    reader->arena = arena;
    return message;
}

void *th_wire_alloc(struct th_wire_reader *reader, size_t count, size_t size)
{
    if (reader->status < 0 || count == 0)
        return NULL;
    void *memory = th_arena_alloc_array(reader->arena, count, size);
    if (memory == NULL)
        th_wire_fail(reader, TH_E_NO_MEMORY);
    return memory;
}

struct th_text th_wire_text(struct th_wire_reader *reader, ProtobufCBinaryData data,
                            size_t size_min, size_t size_max, unsigned flags)
{
    const char *bytes = (const char *)data.data;
    th_wire_require(reader, data.len >= size_min, TH_E_SYNTAX);
    th_wire_require(reader, data.len <= size_max, TH_E_LIMIT);
    if (reader->status == 0 && data.len > 0)
        th_wire_fail(reader, th_text_check(bytes, data.len, flags));
    if (reader->status < 0 || data.len == 0)
        return (struct th_text){"", 0};
    return (struct th_text){bytes, data.len};
}

struct th_text th_wire_unit_code(struct th_wire_reader *reader, ProtobufCBinaryData data)
{
    const char *bytes = (const char *)data.data;
    th_wire_require(reader, th_unit_code_check(bytes, data.len), TH_E_TEXT);
    return reader->status < 0 ? (struct th_text){"", 0} : (struct th_text){bytes, data.len};
}

static const char *copy(struct th_wire_reader *reader, struct th_text text)
{
    if (text.size == 0)
        return "";
    const char *string = th_arena_copy_text(reader->arena, text.bytes, text.size);
    if (string == NULL)
        th_wire_fail(reader, TH_E_NO_MEMORY);
    return string == NULL ? "" : string;
}

const char *th_wire_string(struct th_wire_reader *reader, ProtobufCBinaryData data, size_t size_min,
                           size_t size_max)
{
    return copy(reader, th_wire_text(reader, data, size_min, size_max, TH_TEXT_ONE_LINE));
}

const char *th_wire_unit_string(struct th_wire_reader *reader, ProtobufCBinaryData data)
{
    return copy(reader, th_wire_unit_code(reader, data));
}

struct th_bytes th_wire_bytes(struct th_wire_reader *reader, ProtobufCBinaryData data,
                              size_t size_max)
{
    th_wire_require(reader, data.len <= size_max, TH_E_LIMIT);
    return reader->status < 0 ? (struct th_bytes){0} : (struct th_bytes){data.data, data.len};
}

struct th_bytes th_wire_note(struct th_wire_reader *reader, ProtobufCBinaryData data,
                             size_t size_max)
{
    struct th_bytes bytes = th_wire_bytes(reader, data, size_max);
    size_t offset;
    th_wire_require(
        reader,
        !th_text_find_forbidden((const char *)bytes.bytes, bytes.size, TH_TEXT_LINES, &offset),
        TH_E_TEXT);
    return bytes;
}

void th_wire_fixed(struct th_wire_reader *reader, ProtobufCBinaryData data, uint8_t *ret_bytes,
                   size_t size)
{
    th_wire_require(reader, data.len == size, TH_E_SYNTAX);
    if (reader->status == 0)
        memcpy(ret_bytes, data.data, size);
}

struct th_digest th_wire_digest(struct th_wire_reader *reader, ProtobufCBinaryData data)
{
    struct th_digest digest = {0};
    th_wire_fixed(reader, data, digest.bytes, sizeof digest.bytes);
    return digest;
}

struct th_digest *th_wire_digests(struct th_wire_reader *reader, const ProtobufCBinaryData *data,
                                  size_t count)
{
    struct th_digest *digests = th_wire_alloc(reader, count, sizeof *digests);
    for (size_t i = 0; digests != NULL && i < count; i++)
        digests[i] = th_wire_digest(reader, data[i]);
    return digests;
}

th_day th_wire_day(struct th_wire_reader *reader, int32_t number)
{
    th_wire_require(reader, th_day_check(number), TH_E_LIMIT);
    return (th_day){reader->status < 0 ? 0 : number};
}

th_instant th_wire_instant(struct th_wire_reader *reader, int64_t ms)
{
    th_instant first = th_day_start((th_day){TH_DAY_MIN}),
               last = th_day_start((th_day){TH_DAY_MAX});
    th_wire_require(reader, ms >= first.ms && ms <= last.ms, TH_E_LIMIT);
    return (th_instant){reader->status < 0 ? 0 : ms};
}

const uint16_t *th_wire_ascending(struct th_wire_reader *reader, const uint32_t *numbers,
                                  size_t count, size_t count_max, uint32_t max)
{
    th_wire_require(reader, count <= count_max, TH_E_LIMIT);
    uint16_t *ascending = th_wire_alloc(reader, count, sizeof *ascending);
    uint32_t before = 0;
    for (size_t i = 0; ascending != NULL && i < count; i++) {
        th_wire_require(reader, numbers[i] > before, TH_E_SYNTAX);
        th_wire_require(reader, numbers[i] <= max, TH_E_LIMIT);
        ascending[i] = (uint16_t)numbers[i];
        before = numbers[i];
    }
    return ascending;
}
