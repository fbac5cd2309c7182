/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/form_case.h"
#include "tests/support/small_plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "{\"report\":\"tonghop\",\"format\":1,\"plan\":\"nho-2025\",\"obligation\":\"O-1\","           \
    "\"unit\":\"00123\","

static struct form_case form;

static void begin(void)
{
    form = form_case_begin();
}

static void end(void)
{
    form_case_end(&form);
}

TestSuite(form_json, .init = begin, .fini = end);

static void assert_refused(const char *text, const char *wanted)
{
    form_case_read_text(&form, ".json", text);
    cr_assert_lt(form.status, 0);
    cr_assert_not_null(strstr(form.printed, wanted), "%s", form.printed);
}

Test(form_json, figures_are_read_as_numbers_or_as_texts)
{
    form_case_read_text(&form, ".json",
                        HEAD "\"values\":{\"TCD01\":1234,\"TCD04\":\"56\",\"DB05\":null,"
                             "\"BTT09\":12.50,\"PC02\":\"2025-05-09\",\"XL01\":\"Khá\"}}");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.values.count, 5);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 1234);
    cr_assert_eq(form_case_value(&form, SMALL_TCD04), 56);
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 1250);
    cr_assert_eq(form_case_value(&form, SMALL_XL01), 2);
    cr_assert_not(form_case_has(&form, SMALL_DB05));
}

Test(form_json, reals_are_read_by_their_characters)
{
    /* Doubles are 2^-3 apart there: 0.01 is lost in each of them. */
    form_case_read_text(&form, ".json", HEAD "\"values\":{\"BTT09\":900719925474099.01}}");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), INT64_C(90071992547409901));
    form_case_read_text(&form, ".json", HEAD "\"values\":{\"BTT09\":9007199254740993.01}}");
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), INT64_C(900719925474099301));
}

Test(form_json, escapes_and_structure_are_read)
{
    form_case_read_text(&form, ".json",
                        HEAD
                        "\n \"sections\" : {\"TX01\":\"M\\u1ed9t \\\"d\\u00f2ng\\\"\\n\\ud83d"
                        "\\ude00 hai\\/ba\"} ,\n\t\"tasks\":[ {\"no\":1,\"status\":\"xong\"} , "
                        "{\"no\":2,\"status\":\"done\",\"percent\":100}],"
                        "\"values\":{\"TCD01\":3},\"estimated\":[\"TCD01\"],"
                        "\"estimated_to\":\"2025-06-14\",\"models\":[],\"attachments\":[]}\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    const char *wanted = "Một \"dòng\"\n😀 hai/ba";
    cr_assert_eq(form.report.narratives[0].text.size, strlen(wanted));
    cr_assert_eq(memcmp(form.report.narratives[0].text.bytes, wanted, strlen(wanted)), 0);
    cr_assert_eq(form.report.tasks_count, 2);
    cr_assert_eq(form.report.estimated_count, 1);
}

Test(form_json, decomposed_escapes_are_composed)
{
    form_case_read_text(&form, ".json", HEAD "\"sections\":{\"TX01\":\"Kho\\u0301\"}}");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(memcmp(form.report.narratives[0].text.bytes, "Khó", strlen("Khó")), 0);
}

Test(form_json, places_are_those_of_the_keys)
{
    assert_refused("{\n  \"report\": \"tonghop\", \"format\": 1,\n  \"plan\": \"nho-2025\",\n"
                   "  \"obligation\": \"O-1\", \"unit\": \"00123\",\n  \"values\": {\n"
                   "    \"TCD01\": {\"a\": [\"}\\\"\", 1]}, \"TCDO4\": 5,\n    \"PC01\": true\n"
                   "  }\n}\n",
                   "b.json:6:5: lỗi: \"TCD01\" phải là một giá trị đơn");
    cr_assert_not_null(strstr(form.printed, "b.json:6:33: lỗi: không có chỉ tiêu mang mã "
                                            "\"TCDO4\""),
                       "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "b.json:7:5: lỗi: PC01: \"true\""), "%s", form.printed);
}

Test(form_json, repeated_keys_are_refused)
{
    assert_refused(HEAD "\"values\":{\"TCD01\":1,\"TCD01\":2}}", "khóa lặp lại");
    cr_assert_eq(form.status, TH_E_SYNTAX);
    assert_refused(HEAD "\"values\":{\"TCD01\":1,\"TCD\\u00301\":2}}", "khóa lặp lại");
}

Test(form_json, what_is_not_strict_json_is_refused)
{
    static const char *const texts[] = {
        "",
        HEAD "\"values\":{\"TCD01\":1,}}",
        HEAD "\"values\":{TCD01:1}}",
        HEAD "\"values\":{\"TCD01\":+1}}",
        HEAD "\"values\":{\"TCD01\":01}}",
        HEAD "\"x\":NaN}",
        HEAD "\"values\":{}} {}",
        "{\"report\":\"tonghop\" // ghi chú\n}",
        "\"chữ\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        form_case_read_text(&form, ".json", texts[i]);
        cr_assert_eq(form.status, TH_E_SYNTAX, "%s", texts[i]);
    }
    cr_assert_gt(th_problems_total(&form.problems), 0);
}

Test(form_json, exponents_and_grouped_numbers_are_refused)
{
    assert_refused(HEAD "\"values\":{\"TCD01\":1e3}}", "không phải là số");
    assert_refused(HEAD "\"values\":{\"TCD01\":\"1.234\"}}", "viết 1234");
    assert_refused(HEAD "\"values\":{\"TCD01\":99999999999999999999}}", "số quá lớn");
    assert_refused(HEAD "\"values\":{\"BTT09\":1.005}}", "nhiều chữ số thập phân hơn mức cho phép");
}

Test(form_json, hidden_characters_are_refused)
{
    assert_refused(HEAD "\"sections\":{\"TX01\":\"a\\u202eb\"}}", "ký tự cấm");
    assert_refused(HEAD "\"sections\":{\"TX01\":\"a\\u0000b\"}}", "sai cú pháp JSON");
    assert_refused(HEAD "\"a\\u202eb\":1}", "khóa có ký tự cấm");
}

Test(form_json, deep_nesting_is_refused)
{
    char text[8192] = HEAD "\"values\":";
    size_t used = strlen(text);
    memset(text + used, '[', 20);
    memset(text + used + 20, ']', 20);
    memcpy(text + used + 40, "}", 2);
    assert_refused(text, "lồng nhau quá nhiều tầng");
    memset(text + used, '[', 4000);
    text[used + 4000] = 0;
    assert_refused(text, "lồng nhau quá nhiều tầng");
}
