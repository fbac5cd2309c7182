/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chasing list as files: a table for a spreadsheet, and a message that is ready to paste. Both
 * are made from the JSON that TH_QUERY_CHASING answers with, all of it or one of its groups.
 *
 * Thread-safe; no state.
 */
#ifndef TH_QUERY_CHASING_H
#define TH_QUERY_CHASING_H

#include "base/status.h"

#include <jansson.h>
#include <stdio.h>

/* Sets "text" of the answer and of each of its groups: whom, until when, in the plan's own words;
 * no telephone numbers, for it is sent to many. `answer` may be NULL. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_chasing_add_texts(json_t *answer);

/*
 * UTF-8 with a byte order mark, lines that end in CR LF; a cell that begins like a formula (= + - @
 * TAB CR) has an apostrophe before it. `group`: an item of the answer's "groups"; NULL: all.
 * Without a writing error: what fclose() says counts.
 */
void th_chasing_write_csv(const json_t *answer, const json_t *group, FILE *out);

#define TH_CSV_BYTE_ORDER_MARK "\xEF\xBB\xBF"
/* One cell of such a file, with the quotation marks that it needs; no separator. */
void th_csv_write_cell(const char *text, FILE *out);

#endif
