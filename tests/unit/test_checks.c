/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report meets only the rules that its figures are in, and figures within their range are not
 * looked at further. Over random plans and reports: the findings are those of all rules in the
 * plan's order and of each figure looked at in full.
 */
#include "proto/model/check.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { NUMBERS = 90, RULES = 200 };

static char codes[NUMBERS + 1][TH_LIMIT_INDICATOR_CODE_MAX];
static char ids[RULES][8];
static const char *const words[] = {"tốt", "khá", "yếu"};
static struct th_indicator indicators[NUMBERS + 1];
static struct th_rule rules[RULES];
static const struct th_relation relation = {.kind = TH_RELATION_SUSPENDS, .suspends_scoring = true};
static struct th_plan plan;
static struct th_obligation obligation;
static uint16_t asked[NUMBERS];
static _Alignas(16) uint8_t memory[65536];

struct figures {
    uint16_t numbers[NUMBERS + 8];
    int64_t values[NUMBERS + 8];
    struct th_values all;
};

struct found {
    struct th_reason error_items[TH_REASONS_MAX], warning_items[TH_REASONS_MAX];
    struct th_reasons errors, warnings;
};

static uint64_t state = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t any(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static uint16_t any_number(void)
{
    return (uint16_t)(1 + any(any(20) == 0 ? NUMBERS + 9 : NUMBERS));
}

/* ---- a plan ---- */

static void make_indicators(void)
{
    for (uint16_t i = 1; i <= NUMBERS; i++) {
        (void)snprintf(codes[i], sizeof codes[i], "I%u", i);
        indicators[i] = (struct th_indicator){
            .number = any(15) == 0 ? 0 : i, /* not used */
            .type = any(3) == 0 ? (enum th_indicator_type)any(TH_TYPE_PERCENT + 1) : TH_TYPE_COUNT,
            .over = (enum th_over_rule)any(TH_OVER_RATIO_OF_SUMS + 1),
            .code = codes[i],
            .values = words,
            .values_count = (uint16_t)any(4)};
    }
}

static void make_rule(struct th_rule *rule, char *id)
{
    *rule = (struct th_rule){.id = id,
                             .text = "luật",
                             .severity = (enum th_severity)any(2),
                             .kind = any(3) != 0
                                         ? TH_RULE_COMPARISON
                                         : (enum th_rule_kind)any(TH_RULE_SCORING_SUSPENDED + 1),
                             .percent = (uint32_t)any(40)};
    struct th_comparison *comparison = &rule->comparison;
    comparison->operator=(enum th_rule_operator) any(TH_RULE_AT_LEAST + 1);
    comparison->terms_count = any(30) == 0 ? 0 : 1 + any(4);
    comparison->right_constant = (int64_t)any(20);
    for (size_t i = 0; i < comparison->terms_count; i++)
        comparison->terms[i] =
            (struct th_rule_term){(int32_t)any(7) - 3, any(40) == 0 ? 1023 : any_number()};
    rule->pairs_count = (uint16_t)any(4);
    rule->indicators_count = (uint16_t)any(4);
    for (uint16_t i = 0; i < 4; i++) {
        rule->pairs[i][0] = any_number();
        rule->pairs[i][1] = any_number();
        rule->indicators[i] = any_number();
    }
}

static void make_plan(void)
{
    static const char *const periods[] = {"2025", "2025-H1", "2025-H2", ""};
    make_indicators();
    plan =
        (struct th_plan){.territory = "1",
                         .relations = &relation,
                         .relations_count = (uint16_t)any(2),
                         .catalogue = {.id = "c", .indicators = indicators, .number_max = NUMBERS},
                         .rules = {.rules = rules, .count = (uint16_t)any(RULES + 1)}};
    for (uint16_t i = 0; i < plan.rules.count; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "R%u", i);
        make_rule(&rules[i], ids[i]);
    }
    uint16_t count = 0;
    for (uint16_t i = 1; i <= NUMBERS; i++)
        if (any(5) != 0)
            asked[count++] = i;
    obligation =
        (struct th_obligation){.period = periods[any(4)],
                               .quoted = {.present = any(4) == 0 ? 0 : TH_TERM_INDICATORS,
                                          .indicators = {NULL, asked, asked},
                                          .indicators_count = {0, count, (uint16_t)(count / 2)}}};
}

/* ---- a report ---- */

