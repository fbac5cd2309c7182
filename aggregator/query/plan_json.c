/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/plan_json.h"

#include "aggregator/plan/words.h"
#include "aggregator/query/json_parts.h"

#include <stdio.h>

static json_t *word(const struct th_words *words, int value)
{
    return json_string(th_word_of(words, value));
}

static json_t *texts(const char *const *items, uint16_t count)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < count; i++)
        list = th_json_append(list, json_string(items[i]));
    return list;
}

/* ---- who ---- */

struct th_reporters th_count_reporters(const struct th_plan *plan, const struct th_unit_list *units,
                                       const struct th_obligation *obligation,
                                       th_unit_known *is_known, const void *context)
{
    struct th_reporters reporters = {.is_exact = obligation->has_due && !obligation->open_ended};
    th_day year = th_day_of_date((struct th_civil_date){plan->year, 1, 1});
    for (uint32_t i = 0; i < units->count; i++) {
        th_day day = units->units[i].valid_from;
        day = day.number < year.number ? year : day;
        if (reporters.is_exact)
            day = th_obligation_last_day(obligation);
        else if (th_date_of_day(day).year != plan->year)
            continue;
        if ((is_known == NULL || is_known(context, i)) &&
            th_plan_expects(plan, obligation, units, i, day))
            reporters.count++;
    }
    return reporters;
}

/* "expected" is null when it is not counted; "reporters" is there always. */
static json_t *set_reporters(json_t *item, struct th_reporters reporters)
{
    item = th_json_set(item, "expected",
                       reporters.is_exact ? json_integer(reporters.count) : json_null());
    return th_json_set(item, "reporters", json_integer(reporters.count));
}

/* ---- when ---- */

bool th_due_is_rolled(const struct th_obligation *obligation, th_day *ret_literal_last)
{
    int32_t less = obligation->boundary == TH_BOUNDARY_BEFORE ? 1 : 0;
    *ret_literal_last = (th_day){obligation->due_day.number - less};
    return th_obligation_last_day(obligation).number != ret_literal_last->number;
}

char *th_day_spoken(th_day day, char text[TH_DAY_SPOKEN_SIZE])
{
    struct th_civil_date date = th_date_of_day(day);
    (void)snprintf(text, TH_DAY_SPOKEN_SIZE, "%02d/%s%d/%d", date.day, date.month < 3 ? "0" : "",
                   date.month, date.year);
    return text;
}

char *th_due_wording(const struct th_obligation *obligation, char text[TH_DUE_TEXT_SIZE])
{
    char day[TH_DAY_SPOKEN_SIZE];
    bool is_before = obligation->boundary == TH_BOUNDARY_BEFORE;
    (void)snprintf(text, TH_DUE_TEXT_SIZE, "%s ngày %s", is_before ? "trước" : "chậm nhất",
                   th_day_spoken(obligation->due_day, day));
    return text;
}

char *th_due_semantics(const struct th_obligation *obligation, char text[TH_DUE_TEXT_SIZE])
{
    char day[TH_DAY_SPOKEN_SIZE], literal_day[TH_DAY_SPOKEN_SIZE], late[TH_SPOKEN_TEXT_SIZE];
    th_day literal;
    bool is_rolled = th_due_is_rolled(obligation, &literal);
    (void)th_day_spoken(th_obligation_last_day(obligation), day);
    (void)th_instant_format_deadline(obligation->due, late);
    if (is_rolled)
        (void)snprintf(text, TH_DUE_TEXT_SIZE,
                       "đúng hạn đến hết 24 giờ ngày %s (ngày cuối %s là ngày nghỉ), trễ từ %s",
                       day, th_day_spoken(literal, literal_day), late);
    else
        (void)snprintf(text, TH_DUE_TEXT_SIZE, "đúng hạn đến hết 24 giờ ngày %s, trễ từ %s", day,
                       late);
    return text;
}

json_t *th_due_json(const struct th_obligation *obligation)
{
    char text[TH_DUE_TEXT_SIZE];
    th_day literal;
    if (!obligation->has_due)
        return json_null();
    json_t *item =
        th_json_set(json_object(), "boundary", word(&th_words_boundary, (int)obligation->boundary));
    item = th_json_set(item, "day", th_json_day(obligation->due_day));
    item = th_json_set(item, "last_on_time", th_json_instant((th_instant){obligation->due.ms - 1}));
    item = th_json_set(item, "first_late", th_json_instant(obligation->due));
    item = th_json_set(item, "instant", th_json_instant(obligation->due));
    item = th_json_set(item, "wording", json_string(th_due_wording(obligation, text)));
    item = th_json_set(item, "semantics", json_string(th_due_semantics(obligation, text)));
    return th_json_set(item, "rolled_to",
                       th_due_is_rolled(obligation, &literal)
                           ? th_json_day(th_obligation_last_day(obligation))
                           : json_null());
}

