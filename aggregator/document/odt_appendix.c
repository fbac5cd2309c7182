/* SPDX-License-Identifier: Apache-2.0 */
/* The appendices, on landscape pages that are numbered each from 1: all figures, the figures of
 * each district section by section, who is missing or late, the units' own words, the models. */
#include "aggregator/document/odt_parts.h"

#include "aggregator/document/say.h"

#include <string.h>

#define PART_COLUMNS_MAX 11 /* indicators side by side on a page */

static void open_appendix(struct th_odt *odt, unsigned number, const char *title)
{
    struct th_civil_date date = th_date_of_day(th_day_of_instant(odt->facts->as_of));
    th_odt_paragraph(odt, "PhuLuc", th_odt_appendix_name(odt, number));
    th_odt_paragraph(odt, "TenPhuLuc", title);
    th_odt_paragraph(odt, "KemTheo",
                     th_say(odt->arena,
                            "(Kèm theo Báo cáo số          /%s ngày          tháng %s%d năm %d của "
                            "%s)",
                            odt->symbol, date.month < 3 ? "0" : "", date.month, date.year,
                            odt->issuer_name));
    if (odt->facts->mode == TH_MODE_REHEARSAL)
        th_odt_paragraph(odt, "DienTap", "DIỄN TẬP – SỐ LIỆU KHÔNG CÓ THẬT");
}

static bool build(struct th_odt *odt, enum th_sheet_kind kind, struct th_sheet *sheet)
{
    int status = th_sheet_build(odt->facts, kind, odt->arena, sheet);
    if (status != TH_OK)
        th_odt_fail(odt, status);
    return status == TH_OK;
}

/* ---- all figures ---- */

static void write_summary(struct th_odt *odt)
{
    struct th_odt_column columns[11 + 2 * TH_DOCUMENT_EARLIER_MAX] = {{0, 16}, {1, 62}, {2, 18},
                                                                      {3, 32}, {4, 16}, {5, 16}};
    size_t count = 6;
    struct th_sheet sheet;
    if (!build(odt, TH_SHEET_SUMMARY, &sheet))
        return;
    if (odt->facts->earlier_count == 0) {
        columns[count++] = (struct th_odt_column){7, 22};
        columns[count++] = (struct th_odt_column){9, 26};
    }
    for (unsigned i = 0; i < odt->facts->earlier_count; i++) {
        columns[count++] = (struct th_odt_column){11 + 2 * i, 30};
        columns[count++] = (struct th_odt_column){12 + 2 * i, 22};
    }
    open_appendix(odt, odt->appendix_summary, "TỔNG HỢP SỐ LIỆU THEO CHỈ TIÊU");
    th_odt_table(odt, &sheet, columns, count, TH_ODT_LANDSCAPE_MM);
}

/* ---- by district, section by section ---- */

static void add_part_row(struct th_odt *odt, struct th_sheet *sheet, const char *name,
                         const json_t *counts, const json_t *figures, json_int_t number,
                         const struct th_indicator *const *indicators, size_t count)
{
    struct th_cell *row = th_sheet_row(sheet);
    bool known;
    json_int_t received = th_facts_count(counts, "received", &known);
    json_int_t expected = th_facts_count(counts, "expected", &known);
    row[0] = number == 0 ? th_cell_text("") : th_cell_count(odt->arena, number);
    row[1] = th_cell_text(name);
    row[2] =
        th_cell_text(known ? th_say(odt->arena, "%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT,
                                    received, expected)
                           : th_say(odt->arena, "%" JSON_INTEGER_FORMAT, received));
    for (size_t i = 0; i < count; i++)
        row[3 + i] =
            th_cell_value(odt->arena, indicators[i], th_facts_value(figures, indicators[i]));
}

static void write_part_table(struct th_odt *odt, const struct th_indicator *const *indicators,
                             size_t count)
{
    const struct th_document_facts *facts = odt->facts;
    struct th_odt_column columns[3 + PART_COLUMNS_MAX] = {{0, 9}, {1, 40}, {2, 17}};
    struct th_sheet sheet = {0};
    if (th_sheet_init(odt->arena, 3 + count, facts->parts_count + 1U, &sheet) != TH_OK) {
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return;
    }
    th_sheet_column(&sheet, "TT", 5);
    th_sheet_column(&sheet, "Địa bàn, khối", 24);
    th_sheet_column(&sheet, "Đã gửi/ được giao", 10);
    for (size_t i = 0; i < count; i++) {
        bool has_measure = indicators[i]->unit_of_measure[0] != '\0';
        th_sheet_column(&sheet,
                        th_say(odt->arena, "%s%s%s%s", indicators[i]->name, has_measure ? " (" : "",
                               indicators[i]->unit_of_measure, has_measure ? ")" : ""),
                        12);
        columns[3 + i] = (struct th_odt_column){
            3 + i, indicators[i]->type == TH_TYPE_MONEY || indicators[i]->type == TH_TYPE_DECIMAL
                       ? 30
                       : 20};
    }
    for (unsigned i = 0; i < facts->parts_count; i++)
        add_part_row(odt, &sheet, th_say_capital(odt->arena, facts->parts[i].name),
                     facts->parts[i].counts, facts->parts[i].figures, (json_int_t)i + 1, indicators,
                     count);
    add_part_row(odt, &sheet, "Tổng cộng", facts->counts, facts->figures, 0, indicators, count);
    sheet.has_total = true;
    th_odt_table(odt, &sheet, columns, 3 + count, TH_ODT_LANDSCAPE_MM);
}

