/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/commands.h"

#include "base/options.h"
#include "base/text.h"
#include "nodes/cli/checked.h"
#include "nodes/cli/choice.h"
#include "nodes/cli/counted.h"
#include "nodes/cli/submit.h"
#include "nodes/cli/wait.h"
#include "nodes/cli/words.h"
#include "nodes/home/lock.h"
#include "nodes/shell/loop.h"
#include "proto/tlog/hash.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME "submit"

struct submitting {
    const struct th_home *home;
    struct th_outbox *outbox;
    struct th_form_context context;
    struct th_cli_choice choice;
    uint32_t revision; /* --as-revision; 0: not said */
    bool has_number;
    uint32_t number;
    bool as_json;
    json_t *files; /* with --json */
    uint64_t *ids; /* of what was queued or is on its way already */
    size_t ids_count;
    size_t waiting_count; /* of these, still without an answer */
    FILE *out, *err;
};

static const char *outcome_word(enum th_submit_outcome outcome)
{
    switch (outcome) {
    case TH_SUBMIT_QUEUED:
        return "queued";
    case TH_SUBMIT_SAME:
        return "same";
    case TH_SUBMIT_OCCUPIED:
        return "occupied";
    }
    return "";
}

static void print_name(const struct th_outbox_item *item, FILE *out)
{
    char hex[TH_DIGEST_HEX_SIZE + 1];
    th_tlog_digest_to_hex(&item->report_digest, hex);
    (void)fprintf(out, "mục %" PRIu64 ", %s %s", item->id, item->plan, item->obligation);
    if (item->number > 0)
        (void)fprintf(out, " số %" PRIu32, item->number);
    (void)fprintf(out, " lần %" PRIu32 " (%.16s)", item->revision, hex);
}

static void print_result(const struct submitting *submitting, const char *path,
                         const struct th_submit_result *result)
{
    const struct th_outbox_detail none = {0};
    const struct th_outbox_item *item = &result->item;
    char hex[TH_DIGEST_HEX_SIZE + 1];
    switch (result->outcome) {
    case TH_SUBMIT_QUEUED:
        (void)fprintf(submitting->out, "%s: đã xếp hàng chờ gửi: ", path);
        print_name(item, submitting->out);
        (void)fputc('\n', submitting->out);
        break;
    case TH_SUBMIT_SAME:
        (void)fprintf(submitting->out, "%s: nội dung này đã nộp rồi: ", path);
        print_name(item, submitting->out);
        (void)fprintf(submitting->out, ", %s\n", th_item_state_text(item->state));
        if (item->state == TH_ITEM_CONFLICT)
            th_words_print_answer(item, &none, submitting->home->folder, submitting->err);
        break;
    case TH_SUBMIT_OCCUPIED:
        th_tlog_digest_to_hex(&item->report_digest, hex);
        (void)fprintf(submitting->err,
                      "%s: lỗi: báo cáo này đã nộp với nội dung khác: mục %" PRIu64 ", lần %" PRIu32
                      ", %s\n    nội dung đã nộp: %s\n"
                      "    cách sửa: nếu đây là bản sửa, nộp lại với --as-revision %" PRIu32 "\n",
                      path, item->id, item->revision, th_item_state_text(item->state), hex,
                      result->next_revision);
        break;
    }
}

static int add_json(struct submitting *submitting, const char *path,
                    const struct th_submit_result *result, const struct th_counted *counted)
{
    json_t *object = th_words_json_item(&result->item);
    int failed = json_object_set_new(object, "file", json_string(path));
    failed |= json_object_set_new(object, "outcome", json_string(outcome_word(result->outcome)));
    if (result->outcome == TH_SUBMIT_OCCUPIED)
        failed |= json_object_set_new(object, "next_revision", json_integer(result->next_revision));
    else
        failed |= th_counted_add_json(counted, object);
    failed |= json_array_append_new(submitting->files, object);
    return failed == 0 ? 0 : TH_E_NO_MEMORY;
}

