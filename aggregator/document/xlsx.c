/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sheets as a workbook, by libxlsxwriter: three lines of head, the headings, the rows. The library
 * writes to a path, so it gets one of a file in memory.
 */
#define _GNU_SOURCE /* memfd_create */
#include "aggregator/document/package.h"
#include "aggregator/document/say.h"
#include "aggregator/document/xlsx_parts.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOOTER_MAX   200 /* characters; the format has 255 for a footer with its codes */
#define PAPER_A4     9
#define HEAD_ROWS    4
#define LINE_POINTS  15.0
#define LINES_MAX    26  /* a row is 409 points high at most */
#define ONE_PAGE_MAX 230 /* characters of columns that are still read on one page, landscape */
#define PAGE_CHARS   150 /* of a page, when there are several side by side */

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

static void set_up_print(struct th_xlsx *writing, const struct th_sheet *sheet,
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
    th_xlsx_note(writing, worksheet_repeat_rows(page, HEAD_ROWS, HEAD_ROWS));
    if (is_wide && sheet->fixed_columns > 0)
        th_xlsx_note(writing,
                     worksheet_repeat_columns(page, 0, (lxw_col_t)(sheet->fixed_columns - 1)));
    th_xlsx_note(writing, worksheet_print_area(
                              page, 0, 0, (lxw_row_t)(HEAD_ROWS + sheet->rows_count + 2), last));
    const char *footer = footer_text(writing->arena, provenance);
    footer = footer == NULL
                 ? NULL
                 : th_say(writing->arena, "&L&\"Times New Roman,Italic\"&8%s&R&8&P/&N", footer);
    th_xlsx_note(writing, footer == NULL ? LXW_ERROR_MEMORY_MALLOC_FAILED
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
static void set_height(struct th_xlsx *writing, const struct th_sheet *sheet, size_t row)
{
    unsigned lines = 1;
    for (size_t i = 0; i < sheet->columns_count && !sheet->is_heading[row]; i++) {
        const struct th_cell *cell = &sheet->cells[row * sheet->columns_count + i];
        unsigned needed =
            cell->kind == TH_CELL_TEXT ? lines_of(cell->text, sheet->columns[i].width * 6 / 5) : 1;
        lines = needed > lines ? needed : lines;
    }
    if (lines > 1)
        th_xlsx_note(writing, worksheet_set_row(
                                  writing->page, (lxw_row_t)(HEAD_ROWS + 1 + row),
                                  LINE_POINTS * (lines > LINES_MAX ? LINES_MAX : lines), NULL));
}

static bool needs_mark(const struct th_sheet *sheet)
{
    for (size_t i = 0; i < sheet->rows_count * sheet->columns_count; i++)
        if (sheet->cells[i].kind == TH_CELL_NUMBER && !th_xlsx_is_exact(sheet->cells[i].text))
            return true;
    return false;
}

static void write_page(struct th_xlsx *writing, const struct th_sheet *sheet, const char *subject,
                       const char *provenance)
{
    lxw_worksheet *page = writing->page;
    th_xlsx_text(writing, 0, 0, sheet->title, writing->formats.title);
    th_xlsx_text(writing, 1, 0, subject, writing->formats.subject);
    th_xlsx_text(writing, 2, 0, provenance, writing->formats.provenance);
    th_xlsx_note(writing,
                 worksheet_set_row(page, HEAD_ROWS, LINE_POINTS * heading_lines(sheet), NULL));
    for (size_t column = 0; column < sheet->columns_count; column++) {
        th_xlsx_note(writing, worksheet_set_column(page, (lxw_col_t)column, (lxw_col_t)column,
                                                   sheet->columns[column].width + 1, NULL));
        th_xlsx_text(writing, HEAD_ROWS, (lxw_col_t)column, sheet->columns[column].heading,
                     writing->formats.heading);
    }
    for (size_t row = 0; row < sheet->rows_count; row++) {
        set_height(writing, sheet, row);
        for (size_t column = 0; column < sheet->columns_count; column++)
            th_xlsx_cell(writing, (lxw_row_t)(HEAD_ROWS + 1 + row), (lxw_col_t)column,
                         &sheet->cells[row * sheet->columns_count + column],
                         sheet->is_heading[row]);
    }
    lxw_row_t below = (lxw_row_t)(HEAD_ROWS + 1 + sheet->rows_count);
    if (sheet->rows_count == 0)
        th_xlsx_text(writing, below, 0, "Không có dòng nào.", writing->formats.note);
    if (sheet->note != NULL)
        th_xlsx_text(writing, below + 1, 0, sheet->note, writing->formats.note);
    if (needs_mark(sheet))
        th_xlsx_text(writing, below + 2, 0,
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
    struct th_xlsx writing = {.book = book, .arena = arena};
    const char *subject = th_sheet_subject(facts, arena);
    const char *provenance = th_sheet_provenance(facts, arena);
    const char *title = th_say_for_xml(arena, facts->obligation->title);
    lxw_doc_properties properties = {.title = (char *)(uintptr_t)title,
                                     .comments = (char *)(uintptr_t)provenance,
                                     .company = (char *)(uintptr_t)facts->plan->issuer.name,
                                     .created = (time_t)(facts->as_of.ms / 1000)};
    if (subject == NULL || provenance == NULL || title == NULL)
        writing.error = LXW_ERROR_MEMORY_MALLOC_FAILED;
    else if (th_xlsx_make_formats(&writing, facts->mode == TH_MODE_REHEARSAL))
        th_xlsx_note(&writing, workbook_set_properties(book, &properties));
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
