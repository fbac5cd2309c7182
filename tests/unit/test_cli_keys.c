/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the log and of units: shown, rotated, handed out, revoked from an instant. */
#include "aggregator/shell/secrets.h"
#include "proto/exchange/keys_file.h"
#include "proto/tlog/hash.h"
#include "tests/support/cli_case.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

TestSuite(cli_keys, .init = set_up, .fini = tear_down, .timeout = 60);

static void expect_error(const char *part)
{
    cr_expect_not_null(strstr(fixture.err, part), "%s", fixture.err);
}

static int run(const char *line)
{
    return cli_case_run(&fixture, th_cli_keys, line);
}

static void read_keys(const char *name, struct th_log_keys *keys)
{
    struct th_problems problems;
    th_problems_init(&problems);
    cr_assert_eq(th_keys_file_read(cli_case_path(&fixture, name), &problems, keys), 0);
    th_problems_deinit(&problems);
}

Test(cli_keys, init_hands_out_a_history_of_one_key)
{
    static struct th_log_keys keys;
    read_keys("store/" TH_KEYS_FILE, &keys);
    cr_assert_eq(keys.count, 1);
    cr_expect_str_eq(keys.items[0].vkey.name, TH_PROVINCE_REALM);
}

Test(cli_keys, a_rotation_is_signed_for_and_the_old_key_is_gone)
{
    static struct th_log_keys keys;
    size_t size;
    char *before = cli_case_read(&fixture, "store/secrets/log.key", &size);
    uint64_t after = cli_case_size(&fixture);
    cr_assert_eq(run("keys rotate @D"), EX_OK, "%s", fixture.err);
    char *now = cli_case_read(&fixture, "store/secrets/log.key", &size);
    cr_expect_str_neq(before, now);
    cr_expect(!cli_case_has(&fixture, "store/secrets/log.key.next"));
    free(before);
    free(now);
    read_keys("store/" TH_KEYS_FILE, &keys);
    cr_assert_eq(keys.count, 2);
    cr_expect_str_eq(keys.items[1].vkey.name, TH_PROVINCE_REALM);
    cr_expect_eq(keys.items[1].after, after);
    cr_expect_gt(keys.items[1].succession_size, 0);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
}

Test(cli_keys, a_rotation_that_a_crash_cut_off_behind_its_commit_is_finished)
{
    cli_case_copy(&fixture, "store/secrets/log.key", "before.key");
    cr_assert_eq(run("keys rotate @D"), EX_OK, "%s", fixture.err);
    cli_case_copy(&fixture, "store/secrets/log.key", "store/secrets/log.key.next");
    cli_case_copy(&fixture, "before.key", "store/secrets/log.key");
    cr_assert_eq(cli_case_run(&fixture, th_cli_clock, "clock @D --to 2025-05-06"), EX_OK, "%s",
                 fixture.err);
    cr_expect(!cli_case_has(&fixture, "store/secrets/log.key.next"));
}

Test(cli_keys, the_rotation_that_was_cut_off_run_again_does_not_rotate_twice)
{
    static struct th_log_keys keys;
    cli_case_copy(&fixture, "store/secrets/log.key", "before.key");
    cli_case_copy(&fixture, "store/log-keys.yaml", "before.yaml");
    cr_assert_eq(run("keys rotate @D"), EX_OK, "%s", fixture.err);
    cli_case_copy(&fixture, "store/secrets/log.key", "store/secrets/log.key.next");
    cli_case_copy(&fixture, "before.key", "store/secrets/log.key");
    cli_case_copy(&fixture, "before.yaml", "store/log-keys.yaml");
    cr_assert_eq(run("keys rotate @D"), EX_OK, "%s", fixture.err);
    read_keys("store/" TH_KEYS_FILE, &keys);
    cr_expect_eq(keys.count, 2);
}

Test(cli_keys, a_next_key_that_others_may_read_is_refused)
{
    cli_case_copy(&fixture, "store/secrets/log.key", "before.key");
    cr_assert_eq(run("keys rotate @D"), EX_OK, "%s", fixture.err);
    cli_case_copy(&fixture, "store/secrets/log.key", "store/secrets/log.key.next");
    cli_case_copy(&fixture, "before.key", "store/secrets/log.key");
    cr_assert_eq(chmod(cli_case_path(&fixture, "store/secrets/log.key.next"), 0604), 0);
    cr_expect_eq(cli_case_run(&fixture, th_cli_clock, "clock @D --to 2025-05-06"), EX_NOPERM);
    expect_error("log.key.next");
    cr_expect(cli_case_has(&fixture, "store/secrets/log.key.next"));
}

Test(cli_keys, a_left_behind_next_key_does_not_stop_a_rotation)
{
    cli_case_copy(&fixture, "store/secrets/curve.key", "store/secrets/log.key.next");
    cr_assert_eq(run("keys rotate @D"), EX_OK, "%s", fixture.err);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
}

Test(cli_keys, a_rotation_needs_the_store_for_itself_and_keys_that_nobody_else_reads)
{
    struct th_store *store;
    cr_assert_eq(th_store_open(fixture.store, TH_STORE_WRITE, NULL, NULL, &store), 0);
    cr_expect_eq(run("keys rotate @D"), EX_TEMPFAIL);
    expect_error("dừng máy chủ");
    th_store_close(store);
    cr_assert_eq(chmod(cli_case_path(&fixture, "store/secrets/log.key"), 0640), 0);
    cr_expect_eq(run("keys rotate @D"), EX_NOPERM);
    expect_error("chmod 600");
}

