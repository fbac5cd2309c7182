/* SPDX-License-Identifier: Apache-2.0 */
/* receipt, status and trust on a node whose province changed its key or lost its log. */
#include "base/file.h"
#include "nodes/cli/commands.h"
#include "nodes/home/lock.h"
#include "nodes/home/trust.h"
#include "proto/exchange/keys_file.h"
#include "proto/receipt/receipt.h"
#include "proto/receipt/refusal.h"
#include "tests/support/node_case.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

typedef int command(int argc, char **argv, FILE *out, FILE *err);

static struct th_node_case node;
static struct th_arena arena;
static char *out_text, *err_text;
static size_t out_size, err_size;

static int detail_status; /* what the outbox answers, unless 0 */

int __real_th_outbox_get_detail(struct th_outbox *outbox, uint64_t id, struct th_arena *memory,
                                struct th_outbox_detail *ret_detail);
int __wrap_th_outbox_get_detail(struct th_outbox *outbox, uint64_t id, struct th_arena *memory,
                                struct th_outbox_detail *ret_detail);

int __wrap_th_outbox_get_detail(struct th_outbox *outbox, uint64_t id, struct th_arena *memory,
                                struct th_outbox_detail *ret_detail)
{
    return detail_status != 0 ? detail_status
                              : __real_th_outbox_get_detail(outbox, id, memory, ret_detail);
}

static void drop_texts(void)
{
    free(out_text);
    free(err_text);
    out_text = err_text = NULL;
}

/* Words separated by a blank; @ stands for the test's folder. The exit code. */
static int run(command *command, const char *line)
{
    char words[2048] = "", *argv[24];
    int argc = 0;
    for (const char *at = line; *at != '\0'; at++) {
        char one[2] = {*at, '\0'};
        (void)strcat(words, *at == '@' ? node.base : one);
    }
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

static void set_up(void)
{
    th_node_case_make(&node, TH_MODE_LIVE, "tcp://127.0.0.1:7411");
    th_arena_init(&arena, 1 << 16, 64 << 20);
}

static void tear_down(void)
{
    drop_texts();
    th_node_case_remove(&node);
    th_arena_deinit(&arena);
}

TestSuite(cli_receipt, .init = set_up, .fini = tear_down);

/* Report 1 of number `number`, received by the log as it is. */
static uint64_t receive(uint32_t number)
{
    th_node_case_open(&node);
    uint64_t id = th_node_case_submit_number(&node, number, 1, 12);
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    struct th_outbox_frozen frozen = {
        .ids = {id}, .ids_count = 1, .submission = {(const uint8_t *)"s", 1}};
    cr_assert_eq(th_outbox_freeze(node.outbox, &frozen, 1, item.queued_at), 0);
    item.state = TH_ITEM_RECEIVED;
    item.has_position = true;
    item.position = node.province.leaves_count;
    item.received_at = node.province.now;
    struct th_outbox_detail detail = {
        .receipt = th_fake_receipt(&node.province, "23734", &item.report_digest, &arena)};
    cr_assert_eq(
        th_outbox_settle(node.outbox, &(struct th_outbox_settled){item, detail}, 1, item.queued_at),
        0);
    th_node_case_close(&node);
    return id;
}

/* What a run does with the welcome of the province as it is now. */
static void learn(bool keys, const char *lost_realm, uint64_t from)
{
    char path[TH_HOME_PATH_SIZE];
    th_node_case_open(&node);
    cr_assert_eq(th_home_path(node.home_path, TH_KEYS_FILE, path), 0);
    if (keys)
        cr_assert_eq(th_keys_file_write(path, &node.province.keys), 0);
    struct th_outbox_lost lost = {{lost_realm, strlen(lost_realm)}, from};
    cr_assert_eq(th_outbox_keep_lost(node.outbox, &lost, 1), 0);
    th_node_case_close(&node);
}

static void readmit(uint64_t id)
{
    th_node_case_open(&node);
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    struct th_outbox_readmission readmission = {
        .id = id, .position = node.province.leaves_count, .time = node.province.now};
    readmission.receipt = th_fake_receipt(&node.province, "23734", &item.report_digest, &arena);
    cr_assert_eq(th_outbox_readmit(node.outbox, &readmission, node.province.now), 0);
    th_node_case_close(&node);
}

static void lose_second_of_two(void)
{
    char realm[64];
    receive(1);
    receive(2);
    (void)strcpy(realm, node.province.server.realm);
    th_fake_recover(&node.province, 1, true);
    learn(true, realm, 1);
}

static int64_t status_number(const char *name)
{
    cr_assert_eq(run(th_cli_status, "status @/node --json"), EX_OK, "%s", err_text);
    json_t *root = json_loads(out_text, 0, NULL);
    cr_assert_not_null(root);
    json_t *value = json_object_get(root, name);
    cr_assert(json_is_integer(value), "%s", name);
    int64_t number = json_integer_value(value);
    json_decref(root);
    return number;
}

Test(cli_receipt, status_counts_what_is_to_be_shown_again_and_what_was)
{
    lose_second_of_two();
    cr_assert_eq(status_number("to_readmit"), 1);
    cr_assert_eq(status_number("readmitted"), 0);
    cr_assert_eq(run(th_cli_status, "status @/node"), EX_OK);
    cr_assert_not_null(strstr(out_text, "1 mục cần gửi lại, 0 mục đã nhận lại"));
    cr_assert_not_null(strstr(out_text, node.province.server.realm), "the log as it is now");
    readmit(2);
    cr_assert_eq(status_number("to_readmit"), 0);
    cr_assert_eq(status_number("readmitted"), 1);
    cr_assert_eq(run(th_cli_status, "status @/node"), EX_OK);
    cr_assert_not_null(strstr(out_text, "  nhận lại\n"), "its line of history");
}

Test(cli_receipt, status_says_that_a_receipt_is_damaged_only_when_it_is)
{
    receive(1);
    detail_status = TH_E_CORRUPT;
    cr_assert_eq(run(th_cli_status, "status @/node"), EX_OK);
    cr_assert_not_null(strstr(out_text, "biên nhận bị hỏng trên đĩa"));
    cr_assert_eq(run(th_cli_status, "status @/node --json"), EX_OK);
    detail_status = TH_E_NO_MEMORY;
    cr_assert_eq(run(th_cli_status, "status @/node"), EX_OSERR);
    cr_assert_null(strstr(out_text, "biên nhận bị hỏng trên đĩa"));
    cr_assert_not_null(strstr(err_text, "hết bộ nhớ"));
    cr_assert_eq(run(th_cli_status, "status @/node --json"), EX_OSERR);
    detail_status = TH_E_IO;
    cr_assert_eq(run(th_cli_status, "status @/node"), EX_IOERR);
    cr_assert_eq(run(th_cli_status, "status @/node --json"), EX_IOERR);
    cr_assert_null(strstr(out_text, "has_receipt"), "it is not known");
    detail_status = 0;
}

Test(cli_receipt, the_newest_receipt_is_shown_and_the_earlier_one_on_request)
{
    lose_second_of_two();
    readmit(2);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2"), EX_OK, "%s", err_text);
    cr_assert_not_null(strstr(out_text, node.province.server.realm));
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2 --earlier 1"), EX_OK, "%s", err_text);
    cr_assert_null(strstr(out_text, node.province.server.realm));
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2 --earlier 2"), EX_NOINPUT);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2 --earlier x"), EX_NOINPUT);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --earlier 1"), EX_NOINPUT);
}

