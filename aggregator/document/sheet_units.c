/* SPDX-License-Identifier: Apache-2.0 */
/* The tables with a line for each unit, model or text. */
#include "aggregator/document/sheet.h"

#include "aggregator/core/standing.h"
#include "aggregator/document/say.h"

#include <string.h>

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static const char *label_of(const char *word)
{
    for (int i = 0; i < TH_STANDING_COUNT; i++)
        if (strcmp(th_standing_word((enum th_standing)i), word) == 0)
            return th_standing_label((enum th_standing)i);
    return word;
}

/* A report that its unit has not signed says so beside its standing. */
static const char *standing_label(struct th_arena *arena, const json_t *line)
{
    const char *label = label_of(text_at(line, "standing"));
    return json_is_true(json_object_get(line, "on_behalf")) ? th_say(arena, "%s, nhập hộ", label)
                                                            : label;
}

static struct th_cell unit_cell(const struct th_document_facts *facts, struct th_arena *arena,
                                const char *code)
{
    if (code[0] == '\0')
        return th_cell_text("");
    const char *name = th_facts_unit_name(facts, arena, code);
    return th_cell_text(name == NULL ? NULL : th_say_capital(arena, name));
}

/* Of a unit that may send several, which of them. */
static struct th_cell report_cell(const struct th_document_facts *facts, struct th_arena *arena,
                                  const json_t *line)
{
    struct th_cell cell = unit_cell(facts, arena, text_at(line, "unit"));
    json_int_t number = json_integer_value(json_object_get(line, "number"));
    if (number > 0)
        cell = th_cell_text(
            th_say(arena, "%s (báo cáo số %" JSON_INTEGER_FORMAT ")", cell.text, number));
    return cell;
}

static struct th_cell number_at(struct th_arena *arena, const json_t *object, const char *key)
{
    const json_t *number = json_object_get(object, key);
    return json_is_integer(number) ? th_cell_count(arena, json_integer_value(number))
                                   : th_cell_text("");
}

/* ---- figures of each unit ---- */

/* A report among those of all units. */
static const char *key_of(struct th_arena *arena, const json_t *line)
{
    return th_say(arena, "%s#%" JSON_INTEGER_FORMAT, text_at(line, "unit"),
                  json_integer_value(json_object_get(line, "number")));
}

/* {report: line of the standing}, borrowed. */
static json_t *index_standing(const struct th_document_facts *facts, struct th_arena *arena)
{
    json_t *index = json_object();
    for (size_t i = 0; i < json_array_size(facts->units); i++) {
        json_t *line = json_array_get(facts->units, i);
        const char *key = key_of(arena, line);
        if (key == NULL || json_object_set(index, key, line) != 0) {
            json_decref(index);
            return NULL;
        }
    }
    return index;
}

static unsigned width_of(const struct th_indicator *indicator)
{
    return indicator->type == TH_TYPE_MONEY ? 18 : 12;
}

static int add_indicator_columns(const struct th_document_facts *facts, struct th_arena *arena,
                                 struct th_sheet *sheet)
{
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    for (size_t i = 0; i < json_array_size(facts->columns); i++) {
        const char *code = json_string_value(json_array_get(facts->columns, i));
        const struct th_indicator *indicator = th_catalogue_get(
            catalogue, code == NULL ? 0 : th_catalogue_lookup(catalogue, code, strlen(code)));
        if (indicator == NULL)
            return TH_E_CORRUPT;
        bool has_measure = indicator->unit_of_measure[0] != '\0';
        th_sheet_column(sheet,
                        th_say(arena, "%s %s%s%s%s", code, indicator->name, has_measure ? " (" : "",
                               indicator->unit_of_measure, has_measure ? ")" : ""),
                        width_of(indicator));
        sheet->columns[sheet->columns_count - 1].code = indicator->code;
    }
    return TH_OK;
}

#define UNIT_COLUMNS 8

/* Before the figures: which of several reports, where there may be several. */
static size_t unit_columns(const struct th_document_facts *facts)
{
    return (size_t)UNIT_COLUMNS + facts->obligation->open_ended;
}

static void fill_unit(const struct th_document_facts *facts, struct th_arena *arena,
                      const json_t *line, const json_t *standing, const struct th_sheet *sheet,
                      struct th_cell *row)
{
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    const json_t *values = json_object_get(line, "values");
    row[0] = th_cell_text(text_at(line, "unit"));
    row[1] = unit_cell(facts, arena, text_at(line, "unit"));
    row[2] = unit_cell(facts, arena, text_at(standing, "parent"));
    row[3] = th_cell_text(standing_label(arena, standing));
    row[4] = number_at(arena, line, "revision");
    row[5] = th_cell_instant(standing, "first_received");
    row[6] = th_cell_instant(line, "received");
    row[7] = th_cell_text(json_is_true(json_object_get(standing, "estimated")) ? "có" : "");
    const size_t first = unit_columns(facts);
    if (first > UNIT_COLUMNS)
        row[UNIT_COLUMNS] = number_at(arena, line, "number");
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *code = sheet->columns[first + i].code;
        const struct th_indicator *indicator =
            th_catalogue_get(catalogue, th_catalogue_lookup(catalogue, code, strlen(code)));
        row[first + i] = th_cell_value(arena, indicator, json_array_get(values, i));
    }
}

