/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "nodes/home/init.h"
#include "nodes/home/known.h"
#include "nodes/home/lock.h"
#include "proto/exchange/node_file.h"
#include "proto/wire/plan.h"
#include "tests/support/node_case.h"
#include "tests/support/wire_samples.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct th_node_case node;
static struct th_problems problems;
static struct th_arena arena;

static char synced[32][TH_HOME_PATH_SIZE]; /* whose entries were made durable */
static size_t synced_count;
static bool sync_fails;

int __real_th_file_sync_parent(const char *path);
int __wrap_th_file_sync_parent(const char *path);
int __real_th_file_make_folder(const char *path, mode_t mode);
int __wrap_th_file_make_folder(const char *path, mode_t mode);

static void note(const char *path)
{
    cr_assert_lt(synced_count, 32);
    (void)snprintf(synced[synced_count++], sizeof synced[0], "%s", path);
}

int __wrap_th_file_sync_parent(const char *path)
{
    note(path);
    return sync_fails ? TH_E_IO : __real_th_file_sync_parent(path);
}

int __wrap_th_file_make_folder(const char *path, mode_t mode)
{
    int status = __real_th_file_make_folder(path, mode);
    if (status == 0)
        note(path);
    return status == 0 && sync_fails ? TH_E_IO : status;
}

static bool was_synced(const char *path)
{
    for (size_t i = 0; i < synced_count; i++)
        if (strcmp(synced[i], path) == 0)
            return true;
    return false;
}

static void set_up(void)
{
    th_node_case_make(&node, TH_MODE_REHEARSAL, "tcp://127.0.0.1:7411");
    th_problems_init(&problems);
    th_arena_init(&arena, 1 << 16, 64 << 20);
}

static void tear_down(void)
{
    th_node_case_remove(&node);
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
}

TestSuite(node_home, .init = set_up, .fini = tear_down);

static const char *in_home(const char *name)
{
    static char path[TH_HOME_PATH_SIZE];
    cr_assert_eq(th_home_path(node.home_path, name, path), 0);
    return path;
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    cr_assert_eq(stat(path, &info), 0);
    return info.st_mode & 07777;
}

Test(node_home, init_makes_its_folders_durable)
{
    cr_assert(was_synced(node.home_path));
    cr_assert(was_synced(in_home("known")));
    cr_assert(was_synced(in_home("outbox")));
}

Test(node_home, init_fails_when_the_folder_cannot_be_made_durable)
{
    char other[TH_TEST_FOLDER_SIZE + 32];
    (void)snprintf(other, sizeof other, "%s/other", node.base);
    sync_fails = true;
    cr_assert_eq(th_home_init(other, "23734", node.server_path, &problems), TH_E_IO);
    cr_assert_gt(th_problems_total(&problems), 0);
}

Test(node_home, an_empty_folder_that_is_there_is_made_durable_too)
{
    char other[TH_TEST_FOLDER_SIZE + 32];
    (void)snprintf(other, sizeof other, "%s/other", node.base);
    cr_assert_eq(mkdir(other, 0755), 0);
    sync_fails = true;
    cr_assert_eq(th_home_init(other, "23734", node.server_path, &problems), TH_E_IO);
    sync_fails = false;
    cr_assert_eq(th_home_init(other, "23734", node.server_path, &problems), 0);
    cr_assert(was_synced(other));
    cr_assert_eq(mode_of(other), 0700);
}

Test(node_home, init_makes_a_folder_that_opens)
{
    struct th_home home;
    cr_assert_eq(th_home_open(node.home_path, &problems, &home), 0);
    cr_assert_str_eq(home.unit_code, "23734");
    cr_assert_str_eq(home.unit->name, "Phường Phù Đổng");
    cr_assert_eq(home.plans_count, 1);
    cr_assert_str_eq(home.plans[0].plan->id, "gialai-2025");
    cr_assert_str_eq(home.server.realm, node.province.server.realm);
    cr_assert_eq(home.server.mode, TH_MODE_REHEARSAL);
    cr_assert_eq(memcmp(home.server.curve_key, node.province.curve_key, 32), 0);
    th_home_close(&home);
}

Test(node_home, secrets_are_for_the_owner_only)
{
    cr_assert_eq(mode_of(node.home_path), 0700);
    cr_assert_eq(mode_of(in_home("node.key")), 0600);
    cr_assert_eq(mode_of(in_home("node.yaml")), 0600);
}

Test(node_home, node_pub_convinces_the_province)
{
    struct th_node_file file;
    cr_assert_eq(th_node_file_read(in_home("node.pub"), &problems, &file), 0);
    cr_assert_eq(th_node_file_verify(&file, node.province.server.realm, node.province.curve_secret),
                 0);
    cr_assert_str_eq(file.unit, "23734");
}

Test(node_home, init_does_not_write_over_a_folder)
{
    cr_assert_eq(th_home_init(node.home_path, "23734", node.server_path, &problems), TH_E_EXISTS);
    cr_assert_gt(th_problems_total(&problems), 0);
    cr_expect_eq(problems.items[0].line, 0, "a folder has no lines");
}

Test(node_home, a_folder_that_cannot_be_made_is_told_in_vietnamese_with_the_system_s_words)
{
    cr_assert_eq(th_home_init("/tmp/no/such/place", "23734", node.server_path, &problems), TH_E_IO);
    cr_assert_eq(problems.count, 1);
    cr_expect_str_eq(problems.items[0].message,
                     "không có tệp hoặc thư mục này (No such file or directory)");
}

