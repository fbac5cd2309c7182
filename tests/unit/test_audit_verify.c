/* SPDX-License-Identifier: Apache-2.0 */
/* A whole store is looked at: what holds, and damage to files, rows, tree and checkpoints. */
#define _GNU_SOURCE /* mkdtemp */
#include "tests/support/liar.h"
#include "tests/support/recovery_case.h"

#include "aggregator/audit/tree_check.h"
#include "aggregator/store/backup.h"
#include "base/file.h"
#include "proto/tlog/hash.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { AT_A1 = 13, AT_END = 16 };

static struct ledger ledger;
static struct liar liar;
static json_t *answer;

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    for (unsigned i = 0; i < 3; i++) {
        ledger_pass(&ledger, 60000);
        cr_assert(ledger_send_a(&ledger, L_A1 + i, 1, 5 + i));
    }
    cr_assert_eq(ledger_size(&ledger), AT_END);
}

static void tear_down(void)
{
    json_decref(answer);
    answer = NULL;
    ledger_close(&ledger);
}

TestSuite(audit_verify, .init = set_up, .fini = tear_down, .timeout = 110);

static int run(const char *folder, const char *option, const char *value)
{
    const char *words[] = {"verify", folder, "--json", option, value, NULL};
    json_error_t error;
    int code = audit_run(th_audit_verify, words);
    json_decref(answer);
    answer = json_loads(audit_out, 0, &error);
    return code;
}

static int verify(void)
{
    int code = run(ledger.folder, NULL, NULL);
    cr_assert_not_null(answer, "%s %s", audit_out, audit_err);
    return code;
}

static void expect(const char *kind, int position)
{
    char path[64], wanted[16];
    ledger_release(&ledger);
    cr_assert_eq(verify(), EX_DATAERR, "%s", audit_out);
    (void)snprintf(path, sizeof path, "problems/counts/%s", kind);
    cr_expect_str_neq(ledger_at(answer, path), "", "%s", audit_out);
    (void)snprintf(wanted, sizeof wanted, "%d", position);
    cr_expect_str_eq(ledger_at(answer, "problems/first/position"), position < 0 ? "null" : wanted,
                     "%s", audit_out);
}

/* ---- what holds ---- */

Test(audit_verify, a_store_holds_while_somebody_has_it_open)
{
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "holds"), "true");
    cr_expect_str_eq(ledger_at(answer, "size"), "16");
    cr_expect_str_eq(ledger_at(answer, "checked/submissions"), "3");
    cr_expect_str_eq(ledger_at(answer, "checked/enrolments"), "10");
    cr_expect_str_eq(ledger_at(answer, "problems/first"), "null");
    struct th_view *view;
    struct th_digest state, root;
    char hex[TH_DIGEST_HEX_SIZE + 1], base64[TH_DIGEST_BASE64_SIZE + 1];
    cr_assert_eq(th_view_open(ledger.store, &view), 0);
    cr_assert_eq(th_view_state_digest(view, &state), 0);
    cr_assert_eq(th_view_root(view, AT_END, &root), 0);
    th_view_close(view);
    th_tlog_digest_to_hex(&state, hex);
    th_tlog_digest_encode(&root, base64);
    cr_expect_str_eq(ledger_at(answer, "state_digest"), hex);
    cr_expect_str_eq(ledger_at(answer, "root"), base64);
}

Test(audit_verify, the_verdict_is_one_sentence)
{
    cr_assert_eq(AUDIT_RUN(th_audit_verify, "verify", ledger.folder), EX_OK);
    cr_expect_eq(strncmp(audit_out, "Kho đúng: cả 16 bản ghi", 20), 0, "%s", audit_out);
    cr_assert_eq(AUDIT_RUN(th_audit_verify, "verify", ledger.folder, "--quick"), EX_OK);
    cr_expect_not_null(strstr(audit_out, "kiểm nhanh"), "%s", audit_out);
}

