/* SPDX-License-Identifier: Apache-2.0 */
/* An obligation: what the plan says of it, how far it has come at the moment, and its closings. */
#include "aggregator/query/question.h"

#include "aggregator/core/standing.h"

static bool is_known(const void *context, uint32_t unit)
{
    return th_query_exists(context, unit);
}

struct th_reporters th_query_reporters(const struct th_question *question,
                                       const struct th_query_plan *plan,
                                       const struct th_obligation *obligation)
{
    return th_count_reporters(plan->plan, &question->context->units, obligation, is_known,
                              question);
}

/* The first instant at which no report is accepted any more. */
static bool closes_at(const struct th_obligation *obligation, th_instant *ret_instant)
{
    const struct th_terms *terms = th_obligation_terms(obligation, TH_TERM_ACCEPT_UNTIL);
    if (terms == NULL)
        return false;
    *ret_instant = th_day_start((th_day){terms->accept_until.number + 1});
    return true;
}

static const char *state_of(const struct th_obligation *obligation, th_instant now)
{
    th_instant closes;
    if (closes_at(obligation, &closes) && now.ms >= closes.ms)
        return "closed";
    if (!obligation->has_due || obligation->suspended)
        return "none";
    return th_standing_word(th_standing_of(obligation, NULL, now));
}

/* Each unit once and counted, once and not counted, or as often as there is something to say. */
static const char *mode_of(const struct th_obligation *obligation)
{
    if (obligation->open_ended)
        return "many";
    return obligation->has_due ? "by_units" : "once";
}

json_t *th_query_set_state(const struct th_question *question,
                           const struct th_obligation *obligation, json_t *item)
{
    th_instant closes;
    item = th_json_set(item, "mode", json_string(mode_of(obligation)));
    item = th_json_set(item, "closes",
                       closes_at(obligation, &closes) ? th_json_instant(closes) : json_null());
    return th_json_set(item, "state", json_string(state_of(obligation, question->as_of)));
}

json_t *th_query_obligation_json(const struct th_question *question,
                                 const struct th_query_plan *plan,
                                 const struct th_obligation *obligation)
{
    struct th_reporters reporters = th_query_reporters(question, plan, obligation);
    return th_query_set_state(question, obligation, th_plan_due_json(obligation, reporters));
}

static int list_closings(const struct th_question *question, json_t **ret_list)
{
    th_instant closed_at = {0};
    json_t *list = json_array();
    int status;
    while ((status = th_query_next_closing(question, closed_at, &closed_at)) == TH_OK)
        list = th_json_append(list, json_pack("{s:o}", "closed_at", th_json_instant(closed_at)));
    if (status != TH_E_NOT_FOUND) {
        json_decref(list);
        return status;
    }
    *ret_list = list;
    return TH_OK;
}

int th_query_obligation(const struct th_question *question, json_t **ret_answer)
{
    const struct th_obligation *obligation = question->obligation;
    struct th_rollup rollup;
    json_t *closings = NULL;
    int status = th_query_collect(question, NULL, &rollup);
    if (status == TH_OK)
        status = list_closings(question, &closings);
    if (status != TH_OK)
        return status;
    json_t *parts = th_plan_obligation_json(
        question->plan->plan, obligation, th_query_reporters(question, question->plan, obligation));
    parts = th_query_set_state(question, obligation, parts);
    json_t *answer = th_json_fill(th_query_head(question), parts);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "counts", th_query_counts(question, &rollup.counts));
    *ret_answer = th_json_set(answer, "closings", closings);
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
