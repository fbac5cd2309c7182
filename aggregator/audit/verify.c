/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole store, looked at as by somebody who believes nobody: files, rows, journal, tree,
 * signatures, judgements, and the tables against what the journal folds to.
 *
 * A live store is read in pieces, each of a snapshot of its own, up to the size that it had at the
 * start, then up to the sizes that it has got since; the tree's rows and the tables are compared in
 * the last snapshot, of exactly the size that was folded.
 */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/scratch.h"
#include "aggregator/audit/threads.h"
#include "aggregator/audit/trust.h"
#include "aggregator/audit/verify_parts.h"
#include "base/errno_text.h"
#include "base/options.h"
#include "proto/tlog/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME        "verify"
#define BLOCK_BYTES ((size_t)256 * 1024)
#define ENTRY_BYTES ((size_t)512 * 1024 * 1024)
#define PLANS_BYTES ((size_t)2048 * 1024 * 1024)

enum {
    RENEW_ENTRIES = 1000, /* of one snapshot */
    CHASES = 64           /* how often a store that grows is caught up with before it is held */
};

/* ---- the answer ---- */

static bool is_whole(const struct th_verify *verify)
{
    return verify->findings.total == 0;
}

static void write_verdict(const struct th_verify *verify, size_t capacity, char *text)
{
    const struct th_finding *first = &verify->findings.first;
    if (!is_whole(verify) && first->position == TH_FINDING_NO_POSITION)
        (void)snprintf(text, capacity, "Kho KHÔNG đúng: có %llu chỗ sai, trước hết là %s.",
                       (unsigned long long)verify->findings.total, first->text);
    else if (!is_whole(verify))
        (void)snprintf(text, capacity,
                       "Kho KHÔNG đúng: có %llu chỗ sai, trước hết là bản ghi số %llu: %s.",
                       (unsigned long long)verify->findings.total,
                       (unsigned long long)first->position, first->text);
    else if (verify->line->scratch == NULL)
        (void)snprintf(text, capacity,
                       "Kho đúng trong phạm vi kiểm nhanh: cả %llu bản ghi khớp với cây băm đã "
                       "ký; chưa kiểm chữ ký của từng đơn vị, chưa dựng lại các bảng.",
                       (unsigned long long)verify->counts.entries);
    else
        (void)snprintf(text, capacity,
                       "Kho đúng: cả %llu bản ghi khớp với cây băm đã ký, mọi chữ ký và phán định "
                       "đúng, và các bảng đúng từng byte với khi dựng lại từ sổ nhật ký.",
                       (unsigned long long)verify->counts.entries);
}

static json_t *counts_json(const struct th_verify_counts *counts)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "rows",
                     (json_int_t)counts->rows, "entries", (json_int_t)counts->entries,
                     "checkpoints", (json_int_t)counts->checkpoints, "tiles",
                     (json_int_t)counts->tiles, "submissions", (json_int_t)counts->submissions,
                     "reports", (json_int_t)counts->reports, "accepted",
                     (json_int_t)counts->accepted, "enrolments", (json_int_t)counts->enrolments,
                     "readmissions", (json_int_t)counts->readmissions, "on_behalf",
                     (json_int_t)counts->entered, "witnesses", (json_int_t)counts->witnesses);
}

static void print_json(const struct th_verify *verify, const char *verdict, FILE *out)
{
    char state[TH_DIGEST_HEX_SIZE + 1] = "", root[TH_DIGEST_BASE64_SIZE + 1];
    th_tlog_digest_encode(&verify->root, root);
    if (verify->has_state)
        th_tlog_digest_to_hex(&verify->state, state);
    json_t *answer = json_pack(
        "{s:b,s:s,s:b,s:I,s:s,s:o,s:b,s:o,s:I,s:o,s:o}", "holds", is_whole(verify), "verdict",
        verdict, "quick", verify->line->scratch == NULL, "size", (json_int_t)verify->tree.size,
        "root", verify->has_tree ? root : "", "state_digest",
        verify->has_state ? json_string(state) : json_null(), "keys_given",
        verify->line->trusted != NULL, "checked", counts_json(&verify->counts), "compared_rows",
        (json_int_t)verify->tables.rows, "problems", th_findings_json(&verify->findings), "remarks",
        th_remarks_json(&verify->findings));
    (void)json_dumpf(answer, out, JSON_INDENT(2));
    (void)fputc('\n', out);
    json_decref(answer);
}