static json_t *term_day(const struct th_terms *terms, const th_day *value)
{
    return terms == NULL ? json_null() : th_json_day(*value);
}

/* The dates and reminders in force. */
static json_t *set_times(json_t *item, const struct th_obligation *obligation)
{
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_PERIOD_START);
    item = th_json_set(item, "due", th_due_json(obligation));
    item = th_json_set(item, "period_start",
                       term_day(terms, terms == NULL ? NULL : &terms->period_start));
    terms = th_obligation_terms(obligation, TH_TERM_CUT_OFF);
    item = th_json_set(item, "cut_off", term_day(terms, terms == NULL ? NULL : &terms->cut_off));
    terms = th_obligation_terms(obligation, TH_TERM_ACCEPT_UNTIL);
    item = th_json_set(item, "accept_until",
                       term_day(terms, terms == NULL ? NULL : &terms->accept_until));
    terms = th_obligation_terms(obligation, TH_TERM_REMINDERS);
    json_t *reminders = json_array();
    for (uint16_t i = 0; terms != NULL && i < terms->reminders_count; i++)
        reminders = th_json_append(reminders, json_integer(terms->reminders[i]));
    item = th_json_set(item, "reminders", reminders);
    terms = th_obligation_terms(obligation, TH_TERM_ESTIMATES);
    return th_json_set(item, "estimates", json_boolean(terms != NULL && terms->estimates));
}

static json_t *set_heading(json_t *item, const struct th_obligation *obligation)
{
    item = th_json_set(item, "id", json_string(obligation->id));
    item = th_json_set(item, "title", json_string(obligation->title));
    item = th_json_set(item, "kind", word(&th_words_obligation_kind, (int)obligation->kind));
    item = th_json_set(item, "period", th_json_text(obligation->period));
    item = th_json_set(item, "open_ended", json_boolean(obligation->open_ended));
    return th_json_set(item, "suspended", json_boolean(obligation->suspended));
}

json_t *th_plan_due_json(const struct th_obligation *obligation, struct th_reporters reporters)
{
    return set_reporters(set_times(set_heading(json_object(), obligation), obligation), reporters);
}

/* ---- all of it ---- */

static json_t *party(const struct th_party *value)
{
    json_t *item = th_json_set(json_object(), "unit", th_json_text(value->unit_code));
    item = th_json_set(item, "name", th_json_text(value->name));
    return th_json_set(item, "role", th_json_text(value->role));
}

static json_t *parties(const struct th_parties *values)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < values->count; i++)
        list = th_json_append(list, party(&values->items[i]));
    return list;
}

static json_t *selector(const struct th_selector *value)
{
    json_t *kinds = json_array(), *levels = json_array();
    for (int kind = 0; kind < TH_UNIT_KIND_COUNT; kind++)
        if ((value->kinds & UINT32_C(1) << kind) != 0)
            kinds = th_json_append(kinds, json_string(th_unit_kind_word((enum th_unit_kind)kind)));
    for (int level = TH_LEVEL_PROVINCE; level <= TH_LEVEL_BODY; level++)
        if ((value->levels & UINT32_C(1) << level) != 0)
            levels = th_json_append(levels, word(&th_words_level, level));
    json_t *item = th_json_set(json_object(), "quote", th_json_text(value->quote));
    item = th_json_set(item, "kinds", kinds);
    item = th_json_set(item, "levels", levels);
    item = th_json_set(item, "units", texts(value->units, value->units_count));
    return th_json_set(item, "except", texts(value->except, value->except_count));
}

static json_t *relation(const struct th_relation *value)
{
    json_t *item =
        th_json_set(json_object(), "kind", word(&th_words_relation_kind, (int)value->kind));
    item = th_json_set(item, "document", json_string(value->document));
    item = th_json_set(item, "date", value->has_date ? th_json_day(value->date) : json_null());
    item = th_json_set(item, "title", th_json_text(value->title));
    item = th_json_set(item, "quote", th_json_text(value->quote));
    item =
        th_json_set(item, "what", value->suspends_scoring ? json_string("scoring") : json_null());
    item = th_json_set(item, "scope", value->has_scope ? selector(&value->scope) : json_null());
    return th_json_set(item, "until", th_json_text(value->until));
}

static json_t *task(const struct th_task *value)
{
    json_t *item = th_json_set(json_object(), "no", json_integer(value->number));
    item = th_json_set(item, "title", json_string(value->title));
    item = th_json_set(item, "lead", parties(&value->lead));
    item = th_json_set(item, "coordinating", parties(&value->coordinating));
    item = th_json_set(item, "executing", parties(&value->executing));
    return th_json_set(item, "time", th_json_text(value->time));
}

/* Codes of one branch: what is asked (derived = false), or what is computed from it. */
static json_t *codes(const struct th_catalogue *catalogue, const struct th_terms *terms,
                     enum th_branch branch, bool derived)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < terms->indicators_count[branch]; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(catalogue, terms->indicators[branch][i]);
        if (th_indicator_is_asked(indicator) != derived)
            list = th_json_append(list, json_string(indicator->code));
    }
    return list;
}

