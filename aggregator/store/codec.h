/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The alphabet of stored bytes: big-endian integers, varints, texts; in and out.
 *
 * Both directions fail once and for all: after a failure every call does nothing (a sink) or gives
 * zeros (a source), and the caller asks at the end. Varints are LEB128 in their shortest form, so
 * one value has one encoding.
 *
 * Not thread-safe: one owner at a time.
 */
#ifndef TH_STORE_CODEC_H
#define TH_STORE_CODEC_H

#include "aggregator/core/rollup.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whole words: bytes that are stored one by one and then loaded together have to wait for each
 * other. `size` bytes, 1 to 8, of the value big-endian, and zeroes behind them up to eight. */
static inline void th_store_big(uint8_t *bytes, uint64_t value, size_t size)
{
    uint64_t word = value << (64 - 8 * size);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(bytes, &word, sizeof word);
}

/* Bytes out, into memory that grows. Zero-initialised is empty; deinit frees. */
struct th_sink {
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    bool failed; /* no memory */
};

void th_sink_deinit(struct th_sink *sink);
/* Empty again, memory kept, failure forgotten. */
void th_sink_clear(struct th_sink *sink);

/* Room for `size` bytes more, for who writes them at once: they count as written. NULL after a
 * failure. */
uint8_t *th_sink_take(struct th_sink *sink, size_t size);
void th_sink_bytes(struct th_sink *sink, const void *bytes, size_t size);
void th_sink_u8(struct th_sink *sink, uint8_t value);
void th_sink_u32(struct th_sink *sink, uint32_t value);
void th_sink_u64(struct th_sink *sink, uint64_t value);
/* Two's complement. */
void th_sink_i64(struct th_sink *sink, int64_t value);
void th_sink_varint(struct th_sink *sink, uint64_t value);
/* The varint of the zigzag of 128 bits: at most 19 bytes. */
void th_sink_wide(struct th_sink *sink, th_int128 value);
/* Its length as a varint, then its bytes. */
void th_sink_text(struct th_sink *sink, const char *text);

/* Bytes in. Borrows. */
struct th_source {
    const uint8_t *bytes;
    size_t size; /* left */
    bool failed; /* too short, or a varint that is not in its shortest form or too large */
};

/* `size` bytes; NULL after a failure. */
const uint8_t *th_source_bytes(struct th_source *source, size_t size);
uint8_t th_source_u8(struct th_source *source);
uint16_t th_source_u16(struct th_source *source);
uint32_t th_source_u32(struct th_source *source);
uint64_t th_source_u64(struct th_source *source);
int64_t th_source_i64(struct th_source *source);
/* A flag: a byte other than 0 and 1 is a failure. */
bool th_source_bool(struct th_source *source);
/* At most `max`. */
uint64_t th_source_varint(struct th_source *source, uint64_t max);
th_int128 th_source_wide(struct th_source *source);
struct th_bytes th_source_text(struct th_source *source);
/* All that is left. */
struct th_bytes th_source_rest(struct th_source *source);
/* True when nothing failed and nothing is left. */
bool th_source_done(const struct th_source *source);

#endif
