/* SPDX-License-Identifier: Apache-2.0 */
/* What came of an entered form, for people and as JSON. */
#include "aggregator/cli/enter.h"

#include "base/options.h"
#include "proto/tlog/hash.h"

#include <string.h>
#include <sysexits.h>

/* ---- a form that is refused before anything is written ---- */

static void print_place(const struct th_form_place *place, FILE *out)
{
    if (place != NULL && place->cell != NULL)
        (void)fprintf(out, ":%s", place->cell);
    else if (place != NULL)
        (void)fprintf(out, ":%u:%u", place->line, place->column);
}

static void print_reasons(const struct th_enter_form *form, const struct th_reasons *reasons,
                          const char *what, FILE *out)
{
    for (size_t i = 0; i < reasons->count; i++) {
        const struct th_reason *reason = &reasons->items[i];
        const struct th_form_place *place = th_form_places_find(&form->places, reason->field);
        (void)fputs(form->path, out);
        print_place(place, out);
        (void)fprintf(out, ": %s [%s]: ", what, reason->rule);
        char field[TH_FORM_SPOKEN_SIZE];
        if (reason->field[0] != 0)
            (void)fprintf(out, "%s%s%s: ", th_form_field_spoken(th_text_of(reason->field), field),
                          reason->value[0] == 0 ? "" : " = ", reason->value);
        (void)fprintf(out, "%s\n", reason->text);
    }
    if (reasons->dropped > 0)
        (void)fprintf(out, "%s: còn %zu %s nữa\n", form->path, reasons->dropped, what);
}

/* A cell of a workbook, else a line and a column. */
static void set_place(json_t *object, const char *cell, uint32_t line, uint32_t column)
{
    if (cell != NULL) {
        (void)json_object_set_new(object, "cell", json_string(cell));
        return;
    }
    (void)json_object_set_new(object, "line", json_integer(line));
    (void)json_object_set_new(object, "column", json_integer(column));
}

static json_t *problems_json(const struct th_problems *problems)
{
    json_t *list = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const struct th_problem *problem = &problems->items[i];
        json_t *object = json_pack("{s:s, s:s?}", "text", problem->message, "hint", problem->hint);
        set_place(object, problem->cell, problem->line, problem->column);
        (void)json_array_append_new(list, object);
    }
    return list;
}

static json_t *reasons_json(const struct th_enter_form *form, const struct th_reasons *reasons)
{
    json_t *list = json_array();
    for (size_t i = 0; i < reasons->count; i++) {
        const struct th_reason *reason = &reasons->items[i];
        const struct th_form_place *place = th_form_places_find(&form->places, reason->field);
        json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "rule", reason->rule, "field",
                                   reason->field, "value", reason->value, "text", reason->text);
        if (place != NULL)
            set_place(object, place->cell, place->line, place->column);
        (void)json_array_append_new(list, object);
    }
    return list;
}

int th_enter_tell_form(const struct th_site *site, const struct th_enter_form *form)
{
    bool is_good = th_enter_form_is_good(form);
    int code = form->status < 0 ? th_status_exit_code(form->status) : EX_DATAERR;
    if (site->as_json && !is_good) {
        json_t *answer = json_pack("{s:s, s:s, s:o, s:o, s:o}", "file", form->path, "verdict",
                                   "refused", "problems", problems_json(&form->problems), "errors",
                                   reasons_json(form, &form->errors), "warnings",
                                   reasons_json(form, &form->warnings));
        return th_site_answer(site, answer) == EX_OK ? code : EX_OSERR;
    }
    if (site->as_json)
        return EX_OK;
    (void)!th_problems_print(&form->problems, site->err);
    print_reasons(form, &form->errors, "lỗi", site->err);
    print_reasons(form, &form->warnings, "cảnh báo", site->err);
    if (is_good)
        return EX_OK;
    th_cli_complain(site->err, site->command, "sửa biểu theo văn bản của đơn vị rồi nhập lại",
                    "%s: %s; chưa ghi gì vào kho", form->path,
                    form->status < 0 ? th_status_text(form->status) : "báo cáo sai quy tắc");
    return code;
}

/* ---- what the store decided ---- */

static json_t *text_json(struct th_text text)
{
    return json_stringn(text.bytes == NULL ? "" : text.bytes, text.size);
}

static json_t *wire_reasons_json(const struct th_wire_reason *reasons, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o}", "rule", text_json(reasons[i].rule), "field",
                            text_json(reasons[i].field), "value", text_json(reasons[i].value),
                            "text", text_json(reasons[i].text)));
    return list;
}

