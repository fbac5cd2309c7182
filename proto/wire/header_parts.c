/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/header_parts.h"

#include "proto/wire/part.h"

static bool take_instant(const struct th_wire_part *part, int64_t *ret_instant)
{
    *ret_instant = (int64_t)part->varint;
    return part->form == TH_WIRE_VARINT;
}

static bool take_digest(const struct th_wire_part *part, struct th_wire_header *header)
{
    if (part->form != TH_WIRE_CONTENT)
        return false;
    if (header->digests_count < TH_LIMIT_REPORTS_MAX)
        header->digests[header->digests_count] = part->content;
    header->digests_count++;
    return true;
}

static bool take_field(const struct th_wire_part *part, struct th_wire_header *header)
{
    switch (part->number) {
    case 1:
        return th_wire_part_u32(part, &header->mode);
    case 2:
        return th_wire_part_content(part, &header->realm);
    case 3:
        return th_wire_part_content(part, &header->unit);
    case 4:
        return th_wire_part_content(part, &header->plan_sha256);
    case 5:
        return take_instant(part, &header->prepared);
    case 6:
        return th_wire_part_content(part, &header->nonce);
    case 7:
        return th_wire_part_content(part, &header->key);
    case 8:
        return take_digest(part, header);
    default:
        return false;
    }
}

bool th_wire_take_header_apart(struct th_bytes bytes, struct th_wire_header *ret_header)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.bytes, bytes.size);
    struct th_wire_part part;
    uint32_t seen = 0;
    ret_header->mode = 0;
    ret_header->digests_count = 0;
    while (th_wire_next_part(&parts, &part)) {
        if (!take_field(&part, ret_header))
            return false;
        seen |= UINT32_C(1) << part.number;
    }
    const uint32_t needed = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7;
    return !parts.failed && (seen & needed) == needed &&
           ret_header->mode >= (uint32_t)TONGHOP__MODE__LIVE &&
           ret_header->mode <= (uint32_t)TONGHOP__MODE__REHEARSAL;
}
