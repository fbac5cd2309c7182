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
    assert_says("b.yaml:7:10: lỗi [value]: value.TCD01 = -3");
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
    assert_says("b.yaml:10:1: lỗi [estimate]: estimated_to: Có số ước nhưng thiếu ngày ước đến.");
}

Test(form_check, estimates_of_a_form_without_the_key_of_the_day_are_refused_at_the_first_one)
{
    check(HEAD "  TCD01: 5\n  TCD04: 5\nestimated: [TCD01]\n", false);
    assert_says("b.yaml:9:13: lỗi [estimate]: estimated_to: Có số ước nhưng thiếu ngày ước đến.");
}

Test(form_check, estimates_of_a_sheet_without_a_day_are_refused_at_the_row_of_the_day)
{
    check_as("b.csv",
             "mã;giá trị;ước\n#plan;nho-2025;\n#obligation;O-1;\n#estimated_to;;\nTCD01;5;x\n",
             false);
    assert_says("b.csv:4:15: lỗi [estimate]: estimated_to: Có số ước nhưng thiếu ngày ước đến.");
}

Test(form_check, a_task_whose_percentage_does_not_fit_is_refused_at_its_line)
{
    check(HEAD "  TCD01: 5\ntasks:\n  - no: 1\n    status: xong\n    percent: 50\n", false);
    cr_assert_not(th_checked_is_good(&checked));
    assert_says("b.yaml:11:14: lỗi [percent]: task.1.percent = 50");
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
