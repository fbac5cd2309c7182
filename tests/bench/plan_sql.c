/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a database has to know of the plan, for tests/bench/postgres.py:
 *
 *     plan_sql FOLDER SET
 *
 * Prints one JSON: the due instant of each obligation in ms; of each figure how it combines; the
 * terms of each ratio; and the rules as SQL over columns f0, f1 … that are null when a figure is
 * not reported: true when the rule is broken. A rule with a figure that no obligation asks for
 * cannot be broken and is left out.
 */
#include "tests/bench/peer_plan.h"

#include <inttypes.h>
#include <stdlib.h>

static void print_figures(const struct peer_plan *plan)
{
    printf("\"figures\": [");
    for (size_t i = 0; i < BENCH_FIGURES; i++) {
        enum th_up_rule up = plan->figures[i]->up;
        const char *word = up == TH_UP_SUM               ? "sum"
                           : up == TH_UP_MAX             ? "max"
                           : up == TH_UP_AVERAGE_MIN_MAX ? "average"
                                                         : NULL;
        if (word == NULL)
            bench_die("%s: a rule of combination that no peer has", plan->figures[i]->code);
        printf("%s\"%s\"", i == 0 ? "" : ", ", word);
    }
    printf("]");
}

static void print_terms(uint32_t bits)
{
    const char *comma = "";
    printf("[");
    for (unsigned i = 0; i < BENCH_FIGURES; i++)
        if ((bits >> i & 1) != 0) {
            printf("%s%u", comma, i);
            comma = ", ";
        }
    printf("]");
}

static void print_types(const struct peer_plan *plan)
{
    const char *joint = "";
    for (unsigned i = 0; i < BENCH_FIGURES; i++, joint = " OR ") {
        const struct th_figure_range range = th_figure_range(plan->figures[i]);
        if (range.first > range.last)
            bench_die("%s: a type that no peer has", plan->figures[i]->code);
        printf("%sf%u NOT BETWEEN %" PRId64 " AND %" PRId64, joint, i, range.first, range.last);
    }
}

/* The column of an indicator, or -1. */
static int column(const struct peer_plan *plan, uint16_t number)
{
    for (int i = 0; i < BENCH_FIGURES; i++)
        if (plan->numbers[i] == number)
            return i;
    return -1;
}

static bool can_break(const struct peer_plan *plan, const struct th_rule *rule)
{
    if (rule->kind != TH_RULE_COMPARISON)
        return rule->kind == TH_RULE_TYPES; /* the others need periods or a suspension */
    for (size_t i = 0; i < rule->comparison.terms_count; i++)
        if (column(plan, rule->comparison.terms[i].indicator) < 0)
            return false;
    return true;
}

static void print_rule(const struct peer_plan *plan, const struct th_rule *rule)
{
    static const char *const broken[] = {"<>", ">", "<"}; /* by enum th_rule_operator */
    const struct th_comparison *comparison = &rule->comparison;
    printf("{\"id\": \"%s\", \"is_error\": %s, \"broken\": \"", rule->id,
           rule->severity == TH_SEVERITY_ERROR ? "true" : "false");
    if (rule->kind == TH_RULE_TYPES) {
        print_types(plan);
    } else {
        printf("%" PRId64, comparison->left_constant);
        for (size_t i = 0; i < comparison->terms_count; i++)
            printf(" + %" PRId32 " * f%d", comparison->terms[i].coefficient,
                   column(plan, comparison->terms[i].indicator));
        printf(" %s %" PRId64, broken[comparison->operator], comparison->right_constant);
    }
    printf("\"}");
}

int main(int argc, char **argv)
{
    struct bench_workload workload;
    struct peer_plan plan;
    if (argc != 3)
        bench_die("usage: plan_sql FOLDER SET");
    bench_workload_open(argv[1], argv[2], 1, &workload);
    peer_plan_open(argv[1], &workload, &plan);
    printf("{\"due_ms\": [");
    for (uint16_t i = 0; i < plan.plan.obligations_count; i++)
        printf("%s%" PRId64, i == 0 ? "" : ", ", plan.plan.obligations[i].due.ms);
    printf("],\n");
    print_figures(&plan);
    printf(",\n\"ratios\": [");
    for (size_t i = 0; i < plan.ratios_count; i++) {
        printf("%s[", i == 0 ? "" : ", ");
        print_terms(plan.ratios[i].numerator);
        printf(", ");
        print_terms(plan.ratios[i].denominator);
        printf("]");
    }
    printf("],\n\"rules\": [");
    const char *comma = "";
    for (uint16_t i = 0; i < plan.plan.rules.count; i++) {
        const struct th_rule *rule = &plan.plan.rules.rules[i];
        if (!can_break(&plan, rule))
            continue;
        printf("%s", comma);
        print_rule(&plan, rule);
        comma = ",\n";
    }
    printf("]}\n");
    peer_plan_close(&plan);
    return 0;
}
