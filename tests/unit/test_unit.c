/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/unit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_arena arena;
static uint32_t problems[3];
static uint32_t last_row;

static void set_up(void)
{
    th_arena_init(&arena, 4096, 8 << 20);
    memset(problems, 0, sizeof problems);
    last_row = TH_UNIT_NONE;
}

static void tear_down(void)
{
    th_arena_deinit(&arena);
}

TestSuite(unit, .init = set_up, .fini = tear_down);

static void count_problem(void *context, enum th_unit_problem problem, uint32_t row)
{
    (void)context;
    problems[problem]++;
    last_row = row;
}

static th_day day(const char *text)
{
    th_day parsed = {0};
    cr_assert_eq(th_day_parse(text, strlen(text), &parsed), 0);
    return parsed;
}

static struct th_unit a_unit(const char *code, const char *parent, enum th_unit_kind kind)
{
    return (struct th_unit){.code = code,
                            .name = code,
                            .parent_code = parent,
                            .external_id = "",
                            .kind = kind,
                            .valid_from = TH_UNIT_ALWAYS_FROM,
                            .valid_to = TH_UNIT_ALWAYS_TO};
}

static int build(const struct th_unit *rows, uint32_t count, struct th_unit_list *ret_list)
{
    return th_unit_list_build(&arena, rows, count, count_problem, NULL, ret_list);
}

static uint32_t find(const struct th_unit_list *list, const char *code, const char *on)
{
    return th_unit_list_find(list, code, strlen(code), day(on));
}

Test(unit, a_tree_in_any_order_finds_its_parents)
{
    struct th_unit rows[] = {
        a_unit("23563", "622", TH_UNIT_KIND_WARD),
        a_unit("622", "64", TH_UNIT_KIND_PROVINCIAL_CITY),
        a_unit("64-snv", "64", TH_UNIT_KIND_DEPARTMENT),
        a_unit("64", "", TH_UNIT_KIND_PROVINCE),
    };
    struct th_unit_list list;
    cr_assert_eq(build(rows, 4, &list), 0);
    uint32_t ward = find(&list, "23563", "2025-05-01");
    cr_assert_neq(ward, TH_UNIT_NONE);
    uint32_t city = list.units[ward].parent;
    cr_assert_str_eq(list.units[city].code, "622");
    cr_assert_str_eq(list.units[list.units[city].parent].code, "64");
    cr_assert_eq(list.units[list.units[city].parent].parent, TH_UNIT_NONE);
    cr_assert_eq(find(&list, "6", "2025-05-01"), TH_UNIT_NONE);
    cr_assert_eq(find(&list, "64-s", "2025-05-01"), TH_UNIT_NONE);
}

Test(unit, a_reused_code_is_another_unit_from_its_first_day)
{
    struct th_unit old = a_unit("52", "", TH_UNIT_KIND_PROVINCE), new = old;
    old.name = "Bình Định";
    old.valid_to = day("2025-07-01");
    new.name = "Gia Lai";
    new.valid_from = day("2025-07-01");
    struct th_unit commune = a_unit("21550", "52", TH_UNIT_KIND_COMMUNE);
    commune.valid_from = day("2025-07-01");
    struct th_unit rows[] = {new, commune, old};
    struct th_unit_list list;
    cr_assert_eq(build(rows, 3, &list), 0);
    cr_assert_str_eq(list.units[find(&list, "52", "2025-06-30")].name, "Bình Định");
    cr_assert_str_eq(list.units[find(&list, "52", "2025-07-01")].name, "Gia Lai");
    uint32_t child = find(&list, "21550", "2025-07-01");
    cr_assert_str_eq(list.units[list.units[child].parent].name, "Gia Lai");
    cr_assert_eq(find(&list, "21550", "2025-06-30"), TH_UNIT_NONE);
}