/* What the form and the options say about number and revision, together. */
static int settle_identity(const struct submitting *submitting, struct th_checked *checked)
{
    struct th_report *report = &checked->report;
    const struct th_obligation *obligation = checked->obligation;
    if (submitting->has_number && report->number > 0 && report->number != submitting->number) {
        th_cli_complain(submitting->err, NAME, "bỏ --number, hoặc sửa biểu",
                        "%s: biểu ghi số %" PRIu32 ", --number ghi %" PRIu32, checked->path,
                        report->number, submitting->number);
        return TH_E_INVALID;
    }
    if (submitting->has_number)
        report->number = submitting->number;
    if (obligation->open_ended != (report->number > 0)) {
        th_cli_complain(submitting->err, NAME,
                        obligation->open_ended ? "thêm --number N, lần lượt 1, 2, 3 …"
                                               : "bỏ --number và số thứ tự trong biểu",
                        "%s: nghĩa vụ %s %s số thứ tự", checked->path, obligation->id,
                        obligation->open_ended ? "cần" : "không có");
        return TH_E_INVALID;
    }
    if (submitting->revision > 0 && report->revision > 0 &&
        report->revision != submitting->revision) {
        th_cli_complain(submitting->err, NAME, "bỏ --as-revision, hoặc sửa biểu",
                        "%s: biểu ghi lần %" PRIu32 ", --as-revision ghi %" PRIu32, checked->path,
                        report->revision, submitting->revision);
        return TH_E_INVALID;
    }
    if (submitting->revision > 0)
        report->revision = submitting->revision;
    return 0;
}

static int queue(struct submitting *submitting, struct th_checked *checked,
                 struct th_submit_result *ret_result)
{
    int status = settle_identity(submitting, checked);
    if (status != 0)
        return status;
    struct th_submit_request request = {.report = checked->report,
                                        .now = {th_loop_wall_ms()},
                                        .mode = submitting->home->server.mode};
    for (size_t i = 0; i < submitting->home->plans_count; i++)
        if (submitting->home->plans[i].plan == checked->plan)
            request.plan_digest = submitting->home->plans[i].digest;
    status = th_submit(submitting->outbox, &request, &checked->arena, ret_result);
    if (status != 0)
        th_cli_complain(submitting->err, NAME,
                        status == TH_E_STORAGE
                            ? "giải phóng chỗ trên đĩa; nếu đĩa còn chỗ thì hộp thư đi phải giữ "
                              "chỗ cho báo cáo đang chờ: chạy run cho gửi bớt; rồi nộp lại"
                            : th_cli_outbox_hint(status),
                        "%s: không xếp hàng được: %s", checked->path, th_status_text(status));
    return status;
}

static int refuse_form(struct submitting *submitting, const struct th_checked *checked)
{
    if (submitting->as_json) {
        json_t *object = th_checked_json(checked);
        if (json_array_append_new(submitting->files, object) != 0)
            return EX_OSERR;
    } else {
        th_checked_print(checked, false, submitting->err);
    }
    return checked->status < 0 ? th_status_exit_code(checked->status) : EX_DATAERR;
}

static int tell_result(struct submitting *submitting, struct th_checked *checked,
                       const struct th_submit_result *result)
{
    struct th_counted counted = {0};
    bool is_there = result->outcome != TH_SUBMIT_OCCUPIED;
    bool is_taken = is_there && result->item.state != TH_ITEM_CONFLICT;
    if (is_taken) {
        submitting->ids[submitting->ids_count++] = result->item.id;
        submitting->waiting_count +=
            result->item.state == TH_ITEM_QUEUED || result->item.state == TH_ITEM_SENT;
    }
    if (is_there)
        th_counted_init(&counted, checked, submitting->home->unit, submitting->outbox,
                        &result->item);
    int status = 0;
    if (submitting->as_json) {
        status = add_json(submitting, checked->path, result, &counted);
    } else {
        print_result(submitting, checked->path, result);
        if (is_there)
            th_counted_print(&counted, checked->path, submitting->out, submitting->err);
    }
    return status == 0 && !is_taken ? TH_E_EXISTS : status;
}

static int submit_file(struct submitting *submitting, const char *path)
{
    struct th_checked checked;
    th_checked_init(&checked, path, &submitting->context, submitting->outbox);
    int code = EX_OK;
    struct th_submit_result result;
    if (!th_checked_is_good(&checked)) {
        code = refuse_form(submitting, &checked);
    } else {
        if (!submitting->as_json && checked.warnings.count > 0)
            th_checked_print(&checked, false, submitting->err);
        int status = queue(submitting, &checked, &result);
        if (status == 0)
            status = tell_result(submitting, &checked, &result);
        code = status == 0 ? EX_OK : th_status_exit_code(status);
    }
    th_checked_deinit(&checked);
    return code;
}

