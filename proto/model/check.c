/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/check.h"

#include "base/assert.h"
#include "proto/model/figure.h"
#include "proto/model/period.h"

#include <string.h>

struct checking {
    const struct th_checks *checks;
    const struct th_plan *plan;
    const struct th_obligation *obligation;
    const struct th_unit *unit;
    const struct th_report *report;
    const struct th_related *related;
    struct th_reasons *errors;
    struct th_reasons *warnings;
    const uint16_t *asked; /* ascending; all that can be asked when the count is 0 */
    uint16_t asked_count;
    uint16_t asked_at;  /* those before it are below the number that was asked about last */
    bool is_annual;     /* the obligation's period is a year */
    bool is_first_half; /* … is the first half of one */
    bool ordered;       /* figures ascend, so that they can be looked up */
    struct th_value_table table;                  /* of the figures, when they are ordered */
    uint16_t places[TH_LIMIT_INDICATORS_MAX + 1]; /* the table's; cleared as far as it is used */
};

/* ---- short texts ---- */

struct line {
    char *text;
    size_t size; /* of the buffer, its NUL included */
    size_t used;
};

static void put(struct line *line, const char *text)
{
    size_t size = strlen(text), room = line->size - 1 - line->used;
    if (size > room) {
        size = room;
        while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80)
            size--;
    }
    memcpy(line->text + line->used, text, size);
    line->used += size;
    line->text[line->used] = 0;
}

static void put_number(struct line *line, int64_t number)
{
    char text[TH_FIGURE_TEXT_SIZE];
    put(line, th_figure_format(number, 0, text));
}

