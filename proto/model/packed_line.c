/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole line of a table. The plain form clears it and scatters the figures. The wide form takes
 * eight values at a time: their lengths say which of their bytes are there, the bytes are spread
 * over eight words and their signs drawn out; then the values that nobody asks for are squeezed
 * out, and the others spread over the columns. It takes only figures without estimates and in no
 * way damaged; whatever else it meets it leaves to the plain form, which judges.
 */
#include "proto/model/packed_form.h"

#include "base/assert.h"
#include "base/cpu.h"

#ifdef TH_CPU_WIDE
#include <immintrin.h>
#endif

#define WIDE_MAX 64 /* figures of a row, and columns, that the wide form takes */

void th_packed_columns_init(const uint16_t *column_of, uint32_t numbers, uint16_t count,
                            struct th_packed_columns *ret_columns)
{
    struct th_packed_columns columns = {.column_of = column_of,
                                        .numbers = numbers,
                                        .count = count,
                                        .is_wide = count > 0 && count <= WIDE_MAX};
    uint16_t next = 0;
    TH_ASSERT(numbers <= TH_LIMIT_INDICATORS_MAX + 1);
    for (uint32_t number = 1; number < numbers; number++) {
        struct th_packed_word *word = &columns.words[(number - 1) / 64];
        const uint64_t bit = UINT64_C(1) << (number - 1) % 64;
        if ((number - 1) % 64 == 0)
            word->first = next;
        if (column_of[number] != TH_PACKED_UNKNOWN)
            word->known |= bit;
        if (column_of[number] >= TH_PACKED_SKIPPED)
            continue;
        word->asked |= bit;
        columns.is_wide = columns.is_wide && column_of[number] == next;
        next++;
    }
#ifdef TH_CPU_WIDE
    columns.is_wide = columns.is_wide && next == count && th_cpu_is_wide();
#else
    columns.is_wide = false;
#endif
    *ret_columns = columns;
}

#ifdef TH_CPU_WIDE

/* What the bitmap says. */
struct wide_head {
    size_t lengths_at;
    size_t count;    /* of the values */
    uint64_t chosen; /* of the values, those that have a column */
    uint64_t filled; /* of the columns, those that have a value */
};

TH_CPU_WIDE static inline bool wide_head(const struct th_packed_columns *columns,
                                         const uint8_t *bytes, size_t size,
                                         struct wide_head *ret_head)
{
    struct wide_head head = {0};
    uint64_t unknown = 0;
    if (size <= PACKED_COUNT_SIZE)
        return false;
    const uint32_t bits = packed_bits(bytes);
    const uint32_t words = (bits + 63) / 64;
    const size_t flag = packed_flag_at(bits);
    if (bits == 0 || bits >= columns->numbers || size < PACKED_COUNT_SIZE + words * PACKED_WORD ||
        size <= flag || bytes[flag] != 0 || bytes[flag - 1] >> (bits - 1) % 8 != 1)
        return false;
    for (uint32_t i = 0; i < words; i++) { /* a count of 64 and more is found at the end */
        const struct th_packed_word *word = &columns->words[i];
        const uint32_t left = bits - i * 64;
        const uint64_t reported = _bzhi_u64(
            packed_load(bytes + PACKED_COUNT_SIZE + i * PACKED_WORD), left < 64 ? left : 64);
        unknown |= reported & ~word->known;
        head.chosen |= _pext_u64(word->asked, reported) << head.count % 64;
        head.filled |= _pext_u64(reported, word->asked) << word->first % 64;
        head.count += (size_t)_mm_popcnt_u64(reported);
    }
    head.lengths_at = flag + 1;
    *ret_head = head;
    return unknown == 0 && head.count <= WIDE_MAX;
}

/* By a length, from the lowest bits of each of eight words. What is above those bits is not looked
 * at, so a table is there twice. */
#define BY_LENGTH(a, b, c, d)                                                                      \
    (_mm512_set_epi64((int64_t)(d), (int64_t)(c), (int64_t)(b), (int64_t)(a), (int64_t)(d),        \
                      (int64_t)(c), (int64_t)(b), (int64_t)(a)))
#define EACH_BYTE UINT64_C(0x0101010101010101)

/*
 * The values, those that have a column one after the other. False: something is not as it should
 * be. A load is of the bytes that are there: no other is touched.
 */