static int tell_json(const struct th_site *site, const struct th_enter_line *line,
                     const struct th_enter_form *form, const struct th_enter_result *result)
{
    const struct th_wire_verdict *verdict = result->verdict;
    char hex[TH_DIGEST_HEX_SIZE + 1] = "";
    json_t *answer = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s?, s:s?}", "file", form->path, "unit", line->unit,
        "plan", form->plan->id, "obligation", form->obligation->id, "number",
        (json_int_t)form->report.number, "revision", (json_int_t)form->report.revision, "operator",
        line->operator_name, "reference", line->reference, "sentence", result->sentence);
    if (verdict != NULL) {
        th_tlog_digest_to_hex(&verdict->report_digest, hex);
        (void)json_object_set_new(answer, "verdict", json_string(th_verdict_word(verdict->kind)));
        (void)json_object_set_new(answer, "sha256", json_string(hex));
        if (verdict->has_position)
            (void)json_object_set_new(answer, "position",
                                      json_integer((json_int_t)verdict->position));
        if (verdict->has_next_revision)
            (void)json_object_set_new(answer, "next_revision",
                                      json_integer(verdict->next_revision));
        (void)json_object_set_new(answer, "errors",
                                  wire_reasons_json(verdict->reasons, verdict->reasons_count));
        (void)json_object_set_new(answer, "warnings",
                                  wire_reasons_json(verdict->warnings, verdict->warnings_count));
    } else if (result->act->has_position) {
        (void)json_object_set_new(answer, "verdict", json_string("accepted"));
        (void)json_object_set_new(answer, "position",
                                  json_integer((json_int_t)result->act->position));
    }
    return th_site_answer(site, answer);
}

static const struct th_form_place *place_of(const struct th_enter_form *form, struct th_text field)
{
    char name[TH_REASON_FIELD_MAX] = "";
    if (field.size < sizeof name)
        memcpy(name, field.bytes, field.size);
    return th_form_places_find(&form->places, name);
}

static void print_wire_reasons(const struct th_enter_form *form,
                               const struct th_wire_verdict *verdict, FILE *out)
{
    for (size_t i = 0; i < verdict->reasons_count; i++) {
        const struct th_wire_reason *reason = &verdict->reasons[i];
        (void)fputs(form->path, out);
        print_place(place_of(form, reason->field), out);
        char field[TH_FORM_SPOKEN_SIZE];
        (void)fprintf(out, ": lỗi [%.*s]: %s%s%.*s\n", (int)reason->rule.size, reason->rule.bytes,
                      th_form_field_spoken(reason->field, field),
                      reason->field.size > 0 ? ": " : "", (int)reason->text.size,
                      reason->text.bytes);
    }
}

static void print_verdict(const struct th_site *site, const struct th_enter_line *line,
                          const struct th_enter_form *form, const struct th_wire_verdict *verdict)
{
    switch (verdict->kind) {
    case TH_VERDICT_ACCEPTED:
        (void)fprintf(site->out, "%s: đã nhập hộ đơn vị %s, mục %llu của nhật ký\n", form->path,
                      line->unit, (unsigned long long)verdict->position);
        break;
    case TH_VERDICT_DUPLICATE:
        (void)fprintf(site->out, "%s: đã có sẵn ở mục %llu của nhật ký, không có gì mới\n",
                      form->path, (unsigned long long)verdict->position);
        break;
    case TH_VERDICT_CONFLICT:
        th_cli_complain(site->err, site->command, "xem bản đã nhận bằng tonghop-aggregator report",
                        "%s: đơn vị %s đã có báo cáo lần %u với nội dung khác (mục %llu); nếu đây "
                        "là bản sửa thì nhập lại với --as-revision %u",
                        form->path, line->unit, form->report.revision,
                        (unsigned long long)verdict->position, verdict->next_revision);
        break;
    case TH_VERDICT_REJECTED:
        print_wire_reasons(form, verdict, site->err);
        if (verdict->has_next_revision)
            (void)fprintf(site->err, "    lần kế tiếp là %u: --as-revision %u\n",
                          verdict->next_revision, verdict->next_revision);
        th_cli_complain(site->err, site->command, NULL, "%s: không nhận; chưa ghi gì vào kho",
                        form->path);
        break;
    }
}

static int code_of(const struct th_wire_verdict *verdict)
{
    switch (verdict->kind) {
    case TH_VERDICT_ACCEPTED:
    case TH_VERDICT_DUPLICATE:
        return EX_OK;
    case TH_VERDICT_CONFLICT:
        return th_status_exit_code(TH_E_EXISTS);
    case TH_VERDICT_REJECTED:
        break;
    }
    return EX_DATAERR;
}

int th_enter_tell_result(const struct th_site *site, const struct th_enter_line *line,
                         const struct th_enter_form *form, const struct th_enter_result *result)
{
    int code = result->verdict != NULL     ? code_of(result->verdict)
               : result->act->has_position ? EX_OK
                                           : EX_OSERR;
    if (site->as_json)
        return tell_json(site, line, form, result) == EX_OK ? code : EX_OSERR;
    if (result->verdict != NULL)
        print_verdict(site, line, form, result->verdict);
    else if (result->act->has_position)
        (void)fprintf(site->out, "%s: đã nhập hộ đơn vị %s, mục %llu của nhật ký\n", form->path,
                      line->unit, (unsigned long long)result->act->position);
    else
        th_cli_complain(site->err, site->command, "chạy lại: không ghi hai lần",
                        "%s: không đọc được câu trả lời", form->path);
    if (result->sentence != NULL)
        (void)fprintf(site->out, "%s\n", result->sentence);
    return code;
}
