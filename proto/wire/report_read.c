/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a report (report.proto); proto/wire/report.c writes it. */
#include "proto/wire/submission.h"

#include "proto/wire/reader.h"
#include "proto/wire/report_parts.h"

#include <string.h>

/* In the arena. */
static const uint16_t *read_numbers(struct th_wire_reader *reader,
                                    const struct th_wire_numbers *numbers)
{
    th_wire_require(reader, numbers->count <= TH_LIMIT_INDICATORS_MAX, TH_E_LIMIT);
    th_wire_require(reader, numbers->status == 0, numbers->status);
    uint16_t *items = th_wire_alloc(reader, numbers->count, sizeof *items);
    if (items != NULL)
        memcpy(items, numbers->items, numbers->count * sizeof *items);
    return items;
}

static void read_values(struct th_wire_reader *reader, const struct th_wire_report *message,
                        struct th_report *report)
{
    const struct th_wire_values *values = &message->values;
    th_wire_require(reader, message->indicators.count == values->count, TH_E_SYNTAX);
    report->values.numbers = read_numbers(reader, &message->indicators);
    th_wire_require(reader, !values->is_outside, TH_E_LIMIT);
    int64_t *items = th_wire_alloc(reader, values->count, sizeof *items);
    if (items != NULL)
        memcpy(items, values->items, values->count * sizeof *items);
    report->values.values = items;
    report->values.count = values->count;
}

/* Both ascend: one walk through the reported numbers finds every estimated one, or not. */
static void read_estimates(struct th_wire_reader *reader, const struct th_wire_report *message,
                           struct th_report *report)
{
    report->estimated = read_numbers(reader, &message->estimated);
    report->estimated_count = message->estimated.count;
    size_t at = 0;
    for (size_t i = 0; reader->status == 0 && i < report->estimated_count; i++) {
        while (at < report->values.count && report->values.numbers[at] < report->estimated[i])
            at++;
        th_wire_require(
            reader, at < report->values.count && report->values.numbers[at] == report->estimated[i],
            TH_E_SYNTAX);
    }
    report->has_estimated_to = message->has_estimated_to;
    th_wire_require(reader, report->has_estimated_to == (report->estimated_count > 0), TH_E_SYNTAX);
    if (message->has_estimated_to)
        report->estimated_to = th_wire_day(reader, message->estimated_to);
}

static void read_tasks(struct th_wire_reader *reader, const struct th_wire_report *message,
                       struct th_report *report)
{
    th_wire_require(reader, message->tasks_count <= TH_LIMIT_TASKS_MAX, TH_E_LIMIT);
    struct th_task_progress *tasks = th_wire_alloc(reader, message->tasks_count, sizeof *tasks);
    uint32_t before = 0;
    for (size_t i = 0; reader->status == 0 && i < message->tasks_count; i++) {
        const struct th_wire_task *task = &message->tasks[i];
        th_wire_require(reader, task->task > before, TH_E_SYNTAX);
        th_wire_require(reader, task->task <= UINT16_MAX, TH_E_LIMIT);
        th_wire_require(reader, task->percent <= 100, TH_E_LIMIT);
        tasks[i] = (struct th_task_progress){
            .task = task->task,
            .status = (enum th_task_status)task->status,
            .percent = task->percent,
            .note = th_wire_text(reader, task->note, 0, TH_LIMIT_NOTE_SIZE_MAX, TH_TEXT_LINES),
        };
        before = task->task;
    }
    report->tasks = tasks;
    report->tasks_count = message->tasks_count;
}

