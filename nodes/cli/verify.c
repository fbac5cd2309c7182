/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/verify.h"

#include "base/file.h"
#include "base/options.h"
#include "nodes/cli/facts.h"
#include "proto/form/form.h"
#include "nodes/home/home.h"
#include "proto/exchange/keys_file.h"
#include "proto/exchange/server_file.h"
#include "proto/tlog/hash.h"
#include "proto/wire/plan.h"
#include "proto/wire/submission.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define ARENA_BYTES   ((size_t)256 * 1024)
#define BUDGET_BYTES  ((size_t)512 * 1024 * 1024)
#define TEXT_SIZE_MAX TH_NOTE_SIZE_MAX /* a refusal may be so long; a receipt is not */

struct verifying {
    const struct th_verify *request;
    struct th_arena arena;
    struct th_problems problems;
    struct th_log_keys log_keys;       /* what is trusted */
    const struct th_log_keys *history; /* with --keys: the file as it is; else NULL */
    struct th_server_file server;      /* with --server */
    struct th_unit_list units;
    const struct th_plan **plans;
    size_t plans_count;
    struct th_receipt receipt;
    struct th_refusal refusal;            /* the one of the two that was asked for */
    const struct th_judgement *judgement; /* with --report */
    const char *title;                    /* of its obligation */
};

static int complain(struct verifying *verifying, const char *path, const char *hint, int status)
{
    if (th_problems_total(&verifying->problems) > 0)
        (void)!th_problems_print(&verifying->problems, verifying->request->err);
    th_cli_complain(verifying->request->err, verifying->request->command, hint, "%s: %s", path,
                    th_status_text(status));
    return th_status_exit_code(status);
}

static int decode_plans(struct verifying *verifying)
{
    struct th_unit *rows;
    uint32_t count;
    int status = th_wire_units_decode(verifying->server.units, &verifying->arena, &rows, &count);
    if (status == 0)
        status = th_unit_list_build(&verifying->arena, rows, count, NULL, NULL, &verifying->units);
    size_t plans_count = verifying->server.plans_count;
    verifying->plans =
        th_arena_alloc_array(&verifying->arena, plans_count, sizeof *verifying->plans);
    if (verifying->plans == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; status == 0 && i < plans_count; i++) {
        struct th_plan *plan = th_arena_alloc(&verifying->arena, sizeof *plan);
        if (plan == NULL)
            return TH_E_NO_MEMORY;
        status = th_wire_plan_decode(verifying->server.plans[i], &verifying->arena, plan);
        verifying->plans[verifying->plans_count++] = plan;
    }
    return status;
}

/* Which option gives the key that is trusted by itself; NULL: none does. */
static const char *pinning(const struct th_verify *request)
{
    return request->log_key != NULL       ? "--log-key"
           : request->server_path != NULL ? "--server"
                                          : NULL;
}

/* Whom to trust: the key, whose name is the log's. */
static int load_key(struct verifying *verifying)
{
    const struct th_verify *request = verifying->request;
    if (pinning(request) == NULL)
        return EX_OK; /* --keys alone */
    if (request->log_key != NULL) {
        struct th_vkey log_key;
        int status = th_tlog_vkey_decode(request->log_key, strlen(request->log_key), &log_key);
        if (status == 0)
            th_log_keys_begin(&log_key, &verifying->log_keys);
        return status == 0 ? EX_OK
                           : complain(verifying, "--log-key",
                                      "chép đúng dòng log_key trong server.yaml", status);
    }
    int status = th_server_file_read(request->server_path, &verifying->arena, &verifying->problems,
                                     &verifying->server);
    if (status == 0)
        status = decode_plans(verifying);
    if (status != 0)
        return complain(verifying, request->server_path, "xin lại server.yaml từ nơi nhận", status);
    th_log_keys_begin(&verifying->server.log_key, &verifying->log_keys);
    return EX_OK;
}

/* The history of keys. Beside a key that is trusted by itself it is believed only as far as that
 * key goes on in it: anybody can write a history that ends with the key, or goes on without its
 * signature. */
static int load_keys(struct verifying *verifying)
{
    const struct th_verify *request = verifying->request;
    struct th_log_keys *keys = th_arena_alloc(&verifying->arena, sizeof *keys);
    if (keys == NULL)
        return complain(verifying, request->keys_path, NULL, TH_E_NO_MEMORY);
    int status = th_keys_file_read(request->keys_path, &verifying->problems, keys);
    if (status != 0)
        return complain(verifying, request->keys_path, "xin lại log-keys.yaml từ người mình tin",
                        status);
    verifying->history = keys;
    const char *pinned_by = pinning(request);
    if (pinned_by == NULL) {
        verifying->log_keys = *keys;
        return EX_OK;
    }
    const struct th_vkey pinned = verifying->log_keys.items[0].vkey;
    if (th_log_keys_behind(keys, &pinned, &verifying->log_keys) != 0) {
        th_cli_complain(request->err, request->command,
                        "hai bên không cùng một nơi nhận; xin lại từ người mình tin",
                        "%s không có khóa của %s", request->keys_path, pinned_by);
        return EX_DATAERR;
    }
    return EX_OK;
}

