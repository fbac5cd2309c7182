/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan check | due | show: what the files of a plan say, for people and as JSON.
 *
 * Reads files only; no store is needed. Problems of the files go to `err`, with --json to `out`.
 */
#ifndef TH_AGGREGATOR_CLI_PLAN_H
#define TH_AGGREGATOR_CLI_PLAN_H

#include <stdio.h>

/* argv[0] is "plan". Returns an exit code of sysexits(3): EX_OK, EX_USAGE, EX_DATAERR when the
 * files have problems, EX_NOINPUT when a file is not there, EX_IOERR, EX_OSERR. */
int th_cli_plan(int argc, char **argv, FILE *out, FILE *err);

#endif