static void write_part_section(struct th_odt *odt, const struct th_section *section,
                               unsigned *number)
{
    const struct th_catalogue *catalogue = &odt->facts->plan->catalogue;
    const struct th_indicator *chosen[PART_COLUMNS_MAX];
    size_t count = 0;
    bool is_open = false;
    for (uint16_t i = 1; i <= catalogue->number_max; i++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, i);
        bool is_last = i == catalogue->number_max;
        if (indicator != NULL && indicator->section == section->number &&
            indicator->up != TH_UP_CONCAT && th_facts_has(odt->facts, indicator))
            chosen[count++] = indicator;
        if (count == 0 || (count < PART_COLUMNS_MAX && !is_last))
            continue;
        th_odt_paragraph(odt, "MucPhuLuc",
                         is_open ? th_say(odt->arena, "%u. %s (tiếp)", *number, section->name)
                                 : th_say(odt->arena, "%u. %s", ++*number, section->name));
        is_open = true;
        write_part_table(odt, chosen, count);
        count = 0;
    }
}

static void write_districts(struct th_odt *odt)
{
    const struct th_catalogue *catalogue = &odt->facts->plan->catalogue;
    unsigned number = 0;
    open_appendix(odt, odt->appendix_parts, "SỐ LIỆU THEO ĐỊA BÀN, KHỐI");
    for (uint16_t i = 0; i < catalogue->sections_count; i++)
        write_part_section(odt, &catalogue->sections[i], &number);
    for (unsigned i = 0; i < odt->facts->parts_count; i++)
        if (odt->facts->parts[i].figures == NULL) {
            th_odt_paragraph(odt, "GhiChu",
                             "Dòng không có số liệu: các đơn vị này không có bảng tổng hợp riêng; "
                             "số liệu của từng đơn vị có trong tệp XLSX.");
            break;
        }
}

/* ---- missing and late ---- */

static void write_late(struct th_odt *odt)
{
    static const struct th_odt_column columns[] = {{0, 12}, {1, 90}, {2, 70}, {3, 55}, {4, 30}};
    const json_t *units = odt->facts->units;
    struct th_sheet sheet = {0};
    if (th_sheet_init(odt->arena, 5, json_array_size(units), &sheet) != TH_OK) {
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return;
    }
    th_sheet_column(&sheet, "TT", 5);
    th_sheet_column(&sheet, "Đơn vị", 40);
    th_sheet_column(&sheet, "Thuộc", 30);
    th_sheet_column(&sheet, "Tiếp nhận lần đầu", 20);
    th_sheet_column(&sheet, "Lập trước hạn", 12);
    for (size_t i = 0; i < json_array_size(units); i++) {
        const json_t *line = json_array_get(units, i);
        const char *standing = json_string_value(json_object_get(line, "standing"));
        const char *unit = json_string_value(json_object_get(line, "unit"));
        const char *parent = json_string_value(json_object_get(line, "parent"));
        if (standing == NULL || strcmp(standing, "late") != 0 || unit == NULL || parent == NULL)
            continue;
        struct th_cell *row = th_sheet_row(&sheet);
        row[0] = th_cell_count(odt->arena, (json_int_t)sheet.rows_count);
        const char *name = th_facts_unit_name(odt->facts, odt->arena, unit);
        row[1] = th_cell_text(name == NULL ? NULL : th_say_capital(odt->arena, name));
        name = parent[0] == '\0' ? "" : th_facts_unit_name(odt->facts, odt->arena, parent);
        row[2] = th_cell_text(name == NULL ? NULL : th_say_capital(odt->arena, name));
        row[3] = th_cell_instant(line, "first_received");
        row[4] = th_cell_text(json_is_true(json_object_get(line, "prepared_in_time")) ? "có" : "");
    }
    if (sheet.rows_count == 0)
        return;
    th_odt_paragraph(odt, "MucPhuLuc", "2. Đơn vị gửi báo cáo trễ hạn");
    th_odt_table(odt, &sheet, columns, 5, TH_ODT_LANDSCAPE_MM);
}

