/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/commands.h"

#include "base/file.h"
#include "base/options.h"
#include "base/text.h"
#include "nodes/cli/choice.h"
#include "nodes/cli/facts.h"
#include "nodes/cli/verify.h"
#include "nodes/store/outbox.h"
#include "proto/tlog/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define NAME         "receipt"
#define ARENA_BYTES  ((size_t)64 * 1024)
#define BUDGET_BYTES ((size_t)256 * 1024 * 1024)

struct request {
    const char *folder;
    const char *item; /* or NULL: the newest receipt */
    const char *out_path;
    const char *report_path;
    const char *earlier; /* or NULL: the newest receipt of the item */
    bool is_refusal;     /* the refusal instead */
    bool as_json;
    FILE *out, *err;
};

/* The item that was named, else the one with the newest receipt. */
static int find_item(const struct request *request, struct th_outbox *outbox,
                     struct th_arena *arena, struct th_outbox_item *ret_item)
{
    if (request->item != NULL) {
        int64_t id;
        if (th_text_parse_int(request->item, strlen(request->item), 1, INT64_MAX, &id) != 0)
            return TH_E_NOT_FOUND;
        return th_outbox_get(outbox, (uint64_t)id, ret_item);
    }
    const struct th_outbox_item *items, *newest = NULL;
    size_t count, bad;
    int status = th_outbox_list(outbox, arena, &items, &count, &bad);
    for (size_t i = 0; status == 0 && i < count; i++)
        if (items[i].state == TH_ITEM_RECEIVED &&
            (newest == NULL || items[i].changed_at.ms >= newest->changed_at.ms))
            newest = &items[i];
    if (status != 0)
        return status;
    if (newest == NULL)
        return TH_E_NOT_FOUND;
    *ret_item = *newest;
    return 0;
}

/* A new file; "-" is the standard output. */
static int write_out(const struct request *request, const char *path, mode_t mode,
                     struct th_bytes text, const char *what)
{
    if (strcmp(path, "-") == 0)
        return fwrite(text.bytes, 1, text.size, request->out) == text.size ? 0 : TH_E_IO;
    int status = th_file_create(path, mode, text.bytes, text.size);
    if (status != 0)
        th_cli_complain(request->err, NAME,
                        status == TH_E_EXISTS
                            ? "chọn tên khác"
                            : "kiểm tra đường dẫn, quyền ghi và chỗ trống của đĩa",
                        "%s: %s", path, th_status_text(status));
    else
        (void)fprintf(request->out, "Đã ghi %s vào %s\n", what, path);
    return status;
}

/* The report's bytes, of which the receipt names the digest; for their owner only, since they have
 * the figures. */
static int write_report(const struct request *request, struct th_outbox *outbox,
                        const struct th_outbox_item *item, struct th_arena *arena)
{
    struct th_bytes report;
    int status = th_outbox_get_report(outbox, item->id, arena, &report);
    struct th_digest digest = {{0}};
    if (status == 0) {
        const struct th_tlog_part part = {report.bytes, report.size};
        th_tlog_sha256(&part, 1, &digest);
    }
    if (status == 0 && th_tlog_digest_equal(&digest, &item->report_digest))
        return write_out(request, request->report_path, 0600, report, "nguyên văn báo cáo") == 0
                   ? EX_OK
                   : EX_CANTCREAT;
    th_cli_complain(request->err, NAME, "khôi phục thư mục outbox từ bản sao",
                    "nội dung báo cáo của mục %" PRIu64 " bị hỏng trên đĩa", item->id);
    return th_status_exit_code(TH_E_CORRUPT);
}

/* The N-th receipt before the newest. TH_E_NOT_FOUND. */
static int find_earlier(const struct request *request, struct th_outbox *outbox, uint64_t id,
                        struct th_arena *arena, struct th_bytes *ret_text)
{
    const struct th_bytes *receipts;
    size_t count;
    int64_t back;
    if (th_text_parse_int(request->earlier, strlen(request->earlier), 1, INT32_MAX, &back) != 0)
        return TH_E_NOT_FOUND;
    int status = th_outbox_get_earlier(outbox, id, arena, &receipts, &count);
    if (status == 0 && (uint64_t)back > count)
        status = TH_E_NOT_FOUND;
    if (status == 0)
        *ret_text = receipts[count - (size_t)back];
    return status;
}

