/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/http/target.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes in place, which never makes it longer. False: a % without two digits behind it. */
static bool decode(struct th_text *text, char *bytes, bool is_question)
{
    size_t size = 0;
    for (size_t i = 0; i < text->size; i++) {
        char c = bytes[i];
        if (c == '%') {
            int high = i + 2 < text->size ? digit(bytes[i + 1]) : -1;
            int low = i + 2 < text->size ? digit(bytes[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && is_question) {
            c = ' ';
        }
        bytes[size++] = c;
    }
    bytes[size] = 0;
    *text = (struct th_text){bytes, size};
    return true;
}

static bool is_clean(struct th_text text)
{
    size_t ignored;
    return !th_text_find_forbidden(text.bytes, text.size, TH_TEXT_ONE_LINE, &ignored);
}

static bool is_segment(struct th_text text)
{
    bool is_step = (text.size == 1 && text.bytes[0] == '.') ||
                   (text.size == 2 && memcmp(text.bytes, "..", 2) == 0);
    return text.size > 0 && !is_step && memchr(text.bytes, '/', text.size) == NULL &&
           memchr(text.bytes, '\\', text.size) == NULL && is_clean(text);
}

static bool has_parameter(const struct th_http_target *target, struct th_text name)
{
    for (size_t i = 0; i < target->parameters_count; i++)
        if (target->parameters[i].name.size == name.size &&
            memcmp(target->parameters[i].name.bytes, name.bytes, name.size) == 0)
            return true;
    return false;
}

/* The piece from `at` up to a mark, which becomes the NUL behind it, or up to the end. */
static struct th_text piece(char **at, char *end, char mark)
{
    char *stop = memchr(*at, mark, (size_t)(end - *at));
    struct th_text text = {*at, (size_t)((stop == NULL ? end : stop) - *at)};
    *at = stop == NULL ? NULL : stop + 1;
    return text;
}

static bool split_path(char *path, char *end, struct th_http_target *target)
{
    char *at = path + 1; /* behind the slash */
    if (at == end)
        return true;
    while (at != NULL) {
        char *start = at;
        struct th_text segment = piece(&at, end, '/');
        if (target->segments_count == TH_HTTP_SEGMENTS_MAX || !decode(&segment, start, false) ||
            !is_segment(segment))
            return false;
        target->segments[target->segments_count++] = segment;
    }
    return true;
}

static const char *split_question(char *question, char *end, struct th_http_target *target)
{
    char *at = question;
    while (at != NULL) {
        char *start = at;
        struct th_text value = piece(&at, end, '&');
        char *value_end = start + value.size;
        char *value_at = start;
        struct th_text name = piece(&value_at, value_end, '=');
        value = (struct th_text){"", 0};
        if (value_at != NULL)
            value = (struct th_text){value_at, (size_t)(value_end - value_at)};
        if (target->parameters_count == TH_HTTP_PARAMETERS_MAX)
            return "quá nhiều tham số";
        if (name.size == 0 || !decode(&name, start, true) ||
            (value_at != NULL && !decode(&value, value_at, true)))
            return "tham số không đúng dạng: tên=giá-trị, nối bằng &, ký tự lạ mã hóa bằng %";
        if (!is_clean(name) || !is_clean(value))
            return "tham số có ký tự điều khiển hoặc không phải UTF-8";
        if (has_parameter(target, name))
            return "một tham số có hai lần";
        target->parameters[target->parameters_count++] = (struct th_http_parameter){name, value};
    }
    return NULL;
}

int th_http_target_split(struct th_text target, char *room, struct th_http_target *ret_target,
                         const char **ret_why)
{
    struct th_http_target result = {.segments_count = 0};
    const char *why = "đường dẫn không đúng dạng";
    if (target.size == 0 || target.bytes[0] != '/') {
        *ret_why = why;
        return TH_E_SYNTAX;
    }
    memcpy(room, target.bytes, target.size);
    char *end = room + target.size;
    char *question = memchr(room, '?', target.size);
    if (split_path(room, question == NULL ? end : question, &result))
        why = question == NULL ? NULL : split_question(question + 1, end, &result);
    if (why != NULL) {
        *ret_why = why;
        return TH_E_SYNTAX;
    }
    *ret_target = result;
    return 0;
}
