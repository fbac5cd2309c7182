/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/form_case.h"
#include "tests/support/small_plan.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "mã;tên;đơn vị tính;giá trị;ước\r\n#plan;;;nho-2025;\r\n#obligation;;;O-1;\r\n"   \
    "#unit;;;00123;\r\n"

static struct form_case form;

static void begin(void)
{
    form = form_case_begin();
}

static void end(void)
{
    form_case_end(&form);
}

TestSuite(form_csv, .init = begin, .fini = end);

static void assert_text(struct th_text text, const char *wanted)
{
    cr_assert_eq(text.size, strlen(wanted), "\"%.*s\"", (int)text.size, text.bytes);
    cr_assert_eq(memcmp(text.bytes, wanted, text.size), 0);
}

static void assert_refused(const char *text, const char *wanted)
{
    form_case_read_text(&form, ".csv", text);
    cr_assert_lt(form.status, 0);
    cr_assert_not_null(strstr(form.printed, wanted), "%s", form.printed);
}

Test(form_csv, a_sheet_of_vietnamese_excel_is_read)
{
    form_case_read_text(&form, ".csv",
                        "\xEF\xBB\xBF" HEAD ";2. Tiếp công dân;;;\r\n"
                        "TCD01;Tổng số lượt tiếp;lượt;1.234;x\r\n"
                        "TCD04;\"Tiếp; thường xuyên\";lượt; 1.234.567 ;\r\n"
                        "DB05;;đồng;12.345.678.900;\r\n"
                        "BTT09;;m2;1.234,5;\r\n"
                        "PC01;;;1;\r\nPC02;;;2025-05-09;\r\nXL01;;;xuất sắc;\r\n"
                        "TX01;;;\"Dòng \"\"một\"\"\r\nDòng hai\";\r\n"
                        "#estimated_to;;;2025-06-14;\r\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 1234);
    cr_assert_eq(form_case_value(&form, SMALL_TCD04), 1234567);
    cr_assert_eq(form_case_value(&form, SMALL_DB05), INT64_C(12345678900));
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 123450);
    cr_assert_eq(form_case_value(&form, SMALL_XL01), 0);
    assert_text(form.report.narratives[0].text, "Dòng \"một\"\nDòng hai");
    cr_assert_eq(form.report.estimated_count, 1);
    cr_assert_eq(form.report.estimated[0], SMALL_TCD01);
    cr_assert(form.report.has_estimated_to);
}

