/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/exchange/node_file.h"

#include "base/file.h"
#include "base/yaml.h"
#include "proto/exchange/fields.h"
#include "proto/tlog/hash.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FILE_SIZE_MAX  ((size_t)16 * 1024)
#define DOMAIN         "tonghop node v1\n"
#define STATEMENT_SIZE (sizeof(DOMAIN) + TH_LIMIT_REALM_SIZE_MAX + TH_UNIT_CODE_MAX + 2 + 64)
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

static const char *const keys[] = {"node",     "format",    "realm",     "unit",
                                   "sign_key", "curve_key", "signature", "box"};

/* What the node signs. Returns its size. */
static size_t write_statement(const struct th_node_file *file, uint8_t statement[STATEMENT_SIZE])
{
    char head[STATEMENT_SIZE];
    int size = snprintf(head, sizeof(head), DOMAIN "%s\n%s\n", file->realm, file->unit);
    uint8_t *at = statement;
    memcpy(at, head, (size_t)size);
    at += size;
    memcpy(at, file->sign_key.bytes, TH_SIGN_KEY_SIZE);
    at += TH_SIGN_KEY_SIZE;
    memcpy(at, file->curve_key, TH_CURVE_KEY_SIZE);
    return (size_t)size + TH_SIGN_KEY_SIZE + TH_CURVE_KEY_SIZE;
}

int th_node_file_prove(struct th_node_file *file, const uint8_t sign_secret[64],
                       const uint8_t curve_secret[32],
                       const uint8_t server_curve_key[TH_CURVE_KEY_SIZE], const uint8_t nonce[24])
{
    uint8_t statement[STATEMENT_SIZE];
    size_t size = write_statement(file, statement);
    memcpy(file->box, nonce, crypto_box_NONCEBYTES);
    if (crypto_box_easy(file->box + crypto_box_NONCEBYTES, file->sign_key.bytes, TH_SIGN_KEY_SIZE,
                        nonce, server_curve_key, curve_secret) != 0)
        return TH_E_INVALID; /* the server's key is a point of small order */
    crypto_sign_detached(file->signature, NULL, statement, size, sign_secret);
    return TH_OK;
}

int th_node_file_verify_signature(const struct th_node_file *file)
{
    uint8_t statement[STATEMENT_SIZE];
    size_t size = write_statement(file, statement);
    return crypto_sign_verify_detached(file->signature, statement, size, file->sign_key.bytes) == 0
               ? TH_OK
               : TH_E_SIGNATURE;
}

int th_node_file_verify(const struct th_node_file *file, const char *realm,
                        const uint8_t server_curve_secret[32])
{
    if (strcmp(file->realm, realm) != 0)
        return TH_E_INVALID;
    int status = th_node_file_verify_signature(file);
    if (status != TH_OK)
        return status;
    uint8_t opened[TH_SIGN_KEY_SIZE];
    if (crypto_box_open_easy(opened, file->box + crypto_box_NONCEBYTES,
                             TH_NODE_BOX_SIZE - crypto_box_NONCEBYTES, file->box, file->curve_key,
                             server_curve_secret) != 0)
        return TH_E_SIGNATURE;
    return sodium_memcmp(opened, file->sign_key.bytes, sizeof(opened)) == 0 ? TH_OK
                                                                            : TH_E_SIGNATURE;
}

int th_node_file_write(const char *path, const struct th_node_file *file)
{
    char sign_key[BASE64_SIZE(TH_SIGN_KEY_SIZE)], curve_key[BASE64_SIZE(TH_CURVE_KEY_SIZE)];
    char signature[BASE64_SIZE(TH_SIGNATURE_SIZE)], box[BASE64_SIZE(TH_NODE_BOX_SIZE)];
    size_t size;
    int status = th_tlog_base64_encode(file->sign_key.bytes, TH_SIGN_KEY_SIZE, sizeof(sign_key),
                                       sign_key, &size);
    if (status == TH_OK)
        status = th_tlog_base64_encode(file->curve_key, TH_CURVE_KEY_SIZE, sizeof(curve_key),
                                       curve_key, &size);
    if (status == TH_OK)
        status = th_tlog_base64_encode(file->signature, TH_SIGNATURE_SIZE, sizeof(signature),
                                       signature, &size);
    if (status == TH_OK)
        status = th_tlog_base64_encode(file->box, TH_NODE_BOX_SIZE, sizeof(box), box, &size);
    if (status != TH_OK)
        return status;
    char text[2048];
    int length = snprintf(text, sizeof(text),
                          "# Khóa công khai của đơn vị: gửi tệp này cho tỉnh để ghi danh.\n"
                          "# Không có bí mật nào trong tệp.\n"
                          "node: tonghop\nformat: 1\nrealm: \"%s\"\nunit: \"%s\"\n"
                          "sign_key: \"%s\"\ncurve_key: \"%s\"\nsignature: \"%s\"\nbox: \"%s\"\n",
                          file->realm, file->unit, sign_key, curve_key, signature, box);
    if (length < 0 || (size_t)length >= sizeof(text))
        return TH_E_LIMIT;
    return th_file_write(path, 0644, text, (size_t)length);
}

static int read_fields(struct th_yaml_node root, struct th_problems *problems,
                       struct th_node_file *file)
{
    int status =
        th_exchange_check_head(root, "node.pub", keys, sizeof(keys) / sizeof(keys[0]), problems);
    if (status == TH_OK)
        status = th_exchange_get_text(root, "realm", sizeof(file->realm), problems, file->realm);
    if (status == TH_OK)
        status = th_exchange_get_text(root, "unit", sizeof(file->unit), problems, file->unit);
    if (status == TH_OK && !th_unit_code_check(file->unit, strlen(file->unit))) {
        struct th_yaml_node node;
        if (th_yaml_get(root, "unit", &node))
            th_yaml_report(node, problems, TH_EXCHANGE_ASK_AGAIN, "mã đơn vị không đúng dạng");
        status = TH_E_INVALID;
    }
    if (status == TH_OK)
        status = th_exchange_get_bytes(root, "sign_key", TH_SIGN_KEY_SIZE, problems,
                                       file->sign_key.bytes);
    if (status == TH_OK)
        status =
            th_exchange_get_bytes(root, "curve_key", TH_CURVE_KEY_SIZE, problems, file->curve_key);
    if (status == TH_OK)
        status =
            th_exchange_get_bytes(root, "signature", TH_SIGNATURE_SIZE, problems, file->signature);
    if (status == TH_OK)
        status = th_exchange_get_bytes(root, "box", TH_NODE_BOX_SIZE, problems, file->box);
    return status;
}

static int read_doc(struct th_yaml *doc, struct th_problems *problems,
                    struct th_node_file *ret_file)
{
    struct th_node_file file = {0};
    int status = read_fields(th_yaml_root(doc), problems, &file);
    th_yaml_close(doc);
    if (status == TH_OK)
        *ret_file = file;
    return status;
}

int th_node_file_read(const char *path, struct th_problems *problems, struct th_node_file *ret_file)
{
    struct th_yaml *doc;
    int status = th_yaml_open(path, FILE_SIZE_MAX, problems, &doc);
    return status != TH_OK ? status : read_doc(doc, problems, ret_file);
}

int th_node_file_parse(const char *name, const char *bytes, size_t size,
                       struct th_problems *problems, struct th_node_file *ret_file)
{
    struct th_yaml *doc;
    int status = th_yaml_open_memory(name, bytes, size, FILE_SIZE_MAX, problems, &doc);
    return status != TH_OK ? status : read_doc(doc, problems, ret_file);
}
