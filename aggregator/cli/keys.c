/* SPDX-License-Identifier: Apache-2.0 */
/* enroll and revoke: whose keys have authority over which unit. */
#include "aggregator/cli/site.h"
#include "aggregator/cli/write.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/exchange/node_file.h"
#include "proto/tlog/hash.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { NODE_FILE_SIZE_MAX = 16 * 1024, PAIRS_MAX = TH_CONTROL_ACTS_MAX };

/* ---- enroll ---- */

/* One act from one node.pub, whose proofs are checked here, where the CURVE secret is. */
static int read_pair(const struct th_site *site, const struct th_secrets *secrets,
                     const char *realm, const char *unit, const char *path, struct th_arena *arena,
                     struct th_act *act)
{
    struct th_problems problems;
    struct th_node_file file;
    char *bytes = NULL;
    size_t size = 0;
    th_problems_init(&problems);
    int status = th_node_file_read(path, &problems, &file);
    int code = status < 0 ? th_site_tell(site, &problems, path, status) : EX_OK;
    th_problems_deinit(&problems);
    if (code != EX_OK)
        return code;
    if (strcmp(file.unit, unit) != 0) {
        th_cli_complain(site->err, site->command, "ghi đúng mã đơn vị, hoặc xin lại tệp",
                        "%s là của đơn vị %s, không phải %s", path, file.unit, unit);
        return EX_DATAERR;
    }
    status = th_node_file_verify(&file, realm, secrets->curve_secret);
    if (status < 0) {
        th_cli_complain(site->err, site->command,
                        "đơn vị chạy lại tonghop-node init với server.yaml của nơi này", "%s: %s",
                        path,
                        status == TH_E_INVALID ? "lập cho một nơi nhận khác"
                                               : "không chứng minh được là giữ cả hai khóa bí mật");
        return th_status_exit_code(status);
    }
    status = th_file_read(path, NODE_FILE_SIZE_MAX, &bytes, &size);
    char *proof = status < 0 ? NULL : th_arena_copy_text(arena, bytes, size);
    free(bytes);
    if (proof == NULL)
        return EX_OSERR;
    act->kind = TH_ACT_ENROL;
    act->unit = (struct th_text){unit, strlen(unit)};
    act->sign_key = file.sign_key;
    memcpy(act->curve_key, file.curve_key, sizeof act->curve_key);
    act->content = (struct th_bytes){(const uint8_t *)proof, size};
    return EX_OK;
}

static int enroll(const struct th_site *site, char **pairs, size_t count)
{
    struct th_store_identity identity;
    struct th_secrets secrets;
    char operator_name[TH_SITE_OPERATOR_SIZE];
    int code = th_site_identity(site, &identity);
    if (code == EX_OK)
        code = th_site_secrets(site, identity.realm, &secrets);
    if (code != EX_OK)
        return code;
    (void)th_site_operator(operator_name);
    struct th_arena arena;
    th_arena_init(&arena, 65536, (size_t)256 << 20);
    struct th_act *acts = th_arena_alloc_array(&arena, count, sizeof *acts);
    struct th_act_result *results = th_arena_alloc_array(&arena, count, sizeof *results);
    const char **names = th_arena_alloc_array(&arena, count, sizeof *names);
    code = acts == NULL || results == NULL || names == NULL ? EX_OSERR : EX_OK;
    for (size_t i = 0; i < count && code == EX_OK; i++) {
        names[i] = pairs[2 * i];
        acts[i].operator=(struct th_text){operator_name, strlen(operator_name)};
        code = read_pair(site, &secrets, identity.realm, pairs[2 * i], pairs[2 * i + 1], &arena,
                         &acts[i]);
    }
    if (code == EX_OK)
        code = th_site_carry(site, acts, count, results);
    if (code == EX_OK)
        code = th_site_report(site, "đã ghi danh", names, results, count);
    th_secrets_deinit(&secrets);
    th_arena_deinit(&arena);
    return code;
}

