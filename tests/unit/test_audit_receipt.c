/* SPDX-License-Identifier: Apache-2.0 */
/* What a receipt proves, and every way in which it does not. */
#include "aggregator/audit/fault.h"
#include "proto/receipt/receipt.h"
#include "proto/tlog/hash.h"
#include "proto/wire/submission.h"
#include "proto/exchange/keys_file.h"
#include "tests/support/audit_case.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static struct ledger ledger;
static struct th_bytes receipt; /* of a report of a1 */
static const char *file, *keys;
static char file_path[512], keys_path[512];

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    uint64_t position = ledger_size(&ledger) - 1;
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 20));
    receipt = audit_receipt(&ledger, position);
    (void)snprintf(file_path, sizeof file_path, "%s/bien-nhan.txt", ledger.folder);
    (void)snprintf(keys_path, sizeof keys_path, "%s/log-keys.yaml", ledger.folder);
    file = file_path;
    keys = keys_path;
    audit_write(file, receipt.bytes, receipt.size);
    audit_write_keys(&ledger, keys);
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(audit_receipt, .init = set_up, .fini = tear_down);

static int check(const char *path)
{
    return AUDIT_RUN(th_audit_check_receipt, "check-receipt", path, "--keys", keys);
}

/* Writes the receipt with one text in place of another; they have the same length. */
static const char *changed(const char *from, const char *to)
{
    char *copy = malloc(receipt.size + 1);
    const char *path = audit_path(ledger.folder, "sua.txt");
    memcpy(copy, receipt.bytes, receipt.size);
    copy[receipt.size] = '\0';
    char *at = strstr(copy, from);
    cr_assert_not_null(at);
    memcpy(at, to, strlen(to));
    audit_write(path, copy, receipt.size);
    free(copy);
    return path;
}

Test(audit_receipt, says_in_one_sentence_what_is_proven)
{
    cr_expect_eq(check(file), EX_OK);
    cr_expect_not_null(strstr(audit_out, "Đơn vị a1: báo cáo HALF (lần 1) đã nhận lúc"));
    cr_expect_not_null(strstr(audit_out, "đúng hạn"));
    cr_expect_str_eq(audit_err, "");
}

Test(audit_receipt, is_checked_with_one_key_too)
{
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t length;
    cr_assert_eq(th_tlog_vkey_encode(&ledger.signer.vkey, sizeof vkey, vkey, &length), 0);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--log-key", vkey),
                 EX_OK);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file), EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--log-key", "x"),
                 EX_USAGE);
}

Test(audit_receipt, of_another_log_is_refused)
{
    struct th_note_signer other;
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {9};
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t length;
    cr_assert_eq(th_tlog_signer_init(ledger.signer.vkey.name, seed, &other), 0);
    cr_assert_eq(th_tlog_vkey_encode(&other.vkey, sizeof vkey, vkey, &length), 0);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--log-key", vkey),
                 EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "chữ ký không phải của khóa nhật ký"));
    cr_assert_eq(th_tlog_signer_init("another/log", seed, &other), 0);
    cr_assert_eq(th_tlog_vkey_encode(&other.vkey, sizeof vkey, vkey, &length), 0);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--log-key", vkey),
                 EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "không có trong lịch sử khóa"));
    cr_expect_not_null(strstr(audit_err, "lấy log-keys.yaml mới nhất"), "%s", audit_err);
}

Test(audit_receipt, a_key_that_nobody_signed_for_is_told)
{
    static struct th_log_keys history;
    struct th_note_signer other;
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {9};
    cr_assert_eq(check(file), EX_OK);
    cr_expect_null(strstr(audit_out, "khóa trước không ký"), "%s", audit_out);
    cr_assert_eq(th_tlog_signer_init("tonghop/truoc", seed, &other), 0);
    th_log_keys_begin(&other.vkey, &history); /* the key that is compared with a trusted one */
    cr_assert_eq(th_log_keys_vouch(&history, &ledger.signer.vkey, 1), 0);
    cr_assert_eq(th_keys_file_write(keys, &history), 0);
    cr_expect_eq(check(file), EX_OK, "%s", audit_err);
    cr_expect_not_null(strstr(audit_out, "khóa trước không ký"), "%s", audit_out);
    cr_expect_not_null(strstr(audit_err, "không được khóa trước ký"), "%s", audit_err);
    th_log_keys_begin(&ledger.signer.vkey, &history);
    cr_assert_eq(th_log_keys_vouch(&history, &other.vkey, 1), 0);
    cr_assert_eq(th_keys_file_write(keys, &history), 0);
    cr_expect_eq(check(file), EX_OK, "%s", audit_err); /* by the one before it */
    cr_expect_null(strstr(audit_out, "khóa trước không ký"), "%s", audit_out);
}

