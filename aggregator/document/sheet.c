/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/document/sheet.h"

#include "aggregator/document/say.h"
#include "base/assert.h"

#include <string.h>

static const struct {
    const char *name, *label, *title;
} kinds[TH_SHEET_COUNT] = {
    [TH_SHEET_SUMMARY] = {"tong-hop", "Tổng hợp", "SỐ LIỆU TỔNG HỢP"},
    [TH_SHEET_DISTRICTS] = {"theo-huyen", "Theo huyện", "SỐ LIỆU TỔNG HỢP THEO ĐỊA BÀN, KHỐI"},
    [TH_SHEET_UNITS] = {"don-vi", "Theo đơn vị", "SỐ LIỆU CỦA TỪNG ĐƠN VỊ"},
    [TH_SHEET_STANDING] = {"tinh-trang", "Tình trạng", "TÌNH TRẠNG BÁO CÁO CỦA TỪNG ĐƠN VỊ"},
    [TH_SHEET_MISSING] = {"chua-bao-cao", "Chưa báo cáo", "ĐƠN VỊ CHƯA BÁO CÁO"},
    [TH_SHEET_MODELS] = {"mo-hinh", "Mô hình", "MÔ HÌNH “DÂN VẬN KHÉO”"},
    [TH_SHEET_TEXTS] = {"thuyet-minh", "Thuyết minh", "PHẦN LỜI CỦA CÁC BÁO CÁO"},
};

const char *th_document_sheet_name(unsigned index)
{
    return index < TH_SHEET_COUNT ? kinds[index].name : NULL;
}

int th_sheet_parse(const char *name, enum th_sheet_kind *ret_kind)
{
    if (name == NULL)
        name = kinds[TH_SHEET_UNITS].name;
    for (int i = 0; i < TH_SHEET_COUNT; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *ret_kind = (enum th_sheet_kind)i;
            return TH_OK;
        }
    return TH_E_NOT_FOUND;
}

/* ---- building ---- */

int th_sheet_init(struct th_arena *arena, size_t columns_max, size_t rows_max,
                  struct th_sheet *sheet)
{
    sheet->columns = th_arena_alloc_array(arena, columns_max, sizeof *sheet->columns);
    sheet->cells = th_arena_alloc_array(arena, columns_max * rows_max + 1, sizeof *sheet->cells);
    sheet->is_heading = th_arena_alloc_array(arena, rows_max + 1, sizeof *sheet->is_heading);
    sheet->rows_max = rows_max;
    return sheet->columns == NULL || sheet->cells == NULL || sheet->is_heading == NULL
               ? TH_E_NO_MEMORY
               : TH_OK;
}

void th_sheet_column(struct th_sheet *sheet, const char *heading, unsigned width)
{
    TH_ASSERT(sheet->rows_count == 0);
    sheet->columns[sheet->columns_count++] =
        (struct th_sheet_column){.heading = heading, .width = width};
}

struct th_cell *th_sheet_row(struct th_sheet *sheet)
{
    TH_ASSERT(sheet->rows_count < sheet->rows_max);
    return &sheet->cells[sheet->columns_count * sheet->rows_count++];
}

void th_sheet_heading(struct th_sheet *sheet, const char *text)
{
    sheet->is_heading[sheet->rows_count] = true;
    th_sheet_row(sheet)[0] = th_cell_text(text);
}

struct th_cell th_cell_text(const char *text)
{
    bool is_empty = text != NULL && text[0] == '\0';
    return (struct th_cell){is_empty ? TH_CELL_EMPTY : TH_CELL_TEXT, text};
}

struct th_cell th_cell_count(struct th_arena *arena, json_int_t count)
{
    return (struct th_cell){TH_CELL_NUMBER, th_say(arena, "%" JSON_INTEGER_FORMAT, count)};
}

struct th_cell th_cell_value(struct th_arena *arena, const struct th_indicator *indicator,
                             const json_t *value)
{
    const char *plain = json_string_value(value);
    if (json_is_object(value) && indicator->up == TH_UP_AVERAGE_MIN_MAX)
        plain = json_string_value(json_object_get(value, "average"));
    else if (json_is_object(value))
        return th_cell_text(th_say_value(arena, indicator, value));
    if (plain == NULL)
        return (struct th_cell){TH_CELL_EMPTY, NULL};
    if (indicator->type == TH_TYPE_ENUM)
        return th_cell_text(plain);
    return (struct th_cell){indicator->type == TH_TYPE_DATE ? TH_CELL_DAY : TH_CELL_NUMBER, plain};
}

struct th_cell th_cell_instant(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return (struct th_cell){text == NULL ? TH_CELL_EMPTY : TH_CELL_INSTANT, text};
}

