/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/export.h"

#include "proto/exchange/keys_file.h"
#include "proto/tlog/hash.h"
#include "proto/model/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_SIZE = 64, TELL_EVERY = 256 };

static int write_all(int fd, struct th_bytes content)
{
    while (content.size > 0) {
        ssize_t written = write(fd, content.bytes, content.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return TH_E_IO;
        content.bytes += written;
        content.size -= (size_t)written;
    }
    return 0;
}

int th_export_write(struct th_exporting *exporting, const char *name, struct th_bytes content)
{
    char path[TH_SITE_PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/%s", exporting->folder, name) >= (int)sizeof path)
        return TH_E_LIMIT;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int status = fd < 0 ? TH_E_IO : write_all(fd, content);
    if (fd >= 0 && close(fd) != 0)
        status = TH_E_IO;
    return status;
}

static int write_text(struct th_exporting *exporting, const char *name, const char *text)
{
    return th_export_write(exporting, name, (struct th_bytes){(const uint8_t *)text, strlen(text)});
}

/* ---- the log ---- */

static const char readme[] =
    "BẢN TRÍCH TỪ KHO TỔNG HỢP, CHO BÊN THỨ HAI\n"
    "\n"
    "  checkpoint        checkpoint mới nhất của nhật ký, có chữ ký của nơi nhận\n"
    "  proof             bằng chứng nhật ký này nối tiếp bản trước (--since)\n"
    "  log-keys.yaml     mọi khóa đã ký nhật ký; khóa đầu phải khớp với khóa đã biết từ trước\n"
    "  index.json        mỗi báo cáo một mục: vị trí, đơn vị, kế hoạch, nghĩa vụ, mã băm, các tệp\n"
    "  reports/          từng báo cáo, nguyên byte (protobuf Report)\n"
    "  submissions/      từng bản nộp có chữ ký của đơn vị, nguyên byte; báo cáo nhập hộ không có\n"
    "  receipts/         biên nhận của từng bản nộp\n"
    "\n"
    "KIỂM TRA, không cần tin nơi đưa bản này, không cần mạng:\n"
    "\n"
    "1. Khóa đầu tiên trong log-keys.yaml, và khóa nào ở đó không có succession, phải đúng là "
    "khóa\n"
    "   đã nhận từ nơi tin cậy.\n"
    "2. Mỗi báo cáo và biên nhận của nó:\n"
    "     tonghop-audit check-receipt receipts/<vị trí>.txt --report reports/<vị trí>-<số>.pb \\\n"
    "         --keys log-keys.yaml\n"
    "3. Làm nhân chứng: xác nhận checkpoint rồi gửi lại cho nơi nhận (họ dùng lệnh cosigned):\n"
    "     tonghop-audit witness --help\n"
    "   Từ đó nơi nhận không thể bỏ bớt hay sửa những gì đã có ở đây mà không bị phát hiện.\n"
    "\n"
    "Mã băm trong index.json là SHA-256 của tệp trong reports/, viết hệ mười sáu.\n";

static int export_checkpoint(struct th_exporting *exporting, struct th_view *view)
{
    struct th_bytes note;
    uint64_t size = 0;
    int status = th_view_checkpoint(view, th_view_size(view), &size, &note);
    if (status == 0)
        status = th_export_write(exporting, "checkpoint", note);
    if (status == 0)
        status = th_view_root(view, size, &exporting->root);
    if (status == 0)
        exporting->size = size;
    return status;
}

static int export_proof(struct th_exporting *exporting, struct th_view *view)
{
    struct th_consistency proof;
    char text[TH_CONSISTENCY_TEXT_MAX];
    size_t text_size = 0;
    int status = th_view_consistency(view, (uint64_t)exporting->since, exporting->size, &proof);
    if (status == 0)
        status = th_tlog_consistency_format(&proof, sizeof text, text, &text_size);
    if (status == 0)
        status = th_export_write(exporting, "proof",
                                 (struct th_bytes){(const uint8_t *)text, text_size});
    return status;
}

int th_export_log(struct th_exporting *exporting)
{
    char path[TH_SITE_PATH_SIZE];
    struct th_view *view = NULL;
    int status = th_view_open(exporting->store, &view);
    if (status < 0)
        return status;
    status = export_checkpoint(exporting, view);
    if (status == 0)
        status = export_proof(exporting, view);
    th_view_close(view);
    if (status == 0 &&
        snprintf(path, sizeof path, "%s/" TH_KEYS_FILE, exporting->folder) >= (int)sizeof path)
        status = TH_E_LIMIT;
    if (status == 0)
        status = th_keys_file_write(path, th_store_log_keys(exporting->store));
    if (status == 0)
        status = write_text(exporting, "README.txt", readme);
    return status;
}

/* ---- reports ---- */

static bool is_text(struct th_text text, const char *wanted)
{
    return wanted == NULL ||
           (text.size == strlen(wanted) && memcmp(text.bytes, wanted, text.size) == 0);
}

static bool is_wanted(const struct th_exporting *exporting, const struct th_scanned *scanned,
                      size_t i)
{
    const struct th_report *report = &scanned->submission.reports[i];
    return scanned->leaf.judgements[i].accepted && is_text(report->plan, exporting->plan) &&
           is_text(report->obligation, exporting->obligation) &&
           is_text(report->unit, exporting->unit);
}

static bool is_entered(const struct th_scanned *scanned)
{
    return scanned->entry.kind == TH_ENTRY_ENTERED;
}

static void mark_entered(json_t *item, const struct th_scanned *scanned)
{
    const struct th_text operator= scanned->leaf.operator;
    (void)json_object_set_new(item, "on_behalf", json_stringn(operator.bytes, operator.size));
    (void)json_object_set_new(json_object_get(item, "files"), "submission", json_null());
}

static int index_report(struct th_exporting *exporting, const struct th_scanned *scanned,
                        uint64_t position, size_t i)
{
    char hex[TH_DIGEST_HEX_SIZE + 1];
    char when[TH_INSTANT_TEXT_SIZE];
    char names[3][NAME_SIZE];
    const struct th_report *report = &scanned->submission.reports[i];
    const struct th_judgement *judgement = &scanned->leaf.judgements[i];
    th_tlog_digest_to_hex(&judgement->report_digest, hex);
    (void)snprintf(names[0], NAME_SIZE, "reports/%" PRIu64 "-%zu.pb", position, i);
    (void)snprintf(names[1], NAME_SIZE, "submissions/%" PRIu64 ".pb", position);
    (void)snprintf(names[2], NAME_SIZE, "receipts/%" PRIu64 ".txt", position);
    json_t *item =
        json_pack("{s:I, s:s%, s:s%, s:s%, s:I, s:I, s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "position",
                  (json_int_t)position, "unit", report->unit.bytes, report->unit.size, "plan",
                  report->plan.bytes, report->plan.size, "obligation", report->obligation.bytes,
                  report->obligation.size, "number", (json_int_t)report->number, "revision",
                  (json_int_t)report->revision, "received",
                  th_instant_format(th_scan_received(scanned, i), when), "timeliness",
                  th_timeliness_word(judgement->timeliness), "sha256", hex, "files", "report",
                  names[0], "submission", names[1], "receipt", names[2]);
    if (item == NULL)
        return TH_E_NO_MEMORY;
    if (is_entered(scanned)) /* nobody signed a submission */
        mark_entered(item, scanned);
    (void)fputs(exporting->reports == 0 ? "\n    " : ",\n    ", exporting->index);
    int failed = json_dumpf(item, exporting->index, JSON_COMPACT);
    json_decref(item);
    exporting->reports++;
    struct th_text raw = scanned->submission.reports_raw[i];
    return failed != 0 ? TH_E_IO
                       : th_export_write(exporting, names[0],
                                         (struct th_bytes){(const uint8_t *)raw.bytes, raw.size});
}

static int export_submission(struct th_exporting *exporting, struct th_view *view,
                             const struct th_scanned *scanned, uint64_t position)
{
    char name[NAME_SIZE];
    struct th_bytes receipt;
    (void)snprintf(name, sizeof name, "submissions/%" PRIu64 ".pb", position);
    int status = is_entered(scanned) ? 0 : th_export_write(exporting, name, scanned->raw);
    if (status == 0)
        status = th_view_receipt(view, position, &exporting->arena, &receipt);
    if (status < 0)
        return status;
    (void)snprintf(name, sizeof name, "receipts/%" PRIu64 ".txt", position);
    exporting->submissions++;
    return th_export_write(exporting, name, receipt);
}

static void tell_progress(const struct th_exporting *exporting, uint64_t position)
{
    if (!exporting->is_terminal || position % TELL_EVERY != 0)
        return;
    (void)fprintf(exporting->site.err, "\r\033[K%" PRIu64 "/%" PRIu64 " mục, %" PRIu64 " báo cáo",
                  position, exporting->size, exporting->reports);
    (void)fflush(exporting->site.err);
}

static int export_entry(void *context, struct th_view *view, uint64_t position)
{
    struct th_exporting *exporting = context;
    struct th_scanned scanned;
    bool any = false;
    tell_progress(exporting, position);
    th_arena_reset(&exporting->arena);
    int status = th_scan_submission(view, position, &exporting->arena, &scanned);
    if (status < 0)
        return status == TH_E_NOT_FOUND ? 0 : status;
    for (size_t i = 0; i < scanned.leaf.judgements_count && status == 0; i++)
        if (is_wanted(exporting, &scanned, i)) {
            any = true;
            status = index_report(exporting, &scanned, position, i);
        }
    return status == 0 && any ? export_submission(exporting, view, &scanned, position) : status;
}

int th_export_reports(struct th_exporting *exporting)
{
    char path[TH_SITE_PATH_SIZE];
    char root[TH_DIGEST_BASE64_SIZE + 1];
    if (snprintf(path, sizeof path, "%s/index.json", exporting->folder) >= (int)sizeof path)
        return TH_E_LIMIT;
    exporting->index = fopen(path, "wex");
    if (exporting->index == NULL)
        return TH_E_IO;
    th_tlog_digest_encode(&exporting->root, root);
    (void)fprintf(exporting->index,
                  "{\n  \"realm\": \"%s\",\n  \"since\": %" PRId64 ",\n  \"size\": %" PRIu64
                  ",\n  \"root\": \"%s\",\n  \"reports\": [",
                  th_store_identity(exporting->store)->realm, exporting->since, exporting->size,
                  root);
    th_arena_init(&exporting->arena, 65536, (size_t)64 << 20);
    int status = th_scan(exporting->store, (uint64_t)exporting->since, exporting->size,
                         export_entry, exporting);
    th_arena_deinit(&exporting->arena);
    (void)fputs("\n  ]\n}\n", exporting->index);
    bool failed = ferror(exporting->index) != 0;
    if (fclose(exporting->index) != 0 || failed)
        status = status == 0 ? TH_E_IO : status;
    if (exporting->is_terminal)
        (void)fputs("\r\033[K", exporting->site.err);
    return status;
}
