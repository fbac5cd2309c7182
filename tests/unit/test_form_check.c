/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/support/form_case.h"
#include "tests/support/small_plan.h"

#include "nodes/cli/checked.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-1\nunit: \"00123\"\nvalues:\n"

static struct form_case form;
static struct th_checked checked;
static size_t checked_in_part;
static char *text;
static json_t *json;

static void begin(void)
{
    form = form_case_begin();
}

static void end(void)
{
    json_decref(json);
    free(text);
    th_checked_deinit(&checked);
    form_case_end(&form);
}

TestSuite(form_check, .init = begin, .fini = end);

static void check_as(const char *name, const char *bytes, bool verbose)
{
    static const struct th_plan *const plans[] = {&small_plan};
    const struct th_form_context context = {
        .plans = plans, .plans_count = 1, .unit = &small_commune};
    size_t size = 0;
    form_case_put(&form, name, bytes, strlen(bytes));
    (void)snprintf(form.path, sizeof form.path, "%s/%s", form.folder, name);
    th_checked_init(&checked, form.path, &context, NULL);
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    th_checked_print(&checked, verbose, out);
    cr_assert_eq(fclose(out), 0);
    json = th_checked_json(&checked);
    cr_assert_not_null(json);
}

static void check(const char *bytes, bool verbose)
{
    check_as("b.yaml", bytes, verbose);
}

/* Another form in the same test. */
static void check_again(const char *name, const char *bytes)
{
    json_decref(json);
    free(text);
    th_checked_deinit(&checked);
    check_as(name, bytes, false);
}

static void assert_says(const char *part)
{
    cr_assert_not_null(strstr(text, part), "%s", text);
}

static const char *json_text(const char *list, size_t i, const char *key)
{
    const char *value =
        json_string_value(json_object_get(json_array_get(json_object_get(json, list), i), key));
    return value == NULL ? "" : value;
}

