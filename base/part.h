/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder that has its name only when it is whole.
 *
 * While it is made it is <target>.part-<pid>. Whoever fails removes it; one that was killed leaves
 * it, and the next that makes the same target removes those whose process is gone. A folder that is
 * to be removed can be named so first: then what bears its own name stays whole.
 *
 * No state. Thread-safe for different targets.
 */
#ifndef TH_BASE_PART_H
#define TH_BASE_PART_H

#include "base/status.h"

#include <stddef.h>
#include <sys/types.h>

/* What the folder is called while `owner` makes it. Slashes at the end of the target do not count.
 * TH_E_LIMIT: `size` bytes are too few. */
TH_MUST_CHECK int th_part_name(const char *target, pid_t owner, char *ret_part, size_t size);

/*
 * Gives it its name, which nothing may have, and makes its entry durable; what is in it is the
 * caller's to sync first. TH_E_EXISTS; TH_E_IO, with errno left as the cause, also when it has its
 * name and only its entry may not be on the disk: then the part is gone.
 */
TH_MUST_CHECK int th_part_finish(const char *part, const char *target);

/* Removes it with its files and those of the folders in it; deeper than that makes nobody. Links
 * are not followed. TH_E_IO: something is still there. */
int th_part_remove(const char *part);

/* Bytes of the name in "<name>.part-<pid>" of a process that is gone, or of this one: it has none
 * yet. 0: the item of a folder is no such one. */
size_t th_part_left(const char *item);

/* Removes what is left of this target. */
void th_part_clean(const char *target);

#endif
