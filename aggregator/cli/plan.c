/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/plan.h"

#include "base/options.h"
#include "aggregator/cli/plan_view.h"
#include "aggregator/cli/query.h"
#include "aggregator/cli/write.h"

#include <string.h>
#include <sysexits.h>

#define ARENA_BLOCK_BYTES  ((size_t)256 * 1024)
#define ARENA_BUDGET_BYTES ((size_t)256 * 1024 * 1024)

enum action { CHECK, DUE, SHOW, ACTIONS };

static const struct {
    const char *word;
    const char *name;
    const char *summary;
    const char *examples;
} actions[ACTIONS] = {
    [CHECK] =
        {"check", "plan check",
         "Kiểm tra tệp kế hoạch và các tệp chỉ tiêu, quy tắc, đơn vị, ngày nghỉ mà nó dùng.",
         "  tonghop-aggregator plan check plans/gialai-2025.yaml\n"
         "  tonghop-aggregator plan check plans/gialai-2025.yaml --units don-vi.csv --json\n"},
    [DUE] = {"due", "plan due",
             "In mọi hạn báo cáo của kế hoạch: lúc cuối còn đúng hạn và lúc bắt đầu trễ.",
             "  tonghop-aggregator plan due plans/gialai-2025.yaml\n"
             "  tonghop-aggregator plan due plans/gialai-2025.yaml --json\n"},
    [SHOW] = {"show", "plan show",
              "In toàn bộ kế hoạch, kể cả nguyên văn và điều được quyết định "
              "khác.",
              "  tonghop-aggregator plan show plans/gialai-2025.yaml\n"
              "  tonghop-aggregator plan show plans/gialai-2025.yaml --json\n"},
};

static void print_help(FILE *out)
{
    (void)fprintf(out, "Xem và kiểm tra tệp kế hoạch.\n\nCách dùng:\n");
    for (int i = 0; i < ACTIONS; i++)
        (void)fprintf(out, "  %s %s TỆP [--units TỆP]... [--json]\n      %s\n", TH_CLI_PROGRAM,
                      actions[i].name, actions[i].summary);
    (void)fprintf(out,
                  "  %s plan load DIR TỆP [--units TỆP]... [--json]\n"
                  "      Kiểm tra kế hoạch rồi đưa vào kho; các đơn vị nhận được ngay.\n",
                  TH_CLI_PROGRAM);
    (void)fprintf(out,
                  "  %s plan stored DIR --plan KẾ-HOẠCH [--json]\n"
                  "      Kế hoạch như đã đưa vào kho.\n",
                  TH_CLI_PROGRAM);
    (void)fprintf(out, "\nVí dụ:\n%s%s", actions[CHECK].examples, actions[DUE].examples);
}

static int view(enum action action, const struct th_plan_files *files, const char *path,
                bool as_json, FILE *out)
{
    switch (action) {
    case CHECK:
        if (as_json)
            return th_plan_json_check(files, path, out);
        th_plan_print_check(files, path, out);
        break;
    case DUE:
        if (as_json)
            return th_plan_json_due(files, out);
        th_plan_print_due(files, out);
        break;
    case SHOW:
        if (as_json)
            return th_plan_json_show(files, out);
        th_plan_print_show(files, out);
        break;
    case ACTIONS:
        break;
    }
    return 0;
}

static int refuse(const char *name, const char *path, const struct th_problems *problems,
                  int status, bool as_json, FILE *out, FILE *err)
{
    int printed = as_json && status != TH_E_NO_MEMORY ? th_plan_json_problems(problems, path, out)
                                                      : th_problems_print(problems, err);
    if (status == TH_E_NO_MEMORY)
        th_cli_complain(err, name, NULL, "%s", th_status_text(status));
    else if (!as_json)
        (void)fprintf(err, "%s: %zu lỗi, kế hoạch chưa dùng được\n", path,
                      th_problems_total(problems));
    if (printed < 0)
        th_cli_complain(err, name, NULL, "%s", th_status_text(printed));
    return th_status_exit_code(status);
}

static int run(enum action action, const char *path, const struct th_cli_values *units,
               bool as_json, FILE *out, FILE *err)
{
    struct th_arena arena;
    struct th_problems problems;
    struct th_plan_files files;
    th_arena_init(&arena, ARENA_BLOCK_BYTES, ARENA_BUDGET_BYTES);
    th_problems_init(&problems);
    int status = th_plan_load(path, units->items, units->count, &arena, &problems, &files);
    int code = EX_OK;
    if (status < 0) {
        code = refuse(actions[action].name, path, &problems, status, as_json, out, err);
    } else {
        status = view(action, &files, path, as_json, out);
        if (status < 0) {
            th_cli_complain(err, actions[action].name, NULL, "%s", th_status_text(status));
            code = th_status_exit_code(status);
        }
    }
    th_problems_deinit(&problems);
    th_arena_deinit(&arena);
    return th_cli_finish(out, err, code);
}

int th_cli_plan(int argc, char **argv, FILE *out, FILE *err)
{
    const char *word = argc < 2 ? "" : argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help(out);
        return th_cli_finish(out, err, EX_OK);
    }
    if (strcmp(word, "load") == 0)
        return th_cli_plan_load(argc - 1, argv + 1, out, err);
    if (strcmp(word, "stored") == 0)
        return th_cli_plan_stored(argc - 1, argv + 1, out, err);
    int action = 0;
    while (action < ACTIONS && strcmp(word, actions[action].word) != 0)
        action++;
    if (action == ACTIONS) {
        th_cli_complain(err, "plan",
                        "dùng check, due, show, load hoặc stored; xem " TH_CLI_PROGRAM
                        " plan --help",
                        word[0] == 0 ? "thiếu việc cần làm%s" : "không có lệnh \"%s\"", word);
        return EX_USAGE;
    }
    struct th_cli_values units = {.count = 0};
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "units",
         .value_name = "TỆP",
         .help = "danh sách đơn vị dùng thay cho \"units\" của kế hoạch",
         .values = &units},
        {.name = "json", .help = "in ra JSON", .flag = &as_json},
    };
    const struct th_cli_command command = {
        .name = actions[action].name,
        .operands = "TỆP",
        .summary = actions[action].summary,
        .examples = actions[action].examples,
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = 1,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc - 1, argv + 1, out, err, &operands, &operands_count,
                      &exit_code))
        return exit_code;
    return run((enum action)action, operands[0], &units, as_json, out, err);
}
