/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a document, before they are a workbook, a CSV or a page of a report: typed cells
 * in rows. Private.
 *
 * A cell keeps its figure as the decimal text of the answer: who renders it decides how it is
 * written, never how much it is.
 */
#ifndef TH_DOCUMENT_SHEET_H
#define TH_DOCUMENT_SHEET_H

#include "aggregator/document/facts.h"

#include <stdio.h>

enum th_cell_kind {
    TH_CELL_EMPTY,
    TH_CELL_TEXT,
    TH_CELL_NUMBER, /* plain decimal: "3162.67" */
    TH_CELL_DAY,    /* "2025-04-28" */
    TH_CELL_INSTANT /* as th_instant_format() */
};

struct th_cell {
    enum th_cell_kind kind;
    const char *text;
};

struct th_sheet_column {
    const char *heading;
    const char *code; /* of an indicator, NULL when the column is of none */
    unsigned width;   /* characters */
};

struct th_sheet {
    const char *name;  /* of th_document_sheet_name() */
    const char *label; /* of a tab */
    const char *title;
    struct th_sheet_column *columns;
    struct th_cell *cells; /* row by row */
    bool *is_heading;      /* by row: its first cell names the rows that follow */
    bool has_total;        /* the last row is the sum of those before */
    size_t columns_count, rows_count, rows_max;
    unsigned fixed_columns; /* that stay in sight */
    const char *note;       /* below the table; NULL: none */
};

enum th_sheet_kind {
    TH_SHEET_SUMMARY,
    TH_SHEET_DISTRICTS,
    TH_SHEET_UNITS,
    TH_SHEET_STANDING,
    TH_SHEET_MISSING,
    TH_SHEET_MODELS,
    TH_SHEET_TEXTS,
    TH_SHEET_COUNT
};

/* TH_E_NOT_FOUND; NULL means the units. */
TH_MUST_CHECK int th_sheet_parse(const char *name, enum th_sheet_kind *ret_kind);
/* In the arena; borrows the facts. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_sheet_build(const struct th_document_facts *facts, enum th_sheet_kind kind,
                                 struct th_arena *arena, struct th_sheet *ret_sheet);

/* What stands above each table: the obligation and the unit; and below each page: as of when, the
 * place in the journal, the coverage, and that it is a rehearsal. NULL: no memory. */
const char *th_sheet_subject(const struct th_document_facts *facts, struct th_arena *arena);
const char *th_sheet_provenance(const struct th_document_facts *facts, struct th_arena *arena);

/* ---- building; private to sheet.c and sheet_units.c ---- */

TH_MUST_CHECK int th_sheet_init(struct th_arena *arena, size_t columns_max, size_t rows_max,
                                struct th_sheet *sheet);
void th_sheet_column(struct th_sheet *sheet, const char *heading, unsigned width);
/* A new row of empty cells, borrowed. Precondition: one of rows_max is left. */
struct th_cell *th_sheet_row(struct th_sheet *sheet);
void th_sheet_heading(struct th_sheet *sheet, const char *text);
struct th_cell th_cell_text(const char *text);
struct th_cell th_cell_count(struct th_arena *arena, json_int_t count);
/* Of a value of an answer as its indicator means it. */
struct th_cell th_cell_value(struct th_arena *arena, const struct th_indicator *indicator,
                             const json_t *value);
struct th_cell th_cell_instant(const json_t *object, const char *key);

TH_MUST_CHECK int th_sheet_fill_units(const struct th_document_facts *facts, struct th_arena *arena,
                                      struct th_sheet *sheet);
TH_MUST_CHECK int th_sheet_fill_standing(const struct th_document_facts *facts,
                                         struct th_arena *arena, struct th_sheet *sheet);
TH_MUST_CHECK int th_sheet_fill_missing(const struct th_document_facts *facts,
                                        struct th_arena *arena, struct th_sheet *sheet);
TH_MUST_CHECK int th_sheet_fill_models(const struct th_document_facts *facts,
                                       struct th_arena *arena, struct th_sheet *sheet);
TH_MUST_CHECK int th_sheet_fill_texts(const struct th_document_facts *facts, struct th_arena *arena,
                                      struct th_sheet *sheet);

/* ---- renderers of sheets ---- */

/* RFC 4180, UTF-8 with a byte order mark; a text that a spreadsheet would take for a formula begins
 * with an apostrophe. What fclose() says counts. */
void th_csv_write(const struct th_sheet *sheet, FILE *out);
TH_MUST_CHECK int th_xlsx_write(const struct th_document_facts *facts,
                                const struct th_sheet *sheets, unsigned count,
                                struct th_document_file *ret_document);

#endif
