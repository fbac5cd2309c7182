/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workbook form, by libxlsxwriter: labels protected, what is to be filled in unlocked. Its
 * sheets and headings are those of proto/form/xlsx_layout.h.
 *
 * The library writes to a path, so it gets one of a file in memory; what it made is read back
 * before it is given away.
 */
#define _GNU_SOURCE /* memfd_create */
#include "proto/workbook/template.h"

#include "proto/form/stamp.h"
#include "proto/form/words.h"
#include "proto/workbook/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAPER_A4        9
#define TITLE_CHARS     32 /* of a validation */
#define MESSAGE_CHARS   255
#define MODEL_ROWS      60
#define ATTACHMENT_ROWS 8
#define LINE_POINTS     16.0
#define LINES_MAX       25 /* a row is 409 points high at most */
#define TEXT_POINTS     110.0
#define INPUT_COLOR     0xFFFBE6
#define HEADING_COLOR   0xDCE6F1
#define WRONG_COLOR     0xC00000
#define DOUBT_COLOR     0x9C5700
#define LINE_SIZE       2200

void th_xlsx_note(struct th_xlsx_writing *writing, lxw_error error)
{
    if (writing->error == LXW_NO_ERROR)
        writing->error = error;
}

void th_xlsx_text(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                  lxw_col_t column, const char *text, lxw_format *format)
{
    th_xlsx_note(writing, worksheet_write_string(sheet, row, column, text, format));
}

/* ---- formats ---- */

