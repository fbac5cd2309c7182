/* SPDX-License-Identifier: Apache-2.0 */
/* revoke: a key has no authority any more, from now on or from an instant on. */
#include "aggregator/cli/inquiry.h"
#include "aggregator/cli/scan.h"
#include "aggregator/cli/write.h"
#include "aggregator/shell/clock_linux.h"
#include "base/options.h"
#include "proto/exchange/node_file.h"
#include "proto/tlog/hash.h"

#include <jansson.h>
#include <string.h>
#include <sysexits.h>

#define ARENA_BUDGET_BYTES ((size_t)256 << 20)

struct revoking {
    struct th_site site;
    struct th_act act;
    struct th_act_result result;
    bool has_from;
    /* What was accepted from the key with a stamp at or after the instant. */
    struct th_arena arena;
    json_t *accepted;
    th_instant effective;
    bool is_future;
};

static bool explain(void *context, size_t act, int status, char text[TH_SITE_TEXT_SIZE],
                    const char **ret_hint)
{
    struct th_inquiry *inquiry = context;
    struct th_wanted wanted;
    if (status == TH_E_EXISTS) {
        *ret_hint = "không phải làm gì; muốn sớm hơn nữa thì ghi --from sớm hơn";
        (void)snprintf(text, TH_SITE_TEXT_SIZE,
                       "khóa này đã có lệnh thu hồi từ lúc đó hoặc sớm hơn");
        return true;
    }
    if (status != TH_E_NOT_FOUND)
        return false;
    if (!th_inquiry_look_up(inquiry, &inquiry->acts[act].sign_key, &wanted)) {
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

/* ---- what was accepted since then ---- */

static json_t *accepted_item(const struct th_scanned *scanned, uint64_t position, size_t index)
{
    char when[TH_INSTANT_TEXT_SIZE];
    const struct th_report *report = &scanned->submission.reports[index];
    return json_pack("{s:I, s:s%, s:s%, s:s%, s:I, s:I, s:s}", "position", (json_int_t)position,
                     "unit", report->unit.bytes, report->unit.size, "plan", report->plan.bytes,
                     report->plan.size, "obligation", report->obligation.bytes,
                     report->obligation.size, "number", (json_int_t)report->number, "revision",
                     (json_int_t)report->revision, "received",
                     th_instant_format(th_scan_received(scanned, index), when));
}

static int take_accepted(void *context, struct th_view *view, uint64_t position)
{
    struct revoking *revoking = context;
    struct th_scanned scanned;
    th_arena_reset(&revoking->arena);
    int status = th_scan_submission(view, position, &revoking->arena, &scanned);
    if (status < 0)
        return status == TH_E_NOT_FOUND ? 0 : status;
    if (memcmp(scanned.submission.header.key.bytes, revoking->act.sign_key.bytes,
               sizeof revoking->act.sign_key.bytes) != 0)
        return 0;
    for (size_t i = 0; i < scanned.leaf.judgements_count; i++) {
        if (!scanned.leaf.judgements[i].accepted ||
            th_scan_received(&scanned, i).ms < revoking->effective.ms)
            continue;
        json_t *item = accepted_item(&scanned, position, i);
        if (item == NULL || json_array_append_new(revoking->accepted, item) != 0)
            return TH_E_NO_MEMORY;
    }
    return 0;
}

/* The store's time: of a rehearsal its own. */
static int read_times(struct revoking *revoking, struct th_store *store, uint64_t *ret_from,
                      uint64_t *ret_size)
{
    struct th_view *view = NULL;
    struct th_clock_row clock;
    th_instant now = th_clock_now().wall;
    int status = th_view_open(store, &view);
    if (status < 0)
        return status;
    status = th_view_clock(view, &clock);
    if (status == 0 && th_store_identity(store)->mode == TH_MODE_REHEARSAL)
        now = clock.time;
    revoking->effective = revoking->has_from ? revoking->act.to : now;
    revoking->is_future = revoking->effective.ms > now.ms;
    th_instant before = {revoking->effective.ms - 1};
    if (status == 0)
        status = th_view_position_at(view, before, ret_from);
    *ret_size = th_view_size(view);
    th_view_close(view);
    return status;
}

static int find_accepted(struct revoking *revoking)
{
    struct th_store *store = NULL;
    uint64_t from = 0;
    uint64_t size = 0;
    int code = th_site_open(&revoking->site, TH_STORE_READ, &store);
    if (code != EX_OK)
        return code;
    int status = read_times(revoking, store, &from, &size);
    if (status == 0 && revoking->has_from && !revoking->is_future)
        status = th_scan(store, from, size, take_accepted, revoking);
    th_store_close(store);
    if (status == 0)
        return EX_OK;
    th_cli_complain(revoking->site.err, "revoke", NULL,
                    "đã thu hồi khóa, nhưng không đọc được những gì đã nhận từ khóa này: %s",
                    th_status_text(status));
    return th_status_exit_code(status);
}

static void print_accepted(const struct revoking *revoking)
{
    FILE *out = revoking->site.out;
    size_t i;
    const json_t *item;
    if (json_array_size(revoking->accepted) == 0) {
        (void)fputs("Không có báo cáo nào của khóa này được nhận từ lúc ấy.\n", out);
        return;
    }
    (void)fprintf(
        out,
        "Đã nhận %zu báo cáo của khóa này từ lúc ấy; chúng vẫn được tính. Hỏi lại đơn vị, "
        "sai thì đơn vị nộp bản sửa bằng khóa mới:\n",
        json_array_size(revoking->accepted));
    json_array_foreach(revoking->accepted, i, item)
    {
        (void)fprintf(out, "  mục %lld: %s, %s, đơn vị %s, bản %lld, nhận %s\n",
                      (long long)json_integer_value(json_object_get(item, "position")),
                      json_string_value(json_object_get(item, "plan")),
                      json_string_value(json_object_get(item, "obligation")),
                      json_string_value(json_object_get(item, "unit")),
                      (long long)json_integer_value(json_object_get(item, "revision")),
                      json_string_value(json_object_get(item, "received")));
    }
}

static int print_json(struct revoking *revoking)
{
    char when[TH_INSTANT_TEXT_SIZE];
    json_t *all =
        json_pack("{s:[{s:s, s:s, s:I}], s:s, s:O}", "results", "name", revoking->act.unit.bytes,
                  "status", "ok", "position", (json_int_t)revoking->result.position, "effective",
                  th_instant_format(revoking->effective, when), "accepted", revoking->accepted);
    return th_site_answer(&revoking->site, all);
}

static int tell(struct revoking *revoking)
{
    char when[TH_SPOKEN_TEXT_SIZE];
    const char *name = revoking->act.unit.bytes;
    const struct th_site *site = &revoking->site;
    bool is_done = revoking->result.status == 0 && revoking->result.has_position;
    if (!is_done)
        return th_inquiry_report(site, "đã thu hồi khóa", explain, &name, &revoking->act,
                                 &revoking->result, 1);
    int code = find_accepted(revoking);
    if (code != EX_OK)
        return code;
    if (site->as_json)
        return print_json(revoking);
    code = th_inquiry_report(site, "đã thu hồi khóa", explain, &name, &revoking->act,
                             &revoking->result, 1);
    if (revoking->is_future)
        (void)fprintf(site->out, "Có hiệu lực từ %s: trước lúc ấy khóa vẫn dùng được.\n",
                      th_instant_format_spoken(revoking->effective, when));
    else if (revoking->has_from)
        print_accepted(revoking);
    return code;
}

static int revoke(struct revoking *revoking, const char *key)
{
    char operator_name[TH_SITE_OPERATOR_SIZE];
    (void)th_site_operator(operator_name);
    revoking->act.kind = TH_ACT_REVOKE;
    revoking->act.operator= th_text_of(operator_name);
    int code = read_key(&revoking->site, key, &revoking->act.sign_key);
    if (code == EX_OK)
        code = th_site_carry(&revoking->site, &revoking->act, 1, &revoking->result);
    if (code != EX_OK)
        return code;
    revoking->accepted = json_array();
    if (revoking->accepted == NULL)
        return EX_OSERR;
    th_arena_init(&revoking->arena, 65536, ARENA_BUDGET_BYTES);
    code = tell(revoking);
    th_arena_deinit(&revoking->arena);
    json_decref(revoking->accepted);
    return code;
}

int th_cli_revoke(int argc, char **argv, FILE *out, FILE *err)
{
    struct revoking revoking = {.site = {.command = "revoke", .out = out, .err = err}};
    const char *from = NULL;
    const struct th_cli_option options[] = {
        {.name = "from",
         .value_name = "LÚC",
         .help = "từ lúc này (đã qua hoặc sắp tới); mặc định là từ bây giờ",
         .text = &from},
        {.name = "json", .help = "in ra JSON", .flag = &revoking.site.as_json}};
    const struct th_cli_command command = {
        .name = "revoke",
        .operands = "DIR ĐƠN-VỊ KHÓA",
        .summary = "Thu hồi một khóa của đơn vị: thông điệp kế tiếp của nó đã bị từ chối.",
        .examples = "  tonghop-aggregator revoke /var/lib/tonghop/kho 23734 node.pub\n"
                    "  tonghop-aggregator revoke /var/lib/tonghop/kho 23734 KHÓA-KÝ-BASE64\n"
                    "  tonghop-aggregator revoke /var/lib/tonghop/kho 23734 node.pub --from "
                    "2025-05-10T08:00\n",
        .options = options,
        .options_count = 2,
        .operands_min = 3,
        .operands_max = 3};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    revoking.has_from = from != NULL;
    if (from != NULL &&
        (th_instant_parse(from, strlen(from), &revoking.act.to) < 0 || revoking.act.to.ms <= 0)) {
        th_cli_complain(err, "revoke", "viết như 2025-05-10 hoặc 2025-05-10T17:00 (giờ Việt Nam)",
                        "không hiểu thời điểm \"%s\"", from);
        return EX_USAGE;
    }
    revoking.site.folder = operands[0];
    revoking.act.unit = th_text_of(operands[1]);
    return th_cli_finish(out, err, revoke(&revoking, operands[2]));
}