Test(audit_verify, a_clock_in_doubt_and_a_closing_that_waited_hold)
{
    ledger_jump(&ledger, INT64_C(-7200000));
    ledger_pass(&ledger, 1000);
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 3)); /* undecided */
    ledger_pass(&ledger, ledger.half_due.ms - ledger.now.wall.ms + 60000);
    cr_assert(ledger_send_a(&ledger, L_B2, 1, 3));
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 8)); /* after the instant that is closed below */
    cr_assert_eq(ledger_act(&ledger, (struct th_act){.kind = TH_ACT_ACCEPT_CLOCK}), 0);
    ledger_pass(&ledger, 1000);
    ledger_tick(&ledger);
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder), EX_OK, "%s", audit_out);
}

Test(audit_verify, a_log_that_goes_on_after_a_loss_holds)
{
    static struct th_recovery_case made;
    th_recovery_case_make(&made);
    th_recovery_case_keep_copy(&made);
    struct th_kept kept = th_recovery_case_submit(&made, (struct th_paper){.figure = 5});
    th_recovery_case_go_back(&made);
    cr_assert_eq(th_recovery_case_readmit(&made, kept)->kind, TH_VERDICT_ACCEPTED);
    cr_assert_eq(run(made.folder, NULL, NULL), EX_DATAERR);
    /* But for the one enrolment, whose proof is a test's. */
    cr_expect_str_eq(ledger_at(answer, "problems/total"), "1", "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "problems/counts/enrolment"), "1");
    cr_expect_str_eq(ledger_at(answer, "checked/readmissions"), "1");
    cr_expect_not_null(strstr(ledger_at(answer, "remarks/0"), "đã được khôi phục ở bản ghi số"),
                       "%s", audit_out);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", made.folder), EX_OK, "%s", audit_err);
    th_recovery_case_remove(&made);
}

/* ---- keys that are given ---- */

Test(audit_verify, the_history_that_is_given_has_to_be_the_stores)
{
    struct ledger other;
    const char *path = audit_path(ledger.folder, "keys.yaml");
    audit_write_keys(&ledger, path);
    cr_assert_eq(run(ledger.folder, "--keys", path), EX_OK, "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "keys_given"), "true");
    ledger_open(&other, TH_MODE_LIVE);
    audit_write_keys(&other, path);
    ledger_close(&other);
    cr_assert_eq(run(ledger.folder, "--keys", path), EX_DATAERR);
    cr_expect_str_eq(ledger_at(answer, "problems/counts/keys"), "1", "%s", audit_out);
}

/* ---- files ---- */

Test(audit_verify, a_store_behind_its_checkpoint_is_an_older_copy)
{
    size_t size;
    ledger_release(&ledger);
    char *old = audit_read(audit_path(ledger.folder, "CHECKPOINT"), &size);
    liar_begin(&liar, &ledger);
    liar_remove(&liar, th_schema_key_log(TH_TABLE_JOURNAL, AT_END - 1));
    liar_remove(&liar, th_schema_key_log(TH_TABLE_CHECKPOINT, AT_END));
    liar_end(&liar);
    audit_write(audit_path(ledger.folder, "CHECKPOINT"), old, size);
    free(old);
    expect("folder", -1);
}

Test(audit_verify, a_checkpoint_file_that_is_missing_damaged_or_of_another_history)
{
    const char *path = audit_path(ledger.folder, "CHECKPOINT");
    char zeros[1024];
    size_t size;
    ledger_release(&ledger);
    char *bytes = audit_read(path, &size);
    memset(zeros, 'x', sizeof zeros);
    audit_write(path, zeros, sizeof zeros);
    expect("folder", -1);
    audit_write(path, zeros, 100);
    expect("folder", -1);
    cr_assert_eq(unlink(path), 0);
    expect("folder", -1);
    audit_write(path, bytes, size);
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    cr_expect_null(strstr(audit_out, "CHECKPOINT"), "%s", audit_out);
    memset(zeros, 0, sizeof zeros); /* without a word, it would be as good as the file */
    for (size_t length = 0; length <= sizeof zeros; length += sizeof zeros) {
        audit_write(path, zeros, length);
        cr_assert_eq(verify(), EX_OK, "%s", audit_out);
        cr_expect_not_null(strstr(audit_out, "CHECKPOINT rỗng"), "%s", audit_out);
    }
    bytes[memcmp(bytes, zeros, 8) == 0 ? 512 : 0] ^= 1;
    audit_write(path, bytes, size);
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    cr_expect_not_null(strstr(audit_out, "một trong hai chỗ ghi"), "%s", audit_out);
    free(bytes);
}

Test(audit_verify, a_backup_has_no_checkpoint_file_and_that_is_a_remark)
{
    struct th_backup_result result;
    char problem[TH_STORE_PROBLEM_SIZE], copy[64];
    ledger_release(&ledger);
    (void)snprintf(copy, sizeof copy, "%s", audit_path(ledger.folder, "copy"));
    cr_assert_eq(th_store_backup(ledger.folder, copy, NULL, 0, NULL, NULL, problem, &result), 0,
                 "%s", problem);
    cr_assert_eq(run(copy, NULL, NULL), EX_OK, "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "holds"), "true");
    cr_expect_str_eq(ledger_at(answer, "problems/total"), "0");
    cr_expect_eq(json_array_size(json_object_get(answer, "remarks")), 1, "%s", audit_out);
    cr_expect_not_null(strstr(audit_out, "bản sao lưu"), "%s", audit_out);
    cr_assert_eq(mkdir(audit_path(copy, "secrets"), 0700), 0);
    cr_assert_eq(run(copy, NULL, NULL), EX_DATAERR, "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "problems/first/kind"), "folder");
    cr_expect_eq(json_array_size(json_object_get(answer, "remarks")), 0, "%s", audit_out);
}

/* Every page in turn, but the two that say what the file is. */
Test(audit_verify, a_page_that_is_overwritten_is_an_answer_wherever_it_is)
{
    enum { PAGE = 4096, REVISIONS = 60 };
    size_t size, noticed = 0;
    const char *path = audit_path(ledger.folder, "data.mdb");
    for (unsigned i = 2; i <= REVISIONS; i++)
        cr_assert(ledger_send_a(&ledger, L_A1, i, 5 + i));
    ledger_release(&ledger);
    char *bytes = audit_read(path, &size), *bad = malloc(size);
    cr_assert_not_null(bad);
    for (size_t at = (size_t)2 * PAGE; at + PAGE <= size; at += PAGE) {
        memcpy(bad, bytes, size);
        memset(bad + at, 0xFF, PAGE);
        audit_write(path, bad, size);
        int code = run(ledger.folder, NULL, NULL); /* a page may be a free one */
        cr_expect(code == EX_OK || code == EX_DATAERR, "page %zu: %d %s", at / PAGE, code,
                  audit_err);
        cr_expect_not_null(answer, "page %zu", at / PAGE);
        cr_expect_str_eq(ledger_at(answer, "holds"), code == EX_OK ? "true" : "false");
        noticed += code == EX_DATAERR;
    }
    cr_expect_gt(noticed, 20);
    free(bytes);
    free(bad);
}

Test(audit_verify, a_file_that_says_it_is_larger_than_any_map_is_damaged)
{
    enum { META = 4096, LAST_PAGE = 136 }; /* of each of the two first pages; little-endian */
    size_t size;
    const char *path = audit_path(ledger.folder, "data.mdb");
    ledger_release(&ledger);
    char *bytes = audit_read(path, &size);
    bytes[LAST_PAGE + 7] = bytes[META + LAST_PAGE + 7] = 0x10;
    audit_write(path, bytes, size);
    free(bytes);
    expect("folder", -1);
}

Test(audit_verify, what_a_witness_has_seen_the_store_has)
{
    const char *folder = audit_path(ledger.folder, "witness");
    const char *path = audit_path(ledger.folder, "witness/a.checkpoint");
    cr_assert_eq(mkdir(folder, 0700), 0);
    audit_write_checkpoint(&ledger, 15, path);
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "checked/witnesses"), "1");
    cr_assert(ledger_send_a(&ledger, L_B1, 1, 5));
    audit_write_checkpoint(&ledger, AT_END + 1, path);
    liar_begin(&liar, &ledger);
    liar_remove(&liar, th_schema_key_log(TH_TABLE_JOURNAL, AT_END));
    liar_remove(&liar, th_schema_key_log(TH_TABLE_CHECKPOINT, AT_END + 1));
    liar_end(&liar);
    expect("folder", -1);
    cr_expect_not_null(strstr(audit_out, "witness/a.checkpoint"), "%s", audit_out);
    audit_write(path, "nothing\n", 8);
    expect("folder", -1);
}

Test(audit_verify, a_store_that_does_not_open_is_answered_all_the_same)
{
    char id[40] = "";
    size_t size;
    ledger_release(&ledger);
    char *old = audit_read(audit_path(ledger.folder, "STORE_ID"), &size);
    memset(id, '0', sizeof id);
    id[size - 1] = old[size - 1];
    audit_write(audit_path(ledger.folder, "STORE_ID"), id, size);
    expect("folder", -1);
    audit_write(audit_path(ledger.folder, "STORE_ID"), old, size);
    free(old);
    cr_assert_eq(truncate(audit_path(ledger.folder, "data.mdb"), 16384), 0);
    expect("folder", -1);
    cr_expect_not_null(strstr(audit_out, "cắt ngắn"), "%s", audit_out);
}

Test(audit_verify, the_first_bad_entry_of_a_damaged_tail_is_named)
{
    liar_begin(&liar, &ledger);
    liar_put(&liar, th_schema_key_log(TH_TABLE_JOURNAL, 14), "x", 1);
    MDB_val name, value = {3, (void *)(uintptr_t) "abc"};
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 12);
    name = (MDB_val){key.size, key.bytes};
    cr_assert_eq(mdb_put(liar.txn.txn, liar.txn.database, &name, &value, 0), 0);
    liar_end(&liar);
    expect("row", 12);
}

Test(audit_verify, no_store_is_no_answer)
{
    cr_assert_eq(run("/nonexistent", NULL, NULL), th_status_exit_code(TH_E_NOT_FOUND));
    cr_assert_eq(AUDIT_RUN(th_audit_verify, "verify"), EX_USAGE);
}

/* ---- rows ---- */

Test(audit_verify, a_row_of_no_table_is_named)
{
    struct th_schema_key key = {.bytes = {0x77, 1}, .size = 2};
    liar_begin(&liar, &ledger);
    liar_put(&liar, key, "x", 1);
    liar_end(&liar);
    expect("row", -1);
    cr_expect_not_null(strstr(audit_out, "7701"), "%s", audit_out);
}

Test(audit_verify, a_pipe_where_the_store_s_file_should_be_holds_nobody_up)
{
    const char *path = audit_path(ledger.folder, "data.mdb");
    ledger_release(&ledger);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(run(ledger.folder, NULL, NULL), EX_DATAERR);
}

Test(audit_verify, a_row_with_a_wrong_checksum_is_named)
{
    struct th_schema_key key = th_schema_key_unit(3);
    MDB_val name = {key.size, key.bytes}, value = {6, (void *)(uintptr_t) "abcdef"};
    liar_begin(&liar, &ledger);
    cr_assert_eq(mdb_put(liar.txn.txn, liar.txn.database, &name, &value, 0), 0);
    liar_end(&liar);
    expect("row", -1);
    cr_expect_not_null(strstr(audit_out, "đơn vị 3"), "%s", audit_out);
}

/* ---- checkpoints ---- */

static void tell(uint64_t at, const char *origin, uint64_t size, unsigned flip, bool is_own)
{
    struct th_note_signer other;
    const uint8_t seed[32] = {9};
    struct th_regrown tree = {.size = 0};
    struct th_digest root;
    liar_begin(&liar, &ledger);
    for (uint64_t i = 0; i < size; i++)
        cr_assert_eq(th_regrown_add(&tree, liar_get_leaf(&liar, i)), 0);
    th_regrown_root(&tree, &root);
    th_regrown_deinit(&tree);
    root.bytes[0] ^= (uint8_t)flip;
    cr_assert_eq(th_tlog_signer_init(origin, seed, &other), 0);
    liar_put_note(&liar, at, origin, size, &root, is_own ? &ledger.signer : &other);
    liar_end(&liar);
}

Test(audit_verify, a_checkpoint_that_is_told_again_as_it_was_holds)
{
    tell(14, "tonghop/64", 14, 0, true);
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
}

Test(audit_verify, a_checkpoint_of_another_root)
{
    tell(14, "tonghop/64", 14, 1, true);
    expect("checkpoint", 13);
}

Test(audit_verify, a_checkpoint_of_another_size)
{
    tell(14, "tonghop/64", 13, 0, true);
    expect("checkpoint", 13);
}

Test(audit_verify, a_checkpoint_of_another_key)
{
    tell(14, "tonghop/64", 14, 0, false);
    expect("checkpoint", 13);
}

Test(audit_verify, a_checkpoint_of_another_origin)
{
    tell(14, "tonghop/65", 14, 0, true);
    expect("checkpoint", 13);
}

Test(audit_verify, a_checkpoint_that_is_none)
{
    liar_begin(&liar, &ledger);
    liar_put(&liar, th_schema_key_log(TH_TABLE_CHECKPOINT, 14), "x\n", 2);
    liar_put(&liar, th_schema_key_log(TH_TABLE_CHECKPOINT, 0), "x\n", 2);
    liar_end(&liar);
    expect("checkpoint", 13);
    cr_expect_str_eq(ledger_at(answer, "problems/counts/row"), "1", "that of no leaves");
}

Test(audit_verify, no_checkpoint_at_the_end)
{
    liar_begin(&liar, &ledger);
    liar_remove(&liar, th_schema_key_log(TH_TABLE_CHECKPOINT, AT_END));
    liar_end(&liar);
    expect("folder", -1);
}

Test(audit_verify, an_entry_that_is_missing_with_its_leaf)
{
    liar_begin(&liar, &ledger);
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, 4);
    struct th_bytes content = liar_get(&liar, key);
    liar_remove(&liar, key);
    liar_end(&liar);
    expect("folder", -1); /* among the last 64, which opening looks at */
    liar_begin(&liar, &ledger);
    liar_put(&liar, key, content.bytes, content.size);
    liar_end(&liar);
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
}