Test(cli_receipt, the_reports_bytes_are_for_the_owner_and_written_once)
{
    receive(1);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --report-out @/report.bin"), EX_OK, "%s",
                 err_text);
    char path[TH_TEST_FOLDER_SIZE + 32];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/report.bin", node.base);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0600);
    cr_assert_gt(info.st_size, 0);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --report-out @/report.bin"), EX_CANTCREAT);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --out @/r.txt --report-out @/s.bin"), EX_OK);
    (void)snprintf(path, sizeof path, "%s/s.bin", node.base);
    cr_assert_eq(access(path, F_OK), 0);
}

Test(cli_receipt, a_history_of_keys_verifies_receipts_of_all_keys)
{
    receive(1);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --out @/old.txt"), EX_OK);
    th_fake_rotate(&node.province);
    learn(true, "none", 0);
    receive(2);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2 --out @/new.txt"), EX_OK, "%s", err_text);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/old.txt --keys @/node/log-keys.yaml"),
                 EX_OK, "%s", err_text);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/new.txt --keys @/node/log-keys.yaml"),
                 EX_OK);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/new.txt --server @/server.yaml"),
                 EX_DATAERR, "the first key has not signed it");
    cr_assert_not_null(strstr(err_text, "theo khóa của --server"), "%s", err_text);
    cr_assert_not_null(strstr(err_text, "--keys log-keys.yaml"), "what to do: %s", err_text);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/new.txt --server @/server.yaml --keys "
                                     "@/node/log-keys.yaml"),
                 EX_OK);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/new.txt"), EX_USAGE);
}

