/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run tells people: lines for what happens, one moving line on a terminal with many nodes.
 * Internal to nodes/cli.
 */
#ifndef TH_NODES_CLI_TELLING_H
#define TH_NODES_CLI_TELLING_H

#include "nodes/cli/runner.h"
#include "nodes/driver/driver.h"

struct th_telling {
    FILE *out, *err;
    enum th_runner_voice voice;
    bool has_line;   /* a moving line is on the terminal */
    bool is_moving;  /* `out` is a terminal that can, and there are several nodes */
    int64_t line_ms; /* when it was last written */
    size_t received, rejected, conflicts;
};

void th_telling_init(struct th_telling *telling, const struct th_runner_options *options);
void th_telling_news(struct th_telling *telling, const struct th_home *home,
                     const struct th_node_news *news);
void th_telling_progress(struct th_telling *telling, size_t pending, size_t connected,
                         size_t nodes_count, int64_t now_ms);
/* The same as a line, when somebody asks. */
void th_telling_state(struct th_telling *telling, size_t pending, size_t connected,
                      size_t nodes_count);
/* Said once, when nobody answers. */
void th_telling_worry(struct th_telling *telling, const char *address, size_t nodes_count);
/* Said once, when the server keeps putting off. */
void th_telling_put_off(struct th_telling *telling, const char *unit, const char *text);
/* Ends the moving line. */
void th_telling_end(struct th_telling *telling);

#endif
