/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rehearsal of Gia Lai 2025 in a folder of its own, the commands run on it as an operator does,
 * and reports brought into it without a network. Ends the test when something fails that the test
 * does not look at.
 */
#ifndef TH_TESTS_SUPPORT_CLI_CASE_H
#define TH_TESTS_SUPPORT_CLI_CASE_H

#include "aggregator/cli/write.h"
#include "aggregator/store/store.h"
#include "tests/support/province.h"

#include <jansson.h>

struct cli_case {
    char folder[256];
    char store[300];
    struct th_province province;
    struct th_officer officer; /* enrolled, of a commune */
    char *out, *err;           /* of the last command */
};

typedef int cli_command(int argc, char **argv, FILE *out, FILE *err);

/* A store at 2025-05-05 with one enrolled officer. */
void cli_case_init(struct cli_case *fixture);
void cli_case_deinit(struct cli_case *fixture);

/* Words after the program, by blanks; @D is the store, @F the folder around it. The exit code. */
int cli_case_run(struct cli_case *fixture, cli_command *command, const char *line);
/* The JSON that the last command printed; owned. */
json_t *cli_case_json(const struct cli_case *fixture);
/* A file of the folder: FOLDER/NAME; valid until the next call. */
const char *cli_case_path(const struct cli_case *fixture, const char *name);
bool cli_case_has(const struct cli_case *fixture, const char *name);
/* The whole file, with a NUL; owned. */
char *cli_case_read(const struct cli_case *fixture, const char *name, size_t *ret_size);
void cli_case_write(const struct cli_case *fixture, const char *name, const void *bytes,
                    size_t size);
void cli_case_copy(const struct cli_case *fixture, const char *from, const char *to);

/* A report of the officer is accepted. */
void cli_case_submit(struct cli_case *fixture, struct th_paper paper);
/* The position that the next entry gets. */
uint64_t cli_case_size(struct cli_case *fixture);
/* The last signed note of the store, into FOLDER/NAME. */
void cli_case_checkpoint(struct cli_case *fixture, const char *name);

#endif