/* With these keys. */
static int open_with(struct verifying *verifying, struct th_bytes text,
                     const struct th_log_keys *keys)
{
    return verifying->request->is_refusal
               ? th_refusal_open(text, keys, &verifying->arena, &verifying->refusal)
               : th_receipt_open(text, keys, &verifying->arena, &verifying->receipt);
}

static int complain_of_kind(const struct th_verify *request)
{
    th_cli_complain(request->err, request->command,
                    request->is_refusal ? "bỏ --refusal, hoặc chọn đúng tệp"
                                        : "thêm --refusal; nó không chứng minh là đã nhận",
                    request->is_refusal ? "%s không phải giấy từ chối"
                                        : "%s là giấy từ chối, không phải biên nhận",
                    request->path);
    return EX_DATAERR;
}

/* Opens the receipt, or the refusal. One that holds only by a key that the trusted one has not
 * signed for gets an answer of its own. */
static int open_text(struct verifying *verifying, struct th_bytes text)
{
    const struct th_verify *request = verifying->request;
    if (th_refusal_is_named(text) != request->is_refusal)
        return complain_of_kind(request);
    int status = open_with(verifying, text, &verifying->log_keys);
    if (status == 0)
        return EX_OK;
    const char *pinned_by = pinning(request);
    if (status == TH_E_VERSION)
        th_cli_complain(request->err, request->command,
                        "chọn đúng tệp do " TH_CLI_PROGRAM
                        " receipt --out ghi ra; nếu đúng tệp thì dùng chương trình mới hơn",
                        "%s không phải %s, hoặc theo phiên bản mới hơn chương trình này",
                        request->path, request->is_refusal ? "giấy từ chối" : "biên nhận");
    else if (pinned_by != NULL && verifying->history != NULL &&
             open_with(verifying, text, verifying->history) == 0)
        th_cli_complain(request->err, request->command,
                        "nếu chính log-keys.yaml lấy từ người mình tin: đưa --keys một mình; nếu "
                        "không: dùng khóa, hoặc server.yaml, của lúc ấy",
                        "%s: CHƯA KIỂM TRA ĐƯỢC: ký bằng một khóa mà khóa của %s không ký cho",
                        request->path, pinned_by);
    else if (pinned_by != NULL && verifying->history == NULL &&
             (status == TH_E_SIGNATURE || status == TH_E_INVALID))
        th_cli_complain(
            request->err, request->command,
            "nơi nhận đã đổi khóa hoặc khôi phục từ đó thì đưa --keys log-keys.yaml, lấy "
            "từ người mình tin, thay cho khóa này; nếu không thì đừng tin tệp này",
            "%s: %s KHÔNG ĐÚNG theo khóa của %s: %s", request->path,
            request->is_refusal ? "GIẤY TỪ CHỐI" : "BIÊN NHẬN", pinned_by, th_status_text(status));
    else
        th_cli_complain(request->err, request->command,
                        "đừng tin tệp này; xin lại bản gốc do tonghop-node receipt --out ghi ra",
                        "%s: %s KHÔNG ĐÚNG: %s", request->path,
                        request->is_refusal ? "GIẤY TỪ CHỐI" : "BIÊN NHẬN", th_status_text(status));
    return status == TH_E_NO_MEMORY ? EX_OSERR : EX_DATAERR;
}

/* The digest that the form has as this revision and number. */
static int digest_as(struct verifying *verifying, const struct th_report *form,
                     const struct th_judgement *judgement, struct th_digest *ret_digest)
{
    struct th_report report = *form;
    struct th_bytes bytes;
    report.revision = judgement->revision;
    if (report.number == 0)
        report.number = judgement->number;
    int status = th_wire_report_encode(&report, &verifying->arena, &bytes);
    if (status != 0)
        return status;
    const struct th_tlog_part part = {bytes.bytes, bytes.size};
    th_tlog_sha256(&part, 1, ret_digest);
    return 0;
}

static int read_form(struct verifying *verifying, struct th_report *ret_report)
{
    const struct th_leaf *leaf = &verifying->receipt.leaf;
    char code[TH_UNIT_CODE_MAX + 1] = "";
    if (leaf->unit.size > 0 && leaf->unit.size <= TH_UNIT_CODE_MAX)
        memcpy(code, leaf->unit.bytes, leaf->unit.size);
    struct th_form_context context = {
        .plans = verifying->plans,
        .plans_count = verifying->plans_count,
        .unit = th_home_find_unit(&verifying->units, code, th_day_of_instant(leaf->time))};
    if (context.unit == NULL)
        return TH_E_NOT_FOUND;
    const struct th_plan *plan;
    const struct th_obligation *obligation;
    int status = th_form_read(verifying->request->report_path, &context, &verifying->arena,
                              &verifying->problems, ret_report, &plan, &obligation);
    if (status == 0)
        verifying->title = obligation->title;
    return status;
}

