/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/plan/units_csv.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct th_arena arena;
static struct th_problems problems;
static struct th_unit_list list;

static void set_up(void)
{
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    list = (struct th_unit_list){0};
}

static void tear_down(void)
{
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
}

TestSuite(units_csv, .init = set_up, .fini = tear_down);

/* `path` is a template of mkstemp. */
static void write_text(char *path, const char *text)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int read_text(const char *text)
{
    char path[] = "/tmp/tonghop-units-XXXXXX";
    write_text(path, text);
    int status = th_units_csv_read(path, &arena, &problems, &list);
    unlink(path);
    return status;
}

static uint32_t count_level(enum th_unit_level level)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < list.count; i++)
        count += th_unit_kind_level(list.units[i].kind) == level ? 1 : 0;
    return count;
}

Test(units_csv, the_list_of_gia_lai_is_whole)
{
    cr_assert_eq(th_units_csv_read("plans/units/gialai-2024.csv", &arena, &problems, &list), 0);
    cr_assert_eq(count_level(TH_LEVEL_PROVINCE), 1);
    cr_assert_eq(count_level(TH_LEVEL_DISTRICT), 17);
    cr_assert_eq(count_level(TH_LEVEL_COMMUNE), 218);
}

Test(units_csv, every_list_of_the_plans_reads)
{
    static const char *const names[] = {"chiminh-2025", "quangngai-2025", "sonmau-2024",
                                        "vpubnd-quangngai-2025"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "plans/units/%s.csv", names[i]);
        cr_assert_eq(th_units_csv_read(path, &arena, &problems, &list), 0, "%s", path);
    }
}

/* The codes, kinds and parents of the territorial units agree with the nationwide list. */
Test(units_csv, the_list_of_gia_lai_agrees_with_the_nationwide_one)
{
    const char *folder = getenv("TH_SHARED_DATA");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/units-2024.csv", folder ? folder : "../shared/data");
    if (access(path, R_OK) != 0)
        cr_skip_test("%s is not there", path);
    struct th_unit_list nation;
    cr_assert_eq(th_units_csv_read(path, &arena, &problems, &nation), 0);
    cr_assert_eq(nation.count, 10794);
    cr_assert_eq(th_units_csv_read("plans/units/gialai-2024.csv", &arena, &problems, &list), 0);
    th_day day = th_day_of_date((struct th_civil_date){2025, 1, 22});
    for (uint32_t i = 0; i < list.count; i++) {
        const struct th_unit *ours = &list.units[i];
        if (th_unit_kind_level(ours->kind) == TH_LEVEL_BODY)
            continue;
        uint32_t found = th_unit_list_find(&nation, ours->code, strlen(ours->code), day);
        cr_assert_neq(found, TH_UNIT_NONE, "%s", ours->code);
        cr_assert_str_eq(nation.units[found].name, ours->name);
        cr_assert_str_eq(nation.units[found].parent_code, ours->parent_code);
        cr_assert_eq(nation.units[found].kind, ours->kind);
    }
}

Test(units_csv, the_nationwide_header_and_a_byte_order_mark_are_read)
{
    cr_assert_eq(read_text("\xEF\xBB\xBF"
                           "code,name_vi,kind,parent_code\r\n"
                           "01,Hà Nội,thanh_pho,\r\n001,\"Ba Đình\",quan,01\r\n"),
                 0);
    cr_assert_eq(list.count, 2);
    cr_assert_eq(count_level(TH_LEVEL_PROVINCE), 1);
}

Test(units_csv, every_bad_line_is_named)
{
    cr_assert_eq(read_text("code,name,kind,parent,valid_from\n"
                           "64,Gia Lai,tinh,,\n"
                           "../x,Xấu,xa,64,\n"
                           "65,Xấu,lang,64,\n"
                           "66,,xa,64,\n"
                           "67,Xấu,xa,64,01/7/2025\n"
                           "68,Xấu,xa\n"),
                 TH_E_INVALID);
    cr_assert_eq(problems.count, 5);
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(problems.items[i].line, i + 3, "%s", problems.items[i].message);
}

Test(units_csv, problems_of_the_tree_name_the_line_too)
{
    cr_assert_eq(read_text("code,name,kind,parent\n\n64,Gia Lai,tinh,\n622,Pleiku,thanh_pho,65\n"),
                 TH_E_INVALID);
    cr_assert_eq(problems.count, 1);
    cr_assert_eq(problems.items[0].line, 4);
}

Test(units_csv, a_file_that_is_empty_or_torn_is_refused)
{
    cr_assert_eq(read_text(""), TH_E_INVALID);
    cr_assert_eq(read_text("code,name,kind,parent\n"), TH_E_INVALID);
    cr_assert_eq(read_text("code,name,kind\n64,Gia Lai,tinh\n"), TH_E_INVALID);
    cr_assert_eq(read_text("code,name,kind,parent\n64,\"Gia Lai,tinh,\n"), TH_E_INVALID);
    cr_assert_eq(read_text("code,name,kind,parent,parent_code\n"), TH_E_INVALID);
    cr_assert_eq(th_units_csv_read("/no/such/file", &arena, &problems, &list), TH_E_NOT_FOUND);
    cr_assert_eq(problems.count, 6);
}

