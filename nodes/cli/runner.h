/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one node or many in one process: folders, locks, outboxes, drivers and connections joined
 * by one event loop. What happens is told in plain lines, or as one moving line on a terminal.
 *
 * Internal to nodes/cli. Thread rule: one run at a time.
 */
#ifndef TH_NODES_CLI_RUNNER_H
#define TH_NODES_CLI_RUNNER_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum th_runner_goal {
    TH_RUNNER_FOR_EVER, /* also when the disk was full for a while */
    /* Each node was welcomed, has heard what the server says first, and has nothing left to send,
     * also of what the server asked for again. */
    TH_RUNNER_UNTIL_IDLE,
    TH_RUNNER_UNTIL_ITEM /* `items` of the only folder have their answers */
};

#define TH_RUNNER_PATIENCE_MS 30000

enum th_runner_voice { TH_RUNNER_QUIET, TH_RUNNER_NORMAL, TH_RUNNER_VERBOSE };

struct th_runner_options {
    const char *command; /* for messages */
    char *const *folders;
    size_t folders_count;
    enum th_runner_goal goal;
    const uint64_t *items;
    size_t items_count;
    int64_t timeout_ms; /* negative: none */
    /* UNTIL_IDLE without a timeout: how long to look for the server when no node has anything to
     * send. Negative: for ever. */
    int64_t patience_ms;
    enum th_runner_voice voice;
    FILE *out, *err;
};

/*
 * Returns 0 when the goal was reached or a signal asked to stop; TH_E_TIMEOUT; TH_E_BUSY: another
 * process runs one of the folders; else what broke. Everything was told.
 */
TH_MUST_CHECK int th_runner_run(const struct th_runner_options *options);

#endif