/* Writes the text, and the report's bytes, when they were asked for; EX_USAGE: nothing was. */
static int write_files(const struct request *request, struct th_outbox *outbox,
                       const struct th_outbox_item *item, struct th_bytes text,
                       struct th_arena *arena)
{
    int code = EX_OK;
    if (request->out_path != NULL &&
        write_out(request, request->out_path, 0644, text,
                  request->is_refusal ? "giấy từ chối" : "biên nhận") != 0)
        code = EX_CANTCREAT;
    if (code == EX_OK && request->report_path != NULL)
        code = write_report(request, outbox, item, arena);
    return request->out_path != NULL || request->report_path != NULL ? code : EX_USAGE;
}

/* Adds which item it is of, and the text as it is; takes the object. */
static int print_json(const struct request *request, json_t *object, uint64_t id, const char *name,
                      struct th_bytes text)
{
    int failed = json_object_set_new(object, "item", json_integer((json_int_t)id));
    failed |= json_object_set_new(object, name, json_stringn((const char *)text.bytes, text.size));
    if (!failed)
        failed = json_dumpf(object, request->out, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    (void)fputc('\n', request->out);
    json_decref(object);
    return failed ? EX_OSERR : EX_OK;
}

/* Shows what the receipt proves, after verifying it once more. */
static int show(const struct request *request, const struct th_home *home, struct th_outbox *outbox,
                const struct th_outbox_item *item, struct th_bytes text, struct th_arena *arena)
{
    struct th_receipt receipt;
    const struct th_judgement *judgement = NULL;
    int status = th_receipt_open(text, &home->log_keys, arena, &receipt);
    const struct th_receipt_claim claim = {
        .mode = home->server.mode, .unit = home->unit_code, .report_digest = item->report_digest};
    enum th_receipt_fault fault = TH_RECEIPT_HOLDS;
    if (status == 0)
        fault = th_receipt_check(&receipt, &claim, &judgement);
    if (status != 0 || fault != TH_RECEIPT_HOLDS) {
        th_cli_complain(request->err, NAME, "gửi lại để lấy biên nhận, và báo cho nơi nhận",
                        "biên nhận không đúng: %s",
                        status != 0 ? th_status_text(status) : th_receipt_fault_text(fault));
        return EX_DATAERR;
    }
    int code = write_files(request, outbox, item, text, arena);
    if (code != EX_USAGE)
        return code;
    const struct th_obligation *obligation =
        th_home_find_obligation(home, item->plan, item->obligation);
    const struct th_facts facts = {.receipt = &receipt,
                                   .only = judgement,
                                   .units = &home->units,
                                   .title = obligation == NULL ? NULL : obligation->title};
    if (!request->as_json) {
        char word[TH_TEXT_WORD_SIZE];
        th_facts_print(&facts, request->out);
        (void)fprintf(request->out, "Lưu ra tệp để đưa người khác kiểm tra: %s %s %s --out TỆP\n",
                      TH_CLI_PROGRAM, NAME, th_text_word(request->folder, word));
        return EX_OK;
    }
    return print_json(request, th_facts_json(&facts), item->id, "receipt", text);
}

/* The line that a refusal has for the item; NULL: it does not hold, and `ret_why` says why. An
 * outbox of an earlier version may have kept one that nobody had looked at. */
static const struct th_refusal_line *check_refusal(const struct th_refusal *refusal, int status,
                                                   const struct th_outbox_item *item,
                                                   const char **ret_why)
{
    const struct th_refusal_line *line = NULL;
    if (status != 0)
        *ret_why = th_status_text(status);
    else if (!th_tlog_digest_equal(&refusal->header_digest, &item->header_digest))
        *ret_why = "của một lần gửi khác";
    else if ((line = th_refusal_find(refusal, &item->report_digest)) == NULL)
        *ret_why = "không nêu báo cáo này";
    return line;
}

static int show_refusal(const struct request *request, const struct th_home *home,
                        struct th_outbox *outbox, const struct th_outbox_item *item,
                        struct th_bytes text, struct th_arena *arena)
{
    struct th_refusal refusal;
    const char *why = NULL;
    int status = th_refusal_open(text, &home->log_keys, arena, &refusal);
    const struct th_refusal_line *line = check_refusal(&refusal, status, item, &why);
    if (line == NULL) {
        th_cli_complain(request->err, NAME, "báo cho nơi nhận; đừng dùng nó làm bằng chứng",
                        "giấy từ chối không đúng: %s", why);
        return EX_DATAERR;
    }
    int code = write_files(request, outbox, item, text, arena);
    if (code != EX_USAGE)
        return code;
    if (request->as_json)
        return print_json(request, th_facts_refusal_json(&refusal, line), item->id, "refusal",
                          text);
    th_facts_print_refusal(&refusal, line, request->out);
    return EX_OK;
}

/* Without one in the outbox: what to do. */
static int complain_of_none(const struct request *request, const struct th_outbox_item *item,
                            const struct th_outbox_detail *detail, int status)
{
    char see[TH_TEXT_WORD_SIZE + 64], word[TH_TEXT_WORD_SIZE];
    (void)snprintf(see, sizeof see, "xem các mục bằng: %s status %s", TH_CLI_PROGRAM,
                   th_text_word(request->folder, word));
    const char *hint = see;
    if (status == TH_E_NOT_FOUND && request->is_refusal && item != NULL &&
        item->state == TH_ITEM_RECEIVED)
        hint = "mục này đã được nhận: bỏ --refusal để xem biên nhận";
    else if (status == TH_E_NOT_FOUND && request->is_refusal)
        hint = "nơi nhận chỉ ký khi không báo cáo nào của cùng lần gửi được nhận; lý do ghi ở "
               "lệnh status";
    else if (status == TH_E_NOT_FOUND && detail->refusal.size > 0)
        hint = "nơi nhận không nhận mục này: thêm --refusal để lấy giấy từ chối";
    const char *what = request->is_refusal ? "giấy từ chối" : "biên nhận";
    if (request->item != NULL && item == NULL)
        th_cli_complain(request->err, NAME, see, "không có mục \"%s\"", request->item);
    else if (request->item == NULL)
        th_cli_complain(request->err, NAME, hint, "chưa có %s nào", what);
    else
        th_cli_complain(request->err, NAME, hint, "mục %s chưa có %s%s", request->item, what,
                        status == TH_E_CORRUPT ? " đọc được: bản ghi bị hỏng" : "");
    return th_status_exit_code(status);
}

static int show_from(const struct request *request, const struct th_home *home,
                     struct th_outbox *outbox, struct th_arena *arena)
{
    struct th_outbox_item item;
    struct th_outbox_detail detail = {0};
    int status = find_item(request, outbox, arena, &item);
    const struct th_outbox_item *found = status == TH_E_NOT_FOUND ? NULL : &item;
    if (status == 0)
        status = th_outbox_get_detail(outbox, item.id, arena, &detail);
    struct th_bytes *text = request->is_refusal ? &detail.refusal : &detail.receipt;
    if (status == 0 && text->size == 0)
        status = TH_E_NOT_FOUND;
    if (status == 0 && request->earlier != NULL &&
        find_earlier(request, outbox, item.id, arena, &detail.receipt) != 0) {
        th_cli_complain(request->err, NAME, "--earlier 1 là biên nhận ngay trước bản mới nhất",
                        "mục %" PRIu64 " không có biên nhận cũ thứ \"%s\"", item.id,
                        request->earlier);
        return EX_NOINPUT;
    }
    if (status != 0)
        return complain_of_none(request, found, &detail, status);
    if (request->is_refusal)
        return show_refusal(request, home, outbox, &item, detail.refusal, arena);
    return show(request, home, outbox, &item, detail.receipt, arena);
}

static int run(const struct request *request)
{
    struct th_home home;
    int status = th_cli_open_home(NAME, request->folder, &home, request->err);
    if (status != 0)
        return th_status_exit_code(status);
    struct th_arena arena;
    th_arena_init(&arena, ARENA_BYTES, BUDGET_BYTES);
    char path[TH_HOME_PATH_SIZE];
    struct th_outbox *outbox = NULL;
    status = th_home_path(request->folder, "outbox", path);
    if (status == 0)
        status = th_outbox_open(path, 0, &outbox);
    int code;
    if (status == 0) {
        code = show_from(request, &home, outbox, &arena);
    } else {
        th_cli_complain(request->err, NAME, th_cli_outbox_hint(status), "%s: %s", path,
                        th_status_text(status));
        code = th_status_exit_code(status);
    }
    th_outbox_close(outbox);
    th_arena_deinit(&arena);
    th_home_close(&home);
    return code;
}

/* Verifies a file, or shows the receipt of a node; which of them the line says. */
static int verify_or_run(struct th_verify *verify, struct request *request, char **operands,
                         int operands_count)
{
    verify->as_json = request->as_json;
    verify->is_refusal = request->is_refusal;
    if (request->is_refusal &&
        (request->earlier != NULL || (verify->path == NULL && operands_count < 2))) {
        th_cli_complain(request->err, NAME, "xem " TH_CLI_PROGRAM " receipt --help",
                        "--refusal cần số MỤC, hoặc --verify TỆP, và không dùng cùng --earlier");
        return EX_USAGE;
    }
    if ((verify->path != NULL) == (operands_count > 0)) {
        th_cli_complain(request->err, NAME, "xem " TH_CLI_PROGRAM " receipt --help",
                        "cần thư mục của nút, hoặc --verify TỆP");
        return EX_USAGE;
    }
    int code;
    if (verify->path != NULL) {
        code = th_verify_receipt(verify);
    } else {
        request->folder = operands[0];
        request->item = operands_count > 1 ? operands[1] : NULL;
        code = run(request);
    }
    return th_cli_finish(request->out, request->err, code);
}

int th_cli_receipt(int argc, char **argv, FILE *out, FILE *err)
{
    struct request request = {.out = out, .err = err};
    struct th_verify verify = {.command = NAME, .out = out, .err = err};
    const struct th_cli_option options[] = {
        {.name = "out",
         .value_name = "TỆP",
         .help = "ghi nguyên văn biên nhận ra tệp mới; - là đầu ra chuẩn",
         .text = &request.out_path},
        {.name = "report-out",
         .value_name = "TỆP",
         .help = "ghi nguyên văn báo cáo mà biên nhận nêu ra tệp mới, quyền 0600",
         .text = &request.report_path},
        {.name = "earlier",
         .value_name = "N",
         .help = "biên nhận cũ thứ N kể từ bản mới nhất, do sổ trước của nơi nhận ký",
         .text = &request.earlier},
        {.name = "refusal",
         .help = "giấy từ chối thay cho biên nhận: của MỤC bị từ chối, hoặc tệp của --verify",
         .flag = &request.is_refusal},
        {.name = "verify",
         .value_name = "TỆP",
         .help = "kiểm tra một tệp biên nhận, không cần mạng hay thư mục nút",
         .text = &verify.path},
        {.name = "server",
         .value_name = "TỆP",
         .help = "cùng --verify: server.yaml của nơi nhận",
         .text = &verify.server_path},
        {.name = "log-key",
         .value_name = "KHÓA",
         .help = "cùng --verify: khóa kiểm tra của nhật ký, thay cho --server",
         .text = &verify.log_key},
        {.name = "keys",
         .value_name = "TỆP",
         .help = "cùng --verify: log-keys.yaml; không có --server thì phải lấy ở nơi tin được",
         .text = &verify.keys_path},
        {.name = "report",
         .value_name = "BIỂU",
         .help = "cùng --verify --server: biên nhận có đúng là của biểu này không",
         .text = &verify.report_path},
        {.name = "json", .help = "in ra JSON", .flag = &request.as_json},
    };
    const struct th_cli_command command = {
        .name = NAME,
        .operands = "[THƯ-MỤC [MỤC]]",
        .summary = "Biên nhận, hoặc giấy từ chối, chứng minh điều gì; ghi ra tệp; kiểm tra tệp của "
                   "người khác.\nMã thoát: 0 đúng; 65 không đúng; 66 chưa có.",
        .examples = "  " TH_CLI_PROGRAM " receipt nut\n"
                    "  " TH_CLI_PROGRAM " receipt nut 3 --out bien-nhan.txt\n"
                    "  " TH_CLI_PROGRAM " receipt nut 4 --refusal --out tu-choi.txt\n"
                    "  " TH_CLI_PROGRAM
                    " receipt --verify bien-nhan.txt --server server.yaml --report bc.yaml\n",
        .options = options,
        .options_count = sizeof options / sizeof options[0],
        .operands_min = 0,
        .operands_max = 2,
    };
    char **operands = NULL;
    int operands_count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &operands_count, &exit_code))
        return exit_code;
    return verify_or_run(&verify, &request, operands, operands_count);
}
