/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a plan's catalogue and rules; proto/wire/plan_catalogue.c writes them. Everything that
 * the model looks up without asking is looked at here: numbers, scales, comparisons.
 */
#include "proto/wire/plan_parts.h"

#include "proto/model/figure.h"

#include <string.h>

uint32_t th_wire_index(struct th_wire_reader *reader, uint32_t index, uint32_t count)
{
    th_wire_require(reader, index < count, TH_E_SYNTAX);
    return reader->status < 0 ? 0 : index;
}

const uint16_t *th_wire_read_indicators(struct th_wire_reader *reader, const uint32_t *numbers,
                                        size_t count, const struct th_catalogue *catalogue)
{
    const uint16_t *ascending =
        th_wire_ascending(reader, numbers, count, TH_LIMIT_INDICATORS_MAX, TH_LIMIT_INDICATORS_MAX);
    for (size_t i = 0; reader->status == 0 && i < count; i++)
        th_wire_require(reader, th_catalogue_get(catalogue, numbers[i]) != NULL, TH_E_SYNTAX);
    return ascending;
}

static void read_sections(struct th_wire_reader *reader, const Tonghop__Plan *message,
                          struct th_catalogue *catalogue)
{
    th_wire_require(reader, message->n_section <= TH_LIMIT_SECTIONS_MAX, TH_E_LIMIT);
    struct th_section *sections = th_wire_alloc(reader, message->n_section, sizeof *sections);
    for (size_t i = 0; reader->status == 0 && i < message->n_section; i++) {
        const Tonghop__CatalogueSection *section = message->section[i];
        th_wire_require(reader, section->number > 0, TH_E_SYNTAX);
        th_wire_require(reader, section->number <= UINT16_MAX, TH_E_LIMIT);
        sections[i] = (struct th_section){
            .number = (uint16_t)section->number,
            .name = th_wire_string(reader, section->name, 1, TH_LIMIT_TITLE_MAX),
            .name_en = th_wire_string(reader, section->name_en, 0, TH_LIMIT_TITLE_MAX),
        };
    }
    catalogue->sections = sections;
    catalogue->sections_count = (uint16_t)message->n_section;
}

static uint16_t read_section_number(struct th_wire_reader *reader, uint32_t number,
                                    const struct th_catalogue *catalogue)
{
    for (size_t i = 0; reader->status == 0 && i < catalogue->sections_count; i++)
        if (catalogue->sections[i].number == number)
            return (uint16_t)number;
    th_wire_fail(reader, TH_E_SYNTAX);
    return 0;
}

static const char *const *read_words(struct th_wire_reader *reader,
                                     const Tonghop__Indicator *message)
{
    th_wire_require(reader, message->n_value <= TH_LIMIT_VALUES_MAX, TH_E_LIMIT);
    th_wire_require(reader, message->n_value == 0 || message->type == TH_TYPE_ENUM, TH_E_SYNTAX);
    const char **words = th_wire_alloc(reader, message->n_value, sizeof *words);
    for (size_t i = 0; words != NULL && i < message->n_value; i++)
        words[i] = th_wire_string(reader, message->value[i], 1, TH_LIMIT_TITLE_MAX);
    return words;
}

static struct th_indicator read_indicator(struct th_wire_reader *reader,
                                          const Tonghop__Indicator *message,
                                          const struct th_catalogue *catalogue)
{
    struct th_indicator indicator = {
        .section = read_section_number(reader, message->section, catalogue),
        .type = (enum th_indicator_type)th_wire_index(reader, message->type, TH_TYPE_PERCENT + 1),
        .up = (enum th_up_rule)th_wire_index(reader, message->up, TH_UP_CONCAT + 1),
        .over = (enum th_over_rule)th_wire_index(reader, message->over, TH_OVER_RATIO_OF_SUMS + 1),
        .source = (enum th_indicator_source)th_wire_index(reader, message->source,
                                                          TH_SOURCE_PROPOSAL + 1),
        .code = th_wire_string(reader, message->code, 1, TH_LIMIT_INDICATOR_CODE_MAX),
        .name = th_wire_string(reader, message->name, 1, TH_LIMIT_TITLE_MAX),
        .name_en = th_wire_string(reader, message->name_en, 0, TH_LIMIT_TITLE_MAX),
        .unit_of_measure = th_wire_string(reader, message->unit_of_measure, 0, TH_LIMIT_TITLE_MAX),
        .note = th_wire_string(reader, message->note, 0, TH_LIMIT_QUOTE_MAX),
        .values = read_words(reader, message),
        .values_count = (uint16_t)message->n_value,
    };
    th_wire_require(reader, message->has_source, TH_E_SYNTAX);
    th_wire_require(reader, message->scale <= TH_FIGURE_SCALE_MAX, TH_E_LIMIT);
    th_wire_require(reader, message->scale == 0 || indicator.type == TH_TYPE_DECIMAL, TH_E_SYNTAX);
    th_wire_require(reader,
                    (indicator.up == TH_UP_RATIO_OF_SUMS) == (indicator.type == TH_TYPE_PERCENT),
                    TH_E_SYNTAX);
    indicator.scale = reader->status < 0 ? 0 : (uint8_t)message->scale;
    return indicator;
}

