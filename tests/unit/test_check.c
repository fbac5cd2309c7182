/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/check.h"

#include "proto/model/related.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const words[] = {"tốt", "khá"};
static const struct th_indicator indicators[] = {
    {.number = 0},
    {.number = 1, .type = TH_TYPE_COUNT, .code = "A"},
    {.number = 2, .type = TH_TYPE_COUNT, .code = "B"},
    {.number = 3, .type = TH_TYPE_BOOL, .code = "C"},
    {.number = 4, .type = TH_TYPE_DATE, .over = TH_OVER_LATEST, .code = "D"},
    {.number = 5, .type = TH_TYPE_ENUM, .code = "E", .values = words, .values_count = 2},
    {.number = 6, .type = TH_TYPE_PERCENT, .code = "F"},
    {.number = 7, .type = TH_TYPE_TEXT, .code = "G"},
    {.number = 8, .type = TH_TYPE_DECIMAL, .scale = 2, .code = "H"},
};
static const uint16_t asked[] = {1, 2, 3, 4, 5, 6, 7};
static const struct th_task tasks[] = {{.number = 1}, {.number = 2}};

static struct th_rule rule;
static struct th_plan plan;
static struct th_obligation obligation;
static struct th_unit unit;
static struct th_related related;
static struct th_reason error_items[TH_REASONS_MAX], warning_items[TH_REASONS_MAX];
static struct th_reasons errors, warnings;

static void start(void)
{
    rule = (struct th_rule){.id = "R", .text = "luật", .kind = TH_RULE_COMPARISON};
    plan = (struct th_plan){.territory = "1",
                            .tasks = tasks,
                            .tasks_count = 2,
                            .catalogue = {.id = "c", .indicators = indicators, .number_max = 8},
                            .rules = {.rules = &rule, .count = 1}};
    rule.comparison = (struct th_comparison){
        .operator= TH_RULE_EQUAL, .terms = {{1, 1}, {-1, 2}}, .terms_count = 2};
    rule.severity = TH_SEVERITY_ERROR;
    obligation = (struct th_obligation){.period = "2025",
                                        .quoted = {.present = TH_TERM_INDICATORS,
                                                   .indicators = {NULL, asked, NULL},
                                                   .indicators_count = {0, 7, 0}}};
    unit = (struct th_unit){.code = "1", .kind = TH_UNIT_KIND_COMMUNE};
    related = (struct th_related){0};
    errors = (struct th_reasons){.items = error_items};
    warnings = (struct th_reasons){.items = warning_items};
}

TestSuite(check, .init = start);

static _Alignas(16) uint8_t checks_memory[65536];

static void check(const struct th_report *report)
{
    errors.count = warnings.count = 0;
    struct th_checks checks;
    th_checks_init(&plan, checks_memory, &checks);
    th_report_check(&checks, &obligation, &unit, report, &related, &errors, &warnings);
}

static void check_value(uint16_t number, int64_t value)
{
    struct th_report report = {.values = {&number, &value, 1}};
    check(&report);
}

static void check_two(int64_t a, int64_t b)
{
    struct th_report report = {.values = {(uint16_t[]){1, 2}, (int64_t[]){a, b}, 2}};
    check(&report);
}

static bool is(const struct th_reasons *reasons, const char *field, const char *value,
               const char *word)
{
    return reasons->count == 1 && strcmp(reasons->items[0].field, field) == 0 &&
           strcmp(reasons->items[0].value, value) == 0 && strcmp(reasons->items[0].rule, word) == 0;
}

