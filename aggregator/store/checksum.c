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
 * folded into the last, and that one to 32 bits.
 *
 * Zeroes before the first byte change nothing, so the first piece is filled up with them in front.
 * What is masked out of a load is not touched.
 */
#include "aggregator/store/checksum.h"

#include "base/cpu.h"

#include <libdeflate.h>
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
#define FOLD_384 0x174359406
#define FOLD_448 0x03db1ecdc
#define FOLD_256 0x15a546366
#define FOLD_320 0x0f1da05aa
#define FOLD_128 0x0ccaa009e
#define FOLD_192 0x1751997d0
#define FOLD_96  0x163cd6124
#define P        0x1db710641
#define X64_BY_P 0x1f7011641 /* the whole part of x^64 / P */

/* Bits from `begin` on. */
TH_CPU_WIDE static inline uint64_t bits_from(size_t begin)
{
    return ~_bzhi_u64(UINT64_MAX, begin < PIECE ? (uint32_t)begin : PIECE);
}

TH_CPU_WIDE static inline __m512i fold(__m512i parts, __m512i by, __m512i next)
{
    enum { XOR_OF_THREE = 0x96 };
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(parts, by, 0x00),
                                     _mm512_clmulepi64_epi128(parts, by, 0x11), next, XOR_OF_THREE);
}

/* Each part to the place of the last one. */
TH_CPU_WIDE static inline __m128i join(__m512i parts)
{
    const __m512i by =
        _mm512_set_epi64(0, 0, FOLD_128, FOLD_192, FOLD_256, FOLD_320, FOLD_384, FOLD_448);
    const __mmask8 last = 0xC0;
    parts = fold(parts, by, _mm512_maskz_mov_epi64(last, parts));
    __m256i two =
        _mm256_xor_si256(_mm512_castsi512_si256(parts), _mm512_extracti64x4_epi64(parts, 1));
    return _mm_xor_si128(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
}

/* The remainder of a part with 32 zeroes behind it: folded to 96 bits, to 64, then divided by a
 * product with the reciprocal (Barrett). */
TH_CPU_WIDE static inline uint32_t remainder_of(__m128i part)
{
    const __m128i low = _mm_set_epi32(0, 0, 0, -1);
    const __m128i by = _mm_set_epi64x(FOLD_96, FOLD_128);
    const __m128i barrett = _mm_set_epi64x(P, X64_BY_P);
    part = _mm_xor_si128(_mm_clmulepi64_si128(part, by, 0x00), _mm_srli_si128(part, 8));
    part = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(part, low), by, 0x10),
                         _mm_srli_si128(part, 4));
    __m128i whole = _mm_clmulepi64_si128(_mm_and_si128(part, low), barrett, 0x00);
    whole = _mm_clmulepi64_si128(_mm_and_si128(whole, low), barrett, 0x10);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(part, whole), 1);
}

/* `at` bytes before the bytes are where the load begins. */
TH_CPU_WIDE static inline __m512i load(uint64_t there, const uint8_t *bytes, size_t at)
{
    return _mm512_maskz_loadu_epi8(there, (const void *)((uintptr_t)bytes - at));
}

/* Preconditions: more than one piece, and the key of 4 to 64 bytes, so that it and what is inverted
 * are in the first two. */
TH_CPU_WIDE static uint32_t wide(struct th_bytes key, struct th_bytes content)
{
    const size_t size = key.size + content.size;
    const size_t before = (0 - size) % PIECE;
    const size_t begin = before + key.size;                              /* of the content */
    const uint64_t over = begin > PIECE ? ~bits_from(begin - PIECE) : 0; /* the key's, in piece 2 */
    const uint64_t mine = bits_from(before) & ~bits_from(begin);
    const uint64_t inverted = bits_from(before) & ~bits_from(before + INVERTED);
    const uint64_t inverted_over =
        before + INVERTED > PIECE ? ~bits_from(before + INVERTED - PIECE) : 0;
    const __m512i by = _mm512_broadcast_i64x2(_mm_set_epi64x(FOLD_512, FOLD_576));
    const __m512i first = _mm512_xor_si512(load(mine, key.bytes, before),
                                           load(bits_from(begin), content.bytes, begin));
    const __m512i second = _mm512_xor_si512(load(over, key.bytes, before - PIECE),
                                            load(~over, content.bytes, begin - PIECE));
    __m512i parts = fold(_mm512_xor_si512(first, _mm512_movm_epi8(inverted)), by,
                         _mm512_xor_si512(second, _mm512_movm_epi8(inverted_over)));
    for (size_t at = 2 * PIECE - begin; at < content.size; at += PIECE)
        parts = fold(parts, by, _mm512_loadu_si512(content.bytes + at));
    return ~remainder_of(join(parts));
}

#endif

uint32_t th_checksum(struct th_bytes key, struct th_bytes content)
{
#ifdef TH_CPU_WIDE
    const size_t size = key.size + content.size;
    if (size > PIECE && size <= SMALL_MAX && key.size >= INVERTED && key.size <= PIECE &&
        th_cpu_is_wide())
        return wide(key, content);
#endif
    return th_checksum_plain(key, content);
}
