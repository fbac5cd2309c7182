/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enter: a report that a unit brought on paper. The form is checked here, where its lines are
 * known; what counts is decided by the core, once more, in the store's own order.
 */
#include "aggregator/cli/enter.h"

#include "aggregator/cli/write.h"
#include "base/errno_text.h"
#include "base/options.h"
#include "proto/wire/journal.h"
#include "proto/wire/submission.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define NAME "enter"

/* ---- number and revision ---- */

static int complain_identity(const struct th_site *site, const struct th_enter_form *form,
                             const char *what, const char *hint)
{
    th_cli_complain(site->err, NAME, hint, "%s: %s", form->path, what);
    return EX_DATAERR;
}

/* What the form and the options say about number and revision, together. An exit code. */
static int settle_identity(const struct th_site *site, const struct th_enter_line *line,
                           struct th_enter_form *form)
{
    struct th_report *report = &form->report;
    if (line->number > 0 && report->number > 0 && report->number != line->number)
        return complain_identity(site, form, "biểu và --number ghi hai số thứ tự khác nhau",
                                 "bỏ --number, hoặc sửa biểu");
    if (line->revision > 0 && report->revision > 0 && report->revision != line->revision)
        return complain_identity(site, form, "biểu và --as-revision ghi hai lần khác nhau",
                                 "bỏ --as-revision, hoặc sửa biểu");
    if (line->number > 0)
        report->number = (uint32_t)line->number;
    if (line->revision > 0)
        report->revision = (uint32_t)line->revision;
    if (report->revision == 0)
        report->revision = 1;
    if (form->obligation->open_ended != (report->number > 0))
        return complain_identity(site, form,
                                 form->obligation->open_ended ? "nghĩa vụ này cần số thứ tự"
                                                              : "nghĩa vụ này không có số thứ tự",
                                 form->obligation->open_ended
                                     ? "thêm --number N, lần lượt 1, 2, 3 …"
                                     : "bỏ --number và số thứ tự trong biểu");
    return EX_OK;
}

/* ---- the act ---- */

struct digest_search {
    uint16_t wanted;
    bool found;
    struct th_digest digest;
};

static int keep_digest(void *context, uint16_t number, uint64_t position,
                       const struct th_digest *digest, th_instant loaded_at,
                       struct th_bytes content)
{
    struct digest_search *search = context;
    (void)position, (void)loaded_at, (void)content;
    if (number == search->wanted) {
        search->digest = *digest;
        search->found = true;
    }
    return 0;
}

static int plan_digest(const struct th_enter_store *known, const struct th_plan *plan,
                       struct th_digest *ret_digest)
{
    struct digest_search search = {.wanted = 0};
    while (known->plans[search.wanted] != plan)
        search.wanted++;
    int status = th_view_plans(known->view, keep_digest, &search);
    if (status == 0 && !search.found)
        status = TH_E_CORRUPT;
    if (status == 0)
        *ret_digest = search.digest;
    return status;
}

/* The report's bytes are made here, once. */
static int make_act(const struct th_enter_line *line, const struct th_enter_store *known,
                    struct th_enter_form *form, struct th_act *act)
{
    struct th_entering entering = {
        .operator= {line->operator_name, strlen(line->operator_name)},
        .reference = {line->reference, strlen(line->reference)},
    };
    int status = plan_digest(known, form->plan, &entering.plan_digest);
    if (status == 0)
        status = th_wire_report_encode(&form->report, &form->arena, &entering.report);
    *act = (struct th_act){.kind = TH_ACT_ENTER, .operator= entering.operator};
    return status < 0 ? status : th_wire_entering_encode(&entering, &form->arena, &act->content);
}

/* ---- the answer ---- */

/* The receipt in words, verified with the log's keys. Without it the verdict stands all the same.
 */
