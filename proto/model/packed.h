/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of one report in the few bytes that a row keeps: which are reported, and which of
 * those are estimates, as bitmaps over catalogue numbers, then how long each value is, then the
 * values.
 *
 *   u16 numbers (bits in a bitmap; big-endian) | reported bitmap | u8 1 and estimated bitmap, or u8
 * 0 | a length for each reported number, ascending, two bits each, four in a byte, lowest bits
 * first: 0, 1, 2, 3 for 1, 2, 4, 8 bytes; the bits that are left are 0 | the values in these
 * lengths, two's complement, little-endian
 *
 * Lengths stand apart from the values so that a value is read without a look at its bytes.
 *
 * A narrative stands among them under the number of its text indicator, with the size of its text:
 * so a row says which texts its report has.
 *
 * Pure; no allocation.
 */
#ifndef TH_MODEL_PACKED_H
#define TH_MODEL_PACKED_H

#include "base/bytes.h"
#include "proto/model/rule.h"

/* Bytes that th_packed_encode() can need at most. */
size_t th_packed_size_max(const struct th_values *values);

/* Precondition: numbers ascend; estimated ones are among them. Returns the size written. */
size_t th_packed_encode(const struct th_values *values, const uint16_t *estimated,
                        size_t estimated_count, uint8_t *ret_bytes);

/* Walks the figures in ascending order. TH_E_CORRUPT is found by th_packed_check, not while
 * walking. */
struct th_packed_cursor {
    const uint8_t *bytes;
    size_t lengths_at, at; /* the next value's */
    uint32_t index;        /* of the next value */
    uint32_t bits;
    uint32_t next;
};

TH_MUST_CHECK int th_packed_check(const uint8_t *bytes, size_t size);
/* Precondition: th_packed_check() was 0. */
void th_packed_begin(const uint8_t *bytes, size_t size, struct th_packed_cursor *ret_cursor);
bool th_packed_next(struct th_packed_cursor *cursor, uint16_t *ret_number, int64_t *ret_value,
                    bool *ret_estimated);
/* The figure of one number. False when it is not reported. */
bool th_packed_find(const uint8_t *bytes, size_t size, uint16_t number, int64_t *ret_value);

/* Into the caller's arrays of `capacity` items each. TH_E_CORRUPT, TH_E_LIMIT. */
TH_MUST_CHECK int th_packed_decode(const uint8_t *bytes, size_t size, uint16_t *numbers,
                                   int64_t *values, size_t capacity, size_t *ret_count);

/*
 * For tables of many reports: the figures at their columns, checked as th_packed_check() does and
 * against TH_LIMIT_VALUE_MAX. `column_of`: by number, `numbers` of them from number 0: a column,
 * SKIPPED, or UNKNOWN for what no report may have. Sets values[column], and bit column % 64 of
 * present[column / 64]; leaves the others as they are. TH_E_CORRUPT: some may be set.
 */
#define TH_PACKED_UNKNOWN UINT16_MAX
#define TH_PACKED_SKIPPED (UINT16_MAX - 1)
TH_MUST_CHECK int th_packed_scatter(const uint8_t *bytes, size_t size, const uint16_t *column_of,
                                    uint32_t numbers, int64_t *values, uint64_t *present);

enum { TH_PACKED_SLOTS_MAX = 64, TH_PACKED_LINES_MAX = 4 };

/* The columns of a table, looked at once for all its lines. Borrows `column_of`, which has `count`
 * columns. */
struct th_packed_columns {
    const uint16_t *column_of;
    uint32_t numbers;
    uint16_t count;
    bool is_wide; /* in the order of the numbers, and the processor has the instructions */
    struct th_packed_choice { /* then: of the numbers from 1 on, a bit for each */
        uint64_t asked[TH_PACKED_SLOTS_MAX / 8]; /* that have a column */
        uint64_t known[TH_PACKED_SLOTS_MAX / 8];
    } choice;
};
void th_packed_columns_init(const uint16_t *column_of, uint32_t numbers, uint16_t count,
                            struct th_packed_columns *ret_columns);

/* What is kept from one line of a table to the next, and from one table to the next of the same
 * columns (packed_line.c). */
struct th_packed_slots {
    struct th_packed_choice choice;                              /* that they are of, */
    uint32_t numbers;                                            /* and these */
    uint8_t byte[TH_PACKED_SLOTS_MAX], bit[TH_PACKED_SLOTS_MAX]; /* of the bitmap, by slot */
    uint8_t other[TH_PACKED_SLOTS_MAX];                          /* bits that have no slot */
    struct th_packed_group {
        uint16_t column;       /* of the first slot that has one */
        uint8_t asked, stored; /* slots that have a column; columns that the line has from there */
    } eights[TH_PACKED_SLOTS_MAX / 8];
    uint32_t slot_of[TH_PACKED_SLOTS_MAX / 2]; /* of the first columns */
    uint64_t asked;                            /* slots that have a column */
    uint16_t columns;                          /* that have a slot */
    uint32_t count;
    struct th_packed_bitmap { /* of the line before */
        uint32_t bits;        /* more than a bitmap has: there was none */
        uint32_t flag_at, last_bit;
        uint64_t bytes; /* a bit for each that it has */
        /* And of all that stands before the lengths, for the next lines (packed_lines.c); 0: more
         * than there is room for. */
        uint64_t head;
        uint8_t expected[TH_PACKED_SLOTS_MAX], matters[TH_PACKED_SLOTS_MAX];
    } bitmap;
};
void th_packed_slots_init(struct th_packed_slots *ret_slots);
/* For the lines that follow, of these columns. */
void th_packed_slots_begin(const struct th_packed_columns *columns, struct th_packed_slots *slots);

/* As th_packed_scatter(), for up to TH_PACKED_LINES_MAX whole lines, one behind the other in
 * `values` and `present`: what is not reported becomes 0. `slots`: the caller's, begun for
 * these columns. TH_E_CORRUPT: the lines are undefined. */
TH_MUST_CHECK int th_packed_lines(const struct th_packed_columns *columns,
                                  struct th_packed_slots *slots, const struct th_bytes *lines,
                                  size_t count, int64_t *values, uint64_t *present);

#endif
