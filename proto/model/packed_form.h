/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand in packed figures (proto/model/packed.h): for packed*.c. */
#ifndef TH_MODEL_PACKED_FORM_H
#define TH_MODEL_PACKED_FORM_H

#include "base/cpu.h"
#include "proto/model/packed.h"

#include <string.h>

#define PACKED_COUNT_SIZE 2
#define PACKED_WORD       8

static inline size_t packed_bitmap_size(uint32_t bits)
{
    return (bits + 7) / 8;
}

static inline size_t packed_lengths_size(size_t count)
{
    return (count + 3) / 4;
}

static inline bool packed_bit_is_set(const uint8_t *bitmap, uint32_t bit)
{
    return (bitmap[bit / 8] >> (bit % 8) & 1) != 0;
}

static inline uint32_t packed_bits(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* Where the byte stands that says whether estimates follow. */
static inline size_t packed_flag_at(uint32_t bits)
{
    return PACKED_COUNT_SIZE + packed_bitmap_size(bits);
}

static inline size_t packed_lengths_at(const uint8_t *bytes, uint32_t bits)
{
    size_t flag = packed_flag_at(bits);
    return flag + 1 + (bytes[flag] == 1 ? packed_bitmap_size(bits) : 0);
}

static inline uint64_t packed_load(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void packed_store(uint8_t *bytes, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(bytes, &word, sizeof word);
}

/* The size of a value by its length. */
static inline unsigned packed_value_size(unsigned length)
{
    return 1U << length;
}

/* A value by its bytes: 1, 2, 4 or 8. */
static inline int64_t packed_value(const uint8_t *bytes, unsigned size)
{
    uint64_t word = 0;
    for (unsigned i = size; i-- > 0;)
        word = word << 8 | bytes[i];
    return (int64_t)(word << (64 - 8 * size)) >> (64 - 8 * size);
}

#ifdef TH_CPU_WIDE
/* packed_lines.c; `count` lines, up to TH_PACKED_LINES_MAX. False: they are not for it, and nothing
 * of `values` and `present` counts. */
bool th_packed_wide_lines(const struct th_packed_columns *columns,
                          const struct th_packed_slots *slots, const struct th_bytes *lines,
                          size_t count, int64_t *values, uint64_t *present);
#endif

#endif
