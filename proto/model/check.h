/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a report fulfil its obligation? The same check runs at the node, before anything is sent,
 * and in the aggregator's core.
 *
 * Checks content: indicators that are asked, types and ranges (R62), estimates, task numbers,
 * the plan's rules over this report, and the rules that look at other reports of the same unit
 * when those are given. Does not check identity, authority, acceptance: that is the core's.
 *
 * Pure; no allocation. All reasons are found in one run.
 */
#ifndef TH_MODEL_CHECK_H
#define TH_MODEL_CHECK_H

#include "proto/model/checks.h"
#include "proto/model/report.h"
#include "proto/model/verdict.h"

/* Values of the same unit that rules compare with; NULL when there is no such report. */
struct th_related {
    const struct th_values *half_year;     /* same year, same series, H1: for an annual report */
    const struct th_values *previous_year; /* annual report of the year before */
    const struct th_values *previous_same; /* the same period of the year before */
};

/*
 * Adds every reason to refuse to `errors` and everything worth a second look to `warnings`.
 * Precondition: the obligation belongs to the plan of `checks`, the unit is the report's.
 */
void th_report_check(const struct th_checks *checks, const struct th_obligation *obligation,
                     const struct th_unit *unit, const struct th_report *report,
                     const struct th_related *related, struct th_reasons *errors,
                     struct th_reasons *warnings);

#endif
