/* SPDX-License-Identifier: Apache-2.0 */
/* A workbook form filled in, spoiled and forged, cell by cell. */
#include "tests/support/form_case.h"
#include "tests/support/small_plan.h"
#include "tests/support/workbook_case.h"

#include "proto/form/workbook.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sheets in the order of the file, and rows of the small plan's form. */
enum { FIGURES = 1, RULES, IDENTITY, TEXTS, TASKS, MODELS, GENERAL };
#define DB05  "E9"
#define BTT09 "E10"
#define PC01  "E11"
#define PC02  "E12"
#define TCD01 "E14"
#define TCD04 "E15"
#define XL01  "E18"

#define TEXT(text) " t=\"inlineStr\"", "<is><t xml:space=\"preserve\">" text "</t></is>"

static struct form_case form;
static struct workbook_case book;

static struct workbook_case blank_book(const struct th_unit *unit)
{
    struct workbook_case made = {NULL, 0};
    made.bytes =
        form_case_template(TH_FORM_XLSX, &small_plan, &small_plan.obligations[0], unit, &made.size);
    return made;
}

static void begin(void)
{
    form = form_case_begin();
    book = blank_book(&small_commune);
}

static void end(void)
{
    workbook_case_end(&book);
    form_case_end(&form);
}

TestSuite(form_xlsx, .init = begin, .fini = end);

static void fill(const char *cell, const char *value)
{
    char inside[64];
    (void)snprintf(inside, sizeof inside, "<v>%s</v>", value);
    workbook_case_set(&book, FIGURES, cell, "", inside);
}

static void read_book(void)
{
    form_case_read(&form, ".xlsx", book.bytes, book.size);
}

static void assert_good(void)
{
    read_book();
    cr_assert_eq(form.status, 0, "%s", form.printed);
}

static void assert_told(const char *wanted)
{
    read_book();
    cr_assert_lt(form.status, 0);
    cr_assert_not_null(strstr(form.printed, wanted), "%s", form.printed);
}

/* Another one of the problems of the last reading. */
static void assert_told_too(const char *wanted)
{
    cr_assert_not_null(strstr(form.printed, wanted), "%s", form.printed);
}

static void assert_text(struct th_text text, const char *wanted)
{
    cr_assert_eq(text.size, strlen(wanted), "\"%.*s\"", (int)text.size, text.bytes);
    cr_assert_eq(memcmp(text.bytes, wanted, text.size), 0);
}

/* ---- what is read ---- */

Test(form_xlsx, an_untouched_form_is_an_empty_report)
{
    assert_good();
    cr_assert_eq(form.report.values.count, 0);
    cr_assert_eq(form.report.estimated_count, 0);
    cr_assert_eq(form.report.narratives_count, 0);
    cr_assert_eq(form.report.tasks_count, 0);
    cr_assert_eq(form.report.showcases_count, 0);
    cr_assert_eq(form.report.attachments_count, 0);
    cr_assert_not(form.report.has_document);
    cr_assert_eq(form.obligation, &small_plan.obligations[0]);
}

