/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator's write commands bring into a store, hand out, and say when they refuse. */
#include "aggregator/cli/write.h"
#include "nodes/home/init.h"
#include "proto/exchange/server_file.h"
#include "proto/wire/plan.h"
#include "tests/support/folder.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

typedef int command(int argc, char **argv, FILE *out, FILE *err);

static char folder[64], store[128];
static char *out_text, *err_text;
static size_t out_size, err_size;

static void drop_texts(void)
{
    free(out_text);
    free(err_text);
    out_text = err_text = NULL;
}

/* Words after the program, separated by a blank. The exit code. */
static int run(command *command, const char *line)
{
    char words[1024], *argv[24];
    int argc = 0;
    (void)snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    drop_texts();
    FILE *out = open_memstream(&out_text, &out_size), *err = open_memstream(&err_text, &err_size);
    int code = command(argc, argv, out, err);
    (void)fclose(out);
    (void)fclose(err);
    return code;
}

/* The same with one %s for the store and, perhaps, a second word. */
static int run_on(command *command, const char *format, const char *word)
{
    char line[1024], *at;
    (void)snprintf(line, sizeof line, "%s", format);
    while ((at = strchr(line, '@')) != NULL) {
        char rest[512];
        (void)snprintf(rest, sizeof rest, "%s", at + 2);
        (void)snprintf(at, sizeof line - (size_t)(at - line), "%s%s", at[1] == 'D' ? store : word,
                       rest);
    }
    return run(command, line);
}

static const char *write_text(const char *name, const char *text)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
    return path;
}

static int import(const char *text)
{
    return run_on(th_cli_units, "units import @D @W", write_text("units.csv", text));
}

