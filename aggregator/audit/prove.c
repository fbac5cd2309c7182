/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/find.h"
#include "aggregator/audit/scratch.h"
#include "aggregator/past/past.h"
#include "base/errno_text.h"
#include "base/file.h"
#include "base/options.h"
#include "base/part.h"
#include "proto/exchange/keys_file.h"
#include "proto/receipt/receipt.h"
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"
#include "proto/wire/submission.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define NAME         "prove"
#define BLOCK_BYTES  ((size_t)256 * 1024)
#define BUDGET_BYTES ((size_t)512 * 1024 * 1024)
#define CHECK_LINE                                                                                 \
    "tonghop-audit check-receipt receipt.txt --keys " TH_KEYS_FILE " --report report.bin"

enum { PATH_SIZE = 4096 };

struct line {
    const char *what, *out_folder;
    bool as_json;
};

/* Everything that the proof is made of; lives in the arena and the view. */
struct evidence {
    struct th_found found;
    struct th_bytes submission, report, text; /* text: of the receipt */
    struct th_log_keys *keys;
    struct th_receipt receipt;
    const char *sentence;
};

/* ---- collecting ---- */

/* The Submission of an entry, as it was frozen. */
static int submission_of(const struct th_stored_entry *entry, struct th_arena *arena,
                         struct th_bytes *ret_submission)
{
    struct th_readmission readmission = {{NULL, 0}, {NULL, 0}};
    int status = TH_E_CORRUPT;
    if (entry->kind == TH_ENTRY_SUBMISSION) {
        *ret_submission = entry->body;
        return 0;
    }
    if (entry->kind == TH_ENTRY_READMITTED)
        status = th_wire_readmission_decode(entry->body, arena, &readmission);
    if (status == 0)
        *ret_submission = readmission.submission;
    return status;
}

/* The submission, with signature and digests checked, or what an operator entered. */
static int open_submission(const struct th_stored_entry *entry, struct th_arena *arena,
                           struct evidence *evidence, struct th_submission *ret_submission)
{
    if (entry->kind == TH_ENTRY_ENTERED)
        return th_past_submission(entry, arena, ret_submission);
    int status = submission_of(entry, arena, &evidence->submission);
    return status < 0 ? status
                      : th_wire_submission_decode(evidence->submission, arena, ret_submission);
}

/* What was entered has no header: the receipt says whether it is a rehearsal's. */
static enum th_mode mode_of(const struct th_submission *submission, const struct evidence *evidence)
{
    return evidence->submission.size > 0 ? submission->header.mode : evidence->receipt.leaf.mode;
}

/* Nothing that the store says is believed: signature, digests and receipt are checked again. */
static int collect(struct th_view *view, struct th_arena *arena, struct evidence *evidence)
{
    const struct th_found *found = &evidence->found;
    struct th_stored_entry entry;
    struct th_submission submission;
    int status = th_view_entry(view, found->position, &entry);
    if (status == 0)
        status = open_submission(&entry, arena, evidence, &submission);
    if (status == 0 &&
        (found->index >= submission.header.reports_count ||
         !th_tlog_digest_equal(&submission.header.report_digests[found->index], &found->digest)))
        status = TH_E_CORRUPT;
    if (status == 0) {
        const struct th_text raw = submission.reports_raw[found->index];
        evidence->report = (struct th_bytes){(const uint8_t *)raw.bytes, raw.size};
        status = th_view_receipt(view, found->position, arena, &evidence->text);
    }
    if (status == 0)
        status = th_view_log_keys(view, evidence->keys);
    if (status == 0)
        status = th_receipt_open(evidence->text, evidence->keys, arena, &evidence->receipt);
    if (status != 0)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    char unit[TH_UNIT_CODE_MAX + 1];
    size_t size = submission.header.unit.size;
    if (size >= sizeof unit)
        return TH_E_CORRUPT;
    memcpy(unit, submission.header.unit.bytes, size);
    unit[size] = '\0';
    const struct th_receipt_claim claim = {mode_of(&submission, evidence), unit, found->digest};
    const struct th_judgement *judgement = NULL;
    if (th_receipt_check(&evidence->receipt, &claim, &judgement) != TH_RECEIPT_HOLDS)
        return TH_E_CORRUPT;
    return th_receipt_tell(&evidence->receipt, judgement, arena, &evidence->sentence);
}

/* ---- the folder ---- */

static int write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return TH_E_LIMIT;
    return th_file_create(path, 0644, bytes, size);
}

