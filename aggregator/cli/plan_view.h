/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a loaded plan is shown, as text (plan_text.c) and as JSON (plan_json.c). Key order of the
 * JSON is stable: as written there. Internal to aggregator/cli.
 */
#ifndef TH_AGGREGATOR_CLI_PLAN_VIEW_H
#define TH_AGGREGATOR_CLI_PLAN_VIEW_H

#include "aggregator/plan/loader.h"

#include <stdio.h>

/* The name of a unit's code with its kind before it, "xã Ia Ly"; "" when the list has none. */
void th_print_unit(const struct th_unit_list *units, const char *code, FILE *out);

void th_plan_print_check(const struct th_plan_files *files, const char *path, FILE *out);
void th_plan_print_due(const struct th_plan_files *files, FILE *out);
void th_plan_print_show(const struct th_plan_files *files, FILE *out);

/* TH_E_NO_MEMORY, TH_E_IO. */
TH_MUST_CHECK int th_plan_json_check(const struct th_plan_files *files, const char *path,
                                     FILE *out);
TH_MUST_CHECK int th_plan_json_due(const struct th_plan_files *files, FILE *out);
TH_MUST_CHECK int th_plan_json_show(const struct th_plan_files *files, FILE *out);
TH_MUST_CHECK int th_plan_json_problems(const struct th_problems *problems, const char *path,
                                        FILE *out);

#endif
