/* SPDX-License-Identifier: Apache-2.0 */
/* enroll: whose keys have authority over which unit. */
#include "aggregator/cli/inquiry.h"
#include "aggregator/cli/site.h"
#include "aggregator/cli/write.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/exchange/node_file.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { NODE_FILE_SIZE_MAX = 16 * 1024, PAIRS_MAX = TH_CONTROL_ACTS_MAX };

#define NEW_KEY_HINT                                                                               \
    "đơn vị chạy tonghop-node init ở một thư mục khác để có khóa mới, rồi gửi node.pub mới"

static bool explain_enrolment(void *context, size_t act, int status, char text[TH_SITE_TEXT_SIZE],
                              const char **ret_hint)
{
    struct th_inquiry *inquiry = context;
    struct th_wanted wanted;
    bool known = th_inquiry_look_up(inquiry, &inquiry->acts[act].sign_key, &wanted);
    switch (status) {
    case TH_E_EXISTS:
        *ret_hint = known && wanted.row.revoked
                        ? NEW_KEY_HINT
                        : "không phải làm gì; nếu muốn thêm một máy nữa cho đơn vị thì máy đó chạy "
                          "tonghop-node init riêng";
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "%s",
                       known && wanted.row.revoked
                           ? "khóa này đã bị thu hồi, không ghi danh lại được"
                           : "khóa này đã được ghi danh từ trước");
        return true;
    case TH_E_FORBIDDEN:
        *ret_hint = "mỗi đơn vị có khóa riêng: " NEW_KEY_HINT;
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "khóa này đang là của đơn vị %s",
                       known ? wanted.code : "khác");
        return true;
    case TH_E_NOT_FOUND:
        *ret_hint = "kiểm tra mã, hoặc thêm đơn vị trước bằng tonghop-aggregator units import";
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "hiện không có đơn vị này trong kho");
        return true;
    case TH_E_LIMIT:
        *ret_hint = "thu hồi khóa không dùng nữa bằng tonghop-aggregator revoke";
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "đơn vị đã có %d khóa", TH_LIMIT_KEYS_PER_UNIT_MAX);
        return true;
    default:
        return false;
    }
}

/* ---- enroll ---- */

/* Made for the log as it is now or under an earlier name: the node follows by itself. */
static int verify_file(const struct th_node_file *file, const struct th_log_keys *keys,
                       const struct th_secrets *secrets)
{
    int status = TH_E_INVALID;
    for (size_t i = keys->count; i > 0 && status == TH_E_INVALID; i--)
        status = th_node_file_verify(file, keys->items[i - 1].vkey.name, secrets->curve_secret);
    return status;
}

/* One act from one node.pub, whose proofs are checked here, where the CURVE secret is. */
static int read_pair(const struct th_site *site, const struct th_secrets *secrets,
                     const struct th_log_keys *keys, const char *unit, const char *path,
                     struct th_arena *arena, struct th_act *act)
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
    status = verify_file(&file, keys, secrets);
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
    act->unit = th_text_of(unit);
    act->sign_key = file.sign_key;
    memcpy(act->curve_key, file.curve_key, sizeof act->curve_key);
    act->content = (struct th_bytes){(const uint8_t *)proof, size};
    return EX_OK;
}

static int enroll_known(const struct th_site *site, const struct th_secrets *secrets,
                        const struct th_log_keys *keys, char **pairs, size_t count)
{
    char operator_name[TH_SITE_OPERATOR_SIZE];
    struct th_arena arena;
    (void)th_site_operator(operator_name);
    th_arena_init(&arena, 65536, (size_t)256 << 20);
    struct th_act *acts = th_arena_alloc_array(&arena, count, sizeof *acts);
    struct th_act_result *results = th_arena_alloc_array(&arena, count, sizeof *results);
    const char **names = th_arena_alloc_array(&arena, count, sizeof *names);
    int code = acts == NULL || results == NULL || names == NULL ? EX_OSERR : EX_OK;
    for (size_t i = 0; i < count && code == EX_OK; i++) {
        names[i] = pairs[2 * i];
        acts[i].operator= th_text_of(operator_name);
        code = read_pair(site, secrets, keys, pairs[2 * i], pairs[2 * i + 1], &arena, &acts[i]);
    }
    if (code == EX_OK)
        code = th_site_carry(site, acts, count, results);
    if (code == EX_OK)
        code =
            th_inquiry_report(site, "đã ghi danh", explain_enrolment, names, acts, results, count);
    th_arena_deinit(&arena);
    return code;
}

static int enroll(const struct th_site *site, char **pairs, size_t count)
{
    struct th_store *store = NULL;
    struct th_secrets secrets;
    int code = th_site_open(site, TH_STORE_READ, &store);
    if (code != EX_OK)
        return code;
    struct th_log_keys *keys = malloc(sizeof *keys);
    code = keys == NULL ? EX_OSERR : EX_OK;
    if (keys != NULL)
        *keys = *th_store_log_keys(store);
    if (code == EX_OK)
        code = th_site_secrets(site, th_store_identity(store), &secrets);
    th_store_close(store);
    if (code == EX_OK) {
        code = enroll_known(site, &secrets, keys, pairs, count);
        th_secrets_deinit(&secrets);
    }
    free(keys);
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
        .examples = "  tonghop-aggregator enroll /var/lib/tonghop/kho 23734 node.pub\n"
                    "  tonghop-aggregator enroll var/demo/aggregator 23734 a/node.pub 64-snv "
                    "b/node.pub\n",
        .options = options,
        .options_count = 1,
        .operands_min = 3,
        .operands_max = 1 + 2 * PAIRS_MAX};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    if (count % 2 == 0) {
        th_cli_complain(err, "enroll", "mỗi đơn vị một tệp: DIR ĐƠN-VỊ NODE.PUB ...",
                        "thiếu tệp của đơn vị %s", operands[count - 1]);
        return EX_USAGE;
    }
    const struct th_site site = {"enroll", operands[0], as_json, out, err};
    return th_cli_finish(out, err, enroll(&site, operands + 1, (size_t)(count - 1) / 2));
}
