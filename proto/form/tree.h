/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a form says, before anyone knows what it means: maps, lists and scalars with their places.
 *
 * YAML, JSON, CSV and workbooks each become this tree; one reader (proto/form/reader.h) gives it
 * meaning. A scalar keeps the characters as they were written, so a number is never anything but
 * its digits. Texts are accepted text (base/text.h) with blanks at both ends cut off and a NUL
 * behind them.
 *
 * Internal to proto/form. Lives in the arena that it was built in.
 */
#ifndef TH_FORM_TREE_H
#define TH_FORM_TREE_H

#include "base/arena.h"
#include "base/problems.h"
#include "base/text.h"

#include "proto/form/workbook.h"

#define TH_FORM_NODES_MAX 20000
#define TH_FORM_DEPTH_MAX 16

enum th_form_node_kind { TH_FORM_NULL, TH_FORM_SCALAR, TH_FORM_MAP, TH_FORM_LIST };

/* What a scalar was in a workbook, where a number is not a text. */
enum th_form_written {
    TH_FORM_WRITTEN,        /* as characters, anywhere */
    TH_FORM_WRITTEN_NUMBER, /* the text is its plain form, "-1234.56" */
    TH_FORM_WRITTEN_TRUTH   /* the text is 0 or 1 */
};

struct th_form_node {
    enum th_form_node_kind kind;
    const char *key;     /* in a map; "" otherwise */
    struct th_text text; /* of a scalar; empty otherwise */
    uint32_t line;       /* of the key when there is one */
    uint32_t column;
    const char *cell; /* "Số liệu!E17" in a workbook, line and column are 0; NULL otherwise */
    enum th_form_written written;
    bool is_doubtful; /* refused already: empty or not, nothing can be concluded from it */
    struct th_form_node *first, *last, *next;
    size_t count; /* of children */
};

struct th_form_tree {
    const char *file; /* for problems; borrowed */
    struct th_arena *arena;
    struct th_problems *problems;
    struct th_form_node *root;
    size_t nodes_count;
    const char *cell;     /* given to the nodes that are added; NULL outside of workbooks */
    bool is_1904;         /* serial days of a workbook are counted from 1904 */
    struct th_text stamp; /* of a workbook's form */
    int status;           /* the first failure; 0 when there is none */
};

/* Remembers a failure; the first one stays. */
void th_form_tree_fail(struct th_form_tree *tree, int status);
/* Adds a problem and remembers TH_E_SYNTAX. */
void th_form_tree_refuse(struct th_form_tree *tree, uint32_t line, uint32_t column,
                         const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The same at tree->cell. */
void th_form_tree_refuse_cell(struct th_form_tree *tree, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A node at the end of `parent` (NULL: the root). NULL after th_form_tree_fail(). Copies `key`. */
struct th_form_node *th_form_tree_add(struct th_form_tree *tree, struct th_form_node *parent,
                                      enum th_form_node_kind kind, const char *key, uint32_t line,
                                      uint32_t column);
/* Likewise, a scalar; copies the text in form NFC. Nothing but blanks is TH_FORM_NULL. */
struct th_form_node *th_form_tree_add_text(struct th_form_tree *tree, struct th_form_node *parent,
                                           const char *key, const char *bytes, size_t size,
                                           uint32_t line, uint32_t column);

/* The child with this key; NULL when there is none. `map` may be NULL or no map. */
struct th_form_node *th_form_node_get(const struct th_form_node *map, const char *key);

/* True when nobody wrote anything there: no node, or an empty one that was not refused. */
bool th_form_node_is_left_out(const struct th_form_node *node);

/* The whole text of a file as a tree; `bytes` are UTF-8 in form NFC without forbidden characters.
 * Problems were added when tree->status is not 0 (except for TH_E_NO_MEMORY). */
void th_form_tree_read_yaml(struct th_form_tree *tree, const char *bytes, size_t size);
void th_form_tree_read_json(struct th_form_tree *tree, const char *bytes, size_t size);
void th_form_tree_read_csv(struct th_form_tree *tree, const char *bytes, size_t size);

/* The same of a workbook, whose bytes are not text. */
void th_form_tree_read_xlsx(struct th_form_tree *tree, const char *bytes, size_t size);

#endif
