/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal folded anew: an empty core takes each entry as it was decided, and a replica takes its
 * bytes, its leaf, its checkpoints and the rows that core gives.
 *
 * One thread. The replica can be read after th_fold_settle().
 */
#ifndef TH_AUDIT_FOLD_H
#define TH_AUDIT_FOLD_H

#include "aggregator/audit/unpack.h"

struct th_fold;

struct th_fold_options {
    const char *folder;     /* of the replica: empty */
    bool keeps_checkpoints; /* all of them; otherwise some and the last, which is faster */
    uint32_t batch_entries; /* at most so many in one batch without them; 0: 4096 */
};

#define TH_FOLD_PROBLEM_SIZE 200

/* Returns owned. The view is of the original: its identity and first key found the replica.
 * TH_E_NO_MEMORY, TH_E_IO, TH_E_STORAGE, or what the view says. */
TH_MUST_CHECK int th_fold_new(const struct th_store_identity *identity, struct th_view *view,
                              const struct th_fold_options *options, struct th_fold **ret_fold);
/* Closes the replica as it is; what was not committed is lost. */
void th_fold_free(struct th_fold *fold);
/* Flushes the replica and closes it. Precondition: th_fold_settle() was the last call. */
TH_MUST_CHECK int th_fold_finish(struct th_fold *fold);

/*
 * The entry of the next position, unpacked (its plan for the life of the fold), with its bytes and
 * the leaf, which are put as they are. `view`: where the original's checkpoints are. TH_E_CORRUPT:
 * it does not fold; `ret_problem` says why, and nothing more can be folded. TH_E_NO_MEMORY,
 * TH_E_STORAGE, TH_E_IO, or what the view says.
 */
TH_MUST_CHECK int th_fold_entry(struct th_fold *fold, struct th_view *view,
                                const struct th_stored_entry *stored,
                                const struct th_unpacked *unpacked, struct th_bytes leaf,
                                char ret_problem[TH_FOLD_PROBLEM_SIZE]);
/* Ends the batch and puts the rollups: what was folded can be read. Statuses as above. */
TH_MUST_CHECK int th_fold_settle(struct th_fold *fold, struct th_view *view,
                                 char ret_problem[TH_FOLD_PROBLEM_SIZE]);

uint64_t th_fold_size(const struct th_fold *fold);
/* Borrows: a view of the replica shows what was settled. */
struct th_store *th_fold_replica(const struct th_fold *fold);

#endif
