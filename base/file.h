/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small whole files: read with a limit, written entirely or not at all.
 *
 * No state. Thread-safe, but a file is written by one thread at a time: what is not whole yet
 * stands beside it, in a file that is named after it and the process.
 */
#ifndef TH_BASE_FILE_H
#define TH_BASE_FILE_H

#include "base/status.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Returns owned bytes (free) with a NUL behind them. TH_E_NOT_FOUND; TH_E_IO: cannot be read, with
 * errno left as the cause, or no regular file, with errno 0; TH_E_LIMIT: more than `size_max`
 * bytes; TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_file_read(const char *path, size_t size_max, char **ret_bytes,
                               size_t *ret_size);

/*
 * Replaces the file: a temporary one beside it, fsync, rename, fsync of the folder. After a crash
 * there is the old file or the new one. TH_E_IO, with errno left as the cause.
 */
TH_MUST_CHECK int th_file_write(const char *path, mode_t mode, const void *bytes, size_t size);

/* The same for a file that must not exist yet. TH_E_EXISTS. On a file system without hard links and
 * RENAME_NOREPLACE, a crash may leave a part of it. */
TH_MUST_CHECK int th_file_create(const char *path, mode_t mode, const void *bytes, size_t size);
/* A folder whose entry in its parent is durable when this returns. TH_E_EXISTS; TH_E_IO, with errno
 * left as the cause. */
TH_MUST_CHECK int th_file_make_folder(const char *path, mode_t mode);

/* Bytes of a path without the slashes at its end; of "/" one. */
size_t th_file_plain_size(const char *path);

/* Makes the entry of a file or folder that was just made durable: fsync of the folder it is in.
 * TH_E_IO, with errno left as the cause. */
TH_MUST_CHECK int th_file_sync_parent(const char *path);

#endif
