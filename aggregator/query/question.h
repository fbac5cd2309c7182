/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question whose names were found: what the parts of this room hand to each other. Private; the
 * auditor alone asks for the rows of two moments with it.
 */
#ifndef TH_QUERY_QUESTION_H
#define TH_QUERY_QUESTION_H

#include "aggregator/past/past.h"
#include "aggregator/query/answer.h"
#include "aggregator/query/json_parts.h"
#include "aggregator/query/plan_json.h"
#include "proto/model/entry.h"

#define TH_QUERY_BRANCHES (TH_BRANCH_BODIES + 1)

struct th_question {
    const struct th_query_context *context;
    struct th_view *view;
    const struct th_query *query;         /* as it was asked; NULL: by the auditor */
    const struct th_query_asking *asking; /* likewise */
    struct th_arena *arena;               /* of this answer */
    struct th_book_id book;
    const struct th_query_plan *plan;
    const struct th_obligation *obligation;
    th_day day;    /* on which codes mean units */
    uint32_t unit; /* index in the context's list */
    bool unit_given;
    enum th_branch branch;
    uint32_t number;
    th_instant as_of;
    bool is_clock_suspect;
    bool past;                            /* there are entries after the moment */
    uint64_t size;                        /* entries that are looked at */
    uint32_t expected[TH_QUERY_BRANCHES]; /* units below the unit, by their own branch */
    struct th_query_problem *problem;
};

