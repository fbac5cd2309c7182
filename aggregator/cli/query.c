/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/query.h"

#include "base/options.h"
#include "aggregator/cli/answerer.h"
#include "aggregator/cli/site.h"
#include "aggregator/query/answer.h"
#include "aggregator/query/text.h"

#include <string.h>
#include <sysexits.h>

struct line {
    const char *folder;
    const char *plan, *period, *obligation, *unit, *branch, *as_of, *number;
    bool as_json, missing, late, summary;
};

static const struct {
    const char *name;
    const char *summary;
    const char *examples;
} commands[] = {
    [TH_QUERY_STANDING] = {"standing", "Ai đã báo cáo, ai chưa, ai trễ.",
                           "  tonghop-aggregator standing var/tinh --plan gialai-2025 "
                           "--period 2025-H1\n"
                           "  tonghop-aggregator standing var/tinh --plan gialai-2025 "
                           "--period 2025-H1 --missing\n"
                           "  tonghop-aggregator standing var/tinh --plan gialai-2025 "
                           "--period 2025-H1 --summary\n"},
    [TH_QUERY_ROLLUP] = {"rollup", "Số liệu tổng hợp của một đơn vị và các đơn vị bên dưới.",
                         "  tonghop-aggregator rollup var/tinh --plan gialai-2025 "
                         "--period 2025-H1 --unit 64\n"
                         "  tonghop-aggregator rollup var/tinh --plan gialai-2025 "
                         "--period 2025-H1 --branch communes --as-of 2025-05-10 --json\n"},
    [TH_QUERY_REPORT] = {"report", "Một báo cáo như đã nhận.",
                         "  tonghop-aggregator report var/tinh --plan gialai-2025 "
                         "--period 2025-H1 --unit 23734\n"},
    [TH_QUERY_CLOSINGS] = {"closings", "Bảng tổng hợp tại hạn: số liệu vào đúng lúc hết hạn.",
                           "  tonghop-aggregator closings var/tinh --plan gialai-2025 "
                           "--period 2025-H1\n"},
    [TH_QUERY_PAGE] = {"page",
                       "Số liệu của từng đơn vị: mỗi đơn vị một dòng, mỗi chỉ tiêu một cột.",
                       "  tonghop-aggregator page var/tinh --plan gialai-2025 --period 2025-H1 "
                       "--branch communes\n"
                       "  tonghop-aggregator page var/tinh --plan gialai-2025 --period 2025-H1 "
                       "--unit 64 --as-of 2025-05-10 --json\n"},
};

static struct th_text text_of(const char *text)
{
    return (struct th_text){text == NULL ? "" : text, text == NULL ? 0 : strlen(text)};
}

static int parse_branch(const char *word, enum th_branch *ret_branch)
{
    static const char *const words[] = {"all", "communes", "bodies"};
    for (int i = 0; i < 3; i++)
        if (strcmp(word, words[i]) == 0) {
            *ret_branch = (enum th_branch)i;
            return TH_OK;
        }
    return TH_E_INVALID;
}

static int read_line(const char *name, const struct line *line, FILE *err, struct th_query *query)
{
    if (line->missing + line->late + line->summary > 1) {
        th_cli_complain(err, name, "chọn một trong ba", "%s",
                        "--missing, --late và --summary không đi cùng nhau");
        return TH_E_INVALID;
    }
    query->plan = text_of(line->plan);
    query->period = text_of(line->period);
    query->obligation = text_of(line->obligation);
    query->unit = text_of(line->unit);
    if (line->branch != NULL && parse_branch(line->branch, &query->branch) != TH_OK) {
        th_cli_complain(err, name, "all, communes hoặc bodies", "không có nhánh \"%s\"",
                        line->branch);
        return TH_E_INVALID;
    }
    if (line->as_of != NULL &&
        th_instant_parse(line->as_of, strlen(line->as_of), &query->as_of) != TH_OK) {
        th_cli_complain(err, name, "viết như 2025-05-10 hoặc 2025-05-10T17:00",
                        "không hiểu thời điểm \"%s\"", line->as_of);
        return TH_E_INVALID;
    }
    query->has_as_of = line->as_of != NULL;
    int64_t number = 0;
    if (line->number != NULL && th_text_parse_int(line->number, strlen(line->number), 0,
                                                  TH_LIMIT_NUMBER_MAX, &number) != TH_OK) {
        th_cli_complain(err, name, "số thứ tự của báo cáo đột xuất, từ 1", "số không đúng: \"%s\"",
                        line->number);
        return TH_E_INVALID;
    }
    query->number = (uint32_t)number;
    return TH_OK;
}

static int print(const struct th_query_context *context, enum th_query_what what,
                 const struct line *line, const json_t *answer, FILE *out)
{
    if (line->as_json) {
        int dumped = json_dumpf(answer, out, JSON_INDENT(2));
        (void)fputc('\n', out);
        return dumped == 0 ? TH_OK : TH_E_IO;
    }
    enum th_standing_filter filter = line->missing   ? TH_FILTER_MISSING
                                     : line->late    ? TH_FILTER_LATE
                                     : line->summary ? TH_FILTER_SUMMARY
                                                     : TH_FILTER_NONE;
    th_query_print(context, what, filter, answer, out);
    return TH_OK;
}

