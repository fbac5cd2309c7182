/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the store, and how many are kept. */
#include "tests/support/cli_case.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static struct cli_case fixture;

static void set_up(void)
{
    cli_case_init(&fixture);
}

static void tear_down(void)
{
    cli_case_deinit(&fixture);
}

TestSuite(cli_backup, .init = set_up, .fini = tear_down, .timeout = 60);

static int run(const char *line)
{
    return cli_case_run(&fixture, th_cli_backup, line);
}

static void expect_error(const char *part)
{
    cr_expect_not_null(strstr(fixture.err, part), "%s", fixture.err);
}

Test(cli_backup, a_copy_has_the_store_and_what_is_public_and_no_secret)
{
    uint64_t size = cli_case_size(&fixture);
    cr_assert_eq(run("backup @D @F/copy --json"), EX_OK, "%s", fixture.err);
    json_t *answer = cli_case_json(&fixture);
    cr_expect_eq(json_integer_value(json_object_get(answer, "size")), (json_int_t)size);
    cr_expect_gt(json_integer_value(json_object_get(answer, "bytes")), 0);
    json_decref(answer);
    cr_expect(cli_case_has(&fixture, "copy/data.mdb"));
    cr_expect(cli_case_has(&fixture, "copy/config.yaml"));
    cr_expect(cli_case_has(&fixture, "copy/server.yaml"));
    cr_expect(cli_case_has(&fixture, "copy/log-keys.yaml"));
    cr_expect(!cli_case_has(&fixture, "copy/secrets"));
    cr_expect(!cli_case_has(&fixture, "copy/CHECKPOINT"));
}

Test(cli_backup, it_says_that_the_secrets_are_not_in_it)
{
    cr_assert_eq(run("backup @D @F/copy"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "secrets/"), "%s", fixture.out);
}

/* A process that has the store open for writing, as a daemon does. */
static pid_t start_owner(void)
{
    int ready[2];
    char byte = 0;
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct th_store *store;
        if (th_store_open(fixture.store, TH_STORE_WRITE, NULL, NULL, &store) == 0 &&
            write(ready[1], "+", 1) == 1)
            (void)pause();
        _exit(1);
    }
    cr_assert_gt(child, 0);
    (void)close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    return child;
}

Test(cli_backup, it_works_while_another_process_has_the_store)
{
    pid_t owner = start_owner();
    int code = run("backup @D @F/copy");
    (void)kill(owner, SIGKILL);
    (void)waitpid(owner, NULL, 0);
    cr_expect_eq(code, EX_OK, "%s", fixture.err);
}

Test(cli_backup, a_target_that_is_there_is_left_alone)
{
    cr_assert_eq(mkdir(cli_case_path(&fixture, "copy"), 0700), 0);
    cr_expect_eq(run("backup @D @F/copy"), EX_CANTCREAT);
    expect_error("cách sửa");
    cr_expect(!cli_case_has(&fixture, "copy/data.mdb"));
    cr_expect_eq(run("backup @F/none @F/other"), EX_NOINPUT);
}

static void make_older(const char *name)
{
    char path[64];
    (void)snprintf(path, sizeof path, "copies/%s", name);
    cr_assert_eq(mkdir(cli_case_path(&fixture, path), 0700), 0);
    (void)snprintf(path, sizeof path, "copies/%s/STORE_ID", name);
    cli_case_copy(&fixture, "store/STORE_ID", path);
    (void)snprintf(path, sizeof path, "copies/%s/data.mdb", name);
    cli_case_write(&fixture, path, "x", 1);
}

static unsigned count_copies(void)
{
    unsigned count = 0;
    DIR *folder = opendir(cli_case_path(&fixture, "copies"));
    const struct dirent *item;
    while ((item = readdir(folder)) != NULL)
        count += item->d_name[0] != '.' ? 1 : 0;
    (void)closedir(folder);
    return count;
}