static int write_doc(const char *folder, const struct evidence *evidence)
{
    char *text = NULL, digest[TH_DIGEST_HEX_SIZE + 1];
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file == NULL)
        return TH_E_NO_MEMORY;
    th_tlog_digest_to_hex(&evidence->found.digest, digest);
    (void)fprintf(
        file,
        "%s\n%s\n"
        "Kiểm tra (trong thư mục này, không cần mạng hay máy chủ):\n\n    " CHECK_LINE "\n\n"
        "Các tệp:\n"
        "  receipt.txt     biên nhận, từng byte như đơn vị đã nhận\n"
        "  report.bin      báo cáo như đã gửi; SHA-256 %s\n"
        "%s"
        "  " TH_KEYS_FILE "   lịch sử khóa của nhật ký %s\n\n"
        "Lòng tin bắt đầu từ khóa của nhật ký: đối chiếu khóa đầu tiên trong " TH_KEYS_FILE
        ", và khóa\nnào ở đó không có succession, với khóa mà tỉnh đã công bố, hoặc dùng "
        "tệp " TH_KEYS_FILE "\nlấy từ nơi mình tin thay cho tệp ở đây.\n",
        evidence->sentence,
        evidence->found.is_current ? "" : "Bản này về sau đã được một bản sửa thay thế.\n", digest,
        evidence->submission.size > 0 ? "  submission.bin  bản nộp đã ký có báo cáo này\n" : "",
        evidence->receipt.checkpoint.origin);
    int status = fclose(file) == 0 ? write_file(folder, "doc.txt", text, size) : TH_E_NO_MEMORY;
    free(text);
    return status;
}

static int write_parts(const char *folder, const struct evidence *evidence)
{
    char path[PATH_SIZE];
    int status = th_file_make_folder(folder, 0755);
    if (status == 0)
        status = write_file(folder, "receipt.txt", evidence->text.bytes, evidence->text.size);
    if (status == 0)
        status = write_file(folder, "report.bin", evidence->report.bytes, evidence->report.size);
    if (status == 0 && evidence->submission.size > 0)
        status = write_file(folder, "submission.bin", evidence->submission.bytes,
                            evidence->submission.size);
    if (status == 0 &&
        snprintf(path, sizeof path, "%s/%s", folder, TH_KEYS_FILE) >= (int)sizeof path)
        status = TH_E_LIMIT;
    if (status == 0)
        status = th_keys_file_write(path, evidence->keys);
    return status == 0 ? write_doc(folder, evidence) : status;
}

/* Made by the child, named after the parent, which removes what is left of it. */
static int write_folder(const char *folder, const struct evidence *evidence)
{
    char part[PATH_SIZE];
    struct stat about;
    if (lstat(folder, &about) == 0)
        return TH_E_EXISTS;
    int status = th_part_name(folder, getppid(), part, sizeof part);
    if (status == 0)
        status = write_parts(part, evidence);
    return status == 0 ? th_part_finish(part, folder) : status;
}

static int write_out(const struct th_reader_request *request, const struct line *line,
                     const struct evidence *evidence)
{
    char cause[TH_ERRNO_TEXT_SIZE];
    errno = 0;
    int status = write_folder(line->out_folder, evidence);
    if (status == 0)
        return EX_OK;
    int error = errno;
    th_cli_complain(request->err, NAME, status == TH_E_EXISTS ? "chọn tên thư mục chưa có" : NULL,
                    "%s: %s", line->out_folder,
                    status == TH_E_IO && error != 0 ? th_errno_text(error, cause)
                                                    : th_status_text(status));
    return EX_CANTCREAT;
}

/* ---- telling ---- */

