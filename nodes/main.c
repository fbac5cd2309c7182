/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tonghop-node: finds the command's row and calls it. Each command says its own --help.
 */
#include "base/options.h"
#include "nodes/cli/commands.h"
#include "nodes/cli/form_commands.h"

#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv, FILE *out, FILE *err); /* argv[0] is the name */
    const char *help;
} commands[] = {
    {"init", th_cli_init, "tạo nút của một đơn vị"},
    {"template", th_cli_template, "lập biểu để điền"},
    {"check", th_cli_check, "kiểm tra biểu đã điền"},
    {"submit", th_cli_submit, "nộp báo cáo vào hộp thư đi"},
    {"run", th_cli_run, "gửi đi, nhận biên nhận và nhắc việc"},
    {"status", th_cli_status, "đường đi của từng báo cáo"},
    {"receipt", th_cli_receipt, "biên nhận: xem, ghi ra tệp, kiểm tra"},
};

#define COMMANDS_COUNT (sizeof commands / sizeof commands[0])

static void print_help(FILE *out)
{
    (void)fprintf(out,
                  "Nút báo cáo của một xã, phường hay sở, ngành.\n\nCách dùng:\n"
                  "  %s LỆNH [TÙY CHỌN] ...\n\nLệnh:\n",
                  TH_CLI_PROGRAM);
    for (size_t i = 0; i < COMMANDS_COUNT; i++)
        (void)fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
    (void)fprintf(out,
                  "\n  help LỆNH    hướng dẫn của một lệnh\n  --help       in hướng dẫn này\n"
                  "  --version    in phiên bản\n\nVí dụ:\n"
                  "  %s init nut --unit 23734 --server server.yaml\n"
                  "  %s submit nut bc.yaml --wait 60\n",
                  TH_CLI_PROGRAM, TH_CLI_PROGRAM);
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

/* No secret goes into a core file; a reader that went away and a file that may not grow are errors
 * of writing, not the end. */
static void harden(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv)
{
    const char *word = argc < 2 ? "" : argv[1];
    if (word[0] == 0) {
        print_help(stderr);
        return EX_USAGE;
    }
    harden();
    if (sodium_init() < 0)
        return EX_OSERR;
    bool is_help = strcmp(word, "help") == 0;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (is_help && argc == 2)) {
        print_help(stdout);
        return th_cli_finish(stdout, stderr, EX_OK);
    }
    if (strcmp(word, "--version") == 0) {
        (void)printf("%s %s\n", TH_CLI_PROGRAM, TH_VERSION);
        return th_cli_finish(stdout, stderr, EX_OK);
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
