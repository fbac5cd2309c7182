/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sheets as a workbook, by libxlsxwriter: three lines of head, the headings, the rows.
 *
 * A number cell of a workbook is a double, which holds any decimal of 15 digits: the text of the
 * figure becomes one here and nowhere else. What is longer is written as a text and marked, so that
 * no digit is lost. A text is always a string cell, never a formula.
 *
 * The library writes to a path, so it gets one of a file in memory.
 */
#define _GNU_SOURCE /* memfd_create */
#include "aggregator/document/package.h"
#include "aggregator/document/say.h"
#include "aggregator/document/sheet.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#define EXACT_DIGITS 15
#define DECIMALS_MAX 9
#define FOOTER_MAX   200 /* characters; the format has 255 for a footer with its codes */
#define PAPER_A4     9
#define HEAD_ROWS    4
#define LINE_POINTS  15.0
#define LINES_MAX    26  /* a row is 409 points high at most */
#define ONE_PAGE_MAX 230 /* characters of columns that are still read on one page, landscape */
#define PAGE_CHARS   150 /* of a page, when there are several side by side */

struct formats {
    lxw_format *title, *subject, *provenance, *heading, *section, *text, *long_number, *day,
        *instant, *note;
    lxw_format *number[DECIMALS_MAX + 1];
};

struct writing {
    lxw_workbook *book;
    lxw_worksheet *page;
    struct formats formats;
    struct th_arena *arena;
    lxw_error error; /* the first one */
};

static void note_error(struct writing *writing, lxw_error error)
{
    if (writing->error == LXW_NO_ERROR)
        writing->error = error;
}

/* ---- formats ---- */

