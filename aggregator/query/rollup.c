/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rollup comes from its row when it is asked for now and the unit has units below it; otherwise
 * (the past, a single unit) from the reports, by the same th_rollup_apply(). Figures are put into
 * words here and nowhere else.
 */
#include "aggregator/query/question.h"

#include "aggregator/plan/words.h"
#include "proto/model/indicator.h"

const char *th_query_branch_word(enum th_branch branch)
{
    static const char *const words[] = {"all", "communes", "bodies"};
    return words[branch];
}

bool th_query_exists(const struct th_question *question, uint32_t unit)
{
    const struct th_query_context *context = question->context;
    return context->position_of[context->number_of[unit]] < question->size;
}

bool th_query_covers(const struct th_question *question, uint32_t unit)
{
    const struct th_unit_list *units = &question->context->units;
    return (question->branch == TH_BRANCH_ALL ||
            th_unit_kind_branch(units->units[unit].kind) == question->branch) &&
           th_query_is_below(question->context, unit, question->unit) &&
           th_query_exists(question, unit);
}

static bool is_asked_for(const struct th_obligation *obligation, enum th_branch branch,
                         uint16_t indicator)
{
    const uint16_t *numbers = NULL;
    uint16_t count = th_obligation_indicators(obligation, branch, &numbers);
    if (count == 0)
        return true; /* no list: everything may be reported */
    for (uint16_t i = 0; i < count; i++)
        if (numbers[i] == indicator)
            return true;
    return false;
}

bool th_query_is_expected(const struct th_question *question, uint32_t unit)
{
    const struct th_obligation *obligation = question->obligation;
    return obligation->has_due && !obligation->open_ended &&
           th_plan_expects(question->plan->plan, obligation, &question->context->units, unit,
                           th_obligation_last_day(obligation));
}

void th_query_count_expected(struct th_question *question)
{
    const struct th_unit_list *units = &question->context->units;
    const struct th_obligation *obligation = question->obligation;
    if (!obligation->has_due || obligation->open_ended)
        return;
    const th_day day = th_obligation_last_day(obligation);
    for (uint32_t unit = 0; unit < units->count; unit++)
        if (th_query_covers(question, unit) &&
            th_plan_expects(question->plan->plan, obligation, units, unit, day))
            question->expected[th_unit_kind_branch(units->units[unit].kind)]++;
}

uint32_t th_query_expected(const struct th_question *question, uint16_t indicator)
{
    uint32_t count = 0;
    for (int branch = TH_BRANCH_COMMUNES; branch <= TH_BRANCH_BODIES; branch++)
        if (indicator == 0 || is_asked_for(question->obligation, (enum th_branch)branch, indicator))
            count += question->expected[branch];
    return count;
}

void th_query_fill_expected(const struct th_question *question, uint32_t expected,
                            struct th_counts *counts)
{
    const struct th_obligation *obligation = question->obligation;
    counts->has_expected = obligation->has_due && !obligation->open_ended && !obligation->suspended;
    counts->expected = obligation->suspended ? 0 : expected;
    counts->suspended = obligation->suspended ? expected : 0;
}

int th_query_apply_rows(const struct th_question *question, const struct th_past_rows *rows,
                        struct th_rollup *ret_rollup)
{
    const struct th_rollup_layout *layout = &question->plan->layout;
    struct th_rollup rollup;
    int status = th_rollup_new(layout, question->arena, &rollup);
    if (status != TH_OK)
        return status;
    for (size_t i = 0; i < rows->count; i++)
        th_rollup_apply(layout, &rollup, &rows->rows[i]);
    *ret_rollup = rollup;
    return TH_OK;
}

int th_query_collect(const struct th_question *question, const struct th_past_rows *rows,
                     struct th_rollup *ret_rollup)
{
    struct th_past_rows own;
    int status = TH_E_NOT_FOUND;
    if (!question->past)
        status = th_view_rollup(question->view, question->book,
                                question->context->number_of[question->unit], question->branch,
                                &question->plan->layout, question->arena, ret_rollup);
    if (status == TH_E_NOT_FOUND) {
        status = rows != NULL ? TH_OK : th_query_rows(question, &own);
        if (status == TH_OK)
            status = th_query_apply_rows(question, rows != NULL ? rows : &own, ret_rollup);
    }
    if (status != TH_OK)
        return status;
    th_query_fill_expected(question, th_query_expected(question, 0), &ret_rollup->counts);
    return TH_OK;
}

json_t *th_query_counts(const struct th_question *question, const struct th_counts *counts)
{
    bool is_dated = question->obligation->has_due;
    json_t *expected = json_null(), *missing = json_null();
    if (counts->has_expected) {
        /* Reports of units that were not expected cannot be: they are rejected. */
        expected = json_integer(counts->expected);
        missing = json_integer((json_int_t)counts->expected - (json_int_t)counts->received);
    }
    return json_pack("{s:o,s:I,s:o,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I}", "expected", expected,
                     "received", (json_int_t)counts->received, "on_time",
                     is_dated ? json_integer(counts->on_time) : json_null(), "late",
                     is_dated ? json_integer(counts->late) : json_null(), "undecided",
                     is_dated ? json_integer(counts->undecided) : json_null(), "missing", missing,
                     "returned", (json_int_t)counts->returned, "exempt", (json_int_t)counts->exempt,
                     "suspended", (json_int_t)counts->suspended, "estimated",
                     (json_int_t)counts->estimated, "on_behalf", (json_int_t)counts->entered);
}

