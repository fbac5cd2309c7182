/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tonghop-node: finds the command's row and calls it. Each command says its own --help.
 */
#include "base/options.h"
#include "nodes/cli/commands.h"
#include "nodes/cli/form_commands.h"

#include <signal.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sysexits.h>

static const struct th_cli_entry commands[] = {
    {"init", th_cli_init, "tạo nút của một đơn vị"},
    {"template", th_cli_template, "lập biểu để điền"},
    {"check", th_cli_check, "kiểm tra biểu đã điền"},
    {"submit", th_cli_submit, "nộp báo cáo vào hộp thư đi"},
    {"run", th_cli_run, "gửi đi, nhận biên nhận và nhắc việc"},
    {"status", th_cli_status, "đường đi của từng báo cáo"},
    {"receipt", th_cli_receipt, "biên nhận: xem, ghi ra tệp, kiểm tra"},
    {"trust", th_cli_trust, "tin server.yaml mới của nơi nhận"},
};

/* No secret goes into a core file; a reader that went away and a file that may not grow are errors
 * of writing, not the end; a child has an exit code, even if our own parent ignored his. */
static void harden(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL);
}

int main(int argc, char **argv)
{
    const struct th_cli_program program = {
        .summary = "Nút báo cáo của một xã, phường hay sở, ngành.",
        .version = TH_VERSION,
        .examples = "  " TH_CLI_PROGRAM " init nut --unit 23734 --server server.yaml\n"
                    "  " TH_CLI_PROGRAM " submit nut bc.yaml --wait 60\n",
        .entries = commands,
        .entries_count = sizeof commands / sizeof commands[0],
    };
    harden();
    if (sodium_init() < 0) {
        th_cli_complain(stderr, "", NULL, "không khởi động được thư viện mật mã");
        return EX_OSERR;
    }
    return th_cli_dispatch(&program, argc, argv);
}
