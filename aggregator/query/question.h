/* SPDX-License-Identifier: Apache-2.0 */
/* A question whose names were found: what the parts of this room hand to each other. Private. */
#ifndef TH_QUERY_QUESTION_H
#define TH_QUERY_QUESTION_H

#include "aggregator/query/answer.h"
#include "aggregator/query/past.h"
#include "proto/model/entry.h"

struct th_question {
    const struct th_query_context *context;
    struct th_view *view;
    struct th_arena *arena; /* of this answer */
    struct th_book_id book;
    const struct th_query_plan *plan;
    const struct th_obligation *obligation;
    uint32_t unit; /* index in the context's list */
    bool unit_given;
    enum th_branch branch;
    uint32_t number;
    th_instant as_of;
    bool past;     /* as_of was asked for */
    uint64_t size; /* entries that are looked at */
    struct th_query_problem *problem;
};

/* Each returns owned JSON. */
TH_MUST_CHECK int th_query_standing(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_rollup(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_report(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_closings(const struct th_question *question, json_t **ret_answer);

/* ---- parts of answers ---- */

/* {"plan","obligation","period","as_of","position"}: the beginning of every answer. */
json_t *th_query_head(const struct th_question *question);
json_t *th_query_instant(th_instant instant);
json_t *th_query_counts(const struct th_counts *counts);

/* The rollup of the question's unit and branch, from the table when it is there and the question is
 * about now, else from the reports. Rows are the reports at the question's moment, for lists. */
TH_MUST_CHECK int th_query_collect(const struct th_question *question,
                                   const struct th_past_rows *rows, struct th_rollup *ret_rollup);
/* [{"unit","position"}]: which of the rows, within the question's unit and branch, have a narrative
 * section; and how many. */
json_t *th_query_narratives(const struct th_question *question, const struct th_past_rows *rows,
                            uint16_t indicator, uint32_t *ret_reported);

/* {CODE: {"rule","value","reported","missing"}}. `rows` may be NULL: a closing keeps how many texts
 * there were, not which. */
json_t *th_query_indicators(const struct th_question *question, const struct th_rollup *rollup,
                            const struct th_past_rows *rows);

/* The report of a row, from the submission in the journal; borrows the view. */
TH_MUST_CHECK int th_query_read_report(const struct th_question *question, uint64_t position,
                                       uint32_t index, struct th_arena *arena,
                                       struct th_report *ret_report,
                                       struct th_decision *ret_decision);

/* Units below `top` in a branch that are expected; `indicator` 0, or one that they are asked for.
 */
uint32_t th_query_expected(const struct th_question *question, uint32_t top, enum th_branch branch,
                           uint16_t indicator);
/* True when a report of this unit belongs to the question's unit and branch. */
bool th_query_covers(const struct th_question *question, uint32_t unit);

#endif
