/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consistent, compact copy of a store while it is written to.
 *
 * The copy is made under another name beside its target, flushed, opened and checked (every
 * checksum, every entry against its leaf, the whole tree against the last signed checkpoint), and
 * only then gets its name: a folder with the target's name is a good backup. It has data.mdb and
 * STORE_ID, no CHECKPOINT: it opens for reading, and is not written to until it was recovered.
 */
#ifndef TH_STORE_BACKUP_H
#define TH_STORE_BACKUP_H

#include "aggregator/store/store.h"

/*
 * Called now and then with a Vietnamese word for what goes on: "chép" (bytes; only at its beginning
 * and end, LMDB tells nothing between), "kiểm tra" (rows), "tính lại cây băm" (leaves). Non-zero
 * ends the work, nothing is left of it, and the number is handed on (TH_E_TIMEOUT).
 */
typedef int th_backup_progress(void *context, const char *phase, uint64_t done, uint64_t total);

struct th_backup_result {
    uint64_t size; /* entries */
    struct th_digest root;
    uint64_t bytes; /* of data.mdb */
};

/*
 * Not in a process that has the store open. The target is a folder in an existing one; it gets mode
 * 0700, its files 0600. `extras`: names of further files of the store's folder that are copied when
 * they are there (config.yaml …; no paths). A failure leaves nothing; of a process that was killed
 * the folder "<target>.part-<pid>" stays, and the next backup to this target removes it.
 * TH_E_EXISTS: the target is there; TH_E_CORRUPT: the store is damaged; TH_E_INVALID: an extra is a
 * path; TH_E_STORAGE, TH_E_IO, and what th_store_open() says of the store. `ret_problem` as there.
 */
TH_MUST_CHECK int th_store_backup(const char *folder, const char *target, const char *const *extras,
                                  size_t extras_count, th_backup_progress *progress, void *context,
                                  char ret_problem[TH_STORE_PROBLEM_SIZE],
                                  struct th_backup_result *ret_result);

/* Of the first `size` bytes of the name: whether it is one that the caller gives to backups. */
typedef bool th_backup_is_ours(const char *name, size_t size);

/* Removes from `parent` what processes that were killed left of backups with such names. What
 * cannot be removed stays: it is in nobody's way. */
void th_backup_clean(const char *parent, th_backup_is_ours *is_ours);

/*
 * Removes a backup; it loses its name first, so that a crash leaves no part of it under its name.
 * A folder with a folder in it is not only a backup: it stays. TH_E_IO.
 */
TH_MUST_CHECK int th_backup_remove(const char *path);

#endif
