/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far single reports lie apart: of each figure the smallest and the largest, who has them, and
 * the mean. A ratio is each report's own; its mean would mean nothing, its total is the value.
 */
#include "aggregator/query/question.h"

#include "proto/model/indicator.h"

#define SHOWN_MAX 5 /* units with the same extreme */

/* A value is a fraction: of a figure the denominator is 1, of a ratio it is more than 0. */
struct fraction {
    th_int128 numerator, denominator;
};

struct extreme {
    struct fraction value;
    uint32_t count; /* of those that have it */
    uint32_t units[SHOWN_MAX];
};

struct spread {
    uint32_t count;
    th_int128 sum; /* of a figure */
    struct extreme min, max;
};

static int compare(struct fraction a, struct fraction b)
{
    th_int128 left = a.numerator * b.denominator, right = b.numerator * a.denominator;
    return (left > right) - (left < right);
}

/* `sign` 1: the extreme is the largest; -1: the smallest. */
static void offer(struct extreme *extreme, struct fraction value, uint32_t unit, int sign)
{
    int order = extreme->count == 0 ? 1 : sign * compare(value, extreme->value);
    if (order < 0)
        return;
    if (order > 0)
        *extreme = (struct extreme){.value = value};
    if (extreme->count < SHOWN_MAX)
        extreme->units[extreme->count] = unit;
    extreme->count++;
}

static void add(struct spread *spread, struct fraction value, uint32_t unit)
{
    spread->count++;
    spread->sum += value.denominator == 1 ? value.numerator : 0;
    offer(&spread->min, value, unit, -1);
    offer(&spread->max, value, unit, 1);
}

static bool has_order(const struct th_indicator *indicator)
{
    return indicator->type == TH_TYPE_COUNT || indicator->type == TH_TYPE_MONEY ||
           indicator->type == TH_TYPE_DECIMAL || indicator->type == TH_TYPE_DATE;
}

static void add_row(const struct th_question *question, const struct th_row *row,
                    struct spread *spreads)
{
    const struct th_rollup_layout *layout = &question->plan->layout;
    uint32_t unit = question->context->index_of[row->unit];
    struct th_figures figures;
    th_figures_read(layout, row, &figures);
    for (size_t i = 0; i < figures.values.count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(layout->catalogue, figures.values.numbers[i]);
        if (indicator != NULL && has_order(indicator))
            add(&spreads[indicator->number], (struct fraction){figures.values.values[i], 1}, unit);
    }
    for (size_t i = 0; i < figures.ratios_count; i++)
        if (figures.ratios[i].denominator > 0)
            add(&spreads[figures.ratios[i].number],
                (struct fraction){figures.ratios[i].numerator, figures.ratios[i].denominator},
                unit);
}

/* ---- the answer ---- */

static json_t *value_json(const struct th_indicator *indicator, struct fraction value)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    if (indicator->up != TH_UP_RATIO_OF_SUMS)
        return json_string(
            th_indicator_format(indicator, (int64_t)value.numerator, text, sizeof text));
    if (!th_rollup_format_ratio(value.numerator, value.denominator,
                                indicator->type == TH_TYPE_PERCENT ? 100 : 1, 2, text))
        return json_null();
    return json_string(text);
}

static json_t *units_json(const struct th_question *question, const struct extreme *extreme)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < extreme->count && i < SHOWN_MAX; i++)
        list = th_json_append(list,
                              json_string(question->context->units.units[extreme->units[i]].code));
    return list;
}

static json_t *mean_json(const struct th_indicator *indicator, const struct spread *spread)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    th_int128 divisor = spread->count;
    if (indicator->up == TH_UP_RATIO_OF_SUMS || indicator->type == TH_TYPE_DATE)
        return json_null();
    for (unsigned i = 0; i < indicator->scale; i++)
        divisor *= 10;
    if (!th_rollup_format_ratio(spread->sum, divisor, 1, indicator->scale + 1U, text))
        return json_null();
    return json_string(text);
}

/* Sets what lies beside value, reported and missing. False: no memory. */
static bool set_spread(const struct th_question *question, const struct th_indicator *indicator,
                       const struct spread *spread, json_t *object)
{
    bool is_there = spread->count > 0;
    json_t *min = is_there ? value_json(indicator, spread->min.value) : json_null();
    json_t *max = is_there ? value_json(indicator, spread->max.value) : json_null();
    json_t *mean = is_there ? mean_json(indicator, spread) : json_null();
    json_t *parts = th_json_set(json_object(), "min", min);
    parts = th_json_set(parts, "min_units", units_json(question, &spread->min));
    parts = th_json_set(parts, "min_count", json_integer(spread->min.count));
    parts = th_json_set(parts, "max", max);
    parts = th_json_set(parts, "max_units", units_json(question, &spread->max));
    parts = th_json_set(parts, "max_count", json_integer(spread->max.count));
    parts = th_json_set(parts, "mean", mean);
    bool is_set = parts != NULL && json_object_update(object, parts) == 0;
    json_decref(parts);
    return is_set;
}

int th_query_spread(const struct th_question *question, json_t **ret_answer)
{
    const struct th_catalogue *catalogue = &question->plan->plan->catalogue;
    struct th_past_rows rows;
    struct th_rollup rollup;
    const char *code;
    json_t *object;
    bool is_whole = true;
    struct spread *spreads =
        th_arena_alloc_array(question->arena, (size_t)catalogue->number_max + 1, sizeof *spreads);
    int status = spreads == NULL ? TH_E_NO_MEMORY : th_query_rows(question, &rows);
    if (status == TH_OK)
        status = th_query_collect(question, &rows, &rollup);
    if (status != TH_OK)
        return status;
    for (size_t i = 0; i < rows.count; i++)
        add_row(question, &rows.rows[i], spreads);
    json_t *indicators = th_query_indicators(question, &rollup, NULL);
    json_object_foreach(indicators, code, object)
    {
        struct th_text text = {code, 0};
        while (code[text.size] != '\0')
            text.size++;
        uint16_t number = th_catalogue_lookup(catalogue, text.bytes, text.size);
        is_whole = is_whole && set_spread(question, th_catalogue_get(catalogue, number),
                                          &spreads[number], object);
    }
    if (!is_whole) {
        json_decref(indicators);
        return TH_E_NO_MEMORY;
    }
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "branch", json_string(th_query_branch_word(question->branch)));
    answer = th_json_set(answer, "counts", th_query_counts(question, &rollup.counts));
    *ret_answer = th_json_set(answer, "indicators", indicators);
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