/* ---- heads and feet ---- */

const char *th_sheet_subject(const struct th_document_facts *facts, struct th_arena *arena)
{
    const char *const branches[] = {"", facts->communes_name, "sở, cơ quan, đơn vị"};
    const char *unit =
        th_facts_unit_name(facts, arena, facts->context->units.units[facts->unit].code);
    if (unit == NULL)
        return NULL;
    return th_say(arena, "%s (%s, nghĩa vụ %s%s%s); %s%s%s", facts->obligation->title,
                  facts->plan->number[0] == '\0' ? facts->plan->id : facts->plan->number,
                  facts->obligation->id, facts->obligation->period[0] == '\0' ? "" : ", kỳ ",
                  facts->obligation->period, unit, facts->branch == TH_BRANCH_ALL ? "" : "; riêng ",
                  branches[facts->branch]);
}

const char *th_sheet_provenance(const struct th_document_facts *facts, struct th_arena *arena)
{
    bool known;
    json_int_t received = th_facts_count(facts->counts, "received", &known);
    json_int_t estimated = th_facts_count(facts->counts, "estimated", &known);
    json_int_t expected = th_facts_count(facts->counts, "expected", &known);
    const char *as_of = th_say_instant(arena, facts->as_of);
    const char *coverage =
        known
            ? th_say(arena,
                     "%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT
                     " đơn vị đã báo cáo, %" JSON_INTEGER_FORMAT " chưa báo cáo",
                     received, expected, expected - received)
            : th_say(arena, "%" JSON_INTEGER_FORMAT " báo cáo; không ấn định số đơn vị", received);
    json_int_t on_behalf = th_facts_count(facts->counts, "on_behalf", &known);
    const char *entered =
        on_behalf > 0 ? th_say(arena, ", %" JSON_INTEGER_FORMAT " nhập hộ", on_behalf) : "";
    if (as_of == NULL || coverage == NULL || entered == NULL)
        return NULL;
    return th_say(
        arena,
        "%sTính đến %s; %s; %" JSON_INTEGER_FORMAT " báo cáo có số ước%s; vị trí %llu của sổ %s%s",
        facts->mode == TH_MODE_REHEARSAL ? "DIỄN TẬP – không phải số liệu thật. " : "", as_of,
        coverage, estimated, entered, (unsigned long long)facts->position, facts->realm,
        facts->is_clock_suspect ? " (đồng hồ máy chủ đang bị nghi ngờ)" : "");
}

/* ---- the whole ---- */

static struct th_cell spread_cell(struct th_arena *arena, const struct th_indicator *indicator,
                                  const json_t *spread, const char *key)
{
    return th_cell_value(arena, indicator, json_object_get(spread, key));
}

#define NAMED_MAX                                                                                  \
    3 /* units with the smallest or the largest value that are named when more have it */

/* "Ia Ly, Ia Kha"; of many "Ia Ly, Ia Kha, Ia Phí … (63 đơn vị)". */
static struct th_cell spread_units(const struct th_document_facts *facts, struct th_arena *arena,
                                   const json_t *spread, const char *units_key,
                                   const char *count_key)
{
    const json_t *units = json_object_get(spread, units_key);
    json_int_t count = json_integer_value(json_object_get(spread, count_key));
    size_t named = json_array_size(units);
    const char *text = "";
    if (count > NAMED_MAX && named > NAMED_MAX)
        named = NAMED_MAX;
    for (size_t i = 0; i < named && text != NULL; i++) {
        const char *code = json_string_value(json_array_get(units, i));
        const char *name = code == NULL ? "" : th_facts_unit_name(facts, arena, code);
        text = name == NULL ? NULL : th_say(arena, "%s%s%s", text, i == 0 ? "" : ", ", name);
    }
    if (text != NULL && count > (json_int_t)named && named > 0)
        text = th_say(arena, "%s … (%" JSON_INTEGER_FORMAT " %s)", text, count,
                      th_facts_counted(facts));
    return th_cell_text(text);
}

/* What the one value of many units is, where it is not their sum. */
static struct th_cell name_cell(struct th_arena *arena, const struct th_indicator *indicator)
{
    if (indicator->up == TH_UP_AVERAGE_MIN_MAX)
        return th_cell_text(th_say(arena, "%s (bình quân)", indicator->name));
    if (indicator->up == TH_UP_MAX)
        return th_cell_text(th_say(arena, "%s (%s)", indicator->name,
                                   indicator->type == TH_TYPE_DATE ? "muộn nhất" : "lớn nhất"));
    return th_cell_text(indicator->name);
}

