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

#include <string.h>

struct collector {
    const struct th_question *question;
    json_t *list;
    bool is_known; /* whether the closing of this instant was there, looked up once */
    bool was_there;
    th_instant closed_at;
};

static bool is_text(struct th_text text, const char *wanted)
{
    return text.size == strlen(wanted) && memcmp(text.bytes, wanted, text.size) == 0;
}

static int is_entry_of(const struct th_question *question, const struct th_stored_entry *entry,
                       th_instant closed_at, bool *ret_is)
{
    struct th_closing_body body;
    if (entry->kind != TH_ENTRY_CLOSING)
        return TH_OK;
    int status = th_wire_closing_decode(entry->body, question->arena, &body);
    if (status != TH_OK)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    *ret_is = body.instant.ms == closed_at.ms && is_text(body.plan, question->plan->plan->id) &&
              is_text(body.obligation, question->obligation->id);
    return TH_OK;
}

/* Whether the entry of the closing is among those that the question looks at. */
static int find_entry(const struct th_question *question, th_instant closed_at, bool *ret_found)
{
    uint64_t position = 0;
    bool found = false;
    int status = th_view_position_at(question->view, (th_instant){closed_at.ms - 1}, &position);
    for (; status == TH_OK && !found && position < question->size; position++) {
        struct th_stored_entry entry;
        status = th_view_entry(question->view, position, &entry);
        if (status == TH_OK)
            status = is_entry_of(question, &entry, closed_at, &found);
    }
    if (status == TH_OK)
        *ret_found = found;
    return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
}

static int was_there(struct collector *collector, th_instant closed_at, bool *ret_was_there)
{
    int status = TH_OK;
    if (!collector->question->past) {
        *ret_was_there = true;
        return TH_OK;
    }
    if (!collector->is_known || collector->closed_at.ms != closed_at.ms) {
        status = find_entry(collector->question, closed_at, &collector->was_there);
        collector->is_known = status == TH_OK;
        collector->closed_at = closed_at;
    }
    if (status == TH_OK)
        *ret_was_there = collector->was_there;
    return status;
}

static int add_closing(void *context, th_instant closed_at, uint32_t unit, enum th_branch branch,
                       const struct th_rollup *rollup)
{
    static const char *const words[] = {"all", "communes", "bodies"};
    struct collector *collector = context;
    const struct th_question *question = collector->question;
    bool is_shown = false;
    if (branch != question->branch || question->context->index_of[unit] != question->unit)
        return TH_OK;
    int status = was_there(collector, closed_at, &is_shown);
    if (status != TH_OK || !is_shown)
        return status;
    struct th_past_rows rows; /* for the texts: a frozen rollup has none */
    status = th_query_rows_before(question, closed_at, &rows);
    if (status != TH_OK)
        return status;
    json_array_append_new(
        collector->list,
        json_pack("{s:o,s:s,s:s,s:o,s:o}", "closed_at", th_query_instant(closed_at), "unit",
                  question->context->units.units[question->unit].code, "branch", words[branch],
                  "counts", th_query_counts(question, &rollup->counts), "indicators",
                  th_query_indicators(question, rollup, &rows)));
    return TH_OK;
}

int th_query_closings(const struct th_question *question, json_t **ret_answer)
{
    struct collector collector = {.question = question, .list = json_array()};
    int status = th_view_closings(question->view, question->book, &question->plan->layout,
                                  question->arena, add_closing, &collector);
    if (status != TH_OK) {
        json_decref(collector.list);
        return status;
    }
    json_t *answer = th_query_head(question);
    json_object_set_new(answer, "closings", collector.list);
    *ret_answer = answer;
    return answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
