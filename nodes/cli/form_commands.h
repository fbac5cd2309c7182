/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template and check: an officer's work on a form before anything is sent. Neither needs a network.
 *
 * argv[0] is the command's own word. Both return an exit code of sysexits(3): EX_OK, EX_USAGE,
 * EX_DATAERR when a form has problems or breaks a rule, EX_NOINPUT when a file is not there,
 * EX_CANTCREAT when `--out` exists already, EX_IOERR, EX_OSERR.
 */
#ifndef TH_NODES_CLI_FORM_COMMANDS_H
#define TH_NODES_CLI_FORM_COMMANDS_H

#include <stdio.h>

int th_cli_template(int argc, char **argv, FILE *out, FILE *err);
int th_cli_check(int argc, char **argv, FILE *out, FILE *err);

#endif