Test(check, values_have_the_range_of_their_type)
{
    static const struct {
        uint16_t number;
        int64_t good, bad;
    } rows[] = {{1, 0, -1},         {1, TH_LIMIT_VALUE_MAX, TH_LIMIT_VALUE_MAX + 1},
                {3, 1, 2},          {3, 0, -1},
                {4, 20000, -40000}, {5, 1, 2},
                {5, 0, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_value(rows[i].number, rows[i].good);
        cr_assert_eq(errors.count, 0, "%zu", i);
        check_value(rows[i].number, rows[i].bad);
        cr_assert_eq(errors.count, 1, "%zu", i);
        cr_assert_str_eq(errors.items[0].rule, "value");
    }
    rule.kind = TH_RULE_TYPES;
    check_value(1, -1);
    cr_assert(is(&errors, "value.A", "-1", "R"));
}

Test(check, only_what_is_asked_may_be_sent)
{
    check_value(8, 125);
    cr_assert(is(&errors, "value.H", "1.25", "not_asked"));
    check_value(99, 1);
    cr_assert(is(&errors, "value.99", "", "unknown_indicator"));
    check_value(6, 50);
    cr_assert_eq(errors.count, 1);
    obligation.quoted.present = 0;
    check_value(8, 125);
    cr_assert_eq(errors.count, 0);
}

Test(check, a_broken_rule_shows_the_figures)
{
    check_two(5, 3);
    cr_assert(is(&errors, "value.A", "A=5, B=3", "R"));
    rule.severity = TH_SEVERITY_WARN;
    check_two(5, 3);
    cr_assert_eq(errors.count, 0);
    cr_assert(is(&warnings, "value.A", "A=5, B=3", "R"));
    check_two(5, 5);
    cr_assert_eq(warnings.count, 0);
    check_value(1, 5);
    cr_assert_eq(warnings.count, 0);
}

Test(check, a_list_in_another_order_is_refused_and_no_rule_is_asked)
{
    struct th_report report = {.values = {(uint16_t[]){2, 1}, (int64_t[]){5, 3}, 2}};
    check(&report);
    cr_assert(is(&errors, "value.A", "", "order"));
    report.values.numbers = (uint16_t[]){2, 2};
    check(&report);
    cr_assert(is(&errors, "value.B", "", "order"));
}

Test(check, the_annual_rule_of_communes_leaves_others_alone)
{
    rule.kind = TH_RULE_ANNUAL_COMMUNE;
    check_two(5, 3);
    cr_assert_eq(errors.count, 1);
    obligation.period = "2025-H1";
    check_two(5, 3);
    cr_assert_eq(errors.count, 0);
    obligation.period = "2025";
    obligation.quoted.present = 0;
    unit.kind = TH_UNIT_KIND_DEPARTMENT;
    check_two(5, 3);
    cr_assert_eq(errors.count, 0);
}

Test(check, comparisons_with_other_reports_only_warn)
{
    struct th_values before = {(uint16_t[]){1, 2}, (int64_t[]){100, 7}, 2};
    rule.kind = TH_RULE_ANNUAL_INCLUDES_HALF;
    check_two(99, 7);
    cr_assert_eq(warnings.count, 0);
    related.half_year = &before;
    check_two(99, 7);
    cr_assert(is(&warnings, "value.A", "99; 6 tháng: 100", "R"));
    rule.kind = TH_RULE_CARRY_OVER;
    rule.pairs[0][0] = 1;
    rule.pairs[0][1] = 2;
    rule.pairs_count = 1;
    check_two(99, 7);
    cr_assert(is(&warnings, "value.A", "99; 6 tháng: 100", "R"));
    obligation.period = "2025-H1";
    related.previous_year = &before;
    check_two(8, 1);
    cr_assert(is(&warnings, "value.A", "8; năm trước: 7", "R"));
    rule.kind = TH_RULE_YEAR_ON_YEAR;
    rule.percent = 50;
    rule.above = 20;
    related.previous_same = &before;
    check_two(150, 7);
    cr_assert_eq(warnings.count, 0);
    check_two(151, 27);
    cr_assert(is(&warnings, "value.A", "151; năm trước: 100", "R"));
    check_two(50, 7);
    cr_assert_eq(warnings.count, 0);
    check_two(49, 7);
    cr_assert(is(&warnings, "value.A", "49; năm trước: 100", "R"));
    cr_assert_eq(errors.count, 0);
}

Test(check, a_jump_is_counted_in_whole_units_whatever_the_scale)
{
    struct th_values before = {(uint16_t[]){8}, (int64_t[]){-1000}, 1}; /* -10,00 */
    rule.kind = TH_RULE_YEAR_ON_YEAR;
    rule.percent = 50;
    rule.above = 20;
    obligation.quoted.present = 0;
    related.previous_same = &before;
    check_value(8, 1000);
    cr_assert_eq(warnings.count, 0);
    check_value(8, 1001);
    cr_assert(is(&warnings, "value.H", "10.01; năm trước: -10.00", "R"));
    rule.percent = 201;
    check_value(8, 1001);
    cr_assert_eq(warnings.count, 0);
}

Test(check, only_quantities_are_held_against_other_reports)
{
    struct th_values before = {(uint16_t[]){4, 5, 6}, (int64_t[]){20000, 1, 90}, 3};
    struct th_report report = {.values = {(uint16_t[]){4, 5, 6}, (int64_t[]){100, 0, 1}, 3}};
    related.half_year = related.previous_same = &before;
    rule.kind = TH_RULE_ANNUAL_INCLUDES_HALF;
    check(&report);
    cr_assert_eq(warnings.count, 0, "a day, a class and a share are none");
    rule.kind = TH_RULE_YEAR_ON_YEAR;
    check(&report);
    cr_assert_eq(warnings.count, 0);
}

Test(check, only_the_year_itself_is_held_against_the_half_year)
{
    struct th_values before = {(uint16_t[]){1, 2}, (int64_t[]){100, 7}, 2};
    related.half_year = &before;
    rule.kind = TH_RULE_ANNUAL_INCLUDES_HALF;
    obligation.period = "2025-H1";
    check_two(99, 7);
    cr_assert_eq(warnings.count, 0);
    rule.kind = TH_RULE_CARRY_OVER;
    rule.pairs[0][0] = 1;
    rule.pairs[0][1] = 2;
    rule.pairs_count = 1;
    related.previous_year = &before;
    obligation.period = "2025-H2"; /* what was carried into the year was told in its first half */
    check_two(99, 7);
    cr_assert_eq(warnings.count, 0);
}

Test(check, scores_warn_while_scoring_is_suspended)
{
    struct th_relation relation = {.kind = TH_RELATION_SUSPENDS, .suspends_scoring = true};
    rule = (struct th_rule){.id = "R",
                            .text = "",
                            .kind = TH_RULE_SCORING_SUSPENDED,
                            .indicators = {5},
                            .indicators_count = 1};
    check_value(5, 0);
    cr_assert_eq(warnings.count, 0);
    plan.relations = &relation;
    plan.relations_count = 1;
    check_value(5, 0);
    cr_assert(is(&warnings, "value.E", "tốt", "R"));
    check_value(1, 5);
    cr_assert_eq(warnings.count, 0, "it has no score");
    relation.has_scope = true; /* and names nobody */
    check_value(5, 0);
    cr_assert_eq(warnings.count, 0);
    relation.scope.kinds = UINT32_C(1) << TH_UNIT_KIND_COMMUNE;
    check_value(5, 0);
    cr_assert_eq(warnings.count, 1);
    relation.kind = TH_RELATION_IMPLEMENTS;
    check_value(5, 0);
    cr_assert_eq(warnings.count, 0);
}

Test(check, estimates_need_leave_and_a_date)
{
    struct th_report report = {.values = {(uint16_t[]){1}, (int64_t[]){1}, 1},
                               .estimated = (uint16_t[]){1},
                               .estimated_count = 1};
    check(&report);
    cr_assert_eq(errors.count, 2);
    cr_assert_str_eq(errors.items[0].text, "Nghĩa vụ này không nhận số ước.");
    cr_assert_str_eq(errors.items[1].text, TH_REASON_ESTIMATE_UNDATED);
    obligation.quoted.present |= TH_TERM_ESTIMATES;
    obligation.quoted.estimates = true;
    report.has_estimated_to = true;
    report.estimated_to.number = 20000;
    check(&report);
    cr_assert_eq(errors.count, 0);
    cr_assert(is(&warnings, "estimated_to", "2024-10-04", "estimate"));
    plan.year = 2024;
    check(&report);
    cr_assert_eq(warnings.count, 0);
    report.estimated = (uint16_t[]){2};
    check(&report);
    cr_assert(is(&errors, "estimated.B", "", "estimate"));
    report.estimated = (uint16_t[]){1, 1};
    report.estimated_count = 2;
    check(&report);
    cr_assert(is(&errors, "estimated.A", "", "order"));
    report.estimated_count = 0;
    report.estimated_to.number = TH_DAY_MAX + 1;
    check(&report);
    cr_assert(is(&errors, "estimated_to", "", "date"));
}

Test(check, tasks_exist_and_their_percent_fits)
{
    struct th_task_progress sent[] = {{.task = 1, .status = TH_TASK_DONE, .percent = 100},
                                      {.task = 2, .status = TH_TASK_NOT_STARTED}};
    struct th_report report = {.tasks = sent, .tasks_count = 2};
    check(&report);
    cr_assert_eq(errors.count, 0);
    sent[0].percent = 99;
    check(&report);
    cr_assert(is(&errors, "task.1.percent", "99", "percent"));
    sent[0].percent = 100;
    sent[1].percent = 1; /* of what has not begun */
    check(&report);
    cr_assert(is(&errors, "task.2.percent", "1", "percent"));
    sent[1].status = TH_TASK_IN_PROGRESS;
    check(&report);
    cr_assert_eq(errors.count, 0);
    sent[1].percent = 101;
    check(&report);
    cr_assert(is(&errors, "task.2.percent", "101", "percent"));
    sent[1].percent = 100;
    sent[1].task = 9;
    check(&report);
    cr_assert(is(&errors, "task.9", "", "task"));
    sent[1].task = 1;
    check(&report);
    cr_assert(is(&errors, "task.1", "", "order"));
}

Test(check, narratives_belong_to_text_indicators_and_nothing_is_empty)
{
    struct th_narrative sent = {7, {"x", 1}};
    struct th_report report = {.narratives = &sent, .narratives_count = 1};
    check(&report);
    cr_assert_eq(errors.count, 0);
    sent.indicator = 1;
    check(&report);
    cr_assert(is(&errors, "narrative.A", "", "value"));
    sent.indicator = 99;
    check(&report);
    cr_assert(is(&errors, "narrative.99", "", "unknown_indicator"));
    struct th_narrative twice[] = {{7, {"x", 1}}, {7, {"y", 1}}};
    report.narratives = twice;
    report.narratives_count = 2;
    check(&report);
    cr_assert(is(&errors, "narrative.G", "", "order"));
    report.narratives_count = 1;
    obligation.quoted.indicators_count[TH_BRANCH_COMMUNES] = 6; /* all but it */
    check(&report);
    cr_assert(is(&errors, "narrative.G", "", "not_asked"));
    report.narratives_count = 0;
    check(&report);
    cr_assert(is(&errors, "", "", "empty"));
}

Test(check, the_date_of_the_paper_is_a_day)
{
    struct th_report report = {.values = {(uint16_t[]){1}, (int64_t[]){1}, 1},
                               .has_document = true,
                               .document = {.date = {TH_DAY_MAX}}};
    check(&report);
    cr_assert_eq(errors.count, 0);
    report.document.date.number = TH_DAY_MAX + 1;
    check(&report);
    cr_assert(is(&errors, "document.date", "", "date"));
}

Test(check, related_obligations_are_found_by_series_and_period)
{
    static const struct th_terms terms = {.present = TH_TERM_SERIES, .series = "s"};
    struct th_obligation now[] = {{.id = "h", .period = "2025-H1", .quoted = terms},
                                  {.id = "y", .period = "2025", .quoted = terms},
                                  {.id = "o", .period = "2025-H1"}};
    struct th_obligation before[] = {{.id = "y24", .period = "2024", .quoted = terms}};
    struct th_plan this_year = plan, last_year = plan;
    this_year.obligations = now;
    this_year.obligations_count = 3;
    last_year.obligations = before;
    last_year.obligations_count = 1;
    const struct th_plan *plans[] = {&last_year, &this_year};
    struct th_related_obligations found;
    th_related_find(plans, 2, &this_year, &now[1], &found);
    cr_assert_eq(found.half_year, &now[0]);
    cr_assert_eq(found.previous_year, &before[0]);
    cr_assert_eq(found.previous_same, &before[0]);
    cr_assert_eq(found.previous_same_plan, &last_year);
    th_related_find(plans, 2, &this_year, &now[0], &found);
    cr_assert_null(found.half_year);
    cr_assert_null(found.previous_same);
    last_year.territory = "2";
    th_related_find(plans, 2, &this_year, &now[1], &found);
    cr_assert_null(found.previous_year);
}

Test(check, other_series_catalogues_and_open_ends_are_not_related)
{
    static const struct th_terms terms = {.present = TH_TERM_SERIES, .series = "s"};
    static const struct th_terms others = {.present = TH_TERM_SERIES, .series = "t"};
    struct th_obligation now[] = {
        {.id = "t", .period = "2025-H1", .quoted = others},
        {.id = "o", .period = "2025-H1", .quoted = terms, .open_ended = true},
        {.id = "y", .period = "2025", .quoted = terms},
        {.id = "h", .period = "2025-H1", .quoted = terms}};
    struct th_obligation before[] = {{.id = "y24", .period = "2024", .quoted = terms}};
    struct th_plan this_year = plan, last_year = plan;
    this_year.obligations = now;
    this_year.obligations_count = 3;
    last_year.obligations = before;
    last_year.obligations_count = 1;
    const struct th_plan *plans[] = {&this_year, &last_year};
    struct th_related_obligations found;
    th_related_find(plans, 2, &this_year, &now[2], &found);
    cr_assert_null(found.half_year);
    cr_assert_eq(found.previous_year, &before[0]);
    this_year.obligations_count = 4;
    th_related_find(plans, 2, &this_year, &now[2], &found);
    cr_assert_eq(found.half_year, &now[3]);
    last_year.catalogue.id = "d";
    th_related_find(plans, 2, &this_year, &now[2], &found);
    cr_assert_null(found.previous_year);
}

Test(check, a_long_list_of_figures_is_cut_between_them)
{
    rule.comparison.terms_count = 12;
    for (size_t i = 0; i < 12; i++)
        rule.comparison.terms[i] = (struct th_rule_term){1, 1};
    struct th_report report = {.values = {(uint16_t[]){1}, (int64_t[]){123456789}, 1}};
    check(&report);
    cr_assert_str_eq(errors.items[0].value, "A=123456789, A=123456789, A=123456789 …");
    rule.comparison.terms_count = 4;
    report.values.values = (int64_t[]){12345678};
    check(&report);
    cr_assert_str_eq(errors.items[0].value, "A=12345678, A=12345678, A=12345678, A=12345678");
    cr_assert_eq(strlen(errors.items[0].value), TH_REASON_VALUE_MAX - 2);
    rule.comparison.terms[3].indicator = 2; /* one more figure fits to the last byte */
    report.values = (struct th_values){(uint16_t[]){1, 2}, (int64_t[]){12345678, 123456789}, 2};
    check(&report);
    cr_assert_str_eq(errors.items[0].value, "A=12345678, A=12345678, A=12345678, B=123456789");
}
