/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/home/lock.h"

#include "nodes/home/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static long read_owner(int file)
{
    char text[32] = "";
    ssize_t size = pread(file, text, sizeof text - 1, 0);
    return size <= 0 ? 0 : strtol(text, NULL, 10);
}

int th_home_lock(const char *folder, int *ret_lock, long *ret_owner)
{
    char path[TH_HOME_PATH_SIZE], text[32];
    int status = th_home_path(folder, "RUN", path);
    if (status != 0)
        return status;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return TH_E_IO;
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        bool is_taken = errno == EWOULDBLOCK;
        *ret_owner = read_owner(file);
        (void)close(file);
        return is_taken ? TH_E_BUSY : TH_E_IO;
    }
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(file, 0) != 0 || pwrite(file, text, (size_t)size, 0) != size) {
        (void)close(file);
        return TH_E_IO;
    }
    *ret_lock = file;
    return 0;
}

void th_home_unlock(int lock)
{
    (void)close(lock);
}
