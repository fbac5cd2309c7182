/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/opened.h"
#include "aggregator/audit/trust.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/tlog/proof.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME "consistency"

struct line {
    const char *old_path, *keys_path, *out_path, *checkpoint_path;
    bool as_json;
    char *note;
    size_t note_size;
    struct th_log_keys *keys; /* of --keys; NULL: the store's */
};

struct run {
    const struct line *line;
    struct th_reader *reader;
    const struct th_reader_request *request;
    struct th_view *view;
    struct th_log_keys *keys;
    struct th_checkpoint old, newest;
    struct th_bytes newest_note;
    struct th_consistency proof;
};

static int refuse(const struct run *run, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(const struct run *run, const char *hint, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    th_cli_complain(run->request->err, NAME, hint, "%s", text);
    return EX_DATAERR;
}

/* How many leaves of the log `origin` the store's own log, which may not be the last one of the
 * history, has kept: a recovery leaves what was signed after it behind. */
static uint64_t shared_with(const struct th_log_keys *keys, const char *origin, const char *own)
{
    uint64_t shared = UINT64_MAX;
    bool is_later = false;
    size_t end = keys->count;
    while (end > 0 && strcmp(keys->items[end - 1].vkey.name, own) != 0)
        end--;
    for (size_t i = 0; i < end; i++) {
        bool is_it = strcmp(keys->items[i].vkey.name, origin) == 0;
        bool begins = i > 0 && strcmp(keys->items[i].vkey.name, keys->items[i - 1].vkey.name) != 0;
        if (is_later && begins && keys->items[i].after < shared)
            shared = keys->items[i].after;
        is_later = is_later || is_it;
    }
    return shared;
}

static int check_old(struct run *run)
{
    const struct line *line = run->line;
    int status = th_log_keys_verify(run->keys, line->note, line->note_size, &run->old);
    if (status != 0)
        return refuse(run, "lấy lại checkpoint và lịch sử khóa từ nơi mình tin", "%s: %s (theo %s)",
                      line->old_path, th_trust_fault(status),
                      line->keys_path != NULL ? line->keys_path : "lịch sử khóa trong kho");
    uint64_t shared = shared_with(run->keys, run->old.origin, run->newest.origin);
    if (run->old.size > shared)
        return refuse(
            run, "các đơn vị còn giữ biên nhận sẽ nộp lại phần đã mất",
            "%s: nhật ký %s đã mất những gì sau %llu lá, nên kho không còn đủ %llu lá của "
            "checkpoint này",
            line->old_path, run->old.origin, (unsigned long long)shared,
            (unsigned long long)run->old.size);
    uint64_t before = shared_with(run->keys, run->newest.origin, run->old.origin);
    if (run->old.size > before)
        return refuse(run, "đưa kho hiện nay; kho này có từ trước lần khôi phục",
                      "%s: là của nhật ký %s, đi tiếp từ lá thứ %llu của nhật ký %s trong kho này",
                      line->old_path, run->old.origin, (unsigned long long)before,
                      run->newest.origin);
    if (run->old.size > th_view_size(run->view))
        return refuse(run, "kho này là bản cũ, hoặc nhật ký đã bị lùi",
                      "%s có %llu lá, kho chỉ có %llu", line->old_path,
                      (unsigned long long)run->old.size,
                      (unsigned long long)th_view_size(run->view));
    return EX_OK;
}

static int check_newest(struct run *run)
{
    uint64_t size = 0;
    int status = th_view_checkpoint(run->view, th_view_size(run->view), &size, &run->newest_note);
    if (status == 0)
        status = th_log_keys_verify(run->keys, (const char *)run->newest_note.bytes,
                                    run->newest_note.size, &run->newest);
    if (status == TH_E_SIGNATURE || status == TH_E_INVALID)
        return refuse(run, "lịch sử khóa cũ hơn kho, hoặc không phải của nhật ký này",
                      "checkpoint mới nhất của kho: %s", th_trust_fault(status));
    return status == 0 ? EX_OK : th_opened_complain(run->reader, status, "checkpoint mới nhất");
}

/* The proof is checked as whoever gets it will check it. */
static int check_beginning(struct run *run)
{
    struct th_digest root;
    int status = th_view_root(run->view, run->old.size, &root);
    if (status == 0 && !th_tlog_digest_equal(&root, &run->old.root)) {
        char shown[TH_DIGEST_BASE64_SIZE + 1], here[TH_DIGEST_BASE64_SIZE + 1];
        th_tlog_digest_encode(&run->old.root, shown);
        th_tlog_digest_encode(&root, here);
        return refuse(run,
                      "giữ cả hai làm bằng chứng: một nhật ký không bao giờ ký hai gốc ở cùng "
                      "một cỡ",
                      "MÂU THUẪN ở cỡ %llu: checkpoint %s ký gốc %s, còn kho có gốc %s",
                      (unsigned long long)run->old.size, run->line->old_path, shown, here);
    }
    if (status == 0)
        status = th_view_consistency(run->view, run->old.size, run->newest.size, &run->proof);
    if (status == 0 && run->old.size > 0)
        status = th_tlog_verify_consistency(run->old.size, run->newest.size, run->proof.hashes,
                                            run->proof.hashes_n, &run->old.root, &run->newest.root);
    if (status == TH_E_SIGNATURE)
        status = TH_E_CORRUPT;
    return status == 0 ? EX_OK : th_opened_complain(run->reader, status, "cây băm");
}

static int write_file(const struct run *run, const char *path, const void *bytes, size_t size)
{
    if (path == NULL)
        return EX_OK;
    int status = th_file_write(path, 0644, bytes, size);
    if (status == 0)
        return EX_OK;
    char cause[TH_ERRNO_TEXT_SIZE];
    th_cli_complain(run->request->err, NAME, "kiểm tra đường dẫn và quyền ghi", "%s: %s", path,
                    th_trust_cause(status, cause));
    return EX_CANTCREAT;
}

static int tell(const struct run *run, const char *text, size_t text_size)
{
    FILE *out = run->request->out;
    const char *source = run->line->keys_path == NULL ? "store" : run->line->keys_path;
    if (!run->line->as_json) {
        (void)fprintf(
            out,
            "Checkpoint %s (nhật ký %s, %llu lá) là phần đầu của nhật ký này: kho có %llu "
            "lá.\nChữ ký được kiểm tra theo %s.\n",
            run->line->old_path, run->old.origin, (unsigned long long)run->old.size,
            (unsigned long long)run->newest.size,
            run->line->keys_path == NULL
                ? "lịch sử khóa trong chính kho này (để tin hẳn, dùng --keys)"
                : run->line->keys_path);
        return EX_OK;
    }
    char old_root[TH_DIGEST_BASE64_SIZE + 1], new_root[TH_DIGEST_BASE64_SIZE + 1];
    th_tlog_digest_encode(&run->old.root, old_root);
    th_tlog_digest_encode(&run->newest.root, new_root);
    json_t *object =
        json_pack("{s:s,s:I,s:s,s:s,s:I,s:s,s:s,s:s#}", "origin", run->old.origin, "old_size",
                  (json_int_t)run->old.size, "old_root", old_root, "new_origin", run->newest.origin,
                  "size", (json_int_t)run->newest.size, "root", new_root, "keys", source, "proof",
                  text, (int)text_size);
    int failed = json_dumpf(object, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)fputc('\n', out);
    json_decref(object);
    return failed == 0 ? EX_OK : EX_OSERR;
}

static int check(struct run *run)
{
    char text[TH_CONSISTENCY_TEXT_MAX];
    size_t size = 0;
    th_reader_phase(run->reader, "kiểm tra cây băm", 0);
    int status = run->line->keys == NULL ? th_view_log_keys(run->view, run->keys) : 0;
    if (status != 0)
        return th_opened_complain(run->reader, status, "lịch sử khóa");
    int code = check_newest(run);
    if (code == EX_OK)
        code = check_old(run);
    if (code == EX_OK)
        code = check_beginning(run);
    if (code != EX_OK)
        return code;
    status = th_tlog_consistency_format(&run->proof, sizeof text, text, &size);
    if (status != 0)
        return th_opened_complain(run->reader, status, NULL);
    code = write_file(run, run->line->out_path, text, size);
    if (code == EX_OK)
        code = write_file(run, run->line->checkpoint_path, run->newest_note.bytes,
                          run->newest_note.size);
    return code == EX_OK ? tell(run, text, size) : code;
}

static int read_store(void *given, struct th_reader *reader)
{
    const struct line *line = given;
    struct run run = {.line = line, .reader = reader, .request = th_reader_request(reader)};
    struct th_opened opened;
    int code = th_opened_open(reader, &opened);
    if (code != EX_OK)
        return code;
    run.view = opened.view;
    run.keys = line->keys != NULL ? line->keys : calloc(1, sizeof *run.keys);
    code = run.keys == NULL ? EX_OSERR : check(&run);
    if (run.keys != line->keys)
        free(run.keys);
    th_opened_close(&opened);
    return code;
}

/* A unit has no checkpoint but the one in its receipt; check-receipt looks at the rest of that. */
static int take_checkpoint(struct line *line)
{
    struct th_tlog_proof *proof = malloc(sizeof *proof);
    if (proof == NULL)
        return EX_OSERR;
    if (th_tlog_proof_parse(line->note, line->note_size, proof) == 0) {
        memmove(line->note, proof->checkpoint, proof->checkpoint_size);
        line->note_size = proof->checkpoint_size;
    }
    free(proof);
    return EX_OK;
}

int th_audit_consistency(int argc, char **argv, FILE *out, FILE *err)
{
    struct line line = {0};
    const struct th_cli_option options[] = {
        {.name = "keys",
         .value_name = "TỆP",
         .help = "lịch sử khóa (log-keys.yaml) từ người mình tin; mặc định là của kho",
         .text = &line.keys_path},
        {.name = "out",
         .value_name = "TỆP",
         .help = "ghi chứng minh, cho lệnh witness",
         .text = &line.out_path},
        {.name = "checkpoint-out",
         .value_name = "TỆP",
         .help = "ghi checkpoint mới nhất của kho",
         .text = &line.checkpoint_path},
        {.name = "json", .help = "in JSON", .flag = &line.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "CHECKPOINT-CŨ THƯ-MỤC",
        .summary = "Một checkpoint đã ký trước đây, hay checkpoint trong một biên nhận, có là phần "
                   "đầu\ncủa nhật ký này không.",
        .examples = "  " TH_CLI_PROGRAM " consistency cu.checkpoint var/tinh --keys log-keys.yaml\n"
                    "  " TH_CLI_PROGRAM " consistency cu.checkpoint var/tinh --out chung-minh "
                    "--checkpoint-out moi.checkpoint\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 2,
        .operands_max = 2,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    line.old_path = operands[0];
    int code = th_trust_file(NAME, line.old_path, err, &line.note, &line.note_size);
    if (code == EX_OK)
        code = take_checkpoint(&line);
    if (code == EX_OK && line.keys_path != NULL)
        code = th_trust_read(NAME, line.keys_path, NULL, err, &line.keys);
    const struct th_reader_request request = {
        .command = NAME, .folder = operands[1], .out = out, .err = err};
    if (code == EX_OK)
        code = th_reader_run(&request, read_store, &line);
    free(line.keys);
    free(line.note);
    return code;
}