static int ask(struct th_store *store, const struct th_query *query, const struct line *line,
               FILE *out, struct th_query_problem *problem)
{
    struct th_view *view;
    struct th_query_context context;
    struct th_query_asking asking;
    int status = th_view_open(store, &view);
    if (status != TH_OK)
        return status;
    status = th_answerer_time(store, view, &asking);
    if (status == TH_OK)
        status = th_query_context_open(view, &context);
    if (status == TH_OK) {
        json_t *answer;
        status = th_query_answer(&context, view, query, &asking, problem, &answer);
        if (status == TH_OK) {
            status = print(&context, query->what, line, answer, out);
            json_decref(answer);
        }
        th_query_context_close(&context);
    }
    th_view_close(view);
    return status;
}

static int run(enum th_query_what what, const struct line *line, FILE *out, FILE *err)
{
    const char *name = commands[what].name;
    struct th_query query = {.what = what};
    if (read_line(name, line, err, &query) != TH_OK)
        return EX_USAGE;
    char problem_of_store[TH_STORE_PROBLEM_SIZE] = "";
    struct th_query_problem problem = {""};
    struct th_store *store;
    int status = th_store_open(line->folder, TH_STORE_READ, NULL, problem_of_store, &store);
    if (status != TH_OK) {
        const char *hint = status == TH_E_NOT_FOUND ? TH_SITE_NO_STORE_HINT : NULL;
        if (problem_of_store[0] != '\0') /* it names the folder */
            th_cli_complain(err, name, hint, "%s", problem_of_store);
        else
            th_cli_complain(err, name, hint, "%s: %s", line->folder, th_status_text(status));
        return th_status_exit_code(status);
    }
    status = ask(store, &query, line, out, &problem);
    th_store_close(store);
    if (status == TH_E_CORRUPT)
        th_cli_complain(err, name, "dừng máy chủ, khôi phục từ bản sao lưu rồi hỏi lại", "%s: %s",
                        line->folder, th_status_text(status));
    else if (status != TH_OK)
        th_cli_complain(err, name, NULL, "%s",
                        problem.text[0] != '\0' ? problem.text : th_status_text(status));
    return th_cli_finish(out, err, status == TH_OK ? EX_OK : th_status_exit_code(status));
}

static int command(enum th_query_what what, int argc, char **argv, FILE *out, FILE *err)
{
    struct line line = {0};
    const struct th_cli_option options[] = {
        {.name = "plan", .value_name = "KẾ-HOẠCH", .help = "mã kế hoạch", .text = &line.plan},
        {.name = "period", .value_name = "KỲ", .help = "2025-H1, 2025 …", .text = &line.period},
        {.name = "obligation",
         .value_name = "MÃ",
         .help = "khi kỳ có nhiều nghĩa vụ",
         .text = &line.obligation},
        {.name = "unit",
         .value_name = "MÃ",
         .help = "đơn vị; mặc định là cả địa bàn",
         .text = &line.unit},
        {.name = "as-of",
         .value_name = "LÚC",
         .help = "như vào lúc đó; ngày là 00:00 giờ Việt Nam",
         .text = &line.as_of},
        {.name = "json", .help = "in JSON", .flag = &line.as_json},
        {.name = "branch",
         .value_name = "NHÁNH",
         .help = "all, communes (xã), bodies (sở, cơ quan)",
         .text = &line.branch},
        {.name = "number",
         .value_name = "SỐ",
         .help = "báo cáo đột xuất thứ mấy",
         .text = &line.number},
        {.name = "missing", .help = "chỉ đơn vị chưa báo cáo", .flag = &line.missing},
        {.name = "late", .help = "chỉ đơn vị báo cáo trễ", .flag = &line.late},
        {.name = "summary", .help = "chỉ số đếm theo từng huyện", .flag = &line.summary},
    };
    size_t count = sizeof(options) / sizeof(options[0]);
    if (what != TH_QUERY_STANDING)
        count -= 3; /* --missing, --late and --summary are for standing */
    if (what == TH_QUERY_ROLLUP || what == TH_QUERY_CLOSINGS)
        count -= 1; /* a rollup has no number */
    const struct th_cli_command self = {.name = commands[what].name,
                                        .operands = "THƯ-MỤC",
                                        .summary = commands[what].summary,
                                        .examples = commands[what].examples,
                                        .options = options,
                                        .options_count = count,
                                        .operands_min = 1,
                                        .operands_max = 1};
    char **operands;
    int operands_count;
    int exit_code = EX_OK;
    if (!th_cli_begin(&self, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    line.folder = operands[0];
    return run(what, &line, out, err);
}

int th_cli_standing(int argc, char **argv, FILE *out, FILE *err)
{
    return command(TH_QUERY_STANDING, argc, argv, out, err);
}

int th_cli_rollup(int argc, char **argv, FILE *out, FILE *err)
{
    return command(TH_QUERY_ROLLUP, argc, argv, out, err);
}

int th_cli_report(int argc, char **argv, FILE *out, FILE *err)
{
    return command(TH_QUERY_REPORT, argc, argv, out, err);
}

int th_cli_closings(int argc, char **argv, FILE *out, FILE *err)
{
    return command(TH_QUERY_CLOSINGS, argc, argv, out, err);
}

int th_cli_page(int argc, char **argv, FILE *out, FILE *err)
{
    return command(TH_QUERY_PAGE, argc, argv, out, err);
}
