/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is asked at one view, one question after the other: the whole, its branches and parts,
 * the units, who is missing, models, texts, and the periods to compare with. What cannot be asked
 * (no closing yet, no report of an earlier period) is not there, and the document is silent about
 * it.
 */
#include "aggregator/document/collect.h"

#include "aggregator/document/say.h"
#include "base/assert.h"
#include "proto/model/related.h"
#include "proto/model/period.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#define FACTS_BLOCK_BYTES  ((size_t)256 * 1024)
#define FACTS_BUDGET_BYTES ((size_t)1024 * 1024 * 1024)

static void tell(struct th_collecting *collecting)
{
    if (collecting->done < collecting->total)
        collecting->done++;
    if (collecting->request->progress != NULL)
        collecting->request->progress(collecting->request->progress_context, collecting->done,
                                      collecting->total);
}

int th_collect_keep(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0 ? TH_OK : TH_E_NO_MEMORY;
}

int th_collect_ask(struct th_collecting *collecting, const struct th_query *query,
                   json_t **ret_answer)
{
    json_t *answer = NULL;
    int status = th_query_answer(collecting->facts->context, collecting->view, query,
                                 collecting->request->asking, collecting->problem, &answer);
    tell(collecting);
    if (status == TH_OK)
        *ret_answer = answer;
    return status;
}

/* The whole of a list that is answered in pieces. */
static int ask_list(struct th_collecting *collecting, struct th_query query, const char *key,
                    json_t **ret_answer)
{
    json_t *first = NULL;
    query.limit = TH_QUERY_LIMIT_MAX;
    int status = th_collect_ask(collecting, &query, &first);
    json_t *last = first;
    while (status == TH_OK && json_is_string(json_object_get(last, "more"))) {
        json_t *next = NULL;
        query.after = th_text_of(json_string_value(json_object_get(last, "more")));
        status = th_collect_ask(collecting, &query, &next);
        if (status == TH_OK &&
            json_array_extend(json_object_get(first, key), json_object_get(next, key)) != 0)
            status = TH_E_NO_MEMORY;
        if (last != first)
            json_decref(last);
        last = next;
    }
    if (last != first)
        json_decref(last);
    if (status != TH_OK) {
        json_decref(first);
        return status;
    }
    (void)json_object_del(first, "more");
    *ret_answer = first;
    return TH_OK;
}

static int ask_and_keep(struct th_collecting *collecting, enum th_query_what what, const char *list,
                        const char *key, const json_t **ret_answer)
{
    struct th_query query = collecting->query;
    json_t *answer = NULL;
    query.what = what;
    int status = list == NULL ? th_collect_ask(collecting, &query, &answer)
                              : ask_list(collecting, query, list, &answer);
    if (status == TH_OK)
        status = th_collect_keep(collecting->facts->all, key, answer);
    if (status == TH_OK)
        *ret_answer = answer;
    return status;
}

static struct th_query question_of(const struct th_query *asked)
{
    return (struct th_query){.plan = asked->plan,
                             .period = asked->period,
                             .obligation = asked->obligation,
                             .unit = asked->unit,
                             .branch = asked->branch,
                             .has_as_of = asked->has_as_of,
                             .as_of = asked->as_of,
                             .has_position = asked->has_position,
                             .position = asked->position};
}

/* ---- what is asked about ---- */

static const struct th_plan *plan_of(const struct th_query_context *context, const char *id)
{
    for (uint16_t i = 0; i < context->plans_count; i++)
        if (strcmp(context->plans[i].plan->id, id) == 0)
            return context->plans[i].plan;
    return NULL;
}

static th_day day_of(const struct th_document_facts *facts)
{
    if (facts->obligation->has_due)
        return th_obligation_last_day(facts->obligation);
    return th_day_of_date((struct th_civil_date){facts->plan->year, 12, 31});
}

static const char *string_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* From the head of the first answer. */
static int identify(struct th_document_facts *facts, const json_t *head)
{
    const char *id = string_at(head, "obligation"), *as_of = string_at(head, "as_of");
    facts->plan = plan_of(facts->context, string_at(head, "plan"));
    facts->obligation = facts->plan == NULL ? NULL : th_plan_find(facts->plan, id, strlen(id));
    if (facts->obligation == NULL)
        return TH_E_CORRUPT;
    facts->day = day_of(facts);
    facts->unit = th_facts_find_unit(facts, string_at(head, "unit"));
    if (facts->unit == TH_UNIT_NONE)
        return TH_E_CORRUPT;
    facts->is_whole =
        strcmp(facts->context->units.units[facts->unit].code, facts->plan->territory) == 0;
    facts->communes_name = th_facts_name_communes(facts, &facts->arena);
    if (facts->communes_name == NULL)
        return TH_E_NO_MEMORY;
    facts->position = (uint64_t)json_integer_value(json_object_get(head, "position"));
    facts->is_clock_suspect = json_object_get(head, "clock") != NULL;
    return th_instant_parse(as_of, strlen(as_of), &facts->as_of);
}

