/* SPDX-License-Identifier: Apache-2.0 */
/* What the store is, and which plans it has. */
#include "aggregator/query/question.h"

#include "aggregator/plan/words.h"
#include "proto/tlog/log_keys.h"

#include <stdlib.h>

/* ---- the store ---- */

static int last_time(const struct th_question *question, th_instant *ret_time)
{
    struct th_stored_entry entry;
    int status = th_view_entry(question->view, question->size - 1, &entry);
    if (status == TH_OK)
        *ret_time = entry.time;
    return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
}

/* The key in force now, as it is given out. */
static int read_log_key(const struct th_question *question, char text[TH_NOTE_VKEY_TEXT_MAX + 1])
{
    struct th_log_keys *keys = calloc(1, sizeof *keys); /* large */
    if (keys == NULL)
        return TH_E_NO_MEMORY;
    size_t size = 0;
    int status = th_view_log_keys(question->view, keys);
    if (status == TH_OK)
        status = th_tlog_vkey_encode(&th_log_keys_current(keys)->vkey, TH_NOTE_VKEY_TEXT_MAX + 1,
                                     text, &size);
    free(keys);
    return status;
}

int th_query_store(const struct th_question *question, json_t **ret_answer)
{
    const struct th_query_asking *asking = question->asking;
    const struct th_store_identity *identity = asking->identity;
    char log_key[TH_NOTE_VKEY_TEXT_MAX + 1];
    struct th_clock_row clock;
    struct th_recovery_row recovery;
    th_instant last;
    uint32_t units = 0, plans = 0;
    if (identity == NULL)
        return th_query_refuse(question, TH_E_VERSION, "ở đây không hỏi được về kho");
    int status = last_time(question, &last);
    if (status == TH_OK)
        status = read_log_key(question, log_key);
    if (status == TH_OK)
        status = th_view_clock(question->view, &clock);
    if (status == TH_OK)
        status = th_view_recovery(question->view, &recovery);
    if (status != TH_OK)
        return status;
    for (uint32_t i = 0; i < question->context->units.count; i++)
        units += th_query_exists(question, i);
    for (uint16_t i = 0; i < question->context->plans_count; i++)
        plans += question->context->plans[i].position < question->size;
    json_t *answer = th_query_moment(question);
    answer = th_json_set(answer, "realm", json_string(identity->realm));
    answer = th_json_set(answer, "mode",
                         json_string(identity->mode == TH_MODE_LIVE ? "live" : "rehearsal"));
    answer = th_json_set(answer, "size", json_integer((json_int_t)question->size));
    answer = th_json_set(answer, "time", th_json_instant(asking->now));
    answer = th_json_set(answer, "last_time", th_json_instant(last));
    answer = th_json_set(answer, "clock",
                         json_string(clock.status == TH_CLOCK_SUSPECT ? "suspect" : "steady"));
    answer = th_json_set(answer, "recovery_open", json_boolean(recovery.is_open));
    answer = th_json_set(answer, "log_key", json_string(log_key));
    answer = th_json_set(answer, "version",
                         asking->version == NULL ? json_null() : json_string(asking->version));
    answer = th_json_set(answer, "units", json_integer(units));
    *ret_answer = th_json_set(answer, "plans", json_integer(plans));
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}

/* ---- plans ---- */

static const char *territory_name(const struct th_question *question, const struct th_plan *plan)
{
    const struct th_unit_list *units = &question->context->units;
    struct th_text code = {plan->territory, 0};
    while (code.bytes[code.size] != '\0')
        code.size++;
    uint32_t unit = th_unit_list_find(units, code.bytes, code.size,
                                      th_day_of_date((struct th_civil_date){plan->year, 12, 31}));
    return unit == TH_UNIT_NONE ? "" : units->units[unit].name;
}

static json_t *plan_line(const struct th_question *question, const struct th_query_plan *plan)
{
    json_t *obligations = json_array();
    for (uint16_t i = 0; i < plan->plan->obligations_count; i++)
        obligations = th_json_append(
            obligations, th_query_obligation_json(question, plan, &plan->plan->obligations[i]));
    json_t *line = th_json_set(json_object(), "id", json_string(plan->plan->id));
    line = th_json_set(line, "title", json_string(plan->plan->title));
    line = th_json_set(line, "number", th_json_text(plan->plan->number));
    line = th_json_set(line, "issuer", th_plan_issuer_json(plan->plan));
    line = th_json_set(line, "year", json_integer(plan->plan->year));
    line = th_json_set(line, "territory", json_string(plan->plan->territory));
    line = th_json_set(line, "territory_name", json_string(territory_name(question, plan->plan)));
    line = th_json_set(line, "loaded_at", th_json_instant(plan->loaded_at));
    return th_json_set(line, "obligations", obligations);
}

