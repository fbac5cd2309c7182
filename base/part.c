/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* renameat2 */
#include "base/part.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK  ".part-"
#define DEPTH 2 /* the folder and those in it */

int th_part_name(const char *target, pid_t owner, char *ret_part, size_t size)
{
    const size_t target_size = th_file_plain_size(target);
    if (target_size == 0 || target_size >= size || target_size > INT_MAX)
        return TH_E_LIMIT;
    int made = snprintf(ret_part, size, "%.*s" MARK "%ld", (int)target_size, target, (long)owner);
    return made < 0 || (size_t)made >= size ? TH_E_LIMIT : 0;
}

static int give_name(const char *part, const char *target)
{
    struct stat found;
    if (renameat2(AT_FDCWD, part, AT_FDCWD, target, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    /* A file system without that flag: a folder never replaces one that has files. */
    if (lstat(target, &found) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(part, target);
}

int th_part_finish(const char *part, const char *target)
{
    if (give_name(part, target) != 0)
        return errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR ? TH_E_EXISTS : TH_E_IO;
    return th_file_sync_parent(target);
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int remove_at(int parent, const char *name, unsigned depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    int status = 0;
    if (folder == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return TH_E_IO;
    }
    for (const struct dirent *item = readdir(folder); item != NULL; item = readdir(folder))
        if (!is_dots(item->d_name) && unlinkat(fd, item->d_name, 0) != 0 &&
            (depth == 1 || remove_at(fd, item->d_name, depth - 1) != 0))
            status = TH_E_IO;
    (void)closedir(folder);
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? status : TH_E_IO;
}

int th_part_remove(const char *part)
{
    return remove_at(AT_FDCWD, part, DEPTH);
}

size_t th_part_left(const char *item)
{
    const char *mark = NULL;
    char *end;
    for (const char *next = item; (next = strstr(next, MARK)) != NULL; next++)
        mark = next; /* the last one: the target may be named so itself */
    if (mark == NULL)
        return 0;
    const char *digits = mark + sizeof MARK - 1;
    if (digits[0] < '1' || digits[0] > '9')
        return 0;
    errno = 0;
    long pid = strtol(digits, &end, 10);
    if (errno != 0 || *end != '\0' || pid > INT_MAX)
        return 0;
    bool is_gone = pid == (long)getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
    return is_gone ? (size_t)(mark - item) : 0;
}

static DIR *open_parent(const char *target, size_t name_at)
{
    if (name_at == 0)
        return opendir(".");
    char *parent = strndup(target, name_at);
    DIR *folder = parent == NULL ? NULL : opendir(parent);
    free(parent);
    return folder;
}

void th_part_clean(const char *target)
{
    const size_t size = th_file_plain_size(target);
    size_t name_at = size;
    while (name_at > 0 && target[name_at - 1] != '/')
        name_at--;
    DIR *folder = open_parent(target, name_at);
    if (folder == NULL)
        return;
    for (const struct dirent *item = readdir(folder); item != NULL; item = readdir(folder))
        if (size > name_at && th_part_left(item->d_name) == size - name_at &&
            memcmp(item->d_name, target + name_at, size - name_at) == 0)
            (void)remove_at(dirfd(folder), item->d_name, DEPTH);
    (void)closedir(folder);
}