static void set_up(void)
{
    cr_assert_geq(sodium_init(), 0);
    strcpy(folder, "/tmp/tonghop-acts-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(store, sizeof store, "%s/store", folder);
    cr_assert_eq(run_on(th_cli_init,
                        "init @D --rehearsal --units plans/units/gialai-2024.csv --plan "
                        "plans/gialai-2025.yaml",
                        ""),
                 EX_OK);
}

static void tear_down(void)
{
    drop_texts();
    th_test_folder_remove(folder);
}

TestSuite(cli_acts, .init = set_up, .fini = tear_down, .timeout = 60);

/* Makes a node's folder with server.yaml as it is now; returns the path of its node.pub. */
static const char *make_node(const char *name, const char *unit)
{
    static char path[256];
    char home[192], server[192];
    struct th_problems problems;
    (void)snprintf(home, sizeof home, "%s/%s", folder, name);
    (void)snprintf(server, sizeof server, "%s/server.yaml", store);
    th_problems_init(&problems);
    cr_assert_eq(th_home_init(home, unit, server, &problems), 0, "%s",
                 problems.count > 0 ? problems.items[0].message : "");
    th_problems_deinit(&problems);
    (void)snprintf(path, sizeof path, "%s/node.pub", home);
    return path;
}

static void read_server(struct th_arena *arena, struct th_server_file *ret_server)
{
    char path[192];
    struct th_problems problems;
    (void)snprintf(path, sizeof path, "%s/server.yaml", store);
    th_problems_init(&problems);
    cr_assert_eq(th_server_file_read(path, arena, &problems, ret_server), 0);
    th_problems_deinit(&problems);
}

static void read_handout(struct th_arena *arena, uint32_t *ret_units, size_t *ret_plans)
{
    struct th_server_file server;
    struct th_unit *units;
    read_server(arena, &server);
    cr_assert_eq(th_wire_units_decode(server.units, arena, &units, ret_units), 0);
    *ret_plans = server.plans_count;
}

static void expect_handout(uint32_t units, size_t plans)
{
    struct th_arena arena;
    uint32_t units_count;
    size_t plans_count;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    read_handout(&arena, &units_count, &plans_count);
    cr_expect_eq(units_count, units);
    cr_expect_eq(plans_count, plans);
    th_arena_deinit(&arena);
}

#define HEADER "code,name,kind,parent,valid_from,valid_to,external_id\n"
#define UNITS  269 /* of plans/units/gialai-2024.csv */

/* ---- units import, server.yaml ---- */

Test(cli_acts, an_imported_unit_finds_its_parent_in_the_store_and_can_make_a_node)
{
    expect_handout(UNITS, 1);
    cr_assert_eq(import(HEADER "64-moi,Sở Mới,so,64,,,\n"), EX_OK, "%s", err_text);
    cr_expect_not_null(strstr(out_text, "server.yaml"));
    expect_handout(UNITS + 1, 1);
    (void)make_node("n1", "64-moi");
}

Test(cli_acts, an_import_that_contradicts_changes_nothing_and_says_where)
{
    cr_assert_eq(import(HEADER "64-moi,Sở Mới,so,64,,,\n64,Gia Rai,tinh,,,,\n"), EX_DATAERR);
    cr_expect_not_null(strstr(err_text, ":3:1: "), "%s", err_text);
    cr_expect_not_null(strstr(err_text, "“Gia Rai”"));
    cr_expect_not_null(strstr(err_text, "“Gia Lai”"));
    cr_expect_not_null(strstr(err_text, "cách sửa"));
    expect_handout(UNITS, 1);
}

Test(cli_acts, an_import_of_what_is_there_mends_a_lost_server_file)
{
    char path[192];
    (void)snprintf(path, sizeof path, "%s/server.yaml", store);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(run_on(th_cli_units, "units import @D plans/units/gialai-2024.csv", ""), EX_OK);
    expect_handout(UNITS, 1);
}

/* As docs/OPERATIONS.md says for a server behind another address: config.yaml is edited. */
static void listen_elsewhere(void)
{
    (void)write_text("store/config.yaml",
                     "aggregator: tonghop\nformat: 1\nlisten: \"tcp://10.1.2.3:7500\"\n"
                     "publish: \"tcp://10.1.2.3:7501\"\nverifiers: 2\nquota_per_second: 200\n"
                     "quota_burst: 2000\n");
}

static void expect_addresses(const char *address, const char *publish)
{
    struct th_arena arena;
    struct th_server_file server;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    read_server(&arena, &server);
    cr_expect_str_eq(server.address, address);
    cr_expect_str_eq(server.publish, publish);
    th_arena_deinit(&arena);
}

Test(cli_acts, a_server_file_written_anew_keeps_the_addresses_that_units_reach)
{
    listen_elsewhere();
    cr_assert_eq(import(HEADER "64-moi,Sở Mới,so,64,,,\n"), EX_OK, "%s", err_text);
    expect_handout(UNITS + 1, 1);
    expect_addresses("tcp://127.0.0.1:7411", "tcp://127.0.0.1:7412");
}

Test(cli_acts, without_a_good_server_file_the_addresses_are_those_of_the_configuration)
{
    listen_elsewhere();
    (void)write_text("store/server.yaml", "server: tonghop\nformat: 1\n");
    cr_assert_eq(import(HEADER "64-moi,Sở Mới,so,64,,,\n"), EX_OK, "%s", err_text);
    cr_expect_not_null(strstr(err_text, "server.yaml"), "%s", err_text);
    expect_addresses("tcp://10.1.2.3:7500", "tcp://10.1.2.3:7501");
}

Test(cli_acts, an_address_that_nobody_can_connect_to_is_not_handed_out)
{
    static const char *const given[] = {"--listen tcp://0.0.0.0:7411", "--publish tcp://*:7412",
                                        "--listen tcp://[::]:7411"};
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        char line[512];
        (void)snprintf(line, sizeof line,
                       "init %s/other --units plans/units/gialai-2024.csv --plan "
                       "plans/gialai-2025.yaml %s",
                       folder, given[i]);
        cr_expect_eq(run(th_cli_init, line), EX_USAGE, "%s", given[i]);
        cr_expect_not_null(strstr(err_text, "config.yaml"), "%s", err_text);
    }
}

Test(cli_acts, the_import_names_the_server_file_in_json)
{
    cr_assert_eq(run_on(th_cli_units, "units import @D @W --json",
                        write_text("units.csv", HEADER "64-moi,Sở Mới,so,64,,,\n")),
                 EX_OK);
    cr_expect_not_null(strstr(out_text, "\"server_file\""));
}

Test(cli_acts, ten_thousand_units_are_imported_in_less_than_two_seconds)
{
    char path[256];
    struct timespec before, after;
    (void)snprintf(path, sizeof path, "%s/many.csv", folder);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    (void)fputs(HEADER, file);
    for (int i = 0; i < 10000; i++)
        (void)fprintf(file, "64-%05d,Phòng số %d,phong,64,,,\n", i, i);
    (void)fclose(file);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    cr_assert_eq(run_on(th_cli_units, "units import @D @W", path), EX_OK, "%s", err_text);
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    expect_handout(UNITS + 10000, 1);
#ifndef __SANITIZE_ADDRESS__
    cr_expect_lt(after.tv_sec - before.tv_sec, 2);
#endif
}

/* ---- plan load ---- */