Test(form_check, a_field_is_spoken_without_the_words_of_the_wire)
{
    static const struct {
        const char *field, *spoken;
    } cases[] = {{"value.TCD01", "TCD01"},
                 {"estimated.VB01", "VB01"},
                 {"narrative.TX01", "TX01"},
                 {"task.3", "nhiệm vụ 3"},
                 {"task.3.percent", "nhiệm vụ 3, tỷ lệ"},
                 {"task.percent", "nhiệm vụ percent"},
                 {"revision", "lần gửi"},
                 {"number", "số thứ tự"},
                 {"document.date", "ngày văn bản"},
                 {"what.it.does.not.know", "what.it.does.not.know"},
                 {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char spoken[TH_FORM_SPOKEN_SIZE];
        cr_expect_str_eq(th_form_field_spoken(th_text_of(cases[i].field), spoken), cases[i].spoken);
    }
}

Test(form_check, a_field_from_the_wire_that_is_too_long_is_shortened)
{
    char field[400], spoken[TH_FORM_SPOKEN_SIZE];
    memset(field, 'x', sizeof field);
    memcpy(field, "task.", 5);
    th_form_field_spoken((struct th_text){field, sizeof field}, spoken);
    cr_assert_not_null(strstr(spoken, "…"));
}

Test(form_check, a_good_form_can_be_sent)
{
    check(HEAD "  TCD01: 5\n  TCD04: 3\n", false);
    cr_assert(th_checked_is_good(&checked), "%s", text);
    assert_says("gửi được; 2 số liệu, 0 phần lời; 0 lỗi, 0 cảnh báo\n");
    cr_assert(json_is_true(json_object_get(json, "good")));
    cr_assert_str_eq(json_string_value(json_object_get(json, "obligation")), "O-1");
}

Test(form_check, a_broken_rule_shows_its_figures_and_their_lines)
{
    check(HEAD "  TCD01: 3\n  TCD04: 5\n", false);
    cr_assert_not(th_checked_is_good(&checked));
    assert_says("b.yaml:8:");
    assert_says("lỗi [R01]: Lượt tiếp thường xuyên");
    assert_says("TCD04 <= TCD01: TCD04 = 5 (dòng 8), TCD01 = 3 (dòng 7)");
    assert_says("chưa gửi được");
    cr_assert_str_eq(json_text("errors", 0, "rule"), "R01");
    cr_assert_str_eq(json_text("errors", 0, "field"), "value.TCD04");
    cr_assert_eq(json_integer_value(
                     json_object_get(json_array_get(json_object_get(json, "errors"), 0), "line")),
                 8);
}

Test(form_check, errors_stand_in_the_order_of_the_form)
{
    check(HEAD "  TCD04: 5\n  TCD01: -3\n", false);
    const char *first = strstr(text, "b.yaml:7:"), *second = strstr(text, "b.yaml:8:");
    cr_assert_not_null(first, "%s", text);
    cr_assert_not_null(second, "%s", text);
    cr_assert_lt(first, second, "%s", text);
    cr_assert_str_eq(json_text("errors", 0, "rule"), "R01");
    cr_assert_str_eq(json_text("errors", 1, "rule"), "value");
}

Test(form_check, an_empty_form_is_refused)
{
    check(HEAD "  TCD01:\n", false);
    cr_assert_not(th_checked_is_good(&checked));
    assert_says("lỗi [empty]: Báo cáo không có nội dung nào.");
}

Test(form_check, a_value_out_of_range_is_refused_at_its_line)
{
    check(HEAD "  TCD01: -3\n", false);
    cr_assert_not(th_checked_is_good(&checked));
    assert_says("b.yaml:7:10: lỗi [value]: TCD01 = -3");
}

Test(form_check, a_rule_that_lacks_a_figure_is_counted_and_listed)
{
    check(HEAD "  TCD01: 5\n", true);
    cr_assert(th_checked_is_good(&checked));
    assert_says("chưa kiểm tra [R01] TCD04 <= TCD01; thiếu: TCD04");
    assert_says("1 quy tắc chưa kiểm tra vì thiếu số");
    cr_assert_str_eq(json_text("not_checked", 0, "rule"), "R01");
    cr_assert_eq(json_array_size(json_object_get(json, "not_checked")), 1);
}

Test(form_check, estimates_without_a_day_are_refused_at_the_day)
{
    check(HEAD "  TCD01: 5\n  TCD04: 5\nestimated: [TCD01]\nestimated_to:\n", false);
    cr_assert_not(th_checked_is_good(&checked));
    assert_says("b.yaml:10:1: lỗi [estimate]: ngày ước đến: Có số ước nhưng thiếu ngày ước đến.");
}

Test(form_check, estimates_of_a_form_without_the_key_of_the_day_are_refused_at_the_first_one)
{
    check(HEAD "  TCD01: 5\n  TCD04: 5\nestimated: [TCD01]\n", false);
    assert_says("b.yaml:9:13: lỗi [estimate]: ngày ước đến: Có số ước nhưng thiếu ngày ước đến.");
}

Test(form_check, estimates_of_a_sheet_without_a_day_are_refused_at_the_row_of_the_day)
{
    check_as("b.csv",
             "mã;giá trị;ước\n#plan;nho-2025;\n#obligation;O-1;\n#estimated_to;;\nTCD01;5;x\n",
             false);
    assert_says("b.csv:4:15: lỗi [estimate]: ngày ước đến: Có số ước nhưng thiếu ngày ước đến.");
}

Test(form_check, a_task_whose_percentage_does_not_fit_is_refused_at_its_line)
{
    check(HEAD "  TCD01: 5\ntasks:\n  - no: 1\n    status: xong\n    percent: 50\n", false);
    cr_assert_not(th_checked_is_good(&checked));
    assert_says("b.yaml:11:14: lỗi [percent]: nhiệm vụ 1, tỷ lệ = 50");
}

Test(form_check, a_form_that_cannot_be_read_tells_its_problems)
{
    check(HEAD "  TCD1: 5\n", false);
    cr_assert_not(th_checked_is_good(&checked));
    assert_says("có phải là TCD01?");
    assert_says("chưa đọc được biểu");
    cr_assert_str_eq(json_string_value(json_object_get(json, "status")), "invalid");
    cr_assert_str_eq(json_text("problems", 0, "hint"), "có phải là TCD01?");
}

/* ---- a form that could be read in part ---- */

Test(form_check, a_figure_that_cannot_be_read_hides_no_broken_rule)
{
    check(HEAD "  DB05: năm\n  TCD01: -3\n  TCD04: 5\n", false);
    cr_assert_not(th_checked_is_good(&checked));
    static const char *const told[] = {"b.yaml:7:9: lỗi: DB05: \"năm\" không phải là số",
                                       "b.yaml:8:10: lỗi [value]", "b.yaml:9:10: lỗi [R01]"};
    const char *at = text;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        at = strstr(at, told[i]);
        cr_assert_not_null(at, "%s: %s", told[i], text);
    }
    assert_says("chưa gửi được; đọc được 2 số liệu, 0 phần lời; 3 lỗi, 0 cảnh báo");
    cr_assert_str_eq(json_string_value(json_object_get(json, "status")), "invalid");
    cr_assert_eq(json_array_size(json_object_get(json, "problems")), 1);
    cr_assert_str_eq(json_text("errors", 1, "rule"), "R01");
}

