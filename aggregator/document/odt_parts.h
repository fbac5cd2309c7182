/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of a text document hand to each other. Private.
 *
 * Writing keeps the first failure in `status` and goes on without effect, so that the text reads as
 * it is written; a text that is NULL is one for which there was no memory.
 */
#ifndef TH_DOCUMENT_ODT_PARTS_H
#define TH_DOCUMENT_ODT_PARTS_H

#include "aggregator/document/sheet.h"

#include <libxml/xmlwriter.h>

/* Widths of the text between the margins, in mm. */
#define TH_ODT_PORTRAIT_MM  165
#define TH_ODT_LANDSCAPE_MM 257

struct th_odt {
    xmlTextWriterPtr xml;
    struct th_arena *arena;
    const struct th_document_facts *facts;
    int status;
    unsigned tables;     /* so far: tables have names */
    unsigned appendices; /* so far */
    /* Who signs, as odt_letter.c finds it. */
    const char *superior; /* in capitals; "" */
    const char *issuer;   /* in capitals, without the territory that the superior names */
    const char *issuer_name;
    const char *addressee; /* "": nobody but the recipients */
    const char *symbol;    /* "BC-SNV" */
    const char *place;
    const char *subject; /* of the report: "kết quả thực hiện …" */
    const char *period;  /* "06 tháng đầu năm 2025" */
    /* Numbers of appendices that the text points at, as it will have them; 0: not there. */
    unsigned appendix_summary, appendix_parts, appendix_missing, appendix_texts, appendix_models;
};

/* ---- odt_xml.c ---- */

void th_odt_fail(struct th_odt *odt, int status);
void th_odt_open(struct th_odt *odt, const char *element);
void th_odt_attribute(struct th_odt *odt, const char *name, const char *value);
/* NULL text: no memory. Blanks, tabs and line ends as the format wants them; characters that XML
 * cannot hold become U+FFFD. */
void th_odt_text(struct th_odt *odt, const char *text);
void th_odt_close(struct th_odt *odt);
void th_odt_paragraph(struct th_odt *odt, const char *style, const char *text);
/* The same with the first words in bold. */
void th_odt_paragraph_led(struct th_odt *odt, const char *style, const char *lead,
                          const char *text);
void th_odt_heading(struct th_odt *odt, int level, const char *text);

/* A table of the sheet's rows, its headings repeated on each page; `columns` are places of columns
 * with their widths, `width_mm` is that of all together. */
struct th_odt_column {
    size_t column;
    unsigned weight;
};
void th_odt_table(struct th_odt *odt, const struct th_sheet *sheet,
                  const struct th_odt_column *columns, size_t count, unsigned width_mm);
/* A table without lines, for blocks that stand side by side. */
void th_odt_block_open(struct th_odt *odt, const char *name, unsigned left_mm, unsigned right_mm);
void th_odt_block_next(struct th_odt *odt);
void th_odt_block_row(struct th_odt *odt); /* the two below */
void th_odt_block_close(struct th_odt *odt);

/* ---- odt_styles.c ---- */

/* The whole of styles.xml. */
void th_odt_write_styles(struct th_odt *odt);
/* office:automatic-styles of content.xml. */
void th_odt_write_automatic(struct th_odt *odt);
void th_odt_namespaces(struct th_odt *odt);

/* ---- the text ---- */

void th_odt_prepare(struct th_odt *odt); /* who signs, what it is about; counts the appendices */
void th_odt_letterhead(struct th_odt *odt);
void th_odt_signature(struct th_odt *odt);
void th_odt_body(struct th_odt *odt);
void th_odt_appendices(struct th_odt *odt);
const char *th_odt_roman(unsigned number);
/* "Phụ lục II" */
const char *th_odt_appendix_name(struct th_odt *odt, unsigned number);

#endif