static const char *sentence_of(const struct th_site *site, const struct th_enter_line *line,
                               const struct th_outcome *outcome,
                               const struct th_wire_verdict *verdict, struct th_arena *arena)
{
    struct th_store *store = NULL;
    struct th_receipt receipt;
    const struct th_judgement *judgement = NULL;
    const char *sentence = NULL;
    if (!verdict->has_receipt || verdict->receipt >= outcome->receipts_count ||
        th_site_open(site, TH_STORE_READ, &store) != EX_OK)
        return NULL;
    if (th_receipt_open(outcome->receipts[verdict->receipt], th_store_log_keys(store), arena,
                        &receipt) == 0) {
        const struct th_receipt_claim claim = {th_store_identity(store)->mode, line->unit,
                                               verdict->report_digest};
        if (th_receipt_check(&receipt, &claim, &judgement) != TH_RECEIPT_HOLDS ||
            th_receipt_tell(&receipt, judgement, arena, &sentence) < 0)
            sentence = NULL;
    }
    th_store_close(store);
    return sentence;
}

static int tell(const struct th_site *site, const struct th_enter_line *line,
                struct th_enter_form *form, const struct th_act_result *act)
{
    struct th_to_node message;
    struct th_enter_result result = {.act = act};
    if (act->status < 0) {
        th_cli_complain(site->err, NAME,
                        act->status == TH_E_STORAGE ? "giải phóng chỗ trên đĩa rồi nhập lại" : NULL,
                        "%s: %s; chưa ghi gì vào kho", form->path, th_status_text(act->status));
        return th_status_exit_code(act->status);
    }
    if (act->outcome.size > 0 &&
        th_wire_to_node_decode(act->outcome, &form->arena, &message) == 0 &&
        message.kind == TH_TO_NODE_OUTCOME && message.body.outcome.verdicts_count == 1) {
        result.verdict = &message.body.outcome.verdicts[0];
        result.sentence =
            sentence_of(site, line, &message.body.outcome, result.verdict, &form->arena);
    }
    return th_enter_tell_result(site, line, form, &result);
}

/* ---- entering ---- */

static int prepare(const struct th_site *site, const struct th_enter_line *line,
                   const struct th_enter_store *known, struct th_enter_form *form,
                   struct th_act *act)
{
    int code = th_enter_tell_form(site, form);
    if (code == EX_OK)
        code = settle_identity(site, line, form);
    if (code != EX_OK)
        return code;
    int status = make_act(line, known, form, act);
    if (status == 0)
        return EX_OK;
    th_cli_complain(site->err, NAME, NULL, "%s: %s", form->path, th_status_text(status));
    return th_status_exit_code(status);
}

/* The store is closed again before the act: the driver may have to open it for writing. */
static int enter(const struct th_site *site, const struct th_enter_line *line)
{
    struct th_enter_store known;
    struct th_enter_choice choice;
    struct th_enter_form form;
    struct th_act act;
    struct th_act_result result = {.status = TH_E_INVALID};
    int code = th_enter_open(site, &known);
    if (code == EX_OK)
        code = th_enter_choose(site, line, &known, &choice);
    if (code != EX_OK) {
        th_enter_close(&known);
        return code;
    }
    th_enter_form_init(&form, line->path, &known, &choice);
    code = prepare(site, line, &known, &form, &act);
    if (known.view != NULL)
        th_view_close(known.view);
    known.view = NULL;
    th_store_close(known.store);
    known.store = NULL;
    if (code == EX_OK)
        code = th_site_carry_one(site, &act, &form.arena, &result);
    if (code == EX_OK)
        code = tell(site, line, &form, &result);
    th_enter_form_deinit(&form);
    th_enter_close(&known);
    return code;
}

/* ---- an empty form ---- */

static int tell_template(const struct th_site *site, const struct th_enter_line *line,
                         const struct th_enter_choice *choice)
{
    if (!site->as_json)
        return EX_OK;
    return th_site_answer(site, json_pack("{s:s, s:s, s:s, s:s}", "file", line->path, "unit",
                                          line->unit, "plan", choice->plan->id, "obligation",
                                          choice->obligation->id));
}

