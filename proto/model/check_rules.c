/* SPDX-License-Identifier: Apache-2.0 */
/* The plan's rules over one report, and those that compare it with others of the same unit. */
#include "proto/model/checking.h"

static void put_figure(struct th_line *line, const struct th_indicator *indicator, int64_t value)
{
    char shown[TH_REASON_VALUE_MAX];
    th_line_put(line, th_indicator_format(indicator, value, shown, sizeof shown));
}

/* "TCD01=5, TCD04=2 …": as many terms as fit. */
static void put_terms(struct th_line *line, const struct th_checking *checking,
                      const struct th_comparison *comparison)
{
    static const char more[] = " …";
    for (size_t i = 0; i < comparison->terms_count; i++) {
        uint16_t number = comparison->terms[i].indicator;
        const struct th_indicator *indicator = th_catalogue_get(&checking->plan->catalogue, number);
        int64_t value = 0;
        if (indicator == NULL || !th_checking_get(checking, number, &value))
            continue;
        TH_LINE(term, TH_REASON_VALUE_MAX);
        th_line_put(&term, i > 0 ? ", " : "");
        th_line_put(&term, indicator->code);
        th_line_put(&term, "=");
        put_figure(&term, indicator, value);
        bool is_last = i + 1 == comparison->terms_count;
        if (line->used + term.used + (is_last ? 0 : sizeof more - 1) > line->size - 1) {
            th_line_put(line, more);
            return;
        }
        th_line_put(line, term.text);
    }
}

static void check_comparison(struct th_checking *checking, const struct th_rule *rule)
{
    if (th_comparison_check_table(&rule->comparison, &checking->table) != TH_RULE_BROKEN)
        return;
    TH_LINE(field, TH_REASON_FIELD_MAX);
    TH_LINE(value, TH_REASON_VALUE_MAX);
    if (rule->comparison.terms_count > 0)
        th_checking_put_field(&field, "value.", checking, rule->comparison.terms[0].indicator);
    put_terms(&value, checking, &rule->comparison);
    th_reasons_add(rule->severity == TH_SEVERITY_ERROR ? checking->errors : checking->warnings,
                   field.text, value.text, rule->id, rule->text);
}

/* A warning about two figures, "5; 6 tháng: 7". */
static void warn_about(struct th_checking *checking, const struct th_rule *rule,
                       const struct th_indicator *indicator, int64_t value, const char *word,
                       int64_t other)
{
    TH_LINE(field, TH_REASON_FIELD_MAX);
    TH_LINE(shown, TH_REASON_VALUE_MAX);
    th_checking_put_field(&field, "value.", checking, indicator->number);
    put_figure(&shown, indicator, value);
    th_line_put(&shown, "; ");
    th_line_put(&shown, word);
    th_line_put(&shown, ": ");
    put_figure(&shown, indicator, other);
    th_reasons_add(checking->warnings, field.text, shown.text, rule->id, rule->text);
}

static bool is_quantity(const struct th_indicator *indicator)
{
    return indicator != NULL &&
           (indicator->type == TH_TYPE_COUNT || indicator->type == TH_TYPE_MONEY ||
            indicator->type == TH_TYPE_DECIMAL || indicator->type == TH_TYPE_BOOL);
}

static void check_includes_half(struct th_checking *checking, const struct th_rule *rule)
{
    const struct th_values *values = &checking->report->values;
    for (size_t i = 0; i < values->count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&checking->plan->catalogue, values->numbers[i]);
        int64_t half;
        if (is_quantity(indicator) && indicator->over == TH_OVER_CUMULATIVE &&
            th_values_get(checking->related->half_year, values->numbers[i], &half) &&
            values->values[i] < half)
            warn_about(checking, rule, indicator, values->values[i], "6 tháng", half);
    }
}

static void check_carry_over(struct th_checking *checking, const struct th_rule *rule, bool annual)
{
    const struct th_values *before =
        annual ? checking->related->half_year : checking->related->previous_year;
    for (uint16_t i = 0; before != NULL && i < rule->pairs_count; i++) {
        uint16_t opening = rule->pairs[i][0];
        const struct th_indicator *indicator =
            th_catalogue_get(&checking->plan->catalogue, opening);
        int64_t value, other;
        if (indicator != NULL && th_checking_get(checking, opening, &value) &&
            th_values_get(before, annual ? opening : rule->pairs[i][1], &other) && value != other)
            warn_about(checking, rule, indicator, value, annual ? "6 tháng" : "năm trước", other);
    }
}

