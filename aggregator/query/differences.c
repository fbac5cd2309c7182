/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A closing beside the moment: which totals are not what they were at the due instant, and which
 * units' reports made them so. What a unit reported at both moments is compared, whatever was
 * between, so the causes of a sum add up to its change; that is checked and said.
 *
 * What was frozen is the truth of the first moment. The reports behind it are those that had been
 * received before the instant and journalled before the closing's own entry.
 */
#include "aggregator/query/compare.h"
#include "aggregator/query/question.h"

#include <stdlib.h>

#define CAUSES 200 /* of one cell, when no limit is given */

/* What one report did to one indicator. */
struct cause {
    uint32_t slot; /* of the report, in `to` */
    struct th_figure_change figure;
    th_int128 weight; /* how much it moved, for the order */
};

struct differences {
    const struct th_question *question;
    th_instant closed_at;
    struct th_past_rows from, to;
    const struct th_row **from_of; /* by slot */
    struct th_rollup before, after;
    bool is_frozen; /* `before` is what was frozen */
    struct cause *causes;
    size_t count, capacity;
    uint32_t slot;  /* that is compared */
    uint32_t limit; /* causes of a cell that are shown */
};

/* ---- the two moments ---- */

/* The closing that is asked for, or the last one. */
static int find_closing(struct differences *differences)
{
    const struct th_question *question = differences->question;
    const struct th_query *query = question->query;
    char text[TH_SPOKEN_TEXT_SIZE];
    bool is_found = false;
    th_instant closed_at = {0};
    int status;
    while ((status = th_query_next_closing(question, closed_at, &closed_at)) == TH_OK) {
        if (query->has_closed_at && closed_at.ms != query->closed_at.ms)
            continue;
        differences->closed_at = closed_at;
        is_found = true;
    }
    if (status != TH_E_NOT_FOUND || is_found)
        return is_found && status == TH_E_NOT_FOUND ? TH_OK : status;
    if (query->has_closed_at)
        return th_query_refuse(question, TH_E_NOT_FOUND,
                               "không có lần chốt lúc %s: xem các lần chốt ở lệnh closings",
                               th_instant_format_spoken(query->closed_at, text));
    return th_query_refuse(question, TH_E_NOT_FOUND,
                           "chưa có lần chốt nào để so với số liệu bây giờ");
}

static int read_before(struct differences *differences)
{
    const struct th_question *question = differences->question;
    uint64_t position;
    int status = th_query_closing_entry(question, differences->closed_at, &position);
    if (status == TH_OK)
        status = th_query_rows_within(
            question, (struct th_past_cut){position, differences->closed_at}, &differences->from);
    if (status != TH_OK)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    status = th_query_read_closing(question, differences->closed_at, &differences->before);
    differences->is_frozen = status == TH_OK;
    if (status != TH_E_NOT_FOUND)
        return status;
    status = th_query_apply_rows(question, &differences->from, &differences->before);
    if (status == TH_OK)
        th_query_fill_expected(question, th_query_expected(question, 0),
                               &differences->before.counts);
    return status;
}

static int read_moments(struct differences *differences)
{
    const struct th_question *question = differences->question;
    int status = find_closing(differences);
    if (status == TH_OK)
        status = read_before(differences);
    if (status == TH_OK)
        status = th_query_rows(question, &differences->to);
    if (status == TH_OK)
        status = th_query_collect(question, &differences->to, &differences->after);
    if (status == TH_OK)
        status = th_compare_rows(&differences->from, &differences->to, question->arena,
                                 &differences->from_of);
    return status;
}

/* ---- causes ---- */

static int push(struct differences *differences, const struct th_figure_change *figure,
                th_int128 weight)
{
    struct cause *causes =
        th_arena_grow(differences->question->arena, differences->causes, differences->count,
                      &differences->capacity, 64, sizeof *causes);
    if (causes == NULL)
        return TH_E_NO_MEMORY;
    differences->causes = causes;
    differences->causes[differences->count++] =
        (struct cause){differences->slot, *figure, weight < 0 ? -weight : weight};
    return TH_OK;
}

