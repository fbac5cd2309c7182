/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of a store, seen from outside LMDB: which files there are, who owns them, and the
 * sentence that tells an operator what is wrong.
 *
 *   data.mdb, lock.mdb   LMDB's
 *   STORE_ID             the store's id in hexadecimal and a newline; there when data.mdb is
 *                        finished, so an emptied data.mdb is not taken for a new store
 *   CHECKPOINT           the last checkpoint that was signed (side.h)
 *   OWNER                locked (flock) by the process that writes; its pid and when it began
 */
#ifndef TH_STORE_FOLDER_H
#define TH_STORE_FOLDER_H

#include "aggregator/store/store.h"

#include <stdbool.h>

#define TH_STORE_DATA     "data.mdb"
#define TH_STORE_LOCK     "lock.mdb"
#define TH_STORE_ID_FILE  "STORE_ID"
#define TH_STORE_OWNER    "OWNER"
#define TH_STORE_PATH_MAX 4096

/* Where the sentence goes: TH_STORE_PROBLEM_SIZE bytes or NULL. */
struct th_store_report {
    const char *folder;
    char *problem;
};

/* Writes "<folder>: <sentence>", cut between characters when it is too long. Returns `status`. */
__attribute__((format(printf, 3, 4))) int th_store_report(const struct th_store_report *report,
                                                          int status, const char *format, ...);
/* `what` ("không đọc được tệp X") failed as errno said. TH_E_FORBIDDEN without the right to do it,
 * else TH_E_IO. */
int th_store_report_cause(const struct th_store_report *report, const char *what, int cause);

/* TH_E_LIMIT when it is too long. */
TH_MUST_CHECK int th_folder_path(const char *folder, const char *name,
                                 char ret_path[TH_STORE_PATH_MAX]);

/*
 * Whoever writes into a store is the user whose folder it is: what root left there for itself, a
 * key or a file of a witness, the daemon could not read. TH_E_FORBIDDEN; TH_E_IO.
 */
TH_MUST_CHECK int th_folder_check_owner(const struct th_store_report *report);

/*
 * Takes the lock and writes who has it. TH_E_BUSY: another process, or this one, has it;
 * TH_E_FORBIDDEN: also of another user's folder, which is left as it is; TH_E_IO.
 * `ret_fd`: close it to give the lock back.
 */
TH_MUST_CHECK int th_folder_own(const struct th_store_report *report, int *ret_fd);

/*
 * TH_E_CONFIG on a file system where the lock or the memory map cannot be trusted: NFS, SMB, 9P,
 * AFS, Ceph, FUSE and shared-disk ones. Containers keep their folders on overlay or tmpfs, so these
 * are accepted; of tmpfs, which does not survive a restart, the sentence warns.
 */
TH_MUST_CHECK int th_folder_check_filesystem(const struct th_store_report *report);
/* Of an open file: it is on a tmpfs, or nobody can tell. */
bool th_folder_is_in_memory(int fd);

/* STORE_ID is there exactly when data.mdb is not empty: gives its id. TH_E_NOT_FOUND: neither is
 * there; TH_E_CORRUPT: one of them; TH_E_IO. */
TH_MUST_CHECK int th_folder_check_files(const struct th_store_report *report,
                                        uint8_t ret_store_id[TH_STORE_ID_SIZE]);
/* Writes STORE_ID, the last act of making a store. TH_E_EXISTS, TH_E_IO. */
TH_MUST_CHECK int th_folder_finish(const char *folder, const uint8_t store_id[TH_STORE_ID_SIZE]);
/* 0 when no file of a store is there, OWNER excepted; TH_E_EXISTS; TH_E_IO: no such folder. */
TH_MUST_CHECK int th_folder_check_new(const char *folder);

#endif
