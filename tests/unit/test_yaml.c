/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct th_problems problems;
static struct th_yaml *doc;

static void setup(void)
{
    th_problems_init(&problems);
    doc = NULL;
}

static void teardown(void)
{
    th_yaml_close(doc);
    th_problems_deinit(&problems);
}

TestSuite(yaml, .init = setup, .fini = teardown);

static int open_text(const char *text)
{
    return th_yaml_open_memory("t.yaml", text, strlen(text), TH_YAML_SIZE_MAX, &problems, &doc);
}

static struct th_yaml_node field(const char *text, const char *key)
{
    struct th_yaml_node node = {NULL, 0};
    cr_assert_eq(open_text(text), TH_OK);
    cr_assert(th_yaml_get(th_yaml_root(doc), key, &node));
    return node;
}

static void expect_problem(size_t i, uint32_t line, uint32_t column, const char *part)
{
    cr_assert_lt(i, problems.count);
    const struct th_problem *problem = &problems.items[i];
    cr_expect_str_eq(problem->file, "t.yaml");
    cr_expect_eq(problem->line, line, "line %u: %s", problem->line, problem->message);
    cr_expect_eq(problem->column, column, "column %u: %s", problem->column, problem->message);
    cr_expect(strstr(problem->message, part) != NULL, "%s", problem->message);
    cr_expect(problem->hint[0] != '\0');
}

static void expect_refused(const char *text, uint32_t line, uint32_t column, const char *part)
{
    cr_expect_eq(open_text(text), TH_E_SYNTAX, "%s", text);
    cr_expect_null(doc);
    expect_problem(problems.count - 1, line, column, part);
}

Test(yaml, nodes_know_their_lines_and_columns)
{
    struct th_yaml_node list = field("a: 1\nđồng:\n  - x\n  - {q: }\n", "đồng");
    cr_assert_eq(th_yaml_kind(list), TH_YAML_SEQUENCE);
    cr_assert_eq(th_yaml_line(list), 3);
    cr_assert_eq(th_yaml_count(list), 2);
    struct th_yaml_node item = th_yaml_item(list, 1);
    cr_assert_eq(th_yaml_line(item), 4);
    cr_assert_eq(th_yaml_column(item), 5);
    struct th_yaml_node empty = {NULL, 0};
    cr_assert(th_yaml_get(item, "q", &empty));
    cr_assert(th_yaml_is_null(empty));
    cr_assert_eq(th_yaml_line(empty), 4);
    char path[TH_YAML_PATH_SIZE];
    cr_assert_str_eq(th_yaml_path(empty, path), "đồng[1].q");
    cr_assert_str_eq(th_yaml_path(th_yaml_root(doc), path), ".");
}

Test(yaml, values_of_a_mapping_come_in_the_order_of_the_file)
{
    struct th_yaml_node map = field("m: {z: 1, a: 2}\n", "m");
    cr_assert_str_eq(th_yaml_key(th_yaml_item(map, 0)).bytes, "z");
    cr_assert_str_eq(th_yaml_key(th_yaml_item(map, 1)).bytes, "a");
}

Test(yaml, syntax_error_names_its_line)
{
    expect_refused("a: 1\nb: [1,\nc: 2\n", 3, 1, "cú pháp");
}

Test(yaml, unclosed_quote_names_its_line)
{
    expect_refused("a: 1\nb: 2\nc: \"x\n", 3, 5, "cú pháp");
}

