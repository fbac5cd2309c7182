/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml_tree.h"

#include "base/assert.h"

#include <stdarg.h>
#include <string.h>

static const struct th_yaml_tree_node *node_of(struct th_yaml_node node)
{
    TH_ASSERT(node.doc != NULL);
    TH_ASSERT(node.index < node.doc->nodes_count);
    return &node.doc->nodes[node.index];
}

struct th_yaml_node th_yaml_root(const struct th_yaml *doc)
{
    return (struct th_yaml_node){doc, 0};
}

enum th_yaml_kind th_yaml_kind(struct th_yaml_node node)
{
    return node_of(node)->kind;
}

bool th_yaml_is_null(struct th_yaml_node node)
{
    const struct th_yaml_tree_node *own = node_of(node);
    return own->kind == TH_YAML_SCALAR && own->is_plain &&
           (own->size == 0 || strcmp(own->text, "~") == 0 || strcmp(own->text, "null") == 0 ||
            strcmp(own->text, "Null") == 0 || strcmp(own->text, "NULL") == 0);
}

uint32_t th_yaml_line(struct th_yaml_node node)
{
    return node_of(node)->line;
}

uint32_t th_yaml_column(struct th_yaml_node node)
{
    return node_of(node)->column;
}

char *th_yaml_path(struct th_yaml_node node, char path[TH_YAML_PATH_SIZE])
{
    const struct th_yaml_tree_node *nodes = node.doc->nodes;
    uint32_t chain[TH_YAML_DEPTH_MAX];
    size_t depth = 0;
    for (uint32_t i = node.index; nodes[i].parent != TH_YAML_NONE; i = nodes[i].parent)
        chain[depth++] = i;
    size_t used = 0;
    memcpy(path, ".", sizeof("."));
    while (depth > 0) {
        const struct th_yaml_tree_node *step = &nodes[chain[--depth]];
        char text[TH_TEXT_EXCERPT_SIZE];
        char part[TH_TEXT_EXCERPT_SIZE + 2];
        if (step->key == TH_YAML_NONE) {
            (void)snprintf(part, sizeof(part), "[%u]", step->position);
        } else {
            const struct th_yaml_tree_node *key = &nodes[step->key];
            (void)snprintf(part, sizeof(part), "%s%s", used == 0 ? "" : ".",
                           th_text_excerpt(key->text, key->size, text));
        }
        size_t size = strlen(part);
        if (used + size + sizeof("…") > TH_YAML_PATH_SIZE) {
            memcpy(path + used, "…", sizeof("…"));
            break;
        }
        memcpy(path + used, part, size + 1);
        used += size;
    }
    return path;
}

static struct th_place place_of(struct th_yaml_node node)
{
    return (struct th_place){node.doc->name, node_of(node)->line, node_of(node)->column};
}

void th_yaml_report(struct th_yaml_node node, struct th_problems *problems, const char *hint,
                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    th_problems_add_list(problems, place_of(node), hint, format, arguments);
    va_end(arguments);
}

/* `what` follows the path of the node. */
static int refuse_node(struct th_yaml_node node, struct th_problems *problems, const char *hint,
                       const char *what)
{
    char path[TH_YAML_PATH_SIZE];
    th_yaml_report(node, problems, hint, "\"%s\" %s", th_yaml_path(node, path), what);
    return TH_E_INVALID;
}

int th_yaml_check_kind(struct th_yaml_node node, enum th_yaml_kind kind,
                       struct th_problems *problems)
{
    if (node_of(node)->kind == kind)
        return TH_OK;
    switch (kind) {
    case TH_YAML_SCALAR:
        return refuse_node(node, problems, "viết một giá trị sau dấu hai chấm",
                           "phải là một giá trị đơn");
    case TH_YAML_MAPPING:
        return refuse_node(node, problems, "viết các dòng \"khóa: giá trị\"",
                           "phải là bảng khóa và giá trị");
    case TH_YAML_SEQUENCE:
        return refuse_node(node, problems, "viết mỗi mục một dòng, bắt đầu bằng \"- \"",
                           "phải là danh sách");
    }
    return TH_E_INVALID;
}

