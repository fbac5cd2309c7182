/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How every decoder here reads: generated structs in, checked values out, the first failure kept. A
 * report, of which most bytes are, is taken apart without them (proto/wire/report_parts.h).
 *
 * A reader unpacks with an allocator that takes from the arena up to a budget of its own, so that a
 * frame of tiny fields cannot fill the memory. Unpacking refuses unknown fields, missing required
 * ones and enum numbers that do not exist, at every level. The functions that return values give
 * zero after a failure, so that a decoder reads on and looks at the status once, at the end.
 *
 * One reader for one decoding; it lives on the stack.
 */
#ifndef TH_WIRE_READER_H
#define TH_WIRE_READER_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/text.h"
#include "base/time.h"

#include <protobuf-c/protobuf-c.h>

struct th_wire_reader {
    struct th_arena *arena;
    size_t left_bytes; /* of the budget for unpacking */
    int status;        /* 0, or the first failure */
    ProtobufCAllocator allocator;
};

/* The allocator points to the reader: it may not be copied. Borrows the arena. */
void th_wire_reader_init(struct th_wire_reader *reader, struct th_arena *arena,
                         size_t budget_bytes);

/* Keeps the first failure. */
void th_wire_fail(struct th_wire_reader *reader, int status);
void th_wire_require(struct th_wire_reader *reader, bool condition, int status);

/* NULL after a failure: TH_E_SYNTAX, TH_E_LIMIT over the budget, TH_E_NO_MEMORY. */
const void *th_wire_unpack(struct th_wire_reader *reader,
                           const ProtobufCMessageDescriptor *descriptor, struct th_bytes bytes);

/*
 * For results that borrow nothing: unpacks in an arena of its own, which the caller deinits
 * whatever the outcome, and sets the reader up so that everything else is taken from `arena`.
 */
const void *th_wire_unpack_apart(struct th_wire_reader *reader,
                                 const ProtobufCMessageDescriptor *descriptor,
                                 struct th_bytes bytes, struct th_arena *ret_unpacked,
                                 struct th_arena *arena);

/* NULL after a failure and for a count of 0. */
void *th_wire_alloc(struct th_wire_reader *reader, size_t count, size_t size);

/* Accepted text of size_min to size_max bytes, borrowed. TH_E_TEXT, TH_E_LIMIT; TH_E_SYNTAX when
 * it is shorter. `flags` as in base/text.h. */
struct th_text th_wire_text(struct th_wire_reader *reader, ProtobufCBinaryData data,
                            size_t size_min, size_t size_max, unsigned flags);
/* A unit's code. TH_E_TEXT. */
struct th_text th_wire_unit_code(struct th_wire_reader *reader, ProtobufCBinaryData data);
/* One line of text, and a unit's code, copied with a NUL behind; "" after a failure. */
const char *th_wire_string(struct th_wire_reader *reader, ProtobufCBinaryData data, size_t size_min,
                           size_t size_max);
const char *th_wire_unit_string(struct th_wire_reader *reader, ProtobufCBinaryData data);
/* Bytes of any kind. TH_E_LIMIT. */
struct th_bytes th_wire_bytes(struct th_wire_reader *reader, ProtobufCBinaryData data,
                              size_t size_max);
/* Texts that others write and sign as a whole: no control characters, whatever their form.
 * TH_E_LIMIT, TH_E_TEXT. */
struct th_bytes th_wire_note(struct th_wire_reader *reader, ProtobufCBinaryData data,
                             size_t size_max);
/* Exactly `size` bytes; TH_E_SYNTAX. */
void th_wire_fixed(struct th_wire_reader *reader, ProtobufCBinaryData data, uint8_t *ret_bytes,
                   size_t size);
struct th_digest th_wire_digest(struct th_wire_reader *reader, ProtobufCBinaryData data);
struct th_digest *th_wire_digests(struct th_wire_reader *reader, const ProtobufCBinaryData *data,
                                  size_t count);

/* Within the years of base/time.h. TH_E_LIMIT. */
th_day th_wire_day(struct th_wire_reader *reader, int32_t number);
th_instant th_wire_instant(struct th_wire_reader *reader, int64_t ms);

/* Numbers from 1 to `max` that ascend, as many as `count_max`. TH_E_SYNTAX, TH_E_LIMIT. */
const uint16_t *th_wire_ascending(struct th_wire_reader *reader, const uint32_t *numbers,
                                  size_t count, size_t count_max, uint32_t max);

#endif
