/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as JSON. Keys stand in the order written here; what the source is silent about is null
 * or an empty list. Words are those of the plan files.
 *
 * jansson's *_new functions take over what they are given and pass NULL on, so a failed allocation
 * anywhere ends in a NULL root, which is noticed once, when it is written.
 */
#include "aggregator/cli/plan_view.h"

#include "aggregator/plan/words.h"

#include <jansson.h>

/* A text, or null when it is empty. */
static json_t *text_or_null(const char *text)
{
    return text[0] == 0 ? json_null() : json_string(text);
}

static json_t *word(const struct th_words *words, int value)
{
    return json_string(th_word_of(words, value));
}

static json_t *day(th_day value)
{
    char text[TH_DAY_TEXT_SIZE];
    return json_string(th_day_format(value, text));
}

static json_t *instant(th_instant value)
{
    char text[TH_INSTANT_TEXT_SIZE];
    return json_string(th_instant_format(value, text));
}

/* Appends and takes; the list is NULL after any failure. */
static json_t *append(json_t *list, json_t *item)
{
    if (list == NULL || json_array_append_new(list, item) < 0) {
        if (list == NULL)
            json_decref(item);
        json_decref(list);
        return NULL;
    }
    return list;
}

/* Sets and takes; the object is NULL after any failure. */
static json_t *set(json_t *object, const char *key, json_t *value)
{
    if (object == NULL || json_object_set_new(object, key, value) < 0) {
        if (object == NULL)
            json_decref(value);
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *texts(const char *const *items, uint16_t count)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < count; i++)
        list = append(list, json_string(items[i]));
    return list;
}

static int write_json(json_t *root, FILE *out)
{
    if (root == NULL)
        return TH_E_NO_MEMORY;
    int status = json_dumpf(root, out, JSON_INDENT(2)) < 0 || fputc('\n', out) == EOF ? TH_E_IO : 0;
    json_decref(root);
    return status;
}

int th_plan_json_problems(const struct th_problems *problems, const char *path, FILE *out)
{
    json_t *list = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const struct th_problem *problem = &problems->items[i];
        json_t *item = set(json_object(), "file", json_string(problem->file));
        item = set(item, "line", json_integer(problem->line));
        item = set(item, "column", json_integer(problem->column));
        item = set(item, "message", json_string(problem->message));
        list = append(list, set(item, "hint", text_or_null(problem->hint)));
    }
    json_t *root = set(json_object(), "file", json_string(path));
    root = set(root, "ok", json_false());
    root = set(root, "problems", list);
    return write_json(set(root, "problems_not_shown", json_integer((json_int_t)problems->dropped)),
                      out);
}

/* "expected" is null when it is not counted; "reporters" is there always. */
static json_t *set_reporters(json_t *item, const struct th_plan_files *files,
                             const struct th_obligation *obligation)
{
    struct th_reporters reporters = th_count_reporters(files, obligation);
    item = set(item, "expected", reporters.is_exact ? json_integer(reporters.count) : json_null());
    return set(item, "reporters", json_integer(reporters.count));
}

int th_plan_json_check(const struct th_plan_files *files, const char *path, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    uint32_t indicators = 0;
    for (uint32_t number = 1; number <= plan->catalogue.number_max; number++)
        indicators += th_catalogue_get(&plan->catalogue, number) != NULL ? 1 : 0;
    json_t *list = json_array();
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        json_t *item = set(json_object(), "id", json_string(obligation->id));
        item = set_reporters(item, files, obligation);
        list = append(list, set(item, "suspended", json_boolean(obligation->suspended)));
    }
    json_t *root = set(json_object(), "file", json_string(path));
    root = set(root, "ok", json_true());
    root = set(root, "plan", json_string(plan->id));
    root = set(root, "indicators", json_integer(indicators));
    root = set(root, "rules", json_integer(plan->rules.count));
    root = set(root, "units", json_integer(files->units.count));
    return write_json(set(root, "obligations", list), out);
}

static json_t *due(const struct th_obligation *obligation)
{
    if (!obligation->has_due)
        return json_null();
    th_day literal;
    json_t *item =
        set(json_object(), "boundary", word(&th_words_boundary, (int)obligation->boundary));
    item = set(item, "day", day(obligation->due_day));
    item = set(item, "last_on_time", instant((th_instant){obligation->due.ms - 1}));
    item = set(item, "first_late", instant(obligation->due));
    return set(item, "rolled_to",
               th_due_is_rolled(obligation, &literal) ? day(th_obligation_last_day(obligation))
                                                      : json_null());
}

