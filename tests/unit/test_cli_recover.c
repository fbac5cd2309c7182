/* SPDX-License-Identifier: Apache-2.0 */
/* The way back: a store that was put back from an older copy goes on as a new log. */
#include "aggregator/shell/secrets.h"
#include "base/file.h"
#include "nodes/home/init.h"
#include "proto/exchange/keys_file.h"
#include "proto/exchange/server_file.h"
#include "proto/wire/journal.h"
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

TestSuite(cli_recover, .init = set_up, .fini = tear_down, .timeout = 60);

static void expect_error(const char *part)
{
    cr_expect_not_null(strstr(fixture.err, part), "%s", fixture.err);
}

static int run(const char *line)
{
    return cli_case_run(&fixture, th_cli_recover, line);
}

/* A copy, then reports that it does not have, then the copy is put back. */
static void lose(unsigned reports)
{
    cli_case_copy(&fixture, "store/data.mdb", "old.mdb");
    for (unsigned i = 0; i < reports; i++)
        cli_case_submit(&fixture,
                        (struct th_paper){.figure = 5, .revision = i + 1, .nonce = (uint8_t)i});
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
}

static void read_keys(struct th_log_keys *keys)
{
    struct th_problems problems;
    th_problems_init(&problems);
    cr_assert_eq(th_keys_file_read(cli_case_path(&fixture, "store/" TH_KEYS_FILE), &problems, keys),
                 0);
    th_problems_deinit(&problems);
}

static bool has_number(const char *key, json_int_t number)
{
    json_t *answer = cli_case_json(&fixture);
    json_t *value = json_object_get(answer, key);
    bool is_right = json_is_integer(value) && json_integer_value(value) == number;
    json_decref(answer);
    return is_right;
}

Test(cli_recover, a_copy_goes_on_under_the_next_name_with_a_key_the_old_one_signed_for)
{
    static struct th_log_keys keys;
    uint64_t before = cli_case_size(&fixture);
    lose(2);
    cr_assert_eq(run("recover @D --json"), EX_OK, "%s", fixture.err);
    cr_expect(has_number("restored_size", (json_int_t)before));
    cr_expect(has_number("lost", 2));
    cr_expect(has_number("lost_size", (json_int_t)before + 2));
    read_keys(&keys);
    cr_assert_eq(keys.count, 2);
    cr_expect_str_eq(keys.items[1].vkey.name, "tonghop/64/2/rehearsal");
    cr_expect_eq(keys.items[1].after, before);
    cr_expect_gt(keys.items[1].succession_size, 0);
    cr_expect_eq(cli_case_size(&fixture), before + 1);
    /* It is the store of before: reports are taken, the realm of then is good. */
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
}

Test(cli_recover, the_old_key_is_kept_and_the_handout_pins_the_new_one)
{
    static struct th_log_keys keys;
    struct th_server_file server;
    struct th_arena arena;
    struct th_problems problems;
    struct stat about;
    char name[64];
    lose(1);
    read_keys(&keys);
    const uint8_t *id = keys.items[0].vkey.id;
    (void)snprintf(name, sizeof name, "store/secrets/log.key.%02x%02x%02x%02x", id[0], id[1], id[2],
                   id[3]);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cr_assert_eq(stat(cli_case_path(&fixture, name), &about), 0);
    cr_expect_eq(about.st_mode & 07777, 0600);
    cr_expect(!cli_case_has(&fixture, "store/secrets/log.key.next"));
    read_keys(&keys);
    th_arena_init(&arena, 65536, (size_t)64 << 20);
    th_problems_init(&problems);
    cr_assert_eq(th_server_file_read(cli_case_path(&fixture, "store/server.yaml"), &arena,
                                     &problems, &server),
                 0);
    cr_expect_str_eq(server.realm, "tonghop/64/2/rehearsal");
    cr_expect_arr_eq(server.log_key.public_key, keys.items[1].vkey.public_key, 32);
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
}