/* One side of a ratio. All terms are whole figures of one scale, or of no scale seen yet (-1). */
static uint8_t read_side(struct th_wire_reader *reader, const uint32_t *numbers, size_t count,
                         const struct th_catalogue *catalogue, int *scale, uint16_t *ret_terms)
{
    th_wire_require(reader, count <= TH_LIMIT_RATIO_TERMS_MAX, TH_E_LIMIT);
    for (size_t i = 0; reader->status == 0 && i < count; i++) {
        const struct th_indicator *term = th_catalogue_get(catalogue, numbers[i]);
        th_wire_require(
            reader, term != NULL && term->up == TH_UP_SUM && (*scale < 0 || term->scale == *scale),
            TH_E_SYNTAX);
        if (reader->status < 0)
            break;
        *scale = term->scale;
        ret_terms[i] = term->number;
    }
    return (uint8_t)count;
}

static void read_ratio(struct th_wire_reader *reader, const Tonghop__Indicator *message,
                       const struct th_catalogue *catalogue, struct th_indicator *indicator)
{
    bool is_ratio = indicator->up == TH_UP_RATIO_OF_SUMS;
    th_wire_require(reader, (message->n_numerator > 0) == is_ratio, TH_E_SYNTAX);
    th_wire_require(reader, (message->n_denominator > 0) == is_ratio, TH_E_SYNTAX);
    int scale = -1;
    indicator->ratio.numerator_count = read_side(reader, message->numerator, message->n_numerator,
                                                 catalogue, &scale, indicator->ratio.numerator);
    indicator->ratio.denominator_count =
        read_side(reader, message->denominator, message->n_denominator, catalogue, &scale,
                  indicator->ratio.denominator);
}

struct th_catalogue th_wire_read_catalogue(struct th_wire_reader *reader,
                                           const Tonghop__Plan *message)
{
    struct th_catalogue catalogue = {
        .id = th_wire_string(reader, message->catalogue, 1, TH_LIMIT_PLAN_ID_MAX)};
    read_sections(reader, message, &catalogue);
    size_t count = message->n_indicator;
    uint32_t last = count == 0 ? 0 : message->indicator[count - 1]->number;
    th_wire_require(reader, count <= TH_LIMIT_INDICATORS_MAX && last <= TH_LIMIT_INDICATORS_MAX,
                    TH_E_LIMIT);
    struct th_indicator *rows = th_wire_alloc(reader, (size_t)last + 1, sizeof *rows);
    catalogue.indicators = rows;
    uint32_t before = 0;
    for (size_t i = 0; reader->status == 0 && i < count; i++) {
        uint32_t number = message->indicator[i]->number;
        th_wire_require(reader, number > before && number <= last, TH_E_SYNTAX);
        if (reader->status < 0)
            break;
        rows[number] = read_indicator(reader, message->indicator[i], &catalogue);
        rows[number].number = (uint16_t)number;
        before = number;
    }
    if (reader->status == 0)
        catalogue.number_max = (uint16_t)last;
    for (size_t i = 0; reader->status == 0 && i < count; i++)
        read_ratio(reader, message->indicator[i], &catalogue, &rows[message->indicator[i]->number]);
    return catalogue;
}

static bool is_number(const struct th_indicator *indicator)
{
    return indicator != NULL &&
           (indicator->type == TH_TYPE_COUNT || indicator->type == TH_TYPE_MONEY ||
            indicator->type == TH_TYPE_DECIMAL || indicator->type == TH_TYPE_BOOL);
}

