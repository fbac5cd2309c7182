/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workbook (XLSX) of anyone's making as sheets of cells, and nothing more of it.
 *
 * The file is hostile until it is read, so another process reads it (proto/workbook/reader.h),
 * which has nothing to lose and little that it may do; what it says is not trusted either
 * (proto/form/cells.h). Formulas are never computed: a cell has the value that the spreadsheet
 * saved with it. Styles are not read.
 *
 * Thread-safe; no state. Everything lives in the arena. Internal to proto/form and proto/workbook.
 */
#ifndef TH_FORM_WORKBOOK_H
#define TH_FORM_WORKBOOK_H

#include "base/arena.h"
#include "base/problems.h"
#include "base/text.h"

#define TH_FORM_SHEETS_MAX  32
#define TH_FORM_CELLS_MAX   60000 /* with something in them, of all sheets */
#define TH_FORM_ROW_LAST    1048576
#define TH_FORM_COLUMN_LAST 16384

enum th_form_cell_kind {
    TH_FORM_CELL_TEXT,
    TH_FORM_CELL_NUMBER, /* text: the characters of the number as saved */
    TH_FORM_CELL_TRUTH,  /* text: 0 or 1 */
    TH_FORM_CELL_DAY,    /* text: 2025-05-09, maybe with a time behind it */
    TH_FORM_CELL_ERROR,  /* text: #DIV/0! and the like */
    TH_FORM_CELL_LACKING /* a formula without a saved value */
};

struct th_form_cell {
    uint32_t row; /* from 1 */
    uint32_t column;
    enum th_form_cell_kind kind;
    struct th_text text; /* UTF-8, a NUL behind it; anything otherwise */
};

/* Cells with something in them, in the order of their rows and columns. */
struct th_form_sheet {
    const char *name; /* UTF-8 */
    const struct th_form_cell *cells;
    size_t cells_count;
};

struct th_form_workbook {
    bool is_1904; /* days are counted from 1904 */
    struct th_form_sheet sheets[TH_FORM_SHEETS_MAX];
    size_t sheets_count;
};

/*
 * Lets the other program read one. TH_E_SYNTAX, TH_E_LIMIT after a problem about the file was
 * added, TH_E_CONFIG and TH_E_IO after one about the program; TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_form_workbook_read(const char *file, const char *bytes, size_t size,
                                        struct th_arena *arena, struct th_problems *problems,
                                        struct th_form_workbook *ret_workbook);

#endif
