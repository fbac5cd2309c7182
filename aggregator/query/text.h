/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers as tables for people, in Vietnamese, made from the same JSON that --json prints.
 *
 * Thread-safe; no state.
 */
#ifndef TH_QUERY_TEXT_H
#define TH_QUERY_TEXT_H

#include "aggregator/query/answer.h"

#include <stdio.h>

/* Precondition: `answer` is what th_query_answer() gave for `what`. */
void th_query_print(const struct th_query_context *context, enum th_query_what what,
                    const json_t *answer, FILE *out);
/* Of a standing the counts of its parts, district by district, instead of its units. */
void th_query_print_summary(const struct th_query_context *context, const json_t *answer,
                            FILE *out);

/* What to do on a command line about what a question lacks: "thêm --plan MÃ"; NULL: nothing. */
const char *th_query_hint(const struct th_query_problem *problem);

#endif
