/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/codec.h"

#include "base/big.h"

#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

void th_sink_deinit(struct th_sink *sink)
{
    free(sink->bytes);
    *sink = (struct th_sink){0};
}

void th_sink_clear(struct th_sink *sink)
{
    sink->size = 0;
    sink->failed = false;
}

static bool sink_room(struct th_sink *sink, size_t size)
{
    if (sink->failed)
        return false;
    if (size <= sink->capacity - sink->size)
        return true;
    size_t capacity = sink->capacity < 512 ? 512 : sink->capacity;
    while (capacity - sink->size < size) {
        if (capacity > SIZE_MAX / 2) {
            sink->failed = true;
            return false;
        }
        capacity *= 2;
    }
    uint8_t *bytes = realloc(sink->bytes, capacity);
    if (bytes == NULL) {
        sink->failed = true;
        return false;
    }
    sink->bytes = bytes;
    sink->capacity = capacity;
    return true;
}

uint8_t *th_sink_take(struct th_sink *sink, size_t size)
{
    if (!sink_room(sink, size))
        return NULL;
    sink->size += size;
    return sink->bytes + sink->size - size;
}

void th_sink_bytes(struct th_sink *sink, const void *bytes, size_t size)
{
    if (size == 0 || !sink_room(sink, size))
        return;
    memcpy(sink->bytes + sink->size, bytes, size);
    sink->size += size;
}

/* The low `size` bytes of the value, big-endian. */
static void sink_big(struct th_sink *sink, uint64_t value, size_t size)
{
    uint8_t word[sizeof value];
    th_store_big(word, value, size);
    th_sink_bytes(sink, word, size);
}

void th_sink_u8(struct th_sink *sink, uint8_t value)
{
    sink_big(sink, value, 1);
}

void th_sink_u32(struct th_sink *sink, uint32_t value)
{
    sink_big(sink, value, 4);
}

void th_sink_u64(struct th_sink *sink, uint64_t value)
{
    sink_big(sink, value, 8);
}

void th_sink_i64(struct th_sink *sink, int64_t value)
{
    sink_big(sink, (uint64_t)value, 8);
}

static void sink_leb128(struct th_sink *sink, wide value)
{
    uint8_t bytes[19];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    th_sink_bytes(sink, bytes, size);
}

void th_sink_varint(struct th_sink *sink, uint64_t value)
{
    sink_leb128(sink, value);
}

void th_sink_wide(struct th_sink *sink, th_int128 value)
{
    sink_leb128(sink, (wide)value << 1 ^ (value < 0 ? ~(wide)0 : 0));
}

void th_sink_text(struct th_sink *sink, const char *text)
{
    size_t size = strlen(text);
    th_sink_varint(sink, size);
    th_sink_bytes(sink, text, size);
}

const uint8_t *th_source_bytes(struct th_source *source, size_t size)
{
    if (source->failed || size > source->size) {
        source->failed = true;
        return NULL;
    }
    const uint8_t *bytes = source->bytes;
    source->bytes += size;
    source->size -= size;
    return bytes;
}

static uint64_t source_big(struct th_source *source, size_t size)
{
    const uint8_t *bytes = th_source_bytes(source, size);
    return bytes == NULL ? 0 : th_big_get(bytes, size);
}

uint8_t th_source_u8(struct th_source *source)
{
    return (uint8_t)source_big(source, 1);
}

uint16_t th_source_u16(struct th_source *source)
{
    return (uint16_t)source_big(source, 2);
}

uint32_t th_source_u32(struct th_source *source)
{
    return (uint32_t)source_big(source, 4);
}

uint64_t th_source_u64(struct th_source *source)
{
    return source_big(source, 8);
}

int64_t th_source_i64(struct th_source *source)
{
    return (int64_t)source_big(source, 8);
}

bool th_source_bool(struct th_source *source)
{
    uint8_t value = th_source_u8(source);
    if (value > 1)
        source->failed = true;
    return value == 1;
}

static wide source_leb128(struct th_source *source, unsigned bits)
{
    wide value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t byte = th_source_u8(source);
        wide part = byte & 0x7F;
        if (source->failed)
            return 0;
        if (bits - shift < 7 && part >> (bits - shift) != 0)
            break;
        value |= part << shift;
        if ((byte & 0x80) == 0) {
            if (byte == 0 && shift > 0)
                break;
            return value;
        }
    }
    source->failed = true;
    return 0;
}

uint64_t th_source_varint(struct th_source *source, uint64_t max)
{
    uint64_t value = (uint64_t)source_leb128(source, 64);
    if (value > max) {
        source->failed = true;
        return 0;
    }
    return value;
}

th_int128 th_source_wide(struct th_source *source)
{
    wide value = source_leb128(source, 128);
    return (th_int128)(value >> 1 ^ (value & 1 ? ~(wide)0 : 0));
}

struct th_bytes th_source_text(struct th_source *source)
{
    size_t size = th_source_varint(source, SIZE_MAX);
    const uint8_t *bytes = th_source_bytes(source, size);
    return (struct th_bytes){bytes, bytes == NULL ? 0 : size};
}

struct th_bytes th_source_rest(struct th_source *source)
{
    size_t size = source->size;
    const uint8_t *bytes = th_source_bytes(source, size);
    return (struct th_bytes){bytes, bytes == NULL ? 0 : size};
}

bool th_source_done(const struct th_source *source)
{
    return !source->failed && source->size == 0;
}
