/* SPDX-License-Identifier: Apache-2.0 */
/* The options of commands that ask a store, and how it is asked. Internal to aggregator/cli. */
#ifndef TH_AGGREGATOR_CLI_ASK_H
#define TH_AGGREGATOR_CLI_ASK_H

#include "aggregator/query/answer.h"
#include "base/options.h"

#include <stdio.h>

/* Which options a command has; it always has --json. */
enum th_ask_option {
    TH_ASK_PLAN = 1 << 0,
    TH_ASK_OBLIGATION = 1 << 1, /* and --period */
    TH_ASK_UNIT = 1 << 2,
    TH_ASK_MOMENT = 1 << 3, /* --as-of, --position */
    TH_ASK_BRANCH = 1 << 4,
    TH_ASK_NUMBER = 1 << 5,
    TH_ASK_REVISION = 1 << 6,
    TH_ASK_STANDING = 1 << 7, /* --standing, --missing, --late, --summary */
    TH_ASK_SEARCH = 1 << 8,
    TH_ASK_PARENT = 1 << 9,
    TH_ASK_KIND = 1 << 10,
    TH_ASK_INDICATOR = 1 << 11,  /* one */
    TH_ASK_INDICATORS = 1 << 12, /* several */
    TH_ASK_LIMIT = 1 << 13,
    TH_ASK_AFTER = 1 << 14,
    TH_ASK_CLOSED_AT = 1 << 15
};

/* As they stand on the line. */
struct th_ask_line {
    const char *plan, *period, *obligation, *unit, *as_of, *position, *branch, *number, *revision;
    const char *standing, *search, *parent, *kind, *indicators, *limit, *after, *closed_at;
    bool missing, late, summary, as_json;
};

/* Fills the options of a mask, a sum of enum th_ask_option; returns how many. */
size_t th_ask_options(unsigned mask, struct th_ask_line *line,
                      struct th_cli_option options[TH_CLI_OPTIONS_MAX]);
/* The line of such a command as a question; borrows it. False: what is wrong was told, and it is
 * EX_USAGE. What is wrong with this store alone, as a moment that it has not come to, is not. */
bool th_ask_read(const char *command, unsigned mask, const struct th_ask_line *line, FILE *err,
                 struct th_query *query);

typedef int th_ask_fn(void *context, const struct th_query_context *query_context,
                      const json_t *answer);
/*
 * Asks the store of a folder as its operator, with the contacts of the folder where the question
 * wants them, and calls `fn` with the answer, which it borrows; what `fn` returns, 0 or a status,
 * is told like a failure. Returns an exit code; everything is told and flushed.
 */
int th_ask(const char *command, const char *folder, const struct th_query *query, th_ask_fn *fn,
           void *context, FILE *out, FILE *err);
/* Indented. TH_E_IO. */
TH_MUST_CHECK int th_ask_print_json(const json_t *answer, FILE *out);

#endif