Test(form_xlsx, a_filled_form_is_read)
{
    fill(DB05, "12345678900");
    fill(BTT09, "1234.5");
    fill(PC01, "1");
    fill(PC02, "45786");
    fill(TCD01, "1.234E3");
    workbook_case_set(&book, FIGURES, XL01, TEXT("Khá"));
    workbook_case_set(&book, FIGURES, "F14", TEXT("x"));
    workbook_case_set(&book, TEXTS, "C9", TEXT("Dòng một\nDòng_x000D_\nba"));
    workbook_case_set(&book, TASKS, "C9", TEXT("đang làm"));
    workbook_case_set(&book, TASKS, "D9", "", "<v>60</v>");
    workbook_case_set(&book, MODELS, "B8", TEXT("Tổ dân vận"));
    workbook_case_set(&book, MODELS, "C8", TEXT("Kinh tế"));
    workbook_case_set(&book, MODELS, "D8", TEXT("đăng ký"));
    workbook_case_set(&book, GENERAL, "C8", "", "<v>2</v>");
    workbook_case_set(&book, GENERAL, "C9", "", "<v>45822</v>");
    workbook_case_set(&book, GENERAL, "C10", TEXT("12/BC-UBND"));
    workbook_case_set(&book, GENERAL, "C11", "", "<v>45786</v>");
    workbook_case_set(&book, GENERAL, "C12", TEXT("Nguyễn Văn A"));
    workbook_case_set(&book, GENERAL, "C13", TEXT("Chủ tịch"));
    assert_good();
    cr_assert_eq(form.report.values.count, 6);
    cr_assert_eq(form_case_value(&form, SMALL_DB05), INT64_C(12345678900));
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 123450);
    cr_assert_eq(form_case_value(&form, SMALL_PC01), 1);
    cr_assert_eq(form_case_value(&form, SMALL_PC02),
                 th_day_of_date((struct th_civil_date){2025, 5, 9}).number);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 1234);
    cr_assert_eq(form_case_value(&form, SMALL_XL01), 2);
    cr_assert_eq(form.report.estimated_count, 1);
    cr_assert_eq(form.report.estimated[0], SMALL_TCD01);
    cr_assert(form.report.has_estimated_to);
    cr_assert_eq(form.report.narratives_count, 1);
    assert_text(form.report.narratives[0].text, "Dòng một\nDòng\nba");
    cr_assert_eq(form.report.tasks_count, 1);
    cr_assert_eq(form.report.tasks[0].task, 2);
    cr_assert_eq(form.report.tasks[0].percent, 60);
    cr_assert_eq(form.report.showcases_count, 1);
    assert_text(form.report.showcases[0].name, "Tổ dân vận");
    cr_assert_eq(form.report.revision, 2);
    cr_assert(form.report.has_document);
    assert_text(form.report.document.number, "12/BC-UBND");
}

Test(form_xlsx, the_content_decides_and_not_the_name)
{
    fill(TCD01, "5");
    form_case_read(&form, ".csv", book.bytes, book.size);
    cr_assert_eq(form.status, 0, "%s", form.printed);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 5);
    form_case_read_text(&form, ".xlsx", "report: tonghop\n");
    cr_assert_eq(form.status, TH_E_SYNTAX);
    cr_assert_not_null(strstr(form.printed, "không phải là tệp Excel"), "%s", form.printed);
}

Test(form_xlsx, figures_come_from_the_characters_and_not_from_doubles)
{
    fill(BTT09, "1234.5600000000001");
    fill(DB05, "999999999999999");
    assert_good();
    cr_assert_eq(form_case_value(&form, SMALL_BTT09), 123456);
    cr_assert_eq(form_case_value(&form, SMALL_DB05), INT64_C(999999999999999));
}

Test(form_xlsx, shared_strings_formulas_and_truths_are_read)
{
    workbook_case_replace(&book, "xl/sharedStrings.xml", "</sst>",
                          "<si><r><t>Xuất </t></r><r><t>sắc</t></r><rPh sb=\"0\" eb=\"1\"><t>zz"
                          "</t></rPh></si></sst>");
    char *strings = workbook_case_get(&book, "xl/sharedStrings.xml"), number[48];
    int count = -1;
    for (const char *at = strings; (at = strstr(at, "<si>")) != NULL; at++)
        count++;
    free(strings);
    (void)snprintf(number, sizeof number, "<v>%d</v>", count);
    workbook_case_set(&book, FIGURES, XL01, " t=\"s\"", number);
    workbook_case_set(&book, FIGURES, TCD01, "", "<f>2+3</f><v>5</v>");
    workbook_case_set(&book, FIGURES, PC01, " t=\"b\"", "<v>1</v>");
    workbook_case_set(&book, FIGURES, PC02, " t=\"d\"", "<v>2025-05-09T00:00:00</v>");
    assert_good();
    cr_assert_eq(form_case_value(&form, SMALL_XL01), 0);
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 5);
    cr_assert_eq(form_case_value(&form, SMALL_PC01), 1);
    cr_assert_eq(form_case_value(&form, SMALL_PC02), 20217);
}

Test(form_xlsx, days_counted_from_1904_are_read)
{
    workbook_case_replace(&book, "xl/workbook.xml", "<workbookPr", "<workbookPr date1904=\"1\"");
    fill(PC02, "44324");
    assert_good();
    cr_assert_eq(form_case_value(&form, SMALL_PC02), 20217);
}

Test(form_xlsx, places_are_named_for_the_rules_that_come_later)
{
    fill(TCD01, "5");
    assert_good();
    const struct th_form_place *place = th_form_places_find(&form.places, "value.TCD01");
    cr_assert_not_null(place);
    cr_assert_str_eq(place->cell, "Số liệu!E14");
}