TH_CPU_WIDE static inline bool wide_values(const uint8_t *bytes, size_t size,
                                           const struct wide_head *head, int64_t *ret_values)
{
    const __m512i sizes = BY_LENGTH(EACH_BYTE, 2 * EACH_BYTE, 4 * EACH_BYTE, 8 * EACH_BYTE);
    const __m512i shifts = BY_LENGTH(56, 48, 32, 0);
    /* Values from -half to range - half - 1 have a shorter length. */
    const __m512i halves = BY_LENGTH(0, 0x80, 0x8000, INT64_C(0x80000000));
    const __m512i ranges = BY_LENGTH(0, 0x100, 0x10000, INT64_C(0x100000000));
    const __m512i byte_of_word = _mm512_set1_epi64(INT64_C(0x0706050403020100));
    const __m512i lengths_from = _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0);
    const uint64_t there = _bzhi_u64(UINT64_MAX, (uint32_t)head->count);
    const uint8_t *lengths = bytes + head->lengths_at;
    size_t at = head->lengths_at + packed_lengths_size(head->count);
    __m512i largest = _mm512_setzero_si512();
    __mmask8 too_long = 0;
    if (size < at + head->count || bytes[at - 1] >> ((head->count - 1) % 4 * 2 + 2) != 0)
        return false;
    for (size_t i = 0; i < head->count; i += 8, lengths += 2) {
        const __mmask8 now = (__mmask8)(there >> i);
        const __m512i length =
            _mm512_srlv_epi64(_mm512_set1_epi64(lengths[0] | lengths[1] << 8), lengths_from);
        const __mmask64 its_bytes = _mm512_cmplt_epu8_mask(
            byte_of_word, _mm512_maskz_permutexvar_epi64(now, length, sizes));
        const size_t taken = (size_t)_mm_popcnt_u64(its_bytes);
        if (taken > size - at)
            return false;
        const __m512i packed =
            _mm512_maskz_loadu_epi8(_bzhi_u64(UINT64_MAX, (uint32_t)taken), bytes + at);
        const __m512i shift = _mm512_permutexvar_epi64(length, shifts);
        const __m512i value = _mm512_srav_epi64(
            _mm512_sllv_epi64(_mm512_maskz_expand_epi8(its_bytes, packed), shift), shift);
        too_long |= _mm512_cmplt_epu64_mask(
            _mm512_add_epi64(value, _mm512_permutexvar_epi64(length, halves)),
            _mm512_maskz_permutexvar_epi64(now, length, ranges));
        largest = _mm512_max_epu64(largest, _mm512_abs_epi64(value));
        const __mmask8 chosen = (__mmask8)(head->chosen >> i);
        _mm512_storeu_si512(ret_values, _mm512_maskz_compress_epi64(chosen, value));
        ret_values += _mm_popcnt_u32(chosen);
        at += taken;
    }
    const __mmask8 too_large =
        _mm512_cmpgt_epu64_mask(largest, _mm512_set1_epi64(TH_LIMIT_VALUE_MAX));
    return at == size && (too_long | too_large) == 0;
}

TH_CPU_WIDE static bool wide_line(const struct th_packed_columns *columns, const uint8_t *bytes,
                                  size_t size, int64_t *values, uint64_t *present)
{
    _Alignas(64) int64_t chosen[WIDE_MAX + 8];
    struct wide_head head;
    const int64_t *next = chosen;
    const uint64_t line = _bzhi_u64(UINT64_MAX, columns->count);
    if (!wide_head(columns, bytes, size, &head) || !wide_values(bytes, size, &head, chosen))
        return false;
    for (size_t i = 0; i < columns->count; i += 8) {
        const __mmask8 filled = (__mmask8)(head.filled >> i);
        _mm512_mask_storeu_epi64(values + i, (__mmask8)(line >> i),
                                 _mm512_maskz_expand_epi64(filled, _mm512_loadu_si512(next)));
        next += _mm_popcnt_u32(filled);
    }
    present[0] = head.filled;
    return true;
}

#endif

int th_packed_line(const struct th_packed_columns *columns, const uint8_t *bytes, size_t size,
                   int64_t *values, uint64_t *present)
{
#ifdef TH_CPU_WIDE
    if (columns->is_wide && wide_line(columns, bytes, size, values, present))
        return 0;
#endif
    memset(values, 0, columns->count * sizeof *values);
    memset(present, 0, ((size_t)columns->count + 63) / 64 * sizeof *present);
    return th_packed_scatter(bytes, size, columns->column_of, columns->numbers, values, present);
}
