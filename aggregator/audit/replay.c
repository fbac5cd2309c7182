/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal folded anew, up to a moment or to its end: what the figures were then, from nothing
 * but the entries; at the end also whether the tables are what the entries make of them.
 */
#define _GNU_SOURCE /* clock_gettime */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/fold.h"
#include "aggregator/audit/opened.h"
#include "aggregator/audit/replay_parts.h"
#include "aggregator/audit/scratch.h"
#include "aggregator/past/recount.h"
#include "aggregator/audit/threads.h"
#include "aggregator/audit/verify_parts.h"
#include "base/errno_text.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/tlog/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define NAME        "replay"
#define BLOCK_BYTES ((size_t)256 * 1024)
#define ENTRY_BYTES ((size_t)512 * 1024 * 1024)
#define PLANS_BYTES ((size_t)2048 * 1024 * 1024)

enum { RENEW_ENTRIES = 1000, CHASES = 64, PATH_SIZE = 4096 };

struct run {
    const struct th_replay_line *line;
    struct th_reader *reader;
    struct th_opened opened; /* the original */
    struct th_fold *fold;
    struct th_arena arena, plans; /* of one entry; of the fold's life */
    struct th_replay result;
    char problem[TH_FOLD_PROBLEM_SIZE];
};

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- folding ---- */

static int fold_one(struct run *run, uint64_t position)
{
    const struct th_unpacking how = {.arena = &run->arena, .plans = &run->plans};
    struct th_stored_entry stored;
    struct th_unpacked unpacked;
    struct th_bytes leaf;
    const char *what = "bản ghi hoặc lá bị hỏng";
    th_arena_reset(&run->arena);
    int status = th_view_entry(run->opened.view, position, &stored);
    if (status == 0)
        status = th_view_leaf(run->opened.view, position, &leaf);
    if (status == 0)
        status = th_unpack(&stored, position, &how, &unpacked, &what);
    if (status == TH_E_NOT_FOUND)
        status = TH_E_CORRUPT;
    if (status != 0) {
        (void)snprintf(run->problem, sizeof run->problem, "%s", what);
        return status;
    }
    run->result.time = stored.time;
    return th_fold_entry(run->fold, run->opened.view, &stored, &unpacked, leaf, run->problem);
}

static int fold_to(struct run *run, uint64_t to, bool holds)
{
    uint64_t from = th_fold_size(run->fold);
    th_reader_phase(run->reader, "dựng lại từ sổ nhật ký", to);
    for (uint64_t position = from; position < to; position++) {
        th_reader_step(run->reader, position, position);
        int status = fold_one(run, position);
        if (status == 0 && !holds && (position - from) % RENEW_ENTRIES == RENEW_ENTRIES - 1)
            status = th_view_renew(run->opened.view);
        if (status != 0)
            return status;
    }
    return 0;
}

/* To the end of a store that may grow: the last snapshot is held, for what is compared with it. */
static int fold_all(struct run *run)
{
    for (int chase = 0;; chase++) {
        int status = th_view_renew(run->opened.view);
        if (status != 0)
            return status;
        uint64_t size = th_view_size(run->opened.view);
        bool holds = size - th_fold_size(run->fold) <= RENEW_ENTRIES || chase == CHASES;
        status = fold_to(run, size, holds);
        if (status != 0 || holds)
            return status;
    }
}

/* ---- comparing ---- */

static void on_fault(void *context, enum th_table_fault fault, struct th_bytes key)
{
    static const char *const texts[] = {
        [TH_TABLE_DIFFERS] = "khác", [TH_TABLE_MISSING] = "thiếu", [TH_TABLE_EXTRA] = "thừa"};
    struct run *run = context;
    char name[TH_REPLAY_NAME_SIZE - 16];
    if (run->result.differences < TH_REPLAY_DIFFERENCES_MAX)
        (void)snprintf(run->result.names[run->result.differences], TH_REPLAY_NAME_SIZE, "%s: %s",
                       th_inspect_name(key, sizeof name, name), texts[fault]);
    run->result.differences++;
}

static void on_step(void *context, uint64_t rows)
{
    struct run *run = context;
    th_reader_step(run->reader, rows, TH_READER_NOWHERE);
}

static int compare(struct run *run, struct th_view *folded)
{
    const struct th_tables_watch watch = {run, on_fault, on_step};
    struct th_digest state;
    th_reader_phase(run->reader, "so từng dòng của các bảng", 0);
    int status = th_past_lay(run->opened.view);
    if (status == 0)
        status = th_tables_compare(run->opened.view, folded, &watch, &run->result.compared);
    if (status == 0)
        status = th_view_state_digest(run->opened.view, &state);
    if (status != 0)
        return status;
    run->result.is_compared = true;
    if (run->result.differences == 0 && memcmp(&state, &run->result.state, sizeof state) != 0) {
        (void)snprintf(run->result.names[0], TH_REPLAY_NAME_SIZE, "dấu trạng thái: khác");
        run->result.differences = 1;
    }
    return 0;
}

