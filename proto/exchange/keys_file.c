/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/exchange/keys_file.h"

#include "base/yaml.h"
#include "proto/exchange/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const file_keys[] = {"log_keys", "format", "keys"};
static const char *const item_keys[] = {"vkey", "after", "succession"};

static int write_key(FILE *out, const struct th_log_key *key)
{
    char vkey[TH_NOTE_VKEY_TEXT_MAX + 1];
    size_t vkey_size;
    int status = th_tlog_vkey_encode(&key->vkey, sizeof(vkey), vkey, &vkey_size);
    if (status != TH_OK)
        return status;
    if (strpbrk(vkey, "\"\\") != NULL)
        return TH_E_TEXT; /* the file could not be read */
    fprintf(out, "  - vkey: \"%s\"\n    after: %" PRIu64 "\n", vkey, key->after);
    if (key->succession_size == 0)
        return TH_OK;
    fprintf(out, "    succession: ");
    return th_exchange_write_base64(out, key->succession, key->succession_size);
}

int th_keys_file_print(FILE *out, const struct th_log_keys *keys)
{
    fprintf(out, "# Các khóa đã ký sổ tiếp nhận, từ khóa đầu tiên: đưa tệp này cho người kiểm tra\n"
                 "# biên nhận. Không có bí mật nào trong tệp. Khóa đầu phải lấy từ nơi tin cậy.\n"
                 "log_keys: tonghop\nformat: 1\nkeys:\n");
    int status = TH_OK;
    for (size_t i = 0; status == TH_OK && i < keys->count; i++)
        status = write_key(out, &keys->items[i]);
    return status;
}

static int print_value(FILE *out, const void *value)
{
    return th_keys_file_print(out, value);
}

int th_keys_file_write(const char *path, const struct th_log_keys *keys)
{
    return th_exchange_write(path, print_value, keys);
}

/* One item of the file, before anything is believed. */
struct item {
    struct th_yaml_node node;
    struct th_vkey vkey;
    uint64_t after;
    size_t succession_size;
    uint8_t succession[TH_SUCCESSION_SIZE_MAX];
};

static int read_item(struct th_yaml_node node, struct th_problems *problems, struct item *ret_item)
{
    char text[TH_NOTE_VKEY_TEXT_MAX + 1];
    struct th_yaml_node value;
    int64_t after = 0;
    ret_item->node = node;
    ret_item->succession_size = 0;
    int status =
        th_yaml_check_keys(node, item_keys, sizeof(item_keys) / sizeof(item_keys[0]), problems);
    if (status == TH_OK)
        status = th_exchange_get_text(node, "vkey", sizeof(text), problems, text);
    if (status != TH_OK)
        return status;
    if (th_tlog_vkey_decode(text, strlen(text), &ret_item->vkey) != TH_OK) {
        if (th_yaml_get(node, "vkey", &value))
            th_yaml_report(value, problems, TH_EXCHANGE_ASK_AGAIN, "khóa sổ không đúng dạng");
        return TH_E_INVALID;
    }
    status = th_yaml_require(node, "after", problems, &value);
    if (status == TH_OK)
        status = th_yaml_read_int(value, 0, INT64_MAX, problems, &after);
    ret_item->after = (uint64_t)after;
    if (status == TH_OK && th_yaml_get(node, "succession", &value))
        status = th_exchange_decode_bytes(value, sizeof(ret_item->succession), problems,
                                          ret_item->succession, &ret_item->succession_size);
    return status;
}

static int begin(const struct item *item, struct th_problems *problems, struct th_log_keys *keys)
{
    if (item->after != 0 || item->succession_size > 0) {
        th_yaml_report(item->node, problems, TH_EXCHANGE_ASK_AGAIN,
                       "khóa đầu phải có after: 0 và không có succession");
        return TH_E_INVALID;
    }
    th_log_keys_begin(&item->vkey, keys);
    return TH_OK;
}

static const char *reason_text(int status)
{
    switch (status) {
    case TH_E_SIGNATURE:
        return "khóa trước không ký cho khóa này";
    case TH_E_EXISTS:
        return "khóa này, hoặc sổ mang tên này, đã có ở trên";
    case TH_E_RANGE:
        return "after phải lớn hơn của khóa trước";
    default:
        return "succession không đúng dạng";
    }
}

/* Appends a later key: what the file says of it has to be what the key before signed. */
static int follow(const struct item *item, struct th_problems *problems, struct th_log_keys *keys)
{
    struct th_succession named;
    int status;
    if (item->succession_size == 0) {
        status = th_log_keys_vouch(keys, &item->vkey, item->after);
    } else {
        const char *note = (const char *)item->succession;
        status = th_tlog_succession_parse(note, item->succession_size, &named);
        if (status == TH_OK &&
            (named.after != item->after || !th_tlog_vkey_equal(&named.next, &item->vkey)))
            status = TH_E_SIGNATURE;
        if (status == TH_OK)
            status = th_log_keys_succeed(keys, note, item->succession_size);
    }
    if (status != TH_OK)
        th_yaml_report(item->node, problems, TH_EXCHANGE_ASK_AGAIN, "%s", reason_text(status));
    return status == TH_E_EXISTS ? TH_E_INVALID : status; /* it is the file that is wrong */
}

static int read_keys(struct th_yaml_node root, struct th_problems *problems,
                     struct th_log_keys *keys)
{
    struct th_yaml_node list;
    int status = th_exchange_check_head(root, TH_KEYS_FILE, file_keys,
                                        sizeof(file_keys) / sizeof(file_keys[0]), problems);
    if (status == TH_OK)
        status = th_yaml_require(root, "keys", problems, &list);
    if (status == TH_OK)
        status = th_yaml_check_kind(list, TH_YAML_SEQUENCE, problems);
    if (status != TH_OK)
        return status;
    size_t count = th_yaml_count(list);
    if (count == 0 || count > TH_LOG_KEYS_MAX) {
        th_yaml_report(list, problems, TH_EXCHANGE_ASK_AGAIN, "phải có từ 1 đến %d khóa",
                       TH_LOG_KEYS_MAX);
        return count == 0 ? TH_E_INVALID : TH_E_LIMIT;
    }
    for (size_t i = 0; status == TH_OK && i < count; i++) {
        struct item item;
        status = read_item(th_yaml_item(list, i), problems, &item);
        if (status == TH_OK)
            status = i == 0 ? begin(&item, problems, keys) : follow(&item, problems, keys);
    }
    return status;
}

int th_keys_file_read(const char *path, struct th_problems *problems, struct th_log_keys *ret_keys)
{
    struct th_yaml *doc;
    int status = th_yaml_open(path, TH_KEYS_FILE_SIZE_MAX, problems, &doc);
    if (status != TH_OK)
        return status;
    struct th_log_keys *keys = malloc(sizeof(*keys));
    status = keys == NULL ? TH_E_NO_MEMORY : read_keys(th_yaml_root(doc), problems, keys);
    th_yaml_close(doc);
    if (status == TH_OK)
        *ret_keys = *keys;
    free(keys);
    return status;
}
