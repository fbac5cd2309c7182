/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/document/odt_parts.h"

#include "aggregator/document/say.h"

#include <string.h>

void th_odt_fail(struct th_odt *odt, int status)
{
    if (odt->status == TH_OK)
        odt->status = status;
}

/* The writer fails only without memory. */
static void check(struct th_odt *odt, int written)
{
    if (written < 0)
        th_odt_fail(odt, TH_E_NO_MEMORY);
}

void th_odt_open(struct th_odt *odt, const char *element)
{
    if (odt->status == TH_OK)
        check(odt, xmlTextWriterStartElement(odt->xml, BAD_CAST element));
}

void th_odt_close(struct th_odt *odt)
{
    if (odt->status == TH_OK)
        check(odt, xmlTextWriterEndElement(odt->xml));
}

void th_odt_attribute(struct th_odt *odt, const char *name, const char *value)
{
    if (value == NULL)
        th_odt_fail(odt, TH_E_NO_MEMORY);
    if (odt->status == TH_OK)
        check(odt, xmlTextWriterWriteAttribute(odt->xml, BAD_CAST name, BAD_CAST value));
}

/* ---- texts ---- */

static void write_run(struct th_odt *odt, const char *text, size_t size)
{
    char *copy = size == 0 ? NULL : th_arena_copy_text(odt->arena, text, size);
    if (size == 0 || odt->status != TH_OK)
        return;
    if (copy == NULL)
        th_odt_fail(odt, TH_E_NO_MEMORY);
    else
        check(odt, xmlTextWriterWriteString(odt->xml, BAD_CAST copy));
}

static void write_empty(struct th_odt *odt, const char *element)
{
    th_odt_open(odt, element);
    th_odt_close(odt);
}

/* More than one blank counts as one unless it is an element. */
static void write_blanks(struct th_odt *odt, size_t count)
{
    th_odt_open(odt, "text:s");
    th_odt_attribute(odt, "text:c", th_say(odt->arena, "%zu", count));
    th_odt_close(odt);
}

void th_odt_text(struct th_odt *odt, const char *text)
{
    text = text == NULL ? NULL : th_say_for_xml(odt->arena, text);
    if (text == NULL) {
        th_odt_fail(odt, TH_E_NO_MEMORY);
        return;
    }
    while (*text != '\0' && odt->status == TH_OK) {
        size_t run = 0, blanks = strspn(text, " ");
        if (blanks > 1) {
            write_blanks(odt, blanks);
            text += blanks;
        } else if (*text == '\n' || *text == '\t') {
            write_empty(odt, *text == '\n' ? "text:line-break" : "text:tab");
            text++;
        } else {
            while (text[run] != '\0' && text[run] != '\n' && text[run] != '\t' &&
                   strncmp(text + run, "  ", 2) != 0)
                run++;
            write_run(odt, text, run);
            text += run;
        }
    }
}

void th_odt_paragraph(struct th_odt *odt, const char *style, const char *text)
{
    th_odt_open(odt, "text:p");
    th_odt_attribute(odt, "text:style-name", style);
    th_odt_text(odt, text);
    th_odt_close(odt);
}

void th_odt_paragraph_led(struct th_odt *odt, const char *style, const char *lead, const char *text)
{
    th_odt_open(odt, "text:p");
    th_odt_attribute(odt, "text:style-name", style);
    th_odt_open(odt, "text:span");
    th_odt_attribute(odt, "text:style-name", "Dam");
    th_odt_text(odt, lead);
    th_odt_close(odt);
    th_odt_text(odt, text);
    th_odt_close(odt);
}

void th_odt_heading(struct th_odt *odt, int level, const char *text)
{
    th_odt_open(odt, "text:h");
    th_odt_attribute(odt, "text:style-name", level == 1 ? "Heading_20_1" : "Heading_20_2");
    th_odt_attribute(odt, "text:outline-level", level == 1 ? "1" : "2");
    th_odt_text(odt, text);
    th_odt_close(odt);
}

/* ---- tables ---- */

static void name_table(struct th_odt *odt, const char *style)
{
    th_odt_open(odt, "table:table");
    th_odt_attribute(odt, "table:name", th_say(odt->arena, "Bang%u", ++odt->tables));
    th_odt_attribute(odt, "table:style-name", style);
}

static void write_column(struct th_odt *odt, unsigned mm)
{
    th_odt_open(odt, "table:table-column");
    th_odt_attribute(odt, "table:style-name", th_say(odt->arena, "C%u", mm));
    th_odt_close(odt);
}

static void write_columns(struct th_odt *odt, const struct th_odt_column *columns, size_t count,
                          unsigned width_mm)
{
    unsigned total = 0, used = 0;
    for (size_t i = 0; i < count; i++)
        total += columns[i].weight;
    for (size_t i = 0; i < count; i++) {
        unsigned mm = i + 1 == count ? width_mm - used : columns[i].weight * width_mm / total;
        write_column(odt, mm);
        used += mm;
    }
}

