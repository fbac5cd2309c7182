/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of figures reads a hundred rows of 170 bytes, so what a short piece costs counts. The
 * plain form is libdeflate's, which is best at long ones. The wide form takes 64 bytes at a time:
 *
 * A CRC is the remainder of the bytes, taken as a polynomial whose first bit has the highest power,
 * divided by P, after its first 32 bits were inverted. Bits stand reflected: the first of a byte is
 * its lowest. A piece of 64 bytes is four parts of 128 bits; to go on by 64 bytes is to multiply
 * each part by x^512, and two products by numbers that are known (x^576 and x^512 modulo P) give
 * what has the same remainder and fits into 128 bits again: a fold. In the end the four parts are
 * folded into the last, and that one to 32 bits. That last step is a chain of products that wait
 * for each other, so it is done for four rows at once.
 *
 * Zeroes before the first byte change nothing, so the first piece is filled up with them in front.
 * What is masked out of a load is not touched.
 */
#include "aggregator/store/checksum.h"

#include "base/cpu.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <string.h>

#ifdef TH_CPU_WIDE
#include <immintrin.h>
#endif

/*
 * A CRC takes whole aligned blocks quickly and single bytes slowly, and a short key is only bytes:
 * so what is small is put together, to end with a block. Zeroes before it change nothing, as the
 * CRC starts from 0 and not, as usual, from ones; the ones are put on the first four bytes instead,
 * which is the same.
 */
uint32_t th_checksum_plain(struct th_bytes key, struct th_bytes content)
{
    enum { BLOCK = 16, START = 4, SMALL_MAX = 512 };
    const size_t size = key.size + content.size;
    if (key.size < START || content.size == 0 || size > SMALL_MAX) {
        uint32_t crc = libdeflate_crc32(0, key.bytes, key.size);
        return libdeflate_crc32(crc, content.bytes, content.size);
    }
    _Alignas(BLOCK) uint8_t bytes[BLOCK + SMALL_MAX];
    const size_t before = (0 - size) % BLOCK;
    memset(bytes, 0, BLOCK);
    memcpy(bytes + before, key.bytes, key.size);
    memcpy(bytes + before + key.size, content.bytes, content.size);
    for (size_t i = 0; i < START; i++)
        bytes[before + i] = (uint8_t)~bytes[before + i];
    return libdeflate_crc32(UINT32_MAX, bytes, before + size); /* from 0: it inverts */
}

#ifdef TH_CPU_WIDE

enum { PIECE = 64, INVERTED = 4, SMALL_MAX = 2048 };

/* By how many bits a half of a part is moved: of its later half as many as the part, of its earlier
 * half 64 more. FOLD_n is x^(n - 32) modulo P, reflected in 33 bits; a product of reflected numbers
 * brings the other 32. */
#define FOLD_512 0x1c6e41596
#define FOLD_576 0x154442bd4
#define FOLD_256 0x15a546366
#define FOLD_320 0x0f1da05aa
#define FOLD_128 0x0ccaa009e
#define FOLD_192 0x1751997d0
#define FOLD_96  0x163cd6124
#define P        0x1db710641
#define X64_BY_P 0x1f7011641 /* the whole part of x^64 / P */

static const uint8_t places[PIECE] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

/* Bits from `begin` on. */
TH_CPU_WIDE static inline uint64_t bits_from(size_t begin)
{
    return ~_bzhi_u64(UINT64_MAX, (uint32_t)begin); /* 64 and more, below 256: none */
}

TH_CPU_WIDE static inline __m512i fold(__m512i parts, __m512i by, __m512i next)
{
    enum { XOR_OF_THREE = 0x96 };
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(parts, by, 0x00),
                                     _mm512_clmulepi64_epi128(parts, by, 0x11), next, XOR_OF_THREE);
}

/*
 * Of four times four parts the last ones, with what is before each folded into it: every second
 * part to the next one's place, then every fourth.
 */
TH_CPU_WIDE static inline __m512i join_four(__m512i a, __m512i b, __m512i c, __m512i d)
{
    enum { EARLIER = _MM_SHUFFLE(2, 0, 2, 0), LATER = _MM_SHUFFLE(3, 1, 3, 1) };
    const __m512i by_one = _mm512_broadcast_i64x2(_mm_set_epi64x(FOLD_128, FOLD_192));
    const __m512i by_two = _mm512_broadcast_i64x2(_mm_set_epi64x(FOLD_256, FOLD_320));
    const __m512i ab =
        fold(_mm512_shuffle_i64x2(a, b, EARLIER), by_one, _mm512_shuffle_i64x2(a, b, LATER));
    const __m512i cd =
        fold(_mm512_shuffle_i64x2(c, d, EARLIER), by_one, _mm512_shuffle_i64x2(c, d, LATER));
    return fold(_mm512_shuffle_i64x2(ab, cd, EARLIER), by_two, _mm512_shuffle_i64x2(ab, cd, LATER));
}

/* The remainders of four parts, each with 32 zeroes behind it: folded to 96 bits, to 64, then
 * divided by a product with the reciprocal (Barrett). They are the second words of the parts'
 * places. */