Test(cli_recover, it_says_what_is_lost_and_what_to_do_again_by_hand)
{
    lose(1);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "Mất ít nhất 1 bản ghi"), "%s", fixture.out);
    cr_expect_not_null(strstr(fixture.out, "THU HỒI"), "%s", fixture.out);
    cr_expect_not_null(strstr(fixture.out, "--finish"), "%s", fixture.out);
}

Test(cli_recover, a_store_that_is_whole_is_refused)
{
    cr_expect_eq(run("recover @D"), EX_DATAERR);
    expect_error("không cần khôi phục");
    cr_expect_eq(run("recover @D --finish"), EX_DATAERR);
    expect_error("không có lần khôi phục nào đang mở");
    cr_expect_eq(run("recover @D --status"), EX_OK);
    cr_expect_not_null(strstr(fixture.out, "chưa từng"), "%s", fixture.out);
}

Test(cli_recover, a_store_in_use_is_left_alone)
{
    struct th_store *store;
    cr_assert_eq(th_store_open(fixture.store, TH_STORE_WRITE, NULL, NULL, &store), 0);
    cr_expect_eq(run("recover @D"), EX_TEMPFAIL);
    expect_error("dừng máy chủ");
    th_store_close(store);
}

Test(cli_recover, an_old_node_pub_is_good_under_the_new_name)
{
    /* What was enrolled after the copy is enrolled again, with the file that is at hand. */
    struct th_problems problems;
    char home[320], line[256];
    const char *unit = th_province_commune(&fixture.province, 1);
    (void)snprintf(home, sizeof home, "%s/node", fixture.folder);
    th_problems_init(&problems);
    cr_assert_eq(th_home_init(home, unit, cli_case_path(&fixture, "store/server.yaml"), &problems),
                 0);
    th_problems_deinit(&problems);
    (void)snprintf(line, sizeof line, "enroll @D %s @F/node/node.pub", unit);
    cli_case_copy(&fixture, "store/data.mdb", "old.mdb");
    cr_assert_eq(cli_case_run(&fixture, th_cli_enroll, line), EX_OK, "%s", fixture.err);
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cr_expect_eq(cli_case_run(&fixture, th_cli_enroll, line), EX_OK, "%s", fixture.err);
}

Test(cli_recover, run_again_it_says_that_it_is_done)
{
    lose(1);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    uint64_t size = cli_case_size(&fixture);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "đã được khôi phục rồi"), "%s", fixture.out);
    cr_expect_eq(cli_case_size(&fixture), size);
}

Test(cli_recover, a_crash_before_the_commit_is_repeated)
{
    /* What is left then: a log.key.next that no log has taken, and the kept key. */
    lose(1);
    cli_case_copy(&fixture, "store/secrets/curve.key", "store/secrets/log.key.next");
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cr_expect(!cli_case_has(&fixture, "store/secrets/log.key.next"));
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
}

Test(cli_recover, a_crash_behind_the_commit_is_finished_by_the_next_run)
{
    lose(1);
    cli_case_copy(&fixture, "store/secrets/log.key", "before.key");
    cli_case_copy(&fixture, "store/server.yaml", "before.yaml");
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cli_case_copy(&fixture, "store/secrets/log.key", "store/secrets/log.key.next");
    cli_case_copy(&fixture, "before.key", "store/secrets/log.key");
    cli_case_copy(&fixture, "before.yaml", "store/server.yaml");
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cr_expect(!cli_case_has(&fixture, "store/secrets/log.key.next"));
    size_t size;
    char *server = cli_case_read(&fixture, "store/server.yaml", &size);
    cr_expect_not_null(strstr(server, "tonghop/64/2/rehearsal"));
    free(server);
}

Test(cli_recover, a_key_file_that_others_may_read_is_refused)
{
    lose(1);
    cr_assert_eq(chmod(cli_case_path(&fixture, "store/secrets/log.key"), 0644), 0);
    cr_expect_eq(run("recover @D"), EX_NOPERM);
    expect_error("chmod 600");
}