/* ---- the run ---- */

/* How many entries to fold; UINT64_MAX: all there will be. 0, or the exit code. */
static int find_end(struct run *run, uint64_t *ret_end)
{
    const struct th_replay_line *line = run->line;
    const struct th_reader_request *request = th_reader_request(run->reader);
    char instant[TH_INSTANT_TEXT_SIZE];
    uint64_t size = th_view_size(run->opened.view);
    uint64_t end = line->has_position ? line->position : UINT64_MAX;
    int status = line->has_as_of ? th_view_position_at(run->opened.view, line->as_of, &end) : 0;
    if (status != 0)
        return th_opened_complain(run->reader, status, NULL);
    if (line->has_as_of && end == 0) {
        th_cli_complain(request->err, NAME, "chọn thời điểm muộn hơn", "lúc %s sổ chưa có gì",
                        th_instant_format(line->as_of, instant));
        return th_status_exit_code(TH_E_RANGE);
    }
    if (size == 0 || (line->has_position && (end == 0 || end > size))) {
        th_cli_complain(request->err, NAME, "từ 1 tới số bản ghi của kho",
                        "kho có %llu bản ghi, không dựng lại tới %llu bản ghi được",
                        (unsigned long long)size, (unsigned long long)(size == 0 ? 0 : end));
        return th_status_exit_code(TH_E_RANGE);
    }
    *ret_end = end;
    return line->has_as_of ? th_opened_refuse_future(run->reader, &run->opened, line->as_of)
                           : EX_OK;
}

static int complain(struct run *run, int status)
{
    const struct th_reader_request *request = th_reader_request(run->reader);
    if (status != TH_E_CORRUPT || run->problem[0] == '\0')
        return th_opened_complain(run->reader, status, NULL);
    th_cli_complain(request->err, NAME, "xem " TH_CLI_PROGRAM " verify",
                    "%s: không dựng lại được từ bản ghi số %llu: %s", request->folder,
                    (unsigned long long)th_fold_size(run->fold), run->problem);
    return EX_DATAERR;
}

static int fold_journal(struct run *run, uint64_t end)
{
    double began = now();
    int status = end == UINT64_MAX ? fold_all(run) : fold_to(run, end, false);
    if (status == 0)
        status = th_fold_settle(run->fold, run->opened.view, run->problem);
    run->result.seconds = now() - began;
    run->result.size = th_fold_size(run->fold);
    return status;
}

static int tell(struct run *run, bool is_end)
{
    const struct th_reader_request *request = th_reader_request(run->reader);
    struct th_view *view;
    int status = th_view_open(th_fold_replica(run->fold), &view);
    if (status != 0)
        return th_opened_complain(run->reader, status, NULL);
    th_reader_phase(run->reader, "tính số liệu", 0);
    status = th_view_state_digest(view, &run->result.state);
    if (status == 0)
        status = th_view_root(view, run->result.size, &run->result.root);
    run->result.has_tree = true;
    if (status == 0 && is_end)
        status = compare(run, view);
    int code = status == 0 ? th_replay_answer(&run->result, th_store_identity(run->opened.store),
                                              view, NULL, request->out, request->err)
                           : th_opened_complain(run->reader, status, NULL);
    th_view_close(view);
    return code;
}

/* The replica that stays is flushed, also when it differs from the store: it is the right one. */
static int keep(struct run *run, int code)
{
    if (!run->line->keeps || (code != EX_OK && !run->result.is_compared))
        return code;
    int status = th_fold_finish(run->fold);
    run->fold = NULL;
    return status == 0 ? code : th_opened_complain(run->reader, status, "ghi bản dựng lại");
}

struct asked {
    const struct run *run;
    json_t *lines;
};

/* Of tables that are not known to be right yet. */
static int ask(void *context, struct th_view *view)
{
    struct asked *asked = context;
    return th_replay_lines(asked->run->line, th_store_identity(asked->run->opened.store), view,
                           &asked->lines);
}

/* To the end, in one go, when all is as it should be: then the store's own tables are what the
 * journal folds to, and answer. Else another child makes a replica. */
