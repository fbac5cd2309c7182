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

/* Called now and then; `total` may grow. Non-zero stops: TH_E_TIMEOUT is handed on. */
typedef int th_backup_progress(void *context, const char *phase, uint64_t done, uint64_t total);

struct th_backup_result {
    uint64_t size; /* entries */
    struct th_digest root;
    uint64_t bytes; /* of data.mdb */
};

/*
 * `extras`: names of further files of the store's folder that are copied when they are there
 * (config.yaml …). TH_E_EXISTS: the target is there; TH_E_CORRUPT: the store is damaged, no backup
 * was made; TH_E_STORAGE, TH_E_IO. `ret_problem` as in th_store_open().
 */
TH_MUST_CHECK int th_store_backup(const char *folder, const char *target,
                                  const char *const *extras, size_t extras_count,
                                  th_backup_progress *progress, void *context,
                                  char ret_problem[TH_STORE_PROBLEM_SIZE],
                                  struct th_backup_result *ret_result);

#endif
