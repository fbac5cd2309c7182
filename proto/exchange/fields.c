/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/exchange/fields.h"

#include "base/file.h"
#include "proto/tlog/hash.h"

#include <stdlib.h>
#include <string.h>

int th_exchange_check_head(struct th_yaml_node root, const char *file_name, const char *const *keys,
                           size_t keys_count, struct th_problems *problems)
{
    static const struct th_yaml_word name[] = {{"tonghop", 1}};
    struct th_yaml_node node;
    int value;
    int64_t format;
    if (!th_yaml_get(root, keys[0], &node)) {
        th_yaml_report(root, problems, "kiểm tra xem có lấy nhầm tệp khác không",
                       "đây không phải tệp %s: thiếu khóa \"%s\"", file_name, keys[0]);
        return TH_E_INVALID;
    }
    int status = th_yaml_check_keys(root, keys, keys_count, problems);
    if (status == TH_OK)
        status = th_yaml_read_word(node, name, 1, problems, &value);
    if (status == TH_OK)
        status = th_yaml_require(root, "format", problems, &node);
    if (status == TH_OK)
        status = th_yaml_read_int(node, 1, 1, problems, &format);
    return status;
}

int th_exchange_get_text(struct th_yaml_node root, const char *key, size_t capacity,
                         struct th_problems *problems, char *ret_text)
{
    struct th_yaml_node node;
    struct th_text text;
    int status = th_yaml_require(root, key, problems, &node);
    if (status == TH_OK)
        status = th_yaml_read_text(node, TH_TEXT_ONE_LINE, capacity - 1, problems, &text);
    if (status == TH_OK)
        memcpy(ret_text, text.bytes, text.size + 1);
    return status;
}

static int decode(struct th_yaml_node node, struct th_text text, size_t capacity,
                  struct th_problems *problems, uint8_t *ret_bytes, size_t *ret_size)
{
    int status = th_tlog_base64_decode(text.bytes, text.size, capacity, ret_bytes, ret_size);
    if (status != TH_OK)
        th_yaml_report(node, problems, TH_EXCHANGE_ASK_AGAIN, "không phải base64 đúng dạng");
    return status == TH_OK ? TH_OK : TH_E_INVALID;
}

int th_exchange_decode_bytes(struct th_yaml_node node, size_t capacity,
                             struct th_problems *problems, uint8_t *ret_bytes, size_t *ret_size)
{
    struct th_text text;
    int status =
        th_yaml_read_text(node, TH_TEXT_ONE_LINE, th_tlog_base64_size(capacity), problems, &text);
    return status == TH_OK ? decode(node, text, capacity, problems, ret_bytes, ret_size) : status;
}

int th_exchange_get_bytes(struct th_yaml_node root, const char *key, size_t size,
                          struct th_problems *problems, uint8_t *ret_bytes)
{
    struct th_yaml_node node;
    size_t got = 0;
    int status = th_yaml_require(root, key, problems, &node);
    if (status == TH_OK)
        status = th_exchange_decode_bytes(node, size, problems, ret_bytes, &got);
    if (status == TH_OK && got != size) {
        th_yaml_report(node, problems, TH_EXCHANGE_ASK_AGAIN, "phải có đúng %zu byte", size);
        return TH_E_INVALID;
    }
    return status;
}

int th_exchange_read_bytes(struct th_yaml_node node, size_t size_max, struct th_arena *arena,
                           struct th_problems *problems, struct th_bytes *ret_bytes)
{
    struct th_text text;
    int status =
        th_yaml_read_text(node, TH_TEXT_ONE_LINE, th_tlog_base64_size(size_max), problems, &text);
    if (status != TH_OK)
        return status;
    size_t capacity = text.size / 4 * 3;
    uint8_t *bytes = th_arena_alloc(arena, capacity);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    size_t size = 0;
    status = decode(node, text, capacity, problems, bytes, &size);
    if (status == TH_OK)
        *ret_bytes = (struct th_bytes){bytes, size};
    return status;
}

int th_exchange_write_base64(FILE *out, const void *bytes, size_t size)
{
    size_t capacity = th_tlog_base64_size(size) + 1;
    char *text = malloc(capacity);
    if (text == NULL)
        return TH_E_NO_MEMORY;
    size_t length;
    int status = th_tlog_base64_encode(bytes, size, capacity, text, &length);
    if (status == TH_OK && fprintf(out, "\"%s\"\n", text) < 0)
        status = TH_E_IO;
    free(text);
    return status;
}

int th_exchange_write(const char *path, int (*print)(FILE *out, const void *value),
                      const void *value)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return TH_E_NO_MEMORY;
    int status = print(out, value);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed)
        status = status == TH_OK ? TH_E_NO_MEMORY : status;
    if (status == TH_OK)
        status = th_file_write(path, 0644, text, size);
    free(text);
    return status;
}