static int describe(struct th_document_facts *facts)
{
    static const char *const branches[] = {"all", "communes", "bodies"};
    char as_of[TH_INSTANT_TEXT_SIZE];
    json_t *head = json_pack(
        "{s:s,s:s,s:s,s:s,s:I,s:s,s:s,s:s,s:s}", "plan", facts->plan->id, "obligation",
        facts->obligation->id, "period", facts->obligation->period, "as_of",
        th_instant_format(facts->as_of, as_of), "position", (json_int_t)facts->position, "mode",
        facts->mode == TH_MODE_REHEARSAL ? "rehearsal" : "live", "realm", facts->realm, "unit",
        facts->context->units.units[facts->unit].code, "branch", branches[facts->branch]);
    if (head == NULL)
        return TH_E_NO_MEMORY;
    int status =
        facts->is_clock_suspect ? th_collect_keep(head, "clock", json_string("suspect")) : TH_OK;
    if (status == TH_OK && json_object_update(facts->all, head) != 0)
        status = TH_E_NO_MEMORY;
    json_decref(head);
    return status;
}

static int collect_standing(struct th_collecting *collecting)
{
    struct th_document_facts *facts = collecting->facts;
    json_t *answer = NULL;
    struct th_query query = collecting->query;
    query.what = TH_QUERY_STANDING;
    int status = ask_list(collecting, query, "units", &answer);
    if (status != TH_OK)
        return status;
    status = identify(facts, answer);
    if (status == TH_OK)
        status = describe(facts);
    if (status != TH_OK) {
        json_decref(answer);
        return status;
    }
    facts->units = json_object_get(answer, "units");
    collecting->query.plan = th_text_of(facts->plan->id);
    collecting->query.obligation = th_text_of(facts->obligation->id);
    collecting->query.period = (struct th_text){"", 0};
    return th_collect_keep(facts->all, "standing", answer);
}

/* ---- texts ---- */

static int collect_narratives(struct th_collecting *collecting)
{
    struct th_document_facts *facts = collecting->facts;
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    json_t *list = json_array();
    if (list == NULL || th_collect_keep(facts->all, "narratives", list) != TH_OK)
        return TH_E_NO_MEMORY;
    facts->narratives = list;
    int status = TH_OK;
    for (uint16_t number = 1; number <= catalogue->number_max && status == TH_OK; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        if (indicator == NULL || indicator->up != TH_UP_CONCAT ||
            th_facts_reported(facts->figures, indicator) == 0)
            continue;
        struct th_query query = collecting->query;
        json_t *answer = NULL;
        query.what = TH_QUERY_NARRATIVE;
        query.indicators = th_text_of(indicator->code);
        status = ask_list(collecting, query, "sections", &answer);
        if (status == TH_OK && json_array_append_new(list, answer) != 0)
            status = TH_E_NO_MEMORY;
    }
    return status;
}

/* ---- earlier periods ---- */

static int ask_earlier(struct th_collecting *collecting, json_t *list, const struct th_plan *plan,
                       const struct th_obligation *obligation, bool is_half)
{
    struct th_document_facts *facts = collecting->facts;
    struct th_period period;
    json_t *answer = NULL;
    if (obligation == NULL || obligation->open_ended ||
        th_period_parse(obligation->period, strlen(obligation->period), &period) != TH_OK)
        return TH_OK;
    struct th_query query = collecting->query;
    query.what = TH_QUERY_ROLLUP;
    query.plan = th_text_of(plan->id);
    query.obligation = th_text_of(obligation->id);
    query.unit = th_text_of(facts->context->units.units[facts->unit].code);
    int status = th_collect_ask(collecting, &query, &answer);
    if (status == TH_E_NOT_FOUND || status == TH_E_RANGE) /* no such unit or plan at that time */
        return TH_OK;
    if (status != TH_OK)
        return status;
    if (json_array_append_new(list, answer) != 0)
        return TH_E_NO_MEMORY;
    bool known;
    const json_t *counts = json_object_get(answer, "counts");
    if (th_facts_count(counts, "received", &known) == 0)
        return TH_OK; /* nothing was reported: nothing to compare with */
    struct th_document_earlier *earlier = &facts->earlier[facts->earlier_count++];
    *earlier = (struct th_document_earlier){
        .is_half = is_half, .counts = counts, .figures = json_object_get(answer, "indicators")};
    (void)snprintf(earlier->name, sizeof(earlier->name), "%snăm %d",
                   is_half                         ? "06 tháng đầu "
                   : period.kind == TH_PERIOD_YEAR ? ""
                                                   : "cùng kỳ ",
                   period.year);
    return TH_OK;
}

