/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/th_file_XXXXXX";
static char path[64];

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

Test(file, a_missing_folder_is_an_error_and_leaves_nothing)
{
    char other[80];
    snprintf(other, sizeof(other), "%s/none/a", folder);
    cr_expect_eq(th_file_write(other, 0600, "abc", 3), TH_E_IO);
}
