/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Up to four lines of a table at once, when a line before has told the slots (packed_line.c). What
 * a line takes is a chain of steps that wait for each other; four such chains go on beside each
 * other. Values have up to 4 bytes here, so a slot is a word of 4 bytes, and a line's figures are
 * two registers of sixteen: each value's bytes are spread to the upper end of its word and drawn
 * down with their sign, then all go to their columns. What is rare or damaged is left alone.
 */
#include "proto/model/packed_form.h"

#include "base/bytes.h"
#include "base/cpu.h"

#ifdef TH_CPU_WIDE
#include <immintrin.h>

enum { LINES = TH_PACKED_LINES_MAX, HALF = 16 /* of a line */ };

struct heads {
    uint64_t reported[LINES]; /* by slot */
    uint64_t lengths[LINES];  /* by slot; of what is not reported: 3, as no value here has it */
    const uint8_t *values[LINES];
};

/* Which slots have a value. All that stands before the lengths is one load, and is as expected
 * where it matters: the last number, that its bit is set, no number without a slot, no estimates.
 */
TH_CPU_WIDE static inline bool find_reported(const struct th_packed_slots *slots,
                                             const struct th_bytes *lines, size_t count,
                                             struct heads *ret_heads)
{
    enum { DIFFER_WHERE = 0x28 }; /* (a ^ b) & c */
    const __m512i expected = _mm512_loadu_si512(slots->bitmap.expected),
                  matters = _mm512_loadu_si512(slots->bitmap.matters),
                  byte = _mm512_add_epi8(_mm512_loadu_si512(slots->byte),
                                         _mm512_set1_epi8(PACKED_COUNT_SIZE)),
                  bit = _mm512_loadu_si512(slots->bit);
    __m512i wrong = _mm512_setzero_si512();
    for (size_t i = 0; i < count; i++) {
        const __m512i head = _mm512_maskz_loadu_epi8(slots->bitmap.head, lines[i].bytes);
        wrong = _mm512_or_si512(wrong,
                                _mm512_ternarylogic_epi64(head, expected, matters, DIFFER_WHERE));
        ret_heads->reported[i] = _mm512_test_epi8_mask(_mm512_permutexvar_epi8(byte, head), bit);
    }
    return _mm512_test_epi8_mask(wrong, wrong) == 0;
}

/* False: a value of 8 bytes, or bits behind the last length. */
TH_CPU_WIDE static inline bool find_lengths(uint32_t lengths_at, const struct th_bytes *lines,
                                            size_t count, struct heads *heads)
{
    const uint64_t each = UINT64_C(0x5555555555555555);
    uint64_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = lines[i].bytes + lengths_at;
        const uint32_t values = (uint32_t)_mm_popcnt_u64(heads->reported[i]);
        const uint32_t size = (uint32_t)packed_lengths_size(values);
        const uint64_t word = packed_load(at), there = 3 * _pdep_u64(heads->reported[i], each);
        const uint64_t lengths = _pdep_u64(word, there);
        wrong |= _bzhi_u64(word, 8 * size) ^ _bzhi_u64(word, 2 * values);
        wrong |= lengths & lengths >> 1 & each;
        heads->lengths[i] = lengths | ~there;
        heads->values[i] = at + size;
    }
    return wrong == 0;
}

/* By a length, from the lowest bits of each of sixteen words. What is above those bits is not
 * looked at, so a table is there four times. */
#define BY_LENGTH(a, b, c) _mm512_set4_epi32(0, (int32_t)(c), (int32_t)(b), (int32_t)(a))

/* Of sixteen slots: how long each value is, and which bytes of their words are there. */
struct half {
    __m512i lengths;
    __mmask64 bytes;
};

TH_CPU_WIDE static inline struct half find_half(uint32_t lengths)
{
    const __m512i sizes = BY_LENGTH(0x01010101, 0x02020202, 0x04040404);
    const __m512i byte_from_end = _mm512_set1_epi32(0x00010203);
    const __m512i from =
        _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i each = _mm512_srlv_epi32(_mm512_set1_epi32((int32_t)lengths), from);
    return (struct half){
        each, _mm512_cmplt_epu8_mask(byte_from_end, _mm512_permutexvar_epi32(each, sizes))};
}

