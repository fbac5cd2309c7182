/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/exchange/server_file.h"

#include "base/yaml.h"
#include "proto/exchange/fields.h"

#include <stdio.h>
#include <string.h>

static const char *const keys[] = {"server",  "format",    "mode",    "realm", "address",
                                   "publish", "curve_key", "log_key", "units", "plans"};
static const struct th_yaml_word modes[] = {{"live", TH_MODE_LIVE},
                                            {"rehearsal", TH_MODE_REHEARSAL}};

static int write_fields(FILE *out, const void *value)
{
    const struct th_server_file *file = value;
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t vkey_size;
    int status = th_tlog_vkey_encode(&file->log_key, sizeof(vkey), vkey, &vkey_size);
    if (status != TH_OK)
        return status;
    fprintf(out,
            "# Máy chủ tổng hợp: đưa tệp này cho từng đơn vị (tonghop-node init DIR --unit MÃ\n"
            "# --server TỆP-NÀY). Không có bí mật nào trong tệp.\n"
            "server: tonghop\nformat: 1\nmode: %s\nrealm: \"%s\"\naddress: \"%s\"\n"
            "publish: \"%s\"\nlog_key: \"%s\"\ncurve_key: ",
            file->mode == TH_MODE_LIVE ? "live" : "rehearsal", file->realm, file->address,
            file->publish, vkey);
    status = th_exchange_write_base64(out, file->curve_key, sizeof(file->curve_key));
    if (status != TH_OK)
        return status;
    fprintf(out, "units: ");
    status = th_exchange_write_base64(out, file->units.bytes, file->units.size);
    fprintf(out, "plans:\n");
    for (size_t i = 0; status == TH_OK && i < file->plans_count; i++) {
        fprintf(out, "  - ");
        status = th_exchange_write_base64(out, file->plans[i].bytes, file->plans[i].size);
    }
    return status;
}

int th_server_file_write(const char *path, const struct th_server_file *file)
{
    return th_exchange_write(path, write_fields, file);
}

static int read_plans(struct th_yaml_node root, struct th_arena *arena,
                      struct th_problems *problems, struct th_server_file *file)
{
    struct th_yaml_node list;
    int status = th_yaml_require(root, "plans", problems, &list);
    if (status == TH_OK)
        status = th_yaml_check_kind(list, TH_YAML_SEQUENCE, problems);
    if (status != TH_OK)
        return status;
    size_t count = th_yaml_count(list);
    if (count > TH_LIMIT_PLANS_MAX) {
        th_yaml_report(list, problems, NULL, "quá %d kế hoạch", TH_LIMIT_PLANS_MAX);
        return TH_E_LIMIT;
    }
    struct th_bytes *plans = th_arena_alloc_array(arena, count, sizeof(*plans));
    if (plans == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        status = th_exchange_read_bytes(th_yaml_item(list, i), TH_LIMIT_PLAN_ENCODED_MAX, arena,
                                        problems, &plans[i]);
        if (status != TH_OK)
            return status;
    }
    file->plans = plans;
    file->plans_count = count;
    return TH_OK;
}

static int read_log_key(struct th_yaml_node root, struct th_problems *problems,
                        struct th_server_file *file)
{
    char text[TH_NOTE_VKEY_TEXT_MAX + 1];
    int status = th_exchange_get_text(root, "log_key", sizeof(text), problems, text);
    if (status != TH_OK)
        return status;
    status = th_tlog_vkey_decode(text, strlen(text), &file->log_key);
    if (status == TH_OK && strcmp(file->log_key.name, file->realm) == 0)
        return TH_OK;
    struct th_yaml_node node;
    if (th_yaml_get(root, "log_key", &node))
        th_yaml_report(node, problems, TH_EXCHANGE_ASK_AGAIN,
                       status == TH_OK ? "khóa sổ không mang tên của realm"
                                       : "khóa sổ không đúng dạng");
    return TH_E_INVALID;
}

static int read_fields(struct th_yaml_node root, struct th_arena *arena,
                       struct th_problems *problems, struct th_server_file *file)
{
    int status =
        th_exchange_check_head(root, "server.yaml", keys, sizeof(keys) / sizeof(keys[0]), problems);
    if (status != TH_OK)
        return status;
    struct th_yaml_node node;
    int mode = 0;
    status = th_yaml_require(root, "mode", problems, &node);
    if (status == TH_OK)
        status = th_yaml_read_word(node, modes, 2, problems, &mode);
    if (status == TH_OK)
        status = th_exchange_get_text(root, "realm", sizeof(file->realm), problems, file->realm);
    if (status == TH_OK)
        status =
            th_exchange_get_text(root, "address", sizeof(file->address), problems, file->address);
    if (status == TH_OK)
        status =
            th_exchange_get_text(root, "publish", sizeof(file->publish), problems, file->publish);
    if (status == TH_OK)
        status = th_exchange_get_bytes(root, "curve_key", sizeof(file->curve_key), problems,
                                       file->curve_key);
    if (status == TH_OK)
        status = read_log_key(root, problems, file);
    if (status == TH_OK)
        status = th_yaml_require(root, "units", problems, &node);
    if (status == TH_OK)
        status =
            th_exchange_read_bytes(node, TH_LIMIT_UNITS_ENCODED_MAX, arena, problems, &file->units);
    if (status == TH_OK)
        status = read_plans(root, arena, problems, file);
    file->mode = (enum th_mode)mode;
    return status;
}

int th_server_file_read(const char *path, struct th_arena *arena, struct th_problems *problems,
                        struct th_server_file *ret_file)
{
    struct th_yaml *doc;
    int status = th_yaml_open(path, TH_SERVER_FILE_SIZE_MAX, problems, &doc);
    if (status != TH_OK)
        return status;
    struct th_server_file file = {0};
    status = read_fields(th_yaml_root(doc), arena, problems, &file);
    th_yaml_close(doc);
    if (status == TH_OK)
        *ret_file = file;
    return status;
}
