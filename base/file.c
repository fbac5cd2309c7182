/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* renameat2 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4352 /* PATH_MAX and the ending of a temporary name */

static int read_all(int fd, size_t size_max, char **ret_bytes, size_t *ret_size)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0)
        return TH_E_IO;
    errno = 0; /* what follows is no failure of the system's */
    if (!S_ISREG(stat.st_mode))
        return TH_E_IO;
    if ((uintmax_t)stat.st_size > size_max)
        return TH_E_LIMIT;
    size_t capacity = (size_t)stat.st_size;
    char *bytes = malloc(capacity + 1);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    size_t size = 0;
    while (size < capacity) {
        ssize_t got = read(fd, bytes + size, capacity - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(bytes);
            return TH_E_IO;
        }
        if (got == 0)
            break; /* it shrank while we read */
        size += (size_t)got;
    }
    bytes[size] = '\0';
    *ret_bytes = bytes;
    *ret_size = size;
    return TH_OK;
}

int th_file_read(const char *path, size_t size_max, char **ret_bytes, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? TH_E_NOT_FOUND : TH_E_IO;
    int status = read_all(fd, size_max, ret_bytes, ret_size);
    int cause = errno;
    close(fd);
    errno = cause;
    return status;
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return TH_E_IO;
        bytes += put;
        size -= (size_t)put;
    }
    return fsync(fd) == 0 ? TH_OK : TH_E_IO;
}

int th_file_sync_parent(const char *path)
{
    char folder[PATH_SIZE];
    size_t size = strlen(path);
    while (size > 0 && path[size - 1] == '/')
        size--; /* a folder may be named so */
    while (size > 0 && path[size - 1] != '/')
        size--;
    if (size >= sizeof(folder)) {
        errno = ENAMETOOLONG;
        return TH_E_IO;
    }
    memcpy(folder, path, size);
    folder[size] = '\0';
    int fd = open(size == 0 ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return TH_E_IO;
    int status = fsync(fd) == 0 ? TH_OK : TH_E_IO;
    int cause = errno;
    close(fd);
    errno = cause;
    return status;
}

/* A new file with these bytes, on the disk; nothing when it fails, with errno left as the cause. */
static int write_new(const char *path, mode_t mode, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return errno == EEXIST ? TH_E_EXISTS : TH_E_IO;
    int status = write_all(fd, bytes, size);
    int cause = errno;
    if (close(fd) != 0 && status == TH_OK) {
        status = TH_E_IO;
        cause = errno;
    }
    if (status != TH_OK)
        unlink(path);
    errno = cause;
    return status;
}

static bool is_lacking(int cause)
{
    return cause == EPERM || cause == EOPNOTSUPP || cause == ENOSYS || cause == EINVAL;
}

/* Gives the temporary file its name unless that is taken. FAT and exFAT, as on sticks, have no hard
 * links, and some drivers rename without flags only: then the name is written directly. */
static int place(const char *temporary, const char *path, mode_t mode, const void *bytes,
                 size_t size)
{
    int placed = link(temporary, path);
    if (placed != 0 && errno != EINVAL && is_lacking(errno)) {
        placed = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);
        if (placed != 0 && is_lacking(errno))
            return write_new(path, mode, bytes, size);
    }
    if (placed == 0)
        return TH_OK;
    return errno == EEXIST ? TH_E_EXISTS : TH_E_IO;
}

static int write_beside(const char *path, mode_t mode, const void *bytes, size_t size, bool replace)
{
    char temporary[PATH_SIZE];
    int length = snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof(temporary)) {
        errno = ENAMETOOLONG;
        return TH_E_IO;
    }
    unlink(temporary); /* of a process with our id that crashed */
    int status = write_new(temporary, mode, bytes, size);
    if (status != TH_OK)
        return TH_E_IO;
    if (replace)
        status = rename(temporary, path) == 0 ? TH_OK : TH_E_IO;
    else
        status = place(temporary, path, mode, bytes, size);
    int cause = errno;
    if (status != TH_OK || !replace)
        unlink(temporary);
    errno = cause;
    return status == TH_OK ? th_file_sync_parent(path) : status;
}

int th_file_write(const char *path, mode_t mode, const void *bytes, size_t size)
{
    return write_beside(path, mode, bytes, size, true);
}

int th_file_create(const char *path, mode_t mode, const void *bytes, size_t size)
{
    return write_beside(path, mode, bytes, size, false);
}

size_t th_file_plain_size(const char *path)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    return size;
}

int th_file_make_folder(const char *path, mode_t mode)
{
    char plain[PATH_SIZE];
    const size_t size = th_file_plain_size(path);
    if (size >= sizeof plain) {
        errno = ENAMETOOLONG;
        return TH_E_IO;
    }
    memcpy(plain, path, size);
    plain[size] = '\0';
    if (mkdir(plain, mode) != 0)
        return errno == EEXIST ? TH_E_EXISTS : TH_E_IO;
    return th_file_sync_parent(plain);
}