Test(form_check, a_rule_over_a_figure_that_cannot_be_read_does_not_run)
{
    check(HEAD "  TCD01: năm\n  TCD04: 5\n", true);
    cr_assert_eq(checked.errors.count, 0);
    assert_says("chưa kiểm tra [R01] TCD04 <= TCD01; thiếu: TCD01");
    assert_says("1 lỗi, 0 cảnh báo");
}

Test(form_check, a_form_of_which_nothing_could_be_read_is_not_called_empty)
{
    check(HEAD "  TCD01: năm\n", false);
    cr_assert_null(strstr(text, "[empty]"), "%s", text);
    assert_says("chưa đọc được biểu");
}

Test(form_check, a_day_that_cannot_be_read_is_not_called_missing)
{
    check(HEAD "  TCD01: 5\n  DB05: 1\nestimated: [TCD01]\nestimated_to: mai\n", false);
    cr_assert_null(strstr(text, "[estimate]"), "%s", text);
    assert_says("\"mai\" không phải là ngày");
}

Test(form_check, a_day_under_a_wrong_key_is_not_called_missing)
{
    check(HEAD "  TCD01: 5\nestimated: [TCD01]\nestimated_too: 2025-06-30\n", false);
    cr_assert_null(strstr(text, "[estimate]"), "%s", text);
    assert_says("có phải là \"estimated_to\"?");
}

Test(form_check, a_missing_day_is_told_beside_a_figure_that_cannot_be_read)
{
    check(HEAD "  TCD01: 5\n  DB05: năm\nestimated: [TCD01]\nestimated_to:\n", false);
    assert_says("b.yaml:10:1: lỗi [estimate]");
}

Test(form_check, a_form_of_another_unit_is_not_checked_by_the_rules)
{
    check("report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-1\nunit: \"00999\"\n"
          "values:\n  TCD01: 3\n  TCD04: 5\n",
          false);
    cr_assert_null(strstr(text, "[R01]"), "%s", text);
    cr_assert_null(json_object_get(json, "errors"));
}

#define SHEET "mã;giá trị;ước\n#plan;nho-2025;\n#obligation;O-1;\n"