/* ---- the tree of a larger store ---- */

static void grow(unsigned count)
{
    struct ledger_report report = {.unit = L_A1, .obligation = LEDGER_ADHOC};
    report.has[L_A] = true;
    for (unsigned i = 1; i <= count; i++) {
        report.number = i;
        report.values[L_A] = i;
        cr_assert(ledger_send(&ledger, report));
    }
}

Test(audit_verify, tiles_are_the_leaves_ones)
{
    struct th_schema_key first = th_schema_key_tile(0, 0), above = th_schema_key_tile(1, 0);
    struct th_schema_key more = th_schema_key_tile(0, 2);
    grow(500);
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
    cr_expect_str_eq(ledger_at(answer, "checked/tiles"), "3");
    liar_begin(&liar, &ledger);
    struct th_bytes tile = liar_get(&liar, first), upper = liar_get(&liar, above);
    uint8_t *bytes = (uint8_t *)(uintptr_t)tile.bytes;
    bytes[40] ^= 1;
    liar_put(&liar, first, bytes, tile.size);
    liar_put(&liar, more, bytes, tile.size);
    liar_end(&liar);
    expect("tree", -1);
    cr_expect_str_eq(ledger_at(answer, "problems/counts/tree"), "2", "%s", audit_out);
    liar_begin(&liar, &ledger);
    bytes[40] ^= 1;
    liar_remove(&liar, more);
    liar_remove(&liar, first);
    liar_end(&liar);
    expect("tree", -1);
    liar_begin(&liar, &ledger);
    liar_put(&liar, first, bytes, tile.size);
    liar_put(&liar, above, upper.bytes, upper.size - 32);
    liar_end(&liar);
    cr_assert_eq(verify(), EX_DATAERR);
    liar_begin(&liar, &ledger);
    liar_put(&liar, above, upper.bytes, upper.size);
    liar_remove(&liar, th_schema_key_log(TH_TABLE_JOURNAL, 20));
    liar_put_leaf(&liar, 30, "", 0);
    liar_end(&liar);
    expect("entry", 20);
    cr_expect_str_eq(ledger_at(answer, "problems/counts/entry"), "2", "%s", audit_out);
}