static json_t *indicators(const struct th_catalogue *catalogue, const struct th_terms *terms)
{
    json_t *item =
        th_json_set(json_object(), "communes", codes(catalogue, terms, TH_BRANCH_COMMUNES, false));
    item = th_json_set(item, "communes_derived", codes(catalogue, terms, TH_BRANCH_COMMUNES, true));
    item = th_json_set(item, "bodies", codes(catalogue, terms, TH_BRANCH_BODIES, false));
    return th_json_set(item, "bodies_derived", codes(catalogue, terms, TH_BRANCH_BODIES, true));
}

/* Only the fields that the source, or the override, has. */
static json_t *set_terms(json_t *item, const struct th_catalogue *catalogue,
                         const struct th_terms *terms)
{
    if ((terms->present & TH_TERM_WHO) != 0)
        item = th_json_set(item, "who", selector(&terms->who));
    if ((terms->present & TH_TERM_INDICATORS) != 0)
        item = th_json_set(item, "indicators", indicators(catalogue, terms));
    if ((terms->present & TH_TERM_PERIOD_START) != 0)
        item = th_json_set(item, "period_start", th_json_day(terms->period_start));
    if ((terms->present & TH_TERM_CUT_OFF) != 0)
        item = th_json_set(item, "cut_off", th_json_day(terms->cut_off));
    if ((terms->present & TH_TERM_ACCEPT_UNTIL) != 0)
        item = th_json_set(item, "accept_until", th_json_day(terms->accept_until));
    if ((terms->present & TH_TERM_REMINDERS) != 0) {
        json_t *reminders = json_array();
        for (uint16_t i = 0; i < terms->reminders_count; i++)
            reminders = th_json_append(reminders, json_integer(terms->reminders[i]));
        item = th_json_set(item, "reminders", reminders);
    }
    if ((terms->present & TH_TERM_ESTIMATES) != 0)
        item = th_json_set(item, "estimates", json_boolean(terms->estimates));
    if ((terms->present & TH_TERM_SERIES) != 0)
        item = th_json_set(item, "series", json_string(terms->series));
    return item;
}

json_t *th_plan_obligation_json(const struct th_plan *plan, const struct th_obligation *obligation,
                                struct th_reporters reporters)
{
    const struct th_catalogue *catalogue = &plan->catalogue;
    json_t *item = set_heading(json_object(), obligation);
    item = th_json_set(item, "quote", json_string(obligation->quote));
    item = th_json_set(item, "to", parties(&obligation->to));
    item = th_json_set(item, "via", parties(&obligation->via));
    item = th_json_set(item, "copies", parties(&obligation->copies));
    item = th_json_set(item, "form", th_json_text(obligation->form));
    item = th_json_set(item, "basis", texts(obligation->basis, obligation->basis_count));
    item = set_times(item, obligation);
    item = set_reporters(item, reporters);
    item = th_json_set(item, "source", set_terms(json_object(), catalogue, &obligation->quoted));
    if (obligation->override_reason[0] == 0)
        return th_json_set(item, "override", json_null());
    json_t *override =
        th_json_set(json_object(), "reason", json_string(obligation->override_reason));
    return th_json_set(item, "override", set_terms(override, catalogue, &obligation->override));
}

json_t *th_plan_issuer_json(const struct th_plan *plan)
{
    return party(&plan->issuer);
}

json_t *th_plan_heading_json(const struct th_plan *plan)
{
    json_t *root = th_json_set(json_object(), "plan", json_string(plan->id));
    root = th_json_set(root, "title", json_string(plan->title));
    root = th_json_set(root, "number", th_json_text(plan->number));
    root = th_json_set(root, "date", plan->has_date ? th_json_day(plan->date) : json_null());
    root = th_json_set(root, "year", json_integer(plan->year));
    root = th_json_set(root, "issuer", party(&plan->issuer));
    root = th_json_set(root, "territory", json_string(plan->territory));
    root = th_json_set(root, "deadline_policy", word(&th_words_policy, (int)plan->policy));
    root = th_json_set(root, "catalogue", json_string(plan->catalogue.id));
    return th_json_set(root, "rules", json_string(plan->rules.id));
}

json_t *th_plan_set_parts_json(json_t *root, const struct th_plan *plan)
{
    json_t *relations = json_array(), *tasks = json_array();
    for (uint16_t i = 0; i < plan->relations_count; i++)
        relations = th_json_append(relations, relation(&plan->relations[i]));
    for (uint16_t i = 0; i < plan->tasks_count; i++)
        tasks = th_json_append(tasks, task(&plan->tasks[i]));
    root = th_json_set(root, "relations", relations);
    root = th_json_set(root, "tasks", tasks);
    return th_json_set(root, "recipients", parties(&plan->recipients));
}