/* Each returns owned JSON. Of the store: what is found is the moment alone. */
TH_MUST_CHECK int th_query_store(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_plans(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_units(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_unit(const struct th_question *question, json_t **ret_answer);
/* Of a plan. */
TH_MUST_CHECK int th_query_plan(const struct th_question *question, json_t **ret_answer);
/* Of an obligation and a unit. */
TH_MUST_CHECK int th_query_obligation(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_chasing(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_spread(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_arrivals(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_narrative(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_models(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_differences(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_standing(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_rollup(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_report(const struct th_question *question, json_t **ret_answer);
TH_MUST_CHECK int th_query_closings(const struct th_question *question, json_t **ret_answer);
/* A line for each unit with its figures; a text or a ratio is none. */
TH_MUST_CHECK int th_query_page(const struct th_question *question, json_t **ret_answer);

/* ---- reports at the question's moment ---- */

/* Those of the question's unit and branch, in the order of unit and number; in the arena. */
TH_MUST_CHECK int th_query_rows(const struct th_question *question, struct th_past_rows *ret_rows);
/* The same within a cut of the journal; timeliness is as it was judged last. */
TH_MUST_CHECK int th_query_rows_within(const struct th_question *question, struct th_past_cut cut,
                                       struct th_past_rows *ret_rows);
/* That of the question's unit and number. TH_E_NOT_FOUND: not reported by then. */
TH_MUST_CHECK int th_query_row(const struct th_question *question, struct th_row *ret_row);

/* Where past rows of the question's store are read; borrows the question. */
struct th_past_source th_query_past_source(const struct th_question *question);
/* A row of the table, before anything counts on it. TH_E_CORRUPT. */
TH_MUST_CHECK int th_query_check_row(const struct th_question *question, const struct th_row *row);

/* Of these, those of one unit, by its index in the list; NULL: none. */
const struct th_row *th_query_rows_of(const struct th_question *question,
                                      const struct th_past_rows *rows, uint32_t unit,
                                      size_t *ret_count);

/* ---- pages of long answers ---- */

/* A line: of a unit, of one of its reports, of a part of that. In a question and in an answer it is
 * the unit's key, then #NUMBER and :ITEM where they are not 0. */
struct th_query_place {
    uint32_t unit; /* index in the list; TH_UNIT_NONE: before the first line */
    uint32_t number;
    uint32_t item; /* from 1 */
};
/* Where the page before ended. TH_E_INVALID is told. */
TH_MUST_CHECK int th_query_read_after(const struct th_question *question,
                                      struct th_query_place *ret_place);
bool th_query_is_after(const struct th_query_place *place, const struct th_query_place *before);
json_t *th_query_place_json(const struct th_question *question, const struct th_query_place *place);

/* ---- who is expected ---- */

/* True when the store knew the unit at the question's moment. */
bool th_query_exists(const struct th_question *question, uint32_t unit);
/* True when a report of this unit belongs to the question's unit and branch. */
bool th_query_covers(const struct th_question *question, uint32_t unit);
/* True when the obligation is counted by units and has this one among them; a suspended obligation
 * still names its units. */
bool th_query_is_expected(const struct th_question *question, uint32_t unit);
/* Fills `expected`. */
void th_query_count_expected(struct th_question *question);
/* Units of the question's unit and branch that are expected; `indicator` 0, or one that they are
 * asked for. */
uint32_t th_query_expected(const struct th_question *question, uint16_t indicator);
/* Puts `expected`, a number of units, into counts as the obligation means it. */
void th_query_fill_expected(const struct th_question *question, uint32_t expected,
                            struct th_counts *counts);

/* ---- what is told to whoever asked wrongly ---- */

/* Puts the sentence where it is told from and returns the status. */
int th_query_refuse(const struct th_question *question, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same question, whose refusal then names the parameter that it lacks; NULL: none. */
const struct th_question *th_query_lacks(const struct th_question *question, const char *parameter);
bool th_query_text_is(const char *text, struct th_text wanted);
/* Whoever asks, a unit or the operator, may ask about this one. */
bool th_query_may_ask(const struct th_question *question, uint32_t unit);

/* ---- closings ---- */

/* The first one after this instant. TH_E_NOT_FOUND: there was no other at the moment. */
TH_MUST_CHECK int th_query_next_closing(const struct th_question *question, th_instant after,
                                        th_instant *ret_closed_at);
/* The position of the entry that made it. TH_E_NOT_FOUND: not by the moment. */
TH_MUST_CHECK int th_query_closing_entry(const struct th_question *question, th_instant closed_at,
                                         uint64_t *ret_position);
/* The frozen rollup of the question's unit and branch. TH_E_NOT_FOUND: it has none. */
TH_MUST_CHECK int th_query_read_closing(const struct th_question *question, th_instant closed_at,
                                        struct th_rollup *ret_rollup);

/* ---- parts of answers ---- */

/* "all", "communes", "bodies". */
const char *th_query_branch_word(enum th_branch branch);

/* {"as_of","position"}, and "clock" when it is in doubt: of an answer about no obligation. */
json_t *th_query_moment(const struct th_question *question);
/* An obligation as answers show it: aggregator/query/plan_json.h, its state at the moment. */
json_t *th_query_obligation_json(const struct th_question *question,
                                 const struct th_query_plan *plan,
                                 const struct th_obligation *obligation);
/* Sets "mode", "closes" and "state"; takes and returns `item`. */
json_t *th_query_set_state(const struct th_question *question,
                           const struct th_obligation *obligation, json_t *item);
/* Units of the plan that the obligation asks, known at the moment. */
struct th_reporters th_query_reporters(const struct th_question *question,
                                       const struct th_query_plan *plan,
                                       const struct th_obligation *obligation);
const char *th_query_kind_name(enum th_unit_kind kind);
/* "xã Ia Ly": the kind before the name, unless the name has it. Returns `text`. */
#define TH_QUERY_FULL_NAME_SIZE (64 + TH_UNIT_NAME_MAX)
char *th_query_full_name(const struct th_query_context *context, uint32_t unit,
                         char text[TH_QUERY_FULL_NAME_SIZE]);
const char *th_query_parent_name(const struct th_question *question, uint32_t unit);

/* {"plan","obligation","period","as_of","position"}, and "clock" when it is in doubt: the beginning
 * of every answer. */
json_t *th_query_head(const struct th_question *question);
/* Without a due date nothing is on time or late: null. */
json_t *th_query_counts(const struct th_question *question, const struct th_counts *counts);

/* The rollup of the question's unit and branch, from the table when it is there and the question is
 * about now, else from the reports. Rows are the reports at the question's moment; NULL: they are
 * read if they are needed, as where a unit has no rollup of its own or the book is unsettled. */
TH_MUST_CHECK int th_query_collect(const struct th_question *question,
                                   const struct th_past_rows *rows, struct th_rollup *ret_rollup);
/* Of these rows alone, without what is expected. */
TH_MUST_CHECK int th_query_apply_rows(const struct th_question *question,
                                      const struct th_past_rows *rows,
                                      struct th_rollup *ret_rollup);
/* [{"unit","position"}]: which of the rows have a narrative section; and how many. */
json_t *th_query_narratives(const struct th_question *question, const struct th_past_rows *rows,
                            uint16_t indicator, uint32_t *ret_reported);

/* {CODE: {"rule","value","reported","missing"}}. Texts are listed from the rows. */
json_t *th_query_indicators(const struct th_question *question, const struct th_rollup *rollup,
                            const struct th_past_rows *rows);

const char *th_query_stage_word(enum th_showcase_stage stage);

/* The report of a row, from the submission in the journal; borrows the view. */
TH_MUST_CHECK int th_query_read_report(const struct th_question *question, uint64_t position,
                                       uint32_t index, struct th_arena *arena,
                                       struct th_report *ret_report,
                                       struct th_decision *ret_decision);

/* [{"unit","name","counts"}]: each direct child of the question's unit that has units below it;
 * then, under unit null, the unit itself with its other children, when there is anything to count.
 * The counts add up to the unit's. Rows are those of the question. */
/* Its children that have units below them, by index in the list. */
struct th_query_parts {
    const struct th_question *question;
    const bool *is_interior;
};
TH_MUST_CHECK int th_query_parts_init(const struct th_question *question,
                                      struct th_query_parts *ret_parts);
/* The child that a unit belongs to, or the question's unit itself. Precondition: the question
 * covers the unit. */
uint32_t th_query_part_of(const struct th_query_parts *parts, uint32_t unit);
TH_MUST_CHECK int th_query_below(const struct th_question *question,
                                 const struct th_past_rows *rows, json_t **ret_list);

#endif
