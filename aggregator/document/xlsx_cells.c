/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number cell of a workbook is a double, which holds any decimal of 15 digits: the text of the
 * figure becomes one here and nowhere else. What is longer is written as a text and marked, so that
 * no digit is lost.
 */
#include "aggregator/document/xlsx_parts.h"

#include "aggregator/document/say.h"

#include <string.h>

#define EXACT_DIGITS 15

void th_xlsx_note(struct th_xlsx *writing, lxw_error error)
{
    if (writing->error == LXW_NO_ERROR)
        writing->error = error;
}

/* ---- formats ---- */

static lxw_format *format(struct th_xlsx *writing)
{
    lxw_format *format = workbook_add_format(writing->book);
    if (format == NULL) {
        th_xlsx_note(writing, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return NULL;
    }
    format_set_font_name(format, "Times New Roman");
    format_set_font_size(format, 11);
    return format;
}

static lxw_format *cell_format(struct th_xlsx *writing)
{
    lxw_format *cell = format(writing);
    if (cell != NULL) {
        format_set_border(cell, LXW_BORDER_THIN);
        format_set_align(cell, LXW_ALIGN_VERTICAL_TOP);
    }
    return cell;
}

static lxw_format *number_format(struct th_xlsx *writing, const char *code)
{
    lxw_format *number = cell_format(writing);
    if (number != NULL)
        format_set_num_format(number, code);
    return number;
}

static lxw_format *filled_format(struct th_xlsx *writing, lxw_color_t color)
{
    lxw_format *filled = cell_format(writing);
    if (filled != NULL) {
        format_set_bold(filled);
        format_set_bg_color(filled, color);
    }
    return filled;
}

/* Without lines between its cells, so that a text may reach over them. */
static lxw_format *section_format(struct th_xlsx *writing)
{
    lxw_format *section = format(writing);
    if (section != NULL) {
        format_set_bold(section);
        format_set_bg_color(section, 0xF2F2F2);
        format_set_top(section, LXW_BORDER_THIN);
        format_set_bottom(section, LXW_BORDER_THIN);
    }
    return section;
}

bool th_xlsx_make_formats(struct th_xlsx *writing, bool is_rehearsal)
{
    struct th_xlsx_formats *formats = &writing->formats;
    formats->title = format(writing);
    formats->subject = format(writing);
    formats->provenance = format(writing);
    formats->note = format(writing);
    formats->heading = filled_format(writing, 0xD9E2F3);
    formats->section = section_format(writing);
    formats->text = cell_format(writing);
    formats->long_number = filled_format(writing, 0xFFF2CC);
    formats->day = number_format(writing, "dd/mm/yyyy");
    formats->instant = number_format(writing, "hh:mm dd/mm/yyyy");
    for (unsigned decimals = 0; decimals <= TH_XLSX_DECIMALS_MAX; decimals++) {
        char code[24];
        (void)snprintf(code, sizeof(code), "#,##0%s%.*s", decimals == 0 ? "" : ".", (int)decimals,
                       "000000000");
        formats->number[decimals] = number_format(writing, code);
    }
    if (writing->error != LXW_NO_ERROR)
        return false;
    format_set_bold(formats->title);
    format_set_font_size(formats->title, 14);
    format_set_italic(formats->provenance);
    if (is_rehearsal) {
        format_set_bold(formats->provenance);
        format_set_font_color(formats->provenance, 0xC00000);
    }
    format_set_italic(formats->note);
    format_set_text_wrap(formats->heading);
    format_set_align(formats->heading, LXW_ALIGN_CENTER);
    format_set_align(formats->heading, LXW_ALIGN_VERTICAL_CENTER);
    format_set_text_wrap(formats->text);
    format_set_align(formats->long_number, LXW_ALIGN_RIGHT);
    return true;
}

/* ---- cells ---- */

bool th_xlsx_is_exact(const char *plain)
{
    unsigned digits = 0;
    for (; *plain != '\0'; plain++)
        digits += *plain >= '0' && *plain <= '9';
    return digits <= EXACT_DIGITS;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* In a string of a workbook _x0041_ stands for the letter A, _x005F_ for the _ that begins it. */
static bool is_code(const char *at)
{
    return at[0] == '_' && at[1] == 'x' && is_hex(at[2]) && is_hex(at[3]) && is_hex(at[4]) &&
           is_hex(at[5]) && at[6] == '_';
}

/* The text that a spreadsheet shows as this one; the same one when it is. NULL: no memory. */
static const char *escape(struct th_arena *arena, const char *text)
{
    static const char code[] = "_x005F";
    size_t codes = 0, used = 0;
    text = th_say_for_xml(arena, text);
    for (const char *at = text; at != NULL && *at != '\0'; at++)
        codes += is_code(at);
    if (codes == 0)
        return text;
    char *escaped = th_arena_alloc(arena, strlen(text) + codes * (sizeof code - 1) + 1);
    for (; escaped != NULL && *text != '\0'; text++) {
        if (is_code(text)) {
            memcpy(escaped + used, code, sizeof code - 1);
            used += sizeof code - 1;
        }
        escaped[used++] = *text;
    }
    return escaped;
}

void th_xlsx_text(struct th_xlsx *writing, lxw_row_t row, lxw_col_t column, const char *text,
                  lxw_format *format)
{
    text = escape(writing->arena, text);
    th_xlsx_note(writing, text == NULL
                              ? LXW_ERROR_MEMORY_MALLOC_FAILED
                              : worksheet_write_string(writing->page, row, column, text, format));
}

static void write_number(struct th_xlsx *writing, lxw_row_t row, lxw_col_t column,
                         const char *plain)
{
    const char *point = strchr(plain, '.');
    size_t decimals = point == NULL ? 0 : strlen(point + 1);
    if (!th_xlsx_is_exact(plain) || decimals > TH_XLSX_DECIMALS_MAX) {
        th_xlsx_text(writing, row, column, plain, writing->formats.long_number);
        return;
    }
    /* The digits as an integer, which a double holds exactly, and one rounded division. */
    double value = 0, unit = 1;
    for (const char *at = plain; *at != '\0'; at++)
        if (*at >= '0' && *at <= '9')
            value = value * 10 + (*at - '0');
    for (size_t i = 0; i < decimals; i++)
        unit *= 10;
    value = plain[0] == '-' ? -value / unit : value / unit;
    th_xlsx_note(writing, worksheet_write_number(writing->page, row, column, value,
                                                 writing->formats.number[decimals]));
}

static void write_moment(struct th_xlsx *writing, lxw_row_t row, lxw_col_t column,
                         const struct th_cell *cell)
{
    bool is_day = cell->kind == TH_CELL_DAY;
    th_day day = {0};
    th_instant instant = {0};
    int status = is_day ? th_day_parse(cell->text, strlen(cell->text), &day)
                        : th_instant_parse(cell->text, strlen(cell->text), &instant);
    if (status != TH_OK) {
        th_xlsx_text(writing, row, column, cell->text, writing->formats.text);
        return;
    }
    if (!is_day)
        day = th_day_of_instant(instant);
    struct th_civil_date date = th_date_of_day(day);
    int64_t ms = is_day ? 0 : instant.ms - th_day_start(day).ms;
    lxw_datetime moment = {.year = date.year,
                           .month = date.month,
                           .day = date.day,
                           .hour = (int)(ms / 3600000),
                           .min = (int)(ms / 60000 % 60),
                           .sec = (double)(ms / 1000 % 60)};
    th_xlsx_note(writing, worksheet_write_datetime(writing->page, row, column, &moment,
                                                   is_day ? writing->formats.day
                                                          : writing->formats.instant));
}

void th_xlsx_cell(struct th_xlsx *writing, lxw_row_t row, lxw_col_t column,
                  const struct th_cell *cell, bool is_heading)
{
    lxw_format *plain = is_heading ? writing->formats.section : writing->formats.text;
    switch (cell->kind) {
    case TH_CELL_TEXT:
        th_xlsx_text(writing, row, column, cell->text, plain);
        break;
    case TH_CELL_NUMBER:
        write_number(writing, row, column, cell->text);
        break;
    case TH_CELL_DAY:
    case TH_CELL_INSTANT:
        write_moment(writing, row, column, cell);
        break;
    case TH_CELL_EMPTY:
    default:
        th_xlsx_note(writing, worksheet_write_blank(writing->page, row, column, plain));
        break;
    }
}
