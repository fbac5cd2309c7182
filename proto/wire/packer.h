/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the messages of every report are written: protobuf bytes from the last field to the first,
 * so that the length before a nested message is known when it is its turn. The same bytes as
 * proto/wire/writer.h gives, without its generated structs and second walk.
 *
 * The caller names room that is enough: a field of a number takes TH_WIRE_NUMBER_MAX bytes at most,
 * one with content TH_WIRE_NUMBER_MAX and its content. Field numbers are below 16 and are given
 * from the largest to the smallest.
 */
#ifndef TH_WIRE_PACKER_H
#define TH_WIRE_PACKER_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/text.h"

#define TH_WIRE_NUMBER_MAX 11 /* a byte for the field, a varint of 64 bits */

struct th_wire_packer {
    uint8_t *room;
    uint8_t *at; /* what is written begins here */
    uint8_t *end;
};

/* TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_wire_packer_init(struct th_wire_packer *packer, struct th_arena *arena,
                                      size_t room_size);
/* What was written, in the arena. TH_E_LIMIT: more than `size_max`. */
TH_MUST_CHECK int th_wire_packer_take(const struct th_wire_packer *packer, size_t size_max,
                                      struct th_bytes *ret_bytes);

/* A number, an enum or a flag; int64 as its two's complement. */
void th_wire_pack_number(struct th_wire_packer *packer, unsigned field, uint64_t value);
void th_wire_pack_bytes(struct th_wire_packer *packer, unsigned field, const void *bytes,
                        size_t size);
void th_wire_pack_text(struct th_wire_packer *packer, unsigned field, struct th_text text);
void th_wire_pack_digest(struct th_wire_packer *packer, unsigned field,
                         const struct th_digest *digest);
/* All that was written since `at` was `end` is a message: this is its beginning. */
void th_wire_pack_message(struct th_wire_packer *packer, unsigned field, const uint8_t *end);

#endif
