/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/home/trust.h"

#include "base/errno_text.h"
#include "nodes/home/init.h"
#include "nodes/home/keys.h"
#include "nodes/home/known.h"
#include "nodes/home/settings.h"
#include "proto/exchange/keys_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char hint_keys[] =
    "khôi phục log-keys.yaml và node.yaml từ cùng một bản sao; nếu không có, xóa log-keys.yaml rồi "
    "chạy tonghop-node trust";

/* The place of a key in the history, or its count. */
static size_t find_key(const struct th_log_keys *keys, const struct th_vkey *key)
{
    size_t at = 0;
    while (at < keys->count && !th_tlog_vkey_equal(&keys->items[at].vkey, key))
        at++;
    return at;
}

int th_home_open_log_keys(const char *folder, const struct th_vkey *pinned,
                          struct th_problems *problems, struct th_log_keys *ret_keys)
{
    char path[TH_HOME_PATH_SIZE];
    int status = th_home_path(folder, TH_KEYS_FILE, path);
    if (status != 0)
        return status;
    if (access(path, F_OK) != 0) {
        if (errno == ENOENT) {
            th_log_keys_begin(pinned, ret_keys);
            return 0;
        }
        char cause[TH_ERRNO_TEXT_SIZE];
        th_problems_add(problems, (struct th_place){path, 0, 0}, "kiểm tra quyền đọc", "%s",
                        th_errno_text(errno, cause));
        return TH_E_IO;
    }
    status = th_keys_file_read(path, problems, ret_keys);
    if (status == 0 && !th_tlog_vkey_equal(&ret_keys->items[0].vkey, pinned)) {
        th_problems_add(problems, (struct th_place){path, 0, 0}, hint_keys,
                        "khóa đầu tiên không phải khóa log_key của node.yaml");
        status = TH_E_CONFIG;
    }
    return status;
}

/* ---- what a server says ---- */

/* The key that an entry names; false when it is none. */
static bool read_key(const struct th_log_key_body *body, struct th_vkey *ret_key)
{
    return th_tlog_vkey_decode(body->vkey.bytes, body->vkey.size, ret_key) == 0;
}

/* One offered key behind the current one. */
static enum th_home_keys_news extend(struct th_log_keys *keys, const struct th_log_key_body *body,
                                     const struct th_vkey *named)
{
    if (body->succession.size == 0)
        return TH_HOME_KEYS_UNSIGNED;
    bool is_rotation = strcmp(th_log_keys_current(keys)->vkey.name, named->name) == 0;
    if (th_log_keys_succeed(keys, (const char *)body->succession.bytes, body->succession.size) != 0)
        return TH_HOME_KEYS_FORGED;
    const struct th_log_key *added = th_log_keys_current(keys);
    if (!th_tlog_vkey_equal(&added->vkey, named) || added->after != body->after)
        return TH_HOME_KEYS_FORGED;
    return is_rotation ? TH_HOME_KEYS_ROTATED : TH_HOME_KEYS_RECOVERED;
}

/* Extends the history by the offered keys behind its current one, as far as they hold. */
static enum th_home_keys_news extend_all(struct th_log_keys *keys,
                                         const struct th_log_key_body *offered, size_t count)
{
    enum th_home_keys_news news = TH_HOME_KEYS_SAME;
    struct th_vkey named;
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        if (read_key(&offered[i], &named) &&
            th_tlog_vkey_equal(&named, &th_log_keys_current(keys)->vkey))
            at = i + 1;
    for (; at < count; at++) {
        if (!read_key(&offered[at], &named))
            return TH_HOME_KEYS_FORGED;
        if (find_key(keys, &named) < keys->count)
            continue; /* a server that is behind: what it calls its log is checked by itself */
        enum th_home_keys_news one = extend(keys, &offered[at], &named);
        if (one == TH_HOME_KEYS_UNSIGNED || one == TH_HOME_KEYS_FORGED)
            return one;
        news = one == TH_HOME_KEYS_RECOVERED ? one : news == TH_HOME_KEYS_SAME ? one : news;
    }
    return news;
}

int th_home_learn_log_keys(const char *folder, struct th_log_keys *keys,
                           const struct th_log_key_body *offered, size_t count,
                           struct th_arena *arena, enum th_home_keys_news *ret_news)
{
    struct th_log_keys *next = th_arena_alloc(arena, sizeof *next);
    if (next == NULL)
        return TH_E_NO_MEMORY;
    *next = *keys;
    enum th_home_keys_news news = extend_all(next, offered, count);
    if (news == TH_HOME_KEYS_ROTATED || news == TH_HOME_KEYS_RECOVERED) {
        char path[TH_HOME_PATH_SIZE];
        int status = th_home_path(folder, TH_KEYS_FILE, path);
        if (status == 0)
            status = th_keys_file_write(path, next);
        if (status != 0)
            return status;
        *keys = *next;
    }
    *ret_news = news;
    return 0;
}

