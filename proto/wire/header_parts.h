/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message SubmissionHeader taken apart without protobuf-c's allocations: everything that comes has
 * one, and so has each entry of a journal.
 *
 * Pure.
 */
#ifndef TH_WIRE_HEADER_PARTS_H
#define TH_WIRE_HEADER_PARTS_H

#include "base/bytes.h"
#include "proto/model/limits.h"
#include "report.pb-c.h"

#include <stdbool.h>

/* Borrows the bytes. */
struct th_wire_header {
    uint32_t mode; /* one that there is */
    int64_t prepared;
    ProtobufCBinaryData realm, unit, plan_sha256, nonce, key;
    size_t digests_count; /* may be more than there is room for: the first ones are there */
    ProtobufCBinaryData digests[TH_LIMIT_REPORTS_MAX];
};

/* False: the bytes are no such message, or it lacks a field or has an unknown one. */
bool th_wire_take_header_apart(struct th_bytes bytes, struct th_wire_header *ret_header);

#endif
