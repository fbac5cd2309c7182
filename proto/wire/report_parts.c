/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/report_parts.h"

#include "base/status.h"
#include "proto/model/report.h"

/* The fields that a message must have come first in it; `seen` has the bits of their numbers. */
static bool has_first(uint32_t seen, unsigned count)
{
    uint32_t needed = ((UINT32_C(1) << count) - 1) << 1;
    return (seen & needed) == needed;
}

/* ---- lists of numbers ---- */

static void add_number(struct th_wire_numbers *numbers, uint32_t number)
{
    if (numbers->status == 0 && number <= numbers->last)
        numbers->status = TH_E_SYNTAX;
    if (numbers->status == 0 && number > TH_LIMIT_INDICATORS_MAX)
        numbers->status = TH_E_LIMIT;
    numbers->last = number;
    if (numbers->count < TH_LIMIT_INDICATORS_MAX)
        numbers->items[numbers->count] = (uint16_t)number;
    numbers->count++;
}

static bool take_numbers(const struct th_wire_part *part, struct th_wire_numbers *numbers)
{
    if (part->form == TH_WIRE_VARINT)
        add_number(numbers, (uint32_t)part->varint);
    if (part->form != TH_WIRE_CONTENT)
        return part->form == TH_WIRE_VARINT;
    struct th_wire_parts packed = th_wire_parts_of(part->content.data, part->content.len);
    while (packed.at < packed.end) {
        uint64_t number;
        if (!th_wire_take_varint(&packed, 10, &number))
            return false;
        add_number(numbers, (uint32_t)number);
    }
    return true;
}

static void add_value(struct th_wire_values *values, int64_t value)
{
    values->is_outside |= value < -TH_LIMIT_VALUE_MAX || value > TH_LIMIT_VALUE_MAX;
    if (values->count < TH_LIMIT_INDICATORS_MAX)
        values->items[values->count] = value;
    values->count++;
}

static bool take_values(const struct th_wire_part *part, struct th_wire_values *values)
{
    if (part->form == TH_WIRE_VARINT)
        add_value(values, th_wire_signed(part->varint));
    if (part->form != TH_WIRE_CONTENT)
        return part->form == TH_WIRE_VARINT;
    struct th_wire_parts packed = th_wire_parts_of(part->content.data, part->content.len);
    while (packed.at < packed.end) {
        uint64_t value;
        if (!th_wire_take_varint(&packed, 10, &value))
            return false;
        add_value(values, th_wire_signed(value));
    }
    return true;
}

/* ---- messages in it: false for what is malformed, lacks a field or has an unknown one ---- */

static bool take_task(ProtobufCBinaryData bytes, struct th_wire_task *ret_task)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.data, bytes.len);
    struct th_wire_part part;
    struct th_wire_task task = {.task = 0};
    uint32_t seen = 0;
    while (th_wire_next_part(&parts, &part)) {
        bool fits = false;
        if (part.number == 1)
            fits = th_wire_part_u32(&part, &task.task);
        else if (part.number == 2)
            fits = th_wire_part_u32(&part, &task.status);
        else if (part.number == 3)
            fits = th_wire_part_u32(&part, &task.percent);
        else if (part.number == 4)
            fits = th_wire_part_content(&part, &task.note);
        if (!fits)
            return false;
        seen |= 1U << part.number;
    }
    *ret_task = task;
    return !parts.failed && has_first(seen, 3) && task.status >= TH_TASK_NOT_STARTED &&
           task.status <= TH_TASK_NOT_APPLICABLE;
}

static bool take_showcase(ProtobufCBinaryData bytes, struct th_wire_showcase *ret_showcase)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.data, bytes.len);
    struct th_wire_part part;
    struct th_wire_showcase showcase = {.stage = 0};
    uint32_t seen = 0;
    while (th_wire_next_part(&parts, &part)) {
        bool fits = false;
        if (part.number == 1)
            fits = th_wire_part_content(&part, &showcase.name);
        else if (part.number == 2)
            fits = th_wire_part_content(&part, &showcase.field);
        else if (part.number == 3)
            fits = th_wire_part_u32(&part, &showcase.stage);
        else if (part.number == 4)
            fits = th_wire_part_content(&part, &showcase.summary);
        if (!fits)
            return false;
        seen |= 1U << part.number;
    }
    *ret_showcase = showcase;
    return !parts.failed && has_first(seen, 3) && showcase.stage >= TH_SHOWCASE_REGISTERED &&
           showcase.stage <= TH_SHOWCASE_ENDED;
}

static bool take_section(ProtobufCBinaryData bytes, struct th_wire_section *ret_section)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.data, bytes.len);
    struct th_wire_part part;
    struct th_wire_section section = {.indicator = 0};
    uint32_t seen = 0;
    while (th_wire_next_part(&parts, &part)) {
        bool fits = false;
        if (part.number == 1)
            fits = th_wire_part_u32(&part, &section.indicator);
        else if (part.number == 2)
            fits = th_wire_part_content(&part, &section.text);
        if (!fits)
            return false;
        seen |= 1U << part.number;
    }
    *ret_section = section;
    return !parts.failed && has_first(seen, 2);
}