/* "được dùng: a, b, c" in a bounded buffer; words that do not fit are shown as …. */
struct word_list {
    char text[1024];
    size_t used;
};

static void add_word(struct word_list *list, const char *word)
{
    const char *before = list->used == 0 ? "được dùng: " : ", ";
    size_t size = strlen(before) + strlen(word);
    if (list->used + size + sizeof(", …") > sizeof(list->text)) {
        memcpy(list->text + list->used, ", …", sizeof(", …"));
        return;
    }
    (void)snprintf(list->text + list->used, sizeof(list->text) - list->used, "%s%s", before, word);
    list->used += size;
}

int th_yaml_check_keys(struct th_yaml_node node, const char *const keys[], size_t keys_count,
                       struct th_problems *problems)
{
    int status = th_yaml_check_kind(node, TH_YAML_MAPPING, problems);
    if (status != TH_OK)
        return status;
    struct word_list known = {.used = 0};
    for (size_t k = 0; k < keys_count; k++)
        add_word(&known, keys[k]);
    for (size_t i = 0; i < th_yaml_count(node); i++) {
        struct th_yaml_node value = th_yaml_item(node, i);
        struct th_text key = th_yaml_key(value);
        size_t k = 0;
        while (k < keys_count && strcmp(keys[k], key.bytes) != 0)
            k++;
        if (k == keys_count) {
            char text[TH_TEXT_EXCERPT_SIZE];
            struct th_yaml_node at = {node.doc, node_of(value)->key};
            th_yaml_report(at, problems, known.text, "không có khóa \"%s\"",
                           th_text_excerpt(key.bytes, key.size, text));
            status = TH_E_INVALID;
        }
    }
    return status;
}

bool th_yaml_get(struct th_yaml_node node, const char *key, struct th_yaml_node *ret_node)
{
    if (node_of(node)->kind != TH_YAML_MAPPING)
        return false;
    for (size_t i = 0; i < th_yaml_count(node); i++) {
        struct th_yaml_node value = th_yaml_item(node, i);
        if (strcmp(th_yaml_key(value).bytes, key) == 0) {
            *ret_node = value;
            return true;
        }
    }
    return false;
}

int th_yaml_require(struct th_yaml_node node, const char *key, struct th_problems *problems,
                    struct th_yaml_node *ret_node)
{
    int status = th_yaml_check_kind(node, TH_YAML_MAPPING, problems);
    if (status != TH_OK || th_yaml_get(node, key, ret_node))
        return status;
    char path[TH_YAML_PATH_SIZE];
    th_yaml_report(node, problems, "thêm khóa này cùng giá trị của nó", "\"%s\" thiếu khóa \"%s\"",
                   th_yaml_path(node, path), key);
    return TH_E_INVALID;
}

size_t th_yaml_count(struct th_yaml_node node)
{
    return node_of(node)->count;
}

struct th_yaml_node th_yaml_item(struct th_yaml_node node, size_t i)
{
    const struct th_yaml_tree_node *own = node_of(node);
    TH_ASSERT(i < own->count);
    return (struct th_yaml_node){node.doc, node.doc->children[own->first + i]};
}

struct th_text th_yaml_key(struct th_yaml_node value)
{
    const struct th_yaml_tree_node *own = node_of(value);
    TH_ASSERT(own->key != TH_YAML_NONE);
    const struct th_yaml_tree_node *key = &value.doc->nodes[own->key];
    return (struct th_text){key->text, key->size};
}

/* ---- scalars ---- */

static int take_scalar(struct th_yaml_node node, struct th_problems *problems,
                       const struct th_yaml_tree_node **ret_own)
{
    int status = th_yaml_check_kind(node, TH_YAML_SCALAR, problems);
    if (status != TH_OK)
        return status;
    if (th_yaml_is_null(node) || node_of(node)->size == 0)
        return refuse_node(node, problems, "viết giá trị, hoặc xóa cả khóa nếu không bắt buộc",
                           "không có giá trị");
    *ret_own = node_of(node);
    return TH_OK;
}

struct th_text th_yaml_scalar(struct th_yaml_node node)
{
    const struct th_yaml_tree_node *own = node_of(node);
    TH_ASSERT(own->kind == TH_YAML_SCALAR);
    return (struct th_text){own->text, own->size};
}

