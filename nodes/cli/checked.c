/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/checked.h"

#include "nodes/cli/earlier.h"

#include <string.h>

#define BLOCK_BYTES  ((size_t)64 * 1024)
#define BUDGET_BYTES ((size_t)32 * 1024 * 1024)

static bool is_asked(const struct th_checked *checked, const struct th_unit *unit, uint16_t number)
{
    const uint16_t *numbers = NULL;
    uint16_t count =
        th_obligation_indicators(checked->obligation, th_unit_kind_branch(unit->kind), &numbers);
    for (uint16_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* In the order of the form; of one place, in the order of the check. */
static void sort_reasons(const struct th_form_places *places, struct th_reasons *reasons)
{
    const struct th_form_place *stand[TH_REASONS_MAX];
    for (size_t i = 0; i < reasons->count; i++) {
        struct th_reason reason = reasons->items[i];
        const struct th_form_place *place = th_form_places_find(places, reason.field);
        size_t at = i;
        for (; at > 0 && th_form_place_compare(stand[at - 1], place) > 0; at--) {
            reasons->items[at] = reasons->items[at - 1];
            stand[at] = stand[at - 1];
        }
        reasons->items[at] = reason;
        stand[at] = place;
    }
}

/* False for a rule that ran, or whose figures this unit is not all asked for. */
static bool lacks_figures(const struct th_checked *checked, const struct th_unit *unit,
                          const struct th_rule *rule, struct th_unchecked *ret_unchecked)
{
    const struct th_comparison *comparison = &rule->comparison;
    struct th_unchecked unchecked = {.rule = rule};
    if (rule->kind != TH_RULE_COMPARISON ||
        th_comparison_check(comparison, &checked->report.values) != TH_RULE_NOT_CHECKED)
        return false;
    for (size_t i = 0; i < comparison->terms_count; i++) {
        int64_t value;
        uint16_t number = comparison->terms[i].indicator;
        if (!is_asked(checked, unit, number))
            return false;
        if (!th_values_get(&checked->report.values, number, &value))
            unchecked.missing[unchecked.missing_count++] = number;
    }
    *ret_unchecked = unchecked;
    return true;
}

static int check_rules(struct th_checked *checked, const struct th_form_context *context,
                       struct th_outbox *outbox)
{
    const struct th_unit *unit = context->unit;
    struct th_earlier earlier = {0};
    if (outbox != NULL) {
        int status = th_earlier_find(outbox, context->plans, context->plans_count, checked->plan,
                                     checked->obligation, &checked->arena, &earlier);
        if (status != 0)
            return status;
    }
    const struct th_rule_set *rules = &checked->plan->rules;
    checked->errors.items =
        th_arena_alloc_array(&checked->arena, TH_REASONS_MAX, sizeof *checked->errors.items);
    checked->warnings.items =
        th_arena_alloc_array(&checked->arena, TH_REASONS_MAX, sizeof *checked->warnings.items);
    checked->unchecked =
        th_arena_alloc_array(&checked->arena, rules->count, sizeof *checked->unchecked);
    void *memory = th_arena_alloc(&checked->arena, th_checks_size(checked->plan));
    if (checked->errors.items == NULL || checked->warnings.items == NULL ||
        checked->unchecked == NULL || memory == NULL)
        return TH_E_NO_MEMORY;
    struct th_checks checks;
    th_checks_init(checked->plan, memory, &checks);
    th_report_check(&checks, checked->obligation, unit, &checked->report, &earlier.related,
                    &checked->errors, &checked->warnings);
    sort_reasons(&checked->places, &checked->errors);
    sort_reasons(&checked->places, &checked->warnings);
    for (uint16_t i = 0; i < rules->count; i++)
        if (lacks_figures(checked, unit, &rules->rules[i],
                          &checked->unchecked[checked->unchecked_count]))
            checked->unchecked_count++;
    return 0;
}

void th_checked_init(struct th_checked *checked, const char *path,
                     const struct th_form_context *context, struct th_outbox *outbox)
{
    *checked = (struct th_checked){.path = path};
    struct th_form_partial partial = {.plan = NULL};
    struct th_form_context with_places = *context;
    with_places.places = &checked->places;
    with_places.partial = &partial;
    th_arena_init(&checked->arena, BLOCK_BYTES, BUDGET_BYTES);
    th_problems_init(&checked->problems);
    checked->status = th_form_read(path, &with_places, &checked->arena, &checked->problems,
                                   &checked->report, &checked->plan, &checked->obligation);
    if (checked->status == 0) {
        checked->status = check_rules(checked, context, outbox);
        checked->is_checked = checked->status == 0;
    } else if (partial.plan != NULL) {
        checked->report = partial.report;
        checked->plan = partial.plan;
        checked->obligation = partial.obligation;
        checked->is_checked = check_rules(checked, context, outbox) == 0;
    }
}

void th_checked_deinit(struct th_checked *checked)
{
    th_problems_deinit(&checked->problems);
    th_arena_deinit(&checked->arena);
}

bool th_checked_is_good(const struct th_checked *checked)
{
    return checked->status == 0 && checked->errors.count == 0 && checked->errors.dropped == 0;
}
