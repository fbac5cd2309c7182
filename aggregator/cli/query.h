/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that read: standing, rollup, report, closings, page. They work while the daemon
 * runs. */
#ifndef TH_AGGREGATOR_CLI_QUERY_H
#define TH_AGGREGATOR_CLI_QUERY_H

#include <stdio.h>

/* argv[0] is the command's own word. Each returns an exit code of sysexits.h. */
int th_cli_standing(int argc, char **argv, FILE *out, FILE *err);
int th_cli_rollup(int argc, char **argv, FILE *out, FILE *err);
int th_cli_report(int argc, char **argv, FILE *out, FILE *err);
int th_cli_closings(int argc, char **argv, FILE *out, FILE *err);
int th_cli_page(int argc, char **argv, FILE *out, FILE *err);

#endif
