/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/home/init.h"

#include "base/errno_text.h"
#include "base/file.h"
#include "nodes/home/home.h"
#include "nodes/home/keys.h"
#include "nodes/home/known.h"
#include "nodes/home/settings.h"
#include "nodes/store/outbox.h"
#include "proto/exchange/node_file.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int complain(struct th_problems *problems, const char *path, const char *hint,
                    const char *message, int status)
{
    th_problems_add(problems, (struct th_place){path, 0, 0}, hint, "%s", message);
    return status;
}

static bool is_empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return false;
    bool is_empty = true;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        is_empty =
            is_empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    (void)closedir(folder);
    return is_empty;
}

/* Its entry is durable when this returns, also of an empty one that is there already: who made it
 * need not have waited for the disk. */
static int make_folder(const char *path, struct th_problems *problems)
{
    char cause[TH_ERRNO_TEXT_SIZE];
    int status = th_file_make_folder(path, 0700);
    if (status == 0)
        return 0;
    if (status != TH_E_EXISTS)
        return complain(problems, path, "kiểm tra đường dẫn, quyền ghi và đĩa",
                        th_errno_text(errno, cause), status);
    if (!is_empty_folder(path))
        return complain(problems, path,
                        "chọn thư mục khác; nếu đây là lần tạo dở dang (chưa có node.yaml) thì xóa "
                        "thư mục rồi làm lại",
                        "thư mục đã có dữ liệu, không ghi đè", TH_E_EXISTS);
    if (chmod(path, 0700) != 0 || th_file_sync_parent(path) != 0)
        return complain(problems, path, "kiểm tra quyền và đĩa", th_errno_text(errno, cause),
                        TH_E_IO);
    return 0;
}

static int make_inner(const char *folder, const char *name, struct th_problems *problems)
{
    char path[TH_HOME_PATH_SIZE];
    int status = th_home_path(folder, name, path);
    return status == 0 ? make_folder(path, problems) : status;
}

int th_home_write_public(const char *folder, const char *unit_code,
                         const struct th_server_file *server, const struct th_home_keys *keys)
{
    struct th_node_file file = {.sign_key = keys->sign_key};
    uint8_t nonce[24];
    randombytes_buf(nonce, sizeof nonce);
    memcpy(file.realm, server->realm, sizeof file.realm);
    (void)snprintf(file.unit, sizeof file.unit, "%s", unit_code);
    memcpy(file.curve_key, keys->curve_key, sizeof file.curve_key);
    int status =
        th_node_file_prove(&file, keys->sign_secret, keys->curve_secret, server->curve_key, nonce);
    char path[TH_HOME_PATH_SIZE];
    if (status == 0)
        status = th_home_path(folder, "node.pub", path);
    return status == 0 ? th_node_file_write(path, &file) : status;
}

static int write_keys(const char *folder, const char *unit_code,
                      const struct th_server_file *server)
{
    char path[TH_HOME_PATH_SIZE];
    struct th_home_keys *keys;
    int status = th_home_path(folder, "node.key", path);
    if (status == 0)
        status = th_home_keys_make(&keys);
    if (status != 0)
        return status;
    status = th_home_keys_write(path, keys);
    if (status == 0)
        status = th_home_write_public(folder, unit_code, server, keys);
    th_home_keys_free(keys);
    return status;
}

static int make_outbox(const char *folder)
{
    char path[TH_HOME_PATH_SIZE];
    struct th_outbox *outbox;
    int status = th_home_path(folder, "outbox", path);
    if (status == 0)
        status = th_outbox_open(path, 0, &outbox);
    if (status == 0)
        th_outbox_close(outbox);
    return status;
}

static int fill(const char *folder, const char *unit_code, const struct th_server_file *server,
                struct th_problems *problems)
{
    int status = make_folder(folder, problems);
    if (status == 0)
        status = make_inner(folder, "known", problems);
    if (status == 0)
        status = make_inner(folder, "outbox", problems);
    if (status != 0)
        return status;
    struct th_known_news news;
    status = th_home_learn_units(folder, unit_code, server->units, &news);
    for (size_t i = 0; status == 0 && i < server->plans_count; i++)
        status = th_home_learn_plan(folder, server->plans[i], &news);
    if (status == 0)
        status = make_outbox(folder);
    if (status == 0)
        status = write_keys(folder, unit_code, server);
    if (status == 0)
        status = th_home_settings_write(folder, unit_code, server);
    if (status != 0 && status != TH_E_NO_MEMORY)
        return complain(problems, folder, "xóa thư mục dở dang này rồi làm lại",
                        th_status_text(status), status);
    return status;
}

int th_home_init(const char *folder, const char *unit_code, const char *server_path,
                 struct th_problems *problems)
{
    if (!th_unit_code_check(unit_code, strlen(unit_code)))
        return complain(problems, unit_code, "ví dụ: --unit 23734", "không phải mã đơn vị",
                        TH_E_INVALID);
    struct th_arena arena;
    th_arena_init(&arena, (size_t)256 * 1024, 8 * TH_SERVER_FILE_SIZE_MAX);
    struct th_server_file server;
    int status = th_server_file_read(server_path, &arena, problems, &server);
    if (status == 0) {
        status = th_known_check_unit(server.units, unit_code, &arena);
        if (status == TH_E_NOT_FOUND)
            th_problems_add(problems, (struct th_place){server_path, 0, 0},
                            "kiểm tra lại mã đơn vị, hoặc xin server.yaml mới",
                            "danh sách đơn vị không có mã %s", unit_code);
        else if (status != 0 && status != TH_E_NO_MEMORY)
            status = complain(problems, server_path, "xin lại tệp này từ nơi nhận báo cáo",
                              "danh sách đơn vị trong tệp không đọc được", status);
    }
    if (status == 0)
        status = fill(folder, unit_code, &server, problems);
    th_arena_deinit(&arena);
    return status;
}
