/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All figures at once, from bytes that nobody has checked: first the numbers, from the bitmap; then
 * the values, each a load and a shift without a branch on what it is. A load is of the eight bytes
 * that end with the value, so its sign comes with the shift, and nothing behind the packed bytes is
 * touched. What was read is judged once, at the end.
 */
#include "proto/model/packed_form.h"

struct head {
    uint32_t bits;
    size_t lengths_at;
};

/* Some are estimated, all of them reported. Precondition: both bitmaps are there. */
static bool estimates_are_right(const uint8_t *bytes, uint32_t bits)
{
    const uint8_t *reported = bytes + PACKED_COUNT_SIZE;
    const uint8_t *estimated = bytes + packed_flag_at(bits) + 1;
    unsigned any = 0, other = 0;
    for (size_t i = 0; i < packed_bitmap_size(bits); i++) {
        any |= estimated[i];
        other |= estimated[i] & ~(unsigned)reported[i];
    }
    return any != 0 && other == 0;
}

/* Everything before the lengths. False: corrupt. */
static inline bool read_head(const uint8_t *bytes, size_t size, struct head *ret_head)
{
    if (size <= PACKED_COUNT_SIZE)
        return false;
    const uint32_t bits = packed_bits(bytes);
    const size_t flag = packed_flag_at(bits);
    if (bits > TH_LIMIT_INDICATORS_MAX || size <= flag || bytes[flag] > 1)
        return false;
    /* The last number is the bitmap's last bit. */
    if (bits > 0 && bytes[flag - 1] >> (bits - 1) % 8 != 1)
        return false;
    const size_t lengths_at = packed_lengths_at(bytes, bits);
    if (size < lengths_at || (bytes[flag] == 1 && !estimates_are_right(bytes, bits)))
        return false;
    *ret_head = (struct head){bits, lengths_at};
    return true;
}

/* The bits of the numbers first + 1 to first + 64, as far as the bitmap goes. */
static inline uint64_t reported(const uint8_t *bytes, const struct head *head, uint32_t first)
{
    const uint8_t *bitmap = bytes + PACKED_COUNT_SIZE + first / 8;
    const size_t left = packed_bitmap_size(head->bits - first);
    uint64_t word = 0;
    if (left >= PACKED_WORD)
        return packed_load(bitmap);
    for (size_t i = 0; i < left; i++)
        word |= (uint64_t)bitmap[i] << 8 * i;
    return word;
}

struct reader {
    const uint8_t *bytes;
    size_t size, at;
    size_t loadable;   /* words that may be loaded begin below it */
    size_t lengths_at; /* of the next four values */
    uint64_t too_long; /* values that have more bytes than they need */
};

/* False: the bytes end before, or bits behind the last length are set. */
static inline bool begin_values(const uint8_t *bytes, size_t size, size_t lengths_at, size_t count,
                                struct reader *ret_reader)
{
    const size_t at = lengths_at + packed_lengths_size(count);
    if (size < at + count || (count % 4 != 0 && bytes[at - 1] >> count % 4 * 2 != 0))
        return false;
    *ret_reader = (struct reader){.bytes = bytes,
                                  .size = size,
                                  .at = at,
                                  .loadable = size < PACKED_WORD ? 0 : size - PACKED_WORD + 1,
                                  .lengths_at = lengths_at};
    return true;
}

/* The word that ends at `end`, where no word can be loaded: as if there were zeroes before the
 * first byte. Corrupt bytes may have their end before it: then 0. */
static uint64_t odd_word(const uint8_t *bytes, size_t size, size_t end)
{
    uint64_t word = 0;
    if (end > size)
        return 0;
    for (size_t i = end; i-- > 0;)
        word = word << 8 | bytes[i];
    return word << (PACKED_WORD - end) * 8;
}

static inline int64_t take(struct reader *reader, unsigned length)
{
    /* By length: values from -half to range - half - 1 have a shorter one. */
    static const struct {
        uint64_t size, shift, half, range;
    } forms[] = {{1, 56, 0, 0},
                 {2, 48, 0x80, 0x100},
                 {4, 32, 0x8000, 0x10000},
                 {8, 0, 0x80000000, 0x100000000}};
    reader->at += forms[length].size;
    const size_t from = reader->at - PACKED_WORD; /* wraps when it would be before the bytes */
    const uint64_t word = from < reader->loadable
                              ? packed_load(reader->bytes + from)
                              : odd_word(reader->bytes, reader->size, reader->at);
    const int64_t value = (int64_t)word >> forms[length].shift;
    reader->too_long += (uint64_t)value + forms[length].half < forms[length].range;
    return value;
}

