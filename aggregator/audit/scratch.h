/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for a store that is made again and thrown away. Private. */
#ifndef TH_AUDIT_SCRATCH_H
#define TH_AUDIT_SCRATCH_H

#include "base/status.h"

#include <signal.h>

#define TH_SCRATCH_PATH_SIZE 4096

/* An empty folder of our own (mode 0700) below $TMPDIR, or /tmp. TH_E_IO; TH_E_LIMIT: the name is
 * too long. */
TH_MUST_CHECK int th_scratch_make(char ret_path[TH_SCRATCH_PATH_SIZE]);
/* SIGINT, SIGTERM and SIGHUP wait from before a folder is made until after it is removed, so that
 * none of them leaves it behind; th_reader_run() sees them all the same. */
void th_scratch_hold(sigset_t *ret_before);
void th_scratch_release(const sigset_t *before);

/* With the files in it; it has no folders. What is not there is no failure. */
void th_scratch_remove(const char *path);

#endif