static int tell(const struct th_reader_request *request, const struct line *line,
                const struct th_query_context *context, const struct evidence *evidence)
{
    const struct th_found *found = &evidence->found;
    const struct th_plan *plan = context->plans[found->book.plan].plan;
    char digest[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_digest_to_hex(&found->digest, digest);
    if (!line->as_json) {
        (void)fprintf(request->out, "%s\n%s", evidence->sentence,
                      found->is_current ? "" : "Bản này về sau đã được một bản sửa thay thế.\n");
        (void)fprintf(request->out, "Bản ghi số %llu của nhật ký %s; báo cáo có SHA-256 %s\n",
                      (unsigned long long)found->position, evidence->receipt.checkpoint.origin,
                      digest);
        if (line->out_folder != NULL)
            (void)fprintf(request->out,
                          "Hồ sơ ở %s. Ai cũng kiểm tra được, trong thư mục đó:\n    %s\n",
                          line->out_folder, CHECK_LINE);
        return EX_OK;
    }
    json_t *object = json_pack(
        "{s:s,s:b,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:s,s:s,s:s#,s:s?}", "sentence", evidence->sentence,
        "current", (int)found->is_current, "plan", plan->id, "obligation",
        plan->obligations[found->book.obligation].id, "unit",
        context->units.units[context->index_of[found->unit]].code, "number",
        (json_int_t)found->number, "revision", (json_int_t)found->revision, "position",
        (json_int_t)found->position, "size", (json_int_t)evidence->receipt.checkpoint.size,
        "origin", evidence->receipt.checkpoint.origin, "sha256", digest, "receipt",
        (const char *)evidence->text.bytes, (int)evidence->text.size, "folder", line->out_folder);
    int failed = json_dumpf(object, request->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)fputc('\n', request->out);
    json_decref(object);
    return failed == 0 ? EX_OK : EX_OSERR;
}

static int prove(struct th_reader *reader, const struct line *line, struct th_view *view,
                 const struct th_query_context *context, struct th_arena *arena)
{
    const struct th_reader_request *request = th_reader_request(reader);
    char problem[TH_FIND_PROBLEM_SIZE] = "";
    struct evidence evidence = {.keys = th_arena_alloc(arena, sizeof *evidence.keys)};
    if (evidence.keys == NULL)
        return th_opened_complain(reader, TH_E_NO_MEMORY, NULL);
    int status = th_find_report(reader, view, context, line->what, problem, &evidence.found);
    if (status != 0 && problem[0] != '\0') {
        th_cli_complain(request->err, NAME, NULL, "%s", problem);
        return status == TH_E_SYNTAX ? EX_USAGE : th_audit_exit_code(status);
    }
    if (status == 0 && evidence.found.unit >= context->units.count)
        status = TH_E_CORRUPT;
    if (status != 0)
        return th_opened_complain(reader, status, "tìm báo cáo");
    th_reader_phase(reader, "lập chứng minh", 0);
    th_reader_step(reader, 0, evidence.found.position);
    status = collect(view, arena, &evidence);
    if (status != 0) {
        char what[64];
        (void)snprintf(what, sizeof what, "bản ghi số %llu",
                       (unsigned long long)evidence.found.position);
        return th_opened_complain(reader, status, what);
    }
    if (line->out_folder != NULL) {
        int code = write_out(request, line, &evidence);
        if (code != EX_OK)
            return code;
    }
    return tell(request, line, context, &evidence);
}

static int read_store(void *given, struct th_reader *reader)
{
    const struct line *line = given;
    struct th_opened opened;
    struct th_query_context context;
    int code = th_opened_open(reader, &opened);
    if (code != EX_OK)
        return code;
    int status = th_query_context_open(opened.view, &context);
    if (status == 0) {
        struct th_arena arena;
        th_arena_init(&arena, BLOCK_BYTES, BUDGET_BYTES);
        code = prove(reader, line, opened.view, &context, &arena);
        th_arena_deinit(&arena);
        th_query_context_close(&context);
    } else {
        code = th_opened_complain(reader, status, "đọc đơn vị và kế hoạch");
    }
    th_opened_close(&opened);
    return code;
}

/* A part of the folder goes on every way out, also when the child was killed. */
static int run(const struct th_reader_request *request, struct line *line)
{
    char part[PATH_SIZE];
    sigset_t before;
    if (line->out_folder == NULL ||
        th_part_name(line->out_folder, getpid(), part, sizeof part) != 0)
        return th_reader_run(request, read_store, line);
    th_part_clean(line->out_folder);
    th_scratch_hold(&before);
    int code = th_reader_run(request, read_store, line);
    (void)th_part_remove(part);
    th_scratch_release(&before);
    return code;
}

int th_audit_prove(int argc, char **argv, FILE *out, FILE *err)
{
    struct line line = {0};
    const struct th_cli_option options[] = {
        {.name = "report",
         .value_name = "BÁO-CÁO",
         .help = "mã SHA-256, hoặc KẾ-HOẠCH/NGHĨA-VỤ/ĐƠN-VỊ[/SỐ[/LẦN]]; không số: 0",
         .text = &line.what},
        {.name = "out",
         .value_name = "THƯ-MỤC",
         .help = "ghi hồ sơ vào thư mục mới: biên nhận, báo cáo, khóa, cách kiểm tra",
         .text = &line.out_folder},
        {.name = "json", .help = "in JSON", .flag = &line.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Chứng minh một báo cáo đã được nhận, kể cả bản đã bị thay thế.",
        .examples = "  " TH_CLI_PROGRAM " prove var/tinh --report gialai-2025/O-002-1/23734 --out "
                    "ho-so\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = 1,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    if (line.what == NULL) {
        th_cli_complain(err, NAME, "xem " TH_CLI_PROGRAM " prove --help",
                        "cần biết báo cáo nào: --report BÁO-CÁO");
        return EX_USAGE;
    }
    const struct th_reader_request request = {
        .command = NAME, .folder = operands[0], .out = out, .err = err};
    return run(&request, &line);
}
