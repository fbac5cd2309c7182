/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit n-1 of a bitmap stands for number n: byte (n-1)/8, lowest bit first. The bitmaps end at the
 * highest reported number, and varints are as short as they can be, so equal figures are equal
 * bytes.
 */
#include "proto/model/packed.h"

#include "base/assert.h"

#include <string.h>

#define COUNT_SIZE      2
#define VARINT_SIZE_MAX 10

static size_t bitmap_size(uint32_t bits)
{
    return (bits + 7) / 8;
}

static bool bit_is_set(const uint8_t *bitmap, uint32_t bit)
{
    return (bitmap[bit / 8] >> (bit % 8) & 1) != 0;
}

static void set_bit(uint8_t *bitmap, uint32_t bit)
{
    bitmap[bit / 8] = (uint8_t)(bitmap[bit / 8] | 1U << (bit % 8));
}

static uint32_t read_bits(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* Where the byte stands that says whether estimates follow. */
static size_t flag_at(uint32_t bits)
{
    return COUNT_SIZE + bitmap_size(bits);
}

static const uint8_t *estimated_bitmap(const uint8_t *bytes, uint32_t bits)
{
    return bytes[flag_at(bits)] == 1 ? bytes + flag_at(bits) + 1 : NULL;
}

static size_t values_at(const uint8_t *bytes, uint32_t bits)
{
    return flag_at(bits) + 1 + (bytes[flag_at(bits)] == 1 ? bitmap_size(bits) : 0);
}

size_t th_packed_size_max(const struct th_values *values)
{
    uint32_t bits = values->count == 0 ? 0 : values->numbers[values->count - 1];
    return COUNT_SIZE + 2 * bitmap_size(bits) + 1 + values->count * VARINT_SIZE_MAX;
}

static size_t write_varint(int64_t value, uint8_t *bytes)
{
    uint64_t rest = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    size_t size = 0;
    while (rest >= 0x80) {
        bytes[size++] = (uint8_t)(rest | 0x80);
        rest >>= 7;
    }
    bytes[size++] = (uint8_t)rest;
    return size;
}

size_t th_packed_encode(const struct th_values *values, const uint16_t *estimated,
                        size_t estimated_count, uint8_t *ret_bytes)
{
    uint32_t bits = values->count == 0 ? 0 : values->numbers[values->count - 1];
    ret_bytes[0] = (uint8_t)(bits >> 8);
    ret_bytes[1] = (uint8_t)bits;
    memset(ret_bytes + COUNT_SIZE, 0, bitmap_size(bits));
    for (size_t i = 0; i < values->count; i++) {
        TH_ASSERT(values->numbers[i] > (i == 0 ? 0 : values->numbers[i - 1]));
        set_bit(ret_bytes + COUNT_SIZE, values->numbers[i] - 1U);
    }
    ret_bytes[flag_at(bits)] = estimated_count > 0;
    if (estimated_count > 0) {
        uint8_t *bitmap = ret_bytes + flag_at(bits) + 1;
        memset(bitmap, 0, bitmap_size(bits));
        for (size_t i = 0; i < estimated_count; i++) {
            TH_ASSERT(estimated[i] > 0 && estimated[i] <= bits);
            TH_ASSERT(bit_is_set(ret_bytes + COUNT_SIZE, estimated[i] - 1U));
            set_bit(bitmap, estimated[i] - 1U);
        }
    }
    size_t at = values_at(ret_bytes, bits);
    for (size_t i = 0; i < values->count; i++)
        at += write_varint(values->values[i], ret_bytes + at);
    return at;
}

/* The size of the varint at `bytes`, 0 when it is not a shortest one of 64 bits. */
static size_t varint_size(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size && i < VARINT_SIZE_MAX; i++) {
        if ((bytes[i] & 0x80) != 0)
            continue;
        bool too_long = i > 0 && bytes[i] == 0;
        bool too_large = i == VARINT_SIZE_MAX - 1 && bytes[i] > 1;
        return too_long || too_large ? 0 : i + 1;
    }
    return 0;
}

static bool bitmaps_are_right(const uint8_t *bytes, uint32_t bits)
{
    const uint8_t *reported = bytes + COUNT_SIZE, *estimated = estimated_bitmap(bytes, bits);
    if (bits > 0 && !bit_is_set(reported, bits - 1))
        return false;
    if (bits % 8 != 0 && reported[bits / 8] >> (bits % 8) != 0)
        return false;
    bool any = estimated == NULL;
    for (size_t i = 0; estimated != NULL && i < bitmap_size(bits); i++) {
        if ((estimated[i] & ~reported[i]) != 0)
            return false;
        any = any || estimated[i] != 0;
    }
    return any;
}

