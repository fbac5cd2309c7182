/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of a table. The last byte of each varint is the one without its highest bit: the ends in 64
 * bytes are found at once, so that no figure waits for the one before it, and a short varint is put
 * together without a loop. What is longer, estimated or odd takes the plain way, which also says
 * whether it is right.
 */
#include "proto/model/packed.h"

#include <string.h>

#define COUNT_SIZE 2
#define WORD       8
#define BLOCK      64
#define ROOM       512 /* bytes of varints that take the quick way */
#define SHORT_MAX  7   /* bytes of a varint whose value is surely below TH_LIMIT_VALUE_MAX */
#define TOP_BITS   UINT64_C(0x8080808080808080)

struct scatter {
    const uint16_t *column_of;
    uint32_t numbers;
    int64_t *values;
    uint64_t *present;
};

/* The bits of `present` are gathered in a word until a column of another word comes. */
struct bits {
    size_t at;
    uint64_t word;
};

static void flush(const struct scatter *to, const struct bits *bits)
{
    if (bits->word != 0)
        to->present[bits->at] |= bits->word;
}

static inline void set(const struct scatter *to, uint16_t column, struct bits *bits)
{
    if (column / 64U != bits->at) {
        flush(to, bits);
        *bits = (struct bits){column / 64U, 0};
    }
    bits->word |= UINT64_C(1) << (column % 64);
}

/* False: no report may have this number or this value. */
static bool put(const struct scatter *to, uint32_t number, int64_t value, struct bits *bits)
{
    uint16_t column = number < to->numbers ? to->column_of[number] : TH_PACKED_UNKNOWN;
    if (value > TH_LIMIT_VALUE_MAX || value < -TH_LIMIT_VALUE_MAX)
        return false;
    if (column >= TH_PACKED_SKIPPED)
        return column == TH_PACKED_SKIPPED;
    to->values[column] = value;
    set(to, column, bits);
    return true;
}

static int scatter_plainly(const uint8_t *bytes, size_t size, const struct scatter *to)
{
    struct th_packed_cursor cursor;
    uint16_t number;
    int64_t value;
    bool estimated;
    struct bits present = {0, 0};
    if (th_packed_check(bytes, size) < 0)
        return TH_E_CORRUPT;
    th_packed_begin(bytes, size, &cursor);
    while (th_packed_next(&cursor, &number, &value, &estimated))
        if (!put(to, number, value, &present))
            return TH_E_CORRUPT;
    flush(to, &present);
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

/* The value of a varint of `size` bytes, 1 to 7, from the word that begins with it. */
static int64_t value_of(uint64_t word, unsigned size)
{
    uint64_t x = word & ((UINT64_C(1) << 8 * size) - 1) & ~TOP_BITS;
    x = (x & UINT64_C(0x007f007f007f007f)) | (x & UINT64_C(0x7f007f007f007f00)) >> 1;
    x = (x & UINT64_C(0x00003fff00003fff)) | (x & UINT64_C(0x3fff00003fff0000)) >> 2;
    x = (x & UINT64_C(0x000000000fffffff)) | (x & UINT64_C(0x0fffffff00000000)) >> 4;
    return (int64_t)(x >> 1 ^ (0 - (x & 1)));
}

/* The word that begins at `at`, with zeroes behind the end. Precondition: at < size, WORD <= size.
 */
static inline uint64_t word_at(const uint8_t *bytes, size_t size, size_t at)
{
    size_t left = size - at;
    return left >= WORD ? load(bytes + at) : load(bytes + size - WORD) >> (WORD - left) * 8;
}

/* Bit i: byte at + i is the last one of a varint. */
static uint64_t ends_from(const uint8_t *bytes, size_t size, size_t at)
{
    size_t left = size - at < BLOCK ? size - at : BLOCK;
    uint64_t tops = 0;
    for (size_t i = 0; i < left; i += WORD)
        tops |= top_bits(word_at(bytes, size, at + i)) << i;
    return ~tops & UINT64_MAX >> (BLOCK - left);
}

/* The values of the varints from `start` on; false: they are not the shortest ones, or one is long.
 */
static bool decode(const uint8_t *bytes, size_t size, size_t start, int64_t *ret_values,
                   size_t *ret_count)
{
    size_t count = 0;
    uint64_t is_odd = 0;
    for (size_t at = start; at < size; at += BLOCK)
        for (uint64_t ends = ends_from(bytes, size, at); ends != 0; ends &= ends - 1) {
            size_t end = at + (size_t)__builtin_ctzll(ends) + 1, each = end - start;
            /* Sizes are random: no branch may depend on them. */
            is_odd |=
                (uint64_t)(each > SHORT_MAX) | ((each - 1) & -(uint64_t)(bytes[end - 1] == 0));
            ret_values[count++] = value_of(word_at(bytes, size, start), (unsigned)(each & 7));
            start = end;
        }
    *ret_count = count;
    return start == size && is_odd == 0;
}

/* Bits of the bitmap that begin at byte `at`. */
static uint64_t bits_at(const uint8_t *bitmap, size_t size, size_t at)
{
    uint8_t bytes[WORD] = {0};
    if (size - at >= WORD)
        return load(bitmap + at);
    memcpy(bytes, bitmap + at, size - at);
    return load(bytes);
}

/* False: there are more or fewer values than bits, or a number that nobody knows. The bitmap's last
 * bit is a number below to->numbers. */
static bool place(const uint8_t *bitmap, size_t size, const int64_t *values, size_t count,
                  const struct scatter *to)
{
    struct bits present = {0, 0};
    size_t i = 0;
    for (size_t at = 0; at < size; at += WORD)
        for (uint64_t bits = bits_at(bitmap, size, at); bits != 0; bits &= bits - 1) {
            size_t number = at * 8 + (size_t)__builtin_ctzll(bits) + 1;
            uint16_t column = to->column_of[number];
            if (i == count || column == TH_PACKED_UNKNOWN)
                return false;
            int64_t value = values[i++];
            if (column == TH_PACKED_SKIPPED)
                continue;
            to->values[column] = value;
            set(to, column, &present);
        }
    flush(to, &present);
    return i == count;
}

int th_packed_scatter(const uint8_t *bytes, size_t size, const uint16_t *column_of,
                      uint32_t numbers, int64_t *values, uint64_t *present)
{
    int64_t found[ROOM];
    size_t count = 0;
    const struct scatter to = {column_of, numbers, values, present};
    uint32_t bits = size < COUNT_SIZE ? 0 : (uint32_t)bytes[0] << 8 | bytes[1];
    size_t bitmap = (bits + 7) / 8, at = COUNT_SIZE + bitmap + 1;
    if (bits >= numbers || size < WORD || size < at || size - at > ROOM || bytes[at - 1] != 0)
        return scatter_plainly(bytes, size, &to);
    /* The last number is the bitmap's last bit. */
    if (bits > 0 && bytes[at - 2] >> ((bits - 1) % 8) != 1)
        return TH_E_CORRUPT;
    if (decode(bytes, size, at, found, &count) &&
        place(bytes + COUNT_SIZE, bitmap, found, count, &to))
        return 0;
    return scatter_plainly(bytes, size, &to);
}
