/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closings (bảng tổng hợp tại hạn): what the rollups were at each due instant; never edited.
 *
 * A closing that was missed, or waited for the clock, is made later than its instant: in the past
 * it is shown from its own entry on. Its key does not say where that is, so the journal is walked
 * from the instant; timers run before events, so the entry is near.
 */
#include "aggregator/query/question.h"

#include "proto/wire/journal.h"

static int is_entry_of(const struct th_question *question, const struct th_stored_entry *entry,
                       th_instant closed_at, bool *ret_is)
{
    struct th_closing_body body;
    if (entry->kind != TH_ENTRY_CLOSING)
        return TH_OK;
    int status = th_wire_closing_decode(entry->body, question->arena, &body);
    if (status != TH_OK)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    *ret_is = body.instant.ms == closed_at.ms &&
              th_query_text_is(question->plan->plan->id, body.plan) &&
              th_query_text_is(question->obligation->id, body.obligation);
    return TH_OK;
}

int th_query_closing_entry(const struct th_question *question, th_instant closed_at,
                           uint64_t *ret_position)
{
    uint64_t position = 0;
    bool found = false;
    int status = th_view_position_at(question->view, (th_instant){closed_at.ms - 1}, &position);
    while (status == TH_OK && position < question->size) {
        struct th_stored_entry entry;
        status = th_view_entry(question->view, position, &entry);
        if (status == TH_OK)
            status = is_entry_of(question, &entry, closed_at, &found);
        if (found)
            break;
        position++;
    }
    if (status != TH_OK)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    if (!found)
        return TH_E_NOT_FOUND;
    *ret_position = position;
    return TH_OK;
}

int th_query_next_closing(const struct th_question *question, th_instant after,
                          th_instant *ret_closed_at)
{
    th_instant closed_at = after;
    int status;
    while ((status = th_view_next_closing(question->view, question->book, closed_at, &closed_at)) ==
           TH_OK) {
        uint64_t position;
        if (question->past)
            status = th_query_closing_entry(question, closed_at, &position);
        if (status != TH_E_NOT_FOUND)
            break;
    }
    if (status == TH_OK)
        *ret_closed_at = closed_at;
    return status;
}

int th_query_read_closing(const struct th_question *question, th_instant closed_at,
                          struct th_rollup *ret_rollup)
{
    return th_view_closing(question->view, question->book, closed_at,
                           question->context->number_of[question->unit], question->branch,
                           &question->plan->layout, question->arena, ret_rollup);
}

static json_t *closing_json(const struct th_question *question, th_instant closed_at,
                            const struct th_rollup *rollup, const struct th_past_rows *rows)
{
    json_t *object = th_json_set(json_object(), "closed_at", th_json_instant(closed_at));
    object = th_json_set(object, "unit",
                         json_string(question->context->units.units[question->unit].code));
    object = th_json_set(object, "branch", json_string(th_query_branch_word(question->branch)));
    object = th_json_set(object, "counts", th_query_counts(question, &rollup->counts));
    return th_json_set(object, "indicators", th_query_indicators(question, rollup, rows));
}

int th_query_closings(const struct th_question *question, json_t **ret_answer)
{
    th_instant closed_at = {0};
    json_t *list = json_array();
    int status;
    while ((status = th_query_next_closing(question, closed_at, &closed_at)) == TH_OK) {
        struct th_rollup rollup;
        struct th_past_rows rows; /* for the texts: a frozen rollup has none */
        status = th_query_read_closing(question, closed_at, &rollup);
        if (status == TH_E_NOT_FOUND)
            continue; /* a single unit has no rollup */
        if (status == TH_OK)
            status = th_query_rows_within(
                question, (struct th_past_cut){TH_PAST_ALL_ENTRIES, closed_at}, &rows);
        if (status != TH_OK)
            break;
        list = th_json_append(list, closing_json(question, closed_at, &rollup, &rows));
    }
    if (status != TH_E_NOT_FOUND) {
        json_decref(list);
        return status;
    }
    *ret_answer = th_json_set(th_query_head(question), "closings", list);
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
