/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/checks.h"

#include "base/assert.h"

#include <string.h>

/* ---- figures ---- */

struct th_figure_range th_figure_range(const struct th_indicator *indicator)
{
    switch (indicator->type) {
    case TH_TYPE_COUNT:
    case TH_TYPE_MONEY:
        return (struct th_figure_range){0, TH_LIMIT_VALUE_MAX};
    case TH_TYPE_DECIMAL:
        return (struct th_figure_range){-TH_LIMIT_VALUE_MAX, TH_LIMIT_VALUE_MAX};
    case TH_TYPE_BOOL:
        return (struct th_figure_range){0, 1};
    case TH_TYPE_DATE:
        return (struct th_figure_range){TH_DAY_MIN, TH_DAY_MAX};
    case TH_TYPE_ENUM:
        return (struct th_figure_range){0, (int64_t)indicator->values_count - 1};
    case TH_TYPE_TEXT:
    case TH_TYPE_PERCENT:
        break;
    }
    return (struct th_figure_range){0, -1};
}

/* ---- rules ---- */

struct making {
    struct th_checks *checks;
    uint64_t *always;
    uint64_t *by_number;
};

static void add(uint64_t *set, uint16_t rule)
{
    set[rule / 64] |= UINT64_C(1) << rule % 64;
}

/* Without this figure the rule has nothing to say. A number beyond the catalogue is never found. */
static void tie(const struct making *making, uint16_t rule, uint16_t number)
{
    if (number <= making->checks->plan->catalogue.number_max)
        add(making->by_number + number * making->checks->words, rule);
}

static void place(const struct making *making, uint16_t place)
{
    const struct th_rule *rule = &making->checks->plan->rules.rules[place];
    switch (rule->kind) {
    case TH_RULE_COMPARISON:
    case TH_RULE_ANNUAL_COMMUNE: /* runs only when every term is reported: the first stands for all
                                  */
        if (rule->comparison.terms_count == 0)
            add(making->always, place);
        else
            tie(making, place, rule->comparison.terms[0].indicator);
        break;
    case TH_RULE_TYPES: /* with each figure */
        making->checks->types = rule;
        break;
    case TH_RULE_CARRY_OVER:
        for (uint16_t i = 0; i < rule->pairs_count; i++)
            tie(making, place, rule->pairs[i][0]);
        break;
    case TH_RULE_SCORING_SUSPENDED:
        for (uint16_t i = 0; i < rule->indicators_count; i++)
            tie(making, place, rule->indicators[i]);
        break;
    case TH_RULE_ANNUAL_INCLUDES_HALF:
    case TH_RULE_YEAR_ON_YEAR:
        add(making->always, place);
        break;
    }
}

/* ---- both ---- */

static size_t numbers_of(const struct th_plan *plan)
{
    return (size_t)plan->catalogue.number_max + 1;
}

static size_t words_of(const struct th_plan *plan)
{
    return ((size_t)plan->rules.count + 63) / 64;
}

size_t th_checks_size(const struct th_plan *plan)
{
    return numbers_of(plan) * sizeof(struct th_figure_range) +
           (numbers_of(plan) + 1) * words_of(plan) * sizeof(uint64_t);
}

void th_checks_init(const struct th_plan *plan, void *memory, struct th_checks *ret_checks)
{
    TH_ASSERT(plan->rules.count <= TH_LIMIT_RULES_MAX);
    struct th_figure_range *figures = memory;
    struct making making = {.checks = ret_checks, .always = (void *)(figures + numbers_of(plan))};
    making.by_number = making.always + words_of(plan);
    memset(memory, 0, th_checks_size(plan));
    *ret_checks = (struct th_checks){.plan = plan,
                                     .figures = figures,
                                     .always = making.always,
                                     .by_number = making.by_number,
                                     .words = words_of(plan)};
    for (size_t number = 0; number < numbers_of(plan); number++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->catalogue, (uint32_t)number);
        figures[number] =
            indicator == NULL ? (struct th_figure_range){0, -1} : th_figure_range(indicator);
    }
    for (uint16_t i = 0; i < plan->rules.count; i++)
        place(&making, i);
}
