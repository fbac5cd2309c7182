/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans as JSON and in words, whether they come from a file or from a store. Keys stand in the
 * order written in the source; what a plan is silent about is null or an empty list. Words are
 * those of the plan files. JSON is owned, NULL without memory.
 *
 * Pure.
 */
#ifndef TH_QUERY_PLAN_JSON_H
#define TH_QUERY_PLAN_JSON_H

#include "proto/model/plan.h"

#include <jansson.h>

/* How many units an obligation asks. */
struct th_reporters {
    bool is_exact;  /* by the last day on time; else expected and missing are not counted */
    uint32_t count; /* not exact: units that are there at some time in the plan's year */
};
/* Which units of the list count. */
typedef bool th_unit_known(const void *context, uint32_t unit);
/* `is_known` NULL: all units. */
struct th_reporters th_count_reporters(const struct th_plan *plan, const struct th_unit_list *units,
                                       const struct th_obligation *obligation,
                                       th_unit_known *is_known, const void *context);

/* ---- due instants; of an obligation that has one ---- */

/* True when the roll moved the last day, with the last day that the words alone give. */
bool th_due_is_rolled(const struct th_obligation *obligation, th_day *ret_literal_last);

#define TH_DAY_SPOKEN_SIZE 16
/* "09/5/2025", as Vietnamese official texts write a day. Returns `text`. */
char *th_day_spoken(th_day day, char text[TH_DAY_SPOKEN_SIZE]);

#define TH_DUE_TEXT_SIZE 200
/* As the source says it: "trước ngày 10/5/2025". Returns `text`. */
char *th_due_wording(const struct th_obligation *obligation, char text[TH_DUE_TEXT_SIZE]);
/* What that means: until when on time, from when on late. Returns `text`. */
char *th_due_semantics(const struct th_obligation *obligation, char text[TH_DUE_TEXT_SIZE]);
/* {"boundary","day","last_on_time","first_late","instant","wording","semantics","rolled_to"}, or
 * null without a due date. */
json_t *th_due_json(const struct th_obligation *obligation);

/* ---- parts of a plan ---- */

/* Title, kind, dates and reminders in force, who reports. */
json_t *th_plan_due_json(const struct th_obligation *obligation, struct th_reporters reporters);
/* The same with the source's own words, and what was decided otherwise. */
json_t *th_plan_obligation_json(const struct th_plan *plan, const struct th_obligation *obligation,
                                struct th_reporters reporters);
json_t *th_plan_issuer_json(const struct th_plan *plan);
/* "plan" to "rules". */
json_t *th_plan_heading_json(const struct th_plan *plan);
/* Sets relations, tasks and recipients; takes and returns `root`. */
json_t *th_plan_set_parts_json(json_t *root, const struct th_plan *plan);

#endif