static int take_figure(void *context, const struct th_figure_change *change)
{
    return push(context, change, (th_int128)change->after - change->before);
}

/* A ratio moves when one of its terms does. */
static int take_ratios(struct differences *differences, const struct th_row *before,
                       const struct th_row *after)
{
    const struct th_rollup_layout *layout = &differences->question->plan->layout;
    struct th_figures old, new;
    int status = TH_OK;
    old.ratios_count = 0;
    if (before != NULL)
        th_figures_read(layout, before, &old);
    th_figures_read(layout, after, &new);
    for (size_t i = 0, k = 0; (i < old.ratios_count || k < new.ratios_count) && status == TH_OK;) {
        bool is_old = k == new.ratios_count ||
                      (i < old.ratios_count && old.ratios[i].number <= new.ratios[k].number);
        bool is_new = i == old.ratios_count ||
                      (k < new.ratios_count &&new.ratios[k].number <= old.ratios[i].number);
        const struct th_figure_change change = {.indicator = is_old ? old.ratios[i].number
                                                                    : new.ratios[k].number,
                                                .has_before = is_old,
                                                .has_after = is_new};
        if (!is_old || !is_new || old.ratios[i].numerator != new.ratios[k].numerator ||
            old.ratios[i].denominator != new.ratios[k].denominator)
            status = push(differences, &change, 0);
        i += is_old;
        k += is_new;
    }
    return status;
}

static int compare_causes(const void *a, const void *b)
{
    const struct cause *x = a, *y = b;
    if (x->figure.indicator != y->figure.indicator)
        return x->figure.indicator < y->figure.indicator ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

static int find_causes(struct differences *differences)
{
    int status = TH_OK;
    for (size_t slot = 0; slot < differences->to.count && status == TH_OK; slot++) {
        const struct th_row *before = differences->from_of[slot];
        const struct th_row *after = &differences->to.rows[slot];
        differences->slot = (uint32_t)slot;
        if (before != NULL && before->revision == after->revision)
            continue;
        status = th_compare_figures(before, after, take_figure, differences);
        if (status == TH_OK)
            status = take_ratios(differences, before, after);
    }
    if (differences->count > 0)
        qsort(differences->causes, differences->count, sizeof *differences->causes, compare_causes);
    return status;
}

/* ---- one cell ---- */

static const char *kind_of(const struct differences *differences, uint32_t slot)
{
    const struct th_row *before = differences->from_of[slot];
    if (before == NULL)
        return "new";
    return before->revision != differences->to.rows[slot].revision ? "corrected" : "judged";
}

static json_t *report_json(const struct differences *differences, uint32_t slot)
{
    const struct th_query_context *context = differences->question->context;
    const struct th_row *row = &differences->to.rows[slot];
    const struct th_unit *unit = &context->units.units[context->index_of[row->unit]];
    json_t *object = th_json_set(json_object(), "unit", json_string(unit->code));
    object = th_json_set(object, "name", json_string(unit->name));
    if (row->number > 0)
        object = th_json_set(object, "number", json_integer(row->number));
    object = th_json_set(object, "kind", json_string(kind_of(differences, slot)));
    object = th_json_set(object, "revision", json_integer(row->revision));
    object = th_json_set(object, "position", json_integer((json_int_t)row->position));
    object = th_json_set(object, "received", th_json_instant(row->received));
    return th_json_set(object, "timeliness", json_string(th_timeliness_word(row->timeliness)));
}

/* A unit's own ratio. */
static json_t *ratio_json(const struct differences *differences,
                          const struct th_indicator *indicator, const struct th_row *row)
{
    struct th_figures figures;
    char text[TH_ROLLUP_NUMBER_SIZE];
    if (row == NULL)
        return json_null();
    th_figures_read(&differences->question->plan->layout, row, &figures);
    for (size_t i = 0; i < figures.ratios_count; i++)
        if (figures.ratios[i].number == indicator->number &&
            th_rollup_format_ratio(figures.ratios[i].numerator, figures.ratios[i].denominator,
                                   indicator->type == TH_TYPE_PERCENT ? 100 : 1, 2, text))
            return json_string(text);
    return json_null();
}

static json_t *cause_json(const struct differences *differences,
                          const struct th_indicator *indicator, const struct cause *cause)
{
    const struct th_figure_change *figure = &cause->figure;
    json_t *before, *after, *object = report_json(differences, cause->slot);
    if (indicator->up == TH_UP_RATIO_OF_SUMS) {
        before = ratio_json(differences, indicator, differences->from_of[cause->slot]);
        after = ratio_json(differences, indicator, &differences->to.rows[cause->slot]);
    } else {
        before = th_compare_figure_json(indicator, figure->has_before, figure->before);
        after = th_compare_figure_json(indicator, figure->has_after, figure->after);
    }
    return th_json_set(th_json_set(object, "before", before), "after", after);
}

static json_t *sum_json(const struct th_indicator *indicator, th_int128 sum)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    return json_string(th_rollup_format_sum(sum, indicator->scale, text));
}

