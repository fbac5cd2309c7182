/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfyaml gives events; this builds its own tree from them, because the line of every node is
 * needed (libfyaml keeps none for an empty value) and because all problems have to be collected.
 *
 * Nodes lie in one array in the order of the file. After parsing, `children` holds the children
 * of every collection side by side: node.first is where they start, node.count how many they are.
 * Keys are nodes too, but nobody's children: a value knows its key.
 */
#include "base/yaml_syntax.h"
#include "base/yaml_tree.h"

#include "base/assert.h"
#include "base/errno_text.h"
#include "base/file.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

struct loader {
    struct th_yaml *doc;
    struct th_problems *problems;
    const char *bytes; /* of the whole document */
    size_t size;
    uint32_t open;                       /* the collection being filled */
    uint32_t pending[TH_YAML_DEPTH_MAX]; /* the key that waits for its value, by depth */
    bool has_document;
};

static void refuse(struct loader *loader, const struct fy_mark *mark, const char *hint,
                   const char *message)
{
    struct th_place place = {loader->doc->name, 1, 1};
    if (mark != NULL) {
        place.line = (uint32_t)mark->line + 1;
        place.column = (uint32_t)mark->column + 1;
    }
    th_problems_add(loader->problems, place, hint, "%s", message);
}

static int append_node(struct loader *loader, const struct th_yaml_tree_node *node,
                       uint32_t *ret_index)
{
    struct th_yaml *doc = loader->doc;
    if (doc->nodes_count == doc->nodes_capacity) {
        uint32_t capacity = doc->nodes_capacity == 0 ? 64 : doc->nodes_capacity * 2;
        struct th_yaml_tree_node *nodes = realloc(doc->nodes, capacity * sizeof(*nodes));
        if (nodes == NULL)
            return TH_E_NO_MEMORY;
        doc->nodes = nodes;
        doc->nodes_capacity = capacity;
    }
    doc->nodes[doc->nodes_count] = *node;
    *ret_index = doc->nodes_count++;
    return TH_OK;
}

static void refuse_decorations(struct loader *loader, struct fy_event *event)
{
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);
    if (event->type == FYET_ALIAS)
        refuse(loader, fy_event_start_mark(event), "chép lại giá trị vào chỗ này",
               "không dùng bí danh \"*…\"");
    else if (anchor != NULL)
        refuse(loader, fy_token_start_mark(anchor), "bỏ dấu & và tên sau nó",
               "không dùng neo \"&…\"");
    if (tag != NULL)
        refuse(loader, fy_token_start_mark(tag), "bỏ dấu ! và tên sau nó",
               "không dùng thẻ kiểu \"!…\"");
}

static int copy_scalar(struct loader *loader, struct fy_event *event,
                       struct th_yaml_tree_node *node)
{
    struct fy_token *token = event->type == FYET_SCALAR ? event->scalar.value : NULL;
    size_t size = 0;
    const char *text = token == NULL ? "" : fy_token_get_text(token, &size);
    if (text == NULL)
        return TH_E_NO_MEMORY;
    enum fy_scalar_style style = token == NULL ? FYSS_PLAIN : fy_token_scalar_style(token);
    node->is_plain = style == FYSS_PLAIN;
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && node->column > 1) {
        node->column--; /* libfyaml's mark is behind the quote */
    }
    node->text = malloc(size + 1);
    if (node->text == NULL)
        return TH_E_NO_MEMORY;
    memcpy(node->text, text, size);
    node->text[size] = '\0';
    node->size = size;
    int status = th_text_check(text, size, node->is_key ? TH_TEXT_ONE_LINE : TH_TEXT_LINES);
    if (status == TH_E_TEXT) {
        struct th_place place = {loader->doc->name, node->line, node->column};
        th_problems_add(loader->problems, place,
                        "gõ lại đoạn chữ này bằng bộ gõ Unicode dựng sẵn, bỏ ký tự điều khiển",
                        "chữ không ở dạng Unicode dựng sẵn (NFC) hoặc có ký tự cấm");
        status = TH_OK;
    }
    return status;
}

/*
 * A text after | or > is deeper than its key. libfyaml takes lines at the depth of the key for the
 * text when nothing deeper comes first, and so would swallow the keys that follow an empty text.
 */
