/* SPDX-License-Identifier: Apache-2.0 */
/* export: the command; and its --for-copy, reports with their receipts and the state of the log,
 * for a second body. */
#define _GNU_SOURCE /* syncfs */
#include "aggregator/cli/export.h"

#include "aggregator/cli/write.h"
#include "base/errno_text.h"
#include "base/options.h"
#include "base/part.h"
#include "base/text.h"
#include "proto/tlog/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const char *const folders[] = {"reports", "submissions", "receipts"};

static int complain(const struct th_exporting *exporting, int status, const char *hint,
                    const char *what)
{
    th_cli_complain(exporting->site.err, "export", hint, "%s: %s: %s", exporting->target, what,
                    th_status_text(status));
    return th_status_exit_code(status);
}

static bool join(char path[TH_SITE_PATH_SIZE], const char *folder, const char *name)
{
    int size = snprintf(path, TH_SITE_PATH_SIZE, "%s/%s", folder, name);
    return size > 0 && size < TH_SITE_PATH_SIZE;
}

static int make_folders(struct th_exporting *exporting)
{
    char path[TH_SITE_PATH_SIZE];
    char cause[TH_ERRNO_TEXT_SIZE];
    if (th_part_name(exporting->target, getpid(), exporting->folder, sizeof exporting->folder) != 0)
        return complain(exporting, TH_E_LIMIT, NULL, "đường dẫn");
    struct stat about;
    if (lstat(exporting->target, &about) == 0)
        return complain(exporting, TH_E_EXISTS, "chọn một thư mục chưa có", "không ghi đè");
    th_part_clean(exporting->target);
    int status = mkdir(exporting->folder, 0700);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && status == 0; i++)
        status = join(path, exporting->folder, folders[i]) ? mkdir(path, 0700) : -1;
    if (status == 0)
        return EX_OK;
    th_cli_complain(exporting->site.err, "export", "chọn nơi ghi được",
                    "%s: không tạo được thư mục: %s", exporting->folder,
                    th_errno_text(errno, cause));
    return EX_CANTCREAT;
}