int th_cli_enroll(int argc, char **argv, FILE *out, FILE *err)
{
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "json", .help = "in ra JSON", .flag = &as_json}};
    const struct th_cli_command command = {
        .name = "enroll",
        .operands = "DIR ĐƠN-VỊ NODE.PUB [ĐƠN-VỊ NODE.PUB]...",
        .summary = "Ghi danh khóa của đơn vị: từ đó đơn vị kết nối và nộp báo cáo được.\n"
                   "Nhiều cặp trong một lệnh được ghi cùng một lần.",
        .examples = "  tonghop-aggregator enroll /var/lib/tonghop 23734 node.pub\n"
                    "  tonghop-aggregator enroll var/demo/aggregator 23734 a/node.pub 64-snv "
                    "b/node.pub\n",
        .options = options,
        .options_count = 1,
        .operands_min = 3,
        .operands_max = 1 + 2 * PAIRS_MAX};
    char **operands = NULL;
    int count = 0;
    switch (th_cli_parse(&command, argc, argv, out, err, &operands, &count)) {
    case TH_CLI_STOP:
        return th_cli_finish(out, err, EX_OK);
    case TH_CLI_WRONG:
        return EX_USAGE;
    case TH_CLI_RUN:
        break;
    }
    if (count % 2 == 0) {
        th_cli_complain(err, "enroll", "mỗi đơn vị một tệp: DIR ĐƠN-VỊ NODE.PUB ...",
                        "thiếu tệp của đơn vị %s", operands[count - 1]);
        return EX_USAGE;
    }
    const struct th_site site = {"enroll", operands[0], as_json, out, err};
    return th_cli_finish(out, err, enroll(&site, operands + 1, (size_t)(count - 1) / 2));
}

/* ---- revoke ---- */

/* Base64, hex, or a node.pub. */
static int read_key(const struct th_site *site, const char *word, struct th_sign_key *ret_key)
{
    struct th_digest key; /* 32 bytes like a key, in the same two texts */
    if (th_tlog_digest_decode(word, strlen(word), &key) == 0 ||
        th_tlog_digest_from_hex(word, strlen(word), &key) == 0) {
        memcpy(ret_key->bytes, key.bytes, sizeof ret_key->bytes);
        return EX_OK;
    }
    struct th_problems problems;
    struct th_node_file file;
    th_problems_init(&problems);
    int status = th_node_file_read(word, &problems, &file);
    th_problems_deinit(&problems);
    if (status < 0) {
        th_cli_complain(site->err, site->command,
                        "ghi khóa ký dạng base64 hoặc hex, hoặc tệp "
                        "node.pub",
                        "\"%s\" không phải khóa cũng không phải tệp node.pub đọc được", word);
        return EX_DATAERR;
    }
    *ret_key = file.sign_key;
    return EX_OK;
}

int th_cli_revoke(int argc, char **argv, FILE *out, FILE *err)
{
    bool as_json = false;
    const struct th_cli_option options[] = {
        {.name = "json", .help = "in ra JSON", .flag = &as_json}};
    const struct th_cli_command command = {
        .name = "revoke",
        .operands = "DIR ĐƠN-VỊ KHÓA",
        .summary = "Thu hồi một khóa của đơn vị: thông điệp kế tiếp của nó đã bị từ chối.",
        .examples = "  tonghop-aggregator revoke /var/lib/tonghop 23734 node.pub\n"
                    "  tonghop-aggregator revoke /var/lib/tonghop 23734 KHÓA-KÝ-BASE64\n",
        .options = options,
        .options_count = 1,
        .operands_min = 3,
        .operands_max = 3};
    char **operands = NULL;
    int count = 0;
    switch (th_cli_parse(&command, argc, argv, out, err, &operands, &count)) {
    case TH_CLI_STOP:
        return th_cli_finish(out, err, EX_OK);
    case TH_CLI_WRONG:
        return EX_USAGE;
    case TH_CLI_RUN:
        break;
    }
    char operator_name[TH_SITE_OPERATOR_SIZE];
    (void)th_site_operator(operator_name);
    const struct th_site site = {"revoke", operands[0], as_json, out, err};
    struct th_act act = {.kind = TH_ACT_REVOKE,
                         .unit = {operands[1], strlen(operands[1])},
                         .operator= {operator_name, strlen(operator_name)} };
    struct th_act_result result;
    const char *name = operands[1];
    int code = read_key(&site, operands[2], &act.sign_key);
    if (code == EX_OK)
        code = th_site_carry(&site, &act, 1, &result);
    if (code == EX_OK)
        code = th_site_report(&site, "đã thu hồi khóa", &name, &result, 1);
    return th_cli_finish(out, err, code);
}
