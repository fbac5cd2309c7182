/* SPDX-License-Identifier: Apache-2.0 */
/* What the sources of the store share. */
#ifndef TH_STORE_INTERNAL_H
#define TH_STORE_INTERNAL_H

#include "aggregator/store/backup.h"
#include "aggregator/store/entries.h"
#include "aggregator/store/env.h"
#include "aggregator/store/folder.h"
#include "aggregator/store/gate.h"
#include "aggregator/store/keys.h"
#include "aggregator/store/lost.h"
#include "aggregator/store/overlay.h"
#include "aggregator/store/run.h"
#include "aggregator/store/side.h"
#include "aggregator/store/tree.h"
#include "aggregator/store/writes.h"
#include "proto/tlog/proof.h"
#include "proto/tlog/prove.h"

#include <stdatomic.h>

/* What one batch brings. Made by who writes; committed as it is. */
struct th_store_batch {
    struct th_writes writes;
    struct th_entries entries;           /* that were appended instead of promised */
    uint64_t first, size;                /* of the tree without and with it */
    const struct th_note_signer *signer; /* NULL: it signs no checkpoint */
    bool begins_log;                     /* of an origin that the log never had */
};

struct th_store {
    struct th_env env;
    int owner_fd;                      /* -1: opened for reading */
    struct th_store_identity identity; /* realm and key are the current ones */
    struct th_log_keys keys;
    struct th_log_keys *next_keys; /* with those that the batch brings; NULL: it brings none */
    struct th_lost_log *lost;      /* opened to be recovered, else NULL */
    bool is_recovering;            /* the next commit has to begin a new log */
    struct th_store_batch batches[2];
    struct th_store_batch *batch;          /* the open one; NULL between batches */
    unsigned next;                         /* of the two: the next one that is opened */
    struct th_store_batch *_Atomic sealed; /* and not committed: who does may be another thread */
    uint64_t size;                         /* entries that were promised */
    bool leaf_due;                         /* an entry was appended, its leaf not yet */
    _Atomic bool failed;                   /* a commit failed: no more batches */
    struct th_side side;                   /* the file CHECKPOINT; closed when opened for reading */
    struct th_gate gate;
    bool is_replica;        /* made by th_replica_new(), now or earlier */
    struct th_edge *edge;   /* of who commits; NULL when opened for reading */
    struct th_sink scratch; /* the content being encoded */
    struct th_run run;      /* the writer's */
    uint64_t room_bytes;    /* kept reserved behind what is used (room.h); 0: nothing */
};

struct th_signed_note {
    char bytes[TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX];
    size_t size; /* 0: none */
};

/*
 * What neighbouring receipts have in common. What a range of leaves hashes to never changes, so the
 * lines stay right; the checkpoint borrows the snapshot.
 */
struct th_receipt_memo {
    uint64_t from, size; /* the checkpoint of the entries from .. size-1; 0: none */
    struct th_bytes note;
    struct th_tlog_range ranges[TH_MERKLE_PROOF_MAX]; /* empty: no line yet */
    char lines[TH_MERKLE_PROOF_MAX * TH_PROOF_LINE_SIZE];
};

struct th_view {
    struct th_store *store;
    struct th_txn txn;
    bool active;
    bool is_of_committer; /* may look at the store's edge */
    uint64_t size;        /* of the snapshot */
    uint64_t commit_id;   /* the last commit that it has, by LMDB's count */
    struct th_tile_cache tiles;
    struct th_receipt_memo receipts;
    struct th_overlay overlay; /* the run, once something asked for it */
};

/* Drops what is left of a character at the end of a text that fills its room. Returns `text`. */
char *th_inspect_cut(size_t capacity, char *text);
/* What th_view_check_position() says of a tile, which is 256 positions' fault at once. */
#define TH_WHAT_TILE_MISSING "thiếu mảnh của cây băm"
#define TH_WHAT_TILE_DAMAGED "mảnh của cây băm bị hỏng"

/* write.c: of map, file and disk now; what is used with the pages that are free again. */
TH_MUST_CHECK int th_store_levels(const struct th_store *store, struct th_gate_levels *ret_levels);

/* write.c, for whoever makes a batch of his own: opens one; its rows among its writes; what it
 * brings is from now on what the next one goes on from. */
struct th_store_batch *th_store_open_batch(struct th_store *store);
TH_MUST_CHECK int th_store_flush_batch(struct th_store *store);
void th_store_keep_batch(struct th_store *store);
/*
 * All of it in one transaction: the entries that were promised, the tree, what was written, and a
 * checkpoint: of its signer, which is given back; or `note`, else none. TH_E_CORRUPT also when the
 * note is not of this tree or not of the key in force. After a failure the edge is undefined.
 */
struct th_batch_end {
    const struct th_store_logged *entries;
    size_t count;
    struct th_bytes note;
};
TH_MUST_CHECK int th_store_do_batch(struct th_store *store, const struct th_store_batch *batch,
                                    struct th_batch_end end, struct th_signed_note *ret_note);

/* room.c: after a commit; and between batches: before the environment is closed, or when the disk
 * has no room for entries. */
void th_store_reserve(const struct th_store *store);
void th_store_give_back(const struct th_store *store);

/* The number of leaves in a snapshot. */
TH_MUST_CHECK int th_txn_size(const struct th_txn *txn, uint64_t *ret_size);

/*
 * The checks of the tables when a store is opened, in one snapshot: format, identity against the
 * id of STORE_ID, the keys, the last entries and leaves, the tree against the signed checkpoint.
 * Loads identity, keys and edge, which are undefined after a failure.
 */
TH_MUST_CHECK int th_store_check(const struct th_store_report *report, const struct th_txn *txn,
                                 const uint8_t store_id[TH_STORE_ID_SIZE],
                                 struct th_store_identity *identity, struct th_log_keys *keys,
                                 struct th_edge *edge);

/* The checkpoint is of this size, signed by the key in force there, and has this root. */
TH_MUST_CHECK int th_store_check_note(const struct th_log_keys *keys, struct th_bytes note,
                                      uint64_t size, const struct th_digest *root);

/* replica.c: whether the row that says so is there; and that the newest checkpoint, if any, is of
 * the beginning of the tree of `size` leaves. */
TH_MUST_CHECK int th_replica_find(const struct th_txn *txn, bool *ret_is_replica);
TH_MUST_CHECK int th_replica_check(const struct th_txn *txn, const struct th_log_keys *keys,
                                   uint64_t size);

/* backup_check.c: whether the store in the folder `copy` is whole. What is wrong is told of the
 * report's folder. */
TH_MUST_CHECK int th_backup_check(const struct th_store_report *report, const char *copy,
                                  th_backup_progress *progress, void *context,
                                  struct th_backup_result *ret_result);

/* keys.c: the keys that a batch brings. th_store_abort() drops them, whoever seals keeps them. */
TH_MUST_CHECK int th_store_keys_add(struct th_store *store, uint16_t number,
                                    const struct th_log_key_body *key);
const struct th_log_keys *th_store_keys_next(const struct th_store *store);
void th_store_keys_keep(struct th_store *store);
void th_store_keys_drop(struct th_store *store);

#endif