Test(cli_backup, the_oldest_copies_go_when_a_new_one_is_verified)
{
    cr_assert_eq(mkdir(cli_case_path(&fixture, "copies"), 0700), 0);
    make_older("20240101-000000");
    make_older("20240102-000000");
    make_older("20240103-000000");
    cr_assert_eq(run("backup @D @F/copies --keep 2"), EX_OK, "%s", fixture.err);
    cr_expect(!cli_case_has(&fixture, "copies/20240101-000000"));
    cr_expect(!cli_case_has(&fixture, "copies/20240102-000000"));
    cr_expect(cli_case_has(&fixture, "copies/20240103-000000"));
    cr_expect_eq(count_copies(), 2);
}

Test(cli_backup, the_new_copy_stays_when_the_others_are_named_after_tomorrow)
{
    cr_assert_eq(mkdir(cli_case_path(&fixture, "copies"), 0700), 0);
    make_older("29990101-000000");
    make_older("29990102-000000");
    cr_assert_eq(run("backup @D @F/copies --keep 2"), EX_OK, "%s", fixture.err);
    cr_expect(!cli_case_has(&fixture, "copies/29990101-000000"));
    cr_expect(cli_case_has(&fixture, "copies/29990102-000000"));
    cr_expect_eq(count_copies(), 2);
}

Test(cli_backup, what_killed_backups_left_goes_with_the_next)
{
    char dead[64], living[64];
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    (void)waitpid(child, NULL, 0);
    (void)snprintf(dead, sizeof dead, "20240101-000000.part-%d", (int)child);
    (void)snprintf(living, sizeof living, "20240101-000000.part-%d", (int)getppid());
    cr_assert_eq(mkdir(cli_case_path(&fixture, "copies"), 0700), 0);
    make_older(dead);
    make_older(living);
    make_older("ghi-chu.part-1");
    cr_assert_eq(run("backup @D @F/copies --keep 1"), EX_OK, "%s", fixture.err);
    cr_expect_eq(count_copies(), 3);
    (void)snprintf(dead, sizeof dead, "copies/20240101-000000.part-%d", (int)child);
    cr_expect(!cli_case_has(&fixture, dead));
}

Test(cli_backup, a_copy_with_a_folder_in_it_stays_whole)
{
    cr_assert_eq(mkdir(cli_case_path(&fixture, "copies"), 0700), 0);
    make_older("20240101-000000");
    cr_assert_eq(mkdir(cli_case_path(&fixture, "copies/20240101-000000/giu"), 0700), 0);
    cr_expect_neq(run("backup @D @F/copies --keep 1"), EX_OK);
    expect_error("20240101-000000");
    cr_expect(cli_case_has(&fixture, "copies/20240101-000000/data.mdb"));
    cr_expect_eq(count_copies(), 2);
}

Test(cli_backup, copies_of_another_store_and_other_folders_stay)
{
    cr_assert_eq(mkdir(cli_case_path(&fixture, "copies"), 0700), 0);
    make_older("20240101-000000");
    cli_case_write(&fixture, "copies/20240101-000000/STORE_ID", "other\n", 6);
    make_older("ghi-chu-2024");
    cr_assert_eq(run("backup @D @F/copies --keep 1"), EX_OK, "%s", fixture.err);
    cr_expect(cli_case_has(&fixture, "copies/20240101-000000"));
    cr_expect(cli_case_has(&fixture, "copies/ghi-chu-2024"));
}

Test(cli_backup, a_damaged_store_makes_no_copy_and_removes_none)
{
    size_t size;
    cr_assert_eq(mkdir(cli_case_path(&fixture, "copies"), 0700), 0);
    make_older("20240101-000000");
    make_older("20240102-000000");
    char *bytes = cli_case_read(&fixture, "store/data.mdb", &size);
    memset(bytes + 8192, 0x5a, size - 8192);
    cli_case_write(&fixture, "store/data.mdb", bytes, size);
    free(bytes);
    cr_expect_eq(run("backup @D @F/copies --keep 1"), EX_SOFTWARE);
    cr_expect_eq(count_copies(), 2);
}

Test(cli_backup, wrong_lines_are_told)
{
    cr_expect_eq(run("backup @D @F/copies --keep 0"), EX_USAGE);
    cr_expect_eq(run("backup @D @F/copies --keep x"), EX_USAGE);
    cr_expect_eq(run("backup @D"), EX_USAGE);
    cr_expect_eq(run("backup @D @F/none --keep 2"), EX_CANTCREAT);
    expect_error("mkdir");
}
