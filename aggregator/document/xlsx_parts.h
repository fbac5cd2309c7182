/* SPDX-License-Identifier: Apache-2.0 */
/* A workbook while it is written: its formats, and cells of any kind. Private to xlsx.c and
 * xlsx_cells.c. */
#ifndef TH_DOCUMENT_XLSX_PARTS_H
#define TH_DOCUMENT_XLSX_PARTS_H

#include "aggregator/document/sheet.h"

#include <xlsxwriter.h>

#define TH_XLSX_DECIMALS_MAX 9

struct th_xlsx_formats {
    lxw_format *title, *subject, *provenance, *heading, *section, *text, *long_number, *day,
        *instant, *note;
    lxw_format *number[TH_XLSX_DECIMALS_MAX + 1];
};

struct th_xlsx {
    lxw_workbook *book;
    lxw_worksheet *page;
    struct th_xlsx_formats formats;
    struct th_arena *arena;
    lxw_error error; /* the first one */
};

/* Keeps the first error. */
void th_xlsx_note(struct th_xlsx *writing, lxw_error error);
/* False after noting an error. */
bool th_xlsx_make_formats(struct th_xlsx *writing, bool is_rehearsal);
/* True when a number cell holds every digit. */
bool th_xlsx_is_exact(const char *plain);
/* Always a string, never a formula. */
void th_xlsx_text(struct th_xlsx *writing, lxw_row_t row, lxw_col_t column, const char *text,
                  lxw_format *format);
void th_xlsx_cell(struct th_xlsx *writing, lxw_row_t row, lxw_col_t column,
                  const struct th_cell *cell, bool is_heading);

#endif
