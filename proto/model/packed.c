/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit n-1 of a bitmap stands for number n: byte (n-1)/8, lowest bit first. The bitmaps end at the
 * highest reported number, and lengths are the shortest ones, so equal figures are equal bytes.
 */
#include "proto/model/packed_form.h"

#include "base/assert.h"

#include <string.h>

#define LENGTH_MAX 8

static void set_bit(uint8_t *bitmap, uint32_t bit)
{
    bitmap[bit / 8] = (uint8_t)(bitmap[bit / 8] | 1U << (bit % 8));
}

static uint32_t highest(const struct th_values *values)
{
    return values->count == 0 ? 0 : values->numbers[values->count - 1];
}

/* Each value has LENGTH_MAX bytes, so that one can be written whole and cut by the next. So can the
 * words of the bitmap, the last of which may end after all that follows. */
size_t th_packed_size_max(const struct th_values *values)
{
    return PACKED_COUNT_SIZE + 2 * packed_bitmap_size(highest(values)) + 1 +
           packed_lengths_size(values->count) + values->count * LENGTH_MAX + PACKED_WORD;
}

/* 8, 16, 32 or 64 bits as 0 to 3, without a branch on what the value is. */
static unsigned shortest(int64_t value)
{
    const uint64_t magnitude = (uint64_t)value ^ (uint64_t)(value >> 63);
    const bool is_long[] = {magnitude > INT8_MAX, magnitude > INT16_MAX, magnitude > INT32_MAX};
    return (unsigned)is_long[0] + is_long[1] + is_long[2];
}

/* Lengths are gathered in a register: each byte of them would wait for the one before. Returns the
 * size. */
static size_t write_values(const struct th_values *values, uint8_t *lengths)
{
    enum { IN_WORD = 4 * PACKED_WORD };
    const size_t lengths_size = packed_lengths_size(values->count);
    uint8_t *at = lengths + lengths_size;
    for (size_t first = 0; first < values->count; first += IN_WORD) {
        const size_t left = values->count - first;
        uint64_t word = 0;
        for (size_t i = 0; i < (left < IN_WORD ? left : IN_WORD); i++) {
            const unsigned length = shortest(values->values[first + i]);
            word |= (uint64_t)length << 2 * i;
            packed_store(at, (uint64_t)values->values[first + i]);
            at += packed_value_size(length);
        }
        for (size_t i = 0; i < (left < IN_WORD ? (left + 3) / 4 : PACKED_WORD); i++)
            lengths[first / 4 + i] = (uint8_t)(word >> 8 * i);
    }
    return (size_t)(at - lengths);
}

/* Likewise, by words: up to seven bytes behind the bitmap are written too. */
static void write_bitmap(const struct th_values *values, uint32_t bits, uint8_t *bitmap)
{
    uint64_t word = 0;
    uint32_t first = 0;
    for (size_t i = 0; i < values->count; i++) {
        const uint32_t bit = values->numbers[i] - 1U;
        TH_ASSERT(values->numbers[i] > (i == 0 ? 0 : values->numbers[i - 1]));
        for (; bit - first >= 64; first += 64, word = 0)
            packed_store(bitmap + first / 8, word);
        word |= UINT64_C(1) << (bit - first);
    }
    for (; first < bits; first += 64, word = 0)
        packed_store(bitmap + first / 8, word);
}

size_t th_packed_encode(const struct th_values *values, const uint16_t *estimated,
                        size_t estimated_count, uint8_t *ret_bytes)
{
    const uint32_t bits = highest(values);
    uint8_t *reported = ret_bytes + PACKED_COUNT_SIZE;
    uint8_t *flag = reported + packed_bitmap_size(bits);
    ret_bytes[0] = (uint8_t)(bits >> 8);
    ret_bytes[1] = (uint8_t)bits;
    write_bitmap(values, bits, reported);
    *flag = estimated_count > 0;
    if (estimated_count > 0) {
        memset(flag + 1, 0, packed_bitmap_size(bits));
        for (size_t i = 0; i < estimated_count; i++) {
            TH_ASSERT(estimated[i] > 0 && estimated[i] <= bits);
            TH_ASSERT(packed_bit_is_set(reported, estimated[i] - 1U));
            set_bit(flag + 1, estimated[i] - 1U);
        }
    }
    uint8_t *lengths = flag + 1 + (estimated_count > 0 ? packed_bitmap_size(bits) : 0);
    return (size_t)(lengths - ret_bytes) + write_values(values, lengths);
}

/* ---- what is checked already ---- */

static const uint8_t *estimated_bitmap(const uint8_t *bytes, uint32_t bits)
{
    const uint8_t *flag = bytes + packed_flag_at(bits);
    return *flag == 1 ? flag + 1 : NULL;
}

