/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a form says to a report: every part reads its keys of the tree, adds every problem, and
 * goes on. What could not be read is absent from the report, which must not be used when
 * `problems_found` is not 0.
 *
 * Internal to proto/form.
 */
#ifndef TH_FORM_READER_H
#define TH_FORM_READER_H

#include "proto/form/form.h"
#include "proto/form/tree.h"

struct th_form_reader {
    const char *file;
    bool is_sheet;    /* figures and days as a spreadsheet writes them, texts among the figures */
    bool is_workbook; /* a sheet whose cells say what they are */
    bool is_1904;     /* its serial days are counted from 1904 */
    const struct th_form_context *context;
    struct th_arena *arena;
    struct th_problems *problems;
    size_t problems_found;
    size_t ambiguous_found; /* among them: numbers and days with two readings */
    bool out_of_memory;
    bool is_identified;         /* plan, obligation and unit are sure */
    bool day_is_doubtful;       /* estimated_to is not read, or not surely */
    const struct th_plan *plan; /* NULL until it is known */
    const struct th_obligation *obligation;
    struct th_report report;
    struct th_form_places places;
};

void th_form_complain(struct th_form_reader *reader, const struct th_form_node *node,
                      const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* NULL when memory is out, which the reader remembers. */
void *th_form_alloc(struct th_form_reader *reader, size_t count, size_t size);

/* Remembers where a field of the report stands; `field` as in struct th_reason. */
void th_form_remember(struct th_form_reader *reader, const struct th_form_node *node,
                      const char *format, ...) __attribute__((format(printf, 3, 4)));

/* False, with a problem, when the node is of another kind. An absent or empty node is false
 * without one. */
bool th_form_is(struct th_form_reader *reader, const struct th_form_node *node,
                enum th_form_node_kind kind);
/* Reports every key that is not in `keys`, with the nearest one. */
void th_form_check_keys(struct th_form_reader *reader, const struct th_form_node *map,
                        const char *const keys[], size_t keys_count);
#define TH_FORM_KEYS(reader, map, ...)                                                             \
    th_form_check_keys(reader, map, (const char *const[]){__VA_ARGS__},                            \
                       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* True and the text when the key is there and not empty. `flags` as in base/text.h. */
bool th_form_text(struct th_form_reader *reader, const struct th_form_node *map, const char *key,
                  unsigned flags, size_t size_max, struct th_text *ret_text);
bool th_form_int(struct th_form_reader *reader, const struct th_form_node *map, const char *key,
                 int64_t min, int64_t max, int64_t *ret_value);
bool th_form_day(struct th_form_reader *reader, const struct th_form_node *node, th_day *ret_day);

/* True when both texts are the same to a reader: case, diacritics, _ and blanks aside. */
bool th_form_same_word(const char *a, size_t a_size, const char *b);

/* Puts the problems from `first` on in the order of the form; of one place as they were. */
void th_form_sort_problems(struct th_problems *problems, size_t first);

/* The candidate that is nearest to a mistyped word, by few edits; NULL when none is near. */
struct th_form_nearest {
    const char *word;
    size_t word_size;
    const char *best;
    unsigned best_edits;
};
void th_form_nearest_offer(struct th_form_nearest *nearest, const char *candidate);

/* The parts, in order. */
void th_form_read_identity(struct th_form_reader *reader, const struct th_form_node *root);
void th_form_read_figures(struct th_form_reader *reader, const struct th_form_node *root);
void th_form_read_tasks(struct th_form_reader *reader, const struct th_form_node *root);
void th_form_read_showcases(struct th_form_reader *reader, const struct th_form_node *root);
void th_form_read_document(struct th_form_reader *reader, const struct th_form_node *root);
void th_form_read_attachments(struct th_form_reader *reader, const struct th_form_node *root);

#endif
