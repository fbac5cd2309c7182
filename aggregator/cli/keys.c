/* SPDX-License-Identifier: Apache-2.0 */
/* keys: which command is meant; the history of the log's keys as a file; a new key of the log. */
#include "aggregator/cli/keys.h"

#include "aggregator/cli/handout.h"
#include "aggregator/cli/write.h"
#include "aggregator/shell/clock_linux.h"
#include "base/options.h"
#include "proto/exchange/keys_file.h"
#include "proto/wire/journal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct {
    const char *word;
    int (*run)(int argc, char **argv, FILE *out, FILE *err);
    const char *help;
} commands[] = {
    {"show", th_cli_keys_show, "khóa của nhật ký, khóa kết nối, khóa của các đơn vị"},
    {"rotate", th_cli_keys_rotate, "đổi khóa ký nhật ký (khi máy chủ đã dừng)"},
    {"history", th_cli_keys_history, "lịch sử khóa của nhật ký: log-keys.yaml"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    (void)fprintf(out, "Khóa của nhật ký, của kết nối và của các đơn vị.\n\nCách dùng:\n"
                       "  " TH_CLI_PROGRAM " keys LỆNH DIR [TÙY CHỌN]\n\nLệnh:\n");
    for (size_t i = 0; i < COMMANDS; i++)
        (void)fprintf(out, "  %-9s %s\n", commands[i].word, commands[i].help);
    (void)fprintf(out, "\nVí dụ:\n  " TH_CLI_PROGRAM " keys show /var/lib/tonghop/kho\n");
}

int th_cli_keys(int argc, char **argv, FILE *out, FILE *err)
{
    const char *word = argc < 2 ? "" : argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_help(out);
        return th_cli_finish(out, err, EX_OK);
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(word, commands[i].word) == 0)
            return commands[i].run(argc - 1, argv + 1, out, err);
    th_cli_complain(err, "keys",
                    "dùng show, rotate hoặc history; xem " TH_CLI_PROGRAM " keys --help",
                    word[0] == 0 ? "thiếu việc cần làm%s" : "không có lệnh \"%s\"", word);
    return EX_USAGE;
}

char *th_cli_vkey_text(const struct th_vkey *vkey, char text[TH_NOTE_VKEY_TEXT_MAX + 1])
{
    size_t length = 0;
    text[0] = 0;
    if (th_tlog_vkey_encode(vkey, TH_NOTE_VKEY_TEXT_MAX + 1, text, &length) < 0)
        text[0] = 0;
    return text;
}

bool th_cli_key_is_lost(const struct th_log_keys *keys, size_t i)
{
    for (size_t k = i + 1; k < keys->count; k++)
        if (strcmp(keys->items[k].vkey.name, keys->items[k - 1].vkey.name) != 0 &&
            keys->items[k].after <= keys->items[i].after && i > 0)
            return true;
    return false;
}

/* ---- history ---- */

static int history(const struct th_site *site, const char *path)
{
    struct th_store *store = NULL;
    int code = th_site_open(site, TH_STORE_READ, &store);
    if (code != EX_OK)
        return code;
    const struct th_log_keys *keys = th_store_log_keys(store);
    int status =
        path == NULL ? th_keys_file_print(site->out, keys) : th_keys_file_write(path, keys);
    if (status == 0 && path != NULL)
        (void)fprintf(site->out, "Đã ghi %s: %zu khóa. Đưa cho người kiểm tra biên nhận.\n", path,
                      keys->count);
    if (status < 0)
        th_cli_complain(site->err, site->command, NULL, "%s: %s",
                        path == NULL ? "lịch sử khóa" : path, th_status_text(status));
    th_store_close(store);
    return status < 0 ? th_status_exit_code(status) : EX_OK;
}

