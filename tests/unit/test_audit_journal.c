/* SPDX-License-Identifier: Apache-2.0 */
/* What is read from a store that nobody vouches for: its journal, proofs, checkpoints. */
#include "aggregator/store/folder.h"
#include "proto/tlog/hash.h"
#include "tests/support/audit_case.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static struct ledger ledger;

static void set_up(void)
{
    ledger_open(&ledger, TH_MODE_LIVE);
    cr_assert(ledger_send_a(&ledger, L_A1, 1, 10));
    cr_assert(ledger_send_a(&ledger, L_A2, 1, 20));
    cr_assert(ledger_send_a(&ledger, L_A1, 2, 11));
}

static void tear_down(void)
{
    ledger_close(&ledger);
}

TestSuite(audit_journal, .init = set_up, .fini = tear_down);

static unsigned lines_of(const char *text)
{
    unsigned lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

/* ---- export ---- */

Test(audit_journal, has_one_line_for_each_entry)
{
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder), EX_OK);
    cr_expect_eq(lines_of(audit_out), ledger_size(&ledger));
    cr_expect_not_null(strstr(audit_out, "#0  2025-03-01T00:00:00+07:00  lập kho"));
    cr_expect_not_null(strstr(audit_out, "(người thực hiện: người vận hành)"));
    cr_expect_not_null(strstr(audit_out, "báo cáo  a1  p-2025  HALF lần 2: nhận, đúng hạn"));
    cr_expect_str_eq(audit_err, "");
}

Test(audit_journal, is_cut_by_position_kind_and_unit)
{
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--from", "1", "--to", "2"),
                 EX_OK);
    cr_expect_eq(lines_of(audit_out), 2);
    cr_expect_eq(strncmp(audit_out, "#1 ", 3), 0);
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--kind", "submission"),
                 EX_OK);
    cr_expect_eq(lines_of(audit_out), 3);
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--unit", "a1", "--kind",
                           "submission", "--kind", "enrolled"),
                 EX_OK);
    cr_expect_eq(lines_of(audit_out), 3);
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--kind", "gì"), EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--from", "-1"), EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--from", "4000"), EX_DATAERR);
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--from", "2", "--to", "1"),
                 EX_USAGE);
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", ledger.folder, "--unit", "a9"), EX_OK);
    cr_expect_not_null(strstr(audit_err, "không có bản ghi nào"), "%s", audit_err);
}

Test(audit_journal, speaks_json_line_by_line)
{
    cr_expect_eq(
        AUDIT_RUN(th_audit_export, "export", ledger.folder, "--kind", "submission", "--json"),
        EX_OK);
    cr_expect_eq(lines_of(audit_out), 3);
    json_t *line = json_loads(audit_out, JSON_DISABLE_EOF_CHECK, NULL);
    cr_expect_str_eq(ledger_at(line, "kind"), "submission");
    cr_expect_str_eq(ledger_at(line, "unit"), "a1");
    cr_expect_str_eq(ledger_at(line, "reports/0/verdict"), "accepted");
    cr_expect_str_eq(ledger_at(line, "reports/0/revision"), "1");
    json_decref(line);
}

/* Flips a bit of the first place where the file has these bytes, and of each other one. */
static unsigned damage(const char *path, const char *bytes)
{
    size_t size, length = strlen(bytes);
    unsigned count = 0;
    char *content = audit_read(path, &size);
    for (size_t at = 0; at + length <= size; at++)
        if (memcmp(content + at, bytes, length) == 0) {
            content[at] ^= 1;
            count++;
        }
    int fd = open(path, O_WRONLY);
    cr_assert(fd >= 0 && write(fd, content, size) == (ssize_t)size);
    (void)close(fd);
    free(content);
    return count;
}

Test(audit_journal, tells_of_entries_that_cannot_be_read_and_goes_on)
{
    /* Opening looks at those of the last tile. */
    for (uint32_t revision = 3; revision < 300; revision++)
        cr_assert(ledger_send_a(&ledger, L_A1, revision, revision));
    ledger_release(&ledger);
    cr_assert_gt(damage(audit_path(ledger.folder, TH_STORE_DATA), "realm: "),
                 1); /* of the enrolments' node.pub */
    int code = AUDIT_RUN(th_audit_export, "export", ledger.folder);
    cr_expect_eq(code, EX_DATAERR);
    cr_expect_not_null(strstr(audit_out, "KHÔNG ĐỌC ĐƯỢC"), "%s%s", audit_out, audit_err);
    cr_expect_not_null(strstr(audit_out, "#0  "));
    cr_expect_not_null(strstr(audit_out, "HALF lần 2: nhận"));
}

