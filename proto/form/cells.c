/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of words and numbers, one blank between them. A text stands behind its size in bytes, as it
 * is, whatever is in it:
 *
 *     tonghop-cells 1
 *     days 1900                      or 1904: where they are counted from
 *     sheet 10 Số liệu               size of the name, name
 *     cell 17 5 number 4 1234        row, column, kind, size of the text, text
 *     end                            nothing may follow
 *
 * or, of a file that is not read, its word from proto/form/flaw.h:
 *
 *     tonghop-cells 1
 *     refused macros
 */
#define _GNU_SOURCE /* memmem */
#include "proto/form/cells.h"

#include "base/assert.h"

#include <inttypes.h>
#include <string.h>

#define HEAD "tonghop-cells 1\n"

#define KINDS_COUNT (TH_FORM_CELL_LACKING + 1)

#define LINE_SIZE 64 /* of a cell's line without its text, at most */

static const char *const kinds[KINDS_COUNT] = {
    [TH_FORM_CELL_TEXT] = "text",   [TH_FORM_CELL_NUMBER] = "number",
    [TH_FORM_CELL_TRUTH] = "truth", [TH_FORM_CELL_DAY] = "day",
    [TH_FORM_CELL_ERROR] = "error", [TH_FORM_CELL_LACKING] = "lacking",
};

/* ---- writing ---- */

/* A bound of what the text will take. */
static bool is_short(const struct th_form_workbook *workbook)
{
    size_t left = TH_FORM_CELLS_SIZE_MAX - LINE_SIZE;
    for (size_t i = 0; i < workbook->sheets_count; i++) {
        const struct th_form_sheet *sheet = &workbook->sheets[i];
        size_t name_size = strlen(sheet->name);
        if (name_size > left || left - name_size < LINE_SIZE)
            return false;
        left -= name_size + LINE_SIZE;
        for (size_t c = 0; c < sheet->cells_count; c++) {
            if (sheet->cells[c].text.size > left || left - sheet->cells[c].text.size < LINE_SIZE)
                return false;
            left -= sheet->cells[c].text.size + LINE_SIZE;
        }
    }
    return true;
}

static void write_sheet(const struct th_form_sheet *sheet, FILE *out)
{
    (void)fprintf(out, "sheet %zu %s\n", strlen(sheet->name), sheet->name);
    for (size_t i = 0; i < sheet->cells_count; i++) {
        const struct th_form_cell *cell = &sheet->cells[i];
        (void)fprintf(out, "cell %" PRIu32 " %" PRIu32 " %s %zu ", cell->row, cell->column,
                      kinds[cell->kind], cell->text.size);
        (void)fwrite(cell->text.bytes, 1, cell->text.size, out);
        (void)fputc('\n', out);
    }
}

int th_form_cells_write(enum th_form_flaw flaw, const struct th_form_workbook *workbook, FILE *out)
{
    if (flaw == TH_FORM_FLAWLESS && !is_short(workbook))
        flaw = TH_FORM_FLAW_LARGE;
    (void)fputs(HEAD, out);
    if (flaw != TH_FORM_FLAWLESS) {
        (void)fprintf(out, "refused %s\n", th_form_flaw_word(flaw));
    } else {
        (void)fprintf(out, "days %s\n", workbook->is_1904 ? "1904" : "1900");
        for (size_t i = 0; i < workbook->sheets_count; i++)
            write_sheet(&workbook->sheets[i], out);
        (void)fputs("end\n", out);
    }
    return fflush(out) != 0 || ferror(out) ? TH_E_IO : 0;
}

/* ---- reading ---- */

struct scan {
    const char *at, *end;
    struct th_arena *arena;
    int status; /* the first failure */
};

static void fail(struct scan *scan, int status)
{
    if (scan->status == 0)
        scan->status = status;
}

/* Takes exactly these characters when they are next. */
static bool has(struct scan *scan, const char *text)
{
    size_t size = strlen(text);
    if (scan->status != 0 || (size_t)(scan->end - scan->at) < size ||
        memcmp(scan->at, text, size) != 0)
        return false;
    scan->at += size;
    return true;
}

/* A word up to the character that ends it, which is taken too. */
static struct th_text take_word(struct scan *scan, char after)
{
    const char *end = memchr(scan->at, after, (size_t)(scan->end - scan->at));
    if (scan->status != 0 || end == NULL) {
        fail(scan, TH_E_CORRUPT);
        return (struct th_text){"", 0};
    }
    struct th_text word = {scan->at, (size_t)(end - scan->at)};
    scan->at = end + 1;
    return word;
}

static size_t take_number(struct scan *scan, size_t min, size_t max)
{
    struct th_text word = take_word(scan, ' ');
    int64_t number = (int64_t)min;
    if (scan->status == 0 &&
        th_text_parse_int(word.bytes, word.size, (int64_t)min, (int64_t)max, &number) != 0)
        fail(scan, TH_E_CORRUPT);
    return (size_t)number;
}

