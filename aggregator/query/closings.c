/* SPDX-License-Identifier: Apache-2.0 */
/* Closings (bảng tổng hợp tại hạn): what the rollups were at each due instant; never edited. */
#include "aggregator/query/question.h"

#include <string.h>

struct collector {
    const struct th_question *question;
    json_t *list;
};

static int add_closing(void *context, th_instant closed_at, uint32_t unit, enum th_branch branch,
                       const struct th_rollup *rollup)
{
    static const char *const words[] = {"all", "communes", "bodies"};
    struct collector *collector = context;
    const struct th_question *question = collector->question;
    if (branch != question->branch || question->context->index_of[unit] != question->unit ||
        closed_at.ms > question->as_of.ms)
        return TH_OK;
    json_array_append_new(collector->list,
                          json_pack("{s:o,s:s,s:s,s:o,s:o}", "closed_at",
                                    th_query_instant(closed_at), "unit",
                                    question->context->units.units[question->unit].code, "branch",
                                    words[branch], "counts", th_query_counts(&rollup->counts),
                                    "indicators", th_query_indicators(question, rollup, NULL)));
    return TH_OK;
}

int th_query_closings(const struct th_question *question, json_t **ret_answer)
{
    struct collector collector = {question, json_array()};
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
