/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a report (report.proto); proto/wire/report.c writes it. */
#include "proto/wire/submission.h"

#include "proto/model/unit.h"
#include "proto/wire/reader.h"
#include "report.pb-c.h"

static void read_values(struct th_wire_reader *reader, const Tonghop__Report *message,
                        struct th_report *report)
{
    th_wire_require(reader, message->n_indicator == message->n_value, TH_E_SYNTAX);
    report->values.numbers = th_wire_ascending(reader, message->indicator, message->n_indicator,
                                               TH_LIMIT_INDICATORS_MAX, TH_LIMIT_INDICATORS_MAX);
    for (size_t i = 0; i < message->n_value; i++)
        th_wire_require(reader,
                        message->value[i] >= -TH_LIMIT_VALUE_MAX &&
                            message->value[i] <= TH_LIMIT_VALUE_MAX,
                        TH_E_LIMIT);
    report->values.values = message->value;
    report->values.count = message->n_value;
}

/* Both ascend: one walk through the reported numbers finds every estimated one, or not. */
static void read_estimates(struct th_wire_reader *reader, const Tonghop__Report *message,
                           struct th_report *report)
{
    report->estimated = th_wire_ascending(reader, message->estimated, message->n_estimated,
                                          TH_LIMIT_INDICATORS_MAX, TH_LIMIT_INDICATORS_MAX);
    report->estimated_count = message->n_estimated;
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

static void read_tasks(struct th_wire_reader *reader, const Tonghop__Report *message,
                       struct th_report *report)
{
    th_wire_require(reader, message->n_task <= TH_LIMIT_TASKS_MAX, TH_E_LIMIT);
    struct th_task_progress *tasks = th_wire_alloc(reader, message->n_task, sizeof *tasks);
    uint32_t before = 0;
    for (size_t i = 0; reader->status == 0 && i < message->n_task; i++) {
        const Tonghop__TaskProgress *task = message->task[i];
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
    report->tasks_count = message->n_task;
}

static void read_showcases(struct th_wire_reader *reader, const Tonghop__Report *message,
                           struct th_report *report)
{
    th_wire_require(reader, message->n_model <= TH_LIMIT_SHOWCASES_MAX, TH_E_LIMIT);
    struct th_showcase *showcases = th_wire_alloc(reader, message->n_model, sizeof *showcases);
    for (size_t i = 0; reader->status == 0 && i < message->n_model; i++) {
        const Tonghop__Model *model = message->model[i];
        showcases[i] = (struct th_showcase){
            .name = th_wire_text(reader, model->name, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
            .field = th_wire_text(reader, model->field, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
            .summary =
                th_wire_text(reader, model->summary, 0, TH_LIMIT_NOTE_SIZE_MAX, TH_TEXT_LINES),
            .stage = (enum th_showcase_stage)model->stage,
        };
    }
    report->showcases = showcases;
    report->showcases_count = message->n_model;
}

static void read_narratives(struct th_wire_reader *reader, const Tonghop__Report *message,
                            struct th_report *report)
{
    th_wire_require(reader, message->n_section <= TH_LIMIT_NARRATIVES_MAX, TH_E_LIMIT);
    struct th_narrative *narratives = th_wire_alloc(reader, message->n_section, sizeof *narratives);
    uint32_t before = 0;
    for (size_t i = 0; reader->status == 0 && i < message->n_section; i++) {
        const Tonghop__Section *section = message->section[i];
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
    report->narratives_count = message->n_section;
}

static void read_attachments(struct th_wire_reader *reader, const Tonghop__Report *message,
                             struct th_report *report)
{
    th_wire_require(reader, message->n_attachment <= TH_LIMIT_ATTACHMENTS_MAX, TH_E_LIMIT);
    struct th_attachment *attachments =
        th_wire_alloc(reader, message->n_attachment, sizeof *attachments);
    for (size_t i = 0; reader->status == 0 && i < message->n_attachment; i++) {
        const Tonghop__Attachment *attachment = message->attachment[i];
        attachments[i] = (struct th_attachment){
            .name = th_wire_text(reader, attachment->name, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
            .media_type =
                th_wire_text(reader, attachment->media_type, 1, TH_LIMIT_NAME_SIZE_MAX, 0),
            .size = attachment->size,
            .digest = th_wire_digest(reader, attachment->sha256),
        };
    }
    report->attachments = attachments;
    report->attachments_count = message->n_attachment;
}

static void read_document(struct th_wire_reader *reader, const Tonghop__Document *document,
                          struct th_report *report)
{
    if (document == NULL)
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
    size_t left_bytes = TH_LIMIT_DECODE_ARENA_BYTES;
    return th_wire_report_decode_within(bytes, &left_bytes, arena, ret_report);
}

int th_wire_report_decode_within(struct th_bytes bytes, size_t *left_bytes, struct th_arena *arena,
                                 struct th_report *ret_report)
{
    if (bytes.size > TH_LIMIT_REPORT_SIZE_MAX)
        return TH_E_LIMIT;
    struct th_wire_reader reader;
    th_wire_reader_init(&reader, arena, *left_bytes);
    const Tonghop__Report *message = th_wire_unpack(&reader, &tonghop__report__descriptor, bytes);
    *left_bytes = reader.left_bytes;
    if (message == NULL)
        return reader.status;
    struct th_report report = {
        .plan = th_wire_text(&reader, message->plan, 1, TH_LIMIT_PLAN_ID_MAX, 0),
        .obligation = th_wire_text(&reader, message->obligation, 1, TH_LIMIT_OBLIGATION_ID_MAX, 0),
        .unit = th_wire_unit_code(&reader, message->unit),
        .number = message->number,
        .revision = message->revision,
    };
    th_wire_require(&reader, report.revision > 0, TH_E_SYNTAX);
    th_wire_require(&reader, report.revision <= TH_LIMIT_REVISION_MAX, TH_E_LIMIT);
    th_wire_require(&reader, report.number <= TH_LIMIT_NUMBER_MAX, TH_E_LIMIT);
    read_values(&reader, message, &report);
    read_estimates(&reader, message, &report);
    read_tasks(&reader, message, &report);
    read_showcases(&reader, message, &report);
    read_narratives(&reader, message, &report);
    read_attachments(&reader, message, &report);
    read_document(&reader, message->document, &report);
    if (reader.status == 0)
        *ret_report = report;
    return reader.status;
}
