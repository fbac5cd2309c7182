/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/shell/config.h"

#include "base/file.h"
#include "base/yaml.h"

#include <stdio.h>
#include <string.h>

enum {
    CONFIG_SIZE_MAX = 64 * 1024,
    VERIFIERS_MAX = 16,
    QUOTA_MAX = 1000000,
    SCRUB_HOURS = 24,
    SCRUB_HOURS_MAX = 24 * 366,
    SCRUB_REST_MAX = 60 * 60 * 1000
};

static const char *const keys[] = {
    "aggregator",  "format",      "listen",        "publish", "verifiers", "quota_per_second",
    "quota_burst", "scrub_hours", "scrub_rest_ms", "http",    "http_host"};

void th_config_default(struct th_config *ret_config)
{
    *ret_config = (struct th_config){.listen = "tcp://127.0.0.1:7411",
                                     .publish = "tcp://127.0.0.1:7412",
                                     .verifiers = 2,
                                     .quota_per_second = 200,
                                     .quota_burst = 2000,
                                     .scrub_hours = SCRUB_HOURS,
                                     .http = "127.0.0.1:7480"};
}

int th_config_check_address(const char *address)
{
    const char *port = strrchr(address, ':');
    size_t size = strlen(address);
    int64_t number;
    if (size > TH_CONFIG_ADDRESS_MAX || strncmp(address, "tcp://", 6) != 0 || port < address + 7)
        return TH_E_INVALID;
    for (size_t i = 0; i < size; i++)
        if (address[i] <= ' ' || address[i] > '~' || address[i] == '"' || address[i] == '\\')
            return TH_E_INVALID;
    if (strcmp(port + 1, "*") == 0)
        return 0;
    return th_text_parse_int(port + 1, strlen(port + 1), 1, 65535, &number) < 0 ? TH_E_INVALID : 0;
}

/* Kept apart from the server, which binds what this lets pass: whoever only reads the settings
 * needs no server. */
int th_config_check_http(const char *address)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *colon = strrchr(address, ':');
    int64_t number;
    if (strcmp(address, "none") == 0)
        return 0;
    if (colon == NULL || colon == address || strlen(address) > TH_CONFIG_HTTP_MAX ||
        (strcmp(colon + 1, "*") != 0 &&
         th_text_parse_int(colon + 1, strlen(colon + 1), 1, 65535, &number) < 0))
        return TH_E_SYNTAX;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
        if (strlen(hosts[i]) == (size_t)(colon - address) &&
            memcmp(hosts[i], address, strlen(hosts[i])) == 0)
            return 0;
    return TH_E_FORBIDDEN;
}

int th_config_write(const char *path, const struct th_config *config)
{
    char text[1400];
    int size = snprintf(
        text, sizeof text,
        "# Máy chủ tổng hợp lắng nghe ở đâu. Sửa xong thì chạy lại.\n"
        "aggregator: tonghop\nformat: 1\n"
        "listen: \"%s\"\npublish: \"%s\"\n"
        "# Số luồng kiểm tra chữ ký, 1 đến 16.\nverifiers: %u\n"
        "# Mỗi đơn vị được gửi bao nhiêu thông điệp một giây, và dồn bao nhiêu.\n"
        "quota_per_second: %u\nquota_burst: %u\n"
        "# Mỗi bao nhiêu giờ đọc lại toàn bộ kho một lần để tìm chỗ hỏng; 0: không.\n"
        "scrub_hours: %u\n"
        "# Trang xem và API, chỉ trên máy này; none: không mở. Xem từ máy khác:\n"
        "# đặt máy chủ trung gian có TLS và đăng nhập (docs/OPERATIONS.md).\n"
        "http: \"%s\"\n",
        config->listen, config->publish, config->verifiers, config->quota_per_second,
        config->quota_burst, config->scrub_hours, config->http[0] == 0 ? "none" : config->http);
    if (size < 0 || (size_t)size >= sizeof text)
        return TH_E_LIMIT;
    return th_file_write(path, 0600, text, (size_t)size);
}

static int read_address(struct th_yaml_node root, const char *key, struct th_problems *problems,
                        char ret_address[TH_CONFIG_ADDRESS_MAX + 1])
{
    struct th_yaml_node node;
    struct th_text text;
    int status = th_yaml_require(root, key, problems, &node);
    if (status == 0)
        status = th_yaml_read_text(node, TH_TEXT_ONE_LINE, TH_CONFIG_ADDRESS_MAX, problems, &text);
    if (status < 0)
        return status;
    if (th_config_check_address(text.bytes) < 0) {
        th_yaml_report(node, problems, "viết như tcp://127.0.0.1:7411", "không phải một địa chỉ");
        return TH_E_INVALID;
    }
    memcpy(ret_address, text.bytes, text.size + 1);
    return 0;
}