Test(audit_receipt, the_line_that_is_wrong_is_named)
{
    cr_expect_eq(check(changed("c2sp", "c3sp")), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "sua.txt:1:"), "%s", audit_err);
    cr_expect_eq(check(changed("extra ", "extra!")), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "sua.txt:2:"), "%s", audit_err);
    cr_expect_eq(check(changed("index ", "index:")), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "sua.txt:3:"), "%s", audit_err);
    cr_expect_eq(check(changed("\n\n", "=\n")), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "sua.txt:"), "%s", audit_err);
}

Test(audit_receipt, each_single_bit_is_needed)
{
    uint8_t *copy = malloc(receipt.size);
    struct th_arena arena;
    struct th_receipt opened;
    th_arena_init(&arena, 65536, (size_t)1 << 20);
    cr_assert_eq(th_receipt_open(receipt, th_store_log_keys(ledger.store), &arena, &opened), 0);
    for (size_t bit = 0; bit < 8 * receipt.size; bit++) {
        struct th_fault fault = {.line = 99};
        memcpy(copy, receipt.bytes, receipt.size);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const struct th_bytes text = {copy, receipt.size};
        th_arena_reset(&arena);
        int status = th_receipt_open(text, th_store_log_keys(ledger.store), &arena, &opened);
        cr_assert_neq(status, 0, "bit %zu of byte %zu", bit % 8, bit / 8);
        th_fault_explain(text, th_store_log_keys(ledger.store), status, &arena, &fault);
        cr_assert_gt(strlen(fault.text), 10, "byte %zu", bit / 8);
        cr_assert_lt(fault.line, 99);
    }
    th_arena_deinit(&arena);
    free(copy);
}

Test(audit_receipt, each_beginning_of_it_is_refused_and_a_tail_too)
{
    struct th_arena arena;
    struct th_receipt opened;
    th_arena_init(&arena, 65536, (size_t)1 << 20);
    for (size_t size = 0; size < receipt.size; size++) {
        const struct th_bytes text = {receipt.bytes, size};
        th_arena_reset(&arena);
        cr_assert_neq(th_receipt_open(text, th_store_log_keys(ledger.store), &arena, &opened), 0);
    }
    th_arena_deinit(&arena);
    char *longer = malloc(receipt.size + 1);
    memcpy(longer, receipt.bytes, receipt.size);
    longer[receipt.size] = '\n';
    audit_write(audit_path(ledger.folder, "dai.txt"), longer, receipt.size + 1);
    free(longer);
    cr_expect_eq(check(audit_path(ledger.folder, "dai.txt")), EX_DATAERR);
}

/* The submission of an entry, and the report in it. */
static void write_submission(uint64_t position, const char *submission_path,
                             const char *report_path)
{
    struct th_view *view;
    struct th_stored_entry entry;
    struct th_submission submission;
    cr_assert_eq(th_view_open(ledger.store, &view), 0);
    cr_assert_eq(th_view_entry(view, position, &entry), 0);
    cr_assert_eq(th_wire_submission_decode(entry.body, &ledger.arena, &submission), 0);
    audit_write(submission_path, entry.body.bytes, entry.body.size);
    audit_write(report_path, submission.reports_raw[0].bytes, submission.reports_raw[0].size);
    th_view_close(view);
}