static void check_block_depth(struct loader *loader, struct fy_event *event,
                              const struct th_yaml_tree_node *node)
{
    struct fy_token *token = event->type == FYET_SCALAR ? event->scalar.value : NULL;
    enum fy_scalar_style style = token == NULL ? FYSS_PLAIN : fy_token_scalar_style(token);
    const struct fy_mark *mark = fy_event_start_mark(event);
    if ((style != FYSS_LITERAL && style != FYSS_FOLDED) || node->size == 0 || mark == NULL ||
        node->parent == TH_YAML_NONE)
        return;
    const struct th_yaml *doc = loader->doc;
    uint32_t column = doc->nodes[node->key != TH_YAML_NONE ? node->key : node->parent].column;
    uint32_t depth = 0;
    for (size_t i = mark->input_pos; i < loader->size; i++) {
        bool is_break = loader->bytes[i] == '\n' || loader->bytes[i] == '\r';
        if (!is_break && loader->bytes[i] != ' ')
            break;
        depth = is_break ? 0 : depth + 1;
    }
    if (depth < column)
        refuse(loader, mark, "thụt các dòng chữ vào sâu hơn khóa; để trống thì bỏ dấu | hoặc >",
               "không có chữ nào thụt vào dưới dấu | hoặc >");
}

/* Adds a node where the parser is: as a key, or as a value or item. TH_E_SYNTAX stops. */
static int add_node(struct loader *loader, struct fy_event *event, enum th_yaml_kind kind)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    struct th_yaml *doc = loader->doc;
    struct th_yaml_tree_node node = {
        .kind = kind, .line = 1, .column = 1, .parent = loader->open, .key = TH_YAML_NONE};
    if (loader->open != TH_YAML_NONE) {
        struct th_yaml_tree_node *open = &doc->nodes[loader->open];
        uint32_t *pending = &loader->pending[open->depth];
        const struct th_yaml_tree_node *near =
            *pending == TH_YAML_NONE ? open : &doc->nodes[*pending];
        node.line = near->line;
        node.column = near->column;
        node.depth = open->depth + 1;
        node.is_key = open->kind == TH_YAML_MAPPING && *pending == TH_YAML_NONE;
        if (!node.is_key) {
            node.key = *pending;
            node.position = open->count++;
            *pending = TH_YAML_NONE;
        }
    }
    if (mark != NULL) {
        node.line = (uint32_t)mark->line + 1;
        node.column = (uint32_t)mark->column + 1;
    }
    refuse_decorations(loader, event);
    if (node.is_key && kind != TH_YAML_SCALAR) {
        refuse(loader, mark, "viết khóa là một từ", "khóa không được là danh sách hay bảng");
        return TH_E_SYNTAX;
    }
    if (node.depth >= TH_YAML_DEPTH_MAX) {
        refuse(loader, mark, "bớt số tầng lồng nhau", "lồng nhau quá nhiều tầng");
        return TH_E_SYNTAX;
    }
    int status = kind == TH_YAML_SCALAR ? copy_scalar(loader, event, &node) : TH_OK;
    check_block_depth(loader, event, &node);
    uint32_t index = TH_YAML_NONE;
    if (status == TH_OK)
        status = append_node(loader, &node, &index);
    if (status != TH_OK) {
        free(node.text);
        return status;
    }
    if (node.is_key) {
        loader->pending[node.depth - 1] = index;
    } else if (kind != TH_YAML_SCALAR) {
        loader->open = index;
        loader->pending[node.depth] = TH_YAML_NONE;
    }
    return TH_OK;
}

static int take_event(struct loader *loader, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (loader->has_document) {
            refuse(loader, fy_event_start_mark(event), "bỏ dòng --- và để mỗi tài liệu một tệp",
                   "tệp có hơn một tài liệu YAML");
            return TH_E_SYNTAX;
        }
        loader->has_document = true;
        return TH_OK;
    case FYET_MAPPING_START:
        return add_node(loader, event, TH_YAML_MAPPING);
    case FYET_SEQUENCE_START:
        return add_node(loader, event, TH_YAML_SEQUENCE);
    case FYET_SCALAR:
    case FYET_ALIAS:
        return add_node(loader, event, TH_YAML_SCALAR);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        TH_ASSERT(loader->open != TH_YAML_NONE);
        loader->open = loader->doc->nodes[loader->open].parent;
        return TH_OK;
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        break;
    }
    return TH_OK;
}

