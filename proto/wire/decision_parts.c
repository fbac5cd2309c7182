/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/decision_parts.h"

#include "proto/wire/part.h"

enum { JUDGEMENT = 1, REMARK }; /* fields of Decision */

bool th_wire_count_decision(struct th_bytes bytes, struct th_wire_decision_counts *ret_counts)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.bytes, bytes.size);
    struct th_wire_decision_counts counts = {0, 0};
    struct th_wire_part part;
    while (th_wire_next_part(&parts, &part)) {
        if (part.form != TH_WIRE_CONTENT || (part.number != JUDGEMENT && part.number != REMARK))
            return false;
        counts.judgements += part.number == JUDGEMENT;
        counts.remarks += part.number == REMARK;
    }
    *ret_counts = counts;
    return !parts.failed;
}

/* ---- one message: false for what is malformed, lacks a field or has an unknown one ---- */

static bool take_verdict(const struct th_wire_part *part, Tonghop__Judgement *judgement)
{
    uint32_t verdict = 0;
    if (!th_wire_part_u32(part, &verdict))
        return false;
    judgement->verdict = (Tonghop__Judgement__Verdict)verdict;
    return true;
}

static bool take_timeliness(const struct th_wire_part *part, Tonghop__Judgement *judgement)
{
    uint32_t timeliness = 0;
    if (!th_wire_part_u32(part, &timeliness))
        return false;
    judgement->timeliness = (Tonghop__Timeliness)timeliness;
    judgement->has_timeliness = true;
    return true;
}

static bool take_instant(const struct th_wire_part *part, int64_t *ret_instant,
                         protobuf_c_boolean *ret_has)
{
    *ret_instant = (int64_t)part->varint;
    *ret_has = true;
    return part->form == TH_WIRE_VARINT;
}

static bool take_field(const struct th_wire_part *part, Tonghop__Judgement *judgement)
{
    switch (part->number) {
    case 1:
        return th_wire_part_content(part, &judgement->obligation);
    case 2:
        return th_wire_part_u32(part, &judgement->number);
    case 3:
        return th_wire_part_u32(part, &judgement->revision);
    case 4:
        return th_wire_part_content(part, &judgement->report_sha256);
    case 5:
        return take_verdict(part, judgement);
    case 6:
        return take_instant(part, &judgement->first_received, &judgement->has_first_received);
    case 7:
        return take_instant(part, &judgement->due, &judgement->has_due);
    case 8:
        return take_timeliness(part, judgement);
    case 9:
        return take_instant(part, &judgement->received, &judgement->has_received);
    default:
        return false;
    }
}

static bool take_judgement(ProtobufCBinaryData bytes, Tonghop__Judgement *ret_judgement)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.data, bytes.len);
    Tonghop__Judgement judgement = {.number = 0};
    struct th_wire_part part;
    uint32_t seen = 0;
    while (th_wire_next_part(&parts, &part)) {
        if (!take_field(&part, &judgement))
            return false;
        seen |= UINT32_C(1) << part.number;
    }
    const uint32_t needed = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5;
    *ret_judgement = judgement;
    return !parts.failed && (seen & needed) == needed &&
           judgement.verdict >= TONGHOP__JUDGEMENT__VERDICT__ACCEPTED &&
           judgement.verdict <= TONGHOP__JUDGEMENT__VERDICT__REJECTED &&
           (!judgement.has_timeliness || (judgement.timeliness >= TONGHOP__TIMELINESS__ON_TIME &&
                                          judgement.timeliness <= TONGHOP__TIMELINESS__UNDATED));
}

static bool take_remark(ProtobufCBinaryData bytes, Tonghop__Remark *ret_remark)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.data, bytes.len);
    Tonghop__Remark remark = {.report = 0};
    struct th_wire_part part;
    uint32_t seen = 0;
    while (th_wire_next_part(&parts, &part)) {
        bool fits = false;
        if (part.number == 1)
            fits = th_wire_part_u32(&part, &remark.report);
        else if (part.number == 2)
            fits = th_wire_part_content(&part, &remark.field);
        else if (part.number == 3)
            fits = th_wire_part_content(&part, &remark.value);
        else if (part.number == 4)
            fits = th_wire_part_content(&part, &remark.rule);
        else if (part.number == 5) {
            fits = part.form == TH_WIRE_VARINT;
            remark.refused = part.varint != 0;
        }
        if (!fits)
            return false;
        seen |= UINT32_C(1) << part.number;
    }
    const uint32_t needed = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5;
    *ret_remark = remark;
    return !parts.failed && (seen & needed) == needed;
}

bool th_wire_take_decision_apart(struct th_bytes bytes, const struct th_wire_decision_taker *taker)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.bytes, bytes.size);
    Tonghop__Judgement judgement;
    Tonghop__Remark remark;
    struct th_wire_part part;
    while (th_wire_next_part(&parts, &part)) {
        bool is_judgement = part.number == JUDGEMENT;
        if (is_judgement ? !take_judgement(part.content, &judgement)
                         : !take_remark(part.content, &remark))
            return false;
        if (is_judgement)
            taker->on_judgement(taker->context, &judgement);
        else
            taker->on_remark(taker->context, &remark);
    }
    return !parts.failed;
}
