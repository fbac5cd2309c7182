/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/checking.h"

#include "proto/model/period.h"

#include <string.h>

void th_checking_put_field(struct th_line *line, const char *prefix,
                           const struct th_checking *checking, uint32_t number)
{
    const struct th_indicator *indicator = th_catalogue_get(&checking->plan->catalogue, number);
    th_line_put(line, prefix);
    if (indicator != NULL)
        th_line_put(line, indicator->code);
    else
        th_line_put_number(line, number);
}

static void refuse(struct th_checking *checking, const char *prefix, uint32_t number,
                   const char *value, enum th_reason_code code)
{
    TH_LINE(field, TH_REASON_FIELD_MAX);
    th_checking_put_field(&field, prefix, checking, number);
    th_reasons_add_code(checking->errors, field.text, value, code);
}

/* ---- figures ---- */

static bool is_within(struct th_figure_range range, int64_t value)
{
    return value >= range.first && value <= range.last;
}

static bool is_among(const uint16_t *numbers, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Both lists ascend: each goes on where it stood. */
static bool is_listed(struct th_checking *checking, uint16_t number)
{
    uint16_t at = checking->asked_at;
    if (at > 0 && checking->asked[at - 1] >= number)
        at = 0;
    while (at < checking->asked_count && checking->asked[at] < number)
        at++;
    checking->asked_at = at;
    return at < checking->asked_count && checking->asked[at] == number;
}

static bool is_asked(struct th_checking *checking, const struct th_indicator *indicator)
{
    if (checking->asked_count > 0 && !is_listed(checking, indicator->number))
        return false;
    /* A derived one may be in the list, to be shown: sending it breaks the rule of types. */
    return indicator->type == TH_TYPE_PERCENT || th_indicator_is_asked(indicator);
}

/* A figure that is not asked, or does not fit its type. */
static void refuse_figure(struct th_checking *checking, const struct th_indicator *indicator,
                          int64_t value, bool asked)
{
    const struct th_rule *types = checking->checks->types;
    char shown[TH_REASON_VALUE_MAX];
    th_indicator_format(indicator, value, shown, sizeof shown);
    if (!asked || types == NULL) {
        refuse(checking, "value.", indicator->number, shown,
               asked ? TH_REASON_VALUE : TH_REASON_NOT_ASKED);
        return;
    }
    TH_LINE(field, TH_REASON_FIELD_MAX);
    th_checking_put_field(&field, "value.", checking, indicator->number);
    th_reasons_add(checking->errors, field.text, shown, types->id, types->text);
}

static void check_figure(struct th_checking *checking, uint16_t number, int64_t value)
{
    const struct th_indicator *indicator = th_catalogue_get(&checking->plan->catalogue, number);
    if (indicator == NULL) {
        refuse(checking, "value.", number, "", TH_REASON_UNKNOWN_INDICATOR);
        return;
    }
    bool asked = is_asked(checking, indicator);
    if (!asked || !is_within(th_figure_range(indicator), value))
        refuse_figure(checking, indicator, value, asked);
}

/* As nearly every figure is. What has a range is known and can be asked. */
static bool is_right(struct th_checking *checking, uint16_t number, int64_t value)
{
    return number <= checking->plan->catalogue.number_max &&
           is_within(checking->checks->figures[number], value) &&
           (checking->asked_count == 0 || is_listed(checking, number));
}

static void check_figures(struct th_checking *checking)
{
    const struct th_values *values = &checking->report->values;
    checking->ordered = true;
    for (size_t i = 0; i < values->count; i++) {
        if (i > 0 && values->numbers[i] <= values->numbers[i - 1]) {
            refuse(checking, "value.", values->numbers[i], "", TH_REASON_ORDER);
            checking->ordered = false;
        }
        if (!is_right(checking, values->numbers[i], values->values[i]))
            check_figure(checking, values->numbers[i], values->values[i]);
    }
    if (checking->ordered)
        th_value_table_init(values, checking->plan->catalogue.number_max, checking->places,
                            &checking->table);
}

static void refuse_estimate(struct th_checking *checking, const char *field, const char *text)
{
    th_reasons_add(checking->errors, field, "", th_reason_word(TH_REASON_ESTIMATE), text);
}

static void check_estimates(struct th_checking *checking)
{
    const struct th_report *report = checking->report;
    const struct th_terms *terms = th_obligation_terms(checking->obligation, TH_TERM_ESTIMATES);
    if (report->has_estimated_to && !th_day_check(report->estimated_to.number))
        th_reasons_add_code(checking->errors, "estimated_to", "", TH_REASON_DATE);
    if (report->estimated_count == 0)
        return;
    if (report->has_estimated_to && th_day_check(report->estimated_to.number) &&
        th_date_of_day(report->estimated_to).year != checking->plan->year) {
        char day[TH_DAY_TEXT_SIZE];
        th_reasons_add(checking->warnings, "estimated_to", th_day_format(report->estimated_to, day),
                       "estimate", "Ngày ước đến không nằm trong năm của kế hoạch.");
    }
    if (terms == NULL || !terms->estimates)
        th_reasons_add_code(checking->errors, "estimated", "", TH_REASON_ESTIMATE);
    if (!report->has_estimated_to)
        refuse_estimate(checking, "estimated_to", TH_REASON_ESTIMATE_UNDATED);
    for (size_t i = 0; i < report->estimated_count; i++) {
        uint16_t number = report->estimated[i];
        if (i > 0 && number <= report->estimated[i - 1])
            refuse(checking, "estimated.", number, "", TH_REASON_ORDER);
        if (!is_among(report->values.numbers, report->values.count, number)) {
            TH_LINE(field, TH_REASON_FIELD_MAX);
            th_checking_put_field(&field, "estimated.", checking, number);
            refuse_estimate(checking, field.text, TH_REASON_ESTIMATE_OF_NONE);
        }
    }
}

/* ---- tasks, narratives, the rest ---- */

static bool percent_fits(const struct th_task_progress *task)
{
    if (task->percent > 100)
        return false;
    if (task->status == TH_TASK_DONE)
        return task->percent == 100;
    return task->status != TH_TASK_NOT_STARTED || task->percent == 0;
}

static void check_tasks(struct th_checking *checking)
{
    for (size_t i = 0; i < checking->report->tasks_count; i++) {
        const struct th_task_progress *task = &checking->report->tasks[i];
        TH_LINE(field, TH_REASON_FIELD_MAX);
        th_line_put(&field, "task.");
        th_line_put_number(&field, task->task);
        if (i > 0 && task->task <= checking->report->tasks[i - 1].task)
            th_reasons_add_code(checking->errors, field.text, "", TH_REASON_ORDER);
        if (!th_plan_has_task(checking->plan, task->task))
            th_reasons_add_code(checking->errors, field.text, "", TH_REASON_TASK);
        if (!percent_fits(task)) {
            TH_LINE(percent, TH_REASON_VALUE_MAX);
            th_line_put_number(&percent, task->percent);
            th_line_put(&field, ".percent");
            th_reasons_add_code(checking->errors, field.text, percent.text, TH_REASON_PERCENT);
        }
    }
}

static void check_narratives(struct th_checking *checking)
{
    for (size_t i = 0; i < checking->report->narratives_count; i++) {
        uint16_t number = checking->report->narratives[i].indicator;
        const struct th_indicator *indicator = th_catalogue_get(&checking->plan->catalogue, number);
        if (i > 0 && number <= checking->report->narratives[i - 1].indicator)
            refuse(checking, "narrative.", number, "", TH_REASON_ORDER);
        if (indicator == NULL)
            refuse(checking, "narrative.", number, "", TH_REASON_UNKNOWN_INDICATOR);
        else if (indicator->type != TH_TYPE_TEXT)
            refuse(checking, "narrative.", number, "", TH_REASON_VALUE);
        else if (!is_asked(checking, indicator))
            refuse(checking, "narrative.", number, "", TH_REASON_NOT_ASKED);
    }
}

static void check_rest(struct th_checking *checking)
{
    const struct th_report *report = checking->report;
    if (report->values.count == 0 && report->tasks_count == 0 && report->showcases_count == 0 &&
        report->narratives_count == 0 && report->attachments_count == 0)
        th_reasons_add_code(checking->errors, "", "", TH_REASON_EMPTY);
    if (report->has_document && !th_day_check(report->document.date.number))
        th_reasons_add_code(checking->errors, "document.date", "", TH_REASON_DATE);
}

/* An obligation may have a period without a name: it is of no kind. */
static void read_kind(struct th_checking *checking)
{
    struct th_period period;
    const char *name = checking->obligation->period;
    bool has_period = th_period_parse(name, strlen(name), &period) == 0;
    checking->is_annual = has_period && period.kind == TH_PERIOD_YEAR;
    checking->is_first_half = has_period && period.kind == TH_PERIOD_HALF && period.part == 1;
}

void th_report_check(const struct th_checks *checks, const struct th_obligation *obligation,
                     const struct th_unit *unit, const struct th_report *report,
                     const struct th_related *related, struct th_reasons *errors,
                     struct th_reasons *warnings)
{
    struct th_checking checking; /* its table is large, and cleared where it is used */
    checking.checks = checks;
    checking.plan = checks->plan;
    checking.obligation = obligation;
    checking.unit = unit;
    checking.report = report;
    checking.related = related;
    checking.errors = errors;
    checking.warnings = warnings;
    checking.asked_at = 0;
    checking.asked_count =
        th_obligation_indicators(obligation, th_unit_kind_branch(unit->kind), &checking.asked);
    read_kind(&checking);
    check_figures(&checking);
    check_estimates(&checking);
    check_tasks(&checking);
    check_narratives(&checking);
    check_rest(&checking);
    if (checking.ordered)
        th_checking_apply_rules(&checking);
}
