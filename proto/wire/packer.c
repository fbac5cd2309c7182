/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/packer.h"

#include "base/assert.h"

#include <string.h>

enum { VARINT = 0, LENGTH_DELIMITED = 2 };

int th_wire_packer_init(struct th_wire_packer *packer, struct th_arena *arena, size_t room_size)
{
    uint8_t *room = th_arena_take(arena, room_size);
    if (room == NULL)
        return TH_E_NO_MEMORY;
    *packer = (struct th_wire_packer){room, room + room_size, room + room_size};
    return 0;
}

int th_wire_packer_take(const struct th_wire_packer *packer, size_t size_max,
                        struct th_bytes *ret_bytes)
{
    size_t size = (size_t)(packer->end - packer->at);
    if (size > size_max)
        return TH_E_LIMIT;
    *ret_bytes = (struct th_bytes){packer->at, size};
    return 0;
}

static void put_varint(struct th_wire_packer *packer, uint64_t value)
{
    size_t size = 1;
    if (value < 0x80) { /* as most are */
        TH_ASSERT(packer->at > packer->room);
        *--packer->at = (uint8_t)value;
        return;
    }
    for (uint64_t rest = value >> 7; rest != 0; rest >>= 7)
        size++;
    TH_ASSERT(size <= (size_t)(packer->at - packer->room));
    packer->at -= size;
    for (size_t i = 0; i + 1 < size; i++, value >>= 7)
        packer->at[i] = (uint8_t)(value | 0x80);
    packer->at[size - 1] = (uint8_t)value;
}

static void put_field(struct th_wire_packer *packer, unsigned field, unsigned type)
{
    TH_ASSERT(field < 16);
    TH_ASSERT(packer->at > packer->room);
    *--packer->at = (uint8_t)(field << 3 | type);
}

void th_wire_pack_number(struct th_wire_packer *packer, unsigned field, uint64_t value)
{
    put_varint(packer, value);
    put_field(packer, field, VARINT);
}

void th_wire_pack_bytes(struct th_wire_packer *packer, unsigned field, const void *bytes,
                        size_t size)
{
    const uint8_t *end = packer->at;
    TH_ASSERT(size <= (size_t)(packer->at - packer->room));
    packer->at -= size;
    if (size > 0)
        memcpy(packer->at, bytes, size);
    th_wire_pack_message(packer, field, end);
}

void th_wire_pack_text(struct th_wire_packer *packer, unsigned field, struct th_text text)
{
    th_wire_pack_bytes(packer, field, text.bytes, text.size);
}

void th_wire_pack_digest(struct th_wire_packer *packer, unsigned field,
                         const struct th_digest *digest)
{
    th_wire_pack_bytes(packer, field, digest->bytes, sizeof digest->bytes);
}

void th_wire_pack_message(struct th_wire_packer *packer, unsigned field, const uint8_t *end)
{
    put_varint(packer, (uint64_t)(end - packer->at));
    put_field(packer, field, LENGTH_DELIMITED);
}
