/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "tests/support/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void th_test_folder_make(char ret_path[TH_TEST_FOLDER_SIZE])
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(ret_path, TH_TEST_FOLDER_SIZE, "%.200s/tonghop-test-XXXXXX",
                   base == NULL ? "/tmp" : base);
    if (mkdtemp(ret_path) == NULL)
        abort();
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void th_test_folder_remove(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