static void write_missing(struct th_odt *odt)
{
    static const struct th_odt_column columns[] = {{0, 12}, {1, 80}, {3, 120}, {4, 45}};
    struct th_sheet sheet;
    if (!build(odt, TH_SHEET_MISSING, &sheet))
        return;
    open_appendix(odt, odt->appendix_missing, "ĐƠN VỊ CHƯA GỬI HOẶC GỬI BÁO CÁO TRỄ HẠN");
    th_odt_paragraph(odt, "MucPhuLuc", "1. Đơn vị chưa gửi báo cáo");
    if (sheet.rows_count == 0)
        th_odt_paragraph(odt, "GhiChu", "Không có.");
    else
        th_odt_table(odt, &sheet, columns, 4, TH_ODT_LANDSCAPE_MM);
    write_late(odt);
}

/* ---- words and models ---- */

static const char *unit_at(const json_t *section)
{
    const char *unit = json_string_value(json_object_get(section, "unit"));
    return unit == NULL ? "" : unit;
}

/* The names of the districts, for each section; NULL: no memory. */
static const char *const *parents_of(struct th_odt *odt, const json_t *sections)
{
    size_t count = json_array_size(sections);
    const char **parents = th_arena_alloc_array(odt->arena, count + 1, sizeof *parents);
    for (size_t i = 0; i < count && parents != NULL; i++) {
        parents[i] =
            th_facts_parent_name(odt->facts, odt->arena, unit_at(json_array_get(sections, i)));
        if (parents[i] == NULL)
            return NULL;
    }
    return parents;
}

static const char *text_at(const json_t *section)
{
    const char *text = json_string_value(json_object_get(section, "text"));
    return text == NULL ? "" : text;
}

static const char *join_unit(struct th_odt *odt, const char *names, const json_t *section)
{
    const char *name = th_facts_unit_name(odt->facts, odt->arena, unit_at(section));
    name = name == NULL ? NULL : th_say_capital(odt->arena, name);
    if (name == NULL || names == NULL)
        return NULL;
    return th_say(odt->arena, "%s%s%s", names, names[0] == '\0' ? "" : "; ", name);
}

/* The words of one district; units that say the same say it together. Sets what is written in
 * `done`. */
static void write_district(struct th_odt *odt, const json_t *sections, const char *const *parents,
                           size_t first, bool *done)
{
    size_t count = json_array_size(sections);
    th_odt_paragraph(odt, "OMuc", parents[first][0] == '\0' ? "Trực thuộc" : parents[first]);
    for (size_t i = first; i < count && odt->status == TH_OK; i++) {
        const char *names = "", *text = text_at(json_array_get(sections, i));
        if (done[i] || strcmp(parents[i], parents[first]) != 0)
            continue;
        for (size_t j = i; j < count; j++) {
            const json_t *other = json_array_get(sections, j);
            if (done[j] || strcmp(parents[j], parents[first]) != 0 ||
                strcmp(text_at(other), text) != 0)
                continue;
            names = join_unit(odt, names, other);
            done[j] = true;
        }
        th_odt_paragraph_led(odt, "OChu", names == NULL ? NULL : th_say(odt->arena, "%s: ", names),
                             text);
    }
}

/* Districts in the order of their first text. */
static void write_words(struct th_odt *odt, const json_t *sections)
{
    size_t count = json_array_size(sections);
    const char *const *parents = parents_of(odt, sections);
    bool *done = th_arena_alloc_array(odt->arena, count + 1, sizeof *done);
    if (parents == NULL || done == NULL) {
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (!done[i])
            write_district(odt, sections, parents, i, done);
}

static void write_texts(struct th_odt *odt)
{
    open_appendix(odt, odt->appendix_texts, "PHẦN LỜI TRONG BÁO CÁO CỦA CÁC ĐƠN VỊ, THEO ĐỊA BÀN");
    for (size_t i = 0; i < json_array_size(odt->facts->narratives); i++) {
        const json_t *narrative = json_array_get(odt->facts->narratives, i);
        const char *name = json_string_value(json_object_get(narrative, "name"));
        th_odt_paragraph(odt, "MucPhuLuc",
                         th_say(odt->arena, "%zu. %s", i + 1, name == NULL ? "" : name));
        write_words(odt, json_object_get(narrative, "sections"));
    }
}

static void write_models(struct th_odt *odt)
{
    static const struct th_odt_column columns[] = {{0, 12}, {1, 50}, {2, 65},
                                                   {3, 36}, {4, 28}, {5, 66}};
    struct th_sheet sheet;
    if (!build(odt, TH_SHEET_MODELS, &sheet))
        return;
    open_appendix(odt, odt->appendix_models, "MÔ HÌNH “DÂN VẬN KHÉO” DO CÁC ĐƠN VỊ BÁO CÁO");
    th_odt_table(odt, &sheet, columns, 6, TH_ODT_LANDSCAPE_MM);
}

void th_odt_appendices(struct th_odt *odt)
{
    if (odt->appendix_summary > 0)
        write_summary(odt);
    if (odt->appendix_parts > 0)
        write_districts(odt);
    if (odt->appendix_missing > 0)
        write_missing(odt);
    if (odt->appendix_texts > 0)
        write_texts(odt);
    if (odt->appendix_models > 0)
        write_models(odt);
}