/* ---- every bit ---- */

struct victim {
    struct th_schema_key key;
    size_t size;
};

/* All values of a small store, by key. */
static size_t list_rows(struct victim *victims, size_t capacity)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t count = 0;
    cr_assert_eq(mdb_cursor_open(liar.txn.txn, liar.txn.database, &cursor), 0);
    for (int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        cr_assert_lt(count, capacity);
        memcpy(victims[count].key.bytes, key.mv_data, key.mv_size);
        victims[count].key.size = key.mv_size;
        victims[count++].size = value.mv_size;
    }
    mdb_cursor_close(cursor);
    return count;
}

static void flip(const struct victim *victim, size_t bit)
{
    MDB_val key = {victim->key.size, (void *)(uintptr_t)victim->key.bytes}, value;
    static uint8_t copy[65536];
    cr_assert_eq(mdb_get(liar.txn.txn, liar.txn.database, &key, &value), 0);
    cr_assert_leq(value.mv_size, sizeof copy);
    memcpy(copy, value.mv_data, value.mv_size);
    copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
    value.mv_data = copy;
    cr_assert_eq(mdb_put(liar.txn.txn, liar.txn.database, &key, &value, 0), 0);
}

static void flip_once(const struct victim *victim, size_t bit)
{
    liar_begin(&liar, &ledger);
    flip(victim, bit);
    liar_end(&liar);
}