Test(cli_recover, a_lost_log_key_has_to_be_said_and_then_nobody_signs_for_the_new_one)
{
    static struct th_log_keys keys;
    lose(1);
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/secrets/log.key")), 0);
    cr_expect_eq(run("recover @D"), EX_NOINPUT);
    expect_error("--old-key-lost");
    cr_assert_eq(run("recover @D --old-key-lost"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "tonghop-node trust"), "%s", fixture.out);
    read_keys(&keys);
    cr_assert_eq(keys.count, 2);
    cr_expect_eq(keys.items[1].succession_size, 0);
}

Test(cli_recover, a_whole_store_without_its_log_key_goes_on_once)
{
    static struct th_log_keys keys;
    uint64_t size = cli_case_size(&fixture);
    cr_expect_eq(run("recover @D --old-key-lost"), EX_DATAERR, "the key is there");
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/secrets/log.key")), 0);
    cr_expect_eq(run("recover @D"), EX_DATAERR, "it has to be said");
    expect_error("--old-key-lost");
    cr_assert_eq(run("recover @D --old-key-lost"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "không thiếu bản ghi nào"), "%s", fixture.out);
    cr_expect_null(strstr(fixture.out, "THU HỒI"), "%s", fixture.out);
    cr_expect_not_null(strstr(fixture.out, "tonghop-node trust"), "%s", fixture.out);
    read_keys(&keys);
    cr_assert_eq(keys.count, 2);
    cr_expect_eq(keys.items[1].after, size);
    cr_expect_eq(keys.items[1].succession_size, 0);
    cr_expect_eq(run("recover @D --old-key-lost"), EX_OK, "%s", fixture.err);
    cr_expect_eq(cli_case_size(&fixture), size + 1, "it is not done twice");
    cr_expect_eq(run("recover @D --finish"), EX_OK, "%s", fixture.err);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
}

Test(cli_recover, a_log_key_that_is_there_signs_though_the_connection_key_was_lost)
{
    static struct th_log_keys keys;
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/secrets/curve.key")), 0);
    cr_assert_eq(run("recover @D --old-key-lost"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "Khóa kết nối mất"), "%s", fixture.out);
    read_keys(&keys);
    cr_assert_eq(keys.count, 2);
    cr_expect_gt(keys.items[1].succession_size, 0);
}

Test(cli_recover, without_any_secret_the_connection_gets_a_new_key_too)
{
    lose(1);
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/secrets/log.key")), 0);
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/secrets/curve.key")), 0);
    cr_assert_eq(rmdir(cli_case_path(&fixture, "store/secrets")), 0);
    cr_assert_eq(run("recover @D --old-key-lost --json"), EX_OK, "%s", fixture.err);
    json_t *answer = cli_case_json(&fixture);
    cr_expect(json_is_true(json_object_get(answer, "new_curve_key")));
    json_decref(answer);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
}

Test(cli_recover, a_rotation_after_the_copy_is_found_in_the_keys_file)
{
    static struct th_log_keys keys;
    cli_case_copy(&fixture, "store/data.mdb", "old.mdb");
    uint64_t before = cli_case_size(&fixture);
    cr_assert_eq(cli_case_run(&fixture, th_cli_keys, "keys rotate @D"), EX_OK, "%s", fixture.err);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
    /* Without it nobody can say who signed what was lost. */
    cli_case_copy(&fixture, "store/log-keys.yaml", "newest.yaml");
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/log-keys.yaml")), 0);
    cr_expect_eq(run("recover @D"), EX_DATAERR);
    expect_error("--keys");
    cr_assert_eq(run("recover @D --keys @F/newest.yaml --json"), EX_OK, "%s", fixture.err);
    cr_expect(has_number("keys_found", 1));
    cr_expect(has_number("lost_size", (json_int_t)before + 2));
    read_keys(&keys);
    cr_assert_eq(keys.count, 3);
    cr_expect_str_eq(keys.items[2].vkey.name, "tonghop/64/2/rehearsal");
    cr_expect_gt(keys.items[2].succession_size, 0);
}

Test(cli_recover, a_second_loss_gets_the_third_name)
{
    static struct th_log_keys keys;
    lose(1);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    lose(1);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    read_keys(&keys);
    cr_assert_eq(keys.count, 3);
    cr_expect_str_eq(keys.items[2].vkey.name, "tonghop/64/3/rehearsal");
}