static int choose(struct submitting *submitting)
{
    const struct th_cli_choice *choice = &submitting->choice;
    bool is_named = choice->obligation != NULL || choice->period != NULL;
    int status = 0;
    if (choice->plan != NULL || is_named)
        status = th_cli_choose_plan(choice, submitting->home, submitting->err,
                                    &submitting->context.plan);
    if (status == 0 && is_named)
        status = th_cli_choose_obligation(choice, submitting->context.plan, submitting->home->unit,
                                          submitting->err, &submitting->context.obligation);
    return status == 0 ? EX_OK : th_status_exit_code(status);
}

/* Queues every file; the first failure's code, EX_OK when all are queued. */
static int submit_all(struct submitting *submitting, char **paths, size_t count)
{
    char path[TH_HOME_PATH_SIZE];
    int code = choose(submitting);
    if (code != EX_OK)
        return code;
    int status = th_home_path(submitting->home->folder, "outbox", path);
    if (status == 0)
        status = th_outbox_open(path, 0, &submitting->outbox);
    if (status != 0) {
        th_cli_complain(submitting->err, NAME, th_cli_outbox_hint(status),
                        "chưa có gì được nộp: %s: %s", path, th_status_text(status));
        return th_status_exit_code(status);
    }
    for (size_t i = 0; i < count; i++) {
        int one = submit_file(submitting, paths[i]);
        code = code == EX_OK ? one : code;
    }
    th_outbox_close(submitting->outbox);
    submitting->outbox = NULL;
    return code;
}

static void tell_how_to_send(const struct submitting *submitting)
{
    char text[TH_TEXT_WORD_SIZE];
    const char *folder = th_text_word(submitting->home->folder, text);
    long owner;
    if (th_home_is_running(submitting->home->folder, &owner))
        (void)fprintf(submitting->out,
                      "Nút đang chạy (tiến trình %ld) nên tự gửi đi; xem bằng: %s status %s\n",
                      owner, TH_CLI_PROGRAM, folder);
    else
        (void)fprintf(submitting->out, "Gửi đi bằng: %s run %s\n", TH_CLI_PROGRAM, folder);
}

