/* SPDX-License-Identifier: Apache-2.0 */
/* A workbook in memory whose parts a test edits as text, as a spreadsheet or a hostile hand would.
 */
#ifndef TH_TESTS_SUPPORT_WORKBOOK_CASE_H
#define TH_TESTS_SUPPORT_WORKBOOK_CASE_H

#include <stddef.h>

struct workbook_case {
    char *bytes; /* owned */
    size_t size;
};

void workbook_case_end(struct workbook_case *book);
/* The first `from` in a part becomes `to`; fails the test when it is not there. */
void workbook_case_replace(struct workbook_case *book, const char *part, const char *from,
                           const char *to);
/* What is in a cell of sheet N (xl/worksheets/sheetN.xml): `attributes` as ` t="str"`, `inside` as
 * `<v>5</v>`. The cell has to be there, with a style at least. */
void workbook_case_set(struct workbook_case *book, unsigned sheet, const char *cell,
                       const char *attributes, const char *inside);
/* Adds a part, or puts another in its place. */
void workbook_case_put(struct workbook_case *book, const char *part, const char *bytes,
                       size_t size);
/* Returns owned text of a part. */
char *workbook_case_get(const struct workbook_case *book, const char *part);

#endif
