/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/commands.h"

#include "aggregator/audit/diff_parts.h"
#include "aggregator/audit/opened.h"
#include "base/options.h"

#include <string.h>
#include <sysexits.h>

#define NAME         "diff"
#define BLOCK_BYTES  ((size_t)256 * 1024)
#define BUDGET_BYTES ((size_t)2 * 1024 * 1024 * 1024)

struct line {
    const char *from_text, *to_text, *plan, *period, *obligation, *unit;
    th_instant from, to;
    bool as_json;
};

struct run {
    const struct line *line;
    struct th_reader *reader;
    FILE *out, *err;
    struct th_view *view;
    const struct th_query_context *context;
    uint64_t from_size, to_size;
    json_t *obligations;
    bool found; /* an obligation that was asked about */
    bool found_unit;
    bool holds;
};

/* ---- one obligation ---- */

/* The unit of a code on the last day on time, as every other question means it. */
static bool find_unit(struct th_question *question, const char *code)
{
    const struct th_plan *plan = question->plan->plan;
    question->day = question->obligation->has_due
                        ? th_obligation_last_day(question->obligation)
                        : th_day_of_date((struct th_civil_date){plan->year, 12, 31});
    question->unit_given = code != NULL;
    if (code == NULL)
        code = plan->territory;
    question->unit =
        th_unit_list_find(&question->context->units, code, strlen(code), question->day);
    return question->unit != TH_UNIT_NONE;
}

static int compare_moments(struct run *run, const struct th_question *to)
{
    struct th_question from = *to;
    struct th_changes changes;
    json_t *answer;
    bool holds = false;
    from.as_of = run->line->from;
    from.size = run->from_size;
    int status = th_changes_read(&from, to, run->reader, &changes);
    if (status != 0 || changes.count == 0)
        return status;
    status = th_diff_answer(to, &changes, run->reader, &answer, &holds);
    if (status != 0)
        return status;
    run->holds = run->holds && holds;
    return json_array_append_new(run->obligations, answer) == 0 ? 0 : TH_E_NO_MEMORY;
}

static int compare_obligation(struct run *run, uint16_t plan, uint16_t obligation)
{
    struct th_arena arena;
    struct th_query_problem problem = {.lacks = NULL};
    struct th_question question = {.context = run->context,
                                   .view = run->view,
                                   .arena = &arena,
                                   .book = {plan, obligation},
                                   .plan = &run->context->plans[plan],
                                   .as_of = run->line->to,
                                   .past = true,
                                   .size = run->to_size,
                                   .branch = TH_BRANCH_ALL,
                                   .problem = &problem};
    question.obligation = &question.plan->plan->obligations[obligation];
    if (!find_unit(&question, run->line->unit))
        return 0;
    run->found_unit = true;
    th_arena_init(&arena, BLOCK_BYTES, BUDGET_BYTES);
    int status = compare_moments(run, &question);
    th_arena_deinit(&arena);
    return status;
}

static bool is_wanted(const char *wanted, const char *name)
{
    return wanted == NULL || strcmp(wanted, name) == 0;
}

static int compare_all(struct run *run)
{
    int status = 0;
    for (uint16_t plan = 0; plan < run->context->plans_count; plan++) {
        const struct th_plan *candidate = run->context->plans[plan].plan;
        if (!is_wanted(run->line->plan, candidate->id))
            continue;
        for (uint16_t i = 0; i < candidate->obligations_count && status == 0; i++) {
            const struct th_obligation *obligation = &candidate->obligations[i];
            if (!is_wanted(run->line->obligation, obligation->id) ||
                !is_wanted(run->line->period, obligation->period))
                continue;
            run->found = true;
            status = compare_obligation(run, plan, i);
        }
    }
    return status;
}

/* ---- the answer ---- */

