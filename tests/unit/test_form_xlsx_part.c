/* SPDX-License-Identifier: Apache-2.0 */
/* A workbook form of which some cells cannot be read. */
#include "tests/support/form_case.h"
#include "tests/support/small_plan.h"
#include "tests/support/workbook_case.h"

#include <criterion/criterion.h>
#include <string.h>

/* Sheets in the order of the file, and rows of the small plan's form. */
enum { FIGURES = 1, TASKS = 5, GENERAL = 7 };
#define DB05  "E9"
#define TCD01 "E14"
#define TCD04 "E15"

#define TEXT(text)   " t=\"inlineStr\"", "<is><t xml:space=\"preserve\">" text "</t></is>"
#define NUMBER(text) "", "<v>" text "</v>"
#define BROKEN       " t=\"e\"", "<v>#REF!</v>"

static struct form_case form;
static struct workbook_case book;

static void begin(void)
{
    form = form_case_begin();
    book.bytes = form_case_template(TH_FORM_XLSX, &small_plan, &small_plan.obligations[0],
                                    &small_commune, &book.size);
}

static void end(void)
{
    workbook_case_end(&book);
    form_case_end(&form);
}

TestSuite(form_xlsx_part, .init = begin, .fini = end);

static void read_book(void)
{
    form_case_read(&form, ".xlsx", book.bytes, book.size);
}

Test(form_xlsx_part, problems_stand_in_the_order_of_the_cells)
{
    workbook_case_set(&book, GENERAL, "C9", TEXT("mai"));
    workbook_case_set(&book, FIGURES, TCD04, BROKEN);
    workbook_case_set(&book, FIGURES, DB05, TEXT("nhiều"));
    workbook_case_set(&book, FIGURES, TCD01, TEXT("ba"));
    workbook_case_set(&book, TASKS, "C9", TEXT("lạ"));
    read_book();
    static const char *const cells[] = {
        "Số liệu!E9:", "Số liệu!E14:", "Số liệu!E15:", "Nhiệm vụ!C9:", "Thông tin chung!C9:"};
    const char *at = form.printed;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        at = strstr(at, cells[i]);
        cr_assert_not_null(at, "%s: %s", cells[i], form.printed);
    }
}

Test(form_xlsx_part, a_cell_that_cannot_be_read_is_not_called_missing)
{
    workbook_case_set(&book, FIGURES, TCD04, NUMBER("5"));
    workbook_case_set(&book, FIGURES, TCD01, BROKEN);
    workbook_case_set(&book, FIGURES, "F14", TEXT("x"));
    workbook_case_set(&book, TASKS, "C9", TEXT("đang làm"));
    workbook_case_set(&book, TASKS, "D9", BROKEN);
    workbook_case_set(&book, GENERAL, "C9", BROKEN);
    read_book();
    cr_assert_eq(form.problems.count, 3, "%s", form.printed);
    cr_assert_eq(form_case_count(&form, "đang báo lỗi #REF!"), 3, "%s", form.printed);
    cr_assert_eq(form.partial.obligation, &small_plan.obligations[0]);
    cr_assert_eq(form.partial.report.values.count, 1);
    cr_assert_eq(form.partial.report.values.numbers[0], SMALL_TCD04);
    cr_assert_eq(form.partial.report.tasks_count, 0);
    cr_assert_eq(form.partial.report.estimated_count, 0);
}

Test(form_xlsx_part, a_figure_in_two_rows_is_no_figure)
{
    workbook_case_set(&book, FIGURES, TCD01, NUMBER("6"));
    workbook_case_set(&book, FIGURES, TCD04, NUMBER("5"));
    workbook_case_set(&book, FIGURES, "A14", TEXT("TCD04"));
    read_book();
    cr_assert_not_null(strstr(form.printed, "lặp lại"), "%s", form.printed);
    cr_assert_null(form.partial.plan);
}
