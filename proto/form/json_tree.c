/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON form as a tree. jansson decides what is JSON, refuses repeated keys and decodes texts; but
 * it keeps no places, and it reads 12.50 into floating point. So a scanner walks the accepted bytes
 * beside jansson's values, which come in the order of the file: it gives each value its place, and
 * each number the very characters that were written. The floating point value is never looked at.
 */
#include "proto/form/tree.h"

#include "base/assert.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

struct scanner {
    const char *at;
    const char *end;
    uint32_t line;
    uint32_t column;
};

static void step(struct scanner *scanner)
{
    TH_ASSERT(scanner->at < scanner->end);
    if (*scanner->at == '\n') {
        scanner->line++;
        scanner->column = 1;
    } else if (((unsigned char)*scanner->at & 0xC0) != 0x80) {
        scanner->column++;
    }
    scanner->at++;
}

static void skip(struct scanner *scanner, const char *bytes)
{
    while (scanner->at < scanner->end && *scanner->at != 0 && strchr(bytes, *scanner->at) != NULL)
        step(scanner);
}

#define BLANKS " \t\r\n"
/* What may stand before a value or a key. The bytes are JSON already, so order needs no check. */
#define BETWEEN BLANKS ",:"

static void skip_string(struct scanner *scanner)
{
    TH_ASSERT(*scanner->at == '"');
    step(scanner);
    while (*scanner->at != '"') {
        if (*scanner->at == '\\')
            step(scanner);
        step(scanner);
    }
    step(scanner);
}

/* A number, true, false or null as it is written. */
static struct th_text take_word(struct scanner *scanner)
{
    const char *start = scanner->at;
    while (scanner->at < scanner->end && strchr(BLANKS ",]}", *scanner->at) == NULL)
        step(scanner);
    return (struct th_text){start, (size_t)(scanner->at - start)};
}

static void add(struct th_form_tree *tree, struct th_form_node *parent, json_t *value,
                const char *key, struct scanner *place, struct scanner *scanner, unsigned depth);

static void add_members(struct th_form_tree *tree, struct th_form_node *node, json_t *value,
                        struct scanner *scanner, unsigned depth)
{
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        skip(scanner, BETWEEN);
        struct scanner place = *scanner;
        skip_string(scanner);
        skip(scanner, BETWEEN);
        add(tree, node, member, key, &place, scanner, depth);
        if (tree->status != 0)
            return;
    }
}

static void add_items(struct th_form_tree *tree, struct th_form_node *node, json_t *value,
                      struct scanner *scanner, unsigned depth)
{
    for (size_t i = 0; i < json_array_size(value) && tree->status == 0; i++) {
        skip(scanner, BETWEEN);
        struct scanner place = *scanner;
        add(tree, node, json_array_get(value, i), "", &place, scanner, depth);
    }
}

/* After the first failure the scanner stops and the rest of the tree is not built. */
static void add(struct th_form_tree *tree, struct th_form_node *parent, json_t *value,
                const char *key, struct scanner *place, struct scanner *scanner, unsigned depth)
{
    uint32_t line = place->line, column = place->column;
    if (depth == TH_FORM_DEPTH_MAX) {
        th_form_tree_refuse(tree, line, column, "bớt số tầng lồng nhau",
                            "lồng nhau quá nhiều tầng");
    } else if (json_is_object(value) || json_is_array(value)) {
        struct th_form_node *node = th_form_tree_add(
            tree, parent, json_is_object(value) ? TH_FORM_MAP : TH_FORM_LIST, key, line, column);
        if (node == NULL)
            return;
        step(scanner);
        if (json_is_object(value))
            add_members(tree, node, value, scanner, depth + 1);
        else
            add_items(tree, node, value, scanner, depth + 1);
        if (tree->status != 0)
            return;
        skip(scanner, BLANKS);
        step(scanner);
    } else if (json_is_string(value)) {
        skip_string(scanner);
        (void)th_form_tree_add_text(tree, parent, key, json_string_value(value),
                                    json_string_length(value), line, column);
    } else {
        struct th_text word = take_word(scanner);
        if (json_is_null(value))
            word.size = 0;
        (void)th_form_tree_add_text(tree, parent, key, word.bytes, word.size, line, column);
    }
}

static void refuse_syntax(struct th_form_tree *tree, const json_error_t *error)
{
    uint32_t line = error->line > 0 ? (uint32_t)error->line : 1;
    uint32_t column = error->column > 0 ? (uint32_t)error->column : 1;
    enum json_error_code code = json_error_code(error);
    if (code == json_error_out_of_memory)
        th_form_tree_fail(tree, TH_E_NO_MEMORY);
    else if (code == json_error_duplicate_key)
        th_form_tree_refuse(tree, line, column, "giữ một chỗ, xóa chỗ kia", "khóa lặp lại: %s",
                            error->text);
    else if (code == json_error_numeric_overflow)
        th_form_tree_refuse(tree, line, column, "kiểm tra lại số này", "số quá lớn: %s",
                            error->text);
    else if (code == json_error_stack_overflow)
        th_form_tree_refuse(tree, line, column, "bớt số tầng lồng nhau",
                            "lồng nhau quá nhiều tầng");
    else
        th_form_tree_refuse(tree, line, column,
                            "xem dòng này và dòng trước nó: dấu nháy, dấu phẩy, ngoặc",
                            "sai cú pháp JSON: %s", error->text);
}

void th_form_tree_read_json(struct th_form_tree *tree, const char *bytes, size_t size)
{
    json_error_t error;
    json_t *root = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        refuse_syntax(tree, &error);
        return;
    }
    struct scanner scanner = {bytes, bytes + size, 1, 1};
    skip(&scanner, BLANKS);
    struct scanner place = scanner;
    add(tree, NULL, root, "", &place, &scanner, 0);
    json_decref(root);
}
