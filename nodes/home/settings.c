/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/home/settings.h"

#include "base/file.h"
#include "base/yaml.h"
#include "nodes/home/home.h"
#include "proto/exchange/fields.h"
#include "proto/tlog/hash.h"

#include <stdio.h>
#include <string.h>

#define SETTINGS_SIZE_MAX 8192
#define HINT              "khôi phục node.yaml từ bản sao, hoặc tạo nút mới bằng tonghop-node init"

static const char *const keys[] = {"node",    "format",  "unit",      "mode",   "realm",
                                   "address", "publish", "curve_key", "log_key"};
static const struct th_yaml_word modes[] = {{"live", TH_MODE_LIVE},
                                            {"rehearsal", TH_MODE_REHEARSAL}};

static int write(const char *folder, const char *unit, const struct th_server_file *server,
                 int (*put)(const char *path, mode_t mode, const void *bytes, size_t size))
{
    char path[TH_HOME_PATH_SIZE], text[SETTINGS_SIZE_MAX];
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1], curve[2 * TH_CURVE_KEY_SIZE];
    size_t size;
    int status = th_home_path(folder, "node.yaml", path);
    if (status == 0)
        status = th_tlog_vkey_encode(&server->log_key, sizeof vkey, vkey, &size);
    if (status == 0)
        status = th_tlog_base64_encode(server->curve_key, sizeof server->curve_key, sizeof curve,
                                       curve, &size);
    if (status != 0)
        return status;
    int length = snprintf(text, sizeof text,
                          "# Nút báo cáo của một đơn vị. Không sửa bằng tay.\n"
                          "node: settings\nformat: 1\nunit: \"%s\"\nmode: %s\nrealm: \"%s\"\n"
                          "address: \"%s\"\npublish: \"%s\"\ncurve_key: \"%s\"\nlog_key: \"%s\"\n",
                          unit, server->mode == TH_MODE_LIVE ? "live" : "rehearsal", server->realm,
                          server->address, server->publish, curve, vkey);
    if (length < 0 || length >= (int)sizeof text)
        return TH_E_LIMIT;
    return put(path, 0600, text, (size_t)length);
}

int th_home_settings_write(const char *folder, const char *unit,
                           const struct th_server_file *server)
{
    return write(folder, unit, server, th_file_create);
}

int th_home_settings_replace(const char *folder, const char *unit,
                             const struct th_server_file *server)
{
    return write(folder, unit, server, th_file_write);
}

static int get_curve_key(struct th_yaml_node root, struct th_problems *problems, uint8_t *ret_key)
{
    char text[64];
    size_t size;
    int status = th_exchange_get_text(root, "curve_key", sizeof text, problems, text);
    if (status != 0)
        return status;
    uint8_t key[TH_CURVE_KEY_SIZE];
    status = th_tlog_base64_decode(text, strlen(text), sizeof key, key, &size);
    if (status != 0 || size != sizeof key) {
        th_yaml_report(root, problems, HINT, "curve_key không phải khóa 32 byte");
        return TH_E_INVALID;
    }
    memcpy(ret_key, key, sizeof key);
    return 0;
}

static int get_log_key(struct th_yaml_node root, struct th_problems *problems,
                       struct th_vkey *ret_key)
{
    char text[TH_NOTE_VKEY_TEXT_MAX + 1];
    int status = th_exchange_get_text(root, "log_key", sizeof text, problems, text);
    if (status != 0)
        return status;
    status = th_tlog_vkey_decode(text, strlen(text), ret_key);
    if (status != 0)
        th_yaml_report(root, problems, HINT, "log_key không phải khóa kiểm tra của nhật ký");
    return status;
}

static int read_fields(struct th_yaml_node root, struct th_problems *problems, char *ret_unit,
                       struct th_server_file *ret_server)
{
    struct th_server_file server = {0};
    char unit[TH_UNIT_CODE_MAX + 1];
    struct th_yaml_node node;
    int64_t format;
    int mode = 0;
    int status = th_yaml_check_keys(root, keys, sizeof keys / sizeof keys[0], problems);
    if (status == 0)
        status = th_yaml_require(root, "format", problems, &node);
    if (status == 0)
        status = th_yaml_read_int(node, 1, 1, problems, &format);
    if (status == 0)
        status = th_yaml_require(root, "mode", problems, &node);
    if (status == 0)
        status = th_yaml_read_word(node, modes, 2, problems, &mode);
    if (status == 0)
        status = th_exchange_get_text(root, "unit", sizeof unit, problems, unit);
    if (status == 0)
        status = th_exchange_get_text(root, "realm", sizeof server.realm, problems, server.realm);
    if (status == 0)
        status =
            th_exchange_get_text(root, "address", sizeof server.address, problems, server.address);
    if (status == 0)
        status =
            th_exchange_get_text(root, "publish", sizeof server.publish, problems, server.publish);
    if (status == 0)
        status = get_curve_key(root, problems, server.curve_key);
    if (status == 0)
        status = get_log_key(root, problems, &server.log_key);
    if (status == 0 && !th_unit_code_check(unit, strlen(unit))) {
        th_yaml_report(root, problems, HINT, "unit không phải mã đơn vị");
        status = TH_E_INVALID;
    }
    if (status != 0)
        return status;
    server.mode = (enum th_mode)mode;
    memcpy(ret_unit, unit, sizeof unit);
    *ret_server = server;
    return 0;
}

int th_home_settings_read(const char *folder, struct th_problems *problems,
                          char ret_unit[TH_UNIT_CODE_MAX + 1], struct th_server_file *ret_server)
{
    char path[TH_HOME_PATH_SIZE];
    struct th_yaml *doc;
    int status = th_home_path(folder, "node.yaml", path);
    if (status == 0)
        status = th_yaml_open(path, SETTINGS_SIZE_MAX, problems, &doc);
    if (status != 0)
        return status;
    status = read_fields(th_yaml_root(doc), problems, ret_unit, ret_server);
    th_yaml_close(doc);
    return status;
}