static void open_cell(struct th_odt *odt, const char *style)
{
    th_odt_open(odt, "table:table-cell");
    th_odt_attribute(odt, "table:style-name", style);
    th_odt_attribute(odt, "office:value-type", "string");
}

static const char *say_cell(struct th_odt *odt, const struct th_cell *cell)
{
    switch (cell->kind) {
    case TH_CELL_TEXT:
        return cell->text;
    case TH_CELL_NUMBER:
        return th_say_number(odt->arena, cell->text);
    case TH_CELL_DAY:
        return th_say_written_day(odt->arena, cell->text);
    case TH_CELL_INSTANT:
        return th_say_written_instant(odt->arena, cell->text);
    case TH_CELL_EMPTY:
    default:
        return "";
    }
}

static void write_headings(struct th_odt *odt, const struct th_sheet *sheet,
                           const struct th_odt_column *columns, size_t count)
{
    th_odt_open(odt, "table:table-header-rows");
    th_odt_open(odt, "table:table-row");
    th_odt_attribute(odt, "table:style-name", "Dong");
    for (size_t i = 0; i < count; i++) {
        open_cell(odt, "ODau");
        th_odt_paragraph(odt, "TieuDeCot", sheet->columns[columns[i].column].heading);
        th_odt_close(odt);
    }
    th_odt_close(odt);
    th_odt_close(odt);
}

static void write_section_row(struct th_odt *odt, const struct th_cell *cells, size_t count)
{
    th_odt_open(odt, "table:table-cell");
    th_odt_attribute(odt, "table:style-name", "ODau");
    th_odt_attribute(odt, "table:number-columns-spanned", th_say(odt->arena, "%zu", count));
    th_odt_attribute(odt, "office:value-type", "string");
    th_odt_paragraph(odt, "OMuc", say_cell(odt, &cells[0]));
    th_odt_close(odt);
    for (size_t i = 1; i < count; i++)
        write_empty(odt, "table:covered-table-cell");
}

static void write_row(struct th_odt *odt, const struct th_sheet *sheet, size_t row,
                      const struct th_odt_column *columns, size_t count)
{
    static const char *const styles[2][2] = {{"OChu", "OSo"}, {"OChuDam", "OSoDam"}};
    const struct th_cell *cells = &sheet->cells[row * sheet->columns_count];
    bool is_total = sheet->has_total && row + 1 == sheet->rows_count;
    th_odt_open(odt, "table:table-row");
    th_odt_attribute(odt, "table:style-name", "Dong");
    if (sheet->is_heading[row])
        write_section_row(odt, cells, count);
    for (size_t i = 0; i < count && !sheet->is_heading[row]; i++) {
        const struct th_cell *cell = &cells[columns[i].column];
        bool is_right = cell->kind == TH_CELL_NUMBER || cell->kind == TH_CELL_DAY;
        open_cell(odt, "O");
        th_odt_paragraph(odt, styles[is_total][is_right], say_cell(odt, cell));
        th_odt_close(odt);
    }
    th_odt_close(odt);
}

void th_odt_table(struct th_odt *odt, const struct th_sheet *sheet,
                  const struct th_odt_column *columns, size_t count, unsigned width_mm)
{
    name_table(odt, width_mm == TH_ODT_PORTRAIT_MM ? "BangDoc" : "BangNgang");
    write_columns(odt, columns, count, width_mm);
    write_headings(odt, sheet, columns, count);
    for (size_t row = 0; row < sheet->rows_count && odt->status == TH_OK; row++)
        write_row(odt, sheet, row, columns, count);
    th_odt_close(odt);
}

/* ---- blocks side by side ---- */

void th_odt_block_open(struct th_odt *odt, const char *name, unsigned left_mm, unsigned right_mm)
{
    th_odt_open(odt, "table:table");
    th_odt_attribute(odt, "table:name", name);
    th_odt_attribute(odt, "table:style-name", "BangDoc");
    write_column(odt, left_mm);
    write_column(odt, right_mm);
    th_odt_open(odt, "table:table-row");
    open_cell(odt, "OTrong");
}

void th_odt_block_next(struct th_odt *odt)
{
    th_odt_close(odt);
    open_cell(odt, "OTrong");
}

void th_odt_block_row(struct th_odt *odt)
{
    th_odt_close(odt);
    th_odt_close(odt);
    th_odt_open(odt, "table:table-row");
    open_cell(odt, "OTrong");
}

void th_odt_block_close(struct th_odt *odt)
{
    th_odt_close(odt);
    th_odt_close(odt);
    th_odt_close(odt);
}
