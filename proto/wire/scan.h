/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of one message, one after the other, where they stand: for the outer messages, whose
 * large fields are borrowed and not copied. Groups and fixed-size wire types do not exist here.
 *
 * Pure.
 */
#ifndef TH_WIRE_SCAN_H
#define TH_WIRE_SCAN_H

#include "base/bytes.h"
#include "base/status.h"

#include <stdbool.h>

struct th_wire_scan {
    struct th_bytes rest;
};

struct th_wire_field {
    uint32_t number;
    bool has_content;        /* length-delimited; otherwise a varint */
    uint64_t varint;         /* 0 when has_content */
    struct th_bytes content; /* borrows; size 0 otherwise */
};

/* The next field. Precondition: rest.size > 0. TH_E_SYNTAX. */
TH_MUST_CHECK int th_wire_scan_next(struct th_wire_scan *scan, struct th_wire_field *ret_field);

#endif