static int report_parser_errors(struct loader *loader, struct fy_diag *diag)
{
    size_t before = th_problems_total(loader->problems);
    void *cursor = NULL;
    const struct fy_diag_error *error;
    while ((error = fy_diag_errors_iterate(diag, &cursor)) != NULL) {
        struct th_place place = {loader->doc->name, error->line < 1 ? 1 : (uint32_t)error->line,
                                 error->column < 1 ? 1 : (uint32_t)error->column};
        const char *message = error->msg == NULL ? "" : error->msg;
        const struct th_yaml_syntax *known = th_yaml_syntax_find(message);
        if (th_yaml_syntax_find_glued(loader->bytes, loader->size, place.line, &place.line,
                                      &place.column))
            th_problems_add(loader->problems, place,
                            "viết \"khóa: giá trị\", sau dấu hai chấm có một dấu cách",
                            "sai cú pháp YAML: thiếu dấu cách sau dấu hai chấm");
        else if (known != NULL)
            th_problems_add(loader->problems, place, known->hint, "sai cú pháp YAML: %s",
                            known->text);
        else
            th_problems_add(loader->problems, place,
                            "xem dòng này và dòng trước nó: thụt đầu dòng, dấu hai chấm, dấu "
                            "nháy, ngoặc",
                            "sai cú pháp YAML (libfyaml: %s)", message);
    }
    if (th_problems_total(loader->problems) == before)
        refuse(loader, NULL, "kiểm tra lại cả tệp", "sai cú pháp YAML");
    return TH_E_SYNTAX;
}

static int parse(struct loader *loader, const char *bytes, size_t size)
{
    loader->bytes = bytes;
    loader->size = size;
    struct fy_diag *diag = fy_diag_create(NULL);
    if (diag == NULL)
        return TH_E_NO_MEMORY;
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg config = {.search_path = "",
                                  .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                           FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
                                  .diag = diag};
    struct fy_parser *parser = fy_parser_create(&config);
    int status = TH_E_NO_MEMORY;
    if (parser != NULL && fy_parser_set_string(parser, bytes, size) == 0) {
        struct fy_event *event = NULL;
        status = TH_OK;
        while (status == TH_OK && (event = fy_parser_parse(parser)) != NULL) {
            status = take_event(loader, event);
            fy_parser_event_free(parser, event);
        }
        if (status == TH_OK && fy_parser_get_stream_error(parser))
            status = report_parser_errors(loader, diag);
    }
    if (parser != NULL)
        fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return status;
}

static int index_children(struct th_yaml *doc)
{
    doc->children = malloc((size_t)doc->nodes_count * sizeof(*doc->children));
    if (doc->children == NULL)
        return TH_E_NO_MEMORY;
    uint32_t used = 0;
    for (uint32_t i = 0; i < doc->nodes_count; i++) {
        doc->nodes[i].first = used;
        used += doc->nodes[i].count;
    }
    for (uint32_t i = 0; i < doc->nodes_count; i++) {
        const struct th_yaml_tree_node *node = &doc->nodes[i];
        if (!node->is_key && node->parent != TH_YAML_NONE)
            doc->children[doc->nodes[node->parent].first + node->position] = i;
    }
    return TH_OK;
}

static int compare_keys(const void *left, const void *right)
{
    const struct th_yaml_tree_node *a = *(const struct th_yaml_tree_node *const *)left;
    const struct th_yaml_tree_node *b = *(const struct th_yaml_tree_node *const *)right;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    int order = strcmp(a->text, b->text); /* no NUL within: th_text_check */
    if (order != 0)
        return order;
    return a < b ? -1 : a > b; /* the order of the file */
}

static int refuse_repeated_keys(struct loader *loader)
{
    const struct th_yaml *doc = loader->doc;
    const struct th_yaml_tree_node **keys =
        malloc((size_t)doc->nodes_count * sizeof(const struct th_yaml_tree_node *));
    if (keys == NULL)
        return TH_E_NO_MEMORY;
    size_t count = 0;
    for (uint32_t i = 0; i < doc->nodes_count; i++) {
        if (doc->nodes[i].is_key)
            keys[count++] = &doc->nodes[i];
    }
    qsort(keys, count, sizeof(const struct th_yaml_tree_node *), compare_keys);
    for (size_t i = 1; i < count; i++) {
        const struct th_yaml_tree_node *key = keys[i];
        if (key->parent == keys[i - 1]->parent && strcmp(key->text, keys[i - 1]->text) == 0) {
            char text[TH_TEXT_EXCERPT_SIZE];
            struct th_place place = {doc->name, key->line, key->column};
            th_problems_add(loader->problems, place, "giữ một chỗ, xóa chỗ kia",
                            "khóa \"%s\" lặp lại, đã có ở dòng %u",
                            th_text_excerpt(key->text, key->size, text), keys[i - 1]->line);
        }
    }
    free(keys);
    return TH_OK;
}

