/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to questions, as of now, of any past moment, or of any position of the journal.
 *
 * The read side of the aggregator: the same answer is a command's table, its --json, a page's, and
 * what a node gets over the network. Reads tables only; decides nothing and changes nothing.
 *
 * Thread rule: that of the view and the context.
 */
#ifndef TH_QUERY_ANSWER_H
#define TH_QUERY_ANSWER_H

#include "aggregator/query/context.h"
#include "proto/model/query.h"

#include <jansson.h>

#define TH_QUERY_PROBLEM_SIZE 400

/* A sentence in Vietnamese: what is wrong and what to do. */
struct th_query_problem {
    char text[TH_QUERY_PROBLEM_SIZE];
    const char *lacks; /* what has to be said: "plan", "period" …; NULL: nothing */
};

struct th_contacts;

/* Who asks, and when. Borrows. */
struct th_query_asking {
    th_instant now;        /* the store's time: a rehearsal's clock, otherwise the wall clock */
    bool is_clock_suspect; /* the wall clock jumped: `now` is the last time that was certain */
    const char *asker;     /* the unit that asks, for itself and those below; NULL: the operator */
    const struct th_contacts *contacts;       /* NULL: the answer has none. Never for a unit. */
    const struct th_store_identity *identity; /* for STORE; NULL: it cannot be asked */
    const char *version;                      /* of the program, for STORE */
};

/*
 * An answer about a time in doubt says so: "clock": "suspect". A unit that names none asks about
 * itself. Returns owned JSON (json_decref). TH_E_FORBIDDEN: the unit asked about is not below the
 * asker. TH_E_NOT_FOUND: no such plan, obligation, period, unit or report, or not yet at the moment
 * that is asked about. TH_E_AMBIGUOUS: the period has several obligations. TH_E_RANGE: the moment
 * is before the store began or has not come, or a position that is not reached. TH_E_INVALID:
 * parameters that make no question. These fill `ret_problem`. Otherwise TH_E_CORRUPT,
 * TH_E_NO_MEMORY, TH_E_STORAGE.
 */
TH_MUST_CHECK int th_query_answer(const struct th_query_context *context, struct th_view *view,
                                  const struct th_query *query,
                                  const struct th_query_asking *asking,
                                  struct th_query_problem *ret_problem, json_t **ret_answer);

/* The same as one line of JSON text, into the arena. */
TH_MUST_CHECK int th_query_answer_text(const struct th_query_context *context, struct th_view *view,
                                       const struct th_query *query,
                                       const struct th_query_asking *asking, struct th_arena *arena,
                                       struct th_query_problem *ret_problem,
                                       struct th_bytes *ret_json);

#endif
