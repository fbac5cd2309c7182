/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/trust.h"

#include "base/file.h"
#include "base/options.h"
#include "proto/exchange/keys_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

const struct th_log_key *th_trust_unsigned(const struct th_log_keys *keys, const char *origin,
                                           uint64_t size)
{
    const struct th_log_key *signing = th_log_keys_find(keys, origin, size);
    for (size_t i = 1; signing != NULL && &keys->items[i] <= signing; i++)
        if (keys->items[i].succession_size == 0)
            return &keys->items[i];
    return NULL;
}

/* Whoever compares the first key with one that is trusted has not compared these. */
static void tell_unsigned(const char *command, const char *path, const struct th_log_keys *keys,
                          FILE *err)
{
    for (size_t i = 1; i < keys->count; i++)
        if (keys->items[i].succession_size == 0)
            (void)fprintf(err,
                          TH_CLI_PROGRAM " %s: lưu ý: %s: khóa thứ %zu, của nhật ký “%s”, không "
                                         "được khóa trước ký: chỉ tin khi chính tệp này lấy từ "
                                         "nơi mình tin\n",
                          command, path, i + 1, keys->items[i].vkey.name);
}

static int read_history(const char *command, const char *path, FILE *err, struct th_log_keys *keys)
{
    struct th_problems problems;
    th_problems_init(&problems);
    int status = th_keys_file_read(path, &problems, keys);
    if (status != 0 &&
        (th_problems_total(&problems) == 0 || th_problems_print(&problems, err) != 0))
        th_cli_complain(err, command, NULL, "%s: %s", path, th_status_text(status));
    th_problems_deinit(&problems);
    if (status == 0)
        tell_unsigned(command, path, keys, err);
    return status == 0 ? EX_OK : th_status_exit_code(status);
}

int th_trust_read(const char *command, const char *keys_path, const char *log_key, FILE *err,
                  struct th_log_keys **ret_keys)
{
    if ((keys_path == NULL) == (log_key == NULL)) {
        th_cli_complain(err, command, "lịch sử khóa là tệp log-keys.yaml do tỉnh công bố",
                        "cần một trong hai: --keys TỆP hoặc --log-key KHÓA");
        return EX_USAGE;
    }
    struct th_log_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL)
        return EX_OSERR;
    int code = EX_OK;
    if (keys_path != NULL) {
        code = read_history(command, keys_path, err, keys);
    } else {
        struct th_vkey vkey;
        int status = th_tlog_vkey_decode(log_key, strlen(log_key), &vkey);
        if (status == 0)
            th_log_keys_begin(&vkey, keys);
        else
            th_cli_complain(err, command, "khóa có dạng TÊN+MÃ+BASE64, như trong server.yaml",
                            "--log-key: %s", th_status_text(status));
        code = status == 0 ? EX_OK : EX_USAGE;
    }
    if (code != EX_OK) {
        free(keys);
        return code;
    }
    *ret_keys = keys;
    return EX_OK;
}

int th_trust_file(const char *command, const char *path, FILE *err, char **ret_text,
                  size_t *ret_size)
{
    int status = th_file_read(path, TH_TRUST_FILE_SIZE_MAX, ret_text, ret_size);
    return status == 0 ? EX_OK
                       : th_trust_unread(command, path, TH_TRUST_FILE_SIZE_MAX, status, err);
}

int th_trust_unread(const char *command, const char *path, size_t size_max, int status, FILE *err)
{
    struct stat about;
    char text[TH_ERRNO_TEXT_SIZE];
    const int error = status == TH_E_IO ? errno : 0;
    const char *cause = th_trust_cause(status, text);
    if (status == TH_E_LIMIT)
        th_cli_complain(err, command, "xem có lấy nhầm tệp khác không",
                        "%s: lớn hơn %zu byte, không phải tệp loại này", path, size_max);
    else if (status == TH_E_IO && stat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        th_cli_complain(err, command, "chỉ tới một tệp thường", "%s: %s, không phải một tệp", path,
                        S_ISDIR(about.st_mode) ? "là thư mục" : "là ống dẫn hoặc thiết bị");
        return EX_NOINPUT;
    } else
        th_cli_complain(err, command, "kiểm tra đường dẫn và quyền đọc", "%s: %s", path, cause);
    return th_status_exit_code(error == 0 ? status : th_errno_status(error));
}

const char *th_trust_cause(int status, char text[TH_ERRNO_TEXT_SIZE])
{
    return status == TH_E_IO && errno != 0 ? th_errno_text(errno, text) : th_status_text(status);
}

const char *th_trust_fault(int status)
{
    switch (status) {
    case TH_E_INVALID:
        return "không có nhật ký nào mang tên này trong lịch sử khóa";
    case TH_E_SIGNATURE:
        return "không có chữ ký đúng của khóa nhật ký";
    default:
        return "không phải một checkpoint đã ký";
    }
}
