/* SPDX-License-Identifier: Apache-2.0 */
/* What the program that reads workbooks says, and what nobody believes of it. */
#include "proto/form/cells.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "tonghop-cells 1\n"
#define BOOK HEAD "days 1900\n"

static struct th_arena arena;
static struct th_form_workbook book;
static enum th_form_flaw flaw;

static void begin(void)
{
    th_arena_init(&arena, 4096, (size_t)32 << 20);
    book = (struct th_form_workbook){.sheets_count = 0};
    flaw = TH_FORM_FLAWLESS;
}

static void end(void)
{
    th_arena_deinit(&arena);
}

TestSuite(form_cells, .init = begin, .fini = end);

/* In memory of exactly this size, so that a sanitizer sees what is read behind it. */
static int hear(const char *text, size_t size)
{
    char *exact = malloc(size == 0 ? 1 : size);
    cr_assert_not_null(exact);
    memcpy(exact, text, size);
    int status = th_form_cells_read(exact, size, &arena, &flaw, &book);
    free(exact);
    return status;
}

#define assert_heard(text)   cr_assert_eq(hear(text, sizeof(text) - 1), 0)
#define assert_refused(text) cr_expect_eq(hear(text, sizeof(text) - 1), TH_E_CORRUPT, "%s", text)

static char *say(enum th_form_flaw what, const struct th_form_workbook *workbook, size_t *ret_size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);
    cr_assert_eq(th_form_cells_write(what, workbook, out), 0);
    cr_assert_eq(fclose(out), 0);
    return text;
}

Test(form_cells, a_workbook_is_said_and_heard)
{
    const struct th_form_cell cells[] = {
        {1, 1, TH_FORM_CELL_TEXT, {"hai\ndòng", 9}},
        {1, 3, TH_FORM_CELL_NUMBER, {"1.5E3", 5}},
        {2, 1, TH_FORM_CELL_TRUTH, {"1", 1}},
        {2, 2, TH_FORM_CELL_DAY, {"2025-05-09", 10}},
        {7, 2, TH_FORM_CELL_ERROR, {"#N/A", 4}},
        {TH_FORM_ROW_LAST, TH_FORM_COLUMN_LAST, TH_FORM_CELL_LACKING, {"", 0}},
    };
    const struct th_form_workbook wanted = {
        .is_1904 = true, .sheets = {{"Số liệu", cells, 6}, {"end", cells, 1}}, .sheets_count = 2};
    size_t size = 0;
    char *text = say(TH_FORM_FLAWLESS, &wanted, &size);
    cr_assert_eq(hear(text, size), 0, "%s", text);
    free(text);
    cr_assert_eq(flaw, TH_FORM_FLAWLESS);
    cr_assert(book.is_1904);
    cr_assert_eq(book.sheets_count, 2);
    cr_assert_str_eq(book.sheets[0].name, "Số liệu");
    cr_assert_eq(book.sheets[0].cells_count, 6);
    for (size_t i = 0; i < 6; i++) {
        const struct th_form_cell *cell = &book.sheets[0].cells[i];
        cr_expect_eq(cell->row, cells[i].row);
        cr_expect_eq(cell->column, cells[i].column);
        cr_expect_eq(cell->kind, cells[i].kind);
        cr_expect_eq(cell->text.size, cells[i].text.size);
        cr_expect_str_eq(cell->text.bytes, cells[i].text.bytes);
    }
    cr_assert_eq(book.sheets[1].cells_count, 1);
}

Test(form_cells, every_flaw_is_said_and_heard)
{
    for (int i = TH_FORM_FLAWLESS + 1; i < TH_FORM_FLAW_COUNT; i++) {
        size_t size = 0;
        char *text = say((enum th_form_flaw)i, NULL, &size);
        cr_assert_eq(hear(text, size), 0);
        cr_expect_eq((int)flaw, i, "%s", text);
        free(text);
    }
}

Test(form_cells, a_book_without_sheets_and_a_sheet_without_cells_are_heard)
{
    assert_heard(BOOK "end\n");
    cr_assert_eq(book.sheets_count, 0);
    assert_heard(BOOK "sheet 1 A\nend\n");
    cr_assert_eq(book.sheets[0].cells_count, 0);
}

Test(form_cells, an_answer_that_is_cut_is_refused)
{
    static const char whole[] = BOOK "sheet 1 A\ncell 1 1 text 3 hai\ncell 1 2 number 1 5\nend\n";
    assert_heard(whole);
    for (size_t size = 0; size + 1 < sizeof whole; size++)
        cr_expect_eq(hear(whole, size), TH_E_CORRUPT, "%zu", size);
}

Test(form_cells, another_form_is_refused)
{
    assert_refused("");
    assert_refused("tonghop-cells 2\ndays 1900\nend\n");
    assert_refused(HEAD "end\n");
    assert_refused(HEAD "days 1901\nend\n");
    assert_refused(BOOK "end\nend\n");
    assert_refused(BOOK "end");
    assert_refused(BOOK "cell 1 1 text 0 \nend\n");
    assert_refused(BOOK "sheet A\nend\n");
    assert_refused(BOOK "sheet 2 A\nend\n");
    assert_refused(BOOK "sheet 1 AB\nend\n");
    assert_refused(BOOK "sheet 99999999999999999999 A\nend\n");
    assert_refused(BOOK "sheet -1 A\nend\n");
    assert_refused(BOOK "sheet 1 \0\nend\n");
    assert_refused(BOOK "sheet 1 A\r\nend\n");
}