static int read_number(struct th_yaml_node root, const char *key, int64_t max,
                       struct th_problems *problems, uint32_t *ret_number)
{
    struct th_yaml_node node;
    int64_t number;
    int status = th_yaml_require(root, key, problems, &node);
    if (status == 0)
        status = th_yaml_read_int(node, 1, max, problems, &number);
    if (status == 0)
        *ret_number = (uint32_t)number;
    return status;
}

/* A key that may be missing: then the number stays. */
static int read_optional(struct th_yaml_node root, const char *key, int64_t max,
                         struct th_problems *problems, bool *ret_is_there, uint32_t *ret_number)
{
    struct th_yaml_node node;
    int64_t number;
    *ret_is_there = th_yaml_get(root, key, &node);
    if (!*ret_is_there)
        return 0;
    int status = th_yaml_read_int(node, 0, max, problems, &number);
    if (status == 0)
        *ret_number = (uint32_t)number;
    return status;
}

/* Both may be missing: then nothing is opened. */
static int read_http(struct th_yaml_node root, struct th_problems *problems,
                     char ret_address[TH_CONFIG_HTTP_MAX + 1])
{
    struct th_yaml_node node;
    struct th_text text;
    if (!th_yaml_get(root, "http", &node))
        return 0;
    int status = th_yaml_read_text(node, TH_TEXT_ONE_LINE, TH_CONFIG_HTTP_MAX, problems, &text);
    if (status < 0)
        return status;
    status = th_config_check_http(text.bytes);
    if (status == TH_E_FORBIDDEN)
        th_yaml_report(node, problems, TH_CONFIG_HTTP_HINT, "không phải địa chỉ của chính máy này");
    else if (status < 0)
        th_yaml_report(node, problems, "viết như 127.0.0.1:7480, hoặc none",
                       "không phải một địa chỉ");
    if (status < 0)
        return TH_E_INVALID;
    if (strcmp(text.bytes, "none") != 0)
        memcpy(ret_address, text.bytes, text.size + 1);
    return 0;
}

static int read_host(struct th_yaml_node root, struct th_problems *problems,
                     char ret_host[TH_CONFIG_ADDRESS_MAX + 1])
{
    struct th_yaml_node node;
    struct th_text text;
    if (!th_yaml_get(root, "http_host", &node))
        return 0;
    int status = th_yaml_read_text(node, TH_TEXT_ONE_LINE, TH_CONFIG_ADDRESS_MAX, problems, &text);
    if (status < 0)
        return status;
    for (size_t i = 0; i < text.size; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]",
                   text.bytes[i]) == NULL) {
            th_yaml_report(node, problems, "viết như tonghop.example.vn hoặc tên:cổng",
                           "không phải tên máy chủ");
            return TH_E_INVALID;
        }
    memcpy(ret_host, text.bytes, text.size + 1);
    return 0;
}

static int read_head(struct th_yaml_node root, struct th_problems *problems)
{
    static const struct th_yaml_word words[] = {{"tonghop", 0}};
    struct th_yaml_node node;
    int ignored;
    int status = th_yaml_check_keys(root, keys, sizeof keys / sizeof keys[0], problems);
    if (status < 0)
        return status;
    status = th_yaml_require(root, "aggregator", problems, &node);
    if (status == 0)
        status = th_yaml_read_word(node, words, 1, problems, &ignored);
    uint32_t format;
    return status < 0 ? status : read_number(root, "format", 1, problems, &format);
}

int th_config_read(const char *path, struct th_problems *problems, struct th_config *ret_config)
{
    struct th_yaml *doc = NULL;
    struct th_config config = {.scrub_hours = SCRUB_HOURS};
    uint32_t verifiers = 0;
    bool ignored;
    int status = th_yaml_open(path, CONFIG_SIZE_MAX, problems, &doc);
    if (status < 0)
        return status;
    struct th_yaml_node root = th_yaml_root(doc);
    /* All fields are looked at, so that one run shows every problem. */
    int statuses[] = {
        read_head(root, problems),
        read_address(root, "listen", problems, config.listen),
        read_address(root, "publish", problems, config.publish),
        read_number(root, "verifiers", VERIFIERS_MAX, problems, &verifiers),
        read_number(root, "quota_per_second", QUOTA_MAX, problems, &config.quota_per_second),
        read_number(root, "quota_burst", QUOTA_MAX, problems, &config.quota_burst),
        read_optional(root, "scrub_hours", SCRUB_HOURS_MAX, problems, &ignored,
                      &config.scrub_hours),
        read_optional(root, "scrub_rest_ms", SCRUB_REST_MAX, problems, &config.has_scrub_rest,
                      &config.scrub_rest_ms),
        read_http(root, problems, config.http),
        read_host(root, problems, config.http_host),
    };
    th_yaml_close(doc);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i] < 0)
            return statuses[i];
    config.verifiers = verifiers;
    *ret_config = config;
    return 0;
}