/* Each row, the bits of each byte in turn: a whole verify every time, in its child. Every bit of
 * every row against its checksum is test_store_inspect's. */
Test(audit_verify, a_flipped_bit_in_any_row_is_noticed)
{
    static struct victim victims[400];
    liar_begin(&liar, &ledger);
    size_t count = list_rows(victims, 400);
    liar_end(&liar);
    unsigned turn = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bit = (turn * 37) % (victims[i].size * 8);
        turn++;
        flip_once(&victims[i], bit);
        cr_expect_neq(verify(), EX_OK, "row %zu bit %zu", i, bit);
        flip_once(&victims[i], bit);
    }
    cr_assert_eq(verify(), EX_OK, "%s", audit_out);
}

/* ---- the scratch folder ---- */

static unsigned entries_of(const char *path)
{
    unsigned count = 0;
    DIR *folder = opendir(path);
    cr_assert_not_null(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count - 2;
}

Test(audit_verify, nothing_is_left_in_the_temporary_folder)
{
    char path[] = "/tmp/tonghop-tmpdir-XXXXXX";
    cr_assert_not_null(mkdtemp(path));
    cr_assert_eq(setenv("TMPDIR", path, 1), 0);
    cr_assert_eq(verify(), EX_OK);
    cr_expect_eq(entries_of(path), 0);
    cr_assert_eq(AUDIT_RUN(th_audit_replay, "replay", ledger.folder), EX_OK);
    cr_expect_eq(entries_of(path), 0);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(AUDIT_RUN(th_audit_verify, "verify", ledger.folder), th_status_exit_code(TH_E_IO));
    cr_assert_eq(unsetenv("TMPDIR"), 0);
}