/* The same line with either way to name the current key. */
static int verify_both(const char *receipt, const char *keys)
{
    char line[1024], vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t size;
    cr_assert_eq(th_tlog_vkey_encode(&th_log_keys_current(&node.province.keys)->vkey, sizeof vkey,
                                     vkey, &size),
                 0);
    (void)snprintf(line, sizeof line, "receipt --verify @/%s --keys @/%s --log-key %s", receipt,
                   keys, vkey);
    int code = run(th_cli_receipt, line);
    th_fake_write_server(&node.province, node.server_path, "tcp://127.0.0.1:7411");
    (void)snprintf(line, sizeof line, "receipt --verify @/%s --keys @/%s --server @/server.yaml",
                   receipt, keys);
    cr_assert_eq(run(th_cli_receipt, line), code, "%s", err_text);
    return code;
}

static void write_keys(const struct th_log_keys *keys, const char *name)
{
    char path[TH_TEST_FOLDER_SIZE + 32];
    (void)snprintf(path, sizeof path, "%s/%s", node.base, name);
    cr_assert_eq(th_keys_file_write(path, keys), 0);
}

/* A receipt that the province has not signed, though its name is on it. */
static void forge(const char *name)
{
    char path[TH_TEST_FOLDER_SIZE + 32];
    struct th_digest report = {{7}};
    node.province.mood = TH_FAKE_FORGES;
    struct th_bytes text = th_fake_receipt(&node.province, "23734", &report, &arena);
    node.province.mood = TH_FAKE_FAIR;
    (void)snprintf(path, sizeof path, "%s/%s", node.base, name);
    cr_assert_eq(th_file_write(path, 0644, text.bytes, text.size), 0);
}

Test(cli_receipt, beside_a_trusted_key_only_what_it_signed_or_signed_for_is_believed)
{
    receive(1);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --out @/old.txt"), EX_OK);
    th_fake_rotate(&node.province);
    learn(true, "none", 0);
    receive(2);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2 --out @/new.txt"), EX_OK);
    cr_assert_eq(verify_both("new.txt", "node/log-keys.yaml"), EX_OK, "%s", err_text);
    cr_assert_eq(verify_both("old.txt", "node/log-keys.yaml"), EX_DATAERR);
    cr_assert_not_null(strstr(err_text, "--keys một mình"), "%s", err_text);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/old.txt --keys @/node/log-keys.yaml"),
                 EX_OK, "the history itself is trusted");
}

Test(cli_receipt, a_history_that_only_ends_with_the_trusted_key_proves_nothing)
{
    struct th_log_keys keys;
    struct th_digest root = {{0}};
    char note[TH_SUCCESSION_SIZE_MAX];
    size_t size;
    th_log_keys_begin(&node.province.forger.vkey, &keys);
    cr_assert_eq(th_tlog_succession_sign(&node.province.forger, 9, &root,
                                         &node.province.signer.vkey, sizeof note, note, &size),
                 0);
    cr_assert_eq(th_log_keys_succeed(&keys, note, size), 0);
    write_keys(&keys, "forged.yaml");
    forge("forged.txt");
    cr_assert_eq(verify_both("forged.txt", "forged.yaml"), EX_DATAERR);
}

Test(cli_receipt, a_history_that_goes_on_without_a_signature_proves_nothing)
{
    struct th_log_keys keys = node.province.keys;
    forge("small.txt"); /* makes a leaf */
    cr_assert_eq(th_log_keys_vouch(&keys, &node.province.forger.vkey, 1), 0);
    write_keys(&keys, "forged.yaml");
    forge("forged.txt");
    cr_assert_eq(verify_both("forged.txt", "forged.yaml"), EX_DATAERR);
}

Test(cli_receipt, a_history_has_to_know_the_key_that_is_trusted)
{
    struct th_log_keys keys;
    receive(1);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --out @/r.txt"), EX_OK);
    th_log_keys_begin(&node.province.forger.vkey, &keys);
    write_keys(&keys, "forged.yaml");
    cr_assert_eq(verify_both("r.txt", "forged.yaml"), EX_DATAERR);
}

/* ---- refusals ---- */

