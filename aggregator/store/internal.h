/* SPDX-License-Identifier: Apache-2.0 */
/* What the sources of the store share. */
#ifndef TH_STORE_INTERNAL_H
#define TH_STORE_INTERNAL_H

#include "aggregator/store/env.h"
#include "aggregator/store/folder.h"
#include "aggregator/store/gate.h"
#include "aggregator/store/side.h"
#include "aggregator/store/tree.h"

struct th_store {
    struct th_env env;
    int owner_fd; /* -1: opened for reading */
    struct th_store_identity identity;
    struct th_txn batch; /* .txn is NULL between batches */
    bool leaf_due;       /* an entry was appended, its leaf not yet */
    bool failed;         /* a commit failed: no more batches */
    struct th_side side; /* the file CHECKPOINT; closed when opened for reading */
    struct th_gate gate;
    struct th_edge *edge;   /* the writer's; NULL when opened for reading */
    struct th_sink scratch; /* the content being encoded */
};

struct th_view {
    struct th_store *store;
    struct th_txn txn;
    bool active;
    uint64_t size; /* of the snapshot */
    struct th_tile_cache tiles;
};

/* The number of leaves in a snapshot. */
TH_MUST_CHECK int th_txn_size(const struct th_txn *txn, uint64_t *ret_size);

/*
 * The checks of the tables when a store is opened, in one snapshot: format, identity against the
 * id of STORE_ID, the last entries and leaves, the tree against the signed checkpoint. Loads
 * identity and edge.
 */
TH_MUST_CHECK int th_store_check(const struct th_store_report *report, const struct th_txn *txn,
                                 const uint8_t store_id[TH_STORE_ID_SIZE],
                                 struct th_store_identity *ret_identity, struct th_edge *edge);

#endif