/* One figure of the small plan in both forms. */
static void put_random(uint64_t random, const char *code, const char *cell, const char *mark,
                       unsigned scale, char *values, char *estimated)
{
    char plain[32], line[64];
    int64_t value = (int64_t)(random >> (20 + random % 30)) % INT64_C(100000000000000);
    if (random % 4 == 0)
        return;
    if (scale == 0)
        (void)snprintf(plain, sizeof plain, "%lld", (long long)value);
    else
        (void)snprintf(plain, sizeof plain, "%lld.%02lld", (long long)(value / 100),
                       (long long)(value % 100));
    (void)snprintf(line, sizeof line, "  %s: %s\n", code, plain);
    strcat(values, line);
    if (random % 3 == 0)
        (void)snprintf(plain, sizeof plain, "%.17g", strtod(plain, NULL)); /* as Excel saves it */
    fill(cell, plain);
    if (random % 5 != 0)
        return;
    workbook_case_set(&book, FIGURES, mark, TEXT("x"));
    (void)snprintf(line, sizeof line, "%s%s", estimated[0] == 0 ? "" : ", ", code);
    strcat(estimated, line);
}

Test(form_xlsx, any_report_is_the_same_as_from_yaml)
{
    static const struct {
        const char *code, *cell, *mark;
        unsigned scale;
    } places[] = {{"DB05", DB05, "F9", 0},
                  {"BTT09", BTT09, "F10", 2},
                  {"TCD01", TCD01, "F14", 0},
                  {"TCD04", TCD04, "F15", 0}};
    uint64_t state = 7;
    for (int round = 0; round < 60; round++) {
        char values[512] = "", estimated[128] = "", yaml[1024];
        workbook_case_end(&book);
        book = blank_book(&small_commune);
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            put_random(state >> 3, places[i].code, places[i].cell, places[i].mark, places[i].scale,
                       values, estimated);
        }
        (void)snprintf(yaml, sizeof yaml,
                       "report: tonghop\nformat: 1\nplan: nho-2025\nobligation: O-1\n"
                       "unit: \"00123\"\nvalues:\n%sestimated: [%s]\n",
                       values, estimated);
        assert_good();
        struct th_report report = form.report;
        form_case_read_text(&form, ".yaml", yaml);
        cr_assert_eq(form.status, 0, "%s\n%s", form.printed, yaml);
        cr_assert_eq(report.values.count, form.report.values.count, "%s", yaml);
        cr_assert_eq(report.estimated_count, form.report.estimated_count, "%s", yaml);
        for (size_t i = 0; i < report.values.count; i++) {
            cr_assert_eq(report.values.numbers[i], form.report.values.numbers[i]);
            cr_assert_eq(report.values.values[i], form.report.values.values[i], "%s", yaml);
        }
        for (size_t i = 0; i < report.estimated_count; i++)
            cr_assert_eq(report.estimated[i], form.report.estimated[i]);
    }
}

/* ---- cells that are not what they should be ---- */

Test(form_xlsx, text_in_a_number_cell_is_named)
{
    static const char *const texts[][2] = {{TEXT("1.234")}, {TEXT("1,5")}, {TEXT("12 văn bản")}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        workbook_case_set(&book, FIGURES, TCD01, texts[i][0], texts[i][1]);
        assert_told("b.xlsx:Số liệu!E14: lỗi: TCD01: ô này phải là số, đang là chữ \"");
    }
}

Test(form_xlsx, numbers_that_do_not_fit_are_named)
{
    fill(TCD01, "12.5");
    fill(BTT09, "1.2345");
    fill(DB05, "1234567890123456");
    fill(PC01, "2");
    fill(PC02, "45786.25");
    assert_told("Số liệu!E14: lỗi: TCD01: \"12.5\" có phần lẻ, mà chỉ tiêu này là số nguyên");
    assert_told_too("Số liệu!E10: lỗi: BTT09: \"1.2345\"");
    assert_told_too("Số liệu!E9: lỗi: số 1234567890123456 có hơn 15 chữ số");
    assert_told_too("Số liệu!E11: lỗi: PC01: \"2\" không phải là 0 hoặc 1");
    assert_told_too("Số liệu!E12: lỗi: số 45786.25 không phải là ngày");
    cr_assert_eq(form.problems.count, 5, "%s", form.printed);
    cr_assert_str_eq(form.problems.items[0].cell, "Số liệu!E9");
}

