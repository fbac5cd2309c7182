/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a text line by line. Private to proto/tlog. Borrows the text. Thread-safe: no state. */
#ifndef TH_PROTO_TLOG_LINES_H
#define TH_PROTO_TLOG_LINES_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* What is still to be read. */
struct th_lines {
    const char *at;
    size_t left;
};

/* Without its newline. */
struct th_line {
    const char *text;
    size_t length;
};

/* A line may be empty; without a newline it is not one: TH_E_SYNTAX. */
TH_MUST_CHECK int th_lines_next(struct th_lines *lines, struct th_line *ret_line);
/* Takes the word off the beginning of the line. */
bool th_line_take(struct th_line *line, const char *word);

#endif