Test(form_csv, an_empty_cell_is_not_reported)
{
    form_case_read_text(&form, ".csv", HEAD "TCD01;;;;\r\nTCD04;;;0;\r\nDB05\r\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.values.count, 1);
    cr_assert_eq(form_case_value(&form, SMALL_TCD04), 0);
}

Test(form_csv, a_whole_number_with_one_group_has_one_reading)
{
    form_case_read_text(&form, ".csv", HEAD "TCD01;;;1.234;\r\nTCD04;;;1,234;\r\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 1234);
    cr_assert_eq(form_case_value(&form, SMALL_TCD04), 1234);
}

Test(form_csv, a_number_with_two_readings_is_refused_with_both)
{
    assert_refused(HEAD "BTT09;;;1.234;\r\n", "b.csv:5:9: lỗi: BTT09: \"1.234\" có hai cách đọc: "
                                              "1234 hoặc 1,234");
    cr_assert_eq(form.status, TH_E_AMBIGUOUS);
    cr_assert_not_null(strstr(form.printed, "viết liền 1234"), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "1,2340"), "%s", form.printed);
    assert_refused(HEAD "BTT09;;;12,345;\r\n", "12,345 hoặc 12345");
}

Test(form_csv, what_the_hint_proposes_is_read)
{
    form_case_read_text(&form, ".csv", HEAD "BTT09;;;1,2300;\r\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 123);
}

Test(form_csv, an_ambiguous_number_beside_other_problems_is_invalid)
{
    assert_refused(HEAD "BTT09;;;1.234;\r\nTCD01;;;x;\r\n", "không phải là số");
    cr_assert_eq(form.status, TH_E_INVALID);
}

Test(form_csv, a_day_with_one_reading_is_read_and_with_two_is_refused)
{
    form_case_read_text(&form, ".csv", HEAD "PC02;;;20/5/2025;\r\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_PC02),
                 th_day_of_date((struct th_civil_date){2025, 5, 20}).number);
    form_case_read_text(&form, ".csv", HEAD "PC02;;;05/05/2025;\r\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    assert_refused(HEAD "PC02;;;9/5/2025;\r\n", "hai cách đọc: 2025-05-09 hoặc 2025-09-05");
    cr_assert_eq(form.status, TH_E_AMBIGUOUS);
    assert_refused(HEAD "PC02;;;31/2/2025;\r\n", "không phải là ngày");
    assert_refused(HEAD "PC02;;;9/5/25;\r\n", "không phải là ngày");
}

Test(form_csv, zeros_that_a_spreadsheet_took_from_the_unit_are_forgiven)
{
    const char *head = "mã;giá trị\n#plan;nho-2025\n#obligation;O-1\n#unit;123\nTCD01;5\n";
    form_case_read_text(&form, ".csv", head);
    cr_assert_eq(form.status, 0, "%s", form.printed);
    assert_refused("mã;giá trị\n#plan;nho-2025\n#obligation;O-1\n#unit;1230\n", "của đơn vị khác");
}

Test(form_csv, commas_and_tabs_between_cells_are_read_too)
{
    form_case_read_text(&form, ".csv",
                        "mã,giá trị\n#plan,nho-2025\n#obligation,O-1\nBTT09,\"1.234,5\"\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 123450);
    form_case_read_text(&form, ".csv",
                        "Mã\tGiá trị\n#plan\tnho-2025\n#obligation\tO-1\nBTT09\t1.234,5\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 123450);
}

Test(form_csv, decomposed_text_is_composed)
{
    form_case_read_text(&form, ".csv",
                        "ma\xCC\x83;gia\xCC\x81 tri\xCC\xA3\n#plan;nho-2025\n#obligation;O-1\n"
                        "TX01;Kho\xCC\x81\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    assert_text(form.report.narratives[0].text, "Khó");
}

Test(form_csv, tasks_models_documents_and_attachments_are_rows)
{
    form_case_put(&form, "a.txt", "abc", 3);
    form_case_read_text(&form, ".csv",
                        HEAD "#task.2.status;;;đang làm;\r\n#task.2.percent;;;40;\r\n"
                             "#task.1.status;;;xong;\r\n"
                             "#model.1.name;;;Tổ tự quản;\r\n#model.1.field;;;An ninh;\r\n"
                             "#model.1.stage;;;kết thúc;\r\n#document.number;;;12/BC;\r\n"
                             "#document.date;;;20/5/2025;\r\n#document.signer;;;A;\r\n"
                             "#document.title;;;Chủ tịch;\r\n#attachment;;;a.txt;\r\n");
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form.report.tasks_count, 2);
    cr_assert_eq(form.report.tasks[1].percent, 40);
    cr_assert_eq(form.report.showcases_count, 1);
    cr_assert_eq(form.report.showcases[0].stage, TH_SHOWCASE_ENDED);
    cr_assert(form.report.has_document);
    cr_assert_eq(form.report.attachments_count, 1);
}

Test(form_csv, places_hold_after_a_cell_of_several_lines)
{
    assert_refused(HEAD "TX01;;;\"một\nhai\nba\";\r\n\r\nTCD01;tên;lượt;x;\r\n",
                   "b.csv:9:16: lỗi: TCD01: \"x\" không phải là số");
}

/* ---- what is refused ---- */

Test(form_csv, utf16_and_other_encodings_are_refused_with_what_to_do)
{
    form_case_read(&form, ".csv", "\xFF\xFEm\0\xE3\0;\0", 8);
    cr_assert_eq(form.status, TH_E_SYNTAX);
    cr_assert_not_null(strstr(form.printed, "UTF-16"), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "CSV UTF-8"), "%s", form.printed);
    assert_refused("m\xE3;gi\xE1 tr\xB8\n", "không phải UTF-8");
    assert_refused("PK\x03\x04xxxx", "tệp Excel hỏng");
}

Test(form_csv, a_header_that_lost_its_letters_is_refused)
{
    assert_refused("m?;t?n;??n v? t?nh;gi? tr?;??c\nTCD01;;;5;\n", "cột \"m?\" lạ");
    assert_refused("mã;tên\nTCD01;x\n", "thiếu cột \"giá trị\"");
    assert_refused("", "tệp không có nội dung");
}

Test(form_csv, bad_rows_are_all_told)
{
    assert_refused(HEAD ";;;5;\r\nTCD01;;;5;\r\nTCD01;;;6;\r\nTCD04;;;7;có\r\nDB05;;;8;;thừa\r\n"
                        "TCD05;;;1;\r\n#lạ;;;1;\r\nTL01;;;1;\r\n",
                   "có giá trị nhưng không có mã");
    cr_assert_not_null(strstr(form.printed, "mã \"TCD01\" lặp lại"), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "cột ước của TCD04"), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "b.csv:9:11: lỗi: ô nằm ngoài các cột"), "%s",
                       form.printed);
    cr_assert_not_null(strstr(form.printed, "có phải là TCD0"), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "không có khóa \"lạ\""), "%s", form.printed);
    cr_assert_not_null(strstr(form.printed, "tự tính"), "%s", form.printed);
    cr_assert_eq(th_problems_total(&form.problems), 7, "%s", form.printed);
}

Test(form_csv, an_open_quote_is_refused)
{
    assert_refused(HEAD "TX01;;;\"một\r\nTCD01;;;5;\r\n", "b.csv:5:8: lỗi: dấu \" mở ở đây");
    assert_refused(HEAD "TX01;;;mộ\"t;\r\n", "sai cú pháp CSV");
}

Test(form_csv, without_plan_rows_the_command_says_which)
{
    static const struct th_plan *const plans[] = {&small_plan};
    struct th_form_context context = {.plans = plans,
                                      .plans_count = 1,
                                      .unit = &small_commune,
                                      .plan = &small_plan,
                                      .obligation = &small_plan.obligations[0]};
    form_case_put(&form, "c.csv", "mã;giá trị\nTCD01;5\n", strlen("mã;giá trị\nTCD01;5\n"));
    (void)snprintf(form.path, sizeof form.path, "%s/c.csv", form.folder);
    form_case_read_with(&form, form.path, &context);
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 5);
}

Test(form_csv, too_many_rows_or_cells_are_refused)
{
    char *bytes = malloc(TH_FORM_SIZE_MAX);
    cr_assert_not_null(bytes);
    size_t used = (size_t)sprintf(bytes, HEAD);
    for (unsigned i = 0; i < 6000; i++)
        used += (size_t)sprintf(bytes + used, "X%u;;;1;\n", i);
    form_case_read(&form, ".csv", bytes, used);
    cr_assert_lt(form.status, 0);
    used = (size_t)sprintf(bytes, HEAD "TCD01");
    memset(bytes + used, ';', 500000);
    form_case_read(&form, ".csv", bytes, used + 500000);
    free(bytes);
    cr_assert_eq(form.status, TH_E_SYNTAX);
    cr_assert_eq(form.problems.count, TH_PROBLEMS_MAX);
}