static lxw_format *format(struct writing *writing)
{
    lxw_format *format = workbook_add_format(writing->book);
    if (format == NULL) {
        note_error(writing, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return NULL;
    }
    format_set_font_name(format, "Times New Roman");
    format_set_font_size(format, 11);
    return format;
}

static lxw_format *cell_format(struct writing *writing)
{
    lxw_format *cell = format(writing);
    if (cell != NULL) {
        format_set_border(cell, LXW_BORDER_THIN);
        format_set_align(cell, LXW_ALIGN_VERTICAL_TOP);
    }
    return cell;
}

static lxw_format *number_format(struct writing *writing, const char *code)
{
    lxw_format *number = cell_format(writing);
    if (number != NULL)
        format_set_num_format(number, code);
    return number;
}

static lxw_format *filled_format(struct writing *writing, lxw_color_t color)
{
    lxw_format *filled = cell_format(writing);
    if (filled != NULL) {
        format_set_bold(filled);
        format_set_bg_color(filled, color);
    }
    return filled;
}

/* Without lines between its cells, so that a text may reach over them. */
static lxw_format *section_format(struct writing *writing)
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

static bool make_formats(struct writing *writing, bool is_rehearsal)
{
    struct formats *formats = &writing->formats;
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
    for (unsigned decimals = 0; decimals <= DECIMALS_MAX; decimals++) {
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

static bool is_exact(const char *plain)
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

static void write_text(struct writing *writing, lxw_row_t row, lxw_col_t column, const char *text,
                       lxw_format *format)
{
    text = escape(writing->arena, text);
    note_error(writing, text == NULL
                            ? LXW_ERROR_MEMORY_MALLOC_FAILED
                            : worksheet_write_string(writing->page, row, column, text, format));
}

static void write_number(struct writing *writing, lxw_row_t row, lxw_col_t column,
                         const char *plain)
{
    const char *point = strchr(plain, '.');
    size_t decimals = point == NULL ? 0 : strlen(point + 1);
    if (!is_exact(plain) || decimals > DECIMALS_MAX) {
        write_text(writing, row, column, plain, writing->formats.long_number);
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
    note_error(writing, worksheet_write_number(writing->page, row, column, value,
                                               writing->formats.number[decimals]));
}

static void write_moment(struct writing *writing, lxw_row_t row, lxw_col_t column,
                         const struct th_cell *cell)
{
    bool is_day = cell->kind == TH_CELL_DAY;
    th_day day = {0};
    th_instant instant = {0};
    int status = is_day ? th_day_parse(cell->text, strlen(cell->text), &day)
                        : th_instant_parse(cell->text, strlen(cell->text), &instant);
    if (status != TH_OK) {
        write_text(writing, row, column, cell->text, writing->formats.text);
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
    note_error(writing,
               worksheet_write_datetime(writing->page, row, column, &moment,
                                        is_day ? writing->formats.day : writing->formats.instant));
}

static void write_cell(struct writing *writing, lxw_row_t row, lxw_col_t column,
                       const struct th_cell *cell, bool is_heading)
{
    lxw_format *plain = is_heading ? writing->formats.section : writing->formats.text;
    switch (cell->kind) {
    case TH_CELL_TEXT:
        write_text(writing, row, column, cell->text, plain);
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
        note_error(writing, worksheet_write_blank(writing->page, row, column, plain));
        break;
    }
}

/* ---- a page ---- */

/* "&" begins a code in a footer. Cut at a whole character. */
static const char *footer_text(struct th_arena *arena, const char *text)
{
    char *footer = th_arena_alloc(arena, strlen(text) * 2 + 1);
    size_t used = 0;
    unsigned characters = 0;
    for (; footer != NULL && *text != '\0'; text++) {
        if ((*text & 0xC0) != 0x80 && ++characters > FOOTER_MAX)
            break;
        if (*text == '&')
            footer[used++] = '&';
        footer[used++] = *text;
    }
    return footer;
}

static void set_up_print(struct writing *writing, const struct th_sheet *sheet,
                         const char *provenance)
{
    lxw_worksheet *page = writing->page;
    lxw_col_t last = (lxw_col_t)(sheet->columns_count - 1);
    unsigned width = 0, fixed = 0;
    for (size_t i = 0; i < sheet->columns_count; i++) {
        width += sheet->columns[i].width;
        fixed += i < sheet->fixed_columns ? sheet->columns[i].width : 0;
    }
    worksheet_set_landscape(page);
    worksheet_set_paper(page, PAPER_A4);
    worksheet_set_margins(page, 0.6, 0.4, 0.6, 0.7);
    bool is_wide = width > ONE_PAGE_MAX && fixed < PAGE_CHARS;
    unsigned room = PAGE_CHARS - fixed;
    worksheet_fit_to_pages(page, (uint16_t)(is_wide ? (width - fixed + room - 1) / room : 1), 0);
    note_error(writing, worksheet_repeat_rows(page, HEAD_ROWS, HEAD_ROWS));
    if (is_wide && sheet->fixed_columns > 0)
        note_error(writing,
                   worksheet_repeat_columns(page, 0, (lxw_col_t)(sheet->fixed_columns - 1)));
    note_error(writing, worksheet_print_area(page, 0, 0,
                                             (lxw_row_t)(HEAD_ROWS + sheet->rows_count + 2), last));
    const char *footer = footer_text(writing->arena, provenance);
    footer = footer == NULL
                 ? NULL
                 : th_say(writing->arena, "&L&\"Times New Roman,Italic\"&8%s&R&8&P/&N", footer);
    note_error(writing, footer == NULL ? LXW_ERROR_MEMORY_MALLOC_FAILED
                                       : worksheet_set_footer(page, footer));
    worksheet_freeze_panes(page, HEAD_ROWS + 1, (lxw_col_t)sheet->fixed_columns);
}

/* Lines that a text takes in a column, about. */
static unsigned lines_of(const char *text, unsigned width)
{
    unsigned lines = 1, characters = 0;
    for (; *text != '\0'; text++) {
        characters += (*text & 0xC0) != 0x80;
        if (*text == '\n' || characters > width) {
            lines++;
            characters = 0;
        }
    }
    return lines;
}

static unsigned heading_lines(const struct th_sheet *sheet)
{
    unsigned lines = 1;
    for (size_t i = 0; i < sheet->columns_count; i++) {
        unsigned needed = lines_of(sheet->columns[i].heading, sheet->columns[i].width * 4 / 5);
        lines = needed > lines ? needed : lines;
    }
    return lines > LINES_MAX ? LINES_MAX : lines;
}

/* A spreadsheet that only reads a book does not make rows higher by itself. */
static void set_height(struct writing *writing, const struct th_sheet *sheet, size_t row)
{
    unsigned lines = 1;
    for (size_t i = 0; i < sheet->columns_count && !sheet->is_heading[row]; i++) {
        const struct th_cell *cell = &sheet->cells[row * sheet->columns_count + i];
        unsigned needed =
            cell->kind == TH_CELL_TEXT ? lines_of(cell->text, sheet->columns[i].width * 6 / 5) : 1;
        lines = needed > lines ? needed : lines;
    }
    if (lines > 1)
        note_error(writing,
                   worksheet_set_row(writing->page, (lxw_row_t)(HEAD_ROWS + 1 + row),
                                     LINE_POINTS * (lines > LINES_MAX ? LINES_MAX : lines), NULL));
}

static bool needs_mark(const struct th_sheet *sheet)
{
    for (size_t i = 0; i < sheet->rows_count * sheet->columns_count; i++)
        if (sheet->cells[i].kind == TH_CELL_NUMBER && !is_exact(sheet->cells[i].text))
            return true;
    return false;
}

static void write_page(struct writing *writing, const struct th_sheet *sheet, const char *subject,
                       const char *provenance)
{
    lxw_worksheet *page = writing->page;
    write_text(writing, 0, 0, sheet->title, writing->formats.title);
    write_text(writing, 1, 0, subject, writing->formats.subject);
    write_text(writing, 2, 0, provenance, writing->formats.provenance);
    note_error(writing,
               worksheet_set_row(page, HEAD_ROWS, LINE_POINTS * heading_lines(sheet), NULL));
    for (size_t column = 0; column < sheet->columns_count; column++) {
        note_error(writing, worksheet_set_column(page, (lxw_col_t)column, (lxw_col_t)column,
                                                 sheet->columns[column].width + 1, NULL));
        write_text(writing, HEAD_ROWS, (lxw_col_t)column, sheet->columns[column].heading,
                   writing->formats.heading);
    }
    for (size_t row = 0; row < sheet->rows_count; row++) {
        set_height(writing, sheet, row);
        for (size_t column = 0; column < sheet->columns_count; column++)
            write_cell(writing, (lxw_row_t)(HEAD_ROWS + 1 + row), (lxw_col_t)column,
                       &sheet->cells[row * sheet->columns_count + column], sheet->is_heading[row]);
    }
    lxw_row_t below = (lxw_row_t)(HEAD_ROWS + 1 + sheet->rows_count);
    if (sheet->rows_count == 0)
        write_text(writing, below, 0, "Không có dòng nào.", writing->formats.note);
    if (sheet->note != NULL)
        write_text(writing, below + 1, 0, sheet->note, writing->formats.note);
    if (needs_mark(sheet))
        write_text(writing, below + 2, 0,
                   "Số trên nền vàng có hơn 15 chữ số, ghi dạng chữ để không mất chữ số nào.",
                   writing->formats.note);
    set_up_print(writing, sheet, provenance);
}

/* ---- the book ---- */

static lxw_error write_book(const struct th_document_facts *facts, const struct th_sheet *sheets,
                            unsigned count, const char *path, struct th_arena *arena)
{
    lxw_workbook *book = workbook_new(path);
    if (book == NULL)
        return LXW_ERROR_MEMORY_MALLOC_FAILED;
    struct writing writing = {.book = book, .arena = arena};
    const char *subject = th_sheet_subject(facts, arena);
    const char *provenance = th_sheet_provenance(facts, arena);
    lxw_doc_properties properties = {.title = (char *)(uintptr_t)facts->obligation->title,
                                     .comments = (char *)(uintptr_t)provenance,
                                     .company = (char *)(uintptr_t)facts->plan->issuer.name,
                                     .created = (time_t)(facts->as_of.ms / 1000)};
    if (subject == NULL || provenance == NULL)
        writing.error = LXW_ERROR_MEMORY_MALLOC_FAILED;
    else if (make_formats(&writing, facts->mode == TH_MODE_REHEARSAL))
        note_error(&writing, workbook_set_properties(book, &properties));
    for (unsigned i = 0; i < count && writing.error == LXW_NO_ERROR; i++) {
        writing.page = workbook_add_worksheet(book, sheets[i].label);
        if (writing.page == NULL)
            writing.error = LXW_ERROR_MEMORY_MALLOC_FAILED;
        else
            write_page(&writing, &sheets[i], subject, provenance);
    }
    lxw_error closed = workbook_close(book);
    return writing.error != LXW_NO_ERROR ? writing.error : closed;
}

static int read_back(int fd, struct th_document_file *ret_document)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || about.st_size <= 0)
        return TH_E_IO;
    size_t size = (size_t)about.st_size, got = 0;
    char *bytes = malloc(size);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    while (got < size) {
        ssize_t part = pread(fd, bytes + got, size - got, (off_t)got);
        if (part <= 0)
            break;
        got += (size_t)part;
    }
    int status = got == size ? th_package_check(bytes, size) : TH_E_IO;
    if (status != TH_OK) {
        free(bytes);
        return status;
    }
    *ret_document = (struct th_document_file){bytes, size};
    return TH_OK;
}

/* The library asks gmtime(), which keeps its answer in one place for all threads. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

int th_xlsx_write(const struct th_document_facts *facts, const struct th_sheet *sheets,
                  unsigned count, struct th_document_file *ret_document)
{
    struct th_arena arena;
    char path[40];
    int fd = memfd_create("workbook", MFD_CLOEXEC);
    if (fd < 0)
        return TH_E_NO_MEMORY;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    th_arena_init(&arena, 16384, (size_t)1 << 30);
    pthread_mutex_lock(&one_at_a_time);
    lxw_error error = write_book(facts, sheets, count, path, &arena);
    pthread_mutex_unlock(&one_at_a_time);
    th_arena_deinit(&arena);
    int status = error == LXW_NO_ERROR                     ? read_back(fd, ret_document)
                 : error == LXW_ERROR_MEMORY_MALLOC_FAILED ? TH_E_NO_MEMORY
                                                           : TH_E_IO;
    (void)close(fd);
    return status;
}