static lxw_format *new_format(struct th_xlsx_writing *writing, bool has_border)
{
    lxw_format *format = workbook_add_format(writing->book);
    if (format == NULL) {
        th_xlsx_note(writing, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return NULL;
    }
    format_set_font_name(format, "Times New Roman");
    format_set_font_size(format, 12);
    format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    if (has_border)
        format_set_border(format, LXW_BORDER_THIN);
    return format;
}

static lxw_format *input_format(struct th_xlsx_writing *writing, const char *code)
{
    lxw_format *format = new_format(writing, true);
    if (format != NULL) {
        format_set_unlocked(format);
        format_set_bg_color(format, INPUT_COLOR);
        format_set_num_format(format, code);
    }
    return format;
}

static bool make_formats(struct th_xlsx_writing *writing)
{
    struct th_xlsx_formats *formats = &writing->formats;
    char code[24] = "#,##0";
    lxw_format **const plain[] = {&formats->title, &formats->line, &formats->note};
    lxw_format **const framed[] = {&formats->heading, &formats->section, &formats->label,
                                   &formats->shown,   &formats->locked,  &formats->check};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        *plain[i] = new_format(writing, false);
    for (size_t i = 0; i < sizeof framed / sizeof *framed; i++)
        *framed[i] = new_format(writing, true);
    formats->text_input = input_format(writing, "@");
    formats->free_input = input_format(writing, "General");
    formats->day_input = input_format(writing, "yyyy-mm-dd");
    formats->mark_input = input_format(writing, "@");
    for (size_t scale = 0; scale < 7; scale++) {
        formats->number_input[scale] = input_format(writing, code);
        (void)strcat(code, scale == 0 ? ".0" : "0");
    }
    formats->wrong = workbook_add_format(writing->book);
    formats->doubt = workbook_add_format(writing->book);
    if (formats->wrong == NULL || formats->doubt == NULL)
        th_xlsx_note(writing, LXW_ERROR_MEMORY_MALLOC_FAILED);
    if (writing->error != LXW_NO_ERROR)
        return false;
    format_set_font_color(formats->wrong, WRONG_COLOR);
    format_set_font_color(formats->doubt, DOUBT_COLOR);
    format_set_bold(formats->title);
    format_set_font_size(formats->title, 14);
    format_set_text_wrap(formats->note);
    format_set_bold(formats->heading);
    format_set_bg_color(formats->heading, HEADING_COLOR);
    format_set_text_wrap(formats->heading);
    format_set_align(formats->heading, LXW_ALIGN_CENTER);
    format_set_align(formats->heading, LXW_ALIGN_VERTICAL_CENTER);
    format_set_bold(formats->section);
    format_set_text_wrap(formats->label);
    format_set_num_format(formats->shown, "#,##0.00");
    format_set_italic(formats->shown);
    format_set_text_wrap(formats->text_input);
    format_set_align(formats->mark_input, LXW_ALIGN_CENTER);
    return true;
}

/* ---- what every sheet has ---- */

static void put_line(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t *row,
                     lxw_format *format, const char *before, const char *text, const char *after)
{
    char line[LINE_SIZE];
    (void)snprintf(line, sizeof line, "%s%s%s", before, text, after);
    th_xlsx_text(writing, sheet, (*row)++, 0, line, format);
}

static void put_due(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t *row)
{
    const struct th_obligation *obligation = writing->form->obligation;
    const th_instant last = {obligation->due.ms - 1}; /* "trước ngày 10/5" is often misread */
    char due[TH_SPOKEN_TEXT_SIZE], last_text[TH_SPOKEN_TEXT_SIZE], text[3 * TH_SPOKEN_TEXT_SIZE];
    if (!obligation->has_due)
        return;
    (void)snprintf(text, sizeof text, "%s, chậm nhất là %s",
                   th_instant_format_deadline(obligation->due, due),
                   th_instant_format_spoken(last, last_text));
    put_line(writing, sheet, row, writing->formats.line, "Hạn: đến trước ", text,
             " (giờ Việt Nam)");
}

lxw_worksheet *th_xlsx_sheet(struct th_xlsx_writing *writing, const char *name, const char *title,
                             lxw_row_t *ret_row)
{
    const struct th_form_template *form = writing->form;
    lxw_worksheet *sheet = workbook_add_worksheet(writing->book, name);
    char unit[LINE_SIZE / 2], plan[LINE_SIZE / 2];
    lxw_row_t row = 0;
    if (sheet == NULL) {
        th_xlsx_note(writing, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return NULL;
    }
    const char *prefix = th_unit_kind_prefix(form->unit->kind);
    (void)snprintf(unit, sizeof unit, "%s%s%s (mã %s)", prefix, prefix[0] == 0 ? "" : " ",
                   form->unit->name, form->unit->code);
    put_line(writing, sheet, &row, writing->formats.title, form->obligation->title, ": ", title);
    put_line(writing, sheet, &row, writing->formats.line, "Đơn vị: ", unit, "");
    (void)snprintf(plan, sizeof plan, "%s%s%s", form->plan->number,
                   form->plan->number[0] == 0 ? "" : ": ", form->plan->title);
    put_line(writing, sheet, &row, writing->formats.line, "Kế hoạch ", plan, "");
    if (form->obligation->period[0] != 0)
        put_line(writing, sheet, &row, writing->formats.line,
                 "Kỳ báo cáo: ", form->obligation->period, "");
    put_due(writing, sheet, &row);
    *ret_row = row + 1;
    return sheet;
}

void th_xlsx_headings(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                      const char *const headings[], const double widths[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        th_xlsx_note(writing,
                     worksheet_set_column(sheet, (lxw_col_t)i, (lxw_col_t)i, widths[i], NULL));
        th_xlsx_text(writing, sheet, row, (lxw_col_t)i, headings[i], writing->formats.heading);
    }
    worksheet_freeze_panes(sheet, row + 1, 0);
}

void th_xlsx_height(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                    const char *const texts[], const double widths[], size_t count)
{
    unsigned lines = 1;
    for (size_t i = 0; i < count; i++) {
        size_t chars = 0;
        for (const char *at = texts[i]; *at != 0; at++)
            chars += ((unsigned char)*at & 0xC0) != 0x80 ? 1 : 0;
        unsigned own = (unsigned)(0.8 * (double)chars / (widths[i] - 1)) + 1; /* Times is narrow */
        lines = own > lines ? own : lines;
    }
    lines = lines > LINES_MAX ? LINES_MAX : lines;
    if (lines > 1)
        th_xlsx_note(writing, worksheet_set_row(sheet, row, LINE_POINTS * lines, NULL));
}

void th_xlsx_finish(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t heading)
{
    lxw_protection allowed = {.format_columns = LXW_TRUE, .format_rows = LXW_TRUE};
    worksheet_protect(sheet, NULL, &allowed);
    worksheet_set_paper(sheet, PAPER_A4);
    worksheet_set_landscape(sheet);
    worksheet_fit_to_pages(sheet, 1, 0);
    worksheet_set_margins(sheet, 0.6, 0.4, 0.6, 0.6);
    th_xlsx_note(writing, worksheet_repeat_rows(sheet, heading, heading));
    th_xlsx_note(writing, worksheet_set_footer(sheet, "&L&A&RTrang &P/&N"));
}

/* A copy of at most `chars_max` characters. */
static char *cut(const char *text, size_t chars_max, char *copy, size_t copy_size)
{
    size_t size = 0, chars = 0;
    for (; text[size] != 0; size++) {
        bool is_first = ((unsigned char)text[size] & 0xC0) != 0x80;
        if (is_first && (chars == chars_max || size + 4 >= copy_size))
            break;
        chars += is_first ? 1 : 0;
    }
    memcpy(copy, text, size);
    copy[size] = 0;
    return copy;
}

void th_xlsx_validate(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                      lxw_col_t column, lxw_data_validation *validation, const char *title,
                      const char *message)
{
    char short_title[4 * TITLE_CHARS + 8], short_message[4 * MESSAGE_CHARS + 8];
    validation->error_title = cut(title, TITLE_CHARS, short_title, sizeof short_title);
    validation->error_message = cut(message, MESSAGE_CHARS, short_message, sizeof short_message);
    th_xlsx_note(writing, worksheet_data_validation_cell(sheet, row, column, validation));
}

void th_xlsx_choose(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                    lxw_col_t column, const char *const choices[], const char *title,
                    const char *message)
{
    lxw_data_validation validation = {.validate = LXW_VALIDATION_TYPE_LIST,
                                      .value_list = (char **)(uintptr_t)choices};
    th_xlsx_validate(writing, sheet, row, column, &validation, title, message);
}

void th_xlsx_color(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t first,
                   lxw_row_t last, lxw_col_t column)
{
    static const char *const words[] = {TH_XLSX_WRONG, TH_XLSX_DOUBT};
    lxw_format *const formats[] = {writing->formats.wrong, writing->formats.doubt};
    for (size_t i = 0; i < 2; i++) {
        lxw_conditional_format condition = {.type = LXW_CONDITIONAL_TYPE_TEXT,
                                            .criteria = LXW_CONDITIONAL_CRITERIA_TEXT_BEGINS_WITH,
                                            .value_string = (char *)(uintptr_t)words[i],
                                            .format = formats[i]};
        th_xlsx_note(writing, worksheet_conditional_format_range(sheet, first, column, last, column,
                                                                 &condition));
    }
}

/* ---- the sheets ---- */

static void put_blank(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                      lxw_col_t column, lxw_format *format)
{
    th_xlsx_note(writing, worksheet_write_blank(sheet, row, column, format));
}

static void put_words(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                      lxw_col_t column, const struct th_form_words *words)
{
    const char *list[16] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < words->count && count < 15; i++) {
        bool is_first = true;
        for (size_t j = 0; j < i; j++)
            is_first = is_first && words->items[j].value != words->items[i].value;
        if (is_first)
            list[count++] = words->items[i].word;
    }
    put_blank(writing, sheet, row, column, writing->formats.text_input);
    th_xlsx_choose(writing, sheet, row, column, list, "Chọn trong danh sách",
                   "Bấm mũi tên bên phải ô để chọn một trong các giá trị.");
}

static void put_texts(struct th_xlsx_writing *writing)
{
    static const char *const headings[] = {TH_XLSX_CODE, "Phần cần viết", TH_XLSX_TEXT};
    static const double widths[] = {9, 34, 90};
    const struct th_catalogue *catalogue = &writing->form->plan->catalogue;
    lxw_worksheet *sheet = NULL;
    lxw_row_t row = 0, heading = 0;
    for (uint16_t i = 0; i < catalogue->sections_count; i++) {
        const struct th_indicator *indicator;
        uint16_t at = 0;
        while ((indicator = th_form_template_next(writing->form, &catalogue->sections[i],
                                                  TH_FORM_TEXTS, &at)) != NULL) {
            if (sheet == NULL) {
                sheet = th_xlsx_sheet(writing, TH_XLSX_TEXTS, "thuyết minh", &heading);
                if (sheet == NULL)
                    return;
                th_xlsx_headings(writing, sheet, heading, headings, widths, 3);
                row = heading + 1;
            }
            th_xlsx_note(writing, worksheet_set_row(sheet, row, TEXT_POINTS, NULL));
            th_xlsx_text(writing, sheet, row, 0, indicator->code, writing->formats.label);
            th_xlsx_text(writing, sheet, row, 1, indicator->name, writing->formats.label);
            put_blank(writing, sheet, row++, 2, writing->formats.text_input);
        }
    }
    if (sheet != NULL)
        th_xlsx_finish(writing, sheet, heading);
}

static void put_tasks(struct th_xlsx_writing *writing)
{
    static const char *const headings[] = {TH_XLSX_NUMBER, "Nhiệm vụ", TH_XLSX_STATUS,
                                           TH_XLSX_PERCENT, TH_XLSX_NOTE};
    static const double widths[] = {6, 60, 18, 13, 50};
    const struct th_plan *plan = writing->form->plan;
    lxw_row_t heading;
    if (plan->tasks_count == 0)
        return;
    lxw_worksheet *sheet = th_xlsx_sheet(writing, TH_XLSX_TASKS, "tiến độ nhiệm vụ", &heading);
    if (sheet == NULL)
        return;
    th_xlsx_headings(writing, sheet, heading, headings, widths, 5);
    for (uint16_t i = 0; i < plan->tasks_count; i++) {
        lxw_row_t row = heading + 1 + i;
        lxw_data_validation percent = {.validate = LXW_VALIDATION_TYPE_INTEGER,
                                       .criteria = LXW_VALIDATION_CRITERIA_BETWEEN,
                                       .minimum_number = 0,
                                       .maximum_number = 100};
        th_xlsx_note(writing, worksheet_write_number(sheet, row, 0, plan->tasks[i].number,
                                                     writing->formats.label));
        th_xlsx_text(writing, sheet, row, 1, plan->tasks[i].title, writing->formats.label);
        th_xlsx_height(writing, sheet, row, &plan->tasks[i].title, &widths[1], 1);
        put_words(writing, sheet, row, 2, &th_form_task_words);
        put_blank(writing, sheet, row, 3, writing->formats.number_input[0]);
        th_xlsx_validate(writing, sheet, row, 3, &percent, "Từ 0 đến 100",
                         "Ghi số nguyên từ 0 đến 100, không ghi dấu %.");
        put_blank(writing, sheet, row, 4, writing->formats.text_input);
    }
    th_xlsx_finish(writing, sheet, heading);
}

static void put_models(struct th_xlsx_writing *writing)
{
    static const char *const headings[] = {"STT", TH_XLSX_NAME, TH_XLSX_FIELD, TH_XLSX_STAGE,
                                           TH_XLSX_SUMMARY};
    static const double widths[] = {6, 44, 22, 18, 60};
    lxw_row_t heading;
    lxw_worksheet *sheet =
        th_xlsx_sheet(writing, TH_XLSX_MODELS, "mô hình \"Dân vận khéo\"", &heading);
    if (sheet == NULL)
        return;
    th_xlsx_headings(writing, sheet, heading, headings, widths, 5);
    for (lxw_row_t i = 0; i < MODEL_ROWS; i++) {
        lxw_row_t row = heading + 1 + i;
        th_xlsx_note(writing, worksheet_write_number(sheet, row, 0, i + 1, writing->formats.label));
        put_blank(writing, sheet, row, 1, writing->formats.text_input);
        put_blank(writing, sheet, row, 2, writing->formats.text_input);
        put_words(writing, sheet, row, 3, &th_form_stage_words);
        put_blank(writing, sheet, row, 4, writing->formats.text_input);
    }
    th_xlsx_finish(writing, sheet, heading);
}

struct general_row {
    const char *code, *name;
    lxw_format *format;
    bool is_there;
};

static void put_general(struct th_xlsx_writing *writing)
{
    static const char *const headings[] = {TH_XLSX_CODE, "Mục", TH_XLSX_TEXT};
    static const double widths[] = {19, 62, 50};
    const struct th_xlsx_formats *formats = &writing->formats;
    const struct general_row rows[] = {
        {"#number", "Số thứ tự của báo cáo: 1, 2, 3 …", formats->number_input[0],
         writing->form->obligation->open_ended},
        {"#revision", "Lần gửi: chỉ ghi khi gửi bản sửa", formats->number_input[0], true},
        {"#estimated_to", "Số ước tính đến ngày, cần khi có số ước", formats->day_input,
         writing->form->estimates},
        {"#document.number", "Văn bản giấy kèm theo, nếu có: số, ký hiệu", formats->text_input,
         true},
        {"#document.date", "Ngày ban hành (năm-tháng-ngày)", formats->day_input, true},
        {"#document.signer", "Người ký", formats->text_input, true},
        {"#document.title", "Chức vụ người ký", formats->text_input, true},
    };
    lxw_row_t heading;
    lxw_worksheet *sheet = th_xlsx_sheet(writing, TH_XLSX_GENERAL, "thông tin chung", &heading);
    if (sheet == NULL)
        return;
    th_xlsx_headings(writing, sheet, heading, headings, widths, 3);
    lxw_row_t row = heading + 1;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].is_there)
            continue;
        th_xlsx_text(writing, sheet, row, 0, rows[i].code, formats->label);
        th_xlsx_text(writing, sheet, row, 1, rows[i].name, formats->label);
        put_blank(writing, sheet, row++, 2, rows[i].format);
    }
    for (size_t i = 0; i < ATTACHMENT_ROWS; i++) {
        th_xlsx_text(writing, sheet, row, 0, "#attachment", formats->label);
        th_xlsx_text(writing, sheet, row, 1, "Tệp đính kèm: đường dẫn tính từ thư mục của biểu này",
                     formats->label);
        put_blank(writing, sheet, row++, 2, formats->text_input);
    }
    th_xlsx_finish(writing, sheet, heading);
}