/* More than `percent` of the other figure and more than `above` whole units. */
static bool jumps(const struct th_rule *rule, const struct th_indicator *indicator, int64_t value,
                  int64_t other)
{
    __int128 difference = (__int128)value - other, from = other, above = rule->above;
    for (unsigned i = 0; i < indicator->scale; i++)
        above *= 10;
    difference = difference < 0 ? -difference : difference;
    from = from < 0 ? -from : from;
    return difference * 100 > from * rule->percent && difference > above;
}

static void check_year_on_year(struct th_checking *checking, const struct th_rule *rule)
{
    const struct th_values *values = &checking->report->values;
    for (size_t i = 0; i < values->count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&checking->plan->catalogue, values->numbers[i]);
        int64_t other;
        if (is_quantity(indicator) &&
            th_values_get(checking->related->previous_same, values->numbers[i], &other) &&
            jumps(rule, indicator, values->values[i], other))
            warn_about(checking, rule, indicator, values->values[i], "năm trước", other);
    }
}

static bool has_any(const struct th_checking *checking, const struct th_rule *rule)
{
    int64_t value;
    for (uint16_t i = 0; i < rule->indicators_count; i++)
        if (th_checking_get(checking, rule->indicators[i], &value))
            return true;
    return false;
}

static bool scoring_is_suspended(const struct th_checking *checking)
{
    for (uint16_t i = 0; i < checking->plan->relations_count; i++) {
        const struct th_relation *relation = &checking->plan->relations[i];
        if (relation->kind == TH_RELATION_SUSPENDS && relation->suspends_scoring &&
            (!relation->has_scope || th_selector_matches(&relation->scope, checking->unit)))
            return true;
    }
    return false;
}

static void check_scoring(struct th_checking *checking, const struct th_rule *rule)
{
    for (uint16_t i = 0; i < rule->indicators_count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&checking->plan->catalogue, rule->indicators[i]);
        int64_t value;
        if (indicator == NULL || !th_checking_get(checking, indicator->number, &value))
            continue;
        TH_LINE(field, TH_REASON_FIELD_MAX);
        TH_LINE(shown, TH_REASON_VALUE_MAX);
        th_checking_put_field(&field, "value.", checking, indicator->number);
        put_figure(&shown, indicator, value);
        th_reasons_add(rule->severity == TH_SEVERITY_ERROR ? checking->errors : checking->warnings,
                       field.text, shown.text, rule->id, rule->text);
    }
}

static void check_rule(struct th_checking *checking, const struct th_rule *rule)
{
    const struct th_related *related = checking->related;
    const bool annual = checking->is_annual;
    switch (rule->kind) {
    case TH_RULE_COMPARISON:
        check_comparison(checking, rule);
        break;
    case TH_RULE_ANNUAL_COMMUNE:
        if (annual && th_unit_kind_branch(checking->unit->kind) == TH_BRANCH_COMMUNES)
            check_comparison(checking, rule);
        break;
    case TH_RULE_TYPES: /* with each figure */
        break;
    case TH_RULE_ANNUAL_INCLUDES_HALF:
        if (annual && related != NULL && related->half_year != NULL)
            check_includes_half(checking, rule);
        break;
    case TH_RULE_CARRY_OVER:
        if ((annual || checking->is_first_half) && related != NULL)
            check_carry_over(checking, rule, annual);
        break;
    case TH_RULE_YEAR_ON_YEAR:
        if (related != NULL && related->previous_same != NULL)
            check_year_on_year(checking, rule);
        break;
    case TH_RULE_SCORING_SUSPENDED:
        if (has_any(checking, rule) && scoring_is_suspended(checking))
            check_scoring(checking, rule);
        break;
    }
}

/* In the plan's order: those that are not tied to a figure, and those tied to a reported one. */
void th_checking_apply_rules(struct th_checking *checking)
{
    const struct th_checks *checks = checking->checks;
    const struct th_values *values = &checking->report->values;
    uint64_t set[TH_CHECKS_WORDS_MAX];
    for (size_t word = 0; word < checks->words; word++)
        set[word] = checks->always[word];
    for (size_t i = 0; i < values->count; i++)
        for (size_t word = 0;
             word < checks->words && values->numbers[i] <= checking->plan->catalogue.number_max;
             word++)
            set[word] |= checks->by_number[values->numbers[i] * checks->words + word];
    for (size_t word = 0; word < checks->words; word++)
        for (uint64_t left = set[word]; left != 0; left &= left - 1)
            check_rule(checking,
                       &checking->plan->rules.rules[64 * word + (size_t)__builtin_ctzll(left)]);
}