/* As many bytes as announced and a newline; a copy of them. */
static struct th_text take_text(struct scan *scan)
{
    static const struct th_text none = {"", 0};
    size_t size = take_number(scan, 0, TH_FORM_CELLS_SIZE_MAX);
    if (scan->status == 0 && ((size_t)(scan->end - scan->at) <= size || scan->at[size] != '\n' ||
                              !th_text_is_utf8(scan->at, size)))
        fail(scan, TH_E_CORRUPT);
    const char *copy = scan->status == 0 ? th_arena_copy_text(scan->arena, scan->at, size) : NULL;
    if (copy == NULL) {
        fail(scan, TH_E_NO_MEMORY);
        return none;
    }
    scan->at += size + 1;
    return (struct th_text){copy, size};
}

static enum th_form_cell_kind take_kind(struct scan *scan)
{
    struct th_text word = take_word(scan, ' ');
    for (int i = 0; i < KINDS_COUNT; i++)
        if (strlen(kinds[i]) == word.size && memcmp(kinds[i], word.bytes, word.size) == 0)
            return (enum th_form_cell_kind)i;
    fail(scan, TH_E_CORRUPT);
    return TH_FORM_CELL_TEXT;
}

static struct th_form_cell take_cell(struct scan *scan)
{
    struct th_form_cell cell = {.row = (uint32_t)take_number(scan, 1, TH_FORM_ROW_LAST)};
    cell.column = (uint32_t)take_number(scan, 1, TH_FORM_COLUMN_LAST);
    cell.kind = take_kind(scan);
    cell.text = take_text(scan);
    return cell;
}

static bool is_behind(const struct th_form_cell *cell, const struct th_form_cell *before)
{
    return cell->row > before->row || (cell->row == before->row && cell->column > before->column);
}

/* Cells stand one after the other in `cells`, those of this sheet from its end. */
static void take_sheet(struct scan *scan, struct th_form_cell *cells, size_t *count,
                       struct th_form_workbook *workbook)
{
    struct th_text name = take_text(scan);
    struct th_form_sheet sheet = {.name = name.bytes, .cells = cells + *count};
    if (memchr(name.bytes, 0, name.size) != NULL || workbook->sheets_count == TH_FORM_SHEETS_MAX)
        fail(scan, TH_E_CORRUPT);
    while (has(scan, "cell ")) {
        struct th_form_cell cell = take_cell(scan);
        if (*count == TH_FORM_CELLS_MAX ||
            (sheet.cells_count > 0 && !is_behind(&cell, &cells[*count - 1])))
            fail(scan, TH_E_CORRUPT);
        if (scan->status != 0)
            return;
        cells[(*count)++] = cell;
        sheet.cells_count++;
    }
    if (scan->status == 0)
        workbook->sheets[workbook->sheets_count++] = sheet;
}

/* How many cells there can be at most, for one array of them all. */
static size_t count_cells(const char *bytes, size_t size)
{
    static const char start[] = "\ncell ";
    size_t count = 0;
    for (const char *at = bytes, *end = bytes + size;
         count < TH_FORM_CELLS_MAX &&
         (at = memmem(at, (size_t)(end - at), start, sizeof start - 1)) != NULL;
         at++)
        count++;
    return count;
}

int th_form_cells_read(const char *bytes, size_t size, struct th_arena *arena,
                       enum th_form_flaw *ret_flaw, struct th_form_workbook *ret_workbook)
{
    struct scan scan = {.at = bytes, .end = bytes + size, .arena = arena};
    struct th_form_workbook workbook = {.sheets_count = 0};
    enum th_form_flaw flaw = TH_FORM_FLAWLESS;
    size_t count = 0;
    if (size > TH_FORM_CELLS_SIZE_MAX || !has(&scan, HEAD))
        return TH_E_CORRUPT;
    if (has(&scan, "refused ")) {
        struct th_text word = take_word(&scan, '\n');
        bool is_whole = th_form_flaw_find(word.bytes, word.size, &flaw) && scan.at == scan.end;
        if (!is_whole)
            return TH_E_CORRUPT;
        *ret_flaw = flaw;
        return 0;
    }
    workbook.is_1904 = has(&scan, "days 1904\n");
    if (!workbook.is_1904 && !has(&scan, "days 1900\n"))
        return TH_E_CORRUPT;
    struct th_form_cell *cells =
        th_arena_alloc_array(arena, count_cells(bytes, size), sizeof *cells);
    if (cells == NULL)
        return TH_E_NO_MEMORY;
    while (has(&scan, "sheet "))
        take_sheet(&scan, cells, &count, &workbook);
    if (!has(&scan, "end\n") || scan.at != scan.end)
        fail(&scan, TH_E_CORRUPT);
    if (scan.status != 0)
        return scan.status;
    *ret_flaw = flaw;
    *ret_workbook = workbook;
    return 0;
}