Test(units_csv, several_files_make_one_list_with_one_tree)
{
    char first[] = "/tmp/tonghop-units-XXXXXX", second[] = "/tmp/tonghop-units-XXXXXX";
    write_text(first, "code,name,kind,parent\n622,Pleiku,thanh_pho,64\n");
    write_text(second, "code,name,kind,parent\n64,Gia Lai,tinh,\n");
    const char *const paths[] = {first, second};
    int status = th_units_csv_read_all(paths, 2, &arena, &problems, &list);
    unlink(first);
    unlink(second);
    cr_assert_eq(status, 0);
    cr_assert_eq(list.count, 2);
    cr_assert_eq(list.units[0].parent, 1);
}

static int read_two(const char *first_text, const char *second_text)
{
    char first[] = "/tmp/tonghop-units-XXXXXX", second[] = "/tmp/tonghop-units-XXXXXX";
    write_text(first, first_text);
    write_text(second, second_text);
    const char *const paths[] = {first, second};
    int status = th_units_csv_read_all(paths, 2, &arena, &problems, &list);
    unlink(first);
    unlink(second);
    return status;
}

static bool is_told(size_t i, const char *part)
{
    return i < problems.count && strstr(problems.items[i].message, part) != NULL;
}

#define HEADER "code,name,kind,parent,valid_from,valid_to,external_id\n"

Test(units_csv, rows_of_two_files_that_agree_are_one_unit_with_all_that_is_stated)
{
    static const char full[] = HEADER "64,Gia Lai,tinh,,2000-01-01,,H21\n";
    static const char bare[] = "code,name,kind,parent\n64,Gia Lai,tinh,\n";
    for (int turn = 0; turn < 2; turn++) {
        cr_assert_eq(turn == 0 ? read_two(full, bare) : read_two(bare, full), 0);
        cr_assert_eq(list.count, 1);
        cr_expect_str_eq(list.units[0].external_id, "H21");
        cr_expect_eq(list.units[0].valid_from.number,
                     th_day_of_date((struct th_civil_date){2000, 1, 1}).number);
        cr_expect_eq(list.units[0].valid_to.number, TH_UNIT_ALWAYS_TO.number);
    }
}

