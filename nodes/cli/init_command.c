/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/commands.h"

#include "base/options.h"
#include "base/status.h"
#include "base/text.h"
#include "nodes/home/init.h"

#include <sysexits.h>

#define NAME "init"

static int make(const char *folder, const char *unit, const char *server, FILE *out, FILE *err)
{
    char word[TH_TEXT_WORD_SIZE];
    struct th_problems problems;
    th_problems_init(&problems);
    int status = th_home_init(folder, unit, server, &problems);
    if (status == 0) {
        (void)fprintf(out,
                      "Đã tạo nút của đơn vị %s trong %s.\n\nViệc tiếp theo:\n"
                      "  1. Gửi tệp %s/node.pub cho nơi nhận để ghi danh.\n"
                      "     Tệp này không có bí mật; node.key thì không đưa cho ai.\n"
                      "  2. Lập biểu:     %s template %s --period KỲ --out bc.yaml\n"
                      "     (hoặc --out bc.xlsx để điền trong Excel)\n"
                      "  3. Điền rồi nộp: %s submit %s bc.yaml\n"
                      "  4. Gửi đi:       %s run %s\n",
                      unit, folder, folder, TH_CLI_PROGRAM, th_text_word(folder, word),
                      TH_CLI_PROGRAM, word, TH_CLI_PROGRAM, word);
    } else {
        (void)!th_problems_print(&problems, err);
        th_cli_complain(err, NAME, NULL, "chưa tạo được nút: %s", th_status_text(status));
    }
    th_problems_deinit(&problems);
    return status == 0 ? EX_OK : th_status_exit_code(status);
}

int th_cli_init(int argc, char **argv, FILE *out, FILE *err)
{
    const char *unit = NULL, *server = NULL;
    const struct th_cli_option options[] = {
        {.name = "unit", .value_name = "MÃ", .help = "mã đơn vị báo cáo", .text = &unit},
        {.name = "server",
         .value_name = "TỆP",
         .help = "server.yaml do nơi nhận báo cáo đưa",
         .text = &server},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Tạo nút của một đơn vị: khóa, hộp thư đi, các kế hoạch. Không ghi đè.",
        .examples = "  " TH_CLI_PROGRAM " init nut --unit 23734 --server server.yaml\n",
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
    if (unit == NULL || server == NULL) {
        th_cli_complain(err, NAME,
                        "ví dụ: " TH_CLI_PROGRAM " init nut --unit 23734 --server server.yaml",
                        "thiếu %s", unit == NULL ? "--unit MÃ" : "--server TỆP");
        return EX_USAGE;
    }
    return th_cli_finish(out, err, make(operands[0], unit, server, out, err));
}
