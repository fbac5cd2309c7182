/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/contacts/contacts.h"

#include "tests/support/folder.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct th_problems problems;
static struct th_contacts contacts;
static bool is_read;

static void set_up(void)
{
    th_problems_init(&problems);
    is_read = false;
}

static void tear_down(void)
{
    if (is_read)
        th_contacts_deinit(&contacts);
    th_problems_deinit(&problems);
}

TestSuite(contacts, .init = set_up, .fini = tear_down);

static int parse(const char *text)
{
    int status = th_contacts_parse("danh-ba.csv", text, strlen(text), &problems, &contacts);
    is_read = status == 0;
    return status;
}

static void expect_problem(const char *text, uint32_t line, uint32_t column)
{
    cr_expect_eq(parse(text), TH_E_INVALID, "%s", text);
    cr_assert_geq(problems.count, 1, "%s", text);
    const struct th_problem *problem = &problems.items[problems.count - 1];
    cr_expect(problem->line == line && problem->column == column, "%s: %u:%u %s", text,
              problem->line, problem->column, problem->message);
}

Test(contacts, a_file_is_read_with_and_without_a_byte_order_mark)
{
    cr_assert_eq(parse("\xEF\xBB\xBFunit,name,phone,email,note\r\n"
                       "23563,Nguyễn Văn A,0905 123 456,a@gialai.gov.vn,\"trực, cả tối\"\r\n"),
                 0);
    cr_assert_eq(contacts.count, 1);
    cr_expect_str_eq(contacts.items[0].name, "Nguyễn Văn A");
    cr_expect_str_eq(contacts.items[0].phone, "0905 123 456");
    cr_expect_str_eq(contacts.items[0].dial, "0905123456");
    cr_expect_str_eq(contacts.items[0].note, "trực, cả tối");
    th_contacts_deinit(&contacts);
    cr_assert_eq(parse("note,unit\nx,a1"), 0);
    cr_expect_str_eq(contacts.items[0].unit, "a1");
    cr_expect_str_eq(contacts.items[0].name, "");
}

Test(contacts, a_vietnamese_spreadsheet_writes_semicolons_and_its_own_heads)
{
    cr_assert_eq(parse("mã;họ tên;điện thoại\na1;Trần B;+84 (26) 938-123 / 0905\n"), 0);
    cr_expect_str_eq(contacts.items[0].dial, "+8426938123");
    cr_expect_str_eq(contacts.items[0].name, "Trần B");
}

Test(contacts, a_unit_may_have_several_people_and_the_first_line_comes_first)
{
    uint32_t count;
    cr_assert_eq(parse("unit,name\nb1,C\na1,B\na1,A\n"), 0);
    const struct th_contact *found = th_contacts_find(&contacts, "a1", &count);
    cr_assert_not_null(found);
    cr_expect_str_eq(found->name, "B");
    cr_expect_eq(count, 2);
    cr_expect_null(th_contacts_find(&contacts, "a2", &count));
    cr_expect_eq(count, 0);
}

Test(contacts, texts_are_normalised)
{
    cr_assert_eq(parse("unit,name\na1,A\xCC\x81\n"), 0);
    cr_expect_str_eq(contacts.items[0].name, "Á");
}

Test(contacts, what_is_wrong_is_told_with_its_line_and_column)
{
    expect_problem("unit,phone\na1,0905\na2,gọi chị Hà\n", 3, 4);
    expect_problem("unit,phone\na1,12\n", 2, 4);
    expect_problem("unit,name,email\na1,Lê,khong-phai\n", 2, 7);
    expect_problem("unit,name\n\"a1\",x\n../a,y\n", 3, 1);
    expect_problem("unit,name\na1\n", 2, 1);
    expect_problem("unit,name,fax\na1,x,y\n", 1, 11);
    expect_problem("name\nx\n", 1, 1);
    expect_problem("", 1, 1);
    expect_problem("unit,name\na1,\"x\ny\"\n", 2, 4);
    expect_problem("unit,name\na1,x\"y\n", 2, 4);
    expect_problem("unit,name\na1,x\xff\n", 2, 5);
    expect_problem("unit,name\na1,x\x01\n", 2, 5);
    expect_problem("unit,name\na1,b,c,d,e,f,g\n", 2, 1);
}

