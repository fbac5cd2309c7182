/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers as tables for people, in Vietnamese, made from the same JSON that --json prints.
 *
 * Thread-safe; no state.
 */
#ifndef TH_QUERY_TEXT_H
#define TH_QUERY_TEXT_H

#include "aggregator/query/context.h"
#include "proto/model/query.h"

#include <jansson.h>
#include <stdio.h>

/* Which lines of a standing to print, or the counts of the parts instead. */
enum th_standing_filter {
    TH_FILTER_NONE,
    TH_FILTER_MISSING, /* the chasing list: expected, not reported */
    TH_FILTER_LATE,
    TH_FILTER_SUMMARY /* district by district */
};

/* Precondition: `answer` is what th_query_answer() gave for `what`. */
void th_query_print(const struct th_query_context *context, enum th_query_what what,
                    enum th_standing_filter filter, const json_t *answer, FILE *out);

#endif
