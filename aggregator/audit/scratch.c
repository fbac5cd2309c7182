/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* mkdtemp, unlinkat */
#include "aggregator/audit/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int th_scratch_make(char ret_path[TH_SCRATCH_PATH_SIZE])
{
    const char *base = getenv("TMPDIR");
    char path[TH_SCRATCH_PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/tonghop-audit-XXXXXX",
                        base == NULL || base[0] == '\0' ? "/tmp" : base);
    if (size < 0 || (size_t)size >= sizeof path)
        return TH_E_LIMIT;
    if (mkdtemp(path) == NULL)
        return TH_E_IO;
    memcpy(ret_path, path, (size_t)size + 1);
    return 0;
}

void th_scratch_hold(sigset_t *ret_before)
{
    sigset_t held;
    (void)sigemptyset(&held);
    (void)sigaddset(&held, SIGINT);
    (void)sigaddset(&held, SIGTERM);
    (void)sigaddset(&held, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &held, ret_before);
}

void th_scratch_release(const sigset_t *before)
{
    (void)sigprocmask(SIG_SETMASK, before, NULL);
}

void th_scratch_remove(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    for (const struct dirent *item = readdir(folder); item != NULL; item = readdir(folder))
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            (void)unlinkat(dirfd(folder), item->d_name, 0);
    (void)closedir(folder);
    (void)rmdir(path);
}