static void fill_summary_row(const struct th_document_facts *facts, struct th_arena *arena,
                             const struct th_indicator *indicator, struct th_cell *row)
{
    const json_t *spread = json_object_get(facts->spread, indicator->code);
    json_int_t reported = th_facts_reported(facts->figures, indicator);
    json_int_t expected = th_facts_expected(facts->figures, indicator);
    *row++ = th_cell_text(indicator->code);
    *row++ = name_cell(arena, indicator);
    *row++ = th_cell_text(indicator->unit_of_measure);
    *row++ = th_cell_value(arena, indicator, th_facts_value(facts->figures, indicator));
    *row++ = th_cell_count(arena, reported);
    if (expected >= 0) {
        row[0] = th_cell_count(arena, expected);
        row[1] = th_cell_count(arena, expected - reported);
    }
    row += 2;
    *row++ = spread_cell(arena, indicator, spread, "min");
    *row++ = spread_units(facts, arena, spread, "min_units", "min_count");
    *row++ = spread_cell(arena, indicator, spread, "max");
    *row++ = spread_units(facts, arena, spread, "max_units", "max_count");
    for (unsigned i = 0; i < facts->earlier_count; i++) {
        const json_t *figures = facts->earlier[i].figures;
        json_int_t then = th_facts_expected(figures, indicator);
        *row++ = th_cell_value(arena, indicator, th_facts_value(figures, indicator));
        *row++ =
            json_object_get(figures, indicator->code) == NULL
                ? th_cell_text("")
                : th_cell_text(then < 0
                                   ? th_say(arena, "%" JSON_INTEGER_FORMAT,
                                            th_facts_reported(figures, indicator))
                                   : th_say(arena, "%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT,
                                            th_facts_reported(figures, indicator), then));
    }
}

static const char *section_name(const struct th_catalogue *catalogue, uint16_t number)
{
    for (uint16_t i = 0; i < catalogue->sections_count; i++)
        if (catalogue->sections[i].number == number)
            return catalogue->sections[i].name;
    return "";
}

/* A walk through the indicators of the whole. */
struct walk {
    uint16_t number;  /* of the indicator */
    uint16_t section; /* its own */
    unsigned told;    /* sections with figures, which are numbered as in the report's text */
};

static const char *section_heading(const struct th_document_facts *facts, struct th_arena *arena,
                                   struct walk *walk)
{
    const char *name = section_name(&facts->plan->catalogue, walk->section);
    return th_facts_has_figures(facts, walk->section) ? th_say(arena, "%u. %s", ++walk->told, name)
                                                      : name;
}

/* The next indicator, with its section's heading before it. NULL: no more. */
static const struct th_indicator *next(const struct th_document_facts *facts,
                                       struct th_arena *arena, struct th_sheet *sheet,
                                       struct walk *walk)
{
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    while (++walk->number <= catalogue->number_max) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, walk->number);
        if (!th_facts_has(facts, indicator))
            continue;
        if (indicator->section != walk->section) {
            walk->section = indicator->section;
            th_sheet_heading(sheet, section_heading(facts, arena, walk));
        }
        return indicator;
    }
    return NULL;
}

static size_t rows_of(const struct th_document_facts *facts)
{
    return 2 * json_object_size(facts->figures) + 8;
}

static int fill_summary(const struct th_document_facts *facts, struct th_arena *arena,
                        struct th_sheet *sheet)
{
    struct walk walk = {.section = UINT16_MAX};
    const struct th_indicator *indicator;
    int status =
        th_sheet_init(arena, (size_t)11 + 2 * TH_DOCUMENT_EARLIER_MAX, rows_of(facts), sheet);
    if (status != TH_OK)
        return status;
    th_sheet_column(sheet, "Mã", 8);
    th_sheet_column(sheet, "Chỉ tiêu", 46);
    th_sheet_column(sheet, "Đơn vị tính", 11);
    th_sheet_column(sheet, "Giá trị", 18);
    th_sheet_column(sheet, th_say(arena, "Số %s có số liệu", th_facts_counted(facts)), 9);
    th_sheet_column(sheet, "Số đơn vị được giao", 9);
    th_sheet_column(sheet, "Chưa có số liệu", 9);
    th_sheet_column(sheet, "Nhỏ nhất", 15);
    th_sheet_column(sheet, "Đơn vị nhỏ nhất", 26);
    th_sheet_column(sheet, "Lớn nhất", 15);
    th_sheet_column(sheet, "Đơn vị lớn nhất", 26);
    for (unsigned i = 0; i < facts->earlier_count; i++) {
        th_sheet_column(sheet, th_say_capital(arena, facts->earlier[i].name), 18);
        th_sheet_column(sheet, "Số đơn vị có số liệu / được giao", 12);
    }
    sheet->fixed_columns = 2;
    while ((indicator = next(facts, arena, sheet, &walk)) != NULL)
        fill_summary_row(facts, arena, indicator, th_sheet_row(sheet));
    return TH_OK;
}

