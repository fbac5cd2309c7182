/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/plan/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_VERSION 1

void th_reader_complain(struct th_reader *reader, struct th_yaml_node node, const char *hint,
                        const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    th_yaml_report(node, reader->problems, hint, "%s", size < 0 ? format : message);
    reader->failed = true;
}

void *th_reader_alloc(struct th_reader *reader, size_t count, size_t size)
{
    void *memory = th_arena_alloc_array(reader->arena, count, size);
    if (memory == NULL)
        reader->out_of_memory = true;
    return memory;
}

/* For functions of base/yaml.h: a negative status has added a problem. */
static bool note(struct th_reader *reader, int status)
{
    if (status < 0)
        reader->failed = true;
    return status == 0;
}

bool th_reader_keys(struct th_reader *reader, struct th_yaml_node node, const char *const keys[],
                    size_t keys_count)
{
    if (!note(reader, th_yaml_check_kind(node, TH_YAML_MAPPING, reader->problems)))
        return false;
    (void)note(reader, th_yaml_check_keys(node, keys, keys_count, reader->problems));
    return true;
}

bool th_reader_find(struct th_reader *reader, struct th_yaml_node map, const char *key,
                    enum th_presence presence, struct th_yaml_node *ret_node)
{
    if (presence == TH_FIELD_OPTIONAL)
        return th_yaml_get(map, key, ret_node);
    return note(reader, th_yaml_require(map, key, reader->problems, ret_node));
}

size_t th_reader_list(struct th_reader *reader, struct th_yaml_node map, const char *key,
                      enum th_presence presence, size_t count_max, struct th_yaml_node *ret_node)
{
    struct th_yaml_node node;
    if (!th_reader_find(reader, map, key, presence, &node) ||
        !note(reader, th_yaml_check_kind(node, TH_YAML_SEQUENCE, reader->problems)))
        return 0;
    size_t count = th_yaml_count(node);
    char path[TH_YAML_PATH_SIZE];
    if (count == 0)
        th_reader_complain(reader, node, "ghi ít nhất một mục, hoặc xóa cả khóa nếu không bắt buộc",
                           "danh sách \"%s\" trống", th_yaml_path(node, path));
    if (count > count_max) {
        th_reader_complain(reader, node, "bớt mục, hoặc chia thành nhiều phần",
                           "\"%s\" có %zu mục, nhiều nhất %zu", th_yaml_path(node, path), count,
                           count_max);
        return 0;
    }
    *ret_node = node;
    return count;
}

const char *th_reader_scalar(struct th_reader *reader, struct th_yaml_node node, size_t size_max)
{
    struct th_text text;
    if (!note(reader, th_yaml_read_text(node, TH_TEXT_ONE_LINE, size_max, reader->problems, &text)))
        return "";
    const char *copy = th_arena_copy_text(reader->arena, text.bytes, text.size);
    if (copy == NULL)
        reader->out_of_memory = true;
    return copy == NULL ? "" : copy;
}

const char *th_reader_text(struct th_reader *reader, struct th_yaml_node map, const char *key,
                           enum th_presence presence, size_t size_max)
{
    struct th_yaml_node node;
    if (!th_reader_find(reader, map, key, presence, &node))
        return "";
    return th_reader_scalar(reader, node, size_max);
}

static bool is_name(const char *text)
{
    for (size_t i = 0; text[i] != 0; i++) {
        char c = text[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!plain && !(c == '-' && i > 0 && text[i - 1] != '-' && text[i + 1] != 0))
            return false;
    }
    return true;
}

const char *th_reader_name(struct th_reader *reader, struct th_yaml_node map, const char *key,
                           enum th_presence presence, size_t size_max)
{
    struct th_yaml_node node;
    if (!th_reader_find(reader, map, key, presence, &node))
        return "";
    const char *text = th_reader_scalar(reader, node, size_max);
    if (is_name(text))
        return text;
    th_reader_complain(reader, node, "chỉ dùng chữ cái không dấu, chữ số và dấu gạch nối ở giữa",
                       "\"%s\" không dùng làm tên được", text);
    return "";
}

bool th_reader_day(struct th_reader *reader, struct th_yaml_node map, const char *key,
                   enum th_presence presence, th_day *ret_day)
{
    struct th_yaml_node node;
    return th_reader_find(reader, map, key, presence, &node) &&
           note(reader, th_yaml_read_day(node, reader->problems, ret_day));
}

bool th_reader_flag(struct th_reader *reader, struct th_yaml_node map, const char *key,
                    bool *ret_flag)
{
    struct th_yaml_node node;
    return th_reader_find(reader, map, key, TH_FIELD_OPTIONAL, &node) &&
           note(reader, th_yaml_read_bool(node, reader->problems, ret_flag));
}

bool th_reader_int(struct th_reader *reader, struct th_yaml_node map, const char *key,
                   enum th_presence presence, int64_t min, int64_t max, int64_t *ret_value)
{
    struct th_yaml_node node;
    return th_reader_find(reader, map, key, presence, &node) &&
           note(reader, th_yaml_read_int(node, min, max, reader->problems, ret_value));
}

bool th_reader_word(struct th_reader *reader, struct th_yaml_node map, const char *key,
                    enum th_presence presence, const struct th_words *words, int *ret_value)
{
    struct th_yaml_node node;
    return th_reader_find(reader, map, key, presence, &node) &&
           note(reader,
                th_yaml_read_word(node, words->items, words->count, reader->problems, ret_value));
}

void th_reader_format(struct th_reader *reader, struct th_yaml_node root)
{
    int64_t version;
    struct th_yaml_node node;
    if (th_reader_int(reader, root, "format", TH_FIELD_REQUIRED, 0, INT32_MAX, &version) &&
        version != FORMAT_VERSION && th_yaml_get(root, "format", &node))
        th_reader_complain(reader, node, "ghi format: 1; tệp mới hơn thì cần chương trình mới hơn",
                           "không đọc được cấu trúc tệp phiên bản %lld", (long long)version);
}

uint16_t th_reader_indicator(struct th_reader *reader, struct th_yaml_node node)
{
    const char *code = th_reader_scalar(reader, node, TH_LIMIT_INDICATOR_CODE_MAX);
    if (reader->catalogue == NULL || code[0] == 0)
        return 0;
    uint16_t number = th_catalogue_lookup(reader->catalogue, code, strlen(code));
    if (number == 0)
        th_reader_complain(reader, node, "sửa mã, hoặc thêm chỉ tiêu vào tệp chỉ tiêu",
                           "không có chỉ tiêu \"%s\"", code);
    return number;
}