Test(form_check, a_figure_that_stands_twice_is_no_figure)
{
    check_as("b.csv",
             SHEET "TCD01;3;\nTCD01;6;\nTCD04;5;\n#task.1.status;xong;\n#task.1.percent;50;\n",
             false);
    cr_assert_null(strstr(text, "[R01]"), "%s", text);
    assert_says("b.csv:5:1: lỗi: mã \"TCD01\" lặp lại");
    assert_says("b.csv:8:17: lỗi [percent]");
}

Test(form_check, a_row_that_commas_have_torn_gives_no_figure)
{
    check_as("b.csv", "mã,giá trị,ước\n#plan,nho-2025,\n#obligation,O-1,\nTCD01,1,234\nTCD04,5,\n",
             false);
    cr_assert_null(strstr(text, "[R01]"), "%s", text);
    check_again("b.csv", SHEET "TCD01;1;;234\nTCD04;5;\n");
    cr_assert_null(strstr(text, "[R01]"), "%s", text);
    check_again(
        "b.csv",
        "mã;giá trị;ước;giá trị\n#plan;nho-2025;;\n#obligation;O-1;;\nTCD01;1;;\nTCD04;5;;\n");
    cr_assert_null(strstr(text, "[R01]"), "%s", text);
}

/* A way to spoil a line: what stands before and behind it or its code. */
struct way {
    const char *before, *behind;
    enum { WHOLE, CODE, TWICE } kept;
};

static const struct way ways[] = {
    {"", "", CODE},      {"", "à", CODE},   {"", ": à", CODE},       {"", ";à;à;à", CODE},
    {"x", "", WHOLE},    {"\"", "", WHOLE}, {"", ";1;2;3;4", WHOLE}, {"", "à", WHOLE},
    {"", " # à", WHOLE}, {"", "", TWICE},
};

/* What the rules find where something of the form could not be read. */
static void spoil(const char *name, const char *good, const char *from, const struct way *way)
{
    char spoiled[4096];
    const char *end = strchr(from, '\n');
    int before = (int)(from - good);
    int kept = way->kept == CODE ? (int)strcspn(from + 2, ":;\n") + 2 : (int)(end - from);
    int twice = way->kept == TWICE ? (int)(end + 1 - from) : 0;
    (void)snprintf(spoiled, sizeof spoiled, "%.*s%.*s%s%.*s%s%s", before, good, twice, from,
                   way->before, kept, from, way->behind, end);
    check_again(name, spoiled);
    if (checked.status != 0)
        cr_expect_eq(checked.errors.count, 0, "%s\n%s", spoiled, text);
    if (checked.status != 0 && checked.is_checked)
        checked_in_part++;
}

static void spoil_each_line(const char *name, const char *good)
{
    check_as(name, good, false);
    cr_assert(th_checked_is_good(&checked), "%s", text);
    for (const char *from = good; *from != 0; from = strchr(from, '\n') + 1)
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
            spoil(name, good, from, &ways[i]);
    cr_assert_gt(checked_in_part, 20);
}

Test(form_check, a_good_yaml_form_breaks_no_rule_when_a_line_is_spoiled)
{
    spoil_each_line("b.yaml", HEAD "  DB05: 12\n  BTT09: 1.5\n  PC02: 2025-05-09\n  TCD01: 5\n"
                                   "  TCD04: 3\nestimated: [TCD01]\nestimated_to: 2025-06-30\n"
                                   "tasks:\n  - no: 1\n    status: đang làm\n    percent: 50\n"
                                   "  - no: 2\n    status: xong\n    percent: 100\n");
}

Test(form_check, a_good_sheet_breaks_no_rule_when_a_row_is_spoiled)
{
    spoil_each_line("b.csv", SHEET "#unit;00123;\n#estimated_to;2025-06-30;\nDB05;12;\nBTT09;1,5;\n"
                                   "PC02;2025-05-09;\nTCD01;5;x\nTCD04;3;\nTX01;lời;\n"
                                   "#task.1.status;đang làm;\n#task.1.percent;50;\n"
                                   "#task.2.status;xong;\n#task.2.percent;100;\n");
}