Test(yaml, common_syntax_errors_are_told_in_vietnamese)
{
    static const struct {
        const char *text;
        const char *said;
    } cases[] = {
        {"a:\n\tb: 1\n", "phím Tab"},
        {"a:\n  b: 1\n\tc: 2\n", "phím Tab"},
        {"a: |\n    x\n\t y\n", "phím Tab"},
        {"a:\n  b: \"1\n  c: 2\n", "dấu nháy mở mà không đóng"},
        {"a:\n  b: '1\n  c: 2\n", "dấu nháy mở mà không đóng"},
        {"c: \"x\n", "dấu nháy mở mà không đóng"},
        {"a: \"x \"y\" z\"\n", "còn chữ sau dấu nháy đóng"},
        {"a: \"x \\q\"\n", "dấu \\ trong nháy kép"},
        {"a: b: c\n", "hai dấu hai chấm trên một dòng"},
        {"a:\n  b: 1\n    c: 2\n", "bị đọc thành một"},
        {"a:\n  b:1\n  c: 2\n", "thiếu dấu cách sau dấu hai chấm"},
        {"a:\n  b:1 # x\n\n  # y\n  c: 2\n", "thiếu dấu cách sau dấu hai chấm"},
        {"a:\n  b:1\n  c: 2\n d: 3\n", "thiếu dấu cách sau dấu hai chấm"},
        {"a:\n  b: x:1\n c: 2\n", "thụt đầu dòng không khớp"},
        {"a:\n  b: 1\n  c\n  d: 3\n", "khóa thiếu dấu hai chấm"},
        {"a:\n  b: 1\n  c\n", "không thuộc khóa nào"},
        {"a:\n  b: 1\n c: 2\n", "thụt đầu dòng không khớp"},
        {"a:\n  - b: 1\n   c: 2\n", "thụt đầu dòng không khớp"},
        {"a:\n  - b: 1\n  c: 2\n", "thụt đầu dòng không khớp"},
        {"a: 1\n- b\n", "thụt đầu dòng không khớp"},
        {"a: [1, 2\nb:\n  c: 1\n", "ngoặc không đóng"},
        {"a: [1 2\n", "ngoặc không đóng"},
        {"a: {b: 1\nc: 2\n", "ngoặc không đóng"},
        {"a: ]\n", "thừa dấu đóng ngoặc"},
        {"a: @1\n", "ký tự đặc biệt"},
        {"a: *\n", "ký tự đặc biệt"},
        {"a: - b\n", "dấu - đứng ngay sau khóa"},
        {"a: > b\n", "chữ ngay sau dấu | hoặc >"},
        {"a: \"b\"#c\n", "dấu # dính liền"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        th_problems_deinit(&problems);
        cr_expect_eq(open_text(cases[i].text), TH_E_SYNTAX);
        cr_assert_geq(problems.count, 1);
        const char *message = problems.items[0].message;
        cr_expect(strstr(message, cases[i].said) != NULL, "%s: %s", cases[i].text, message);
        cr_expect(strstr(message, "libfyaml") == NULL, "%s", message);
    }
}

Test(yaml, another_syntax_error_keeps_the_words_of_the_library)
{
    expect_refused("a: ?\n", 1, 4, "libfyaml: invalid mapping key");
}

Test(yaml, repeated_key_is_refused_where_it_repeats)
{
    expect_refused("a: 1\nb:\n  c: 1\n  a: 2\n  c: 3\n", 5, 3, "dòng 3");
    cr_assert_eq(problems.count, 1);
}

Test(yaml, a_key_quoted_and_plain_is_repeated)
{
    expect_refused("a: 1\n\"a\": 2\n", 2, 1, "lặp lại");
}

Test(yaml, the_same_key_in_other_mappings_is_accepted)
{
    cr_assert_eq(open_text("- {a: 1}\n- {a: {a: 1}}\n"), TH_OK);
}

Test(yaml, anchor_is_refused)
{
    expect_refused("a: 1\nb: &x 2\n", 2, 5, "neo");
}

Test(yaml, alias_is_refused)
{
    expect_refused("a: &x 1\nb: *x\n", 2, 5, "bí danh");
}

Test(yaml, tag_is_refused)
{
    expect_refused("a: 1\nb: !!str 2\n", 2, 4, "thẻ");
}

Test(yaml, tag_on_a_list_is_refused)
{
    expect_refused("a: 1\nb: !x [2]\n", 2, 4, "thẻ");
}

Test(yaml, every_anchor_is_reported_in_one_run)
{
    cr_assert_eq(open_text("a: &x 1\nb: &y 2\nc: &z {d: 1}\n"), TH_E_SYNTAX);
    cr_assert_eq(problems.count, 3);
    expect_problem(2, 3, 5, "neo");
}

Test(yaml, second_document_is_refused)
{
    expect_refused("a: 1\n---\nb: 2\n", 2, 1, "hơn một tài liệu");
}

Test(yaml, directive_is_refused)
{
    expect_refused("# x\n%YAML 1.1\n---\na: 1\n", 2, 1, "chỉ thị");
}

Test(yaml, list_as_key_is_refused)
{
    expect_refused("a: 1\n? [x]\n: 2\n", 2, 3, "khóa không được");
}

Test(yaml, empty_file_is_refused)
{
    expect_refused("", 1, 1, "không có nội dung");
}

Test(yaml, file_of_comments_is_refused)
{
    expect_refused("# chỉ có ghi chú\n", 1, 1, "không có nội dung");
}

Test(yaml, byte_that_is_not_utf8_names_its_line)
{
    expect_refused("a: 1\nđ: \xFF\n", 2, 4, "0xff");
}

Test(yaml, bidi_control_in_a_comment_is_refused)
{
    expect_refused("a: 1\nb: 2 # \xE2\x80\xAE\n", 2, 8, "ký tự cấm");
}

Test(yaml, nul_byte_is_refused)
{
    cr_assert_eq(th_yaml_open_memory("t.yaml", "a: 1\n\0b: 2\n", 11, 100, &problems, &doc),
                 TH_E_SYNTAX);
    expect_problem(0, 2, 1, "0x00");
}

Test(yaml, decomposed_text_is_refused)
{
    expect_refused("a: 1\nb: Tha\xCC\x81p\n", 2, 4, "NFC");
}

Test(yaml, escaped_control_is_refused)
{
    expect_refused("a: 1\nb: \"x\\0y\"\n", 2, 4, "ký tự cấm");
}

Test(yaml, escaped_newline_in_a_key_is_refused)
{
    expect_refused("a: 1\n\"b\\nc\": 1\n", 2, 1, "ký tự cấm");
}

Test(yaml, deep_nesting_is_refused)
{
    char text[2 * 5000 + 1];
    memset(text, '[', 5000);
    memset(text + 5000, ']', 5000);
    text[2 * 5000] = '\0';
    expect_refused(text, 1, TH_YAML_DEPTH_MAX + 1, "tầng");
}

Test(yaml, file_above_its_limit_is_refused)
{
    cr_assert_eq(th_yaml_open_memory("t.yaml", "a: 12\n", 6, 5, &problems, &doc), TH_E_LIMIT);
    expect_problem(0, 1, 1, "5 byte");
    cr_assert_eq(th_yaml_open_memory("t.yaml", "a: 12\n", 6, 6, &problems, &doc), TH_OK);
}

Test(yaml, missing_file_is_not_found)
{
    cr_assert_eq(th_yaml_open("/nonexistent/x.yaml", 100, &problems, &doc), TH_E_NOT_FOUND);
    cr_assert_eq(problems.count, 1);
}

Test(yaml, directory_is_not_a_file)
{
    cr_assert_eq(th_yaml_open("/", 100, &problems, &doc), TH_E_IO);
    cr_assert_eq(problems.count, 1);
}

Test(yaml, byte_order_mark_and_windows_lines_are_accepted)
{
    struct th_yaml_node node = field("\xEF\xBB\xBF"
                                     "a: 1\r\nb: x\r\n",
                                     "b");
    struct th_text text = {NULL, 0};
    cr_assert_eq(th_yaml_line(node), 2);
    cr_assert_eq(th_yaml_read_text(node, 0, 10, &problems, &text), TH_OK);
    cr_assert_str_eq(text.bytes, "x");
}

Test(yaml, every_unknown_key_is_reported_with_its_line_and_the_known_keys)
{
    static const char *const keys[] = {"name", "unit"};
    cr_assert_eq(open_text("nmae: 1\nunit: 2\nx:\n  - 1\n"), TH_OK);
    cr_assert_eq(th_yaml_check_keys(th_yaml_root(doc), keys, 2, &problems), TH_E_INVALID);
    cr_assert_eq(problems.count, 2);
    expect_problem(0, 1, 1, "nmae");
    expect_problem(1, 3, 1, "\"x\"");
    cr_assert_str_eq(problems.items[0].hint, "được dùng: name, unit");
}

Test(yaml, known_keys_are_accepted)
{
    static const char *const keys[] = {"name", "unit"};
    cr_assert_eq(open_text("unit: 2\n"), TH_OK);
    cr_assert_eq(th_yaml_check_keys(th_yaml_root(doc), keys, 2, &problems), TH_OK);
    cr_assert_eq(problems.count, 0);
}

Test(yaml, missing_field_names_the_line_of_its_mapping)
{
    struct th_yaml_node list = field("l:\n  - {no: 1}\n  - {na: 2}\n", "l");
    struct th_yaml_node node = {NULL, 7};
    cr_assert_eq(th_yaml_require(th_yaml_item(list, 1), "no", &problems, &node), TH_E_INVALID);
    expect_problem(0, 3, 5, "\"l[1]\" thiếu khóa \"no\"");
    cr_assert_eq(node.index, 7);
    cr_assert_eq(th_yaml_require(th_yaml_item(list, 0), "no", &problems, &node), TH_OK);
}

Test(yaml, wrong_kind_names_its_line)
{
    struct th_yaml_node node = field("a: 1\nb: [1]\n", "b");
    struct th_text text = {NULL, 0};
    cr_assert_eq(th_yaml_check_kind(node, TH_YAML_MAPPING, &problems), TH_E_INVALID);
    cr_assert_eq(th_yaml_read_text(node, 0, 10, &problems, &text), TH_E_INVALID);
    expect_problem(0, 2, 4, "bảng");
    expect_problem(1, 2, 4, "giá trị đơn");
    cr_assert_null(text.bytes);
}

Test(yaml, null_and_empty_are_no_values)
{
    static const char *const empties[] = {"b:", "b: ~", "b: null", "b: \"\""};
    for (size_t i = 0; i < 4; i++) {
        char text[32] = "a: 1\n";
        strcat(text, empties[i]);
        strcat(text, "\nc: 1\n");
        struct th_yaml_node node = field(text, "b");
        struct th_text value = {NULL, 0};
        cr_assert_eq(th_yaml_read_text(node, 0, 10, &problems, &value), TH_E_INVALID);
        expect_problem(i, 2, th_yaml_column(node), "không có giá trị");
        th_yaml_close(doc);
        doc = NULL;
    }
}

Test(yaml, quoted_null_is_a_text)
{
    struct th_text text = {NULL, 0};
    cr_assert_eq(th_yaml_read_text(field("a: \"null\"\n", "a"), 0, 9, &problems, &text), TH_OK);
    cr_assert_str_eq(text.bytes, "null");
}

Test(yaml, text_has_a_longest_size)
{
    struct th_yaml_node node = field("a: 1\nb: đồng\n", "b");
    struct th_text text = {NULL, 0};
    cr_assert_eq(th_yaml_read_text(node, 0, 6, &problems, &text), TH_E_INVALID);
    expect_problem(0, 2, 4, "dài 7 byte, nhiều nhất 6");
    cr_assert_eq(th_yaml_read_text(node, 0, 7, &problems, &text), TH_OK);
    cr_assert_eq(text.size, 7);
}

Test(yaml, several_lines_need_the_lines_flag)
{
    struct th_yaml_node node = field("a: 1\nb: |\n  x\n  y\n", "b");
    struct th_text text = {NULL, 0};
    cr_assert_eq(th_yaml_read_text(node, 0, 99, &problems, &text), TH_E_INVALID);
    expect_problem(0, th_yaml_line(node), th_yaml_column(node), "xuống dòng");
    cr_assert_eq(th_yaml_read_text(node, TH_TEXT_LINES, 99, &problems, &text), TH_OK);
    cr_assert_str_eq(text.bytes, "x\ny\n");
}

Test(yaml, integers_are_plain_and_in_range)
{
    struct th_yaml_node list = field("a: 1\nl:\n- 5\n- \"5\"\n- 5.0\n- 11\n- -1\n", "l");
    int64_t value = 0;
    cr_assert_eq(th_yaml_read_int(th_yaml_item(list, 0), 0, 10, &problems, &value), TH_OK);
    cr_assert_eq(value, 5);
    for (size_t i = 1; i < 5; i++) {
        cr_assert_eq(th_yaml_read_int(th_yaml_item(list, i), 0, 10, &problems, &value),
                     TH_E_INVALID);
        expect_problem(i - 1, (uint32_t)(3 + i), 3, i < 3 ? "số nguyên" : "từ 0 đến 10");
    }
    cr_assert_eq(value, 5);
}

Test(yaml, booleans_are_true_or_false_only)
{
    struct th_yaml_node list = field("l:\n- true\n- false\n- yes\n- True\n- \"true\"\n- 1\n", "l");
    bool value = false;
    cr_assert_eq(th_yaml_read_bool(th_yaml_item(list, 0), &problems, &value), TH_OK);
    cr_assert(value);
    cr_assert_eq(th_yaml_read_bool(th_yaml_item(list, 1), &problems, &value), TH_OK);
    cr_assert_not(value);
    for (size_t i = 2; i < 6; i++) {
        cr_assert_eq(th_yaml_read_bool(th_yaml_item(list, i), &problems, &value), TH_E_INVALID);
        expect_problem(i - 2, (uint32_t)(2 + i), 3, "true hoặc false");
    }
}

Test(yaml, days_have_to_exist)
{
    struct th_yaml_node list = field("l:\n- 2025-05-10\n- 2025-02-29\n- 10/5/2025\n", "l");
    th_day day = {0};
    char text[TH_DAY_TEXT_SIZE];
    cr_assert_eq(th_yaml_read_day(th_yaml_item(list, 0), &problems, &day), TH_OK);
    cr_assert_str_eq(th_day_format(day, text), "2025-05-10");
    cr_assert_eq(th_yaml_read_day(th_yaml_item(list, 1), &problems, &day), TH_E_INVALID);
    cr_assert_eq(th_yaml_read_day(th_yaml_item(list, 2), &problems, &day), TH_E_INVALID);
    expect_problem(0, 3, 3, "không có trong lịch");
    expect_problem(1, 4, 3, "phải là ngày");
}

Test(yaml, words_outside_the_table_list_the_table)
{
    static const struct th_yaml_word words[] = {{"error", 4}, {"warn", 6}};
    struct th_yaml_node list = field("l:\n- warn\n- fatal\n", "l");
    int value = 0;
    cr_assert_eq(th_yaml_read_word(th_yaml_item(list, 0), words, 2, &problems, &value), TH_OK);
    cr_assert_eq(value, 6);
    cr_assert_eq(th_yaml_read_word(th_yaml_item(list, 1), words, 2, &problems, &value),
                 TH_E_INVALID);
    expect_problem(0, 3, 3, "\"l[1]\" không nhận giá trị \"fatal\"");
    cr_assert_str_eq(problems.items[0].hint, "được dùng: error, warn");
    cr_assert_eq(value, 6);
}

Test(yaml, problems_are_printed_with_place_and_hint)
{
    char *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);
    th_problems_add(&problems, (struct th_place){"k.yaml", 3, 7}, "sửa", "sai %d", 5);
    cr_assert_eq(th_problems_print(&problems, stream), TH_OK);
    (void)fclose(stream);
    cr_assert_str_eq(out, "k.yaml:3:7: lỗi: sai 5\n    cách sửa: sửa\n");
    free(out);
}

