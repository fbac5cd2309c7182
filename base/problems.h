/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of problems found in files that people write: where, what, and what to do about it.
 *
 * Promises: problems are kept in the order they were found; at most TH_PROBLEMS_MAX are kept and
 * the rest are counted, so a hostile file cannot fill the memory. Adding never fails: without
 * memory a problem is counted as well. The list does not decide: whoever adds returns a TH_E_….
 *
 * Not thread-safe: one list belongs to one thread at a time. It outlives the files it speaks of.
 */
#ifndef TH_BASE_PROBLEMS_H
#define TH_BASE_PROBLEMS_H

#include "base/status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TH_PROBLEMS_MAX 200

struct th_place {
    const char *file;
    uint32_t line;   /* from 1; 0: all of it, as of a folder or a file that cannot be read */
    uint32_t column; /* from 1, in characters; 0 with line 0 */
};

struct th_problem {
    char *file; /* file, message and hint belong to the list */
    uint32_t line;
    uint32_t column;
    char *cell;    /* of a workbook, as "Số liệu!E17"; "" otherwise; belongs to the list */
    char *message; /* Vietnamese, what is wrong */
    char *hint;    /* Vietnamese, what to do */
};

struct th_problems {
    struct th_problem *items;
    size_t count;    /* kept in items */
    size_t capacity; /* of items */
    size_t dropped;  /* found, not kept */
};

void th_problems_init(struct th_problems *problems);
/* Frees what was added; the list may be used again after th_problems_init. */
void th_problems_deinit(struct th_problems *problems);

/* Copies the place, the hint (NULL for none) and the formatted message. */
void th_problems_add(struct th_problems *problems, struct th_place place, const char *hint,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

void th_problems_add_list(struct th_problems *problems, struct th_place place, const char *hint,
                          const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

/* The same for a cell of a workbook, copied as well. */
void th_problems_add_cell(struct th_problems *problems, const char *file, const char *cell,
                          const char *hint, const char *format, va_list arguments)
    __attribute__((format(printf, 5, 0)));

/* The place of the byte at `offset` in a file's bytes. Borrows `file`. Precondition: what is before
 * the offset is UTF-8. */
struct th_place th_place_of_offset(const char *file, const char *bytes, size_t offset);

/* How many were found, kept or not. */
size_t th_problems_total(const struct th_problems *problems);

/*
 * One problem after the other:
 *   FILE:LINE:COLUMN: lỗi: MESSAGE
 *       cách sửa: HINT
 * with the cell in the place of LINE:COLUMN where there is one, without them where they are 0,
 * and at the end how many were not kept. Borrows `out`. TH_E_IO.
 */
TH_MUST_CHECK int th_problems_print(const struct th_problems *problems, FILE *out);

#endif