Test(contacts, all_problems_are_found_in_one_run)
{
    cr_expect_eq(parse("unit,phone,email\na1,x,y\n..,0905,a@b\n"), TH_E_INVALID);
    cr_expect_eq(th_problems_total(&problems), 3);
}

Test(contacts, whatever_bytes_a_file_has_it_is_read_or_refused)
{
    static const char whole[] = "\xEF\xBB\xBFunit,name,phone,email,note\r\n"
                                "23563,Nguyễn Văn A,0905 123,a@b.vn,\"trực, \"\"cả\"\" tối\"\r\n"
                                "a1,,,,\r\n";
    struct random random = {23563};
    for (int i = 0; i < 3000; i++) {
        char bytes[sizeof whole];
        size_t size = sizeof whole - 1 - random_below(&random, 20);
        memcpy(bytes, whole, sizeof whole);
        for (uint32_t k = random_below(&random, 6); k > 0; k--)
            bytes[random_below(&random, (uint32_t)size)] =
                k % 2 == 0 ? "\",;\r\n"[random_below(&random, 5)]
                           : (char)random_below(&random, 256);
        struct th_problems told;
        th_problems_init(&told);
        int status = th_contacts_parse("x", bytes, size, &told, &contacts);
        cr_assert(status == 0 || (status == TH_E_INVALID && th_problems_total(&told) > 0), "%d",
                  status);
        if (status == 0)
            th_contacts_deinit(&contacts);
        th_problems_deinit(&told);
    }
}

Test(contacts, a_file_that_is_not_there_has_no_contacts)
{
    cr_assert_eq(th_contacts_read("/nowhere/contacts.csv", &problems, &contacts), 0);
    is_read = true;
    cr_expect_eq(contacts.count, 0);
    cr_expect_eq(th_problems_total(&problems), 0);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    (void)fputs(text, file);
    cr_assert_eq(fclose(file), 0);
}

Test(contacts, a_file_that_changed_is_read_again_and_a_wrong_one_changes_nothing)
{
    char folder[TH_TEST_FOLDER_SIZE], path[TH_TEST_FOLDER_SIZE + 16];
    const struct th_contacts *now = NULL;
    struct th_contacts_file file;
    th_test_folder_make(folder);
    (void)snprintf(path, sizeof path, "%s/contacts.csv", folder);
    th_contacts_file_init(path, &file);
    cr_assert_eq(th_contacts_file_refresh(&file, &problems, &now), 0);
    cr_expect_eq(now->count, 0);
    write_text(path, "unit,name\na1,A\n");
    cr_assert_eq(th_contacts_file_refresh(&file, &problems, &now), 0);
    cr_expect_eq(now->count, 1);
    const struct th_contact *first = now->items;
    cr_assert_eq(th_contacts_file_refresh(&file, &problems, &now), 0);
    cr_expect_eq(now->items, first, "not read again");
    write_text(path, "unit,name\na1,A\n!!,B\n");
    cr_assert_eq(th_contacts_file_refresh(&file, &problems, &now), TH_E_INVALID);
    cr_expect_eq(now->count, 1);
    cr_assert_eq(th_contacts_file_refresh(&file, &problems, &now), 0, "told once");
    cr_expect_eq(now->count, 1);
    write_text(path, "unit,name\na1,A\na2,longer\n");
    cr_assert_eq(th_contacts_file_refresh(&file, &problems, &now), 0);
    cr_expect_eq(now->count, 2);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(th_contacts_file_refresh(&file, &problems, &now), 0);
    cr_expect_eq(now->count, 0);
    th_contacts_file_deinit(&file);
    th_test_folder_remove(folder);
}
