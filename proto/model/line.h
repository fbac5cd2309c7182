/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short text in a buffer of fixed size: what does not fit is cut between characters.
 *
 * Pure. One thread.
 */
#ifndef TH_MODEL_LINE_H
#define TH_MODEL_LINE_H

#include <stddef.h>
#include <stdint.h>

struct th_line {
    char *text;  /* NUL behind it, always */
    size_t size; /* of the buffer, its NUL included: not 0 */
    size_t used;
};

/* An empty one with a buffer of its own, up to the end of the block. */
#define TH_LINE(name, bytes)                                                                       \
    char name##_bytes[bytes] = "";                                                                 \
    struct th_line name = {name##_bytes, bytes, 0}

void th_line_put(struct th_line *line, const char *text);
void th_line_put_number(struct th_line *line, int64_t number);

#endif
