/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/fault.h"
#include "aggregator/audit/trust.h"
#include "aggregator/query/json_parts.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/receipt/receipt.h"
#include "proto/tlog/hash.h"
#include "proto/wire/submission.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME            "check-receipt"
#define BLOCK_BYTES     ((size_t)64 * 1024)
#define BUDGET_BYTES    ((size_t)64 * 1024 * 1024)
#define REPORT_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define FILES_MAX       100000

/* What --report gave: the digest of its bytes, and when it is a submission those of its reports. */
struct shown_report {
    bool is_given;
    struct th_digest raw;
    const struct th_digest *reports;
    size_t reports_count;
};

struct check {
    const char *keys_path, *log_key, *report_path;
    bool as_json;
    FILE *out, *err;
    struct th_log_keys *keys;
    struct th_arena kept; /* of the report */
    struct shown_report report;
    json_t *list; /* with --json */
};

static int read_report(struct check *check)
{
    char *bytes;
    size_t size;
    if (check->report_path == NULL)
        return EX_OK;
    int status = th_file_read(check->report_path, REPORT_SIZE_MAX, &bytes, &size);
    if (status != 0)
        return th_trust_unread(NAME, check->report_path, REPORT_SIZE_MAX, status, check->err);
    check->report.is_given = true;
    th_tlog_sha256(&(struct th_tlog_part){bytes, size}, 1, &check->report.raw);
    struct th_submission submission;
    const struct th_bytes raw = {(const uint8_t *)bytes, size};
    if (th_wire_submission_decode(raw, &check->kept, &submission) == 0) {
        size_t count = submission.header.reports_count;
        struct th_digest *digests = th_arena_alloc_array(&check->kept, count, sizeof *digests);
        if (digests != NULL && count > 0) {
            memcpy(digests, submission.header.report_digests, count * sizeof *digests);
            check->report.reports = digests;
            check->report.reports_count = count;
        }
    }
    free(bytes);
    return EX_OK;
}

/* Whether the judgement is about the report that was shown. */
static bool is_about(const struct shown_report *report, const struct th_judgement *judgement)
{
    if (!report->is_given || th_tlog_digest_equal(&report->raw, &judgement->report_digest))
        return true;
    for (size_t i = 0; i < report->reports_count; i++)
        if (th_tlog_digest_equal(&report->reports[i], &judgement->report_digest))
            return true;
    return false;
}

/* ---- one file ---- */