TH_CPU_WIDE static inline __m512i remainders_of(__m512i parts)
{
    const __m512i low = _mm512_broadcast_i32x4(_mm_set_epi32(0, 0, 0, -1));
    const __m512i by = _mm512_broadcast_i32x4(_mm_set_epi64x(FOLD_96, FOLD_128));
    const __m512i barrett = _mm512_broadcast_i32x4(_mm_set_epi64x(P, X64_BY_P));
    parts =
        _mm512_xor_si512(_mm512_clmulepi64_epi128(parts, by, 0x00), _mm512_bsrli_epi128(parts, 8));
    parts = _mm512_xor_si512(_mm512_clmulepi64_epi128(_mm512_and_si512(parts, low), by, 0x10),
                             _mm512_bsrli_epi128(parts, 4));
    __m512i whole = _mm512_clmulepi64_epi128(_mm512_and_si512(parts, low), barrett, 0x00);
    whole = _mm512_clmulepi64_epi128(_mm512_and_si512(whole, low), barrett, 0x10);
    return _mm512_xor_si512(parts, whole);
}

/*
 * All of it folded into one piece. Preconditions: more than one piece, and the key of 4 to 64
 * bytes, so that it and what is inverted are in the first two. The key is turned to its place: what
 * is then beyond the first piece's end comes in at the beginning, where it is in the second one.
 */
TH_CPU_WIDE static inline __m512i wide_piece(struct th_bytes key, struct th_bytes content)
{
    const __m512i each = _mm512_loadu_si512(places);
    const __m512i inverted = _mm512_maskz_set1_epi8(~bits_from(INVERTED), (char)UINT8_MAX);
    const __m512i by = _mm512_broadcast_i64x2(_mm_set_epi64x(FOLD_512, FOLD_576));
    const size_t before = (0 - (key.size + content.size)) % PIECE;
    const size_t begin = before + key.size; /* of the content */
    const uint64_t second = begin > PIECE ? bits_from(begin - PIECE) : UINT64_MAX;
    const uint8_t *at = (const uint8_t *)((uintptr_t)content.bytes - begin);
    const __m512i turned = _mm512_permutexvar_epi8(
        _mm512_sub_epi8(each, _mm512_set1_epi8((char)before)),
        _mm512_xor_si512(_mm512_maskz_loadu_epi8(~bits_from(key.size), key.bytes), inverted));
    __m512i parts = fold(_mm512_mask_loadu_epi8(_mm512_maskz_mov_epi8(bits_from(before), turned),
                                                bits_from(begin), at),
                         by, _mm512_mask_loadu_epi8(turned, second, at + PIECE));
    for (size_t next = 2 * PIECE - begin; next < content.size; next += PIECE)
        parts = fold(parts, by, _mm512_loadu_si512(content.bytes + next));
    return parts;
}

static inline bool is_for_wide(struct th_bytes key, struct th_bytes content)
{
    const size_t size = key.size + content.size;
    return size > PIECE && size <= SMALL_MAX && key.size >= INVERTED && key.size <= PIECE;
}

TH_CPU_WIDE static uint32_t wide(struct th_bytes key, struct th_bytes content)
{
    const __m512i none = _mm512_setzero_si512();
    const __m512i parts = join_four(wide_piece(key, content), none, none, none);
    return ~(uint32_t)_mm_extract_epi32(_mm512_castsi512_si128(remainders_of(parts)), 1);
}

TH_CPU_WIDE static void wide_few(const struct th_bytes *keys, const struct th_bytes *contents,
                                 size_t count, uint32_t *ret_checksums)
{
    uint32_t words[PIECE / sizeof(uint32_t)];
    const size_t b = count > 1, c = count > 2 ? 2 : b, d = count > 3 ? 3 : c; /* or again */
    const __m512i parts =
        join_four(wide_piece(keys[0], contents[0]), wide_piece(keys[b], contents[b]),
                  wide_piece(keys[c], contents[c]), wide_piece(keys[d], contents[d]));
    _mm512_storeu_si512(words, remainders_of(parts));
    for (size_t i = 0; i < count; i++)
        ret_checksums[i] = ~words[4 * i + 1];
}

#endif

uint32_t th_checksum(struct th_bytes key, struct th_bytes content)
{
#ifdef TH_CPU_WIDE
    if (is_for_wide(key, content) && th_cpu_is_wide())
        return wide(key, content);
#endif
    return th_checksum_plain(key, content);
}

void th_checksum_few(const struct th_bytes *keys, const struct th_bytes *contents, size_t count,
                     uint32_t *ret_checksums)
{
#ifdef TH_CPU_WIDE
    bool are_for_wide = count > 1;
    for (size_t i = 0; i < count; i++)
        are_for_wide &= is_for_wide(keys[i], contents[i]);
    if (are_for_wide && th_cpu_is_wide()) {
        wide_few(keys, contents, count, ret_checksums);
        return;
    }
#endif
    for (size_t i = 0; i < count; i++)
        ret_checksums[i] = th_checksum(keys[i], contents[i]);
}