Test(cli_recover, the_copy_of_before_a_recovery_does_not_take_the_same_name_again)
{
    static struct th_log_keys keys;
    lose(1); /* leaves old.mdb */
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    read_keys(&keys);
    cr_assert_eq(keys.count, 3);
    cr_expect_str_eq(keys.items[1].vkey.name, "tonghop/64/2/rehearsal");
    cr_expect_str_eq(keys.items[2].vkey.name, "tonghop/64/3/rehearsal");
}

/* The checkpoint in the first slot of the side file (side.h), as a file of its own. */
static void keep_side_note(const char *name)
{
    char *bytes = NULL;
    size_t size = 0;
    cr_assert_eq(th_file_read(cli_case_path(&fixture, "store/CHECKPOINT"), 4096, &bytes, &size), 0);
    cr_assert_eq(size, 1024);
    size_t note_size = (size_t)((uint8_t)bytes[12] << 8 | (uint8_t)bytes[13]);
    cr_assert_eq(th_file_create(cli_case_path(&fixture, name), 0600, bytes + 14, note_size), 0);
    free(bytes);
}

/* The copy of before a recovery again, and nobody knows what the log is called since. */
static void lose_the_history_too(void)
{
    lose(1);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cli_case_copy(&fixture, "store/log-keys.yaml", "newest.yaml");
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/log-keys.yaml")), 0);
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
}

Test(cli_recover, the_side_file_of_a_log_that_no_history_knows_stops_before_its_name_is_taken)
{
    static struct th_log_keys keys;
    lose_the_history_too();
    cr_assert_eq(run("recover @D"), EX_DATAERR);
    expect_error("tonghop/64/2/rehearsal");
    expect_error("--keys");
    cr_assert_eq(run("recover @D --keys @F/newest.yaml"), EX_OK, "%s", fixture.err);
    read_keys(&keys);
    cr_assert_eq(keys.count, 3);
    cr_expect_str_eq(keys.items[2].vkey.name, "tonghop/64/3/rehearsal");
}

Test(cli_recover, a_witness_of_a_log_that_no_history_knows_stops_it_too)
{
    lose_the_history_too();
    cr_assert_eq(mkdir(cli_case_path(&fixture, "store/witness"), 0700), 0);
    keep_side_note("store/witness/w.checkpoint");
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/CHECKPOINT")), 0);
    cr_assert_eq(run("recover @D"), EX_DATAERR);
    expect_error("tonghop/64/2/rehearsal");
    expect_error("--keys");
}

Test(cli_recover, when_the_history_is_lost_for_good_the_name_that_was_met_is_left_alone)
{
    static struct th_log_keys keys;
    lose_the_history_too();
    cr_expect_eq(run("recover @D --old-key-lost --realm tonghop/64/2/rehearsal"), EX_USAGE);
    expect_error("đã là tên");
    cr_assert_eq(run("recover @D --old-key-lost"), EX_OK, "%s", fixture.err);
    read_keys(&keys);
    cr_assert_eq(keys.count, 2);
    cr_expect_str_eq(keys.items[1].vkey.name, "tonghop/64/3/rehearsal");
}

Test(cli_recover, a_given_name_has_to_fit_and_to_be_new)
{
    lose(1);
    cr_expect_eq(run("recover @D --realm tonghop/64/live"), EX_USAGE);
    expect_error("/rehearsal");
    cr_expect_eq(run("recover @D --realm tonghop/64/rehearsal"), EX_USAGE);
    expect_error("đã là tên");
    cr_expect_eq(run("recover @D --realm tong+hop/rehearsal"), EX_USAGE);
    cr_expect_eq(run("recover @D --realm tong\"hop/rehearsal"), EX_USAGE);
    cr_assert_eq(run("recover @D --realm gialai/moi/rehearsal"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "gialai/moi/rehearsal"), "%s", fixture.out);
}