Test(audit_journal, no_file_of_zeros_and_no_half_of_a_file_crashes_the_command)
{
    const char *path = audit_path(ledger.folder, TH_STORE_DATA);
    size_t size;
    char *whole = audit_read(path, &size);
    ledger_release(&ledger);
    for (size_t page = 0; page * 4096 < size; page++) {
        int fd = open(path, O_WRONLY);
        char *zeros = calloc(1, 4096);
        cr_assert(pwrite(fd, whole, size, 0) == (ssize_t)size &&
                  pwrite(fd, zeros, 4096, (off_t)(page * 4096)) == 4096);
        free(zeros);
        (void)close(fd);
        int code = AUDIT_RUN(th_audit_export, "export", ledger.folder);
        cr_expect(code == EX_OK || (code == EX_DATAERR && audit_err[0] != '\0') ||
                      code == EX_PROTOCOL,
                  "page %zu: %d %s", page, code, audit_err);
        cr_expect_eq(truncate(path, (off_t)(page * 4096)), 0);
        code = AUDIT_RUN(th_audit_export, "export", ledger.folder);
        cr_expect_neq(code, EX_OK, "page %zu", page);
    }
    free(whole);
}

/* ---- a folder that may not be written ---- */

/* As a user who may read it and nothing else. */
static int export_as_nobody(void)
{
    pid_t child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(99);
        int code = AUDIT_RUN(th_audit_export, "export", ledger.folder);
        if (code == EX_OK && lines_of(audit_out) == 0)
            code = 98;
        _exit(code);
    }
    int state = 0;
    cr_assert_eq(waitpid(child, &state, 0), child);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

Test(audit_journal, a_folder_that_may_not_be_written_is_read_and_stays_as_it_is)
{
    if (geteuid() != 0)
        cr_skip_test("needs to become another user");
    static const char *const names[] = {TH_STORE_DATA, TH_STORE_ID_FILE, "lock.mdb", "CHECKPOINT",
                                        "OWNER"};
    ledger_release(&ledger);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cr_assert_eq(chmod(audit_path(ledger.folder, names[i]), 0444), 0, "%s", names[i]);
    cr_assert_eq(chmod(ledger.folder, 0555), 0);
    cr_expect_eq(export_as_nobody(), EX_OK);
    cr_assert_eq(unlink(audit_path(ledger.folder, "lock.mdb")), 0);
    cr_expect_eq(export_as_nobody(), EX_OK);
    cr_expect_eq(access(audit_path(ledger.folder, "lock.mdb"), F_OK), -1);
    cr_assert_eq(chmod(ledger.folder, 0700), 0);
}

Test(audit_journal, no_store_is_said_so)
{
    cr_expect_eq(AUDIT_RUN(th_audit_export, "export", "/không/có"), EX_NOINPUT);
    cr_expect_not_null(strstr(audit_err, "không có kho dữ liệu ở đây"), "%s", audit_err);
}

/* ---- prove ---- */

static int check_folder(const char *folder)
{
    return AUDIT_RUN(th_audit_check_receipt, "check-receipt", audit_path(folder, "receipt.txt"),
                     "--keys", audit_path(folder, "log-keys.yaml"), "--report",
                     audit_path(folder, "report.bin"));
}

Test(audit_journal, a_report_is_proven_to_others_by_a_folder)
{
    const char *folder = audit_path(ledger.folder, "ho-so");
    cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", "p-2025/HALF/a1",
                           "--out", folder),
                 EX_OK, "%s", audit_err);
    cr_expect_not_null(strstr(audit_out, "(lần 2) đã nhận lúc"), "%s", audit_out);
    size_t size;
    char *receipt = audit_read(audit_path(folder, "receipt.txt"), &size);
    const struct th_bytes expected = audit_receipt(&ledger, ledger_size(&ledger) - 1);
    cr_expect_eq(size, expected.size);
    cr_expect_arr_eq(receipt, expected.bytes, expected.size);
    free(receipt);
    cr_expect_eq(check_folder(folder), EX_OK, "%s", audit_err);
    char *doc = audit_read(audit_path(folder, "doc.txt"), &size);
    cr_expect_not_null(strstr(doc, "tonghop-audit check-receipt receipt.txt --keys log-keys.yaml "
                                   "--report report.bin"));
    free(doc);
    cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", "p-2025/HALF/a1",
                           "--out", folder),
                 EX_CANTCREAT);
}

Test(audit_journal, a_superseded_revision_is_proven_too)
{
    const char *folder = audit_path(ledger.folder, "ho-so-1");
    cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", "p-2025/HALF/a1/0/1",
                           "--out", folder),
                 EX_OK, "%s", audit_err);
    cr_expect_not_null(strstr(audit_out, "(lần 1) đã nhận lúc"), "%s", audit_out);
    cr_expect_not_null(strstr(audit_out, "bản sửa thay thế"), "%s", audit_out);
    cr_expect_eq(check_folder(folder), EX_OK, "%s", audit_err);
}

