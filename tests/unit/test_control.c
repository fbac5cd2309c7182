/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/config.h"
#include "aggregator/shell/secrets.h"
#include "base/file.h"
#include "proto/wire/control.h"

#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct th_arena arena;
static struct th_problems problems;
static char folder[64];
static char path[128];

static void set_up(void)
{
    cr_assert_geq(sodium_init(), 0);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    strcpy(folder, "/tmp/tonghop-control-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void tear_down(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
}

TestSuite(control, .init = set_up, .fini = tear_down);

static const struct th_act acts[] = {
    {.kind = TH_ACT_LOAD_UNITS, .operator= {"an", 2}, .content = {(const uint8_t *)"u", 1}},
    {.kind = TH_ACT_ENROL,
     .operator= {"an", 2},
     .content = {(const uint8_t *)"p", 1},
     .unit = {"23734", 5},
     .sign_key = {{7}},
     .curve_key = {8}},
    {.kind = TH_ACT_REVOKE, .operator= {"an", 2}, .unit = {"23734", 5}, .sign_key = {{7}}},
    {.kind = TH_ACT_REVOKE,
     .operator= {"an", 2},
     .unit = {"23734", 5},
     .sign_key = {{7}},
     .to = {INT64_C(1746810000000)}},
    {.kind = TH_ACT_ROTATE, .operator= {"an", 2}, .content = {(const uint8_t *)"r", 1}},
    {.kind = TH_ACT_RECOVER, .operator= {"an", 2}, .content = {(const uint8_t *)"r", 1}},
    {.kind = TH_ACT_SET_CLOCK, .operator= {"an", 2}, .to = {INT64_C(1746810000000)}},
    {.kind = TH_ACT_END_RECOVERY, .operator= {"an", 2} },
     {
         .kind = TH_ACT_ACCEPT_CLOCK,
         .operator= {"an", 2} },
    };
enum { ACTS = sizeof acts / sizeof acts[0] };

Test(control, acts_come_back_as_they_were)
{
    struct th_bytes bytes;
    struct th_act *read = NULL;
    size_t count = 0;
    cr_assert_eq(th_wire_control_request_encode(acts, ACTS, &arena, &bytes), 0);
    cr_assert_eq(th_wire_control_request_decode(bytes, &arena, &read, &count), 0);
    cr_assert_eq(count, ACTS);
    for (size_t i = 0; i < ACTS; i++) {
        cr_assert_eq(read[i].kind, acts[i].kind);
        cr_assert_eq(read[i].unit.size, acts[i].unit.size);
        cr_assert_eq(read[i].content.size, acts[i].content.size);
        cr_assert_eq(memcmp(&read[i].sign_key, &acts[i].sign_key, 32), 0);
        cr_assert_eq(memcmp(read[i].curve_key, acts[i].curve_key, 32), 0);
        cr_assert_eq(read[i].to.ms, acts[i].to.ms);
    }
}

Test(control, every_cut_and_every_odd_byte_is_survived)
{
    struct th_bytes bytes;
    struct th_act *read = NULL;
    size_t count = 0;
    cr_assert_eq(th_wire_control_request_encode(acts, ACTS, &arena, &bytes), 0);
    uint8_t *copy = malloc(bytes.size);
    for (size_t i = 1; i < bytes.size; i++) {
        (void)!th_wire_control_request_decode((struct th_bytes){bytes.bytes, i}, &arena, &read,
                                              &count);
        memcpy(copy, bytes.bytes, bytes.size);
        copy[i] ^= 0x41;
        (void)!th_wire_control_request_decode((struct th_bytes){copy, bytes.size}, &arena, &read,
                                              &count);
    }
    free(copy);
}

Test(control, an_act_without_its_fields_is_refused)
{
    /* version 1, one act of kind ENROL with an operator only */
    const uint8_t bytes[] = {0x08, 1, 0x12, 6, 0x08, 3, 0x12, 2, 'a', 'n'};
    struct th_act *read = NULL;
    size_t count = 0;
    cr_assert_eq(th_wire_control_request_decode((struct th_bytes){bytes, sizeof bytes}, &arena,
                                                &read, &count),
                 TH_E_SYNTAX);
}

Test(control, an_act_has_exactly_the_fields_of_its_kind)
{
    static const struct {
        const char *what;
        size_t size;
        uint8_t fields[16]; /* after the operator */
        int status;
        uint8_t kind;
    } cases[] = {
        {"the end of a recovery", 0, {0}, 0, TH_ACT_END_RECOVERY},
        {"with content", 3, {0x1a, 1, 'r'}, TH_E_SYNTAX, TH_ACT_END_RECOVERY},
        {"with an instant", 2, {0x38, 0}, TH_E_SYNTAX, TH_ACT_END_RECOVERY},
        {"a rotation", 3, {0x1a, 1, 'r'}, 0, TH_ACT_ROTATE},
        {"without content", 0, {0}, TH_E_SYNTAX, TH_ACT_ROTATE},
        {"a recovery", 3, {0x1a, 1, 'r'}, 0, TH_ACT_RECOVER},
        {"without content", 0, {0}, TH_E_SYNTAX, TH_ACT_RECOVER},
        {"with an instant", 5, {0x1a, 1, 'r', 0x38, 0}, TH_E_SYNTAX, TH_ACT_RECOVER},
        {"an entered report", 3, {0x1a, 1, 'r'}, 0, TH_ACT_ENTER},
        {"without content", 0, {0}, TH_E_SYNTAX, TH_ACT_ENTER},
        {"unknown", 0, {0}, TH_E_SYNTAX, TH_ACT_ENTER + 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[32] = {
            0x08, 1, 0x12, (uint8_t)(6 + cases[i].size), 0x08, cases[i].kind, 0x12, 2, 'a', 'n'};
        struct th_act *read = NULL;
        size_t count = 0;
        memcpy(bytes + 10, cases[i].fields, cases[i].size);
        cr_assert_eq(th_wire_control_request_decode((struct th_bytes){bytes, 10 + cases[i].size},
                                                    &arena, &read, &count),
                     cases[i].status, "kind %d, %s", cases[i].kind, cases[i].what);
    }
}

Test(control, a_revocation_says_its_instant)
{
    /* unit "1", 32 bytes of key; `to` when there is room for it */
    uint8_t bytes[50] = {0x08, 1,   0x12, 46, 0x08, TH_ACT_REVOKE, 0x12, 2,
                         'a',  'n', 0x22, 1,  '1',  0x2a,          32};
    struct th_act *read = NULL;
    size_t count = 0;
    bytes[47] = 0x38;
    bytes[48] = 5;
    bytes[3] = 45;
    cr_assert_eq(
        th_wire_control_request_decode((struct th_bytes){bytes, 49}, &arena, &read, &count), 0);
    cr_assert_eq(read[0].to.ms, 5);
    bytes[3] = 43;
    cr_assert_eq(
        th_wire_control_request_decode((struct th_bytes){bytes, 47}, &arena, &read, &count),
        TH_E_SYNTAX);
}

Test(control, results_come_back_as_they_were)
{
    const struct th_act_result results[] = {
        {.has_position = true, .position = 17, .outcome = {(const uint8_t *)"kết", 5}},
        {.status = TH_E_EXISTS}};
    struct th_act_result *read = NULL;
    struct th_bytes bytes;
    size_t count = 0;
    cr_assert_eq(th_wire_control_answer_encode(results, 2, &arena, &bytes), 0);
    cr_assert_eq(th_wire_control_answer_decode(bytes, &arena, &read, &count), 0);
    cr_assert_eq(count, 2);
    cr_assert_eq(read[0].position, 17);
    cr_assert_eq(read[1].status, TH_E_EXISTS);
    cr_assert_not(read[1].has_position);
    cr_assert_eq(read[0].outcome.size, 5);
    cr_assert_eq(memcmp(read[0].outcome.bytes, "kết", 5), 0);
    cr_assert_eq(read[1].outcome.size, 0);
}

/* ---- configuration ---- */

static int read_config(const char *text, struct th_config *config)
{
    (void)snprintf(path, sizeof path, "%s/config.yaml", folder);
    cr_assert_eq(th_file_write(path, 0600, text, strlen(text)), 0);
    return th_config_read(path, &problems, config);
}

Test(control, a_configuration_reads_as_it_was_written)
{
    struct th_config written;
    struct th_config config;
    th_config_default(&written);
    (void)snprintf(path, sizeof path, "%s/config.yaml", folder);
    cr_assert_eq(th_config_write(path, &written), 0);
    cr_assert_eq(th_config_read(path, &problems, &config), 0);
    cr_assert_str_eq(config.listen, written.listen);
    cr_assert_str_eq(config.publish, written.publish);
    cr_assert_eq(config.verifiers, written.verifiers);
    cr_assert_eq(config.quota_burst, written.quota_burst);
    cr_assert_eq(config.scrub_hours, 24);
    cr_assert_not(config.has_scrub_rest);
    cr_assert_str_eq(config.http, "127.0.0.1:7480");
    cr_assert_str_eq(config.http_host, "");
}

#define HEAD                                                                                       \
    "aggregator: tonghop\nformat: 1\nlisten: \"tcp://127.0.0.1:1\"\n"                              \
    "publish: \"tcp://127.0.0.1:1\"\nverifiers: 2\nquota_per_second: 1\nquota_burst: 1\n"

Test(control, the_scrub_is_configured_or_not)
{
    struct th_config config;
    cr_assert_eq(read_config(HEAD, &config), 0);
    cr_assert_eq(config.scrub_hours, 24);
    cr_assert_eq(read_config(HEAD "scrub_hours: 0\nscrub_rest_ms: 7\n", &config), 0);
    cr_assert_eq(config.scrub_hours, 0);
    cr_assert(config.has_scrub_rest);
    cr_assert_eq(config.scrub_rest_ms, 7);
    cr_assert_eq(read_config(HEAD "scrub_hours: -1\n", &config), TH_E_INVALID);
    cr_assert_neq(read_config(HEAD "scrub_hours: often\n", &config), 0);
}

Test(control, http_is_opened_only_when_it_is_asked_for)
{
    struct th_config config;
    cr_assert_eq(read_config(HEAD, &config), 0);
    cr_assert_str_eq(config.http, "");
    cr_assert_eq(read_config(HEAD "http: none\n", &config), 0);
    cr_assert_str_eq(config.http, "");
    cr_assert_eq(read_config(HEAD "http: \"[::1]:80\"\nhttp_host: tonghop.example.vn\n", &config),
                 0);
    cr_assert_str_eq(config.http, "[::1]:80");
    cr_assert_str_eq(config.http_host, "tonghop.example.vn");
    cr_assert_eq(read_config(HEAD "http_host: \"a b\"\n", &config), TH_E_INVALID);
}

Test(control, http_is_of_the_loopback_alone)
{
    struct th_config config;
    static const char *const others[] = {"0.0.0.0:7480",   "10.1.2.3:7480", "[::]:7480",
                                         "example.org:80", "127.0.0.2:80",  "localhost.x:80"};
    static const char *const wrong[] = {"127.0.0.1", "127.0.0.1:0",   ":7480", "127.0.0.1:65536",
                                        "",          "127.0.0.1:80/x"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_expect_eq(th_config_check_http(others[i]), TH_E_FORBIDDEN, "%s", others[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_eq(th_config_check_http(wrong[i]), TH_E_SYNTAX, "%s", wrong[i]);
    cr_expect_eq(th_config_check_http("localhost:*"), 0);
    cr_assert_eq(read_config(HEAD "http: \"0.0.0.0:7480\"\n", &config), TH_E_INVALID);
    cr_assert_eq(th_problems_total(&problems), 1);
}

Test(control, an_unknown_key_and_a_bad_address_are_both_told)
{
    struct th_config config;
    cr_assert_eq(read_config("aggregator: tonghop\nformat: 1\nlisten: \"udp://x\"\n"
                             "publish: \"tcp://127.0.0.1:1\"\nverifiers: 2\nquota_per_second: 1\n"
                             "quota_burst: 1\nwhat: 1\n",
                             &config),
                 TH_E_INVALID);
    cr_assert_eq(th_problems_total(&problems), 2);
}

Test(control, addresses_are_tcp_with_a_port)
{
    cr_assert_eq(th_config_check_address("tcp://0.0.0.0:7411"), 0);
    cr_assert_eq(th_config_check_address("tcp://[::1]:*"), 0);
    cr_assert_eq(th_config_check_address("tcp://0.0.0.0:0"), TH_E_INVALID);
    cr_assert_eq(th_config_check_address("tcp://0.0.0.0"), TH_E_INVALID);
    cr_assert_eq(th_config_check_address("ipc://x:1"), TH_E_INVALID);
    cr_assert_eq(th_config_check_address("tcp://a b:1"), TH_E_INVALID);
}

/* ---- keys ---- */

static uint8_t log_key[32]; /* of what was written last */

static int read_secrets(char problem[TH_SECRETS_PROBLEM_SIZE])
{
    struct th_secrets secrets;
    int status = th_secrets_read(folder, "tonghop/64/rehearsal", log_key, problem, &secrets);
    if (status == 0)
        th_secrets_deinit(&secrets);
    return status;
}

static void write_secrets(struct th_secrets *secrets)
{
    cr_assert_eq(th_secrets_make("tonghop/64/rehearsal", secrets), 0);
    cr_assert_eq(th_secrets_write(folder, secrets), 0);
    memcpy(log_key, secrets->signer.vkey.public_key, sizeof log_key);
    (void)snprintf(path, sizeof path, "%s/secrets/curve.key", folder);
}

static bool is_durable; /* the folder of the keys */

int __real_th_file_make_folder(const char *name, mode_t mode);
int __wrap_th_file_make_folder(const char *name, mode_t mode);

int __wrap_th_file_make_folder(const char *name, mode_t mode)
{
    is_durable = strcmp(strrchr(name, '/'), "/secrets") == 0;
    return __real_th_file_make_folder(name, mode);
}

Test(control, a_power_cut_does_not_take_the_folder_of_the_keys)
{
    struct th_secrets secrets;
    write_secrets(&secrets);
    cr_assert(is_durable);
    is_durable = false;
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(th_secrets_write_curve(folder, &secrets), 0);
    cr_assert(is_durable);
    th_secrets_deinit(&secrets);
}

Test(control, keys_read_as_they_were_written)
{
    struct th_secrets made;
    struct th_secrets secrets;
    char problem[TH_SECRETS_PROBLEM_SIZE];
    write_secrets(&made);
    cr_assert_eq(th_secrets_read(folder, "tonghop/64/rehearsal", log_key, problem, &secrets), 0);
    cr_assert_eq(memcmp(made.curve_public, secrets.curve_public, 32), 0);
    cr_assert_eq(memcmp(made.curve_secret, secrets.curve_secret, 32), 0);
    cr_assert_eq(memcmp(made.signer.secret_key, secrets.signer.secret_key, 64), 0);
    th_secrets_deinit(&made);
    th_secrets_deinit(&secrets);
}

/* ---- the next key ---- */

static bool is_there(const char *name)
{
    char file[512];
    (void)snprintf(file, sizeof file, "%s/secrets/%s", folder, name);
    return access(file, F_OK) == 0;
}

/* Another key of the log, as log.key.next; returns its public key. */
static void write_next(uint8_t ret_public[32])
{
    struct th_secrets next;
    cr_assert_eq(th_secrets_make("tonghop/64/rehearsal", &next), 0);
    cr_assert_eq(th_secrets_write_next(folder, &next), 0);
    memcpy(ret_public, next.signer.vkey.public_key, 32);
    th_secrets_deinit(&next);
}

Test(control, the_next_key_waits_until_it_is_promoted)
{
    struct th_secrets made;
    struct stat about;
    uint8_t next[32];
    char problem[TH_SECRETS_PROBLEM_SIZE];
    write_secrets(&made);
    th_secrets_deinit(&made);
    write_next(next);
    cr_assert_eq(read_secrets(problem), 0, "the log still has the key before");
    cr_assert(is_there("log.key.next"));
    (void)snprintf(path, sizeof path, "%s/secrets/log.key.next", folder);
    cr_assert_eq(stat(path, &about), 0);
    cr_assert_eq(about.st_mode & 0777, 0600);
    cr_assert_eq(th_secrets_promote(folder), 0);
    cr_assert_not(is_there("log.key.next"));
    cr_assert_eq(read_secrets(problem), TH_E_CONFIG, "log.key is another one now");
    memcpy(log_key, next, sizeof log_key);
    cr_assert_eq(read_secrets(problem), 0);
    cr_assert_eq(th_secrets_promote(folder), TH_E_NOT_FOUND);
}

Test(control, reading_finishes_a_rotation_that_was_interrupted)
{
    struct th_secrets made;
    char problem[TH_SECRETS_PROBLEM_SIZE];
    write_secrets(&made);
    th_secrets_deinit(&made);
    write_next(log_key); /* the store was committed with it */
    cr_assert_eq(read_secrets(problem), 0, "%s", problem);
    cr_assert_str_empty(problem);
    cr_assert_not(is_there("log.key.next"));
    cr_assert_eq(read_secrets(problem), 0);
}

Test(control, a_next_key_is_the_key_when_the_one_before_was_lost)
{
    struct th_secrets made;
    char problem[TH_SECRETS_PROBLEM_SIZE];
    write_secrets(&made);
    th_secrets_deinit(&made);
    (void)snprintf(path, sizeof path, "%s/secrets/log.key", folder);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(read_secrets(problem), TH_E_NOT_FOUND);
    cr_assert_not_null(strstr(problem, "log.key:"));
    write_next(log_key);
    cr_assert_eq(read_secrets(problem), 0, "%s", problem);
}

Test(control, a_next_key_that_was_left_behind_is_replaced)
{
    struct th_secrets made;
    uint8_t first[32];
    char problem[TH_SECRETS_PROBLEM_SIZE];
    write_secrets(&made);
    th_secrets_deinit(&made);
    write_next(first);
    write_next(log_key);
    cr_assert_eq(read_secrets(problem), 0, "%s", problem);
}

Test(control, a_key_of_another_log_is_told)
{
    struct th_secrets made;
    char problem[TH_SECRETS_PROBLEM_SIZE];
    write_secrets(&made);
    th_secrets_deinit(&made);
    log_key[0] ^= 1;
    cr_assert_eq(read_secrets(problem), TH_E_CONFIG);
    cr_assert_not_null(strstr(problem, "secrets/log.key"));
}

Test(control, a_key_that_others_may_read_is_refused_with_what_to_do)
{
    struct th_secrets made;
    char problem[TH_SECRETS_PROBLEM_SIZE];
    write_secrets(&made);
    th_secrets_deinit(&made);
    cr_assert_eq(chmod(path, 0640), 0);
    cr_assert_eq(read_secrets(problem), TH_E_FORBIDDEN);
    cr_assert_not_null(strstr(problem, "0640"));
    cr_assert_not_null(strstr(problem, "chmod 600"));
}

Test(control, a_key_that_is_cut_or_has_carriage_returns_is_refused)
{
    struct th_secrets made;
    char problem[TH_SECRETS_PROBLEM_SIZE];
    write_secrets(&made);
    th_secrets_deinit(&made);
    cr_assert_eq(th_file_write(path, 0600, "AAAA\n", 5), 0);
    cr_assert_eq(read_secrets(problem), TH_E_SYNTAX);
    char line[48];
    memset(line, 'A', sizeof line);
    memcpy(line + 43, "=\r\n", 3);
    cr_assert_eq(th_file_write(path, 0600, line, 46), 0);
    cr_assert_eq(read_secrets(problem), TH_E_SYNTAX);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(read_secrets(problem), TH_E_NOT_FOUND);
}
