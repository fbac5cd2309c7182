/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/peer_plan.h"

#include "aggregator/plan/loader.h"
#include "proto/model/period.h"
#include "proto/model/related.h"

#include <string.h>

/* ---- opening ---- */

static uint32_t bits_of(const struct peer_plan *plan, const uint16_t *terms, size_t count)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < BENCH_FIGURES && plan->numbers[at] != terms[i])
            at++;
        if (at == BENCH_FIGURES)
            bench_die("a ratio of what is not asked");
        bits |= 1U << at;
    }
    return bits;
}

/* Figures first: a ratio may stand before its terms. */
static void read_asked(struct peer_plan *plan)
{
    const uint16_t *asked = NULL;
    size_t count = 0, texts = 0;
    uint16_t asked_count =
        th_obligation_indicators(&plan->plan.obligations[0], TH_BRANCH_COMMUNES, &asked);
    for (size_t i = 0; i < asked_count; i++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->plan.catalogue, asked[i]);
        if (th_indicator_is_figure(indicator)) {
            if (count == BENCH_FIGURES)
                bench_die("%d figures are wanted", BENCH_FIGURES);
            plan->numbers[count] = asked[i];
            plan->figures[count++] = indicator;
        } else if (indicator->type == TH_TYPE_TEXT) {
            plan->narrative = asked[i];
            texts++;
        }
    }
    if (count != BENCH_FIGURES || texts != 1)
        bench_die("%d figures and one text are wanted", BENCH_FIGURES);
    for (size_t i = 0; i < asked_count; i++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->plan.catalogue, asked[i]);
        if (indicator->up != TH_UP_RATIO_OF_SUMS)
            continue;
        if (plan->ratios_count == PEER_RATIOS_MAX)
            bench_die("too many ratios");
        const struct th_ratio *ratio = &indicator->ratio;
        plan->ratios[plan->ratios_count++] =
            (struct peer_ratio){bits_of(plan, ratio->numerator, ratio->numerator_count),
                                bits_of(plan, ratio->denominator, ratio->denominator_count)};
    }
}

/* The core finds out once, when the plan comes, that no rule of it looks at another report. */
static void must_be_simple(const struct th_plan *plan)
{
    const struct th_plan *plans[1] = {plan};
    for (uint16_t i = 0; i < plan->relations_count; i++)
        if (plan->relations[i].kind == TH_RELATION_SUSPENDS)
            bench_die("a plan that suspends nothing is wanted");
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        struct th_related_obligations related;
        struct th_period period;
        th_related_find(plans, 1, plan, obligation, &related);
        if (related.half_year != NULL || related.previous_year != NULL ||
            related.previous_same != NULL || !obligation->has_due || obligation->open_ended ||
            th_period_parse(obligation->period, strlen(obligation->period), &period) < 0 ||
            period.kind == TH_PERIOD_YEAR)
            bench_die("%s: an obligation of a month, with a due date, is wanted", obligation->id);
    }
}

void peer_plan_open(const char *folder, const struct bench_workload *workload,
                    struct peer_plan *ret_plan)
{
    char path[4096];
    struct th_problems problems;
    struct th_plan_files files;
    *ret_plan = (struct peer_plan){.ratios_count = 0};
    th_arena_init(&ret_plan->arena, (size_t)1 << 20, (size_t)512 << 20);
    th_problems_init(&problems);
    (void)snprintf(path, sizeof path, "%s/plan.yaml", folder);
    bench_must(th_plan_load(path, NULL, 0, &ret_plan->arena, &problems, &files), path);
    th_problems_deinit(&problems);
    ret_plan->plan = files.plan;
    must_be_simple(&ret_plan->plan);
    read_asked(ret_plan);
    void *checks = th_arena_alloc(&ret_plan->arena, th_checks_size(&ret_plan->plan));
    if (checks == NULL)
        bench_die("no memory");
    th_checks_init(&ret_plan->plan, checks, &ret_plan->checks);
    ret_plan->units =
        th_arena_alloc_array(&ret_plan->arena, workload->units_count, sizeof *ret_plan->units);
    if (ret_plan->units == NULL)
        bench_die("no memory");
    for (uint32_t i = 0; i < workload->units_count; i++) {
        const char *code = workload->units[i].code;
        uint32_t at = th_unit_list_find(&files.units, code, strlen(code), files.plan.date);
        if (at == TH_UNIT_NONE)
            bench_die("%s: no such unit", code);
        ret_plan->units[i] = &files.units.units[at];
    }
}

void peer_plan_close(struct peer_plan *plan)
{
    th_arena_deinit(&plan->arena);
}

/* ---- one report ---- */

void peer_plan_check(const struct peer_plan *plan, const struct bench_fact *fact,
                     struct th_reasons *errors, struct th_reasons *warnings)
{
    static const struct th_related nothing = {0};
    uint16_t numbers[BENCH_FIGURES];
    int64_t values[BENCH_FIGURES];
    size_t count = 0;
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        if ((fact->present >> i & 1) != 0) {
            numbers[count] = plan->numbers[i];
            values[count++] = fact->figures[i];
        }
    const struct th_narrative text = {.indicator = plan->narrative};
    const struct th_report report = {.revision = fact->revision,
                                     .values = {numbers, values, count},
                                     .narratives = &text,
                                     .narratives_count = fact->narratives};
    th_report_check(&plan->checks, &plan->plan.obligations[fact->obligation],
                    plan->units[fact->unit], &report, &nothing, errors, warnings);
}

bool peer_plan_is_late(const struct peer_plan *plan, uint32_t obligation, int64_t stamp_ms)
{
    return stamp_ms >= plan->plan.obligations[obligation].due.ms;
}