static int finish(struct submitting *submitting, int code, int64_t wait_seconds)
{
    if (wait_seconds >= 0 && submitting->ids_count > 0) {
        const struct th_wait wait = {.command = NAME,
                                     .folder = submitting->home->folder,
                                     .ids = submitting->ids,
                                     .ids_count = submitting->ids_count,
                                     .timeout_ms = wait_seconds * 1000,
                                     .files = submitting->files,
                                     .out = submitting->out,
                                     .err = submitting->err};
        int waited = th_wait_for_answers(&wait);
        code = code == EX_OK ? waited : code;
    } else if (submitting->waiting_count > 0 && !submitting->as_json) {
        tell_how_to_send(submitting);
    }
    if (submitting->as_json) {
        int failed =
            json_dumpf(submitting->files, submitting->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        (void)fputc('\n', submitting->out);
        code = failed == 0 ? code : EX_IOERR;
    }
    return code;
}

static int submit(struct submitting *submitting, char **operands, size_t files_count,
                  int64_t wait_seconds)
{
    struct th_home home;
    int status = th_cli_open_home(NAME, operands[0], &home, submitting->err);
    if (status != 0)
        return th_status_exit_code(status);
    submitting->home = &home;
    const struct th_plan **plans = calloc(home.plans_count + 1, sizeof *plans);
    submitting->ids = calloc(files_count, sizeof *submitting->ids);
    submitting->files = submitting->as_json ? json_array() : NULL;
    int code = EX_OSERR;
    if (plans != NULL && submitting->ids != NULL &&
        (!submitting->as_json || submitting->files != NULL)) {
        for (size_t i = 0; i < home.plans_count; i++)
            plans[i] = home.plans[i].plan;
        submitting->context = (struct th_form_context){.plans = plans,
                                                       .plans_count = home.plans_count,
                                                       .unit = home.unit,
                                                       .number = submitting->number};
        code = submit_all(submitting, operands + 1, files_count);
        code = finish(submitting, code, wait_seconds);
    }
    json_decref(submitting->files);
    free(submitting->ids);
    free(plans);
    th_home_close(&home);
    return code;
}

static bool read_number(const char *text, int64_t max, const char *option, FILE *err,
                        int64_t *ret_value)
{
    if (th_text_parse_int(text, strlen(text), 1, max, ret_value) == 0)
        return true;
    th_cli_complain(err, NAME, NULL, "--%s cần một số từ 1 đến %lld", option, (long long)max);
    return false;
}

/* Options that are numbers, as they were written; NULL: not there. */
struct words {
    const char *revision, *number, *wait;
};

static bool read_words(const struct words *words, size_t files_count, struct submitting *submitting,
                       int64_t *ret_wait_seconds)
{
    FILE *err = submitting->err;
    int64_t value = 0;
    if (words->revision != NULL) {
        if (!read_number(words->revision, TH_LIMIT_REVISION_MAX, "as-revision", err, &value))
            return false;
        submitting->revision = (uint32_t)value;
    }
    if (words->number != NULL) {
        if (!read_number(words->number, TH_LIMIT_NUMBER_MAX, "number", err, &value))
            return false;
        submitting->has_number = true;
        submitting->number = (uint32_t)value;
    }
    if (words->wait != NULL && !read_number(words->wait, 1000000, "wait", err, ret_wait_seconds))
        return false;
    if (files_count > 1 && (words->revision != NULL || words->number != NULL)) {
        th_cli_complain(err, NAME, "nộp từng tệp một",
                        "--as-revision và --number chỉ dùng với một tệp");
        return false;
    }
    return true;
}

int th_cli_submit(int argc, char **argv, FILE *out, FILE *err)
{
    struct submitting submitting = {.choice = {.command = NAME}, .out = out, .err = err};
    struct words words = {.revision = NULL};
    const struct th_cli_option options[] = {
        {.name = "plan",
         .value_name = "KẾ-HOẠCH",
         .help = "mã kế hoạch, khi biểu không ghi",
         .text = &submitting.choice.plan},
        {.name = "obligation",
         .value_name = "MÃ",
         .help = "mã nghĩa vụ báo cáo, khi biểu không ghi",
         .text = &submitting.choice.obligation},
        {.name = "period",
         .value_name = "KỲ",
         .help = "kỳ báo cáo, thay cho --obligation",
         .text = &submitting.choice.period},
        {.name = "as-revision",
         .value_name = "N",
         .help = "nộp làm bản sửa lần N; chương trình không tự tăng số lần",
         .text = &words.revision},
        {.name = "number",
         .value_name = "N",
         .help = "số thứ tự, với báo cáo đột xuất",
         .text = &words.number},
        {.name = "wait",
         .value_name = "GIÂY",
         .help = "gửi ngay và chờ biên nhận",
         .text = &words.wait},
        {.name = "json", .help = "in ra JSON", .flag = &submitting.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC TỆP...",
        .summary =
            "Kiểm tra rồi nộp báo cáo: khi in \"đã xếp hàng\" thì tắt máy cũng không mất.\n"
            "TỆP là tệp thường, đuôi .yaml, .json, .csv hoặc .xlsx; không đọc đầu vào chuẩn (-).\n"
            "Mã thoát: 0 đã nộp; 65 biểu sai hoặc bị từ chối; 73 đã nộp nội dung khác; 75 hết giờ.",
        .examples = "  " TH_CLI_PROGRAM " submit nut bc.yaml\n"
                    "  " TH_CLI_PROGRAM " submit nut bc.csv --period 2025-H1 --wait 60\n"
                    "  " TH_CLI_PROGRAM " submit nut bc.yaml --as-revision 2\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 2,
        .operands_max = INT_MAX,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    int64_t wait_seconds = -1;
    size_t files_count = (size_t)operands_count - 1;
    if (!read_words(&words, files_count, &submitting, &wait_seconds))
        return EX_USAGE;
    return th_cli_finish(out, err, submit(&submitting, operands, files_count, wait_seconds));
}
