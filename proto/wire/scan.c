/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/scan.h"

#define VARINT_SIZE_MAX  10
#define FIELD_NUMBER_MAX ((UINT64_C(1) << 29) - 1)

enum { WIRE_VARINT = 0, WIRE_CONTENT = 2 };

/* Longer than needed is fine, up to ten bytes; what does not fit in 64 bits is not. */
static int read_varint(struct th_bytes *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < rest->size && i < VARINT_SIZE_MAX; i++) {
        uint8_t byte = rest->bytes[i];
        if (i == VARINT_SIZE_MAX - 1 && byte > 1)
            return TH_E_SYNTAX;
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if ((byte & 0x80) == 0) {
            rest->bytes += i + 1;
            rest->size -= i + 1;
            *ret_value = value;
            return 0;
        }
    }
    return TH_E_SYNTAX;
}

int th_wire_scan_next(struct th_wire_scan *scan, struct th_wire_field *ret_field)
{
    struct th_bytes rest = scan->rest;
    uint64_t tag = 0, value = 0;
    if (read_varint(&rest, &tag) < 0 || read_varint(&rest, &value) < 0)
        return TH_E_SYNTAX;
    uint64_t number = tag >> 3;
    if (number == 0 || number > FIELD_NUMBER_MAX)
        return TH_E_SYNTAX;
    struct th_wire_field field = {.number = (uint32_t)number};
    switch (tag & 7) {
    case WIRE_VARINT:
        field.varint = value;
        break;
    case WIRE_CONTENT:
        if (value > rest.size)
            return TH_E_SYNTAX;
        field.has_content = true;
        field.content = (struct th_bytes){rest.bytes, (size_t)value};
        rest.bytes += value;
        rest.size -= (size_t)value;
        break;
    default:
        return TH_E_SYNTAX;
    }
    scan->rest = rest;
    *ret_field = field;
    return 0;
}