int th_sheet_fill_units(const struct th_document_facts *facts, struct th_arena *arena,
                        struct th_sheet *sheet)
{
    int status = th_sheet_init(arena, unit_columns(facts) + json_array_size(facts->columns),
                               json_array_size(facts->lines), sheet);
    if (status != TH_OK)
        return status;
    th_sheet_column(sheet, "Mã đơn vị", 10);
    th_sheet_column(sheet, "Đơn vị", 30);
    th_sheet_column(sheet, "Thuộc", 20);
    th_sheet_column(sheet, "Tình trạng", 14);
    th_sheet_column(sheet, "Bản", 5);
    th_sheet_column(sheet, "Nhận lần đầu", 16);
    th_sheet_column(sheet, "Nhận bản này", 16);
    th_sheet_column(sheet, "Có số ước", 8);
    if (unit_columns(facts) > UNIT_COLUMNS)
        th_sheet_column(sheet, "Báo cáo số", 8);
    sheet->fixed_columns = 2;
    sheet->note = "Ô trống: đơn vị không báo cáo chỉ tiêu đó (khác với số 0).";
    status = add_indicator_columns(facts, arena, sheet);
    if (status != TH_OK)
        return status;
    json_t *standing = index_standing(facts, arena);
    if (standing == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < json_array_size(facts->lines) && status == TH_OK; i++) {
        const json_t *line = json_array_get(facts->lines, i);
        const char *key = key_of(arena, line);
        if (json_array_size(json_object_get(line, "values")) > json_array_size(facts->columns))
            status = TH_E_CORRUPT;
        else if (key == NULL)
            status = TH_E_NO_MEMORY;
        else
            fill_unit(facts, arena, line, json_object_get(standing, key), sheet,
                      th_sheet_row(sheet));
    }
    json_decref(standing);
    return status;
}

/* ---- standing ---- */

int th_sheet_fill_standing(const struct th_document_facts *facts, struct th_arena *arena,
                           struct th_sheet *sheet)
{
    int status = th_sheet_init(arena, 11, json_array_size(facts->units), sheet);
    if (status != TH_OK)
        return status;
    th_sheet_column(sheet, "STT", 5);
    th_sheet_column(sheet, "Mã đơn vị", 10);
    th_sheet_column(sheet, "Đơn vị", 40);
    th_sheet_column(sheet, "Thuộc", 24);
    th_sheet_column(sheet, "Tình trạng", 16);
    th_sheet_column(sheet, "Báo cáo số", 8);
    th_sheet_column(sheet, "Bản", 5);
    th_sheet_column(sheet, "Nhận lần đầu", 16);
    th_sheet_column(sheet, "Nhận bản này", 16);
    th_sheet_column(sheet, "Có số ước", 8);
    th_sheet_column(sheet, "Vị trí trong sổ", 10);
    sheet->fixed_columns = 3;
    for (size_t i = 0; i < json_array_size(facts->units); i++) {
        const json_t *line = json_array_get(facts->units, i);
        struct th_cell *row = th_sheet_row(sheet);
        bool is_late_delivery = json_is_true(json_object_get(line, "prepared_in_time"));
        const char *label = standing_label(arena, line);
        row[0] = th_cell_count(arena, (json_int_t)i + 1);
        row[1] = th_cell_text(text_at(line, "unit"));
        row[2] = unit_cell(facts, arena, text_at(line, "unit"));
        row[3] = unit_cell(facts, arena, text_at(line, "parent"));
        row[4] =
            th_cell_text(is_late_delivery ? th_say(arena, "%s (lập trước hạn)", label) : label);
        if (json_integer_value(json_object_get(line, "number")) > 0)
            row[5] = number_at(arena, line, "number");
        row[6] = number_at(arena, line, "revision");
        row[7] = th_cell_instant(line, "first_received");
        row[8] = th_cell_instant(line, "received");
        row[9] = th_cell_text(json_is_true(json_object_get(line, "estimated")) ? "có" : "");
        row[10] = number_at(arena, line, "position");
    }
    return TH_OK;
}

/* ---- who is missing ---- */

static size_t missing_of(const struct th_document_facts *facts)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(facts->groups); i++)
        count += json_array_size(json_object_get(json_array_get(facts->groups, i), "units"));
    return count;
}