Test(audit_journal, a_report_is_found_by_its_digest)
{
    cr_assert_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", "p-2025/HALF/a1/0/1",
                           "--json"),
                 EX_OK);
    json_t *answer = json_loads(audit_out, 0, NULL);
    char digest[80];
    (void)snprintf(digest, sizeof digest, "%s", ledger_at(answer, "sha256"));
    json_decref(answer);
    cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", digest, "--json"),
                 EX_OK);
    answer = json_loads(audit_out, 0, NULL);
    cr_expect_str_eq(ledger_at(answer, "revision"), "1");
    cr_expect_str_eq(ledger_at(answer, "current"), "false");
    json_decref(answer);
    char capitals[80]; /* as some programs print it */
    for (size_t i = 0; i < sizeof digest; i++)
        capitals[i] = (char)toupper((unsigned char)digest[i]);
    cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", capitals), EX_OK);
    digest[0] = digest[0] == '0' ? '1' : '0';
    cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", digest), EX_NOINPUT);
    cr_expect_not_null(strstr(audit_err, "trong 3 báo cáo kể cả"), "%s", audit_err);
}

Test(audit_journal, what_is_not_there_is_not_proven)
{
    static const char *const absent[] = {"p-2025/HALF/b1", "p-2025/HALF/a1/0/9", "p-2025/HALF/a1/3",
                                         "p/HALF/a1",      "p-2025/GÌ/a1",       "p-2025/HALF/zz"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", absent[i]),
                     EX_NOINPUT, "%s", absent[i]);
    static const char *const wrong[] = {"p-2025", "p-2025/HALF", "a/b/c/d/e/f", "a//c", "a/b/c/x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder, "--report", wrong[i]),
                     EX_USAGE, "%s", wrong[i]);
    cr_expect_eq(AUDIT_RUN(th_audit_prove, "prove", ledger.folder), EX_USAGE);
}

/* ---- consistency ---- */

Test(audit_journal, an_old_checkpoint_is_a_beginning)
{
    const char *old = audit_path(ledger.folder, "cu"), *keys = audit_path(ledger.folder, "keys");
    const char *proof = audit_path(ledger.folder, "proof"), *new = audit_path(ledger.folder, "moi");
    audit_write_checkpoint(&ledger, 5, old);
    audit_write_keys(&ledger, keys);
    cr_expect_eq(AUDIT_RUN(th_audit_consistency, "consistency", old, ledger.folder), EX_OK);
    cr_expect_not_null(strstr(audit_out, "trong chính kho này"));
    cr_expect_eq(AUDIT_RUN(th_audit_consistency, "consistency", old, ledger.folder, "--keys", keys,
                           "--out", proof, "--checkpoint-out", new),
                 EX_OK);
    size_t size;
    char *text = audit_read(proof, &size);
    cr_expect_eq(strncmp(text, "old 5\n", 6), 0);
    free(text);
    cr_expect_eq(AUDIT_RUN(th_audit_consistency, "consistency", new, ledger.folder), EX_OK);
}

Test(audit_journal, a_receipt_has_a_checkpoint_too)
{
    const char *path = audit_path(ledger.folder, "bien-nhan.txt");
    const struct th_bytes receipt = audit_receipt(&ledger, ledger_size(&ledger) - 1);
    audit_write(path, receipt.bytes, receipt.size);
    cr_expect_eq(AUDIT_RUN(th_audit_consistency, "consistency", path, ledger.folder), EX_OK, "%s",
                 audit_err);
    cr_expect_not_null(strstr(audit_out, "là phần đầu của nhật ký này"), "%s", audit_out);
    audit_write(path, receipt.bytes, receipt.size - 1); /* cut */
    cr_expect_eq(AUDIT_RUN(th_audit_consistency, "consistency", path, ledger.folder), EX_DATAERR);
}

/* A checkpoint of this log's key that the log never made. */
static const char *forge(uint64_t size, uint8_t root)
{
    struct th_checkpoint checkpoint = {.size = size, .root = {{root}}};
    char note[1024];
    size_t length;
    const char *path = audit_path(ledger.folder, "gia");
    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", ledger.signer.vkey.name);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof note, note, &length), 0);
    cr_assert_eq(th_tlog_note_sign(note, length, &ledger.signer, sizeof note, note, &length), 0);
    audit_write(path, note, length);
    return path;
}

Test(audit_journal, a_contradiction_names_both_roots)
{
    cr_expect_eq(AUDIT_RUN(th_audit_consistency, "consistency", forge(5, 7), ledger.folder),
                 EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "MÂU THUẪN ở cỡ 5"), "%s", audit_err);
    cr_expect_not_null(strstr(audit_err, "BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
}

Test(audit_journal, a_larger_checkpoint_shows_that_the_store_is_old)
{
    cr_expect_eq(AUDIT_RUN(th_audit_consistency, "consistency", forge(500, 7), ledger.folder),
                 EX_DATAERR);
    cr_expect_not_null(strstr(audit_err, "500 lá"), "%s", audit_err);
}
