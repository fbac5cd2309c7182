/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of the YAML files that people write: plans, catalogues, configuration.
 *
 * Promises: one YAML 1.2 document per file; keys are texts and never repeated; anchors, aliases
 * and tags are refused, so what is written is what is read; every text and key is accepted text
 * (base/text.h). Every problem goes to a list with its line, so that one run shows all of them.
 * No implicit typing: the reader of a field says what it has to be. Does not write YAML.
 *
 * Thread rule: an open document is constant; threads may read it at once, each with its own list
 * of problems. A node and the texts from it borrow from the document: they end at th_yaml_close.
 */
#ifndef TH_BASE_YAML_H
#define TH_BASE_YAML_H

#include "base/problems.h"
#include "base/status.h"
#include "base/text.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_YAML_SIZE_MAX  ((size_t)4 * 1024 * 1024) /* the usual size limit of a file, bytes */
#define TH_YAML_DEPTH_MAX 32                        /* collections within collections */
#define TH_YAML_PATH_SIZE 256

struct th_yaml;

/* A place in a document, by value. Its members belong to this module. */
struct th_yaml_node {
    const struct th_yaml *doc;
    uint32_t index;
};

enum th_yaml_kind { TH_YAML_SCALAR, TH_YAML_MAPPING, TH_YAML_SEQUENCE };

struct th_yaml_word {
    const char *word;
    int value;
};

/*
 * Returns owned (th_yaml_close). Each failure adds at least one problem, except TH_E_NO_MEMORY.
 * TH_E_NOT_FOUND, TH_E_FORBIDDEN (no right to read it), TH_E_IO (cannot be read otherwise, or not a
 * regular file), TH_E_LIMIT (larger than `size_max` bytes), TH_E_SYNTAX. Precondition: size_max <
 * 1 GiB.
 */
TH_MUST_CHECK int th_yaml_open(const char *path, size_t size_max, struct th_problems *problems,
                               struct th_yaml **ret_doc);
/* The same for bytes in memory; copies them, and `name`, which stands for the file in problems. */
TH_MUST_CHECK int th_yaml_open_memory(const char *name, const char *bytes, size_t size,
                                      size_t size_max, struct th_problems *problems,
                                      struct th_yaml **ret_doc);
void th_yaml_close(struct th_yaml *doc);

struct th_yaml_node th_yaml_root(const struct th_yaml *doc);
enum th_yaml_kind th_yaml_kind(struct th_yaml_node node);
/* True for nothing at all, ~ and null without quotes. */
bool th_yaml_is_null(struct th_yaml_node node);
uint32_t th_yaml_line(struct th_yaml_node node);   /* from 1 */
uint32_t th_yaml_column(struct th_yaml_node node); /* from 1, in characters */
/* "tasks[2].title", items from 0; "." for the root; shortened when long. Returns `path`. */
char *th_yaml_path(struct th_yaml_node node, char path[TH_YAML_PATH_SIZE]);

/* Adds a problem at a node, for rules that only the caller knows. */
void th_yaml_report(struct th_yaml_node node, struct th_problems *problems, const char *hint,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* From here on: TH_E_INVALID has added a problem at the line of the node. */

TH_MUST_CHECK int th_yaml_check_kind(struct th_yaml_node node, enum th_yaml_kind kind,
                                     struct th_problems *problems);
/* Refuses what is not a mapping, and reports every key of it that is not in `keys`. */
TH_MUST_CHECK int th_yaml_check_keys(struct th_yaml_node node, const char *const keys[],
                                     size_t keys_count, struct th_problems *problems);
/* False when the node is not a mapping or has no such key. A key without a value is there. */
bool th_yaml_get(struct th_yaml_node node, const char *key, struct th_yaml_node *ret_node);
TH_MUST_CHECK int th_yaml_require(struct th_yaml_node node, const char *key,
                                  struct th_problems *problems, struct th_yaml_node *ret_node);

/* Items of a sequence, or values of a mapping in the order of the file; 0 for a scalar. */
size_t th_yaml_count(struct th_yaml_node node);
/* Precondition: i < th_yaml_count(node). */
struct th_yaml_node th_yaml_item(struct th_yaml_node node, size_t i);
/* The key of a value of a mapping, NUL behind it. Precondition: the parent is a mapping. */
struct th_text th_yaml_key(struct th_yaml_node value);

/* A scalar as it is, however it is written; empty for nothing at all. Borrows, NUL behind it.
 * Precondition: th_yaml_kind(node) is TH_YAML_SCALAR. */
struct th_text th_yaml_scalar(struct th_yaml_node node);

/* Scalars. Null and empty are refused. Text: borrows, NUL behind it, at most `size_max` bytes;
 * `flags` as in base/text.h (with TH_TEXT_LINES it may have several lines). */
TH_MUST_CHECK int th_yaml_read_text(struct th_yaml_node node, unsigned flags, size_t size_max,
                                    struct th_problems *problems, struct th_text *ret_text);
/* Decimal, without quotes, plus sign, leading zeros or separators; min and max are allowed. */
TH_MUST_CHECK int th_yaml_read_int(struct th_yaml_node node, int64_t min, int64_t max,
                                   struct th_problems *problems, int64_t *ret_value);
/* true or false without quotes, nothing else. */
TH_MUST_CHECK int th_yaml_read_bool(struct th_yaml_node node, struct th_problems *problems,
                                    bool *ret_value);
/* YYYY-MM-DD, with or without quotes. */
TH_MUST_CHECK int th_yaml_read_day(struct th_yaml_node node, struct th_problems *problems,
                                   th_day *ret_day);
/* One of `words`; gives its value. */
TH_MUST_CHECK int th_yaml_read_word(struct th_yaml_node node, const struct th_yaml_word words[],
                                    size_t words_count, struct th_problems *problems,
                                    int *ret_value);

#endif