static int sweep(struct run *run, struct th_verify *verify)
{
    const struct th_reader_request *request = th_reader_request(run->reader);
    struct asked asked = {run, NULL};
    const struct th_sweep_options options = {.threads = run->line->threads,
                                             .checks_tree = !run->line->without_tree,
                                             .folds = true,
                                             .ask = ask,
                                             .ask_context = &asked};
    bool is_sound = false;
    double began = now();
    if (th_verify_sweep(verify, &options, &is_sound) != 0 || !is_sound ||
        verify->counts.entries == 0) {
        json_decref(asked.lines);
        return TH_READER_AGAIN;
    }
    struct th_replay *result = &run->result;
    result->seconds = now() - began;
    result->size = verify->counts.entries;
    result->reports = verify->counts.accepted;
    result->time = verify->time;
    result->has_tree = options.checks_tree;
    result->state = verify->state;
    result->root = verify->root;
    result->is_compared = true;
    result->compared = verify->tables;
    th_reader_phase(run->reader, "tính số liệu", 0);
    return th_replay_answer(result, th_store_identity(verify->opened.store), verify->opened.view,
                            asked.lines, request->out, request->err);
}

static int boldly(struct run *run)
{
    static const struct th_verify_line line = {.scratch = NULL};
    struct th_verify *verify = calloc(1, sizeof *verify);
    struct th_log_keys *keys = calloc(1, sizeof *keys);
    int code = TH_READER_AGAIN;
    if (verify != NULL && keys != NULL) {
        *verify = (struct th_verify){.line = &line,
                                     .reader = run->reader,
                                     .opened = run->opened,
                                     .keys = keys,
                                     .has_tree = !run->line->without_tree};
        th_arena_init(&verify->arena, BLOCK_BYTES, ENTRY_BYTES);
        th_arena_init(&verify->plans, BLOCK_BYTES, PLANS_BYTES);
        code = sweep(run, verify);
        /* The shadow, millions of small pieces, goes with the process. */
        th_regrown_deinit(&verify->tree);
        th_verify_people_deinit(&verify->people);
        th_arena_deinit(&verify->arena);
        th_arena_deinit(&verify->plans);
    }
    free(keys);
    free(verify);
    return code;
}

static int replay(struct run *run)
{
    const struct th_fold_options options = {.folder = run->line->folder,
                                            .keeps_checkpoints = run->line->keeps};
    uint64_t end = 0;
    int code = find_end(run, &end);
    if (code != EX_OK)
        return code;
    int status =
        th_fold_new(th_store_identity(run->opened.store), run->opened.view, &options, &run->fold);
    if (status == 0)
        status = fold_journal(run, end);
    if (status != 0)
        return complain(run, status);
    return keep(run, tell(run, end == UINT64_MAX));
}

static int in_child(void *context, struct th_reader *reader)
{
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return EX_OSERR;
    run->line = run->result.line = context;
    run->reader = reader;
    int code = th_opened_open(reader, &run->opened);
    if (code == EX_OK) {
        th_arena_init(&run->arena, BLOCK_BYTES, ENTRY_BYTES);
        th_arena_init(&run->plans, BLOCK_BYTES, PLANS_BYTES);
        code = th_reader_is_bold(reader) ? boldly(run) : replay(run);
        th_fold_free(run->fold);
        th_arena_deinit(&run->arena);
        th_arena_deinit(&run->plans);
        th_opened_close(&run->opened);
    }
    free(run);
    return code;
}

/* ---- the command ---- */

/* A replica that was finished has no file CHECKPOINT any more; one that was never begun has no
 * STORE_ID either. */
static bool is_finished(const char *folder)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/CHECKPOINT", folder);
    bool is_begun_only = access(path, F_OK) == 0 || errno != ENOENT;
    (void)snprintf(path, sizeof path, "%s/STORE_ID", folder);
    return !is_begun_only && access(path, F_OK) == 0;
}

/* The folder is the parent's: it goes on every way out but a finished --out. */
static int run(struct th_replay_line *line, const char *store, const char *out_folder, FILE *out,
               FILE *err)
{
    const bool is_to_end = !line->has_as_of && !line->has_position && out_folder == NULL;
    const struct th_reader_request request = {
        .command = NAME, .folder = store, .out = out, .err = err, .is_bold_first = is_to_end};
    char scratch[TH_SCRATCH_PATH_SIZE], cause[TH_ERRNO_TEXT_SIZE];
    sigset_t before;
    th_scratch_hold(&before);
    int status =
        out_folder == NULL ? th_scratch_make(scratch) : th_file_make_folder(out_folder, 0700);
    if (status != 0) {
        const int error = errno;
        th_scratch_release(&before);
        errno = error;
        th_cli_complain(err, NAME,
                        out_folder == NULL ? "đặt TMPDIR chỉ tới một thư mục ghi được, đủ chỗ"
                                           : "chọn một thư mục chưa có",
                        "không tạo được thư mục %s: %s", out_folder == NULL ? "tạm" : out_folder,
                        status == TH_E_IO ? th_errno_text(errno, cause) : th_status_text(status));
        return th_status_exit_code(status);
    }
    line->folder = out_folder == NULL ? scratch : out_folder;
    line->keeps = out_folder != NULL;
    int code = th_reader_run(&request, in_child, line);
    if (!line->keeps || !is_finished(line->folder))
        th_scratch_remove(line->folder);
    th_scratch_release(&before);
    return code;
}