static void print_text(const struct th_verify *verify, const char *verdict, FILE *out)
{
    const struct th_verify_counts *counts = &verify->counts;
    char hex[TH_DIGEST_HEX_SIZE + 1], root[TH_DIGEST_BASE64_SIZE + 1];
    (void)fprintf(out, "%s\n\n", verdict);
    th_findings_print(&verify->findings, out);
    (void)fprintf(out,
                  "Đã kiểm: %llu dòng lưu trữ, %llu bản ghi, %llu checkpoint, %llu mảnh cây băm",
                  (unsigned long long)counts->rows, (unsigned long long)counts->entries,
                  (unsigned long long)counts->checkpoints, (unsigned long long)counts->tiles);
    if (verify->line->scratch != NULL)
        (void)fprintf(out,
                      ",\n  %llu lần gửi với %llu báo cáo (%llu được nhận), %llu ghi danh, %llu "
                      "nhận lại, %llu dòng của các bảng",
                      (unsigned long long)counts->submissions, (unsigned long long)counts->reports,
                      (unsigned long long)counts->accepted, (unsigned long long)counts->enrolments,
                      (unsigned long long)counts->readmissions,
                      (unsigned long long)verify->tables.rows);
    if (counts->entered > 0)
        (void)fprintf(out, ",\n  %llu báo cáo nhập hộ (không có chữ ký của đơn vị)",
                      (unsigned long long)counts->entered);
    (void)fputs(".\n", out);
    if (verify->line->trusted == NULL)
        (void)fputs("Khóa ký sổ lấy từ chính kho; thêm --keys để tin theo lịch sử đã công bố.\n",
                    out);
    if (verify->has_tree) {
        th_tlog_digest_encode(&verify->root, root);
        (void)fprintf(out, "Gốc cây băm cỡ %llu: %s\n", (unsigned long long)verify->tree.size,
                      root);
    }
    if (verify->has_state)
        (void)fprintf(out, "Dấu trạng thái: %s\n",
                      (th_tlog_digest_to_hex(&verify->state, hex), hex));
}

static int answer(const struct th_verify *verify, FILE *out)
{
    char verdict[TH_FINDING_TEXT_SIZE + 160];
    write_verdict(verify, sizeof verdict, verdict);
    if (verify->line->as_json)
        print_json(verify, verdict, out);
    else
        print_text(verify, verdict, out);
    return is_whole(verify) ? EX_OK : EX_DATAERR;
}

/* ---- the run ---- */

static int run_positions(struct th_verify *verify, uint64_t from, uint64_t to, bool holds)
{
    th_reader_phase(verify->reader, "kiểm từng bản ghi", to);
    for (uint64_t position = from; position < to; position++) {
        th_reader_step(verify->reader, position, position);
        uint64_t faults = verify->findings.total;
        int status = th_verify_position(verify, position);
        bool is_due = !holds && (position - from) % RENEW_ENTRIES == RENEW_ENTRIES - 1;
        /* A damaged page spoils the snapshot for whatever is read after it. */
        is_due = is_due || verify->findings.total != faults;
        if (status == 0 && is_due)
            status = th_view_renew(verify->opened.view);
        if (status == 0 && is_due)
            status = th_view_log_keys(verify->opened.view, verify->keys);
        if (status != 0)
            return status;
    }
    return 0;
}

/* Up to the size of a snapshot that is then held. */
static int run_log(struct th_verify *verify)
{
    uint64_t done = 0;
    for (int chase = 0;; chase++) {
        int status = th_view_renew(verify->opened.view);
        if (status == 0)
            status = th_view_log_keys(verify->opened.view, verify->keys);
        if (status != 0)
            return status;
        uint64_t size = th_view_size(verify->opened.view);
        bool holds = size - done <= RENEW_ENTRIES || chase == CHASES;
        status = run_positions(verify, done, size, holds);
        done = size;
        if (status == 0 && holds && th_view_size(verify->opened.view) != size && chase < CHASES)
            continue; /* it was given up for a damaged page, and the store has grown */
        if (status == 0 && holds)
            th_verify_end(verify, size);
        if (status != 0 || holds)
            return status;
    }
}

