/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* locks of open file descriptions */
#include "nodes/home/lock.h"

#include "base/errno_text.h"
#include "nodes/home/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
        return th_errno_status(errno);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(file, F_OFD_SETLK, &whole) != 0) {
        int error = errno;
        *ret_owner = read_owner(file);
        (void)close(file);
        errno = error;
        return error == EAGAIN || error == EACCES ? TH_E_BUSY : th_errno_status(error);
    }
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    errno = ENOSPC; /* what a short write leaves unsaid */
    if (ftruncate(file, 0) != 0 || pwrite(file, text, (size_t)size, 0) != size) {
        int error = errno;
        (void)close(file);
        errno = error;
        return th_errno_status(error);
    }
    *ret_lock = file;
    return 0;
}

void th_home_unlock(int lock)
{
    (void)close(lock);
}

bool th_home_is_running(const char *folder, long *ret_owner)
{
    char path[TH_HOME_PATH_SIZE];
    if (th_home_path(folder, "RUN", path) != 0)
        return false;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    bool is_taken = fcntl(file, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    *ret_owner = is_taken ? read_owner(file) : 0;
    (void)close(file);
    return is_taken;
}
