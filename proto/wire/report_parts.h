/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as its bytes have it, before anything is known to be right but the form: what
 * proto/wire/report_parts.c takes apart in one pass, and proto/wire/report_read.c judges.
 *
 * It takes and refuses exactly what protobuf-c does with report.proto and th_wire_unpack() after
 * it: a field that stands twice has its last value, numbers may be packed or not, unknown fields
 * and enum numbers are refused. Lists are kept as far as the limits go, and counted beyond. Large;
 * it lives on the stack, where nothing is touched that is not used. Borrows the bytes.
 */
#ifndef TH_WIRE_REPORT_PARTS_H
#define TH_WIRE_REPORT_PARTS_H

#include "proto/model/limits.h"
#include "proto/wire/part.h"

/* Numbers that should ascend from 1 to TH_LIMIT_INDICATORS_MAX. */
struct th_wire_numbers {
    size_t count;
    uint32_t last;
    int status; /* the first that is wrong: TH_E_SYNTAX, TH_E_LIMIT */
    uint16_t items[TH_LIMIT_INDICATORS_MAX];
};

struct th_wire_values {
    size_t count;
    bool is_outside; /* one is beyond TH_LIMIT_VALUE_MAX */
    int64_t items[TH_LIMIT_INDICATORS_MAX];
};

struct th_wire_task {
    uint32_t task, status, percent;
    ProtobufCBinaryData note;
};

struct th_wire_showcase {
    ProtobufCBinaryData name, field, summary;
    uint32_t stage;
};

struct th_wire_section {
    uint32_t indicator;
    ProtobufCBinaryData text;
};

struct th_wire_attachment {
    ProtobufCBinaryData name, media_type, digest;
    uint64_t size;
};

struct th_wire_document {
    bool is_there;
    bool has_unknown;
    int32_t date;
    ProtobufCBinaryData number, signer, title;
};

struct th_wire_report {
    ProtobufCBinaryData plan, obligation, unit;
    uint32_t number, revision;
    bool has_estimated_to;
    int32_t estimated_to;
    size_t tasks_count, showcases_count, sections_count, attachments_count;
    struct th_wire_document document;
    struct th_wire_numbers indicators, estimated;
    struct th_wire_values values;
    struct th_wire_task tasks[TH_LIMIT_TASKS_MAX];
    struct th_wire_showcase showcases[TH_LIMIT_SHOWCASES_MAX];
    struct th_wire_section sections[TH_LIMIT_NARRATIVES_MAX];
    struct th_wire_attachment attachments[TH_LIMIT_ATTACHMENTS_MAX];
};

/* False: TH_E_SYNTAX. */
bool th_wire_take_report_apart(struct th_bytes bytes, struct th_wire_report *ret_report);

#endif
