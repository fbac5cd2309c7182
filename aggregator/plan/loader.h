/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the files of plans/ to a checked plan: the only way in which YAML becomes struct th_plan.
 *
 * Reads the plan and the files that it names (indicators, rules, holidays, units; paths from the
 * plan's own folder) and finds every problem in one run, each with file, line, column and what to
 * do. Nodes never call this: they get plans compiled.
 *
 * Not thread-safe with regard to its arguments; keeps nothing between calls.
 */
#ifndef TH_AGGREGATOR_PLAN_LOADER_H
#define TH_AGGREGATOR_PLAN_LOADER_H

#include "aggregator/plan/holidays.h"
#include "base/problems.h"
#include "proto/model/plan.h"

struct th_plan_files {
    struct th_plan plan;
    struct th_unit_list units;
    struct th_holidays holidays;
};

/*
 * Everything in `ret_files` lives in `arena` and is constant. `unit_files` stand for the plan's own
 * `units` when there are any. Every failure but TH_E_NO_MEMORY has added problems: TH_E_NOT_FOUND
 * when the plan or a file of `unit_files` is not there, TH_E_IO, TH_E_LIMIT, TH_E_SYNTAX (of the
 * plan), else TH_E_INVALID.
 */
TH_MUST_CHECK int th_plan_load(const char *path, const char *const unit_files[],
                               size_t unit_files_count, struct th_arena *arena,
                               struct th_problems *problems, struct th_plan_files *ret_files);

#endif