/* What libfyaml should not see: bytes that are not text, and directives. */
static int check_bytes(struct loader *loader, const char *bytes, size_t size)
{
    size_t offset = 0;
    if (th_text_find_forbidden(bytes, size, TH_TEXT_LINES | TH_TEXT_CRLF, &offset)) {
        th_problems_add(loader->problems, th_place_of_offset(loader->doc->name, bytes, offset),
                        "lưu tệp dạng UTF-8 và xóa ký tự ở chỗ này",
                        "có byte không phải UTF-8 hoặc ký tự cấm (byte 0x%02x)",
                        (unsigned)(unsigned char)bytes[offset]);
        return TH_E_SYNTAX;
    }
    for (offset = 0; offset < size; offset++) {
        if (bytes[offset] == '%' && (offset == 0 || bytes[offset - 1] == '\n')) {
            th_problems_add(loader->problems, th_place_of_offset(loader->doc->name, bytes, offset),
                            "bỏ dòng này; tệp luôn được đọc theo YAML 1.2",
                            "không dùng dòng chỉ thị \"%%…\"");
            return TH_E_SYNTAX;
        }
    }
    return TH_OK;
}

static int load(struct loader *loader, const char *bytes, size_t size)
{
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) { /* Notepad's byte order mark */
        bytes += 3;
        size -= 3;
    }
    size_t before = th_problems_total(loader->problems);
    int status = check_bytes(loader, bytes, size);
    if (status == TH_OK && size > 0)
        status = parse(loader, bytes, size);
    if (status == TH_OK && loader->doc->nodes_count == 0)
        refuse(loader, NULL, "viết nội dung vào tệp", "tệp không có nội dung");
    if (status == TH_OK && th_problems_total(loader->problems) == before)
        status = index_children(loader->doc);
    if (status == TH_OK && loader->doc->nodes_count > 0)
        status = refuse_repeated_keys(loader);
    if (status == TH_OK && th_problems_total(loader->problems) != before)
        status = TH_E_SYNTAX;
    return status;
}

static int complain_size(const char *name, size_t size_max, struct th_problems *problems)
{
    th_problems_add(problems, (struct th_place){name, 1, 1}, "chia tệp hoặc bớt nội dung",
                    "tệp lớn hơn %zu byte", size_max);
    return TH_E_LIMIT;
}

int th_yaml_open_memory(const char *name, const char *bytes, size_t size, size_t size_max,
                        struct th_problems *problems, struct th_yaml **ret_doc)
{
    TH_ASSERT(size_max < (size_t)1 << 30);
    if (size > size_max)
        return complain_size(name, size_max, problems);
    struct th_yaml *doc = calloc(1, sizeof(*doc));
    struct loader loader = {.doc = doc, .problems = problems, .open = TH_YAML_NONE};
    int status = TH_E_NO_MEMORY;
    if (doc != NULL) {
        doc->name = strdup(name);
        status = doc->name == NULL ? TH_E_NO_MEMORY : load(&loader, bytes, size);
    }
    if (status != TH_OK) {
        th_yaml_close(doc);
        return status;
    }
    *ret_doc = doc;
    return TH_OK;
}

/* What the system says of a file that cannot be read, so that nobody is sent to a sound disk. */
static int complain_unread(const char *path, int status, int cause, struct th_problems *problems)
{
    const struct th_place place = {path, 1, 1};
    char text[TH_ERRNO_TEXT_SIZE];
    if (status != TH_E_IO || cause == 0) {
        th_problems_add(problems, place, "kiểm tra đường dẫn và quyền đọc tệp",
                        "không đọc được tệp: %s",
                        status == TH_E_IO ? "không phải tệp thường" : th_status_text(status));
        return status;
    }
    status = th_errno_status(cause);
    th_problems_add(problems, place,
                    status == TH_E_FORBIDDEN
                        ? "chạy bằng người dùng sở hữu tệp, hoặc cấp quyền đọc tệp"
                        : "kiểm tra đường dẫn và tệp",
                    "không đọc được tệp: %s", th_errno_text(cause, text));
    return status;
}

int th_yaml_open(const char *path, size_t size_max, struct th_problems *problems,
                 struct th_yaml **ret_doc)
{
    char *bytes = NULL;
    size_t size = 0;
    errno = 0;
    int status = th_file_read(path, size_max, &bytes, &size);
    if (status == TH_E_LIMIT)
        return complain_size(path, size_max, problems);
    if (status == TH_E_NO_MEMORY)
        return status;
    if (status != TH_OK)
        return complain_unread(path, status, errno, problems);
    status = th_yaml_open_memory(path, bytes, size, size_max, problems, ret_doc);
    free(bytes);
    return status;
}

void th_yaml_close(struct th_yaml *doc)
{
    if (doc == NULL)
        return;
    for (uint32_t i = 0; i < doc->nodes_count; i++)
        free(doc->nodes[i].text);
    free(doc->nodes);
    free(doc->children);
    free(doc->name);
    free(doc);
}