static void put_guide(struct th_xlsx_writing *writing)
{
    static const char *const lines[] = {
        "1. Chỉ điền vào các ô nền vàng nhạt. Nhãn được khóa (không có mật khẩu) để không sửa "
        "nhầm; "
        "nên tải biểu về máy rồi điền.",
        "2. Để trống là chưa báo cáo, khác với 0. Ô nào không có việc thì ghi 0.",
        "3. Gõ số liền nhau, không gõ dấu chấm hay phẩy ngăn cách hàng nghìn, không gõ đơn vị "
        "tính; "
        "Excel tự ngăn cách khi hiện. Số lẻ gõ theo dấu thập phân của máy.",
        "4. Ngày: gõ ngày theo cách của máy; ô sẽ hiện năm-tháng-ngày như 2025-05-09. Xem lại ô đã "
        "hiện đúng ngày chưa.",
        "5. Số ước: chọn x ở cột \"Số ước\" và ghi ngày ước đến ở trang \"Thông tin chung\".",
        "6. Cột \"Kiểm tra\" cho biết số liệu ĐÚNG hay SAI theo quy tắc của kế hoạch; trang "
        "\"Kiểm tra\" có đủ các quy tắc. Dòng nghiêng là số tự tính, không điền.",
        "7. Một ô nhiều dòng: bấm Alt+Enter để xuống dòng. Không đổi mã, không thêm trang, không "
        "xóa "
        "trang.",
        "8. Lưu kiểu \"Excel Workbook (*.xlsx)\", không dùng macro, không đặt mật khẩu.",
        "9. Kiểm tra: tonghop-node check THƯ-MỤC-NÚT TỆP.xlsx. Mỗi lỗi được báo kèm trang và ô, "
        "như "
        "Số liệu!E17.",
        "10. Nộp: tonghop-node submit THƯ-MỤC-NÚT TỆP.xlsx --wait 60, và giữ biên nhận được trả "
        "lại. Bản "
        "sửa: thêm --as-revision N.",
        "11. Đơn vị không có máy nút thì gửi tệp này cho nơi nhận báo cáo để nhập hộ, cùng một "
        "cách kiểm tra.",
    };
    lxw_row_t row;
    lxw_worksheet *sheet = th_xlsx_sheet(writing, TH_XLSX_GUIDE, "hướng dẫn", &row);
    if (sheet == NULL)
        return;
    const double width = 120;
    const char *quote = writing->form->obligation->quote;
    th_xlsx_note(writing, worksheet_set_column(sheet, 0, 0, width, NULL));
    if (quote[0] != 0) {
        char line[TH_LIMIT_QUOTE_MAX + 64];
        (void)snprintf(line, sizeof line, "Kế hoạch ghi: “%s”", quote);
        th_xlsx_height(writing, sheet, row, (const char *const[]){line}, &width, 1);
        th_xlsx_text(writing, sheet, row++, 0, line, writing->formats.note);
    }
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        th_xlsx_height(writing, sheet, row, &lines[i], &width, 1);
        th_xlsx_text(writing, sheet, row++, 0, lines[i], writing->formats.note);
    }
    th_xlsx_finish(writing, sheet, 0);
}

