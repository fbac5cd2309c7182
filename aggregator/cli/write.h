/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's commands about the store itself, and the daemon. Each takes its own word as
 * argv[0] and returns an exit code of sysexits(3).
 */
#ifndef TH_AGGREGATOR_CLI_WRITE_H
#define TH_AGGREGATOR_CLI_WRITE_H

#include <stdio.h>

int th_cli_init(int argc, char **argv, FILE *out, FILE *err);
int th_cli_run(int argc, char **argv, FILE *out, FILE *err);
int th_cli_enroll(int argc, char **argv, FILE *out, FILE *err);
int th_cli_enter(int argc, char **argv, FILE *out, FILE *err);
int th_cli_revoke(int argc, char **argv, FILE *out, FILE *err);
/* argv[0] is "keys"; argv[1] says which. */
int th_cli_keys(int argc, char **argv, FILE *out, FILE *err);
int th_cli_backup(int argc, char **argv, FILE *out, FILE *err);
int th_cli_recover(int argc, char **argv, FILE *out, FILE *err);
int th_cli_status(int argc, char **argv, FILE *out, FILE *err);
int th_cli_export(int argc, char **argv, FILE *out, FILE *err);
int th_cli_cosigned(int argc, char **argv, FILE *out, FILE *err);
int th_cli_clock(int argc, char **argv, FILE *out, FILE *err);
/* argv[0] is "load" of "plan load". */
int th_cli_plan_load(int argc, char **argv, FILE *out, FILE *err);
/* argv[0] is "units"; argv[1] says which. */
int th_cli_units(int argc, char **argv, FILE *out, FILE *err);

#endif