#define LINE(name, bytes)                                                                          \
    char name##_bytes[bytes] = "";                                                                 \
    struct line name = {name##_bytes, bytes, 0}

static bool day_is_sane(int64_t number)
{
    return number >= th_day_of_date((struct th_civil_date){TH_YEAR_MIN, 1, 1}).number &&
           number <= th_day_of_date((struct th_civil_date){TH_YEAR_MAX, 12, 31}).number;
}

char *th_indicator_format(const struct th_indicator *indicator, int64_t value, char *text,
                          size_t text_size)
{
    TH_ASSERT(text_size > 0);
    struct line line = {text, text_size, 0};
    text[0] = 0;
    char number[TH_FIGURE_TEXT_SIZE], day[TH_DAY_TEXT_SIZE];
    if (indicator->type == TH_TYPE_ENUM && value >= 0 && value < indicator->values_count)
        put(&line, indicator->values[value]);
    else if (indicator->type == TH_TYPE_DATE && day_is_sane(value))
        put(&line, th_day_format((th_day){(int32_t)value}, day));
    else
        put(&line, th_figure_format(value, indicator->scale, number));
    return text;
}

/* "value.TCD01"; the number when the catalogue has none. */
static void put_field(struct line *line, const char *prefix, const struct checking *checking,
                      uint32_t number)
{
    const struct th_indicator *indicator = th_catalogue_get(&checking->plan->catalogue, number);
    put(line, prefix);
    if (indicator != NULL)
        put(line, indicator->code);
    else
        put_number(line, number);
}

static void refuse(struct checking *checking, const char *prefix, uint32_t number,
                   const char *value, enum th_reason_code code)
{
    LINE(field, TH_REASON_FIELD_MAX);
    put_field(&field, prefix, checking, number);
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
static bool is_listed(struct checking *checking, uint16_t number)
{
    uint16_t at = checking->asked_at;
    if (at > 0 && checking->asked[at - 1] >= number)
        at = 0;
    while (at < checking->asked_count && checking->asked[at] < number)
        at++;
    checking->asked_at = at;
    return at < checking->asked_count && checking->asked[at] == number;
}

static bool is_asked(struct checking *checking, const struct th_indicator *indicator)
{
    if (checking->asked_count > 0 && !is_listed(checking, indicator->number))
        return false;
    /* A derived one may be in the list, to be shown: sending it breaks the rule of types. */
    return indicator->type == TH_TYPE_PERCENT || th_indicator_is_asked(indicator);
}

/* A figure that is not asked, or does not fit its type. */
static void refuse_figure(struct checking *checking, const struct th_indicator *indicator,
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
    LINE(field, TH_REASON_FIELD_MAX);
    put_field(&field, "value.", checking, indicator->number);
    th_reasons_add(checking->errors, field.text, shown, types->id, types->text);
}

static void check_figure(struct checking *checking, uint16_t number, int64_t value)
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
static bool is_right(struct checking *checking, uint16_t number, int64_t value)
{
    return number <= checking->plan->catalogue.number_max &&
           is_within(checking->checks->figures[number], value) &&
           (checking->asked_count == 0 || is_listed(checking, number));
}

static void check_figures(struct checking *checking)
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

static bool get_figure(const struct checking *checking, uint16_t number, int64_t *ret_value)
{
    return th_value_table_get(&checking->table, number, ret_value);
}

static void refuse_estimate(struct checking *checking, const char *field, const char *text)
{
    th_reasons_add(checking->errors, field, "", th_reason_word(TH_REASON_ESTIMATE), text);
}

static void check_estimates(struct checking *checking)
{
    const struct th_report *report = checking->report;
    const struct th_terms *terms = th_obligation_terms(checking->obligation, TH_TERM_ESTIMATES);
    if (report->has_estimated_to && !day_is_sane(report->estimated_to.number))
        th_reasons_add_code(checking->errors, "estimated_to", "", TH_REASON_DATE);
    if (report->estimated_count == 0)
        return;
    if (report->has_estimated_to && day_is_sane(report->estimated_to.number) &&
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
            LINE(field, TH_REASON_FIELD_MAX);
            put_field(&field, "estimated.", checking, number);
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

static void check_tasks(struct checking *checking)
{
    for (size_t i = 0; i < checking->report->tasks_count; i++) {
        const struct th_task_progress *task = &checking->report->tasks[i];
        LINE(field, TH_REASON_FIELD_MAX);
        put(&field, "task.");
        put_number(&field, task->task);
        if (i > 0 && task->task <= checking->report->tasks[i - 1].task)
            th_reasons_add_code(checking->errors, field.text, "", TH_REASON_ORDER);
        if (!th_plan_has_task(checking->plan, task->task))
            th_reasons_add_code(checking->errors, field.text, "", TH_REASON_TASK);
        if (!percent_fits(task)) {
            LINE(percent, TH_REASON_VALUE_MAX);
            put_number(&percent, task->percent);
            put(&field, ".percent");
            th_reasons_add_code(checking->errors, field.text, percent.text, TH_REASON_PERCENT);
        }
    }
}

static void check_narratives(struct checking *checking)
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

static void check_rest(struct checking *checking)
{
    const struct th_report *report = checking->report;
    if (report->values.count == 0 && report->tasks_count == 0 && report->showcases_count == 0 &&
        report->narratives_count == 0 && report->attachments_count == 0)
        th_reasons_add_code(checking->errors, "", "", TH_REASON_EMPTY);
    if (report->has_document && !day_is_sane(report->document.date.number))
        th_reasons_add_code(checking->errors, "document.date", "", TH_REASON_DATE);
}

/* ---- rules ---- */

/* False for an obligation without a period that has a name. */
static bool read_period(const char *period, struct th_period *ret_period)
{
    return th_period_parse(period, strlen(period), ret_period) == 0;
}

static void put_figure(struct line *line, const struct th_indicator *indicator, int64_t value)
{
    char shown[TH_REASON_VALUE_MAX];
    put(line, th_indicator_format(indicator, value, shown, sizeof shown));
}

/* "TCD01=5, TCD04=2 …": as many terms as fit. */
static void put_terms(struct line *line, const struct checking *checking,
                      const struct th_comparison *comparison)
{
    static const char more[] = " …";
    for (size_t i = 0; i < comparison->terms_count; i++) {
        uint16_t number = comparison->terms[i].indicator;
        const struct th_indicator *indicator = th_catalogue_get(&checking->plan->catalogue, number);
        int64_t value = 0;
        if (indicator == NULL || !get_figure(checking, number, &value))
            continue;
        LINE(term, TH_REASON_VALUE_MAX);
        put(&term, i > 0 ? ", " : "");
        put(&term, indicator->code);
        put(&term, "=");
        put_figure(&term, indicator, value);
        bool is_last = i + 1 == comparison->terms_count;
        if (line->used + term.used + (is_last ? 0 : sizeof more - 1) > line->size - 1) {
            put(line, more);
            return;
        }
        put(line, term.text);
    }
}

static void check_comparison(struct checking *checking, const struct th_rule *rule)
{
    if (th_comparison_check_table(&rule->comparison, &checking->table) != TH_RULE_BROKEN)
        return;
    LINE(field, TH_REASON_FIELD_MAX);
    LINE(value, TH_REASON_VALUE_MAX);
    if (rule->comparison.terms_count > 0)
        put_field(&field, "value.", checking, rule->comparison.terms[0].indicator);
    put_terms(&value, checking, &rule->comparison);
    th_reasons_add(rule->severity == TH_SEVERITY_ERROR ? checking->errors : checking->warnings,
                   field.text, value.text, rule->id, rule->text);
}

/* A warning about two figures, "5; 6 tháng: 7". */
static void warn_about(struct checking *checking, const struct th_rule *rule,
                       const struct th_indicator *indicator, int64_t value, const char *word,
                       int64_t other)
{
    LINE(field, TH_REASON_FIELD_MAX);
    LINE(shown, TH_REASON_VALUE_MAX);
    put_field(&field, "value.", checking, indicator->number);
    put_figure(&shown, indicator, value);
    put(&shown, "; ");
    put(&shown, word);
    put(&shown, ": ");
    put_figure(&shown, indicator, other);
    th_reasons_add(checking->warnings, field.text, shown.text, rule->id, rule->text);
}

static bool is_quantity(const struct th_indicator *indicator)
{
    return indicator != NULL &&
           (indicator->type == TH_TYPE_COUNT || indicator->type == TH_TYPE_MONEY ||
            indicator->type == TH_TYPE_DECIMAL || indicator->type == TH_TYPE_BOOL);
}

static void check_includes_half(struct checking *checking, const struct th_rule *rule)
{
    const struct th_values *values = &checking->report->values;
    for (size_t i = 0; i < values->count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&checking->plan->catalogue, values->numbers[i]);
        int64_t half;
        if (is_quantity(indicator) && indicator->over == TH_OVER_CUMULATIVE &&
            th_values_get(checking->related->half_year, values->numbers[i], &half) &&
            values->values[i] < half)
            warn_about(checking, rule, indicator, values->values[i], "6 tháng", half);
    }
}

static void check_carry_over(struct checking *checking, const struct th_rule *rule, bool annual)
{
    const struct th_values *before =
        annual ? checking->related->half_year : checking->related->previous_year;
    for (uint16_t i = 0; before != NULL && i < rule->pairs_count; i++) {
        uint16_t opening = rule->pairs[i][0];
        const struct th_indicator *indicator =
            th_catalogue_get(&checking->plan->catalogue, opening);
        int64_t value, other;
        if (indicator != NULL && get_figure(checking, opening, &value) &&
            th_values_get(before, annual ? opening : rule->pairs[i][1], &other) && value != other)
            warn_about(checking, rule, indicator, value, annual ? "6 tháng" : "năm trước", other);
    }
}

/* More than `percent` of the other figure and more than `above` whole units. */
static bool jumps(const struct th_rule *rule, const struct th_indicator *indicator, int64_t value,
                  int64_t other)
{
    __int128 difference = (__int128)value - other, from = other, above = rule->above;
    for (unsigned i = 0; i < indicator->scale; i++)
        above *= 10;
    difference = difference < 0 ? -difference : difference;
    from = from < 0 ? -from : from;
    return difference * 100 > from * rule->percent && difference > above;
}

static void check_year_on_year(struct checking *checking, const struct th_rule *rule)
{
    const struct th_values *values = &checking->report->values;
    for (size_t i = 0; i < values->count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&checking->plan->catalogue, values->numbers[i]);
        int64_t other;
        if (is_quantity(indicator) &&
            th_values_get(checking->related->previous_same, values->numbers[i], &other) &&
            jumps(rule, indicator, values->values[i], other))
            warn_about(checking, rule, indicator, values->values[i], "năm trước", other);
    }
}

static bool has_any(const struct checking *checking, const struct th_rule *rule)
{
    int64_t value;
    for (uint16_t i = 0; i < rule->indicators_count; i++)
        if (get_figure(checking, rule->indicators[i], &value))
            return true;
    return false;
}

static bool scoring_is_suspended(const struct checking *checking)
{
    for (uint16_t i = 0; i < checking->plan->relations_count; i++) {
        const struct th_relation *relation = &checking->plan->relations[i];
        if (relation->kind == TH_RELATION_SUSPENDS && relation->suspends_scoring &&
            (!relation->has_scope || th_selector_matches(&relation->scope, checking->unit)))
            return true;
    }
    return false;
}

static void check_scoring(struct checking *checking, const struct th_rule *rule)
{
    for (uint16_t i = 0; i < rule->indicators_count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&checking->plan->catalogue, rule->indicators[i]);
        int64_t value;
        if (indicator == NULL || !get_figure(checking, indicator->number, &value))
            continue;
        LINE(field, TH_REASON_FIELD_MAX);
        LINE(shown, TH_REASON_VALUE_MAX);
        put_field(&field, "value.", checking, indicator->number);
        put_figure(&shown, indicator, value);
        th_reasons_add(rule->severity == TH_SEVERITY_ERROR ? checking->errors : checking->warnings,
                       field.text, shown.text, rule->id, rule->text);
    }
}

static void check_rule(struct checking *checking, const struct th_rule *rule)
{
    const struct th_related *related = checking->related;
    const bool annual = checking->is_annual;
    switch (rule->kind) {
    case TH_RULE_COMPARISON:
        check_comparison(checking, rule);
        break;
    case TH_RULE_ANNUAL_COMMUNE:
        if (annual && th_unit_kind_branch(checking->unit->kind) == TH_BRANCH_COMMUNES)
            check_comparison(checking, rule);
        break;
    case TH_RULE_TYPES: /* with each figure */
        break;
    case TH_RULE_ANNUAL_INCLUDES_HALF:
        if (annual && related != NULL && related->half_year != NULL)
            check_includes_half(checking, rule);
        break;
    case TH_RULE_CARRY_OVER:
        if ((annual || checking->is_first_half) && related != NULL)
            check_carry_over(checking, rule, annual);
        break;
    case TH_RULE_YEAR_ON_YEAR:
        if (related != NULL && related->previous_same != NULL)
            check_year_on_year(checking, rule);
        break;
    case TH_RULE_SCORING_SUSPENDED:
        if (has_any(checking, rule) && scoring_is_suspended(checking))
            check_scoring(checking, rule);
        break;
    }
}

/* In the plan's order: those that are not tied to a figure, and those tied to a reported one. */
static void check_rules(struct checking *checking)
{
    const struct th_checks *checks = checking->checks;
    const struct th_values *values = &checking->report->values;
    uint64_t set[TH_CHECKS_WORDS_MAX];
    for (size_t word = 0; word < checks->words; word++)
        set[word] = checks->always[word];
    for (size_t i = 0; i < values->count; i++)
        for (size_t word = 0;
             word < checks->words && values->numbers[i] <= checking->plan->catalogue.number_max;
             word++)
            set[word] |= checks->by_number[values->numbers[i] * checks->words + word];
    for (size_t word = 0; word < checks->words; word++)
        for (uint64_t left = set[word]; left != 0; left &= left - 1)
            check_rule(checking,
                       &checking->plan->rules.rules[64 * word + (size_t)__builtin_ctzll(left)]);
}

static void read_kind(struct checking *checking)
{
    struct th_period period;
    bool has_period = read_period(checking->obligation->period, &period);
    checking->is_annual = has_period && period.kind == TH_PERIOD_YEAR;
    checking->is_first_half = has_period && period.kind == TH_PERIOD_HALF && period.part == 1;
}

void th_report_check(const struct th_checks *checks, const struct th_obligation *obligation,
                     const struct th_unit *unit, const struct th_report *report,
                     const struct th_related *related, struct th_reasons *errors,
                     struct th_reasons *warnings)
{
    struct checking checking; /* its table is large, and cleared where it is used */
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
        check_rules(&checking);
}

/* ---- related reports ---- */

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
    if (terms == NULL || !read_period(obligation->period, &period))
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
