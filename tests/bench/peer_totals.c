/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/peer_totals.h"

#include <inttypes.h>

void peer_sides_init(const struct peer_plan *plan, struct peer_sides *ret_sides)
{
    struct peer_sides sides = {.count = 0};
    for (uint8_t i = 0; i < BENCH_FIGURES; i++) {
        enum th_up_rule up = plan->figures[i]->up;
        if (up != TH_UP_SUM && up != TH_UP_MAX && up != TH_UP_AVERAGE_MIN_MAX)
            bench_die("%s: a rule of combination that no peer has", plan->figures[i]->code);
        if (sides.count + 2 > PEER_SIDES_MAX)
            bench_die("too many extremes");
        if (up == TH_UP_AVERAGE_MIN_MAX)
            sides.items[sides.count++] = (struct peer_side){i, false};
        if (up != TH_UP_SUM)
            sides.items[sides.count++] = (struct peer_side){i, true};
    }
    *ret_sides = sides;
}

/* Not worse than the extreme: a better value, or the same one of no later unit. */
static bool reaches(const struct peer_side *side, int64_t value, uint32_t unit,
                    const struct peer_extreme *extreme)
{
    if (value == extreme->value)
        return unit <= extreme->unit;
    return side->is_most ? value > extreme->value : value < extreme->value;
}

static void move_extremes(const struct peer_sides *sides, struct peer_total *total,
                          const struct bench_fact *fact, int64_t sign)
{
    for (size_t k = 0; k < sides->count; k++) {
        const struct peer_side *side = &sides->items[k];
        struct peer_extreme *extreme = &total->extremes[k];
        int64_t value = fact->figures[side->figure];
        if ((fact->present >> side->figure & 1) == 0)
            continue;
        if (sign < 0)
            extreme->is_lost |= extreme->value == value && extreme->unit == fact->unit;
        else if (total->reported[side->figure] == 0 || reaches(side, value, fact->unit, extreme))
            *extreme = (struct peer_extreme){value, fact->unit, false};
    }
}

void peer_total_move(const struct peer_plan *plan, const struct peer_sides *sides,
                     struct peer_total *total, const struct bench_fact *fact, bool is_late,
                     int64_t sign)
{
    move_extremes(sides, total, fact, sign);
    total->received += sign;
    total->late += is_late ? sign : 0;
    total->texts += sign * fact->narratives;
    for (size_t i = 0; i < BENCH_FIGURES; i++)
        if ((fact->present >> i & 1) != 0) {
            total->reported[i] += sign;
            total->sums[i] += sign * fact->figures[i];
        }
    for (size_t i = 0; i < plan->ratios_count; i++) {
        const struct peer_ratio *ratio = &plan->ratios[i];
        uint32_t terms = ratio->numerator | ratio->denominator;
        if ((fact->present & terms) != terms)
            continue;
        total->ratios[i].both += sign;
        for (size_t k = 0; k < BENCH_FIGURES; k++) {
            if ((ratio->numerator >> k & 1) != 0)
                total->ratios[i].numerator += sign * fact->figures[k];
            if ((ratio->denominator >> k & 1) != 0)
                total->ratios[i].denominator += sign * fact->figures[k];
        }
    }
}

/* ---- searching ---- */

bool peer_total_is_lost(const struct peer_sides *sides, const struct peer_total *total)
{
    for (size_t k = 0; k < sides->count; k++)
        if (total->extremes[k].is_lost != 0 && total->reported[sides->items[k].figure] > 0)
            return true;
    return false;
}

void peer_total_search(const struct peer_sides *sides, const struct peer_total *total,
                       struct peer_total *ret_found)
{
    *ret_found = *total;
    for (size_t k = 0; k < sides->count; k++)
        ret_found->reported[sides->items[k].figure] = 0;
}

static void find(const struct peer_side *side, struct peer_extreme *found, bool is_first,
                 int64_t value, uint32_t unit)
{
    if (is_first || reaches(side, value, unit, found))
        *found = (struct peer_extreme){value, unit, false};
}

void peer_total_find(const struct peer_sides *sides, struct peer_total *found,
                     const struct bench_fact *fact)
{
    for (size_t k = 0; k < sides->count; k++) {
        const struct peer_side *side = &sides->items[k];
        if ((fact->present >> side->figure & 1) != 0)
            find(side, &found->extremes[k], found->reported[side->figure] == 0,
                 fact->figures[side->figure], fact->unit);
    }
    for (size_t k = 0; k < sides->count; k++)
        found->reported[sides->items[k].figure] |= fact->present >> sides->items[k].figure & 1;
}

void peer_total_find_below(const struct peer_sides *sides, struct peer_total *found,
                           const struct peer_total *below)
{
    for (size_t k = 0; k < sides->count; k++) {
        const struct peer_side *side = &sides->items[k];
        if (below->reported[side->figure] > 0)
            find(side, &found->extremes[k], found->reported[side->figure] == 0,
                 below->extremes[k].value, below->extremes[k].unit);
    }
    for (size_t k = 0; k < sides->count; k++)
        found->reported[sides->items[k].figure] += below->reported[sides->items[k].figure];
}

void peer_total_found(const struct peer_sides *sides, const struct peer_total *found,
                      struct peer_total *total)
{
    for (size_t k = 0; k < sides->count; k++)
        total->extremes[k] = found->extremes[k];
}

/* ---- writing ---- */

void peer_total_write(const struct peer_plan *plan, const struct peer_sides *sides, FILE *file,
                      uint32_t obligation, uint32_t node, const struct peer_total *total)
{
    char code[16] = BENCH_ROOT;
    if (node > 0)
        (void)snprintf(code, sizeof code, "P%02" PRIu32, node - 1);
    (void)fprintf(file, "O-%03" PRIu32 " %s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                  obligation, code, total->received, total->received - total->late, total->late,
                  total->texts);
    size_t side = 0;
    for (size_t i = 0; i < BENCH_FIGURES; i++) {
        (void)fprintf(file, " %" PRId64, total->reported[i]);
        if (plan->figures[i]->up != TH_UP_MAX)
            (void)fprintf(file, " %" PRId64, total->sums[i]);
        for (; side < sides->count && sides->items[side].figure == i; side++) {
            const struct peer_extreme *extreme = &total->extremes[side];
            bool is_there = total->reported[i] > 0;
            (void)fprintf(file, " %" PRId64 " %" PRIu32, is_there ? extreme->value : 0,
                          is_there ? extreme->unit : 0);
        }
    }
    for (size_t i = 0; i < plan->ratios_count; i++)
        (void)fprintf(file, " %" PRId64 " %" PRId64 " %" PRId64, total->ratios[i].both,
                      total->ratios[i].numerator, total->ratios[i].denominator);
    (void)fprintf(file, "\n");
}
