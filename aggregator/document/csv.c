/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sheet as RFC 4180 says, for spreadsheets and programs: figures are plain decimals, dates ISO.
 *
 * A spreadsheet takes a text that begins with = + - @, a tab or a carriage return for a formula,
 * also between quotation marks; an apostrophe before it makes it a text. A figure is none: a
 * negative one stays as it is.
 */
#include "aggregator/document/sheet.h"

#include "aggregator/query/chasing.h"

/* A figure is no text: it needs no quotation marks, and a minus before it is no formula. */
static void write_cell(const struct th_cell *cell, FILE *out)
{
    if (cell->kind == TH_CELL_TEXT)
        th_csv_write_cell(cell->text, out);
    else if (cell->kind != TH_CELL_EMPTY)
        (void)fputs(cell->text, out);
}

void th_csv_write(const struct th_sheet *sheet, FILE *out)
{
    (void)fputs(TH_CSV_BYTE_ORDER_MARK, out);
    for (size_t column = 0; column < sheet->columns_count; column++) {
        if (column > 0)
            (void)fputc(',', out);
        th_csv_write_cell(sheet->columns[column].heading, out);
    }
    (void)fputs("\r\n", out);
    for (size_t row = 0; row < sheet->rows_count; row++) {
        for (size_t column = 0; column < sheet->columns_count; column++) {
            const struct th_cell *cell = &sheet->cells[row * sheet->columns_count + column];
            if (column > 0)
                (void)fputc(',', out);
            write_cell(cell, out);
        }
        (void)fputs("\r\n", out);
    }
}