static json_t *judgement_json(const struct th_judgement *judgement, const char *sentence)
{
    char digest[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_digest_to_hex(&judgement->report_digest, digest);
    return json_pack(
        "{s:o,s:I,s:I,s:s,s:s,s:o,s:o,s:o,s:s}", "obligation", th_json_span(judgement->obligation),
        "number", (json_int_t)judgement->number, "revision", (json_int_t)judgement->revision,
        "sha256", digest, "verdict", th_verdict_word(judgement->verdict), "first_received",
        judgement->accepted ? th_json_instant(judgement->first_received) : json_null(), "due",
        judgement->accepted && judgement->has_due ? th_json_instant(judgement->due) : json_null(),
        "timeliness",
        judgement->accepted ? json_string(th_timeliness_word(judgement->timeliness)) : json_null(),
        "sentence", sentence);
}

static int list_refusal(struct check *check, const char *path, unsigned line, const char *why,
                        int code)
{
    json_t *object = json_pack("{s:s,s:b,s:s,s:o}", "file", path, "holds", 0, "problem", why,
                               "line", line == 0 ? json_null() : json_integer((json_int_t)line));
    return json_array_append_new(check->list, object) == 0 ? code : EX_OSERR;
}

static int refuse_with(struct check *check, const char *path, const struct th_fault *fault)
{
    const char *hint =
        fault->is_of_keys
            ? "nếu tỉnh đã đổi khóa hay khôi phục kho sau khi có lịch sử khóa này thì "
              "biên nhận vẫn có thể đúng: lấy log-keys.yaml mới nhất từ nơi mình tin"
            : NULL;
    if (check->as_json)
        return list_refusal(check, path, fault->line, fault->text, EX_DATAERR);
    if (fault->line == 0)
        th_cli_complain(check->err, NAME, hint, "%s: biên nhận không đúng: %s", path, fault->text);
    else
        th_cli_complain(check->err, NAME, hint, "%s:%u: biên nhận không đúng: %s", path,
                        fault->line, fault->text);
    return EX_DATAERR;
}

static int refuse(struct check *check, const char *path, const char *why)
{
    struct th_fault fault = {.line = 0};
    (void)snprintf(fault.text, sizeof fault.text, "%s", why);
    return refuse_with(check, path, &fault);
}

static bool is_taken(const struct th_judgement *judgement)
{
    return judgement->verdict == TH_VERDICT_ACCEPTED || judgement->verdict == TH_VERDICT_DUPLICATE;
}

/* A receipt speaks of the reports of one submission, of which some may not have been accepted. */
static int tell_refusal(const struct th_leaf *leaf, const struct th_judgement *judgement,
                        struct th_arena *arena, const char **ret_sentence)
{
    char text[400];
    int size = snprintf(text, sizeof text, "%sĐơn vị %.*s: báo cáo %.*s (lần %u) KHÔNG được nhận.",
                        leaf->mode == TH_MODE_REHEARSAL ? "DIỄN TẬP – " : "", (int)leaf->unit.size,
                        leaf->unit.bytes, (int)judgement->obligation.size,
                        judgement->obligation.bytes, (unsigned)judgement->revision);
    if (size < 0 || size >= (int)sizeof text)
        return TH_E_LIMIT;
    *ret_sentence = th_arena_copy_text(arena, text, (size_t)size);
    return *ret_sentence == NULL ? TH_E_NO_MEMORY : 0;
}

/* Tells every judgement that is asked about. */
static int tell(struct check *check, const char *path, const struct th_receipt *receipt,
                struct th_arena *arena)
{
    char time[TH_INSTANT_TEXT_SIZE];
    const struct th_leaf *leaf = &receipt->leaf;
    const bool is_unsigned = th_trust_unsigned(check->keys, receipt->checkpoint.origin,
                                               receipt->checkpoint.size) != NULL;
    json_t *judgements = json_array();
    size_t told = 0;
    for (size_t i = 0; i < leaf->judgements_count; i++) {
        const struct th_judgement *judgement = &leaf->judgements[i];
        const char *sentence;
        if (!is_about(&check->report, judgement))
            continue;
        if (check->report.is_given && !is_taken(judgement)) {
            json_decref(judgements);
            return refuse(check, path, th_receipt_fault_text(TH_RECEIPT_NOT_TAKEN));
        }
        int status = is_taken(judgement) ? th_receipt_tell(receipt, judgement, arena, &sentence)
                                         : tell_refusal(leaf, judgement, arena, &sentence);
        if (status != 0) {
            json_decref(judgements);
            return refuse(check, path, th_status_text(status));
        }
        told++;
        if (check->as_json)
            (void)json_array_append_new(judgements, judgement_json(judgement, sentence));
        else
            (void)fprintf(check->out, "%s: %s%s\n", path, sentence,
                          is_unsigned ? " (Theo một khóa mà khóa trước không ký.)" : "");
    }
    if (told == 0) {
        json_decref(judgements);
        return refuse(check, path, th_receipt_fault_text(TH_RECEIPT_NOT_NAMED));
    }
    if (!check->as_json) {
        json_decref(judgements);
        return EX_OK;
    }
    json_t *object =
        json_pack("{s:s,s:b,s:s,s:I,s:I,s:s,s:s,s:o,s:o}", "file", path, "holds", 1, "origin",
                  receipt->checkpoint.origin, "position", (json_int_t)leaf->position, "size",
                  (json_int_t)receipt->checkpoint.size, "time", th_instant_format(leaf->time, time),
                  "mode", leaf->mode == TH_MODE_REHEARSAL ? "rehearsal" : "live", "unit",
                  th_json_span(leaf->unit), "judgements", judgements);
    if (is_unsigned)
        (void)json_object_set_new(object, "key_unsigned", json_true());
    if (leaf->operator.size> 0)
        (void)json_object_set_new(object, "on_behalf", th_json_span(leaf->operator));
    return json_array_append_new(check->list, object) == 0 ? EX_OK : EX_OSERR;
}

static int check_text(struct check *check, const char *path, struct th_bytes text,
                      struct th_arena *arena)
{
    struct th_receipt receipt;
    int status = th_receipt_open(text, check->keys, arena, &receipt);
    if (status != 0) {
        struct th_fault fault = {.is_of_keys = false};
        th_fault_explain(text, check->keys, status, arena, &fault);
        return refuse_with(check, path, &fault);
    }
    if (!th_entry_has_reports(receipt.leaf.kind))
        return refuse(check, path, th_receipt_fault_text(TH_RECEIPT_OTHER_KIND));
    return tell(check, path, &receipt, arena);
}

static int check_file(struct check *check, const char *path)
{
    char *text;
    size_t size;
    struct th_arena arena;
    int code = th_trust_file(NAME, path, check->err, &text, &size);
    if (code != EX_OK && check->as_json)
        return list_refusal(check, path, 0, "không đọc được tệp", code);
    if (code != EX_OK)
        return code;
    th_arena_init(&arena, BLOCK_BYTES, BUDGET_BYTES);
    code = check_text(check, path, (struct th_bytes){(const uint8_t *)text, size}, &arena);
    th_arena_deinit(&arena);
    free(text);
    return code;
}

/* A file that could not be read does not hide a receipt that is wrong. */
static int worse_of(int a, int b)
{
    if (a == EX_DATAERR || b == EX_DATAERR)
        return EX_DATAERR;
    return b > a ? b : a;
}

static int run(struct check *check, char **paths, int count)
{
    int worst = th_trust_read(NAME, check->keys_path, check->log_key, check->err, &check->keys);
    if (worst == EX_OK)
        worst = read_report(check);
    if (worst != EX_OK)
        return worst;
    check->list = check->as_json ? json_array() : NULL;
    for (int i = 0; i < count; i++) {
        int code = check_file(check, paths[i]);
        worst = worse_of(worst, code);
    }
    if (check->as_json) {
        (void)json_dumpf(check->list, check->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        (void)fputc('\n', check->out);
        json_decref(check->list);
    }
    return worst;
}

int th_audit_check_receipt(int argc, char **argv, FILE *out, FILE *err)
{
    struct check check = {.out = out, .err = err};
    const struct th_cli_option options[] = {
        {.name = "keys",
         .value_name = "TỆP",
         .help = "lịch sử khóa của nhật ký (log-keys.yaml), lấy từ người mình tin",
         .text = &check.keys_path},
        {.name = "log-key",
         .value_name = "KHÓA",
         .help = "một khóa của nhật ký, thay cho --keys",
         .text = &check.log_key},
        {.name = "report",
         .value_name = "TỆP",
         .help = "biên nhận phải là của báo cáo này: tệp gốc của báo cáo, hoặc cả bản nộp",
         .text = &check.report_path},
        {.name = "json", .help = "in JSON", .flag = &check.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "TỆP...",
        .summary = "Biên nhận chứng minh điều gì: kiểm tra bằng khóa công khai, không cần mạng.\n"
                   "Mã thoát: 0 biên nhận đúng; 65 không đúng.",
        .examples = "  " TH_CLI_PROGRAM " check-receipt bien-nhan.txt --keys log-keys.yaml\n"
                    "  " TH_CLI_PROGRAM " check-receipt receipt.txt --keys log-keys.yaml "
                    "--report report.bin\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = FILES_MAX,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    th_arena_init(&check.kept, BLOCK_BYTES, BUDGET_BYTES);
    int code = run(&check, operands, operands_count);
    th_arena_deinit(&check.kept);
    free(check.keys);
    return th_cli_finish(out, err, code);
}