int th_yaml_read_text(struct th_yaml_node node, unsigned flags, size_t size_max,
                      struct th_problems *problems, struct th_text *ret_text)
{
    const struct th_yaml_tree_node *own = NULL;
    int status = take_scalar(node, problems, &own);
    if (status != TH_OK)
        return status;
    char path[TH_YAML_PATH_SIZE];
    size_t offset = 0;
    if (own->size > size_max) {
        th_yaml_report(node, problems, "viết ngắn lại", "\"%s\" dài %zu byte, nhiều nhất %zu byte",
                       th_yaml_path(node, path), own->size, size_max);
        return TH_E_INVALID;
    }
    if (th_text_find_forbidden(own->text, own->size, flags, &offset))
        return refuse_node(node, problems, "viết trên một dòng, không dùng phím Tab",
                           "có xuống dòng hoặc dấu tab");
    *ret_text = (struct th_text){own->text, own->size};
    return TH_OK;
}

int th_yaml_read_int(struct th_yaml_node node, int64_t min, int64_t max,
                     struct th_problems *problems, int64_t *ret_value)
{
    const struct th_yaml_tree_node *own = NULL;
    int status = take_scalar(node, problems, &own);
    if (status != TH_OK)
        return status;
    status =
        own->is_plain ? th_text_parse_int(own->text, own->size, min, max, ret_value) : TH_E_SYNTAX;
    if (status == TH_E_SYNTAX)
        return refuse_node(node, problems, "viết bằng chữ số, không dấu nháy, không dấu phân cách",
                           "phải là số nguyên");
    if (status != TH_OK) {
        char path[TH_YAML_PATH_SIZE];
        th_yaml_report(node, problems, "sửa số cho nằm trong khoảng này",
                       "\"%s\" phải từ %lld đến %lld", th_yaml_path(node, path), (long long)min,
                       (long long)max);
        return TH_E_INVALID;
    }
    return TH_OK;
}

int th_yaml_read_bool(struct th_yaml_node node, struct th_problems *problems, bool *ret_value)
{
    const struct th_yaml_tree_node *own = NULL;
    int status = take_scalar(node, problems, &own);
    if (status != TH_OK)
        return status;
    bool is_true = strcmp(own->text, "true") == 0;
    if (!own->is_plain || (!is_true && strcmp(own->text, "false") != 0))
        return refuse_node(node, problems, "viết true (có) hoặc false (không), không dấu nháy",
                           "phải là true hoặc false");
    *ret_value = is_true;
    return TH_OK;
}

int th_yaml_read_day(struct th_yaml_node node, struct th_problems *problems, th_day *ret_day)
{
    const struct th_yaml_tree_node *own = NULL;
    int status = take_scalar(node, problems, &own);
    if (status != TH_OK)
        return status;
    status = th_day_parse(own->text, own->size, ret_day);
    if (status != TH_OK)
        return refuse_node(node, problems, "viết năm-tháng-ngày, ví dụ 2025-05-10",
                           status == TH_E_RANGE ? "là ngày không có trong lịch" : "phải là ngày");
    return TH_OK;
}

int th_yaml_read_word(struct th_yaml_node node, const struct th_yaml_word words[],
                      size_t words_count, struct th_problems *problems, int *ret_value)
{
    const struct th_yaml_tree_node *own = NULL;
    int status = take_scalar(node, problems, &own);
    if (status != TH_OK)
        return status;
    struct word_list allowed = {.used = 0};
    for (size_t i = 0; i < words_count; i++) {
        if (strcmp(words[i].word, own->text) == 0) {
            *ret_value = words[i].value;
            return TH_OK;
        }
        add_word(&allowed, words[i].word);
    }
    char path[TH_YAML_PATH_SIZE];
    char text[TH_TEXT_EXCERPT_SIZE];
    th_yaml_report(node, problems, allowed.text, "\"%s\" không nhận giá trị \"%s\"",
                   th_yaml_path(node, path), th_text_excerpt(own->text, own->size, text));
    return TH_E_INVALID;
}
