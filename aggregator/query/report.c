/* SPDX-License-Identifier: Apache-2.0 */
/* One unit's report in full, as it was sent, with its place in the journal. */
#include "aggregator/query/question.h"

#include "proto/model/indicator.h"
#include "proto/wire/journal.h"

#include <stdio.h>

static bool is_estimated(const struct th_report *report, uint16_t number)
{
    for (size_t i = 0; i < report->estimated_count; i++)
        if (report->estimated[i] == number)
            return true;
    return false;
}

static json_t *values_of(const struct th_catalogue *catalogue, const struct th_report *report)
{
    json_t *object = json_object();
    for (size_t i = 0; i < report->values.count; i++) {
        uint16_t number = report->values.numbers[i];
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        if (indicator == NULL)
            continue;
        char text[TH_ROLLUP_NUMBER_SIZE];
        th_indicator_format(indicator, report->values.values[i], text, sizeof(text));
        object = th_json_set(
            object, indicator->code,
            json_pack("{s:s,s:b}", "value", text, "estimated", (int)is_estimated(report, number)));
    }
    return object;
}

static json_t *sections_of(const struct th_catalogue *catalogue, const struct th_report *report)
{
    json_t *object = json_object();
    for (size_t i = 0; i < report->narratives_count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(catalogue, report->narratives[i].indicator);
        if (indicator != NULL)
            object = th_json_set(object, indicator->code, th_json_span(report->narratives[i].text));
    }
    return object;
}

static const char *task_word(enum th_task_status status)
{
    static const char *const words[] = {"", "not_started", "in_progress", "done", "not_applicable"};
    return words[status];
}

const char *th_query_stage_word(enum th_showcase_stage stage)
{
    static const char *const words[] = {"", "registered", "running", "recognised", "ended"};
    return words[stage];
}

static json_t *tasks_of(const struct th_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->tasks_count; i++)
        list = th_json_append(list, json_pack("{s:I,s:s,s:I,s:o}", "task",
                                              (json_int_t)report->tasks[i].task, "status",
                                              task_word(report->tasks[i].status), "percent",
                                              (json_int_t)report->tasks[i].percent, "note",
                                              th_json_span(report->tasks[i].note)));
    return list;
}

static json_t *models_of(const struct th_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->showcases_count; i++)
        list = th_json_append(
            list, json_pack("{s:o,s:o,s:s,s:o}", "name", th_json_span(report->showcases[i].name),
                            "field", th_json_span(report->showcases[i].field), "stage",
                            th_query_stage_word(report->showcases[i].stage), "summary",
                            th_json_span(report->showcases[i].summary)));
    return list;
}

static json_t *attachments_of(const struct th_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->attachments_count; i++)
        list = th_json_append(
            list, json_pack("{s:o,s:o,s:I,s:o}", "name", th_json_span(report->attachments[i].name),
                            "media_type", th_json_span(report->attachments[i].media_type), "size",
                            (json_int_t)report->attachments[i].size, "sha256",
                            th_json_digest(&report->attachments[i].digest)));
    return list;
}

static json_t *document_of(const struct th_report *report)
{
    if (!report->has_document)
        return json_null();
    return json_pack("{s:o,s:o,s:o,s:o}", "number", th_json_span(report->document.number), "date",
                     th_json_day(report->document.date), "signer",
                     th_json_span(report->document.signer), "title",
                     th_json_span(report->document.title));
}

/* Rule ids of the warnings that the entry keeps for this report. */
static json_t *warnings_of(const struct th_decision *decision, uint32_t index)
{
    json_t *list = json_array();
    for (size_t i = 0; i < decision->remarks_count; i++)
        if (decision->remarks[i].report == index && !decision->remarks[i].refused)
            list = th_json_append(list, json_pack("{s:o,s:o,s:o}", "rule",
                                                  th_json_span(decision->remarks[i].rule), "field",
                                                  th_json_span(decision->remarks[i].field), "value",
                                                  th_json_span(decision->remarks[i].value)));
    return list;
}

/* ---- revisions ---- */

/* Who entered what the unit has not signed. */
static int read_entering(const struct th_question *question, uint64_t position,
                         struct th_entering *ret_entering)
{
    struct th_stored_entry entry;
    int status = th_view_entry(question->view, position, &entry);
    if (status == TH_OK && entry.kind != TH_ENTRY_ENTERED)
        status = TH_E_CORRUPT;
    if (status == TH_OK)
        status = th_wire_entering_decode(entry.body, question->arena, ret_entering);
    return status == TH_OK || status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
}

/* {"operator","reference"}, or null. */
static int set_on_behalf(const struct th_question *question, const struct th_row *row,
                         json_t **answer)
{
    struct th_entering entering;
    json_t *object = json_null();
    if (row->entered) {
        int status = read_entering(question, row->position, &entering);
        if (status != TH_OK)
            return status;
        object = json_pack("{s:o,s:o}", "operator", th_json_span(entering.operator), "reference",
                           th_json_span(entering.reference));
    }
    *answer = th_json_set(*answer, "on_behalf", object);
    return TH_OK;
}

static json_t *revision_json(const struct th_question *question, const struct th_revision *revision)
{
    struct th_entering entering;
    json_t *object =
        json_pack("{s:I,s:I,s:o,s:o}", "revision", (json_int_t)revision->revision, "position",
                  (json_int_t)revision->position, "received", th_json_instant(revision->received),
                  "sha256", th_json_digest(&revision->digest));
    if (revision->entered && read_entering(question, revision->position, &entering) == TH_OK)
        object = th_json_set(object, "on_behalf", th_json_span(entering.operator));
    return object;
}