static int write_template(const struct th_site *site, const struct th_enter_line *line,
                          const struct th_enter_store *known, const struct th_enter_choice *choice)
{
    char cause[TH_ERRNO_TEXT_SIZE];
    enum th_form_kind kind;
    int status = th_form_kind_of(line->path, &kind);
    if (status < 0) {
        th_cli_complain(site->err, NAME, "đuôi tệp nói dạng của biểu, như .yaml hoặc .csv",
                        "không rõ dạng của \"%s\"", line->path);
        return EX_USAGE;
    }
    FILE *file = fopen(line->path, "wxe");
    if (file == NULL) {
        th_cli_complain(site->err, NAME, "chọn tên khác, ở nơi ghi được",
                        "không tạo được \"%s\": %s", line->path, th_errno_text(errno, cause));
        return EX_CANTCREAT;
    }
    struct th_problems problems;
    th_problems_init(&problems);
    status = th_form_write_template(kind, choice->plan, choice->obligation,
                                    &known->context.units.units[choice->unit], file, &problems);
    (void)!th_problems_print(&problems, site->err);
    th_problems_deinit(&problems);
    if (fclose(file) != 0 && status == 0)
        status = TH_E_IO;
    if (status == 0)
        return tell_template(site, line, choice);
    (void)unlink(line->path);
    th_cli_complain(site->err, NAME, NULL, "không ghi được \"%s\": %s", line->path,
                    th_status_text(status));
    return th_status_exit_code(status);
}

static int make_template(const struct th_site *site, const struct th_enter_line *line)
{
    struct th_enter_store known;
    struct th_enter_choice choice;
    int code = th_enter_open(site, &known);
    if (code == EX_OK)
        code = th_enter_choose(site, line, &known, &choice);
    if (code == EX_OK && choice.obligation == NULL) {
        th_cli_complain(site->err, NAME, "thêm --period KỲ hoặc --obligation MÃ",
                        "chưa rõ biểu của báo cáo nào");
        code = EX_USAGE;
    }
    if (code == EX_OK)
        code = write_template(site, line, &known, &choice);
    th_enter_close(&known);
    return code;
}

/* ---- the line ---- */

static bool read_number(const char *text, int64_t max, const char *option, FILE *err,
                        int64_t *ret_value)
{
    if (text == NULL || th_text_parse_int(text, strlen(text), 1, max, ret_value) == 0)
        return true;
    th_cli_complain(err, NAME, NULL, "--%s cần một số từ 1 đến %" PRId64, option, max);
    return false;
}

/* Owned NFC text of one line. NULL after a message. */
static char *read_text(const char *text, size_t size_min, const char *option, FILE *err)
{
    char *nfc = NULL;
    size_t size = 0;
    int status = th_text_to_nfc(text, strlen(text), &nfc, &size);
    if (status == 0 && size >= size_min && size <= TH_LIMIT_NAME_SIZE_MAX &&
        (size == 0 || strspn(nfc, " ") < size) && th_text_check(nfc, size, TH_TEXT_ONE_LINE) == 0)
        return nfc;
    free(nfc);
    th_cli_complain(err, NAME, "một dòng chữ Việt, không quá 300 byte",
                    "--%s trống hoặc không dùng được", option);
    return NULL;
}

/* Options that are numbers, as they were written, NULL: not there; and flags. */
struct words {
    const char *number, *revision;
    bool is_on_behalf, is_template;
};

/* What is entered for somebody is said to be so, by name. */
static bool is_said(const struct th_enter_line *line, const struct words *words, FILE *err)
{
    const char *missing = line->unit == NULL                            ? "--unit MÃ"
                          : !words->is_on_behalf && !words->is_template ? "--on-behalf"
                          : line->operator_name == NULL && !words->is_template
                              ? "--operator \"HỌ TÊN\""
                              : NULL;
    if (missing == NULL)
        return true;
    th_cli_complain(
        err, NAME,
        "báo cáo nhập hộ không có chữ ký của đơn vị: ghi rõ cho đơn vị nào, rằng đây là "
        "nhập hộ, và ai nhập",
        "thiếu %s", missing);
    return false;
}