static json_t *term_day(const struct th_terms *terms, const th_day *value)
{
    return terms == NULL ? json_null() : day(*value);
}

/* The dates and reminders in force. */
static json_t *set_times(json_t *item, const struct th_obligation *obligation)
{
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_PERIOD_START);
    item = set(item, "due", due(obligation));
    item = set(item, "period_start", term_day(terms, terms == NULL ? NULL : &terms->period_start));
    terms = th_obligation_terms(obligation, TH_TERM_CUT_OFF);
    item = set(item, "cut_off", term_day(terms, terms == NULL ? NULL : &terms->cut_off));
    terms = th_obligation_terms(obligation, TH_TERM_ACCEPT_UNTIL);
    item = set(item, "accept_until", term_day(terms, terms == NULL ? NULL : &terms->accept_until));
    terms = th_obligation_terms(obligation, TH_TERM_REMINDERS);
    json_t *reminders = json_array();
    for (uint16_t i = 0; terms != NULL && i < terms->reminders_count; i++)
        reminders = append(reminders, json_integer(terms->reminders[i]));
    item = set(item, "reminders", reminders);
    terms = th_obligation_terms(obligation, TH_TERM_ESTIMATES);
    return set(item, "estimates", json_boolean(terms != NULL && terms->estimates));
}

static json_t *set_heading(json_t *item, const struct th_obligation *obligation)
{
    item = set(item, "id", json_string(obligation->id));
    item = set(item, "title", json_string(obligation->title));
    item = set(item, "kind", word(&th_words_obligation_kind, (int)obligation->kind));
    item = set(item, "period", text_or_null(obligation->period));
    item = set(item, "open_ended", json_boolean(obligation->open_ended));
    return set(item, "suspended", json_boolean(obligation->suspended));
}

int th_plan_json_due(const struct th_plan_files *files, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    json_t *list = json_array();
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        json_t *item = set_times(set_heading(json_object(), obligation), obligation);
        list = append(list, set_reporters(item, files, obligation));
    }
    json_t *root = set(json_object(), "plan", json_string(plan->id));
    root = set(root, "deadline_policy", word(&th_words_policy, (int)plan->policy));
    return write_json(set(root, "obligations", list), out);
}

/* ---- show ---- */

static json_t *party(const struct th_party *value)
{
    json_t *item = set(json_object(), "unit", text_or_null(value->unit_code));
    item = set(item, "name", text_or_null(value->name));
    return set(item, "role", text_or_null(value->role));
}

static json_t *parties(const struct th_parties *values)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < values->count; i++)
        list = append(list, party(&values->items[i]));
    return list;
}

static json_t *selector(const struct th_selector *value)
{
    json_t *kinds = json_array(), *levels = json_array();
    for (int kind = 0; kind < TH_UNIT_KIND_COUNT; kind++)
        if ((value->kinds & UINT32_C(1) << kind) != 0)
            kinds = append(kinds, json_string(th_unit_kind_word((enum th_unit_kind)kind)));
    for (int level = TH_LEVEL_PROVINCE; level <= TH_LEVEL_BODY; level++)
        if ((value->levels & UINT32_C(1) << level) != 0)
            levels = append(levels, word(&th_words_level, level));
    json_t *item = set(json_object(), "quote", text_or_null(value->quote));
    item = set(item, "kinds", kinds);
    item = set(item, "levels", levels);
    item = set(item, "units", texts(value->units, value->units_count));
    return set(item, "except", texts(value->except, value->except_count));
}

static json_t *relation(const struct th_relation *value)
{
    json_t *item = set(json_object(), "kind", word(&th_words_relation_kind, (int)value->kind));
    item = set(item, "document", json_string(value->document));
    item = set(item, "date", value->has_date ? day(value->date) : json_null());
    item = set(item, "title", text_or_null(value->title));
    item = set(item, "quote", text_or_null(value->quote));
    item = set(item, "what", value->suspends_scoring ? json_string("scoring") : json_null());
    item = set(item, "scope", value->has_scope ? selector(&value->scope) : json_null());
    return set(item, "until", text_or_null(value->until));
}

static json_t *task(const struct th_task *value)
{
    json_t *item = set(json_object(), "no", json_integer(value->number));
    item = set(item, "title", json_string(value->title));
    item = set(item, "lead", parties(&value->lead));
    item = set(item, "coordinating", parties(&value->coordinating));
    item = set(item, "executing", parties(&value->executing));
    return set(item, "time", text_or_null(value->time));
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
            list = append(list, json_string(indicator->code));
    }
    return list;
}