/* ---- by district ---- */

static void fill_counts_row(const struct th_document_facts *facts, struct th_arena *arena,
                            const char *name, const char *key, struct th_sheet *sheet)
{
    struct th_cell *row = th_sheet_row(sheet);
    bool known;
    json_int_t count = th_facts_count(facts->counts, key, &known);
    row[1] = th_cell_text(name);
    row[2] = th_cell_text("đơn vị");
    row[3] = known ? th_cell_count(arena, count) : th_cell_text("");
    for (unsigned i = 0; i < facts->parts_count; i++) {
        count = th_facts_count(facts->parts[i].counts, key, &known);
        row[4 + i] = known ? th_cell_count(arena, count) : th_cell_text("");
    }
}

static int fill_districts(const struct th_document_facts *facts, struct th_arena *arena,
                          struct th_sheet *sheet)
{
    struct walk walk = {.section = UINT16_MAX};
    const struct th_indicator *indicator;
    int status = th_sheet_init(arena, (size_t)4 + facts->parts_count, rows_of(facts), sheet);
    if (status != TH_OK)
        return status;
    th_sheet_column(sheet, "Mã", 8);
    th_sheet_column(sheet, "Chỉ tiêu", 40);
    th_sheet_column(sheet, "Đơn vị tính", 10);
    th_sheet_column(sheet, "Tất cả", 17);
    for (unsigned i = 0; i < facts->parts_count; i++)
        th_sheet_column(sheet, th_say_capital(arena, facts->parts[i].name), 16);
    sheet->fixed_columns = 2;
    th_sheet_heading(sheet, "Tình hình báo cáo");
    fill_counts_row(facts, arena, "Đơn vị được giao báo cáo", "expected", sheet);
    fill_counts_row(facts, arena, "Đã báo cáo", "received", sheet);
    fill_counts_row(facts, arena, "Trong đó: đúng hạn", "on_time", sheet);
    fill_counts_row(facts, arena, "Trong đó: trễ", "late", sheet);
    fill_counts_row(facts, arena, "Chưa báo cáo", "missing", sheet);
    while ((indicator = next(facts, arena, sheet, &walk)) != NULL) {
        struct th_cell *row = th_sheet_row(sheet);
        row[0] = th_cell_text(indicator->code);
        row[1] = name_cell(arena, indicator);
        row[2] = th_cell_text(indicator->unit_of_measure);
        row[3] = th_cell_value(arena, indicator, th_facts_value(facts->figures, indicator));
        for (unsigned i = 0; i < facts->parts_count; i++)
            row[4 + i] =
                th_cell_value(arena, indicator, th_facts_value(facts->parts[i].figures, indicator));
    }
    for (unsigned i = 0; i < facts->parts_count; i++)
        if (facts->parts[i].figures == NULL)
            sheet->note = "Cột không có số liệu: các đơn vị này không có bảng tổng hợp riêng.";
    return TH_OK;
}

/* A text for which there was no memory is NULL; a cell that has none is empty. */
static bool is_complete(const struct th_sheet *sheet)
{
    for (size_t i = 0; i < sheet->columns_count; i++)
        if (sheet->columns[i].heading == NULL)
            return false;
    for (size_t i = 0; i < sheet->columns_count * sheet->rows_count; i++)
        if (sheet->cells[i].kind != TH_CELL_EMPTY && sheet->cells[i].text == NULL)
            return false;
    return true;
}

int th_sheet_build(const struct th_document_facts *facts, enum th_sheet_kind kind,
                   struct th_arena *arena, struct th_sheet *ret_sheet)
{
    static int (*const fill[])(const struct th_document_facts *, struct th_arena *,
                               struct th_sheet *) = {
        [TH_SHEET_SUMMARY] = fill_summary,          [TH_SHEET_DISTRICTS] = fill_districts,
        [TH_SHEET_UNITS] = th_sheet_fill_units,     [TH_SHEET_STANDING] = th_sheet_fill_standing,
        [TH_SHEET_MISSING] = th_sheet_fill_missing, [TH_SHEET_MODELS] = th_sheet_fill_models,
        [TH_SHEET_TEXTS] = th_sheet_fill_texts};
    struct th_sheet sheet = {
        .name = kinds[kind].name, .label = kinds[kind].label, .title = kinds[kind].title};
    int status = fill[kind](facts, arena, &sheet);
    if (status == TH_OK && !is_complete(&sheet))
        status = TH_E_NO_MEMORY;
    if (status == TH_OK)
        *ret_sheet = sheet;
    return status;
}