struct history {
    const struct th_question *question;
    uint32_t shown, last; /* the revision that is shown, and the last one at the moment */
    json_t *superseded;   /* by the one that is shown */
    json_t *all;
};

static int add_revision(void *context, const struct th_revision *revision)
{
    struct history *history = context;
    if (revision->revision < history->shown)
        history->superseded =
            th_json_append(history->superseded, revision_json(history->question, revision));
    if (revision->revision < history->last)
        history->all = th_json_append(history->all, revision_json(history->question, revision));
    return TH_OK;
}

/* `last` is the report at the moment, `row` the revision that is shown. */
static int set_revisions(const struct th_question *question, const struct th_row *last,
                         const struct th_row *row, json_t **answer)
{
    const struct th_revision newest = th_revision_of(last);
    struct history history = {question, row->revision, last->revision, json_array(), json_array()};
    int status = th_view_revisions(question->view, question->book, row->unit, row->number,
                                   add_revision, &history);
    history.all = th_json_append(history.all, revision_json(question, &newest));
    *answer = th_json_set(*answer, "superseded", history.superseded);
    *answer = th_json_set(*answer, "revisions", history.all);
    return status;
}

/* The revision that is asked for takes the place of the last one at the moment. */
static int choose_revision(const struct th_question *question, struct th_row *row)
{
    uint32_t wanted = question->query->revision;
    struct th_revision revision;
    int status = TH_E_NOT_FOUND;
    if (wanted == 0 || wanted == row->revision)
        return TH_OK;
    if (wanted < row->revision)
        status = th_view_revision(question->view, question->book, row->unit, row->number, wanted,
                                  &revision);
    if (status == TH_E_NOT_FOUND)
        return th_query_refuse(question, status, "không có bản %u; bản mới nhất là %u", wanted,
                               row->revision);
    if (status != TH_OK)
        return status;
    row->revision = revision.revision;
    row->index = revision.index;
    row->position = revision.position;
    row->digest = revision.digest;
    row->received = revision.received;
    row->entered = revision.entered;
    return TH_OK;
}

static int fill(const struct th_question *question, const struct th_row *last,
                const struct th_row *row, json_t **answer)
{
    struct th_report report;
    struct th_decision decision;
    int status = th_query_read_report(question, row->position, row->index, question->arena, &report,
                                      &decision);
    if (status != TH_OK)
        return status;
    const struct th_catalogue *catalogue = &question->plan->plan->catalogue;
    json_t *filled = th_json_set(*answer, "number", json_integer(row->number));
    filled = th_json_set(filled, "revision", json_integer(row->revision));
    filled = th_json_set(filled, "entry", json_integer((json_int_t)row->position));
    filled = th_json_set(filled, "sha256", th_json_digest(&row->digest));
    filled = th_json_set(filled, "first_received", th_json_instant(row->first_received));
    filled = th_json_set(filled, "received", th_json_instant(row->received));
    filled = th_json_set(filled, "prepared", th_json_instant(row->prepared));
    filled = th_json_set(filled, "timeliness", json_string(th_timeliness_word(row->timeliness)));
    filled = th_json_set(filled, "estimated_to",
                         report.has_estimated_to ? th_json_day(report.estimated_to) : json_null());
    filled = th_json_set(filled, "values", values_of(catalogue, &report));
    filled = th_json_set(filled, "sections", sections_of(catalogue, &report));
    filled = th_json_set(filled, "tasks", tasks_of(&report));
    filled = th_json_set(filled, "models", models_of(&report));
    filled = th_json_set(filled, "attachments", attachments_of(&report));
    filled = th_json_set(filled, "document", document_of(&report));
    filled = th_json_set(filled, "warnings", warnings_of(&decision, row->index));
    *answer = filled;
    status = set_on_behalf(question, row, answer);
    return status == TH_OK ? set_revisions(question, last, row, answer) : status;
}

/* TH_E_AMBIGUOUS: which of several reports; TH_E_NOT_FOUND. Both are told. */
static int refuse(const struct th_question *question, const struct th_unit *unit)
{
    if (question->obligation->open_ended && question->number == 0)
        return th_query_refuse(th_query_lacks(question, "number"), TH_E_AMBIGUOUS,
                               "nghĩa vụ %s nhận nhiều báo cáo của một đơn vị: nói rõ %snumber, "
                               "báo cáo thứ mấy, từ 1; các số có ở standing",
                               question->obligation->id, question->unit_given ? "" : "unit và ");
    return th_query_refuse(th_query_lacks(question, question->unit_given ? NULL : "unit"),
                           TH_E_NOT_FOUND, "%s (%s) chưa có báo cáo cho nghĩa vụ %s%s", unit->name,
                           unit->code, question->obligation->id,
                           question->unit_given ? "" : ": nói rõ unit");
}

int th_query_report(const struct th_question *question, json_t **ret_answer)
{
    const struct th_unit *unit = &question->context->units.units[question->unit];
    struct th_row row;
    int status = th_query_row(question, &row);
    if (status == TH_E_NOT_FOUND)
        return refuse(question, unit);
    if (status != TH_OK)
        return status;
    const struct th_row last = row;
    status = choose_revision(question, &row);
    if (status != TH_OK)
        return status;
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit", json_string(unit->code));
    answer = th_json_set(answer, "name", json_string(unit->name));
    status = fill(question, &last, &row, &answer);
    if (status != TH_OK) {
        json_decref(answer);
        return status;
    }
    *ret_answer = answer;
    return answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