Test(units_csv, rows_that_contradict_name_unit_field_both_values_and_the_other_place)
{
    static const char *const others[][2] = {
        {HEADER "64,Gia Rai,tinh,,,,\n", "“Gia Rai”"},
        {HEADER "64,Gia Lai,huyen,,,,\n", "“huyen”"},
        {HEADER "64,Gia Lai,tinh,,2001-01-01,,\n", "“2001-01-01”"},
        {HEADER "64,Gia Lai,tinh,,,2031-01-01,\n", "“2031-01-01”"},
        {HEADER "64,Gia Lai,tinh,,,,H22\n", "“H22”"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_assert_eq(read_two(HEADER "64,Gia Lai,tinh,,2000-01-01,2030-01-01,H21\n", others[i][0]),
                     TH_E_INVALID);
        cr_assert_eq(problems.count, i + 1);
        cr_expect(is_told(i, "“64”"));
        cr_expect(is_told(i, others[i][1]), "%s", problems.items[i].message);
        cr_expect(is_told(i, ":2"), "%s", problems.items[i].message);
        cr_expect_gt(strlen(problems.items[i].hint), 0);
    }
}

Test(units_csv, a_code_that_comes_back_is_two_units)
{
    cr_assert_eq(read_two(HEADER "51,Quảng Ngãi,tinh,,,2025-07-01,\n",
                          HEADER "51,Quảng Ngãi,tinh,,2025-07-01,,\n"),
                 0);
    cr_assert_eq(list.count, 2);
}

Test(units_csv, a_row_without_dates_does_not_choose_between_two_units_of_its_code)
{
    static const char two[] = HEADER "51,Quảng Ngãi,tinh,,,2025-07-01,\n"
                                     "51,Quảng Ngãi,tinh,,2025-07-01,,\n";
    static const char vague[] = "code,name,kind,parent\n51,Quảng Ngãi,tinh,\n";
    cr_expect_eq(read_two(two, vague), TH_E_INVALID);
    cr_expect_eq(read_two(vague, two), TH_E_INVALID, "the order of files decides nothing");
    cr_expect_eq(problems.count, 2);
    cr_expect(is_told(1, "“51”"));
    cr_expect_eq(read_two(two, HEADER "51,Quảng Ngãi,tinh,,2025-07-01,,H48\n"), 0);
    cr_expect_eq(list.count, 2);
    cr_expect_str_eq(list.units[1].external_id, "H48");
}

/* ---- beside known units ---- */

static struct th_units_news news;

static int read_beside(const char *known_text, const char *text)
{
    char path[] = "/tmp/tonghop-units-XXXXXX";
    struct th_unit_list known;
    cr_assert_eq(read_text(known_text), 0);
    known = list;
    write_text(path, text);
    const char *const paths[] = {path};
    int status = th_units_csv_read_news(paths, 1, &known, &arena, &problems, &news);
    unlink(path);
    return status;
}

Test(units_csv, only_what_is_not_known_is_news_and_parents_may_be_known)
{
    cr_assert_eq(read_beside(HEADER "64,Gia Lai,tinh,,,,H21\n622,Pleiku,thanh_pho,64,,,\n",
                             HEADER "64-moi,Sở Mới,so,64,,,\n622,Pleiku,thanh_pho,64,,,\n"
                                    "64,Gia Lai,tinh,,,,\n"),
                 0);
    cr_assert_eq(news.count, 1);
    cr_expect_str_eq(news.units[0].code, "64-moi");
    cr_expect_eq(news.kept.known, 2);
    cr_expect_eq(news.kept.untaken, 0);
    cr_expect_eq(news.all.count, 3);
}

Test(units_csv, a_parent_that_neither_knows_is_a_problem)
{
    cr_assert_eq(read_beside(HEADER "64,Gia Lai,tinh,,,,\n", HEADER "65-moi,Sở Mới,so,65,,,\n"),
                 TH_E_INVALID);
    cr_expect(is_told(0, "“65”"));
    cr_expect_eq(problems.items[0].line, 2);
}

Test(units_csv, a_known_unit_is_never_changed)
{
    static const char known[] = HEADER "64,Gia Lai,tinh,,,,\n622,Pleiku,thanh_pho,64,,,\n";
    static const char *const rows[][2] = {
        {HEADER "64,Gia Rai,tinh,,,,\n", "“Gia Lai”"},
        {HEADER "64,Gia Lai,tinh,,2025-07-01,,\n", "không giới hạn"},
        {HEADER "64,Gia Lai,tinh,,,2025-07-01,\n", "không giới hạn"},
        {HEADER "64,Gia Lai,tinh,622,,,\n", "không có"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(read_beside(known, rows[i][0]), TH_E_INVALID);
        cr_expect(is_told(i, "“64”") && is_told(i, rows[i][1]), "%s", problems.items[i].message);
    }
}

Test(units_csv, an_external_id_that_a_known_unit_lacks_is_counted_and_not_taken)
{
    cr_assert_eq(read_beside(HEADER "64,Gia Lai,tinh,,,,\n", HEADER "64,Gia Lai,tinh,,,,H21\n"), 0);
    cr_expect_eq(news.count, 0);
    cr_expect_eq(news.kept.untaken, 1);
    cr_expect_str_eq(news.kept.untaken_code, "64");
    cr_expect_str_eq(news.kept.untaken_identity, "H21");
}

Test(units_csv, a_code_that_comes_back_does_not_take_known_units_to_itself)
{
    cr_assert_eq(read_beside(HEADER "51,Mới,tinh,,2025-07-01,,\n51-a,Sở,so,51,,,\n",
                             HEADER "51,Cũ,tinh,,,2025-07-01,\n"),
                 TH_E_INVALID);
    cr_expect(is_told(0, "“51-a”"));
}

/* The nationwide list holds every unit of the province, with fewer fields. */
Test(units_csv, the_nationwide_list_can_be_added_to_gia_lai)
{
    const char *folder = getenv("TH_SHARED_DATA");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/units-2024.csv", folder ? folder : "../shared/data");
    if (access(path, R_OK) != 0)
        cr_skip_test("%s is not there", path);
    cr_assert_eq(th_units_csv_read("plans/units/gialai-2024.csv", &arena, &problems, &list), 0);
    const char *const paths[] = {path};
    cr_assert_eq(th_units_csv_read_news(paths, 1, &list, &arena, &problems, &news), 0);
    cr_expect_eq(news.kept.known, 236);
    cr_expect_eq(news.count, 10794 - 236);
    const char *const both[] = {path, "plans/units/gialai-2024.csv"};
    struct th_unit_list all;
    cr_assert_eq(th_units_csv_read_all(both, 2, &arena, &problems, &all), 0);
    cr_expect_eq(all.count, news.all.count);
}

Test(units_csv, problems_of_every_file_are_found_in_one_run)
{
    char first[] = "/tmp/tonghop-units-XXXXXX";
    write_text(first, "code,name,kind,parent\n64,Gia Lai,lang,\n");
    const char *const paths[] = {"/no/such/file", first};
    int status = th_units_csv_read_all(paths, 2, &arena, &problems, &list);
    unlink(first);
    cr_assert_eq(status, TH_E_NOT_FOUND);
    cr_assert_eq(problems.count, 2);
}