static json_t *sum_value(const struct th_indicator *indicator, th_int128 value)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    return json_string(th_rollup_format_sum(value, indicator->scale, text));
}

/* A maximum or another single value of a report: a date is a date. */
static json_t *single_value(const struct th_indicator *indicator, th_int128 value)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    return json_string(th_indicator_format(indicator, (int64_t)value, text, sizeof(text)));
}

static json_t *average_value(const struct th_indicator *indicator, const th_int128 *cells,
                             uint32_t reported)
{
    char average[TH_ROLLUP_NUMBER_SIZE];
    th_int128 divisor = reported;
    for (unsigned i = 0; i < indicator->scale; i++)
        divisor *= 10;
    if (!th_rollup_format_ratio(cells[0], divisor, 1, 2, average))
        return json_null();
    return json_pack("{s:s,s:o,s:o}", "average", average, "min", single_value(indicator, cells[1]),
                     "max", single_value(indicator, cells[2]));
}

static json_t *count_values(const struct th_indicator *indicator, const th_int128 *cells)
{
    json_t *object = json_object();
    for (uint16_t i = 0; i < indicator->values_count; i++) {
        char text[TH_ROLLUP_NUMBER_SIZE];
        object = th_json_set(object, indicator->values[i],
                             json_string(th_rollup_format_sum(cells[i], 0, text)));
    }
    return object;
}

static json_t *cells_value(const struct th_indicator *indicator, const th_int128 *cells,
                           uint32_t reported)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    if (reported == 0)
        return json_null();
    switch (indicator->up) {
    case TH_UP_SUM:
        return sum_value(indicator, cells[0]);
    case TH_UP_MAX:
        return single_value(indicator, cells[0]);
    case TH_UP_RATIO_OF_SUMS:
        return th_rollup_format_ratio(cells[0], cells[1],
                                      indicator->type == TH_TYPE_PERCENT ? 100 : 1, 2, text)
                   ? json_string(text)
                   : json_null();
    case TH_UP_AVERAGE_MIN_MAX:
        return average_value(indicator, cells, reported);
    case TH_UP_COUNT_BY_VALUE:
        return count_values(indicator, cells);
    case TH_UP_CONCAT:
    default:
        return json_null();
    }
}

/* Numbers that the answer shows: those that the branch is asked for or shown, or reported ones. */
static bool is_shown(const struct th_question *question, const struct th_indicator *indicator,
                     const struct th_rollup *rollup)
{
    if (rollup->reported[indicator->number] > 0)
        return true;
    for (int branch = TH_BRANCH_COMMUNES; branch <= TH_BRANCH_BODIES; branch++) {
        const uint16_t *numbers = NULL;
        uint16_t count =
            th_obligation_indicators(question->obligation, (enum th_branch)branch, &numbers);
        if (question->branch != TH_BRANCH_ALL && question->branch != (enum th_branch)branch)
            continue;
        for (uint16_t i = 0; i < count; i++)
            if (numbers[i] == indicator->number)
                return true;
    }
    return false;
}

json_t *th_query_indicators(const struct th_question *question, const struct th_rollup *rollup,
                            const struct th_past_rows *rows)
{
    const struct th_rollup_layout *layout = &question->plan->layout;
    const struct th_catalogue *catalogue = &question->plan->plan->catalogue;
    json_t *object = json_object();
    for (uint16_t number = 1; number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        if (indicator == NULL || !is_shown(question, indicator, rollup))
            continue;
        uint32_t reported = rollup->reported[number];
        json_t *value = NULL;
        if (indicator->up != TH_UP_CONCAT)
            value = cells_value(indicator, &rollup->cells[layout->cells_at[number]], reported);
        else if (rows != NULL)
            value = th_query_narratives(question, rows, number, &reported);
        else
            value = json_null();
        json_t *missing = json_null();
        if (rollup->counts.has_expected)
            missing = json_integer((json_int_t)th_query_expected(question, number) -
                                   (json_int_t)reported);
        object = th_json_set(object, indicator->code,
                             json_pack("{s:s,s:o,s:I,s:o}", "rule",
                                       th_word_of(&th_words_up, (int)indicator->up), "value", value,
                                       "reported", (json_int_t)reported, "missing", missing));
    }
    return object;
}

int th_query_rollup(const struct th_question *question, json_t **ret_answer)
{
    struct th_past_rows rows;
    struct th_rollup rollup;
    int status = th_query_rows(question, &rows);
    if (status == TH_OK)
        status = th_query_collect(question, &rows, &rollup);
    if (status != TH_OK)
        return status;
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "branch", json_string(th_query_branch_word(question->branch)));
    answer = th_json_set(answer, "counts", th_query_counts(question, &rollup.counts));
    answer = th_json_set(answer, "indicators", th_query_indicators(question, &rollup, &rows));
    *ret_answer = answer;
    return answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
