/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tonghop-audit: finds the command's row and calls it. Each command says its own --help.
 */
#include "aggregator/audit/commands.h"
#include "base/options.h"

#include <signal.h>
#include <sodium.h>
#include <sysexits.h>

static const struct th_cli_entry commands[] = {
    {"verify", th_audit_verify, "kiểm cả kho: dòng, cây băm, chữ ký, phán định, các bảng"},
    {"replay", th_audit_replay, "dựng lại số liệu từ sổ nhật ký, tới một thời điểm"},
    {"check-receipt", th_audit_check_receipt, "biên nhận chứng minh điều gì, không cần mạng"},
    {"prove", th_audit_prove, "hồ sơ chứng minh một báo cáo, lấy từ kho"},
    {"export", th_audit_export, "sổ nhật ký thành các dòng đọc được"},
    {"diff", th_audit_diff, "số liệu đổi thế nào giữa hai thời điểm"},
    {"consistency", th_audit_consistency, "checkpoint cũ có là phần đầu của nhật ký này không"},
    {"keygen", th_audit_keygen, "tạo khóa của người chứng kiến"},
    {"witness", th_audit_witness, "chứng kiến checkpoint: kiểm tra, giữ lại, ký thêm"},
};

/* A file that may not grow fails the write, which is told. */
static void prepare_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGXFSZ, &ignore, NULL);
}

int main(int argc, char **argv)
{
    const struct th_cli_program program = {
        .summary = "Kiểm tra biên nhận, sổ nhật ký và số liệu, không cần máy chủ.",
        .version = TH_VERSION,
        .examples = "  " TH_CLI_PROGRAM " check-receipt bien-nhan.txt --keys log-keys.yaml\n",
        .entries = commands,
        .entries_count = sizeof commands / sizeof commands[0],
    };
    prepare_signals();
    if (sodium_init() < 0) {
        th_cli_complain(stderr, "", NULL, "không khởi động được thư viện mật mã");
        return EX_OSERR;
    }
    return th_cli_dispatch(&program, argc, argv);
}