Test(form_xlsx, formulas_without_results_and_errors_are_named)
{
    workbook_case_set(&book, FIGURES, TCD01, "", "<f>1+1</f>");
    workbook_case_set(&book, FIGURES, DB05, "", "<f>1+1</f><v></v>");
    workbook_case_set(&book, FIGURES, TCD04, " t=\"e\"", "<f>1/0</f><v>#DIV/0!</v>");
    assert_told("Số liệu!E14: lỗi: ô có công thức nhưng chưa có kết quả");
    assert_told_too("Số liệu!E15: lỗi: ô đang báo lỗi #DIV/0!");
    assert_told_too("Số liệu!E9: lỗi: ô có công thức nhưng chưa có kết quả");
}

Test(form_xlsx, wrong_words_marks_and_texts_are_named)
{
    workbook_case_set(&book, FIGURES, XL01, TEXT("Giỏi"));
    workbook_case_set(&book, FIGURES, "F14", TEXT("có"));
    workbook_case_set(&book, TASKS, "C8", TEXT("sắp xong"));
    workbook_case_set(&book, TASKS, "D9", "", "<v>0.6</v>");
    workbook_case_set(&book, TEXTS, "C8", "", "<v>5</v>");
    workbook_case_set(&book, MODELS, "B9", TEXT("Thiếu lĩnh vực"));
    assert_told("Số liệu!E18: lỗi: XL01: không có mức \"Giỏi\"");
    assert_told_too("Số liệu!F14: lỗi: ô số ước của TCD01 không phải là x");
    assert_told_too("Nhiệm vụ!C8: lỗi: \"status\" không thể là \"sắp xong\"");
    assert_told_too("Nhiệm vụ!D9: lỗi: \"percent\" không thể là \"0.6\"");
    assert_told_too("Thuyết minh!C8: lỗi: ô này phải là chữ, đang là số 5");
    assert_told_too("Mô hình!C9: lỗi: mô hình thiếu \"field\"");
}

Test(form_xlsx, what_stands_outside_of_the_form_is_refused)
{
    workbook_case_replace(&book, "xl/worksheets/sheet1.xml", "</sheetData>",
                          "<row r=\"40\"><c r=\"E40\"><v>7</v></c><c r=\"Z40\"><v>8</v></c></row>"
                          "</sheetData>");
    assert_told("Số liệu!Z40: lỗi: ô nằm ngoài các cột của biểu");
    assert_told_too("Số liệu!E40: lỗi: dòng có nội dung nhưng không có mã");
}

Test(form_xlsx, a_code_that_is_there_twice_is_refused)
{
    workbook_case_replace(&book, "xl/worksheets/sheet1.xml", "</sheetData>",
                          "<row r=\"40\"><c r=\"A40\" t=\"str\"><v>TCD01</v></c><c r=\"E40\"><v>7"
                          "</v></c></row></sheetData>");
    assert_told("Số liệu!A40: lỗi: mã \"TCD01\" lặp lại, đã có ở ô Số liệu!E14");
}

Test(form_xlsx, another_sheet_with_content_is_refused)
{
    workbook_case_replace(&book, "xl/workbook.xml", "\"Hướng dẫn\"", "\"Số liệu (2)\"");
    assert_told("b.xlsx:Số liệu (2): lỗi: trang này không thuộc biểu");
    workbook_case_replace(&book, "xl/workbook.xml", "\"Mô hình\"", "\"Trang mới\"");
    assert_told("b.xlsx:Mô hình: lỗi: biểu thiếu trang này");
}

/* ---- forms of others ---- */

Test(form_xlsx, a_form_of_another_unit_is_refused)
{
    workbook_case_end(&book);
    book = blank_book(&small_department);
    assert_told("biểu này của đơn vị khác: \"64-snv\"");
}

Test(form_xlsx, a_form_of_an_older_plan_is_refused)
{
    struct th_indicator indicators[SMALL_NUMBERS];
    memcpy(indicators, small_plan.catalogue.indicators, sizeof indicators);
    indicators[SMALL_TCD01].name = "Tổng số lượt tiếp, kể cả trực tuyến";
    struct th_plan older = small_plan;
    older.catalogue.indicators = indicators;
    workbook_case_end(&book);
    book.bytes =
        form_case_template(TH_FORM_XLSX, &older, &older.obligations[0], &small_commune, &book.size);
    assert_told("lập theo bản cũ của kế hoạch nho-2025");
    cr_assert_eq(form.problems.count, 1, "%s", form.printed);
}