/* The next values, four or the last ones. Returns the four lengths. */
static inline unsigned take_four(struct reader *reader, size_t left, int64_t ret_values[4])
{
    const unsigned lengths = reader->bytes[reader->lengths_at++];
    if (left >= 4) {
        ret_values[0] = take(reader, lengths & 3);
        ret_values[1] = take(reader, lengths >> 2 & 3);
        ret_values[2] = take(reader, lengths >> 4 & 3);
        ret_values[3] = take(reader, lengths >> 6);
    } else {
        for (size_t i = 0; i < left; i++)
            ret_values[i] = take(reader, lengths >> 2 * i & 3);
    }
    return lengths;
}

static inline bool is_right(const struct reader *reader)
{
    return reader->at == reader->size && reader->too_long == 0;
}

int th_packed_decode(const uint8_t *bytes, size_t size, uint16_t *numbers, int64_t *values,
                     size_t capacity, size_t *ret_count)
{
    struct head head;
    struct reader reader;
    size_t count = 0;
    if (!read_head(bytes, size, &head))
        return TH_E_CORRUPT;
    for (uint32_t first = 0; first < head.bits; first += 64)
        for (uint64_t bits = reported(bytes, &head, first); bits != 0; bits &= bits - 1, count++)
            if (count < capacity)
                numbers[count] = (uint16_t)(first + 1 + (unsigned)__builtin_ctzll(bits));
    if (!begin_values(bytes, size, head.lengths_at, count, &reader))
        return TH_E_CORRUPT;
    for (size_t i = 0; i < count; i += 4) {
        int64_t four[4];
        (void)take_four(&reader, count - i, four);
        for (size_t k = i; k < i + 4 && k < count && k < capacity; k++)
            values[k] = four[k - i];
    }
    if (!is_right(&reader))
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

/* ---- a row of a table ---- */

/* The columns of what is reported, in the order of the values. False: nobody knows a number. */
static inline bool find_columns(const uint8_t *bytes, const struct head *head,
                                const uint16_t *column_of, uint64_t *present, uint16_t *columns,
                                size_t *ret_count)
{
    uint64_t word = 0; /* of the columns below 64, for most tables all */
    size_t count = 0;
    for (uint32_t first = 0; first < head->bits; first += 64)
        for (uint64_t bits = reported(bytes, head, first); bits != 0; bits &= bits - 1) {
            const uint16_t column = column_of[first + 1 + (unsigned)__builtin_ctzll(bits)];
            columns[count++] = column;
            if (column < 64)
                word |= UINT64_C(1) << column;
            else if (column < TH_PACKED_SKIPPED)
                present[column / 64] |= UINT64_C(1) << column % 64;
            else if (column == TH_PACKED_UNKNOWN)
                return false;
        }
    if (word != 0)
        present[0] |= word;
    *ret_count = count;
    return true;
}

static bool limits_are_kept(const uint8_t *bytes, size_t size, size_t lengths_at, size_t count)
{
    struct reader reader;
    bool is_kept = begin_values(bytes, size, lengths_at, count, &reader);
    for (size_t i = 0; i < count && is_kept; i += 4) {
        int64_t four[4] = {0};
        (void)take_four(&reader, count - i, four);
        for (size_t k = 0; k < 4; k++)
            is_kept = is_kept && four[k] <= TH_LIMIT_VALUE_MAX && four[k] >= -TH_LIMIT_VALUE_MAX;
    }
    return is_kept;
}

int th_packed_scatter(const uint8_t *bytes, size_t size, const uint16_t *column_of,
                      uint32_t numbers, int64_t *values, uint64_t *present)
{
    uint16_t columns[TH_LIMIT_INDICATORS_MAX];
    struct head head;
    struct reader reader;
    size_t count;
    unsigned has_eights = 0;
    if (!read_head(bytes, size, &head) || (head.bits > 0 && head.bits >= numbers) ||
        !find_columns(bytes, &head, column_of, present, columns, &count) ||
        !begin_values(bytes, size, head.lengths_at, count, &reader))
        return TH_E_CORRUPT;
    for (size_t i = 0; i < count; i += 4) {
        int64_t four[4];
        const size_t now = count - i < 4 ? count - i : 4;
        const unsigned lengths = take_four(&reader, now, four);
        has_eights |= lengths & lengths >> 1 & 0x55;
        for (size_t k = 0; k < now; k++)
            if (columns[i + k] < TH_PACKED_SKIPPED)
                values[columns[i + k]] = four[k];
    }
    /* A value of four bytes is not too large. */
    bool is_kept = is_right(&reader) &&
                   (has_eights == 0 || limits_are_kept(bytes, size, head.lengths_at, count));
    return is_kept ? 0 : TH_E_CORRUPT;
}
