/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of th_audit_witness() is what makes it a witness: look at what was kept, decide, keep
 * the new checkpoint on the disk, and only then give the signature away. A signature that was given
 * for something that was forgotten could not be held against a second history.
 */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/trust.h"
#include "aggregator/audit/witness_judge.h"
#include "aggregator/audit/witness_key.h"
#include "aggregator/audit/witness_state.h"
#include "aggregator/audit/witness_text.h"
#include "base/file.h"
#include "base/options.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#define NAME TH_WITNESS_COMMAND

struct line {
    const char *state_folder, *checkpoint_path, *proof_path, *key_path, *keys_path, *out_path;
    bool as_json;
    FILE *out, *err;
};

struct run {
    const struct line *line;
    struct th_witness_state state;
    struct th_witness_signer signer;
    struct th_log_keys *keys;
    char *shown_note, *proof_text, *kept_note, *later_note;
    size_t shown_size, proof_size, kept_size, later_size;
    struct th_consistency proof;
    struct th_digest shared_root;
    struct th_witness_told told; /* checkpoints, verdict and what to say */
};

static int fail(const struct run *run, int status, const char *hint, const char *what)
{
    th_cli_complain(run->line->err, NAME, hint, "%s: %s", what, th_status_text(status));
    return status == TH_E_CORRUPT || status == TH_E_SIGNATURE ? EX_DATAERR
                                                              : th_status_exit_code(status);
}

/* ---- what is shown ---- */

static int read_shown(struct run *run)
{
    const struct line *line = run->line;
    int code = th_trust_read(NAME, line->keys_path, NULL, line->err, &run->keys);
    if (code == EX_OK)
        code = th_trust_file(NAME, line->checkpoint_path, line->err, &run->shown_note,
                             &run->shown_size);
    if (code == EX_OK)
        code = th_trust_file(NAME, line->proof_path, line->err, &run->proof_text, &run->proof_size);
    if (code != EX_OK)
        return code;
    int status = th_log_keys_verify(run->keys, run->shown_note, run->shown_size, &run->told.shown);
    if (status != 0) {
        th_cli_complain(line->err, NAME, "lấy lại checkpoint và lịch sử khóa từ tỉnh",
                        "%s: %s; không ký", line->checkpoint_path, th_trust_fault(status));
        return EX_DATAERR;
    }
    status = th_tlog_consistency_parse(run->proof_text, run->proof_size, &run->proof);
    return status == 0 ? EX_OK
                       : fail(run, status, "tệp bắt đầu bằng dòng: old SỐ", line->proof_path);
}

/* ---- what was kept ---- */

/* What was kept is signed by the log, so a file that was changed is noticed. `status`: of reading
 * it. */
static int check_kept(const struct run *run, int status, const char *origin, const char *note,
                      size_t size)
{
    struct th_checkpoint again;
    char path[TH_WITNESS_PATH_SIZE];
    if (status == 0)
        status = th_log_keys_verify(run->keys, note, size, &again);
    if (status == 0)
        return EX_OK;
    if (th_witness_path(&run->state, origin, path) != 0)
        path[0] = '\0';
    th_cli_complain(run->line->err, NAME,
                    "tệp đã bị sửa, hoặc lịch sử khóa không phải của nhật ký đã thấy; không xóa "
                    "tệp này: nó là trí nhớ của người chứng kiến",
                    "%s: checkpoint đang giữ không kiểm tra được; không ký", path);
    return EX_DATAERR;
}

/* Of the last log that came after this one, if any was seen. */
static int read_later(struct run *run)
{
    const char *shown = run->told.shown.origin;
    const struct th_log_key *succession = NULL;
    uint64_t shared = 0;
    for (size_t i = run->keys->count; i-- > 0;) {
        const char *origin = run->keys->items[i].vkey.name;
        if (!th_witness_shared(run->keys, shown, origin, &shared, &succession))
            continue;
        int status = th_witness_kept(&run->state, origin, &run->later_note, &run->later_size,
                                     &run->told.later);
        if (status == TH_E_NOT_FOUND)
            continue;
        run->told.has_later = status == 0;
        return check_kept(run, status, origin, run->later_note, run->later_size);
    }
    return EX_OK;
}