int th_cli_keys_history(int argc, char **argv, FILE *out, FILE *err)
{
    const char *path = NULL;
    const struct th_cli_option options[] = {
        {.name = "out", .value_name = "TỆP", .help = "ghi ra tệp này", .text = &path}};
    const struct th_cli_command command = {
        .name = "keys history",
        .operands = "DIR",
        .summary = "Lịch sử khóa của nhật ký (log-keys.yaml), cho người kiểm tra biên nhận.",
        .examples = "  tonghop-aggregator keys history /var/lib/tonghop/kho --out log-keys.yaml\n",
        .options = options,
        .options_count = 1,
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    const struct th_site site = {"keys history", operands[0], false, out, err};
    return th_cli_finish(out, err, history(&site, path));
}

/* ---- rotate ---- */

static int complain(const struct th_site *site, int status, const char *hint, const char *what)
{
    th_cli_complain(site->err, site->command, hint, "%s: %s: %s", site->folder, what,
                    th_status_text(status));
    return th_status_exit_code(status);
}

int th_cli_succeed(const struct th_site *site, struct th_store *store,
                   const struct th_note_signer *signer, const struct th_vkey *next,
                   char ret_note[TH_SUCCESSION_SIZE_MAX], size_t *ret_size)
{
    struct th_view *view = NULL;
    struct th_digest root;
    int status = th_view_open(store, &view);
    if (status < 0)
        return complain(site, status, NULL, "không đọc được kho");
    uint64_t size = th_view_size(view);
    status = th_view_root(view, size, &root);
    th_view_close(view);
    if (status == 0)
        status = th_tlog_succession_sign(signer, size, &root, next, TH_SUCCESSION_SIZE_MAX,
                                         ret_note, ret_size);
    return status < 0 ? complain(site, status, NULL, "không lập được giấy kế nhiệm của khóa")
                      : EX_OK;
}

/* The one commit that makes the next key the log's. */
static int carry_rotation(const struct th_site *site, struct th_store *store,
                          const struct th_secrets *current, const struct th_secrets *next)
{
    char note[TH_SUCCESSION_SIZE_MAX];
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    char operator_name[TH_SITE_OPERATOR_SIZE];
    size_t note_size = 0;
    struct th_arena arena;
    struct th_act_result result;
    int code = th_cli_succeed(site, store, &current->signer, &next->signer.vkey, note, &note_size);
    if (code != EX_OK)
        return code;
    (void)th_cli_vkey_text(&next->signer.vkey, vkey);
    (void)th_site_operator(operator_name);
    struct th_text operator= {operator_name, strlen(operator_name)};
    const struct th_rotation rotation = {.key = {.vkey = {vkey, strlen(vkey)},
                                                 .after = th_store_next_position(store),
                                                 .succession = {(const uint8_t *)note, note_size}},
                                         .operator= operator};
    struct th_act act = {.kind = TH_ACT_ROTATE, .operator= operator};
    th_arena_init(&arena, 4096, 65536);
    int status = th_wire_rotation_encode(&rotation, &arena, &act.content);
    if (status == 0)
        status = th_secrets_write_next(site->folder, next);
    if (status == 0)
        status = th_site_carry_here(store, next, th_clock_now(), &act, 1, &result);
    bool is_refused = status == 0 && result.status < 0;
    if (is_refused) { /* no entry names it */
        status = result.status;
        th_secrets_drop_next(site->folder);
    }
    th_arena_deinit(&arena);
    if (status == 0)
        return EX_OK;
    return complain(site, status,
                    status == TH_E_LIMIT ? "một nhật ký có tối đa 32 khóa; không đổi được nữa"
                    : is_refused ? NULL
                                 : "chạy lại lệnh này: nó tự xem việc đổi đã xong hay chưa",
                    "không đổi được khóa");
}

static int tell_rotation(const struct th_site *site, const struct th_secrets *next, uint64_t after)
{
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    (void)th_cli_vkey_text(&next->signer.vkey, vkey);
    if (site->as_json) {
        json_t *all = json_pack("{s:s, s:I}", "log_key", vkey, "after", (json_int_t)after);
        return th_site_answer(site, all);
    }
    (void)fprintf(site->out,
                  "Nhật ký có khóa mới từ mục %llu: %s\n"
                  "Cất lại bản sao ngoại tuyến của secrets/log.key: khóa cũ không ký được nữa.\n"
                  "Đã ghi lại %s/server.yaml và log-keys.yaml; đơn vị đã có nút tự nhận khóa mới "
                  "qua mạng. Đưa log-keys.yaml cho người kiểm tra biên nhận.\n",
                  (unsigned long long)after, vkey, site->folder);
    return EX_OK;
}

static bool has_next(const struct th_site *site)
{
    char path[TH_SITE_PATH_SIZE];
    return th_site_path(site, "secrets/log.key.next", path) == 0 && access(path, F_OK) == 0;
}

static int rotate_open(const struct th_site *site, struct th_store *store)
{
    char problem[TH_SECRETS_PROBLEM_SIZE] = "";
    struct th_secrets current;
    struct th_secrets next;
    bool is_curve_new = false;
    const uint64_t after = th_store_next_position(store);
    const struct th_store_identity identity = *th_store_identity(store);
    const bool had_next = has_next(site);
    int code = th_site_secrets(site, &identity, &current);
    if (code != EX_OK)
        return code;
    if (had_next && !has_next(site)) { /* a rotation that was cut off is finished by now */
        code = tell_rotation(site, &current, th_log_keys_current(th_store_log_keys(store))->after);
        th_secrets_deinit(&current);
        return code;
    }
    int status = th_secrets_make_next(site->folder, identity.realm, problem, &next, &is_curve_new);
    if (status < 0) {
        th_secrets_deinit(&current);
        return complain(site, status, NULL, "không tạo được khóa mới");
    }
    code = carry_rotation(site, store, &current, &next);
    th_secrets_deinit(&current);
    status = code == EX_OK ? th_secrets_promote(site->folder) : 0;
    if (status < 0)
        code = complain(site, status, "chạy lại lệnh nào cũng được: nó tự đổi tên tệp",
                        "đã đổi khóa, nhưng không đổi tên được secrets/log.key.next");
    if (code == EX_OK)
        code = tell_rotation(site, &next, after);
    th_secrets_deinit(&next);
    return code;
}

static int rotate(const struct th_site *site)
{
    const struct th_store_options options = {0};
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    struct th_store *store = NULL;
    int status = th_store_open(site->folder, TH_STORE_WRITE, &options, problem, &store);
    if (status < 0) {
        const char *hint = status == TH_E_BUSY ? "dừng máy chủ, đổi khóa, rồi chạy lại nó"
                           : status == TH_E_NOT_FOUND ? TH_SITE_NO_STORE_HINT
                                                      : NULL;
        th_cli_complain(site->err, site->command, hint, "%s",
                        problem[0] == 0 ? th_status_text(status) : problem);
        return th_status_exit_code(status);
    }
    int code = rotate_open(site, store);
    th_store_close(store);
    return code == EX_OK ? th_handout_write(site) : code;
}

int th_cli_keys_rotate(int argc, char **argv, FILE *out, FILE *err)
{
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "json", .help = "in ra JSON", .flag = &as_json}};
    const struct th_cli_command command = {
        .name = "keys rotate",
        .operands = "DIR",
        .summary = "Đổi khóa ký nhật ký: khóa cũ ký giới thiệu khóa mới. Máy chủ phải dừng.",
        .examples = "  tonghop-aggregator keys rotate /var/lib/tonghop/kho\n",
        .options = options,
        .options_count = 1,
        .operands_min = 1,
        .operands_max = 1};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    const struct th_site site = {"keys rotate", operands[0], as_json, out, err};
    return th_cli_finish(out, err, rotate(&site));
}