Test(form_xlsx, a_workbook_that_is_no_form_is_refused)
{
    workbook_case_replace(&book, "xl/workbook.xml", "\"tonghop\"", "\"Sheet9\"");
    assert_told("không phải là biểu của chương trình: thiếu trang ẩn \"tonghop\"");
    cr_assert_eq(form.problems.count, 1);
}

/* ---- files that mean harm, or are none ---- */

static void assert_refused_file(const char *bytes, size_t size, const char *wanted)
{
    form_case_read(&form, ".xlsx", bytes, size);
    cr_assert_lt(form.status, 0);
    cr_assert_not_null(strstr(form.printed, wanted), "%s", form.printed);
}

Test(form_xlsx, an_encrypted_workbook_is_refused_with_what_to_do)
{
    static const char ole[] = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and more";
    assert_refused_file(ole, sizeof ole, "có mật khẩu, hoặc ở dạng cũ .xls");
}

Test(form_xlsx, macros_are_refused)
{
    workbook_case_put(&book, "xl/vbaProject.bin", "x", 1);
    assert_told("tệp Excel có macro");
}

Test(form_xlsx, document_types_and_entities_are_refused)
{
    workbook_case_replace(&book, "xl/worksheets/sheet1.xml", "<worksheet",
                          "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><worksheet");
    assert_told("khai báo DTD");
}

Test(form_xlsx, a_bomb_is_refused_before_it_is_inflated)
{
    size_t size = (size_t)7 << 20;
    char *zeros = malloc(size);
    memset(zeros, ' ', size);
    workbook_case_put(&book, "xl/sharedStrings.xml", zeros, size);
    assert_told("quá lớn khi giải nén");
    cr_assert_eq(form.status, TH_E_LIMIT);
    free(zeros);
}

Test(form_xlsx, a_bomb_that_nobody_reads_is_not_inflated)
{
    size_t size = (size_t)30 << 20;
    char *zeros = malloc(size);
    memset(zeros, ' ', size);
    workbook_case_put(&book, "bomb.xml", zeros, size);
    assert_good();
    free(zeros);
}

Test(form_xlsx, elements_that_go_too_deep_are_refused)
{
    char deep[1024] = "";
    for (int i = 0; i < 60; i++)
        strcat(deep, "<a>");
    for (int i = 0; i < 60; i++)
        strcat(deep, "</a>");
    strcat(deep, "</worksheet>");
    workbook_case_replace(&book, "xl/worksheets/sheet1.xml", "</worksheet>", deep);
    assert_told("lồng nhau quá nhiều tầng");
}

Test(form_xlsx, twin_parts_are_refused)
{
    workbook_case_put(&book, "XL/worksheets/Sheet1.xml", "<worksheet/>", 12);
    assert_told("trùng tên");
}

Test(form_xlsx, broken_xml_is_refused)
{
    workbook_case_replace(&book, "xl/worksheets/sheet1.xml", "</sheetData>", "</sheetDatum>");
    assert_told("tệp Excel hỏng");
}

Test(form_xlsx, a_file_cut_anywhere_or_with_a_flipped_byte_is_never_read_wrong)
{
    fill(TCD01, "1234");
    for (size_t size = 4; size < book.size; size += 211) {
        form_case_read(&form, ".xlsx", book.bytes, size);
        cr_assert_lt(form.status, 0, "%zu", size);
    }
    for (size_t at = 4; at < book.size; at += 97) {
        book.bytes[at] = (char)(book.bytes[at] ^ 0x10);
        form_case_read(&form, ".xlsx", book.bytes, book.size);
        if (form.status == 0)
            cr_assert_eq(form_case_value(&form, SMALL_TCD01), 1234);
        book.bytes[at] = (char)(book.bytes[at] ^ 0x10);
    }
}

Test(form_xlsx, without_memory_nothing_is_said_about_the_file)
{
    size_t budget = 1024;
    int status = TH_E_NO_MEMORY;
    for (; status == TH_E_NO_MEMORY && budget < (size_t)1 << 22; budget += 1024) {
        struct th_arena arena;
        struct th_problems problems;
        struct th_form_workbook read;
        th_arena_init(&arena, 1024, budget);
        th_problems_init(&problems);
        status = th_form_workbook_read("b.xlsx", book.bytes, book.size, &arena, &problems, &read);
        cr_assert(status == 0 || status == TH_E_NO_MEMORY);
        cr_assert_eq(th_problems_total(&problems), 0);
        th_problems_deinit(&problems);
        th_arena_deinit(&arena);
    }
    cr_assert_eq(status, 0);
    cr_assert_gt(budget, 4096);
}