/* Of a sum: the change, and what the causes add up to. `ret_agree` becomes false when these differ.
 */
static json_t *set_change(const struct differences *differences,
                          const struct th_indicator *indicator, const struct cause *causes,
                          size_t count, json_t *cell, bool *ret_agree)
{
    const struct th_rollup_layout *layout = &differences->question->plan->layout;
    uint32_t at = layout->cells_at[indicator->number];
    th_int128 sum = 0, shown = 0;
    if (indicator->up != TH_UP_SUM)
        return th_json_set(cell, "change", json_null());
    for (size_t i = 0; i < count; i++) {
        sum += (th_int128)causes[i].figure.after - causes[i].figure.before;
        shown = i < differences->limit ? sum : shown;
    }
    th_int128 change = differences->after.cells[at] - differences->before.cells[at];
    *ret_agree = *ret_agree && change == sum;
    cell = th_json_set(cell, "change", sum_json(indicator, change));
    if (count > differences->limit)
        cell = th_json_set(cell, "others", sum_json(indicator, sum - shown));
    return cell;
}

/* What an indicator's object says, `otherwise` where there is none: nobody had reported it and
 * nobody is asked for it. */
static json_t *part_of(const json_t *object, const char *name, json_t *otherwise)
{
    json_t *part = json_object_get(object, name);
    if (part == NULL)
        return otherwise;
    json_decref(otherwise);
    return json_incref(part);
}

static json_t *cell_json(const struct differences *differences,
                         const struct th_indicator *indicator, const json_t *before,
                         const json_t *after, const struct cause *causes, size_t count,
                         bool *ret_agree)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count && i < differences->limit; i++)
        list = th_json_append(list, cause_json(differences, indicator, &causes[i]));
    json_t *cell = th_json_set(json_object(), "indicator", json_string(indicator->code));
    cell = th_json_set(cell, "name", json_string(indicator->name));
    cell = th_json_set(cell, "before", part_of(before, "value", json_null()));
    cell = th_json_set(cell, "after", part_of(after, "value", json_null()));
    cell = th_json_set(cell, "reported_before", part_of(before, "reported", json_integer(0)));
    cell = th_json_set(cell, "reported_after", part_of(after, "reported", json_integer(0)));
    cell = set_change(differences, indicator, causes, count, cell, ret_agree);
    cell = th_json_set(cell, "causes_count", json_integer((json_int_t)count));
    return th_json_set(cell, "causes", list);
}

/* ---- the answer ---- */

static bool is_same(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "value"), json_object_get(b, "value")) &&
           json_equal(json_object_get(a, "reported"), json_object_get(b, "reported"));
}