static int collect_earlier(struct th_collecting *collecting)
{
    struct th_document_facts *facts = collecting->facts;
    const struct th_query_context *context = facts->context;
    const struct th_plan *plans[TH_LIMIT_PLANS_MAX];
    struct th_related_obligations related;
    json_t *list = json_array();
    if (list == NULL || th_collect_keep(facts->all, "earlier", list) != TH_OK)
        return TH_E_NO_MEMORY;
    TH_ASSERT(context->plans_count <= TH_LIMIT_PLANS_MAX);
    for (uint16_t i = 0; i < context->plans_count; i++)
        plans[i] = context->plans[i].plan;
    th_related_find(plans, context->plans_count, facts->plan, facts->obligation, &related);
    int status =
        ask_earlier(collecting, list, related.half_year_plan,
                    related.half_year == facts->obligation ? NULL : related.half_year, true);
    if (status == TH_OK)
        status =
            ask_earlier(collecting, list, related.previous_same_plan, related.previous_same, false);
    return status;
}

/* ---- all of it ---- */

static int collect_figures(struct th_collecting *collecting)
{
    struct th_document_facts *facts = collecting->facts;
    const json_t *rollup = NULL, *page = NULL, *chasing = NULL, *models = NULL, *spread = NULL,
                 *closings = NULL;
    int status = ask_and_keep(collecting, TH_QUERY_ROLLUP, NULL, "rollup", &rollup);
    if (status == TH_OK)
        status = ask_and_keep(collecting, TH_QUERY_PAGE, "units", "page", &page);
    if (status == TH_OK)
        status = ask_and_keep(collecting, TH_QUERY_SPREAD, NULL, "spread", &spread);
    if (status == TH_OK)
        status = ask_and_keep(collecting, TH_QUERY_CHASING, NULL, "chasing", &chasing);
    if (status == TH_OK)
        status = ask_and_keep(collecting, TH_QUERY_MODELS, "models", "models", &models);
    if (status == TH_OK)
        status = ask_and_keep(collecting, TH_QUERY_CLOSINGS, NULL, "closings", &closings);
    if (status != TH_OK)
        return status;
    facts->counts = json_object_get(rollup, "counts");
    facts->figures = json_object_get(rollup, "indicators");
    facts->columns = json_object_get(page, "columns");
    facts->lines = json_object_get(page, "units");
    facts->groups = json_object_get(chasing, "groups");
    facts->models = json_object_get(models, "models");
    facts->spread = json_object_get(spread, "indicators");
    facts->closings = json_object_get(closings, "closings");
    return TH_OK;
}

static int collect_all(struct th_collecting *collecting)
{
    int status = collect_standing(collecting);
    if (status == TH_OK)
        status = collect_figures(collecting);
    if (status == TH_OK)
        status = th_collect_parts(collecting);
    if (status == TH_OK)
        status = collect_narratives(collecting);
    if (status == TH_OK)
        status = collect_earlier(collecting);
    return status;
}

int th_document_collect(const struct th_query_context *context, struct th_view *view,
                        const struct th_document_request *request,
                        struct th_query_problem *ret_problem, struct th_document_facts **ret_facts)
{
    TH_ASSERT(request->asking->identity != NULL);
    ret_problem->text[0] = '\0';
    struct th_document_facts *facts = calloc(1, sizeof *facts);
    if (facts == NULL)
        return TH_E_NO_MEMORY;
    th_arena_init(&facts->arena, FACTS_BLOCK_BYTES, FACTS_BUDGET_BYTES);
    facts->context = context;
    facts->mode = request->asking->identity->mode;
    facts->branch = request->query->branch;
    facts->realm = th_arena_copy_text(&facts->arena, request->asking->identity->realm,
                                      strlen(request->asking->identity->realm));
    facts->all = json_object();
    struct th_collecting collecting = {.facts = facts,
                                       .view = view,
                                       .request = request,
                                       .problem = ret_problem,
                                       .query = question_of(request->query),
                                       .total = 16};
    int status =
        facts->all == NULL || facts->realm == NULL ? TH_E_NO_MEMORY : collect_all(&collecting);
    if (status != TH_OK) {
        th_document_release(facts);
        return status;
    }
    *ret_facts = facts;
    return TH_OK;
}

void th_document_release(struct th_document_facts *facts)
{
    if (facts == NULL)
        return;
    json_decref(facts->all);
    th_arena_deinit(&facts->arena);
    free(facts);
}
