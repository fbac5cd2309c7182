/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/commands.h"

#include "base/options.h"
#include "base/text.h"
#include "nodes/cli/runner.h"
#include "nodes/home/keys.h"

#include <limits.h>
#include <string.h>
#include <sysexits.h>

#define NAME "run"

int th_cli_run(int argc, char **argv, FILE *out, FILE *err)
{
    bool once = false, until_idle = false, quiet = false, verbose = false;
    const char *timeout = NULL;
    const struct th_cli_option options[] = {
        {.name = "once", .help = "như --until-idle", .flag = &once},
        {.name = "until-idle",
         .help = "nối, gửi hết, nhận nhắc việc và kế hoạch mới, rồi dừng",
         .flag = &until_idle},
        {.name = "timeout",
         .value_name = "GIÂY",
         .help = "cùng --once hoặc --until-idle: quá chừng ấy thì dừng, mã thoát 75",
         .text = &timeout},
        {.name = "quiet", .help = "chỉ in cảnh báo", .flag = &quiet},
        {.name = "verbose", .help = "in từng lượt gửi", .flag = &verbose},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC...",
        .summary = "Gửi các báo cáo đã nộp, thử lại cho tới khi có biên nhận; nhận nhắc việc.\n"
                   "Dừng bằng Ctrl-C; tắt máy giữa chừng cũng không mất gì.\n"
                   "Không có gì phải gửi mà 30 giây không vào được nơi nhận, với --until-idle và\n"
                   "không có --timeout: mã thoát 75.",
        .examples = "  " TH_CLI_PROGRAM " run nut\n"
                    "  " TH_CLI_PROGRAM " run nut --until-idle --timeout 60\n"
                    "  " TH_CLI_PROGRAM " run xa-1 xa-2 xa-3 --quiet\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 1,
        .operands_max = INT_MAX,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    int64_t seconds = -1;
    if (timeout != NULL &&
        (th_text_parse_int(timeout, strlen(timeout), 0, 1000000, &seconds) != 0 ||
         (!once && !until_idle))) {
        th_cli_complain(err, NAME, "ví dụ: --until-idle --timeout 60",
                        "--timeout cần số giây, và đi cùng --once hoặc --until-idle");
        return EX_USAGE;
    }
    const struct th_runner_options run = {
        .command = NAME,
        .folders = operands,
        .folders_count = (size_t)operands_count,
        .goal = once || until_idle ? TH_RUNNER_UNTIL_IDLE : TH_RUNNER_FOR_EVER,
        .timeout_ms = seconds < 0 ? -1 : seconds * 1000,
        .patience_ms = TH_RUNNER_PATIENCE_MS,
        .voice = quiet     ? TH_RUNNER_QUIET
                 : verbose ? TH_RUNNER_VERBOSE
                           : TH_RUNNER_NORMAL,
        .out = out,
        .err = err,
    };
    th_home_keys_forbid_dumps();
    int status = th_runner_run(&run);
    return th_cli_finish(out, err, status == 0 ? EX_OK : th_status_exit_code(status));
}
