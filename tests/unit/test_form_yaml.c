/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/form_case.h"
#include "tests/support/small_plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEAD "report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-1\nunit: \"00123\"\n"

static struct form_case form;

static void begin(void)
{
    form = form_case_begin();
}

static void end(void)
{
    form_case_end(&form);
}

TestSuite(form_yaml, .init = begin, .fini = end);

static void assert_text(struct th_text text, const char *wanted)
{
    cr_assert_eq(text.size, strlen(wanted), "\"%.*s\"", (int)text.size, text.bytes);
    cr_assert_eq(memcmp(text.bytes, wanted, text.size), 0);
}

static void assert_refused(const char *text, const char *wanted)
{
    form_case_read_text(&form, ".yaml", text);
    cr_assert_lt(form.status, 0);
    cr_assert_not_null(strstr(form.printed, wanted), "%s", form.printed);
}

/* ---- what is read ---- */

Test(form_yaml, figures_of_each_type_are_exact)
{
    form_case_read_text(&form, ".yaml",
                        HEAD "values:\n"
                             "  TCD01: 1234\n  TCD04: \"56\"\n  DB05: 999999999999999\n"
                             "  BTT09: 12.5\n  PC01: 1\n  PC02: 2025-05-09\n  XL01: Tốt\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.values.count, 7);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 1234);
    cr_assert_eq(form_case_value(&form, SMALL_TCD04), 56);
    cr_assert_eq(form_case_value(&form, SMALL_DB05), INT64_C(999999999999999));
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 1250);
    cr_assert_eq(form_case_value(&form, SMALL_PC01), 1);
    cr_assert_eq(form_case_value(&form, SMALL_PC02),
                 th_day_of_date((struct th_civil_date){2025, 5, 9}).number);
    cr_assert_eq(form_case_value(&form, SMALL_XL01), 1);
    assert_text(form.report.plan, "nho-2025");
    assert_text(form.report.obligation, "O-1");
    assert_text(form.report.unit, "00123");
    cr_assert_eq(form.plan, &small_plan);
    cr_assert_eq(form.obligation, &small_plan.obligations[0]);
    cr_assert_eq(form.report.revision, 0);
}

