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

/* ---- why an act was refused: the store is asked, once ---- */

struct inquiry {
    const struct th_site *site;
    const struct th_act *acts;
    struct th_store *store;
    struct th_view *view;
    struct th_arena arena;
};

static void inquiry_init(const struct th_site *site, const struct th_act *acts,
                         struct inquiry *inquiry)
{
    *inquiry = (struct inquiry){.site = site, .acts = acts};
    th_arena_init(&inquiry->arena, 65536, (size_t)64 << 20);
}

static void inquiry_deinit(struct inquiry *inquiry)
{
    if (inquiry->view != NULL)
        th_view_close(inquiry->view);
    if (inquiry->store != NULL)
        th_store_close(inquiry->store);
    th_arena_deinit(&inquiry->arena);
}

struct wanted {
    const struct th_sign_key *key;
    struct th_key_row row;
    char code[TH_UNIT_CODE_MAX + 1]; /* of the row's unit */
};

static int find_key(void *context, const struct th_key_row *row)
{
    struct wanted *wanted = context;
    if (memcmp(row->sign_key.bytes, wanted->key->bytes, sizeof row->sign_key.bytes) != 0)
        return 0;
    wanted->row = *row;
    return 1;
}

static int find_unit(void *context, uint32_t number, uint64_t position, const struct th_unit *unit)
{
    struct wanted *wanted = context;
    (void)position;
    if (number != wanted->row.unit)
        return 0;
    (void)snprintf(wanted->code, sizeof wanted->code, "%s", unit->code);
    return 1;
}

/* False when the store does not know the key, or cannot be read. */
static bool look_up(struct inquiry *inquiry, const struct th_sign_key *key, struct wanted *wanted)
{
    *wanted = (struct wanted){.key = key};
    if (inquiry->store == NULL &&
        th_store_open(inquiry->site->folder, TH_STORE_READ, NULL, NULL, &inquiry->store) < 0)
        return false;
    if (inquiry->view == NULL && th_view_open(inquiry->store, &inquiry->view) < 0)
        return false;
    th_arena_reset(&inquiry->arena);
    return th_view_keys(inquiry->view, find_key, wanted) == 1 &&
           th_view_units(inquiry->view, &inquiry->arena, find_unit, wanted) == 1;
}

#define NEW_KEY_HINT                                                                               \
    "đơn vị chạy tonghop-node init ở một thư mục khác để có khóa mới, rồi gửi node.pub mới"

static bool explain_enrolment(void *context, size_t act, int status, char text[TH_SITE_TEXT_SIZE],
                              const char **ret_hint)
{
    struct inquiry *inquiry = context;
    struct wanted wanted;
    bool known = look_up(inquiry, &inquiry->acts[act].sign_key, &wanted);
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

static bool explain_revocation(void *context, size_t act, int status, char text[TH_SITE_TEXT_SIZE],
                               const char **ret_hint)
{
    struct inquiry *inquiry = context;
    struct wanted wanted;
    if (status != TH_E_NOT_FOUND)
        return false;
    if (!look_up(inquiry, &inquiry->acts[act].sign_key, &wanted)) {
        *ret_hint = "kiểm tra khóa hoặc tệp node.pub: khóa phải là của một lần ghi danh ở kho này";
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "kho không có khóa này");
    } else if (strcmp(wanted.code, inquiry->acts[act].unit.bytes) != 0) {
        *ret_hint = "ghi đúng mã đơn vị của khóa";
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "khóa này là của đơn vị %s", wanted.code);
    } else {
        *ret_hint = "không phải làm gì";
        (void)snprintf(text, TH_SITE_TEXT_SIZE, "khóa này đã bị thu hồi từ trước");
    }
    return true;
}

static int report(const struct th_site *site, const char *done, th_site_explain *explain,
                  const char *const *names, const struct th_act *acts,
                  const struct th_act_result *results, size_t count)
{
    struct inquiry inquiry;
    inquiry_init(site, acts, &inquiry);
    const struct th_site_telling telling = {
        .done = done, .names = names, .explain = explain, .context = &inquiry};
    int code = th_site_report(site, &telling, results, count);
    inquiry_deinit(&inquiry);
    return code;
}

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
        code = th_site_secrets(site, &identity, &secrets);
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
        code = report(site, "đã ghi danh", explain_enrolment, names, acts, results, count);
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
        code = report(&site, "đã thu hồi khóa", explain_revocation, &name, &act, &result, 1);
    return th_cli_finish(out, err, code);
}
