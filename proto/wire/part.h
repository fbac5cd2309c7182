/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of one protobuf message, one after the other, as protobuf-c takes them: a tag or a
 * length may be longer than needed, up to five bytes, a number up to ten, and what does not fit
 * into its type is cut off. For decoders that keep no generated struct.
 *
 * Pure; inline, because it is the inner loop of whoever reads.
 */
#ifndef TH_WIRE_PART_H
#define TH_WIRE_PART_H

#include "base/bytes.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

enum th_wire_form {
    TH_WIRE_VARINT = 0,
    TH_WIRE_FIXED64 = 1,
    TH_WIRE_CONTENT = 2,
    TH_WIRE_FIXED32 = 5
};

struct th_wire_part {
    uint32_t number; /* of the field */
    unsigned form;   /* enum th_wire_form */
    uint64_t varint;
    ProtobufCBinaryData content; /* borrowed */
};

struct th_wire_parts {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline struct th_wire_parts th_wire_parts_of(const uint8_t *bytes, size_t size)
{
    return (struct th_wire_parts){bytes, size == 0 ? bytes : bytes + size, false};
}

/* Of at most `size_max` bytes, up to ten. */
static inline bool th_wire_take_varint(struct th_wire_parts *parts, unsigned size_max,
                                       uint64_t *ret_value)
{
    const uint8_t *at = parts->at;
    if (at < parts->end && *at < 0x80) {
        *ret_value = *at;
        parts->at = at + 1;
        return true;
    }
    uint64_t value = 0;
    for (unsigned i = 0; i < size_max && at < parts->end; i++) {
        uint8_t byte = *at++;
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *ret_value = value;
            parts->at = at;
            return true;
        }
    }
    return false;
}

/* Precondition: it is not the end. */
static inline bool th_wire_take_part(struct th_wire_parts *parts, struct th_wire_part *part)
{
    uint64_t tag = 0, size = 0;
    if (*parts->at < 1 << 3 || !th_wire_take_varint(parts, 5, &tag)) /* no field has number 0 */
        return false;
    *part = (struct th_wire_part){.number = (uint32_t)(tag >> 3), .form = tag & 7};
    switch (part->form) {
    case TH_WIRE_VARINT:
        return th_wire_take_varint(parts, 10, &part->varint);
    case TH_WIRE_CONTENT:
        if (!th_wire_take_varint(parts, 5, &size))
            return false;
        break;
    case TH_WIRE_FIXED64:
        size = 8;
        break;
    case TH_WIRE_FIXED32:
        size = 4;
        break;
    default: /* groups */
        return false;
    }
    if (size > (size_t)(parts->end - parts->at))
        return false;
    part->content = (ProtobufCBinaryData){(size_t)size, (uint8_t *)parts->at};
    parts->at += size;
    return true;
}

/* False at the end, and where the bytes are no field: `failed` says so. */
static inline bool th_wire_next_part(struct th_wire_parts *parts, struct th_wire_part *ret_part)
{
    if (parts->at == parts->end)
        return false;
    parts->failed = !th_wire_take_part(parts, ret_part);
    return !parts->failed;
}

/* ---- the value of a field; false when it has another form ---- */

static inline bool th_wire_part_u32(const struct th_wire_part *part, uint32_t *ret_value)
{
    if (part->form == TH_WIRE_VARINT)
        *ret_value = (uint32_t)part->varint;
    return part->form == TH_WIRE_VARINT;
}

static inline bool th_wire_part_u64(const struct th_wire_part *part, uint64_t *ret_value)
{
    if (part->form == TH_WIRE_VARINT)
        *ret_value = part->varint;
    return part->form == TH_WIRE_VARINT;
}

static inline int64_t th_wire_signed(uint64_t zigzag)
{
    return (int64_t)(zigzag >> 1) ^ -(int64_t)(zigzag & 1);
}

static inline bool th_wire_part_s32(const struct th_wire_part *part, int32_t *ret_value)
{
    if (part->form == TH_WIRE_VARINT)
        *ret_value = (int32_t)th_wire_signed((uint32_t)part->varint);
    return part->form == TH_WIRE_VARINT;
}

static inline bool th_wire_part_content(const struct th_wire_part *part,
                                        ProtobufCBinaryData *ret_content)
{
    if (part->form == TH_WIRE_CONTENT)
        *ret_content = part->content;
    return part->form == TH_WIRE_CONTENT;
}

#endif
