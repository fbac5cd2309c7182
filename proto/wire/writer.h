/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How every encoder here writes: model structs to generated ones in the arena, then one pack. Same
 * struct, same bytes: fields ascend, no unknown fields, varints as short as they can be.
 */
#ifndef TH_WIRE_WRITER_H
#define TH_WIRE_WRITER_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/text.h"

#include <protobuf-c/protobuf-c.h>

/* Keeps the first failure; one writer for one encoding. */
struct th_wire_writer {
    struct th_arena *arena;
    int status;
};

/* NULL after a failure and for a count of 0. */
void *th_wire_writer_alloc(struct th_wire_writer *writer, size_t count, size_t size);

/* Borrow. */
ProtobufCBinaryData th_wire_of_text(struct th_text text);
ProtobufCBinaryData th_wire_of_string(const char *text);
ProtobufCBinaryData th_wire_of_bytes(const uint8_t *bytes, size_t size);
ProtobufCBinaryData th_wire_of_digest(const struct th_digest *digest);
ProtobufCBinaryData *th_wire_of_digests(struct th_wire_writer *writer,
                                        const struct th_digest *digests, size_t count);
ProtobufCBinaryData *th_wire_of_strings(struct th_wire_writer *writer, const char *const *texts,
                                        size_t count);
uint32_t *th_wire_of_numbers(struct th_wire_writer *writer, const uint16_t *numbers, size_t count);

/* Into the arena. The writer's failure, TH_E_LIMIT over `size_max`, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_wire_pack(struct th_wire_writer *writer, const ProtobufCMessage *message,
                               size_t size_max, struct th_bytes *ret_bytes);

#endif