/* Options as they were written; NULL: not there. */
struct words {
    const char *as_of, *position, *out_folder, *plan, *period, *obligation, *unit, *threads;
};

static bool read_words(const struct words *words, struct th_replay_line *line, FILE *err)
{
    const char *as_of = words->as_of, *position = words->position;
    if (as_of != NULL && position != NULL) {
        th_cli_complain(err, NAME, "chọn một", "--as-of và --position không đi cùng nhau");
        return false;
    }
    if (as_of != NULL && th_instant_parse(as_of, strlen(as_of), &line->as_of) != 0) {
        th_cli_complain(err, NAME, "viết như 2025-05-10 hoặc 2025-05-10T17:00",
                        "không hiểu thời điểm “%s”", as_of);
        return false;
    }
    if (position != NULL &&
        th_tlog_decimal_decode(position, strlen(position), &line->position) != 0) {
        th_cli_complain(err, NAME, "số bản ghi, từ 1", "--position: số không đúng: “%s”", position);
        return false;
    }
    if (words->period == NULL && words->obligation == NULL &&
        (words->plan != NULL || words->unit != NULL)) {
        th_cli_complain(err, NAME, "thêm --period KỲ (như 2025-H1) hoặc --obligation MÃ",
                        "chưa rõ hỏi về kỳ hay nghĩa vụ nào");
        return false;
    }
    line->has_as_of = as_of != NULL;
    line->has_position = position != NULL;
    line->plan = th_text_or_none(words->plan);
    line->period = th_text_or_none(words->period);
    line->obligation = th_text_or_none(words->obligation);
    line->unit = th_text_or_none(words->unit);
    return th_threads_read(NAME, words->threads, err, &line->threads);
}

int th_audit_replay(int argc, char **argv, FILE *out, FILE *err)
{
    struct th_replay_line line = {0};
    struct words words = {.as_of = NULL};
    const struct th_cli_option options[] = {
        {.name = "as-of",
         .value_name = "LÚC",
         .help = "tới hết các bản ghi của lúc đó; ngày là 00:00 giờ Việt Nam",
         .text = &words.as_of},
        {.name = "position",
         .value_name = "SỐ",
         .help = "chỉ bấy nhiêu bản ghi đầu",
         .text = &words.position},
        {.name = "out",
         .value_name = "THƯ-MỤC",
         .help = "giữ kho dựng lại ở đây; thư mục chưa có",
         .text = &words.out_folder},
        {.name = "plan",
         .value_name = "KẾ-HOẠCH",
         .help = "hỏi về kế hoạch này",
         .text = &words.plan},
        {.name = "period", .value_name = "KỲ", .help = "2025-H1, 2025 …", .text = &words.period},
        {.name = "obligation",
         .value_name = "MÃ",
         .help = "khi kỳ có nhiều nghĩa vụ",
         .text = &words.obligation},
        {.name = "unit",
         .value_name = "MÃ",
         .help = "đơn vị; mặc định là cả địa bàn",
         .text = &words.unit},
        {.name = "without-tree",
         .help = "không tính lại mã băm: chỉ dựng lại và so các bảng",
         .flag = &line.without_tree},
        {.name = "threads",
         .value_name = "SỐ",
         .help = "số luồng; mặc định là số bộ xử lý",
         .text = &words.threads},
        {.name = "json", .help = "in JSON", .flag = &line.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Dựng lại số liệu từ sổ nhật ký, tới một thời điểm hoặc tới hết.",
        .examples = "  " TH_CLI_PROGRAM " replay var/tinh\n"
                    "  " TH_CLI_PROGRAM " replay var/tinh --as-of 2025-05-10 --plan gialai-2025 "
                    "--period 2025-H1\n"
                    "  " TH_CLI_PROGRAM " replay var/tinh --position 1234 --out kho-cu\n",
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
    return read_words(&words, &line, err) ? run(&line, operands[0], words.out_folder, out, err)
                                          : EX_USAGE;
}
