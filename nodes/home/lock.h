/* SPDX-License-Identifier: Apache-2.0 */
/* One `run` per folder: a lock that the system frees when the process ends, however it ends. */
#ifndef TH_NODES_LOCK_H
#define TH_NODES_LOCK_H

#include "base/status.h"

#include <stdbool.h>

/* Locks FOLDER/RUN. TH_E_BUSY: another process runs here; its pid is in the file (0 when it cannot
 * be read). Otherwise as th_errno_status(), with errno left as the cause. */
TH_MUST_CHECK int th_home_lock(const char *folder, int *ret_lock, long *ret_owner);
void th_home_unlock(int lock);

/* True when some process holds the lock; asking does not disturb it. */
bool th_home_is_running(const char *folder, long *ret_owner);

#endif
