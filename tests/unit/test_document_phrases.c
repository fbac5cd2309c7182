/* SPDX-License-Identifier: Apache-2.0 */
/* The phrases against the catalogue that they are of, and the sentences of chosen figures. */
#include "aggregator/document/phrases.h"
#include "aggregator/plan/loader.h"

#include <criterion/criterion.h>
#include <string.h>

static struct th_arena arena;
static struct th_problems problems;
static struct th_plan_files files;
static struct th_document_facts facts;

static void set_up(void)
{
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    cr_assert_eq(th_plan_load("plans/gialai-2025.yaml", NULL, 0, &arena, &problems, &files), 0);
    facts =
        (struct th_document_facts){.plan = &files.plan, .obligation = &files.plan.obligations[0]};
}

static void tear_down(void)
{
    json_decref(facts.all);
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
}

TestSuite(document_phrases, .init = set_up, .fini = tear_down);

static const struct th_indicator *find(const char *code)
{
    const struct th_catalogue *catalogue = &files.plan.catalogue;
    return th_catalogue_get(catalogue, th_catalogue_lookup(catalogue, code, strlen(code)));
}

/* {CODE: value of 230 units of 240}; the text is CODE=VALUE with blanks between. */
static void know(const char *text)
{
    char words[500];
    (void)snprintf(words, sizeof words, "%s", text);
    facts.all = json_object();
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        *value++ = '\0';
        cr_assert_not_null(find(word), "%s", word);
        json_object_set_new(
            facts.all, word,
            json_pack("{s:o,s:i,s:i}", "value", *value == '-' ? json_null() : json_string(value),
                      "reported", *value == '-' ? 0 : 230, "missing", *value == '-' ? 240 : 10));
    }
    facts.figures = facts.all;
}

static const char *say(uint16_t section)
{
    struct th_phrased phrased;
    cr_assert_eq(th_phrase_section(&facts, section, &arena, &phrased), 0);
    return phrased.text;
}

Test(document_phrases, each_is_of_one_section_of_the_catalogue_and_closes_what_it_opens)
{
    for (size_t i = 0; th_phrase_get(i) != NULL; i++) {
        const char *phrase = th_phrase_get(i);
        uint16_t section = 0;
        int depth = 0, round = 0;
        for (const char *at = phrase; *at != '\0'; at++) {
            depth += (*at == '[') - (*at == ']');
            cr_assert(depth == 0 || depth == 1, "%s", phrase);
            round += (*at == '(') - (*at == ')');
            cr_assert((*at != '[' && *at != ']') || round == 0, "half a ( in: %s", phrase);
            if (*at != '{')
                continue;
            char code[TH_LIMIT_INDICATOR_CODE_MAX + 1] = "";
            size_t size = strcspn(at + 1, "}");
            cr_assert_leq(size, TH_LIMIT_INDICATOR_CODE_MAX);
            memcpy(code, at + 1, size);
            const struct th_indicator *indicator = find(code);
            cr_assert_not_null(indicator, "%s in: %s", code, phrase);
            cr_assert(section == 0 || section == indicator->section, "%s", phrase);
            cr_assert(section != 0 || depth == 0, "the first figure must be there: %s", phrase);
            section = indicator->section;
        }
        cr_expect_eq(depth + round, 0, "%s", phrase);
        cr_expect_neq(section, 0, "%s", phrase);
        cr_expect_eq(phrase[strlen(phrase) - 1], '.', "%s", phrase);
    }
}

Test(document_phrases, figures_are_said_in_a_sentence_as_people_write_them)
{
    know("VB01=1378 VB02=408 VB03=970 PC01=214 PC02=2025-04-28");
    cr_expect_str_eq(say(1),
                     "Đã ban hành 1.378 văn bản chỉ đạo, triển khai thực hiện (trong đó 408 "
                     "kế hoạch, 970 văn bản khác). Có 214 đơn vị đã ban hành văn bản phân "
                     "công lãnh đạo phụ trách, công chức tham mưu, văn bản gần nhất ban "
                     "hành ngày 28/4/2025.");
}

Test(document_phrases, what_nobody_reported_is_not_said)
{
    know("VB01=5 VB02=- VB03=- PC01=- HG03=7 HG09=-");
    cr_expect_str_eq(say(1), "Đã ban hành 5 văn bản chỉ đạo, triển khai thực hiện.");
    cr_expect_str_eq(say(8), "Tổng số vụ, việc hòa giải là 7.");
    cr_expect_str_eq(say(2), "");
}

Test(document_phrases, a_figure_that_no_phrase_has_is_said_by_its_name)
{
    struct th_catalogue *catalogue = (struct th_catalogue *)(uintptr_t)&files.plan.catalogue;
    catalogue->id = "khac";
    know("DB05=1000 BTT09=3162.67 HG09=37.71 PC02=2025-04-28");
    cr_expect_str_eq(say(3), "Tổng giá trị các công trình, khoản huy động: 1.000 đồng.");
    cr_expect_str_eq(say(9), "Thu hồi đất: 3.162,67 m2.");
    cr_expect_str_eq(say(8), "Tỷ lệ hòa giải thành: 37,71%.");
    cr_expect_str_eq(say(1), "Ngày ban hành văn bản phân công: 28/4/2025.");
}

Test(document_phrases, another_year_is_compared_and_the_first_half_only_told)
{
    struct th_phrased phrased;
    json_t *then =
        json_pack("{s:{s:s,s:i,s:i},s:{s:s,s:i,s:i}}", "HG01", "value", "1600", "reported", 200,
                  "missing", 40, "HG03", "value", "300", "reported", 200, "missing", 40);
    struct th_document_earlier earlier = {.name = "cùng kỳ năm 2024", .figures = then};
    know("HG01=1655 HG03=270");
    cr_assert_eq(th_phrase_section(&facts, 8, &arena, &phrased), 0);
    cr_expect_str_eq(th_phrase_comparison(&facts, &phrased, &earlier, &arena),
                     "So với cùng kỳ năm 2024 (khi đó 200/240 đơn vị có số liệu): “Số tổ hòa giải” "
                     "tăng 55 (3,44%), từ 1.600 tổ; “Tổng số vụ, việc hòa giải” giảm 30 (10%), từ "
                     "300 vụ, việc.");
    earlier.is_half = true;
    cr_expect_str_eq(th_phrase_comparison(&facts, &phrased, &earlier, &arena),
                     "Trong cùng kỳ năm 2024 (khi đó 200/240 đơn vị có số liệu): “Số tổ hòa giải” "
                     "tăng 55 (3,44%), từ 1.600 tổ; “Tổng số vụ, việc hòa giải” 300 vụ, việc.");
    json_object_set_new(json_object_get(then, "HG03"), "reported", json_integer(100));
    cr_expect_not_null(strstr(th_phrase_comparison(&facts, &phrased, &earlier, &arena),
                              "300 vụ, việc (100/140 đơn vị)"));
    json_decref(then);
    earlier.figures = NULL;
    cr_expect_str_eq(th_phrase_comparison(&facts, &phrased, &earlier, &arena), "");
}

Test(document_phrases, coverage_names_the_figures_that_are_of_fewer_units)
{
    know("VB01=5 VB02=2 PC02=2025-04-28");
    json_object_set_new(json_object_get(facts.all, "PC02"), "reported", json_integer(200));
    cr_expect_str_eq(th_phrase_coverage(&facts, 1, &arena),
                     "Phạm vi số liệu của mục này: 230/240 đơn vị được giao báo cáo có số liệu; "
                     "riêng “Ngày ban hành văn bản phân công” 200/210 đơn vị.");
}
