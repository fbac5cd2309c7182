/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/failing_disk.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

bool th_disk_is_failing;

/* Stands before libc's, also for liblmdb. */
int fdatasync(int fd)
{
    if (!th_disk_is_failing)
        return (int)syscall(SYS_fdatasync, fd);
    errno = EIO;
    return -1;
}