Test(unit, a_parent_is_the_one_that_was_there_when_the_child_began)
{
    struct th_unit old = a_unit("52", "", TH_UNIT_KIND_PROVINCE), new = old;
    old.valid_to = new.valid_from = day("2025-07-01");
    struct th_unit before = a_unit("a", "52", TH_UNIT_KIND_COMMUNE), after = before;
    before.valid_from = day("2020-01-01");
    after.code = "b";
    after.valid_from = day("2025-07-01");
    struct th_unit always = a_unit("c", "53", TH_UNIT_KIND_COMMUNE);
    struct th_unit late = a_unit("53", "", TH_UNIT_KIND_PROVINCE);
    late.valid_from = day("2021-01-01");
    struct th_unit rows[] = {before, after, new, old, always, late};
    struct th_unit_list list;
    cr_assert_eq(build(rows, 6, &list), 0);
    cr_assert_eq(list.units[find(&list, "a", "2025-07-01")].parent,
                 find(&list, "52", "2025-06-30"));
    cr_assert_eq(list.units[find(&list, "b", "2025-07-01")].parent,
                 find(&list, "52", "2025-07-01"));
    cr_assert_eq(list.units[find(&list, "c", "2025-07-01")].parent, find(&list, "53", "2025-07-01"),
                 "there was none before");
}

Test(unit, two_units_of_one_code_at_one_time_are_refused_by_row)
{
    struct th_unit rows[] = {a_unit("64", "", TH_UNIT_KIND_PROVINCE),
                             a_unit("64", "", TH_UNIT_KIND_PROVINCE)};
    struct th_unit_list list = {NULL, 7};
    cr_assert_eq(build(rows, 2, &list), TH_E_INVALID);
    cr_assert_eq(problems[TH_UNIT_PROBLEM_OVERLAP], 1);
    cr_assert_eq(last_row, 1);
    cr_assert_eq(list.count, 7);
}

Test(unit, a_parent_that_is_not_there_is_refused)
{
    struct th_unit rows[] = {a_unit("622", "64", TH_UNIT_KIND_PROVINCIAL_CITY)};
    struct th_unit_list list;
    cr_assert_eq(build(rows, 1, &list), TH_E_INVALID);
    cr_assert_eq(problems[TH_UNIT_PROBLEM_PARENT], 1);
}

Test(unit, a_parent_gone_before_the_child_is_refused)
{
    struct th_unit parent = a_unit("64", "", TH_UNIT_KIND_PROVINCE);
    struct th_unit child = a_unit("622", "64", TH_UNIT_KIND_PROVINCIAL_CITY);
    parent.valid_to = day("2025-07-01");
    child.valid_from = day("2025-07-01");
    struct th_unit rows[] = {parent, child};
    struct th_unit_list list;
    cr_assert_eq(build(rows, 2, &list), TH_E_INVALID);
    cr_assert_eq(problems[TH_UNIT_PROBLEM_PARENT], 1);
}

Test(unit, a_circle_of_parents_is_refused_and_ends)
{
    struct th_unit rows[] = {a_unit("1", "2", TH_UNIT_KIND_DIVISION),
                             a_unit("2", "1", TH_UNIT_KIND_DIVISION)};
    struct th_unit_list list;
    cr_assert_eq(build(rows, 2, &list), TH_E_INVALID);
    cr_assert_eq(problems[TH_UNIT_PROBLEM_CYCLE], 2);
}

Test(unit, codes_are_plain_words)
{
    static const char *const good[] = {"64", "00123", "64-snv", "51-vp-hcqt"};
    static const char *const bad[] = {"", "-64", "64-", "64--snv", "../x", "64 ", "64/1", "sở"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(th_unit_code_check(good[i], strlen(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(th_unit_code_check(bad[i], strlen(bad[i])), "%s", bad[i]);
    cr_assert_not(th_unit_code_check("1234567890123456789012345", 25));
}

Test(unit, every_kind_reads_back_and_only_communes_are_in_their_branch)
{
    for (int i = 0; i < TH_UNIT_KIND_COUNT; i++) {
        enum th_unit_kind kind = (enum th_unit_kind)i, back = TH_UNIT_KIND_ARMED;
        const char *word = th_unit_kind_word(kind);
        cr_assert_eq(th_unit_kind_parse(word, strlen(word), &back), 0);
        cr_assert_eq(back, kind);
        bool commune = th_unit_kind_level(kind) == TH_LEVEL_COMMUNE;
        cr_assert_eq(th_unit_kind_branch(kind) == TH_BRANCH_COMMUNES, commune);
    }
    enum th_unit_kind kind;
    cr_assert_eq(th_unit_kind_parse("xa2", 3, &kind), TH_E_NOT_FOUND);
}
