/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which plan and obligation a command means by --plan, --obligation and --period.
 *
 * Internal to nodes/cli. Errors are printed with what there is to choose from.
 */
#ifndef TH_NODES_CLI_CHOICE_H
#define TH_NODES_CLI_CHOICE_H

#include "nodes/home/home.h"

#include <stdio.h>

struct th_cli_choice {
    const char *command; /* for messages */
    const char *plan;    /* NULL when not given, like the next two */
    const char *obligation;
    const char *period;
};

/* Opens the folder; prints every problem. Returns 0 or TH_E_…. */
TH_MUST_CHECK int th_cli_open_home(const char *command, const char *folder, struct th_home *home,
                                   FILE *err);

/* What to do when the outbox cannot be opened or read. Vietnamese. */
const char *th_cli_outbox_hint(int status);

/* The plan that is named, else the only one. TH_E_NOT_FOUND, TH_E_AMBIGUOUS, after a message. */
TH_MUST_CHECK int th_cli_choose_plan(const struct th_cli_choice *choice, const struct th_home *home,
                                     FILE *err, const struct th_plan **ret_plan);

/* The obligation that is named or that the period means, else the only one that expects the unit.
 * TH_E_NOT_FOUND, TH_E_AMBIGUOUS, after a message. */
TH_MUST_CHECK int th_cli_choose_obligation(const struct th_cli_choice *choice,
                                           const struct th_plan *plan, const struct th_unit *unit,
                                           FILE *err, const struct th_obligation **ret_obligation);

#endif
