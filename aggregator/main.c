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
#include <sysexits.h>
#include <unistd.h>

static const struct th_cli_entry commands[] = {
    {"init", th_cli_init, "tạo kho mới, thật hoặc diễn tập"},
    {"run", th_cli_run, "chạy máy chủ"},
    {"enroll", th_cli_enroll, "ghi danh khóa của đơn vị"},
    {"enter", th_cli_enter, "nhập hộ báo cáo giấy của một đơn vị"},
    {"revoke", th_cli_revoke, "thu hồi khóa của đơn vị"},
    {"keys", th_cli_keys, "khóa của nhật ký và của các đơn vị; đổi khóa ký nhật ký"},
    {"clock", th_cli_clock, "chỉnh đồng hồ diễn tập, hoặc xác nhận giờ máy"},
    {"plan", th_cli_plan, "kiểm tra, xem tệp kế hoạch và các hạn; đưa kế hoạch vào kho"},
    {"standing", th_cli_standing, "ai đã báo cáo, ai chưa, ai trễ"},
    {"rollup", th_cli_rollup, "số liệu tổng hợp"},
    {"report", th_cli_report, "một báo cáo như đã nhận"},
    {"closings", th_cli_closings, "bảng tổng hợp tại hạn"},
    {"page", th_cli_page, "số liệu của từng đơn vị"},
    {"spread", th_cli_spread, "nhỏ nhất, lớn nhất, trung bình của từng chỉ tiêu"},
    {"arrivals", th_cli_arrivals, "báo cáo đã về thế nào so với hạn"},
    {"narrative", th_cli_narrative, "một phần lời văn của các đơn vị, cạnh nhau"},
    {"models", th_cli_models, "sổ các mô hình “Dân vận khéo”"},
    {"differences", th_cli_differences, "số liệu bây giờ khác lúc chốt ở đâu, do đâu"},
    {"chasing", th_cli_chasing, "ai chưa báo cáo, để nhắc, kèm người liên hệ"},
    {"contacts", th_cli_contacts, "người liên hệ của các đơn vị"},
    {"obligation", th_cli_obligation, "một nghĩa vụ: hạn, ai báo cáo, các lần chốt"},
    {"plans", th_cli_plans, "các kế hoạch trong kho"},
    {"store", th_cli_store, "kho này là kho nào"},
    {"units", th_cli_units, "tìm, xem đơn vị; đưa thêm đơn vị vào kho"},
    {"status", th_cli_status, "tình trạng của kho, lần đọc soát, nhân chứng"},
    {"backup", th_cli_backup, "sao lưu, đã kiểm tra"},
    {"recover", th_cli_recover, "chạy tiếp từ một bản sao cũ"},
    {"export", th_cli_export, "bảng tính, báo cáo để ký; bản trích cho bên thứ hai"},
    {"cosigned", th_cli_cosigned, "giữ checkpoint mà nhân chứng đã xác nhận"},
};

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
 * A child has an exit code, even if our own parent ignored his. */
static void prepare_signals(void)
{
    struct sigaction bus = {.sa_handler = on_bus_error};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, as_usual = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&bus.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigemptyset(&as_usual.sa_mask);
    (void)sigaction(SIGBUS, &bus, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL);
    (void)sigaction(SIGCHLD, &as_usual, NULL);
}

int main(int argc, char **argv)
{
    const struct th_cli_program program = {
        .summary = "Thu nhận, tổng hợp báo cáo của các đơn vị.",
        .version = TH_VERSION,
        .examples = "  " TH_CLI_PROGRAM " plan check plans/gialai-2025.yaml\n",
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