/* Everything is on the disk before the folder gets its name. */
static int give_name(const struct th_exporting *exporting)
{
    int fd = open(exporting->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int synced = fd < 0 ? -1 : syncfs(fd);
    if (fd >= 0)
        (void)close(fd);
    if (synced != 0)
        return TH_E_IO;
    return th_part_finish(exporting->folder, exporting->target);
}

static int tell(const struct th_exporting *exporting)
{
    char root[TH_DIGEST_BASE64_SIZE + 1];
    th_tlog_digest_encode(&exporting->root, root);
    if (exporting->site.as_json) {
        json_t *all =
            json_pack("{s:s, s:I, s:I, s:s, s:I, s:I}", "target", exporting->target, "since",
                      (json_int_t)exporting->since, "size", (json_int_t)exporting->size, "root",
                      root, "reports", (json_int_t)exporting->reports, "submissions",
                      (json_int_t)exporting->submissions);
        return th_site_answer(&exporting->site, all);
    }
    (void)fprintf(exporting->site.out,
                  "Đã trích %llu báo cáo (%llu bản nộp) ra %s, tới cỡ %llu của nhật ký.\n"
                  "Lần sau chỉ phần mới: --since %llu. Xem README.txt trong đó.\n",
                  (unsigned long long)exporting->reports,
                  (unsigned long long)exporting->submissions, exporting->target,
                  (unsigned long long)exporting->size, (unsigned long long)exporting->size);
    if (exporting->reports == 0)
        (void)fputs(
            "LƯU Ý: không có báo cáo nào được trích; nếu không phải vậy thì xem lại các mã ở "
            "--plan, --obligation, --unit.\n",
            exporting->site.out);
    return EX_OK;
}

static int export_open(struct th_exporting *exporting)
{
    int code = make_folders(exporting);
    if (code != EX_OK)
        return code;
    int status = th_export_log(exporting);
    if (status == TH_E_RANGE) {
        th_cli_complain(exporting->site.err, "export",
                        "ghi cỡ của checkpoint mà bên kia đã có; của nhật ký trước một lần khôi "
                        "phục thì ghi số bản ghi mà bản sao có (số mục trong recover --status), "
                        "hoặc bỏ --since",
                        "--since %lld lớn hơn nhật ký của kho này", (long long)exporting->since);
        (void)th_part_remove(exporting->folder);
        return EX_DATAERR;
    }
    if (status == 0)
        status = th_export_reports(exporting);
    if (status == 0)
        status = give_name(exporting);
    if (status == 0)
        return tell(exporting);
    (void)th_part_remove(exporting->folder);
    return complain(exporting, status, status == TH_E_IO ? "xem đĩa còn chỗ không" : NULL,
                    "không trích được, không để lại gì");
}

static int export_copy(struct th_exporting *exporting)
{
    int code = th_site_open(&exporting->site, TH_STORE_READ, &exporting->store);
    if (code != EX_OK)
        return code;
    code = export_open(exporting);
    th_store_close(exporting->store);
    return code;
}

/* Each purpose has options of its own. */
static int choose(struct th_exporting *exporting, const char *since)
{
    const struct th_export_wish *wish = &exporting->wish;
    FILE *err = exporting->site.err;
    bool is_document = wish->format != NULL || wish->out != NULL;
    bool has_more = wish->period != NULL || wish->branch != NULL || wish->as_of != NULL ||
                    wish->position != NULL || wish->sheet != NULL || wish->force;
    bool is_copy = exporting->target != NULL && exporting->target[0] != '\0';
    if (is_copy && (is_document || has_more)) {
        th_cli_complain(err, "export", "bỏ --for-copy, hoặc bỏ các tùy chọn của văn bản",
                        "--for-copy chỉ đi với --since, --plan, --obligation, --unit, --json");
        return EX_USAGE;
    }
    if (!is_copy && !is_document) {
        th_cli_complain(err, "export",
                        "thêm --format xlsx|odt|csv|json (hoặc --out TỆP), hay --for-copy ĐÍCH",
                        "chưa rõ trích gì, ra đâu");
        return EX_USAGE;
    }
    if (!is_copy && since != NULL) {
        th_cli_complain(err, "export", "bỏ --since", "--since chỉ đi với --for-copy");
        return EX_USAGE;
    }
    if (since != NULL &&
        th_text_parse_int(since, strlen(since), 0, INT64_MAX, &exporting->since) < 0) {
        th_cli_complain(err, "export", "ghi một số từ 0", "không hiểu --since \"%s\"", since);
        return EX_USAGE;
    }
    return EX_OK;
}

enum { OPTIONS = 14 };

static void list_options(struct th_exporting *exporting, const char **since,
                         struct th_cli_option options[OPTIONS])
{
    struct th_export_wish *wish = &exporting->wish;
    const struct th_cli_option all[] = {
        {.name = "format",
         .value_name = "LOẠI",
         .help = "xlsx (bảng tính), odt (báo cáo để ký), csv (một bảng), json",
         .text = &wish->format},
        {.name = "out",
         .value_name = "TỆP",
         .help = "ghi vào đây; - là ra màn hình; mặc định là một tên ở thư mục này",
         .text = &wish->out},
        {.name = "force", .help = "thay tệp đã có", .flag = &wish->force},
        {.name = "plan", .value_name = "P", .help = "mã kế hoạch", .text = &exporting->plan},
        {.name = "period", .value_name = "KỲ", .help = "2025-H1, 2025 …", .text = &wish->period},
        {.name = "obligation",
         .value_name = "MÃ",
         .help = "nghĩa vụ",
         .text = &exporting->obligation},
        {.name = "unit",
         .value_name = "MÃ",
         .help = "đơn vị; mặc định là tất cả",
         .text = &exporting->unit},
        {.name = "branch",
         .value_name = "NHÁNH",
         .help = "all, communes (xã), bodies (sở, cơ quan)",
         .text = &wish->branch},
        {.name = "as-of",
         .value_name = "LÚC",
         .help = "như vào lúc đó; ngày là 00:00 giờ Việt Nam",
         .text = &wish->as_of},
        {.name = "position",
         .value_name = "SỐ",
         .help = "như sau chừng ấy bản ghi của nhật ký",
         .text = &wish->position},
        {.name = "sheet",
         .value_name = "BẢNG",
         .help = "bảng của csv; mặc định don-vi",
         .text = &wish->sheet},
        {.name = "for-copy",
         .value_name = "ĐÍCH",
         .help = "thư mục chưa có, để đưa cho bên thứ hai giữ và kiểm tra",
         .text = &exporting->target},
        {.name = "since",
         .value_name = "CỠ",
         .help = "chỉ những gì sau cỡ này của nhật ký (lần trích trước)",
         .text = since},
        {.name = "json", .help = "in ra JSON", .flag = &exporting->site.as_json}};
    _Static_assert(sizeof all == OPTIONS * sizeof all[0], "each has a place");
    memcpy(options, all, sizeof all);
}

int th_cli_export(int argc, char **argv, FILE *out, FILE *err)
{
    struct th_exporting exporting = {.site = {.command = "export", .out = out, .err = err}};
    const char *since = NULL;
    struct th_cli_option options[OPTIONS];
    list_options(&exporting, &since, options);
    const struct th_cli_command command = {
        .name = "export",
        .operands = "DIR",
        .summary = "Bảng tính, báo cáo để ký, CSV, JSON của một nghĩa vụ;\n"
                   "hoặc bản trích cùng biên nhận cho bên thứ hai.",
        .examples = "  tonghop-aggregator export var/tinh --plan gialai-2025 --period 2025-H1 "
                    "--format xlsx\n"
                    "  tonghop-aggregator export var/tinh --plan gialai-2025 --period 2025-H1 "
                    "--out bao-cao.odt\n"
                    "  tonghop-aggregator export var/tinh --plan gialai-2025 --period 2025-H1 "
                    "\\\n"
                    "      --format csv --sheet tinh-trang\n"
                    "  tonghop-aggregator export /var/lib/tonghop/kho --for-copy trich-thang-6 "
                    "--since 1200\n",
        .options = options,
        .options_count = OPTIONS,
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    exit_code = choose(&exporting, since);
    if (exit_code != EX_OK)
        return exit_code;
    exporting.site.folder = operands[0];
    int descriptor = fileno(err);
    exporting.is_terminal = descriptor >= 0 && isatty(descriptor);
    return th_cli_finish(out, err,
                         exporting.target == NULL ? th_export_document(&exporting)
                                                  : export_copy(&exporting));
}