Test(audit_receipt, is_of_the_report_that_is_shown_or_of_none)
{
    const char *submission = audit_path(ledger.folder, "s.bin");
    const char *report = audit_path(ledger.folder, "r.bin");
    uint64_t last = ledger_size(&ledger) - 1;
    write_submission(last - 1, submission, report);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--keys", keys,
                           "--report", report),
                 EX_OK);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--keys", keys,
                           "--report", submission),
                 EX_OK);
    write_submission(last, submission, report);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--keys", keys,
                           "--report", report),
                 EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "không nêu báo cáo này"), "%s", audit_err);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--keys", keys,
                           "--report", "/không/có"),
                 EX_NOINPUT);
}

Test(audit_receipt, of_anything_but_a_submission_proves_no_report)
{
    const struct th_bytes founding = audit_receipt(&ledger, 0);
    const char *path = audit_path(ledger.folder, "lap-kho.txt");
    audit_write(path, founding.bytes, founding.size);
    cr_expect_eq(check(path), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "không phải của một lần nộp"), "%s", audit_err);
}

Test(audit_receipt, all_files_are_checked_and_the_worst_code_counts)
{
    const char *bad = changed("extra ", "extra!");
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", bad, file, "--keys", keys),
                 EX_DATAERR);
    cr_expect_not_null(strstr(audit_out, "đã nhận lúc"));
    cr_expect_eq(
        AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "/không/có", "--keys", keys),
        EX_NOINPUT);
    cr_expect_eq(
        AUDIT_RUN(th_audit_check_receipt, "check-receipt", bad, "/không/có", "--keys", keys),
        EX_DATAERR, "what is wrong is not hidden by what is not there");
}

Test(audit_receipt, speaks_json)
{
    const char *bad = changed("extra ", "extra!");
    cr_expect_eq(
        AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, bad, "--keys", keys, "--json"),
        EX_DATAERR);
    json_t *answer = json_loads(audit_out, 0, NULL);
    cr_assert_not_null(answer);
    cr_expect_str_eq(ledger_at(answer, "0/holds"), "true");
    cr_expect_str_eq(ledger_at(answer, "0/unit"), "a1");
    cr_expect_str_eq(ledger_at(answer, "0/judgements/0/verdict"), "accepted");
    cr_expect_str_eq(ledger_at(answer, "0/judgements/0/timeliness"), "on_time");
    cr_expect_str_eq(ledger_at(answer, "1/holds"), "false");
    cr_expect_str_eq(ledger_at(answer, "1/line"), "2");
    json_decref(answer);
}

Test(audit_receipt, with_line_ends_of_windows_is_said_so)
{
    const char *path = audit_path(ledger.folder, "crlf.txt");
    char *copy = malloc(2 * receipt.size);
    size_t size = 0;
    cr_assert_not_null(copy);
    for (size_t i = 0; i < receipt.size; i++) {
        if (receipt.bytes[i] == '\n')
            copy[size++] = '\r';
        copy[size++] = (char)receipt.bytes[i];
    }
    audit_write(path, copy, size);
    free(copy);
    cr_expect_eq(check(path), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "CRLF"), "%s", audit_err);
}

Test(audit_receipt, what_is_no_file_or_too_large_is_said_so)
{
    const char *large = audit_path(ledger.folder, "lon.txt");
    audit_write(large, "", 0);
    cr_assert_eq(truncate(large, (off_t)1 << 30), 0);
    cr_expect_eq(check(large), EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "lớn hơn"), "%s", audit_err);
    cr_expect_eq(check(ledger.folder), EX_NOINPUT);
    cr_expect_not_null(strstr(audit_err, "là thư mục"), "%s", audit_err);
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "--keys", keys,
                           "--report", ledger.folder),
                 EX_NOINPUT);
}

Test(audit_receipt, a_file_that_cannot_be_read_has_its_place_in_the_json)
{
    cr_expect_eq(AUDIT_RUN(th_audit_check_receipt, "check-receipt", file, "/nowhere/x", "--keys",
                           keys, "--json"),
                 EX_NOINPUT);
    json_t *list = json_loads(audit_out, 0, NULL);
    cr_assert_eq(json_array_size(list), 2, "%s", audit_out);
    cr_expect(json_is_false(json_object_get(json_array_get(list, 1), "holds")));
    json_decref(list);
}
