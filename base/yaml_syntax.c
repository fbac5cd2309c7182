/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml_syntax.h"

#include <string.h>

#define TAB   "dùng phím Tab để thụt đầu dòng"
#define QUOTE "dấu nháy mở mà không đóng"
#define MORE  "thừa dấu đóng ngoặc"
#define FLOW  "ngoặc không đóng, hoặc thiếu dấu phẩy giữa các mục"
#define START "giá trị bắt đầu bằng ký tự đặc biệt"
#define DEPTH "thụt đầu dòng không khớp với các dòng trên"

#define TAB_HINT "thay mỗi Tab bằng dấu cách: hai dấu cách cho một cấp"
#define QUOTE_HINT                                                                                 \
    "thêm dấu nháy ở cuối đoạn chữ; đoạn nhiều dòng thì viết sau dấu | ở các dòng dưới"
#define MORE_HINT  "bỏ dấu này, hoặc thêm dấu mở ngoặc"
#define FLOW_HINT  "viết như [a, b, c]: đóng ngoặc ở cuối, giữa các mục có dấu phẩy"
#define START_HINT "đặt giá trị trong dấu nháy \"…\""
#define DEPTH_HINT                                                                                 \
    "các khóa cùng cấp, các mục cùng danh sách thụt đầu dòng bằng nhau, bằng dấu cách"

/* The first that fits: what is inside brackets comes before what is elsewhere. */
static const struct th_yaml_syntax known[] = {
    {"tab", TAB, TAB_HINT},
    {"extra closing", MORE, MORE_HINT},
    {"missing comma in flow", FLOW, FLOW_HINT},
    {"without a closing", FLOW, FLOW_HINT},
    {"mismatched flow", FLOW, FLOW_HINT},
    {"in flow mode", FLOW, FLOW_HINT},
    {"wrongly indented flow", FLOW, FLOW_HINT},
    {"without closing quote", QUOTE, QUOTE_HINT},
    {"wrongly indented single-quoted", QUOTE, QUOTE_HINT},
    {"wrongly indented double-quoted", QUOTE, QUOTE_HINT},
    {"invalid trailing content after", "còn chữ sau dấu nháy đóng",
     "bỏ dấu nháy ở giữa, hoặc viết cả đoạn sau dấu | ở các dòng dưới"},
    {"invalid escape", "dấu \\ trong nháy kép không đúng",
     "dùng dấu nháy đơn '…', hoặc viết hai dấu \\\\"},
    {"nested block mapping on the same line", "có hai dấu hai chấm trên một dòng",
     "đoạn chữ có dấu hai chấm thì đặt trong dấu nháy \"…\", hoặc viết sau dấu | ở các dòng dưới"},
    {"invalid multiline plain key", "dòng này và dòng dưới bị đọc thành một",
     "sau dấu hai chấm có một dấu cách; các khóa cùng cấp thụt đầu dòng bằng nhau"},
    {"could not find expected ':'", "khóa thiếu dấu hai chấm",
     "viết \"khóa: giá trị\", sau dấu hai chấm có một dấu cách"},
    {"invalid value after mapping", "dòng này không thuộc khóa nào",
     "viết \"khóa: giá trị\"; đoạn chữ nhiều dòng thì mọi dòng thụt vào như nhau"},
    {"indentation in mapping", DEPTH, DEPTH_HINT},
    {"indent for", DEPTH, DEPTH_HINT},
    {"did not find expected key", DEPTH, DEPTH_HINT},
    {"did not find expected '-'", DEPTH, DEPTH_HINT},
    {"at the end of block sequence", DEPTH, DEPTH_HINT},
    {"wrongly indented", DEPTH, DEPTH_HINT},
    {"plain scalar cannot start with", START, START_HINT},
    {"invalid alias", START, START_HINT},
    {"invalid anchor", START, START_HINT},
    {"block sequence on the same line", "dấu - đứng ngay sau khóa",
     "đoạn chữ có gạch đầu dòng thì viết sau dấu | ở các dòng dưới"},
    {"no linebreak found", "có chữ ngay sau dấu | hoặc >",
     "xuống dòng rồi viết đoạn chữ, thụt vào sâu hơn khóa"},
    {"comment without whitespace", "dấu # dính liền giá trị",
     "thêm một dấu cách trước #, hoặc đặt cả giá trị trong dấu nháy \"…\""},
};

const struct th_yaml_syntax *th_yaml_syntax_find(const char *message)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strstr(message, known[i].part) != NULL)
            return &known[i];
    }
    return NULL;
}

/* ---- "key:value" ---- */

static bool is_key_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The offset of the colon in one line; the line's size when there is none of that kind. What comes
 * before it has one byte a character. */
static size_t find_colon(const char *line, size_t size)
{
    size_t at = 0;
    while (at < size && (line[at] == ' ' || line[at] == '-'))
        at++;
    size_t key = at;
    while (at < size && is_key_character(line[at]))
        at++;
    bool is_glued =
        at > key && at + 1 < size && line[at] == ':' && strchr(" \t\r:/", line[at + 1]) == NULL;
    return is_glued ? at : size;
}

static bool says_something(const char *line, size_t size)
{
    size_t at = 0;
    while (at < size && strchr(" \t\r", line[at]) != NULL)
        at++;
    return at < size && line[at] != '#';
}

bool th_yaml_syntax_find_glued(const char *bytes, size_t size, uint32_t line, uint32_t *ret_line,
                               uint32_t *ret_column)
{
    uint32_t number = 1;
    bool is_found = false;
    for (size_t start = 0; start < size && number <= line; number++) {
        const char *end = memchr(bytes + start, '\n', size - start);
        size_t length = end == NULL ? size - start : (size_t)(end - bytes) - start;
        size_t colon = find_colon(bytes + start, length);
        if (colon < length) {
            *ret_line = number;
            *ret_column = (uint32_t)colon + 1;
            is_found = true;
        } else if (number < line && says_something(bytes + start, length)) {
            is_found = false;
        }
        start += length + 1;
    }
    return is_found;
}