Test(node_home, init_refuses_a_unit_that_is_not_in_the_list)
{
    char path[TH_TEST_FOLDER_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/other", node.base);
    cr_assert_eq(th_home_init(path, "99999", node.server_path, &problems), TH_E_NOT_FOUND);
    struct stat info;
    cr_assert_neq(stat(path, &info), 0, "nothing was made");
}

Test(node_home, a_key_that_others_can_read_is_refused)
{
    struct th_home_keys *keys;
    cr_assert_eq(chmod(in_home("node.key"), 0640), 0);
    cr_assert_eq(th_home_keys_read(in_home("node.key"), &problems, &keys), TH_E_CONFIG);
}

Test(node_home, a_damaged_key_file_is_refused)
{
    struct th_home_keys *keys;
    static const char *const damaged[] = {"", "not keys\n", "AAAA\nBBBB\n"};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        cr_assert_eq(th_file_write(in_home("node.key"), 0600, damaged[i], strlen(damaged[i])), 0);
        cr_assert_eq(th_home_keys_read(in_home("node.key"), &problems, &keys), TH_E_CONFIG);
    }
    char *text;
    size_t size;
    cr_assert_eq(th_home_keys_make(&keys), 0);
    cr_assert_eq(unlink(in_home("node.key")), 0);
    cr_assert_eq(th_home_keys_write(in_home("node.key"), keys), 0);
    th_home_keys_free(keys);
    cr_assert_eq(th_file_read(in_home("node.key"), 1000, &text, &size), 0);
    text[44] = '\r';
    cr_assert_eq(th_file_write(in_home("node.key"), 0600, text, size), 0);
    cr_assert_eq(th_home_keys_read(in_home("node.key"), &problems, &keys), TH_E_CONFIG);
    free(text);
}

Test(node_home, a_plan_that_arrives_replaces_the_one_of_its_id)
{
    struct th_plan plan = th_sample_plan();
    plan.title = "Tên mới";
    struct th_bytes content;
    struct th_known_news news;
    cr_assert_eq(th_wire_plan_encode(&plan, &arena, &content), 0);
    cr_assert_eq(th_home_learn_plan(node.home_path, content, &news), 0);
    cr_assert_str_eq(news.name, "gialai-2025");
    struct th_home home;
    cr_assert_eq(th_home_open(node.home_path, &problems, &home), 0);
    cr_assert_eq(home.plans_count, 1);
    cr_assert_str_eq(home.plans[0].plan->title, "Tên mới");
    cr_assert_eq(memcmp(&home.plans[0].digest, &news.digest, sizeof news.digest), 0);
    th_home_close(&home);
}

Test(node_home, what_does_not_decode_or_names_a_path_is_not_kept)
{
    struct th_known_news news;
    cr_assert_neq(
        th_home_learn_plan(node.home_path, (struct th_bytes){(const uint8_t *)"\x01", 1}, &news),
        0);
    struct th_plan plan = th_sample_plan();
    plan.id = "../../evil";
    struct th_bytes content;
    if (th_wire_plan_encode(&plan, &arena, &content) == 0)
        cr_assert_neq(th_home_learn_plan(node.home_path, content, &news), 0);
    struct th_home home;
    cr_assert_eq(th_home_open(node.home_path, &problems, &home), 0);
    th_home_close(&home);
}

Test(node_home, units_without_this_one_are_not_kept)
{
    uint32_t count;
    const struct th_unit *units = th_sample_units(&count);
    struct th_bytes content;
    struct th_known_news news;
    cr_assert_eq(th_wire_units_encode(units, 1, &arena, &content), 0);
    cr_assert_eq(th_home_learn_units(node.home_path, "23734", content, &news), TH_E_NOT_FOUND);
}

Test(node_home, one_process_at_a_time_runs_a_node)
{
    int lock, second;
    long owner = 0;
    cr_assert_not(th_home_is_running(node.home_path, &owner));
    cr_assert_eq(th_home_lock(node.home_path, &lock, &owner), 0);
    cr_assert_eq(th_home_lock(node.home_path, &second, &owner), TH_E_BUSY);
    cr_assert_eq(owner, (long)getpid());
    cr_assert(th_home_is_running(node.home_path, &owner));
    th_home_unlock(lock);
    cr_assert_eq(th_home_lock(node.home_path, &lock, &owner), 0);
    th_home_unlock(lock);
}

Test(node_home, a_plan_is_found_by_id_or_when_it_is_the_only_one)
{
    struct th_home home;
    const struct th_home_plan *plan;
    cr_assert_eq(th_home_open(node.home_path, &problems, &home), 0);
    cr_assert_eq(th_home_find_plan(&home, "", &plan), 0);
    cr_assert_eq(th_home_find_plan(&home, "gialai-2025", &plan), 0);
    cr_assert_eq(th_home_find_plan(&home, "other", &plan), TH_E_NOT_FOUND);
    th_home_close(&home);
}

Test(node_home, a_node_yaml_with_an_unknown_key_is_refused_with_its_line)
{
    char *text;
    size_t size;
    cr_assert_eq(th_file_read(in_home("node.yaml"), 9000, &text, &size), 0);
    FILE *file = fopen(in_home("node.yaml"), "a");
    cr_assert_not_null(file);
    (void)fputs("colour: red\n", file);
    (void)fclose(file);
    free(text);
    struct th_home home;
    cr_assert_neq(th_home_open(node.home_path, &problems, &home), 0);
    cr_assert_gt(problems.items[0].line, 1);
}