int th_query_plans(const struct th_question *question, json_t **ret_answer)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < question->context->plans_count; i++)
        if (question->context->plans[i].position < question->size)
            list = th_json_append(list, plan_line(question, &question->context->plans[i]));
    *ret_answer = th_json_set(th_query_moment(question), "plans", list);
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}

/* ---- one plan ---- */

/* Of which units the plan's obligations ask it. */
static const char *branch_word(const struct th_plan *plan, uint16_t indicator)
{
    bool is_asked[TH_QUERY_BRANCHES] = {false};
    for (uint16_t i = 0; i < plan->obligations_count; i++)
        for (int branch = TH_BRANCH_COMMUNES; branch <= TH_BRANCH_BODIES; branch++) {
            const uint16_t *numbers = NULL;
            uint16_t count =
                th_obligation_indicators(&plan->obligations[i], (enum th_branch)branch, &numbers);
            for (uint16_t k = 0; k < count; k++)
                is_asked[branch] = is_asked[branch] || numbers[k] == indicator;
        }
    if (is_asked[TH_BRANCH_COMMUNES] == is_asked[TH_BRANCH_BODIES])
        return "all";
    return is_asked[TH_BRANCH_COMMUNES] ? "communes" : "bodies";
}

static json_t *indicator_json(const struct th_plan *plan, const struct th_indicator *indicator)
{
    json_t *values = json_array();
    for (uint16_t i = 0; i < indicator->values_count; i++)
        values = th_json_append(values, json_string(indicator->values[i]));
    json_t *object = th_json_set(json_object(), "code", json_string(indicator->code));
    object = th_json_set(object, "name", json_string(indicator->name));
    object = th_json_set(object, "name_en", th_json_text(indicator->name_en));
    object = th_json_set(object, "unit", th_json_text(indicator->unit_of_measure));
    object =
        th_json_set(object, "kind", json_string(th_word_of(&th_words_type, (int)indicator->type)));
    object = th_json_set(object, "rule", json_string(th_word_of(&th_words_up, (int)indicator->up)));
    object =
        th_json_set(object, "over", json_string(th_word_of(&th_words_over, (int)indicator->over)));
    object = th_json_set(object, "scale", json_integer(indicator->scale));
    object = th_json_set(object, "section", json_integer(indicator->section));
    object = th_json_set(object, "branch", json_string(branch_word(plan, indicator->number)));
    object = th_json_set(object, "source",
                         json_string(th_word_of(&th_words_source, (int)indicator->source)));
    object = th_json_set(object, "note", th_json_text(indicator->note));
    return th_json_set(object, "values", values);
}

static json_t *indicators_of(const struct th_plan *plan)
{
    json_t *list = json_array();
    for (uint16_t number = 1; number <= plan->catalogue.number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->catalogue, number);
        if (indicator != NULL)
            list = th_json_append(list, indicator_json(plan, indicator));
    }
    return list;
}

static json_t *sections_of(const struct th_catalogue *catalogue)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < catalogue->sections_count; i++) {
        const struct th_section *section = &catalogue->sections[i];
        list = th_json_append(list, json_pack("{s:i,s:s,s:s}", "section", (int)section->number,
                                              "name", section->name, "name_en", section->name_en));
    }
    return list;
}

int th_query_plan(const struct th_question *question, json_t **ret_answer)
{
    const struct th_plan *plan = question->plan->plan;
    json_t *obligations = json_array();
    for (uint16_t i = 0; i < plan->obligations_count; i++) {
        const struct th_obligation *obligation = &plan->obligations[i];
        json_t *item = th_plan_obligation_json(
            plan, obligation, th_query_reporters(question, question->plan, obligation));
        obligations = th_json_append(obligations, th_query_set_state(question, obligation, item));
    }
    json_t *answer = th_json_fill(th_query_moment(question), th_plan_heading_json(plan));
    answer = th_json_set(answer, "territory_name", json_string(territory_name(question, plan)));
    answer = th_json_set(answer, "loaded_at", th_json_instant(question->plan->loaded_at));
    answer = th_json_set(answer, "sections", sections_of(&plan->catalogue));
    answer = th_json_set(answer, "indicators", indicators_of(plan));
    answer = th_plan_set_parts_json(answer, plan);
    *ret_answer = th_json_set(answer, "obligations", obligations);
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