static bool read_words(const struct words *words, struct th_enter_line *line, FILE *err)
{
    if (line->obligation != NULL && line->period != NULL) {
        th_cli_complain(err, NAME, "chỉ ghi một trong hai", "thừa --period khi đã có --obligation");
        return false;
    }
    return read_number(words->number, TH_LIMIT_NUMBER_MAX, "number", err, &line->number) &&
           read_number(words->revision, TH_LIMIT_REVISION_MAX, "as-revision", err,
                       &line->revision) &&
           is_said(line, words, err);
}

static int run(struct th_site *site, struct th_enter_line *line)
{
    char *operator= read_text(line->operator_name, 1, "operator", site->err);
    char *reference = operator== NULL ? NULL
                                      : read_text(line->reference == NULL ? "" : line->reference, 0,
                                                  "reference", site->err);
    int code = EX_USAGE;
    if (reference != NULL) {
        line->operator_name = operator;
        line->reference = reference;
        code = enter(site, line);
    }
    free(operator);
    free(reference);
    return code;
}

static const char summary[] =
    "Nhập hộ báo cáo giấy của một đơn vị: cùng các quy tắc như khi đơn vị nộp.\n"
    "Mã thoát: 0 đã nhập; 65 biểu sai hoặc bị từ chối; 73 đã có nội dung khác.";
static const char examples[] =
    "  tonghop-aggregator enter var/tinh bc.yaml --template --unit 23734 \\\n"
    "      --plan gialai-2025 --period 2025-H1\n"
    "  tonghop-aggregator enter var/tinh bc.yaml --unit 23734 --on-behalf \\\n"
    "      --operator \"Nguyễn Thị Hoa\" --reference \"12/BC-UBND ngày 08/5/2025\"\n";

int th_cli_enter(int argc, char **argv, FILE *out, FILE *err)
{
    struct th_site site = {.command = NAME, .out = out, .err = err};
    struct th_enter_line line = {.folder = NULL};
    struct words words = {.number = NULL};
    const struct th_cli_option options[] = {
        {.name = "unit", .value_name = "MÃ", .help = "đơn vị có báo cáo giấy", .text = &line.unit},
        {.name = "on-behalf", .help = "nhập hộ: đơn vị không ký", .flag = &words.is_on_behalf},
        {.name = "operator",
         .value_name = "HỌ-TÊN",
         .help = "người nhập, được ghi vào nhật ký",
         .text = &line.operator_name},
        {.name = "reference",
         .value_name = "VĂN-BẢN",
         .help = "số, ngày của văn bản giấy",
         .text = &line.reference},
        {.name = "plan",
         .value_name = "KẾ-HOẠCH",
         .help = "mã kế hoạch, khi biểu không ghi",
         .text = &line.plan},
        {.name = "obligation",
         .value_name = "MÃ",
         .help = "mã nghĩa vụ báo cáo, khi biểu không ghi",
         .text = &line.obligation},
        {.name = "period",
         .value_name = "KỲ",
         .help = "kỳ báo cáo, thay cho --obligation",
         .text = &line.period},
        {.name = "number",
         .value_name = "N",
         .help = "số thứ tự, với báo cáo đột xuất",
         .text = &words.number},
        {.name = "as-revision",
         .value_name = "N",
         .help = "nhập làm bản sửa lần N; chương trình không tự tăng số lần",
         .text = &words.revision},
        {.name = "template",
         .help = "chỉ lập biểu trống vào TỆP, không nhập gì",
         .flag = &words.is_template},
        {.name = "json", .help = "in ra JSON", .flag = &site.as_json},
    };
    const struct th_cli_command command = {.name = NAME,
                                           .operands = "DIR TỆP",
                                           .summary = summary,
                                           .examples = examples,
                                           .options = options,
                                           .options_count = sizeof options / sizeof options[0],
                                           .operands_min = 2,
                                           .operands_max = 2};
    char **operands = NULL;
    int count = 0, exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    site.folder = line.folder = operands[0];
    line.path = operands[1];
    if (!read_words(&words, &line, err))
        return EX_USAGE;
    return th_cli_finish(out, err,
                         words.is_template ? make_template(&site, &line) : run(&site, &line));
}