/* Written again as terms; all terms have one scale, as th_comparison_check() wants. */
static void read_comparison(struct th_wire_reader *reader, const struct th_catalogue *catalogue,
                            struct th_rule *rule)
{
    size_t at = 0;
    if (reader->status < 0)
        return;
    int status = th_comparison_parse(rule->written, strlen(rule->written), th_catalogue_lookup,
                                     catalogue, &rule->comparison, &at);
    if (status < 0) {
        th_wire_fail(reader, status == TH_E_LIMIT ? TH_E_LIMIT : TH_E_SYNTAX);
        return;
    }
    th_wire_require(reader, rule->comparison.terms_count > 0, TH_E_SYNTAX);
    int scale = -1;
    for (size_t i = 0; reader->status == 0 && i < rule->comparison.terms_count; i++) {
        const struct th_indicator *term =
            th_catalogue_get(catalogue, rule->comparison.terms[i].indicator);
        th_wire_require(reader, is_number(term) && (scale < 0 || term->scale == scale),
                        TH_E_SYNTAX);
        scale = reader->status < 0 ? scale : term->scale;
    }
}

static void read_pairs(struct th_wire_reader *reader, const Tonghop__Rule *message,
                       const struct th_catalogue *catalogue, struct th_rule *rule)
{
    th_wire_require(reader, message->n_opening == message->n_pending, TH_E_SYNTAX);
    th_wire_require(reader, message->n_opening <= TH_LIMIT_CARRY_PAIRS_MAX, TH_E_LIMIT);
    for (size_t i = 0; reader->status == 0 && i < message->n_opening; i++) {
        const struct th_indicator *opening = th_catalogue_get(catalogue, message->opening[i]);
        const struct th_indicator *pending = th_catalogue_get(catalogue, message->pending[i]);
        th_wire_require(
            reader, is_number(opening) && is_number(pending) && opening->scale == pending->scale,
            TH_E_SYNTAX);
        rule->pairs[i][0] = (uint16_t)message->opening[i];
        rule->pairs[i][1] = (uint16_t)message->pending[i];
    }
    rule->pairs_count = (uint16_t)message->n_opening;
}

static struct th_rule read_rule(struct th_wire_reader *reader, const Tonghop__Rule *message,
                                const struct th_catalogue *catalogue)
{
    struct th_rule rule = {
        .id = th_wire_string(reader, message->id, 1, TH_LIMIT_OBLIGATION_ID_MAX),
        .text = th_wire_string(reader, message->text, 1, TH_LIMIT_TITLE_MAX),
        .source = th_wire_string(reader, message->source, 0, TH_LIMIT_TITLE_MAX),
        .written = th_wire_string(reader, message->written, 0, TH_LIMIT_TITLE_MAX),
        .severity =
            (enum th_severity)th_wire_index(reader, message->severity, TH_SEVERITY_ERROR + 1),
        .kind =
            (enum th_rule_kind)th_wire_index(reader, message->kind, TH_RULE_SCORING_SUSPENDED + 1),
        .percent = message->percent,
        .above = message->above,
    };
    bool compares = rule.kind == TH_RULE_COMPARISON || rule.kind == TH_RULE_ANNUAL_COMMUNE;
    bool is_yearly = rule.kind == TH_RULE_YEAR_ON_YEAR;
    th_wire_require(reader, (rule.written[0] != 0) == compares, TH_E_SYNTAX);
    th_wire_require(reader, message->has_percent == is_yearly && message->has_above == is_yearly,
                    TH_E_SYNTAX);
    if (compares)
        read_comparison(reader, catalogue, &rule);
    read_pairs(reader, message, catalogue, &rule);
    th_wire_require(reader, message->n_indicator <= TH_LIMIT_CARRY_PAIRS_MAX, TH_E_LIMIT);
    for (size_t i = 0; reader->status == 0 && i < message->n_indicator; i++) {
        th_wire_require(reader, th_catalogue_get(catalogue, message->indicator[i]) != NULL,
                        TH_E_SYNTAX);
        rule.indicators[i] = (uint16_t)message->indicator[i];
    }
    rule.indicators_count = (uint16_t)message->n_indicator;
    return rule;
}

struct th_rule_set th_wire_read_rules(struct th_wire_reader *reader, const Tonghop__Plan *message,
                                      const struct th_catalogue *catalogue)
{
    th_wire_require(reader, message->n_rule <= TH_LIMIT_RULES_MAX, TH_E_LIMIT);
    struct th_rule *rules = th_wire_alloc(reader, message->n_rule, sizeof *rules);
    for (size_t i = 0; reader->status == 0 && i < message->n_rule; i++)
        rules[i] = read_rule(reader, message->rule[i], catalogue);
    return (struct th_rule_set){
        .id = th_wire_string(reader, message->rules, 1, TH_LIMIT_PLAN_ID_MAX),
        .rules = rules,
        .count = (uint16_t)message->n_rule,
    };
}