static void fill_missing(const struct th_document_facts *facts, struct th_arena *arena,
                         const json_t *group, size_t number, const json_t *unit,
                         struct th_cell *row)
{
    const json_t *contact = json_object_get(unit, "contact");
    const char *code = text_at(group, "unit");
    row[0] = th_cell_count(arena, (json_int_t)number);
    row[1] = code[0] == '\0' ? th_cell_text(text_at(group, "name")) : unit_cell(facts, arena, code);
    row[2] = th_cell_text(text_at(unit, "unit"));
    row[3] = unit_cell(facts, arena, text_at(unit, "unit"));
    row[4] = number_at(arena, unit, "days_late");
    row[5] = th_cell_text(text_at(contact, "name"));
    row[6] = th_cell_text(text_at(contact, "phone"));
    row[7] = th_cell_text(text_at(contact, "email"));
    row[8] = th_cell_text(text_at(contact, "note"));
}

int th_sheet_fill_missing(const struct th_document_facts *facts, struct th_arena *arena,
                          struct th_sheet *sheet)
{
    size_t number = 0;
    int status = th_sheet_init(arena, 9, missing_of(facts), sheet);
    if (status != TH_OK)
        return status;
    th_sheet_column(sheet, "STT", 5);
    th_sheet_column(sheet, "Địa bàn, khối", 26);
    th_sheet_column(sheet, "Mã đơn vị", 10);
    th_sheet_column(sheet, "Đơn vị", 40);
    th_sheet_column(sheet, "Số ngày quá hạn", 10);
    th_sheet_column(sheet, "Người liên hệ", 24);
    th_sheet_column(sheet, "Điện thoại", 14);
    th_sheet_column(sheet, "Thư điện tử", 26);
    th_sheet_column(sheet, "Ghi chú", 26);
    sheet->fixed_columns = 1;
    for (size_t i = 0; i < json_array_size(facts->groups); i++) {
        const json_t *group = json_array_get(facts->groups, i);
        const json_t *units = json_object_get(group, "units");
        for (size_t j = 0; j < json_array_size(units); j++)
            fill_missing(facts, arena, group, ++number, json_array_get(units, j),
                         th_sheet_row(sheet));
    }
    return TH_OK;
}

/* ---- models and texts ---- */

int th_sheet_fill_models(const struct th_document_facts *facts, struct th_arena *arena,
                         struct th_sheet *sheet)
{
    int status = th_sheet_init(arena, 6, json_array_size(facts->models), sheet);
    if (status != TH_OK)
        return status;
    th_sheet_column(sheet, "STT", 5);
    th_sheet_column(sheet, "Đơn vị", 32);
    th_sheet_column(sheet, "Tên mô hình", 44);
    th_sheet_column(sheet, "Lĩnh vực", 24);
    th_sheet_column(sheet, "Tình trạng", 16);
    th_sheet_column(sheet, "Tóm tắt", 60);
    sheet->fixed_columns = 1;
    for (size_t i = 0; i < json_array_size(facts->models); i++) {
        const json_t *model = json_array_get(facts->models, i);
        struct th_cell *row = th_sheet_row(sheet);
        row[0] = th_cell_count(arena, (json_int_t)i + 1);
        row[1] = report_cell(facts, arena, model);
        row[2] = th_cell_text(text_at(model, "name"));
        row[3] = th_cell_text(text_at(model, "field"));
        row[4] = th_cell_text(text_at(model, "stage_name"));
        row[5] = th_cell_text(text_at(model, "summary"));
    }
    return TH_OK;
}

static size_t texts_of(const struct th_document_facts *facts)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(facts->narratives); i++)
        count +=
            1 + json_array_size(json_object_get(json_array_get(facts->narratives, i), "sections"));
    return count;
}

int th_sheet_fill_texts(const struct th_document_facts *facts, struct th_arena *arena,
                        struct th_sheet *sheet)
{
    int status = th_sheet_init(arena, 4, texts_of(facts), sheet);
    if (status != TH_OK)
        return status;
    th_sheet_column(sheet, "STT", 5);
    th_sheet_column(sheet, "Đơn vị", 32);
    th_sheet_column(sheet, "Thuộc", 26);
    th_sheet_column(sheet, "Nội dung", 100);
    sheet->fixed_columns = 1;
    for (size_t i = 0; i < json_array_size(facts->narratives); i++) {
        const json_t *narrative = json_array_get(facts->narratives, i);
        const json_t *sections = json_object_get(narrative, "sections");
        th_sheet_heading(sheet, th_say(arena, "%s. %s (%zu %s)", text_at(narrative, "indicator"),
                                       text_at(narrative, "name"), json_array_size(sections),
                                       th_facts_counted(facts)));
        for (size_t j = 0; j < json_array_size(sections); j++) {
            const json_t *section = json_array_get(sections, j);
            struct th_cell *row = th_sheet_row(sheet);
            row[0] = th_cell_count(arena, (json_int_t)j + 1);
            row[1] = report_cell(facts, arena, section);
            row[2] = th_cell_text(th_facts_parent_name(facts, arena, text_at(section, "unit")));
            row[3] = th_cell_text(text_at(section, "text"));
        }
    }
    return TH_OK;
}
