/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that an officer opens, prints, edits, signs and sends: one obligation of one unit at
 * one moment, as a workbook (XLSX), the consolidated report in the form of Nghị định 30/2020/NĐ-CP
 * (ODT), one table (CSV), or all answers as they are (JSON).
 *
 * A document is made in two steps. Collecting asks the read side everything at one snapshot;
 * rendering needs no store any more, so the view can be closed in between. Nothing is decided or
 * counted here: figures are those of aggregator/query/. The same facts always give the same bytes:
 * the only time in a document is the moment that it was asked about.
 *
 * Thread rule: collecting is that of the view and the context; facts are constant afterwards, and
 * borrow the context. Any thread may render.
 */
#ifndef TH_DOCUMENT_DOCUMENT_H
#define TH_DOCUMENT_DOCUMENT_H

#include "aggregator/query/answer.h"

enum th_document_kind { TH_DOCUMENT_XLSX, TH_DOCUMENT_ODT, TH_DOCUMENT_CSV, TH_DOCUMENT_JSON };

/* "xlsx", "odt", "csv", "json": the word of an option and the ending of a file. */
const char *th_document_extension(enum th_document_kind kind);
const char *th_document_media_type(enum th_document_kind kind);
/* TH_E_NOT_FOUND. */
TH_MUST_CHECK int th_document_kind_parse(const char *word, enum th_document_kind *ret_kind);

/* Borrows. */
struct th_document_request {
    /* plan, period or obligation, unit, branch, as_of or position; the rest is not looked at. */
    const struct th_query *query;
    const struct th_query_asking *asking; /* with identity: a rehearsal says so everywhere */
    /* Told how far collecting is; NULL: nobody is told. */
    void (*progress)(void *context, unsigned done, unsigned total);
    void *progress_context;
};

struct th_document_facts;

/* Returns owned facts. As th_query_answer() fails; TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_document_collect(const struct th_query_context *context, struct th_view *view,
                                      const struct th_document_request *request,
                                      struct th_query_problem *ret_problem,
                                      struct th_document_facts **ret_facts);
void th_document_release(struct th_document_facts *facts);

struct th_document_file {
    char *bytes; /* owned: free() */
    size_t size;
};

/* `sheet` chooses the table of a CSV, by a name of th_document_sheet_name(); NULL: the figures of
 * each unit. Other kinds do not look at it. TH_E_NOT_FOUND: no such sheet. TH_E_NO_MEMORY; TH_E_IO:
 * there was no room for the temporary files of a workbook. */
TH_MUST_CHECK int th_document_render(const struct th_document_facts *facts,
                                     enum th_document_kind kind, const char *sheet,
                                     struct th_document_file *ret_document);

/* The names of sheets, in their order; NULL: no more. */
const char *th_document_sheet_name(unsigned index);

#define TH_DOCUMENT_NAME_SIZE 200

/* "gialai-2025_O-002-1_64_2025-05-10T170000.xlsx": plain ASCII, no blank and no separator. Returns
 * `name`. `sheet` as above. */
char *th_document_file_name(const struct th_document_facts *facts, enum th_document_kind kind,
                            const char *sheet, char name[TH_DOCUMENT_NAME_SIZE]);

#endif