static int check_report(struct verifying *verifying)
{
    struct th_report report;
    int status = read_form(verifying, &report);
    bool is_machine = status == TH_E_CONFIG || status == TH_E_IO; /* the problems say what to do */
    if (status != 0)
        return complain(verifying, verifying->request->report_path,
                        is_machine ? NULL : "biểu phải của đúng đơn vị trong biên nhận", status);
    const struct th_leaf *leaf = &verifying->receipt.leaf;
    for (size_t i = 0; i < leaf->judgements_count; i++) {
        struct th_digest digest;
        status = digest_as(verifying, &report, &leaf->judgements[i], &digest);
        if (status != 0)
            return complain(verifying, verifying->request->report_path, NULL, status);
        if (th_tlog_digest_equal(&digest, &leaf->judgements[i].report_digest))
            verifying->judgement = &leaf->judgements[i];
    }
    if (verifying->judgement != NULL && (verifying->judgement->verdict == TH_VERDICT_ACCEPTED ||
                                         verifying->judgement->verdict == TH_VERDICT_DUPLICATE))
        return EX_OK;
    enum th_receipt_fault fault =
        verifying->judgement == NULL ? TH_RECEIPT_NOT_NAMED : TH_RECEIPT_NOT_TAKEN;
    th_cli_complain(verifying->request->err, verifying->request->command,
                    "biểu có thể đã sửa sau khi nộp; dùng đúng biểu đã nộp", "%s: %s",
                    verifying->request->path, th_receipt_fault_text(fault));
    return EX_DATAERR;
}

static int tell(struct verifying *verifying)
{
    const struct th_verify *request = verifying->request;
    const struct th_facts facts = {.receipt = &verifying->receipt,
                                   .only = verifying->judgement,
                                   .units = request->server_path != NULL ? &verifying->units : NULL,
                                   .title = verifying->title};
    const struct th_log_key *key =
        request->is_refusal ? verifying->refusal.key : verifying->receipt.key;
    if (!request->as_json) {
        (void)fprintf(request->out, "%s ĐÚNG, đã ký bằng khóa %s\n",
                      request->is_refusal ? "GIẤY TỪ CHỐI" : "BIÊN NHẬN", key->vkey.name);
        if (request->is_refusal)
            th_facts_print_refusal(&verifying->refusal, NULL, request->out);
        else
            th_facts_print(&facts, request->out);
        return EX_OK;
    }
    json_t *object = request->is_refusal ? th_facts_refusal_json(&verifying->refusal, NULL)
                                         : th_facts_json(&facts);
    int failed = object == NULL ||
                 json_dumpf(object, request->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0;
    (void)fputc('\n', request->out);
    json_decref(object);
    return failed ? EX_OSERR : EX_OK;
}

static int verify_with(struct verifying *verifying)
{
    const struct th_verify *request = verifying->request;
    int code = load_key(verifying);
    if (code == EX_OK && request->keys_path != NULL)
        code = load_keys(verifying);
    if (code != EX_OK)
        return code;
    char *text;
    size_t size;
    int status = th_file_read(request->path, TEXT_SIZE_MAX, &text, &size);
    if (status != 0)
        return complain(verifying, request->path, "kiểm tra đường dẫn", status);
    code = open_text(verifying, (struct th_bytes){(const uint8_t *)text, size});
    if (code == EX_OK && request->report_path != NULL)
        code = check_report(verifying);
    if (code == EX_OK)
        code = tell(verifying);
    free(text);
    return code;
}

int th_verify_receipt(const struct th_verify *verify)
{
    bool has_server = verify->server_path != NULL, has_key = verify->log_key != NULL;
    if ((has_server && has_key) || (!has_server && !has_key && verify->keys_path == NULL) ||
        (verify->report_path != NULL && (verify->server_path == NULL || verify->is_refusal))) {
        th_cli_complain(verify->err, verify->command,
                        "--verify TỆP --server server.yaml [--report BIỂU], hoặc --log-key KHÓA, "
                        "hoặc --keys log-keys.yaml",
                        "cần một trong --server, --log-key (không cả hai) và --keys; --report cần "
                        "--server, và không dùng cùng --refusal");
        return EX_USAGE;
    }
    struct verifying verifying = {.request = verify};
    th_arena_init(&verifying.arena, ARENA_BYTES, BUDGET_BYTES);
    th_problems_init(&verifying.problems);
    int code = verify_with(&verifying);
    th_problems_deinit(&verifying.problems);
    th_arena_deinit(&verifying.arena);
    return code;
}