static int begin_fold(struct th_verify *verify)
{
    const struct th_fold_options options = {.folder = verify->line->scratch};
    if (options.folder == NULL)
        return 0;
    int status = th_fold_new(th_store_identity(verify->opened.store), verify->opened.view, &options,
                             &verify->fold);
    verify->folds = status == 0;
    return status;
}

static int run_all(struct th_verify *verify)
{
    int status = th_view_log_keys(verify->opened.view, verify->keys);
    if (status == 0)
        status = th_verify_rows(verify);
    if (status == 0)
        status = th_verify_folder(verify);
    if (status == 0)
        status = th_verify_keys(verify);
    if (status == 0)
        status = begin_fold(verify);
    if (status == 0)
        status = run_log(verify);
    if (status == 0)
        status = th_verify_tiles(verify);
    return status == 0 && verify->fold != NULL ? th_verify_tables(verify) : status;
}

/* Opens the store. False: it is refused, or cannot be opened at all; `ret_code` says which. */
static bool open_store(struct th_verify *verify, int *ret_code)
{
    const struct th_reader_request *request = th_reader_request(verify->reader);
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    th_reader_phase(verify->reader, "mở kho", 0);
    int status =
        th_store_open(request->folder, TH_STORE_READ, NULL, problem, &verify->opened.store);
    if (status == 0) {
        status = th_view_open(verify->opened.store, &verify->opened.view);
        if (status == 0)
            return true;
        *ret_code = th_opened_complain(verify->reader, status, NULL);
        return false;
    }
    if (status != TH_E_CORRUPT) {
        th_cli_complain(request->err, NAME,
                        status == TH_E_NOT_FOUND ? "chỉ tới thư mục có data.mdb và STORE_ID" : NULL,
                        "%s", problem[0] != '\0' ? problem : th_status_text(status));
        *ret_code = th_status_exit_code(status);
        return false;
    }
    th_findings_add(&verify->findings, TH_FINDING_FOLDER, TH_FINDING_NO_POSITION, "%s",
                    problem[0] != '\0' ? problem : th_status_text(status));
    th_verify_refused(verify);
    verify->has_tree = false;
    *ret_code = answer(verify, request->out);
    return false;
}

/* A sound store is told at once; of any other a child that begins anew says what is wrong. */
static int sweep(struct th_verify *verify)
{
    const struct th_sweep_options options = {.threads = verify->line->threads,
                                             .checks_tree = true,
                                             .checks_people = verify->line->scratch != NULL,
                                             .checks_notes = true,
                                             .folds = verify->line->scratch != NULL};
    bool is_sound = false;
    int status = th_verify_sweep(verify, &options, &is_sound);
    if (status != 0 || !is_sound)
        return TH_READER_AGAIN;
    return answer(verify, th_reader_request(verify->reader)->out);
}

static int verify_store(struct th_verify *verify)
{
    const struct th_reader_request *request = th_reader_request(verify->reader);
    int code = EX_OK;
    if (!open_store(verify, &code))
        return code;
    if (th_reader_is_bold(verify->reader))
        return sweep(verify);
    int status = run_all(verify);
    if (status == TH_E_CORRUPT) { /* of the tables of keys and sizes, which everything needs */
        th_findings_add(&verify->findings, TH_FINDING_ROW, TH_FINDING_NO_POSITION,
                        "kho không đọc tiếp được: %s", th_status_text(status));
        status = 0;
    }
    if (status == TH_E_FORBIDDEN) {
        char cause[TH_ERRNO_TEXT_SIZE];
        th_cli_complain(request->err, NAME,
                        "chạy bằng người dùng sở hữu kho (như sudo -u tonghop), hoặc cấp quyền đọc",
                        "%s: không đọc được %s: %s", request->folder, verify->unread,
                        th_errno_text(EACCES, cause));
        return th_status_exit_code(status);
    }
    return status == 0 ? answer(verify, request->out)
                       : th_opened_complain(verify->reader, status, NULL);
}