static void put_identity(struct th_xlsx_writing *writing)
{
    const struct th_form_template *form = writing->form;
    char stamp[TH_FORM_STAMP_SIZE];
    th_form_stamp(form->plan, form->obligation, form->unit, stamp);
    const char *const rows[][2] = {
        {"report", "tonghop"},      {"format", "1"},
        {"plan", form->plan->id},   {"obligation", form->obligation->id},
        {"unit", form->unit->code}, {"stamp", stamp},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        th_xlsx_text(writing, writing->identity, (lxw_row_t)i, 0, rows[i][0], NULL);
        th_xlsx_text(writing, writing->identity, (lxw_row_t)i, 1, rows[i][1], NULL);
    }
    worksheet_protect(writing->identity, NULL, NULL);
    worksheet_hide(writing->identity);
}

/* ---- the book ---- */

static lxw_error write_book(const struct th_form_template *form, const char *path)
{
    struct th_xlsx_writing *writing = calloc(1, sizeof *writing);
    lxw_workbook *book = workbook_new(path);
    if (writing == NULL || book == NULL) {
        if (book != NULL)
            lxw_workbook_free(book);
        free(writing);
        return LXW_ERROR_MEMORY_MALLOC_FAILED;
    }
    *writing = (struct th_xlsx_writing){.form = form, .book = book};
    /* The plan's day, not the clock's hour, so that the same form is the same bytes. */
    const th_instant day = th_day_start(th_plan_day(form->plan));
    lxw_doc_properties properties = {.title = (char *)(uintptr_t)form->obligation->title,
                                     .subject = (char *)(uintptr_t)form->unit->name,
                                     .created = (time_t)(day.ms / 1000)};
    th_xlsx_note(writing, workbook_set_properties(book, &properties));
    if (make_formats(writing)) {
        th_xlsx_figures(writing);
        put_texts(writing);
        put_tasks(writing);
        put_models(writing);
        put_general(writing);
        put_guide(writing);
        if (writing->identity != NULL)
            put_identity(writing);
    }
    lxw_error error = writing->error, closed = workbook_close(book);
    free(writing);
    return error != LXW_NO_ERROR ? error : closed;
}