/* Touches the bytes that are there alone. Adds to `too_long` values that have a shorter length. */
TH_CPU_WIDE static inline __m512i take_half(const struct half *half, const uint8_t *at,
                                            __mmask16 *too_long)
{
    enum { SIGN = 31 };
    const __m512i shifts = BY_LENGTH(24, 16, 0);
    const __m512i leasts = BY_LENGTH(0, 0x80, 0x8000); /* and -1 minus that */
    const __m512i figures = _mm512_srav_epi32(_mm512_maskz_expandloadu_epi8(half->bytes, at),
                                              _mm512_permutexvar_epi32(half->lengths, shifts));
    const __m512i sizes = _mm512_xor_si512(figures, _mm512_srai_epi32(figures, SIGN));
    *too_long |= _mm512_cmplt_epu32_mask(sizes, _mm512_permutexvar_epi32(half->lengths, leasts));
    return figures;
}

/* Sixteen columns of a line, as far as it has so many. */
TH_CPU_WIDE static inline void put_half(__m512i figures, uint32_t columns, int64_t *values)
{
    _mm512_mask_storeu_epi64(values, (__mmask8)_bzhi_u32(UINT8_MAX, columns),
                             _mm512_cvtepi32_epi64(_mm512_castsi512_si256(figures)));
    if (columns > HALF / 2)
        _mm512_mask_storeu_epi64(values + HALF / 2,
                                 (__mmask8)_bzhi_u32(UINT8_MAX, columns - HALF / 2),
                                 _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(figures, 1)));
}

/* False: a value with a longer length than it needs, or they do not end where the line does. */
TH_CPU_WIDE static inline bool take_values(const struct th_packed_slots *slots, uint32_t columns,
                                           const struct th_bytes *lines, size_t count,
                                           const struct heads *heads, int64_t *values)
{
    const __m512i to_first = _mm512_loadu_si512(slots->slot_of),
                  to_second = _mm512_loadu_si512(slots->slot_of + HALF);
    __mmask16 too_long = 0;
    for (size_t i = 0; i < count; i++) {
        const struct half first = find_half((uint32_t)heads->lengths[i]),
                          second = find_half((uint32_t)(heads->lengths[i] >> 2 * HALF));
        const uint8_t *at = heads->values[i], *middle = at + _mm_popcnt_u64(first.bytes);
        if (middle + _mm_popcnt_u64(second.bytes) != lines[i].bytes + lines[i].size)
            return false;
        const __m512i low = take_half(&first, at, &too_long),
                      high = take_half(&second, middle, &too_long);
        int64_t *line = values + i * columns;
        put_half(_mm512_permutex2var_epi32(low, to_first, high), columns, line);
        if (columns > HALF)
            put_half(_mm512_permutex2var_epi32(low, to_second, high), columns - HALF, line + HALF);
    }
    return too_long == 0;
}

TH_CPU_WIDE bool th_packed_wide_lines(const struct th_packed_columns *columns,
                                      const struct th_packed_slots *slots,
                                      const struct th_bytes *lines, size_t count, int64_t *values,
                                      uint64_t *present)
{
    const uint32_t lengths_at = slots->bitmap.flag_at + 1;
    struct heads heads;
    if (slots->count == 0 || slots->count > 2 * HALF || slots->bitmap.head == 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (lines[i].size < lengths_at + PACKED_WORD) /* which a load takes */
            return false;
    if (!find_reported(slots, lines, count, &heads) ||
        !find_lengths(lengths_at, lines, count, &heads) ||
        !take_values(slots, columns->count, lines, count, &heads, values))
        return false;
    for (size_t i = 0; i < count; i++)
        present[i] = _pext_u64(heads.reported[i], slots->asked);
    return true;
}

#endif