/* Report 1 of number `number`, refused by a submission with this header. */
static uint64_t refuse(uint32_t number, uint8_t header, const struct th_note_signer *signer)
{
    static const struct th_wire_reason reason = {.rule = {"R01", 3}};
    th_node_case_open(&node);
    uint64_t id = th_node_case_submit_number(&node, number, 1, 12);
    struct th_outbox_item item;
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    struct th_outbox_frozen frozen = {.ids = {id},
                                      .ids_count = 1,
                                      .header_digest = {{5}},
                                      .submission = {(const uint8_t *)"s", 1}};
    cr_assert_eq(th_outbox_freeze(node.outbox, &frozen, 1, item.queued_at), 0);
    cr_assert_eq(th_outbox_get(node.outbox, id, &item), 0);
    item.state = TH_ITEM_REJECTED;
    struct th_wire_verdict verdict = {.report_digest = item.report_digest,
                                      .kind = TH_VERDICT_REJECTED,
                                      .reasons = &reason,
                                      .reasons_count = 1};
    struct th_outcome outcome = {
        .header_digest = {{header}}, .verdicts = &verdict, .verdicts_count = 1};
    struct th_outbox_detail detail = {0};
    if (signer != NULL)
        cr_assert_eq(th_refusal_sign(&outcome, signer, &arena, &detail.refusal), 0);
    cr_assert_eq(
        th_outbox_settle(node.outbox, &(struct th_outbox_settled){item, detail}, 1, item.queued_at),
        0);
    th_node_case_close(&node);
    return id;
}

Test(cli_receipt, a_refusal_is_given_out_and_verified)
{
    refuse(1, 5, &node.province.signer);
    receive(2); /* a leaf */
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1"), EX_NOINPUT);
    cr_assert_not_null(strstr(err_text, "--refusal"), "%s", err_text);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --refusal"), EX_OK, "%s", err_text);
    cr_assert_not_null(strstr(out_text, "(R01)"), "%s", out_text);
    cr_assert_not_null(strstr(out_text, node.province.server.realm));
    cr_assert_eq(
        run(th_cli_receipt, "receipt @/node 1 --refusal --out @/no.txt --report-out @/r.bin"),
        EX_OK, "%s", err_text);
    th_fake_rotate(&node.province);
    learn(true, "none", 0);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/no.txt --refusal --server @/server.yaml"),
                 EX_OK, "%s", err_text);
    cr_assert_not_null(strstr(out_text, "GIẤY TỪ CHỐI ĐÚNG"));
    cr_assert_eq(
        run(th_cli_receipt, "receipt --verify @/no.txt --refusal --keys @/node/log-keys.yaml"),
        EX_OK, "%s", err_text);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --refusal"), EX_OK, "after a rotation: %s",
                 err_text);
}

Test(cli_receipt, a_refusal_as_json_has_its_rules_and_its_text)
{
    refuse(1, 5, &node.province.signer);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --refusal --json"), EX_OK, "%s", err_text);
    json_t *root = json_loads(out_text, 0, NULL);
    json_t *report = json_array_get(json_object_get(root, "reports"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(report, "verdict")), "rejected");
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(report, "rules"), 0)), "R01");
    cr_assert_eq(json_integer_value(json_object_get(root, "item")), 1);
    cr_assert(json_is_string(json_object_get(root, "refusal")));
    json_decref(root);
}

Test(cli_receipt, a_refusal_and_a_receipt_do_not_pass_for_each_other)
{
    refuse(1, 5, &node.province.signer);
    receive(2);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --refusal --out @/no.txt"), EX_OK);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2 --out @/yes.txt"), EX_OK);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/no.txt --server @/server.yaml"),
                 EX_DATAERR);
    cr_assert_not_null(strstr(err_text, "không chứng minh là đã nhận"), "%s", err_text);
    cr_assert_eq(run(th_cli_receipt, "receipt --verify @/yes.txt --refusal --server @/server.yaml"),
                 EX_DATAERR);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2 --refusal"), EX_NOINPUT);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node --refusal"), EX_USAGE);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --refusal --earlier 1"), EX_USAGE);
}

Test(cli_receipt, what_an_earlier_version_kept_unseen_is_not_given_out_as_signed)
{
    refuse(1, 5, &node.province.forger);
    refuse(2, 6, &node.province.signer); /* of another submission */
    refuse(3, 5, NULL);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1 --refusal --out @/no.txt"), EX_DATAERR);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 2 --refusal --out @/no.txt"), EX_DATAERR);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 3 --refusal --out @/no.txt"), EX_NOINPUT);
}

/* ---- trust ---- */

static void lose_key(void)
{
    receive(1);
    th_fake_recover(&node.province, 0, false);
    th_fake_write_server(&node.province, node.server_path, "tcp://127.0.0.1:9");
}

static void open_home(struct th_home *home)
{
    struct th_problems problems;
    th_problems_init(&problems);
    cr_assert_eq(th_home_open(node.home_path, &problems, home), 0);
    th_problems_deinit(&problems);
}

