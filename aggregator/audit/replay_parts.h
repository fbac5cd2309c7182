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

/* Prints everything, with answers from the replica's view. Returns an exit code. */
int th_replay_answer(const struct th_replay *replay, const struct th_store_identity *identity,
                     struct th_view *view, FILE *out, FILE *err);

#endif
