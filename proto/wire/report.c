/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a report (report.proto); proto/wire/report_read.c reads it. */
#include "proto/wire/submission.h"

#include "proto/wire/writer.h"
#include "report.pb-c.h"

static Tonghop__TaskProgress *write_task(struct th_wire_writer *writer,
                                         const struct th_task_progress *task)
{
    Tonghop__TaskProgress *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__task_progress__init(message);
    message->task = task->task;
    message->status = (Tonghop__TaskProgress__Status)task->status;
    message->percent = task->percent;
    message->has_note = task->note.size > 0;
    message->note = th_wire_of_text(task->note);
    return message;
}

static Tonghop__Model *write_showcase(struct th_wire_writer *writer,
                                      const struct th_showcase *showcase)
{
    Tonghop__Model *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__model__init(message);
    message->name = th_wire_of_text(showcase->name);
    message->field = th_wire_of_text(showcase->field);
    message->stage = (Tonghop__Model__Stage)showcase->stage;
    message->has_summary = showcase->summary.size > 0;
    message->summary = th_wire_of_text(showcase->summary);
    return message;
}

static Tonghop__Section *write_narrative(struct th_wire_writer *writer,
                                         const struct th_narrative *narrative)
{
    Tonghop__Section *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__section__init(message);
    message->indicator = narrative->indicator;
    message->text = th_wire_of_text(narrative->text);
    return message;
}

static Tonghop__Attachment *write_attachment(struct th_wire_writer *writer,
                                             const struct th_attachment *attachment)
{
    Tonghop__Attachment *message = th_wire_writer_alloc(writer, 1, sizeof *message);
    if (message == NULL)
        return NULL;
    tonghop__attachment__init(message);
    message->name = th_wire_of_text(attachment->name);
    message->media_type = th_wire_of_text(attachment->media_type);
    message->size = attachment->size;
    message->sha256 = th_wire_of_digest(&attachment->digest);
    return message;
}

static void write_lists(struct th_wire_writer *writer, const struct th_report *report,
                        Tonghop__Report *message)
{
    message->n_task = report->tasks_count;
    message->task = th_wire_writer_alloc(writer, report->tasks_count, sizeof *message->task);
    for (size_t i = 0; message->task != NULL && i < report->tasks_count; i++)
        message->task[i] = write_task(writer, &report->tasks[i]);
    message->n_model = report->showcases_count;
    message->model = th_wire_writer_alloc(writer, report->showcases_count, sizeof *message->model);
    for (size_t i = 0; message->model != NULL && i < report->showcases_count; i++)
        message->model[i] = write_showcase(writer, &report->showcases[i]);
    message->n_section = report->narratives_count;
    message->section =
        th_wire_writer_alloc(writer, report->narratives_count, sizeof *message->section);
    for (size_t i = 0; message->section != NULL && i < report->narratives_count; i++)
        message->section[i] = write_narrative(writer, &report->narratives[i]);
    message->n_attachment = report->attachments_count;
    message->attachment =
        th_wire_writer_alloc(writer, report->attachments_count, sizeof *message->attachment);
    for (size_t i = 0; message->attachment != NULL && i < report->attachments_count; i++)
        message->attachment[i] = write_attachment(writer, &report->attachments[i]);
}

int th_wire_report_encode(const struct th_report *report, struct th_arena *arena,
                          struct th_bytes *ret_bytes)
{
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__Report message = TONGHOP__REPORT__INIT;
    message.plan = th_wire_of_text(report->plan);
    message.obligation = th_wire_of_text(report->obligation);
    message.unit = th_wire_of_text(report->unit);
    message.number = report->number;
    message.revision = report->revision;
    message.n_indicator = report->values.count;
    message.indicator = th_wire_of_numbers(&writer, report->values.numbers, report->values.count);
    message.n_value = report->values.count;
    message.value = (int64_t *)report->values.values;
    message.n_estimated = report->estimated_count;
    message.estimated = th_wire_of_numbers(&writer, report->estimated, report->estimated_count);
    message.has_estimated_to = report->has_estimated_to;
    message.estimated_to = report->estimated_to.number;
    write_lists(&writer, report, &message);
    Tonghop__Document document = TONGHOP__DOCUMENT__INIT;
    if (report->has_document) {
        document.number = th_wire_of_text(report->document.number);
        document.date = report->document.date.number;
        document.signer = th_wire_of_text(report->document.signer);
        document.title = th_wire_of_text(report->document.title);
        message.document = &document;
    }
    return th_wire_pack(&writer, &message.base, TH_LIMIT_REPORT_SIZE_MAX, ret_bytes);
}