static void make_figures(struct figures *figures)
{
    size_t count = 0;
    for (uint16_t number = 1; number <= NUMBERS + 4; number++) {
        if (any(3) == 0 || (number > NUMBERS && any(20) != 0))
            continue;
        figures->numbers[count] = number;
        figures->values[count++] = any(40) == 0 ? -5 : (int64_t)any(any(3) == 0 ? 30000 : 12);
    }
    if (count > 1 && any(30) == 0)
        figures->numbers[count - 1] = figures->numbers[0]; /* not in order */
    figures->all = (struct th_values){figures->numbers, figures->values, count};
}

/* ---- both ways ---- */

static void check(const struct th_checks *checks, const struct th_unit *unit,
                  const struct th_report *report, const struct th_related *related,
                  struct found *found)
{
    memset(found, 0, sizeof *found);
    found->errors.items = found->error_items;
    found->warnings.items = found->warning_items;
    th_report_check(checks, &obligation, unit, report, related, &found->errors, &found->warnings);
}

/* Every rule, and no figure known to be right. */
static struct th_checks in_full(const struct th_checks *checks)
{
    static struct th_figure_range none[NUMBERS + 1];
    static uint64_t all[TH_CHECKS_WORDS_MAX], nothing[(NUMBERS + 1) * TH_CHECKS_WORDS_MAX];
    struct th_checks full = *checks;
    for (size_t i = 0; i <= NUMBERS; i++)
        none[i] = (struct th_figure_range){0, -1};
    memset(all, 0, sizeof all);
    for (uint16_t i = 0; i < plan.rules.count; i++)
        all[i / 64] |= UINT64_C(1) << i % 64;
    full.figures = none;
    full.always = all;
    full.by_number = nothing;
    return full;
}

static bool same(const struct th_reasons *left, const struct th_reasons *right)
{
    if (left->count != right->count || left->dropped != right->dropped)
        return false;
    for (size_t i = 0; i < left->count; i++)
        if (strcmp(left->items[i].field, right->items[i].field) != 0 ||
            strcmp(left->items[i].value, right->items[i].value) != 0 ||
            strcmp(left->items[i].rule, right->items[i].rule) != 0 ||
            strcmp(left->items[i].text, right->items[i].text) != 0)
            return false;
    return true;
}

Test(checks, only_the_rules_of_reported_figures_find_what_all_find)
{
    static struct figures sent, half, year, before;
    static struct found found, full;
    static const struct th_unit units[] = {{.code = "1", .kind = TH_UNIT_KIND_COMMUNE},
                                           {.code = "2", .kind = TH_UNIT_KIND_DEPARTMENT}};
    size_t errors = 0, warnings = 0;
    for (size_t round = 0; round < 400; round++) {
        struct th_checks checks;
        make_plan();
        cr_assert_leq(th_checks_size(&plan), sizeof memory);
        memset(memory, 0xA5, sizeof memory);
        th_checks_init(&plan, memory, &checks);
        cr_assert_eq(memory[th_checks_size(&plan)], 0xA5);
        const struct th_checks all = in_full(&checks);
        for (size_t i = 0; i < 30; i++) {
            make_figures(&sent);
            make_figures(&half);
            make_figures(&year);
            make_figures(&before);
            const struct th_report report = {.values = sent.all};
            const struct th_related related = {.half_year = any(2) == 0 ? &half.all : NULL,
                                               .previous_year = any(2) == 0 ? &year.all : NULL,
                                               .previous_same = any(2) == 0 ? &before.all : NULL};
            const struct th_unit *unit = &units[any(2)];
            check(&checks, unit, &report, &related, &found);
            check(&all, unit, &report, &related, &full);
            cr_assert(same(&found.errors, &full.errors), "%zu, %zu", round, i);
            cr_assert(same(&found.warnings, &full.warnings), "%zu, %zu", round, i);
            errors += found.errors.count;
            warnings += found.warnings.count;
        }
    }
    cr_assert_gt(errors, 1000);
    cr_assert_gt(warnings, 1000);
}

Test(checks, a_range_is_what_the_type_can_have)
{
    struct th_indicator indicator = {.type = TH_TYPE_ENUM, .values_count = 3};
    cr_assert_eq(th_figure_range(&indicator).last, 2);
    indicator.values_count = 0;
    cr_assert_lt(th_figure_range(&indicator).last, th_figure_range(&indicator).first);
    indicator.type = TH_TYPE_PERCENT;
    cr_assert_lt(th_figure_range(&indicator).last, th_figure_range(&indicator).first);
}
