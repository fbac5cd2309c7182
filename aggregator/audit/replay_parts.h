/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `replay` hand to each other. Private. */
#ifndef TH_AUDIT_REPLAY_PARTS_H
#define TH_AUDIT_REPLAY_PARTS_H

#include "aggregator/audit/tables.h"
#include "aggregator/query/answer.h"

#define TH_REPLAY_DIFFERENCES_MAX 20
#define TH_REPLAY_NAME_SIZE       200

struct th_replay_line {
    const char *folder; /* of the replica: empty */
    bool keeps;         /* --out: it stays */
    bool without_tree;  /* --without-tree: only fold and tables, when that is enough */
    unsigned threads;
    bool has_as_of, has_position;
    th_instant as_of;
    uint64_t position;
    struct th_text plan, period, obligation, unit;
    bool as_json;
};

/* What came out. */
struct th_replay {
    const struct th_replay_line *line;
    uint64_t size;
    th_instant time; /* of the last entry */
    bool has_tree;   /* the tree and its checkpoint were checked; false: no root and no state */
    struct th_digest state, root;
    uint64_t reports; /* that were received; 0: not counted */
    double seconds;
    bool is_compared; /* the end of the store was reached */
    struct th_tables_counts compared;
    uint64_t differences;
    char names[TH_REPLAY_DIFFERENCES_MAX][TH_REPLAY_NAME_SIZE];
};

/* The standing of every obligation at the end of a view, of which nothing else needs to be known
 * yet. By any thread. Returns owned. */
TH_MUST_CHECK int th_replay_lines(const struct th_replay_line *line,
                                  const struct th_store_identity *identity, struct th_view *view,
                                  json_t **ret_lines);
/* Prints everything, with answers from the replica's view. Returns an exit code. `lines`: takes
 * what th_replay_lines() gave; NULL: they are made here. */
int th_replay_answer(const struct th_replay *replay, const struct th_store_identity *identity,
                     struct th_view *view, json_t *lines, FILE *out, FILE *err);

#endif