/* A varint, zigzag undone. False when it is not a shortest one of 64 bits. */
static bool read_varint(const uint8_t *bytes, size_t size, size_t *at, int64_t *ret_value)
{
    size_t varint = varint_size(bytes + *at, size - *at);
    uint64_t raw = 0;
    for (size_t i = varint; i-- > 0;)
        raw = raw << 7 | (bytes[*at + i] & 0x7f);
    *at += varint;
    *ret_value = (int64_t)(raw >> 1 ^ ((raw & 1) != 0 ? UINT64_MAX : 0));
    return varint > 0;
}

/* Everything before the values. */
static bool head_is_right(const uint8_t *bytes, size_t size)
{
    if (size < COUNT_SIZE)
        return false;
    uint32_t bits = read_bits(bytes);
    return bits <= TH_LIMIT_INDICATORS_MAX && size > flag_at(bits) && bytes[flag_at(bits)] <= 1 &&
           size >= values_at(bytes, bits) && bitmaps_are_right(bytes, bits);
}

int th_packed_decode(const uint8_t *bytes, size_t size, uint16_t *numbers, int64_t *values,
                     size_t capacity, size_t *ret_count)
{
    if (!head_is_right(bytes, size))
        return TH_E_CORRUPT;
    const uint32_t bits = read_bits(bytes);
    size_t at = values_at(bytes, bits), count = 0;
    int64_t ignored;
    for (uint32_t first = 0; first < bits; first += 8)
        for (unsigned rest = bytes[COUNT_SIZE + first / 8]; rest != 0; rest &= rest - 1, count++) {
            if (!read_varint(bytes, size, &at, count < capacity ? &values[count] : &ignored))
                return TH_E_CORRUPT;
            if (count < capacity)
                numbers[count] = (uint16_t)(first + 1 + (unsigned)__builtin_ctz(rest));
        }
    if (at != size)
        return TH_E_CORRUPT;
    if (count > capacity)
        return TH_E_LIMIT;
    *ret_count = count;
    return 0;
}

int th_packed_check(const uint8_t *bytes, size_t size)
{
    size_t count;
    int status = th_packed_decode(bytes, size, NULL, NULL, 0, &count);
    return status == TH_E_LIMIT ? 0 : status;
}

void th_packed_begin(const uint8_t *bytes, size_t size, struct th_packed_cursor *ret_cursor)
{
    uint32_t bits = read_bits(bytes);
    *ret_cursor = (struct th_packed_cursor){
        .bytes = bytes, .size = size, .at = values_at(bytes, bits), .bits = bits, .next = 1};
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
    const uint8_t *estimated = estimated_bitmap(cursor->bytes, cursor->bits);
    cursor->next = find_reported(cursor->bytes + COUNT_SIZE, cursor->next, cursor->bits);
    if (cursor->next > cursor->bits)
        return false;
    bool is_whole = read_varint(cursor->bytes, cursor->size, &cursor->at, ret_value);
    TH_ASSERT(is_whole);
    *ret_number = (uint16_t)cursor->next;
    *ret_estimated = estimated != NULL && bit_is_set(estimated, cursor->next - 1);
    cursor->next++;
    return true;
}

bool th_packed_find(const uint8_t *bytes, size_t size, uint16_t number, int64_t *ret_value)
{
    const uint8_t *reported = bytes + COUNT_SIZE;
    const uint32_t bits = read_bits(bytes);
    if (number == 0 || number > bits || !bit_is_set(reported, number - 1U))
        return false;
    unsigned before =
        (unsigned)__builtin_popcount(reported[(number - 1U) / 8] & ((1U << (number - 1U) % 8) - 1));
    for (uint32_t i = 0; i < (number - 1U) / 8; i++)
        before += (unsigned)__builtin_popcount(reported[i]);
    size_t at = values_at(bytes, bits);
    for (; before > 0; at++) /* a varint ends with the first byte without the high bit */
        before -= (bytes[at] & 0x80) == 0;
    bool is_whole = read_varint(bytes, size, &at, ret_value);
    TH_ASSERT(is_whole);
    return true;
}

bool th_packed_has_estimates(const uint8_t *bytes, size_t size)
{
    TH_ASSERT(size > COUNT_SIZE);
    return bytes[flag_at(read_bits(bytes))] == 1;
}