static int in_child(void *context, struct th_reader *reader)
{
    struct th_verify *verify = calloc(1, sizeof *verify);
    struct th_log_keys *keys = calloc(1, sizeof *keys);
    int code = EX_OSERR;
    if (verify != NULL && keys != NULL) {
        *verify =
            (struct th_verify){.line = context, .reader = reader, .keys = keys, .has_tree = true};
        th_arena_init(&verify->arena, BLOCK_BYTES, ENTRY_BYTES);
        th_arena_init(&verify->plans, BLOCK_BYTES, PLANS_BYTES);
        code = verify_store(verify);
        th_fold_free(verify->fold);
        /* The shadow, millions of small pieces, goes with the process. */
        th_opened_close(&verify->opened);
        th_regrown_deinit(&verify->tree);
        th_verify_people_deinit(&verify->people);
        th_arena_deinit(&verify->arena);
        th_arena_deinit(&verify->plans);
    }
    free(keys);
    free(verify);
    return code;
}

/* ---- the command ---- */

/* What the child would have said, had it lived: the same names, as far as anything is known. */
static void answer_for_the_dead(void *context, const char *sentence, FILE *out)
{
    const struct th_verify_line *line = context;
    struct th_verify *verify = calloc(1, sizeof *verify);
    if (verify == NULL)
        return;
    verify->line = line;
    th_findings_add(&verify->findings, TH_FINDING_FOLDER, TH_FINDING_NO_POSITION, "%s", sentence);
    (void)answer(verify, out);
    free(verify);
}

/* The parent owns the scratch folder: it goes on every way out, also when the child was killed. */
static int run(struct th_verify_line *line, bool is_quick, const char *folder, FILE *out, FILE *err)
{
    const struct th_reader_request request = {.command = NAME,
                                              .folder = folder,
                                              .out = out,
                                              .err = err,
                                              .died = answer_for_the_dead,
                                              .died_context = line,
                                              .is_bold_first = true};
    char scratch[TH_SCRATCH_PATH_SIZE];
    if (is_quick)
        return th_reader_run(&request, in_child, line);
    sigset_t before;
    th_scratch_hold(&before);
    int status = th_scratch_make(scratch);
    if (status != 0) {
        th_scratch_release(&before);
        th_cli_complain(err, NAME, "đặt TMPDIR chỉ tới một thư mục ghi được, đủ chỗ cho cả kho",
                        "không tạo được thư mục tạm: %s", th_status_text(status));
        return th_status_exit_code(status);
    }
    line->scratch = scratch;
    int code = th_reader_run(&request, in_child, line);
    th_scratch_remove(scratch);
    th_scratch_release(&before);
    return code;
}

int th_audit_verify(int argc, char **argv, FILE *out, FILE *err)
{
    struct th_verify_line line = {0};
    const char *keys_path = NULL, *threads = NULL;
    bool is_quick = false;
    const struct th_cli_option options[] = {
        {.name = "keys",
         .value_name = "TỆP",
         .help = "lịch sử khóa ký sổ (log-keys.yaml) lấy từ nơi tin được",
         .text = &keys_path},
        {.name = "quick",
         .help = "chỉ tệp, dòng, cây băm, checkpoint: không chữ ký từng đơn vị, không dựng lại",
         .flag = &is_quick},
        {.name = "threads",
         .value_name = "SỐ",
         .help = "số luồng; mặc định là số bộ xử lý",
         .text = &threads},
        {.name = "json", .help = "in JSON", .flag = &line.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Kiểm cả kho: từng dòng, cây băm, chữ ký, phán định, và dựng lại các bảng.",
        .examples = "  " TH_CLI_PROGRAM " verify var/tinh --keys log-keys.yaml\n"
                    "  " TH_CLI_PROGRAM " verify ban-sao --json\n",
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
    if (!th_threads_read(NAME, threads, err, &line.threads))
        return EX_USAGE;
    struct th_log_keys *trusted = NULL;
    int code = keys_path == NULL ? EX_OK : th_trust_read(NAME, keys_path, NULL, err, &trusted);
    line.trusted = trusted;
    if (code == EX_OK)
        code = run(&line, is_quick, operands[0], out, err);
    free(trusted);
    return code;
}
