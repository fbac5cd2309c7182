/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sheets of a workbook form share while they are written.
 *
 * Internal to proto/workbook.
 */
#ifndef TH_WORKBOOK_TEMPLATE_H
#define TH_WORKBOOK_TEMPLATE_H

#include "proto/form/template.h"
#include "proto/form/xlsx_layout.h"

#include <xlsxwriter.h>

/* The whole form, to form->out. TH_E_NO_MEMORY, TH_E_IO. */
TH_MUST_CHECK int th_workbook_write_template(const struct th_form_template *form);

struct th_xlsx_formats {
    lxw_format *title, *line, *heading, *section, *label, *shown, *note;
    lxw_format *text_input, *number_input[7], *day_input, *mark_input, *free_input; /* unlocked */
    lxw_format *locked, *check;
    lxw_format *wrong, *doubt; /* over what a check says */
};

struct th_xlsx_writing {
    const struct th_form_template *form;
    lxw_workbook *book;
    struct th_xlsx_formats formats;
    uint32_t rows[TH_LIMIT_INDICATORS_MAX + 1]; /* of "Số liệu", from 1, by number; 0: nowhere */
    lxw_worksheet *identity;                    /* hidden; also holds values of enums */
    lxw_col_t lists_count;                      /* there, from column D */
    lxw_error error;                            /* the first one */
};

/* Remembers the first failure. */
void th_xlsx_note(struct th_xlsx_writing *writing, lxw_error error);
void th_xlsx_text(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                  lxw_col_t column, const char *text, lxw_format *format);
/* A sheet with its title and the lines that say which report this is; the row below them. */
lxw_worksheet *th_xlsx_sheet(struct th_xlsx_writing *writing, const char *name, const char *title,
                             lxw_row_t *ret_row);
/* A row of headings, from column A; freezes what stands above. */
void th_xlsx_headings(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                      const char *const headings[], const double widths[], size_t count);
/* As high as the longest of these texts needs in columns of these widths. */
void th_xlsx_height(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                    const char *const texts[], const double widths[], size_t count);
/* Protects the labels without a password, and sets the page up for paper. */
void th_xlsx_finish(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t heading);
/* Texts in the bounds that a validation has for its title and its message. */
void th_xlsx_validate(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                      lxw_col_t column, lxw_data_validation *validation, const char *title,
                      const char *message);

/* The same with a drop-down list; NULL ends it. */
void th_xlsx_choose(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t row,
                    lxw_col_t column, const char *const choices[], const char *title,
                    const char *message);

/* Verdicts that stand out in a column, rows `first` to `last`. */
void th_xlsx_color(struct th_xlsx_writing *writing, lxw_worksheet *sheet, lxw_row_t first,
                   lxw_row_t last, lxw_col_t column);

#define TH_XLSX_RIGHT "ĐÚNG"
#define TH_XLSX_WRONG "SAI"
#define TH_XLSX_DOUBT "CẦN XEM LẠI"

#define TH_XLSX_FORMULA_SIZE 8000 /* Excel has 8192 characters */

/* A formula or a message as it grows; what does not fit is left out and noted. */
struct th_xlsx_formula {
    char bytes[TH_XLSX_FORMULA_SIZE];
    size_t used;
    bool is_full;
};

void th_xlsx_begin(struct th_xlsx_formula *formula);
void th_xlsx_add(struct th_xlsx_formula *formula, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "E7=E8+E9", the cells on `sheet`, as "'Số liệu'!" or "" for the same one; with decimals rounded,
 * because a spreadsheet computes with doubles. */
void th_xlsx_add_condition(struct th_xlsx_formula *formula, const struct th_xlsx_writing *writing,
                           const struct th_rule *rule, const char *sheet);
/* "COUNT(E7,E8)<2": a missing figure is not zero. */
void th_xlsx_add_lack(struct th_xlsx_formula *formula, const struct th_xlsx_writing *writing,
                      const struct th_rule *rule, const char *sheet);
/* The indicator is one of its terms. */
bool th_xlsx_concerns(const struct th_rule *rule, uint16_t number);
/* "Kiểm tra": the rules whose figures all have cells; `ret_rows` gets the row of each, from 1, and
 * 0 for the others. */
void th_xlsx_rules(struct th_xlsx_writing *writing, uint32_t ret_rows[TH_LIMIT_RULES_MAX]);

/* "Số liệu", and "Kiểm tra" behind it. */
void th_xlsx_figures(struct th_xlsx_writing *writing);

#endif