static void read_showcases(struct th_wire_reader *reader, const struct th_wire_report *message,
                           struct th_report *report)
{
    th_wire_require(reader, message->showcases_count <= TH_LIMIT_SHOWCASES_MAX, TH_E_LIMIT);
    struct th_showcase *showcases =
        th_wire_alloc(reader, message->showcases_count, sizeof *showcases);
    for (size_t i = 0; reader->status == 0 && i < message->showcases_count; i++) {
        const struct th_wire_showcase *showcase = &message->showcases[i];
        showcases[i] = (struct th_showcase){
            .name = th_wire_text(reader, showcase->name, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
            .field = th_wire_text(reader, showcase->field, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
            .summary =
                th_wire_text(reader, showcase->summary, 0, TH_LIMIT_NOTE_SIZE_MAX, TH_TEXT_LINES),
            .stage = (enum th_showcase_stage)showcase->stage,
        };
    }
    report->showcases = showcases;
    report->showcases_count = message->showcases_count;
}

static void read_narratives(struct th_wire_reader *reader, const struct th_wire_report *message,
                            struct th_report *report)
{
    th_wire_require(reader, message->sections_count <= TH_LIMIT_NARRATIVES_MAX, TH_E_LIMIT);
    struct th_narrative *narratives =
        th_wire_alloc(reader, message->sections_count, sizeof *narratives);
    uint32_t before = 0;
    for (size_t i = 0; reader->status == 0 && i < message->sections_count; i++) {
        const struct th_wire_section *section = &message->sections[i];
        th_wire_require(reader, section->indicator > before, TH_E_SYNTAX);
        th_wire_require(reader, section->indicator <= TH_LIMIT_INDICATORS_MAX, TH_E_LIMIT);
        narratives[i] = (struct th_narrative){
            .indicator = (uint16_t)section->indicator,
            .text =
                th_wire_text(reader, section->text, 1, TH_LIMIT_NARRATIVE_SIZE_MAX, TH_TEXT_LINES),
        };
        before = section->indicator;
    }
    report->narratives = narratives;
    report->narratives_count = message->sections_count;
}

static void read_attachments(struct th_wire_reader *reader, const struct th_wire_report *message,
                             struct th_report *report)
{
    th_wire_require(reader, message->attachments_count <= TH_LIMIT_ATTACHMENTS_MAX, TH_E_LIMIT);
    struct th_attachment *attachments =
        th_wire_alloc(reader, message->attachments_count, sizeof *attachments);
    for (size_t i = 0; reader->status == 0 && i < message->attachments_count; i++) {
        const struct th_wire_attachment *attachment = &message->attachments[i];
        attachments[i] = (struct th_attachment){
            .name = th_wire_text(reader, attachment->name, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
            .media_type =
                th_wire_text(reader, attachment->media_type, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
            .size = attachment->size,
            .digest = th_wire_digest(reader, attachment->digest),
        };
    }
    report->attachments = attachments;
    report->attachments_count = message->attachments_count;
}

static void read_document(struct th_wire_reader *reader, const struct th_wire_document *document,
                          struct th_report *report)
{
    if (!document->is_there)
        return;
    report->has_document = true;
    report->document = (struct th_document){
        .number = th_wire_text(reader, document->number, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
        .signer = th_wire_text(reader, document->signer, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
        .title = th_wire_text(reader, document->title, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
        .date = th_wire_day(reader, document->date),
    };
}

int th_wire_report_decode(struct th_bytes bytes, struct th_arena *arena,
                          struct th_report *ret_report)
{
    if (bytes.size > TH_LIMIT_REPORT_SIZE_MAX)
        return TH_E_LIMIT;
    struct th_wire_reader reader;
    struct th_wire_report message;
    th_wire_reader_init(&reader, arena, 0); /* nothing is unpacked */
    if (!th_wire_take_report_apart(bytes, &message))
        return TH_E_SYNTAX;
    struct th_report report = {
        .plan = th_wire_text(&reader, message.plan, 1, TH_LIMIT_PLAN_ID_MAX, 0),
        .obligation = th_wire_text(&reader, message.obligation, 1, TH_LIMIT_OBLIGATION_ID_MAX, 0),
        .unit = th_wire_unit_code(&reader, message.unit),
        .number = message.number,
        .revision = message.revision,
    };
    th_wire_require(&reader, report.revision > 0, TH_E_SYNTAX);
    th_wire_require(&reader, report.revision <= TH_LIMIT_REVISION_MAX, TH_E_LIMIT);
    th_wire_require(&reader, report.number <= TH_LIMIT_NUMBER_MAX, TH_E_LIMIT);
    read_values(&reader, &message, &report);
    read_estimates(&reader, &message, &report);
    read_tasks(&reader, &message, &report);
    read_showcases(&reader, &message, &report);
    read_narratives(&reader, &message, &report);
    read_attachments(&reader, &message, &report);
    read_document(&reader, &message.document, &report);
    if (reader.status == 0)
        *ret_report = report;
    return reader.status;
}