Test(cli_recover, a_receipt_tells_how_far_the_lost_log_went_when_the_side_file_is_gone)
{
    struct th_store *store;
    struct th_view *view;
    struct th_bytes receipt;
    cli_case_copy(&fixture, "store/data.mdb", "old.mdb");
    uint64_t before = cli_case_size(&fixture);
    cli_case_submit(&fixture, (struct th_paper){.figure = 5});
    cr_assert_eq(th_store_open(fixture.store, TH_STORE_READ, NULL, NULL, &store), 0);
    cr_assert_eq(th_view_open(store, &view), 0);
    cr_assert_eq(th_view_receipt(view, before, &fixture.province.arena, &receipt), 0);
    cli_case_write(&fixture, "receipt.txt", receipt.bytes, receipt.size);
    th_view_close(view);
    th_store_close(store);
    cli_case_copy(&fixture, "old.mdb", "store/data.mdb");
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/CHECKPOINT")), 0);
    cr_assert_eq(run("recover @D --checkpoint @F/receipt.txt --json"), EX_OK, "%s", fixture.err);
    cr_expect(has_number("lost", 1));
}

Test(cli_recover, without_any_checkpoint_what_was_lost_is_unknown)
{
    lose(1);
    cr_assert_eq(unlink(cli_case_path(&fixture, "store/CHECKPOINT")), 0);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cr_expect_not_null(strstr(fixture.out, "không biết mất bao nhiêu"), "%s", fixture.out);
}

Test(cli_recover, a_checkpoint_that_is_none_or_of_nobody_stops_before_anything_is_written)
{
    size_t size;
    lose(1);
    uint64_t before = cli_case_size(&fixture);
    cli_case_write(&fixture, "bad", "xin chao\n", 9);
    cr_expect_eq(run("recover @D --checkpoint @F/bad"), EX_DATAERR);
    expect_error("không đọc được như một checkpoint");
    cli_case_checkpoint(&fixture, "note");
    char *note = cli_case_read(&fixture, "note", &size);
    char *root = strchr(strchr(note, '\n') + 1, '\n') + 1;
    root[0] = root[0] == 'A' ? 'B' : 'A';
    cli_case_write(&fixture, "note", note, size);
    free(note);
    cr_expect_eq(run("recover @D --checkpoint @F/note"), EX_DATAERR);
    expect_error("không có chữ ký đúng");
    cr_expect_eq(run("recover @D --checkpoint @F/none"), EX_NOINPUT);
    cr_expect_eq(cli_case_size(&fixture), before);
}

Test(cli_recover, finishing_lets_what_waited_happen_and_tells_of_it)
{
    lose(1);
    cr_assert_eq(run("recover @D"), EX_OK, "%s", fixture.err);
    cr_assert_eq(run("recover @D --status --json"), EX_OK);
    json_t *answer = cli_case_json(&fixture);
    cr_expect(json_is_true(json_object_get(answer, "open")));
    json_decref(answer);
    cr_assert_eq(cli_case_run(&fixture, th_cli_clock, "clock @D --to 2025-06-01"), EX_OK, "%s",
                 fixture.err);
    cr_assert_eq(run("recover @D --finish --json"), EX_OK, "%s", fixture.err);
    answer = cli_case_json(&fixture);
    cr_expect(json_is_false(json_object_get(answer, "open")));
    cr_expect_gt(json_integer_value(json_object_get(answer, "closings")), 0, "%s", fixture.out);
    json_decref(answer);
    cr_expect_eq(run("recover @D --finish"), EX_DATAERR);
    expect_error("đã được kết thúc từ trước");
    cr_expect_eq(run("recover @D"), EX_DATAERR);
    expect_error("không cần khôi phục");
}

Test(cli_recover, options_that_contradict_are_a_wrong_line)
{
    cr_expect_eq(run("recover @D --finish --status"), EX_USAGE);
    cr_expect_eq(run("recover @D --finish --old-key-lost"), EX_USAGE);
    cr_expect_eq(run("recover"), EX_USAGE);
    cr_expect_eq(run("recover @F/none"), EX_NOINPUT);
}
