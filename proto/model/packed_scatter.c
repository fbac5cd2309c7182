/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of a table. The last byte of each varint is the one without its highest bit: the ends of 8
 * varints at a time are found first, so that no figure waits for the one before it, and a varint of
 * up to 8 bytes is put together without a loop. Longer ones take the plain way.
 */
#include "proto/model/packed.h"

#include <string.h>

#define COUNT_SIZE 2
#define WORD       8
#define ROOM       512 /* bytes of varints that take the quick way */
#define TOP_BITS   UINT64_C(0x8080808080808080)

struct scatter {
    const uint16_t *column_of;
    uint32_t numbers;
    int64_t *values;
    uint64_t *present;
};

/* False: no report may have this number or this value. */
static bool put(const struct scatter *to, uint32_t number, int64_t value)
{
    uint16_t column = number < to->numbers ? to->column_of[number] : TH_PACKED_UNKNOWN;
    if (column == TH_PACKED_UNKNOWN || value > TH_LIMIT_VALUE_MAX || value < -TH_LIMIT_VALUE_MAX)
        return false;
    if (column == TH_PACKED_SKIPPED)
        return true;
    to->values[column] = value;
    to->present[column / 64] |= UINT64_C(1) << (column % 64);
    return true;
}

static int scatter_plainly(const uint8_t *bytes, size_t size, const struct scatter *to)
{
    struct th_packed_cursor cursor;
    uint16_t number;
    int64_t value;
    bool estimated;
    if (th_packed_check(bytes, size) < 0)
        return TH_E_CORRUPT;
    th_packed_begin(bytes, size, &cursor);
    while (th_packed_next(&cursor, &number, &value, &estimated))
        if (!put(to, number, value))
            return TH_E_CORRUPT;
    return 0;
}

static uint64_t load(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Bit i: the highest bit of byte i. */
static uint64_t top_bits(uint64_t word)
{
    return (word & TOP_BITS) / 128 * UINT64_C(0x0102040810204080) >> 56;
}

/* The value of a varint of `size` bytes, at most 8, from the word that begins with it. */
static int64_t value_of(uint64_t word, unsigned size)
{
    uint64_t x = word << (64 - 8 * size) >> (64 - 8 * size) & ~TOP_BITS;
    x = (x & UINT64_C(0x007f007f007f007f)) | (x & UINT64_C(0x7f007f007f007f00)) >> 1;
    x = (x & UINT64_C(0x00003fff00003fff)) | (x & UINT64_C(0x3fff00003fff0000)) >> 2;
    x = (x & UINT64_C(0x000000000fffffff)) | (x & UINT64_C(0x0fffffff00000000)) >> 4;
    return (int64_t)(x >> 1 ^ (0 - (x & 1)));
}

/* The numbers of a bitmap, one after the other. */
struct numbers {
    const uint8_t *bitmap;
    size_t size, at; /* bytes; of the next word */
    uint64_t word;
};

static uint32_t next_number(struct numbers *numbers)
{
    while (numbers->word == 0) {
        uint8_t bytes[WORD] = {0};
        size_t left = numbers->size - numbers->at;
        if (left == 0)
            return 0;
        size_t size = left < WORD ? left : WORD;
        memcpy(bytes, numbers->bitmap + numbers->at, size);
        numbers->word = load(bytes);
        numbers->at += size;
    }
    uint32_t bit = (uint32_t)__builtin_ctzll(numbers->word);
    uint32_t base = (uint32_t)((numbers->at - 1) / WORD * WORD * 8);
    numbers->word &= numbers->word - 1;
    return base + bit + 1;
}

/* No estimates; `bytes` are the varints with a word of zeroes behind them. */
static bool scatter_quickly(const uint8_t *bytes, size_t size, struct numbers *numbers,
                            const struct scatter *to)
{
    size_t start = 0;
    for (size_t at = 0; at < size; at += WORD) {
        uint64_t ends = ~top_bits(load(bytes + at)) & 0xff;
        if (size - at < WORD)
            ends &= (UINT64_C(1) << (size - at)) - 1;
        for (; ends != 0; ends &= ends - 1) {
            size_t end = at + (size_t)__builtin_ctzll(ends) + 1;
            uint32_t number = next_number(numbers);
            bool is_shortest = end - start == 1 || bytes[end - 1] != 0;
            if (end - start > WORD || !is_shortest || number == 0 ||
                !put(to, number, value_of(load(bytes + start), (unsigned)(end - start))))
                return false;
            start = end;
        }
    }
    return start == size && next_number(numbers) == 0;
}

int th_packed_scatter(const uint8_t *bytes, size_t size, const uint16_t *column_of,
                      uint32_t numbers, int64_t *values, uint64_t *present)
{
    uint8_t varints[ROOM + WORD];
    const struct scatter to = {column_of, numbers, values, present};
    uint32_t bits = size < COUNT_SIZE ? 0 : (uint32_t)bytes[0] << 8 | bytes[1];
    size_t bitmap = (bits + 7) / 8, at = COUNT_SIZE + bitmap + 1;
    if (size < at || size - at > ROOM || bytes[at - 1] != 0 || bits > TH_LIMIT_INDICATORS_MAX)
        return scatter_plainly(bytes, size, &to);
    /* The last number is bit `bits`, and no higher bit is set. */
    if (bits > 0 && bytes[at - 2] >> ((bits - 1) % 8) != 1)
        return TH_E_CORRUPT;
    memcpy(varints, bytes + at, size - at);
    memset(varints + (size - at), 0, WORD);
    struct numbers reported = {.bitmap = bytes + COUNT_SIZE, .size = bitmap};
    if (scatter_quickly(varints, size - at, &reported, &to))
        return 0;
    return scatter_plainly(bytes, size, &to);
}
