/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/th_file_XXXXXX";
static char path[64];

/* What the file system lacks: errno of the call, 0 when it works. */
static int link_errno, rename_errno;
static int writes_left = -1;  /* until the disk is full; negative: never */
static char synced[PATH_MAX]; /* by the last fsync */

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_link(const char *from, const char *to)
{
    errno = link_errno;
    return link_errno != 0 ? -1 : __real_link(from, to);
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    errno = rename_errno;
    return rename_errno != 0 ? -1 : __real_renameat2(from_fd, from, to_fd, to, flags);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    errno = ENOSPC;
    if (writes_left == 0)
        return -1;
    writes_left -= writes_left > 0;
    return __real_write(fd, bytes, size);
}

int __wrap_fsync(int fd)
{
    char name[64];
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(name, synced, sizeof(synced) - 1);
    synced[size < 0 ? 0 : size] = '\0';
    return __real_fsync(fd);
}

static void make_folder(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/a", folder);
}

static void remove_folder(void)
{
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "something was left in the folder");
}

TestSuite(file, .init = make_folder, .fini = remove_folder);

static void expect_content(const char *expected)
{
    char *bytes;
    size_t size;
    cr_assert_eq(th_file_read(path, 100, &bytes, &size), 0);
    cr_expect_eq(size, strlen(expected));
    cr_expect_str_eq(bytes, expected);
    free(bytes);
}

Test(file, what_was_written_is_read)
{
    cr_assert_eq(th_file_write(path, 0600, "abc", 3), 0);
    expect_content("abc");
}

Test(file, the_mode_is_the_one_asked_for)
{
    cr_assert_eq(th_file_write(path, 0600, "abc", 3), 0);
    struct stat stat_;
    cr_assert_eq(stat(path, &stat_), 0);
    cr_expect_eq(stat_.st_mode & 0777, 0600);
}

Test(file, writing_again_replaces)
{
    cr_assert_eq(th_file_write(path, 0600, "abc", 3), 0);
    cr_assert_eq(th_file_write(path, 0600, "d", 1), 0);
    expect_content("d");
}

Test(file, creating_never_replaces)
{
    cr_assert_eq(th_file_create(path, 0600, "abc", 3), 0);
    cr_expect_eq(th_file_create(path, 0600, "d", 1), TH_E_EXISTS);
    expect_content("abc");
}

static const int lacking[] = {EPERM, EOPNOTSUPP, ENOSYS};

Test(file, creating_works_without_hard_links)
{
    for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
        link_errno = lacking[i];
        cr_assert_eq(th_file_create(path, 0600, "abc", 3), 0);
        cr_expect_eq(th_file_create(path, 0600, "d", 1), TH_E_EXISTS);
        expect_content("abc");
        cr_assert_eq(unlink(path), 0);
    }
}

Test(file, creating_works_without_hard_links_and_careful_renames)
{
    static const int none[] = {EINVAL, ENOSYS, EOPNOTSUPP};
    link_errno = EPERM;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        rename_errno = none[i];
        cr_assert_eq(th_file_create(path, 0600, "abc", 3), 0);
        cr_expect_eq(th_file_create(path, 0600, "d", 1), TH_E_EXISTS);
        expect_content("abc");
        cr_assert_eq(unlink(path), 0);
    }
}

Test(file, a_create_that_fails_on_a_simple_file_system_leaves_nothing)
{
    link_errno = EPERM;
    rename_errno = EINVAL;
    writes_left = 1; /* the temporary file is written, the target is not */
    cr_expect_eq(th_file_create(path, 0600, "abc", 3), TH_E_IO);
    cr_expect_eq(errno, ENOSPC);
    cr_expect_neq(access(path, F_OK), 0);
}

Test(file, a_link_that_fails_for_another_reason_is_an_error)
{
    link_errno = EDQUOT;
    cr_expect_eq(th_file_create(path, 0600, "abc", 3), TH_E_IO);
    cr_expect_eq(errno, EDQUOT);
}

Test(file, a_file_above_the_limit_is_refused)
{
    char *bytes = NULL;
    size_t size;
    cr_assert_eq(th_file_write(path, 0600, "abcd", 4), 0);
    cr_expect_eq(th_file_read(path, 3, &bytes, &size), TH_E_LIMIT);
    cr_expect_null(bytes);
    cr_expect_eq(th_file_read(path, 4, &bytes, &size), 0);
    free(bytes);
}

Test(file, a_missing_file_is_not_found)
{
    char *bytes;
    size_t size;
    cr_expect_eq(th_file_read(path, 3, &bytes, &size), TH_E_NOT_FOUND);
}

Test(file, a_folder_is_no_file)
{
    char *bytes;
    size_t size;
    cr_expect_eq(th_file_read(folder, 3, &bytes, &size), TH_E_IO);
}

static void expect_synced(const char *named, const char *expected)
{
    synced[0] = '\0';
    cr_assert_eq(th_file_sync_parent(named), 0);
    cr_expect_str_eq(synced, expected, "%s", named);
}

Test(file, the_parent_is_the_folder_that_has_the_entry)
{
    char here[PATH_MAX], other[80];
    expect_synced(path, folder);
    snprintf(other, sizeof(other), "%s/none//", folder);
    expect_synced(other, folder);
    expect_synced("/tmp", "/");
    cr_assert_not_null(getcwd(here, sizeof(here)));
    expect_synced("none", here);
    expect_synced("none/", here);
    snprintf(other, sizeof(other), "%s/none/a", folder);
    cr_expect_eq(th_file_sync_parent(other), TH_E_IO);
}

Test(file, a_missing_folder_is_an_error_and_leaves_nothing)
{
    char other[80];
    snprintf(other, sizeof(other), "%s/none/a", folder);
    cr_expect_eq(th_file_write(other, 0600, "abc", 3), TH_E_IO);
}

Test(file, a_new_folder_is_durable_in_its_parent)
{
    char with_slashes[80];
    synced[0] = '\0';
    cr_assert_eq(th_file_make_folder(path, 0700), 0);
    cr_assert_str_eq(synced, folder);
    cr_assert_eq(th_file_make_folder(path, 0700), TH_E_EXISTS);
    rmdir(path);
    synced[0] = '\0';
    snprintf(with_slashes, sizeof with_slashes, "%s//", path);
    cr_assert_eq(th_file_make_folder(with_slashes, 0700), 0);
    cr_assert_str_eq(synced, folder, "the parent, not the folder itself");
    rmdir(path);
    snprintf(with_slashes, sizeof with_slashes, "%s/no/such", path);
    cr_assert_eq(th_file_make_folder(with_slashes, 0700), TH_E_IO);
}
