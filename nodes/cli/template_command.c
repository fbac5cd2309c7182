/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/form_commands.h"

#include "base/errno_text.h"
#include "base/options.h"
#include "base/text.h"
#include "nodes/cli/choice.h"
#include "proto/form/form.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define NAME "template"

struct request {
    struct th_cli_choice choice;
    const char *folder;
    const char *format;
    const char *path; /* NULL: standard output */
    bool is_xlsx;
};

/* What is asked for, else what the file's ending says, else YAML. False after a message. */
static bool choose_kind(const struct request *request, FILE *err, enum th_form_kind *ret_kind)
{
    static const struct {
        const char *word;
        enum th_form_kind kind;
    } words[] = {{"yaml", TH_FORM_YAML},
                 {"csv", TH_FORM_CSV},
                 {"json", TH_FORM_JSON},
                 {"xlsx", TH_FORM_XLSX}};
    *ret_kind = TH_FORM_YAML;
    if (request->is_xlsx) {
        *ret_kind = TH_FORM_XLSX;
        return true;
    }
    if (request->format == NULL) {
        if (request->path == NULL || th_form_kind_of(request->path, ret_kind) == 0)
            return true;
        th_cli_complain(err, NAME, "đặt đuôi .yaml, .csv, .json hoặc .xlsx, hoặc ghi --format",
                        "không biết dạng của \"%s\"", request->path);
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(request->format, words[i].word) == 0) {
            *ret_kind = words[i].kind;
            return true;
        }
    th_cli_complain(err, NAME, "ghi yaml, csv, json hoặc xlsx", "không có dạng \"%s\"",
                    request->format);
    return false;
}

/* The form, and what is to be told about why there is none. */
static int write_to(FILE *file, enum th_form_kind kind, const struct th_plan *plan,
                    const struct th_obligation *obligation, const struct th_unit *unit, FILE *err)
{
    struct th_problems problems;
    th_problems_init(&problems);
    int status = th_form_write_template(kind, plan, obligation, unit, file, &problems);
    (void)!th_problems_print(&problems, err);
    th_problems_deinit(&problems);
    return status;
}

/* A form may have been filled in since: a file that is there is never written over. */
static int write_file(const char *path, enum th_form_kind kind, const struct th_plan *plan,
                      const struct th_obligation *obligation, const struct th_unit *unit, FILE *err)
{
    FILE *file = fopen(path, "wxe");
    if (file == NULL) {
        char cause[TH_ERRNO_TEXT_SIZE];
        bool exists = errno == EEXIST;
        th_cli_complain(err, NAME,
                        exists ? "chọn tên khác, hoặc xóa tệp cũ nếu không cần nữa"
                               : "kiểm tra đường dẫn, quyền ghi và chỗ trống của đĩa",
                        "không tạo được \"%s\": %s", path, th_errno_text(errno, cause));
        return EX_CANTCREAT;
    }
    int status = write_to(file, kind, plan, obligation, unit, err);
    if (fclose(file) != 0 && status == 0)
        status = TH_E_IO;
    if (status == 0)
        return EX_OK;
    (void)unlink(path);
    th_cli_complain(err, NAME, "kiểm tra chỗ trống của đĩa", "không ghi được \"%s\": %s", path,
                    th_status_text(status));
    return th_status_exit_code(status);
}

static int write_form(const struct request *request, const struct th_home *home, FILE *out,
                      FILE *err)
{
    const struct th_plan *plan = NULL;
    const struct th_obligation *obligation = NULL;
    enum th_form_kind kind;
    if (!choose_kind(request, err, &kind))
        return EX_USAGE;
    int status = th_cli_choose_plan(&request->choice, home, err, &plan);
    if (status == 0)
        status = th_cli_choose_obligation(&request->choice, plan, home->unit, err, &obligation);
    if (status < 0)
        return th_status_exit_code(status);
    if (kind == TH_FORM_XLSX && request->path == NULL && isatty(fileno(out))) {
        th_cli_complain(err, NAME, "thêm --out bc.xlsx", "bảng tính không in ra màn hình được");
        return EX_USAGE;
    }
    if (request->path != NULL) {
        int code = write_file(request->path, kind, plan, obligation, home->unit, err);
        char folder[TH_TEXT_WORD_SIZE], path[TH_TEXT_WORD_SIZE];
        if (code == EX_OK)
            (void)fprintf(out, "Đã lập biểu %s: %s.\nĐiền xong thì kiểm tra bằng: %s check %s %s\n",
                          request->path, obligation->title, TH_CLI_PROGRAM,
                          th_text_word(home->folder, folder), th_text_word(request->path, path));
        return code;
    }
    status = write_to(out, kind, plan, obligation, home->unit, err);
    if (status < 0)
        th_cli_complain(err, NAME, NULL, "%s", th_status_text(status));
    return th_status_exit_code(status);
}

static int run(const struct request *request, FILE *out, FILE *err)
{
    struct th_home home;
    int status = th_cli_open_home(NAME, request->folder, &home, err);
    if (status < 0)
        return th_status_exit_code(status);
    int code = write_form(request, &home, out, err);
    th_home_close(&home);
    return th_cli_finish(out, err, code);
}

int th_cli_template(int argc, char **argv, FILE *out, FILE *err)
{
    struct request request = {.choice = {.command = NAME}};
    const struct th_cli_option options[] = {
        {.name = "plan",
         .value_name = "KẾ-HOẠCH",
         .help = "mã kế hoạch, cần khi nút biết nhiều kế hoạch",
         .text = &request.choice.plan},
        {.name = "obligation",
         .value_name = "MÃ",
         .help = "mã nghĩa vụ báo cáo",
         .text = &request.choice.obligation},
        {.name = "period",
         .value_name = "KỲ",
         .help = "kỳ báo cáo, như 2025-H1 hoặc 2025",
         .text = &request.choice.period},
        {.name = "format",
         .value_name = "DẠNG",
         .help = "yaml (mặc định), csv, json hoặc xlsx (bảng tính Excel)",
         .text = &request.format},
        {.name = "xlsx",
         .help = "như --format xlsx: ô số, danh sách chọn, quy tắc kiểm tra ngay trong bảng",
         .flag = &request.is_xlsx},
        {.name = "out",
         .value_name = "TỆP",
         .help = "ghi vào tệp mới thay vì in ra màn hình",
         .text = &request.path},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC",
        .summary = "Lập biểu để điền: đúng các chỉ tiêu mà đơn vị được hỏi.",
        .examples = "  " TH_CLI_PROGRAM " template nut --period 2025-H1 --out bc.yaml\n"
                    "  " TH_CLI_PROGRAM " template nut --obligation O-002-1 --out bc.csv\n"
                    "  " TH_CLI_PROGRAM " template nut --period 2025 --xlsx --out bc.xlsx\n",
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
    request.folder = operands[0];
    if (request.choice.obligation != NULL && request.choice.period != NULL) {
        th_cli_complain(err, NAME, "chỉ ghi một trong hai", "thừa --period khi đã có --obligation");
        return EX_USAGE;
    }
    if (request.is_xlsx && request.format != NULL) {
        th_cli_complain(err, NAME, "chỉ ghi một trong hai", "thừa --format khi đã có --xlsx");
        return EX_USAGE;
    }
    return run(&request, out, err);
}
