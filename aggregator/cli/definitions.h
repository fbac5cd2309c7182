/* SPDX-License-Identifier: Apache-2.0 */
/* Units and plans from files, compiled: what init, plan load and units import bring in. */
#ifndef TH_AGGREGATOR_CLI_DEFINITIONS_H
#define TH_AGGREGATOR_CLI_DEFINITIONS_H

#include "aggregator/cli/site.h"
#include "proto/model/plan.h"

/* Both print what is wrong and return an exit code. Everything lives in the arena. */
int th_definitions_units(const struct th_site *site, const char *const *paths, size_t paths_count,
                         struct th_arena *arena, struct th_bytes *ret_content);
/* `unit_files` stand for the plan's own when there are any. */
int th_definitions_plan(const struct th_site *site, const char *path, const char *const *unit_files,
                        size_t unit_files_count, struct th_arena *arena,
                        const struct th_plan **ret_plan, struct th_bytes *ret_content);

#endif