Test(form_cells, words_that_are_no_flaw_are_refused)
{
    assert_refused(HEAD "refused \n");
    assert_refused(HEAD "refused Macros\n");
    assert_refused(HEAD "refused macros");
    assert_refused(HEAD "refused macros\nend\n");
    assert_refused(HEAD "refused bạn đã trúng thưởng\n");
    cr_assert_eq(flaw, TH_FORM_FLAWLESS);
}

#define ONE(cell) BOOK "sheet 1 A\ncell " cell "\nend\n"

Test(form_cells, cells_that_no_sheet_can_have_are_refused)
{
    assert_heard(ONE("1048576 16384 number 1 5"));
    assert_refused(ONE("1048577 1 number 1 5"));
    assert_refused(ONE("1 16385 number 1 5"));
    assert_refused(ONE("0 1 number 1 5"));
    assert_refused(ONE("1 0 number 1 5"));
    assert_refused(ONE("01 1 number 1 5"));
    assert_refused(ONE("1 1 formula 1 5"));
    assert_refused(ONE("1 1 number 8388609 5"));
    assert_refused(ONE("1 1 text 2 \xC3\x28"));
    assert_refused(BOOK "sheet 2 \xC3\x28\nend\n");
    assert_refused(ONE("1 2 number 1 5\ncell 1 2 number 1 5"));
    assert_refused(ONE("1 2 number 1 5\ncell 1 1 number 1 5"));
    assert_refused(ONE("2 1 number 1 5\ncell 1 1 number 1 5"));
}

Test(form_cells, more_sheets_or_cells_than_allowed_are_refused)
{
    char *text = NULL;
    size_t size = 0;
    for (unsigned extra = 0; extra <= 1; extra++) {
        FILE *out = open_memstream(&text, &size);
        (void)fputs(BOOK, out);
        for (unsigned i = 0; i < TH_FORM_SHEETS_MAX + extra; i++)
            (void)fputs("sheet 1 A\n", out);
        (void)fputs("end\n", out);
        (void)fclose(out);
        cr_expect_eq(hear(text, size), extra == 0 ? 0 : TH_E_CORRUPT);
        free(text);
        out = open_memstream(&text, &size);
        (void)fputs(BOOK "sheet 1 A\n", out);
        for (unsigned i = 1; i <= TH_FORM_CELLS_MAX + extra; i++)
            (void)fprintf(out, "cell %u 1 text 6 \ncell \n", i); /* which are no cells */
        (void)fputs("end\n", out);
        (void)fclose(out);
        cr_expect_eq(hear(text, size), extra == 0 ? 0 : TH_E_CORRUPT);
        free(text);
    }
}

Test(form_cells, what_is_refused_leaves_the_outputs_alone)
{
    book.sheets_count = 7;
    assert_refused(BOOK "sheet 1 A\nend");
    cr_assert_eq(book.sheets_count, 7);
    assert_heard(HEAD "refused large\n");
    cr_assert_eq(flaw, TH_FORM_FLAW_LARGE);
    cr_assert_eq(book.sheets_count, 7);
}

Test(form_cells, one_text_in_many_cells_is_told_to_be_too_large)
{
    static char text[4096];
    memset(text, 'a', sizeof text - 1);
    size_t count = TH_FORM_CELLS_SIZE_MAX / 4000, size = 0;
    struct th_form_cell *cells = calloc(count, sizeof *cells);
    for (size_t i = 0; i < count; i++)
        cells[i] =
            (struct th_form_cell){(uint32_t)i + 1, 1, TH_FORM_CELL_TEXT, {text, sizeof text - 1}};
    struct th_form_workbook large = {.sheets = {{"A", cells, count}}, .sheets_count = 1};
    char *said = say(TH_FORM_FLAWLESS, &large, &size);
    cr_assert_str_eq(said, HEAD "refused large\n");
    free(said);
    large.sheets[0].cells_count = count - count / 20;
    said = say(TH_FORM_FLAWLESS, &large, &size);
    cr_assert_leq(size, TH_FORM_CELLS_SIZE_MAX);
    cr_assert_eq(hear(said, size), 0);
    cr_assert_eq(flaw, TH_FORM_FLAWLESS);
    free(said);
    free(cells);
}

Test(form_cells, without_memory_or_room_it_is_said)
{
    static const char whole[] = BOOK "sheet 1 A\ncell 1 1 text 3 hai\nend\n";
    struct th_arena small;
    th_arena_init(&small, 16, 16);
    cr_assert_eq(th_form_cells_read(whole, sizeof whole - 1, &small, &flaw, &book), TH_E_NO_MEMORY);
    th_arena_deinit(&small);
    FILE *full = fopen("/dev/full", "w");
    cr_assert_eq(th_form_cells_write(TH_FORM_FLAWLESS, &book, full), TH_E_IO);
    (void)fclose(full);
}