Test(cli_keys, the_log_has_at_most_so_many_keys_and_then_says_so)
{
    for (int i = 1; i < TH_LOG_KEYS_MAX; i++)
        cr_assert_eq(run("keys rotate @D"), EX_OK, "%s", fixture.err);
    cr_expect_eq(run("keys rotate @D"), EX_DATAERR);
    expect_error("32 khóa");
    cr_expect(!cli_case_has(&fixture, "store/secrets/log.key.next"));
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
}

Test(cli_keys, the_history_is_printed_as_it_is_handed_out)
{
    static struct th_log_keys keys;
    cr_assert_eq(run("keys rotate @D"), EX_OK);
    cr_assert_eq(run("keys history @D"), EX_OK);
    cli_case_write(&fixture, "printed.yaml", fixture.out, strlen(fixture.out));
    read_keys("printed.yaml", &keys);
    cr_expect_eq(keys.count, 2);
    cr_assert_eq(run("keys history @D --out @F/written.yaml"), EX_OK);
    read_keys("written.yaml", &keys);
    cr_expect_eq(keys.count, 2);
    cr_expect_neq(run("keys history @D --out @F/none/x.yaml"), EX_OK);
}

Test(cli_keys, a_unit_s_key_is_a_vkey_with_its_name_and_who_enrolled_it)
{
    char line[128], name[128];
    struct th_vkey vkey;
    (void)snprintf(line, sizeof line, "keys show @D --unit %s --json", fixture.officer.unit);
    cr_assert_eq(run(line), EX_OK, "%s", fixture.err);
    json_t *answer = cli_case_json(&fixture);
    json_t *units = json_object_get(answer, "units");
    cr_assert_eq(json_array_size(units), 1);
    const json_t *item = json_array_get(units, 0);
    const char *text = json_string_value(json_object_get(item, "vkey"));
    cr_assert_eq(th_tlog_vkey_decode(text, strlen(text), &vkey), 0);
    (void)snprintf(name, sizeof name, TH_PROVINCE_REALM "/%s", fixture.officer.unit);
    cr_expect_str_eq(vkey.name, name);
    cr_expect_arr_eq(vkey.public_key, fixture.officer.sign_key.bytes, 32);
    cr_expect_str_eq(json_string_value(json_object_get(item, "operator")), "tester");
    cr_expect(json_is_string(json_object_get(answer, "curve_key")));
    json_decref(answer);
    cr_assert_eq(run("keys show @D --all"), EX_OK);
    cr_expect_not_null(strstr(fixture.out, name), "%s", fixture.out);
    cr_expect_eq(run("keys show @D --unit 99999"), EX_NOINPUT);
    cr_expect_eq(run("keys show @D --unit 1 --all"), EX_USAGE);
    cr_expect_eq(run("keys turn @D"), EX_USAGE);
    cr_expect_eq(run("keys"), EX_USAGE);
}

/* ---- revoke --from ---- */

static int revoke_from(const char *from)
{
    char key[TH_DIGEST_BASE64_SIZE + 1], line[256];
    struct th_digest digest;
    memcpy(digest.bytes, fixture.officer.sign_key.bytes, sizeof digest.bytes);
    th_tlog_digest_encode(&digest, key);
    (void)snprintf(line, sizeof line, "revoke @D %s %s --from %s --json", fixture.officer.unit, key,
                   from);
    return cli_case_run(&fixture, th_cli_revoke, line);
}

Test(cli_keys, a_revocation_from_the_past_lists_what_was_accepted_since)
{
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cr_assert_eq(cli_case_run(&fixture, th_cli_clock, "clock @D --to 2025-05-07"), EX_OK);
    uint64_t at = cli_case_size(&fixture);
    cli_case_submit(&fixture, (struct th_paper){.figure = 6, .revision = 2, .nonce = 1});
    cr_assert_eq(revoke_from("2025-05-06"), EX_OK, "%s", fixture.err);
    json_t *answer = cli_case_json(&fixture);
    json_t *accepted = json_object_get(answer, "accepted");
    cr_assert_eq(json_array_size(accepted), 1, "%s", fixture.out);
    const json_t *item = json_array_get(accepted, 0);
    cr_expect_eq(json_integer_value(json_object_get(item, "position")), (json_int_t)at);
    cr_expect_eq(json_integer_value(json_object_get(item, "revision")), 2);
    cr_expect_str_eq(json_string_value(json_object_get(item, "received")),
                     "2025-05-07T00:00:00+07:00");
    json_decref(answer);
    /* Nothing is undone; a later instant says nothing new, an earlier one is taken. */
    cr_expect_eq(revoke_from("2025-05-07"), EX_NOINPUT);
}

Test(cli_keys, a_revocation_of_the_future_says_when_and_the_key_works_until_then)
{
    cr_assert_eq(revoke_from("2025-05-08"), EX_OK, "%s", fixture.err);
    json_t *answer = cli_case_json(&fixture);
    cr_expect_str_eq(json_string_value(json_object_get(answer, "effective")),
                     "2025-05-08T00:00:00+07:00");
    json_decref(answer);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cr_expect_eq(revoke_from("2025-05-09"), EX_CANTCREAT);
    expect_error("sớm hơn");
    cr_expect_eq(revoke_from("hom-qua"), EX_USAGE);
    cr_assert_eq(revoke_from("2025-05-07"), EX_OK, "%s", fixture.err);
}
