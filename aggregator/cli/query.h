/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that read: one for each kind of question. They work while the daemon runs. */
#ifndef TH_AGGREGATOR_CLI_QUERY_H
#define TH_AGGREGATOR_CLI_QUERY_H

#include <stdio.h>

/* argv[0] is the command's own word. Each returns an exit code of sysexits.h. */
int th_cli_standing(int argc, char **argv, FILE *out, FILE *err);
int th_cli_rollup(int argc, char **argv, FILE *out, FILE *err);
int th_cli_report(int argc, char **argv, FILE *out, FILE *err);
int th_cli_closings(int argc, char **argv, FILE *out, FILE *err);
int th_cli_page(int argc, char **argv, FILE *out, FILE *err);
int th_cli_store(int argc, char **argv, FILE *out, FILE *err);
int th_cli_plans(int argc, char **argv, FILE *out, FILE *err);
int th_cli_plan_stored(int argc, char **argv, FILE *out, FILE *err);
int th_cli_units_list(int argc, char **argv, FILE *out, FILE *err);
int th_cli_units_show(int argc, char **argv, FILE *out, FILE *err);
int th_cli_obligation(int argc, char **argv, FILE *out, FILE *err);
int th_cli_spread(int argc, char **argv, FILE *out, FILE *err);
int th_cli_arrivals(int argc, char **argv, FILE *out, FILE *err);
int th_cli_narrative(int argc, char **argv, FILE *out, FILE *err);
int th_cli_models(int argc, char **argv, FILE *out, FILE *err);
int th_cli_differences(int argc, char **argv, FILE *out, FILE *err);

/* Whom to chase, as a table, a message, CSV or JSON, also as a file for each district. */
int th_cli_chasing(int argc, char **argv, FILE *out, FILE *err);
/* Whom to call in each unit: checks, puts in place, shows. */
int th_cli_contacts(int argc, char **argv, FILE *out, FILE *err);

#endif
