/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of a table for people: widths in columns of a terminal, not in bytes; and figures as people
 * write them, for documents too. */
#ifndef TH_QUERY_TABLE_H
#define TH_QUERY_TABLE_H

#include <jansson.h>
#include <stdio.h>

#define TH_TABLE_NUMBER_SIZE 96

/* A text from the left: cut with … when it is too long, and always a blank before the next cell. */
void th_table_text(FILE *out, const char *text, int width);
/* A figure or its heading from the right: never cut, always a blank before it. */
void th_table_figure(FILE *out, const char *text, int width);
/* An integer, or – when `value` is none. */
void th_table_count(FILE *out, const json_t *value, int width);

/* "1234567.5" as "1.234.567,5", "2025-05-09" as "09/5/2025"; anything else stays as it is. */
const char *th_table_grouped(const char *plain, char text[TH_TABLE_NUMBER_SIZE]);

#endif