Test(yaml, problems_above_the_bound_are_counted)
{
    for (int i = 0; i < TH_PROBLEMS_MAX + 3; i++)
        th_problems_add(&problems, (struct th_place){"k.yaml", 1, 1}, NULL, "x");
    cr_assert_eq(problems.count, TH_PROBLEMS_MAX);
    cr_assert_eq(problems.dropped, 3);
    cr_assert_eq(th_problems_total(&problems), TH_PROBLEMS_MAX + 3);
}

Test(yaml, a_full_list_of_problems_does_not_hide_a_refusal)
{
    for (int i = 0; i < TH_PROBLEMS_MAX; i++)
        th_problems_add(&problems, (struct th_place){"k.yaml", 1, 1}, NULL, "x");
    cr_assert_eq(open_text("a: 1\na: 2\n"), TH_E_SYNTAX);
    cr_assert_null(doc);
}

/* ---- texts of several lines ---- */

Test(yaml, a_block_text_that_is_not_deeper_than_its_key_is_refused)
{
    cr_assert_eq(open_text("a:\n  b: |\n\n  # c\n  d: 1\n"), TH_E_SYNTAX);
    expect_problem(0, 3, 1, "không có chữ nào thụt vào");
}

Test(yaml, a_block_text_may_be_empty_before_a_shallower_key_or_the_end)
{
    cr_assert_eq(open_text("a:\n  b: |\n\nc: >-\n\n"), TH_OK);
}

Test(yaml, block_texts_keep_their_lines_whatever_their_depth)
{
    struct th_yaml_node node;
    cr_assert_eq(open_text("a:\n  b: |\n\n   một\n\n     hai\n  c: >-\n    ba\n    bốn\n"), TH_OK);
    cr_assert(th_yaml_get(th_yaml_root(doc), "a", &node));
    cr_assert_str_eq(th_yaml_scalar(th_yaml_item(node, 0)).bytes, "\nmột\n\n  hai\n");
    cr_assert_str_eq(th_yaml_scalar(th_yaml_item(node, 1)).bytes, "ba bốn");
}

Test(yaml, a_block_text_in_a_list_is_deeper_than_its_dash)
{
    cr_assert_eq(open_text("- |\n a\n- |\n  b\n"), TH_OK);
    cr_assert_eq(th_yaml_count(th_yaml_root(doc)), 2);
}