/* ---- what an officer says ---- */

static int complain(struct th_problems *problems, const char *path, const char *hint,
                    const char *message, int status)
{
    th_problems_add(problems, (struct th_place){path, 0, 0}, hint, "%s", message);
    return status;
}

static int check_server(struct th_home *home, const struct th_server_file *server, const char *path,
                        struct th_problems *problems)
{
    if (server->mode != home->server.mode)
        return complain(problems, path,
                        "nút diễn tập và nút thật tách nhau: tạo nút mới bằng tonghop-node init",
                        "tệp này của chế độ khác (thật hay diễn tập)", TH_E_INVALID);
    if (strcmp(server->realm, server->log_key.name) != 0)
        return complain(problems, path, "xin lại tệp này từ nơi nhận báo cáo",
                        "realm và log_key không cùng một nhật ký", TH_E_INVALID);
    size_t at = find_key(&home->log_keys, &server->log_key);
    bool is_left = at + 1 < home->log_keys.count;
    bool is_log_left = at == home->log_keys.count &&
                       strcmp(server->realm, th_home_log(home)) != 0 &&
                       th_log_keys_has_origin(&home->log_keys, server->realm);
    if (is_left || is_log_left)
        return complain(problems, path, "xin server.yaml mới nhất từ nơi nhận báo cáo",
                        "tệp này cũ: nút đã biết khóa nhật ký mới hơn", TH_E_INVALID);
    int status = th_known_check_unit(server->units, home->unit_code, &home->arena);
    if (status == TH_E_NOT_FOUND)
        return complain(problems, path, "kiểm tra lại: có đúng là nơi nhận của đơn vị này không",
                        "danh sách đơn vị trong tệp không có đơn vị của nút", TH_E_INVALID);
    if (status != 0 && status != TH_E_NO_MEMORY)
        return complain(problems, path, "xin lại tệp này từ nơi nhận báo cáo",
                        "danh sách đơn vị trong tệp không đọc được", status);
    return status;
}

int th_home_compare_server(struct th_home *home, const char *server_path,
                           struct th_problems *problems, struct th_home_trust *ret_trust)
{
    struct th_home_trust trust = {0};
    int status = th_server_file_read(server_path, &home->arena, problems, &trust.server);
    if (status == 0)
        status = check_server(home, &trust.server, server_path, problems);
    if (status != 0)
        return status;
    const struct th_server_file *server = &trust.server;
    trust.has_new_address = strcmp(server->address, home->server.address) != 0 ||
                            strcmp(server->publish, home->server.publish) != 0;
    trust.has_new_curve_key =
        memcmp(server->curve_key, home->server.curve_key, sizeof server->curve_key) != 0;
    trust.has_new_log_key =
        !th_tlog_vkey_equal(&server->log_key, &th_log_keys_current(&home->log_keys)->vkey);
    trust.has_new_log = strcmp(server->realm, th_home_log(home)) != 0;
    *ret_trust = trust;
    return 0;
}

static int vouch(struct th_home *home, const struct th_home_trust *trust, uint64_t held)
{
    struct th_log_keys *next = th_arena_alloc(&home->arena, sizeof *next);
    if (next == NULL)
        return TH_E_NO_MEMORY;
    *next = home->log_keys;
    uint64_t after = 0;
    if (!trust->has_new_log) {
        uint64_t least = th_log_keys_current(next)->after + 1;
        after = held > least ? held : least;
    }
    char path[TH_HOME_PATH_SIZE];
    int status = th_log_keys_vouch(next, &trust->server.log_key, after);
    if (status == 0)
        status = th_home_path(home->folder, TH_KEYS_FILE, path);
    if (status == 0)
        status = th_keys_file_write(path, next);
    if (status == 0)
        home->log_keys = *next;
    return status;
}

/* The proof in node.pub is for one log and one CURVE key. */
static int rewrite_public(const struct th_home *home, const struct th_server_file *server,
                          struct th_problems *problems)
{
    char path[TH_HOME_PATH_SIZE];
    struct th_home_keys *keys;
    int status = th_home_path(home->folder, "node.key", path);
    if (status == 0)
        status = th_home_keys_read(path, problems, &keys);
    if (status != 0)
        return status;
    status = th_home_write_public(home->folder, home->unit_code, server, keys);
    th_home_keys_free(keys);
    return status;
}

int th_home_trust_server(struct th_home *home, const struct th_home_trust *trust, uint64_t held,
                         struct th_problems *problems)
{
    /* node.yaml goes on pinning the first key: the history hangs on it. */
    struct th_server_file server = trust->server;
    memcpy(server.realm, home->server.realm, sizeof server.realm);
    server.log_key = home->server.log_key;
    int status = trust->has_new_log_key ? vouch(home, trust, held) : 0;
    if (status == 0)
        status = rewrite_public(home, &trust->server, problems);
    if (status == 0)
        status = th_home_settings_replace(home->folder, home->unit_code, &server);
    return status;
}