Test(cli_receipt, trust_changes_nothing_until_it_is_told_to)
{
    lose_key();
    cr_assert_eq(run(th_cli_trust, "trust @/node @/server.yaml"), EX_OK, "%s", err_text);
    cr_assert_not_null(strstr(out_text, "tcp://127.0.0.1:9"));
    cr_assert_not_null(strstr(out_text, node.province.server.realm));
    cr_assert_not_null(strstr(out_text, "--yes"));
    struct th_home home;
    open_home(&home);
    cr_assert_eq(home.log_keys.count, 1);
    cr_assert_str_eq(home.server.address, "tcp://127.0.0.1:7411");
    th_home_close(&home);
}

Test(cli_receipt, trust_keeps_the_first_key_and_the_receipts)
{
    lose_key();
    for (int i = 0; i < 2; i++) /* the second time there is nothing left to do */
        cr_assert_eq(run(th_cli_trust, "trust @/node @/server.yaml --yes"), EX_OK, "%s", err_text);
    cr_assert_not_null(strstr(out_text, "Không có gì khác"));
    struct th_home home;
    open_home(&home);
    cr_assert_eq(home.log_keys.count, 2);
    cr_assert_eq(home.log_keys.items[1].succession_size, 0, "vouched for, not signed");
    cr_assert_str_eq(th_home_log(&home), node.province.server.realm);
    cr_assert_str_eq(home.server.address, "tcp://127.0.0.1:9");
    th_home_close(&home);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1"), EX_OK, "the old receipt: %s", err_text);
    readmit(1);
    cr_assert_eq(run(th_cli_receipt, "receipt @/node 1"), EX_OK, "the new one: %s", err_text);
}

Test(cli_receipt, trust_mends_what_a_crash_left_between_its_files)
{
    lose_key();
    char path[TH_HOME_PATH_SIZE], kept[TH_HOME_PATH_SIZE + 8];
    cr_assert_eq(th_home_path(node.home_path, "node.yaml", path), 0);
    (void)snprintf(kept, sizeof kept, "%s.kept", path);
    cr_assert_eq(link(path, kept), 0);
    cr_assert_eq(run(th_cli_trust, "trust @/node @/server.yaml --yes"), EX_OK);
    cr_assert_eq(rename(kept, path), 0); /* the old one: as if the last step had not been done */
    cr_assert_eq(run(th_cli_trust, "trust @/node @/server.yaml --yes"), EX_OK, "%s", err_text);
    struct th_home home;
    open_home(&home);
    cr_assert_eq(home.log_keys.count, 2);
    cr_assert_str_eq(home.server.address, "tcp://127.0.0.1:9");
    th_home_close(&home);
}

Test(cli_receipt, trust_refuses_an_old_file_and_one_of_the_other_mode)
{
    char old_path[TH_TEST_FOLDER_SIZE + 32];
    (void)snprintf(old_path, sizeof old_path, "%s/old.yaml", node.base);
    th_fake_write_server(&node.province, old_path, "tcp://127.0.0.1:9");
    lose_key();
    cr_assert_eq(run(th_cli_trust, "trust @/node @/server.yaml --yes"), EX_OK);
    cr_assert_eq(run(th_cli_trust, "trust @/node @/old.yaml --yes"), EX_DATAERR);
    cr_assert_not_null(strstr(err_text, "tệp này cũ"), "%s", err_text);
    node.province.server.mode = TH_MODE_REHEARSAL;
    th_fake_write_server(&node.province, node.server_path, "tcp://127.0.0.1:9");
    cr_assert_eq(run(th_cli_trust, "trust @/node @/server.yaml --yes"), EX_DATAERR);
    cr_assert_eq(run(th_cli_trust, "trust @/node @/nowhere.yaml --yes"), EX_NOINPUT);
}

Test(cli_receipt, trust_waits_for_the_run_to_end)
{
    int lock;
    long owner;
    lose_key();
    cr_assert_eq(th_home_lock(node.home_path, &lock, &owner), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(run(th_cli_trust, "trust @/node @/server.yaml --yes"));
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(WEXITSTATUS(status), EX_TEMPFAIL);
    th_home_unlock(lock);
}

Test(cli_receipt, keys_that_begin_with_another_than_the_pinned_one_are_a_problem)
{
    char path[TH_HOME_PATH_SIZE];
    struct th_problems problems;
    struct th_home home;
    struct th_log_keys other;
    th_log_keys_begin(&node.province.forger.vkey, &other);
    cr_assert_eq(th_home_path(node.home_path, TH_KEYS_FILE, path), 0);
    cr_assert_eq(th_keys_file_write(path, &other), 0);
    th_problems_init(&problems);
    cr_assert_eq(th_home_open(node.home_path, &problems, &home), TH_E_CONFIG);
    cr_assert_gt(th_problems_total(&problems), 0);
    th_problems_deinit(&problems);
}
