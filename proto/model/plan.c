/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/plan.h"

#include "base/assert.h"

#include <string.h>

const struct th_terms *th_obligation_terms(const struct th_obligation *obligation,
                                           enum th_term term)
{
    if ((obligation->override.present & (uint32_t)term) != 0)
        return &obligation->override;
    if ((obligation->quoted.present & (uint32_t)term) != 0)
        return &obligation->quoted;
    return NULL;
}

/* Asked for each unit of each obligation, without a call: codes are short, and most differ in their
 * first letter. */
static bool is_same_code(const char *a, const char *b)
{
    while (*a == *b && *a != '\0')
        a++, b++;
    return *a == *b;
}

static bool names(const char *const *codes, uint16_t count, const char *code)
{
    for (uint16_t i = 0; i < count; i++)
        if (is_same_code(codes[i], code))
            return true;
    return false;
}

bool th_selector_matches(const struct th_selector *selector, const struct th_unit *unit)
{
    bool selected = (selector->kinds & UINT32_C(1) << unit->kind) != 0 ||
                    (selector->levels & UINT32_C(1) << th_unit_kind_level(unit->kind)) != 0 ||
                    names(selector->units, selector->units_count, unit->code);
    return selected && !names(selector->except, selector->except_count, unit->code);
}

bool th_obligation_expects(const struct th_obligation *obligation, const struct th_unit *unit)
{
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_WHO);
    return terms != NULL && th_selector_matches(&terms->who, unit);
}

static bool is_within(const struct th_unit_list *units, uint32_t unit, const char *territory)
{
    for (; unit != TH_UNIT_NONE; unit = units->units[unit].parent)
        if (is_same_code(units->units[unit].code, territory))
            return true;
    return false;
}

bool th_plan_expects(const struct th_plan *plan, const struct th_obligation *obligation,
                     const struct th_unit_list *units, uint32_t unit, th_day day)
{
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_WHO);
    if (terms == NULL || !th_unit_is_valid(&units->units[unit], day) ||
        !th_selector_matches(&terms->who, &units->units[unit]))
        return false;
    return names(terms->who.units, terms->who.units_count, units->units[unit].code) ||
           is_within(units, unit, plan->territory);
}

th_day th_plan_day(const struct th_plan *plan)
{
    return plan->has_date ? plan->date : th_day_of_date((struct th_civil_date){plan->year, 1, 1});
}

th_day th_obligation_last_day(const struct th_obligation *obligation)
{
    TH_ASSERT(obligation->has_due);
    return th_day_of_instant((th_instant){obligation->due.ms - 1});
}

bool th_plan_suspends(const struct th_plan *plan, const struct th_obligation *obligation)
{
    if (obligation->kind != TH_OBLIGATION_SCORING)
        return false;
    for (uint16_t i = 0; i < plan->relations_count; i++) {
        const struct th_relation *relation = &plan->relations[i];
        if (relation->kind == TH_RELATION_SUSPENDS && relation->suspends_scoring &&
            names(obligation->basis, obligation->basis_count, relation->document))
            return true;
    }
    return false;
}

uint16_t th_obligation_indicators(const struct th_obligation *obligation, enum th_branch branch,
                                  const uint16_t **ret_numbers)
{
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_INDICATORS);
    if (terms == NULL)
        return 0;
    *ret_numbers = terms->indicators[branch];
    return terms->indicators_count[branch];
}

bool th_plan_has_task(const struct th_plan *plan, int64_t number)
{
    for (uint16_t i = 0; i < plan->tasks_count; i++)
        if (plan->tasks[i].number == number)
            return true;
    return false;
}

static bool is(const char *text, const char *wanted, size_t wanted_size)
{
    return strlen(text) == wanted_size && memcmp(text, wanted, wanted_size) == 0;
}

const struct th_obligation *th_plan_find(const struct th_plan *plan, const char *id, size_t id_size)
{
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        if (is(plan->obligations[i].id, id, id_size))
            return &plan->obligations[i];
    return NULL;
}

static bool is_addressed_to_a_unit(const struct th_obligation *obligation)
{
    for (uint16_t i = 0; i < obligation->to.count; i++)
        if (obligation->to.items[i].unit_code[0] != 0)
            return true;
    return false;
}

int th_plan_find_period(const struct th_plan *plan, const char *period, size_t period_size,
                        const struct th_obligation **ret_obligation)
{
    const struct th_obligation *addressed = NULL, *any = NULL;
    uint16_t addressed_count = 0, any_count = 0;
    for (uint16_t i = 0; i < plan->obligations_count && period_size > 0; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        if (!is(obligation->period, period, period_size))
            continue;
        any = obligation;
        any_count++;
        if (is_addressed_to_a_unit(obligation)) {
            addressed = obligation;
            addressed_count++;
        }
    }
    if (any_count == 0)
        return TH_E_NOT_FOUND;
    if (addressed_count > 1 || (addressed_count == 0 && any_count > 1))
        return TH_E_AMBIGUOUS;
    *ret_obligation = addressed_count == 1 ? addressed : any;
    return 0;
}