static int tell(struct run *run)
{
    json_t *answer = json_pack(
        "{s:o,s:o,s:I,s:I,s:b,s:O}", "from", th_json_instant(run->line->from), "to",
        th_json_instant(run->line->to), "position_from", (json_int_t)run->from_size, "position_to",
        (json_int_t)run->to_size, "holds", (int)run->holds, "obligations", run->obligations);
    if (run->line->as_json) {
        (void)json_dumpf(answer, run->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        (void)fputc('\n', run->out);
    } else {
        th_diff_print(answer, run->out);
    }
    json_decref(answer);
    if (run->holds)
        return EX_OK;
    th_cli_complain(run->err, NAME, "chạy lại bằng bản mới nhất của chương trình, và báo lỗi này",
                    "các tác động cộng lại không bằng chênh lệch");
    return EX_SOFTWARE;
}

static int refuse_names(const struct run *run)
{
    if (!run->found)
        th_cli_complain(run->err, NAME, "xem các kế hoạch trong kho bằng lệnh export --kind plan",
                        "kho không có nghĩa vụ nào như vậy (kế hoạch %s, nghĩa vụ %s, kỳ %s)",
                        run->line->plan == NULL ? "bất kỳ" : run->line->plan,
                        run->line->obligation == NULL ? "bất kỳ" : run->line->obligation,
                        run->line->period == NULL ? "bất kỳ" : run->line->period);
    else
        th_cli_complain(run->err, NAME, NULL, "không có đơn vị “%s”",
                        run->line->unit == NULL ? "" : run->line->unit);
    return EX_NOINPUT;
}

static int compare(struct run *run, const struct th_opened *opened)
{
    int code = th_opened_refuse_future(run->reader, opened, run->line->to);
    if (code != EX_OK)
        return code;
    int status = th_view_position_at(run->view, run->line->from, &run->from_size);
    if (status == 0)
        status = th_view_position_at(run->view, run->line->to, &run->to_size);
    if (status == 0)
        status = compare_all(run);
    if (status != 0)
        return th_opened_complain(run->reader, status, "so sánh hai thời điểm");
    return run->found && run->found_unit ? tell(run) : refuse_names(run);
}

static int read_store(void *given, struct th_reader *reader)
{
    const struct th_reader_request *request = th_reader_request(reader);
    struct th_opened opened;
    struct th_query_context context;
    int code = th_opened_open(reader, &opened);
    if (code != EX_OK)
        return code;
    int status = th_query_context_open(opened.view, &context);
    if (status == 0) {
        struct run run = {.line = given,
                          .reader = reader,
                          .out = request->out,
                          .err = request->err,
                          .view = opened.view,
                          .context = &context,
                          .obligations = json_array(),
                          .holds = true};
        th_reader_phase(reader, "so sánh hai thời điểm", 0);
        code = compare(&run, &opened);
        json_decref(run.obligations);
        th_query_context_close(&context);
    } else {
        code = th_opened_complain(reader, status, "đọc đơn vị và kế hoạch");
    }
    th_opened_close(&opened);
    return code;
}

/* ---- the command line ---- */

static bool read_moment(const char *option, const char *text, FILE *err, th_instant *ret_instant)
{
    if (text != NULL && th_instant_parse(text, strlen(text), ret_instant) == 0)
        return true;
    th_cli_complain(err, NAME, "viết như 2025-05-10 hoặc 2025-05-10T17:00",
                    text == NULL ? "thiếu --%s%s" : "--%s: không hiểu thời điểm “%s”", option,
                    text == NULL ? "" : text);
    return false;
}

static bool read_moments(struct line *line, FILE *err)
{
    if (!read_moment("from", line->from_text, err, &line->from) ||
        !read_moment("to", line->to_text, err, &line->to))
        return false;
    if (line->from.ms <= line->to.ms)
        return true;
    th_cli_complain(err, NAME, "đổi chỗ hai thời điểm", "--from sau --to");
    return false;
}

int th_audit_diff(int argc, char **argv, FILE *out, FILE *err)
{
    struct line line = {0};
    const struct th_cli_option options[] = {
        {.name = "from",
         .value_name = "LÚC",
         .help = "thời điểm trước; ngày là 00:00 giờ Việt Nam",
         .text = &line.from_text},
        {.name = "to", .value_name = "LÚC", .help = "thời điểm sau", .text = &line.to_text},
        {.name = "plan", .value_name = "KẾ-HOẠCH", .help = "chỉ kế hoạch này", .text = &line.plan},
        {.name = "period", .value_name = "KỲ", .help = "chỉ kỳ này", .text = &line.period},
        {.name = "obligation",
         .value_name = "MÃ",
         .help = "chỉ nghĩa vụ này",
         .text = &line.obligation},
        {.name = "unit",
         .value_name = "MÃ",
         .help = "tổng của đơn vị này; mặc định là cả địa bàn",
         .text = &line.unit},
        {.name = "json", .help = "in JSON", .flag = &line.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Số liệu đổi thế nào giữa hai thời điểm: đơn vị nào, số nào, tổng đổi bao nhiêu."
                   "\nCác tác động cộng lại đúng bằng chênh lệch; lệnh tự kiểm tra điều đó.",
        .examples = "  " TH_CLI_PROGRAM " diff var/tinh --from 2025-05-10 --to 2025-06-01 "
                    "--plan gialai-2025 --period 2025-H1\n",
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
    if (!read_moments(&line, err))
        return EX_USAGE;
    const struct th_reader_request request = {
        .command = NAME, .folder = operands[0], .out = out, .err = err};
    return th_reader_run(&request, read_store, &line);
}
