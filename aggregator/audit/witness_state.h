/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a witness keeps on disk.
 *
 *   STATE-DIR/NAME.checkpoint           the last checkpoint of one log, as it was cosigned; NAME is
 *                                       made of the origin
 *   STATE-DIR/evidence/NAME-SIZE-ROOT/  two checkpoints that contradict each other: kept.checkpoint
 *                                       and shown.checkpoint, and the proof that was given
 *
 * One process at a time: the folder is locked (flock). What th_witness_keep() returned 0 for is on
 * the disk.
 */
#ifndef TH_AUDIT_WITNESS_STATE_H
#define TH_AUDIT_WITNESS_STATE_H

#include "base/bytes.h"
#include "proto/tlog/checkpoint.h"

#define TH_WITNESS_PATH_SIZE 4096

struct th_witness_state {
    const char *folder;
    int fd; /* locked */
};

/* `make`: when it is not there. TH_E_NOT_FOUND, TH_E_BUSY (another process has it), TH_E_IO,
 * with errno left as the cause. */
TH_MUST_CHECK int th_witness_state_open(const char *folder, bool make,
                                        struct th_witness_state *ret_state);
void th_witness_state_close(struct th_witness_state *state);

/* The path of what is kept of a log. TH_E_LIMIT. */
TH_MUST_CHECK int th_witness_path(const struct th_witness_state *state, const char *origin,
                                  char ret_path[TH_WITNESS_PATH_SIZE]);

/*
 * The last checkpoint of a log; form and origin are checked, the signature is the caller's to
 * check. Returns owned (free). TH_E_NOT_FOUND: none yet; TH_E_CORRUPT; TH_E_IO, TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_witness_kept(const struct th_witness_state *state, const char *origin,
                                  char **ret_note, size_t *ret_size,
                                  struct th_checkpoint *ret_checkpoint);
/* In place of the one before, or nothing: a temporary file, fsync, rename, fsync of the folder.
 * TH_E_IO, TH_E_LIMIT. */
TH_MUST_CHECK int th_witness_keep(const struct th_witness_state *state, const char *origin,
                                  struct th_bytes note);

struct th_witness_evidence {
    const struct th_checkpoint *checkpoint; /* that was shown */
    struct th_bytes kept, shown, proof;
};
/* `ret_path`: the folder. The same contradiction again is kept once. TH_E_IO, TH_E_LIMIT. */
TH_MUST_CHECK int th_witness_keep_evidence(const struct th_witness_state *state,
                                           const struct th_witness_evidence *evidence,
                                           char ret_path[TH_WITNESS_PATH_SIZE]);

/* Each log; `status` is TH_E_CORRUPT, and the checkpoint NULL, for a file that is none. */
typedef int th_witness_fn(void *context, const char *file, int status,
                          const struct th_checkpoint *checkpoint);
TH_MUST_CHECK int th_witness_list(const struct th_witness_state *state, th_witness_fn *fn,
                                  void *context);
/* How many contradictions are kept. */
TH_MUST_CHECK int th_witness_count_evidence(const struct th_witness_state *state,
                                            unsigned *ret_count);

#endif