static json_t *cells_of(const struct differences *differences, bool *ret_agree)
{
    const struct th_question *question = differences->question;
    const struct th_catalogue *catalogue = &question->plan->plan->catalogue;
    json_t *before = th_query_indicators(question, &differences->before, NULL);
    json_t *after = th_query_indicators(question, &differences->after, NULL);
    json_t *cells = before == NULL || after == NULL ? NULL : json_array();
    size_t at = 0;
    for (uint16_t number = 1; cells != NULL && number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        size_t first = at;
        while (at < differences->count && differences->causes[at].figure.indicator == number)
            at++;
        if (indicator == NULL)
            continue;
        const json_t *old = json_object_get(before, indicator->code);
        const json_t *new = json_object_get(after, indicator->code);
        if (new != NULL && (at > first || !is_same(old, new)))
            cells = th_json_append(cells,
                                   cell_json(differences, indicator, old, new,
                                             differences->causes + first, at - first, ret_agree));
    }
    json_decref(before);
    json_decref(after);
    return cells;
}

/* Reports that came, were corrected, or were judged since. */
static json_t *reports_of(const struct differences *differences, json_int_t *ret_count)
{
    json_t *list = json_array();
    json_int_t count = 0;
    for (uint32_t slot = 0; slot < differences->to.count; slot++) {
        const struct th_row *before = differences->from_of[slot];
        const struct th_row *after = &differences->to.rows[slot];
        if (before != NULL && before->revision == after->revision &&
            before->timeliness == after->timeliness)
            continue;
        if (count++ < differences->limit)
            list = th_json_append(list, report_json(differences, slot));
    }
    *ret_count = count;
    return list;
}

/* Whether the reports of the first moment give what was frozen. */
static int check_frozen(const struct differences *differences, bool *ret_same)
{
    const struct th_question *question = differences->question;
    struct th_rollup again;
    const char *code;
    json_t *value;
    int status = th_query_apply_rows(question, &differences->from, &again);
    if (status != TH_OK)
        return status;
    json_t *frozen = th_query_indicators(question, &differences->before, NULL);
    json_t *counted = th_query_indicators(question, &again, NULL);
    status = frozen == NULL || counted == NULL ? TH_E_NO_MEMORY : TH_OK;
    bool is_good = again.counts.received == differences->before.counts.received &&
                   json_object_size(frozen) == json_object_size(counted);
    json_object_foreach(frozen, code, value)
    {
        is_good = is_good && is_same(value, json_object_get(counted, code));
    }
    json_decref(frozen);
    json_decref(counted);
    if (status == TH_OK)
        *ret_same = is_good;
    return status;
}

int th_query_differences(const struct th_question *question, json_t **ret_answer)
{
    struct differences differences = {.question = question};
    bool is_same_as_frozen = false, do_causes_add_up = true;
    json_int_t reports_count = 0;
    differences.limit = question->query->limit == 0 ? CAUSES : question->query->limit;
    int status = read_moments(&differences);
    if (status == TH_OK)
        status = find_causes(&differences);
    if (status == TH_OK)
        status = check_frozen(&differences, &is_same_as_frozen);
    if (status != TH_OK)
        return status;
    json_t *cells = cells_of(&differences, &do_causes_add_up);
    json_t *reports = reports_of(&differences, &reports_count);
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "branch", json_string(th_query_branch_word(question->branch)));
    answer =
        th_json_set(answer, "from",
                    json_pack("{s:o,s:b,s:o}", "closed_at", th_json_instant(differences.closed_at),
                              "frozen", (int)differences.is_frozen, "counts",
                              th_query_counts(question, &differences.before.counts)));
    answer = th_json_set(answer, "to",
                         json_pack("{s:o,s:o}", "as_of", th_json_instant(question->as_of), "counts",
                                   th_query_counts(question, &differences.after.counts)));
    answer = th_json_set(answer, "reports_count", json_integer(reports_count));
    answer = th_json_set(answer, "reports", reports);
    answer = th_json_set(answer, "cells", cells);
    *ret_answer = th_json_set(answer, "checks",
                              json_pack("{s:b,s:b}", "before_is_closing", (int)is_same_as_frozen,
                                        "causes_add_up", (int)do_causes_add_up));
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
