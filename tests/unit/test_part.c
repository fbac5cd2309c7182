/* SPDX-License-Identifier: Apache-2.0 */
#include "base/part.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/th_part_XXXXXX";
static char target[64], part[128];

/* What the file system lacks: errno of the call, 0 when it works. */
static int rename_errno;

int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    errno = rename_errno;
    return rename_errno != 0 ? -1 : __real_renameat2(from_fd, from, to_fd, to, flags);
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_gt(snprintf(target, sizeof target, "%s/dich", folder), 0);
    cr_assert_eq(th_part_name(target, getpid(), part, sizeof part), 0);
}

static void tear_down(void)
{
    (void)th_part_remove(part);
    (void)th_part_remove(folder);
}

TestSuite(part, .init = set_up, .fini = tear_down);

static bool is_there(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0;
}

static void make_file(const char *parent, const char *name)
{
    char path[256];
    cr_assert_gt(snprintf(path, sizeof path, "%s/%s", parent, name), 0);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(close(fd), 0);
}

/* With a file, and a folder with a file. */
static void make_part(const char *path)
{
    char inner[256];
    cr_assert_eq(mkdir(path, 0700), 0);
    make_file(path, "a");
    cr_assert_gt(snprintf(inner, sizeof inner, "%s/reports", path), 0);
    cr_assert_eq(mkdir(inner, 0700), 0);
    make_file(inner, "b");
}

/* The id of a process that was and is no more. */
static pid_t gone(void)
{
    const pid_t child = fork();
    if (child == 0)
        _exit(0);
    cr_assert_gt(child, 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    return child;
}

Test(part, slashes_at_the_end_are_not_of_the_name)
{
    char slashed[80], same[128];
    cr_assert_gt(snprintf(slashed, sizeof slashed, "%s//", target), 0);
    cr_assert_eq(th_part_name(slashed, getpid(), same, sizeof same), 0);
    cr_assert_str_eq(same, part);
}

Test(part, a_name_without_room_or_of_nothing_is_refused)
{
    char small[sizeof part];
    cr_assert_eq(th_part_name(target, getpid(), small, strlen(part)), TH_E_LIMIT);
    cr_assert_eq(th_part_name(target, getpid(), small, strlen(part) + 1), 0);
    cr_assert_eq(th_part_name("", getpid(), small, sizeof small), TH_E_LIMIT);
}

Test(part, what_is_finished_has_its_name)
{
    make_part(part);
    cr_assert_eq(th_part_finish(part, target), 0);
    cr_assert(is_there(target));
    cr_assert_not(is_there(part));
}

static void check_taken(void)
{
    make_part(part);
    cr_assert_eq(mkdir(target, 0700), 0);
    cr_assert_eq(th_part_finish(part, target), TH_E_EXISTS);
    cr_assert(is_there(part));
    cr_assert_eq(rmdir(target), 0); /* as empty as it was */
}

Test(part, a_name_that_is_taken_stays_as_it_was)
{
    check_taken();
}

Test(part, a_file_system_without_the_promise_is_asked_first)
{
    rename_errno = EINVAL;
    check_taken();
    cr_assert_eq(th_part_finish(part, target), 0);
    cr_assert(is_there(target));
}

Test(part, another_failure_leaves_the_part_and_its_cause)
{
    make_part(part);
    rename_errno = EROFS;
    cr_assert_eq(th_part_finish(part, target), TH_E_IO);
    cr_assert_eq(errno, EROFS);
    cr_assert(is_there(part));
}

Test(part, all_of_it_goes_but_what_links_point_to)
{
    char link[256], deep[256];
    make_part(part);
    make_file(folder, "khac");
    cr_assert_gt(snprintf(link, sizeof link, "%s/reports/link", part), 0);
    cr_assert_eq(symlink(folder, link), 0);
    cr_assert_eq(th_part_remove(part), 0);
    cr_assert_not(is_there(part));
    cr_assert_gt(snprintf(deep, sizeof deep, "%s/khac", folder), 0);
    cr_assert(is_there(deep));
}

Test(part, what_is_deeper_is_not_ours_and_stays)
{
    char deep[256];
    make_part(part);
    cr_assert_gt(snprintf(deep, sizeof deep, "%s/reports/sau", part), 0);
    cr_assert_eq(mkdir(deep, 0700), 0);
    make_file(deep, "c");
    cr_assert_eq(th_part_remove(part), TH_E_IO);
    cr_assert(is_there(deep));
    cr_assert_eq(th_part_remove(deep), 0);
}

Test(part, only_names_of_processes_that_are_gone_are_left)
{
    char name[64];
    cr_assert_gt(snprintf(name, sizeof name, "x.part-%ld", (long)gone()), 0);
    cr_assert_eq(th_part_left(name), 1);
    cr_assert_gt(snprintf(name, sizeof name, "a.part-7.part-%ld", (long)getpid()), 0);
    cr_assert_eq(th_part_left(name), 8); /* its own: it has none yet */
    cr_assert_gt(snprintf(name, sizeof name, "x.part-%ld", (long)getppid()), 0);
    cr_assert_eq(th_part_left(name), 0);
    static const char *const others[] = {"x",         "x.part-",   "x.part-0",
                                         "x.part-+1", "x.part-1x", "x.part-99999999999999999999"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_assert_eq(th_part_left(others[i]), 0, "%s", others[i]);
}

Test(part, the_next_one_removes_what_is_left_of_its_target_alone)
{
    char left[128], other[128], busy[128], longer[80];
    const pid_t dead = gone();
    cr_assert_eq(th_part_name(target, dead, left, sizeof left), 0);
    cr_assert_eq(th_part_name(target, getppid(), busy, sizeof busy), 0);
    cr_assert_gt(snprintf(longer, sizeof longer, "%s2", target), 0);
    cr_assert_eq(th_part_name(longer, dead, other, sizeof other), 0);
    make_part(left);
    make_part(busy);
    make_part(other);
    th_part_clean(target);
    cr_assert_not(is_there(left));
    cr_assert(is_there(busy));
    cr_assert(is_there(other));
    cr_assert_eq(chdir(folder), 0); /* a target without a folder is in this one */
    th_part_clean("dich2/");
    cr_assert_not(is_there(other));
    cr_assert_eq(th_part_remove(busy), 0);
}
