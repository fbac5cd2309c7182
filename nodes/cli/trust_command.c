/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/commands.h"

#include "base/options.h"
#include "base/text.h"
#include "nodes/cli/choice.h"
#include "nodes/cli/held.h"
#include "nodes/home/lock.h"
#include "nodes/home/trust.h"
#include "proto/tlog/hash.h"

#include <sysexits.h>

#define NAME         "trust"
#define ARENA_BYTES  ((size_t)64 * 1024)
#define BUDGET_BYTES ((size_t)256 * 1024 * 1024)

struct request {
    const char *folder, *server_path;
    bool is_sure;
    FILE *out, *err;
};

static void print_log_key(const struct th_vkey *key, const char *label, FILE *out)
{
    char text[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t size;
    if (th_tlog_vkey_encode(key, sizeof text, text, &size) == 0)
        (void)fprintf(out, "  %s %s\n", label, text);
}

static void print_curve_key(const uint8_t *key, const char *label, FILE *out)
{
    char text[2 * TH_CURVE_KEY_SIZE];
    size_t size;
    if (th_tlog_base64_encode(key, TH_CURVE_KEY_SIZE, sizeof text, text, &size) == 0)
        (void)fprintf(out, "  %s %s\n", label, text);
}

static void print_changes(const struct th_home *home, const struct th_home_trust *trust, FILE *out)
{
    const struct th_server_file *server = &trust->server;
    if (trust->has_new_address)
        (void)fprintf(out, "Địa chỉ:\n  cũ  %s, %s\n  mới %s, %s\n", home->server.address,
                      home->server.publish, server->address, server->publish);
    if (trust->has_new_curve_key) {
        (void)fputs("Khóa kết nối (CURVE):\n", out);
        print_curve_key(home->server.curve_key, "cũ ", out);
        print_curve_key(server->curve_key, "mới", out);
    }
    if (trust->has_new_log)
        (void)fprintf(out, "Sổ (realm):\n  cũ  %s\n  mới %s\n", th_home_log(home), server->realm);
    if (trust->has_new_log_key) {
        (void)fputs("Khóa nhật ký, không có chữ ký của khóa cũ:\n", out);
        print_log_key(&th_log_keys_current(&home->log_keys)->vkey, "cũ ", out);
        print_log_key(&server->log_key, "mới", out);
    }
}

/* How long the receipts have shown the log. */
static int survey(const struct th_home *home, uint64_t *ret_longest)
{
    struct th_arena arena;
    char path[TH_HOME_PATH_SIZE];
    struct th_outbox *outbox = NULL;
    struct th_held held;
    th_arena_init(&arena, ARENA_BYTES, BUDGET_BYTES);
    int status = th_home_path(home->folder, "outbox", path);
    if (status == 0)
        status = th_outbox_open(path, 0, &outbox);
    if (status == 0)
        status = th_held_survey(home, outbox, &arena, &held);
    th_outbox_close(outbox);
    th_arena_deinit(&arena);
    if (status == 0)
        *ret_longest = held.longest;
    return status;
}

/* Precondition: the folder is locked. */
static int carry_out(const struct request *request, struct th_home *home,
                     const struct th_home_trust *trust, struct th_problems *problems)
{
    uint64_t longest = 0;
    int status = survey(home, &longest);
    if (status == 0)
        status = th_home_trust_server(home, trust, longest, problems);
    if (status != 0)
        return status;
    char word[TH_TEXT_WORD_SIZE];
    (void)fprintf(request->out,
                  "Đã tin %s. Hộp thư đi và biên nhận cũ giữ nguyên; biên nhận cũ vẫn kiểm tra "
                  "được.\n%s/node.pub đã viết lại: gửi cho nơi nhận nếu họ yêu cầu ghi danh lại.\n"
                  "Việc tiếp theo: %s run %s\n",
                  request->server_path, request->folder, TH_CLI_PROGRAM,
                  th_text_word(request->folder, word));
    return 0;
}

static int trust_with(const struct request *request, struct th_home *home,
                      struct th_problems *problems)
{
    struct th_home_trust trust;
    int status = th_home_compare_server(home, request->server_path, problems, &trust);
    if (status != 0)
        return status;
    print_changes(home, &trust, request->out);
    if (!trust.has_new_address && !trust.has_new_curve_key && !trust.has_new_log_key) {
        (void)fputs("Không có gì khác: nút đã tin tệp này.\n", request->out);
        return 0;
    }
    if (!request->is_sure) {
        char folder[TH_TEXT_WORD_SIZE], path[TH_TEXT_WORD_SIZE];
        (void)fprintf(request->out,
                      "Chưa đổi gì. Chỉ tiếp tục khi tệp này do chính người của nơi nhận đưa, và "
                      "họ đã đọc lại các khóa trên đây:\n  %s %s %s %s --yes\n",
                      TH_CLI_PROGRAM, NAME, th_text_word(request->folder, folder),
                      th_text_word(request->server_path, path));
        return 0;
    }
    return carry_out(request, home, &trust, problems);
}

static int trust_in(const struct request *request)
{
    struct th_home home;
    int status = th_cli_open_home(NAME, request->folder, &home, request->err);
    if (status != 0)
        return status;
    struct th_problems problems;
    th_problems_init(&problems);
    status = trust_with(request, &home, &problems);
    if (status != 0) {
        (void)!th_problems_print(&problems, request->err);
        th_cli_complain(request->err, NAME, NULL, "chưa đổi được nơi nhận: %s",
                        th_status_text(status));
    }
    th_problems_deinit(&problems);
    th_home_close(&home);
    return status;
}

/* What is to be changed must not change meanwhile. */
static int run(const struct request *request)
{
    int lock = -1, status = 0;
    long owner = 0;
    if (request->is_sure)
        status = th_home_lock(request->folder, &lock, &owner);
    if (status == TH_E_BUSY)
        th_cli_complain(request->err, NAME, "dừng tiến trình đó rồi làm lại",
                        "nút đang chạy (tiến trình %ld)", owner);
    else if (status != 0)
        th_cli_complain(request->err, NAME, "kiểm tra đường dẫn và quyền ghi", "%s: %s",
                        request->folder, th_status_text(status));
    if (status == 0)
        status = trust_in(request);
    if (lock >= 0)
        th_home_unlock(lock);
    return status == 0 ? EX_OK : th_status_exit_code(status);
}

int th_cli_trust(int argc, char **argv, FILE *out, FILE *err)
{
    struct request request = {.out = out, .err = err};
    const struct th_cli_option options[] = {
        {.name = "yes",
         .help = "làm thật; không có thì chỉ nói sẽ đổi gì",
         .flag = &request.is_sure},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "THƯ-MỤC TỆP",
        .summary = "Tin server.yaml mới, khi nơi nhận mất khóa nhật ký cũ hoặc đổi máy chủ. Giữ "
                   "hộp thư đi và biên nhận.",
        .examples = "  " TH_CLI_PROGRAM " trust nut server.yaml\n"
                    "  " TH_CLI_PROGRAM " trust nut server.yaml --yes\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 2,
        .operands_max = 2,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    request.folder = operands[0];
    request.server_path = operands[1];
    return th_cli_finish(out, err, run(&request));
}