Test(form_xlsx, cells_need_not_say_where_they_stand)
{
    workbook_case_replace(&book, "xl/worksheets/sheet7.xml", "<c r=\"A8\"", "<c");
    workbook_case_replace(&book, "xl/worksheets/sheet7.xml", "<c r=\"B8\"", "<c");
    workbook_case_set(&book, GENERAL, "C8", "", "<v>3</v>");
    assert_good();
    cr_assert_eq(form.report.revision, 3);
}

Test(form_xlsx, cells_out_of_order_are_refused)
{
    workbook_case_replace(&book, "xl/worksheets/sheet7.xml", "<c r=\"B8\"", "<c r=\"A8\"");
    assert_told("tệp Excel hỏng");
    workbook_case_replace(&book, "xl/worksheets/sheet7.xml", "<c r=\"A8\"", "<c r=\"A7\"");
    assert_told("tệp Excel hỏng");
}

Test(form_xlsx, cells_outside_of_rows_are_refused)
{
    workbook_case_replace(&book, "xl/worksheets/sheet7.xml", "<sheetData>",
                          "<sheetData><c><v>1</v></c>");
    assert_told("tệp Excel hỏng");
}

Test(form_xlsx, cells_between_rows_are_refused)
{
    workbook_case_replace(&book, "xl/worksheets/sheet7.xml", "</row>", "</row><c><v>1</v></c>");
    assert_told("tệp Excel hỏng");
}

Test(form_xlsx, a_row_within_a_row_is_refused)
{
    workbook_case_replace(&book, "xl/worksheets/sheet7.xml", "</row></sheetData>",
                          "<row/></row></sheetData>");
    assert_told("tệp Excel hỏng");
}

Test(form_xlsx, a_sheet_s_data_stand_there_once)
{
    workbook_case_replace(&book, "xl/worksheets/sheet7.xml", "</sheetData>",
                          "</sheetData><sheetData/>");
    assert_told("tệp Excel hỏng");
}

/* ---- what is written ---- */

Test(form_xlsx, rules_stand_beside_the_figures)
{
    char *figures = workbook_case_get(&book, "xl/worksheets/sheet1.xml");
    char *rules = workbook_case_get(&book, "xl/worksheets/sheet2.xml");
    cr_assert_not_null(strstr(figures, "OR(COUNT(E15,E14)&lt;2,E15&lt;=E14)"), "%s", figures);
    cr_assert_not_null(strstr(figures, "error=\"R01: Lượt tiếp thường xuyên"));
    cr_assert_not_null(strstr(figures, "<sheetProtection"));
    cr_assert_not_null(strstr(rules, "\"chưa đủ số\""), "%s", rules);
    cr_assert_null(strstr(rules, "KHAC"));
    free(figures);
    free(rules);
}

Test(form_xlsx, the_same_form_is_the_same_bytes_at_any_hour)
{
    char *core = workbook_case_get(&book, "docProps/core.xml");
    cr_assert_not_null(strstr(core, ">2024-12-31T17:00:00Z</dcterms:created>"), "%s", core);
    cr_assert_not_null(strstr(core, ">2024-12-31T17:00:00Z</dcterms:modified>"), "%s", core);
    free(core);
    struct workbook_case again = blank_book(&small_commune);
    cr_assert_eq(again.size, book.size);
    cr_assert_eq(memcmp(again.bytes, book.bytes, book.size), 0);
    workbook_case_end(&again);
}

Test(form_xlsx, an_obligation_without_indicators_takes_codes)
{
    workbook_case_end(&book);
    book.bytes = form_case_template(TH_FORM_XLSX, &small_plan, &small_plan.obligations[1],
                                    &small_commune, &book.size);
    workbook_case_set(&book, FIGURES, "A6", TEXT("TCD01"));
    workbook_case_set(&book, FIGURES, "E6", "", "<v>5</v>");
    workbook_case_set(&book, 5, "C6", "", "<v>3</v>");
    assert_good();
    cr_assert_eq(form_case_value(&form, SMALL_TCD01), 5);
    cr_assert_eq(form.report.number, 3);
}