/* Of this log, else of the nearest one before it. */
static int read_kept(struct run *run)
{
    const char *later = run->told.shown.origin, *origin = later;
    const struct th_log_key *succession = NULL;
    uint64_t shared = UINT64_MAX;
    int status =
        th_witness_kept(&run->state, later, &run->kept_note, &run->kept_size, &run->told.kept);
    for (size_t i = run->keys->count; i-- > 0 && status == TH_E_NOT_FOUND;) {
        origin = run->keys->items[i].vkey.name;
        if (!th_witness_shared(run->keys, origin, later, &shared, &succession))
            continue;
        status =
            th_witness_kept(&run->state, origin, &run->kept_note, &run->kept_size, &run->told.kept);
    }
    if (status == TH_E_NOT_FOUND)
        return EX_OK;
    int code = check_kept(run, status, origin, run->kept_note, run->kept_size);
    if (code != EX_OK)
        return code;
    run->told.has_kept = true;
    if (strcmp(origin, later) == 0)
        return EX_OK;
    struct th_succession parsed;
    run->told.shared = shared;
    if (succession->succession_size > 0 &&
        th_tlog_succession_parse(succession->succession, succession->succession_size, &parsed) ==
            0 &&
        parsed.after == shared) {
        run->shared_root = parsed.root;
        run->told.has_shared_root = true;
    }
    return EX_OK;
}

/* ---- what comes of it ---- */

static int keep_evidence(struct run *run)
{
    const bool is_ended = run->told.verdict == TH_WITNESS_ENDED;
    const struct th_witness_evidence evidence = {
        .checkpoint = &run->told.shown,
        .kept = {(const uint8_t *)(is_ended ? run->later_note : run->kept_note),
                 is_ended ? run->later_size : run->kept_size},
        .shown = {(const uint8_t *)run->shown_note, run->shown_size},
        .proof = {(const uint8_t *)run->proof_text, run->proof_size}};
    int status = th_witness_keep_evidence(&run->state, &evidence, run->told.evidence);
    if (status != 0)
        (void)fail(run, status, "chép ngay hai checkpoint ra nơi khác",
                   "không giữ được bằng chứng");
    return EX_DATAERR;
}

/* One more signature; the same witness's own is made anew only when there was none. */
static int cosign(struct run *run, char **ret_note, size_t *ret_size)
{
    size_t capacity = run->shown_size + TH_COSIGNATURE_LINE_MAX, size = 0;
    int64_t before;
    char *note = malloc(capacity);
    if (note == NULL)
        return TH_E_NO_MEMORY;
    run->told.time_s = (int64_t)time(NULL);
    int status = th_tlog_cosign(run->shown_note, run->shown_size, &run->signer, run->told.time_s,
                                capacity, note, &size);
    if (status == TH_E_EXISTS) {
        status =
            th_tlog_cosignature_verify(run->shown_note, run->shown_size, &run->signer.key, &before);
        if (status == 0) {
            run->told.time_s = before;
            memcpy(note, run->shown_note, run->shown_size);
            size = run->shown_size;
        }
    }
    if (status != 0) {
        free(note);
        return status;
    }
    *ret_note = note;
    *ret_size = size;
    return 0;
}

static int give(const struct run *run, const char *note, size_t size)
{
    const struct line *line = run->line;
    char cause[TH_ERRNO_TEXT_SIZE];
    if (line->out_path != NULL) {
        int status = th_file_write(line->out_path, 0644, note, size);
        if (status != 0) {
            th_cli_complain(line->err, NAME, "checkpoint đã được giữ; chạy lại để lấy chữ ký",
                            "%s: %s", line->out_path, th_trust_cause(status, cause));
            return EX_CANTCREAT;
        }
    } else if (!line->as_json && fwrite(note, 1, size, line->out) != size) {
        return EX_IOERR;
    }
    return EX_OK;
}

static int sign_and_keep(struct run *run)
{
    char *note;
    size_t size;
    int status = cosign(run, &note, &size);
    if (status != 0)
        return fail(run, status, NULL, "không ký thêm được");
    status =
        th_witness_keep(&run->state, run->told.shown.origin,
                        (struct th_bytes){(const uint8_t *)note, size}); /* before it is given */
    int code = status == 0
                   ? give(run, note, size)
                   : fail(run, status, "chưa ký; sửa lỗi đĩa rồi chạy lại", run->state.folder);
    if (code == EX_OK && run->line->as_json)
        th_witness_tell_json(&run->told, note, size, run->line->out);
    else if (code == EX_OK)
        th_witness_tell(&run->told, run->line->out_path != NULL ? run->line->out : run->line->err);
    free(note);
    return code;
}

static int decide(struct run *run)
{
    const struct th_witness_case given = {.shown = &run->told.shown,
                                          .proof = &run->proof,
                                          .kept = run->told.has_kept ? &run->told.kept : NULL,
                                          .shared = run->told.shared,
                                          .shared_root =
                                              run->told.has_shared_root ? &run->shared_root : NULL,
                                          .is_ended = run->told.has_later};
    run->told.verdict = th_witness_judge(&given, &run->told.needed);
    switch (run->told.verdict) {
    case TH_WITNESS_FIRST:
    case TH_WITNESS_GROWN:
    case TH_WITNESS_SAME:
    case TH_WITNESS_FOLLOWS:
    case TH_WITNESS_LOST:
        return sign_and_keep(run);
    case TH_WITNESS_UNPROVEN: /* it may be all that is ever seen of a fork */
    case TH_WITNESS_FORK:
    case TH_WITNESS_ENDED:
        (void)keep_evidence(run);
        break;
    case TH_WITNESS_NEEDS:
    case TH_WITNESS_ROLLBACK:
        break;
    }
    if (run->line->as_json)
        th_witness_tell_json(&run->told, NULL, 0, run->line->out);
    th_witness_tell(&run->told, run->line->err);
    return EX_DATAERR;
}

