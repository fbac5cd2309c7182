/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the answers to what was just submitted. Internal to nodes/cli. */
#ifndef TH_NODES_CLI_WAIT_H
#define TH_NODES_CLI_WAIT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct th_wait {
    const char *command;
    const char *folder;
    const uint64_t *ids;
    size_t ids_count;
    int64_t timeout_ms;
    json_t *files; /* objects with "id" whose item fields are brought up to date; NULL: text */
    FILE *out, *err;
};

/*
 * Runs the node itself, or waits for the process that runs it. Precondition: this process has not
 * opened the outbox. Returns EX_OK when each was received, EX_DATAERR when one was not, EX_TEMPFAIL
 * when the time was over, else the code of what broke.
 */
int th_wait_for_answers(const struct th_wait *wait);

#endif
