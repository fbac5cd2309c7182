/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tonghop-aggregator: finds the command's row and calls it. Each command says its own --help.
 */
#include "aggregator/cli/plan.h"
#include "aggregator/cli/query.h"
#include "aggregator/cli/write.h"
#include "base/options.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv, FILE *out, FILE *err); /* argv[0] is the name */
    const char *help;
} commands[] = {
    {"init", th_cli_init, "tạo kho mới, thật hoặc diễn tập"},
    {"run", th_cli_run, "chạy máy chủ"},
    {"enroll", th_cli_enroll, "ghi danh khóa của đơn vị"},
    {"revoke", th_cli_revoke, "thu hồi khóa của đơn vị"},
    {"clock", th_cli_clock, "chỉnh đồng hồ diễn tập, hoặc xác nhận giờ máy"},
    {"plan", th_cli_plan, "kiểm tra, xem tệp kế hoạch và các hạn; đưa kế hoạch vào kho"},
    {"standing", th_cli_standing, "ai đã báo cáo, ai chưa, ai trễ"},
    {"rollup", th_cli_rollup, "số liệu tổng hợp"},
    {"report", th_cli_report, "một báo cáo như đã nhận"},
    {"closings", th_cli_closings, "bảng tổng hợp tại hạn"},
    {"units", th_cli_units, "đưa thêm đơn vị vào kho"},
};

#define COMMANDS_COUNT (sizeof commands / sizeof commands[0])

static void print_help(FILE *out)
{
    (void)fprintf(out,
                  "Thu nhận, tổng hợp báo cáo của các đơn vị.\n\nCách dùng:\n"
                  "  %s LỆNH [TÙY CHỌN] ...\n\nLệnh:\n",
                  TH_CLI_PROGRAM);
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        (void)fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
    (void)fprintf(out,
                  "\n  help LỆNH    hướng dẫn của một lệnh\n  --help       in hướng dẫn này\n"
                  "  --version    in phiên bản\n\nVí dụ:\n"
                  "  %s plan check plans/gialai-2025.yaml\n",
                  TH_CLI_PROGRAM);
}

static size_t find_command(const char *name)
{
    size_t i = 0;
    while (i < COMMANDS_COUNT && strcmp(commands[i].name, name) != 0)
        i++;
    return i;
}

static int refuse(const char *name)
{
    th_cli_complain(stderr, "", "xem " TH_CLI_PROGRAM " --help", "không có lệnh \"%s\"", name);
    return EX_USAGE;
}

/* A page of the store that cannot be read: nothing can be trusted any more. */
static void on_bus_error(int number)
{
    static const char line[] = TH_CLI_PROGRAM ": lỗi: không đọc được một trang của kho (SIGBUS): "
                                              "đĩa hỏng hoặc tệp bị cắt; dừng ngay\n";
    (void)number;
    ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
    (void)ignored;
    _exit(EX_IOERR);
}

/* What a disk can do to any command ends in a sentence: a file that may not grow fails the write.
 */
static void prepare_signals(void)
{
    struct sigaction bus = {.sa_handler = on_bus_error};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&bus.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGBUS, &bus, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL);
}

int main(int argc, char **argv)
{
    const char *word = argc < 2 ? "" : argv[1];
    prepare_signals();
    if (word[0] == 0) {
        print_help(stderr);
        return EX_USAGE;
    }
    bool is_help = strcmp(word, "help") == 0;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (is_help && argc == 2)) {
        print_help(stdout);
        return th_cli_finish(stdout, stderr, EX_OK);
    }
    if (strcmp(word, "--version") == 0) {
        (void)printf("%s %s\n", TH_CLI_PROGRAM, TH_VERSION);
        return th_cli_finish(stdout, stderr, EX_OK);
    }
    if (sodium_init() < 0) {
        th_cli_complain(stderr, "", NULL, "không khởi động được thư viện mật mã");
        return EX_OSERR;
    }
    size_t command = find_command(is_help ? argv[2] : word);
    if (command == COMMANDS_COUNT)
        return refuse(is_help ? argv[2] : word);
    if (is_help) {
        static char help[] = "--help";
        char *line[] = {argv[2], help, NULL};
        return commands[command].run(2, line, stdout, stderr);
    }
    return commands[command].run(argc - 1, argv + 1, stdout, stderr);
}