/* The first `bits`, 64 at most; the others are 0. Not every processor of this architecture counts
 * bits by itself, and a call for each byte is dear. */
static uint64_t first_bits(const uint8_t *bytes, uint32_t bits)
{
    uint64_t word = 0;
    if (bits >= 64)
        return packed_load(bytes);
    for (uint32_t i = 0; i < (bits + 7) / 8; i++)
        word |= (uint64_t)bytes[i] << 8 * i;
    return word & ((UINT64_C(1) << bits) - 1);
}

/* Bits of a word: by two, by four, by eight, then all bytes together. */
static uint32_t count_word(uint64_t word)
{
    word -= word >> 1 & UINT64_C(0x5555555555555555);
    word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
    word = (word + (word >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (uint32_t)(word * UINT64_C(0x0101010101010101) >> 56);
}

/* Bits of a bitmap's first `bits`. */
static uint32_t count_bits(const uint8_t *bitmap, uint32_t bits)
{
    uint32_t count = 0;
    for (uint32_t at = 0; at < bits; at += 64)
        count += count_word(first_bits(bitmap + at / 8, bits - at));
    return count;
}

/* Bytes of the first `count` values. A length of the bits h and l is (1 + l) × (1 + 3h) bytes. */
static size_t count_sizes(const uint8_t *lengths, uint32_t count)
{
    size_t size = count;
    for (uint32_t at = 0; at < count; at += 32) {
        const uint64_t word = first_bits(lengths + at / 4, 2 * (count - at));
        const uint64_t low = word & UINT64_C(0x5555555555555555);
        const uint64_t high = word >> 1 & UINT64_C(0x5555555555555555);
        size += count_word(low) + 3 * (count_word(high) + count_word(low & high));
    }
    return size;
}

static unsigned size_of(const uint8_t *lengths, uint32_t index)
{
    return packed_value_size(lengths[index / 4] >> index % 4 * 2 & 3);
}

void th_packed_begin(const uint8_t *bytes, size_t size, struct th_packed_cursor *ret_cursor)
{
    const uint32_t bits = packed_bits(bytes);
    const size_t lengths_at = packed_lengths_at(bytes, bits);
    const uint32_t count = count_bits(bytes + PACKED_COUNT_SIZE, bits);
    TH_ASSERT(lengths_at + packed_lengths_size(count) <= size);
    *ret_cursor = (struct th_packed_cursor){.bytes = bytes,
                                            .lengths_at = lengths_at,
                                            .at = lengths_at + packed_lengths_size(count),
                                            .bits = bits,
                                            .next = 1};
}

/* The next number that is reported, from `next` on; above `bits` when there is none. */
static uint32_t find_reported(const uint8_t *reported, uint32_t next, uint32_t bits)
{
    while (next <= bits) {
        unsigned rest = (unsigned)reported[(next - 1) / 8] >> (next - 1) % 8;
        if (rest != 0)
            return next + (unsigned)__builtin_ctz(rest);
        next += 8 - (next - 1) % 8;
    }
    return next;
}

bool th_packed_next(struct th_packed_cursor *cursor, uint16_t *ret_number, int64_t *ret_value,
                    bool *ret_estimated)
{
    const uint8_t *bytes = cursor->bytes;
    const uint8_t *estimated = estimated_bitmap(bytes, cursor->bits);
    cursor->next = find_reported(bytes + PACKED_COUNT_SIZE, cursor->next, cursor->bits);
    if (cursor->next > cursor->bits)
        return false;
    const unsigned size = size_of(bytes + cursor->lengths_at, cursor->index++);
    *ret_value = packed_value(bytes + cursor->at, size);
    *ret_number = (uint16_t)cursor->next;
    *ret_estimated = estimated != NULL && packed_bit_is_set(estimated, cursor->next - 1);
    cursor->at += size;
    cursor->next++;
    return true;
}

bool th_packed_find(const uint8_t *bytes, size_t size, uint16_t number, int64_t *ret_value)
{
    const uint8_t *reported = bytes + PACKED_COUNT_SIZE;
    const uint32_t bits = packed_bits(bytes);
    if (number == 0 || number > bits || !packed_bit_is_set(reported, number - 1U))
        return false;
    const uint8_t *lengths = bytes + packed_lengths_at(bytes, bits);
    const uint32_t index = count_bits(reported, number - 1U);
    const uint8_t *at = lengths + packed_lengths_size(count_bits(reported, bits));
    at += count_sizes(lengths, index);
    const unsigned value_size = size_of(lengths, index);
    TH_ASSERT((size_t)(at - bytes) + value_size <= size);
    *ret_value = packed_value(at, value_size);
    return true;
}
