/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/form_commands.h"

#include "base/options.h"
#include "nodes/cli/checked.h"
#include "nodes/cli/choice.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME "check"

struct request {
    struct th_cli_choice choice;
    uint32_t number;
    char **paths;
    size_t paths_count;
    bool as_json;
    bool verbose;
};

/* The code of the first form that is not good; EX_OK when all are. */
static int check_all(const struct request *request, const struct th_form_context *context,
                     struct th_outbox *outbox, FILE *out, FILE *err)
{
    int code = EX_OK;
    json_t *files = request->as_json ? json_array() : NULL;
    bool failed = request->as_json && files == NULL;
    for (size_t i = 0; i < request->paths_count; i++) {
        struct th_checked checked;
        th_checked_init(&checked, request->paths[i], context, outbox);
        if (request->as_json)
            failed = json_array_append_new(files, th_checked_json(&checked)) != 0 || failed;
        else
            th_checked_print(&checked, request->verbose, th_checked_is_good(&checked) ? out : err);
        if (code == EX_OK && !th_checked_is_good(&checked))
            code = checked.status < 0 ? th_status_exit_code(checked.status) : EX_DATAERR;
        th_checked_deinit(&checked);
    }
    if (request->as_json && !failed) {
        failed = json_dumpf(files, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0;
        (void)fputc('\n', out);
    }
    json_decref(files);
    if (!failed)
        return code;
    th_cli_complain(err, NAME, NULL, "không ghi được kết quả");
    return EX_OSERR;
}

/* NULL when it cannot be opened: a check without earlier reports is better than none. */
static struct th_outbox *open_outbox(const struct th_home *home)
{
    char path[TH_HOME_PATH_SIZE];
    struct th_outbox *outbox = NULL;
    int size = snprintf(path, sizeof path, "%s/outbox", home->folder);
    if (size < 0 || (size_t)size >= sizeof path || th_outbox_open(path, 0, &outbox) != 0)
        return NULL;
    return outbox;
}

static int check_with(const struct request *request, const struct th_home *home, FILE *out,
                      FILE *err)
{
    struct th_form_context context = {
        .plans_count = home->plans_count, .unit = home->unit, .number = request->number};
    const struct th_plan **plans = calloc(home->plans_count + 1, sizeof *plans);
    int status = plans == NULL ? TH_E_NO_MEMORY : 0;
    for (size_t i = 0; status == 0 && i < home->plans_count; i++)
        plans[i] = home->plans[i].plan;
    context.plans = plans;
    bool is_named = request->choice.obligation != NULL || request->choice.period != NULL;
    if (status == 0 && (request->choice.plan != NULL || is_named))
        status = th_cli_choose_plan(&request->choice, home, err, &context.plan);
    if (status == 0 && is_named)
        status = th_cli_choose_obligation(&request->choice, context.plan, home->unit, err,
                                          &context.obligation);
    struct th_outbox *outbox = open_outbox(home);
    int code =
        status < 0 ? th_status_exit_code(status) : check_all(request, &context, outbox, out, err);
    th_outbox_close(outbox);
    free(plans);
    return code;
}

static int run(const struct request *request, const char *folder, FILE *out, FILE *err)
{
    struct th_home home;
    int status = th_cli_open_home(NAME, folder, &home, err);
    if (status < 0)
        return th_status_exit_code(status);
    int code = check_with(request, &home, out, err);
    th_home_close(&home);
    return th_cli_finish(out, err, code);
}

int th_cli_check(int argc, char **argv, FILE *out, FILE *err)
{
    struct request request = {.choice = {.command = NAME}};
    const char *number = NULL;
    const struct th_cli_option options[] = {
        {.name = "plan",
         .value_name = "KẾ-HOẠCH",
         .help = "mã kế hoạch, khi biểu không ghi",
         .text = &request.choice.plan},
        {.name = "obligation",
         .value_name = "MÃ",
         .help = "mã nghĩa vụ báo cáo, khi biểu không ghi",
         .text = &request.choice.obligation},
        {.name = "period",
         .value_name = "KỲ",
         .help = "kỳ báo cáo, thay cho --obligation",
         .text = &request.choice.period},
        {.name = "number",
         .value_name = "N",
         .help = "số thứ tự, với báo cáo đột xuất",
         .text = &number},
        {.name = "verbose",
         .help = "liệt kê cả các quy tắc chưa kiểm tra vì thiếu số",
         .flag = &request.verbose},
        {.name = "json", .help = "in ra JSON", .flag = &request.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC TỆP...",
        .summary =
            "Kiểm tra biểu đã điền theo mọi quy tắc của kế hoạch, trước khi gửi.\n"
            "TỆP là tệp thường, đuôi .yaml, .json, .csv hoặc .xlsx; không đọc đầu vào chuẩn (-).",
        .examples = "  " TH_CLI_PROGRAM " check nut bc.yaml\n"
                    "  " TH_CLI_PROGRAM " check nut bc.csv --verbose\n",
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
    if (request.choice.obligation != NULL && request.choice.period != NULL) {
        th_cli_complain(err, NAME, "chỉ ghi một trong hai", "thừa --period khi đã có --obligation");
        return EX_USAGE;
    }
    int64_t value = 0;
    if (number != NULL &&
        th_text_parse_int(number, strlen(number), 1, TH_LIMIT_NUMBER_MAX, &value) != 0) {
        th_cli_complain(err, NAME, NULL, "--number cần một số từ 1 đến %d", TH_LIMIT_NUMBER_MAX);
        return EX_USAGE;
    }
    request.number = (uint32_t)value;
    request.paths = operands + 1;
    request.paths_count = (size_t)operands_count - 1;
    return run(&request, operands[0], out, err);
}