static int run_locked(struct run *run)
{
    char problem[TH_WITNESS_KEY_PROBLEM_SIZE];
    int status = th_witness_key_read(run->line->key_path, problem, &run->signer);
    if (status != 0) {
        th_cli_complain(run->line->err, NAME, NULL, "%s", problem);
        return th_status_exit_code(status);
    }
    int code = read_shown(run);
    if (code == EX_OK)
        code = read_kept(run);
    if (code == EX_OK)
        code = read_later(run);
    if (code == EX_OK)
        code = decide(run);
    th_witness_signer_deinit(&run->signer);
    free(run->keys);
    free(run->shown_note);
    free(run->proof_text);
    free(run->kept_note);
    free(run->later_note);
    return code;
}

/* ---- the command ---- */

static int run(const struct line *line, bool lists)
{
    struct run run = {.line = line, .told = {.shared = UINT64_MAX}};
    char cause[TH_ERRNO_TEXT_SIZE];
    int status = th_witness_state_open(line->state_folder, !lists, &run.state);
    if (status != 0) {
        const int error = status == TH_E_IO ? errno : 0;
        th_cli_complain(line->err, NAME,
                        status == TH_E_BUSY ? "chờ lệnh witness đang chạy kết thúc"
                                            : "kiểm tra đường dẫn và quyền ghi",
                        "%s: %s", line->state_folder, th_trust_cause(status, cause));
        return th_status_exit_code(error == 0 ? status : th_errno_status(error));
    }
    int code;
    if (lists) {
        status = th_witness_print_list(&run.state, line->as_json, line->out);
        code = status == 0 ? EX_OK : fail(&run, status, NULL, line->state_folder);
    } else {
        code = run_locked(&run);
    }
    th_witness_state_close(&run.state);
    return code;
}

static int check_line(const struct line *line, bool *ret_lists)
{
    int given = (line->checkpoint_path != NULL) + (line->proof_path != NULL) +
                (line->key_path != NULL) + (line->keys_path != NULL);
    *ret_lists = given == 0 && line->out_path == NULL;
    if (*ret_lists || given == 4)
        return EX_OK;
    th_cli_complain(line->err, NAME, "không có tùy chọn nào thì liệt kê những gì đang giữ",
                    "cần đủ --checkpoint, --proof, --key và --keys");
    return EX_USAGE;
}

int th_audit_witness(int argc, char **argv, FILE *out, FILE *err)
{
    struct line line = {.out = out, .err = err};
    bool lists = false;
    const struct th_cli_option options[] = {
        {.name = "checkpoint",
         .value_name = "TỆP",
         .help = "checkpoint mới mà tỉnh đưa",
         .text = &line.checkpoint_path},
        {.name = "proof",
         .value_name = "TỆP",
         .help = "chứng minh từ checkpoint đang giữ; lần đầu là một dòng: old 0",
         .text = &line.proof_path},
        {.name = "key",
         .value_name = "TỆP",
         .help = "khóa của người chứng kiến (lệnh keygen)",
         .text = &line.key_path},
        {.name = "keys",
         .value_name = "TỆP",
         .help = "lịch sử khóa của nhật ký (log-keys.yaml)",
         .text = &line.keys_path},
        {.name = "out",
         .value_name = "TỆP",
         .help = "ghi checkpoint đã ký thêm; mặc định ra đầu ra chuẩn",
         .text = &line.out_path},
        {.name = "json", .help = "in JSON", .flag = &line.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Chứng kiến: kiểm tra checkpoint mới nối tiếp cái đã thấy, giữ lại, rồi ký thêm."
                   "\nMã thoát: 0 đã ký; 65 không ký: bị lùi, bị tách nhánh, hoặc chứng minh không "
                   "hợp.",
        .examples =
            "  " TH_CLI_PROGRAM " witness chung-kien --checkpoint moi.checkpoint --proof "
            "chung-minh \\\n      --key thanh-tra.key --keys log-keys.yaml --out da-ky.checkpoint\n"
            "  " TH_CLI_PROGRAM " witness chung-kien\n",
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
    line.state_folder = operands[0];
    int code = check_line(&line, &lists);
    return th_cli_finish(out, err, code == EX_OK ? run(&line, lists) : code);
}