Test(cli_acts, a_loaded_plan_is_handed_out)
{
    cr_assert_eq(run_on(th_cli_units, "units import @D plans/units/quangngai-2025.csv", ""), EX_OK,
                 "%s", err_text);
    cr_assert_eq(run_on(th_cli_plan_load, "load @D plans/quangngai-2025.yaml", ""), EX_OK, "%s",
                 err_text);
    cr_expect_not_null(strstr(out_text, "server.yaml"));
    struct th_arena arena;
    uint32_t units;
    size_t plans;
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    read_handout(&arena, &units, &plans);
    cr_expect_eq(plans, 2);
    th_arena_deinit(&arena);
}

Test(cli_acts, the_same_plan_again_is_nothing_new)
{
    cr_assert_eq(run_on(th_cli_plan_load, "load @D plans/gialai-2025.yaml", ""), EX_OK);
    cr_expect_not_null(strstr(out_text, "đã có sẵn"));
    expect_handout(UNITS, 1);
}

Test(cli_acts, a_plan_without_its_territory_is_told_to_import_units)
{
    cr_assert_eq(run_on(th_cli_plan_load, "load @D plans/chiminh-2025.yaml", ""), EX_NOINPUT);
    cr_expect_not_null(strstr(err_text, "units import"), "%s", err_text);
}

/* ---- keys ---- */

Test(cli_acts, a_revoked_key_is_said_to_be_revoked_when_it_is_enrolled_again)
{
    const char *path = make_node("n1", "64-snv");
    cr_assert_eq(run_on(th_cli_enroll, "enroll @D 64-snv @W", path), EX_OK);
    cr_assert_eq(run_on(th_cli_enroll, "enroll @D 64-snv @W", path), EX_CANTCREAT);
    cr_expect_not_null(strstr(err_text, "đã được ghi danh từ trước"), "%s", err_text);
    cr_expect_null(strstr(err_text, "thu hồi"));
    cr_assert_eq(run_on(th_cli_revoke, "revoke @D 64-snv @W", path), EX_OK);
    cr_assert_eq(run_on(th_cli_enroll, "enroll @D 64-snv @W", path), EX_CANTCREAT);
    cr_expect_not_null(strstr(err_text, "đã bị thu hồi"), "%s", err_text);
    cr_expect_not_null(strstr(err_text, "tonghop-node init"), "%s", err_text);
}

Test(cli_acts, a_revocation_says_whether_the_key_is_unknown_gone_or_another_unit_s)
{
    const char *path = make_node("n1", "64-snv");
    cr_assert_eq(run_on(th_cli_revoke, "revoke @D 64-snv @W", path), EX_NOINPUT);
    cr_expect_not_null(strstr(err_text, "kho không có khóa này"), "%s", err_text);
    cr_assert_eq(run_on(th_cli_enroll, "enroll @D 64-snv @W", path), EX_OK);
    cr_assert_eq(run_on(th_cli_revoke, "revoke @D 23734 @W", path), EX_NOINPUT);
    cr_expect_not_null(strstr(err_text, "của đơn vị 64-snv"), "%s", err_text);
    cr_assert_eq(run_on(th_cli_revoke, "revoke @D 64-snv @W", path), EX_OK);
    cr_assert_eq(run_on(th_cli_revoke, "revoke @D 64-snv @W", path), EX_NOINPUT);
    cr_expect_not_null(strstr(err_text, "từ trước"), "%s", err_text);
}

/* ---- clock, folders ---- */

Test(cli_acts, a_clock_that_would_go_back_is_told_the_store_s_time)
{
    cr_assert_eq(run_on(th_cli_clock, "clock @D --to 2025-05-10", ""), EX_OK);
    cr_assert_eq(run_on(th_cli_clock, "clock @D --to 2025-03-10", ""), EX_DATAERR);
    cr_expect_not_null(strstr(err_text, "10/5/2025"), "%s", err_text);
    cr_expect_not_null(strstr(err_text, "cách sửa"), "%s", err_text);
}

Test(cli_acts, a_folder_without_a_store_is_named_once_with_a_remedy)
{
    cr_assert_eq(run(th_cli_units, "units import /tmp/no-such-store x.csv"), EX_NOINPUT);
    const char *first = strstr(err_text, "/tmp/no-such-store");
    cr_assert_not_null(first);
    cr_expect_null(strstr(first + 1, "/tmp/no-such-store"), "%s", err_text);
    cr_expect_not_null(strstr(err_text, "init"), "%s", err_text);
}

Test(cli_acts, init_in_a_folder_in_use_says_so_in_vietnamese)
{
    cr_assert_eq(run_on(th_cli_init,
                        "init @D --rehearsal --units plans/units/gialai-2024.csv --plan "
                        "plans/gialai-2025.yaml",
                        ""),
                 EX_CANTCREAT);
    cr_expect_not_null(strstr(err_text, "thư mục không trống (Directory not empty)"), "%s",
                       err_text);
}