Test(form_yaml, a_decimal_that_binary_floating_point_cannot_hold_is_exact)
{
    form_case_read_text(&form, ".yaml", HEAD "values: {BTT09: 9007199254740993.01}\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), INT64_C(900719925474099301));
}

Test(form_yaml, empty_is_not_reported_and_zero_is)
{
    form_case_read_text(&form, ".yaml",
                        HEAD "values:\n  TCD01:\n  TCD04: 0\n  DB05: ~\n  BTT09: \"\"\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.values.count, 1);
    cr_assert_eq(form_case_value(&form, SMALL_TCD04), 0);
}

Test(form_yaml, numbers_ascend_whatever_the_order_of_the_form)
{
    form_case_read_text(&form, ".yaml", HEAD "values: {PC01: 0, TCD04: 2, TCD01: 5}\n");
    cr_assert_eq(form.status, 0);
    cr_assert_eq(form.report.values.numbers[0], SMALL_TCD01);
    cr_assert_eq(form.report.values.numbers[1], SMALL_TCD04);
    cr_assert_eq(form.report.values.numbers[2], SMALL_PC01);
}

Test(form_yaml, texts_keep_their_lines)
{
    form_case_read_text(&form, ".yaml",
                        HEAD
                        "sections:\n  TX02: |\n    Dòng một.\n    Dòng hai.\n\n  TX01: Ngắn\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.narratives_count, 2);
    cr_assert_eq(form.report.narratives[0].indicator, SMALL_TX01);
    assert_text(form.report.narratives[0].text, "Ngắn");
    assert_text(form.report.narratives[1].text, "Dòng một.\nDòng hai.");
}

Test(form_yaml, windows_line_ends_and_a_byte_order_mark_are_fine)
{
    form_case_read_text(&form, ".yaml",
                        "\xEF\xBB\xBF"
                        "report: tonghop\r\nformat: 1\r\nplan: nho-2025\r\nobligation: O-1\r\n"
                        "unit: \"00123\"\r\nvalues:\r\n  TCD01: 7\r\nsections:\r\n  TX01: |\r\n"
                        "    Một\r\n    Hai\r\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 7);
    assert_text(form.report.narratives[0].text, "Một\nHai");
}

Test(form_yaml, decomposed_text_is_composed)
{
    form_case_read_text(&form, ".yaml",
                        HEAD "values: {XL01: \"To\xCC\x82\xCC\x81t\"}\n"
                             "sections: {TX01: \"Kho\xCC\x81 kha\xCC\x86n\"}\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_XL01), 1);
    assert_text(form.report.narratives[0].text, "Khó khăn");
}

Test(form_yaml, estimates_are_flagged_with_their_day)
{
    form_case_read_text(&form, ".yaml",
                        HEAD "values: {TCD01: 5, TCD04: 3}\nestimated: [TCD04, TCD01]\n"
                             "estimated_to: 2025-06-14\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.estimated_count, 2);
    cr_assert_eq(form.report.estimated[0], SMALL_TCD01);
    cr_assert(form.report.has_estimated_to);
    cr_assert_eq(form.report.estimated_to.number,
                 th_day_of_date((struct th_civil_date){2025, 6, 14}).number);
}

Test(form_yaml, tasks_ascend_and_states_imply_the_percentage)
{
    form_case_read_text(&form, ".yaml",
                        HEAD "tasks:\n"
                             "  - {no: 2, status: Đang làm, percent: 40, note: Còn hai thôn}\n"
                             "  - {no: 1, status: xong}\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.tasks_count, 2);
    cr_assert_eq(form.report.tasks[0].task, 1);
    cr_assert_eq(form.report.tasks[0].status, TH_TASK_DONE);
    cr_assert_eq(form.report.tasks[0].percent, 100);
    cr_assert_eq(form.report.tasks[1].percent, 40);
    assert_text(form.report.tasks[1].note, "Còn hai thôn");
}

Test(form_yaml, english_words_of_states_are_read_too)
{
    form_case_read_text(&form, ".yaml",
                        HEAD "tasks: [{no: 1, status: not_started}, {no: 2, status: "
                             "not_applicable}]\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.tasks[0].status, TH_TASK_NOT_STARTED);
    cr_assert_eq(form.report.tasks[1].status, TH_TASK_NOT_APPLICABLE);
}

Test(form_yaml, models_and_documents_are_read)
{
    form_case_read_text(&form, ".yaml",
                        HEAD "models:\n  - {name: Tổ tự quản, field: An ninh, stage: được công "
                             "nhận, summary: Tốt}\n"
                             "document: {number: 12/BC-UBND, date: 2025-05-08, signer: Nguyễn "
                             "Văn A, title: Chủ tịch}\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.showcases_count, 1);
    assert_text(form.report.showcases[0].name, "Tổ tự quản");
    cr_assert_eq(form.report.showcases[0].stage, TH_SHOWCASE_RECOGNISED);
    cr_assert(form.report.has_document);
    assert_text(form.report.document.number, "12/BC-UBND");
    assert_text(form.report.document.title, "Chủ tịch");
}

Test(form_yaml, an_attachment_is_digested_from_the_folder_of_the_form)
{
    static const uint8_t digest_of_abc[4] = {0xba, 0x78, 0x16, 0xbf};
    form_case_put(&form, "a.PDF", "abc", 3);
    form_case_read_text(&form, ".yaml", HEAD "attachments:\n  - a.PDF\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.attachments_count, 1);
    const struct th_attachment *attachment = &form.report.attachments[0];
    assert_text(attachment->name, "a.PDF");
    assert_text(attachment->media_type, "application/pdf");
    cr_assert_eq(attachment->size, 3);
    cr_assert_eq(memcmp(attachment->digest.bytes, digest_of_abc, 4), 0);
}

Test(form_yaml, an_open_ended_report_has_its_number)
{
    form_case_read_text(&form, ".yaml",
                        "report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-2\n"
                        "unit: \"00123\"\nnumber: 3\nrevision: 2\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.number, 3);
    cr_assert_eq(form.report.revision, 2);
}

Test(form_yaml, an_obligation_that_names_no_indicators_takes_any)
{
    form_case_read_text(&form, ".yaml",
                        "report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-2\n"
                        "unit: \"00123\"\nnumber: 1\nvalues: {KHAC: 3}\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_KHAC), 3);
    assert_refused("report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-2\n"
                   "unit: \"00123\"\nnumber: 1\nvalues: {TL01: 3, KHACC: 1}\n",
                   "có phải là KHAC?");
    cr_assert_not_null(strstr(form.printed, "tự tính"));
}

Test(form_yaml, places_name_the_line_of_a_field_or_of_what_holds_it)
{
    form_case_read_text(&form, ".yaml",
                        HEAD "values:\n  TCD01: 5\ntasks:\n  - no: 2\n    status: xong\n"
                             "    percent: 100\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(th_form_places_find(&form.places, "value.TCD01")->line, 7);
    cr_assert_eq(th_form_places_find(&form.places, "task.2.percent")->line, 11);
    cr_assert_eq(th_form_places_find(&form.places, "value.TCD04")->line, 7); /* the map */
    cr_assert_null(th_form_places_find(&form.places, "document"));
}

/* ---- what is refused ---- */

Test(form_yaml, every_problem_is_told_at_once_with_its_line)
{
    assert_refused("report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-1\nunit: \"99999\"\n"
                   "values:\n  TCD1: 5\n  PC01: có\n  PC02: 9/5/2025\n",
                   "b.yaml:5:7: lỗi: biểu này của đơn vị khác: \"99999\"");
    cr_assert_eq(form.status, TH_E_INVALID);
    cr_assert_eq(th_problems_total(&form.problems), 4, "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "b.yaml:7:"), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "có phải là TCD01?"), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "ghi 1 khi đã có"), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "viết năm-tháng-ngày"), "%s", form.printed);
}

Test(form_yaml, a_misspelt_key_gets_the_nearest_one)
{
    assert_refused(HEAD "value: {TCD01: 5}\n", "có phải là \"values\"?");
}

Test(form_yaml, an_indicator_that_is_not_asked_is_refused)
{
    assert_refused(HEAD "values: {KHAC: 5}\n", "không hỏi đơn vị chỉ tiêu KHAC");
}

Test(form_yaml, a_derived_indicator_is_not_filled_in)
{
    assert_refused(HEAD "values: {TL01: 5}\n", "được tự tính, không điền");
}

Test(form_yaml, an_enum_without_values_is_not_asked)
{
    assert_refused(HEAD "values: {XL02: Tốt}\n", "chưa được hỏi");
}

Test(form_yaml, an_unknown_grade_is_refused_with_the_grades)
{
    assert_refused(HEAD "values: {XL01: Kém}\n", "chọn một trong: Xuất sắc, Tốt, Khá");
}

Test(form_yaml, a_grouped_number_is_refused_with_its_plain_form)
{
    assert_refused(HEAD "values: {TCD01: 1.234}\n", "viết 1234");
    cr_assert_eq(form.status, TH_E_INVALID);
}

Test(form_yaml, a_decimal_comma_is_refused_with_its_plain_form)
{
    assert_refused(HEAD "values: {BTT09: \"1.234,5\"}\n", "viết 1234.50");
}

Test(form_yaml, more_decimals_than_the_scale_are_refused)
{
    assert_refused(HEAD "values: {BTT09: 1.005}\n", "nhiều chữ số thập phân hơn mức cho phép");
}

Test(form_yaml, numbers_in_other_notations_are_refused)
{
    static const char *const numbers[] = {"1e3",  "0x10", "1_000",
                                          ".inf", "abc",  "99999999999999999999"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, HEAD "values: {TCD01: %s}\n", numbers[i]);
        form_case_read_text(&form, ".yaml", text);
        cr_assert_eq(form.status, TH_E_INVALID, "%s", numbers[i]);
    }
}

Test(form_yaml, a_text_among_the_figures_is_refused)
{
    assert_refused(HEAD "values: {TX01: Tốt}\n", "chuyển dòng này xuống phần sections");
}

Test(form_yaml, a_figure_among_the_texts_is_refused)
{
    assert_refused(HEAD "sections: {TCD01: Tốt}\n", "chuyển dòng này lên phần values");
}

Test(form_yaml, a_repeated_code_is_refused)
{
    assert_refused(HEAD "values:\n  TCD01: 5\n  TCD01: 6\n", "lặp lại");
}

Test(form_yaml, an_estimate_without_a_value_is_refused)
{
    assert_refused(HEAD "values: {TCD01: 5}\nestimated: [TCD04]\n", "chưa có giá trị");
}

Test(form_yaml, an_estimate_said_twice_is_refused)
{
    assert_refused(HEAD "values: {TCD01: 5}\nestimated: [TCD01, TCD01]\n", "TCD01 lặp lại");
}

Test(form_yaml, a_wrong_plan_or_obligation_names_those_there_are)
{
    assert_refused("report: tonghop\nformat: 1\nplan: nho-2024\nobligation: O-1\nunit: \"00123\"\n",
                   "có phải là nho-2025?");
    assert_refused("report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-99x\n"
                   "unit: \"00123\"\n",
                   "có: O-1, O-2");
}

Test(form_yaml, an_obligation_of_others_is_refused)
{
    assert_refused("report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-3\nunit: \"00123\"\n",
                   "không thuộc diện báo cáo");
}

Test(form_yaml, another_obligation_than_the_command_says_is_refused)
{
    static const struct th_plan *const plans[] = {&small_plan};
    struct th_form_context context = {.plans = plans,
                                      .plans_count = 1,
                                      .unit = &small_commune,
                                      .plan = &small_plan,
                                      .obligation = &small_plan.obligations[1]};
    form_case_put(&form, "c.yaml", HEAD, strlen(HEAD));
    (void)snprintf(form.path, sizeof form.path, "%s/c.yaml", form.folder);
    form_case_read_with(&form, form.path, &context);
    cr_assert_eq(form.status, TH_E_INVALID);
    cr_assert_not_null(strstr(form.printed, "biểu ghi nghĩa vụ O-1, lệnh ghi O-2"));
}

Test(form_yaml, plan_and_obligation_of_the_command_stand_for_missing_ones)
{
    static const struct th_plan *const plans[] = {&small_plan};
    struct th_form_context context = {.plans = plans,
                                      .plans_count = 1,
                                      .unit = &small_commune,
                                      .plan = &small_plan,
                                      .obligation = &small_plan.obligations[0]};
    const char *text = "report: tonghop\nformat: 1\nunit: \"00123\"\nvalues: {TCD01: 1}\n";
    form_case_put(&form, "c.yaml", text, strlen(text));
    (void)snprintf(form.path, sizeof form.path, "%s/c.yaml", form.folder);
    form_case_read_with(&form, form.path, &context);
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 1);
}

Test(form_yaml, missing_identity_is_refused)
{
    assert_refused("values: {TCD01: 5}\n", "thiếu \"plan\"");
    cr_assert_eq(form_case_count(&form, "thiếu \""), 4, "%s", form.printed);
}

Test(form_yaml, bad_tasks_are_refused)
{
    assert_refused(HEAD "tasks:\n  - {no: 9, status: xong}\n  - {no: 1, status: gần xong}\n"
                        "  - {no: 2, status: đang làm}\n  - {status: xong}\n",
                   "kế hoạch không có nhiệm vụ số 9");
    cr_assert_eq(th_problems_total(&form.problems), 4, "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "chưa làm, đang làm, xong, không áp dụng"));
    assert_refused(HEAD "tasks: [{no: 1, status: xong}, {no: 1, status: xong}]\n",
                   "nhiệm vụ 1 lặp lại");
    assert_refused(HEAD "tasks: [{no: 1, status: đang làm, percent: 101}]\n", "từ 0 đến 100");
}

Test(form_yaml, a_document_is_whole_or_absent)
{
    assert_refused(HEAD "document: {number: 12/BC}\n", "văn bản thiếu \"signer\"");
    cr_assert_eq(form_case_count(&form, "văn bản thiếu"), 3, "%s", form.printed);
}

Test(form_yaml, an_attachment_that_is_not_there_is_refused)
{
    assert_refused(HEAD "attachments: [khong-co.pdf]\n", "không đọc được tệp đính kèm");
    assert_refused(HEAD "attachments: [.]\n", "không đọc được tệp đính kèm");
}

Test(form_yaml, numbers_and_revisions_have_their_range)
{
    assert_refused(HEAD "revision: 0\n", "từ 1 đến 9999");
    assert_refused(HEAD "number: 1\n", "chỉ có một báo cáo");
    assert_refused("report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-2\n"
                   "unit: \"00123\"\n",
                   "cần số thứ tự");
}

Test(form_yaml, a_form_of_something_else_is_refused)
{
    assert_refused("- 1\n- 2\n", "biểu phải là bảng khóa và giá trị");
    assert_refused(HEAD "values: [1, 2]\n", "\"values\" phải là bảng khóa và giá trị");
    assert_refused(HEAD "values: {TCD01: [5]}\n", "\"TCD01\" phải là một giá trị đơn");
    assert_refused("report: khac\nformat: 2\nplan: nho-2025\nobligation: O-1\nunit: \"00123\"\n",
                   "chưa biết phiên bản biểu này");
}

/* ---- hostile files ---- */

Test(form_yaml, aliases_tags_and_a_second_document_are_refused)
{
    assert_refused(HEAD "values: &a {TCD01: 5}\nsections: *a\n", "không dùng neo");
    cr_assert_eq(form.status, TH_E_SYNTAX);
    assert_refused(HEAD "values: !!map {TCD01: 5}\n", "không dùng thẻ");
    assert_refused(HEAD "---\n" HEAD, "hơn một tài liệu");
}

Test(form_yaml, an_empty_block_does_not_swallow_what_follows)
{
    assert_refused(HEAD "sections:\n  TX01: |\n\n  TX02: |\n    Thiếu người.\n",
                   "không có chữ nào thụt vào dưới dấu |");
    cr_assert_eq(form.status, TH_E_SYNTAX);
}

Test(form_yaml, deep_nesting_is_refused)
{
    char text[4096] = HEAD "values: ";
    size_t used = strlen(text);
    memset(text + used, '[', 1000);
    text[used + 1000] = 0;
    assert_refused(text, "lồng nhau quá nhiều tầng");
    memset(text + used, 0, 1000);
    memset(text + used, '[', 20);
    memset(text + used + 20, ']', 20);
    assert_refused(text, "lồng nhau quá nhiều tầng");
}

Test(form_yaml, a_file_over_the_limit_is_refused)
{
    size_t size = TH_FORM_SIZE_MAX + 1;
    char *bytes = malloc(size);
    cr_assert_not_null(bytes);
    memset(bytes, '#', size);
    form_case_read(&form, ".yaml", bytes, size);
    free(bytes);
    cr_assert_eq(form.status, TH_E_LIMIT);
    cr_assert_not_null(strstr(form.printed, "lớn hơn 1 MiB"));
}

Test(form_yaml, too_many_entries_are_refused)
{
    size_t size = TH_FORM_SIZE_MAX - 1024, used = 0;
    char *bytes = malloc(size + 64);
    cr_assert_not_null(bytes);
    used += (size_t)sprintf(bytes, HEAD "values:\n");
    for (unsigned i = 0; used < size; i++)
        used += (size_t)sprintf(bytes + used, "  X%u: 1\n", i);
    form_case_read(&form, ".yaml", bytes, used);
    free(bytes);
    cr_assert_eq(form.status, TH_E_LIMIT, "%s", form.printed);
}

Test(form_yaml, many_bad_codes_stay_a_bounded_list)
{
    size_t used = 0;
    char *bytes = malloc(600000);
    cr_assert_not_null(bytes);
    used += (size_t)sprintf(bytes, HEAD "values:\n");
    for (unsigned i = 0; i < 19000; i++)
        used += (size_t)sprintf(bytes + used, "  X%u: 1\n", i);
    form_case_read(&form, ".yaml", bytes, used);
    free(bytes);
    cr_assert_eq(form.status, TH_E_INVALID);
    cr_assert_eq(form.problems.count, TH_PROBLEMS_MAX);
    cr_assert_eq(th_problems_total(&form.problems), 19000);
}

Test(form_yaml, a_long_narrative_is_refused)
{
    char *bytes = malloc(40000);
    cr_assert_not_null(bytes);
    size_t used = (size_t)sprintf(bytes, HEAD "sections: {TX01: \"");
    memset(bytes + used, 'a', TH_LIMIT_NARRATIVE_SIZE_MAX + 1);
    used += TH_LIMIT_NARRATIVE_SIZE_MAX + 1;
    used += (size_t)sprintf(bytes + used, "\"}\n");
    form_case_read(&form, ".yaml", bytes, used);
    free(bytes);
    cr_assert_eq(form.status, TH_E_INVALID);
    cr_assert_not_null(strstr(form.printed, "viết ngắn lại"), "%s", form.printed);
}

Test(form_yaml, a_report_that_is_too_long_as_a_whole_is_refused)
{
    char *bytes = malloc(400000);
    cr_assert_not_null(bytes);
    size_t used = (size_t)sprintf(bytes, HEAD "models:\n");
    for (unsigned i = 0; i < 80; i++) {
        used += (size_t)sprintf(bytes + used, "  - {name: a, field: b, stage: ended, summary: \"");
        memset(bytes + used, 'a', TH_LIMIT_NOTE_SIZE_MAX);
        used += TH_LIMIT_NOTE_SIZE_MAX;
        used += (size_t)sprintf(bytes + used, "\"}\n");
    }
    form_case_read(&form, ".yaml", bytes, used);
    free(bytes);
    cr_assert_eq(form.status, TH_E_INVALID);
    cr_assert_not_null(strstr(form.printed, "cả báo cáo dài"), "%s", form.printed);
}

Test(form_yaml, without_memory_the_reader_says_so)
{
    for (size_t budget = 256; budget < 20000; budget += 997) {
        th_arena_deinit(&form.arena);
        th_arena_init(&form.arena, 256, budget);
        form_case_read_text(&form, ".yaml", HEAD "values: {TCD01: 5, TCD04: 2}\n");
        cr_assert(form.status == TH_E_NO_MEMORY || form.status == 0, "%d", form.status);
        cr_assert_eq(th_problems_total(&form.problems), 0);
    }
    cr_assert_eq(form.status, 0);
}

Test(form_yaml, a_missing_file_or_an_unknown_ending_is_refused)
{
    static const struct th_plan *const plans[] = {&small_plan};
    struct th_form_context context = {.plans = plans, .plans_count = 1, .unit = &small_commune};
    form_case_read_with(&form, "/tmp/khong-co-that.yaml", &context);
    cr_assert_eq(form.status, TH_E_NOT_FOUND);
    form_case_read_text(&form, ".docx", "report: tonghop\n");
    cr_assert_eq(form.status, TH_E_INVALID);
    cr_assert_not_null(strstr(form.printed, "hoặc .xlsx"), "%s", form.printed);
}

Test(form_yaml, a_form_may_not_be_a_folder_or_a_device)
{
    static const struct th_plan *const plans[] = {&small_plan};
    struct th_form_context context = {.plans = plans, .plans_count = 1, .unit = &small_commune};
    (void)snprintf(form.path, sizeof form.path, "%s/x.yaml", form.folder);
    cr_assert_eq(mkfifo(form.path, 0600), 0);
    form_case_read_with(&form, form.path, &context);
    cr_assert_eq(form.status, TH_E_INVALID);
}