static bool take_attachment(ProtobufCBinaryData bytes, struct th_wire_attachment *ret_attachment)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.data, bytes.len);
    struct th_wire_part part;
    struct th_wire_attachment attachment = {.size = 0};
    uint32_t seen = 0;
    while (th_wire_next_part(&parts, &part)) {
        bool fits = false;
        if (part.number == 1)
            fits = th_wire_part_content(&part, &attachment.name);
        else if (part.number == 2)
            fits = th_wire_part_content(&part, &attachment.media_type);
        else if (part.number == 3)
            fits = th_wire_part_u64(&part, &attachment.size);
        else if (part.number == 4)
            fits = th_wire_part_content(&part, &attachment.digest);
        if (!fits)
            return false;
        seen |= 1U << part.number;
    }
    *ret_attachment = attachment;
    return !parts.failed && has_first(seen, 4);
}

/* Of several documents the last one counts, also for unknown fields; each must be one. */
static bool take_document(ProtobufCBinaryData bytes, struct th_wire_document *ret_document)
{
    struct th_wire_parts parts = th_wire_parts_of(bytes.data, bytes.len);
    struct th_wire_part part;
    struct th_wire_document document = {.is_there = true};
    uint32_t seen = 0;
    while (th_wire_next_part(&parts, &part)) {
        bool fits = true;
        if (part.number == 1)
            fits = th_wire_part_content(&part, &document.number);
        else if (part.number == 2)
            fits = th_wire_part_s32(&part, &document.date);
        else if (part.number == 3)
            fits = th_wire_part_content(&part, &document.signer);
        else if (part.number == 4)
            fits = th_wire_part_content(&part, &document.title);
        else
            document.has_unknown = true;
        if (!fits)
            return false;
        seen |= part.number < 32 ? 1U << part.number : 0;
    }
    *ret_document = document;
    return !parts.failed && has_first(seen, 4);
}

/* ---- the report ---- */

/* Where the next item goes. One beyond the limit is looked at all the same, in the last place. */
static size_t next_of(size_t *count, size_t max)
{
    size_t at = *count < max ? *count : max - 1;
    (*count)++;
    return at;
}

static bool take_field(const struct th_wire_part *part, struct th_wire_report *report)
{
    const bool is_content = part->form == TH_WIRE_CONTENT;
    switch (part->number) {
    case 1:
        return th_wire_part_content(part, &report->plan);
    case 2:
        return th_wire_part_content(part, &report->obligation);
    case 3:
        return th_wire_part_content(part, &report->unit);
    case 4:
        return th_wire_part_u32(part, &report->number);
    case 5:
        return th_wire_part_u32(part, &report->revision);
    case 6:
        return take_numbers(part, &report->indicators);
    case 7:
        return take_values(part, &report->values);
    case 8:
        return take_numbers(part, &report->estimated);
    case 9:
        report->has_estimated_to = true;
        return th_wire_part_s32(part, &report->estimated_to);
    case 10:
        return is_content &&
               take_task(part->content,
                         &report->tasks[next_of(&report->tasks_count, TH_LIMIT_TASKS_MAX)]);
    case 11:
        return is_content &&
               take_showcase(
                   part->content,
                   &report->showcases[next_of(&report->showcases_count, TH_LIMIT_SHOWCASES_MAX)]);
    case 12:
        return is_content &&
               take_section(
                   part->content,
                   &report->sections[next_of(&report->sections_count, TH_LIMIT_NARRATIVES_MAX)]);
    case 13:
        return is_content &&
               take_attachment(part->content,
                               &report->attachments[next_of(&report->attachments_count,
                                                            TH_LIMIT_ATTACHMENTS_MAX)]);
    case 14:
        return is_content && take_document(part->content, &report->document);
    default:
        return false;
    }
}

bool th_wire_take_report_apart(struct th_bytes bytes, struct th_wire_report *ret_report)
{
    struct th_wire_report *report = ret_report;
    struct th_wire_parts parts = th_wire_parts_of(bytes.bytes, bytes.size);
    struct th_wire_part part;
    uint32_t seen = 0;
    report->has_estimated_to = false;
    report->document = (struct th_wire_document){.is_there = false};
    report->tasks_count = report->showcases_count = 0;
    report->sections_count = report->attachments_count = 0;
    report->indicators.count = report->estimated.count = report->values.count = 0;
    report->indicators.last = report->estimated.last = 0;
    report->indicators.status = report->estimated.status = 0;
    report->values.is_outside = false;
    while (th_wire_next_part(&parts, &part)) {
        if (!take_field(&part, report))
            return false;
        seen |= 1U << part.number;
    }
    return !parts.failed && has_first(seen, 5) && !report->document.has_unknown;
}
