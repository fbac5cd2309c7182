/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The officer's commands beside template and check (form_commands.h). argv[0] is the command's own
 * word. Each returns an exit code of sysexits(3); the special ones are in its --help.
 */
#ifndef TH_NODES_CLI_COMMANDS_H
#define TH_NODES_CLI_COMMANDS_H

#include <stdio.h>

int th_cli_init(int argc, char **argv, FILE *out, FILE *err);
int th_cli_submit(int argc, char **argv, FILE *out, FILE *err);
int th_cli_run(int argc, char **argv, FILE *out, FILE *err);
int th_cli_status(int argc, char **argv, FILE *out, FILE *err);
int th_cli_receipt(int argc, char **argv, FILE *out, FILE *err);
int th_cli_trust(int argc, char **argv, FILE *out, FILE *err);

#endif