/* The library does not notice every failed write: what it made has to be readable. */
static int check_made(const char *bytes, size_t size)
{
    struct th_arena arena;
    struct th_form_workbook book;
    enum th_form_flaw flaw = TH_FORM_FLAWLESS;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    int status = th_workbook_read(bytes, size, &arena, &flaw, &book);
    th_arena_deinit(&arena);
    return status == 0 && flaw != TH_FORM_FLAWLESS ? TH_E_IO : status;
}

static int copy_out(int fd, FILE *out)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || about.st_size <= 0)
        return TH_E_IO;
    size_t size = (size_t)about.st_size, got = 0;
    char *bytes = malloc(size);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    for (ssize_t part = 1; got < size && part > 0; got += part > 0 ? (size_t)part : 0)
        part = pread(fd, bytes + got, size - got, (off_t)got);
    int status = got < size ? TH_E_IO : check_made(bytes, size);
    if (status == 0 && fwrite(bytes, 1, size, out) != size)
        status = TH_E_IO;
    free(bytes);
    return status;
}

int th_workbook_write_template(const struct th_form_template *form)
{
    char path[40];
    int fd = memfd_create("form", MFD_CLOEXEC);
    if (fd < 0)
        return TH_E_NO_MEMORY;
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    lxw_error error = write_book(form, path);
    int status = error == LXW_NO_ERROR                     ? copy_out(fd, form->out)
                 : error == LXW_ERROR_MEMORY_MALLOC_FAILED ? TH_E_NO_MEMORY
                                                           : TH_E_IO;
    (void)close(fd);
    return status;
}