static json_t *indicators(const struct th_catalogue *catalogue, const struct th_terms *terms)
{
    json_t *item =
        set(json_object(), "communes", codes(catalogue, terms, TH_BRANCH_COMMUNES, false));
    item = set(item, "communes_derived", codes(catalogue, terms, TH_BRANCH_COMMUNES, true));
    item = set(item, "bodies", codes(catalogue, terms, TH_BRANCH_BODIES, false));
    return set(item, "bodies_derived", codes(catalogue, terms, TH_BRANCH_BODIES, true));
}

/* Only the fields that the source, or the override, has. */
static json_t *set_terms(json_t *item, const struct th_catalogue *catalogue,
                         const struct th_terms *terms)
{
    if ((terms->present & TH_TERM_WHO) != 0)
        item = set(item, "who", selector(&terms->who));
    if ((terms->present & TH_TERM_INDICATORS) != 0)
        item = set(item, "indicators", indicators(catalogue, terms));
    if ((terms->present & TH_TERM_PERIOD_START) != 0)
        item = set(item, "period_start", day(terms->period_start));
    if ((terms->present & TH_TERM_CUT_OFF) != 0)
        item = set(item, "cut_off", day(terms->cut_off));
    if ((terms->present & TH_TERM_ACCEPT_UNTIL) != 0)
        item = set(item, "accept_until", day(terms->accept_until));
    if ((terms->present & TH_TERM_REMINDERS) != 0) {
        json_t *reminders = json_array();
        for (uint16_t i = 0; i < terms->reminders_count; i++)
            reminders = append(reminders, json_integer(terms->reminders[i]));
        item = set(item, "reminders", reminders);
    }
    if ((terms->present & TH_TERM_ESTIMATES) != 0)
        item = set(item, "estimates", json_boolean(terms->estimates));
    if ((terms->present & TH_TERM_SERIES) != 0)
        item = set(item, "series", json_string(terms->series));
    return item;
}

static json_t *obligation(const struct th_plan_files *files, const struct th_obligation *value)
{
    const struct th_catalogue *catalogue = &files->plan.catalogue;
    json_t *item = set_heading(json_object(), value);
    item = set(item, "quote", json_string(value->quote));
    item = set(item, "to", parties(&value->to));
    item = set(item, "via", parties(&value->via));
    item = set(item, "copies", parties(&value->copies));
    item = set(item, "form", text_or_null(value->form));
    item = set(item, "basis", texts(value->basis, value->basis_count));
    item = set_times(item, value);
    item = set_reporters(item, files, value);
    item = set(item, "source", set_terms(json_object(), catalogue, &value->quoted));
    json_t *override = NULL;
    if (value->override_reason[0] == 0)
        return set(item, "override", json_null());
    override = set(json_object(), "reason", json_string(value->override_reason));
    return set(item, "override", set_terms(override, catalogue, &value->override));
}

int th_plan_json_show(const struct th_plan_files *files, FILE *out)
{
    const struct th_plan *plan = &files->plan;
    json_t *relations = json_array(), *tasks = json_array(), *obligations = json_array();
    for (uint16_t i = 0; i < plan->relations_count; i++)
        relations = append(relations, relation(&plan->relations[i]));
    for (uint16_t i = 0; i < plan->tasks_count; i++)
        tasks = append(tasks, task(&plan->tasks[i]));
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        obligations = append(obligations, obligation(files, &plan->obligations[i]));
    json_t *root = set(json_object(), "plan", json_string(plan->id));
    root = set(root, "title", json_string(plan->title));
    root = set(root, "number", text_or_null(plan->number));
    root = set(root, "date", plan->has_date ? day(plan->date) : json_null());
    root = set(root, "year", json_integer(plan->year));
    root = set(root, "issuer", party(&plan->issuer));
    root = set(root, "territory", json_string(plan->territory));
    root = set(root, "deadline_policy", word(&th_words_policy, (int)plan->policy));
    root = set(root, "catalogue", json_string(plan->catalogue.id));
    root = set(root, "rules", json_string(plan->rules.id));
    root = set(root, "holidays", json_string(files->holidays.id));
    root = set(root, "relations", relations);
    root = set(root, "tasks", tasks);
    root = set(root, "recipients", parties(&plan->recipients));
    return write_json(set(root, "obligations", obligations), out);
}
