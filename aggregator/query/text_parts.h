/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of the answers have in common. Private. */
#ifndef TH_QUERY_TEXT_PARTS_H
#define TH_QUERY_TEXT_PARTS_H

#include "aggregator/query/text.h"

/* "" and 0 when there is none. */
const char *th_answer_text(const json_t *object, const char *key);
json_int_t th_answer_number(const json_t *object, const char *key);
/* An instant as people say it. */
const char *th_answer_spoken(const json_t *object, const char *key, char text[TH_SPOKEN_TEXT_SIZE]);
const char *th_answer_unit_name(const struct th_query_context *context, const char *code);
/* A standing or timeliness in Vietnamese; any other word stays. */
const char *th_answer_label(const char *word);

/* Which question, and as of when. */
void th_print_head(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_counts(const json_t *counts, FILE *out);
void th_print_standing(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_store(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_plans(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_plan(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_units(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_unit_answer(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_obligation(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_chasing(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_spread(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_arrivals(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_narrative(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_models(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_differences(const struct th_query_context *context, const json_t *answer, FILE *out);
void th_print_page(const struct th_query_context *context, const json_t *answer, FILE *out);

#endif
