/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/tree.h"

#include <stdlib.h>
#include <string.h>

void th_form_tree_fail(struct th_form_tree *tree, int status)
{
    if (tree->status == 0)
        tree->status = status;
}

void th_form_tree_refuse(struct th_form_tree *tree, uint32_t line, uint32_t column,
                         const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    th_problems_add_list(tree->problems, (struct th_place){tree->file, line, column}, hint, format,
                         arguments);
    va_end(arguments);
    th_form_tree_fail(tree, TH_E_SYNTAX);
}

void th_form_tree_refuse_cell(struct th_form_tree *tree, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    th_problems_add_cell(tree->problems, tree->file, tree->cell == NULL ? "" : tree->cell, hint,
                         format, arguments);
    va_end(arguments);
    th_form_tree_fail(tree, TH_E_SYNTAX);
}

struct th_form_node *th_form_tree_add(struct th_form_tree *tree, struct th_form_node *parent,
                                      enum th_form_node_kind kind, const char *key, uint32_t line,
                                      uint32_t column)
{
    if (tree->nodes_count == TH_FORM_NODES_MAX) {
        th_problems_add(tree->problems, (struct th_place){tree->file, line, column},
                        "bỏ bớt các dòng thừa", "biểu có quá %d mục", TH_FORM_NODES_MAX);
        th_form_tree_fail(tree, TH_E_LIMIT);
        tree->nodes_count++;
    }
    if (tree->nodes_count > TH_FORM_NODES_MAX)
        return NULL;
    size_t key_size = strlen(key);
    if (th_text_check(key, key_size, TH_TEXT_ONE_LINE) == TH_E_TEXT) {
        const char *hint = "chép lại khóa từ biểu mẫu";
        const char *what = "khóa có ký tự cấm hoặc không ở dạng Unicode dựng sẵn (NFC)";
        if (tree->cell != NULL)
            th_form_tree_refuse_cell(tree, hint, "%s", what);
        else
            th_form_tree_refuse(tree, line, column, hint, "%s", what);
        return NULL;
    }
    struct th_form_node *node = th_arena_alloc(tree->arena, sizeof *node);
    const char *copy = th_arena_copy_text(tree->arena, key, key_size);
    if (node == NULL || copy == NULL) {
        th_form_tree_fail(tree, TH_E_NO_MEMORY);
        return NULL;
    }
    *node = (struct th_form_node){.kind = kind,
                                  .key = copy,
                                  .text = {"", 0},
                                  .line = line,
                                  .column = column,
                                  .cell = tree->cell};
    tree->nodes_count++;
    if (parent == NULL) {
        tree->root = node;
    } else {
        if (parent->last == NULL)
            parent->first = node;
        else
            parent->last->next = node;
        parent->last = node;
        parent->count++;
    }
    return node;
}

/* The size of a blank at the start of `bytes`: ASCII, or a no-break space from a spreadsheet. */
static size_t blank_size(const char *bytes, size_t size)
{
    if (size >= 1 && memchr(" \t\r\n", bytes[0], 4) != NULL)
        return 1;
    return size >= 2 && memcmp(bytes, "\xC2\xA0", 2) == 0 ? 2 : 0;
}

static struct th_text trimmed(const char *bytes, size_t size)
{
    size_t blank;
    while ((blank = blank_size(bytes, size)) > 0) {
        bytes += blank;
        size -= blank;
    }
    for (;;) {
        if (size >= 1 && blank_size(bytes + size - 1, 1) == 1)
            size -= 1;
        else if (size >= 2 && blank_size(bytes + size - 2, 2) == 2)
            size -= 2;
        else
            return (struct th_text){bytes, size};
    }
}

/* A copy in the arena, with every line break as one newline. */
static const char *copy_lines(struct th_arena *arena, struct th_text text, size_t *ret_size)
{
    char *copy = th_arena_copy_text(arena, text.bytes, text.size);
    size_t kept = 0;
    for (size_t i = 0; copy != NULL && i < text.size; i++)
        if (copy[i] != '\r' || i + 1 == text.size || copy[i + 1] != '\n')
            copy[kept++] = copy[i];
    if (copy != NULL)
        copy[kept] = 0;
    *ret_size = kept;
    return copy;
}

struct th_form_node *th_form_tree_add_text(struct th_form_tree *tree, struct th_form_node *parent,
                                           const char *key, const char *bytes, size_t size,
                                           uint32_t line, uint32_t column)
{
    struct th_form_node *node = th_form_tree_add(tree, parent, TH_FORM_NULL, key, line, column);
    struct th_text text = trimmed(bytes, size);
    if (node == NULL || text.size == 0)
        return node;
    char *nfc = NULL;
    size_t nfc_size = 0, offset;
    int status = th_text_to_nfc(text.bytes, text.size, &nfc, &nfc_size);
    if (status == TH_E_NO_MEMORY) {
        th_form_tree_fail(tree, status);
        return node;
    }
    if (status < 0 ||
        th_text_find_forbidden(nfc, nfc_size, TH_TEXT_LINES | TH_TEXT_CRLF, &offset)) {
        const char *hint = "gõ lại đoạn chữ này, bỏ ký tự điều khiển";
        const char *what = "chữ không phải UTF-8 hoặc có ký tự cấm";
        if (tree->cell != NULL)
            th_form_tree_refuse_cell(tree, hint, "%s", what);
        else
            th_form_tree_refuse(tree, line, column, hint, "%s", what);
        node->is_doubtful = true;
    } else {
        node->kind = TH_FORM_SCALAR;
        node->text.bytes =
            copy_lines(tree->arena, (struct th_text){nfc, nfc_size}, &node->text.size);
        if (node->text.bytes == NULL)
            th_form_tree_fail(tree, TH_E_NO_MEMORY);
    }
    free(nfc);
    return node;
}

bool th_form_node_is_left_out(const struct th_form_node *node)
{
    return node == NULL || (node->kind == TH_FORM_NULL && !node->is_doubtful);
}

struct th_form_node *th_form_node_get(const struct th_form_node *map, const char *key)
{
    if (map == NULL || map->kind != TH_FORM_MAP)
        return NULL;
    struct th_form_node *child = map->first;
    while (child != NULL && strcmp(child->key, key) != 0)
        child = child->next;
    return child;
}
