/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/related.h"

#include "proto/model/period.h"

#include <string.h>

/* A period has one name. */
static const struct th_obligation *find_in(const struct th_plan *plan, const char *series,
                                           const char *period)
{
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *other = &plan->obligations[i];
        if (strcmp(other->period, period) != 0 || other->open_ended)
            continue;
        const struct th_terms *terms = th_obligation_terms(other, TH_TERM_SERIES);
        if (terms != NULL && strcmp(terms->series, series) == 0)
            return other;
    }
    return NULL;
}

/* Plans of the same territory and catalogue; the asking plan itself first. */
static const struct th_obligation *find_among(const struct th_plan *const *plans, size_t count,
                                              const struct th_plan *plan, const char *series,
                                              struct th_period period,
                                              const struct th_plan **ret_plan)
{
    char name[TH_PERIOD_NAME_SIZE];
    th_period_format(period, name);
    const struct th_obligation *found = find_in(plan, series, name);
    *ret_plan = found == NULL ? NULL : plan;
    for (size_t i = 0; found == NULL && i < count; i++) {
        if (strcmp(plans[i]->territory, plan->territory) != 0 ||
            strcmp(plans[i]->catalogue.id, plan->catalogue.id) != 0)
            continue;
        found = find_in(plans[i], series, name);
        *ret_plan = found == NULL ? NULL : plans[i];
    }
    return found;
}

void th_related_find(const struct th_plan *const *plans, size_t plans_count,
                     const struct th_plan *plan, const struct th_obligation *obligation,
                     struct th_related_obligations *ret_related)
{
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_SERIES);
    struct th_period period;
    *ret_related = (struct th_related_obligations){0};
    if (terms == NULL ||
        th_period_parse(obligation->period, strlen(obligation->period), &period) < 0)
        return;
    const struct th_period half = {period.year, TH_PERIOD_HALF, 1};
    const struct th_period year_before = {period.year - 1, TH_PERIOD_YEAR, 1};
    const struct th_period same_before = {period.year - 1, period.kind, period.part};
    if (period.kind == TH_PERIOD_YEAR)
        ret_related->half_year =
            find_among(plans, plans_count, plan, terms->series, half, &ret_related->half_year_plan);
    ret_related->previous_year = find_among(plans, plans_count, plan, terms->series, year_before,
                                            &ret_related->previous_year_plan);
    ret_related->previous_same = find_among(plans, plans_count, plan, terms->series, same_before,
                                            &ret_related->previous_same_plan);
}
