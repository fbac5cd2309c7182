/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/form.h"

#include "base/errno_text.h"
#include "proto/form/reader.h"
#include "proto/form/stamp.h"
#include "proto/form/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

int th_form_kind_of(const char *path, enum th_form_kind *ret_kind)
{
    static const struct {
        const char *ending;
        enum th_form_kind kind;
    } kinds[] = {{".yaml", TH_FORM_YAML}, {".yml", TH_FORM_YAML},  {".json", TH_FORM_JSON},
                 {".csv", TH_FORM_CSV},   {".xlsx", TH_FORM_XLSX}, {".xlsm", TH_FORM_XLSX}};
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(ending, kinds[i].ending) == 0) {
            *ret_kind = kinds[i].kind;
            return 0;
        }
    return TH_E_INVALID;
}

/* ---- bytes ---- */

static int read_all(int file, char *bytes, size_t room, size_t *ret_size)
{
    struct stat about;
    size_t size = 0;
    if (fstat(file, &about) != 0)
        return TH_E_IO;
    if (!S_ISREG(about.st_mode))
        return TH_E_INVALID;
    while (size < room) {
        ssize_t got = read(file, bytes + size, room - size);
        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return TH_E_IO;
        size += got < 0 ? 0 : (size_t)got;
    }
    *ret_size = size;
    return size == room ? TH_E_LIMIT : 0;
}

static void tell_unread(const char *path, int status, int error, struct th_problems *problems)
{
    struct th_place place = {path, 1, 1};
    char cause[TH_ERRNO_TEXT_SIZE];
    if (status == TH_E_LIMIT)
        th_problems_add(problems, place, "biểu chỉ chứa số liệu và phần lời; tài liệu thì đính kèm",
                        "tệp lớn hơn 1 MiB");
    else if (status == TH_E_INVALID)
        th_problems_add(problems, place,
                        "ghi biểu ra một tệp có đuôi .yaml, .json, .csv hoặc .xlsx rồi dùng tệp đó",
                        "không phải tệp thường: biểu không đọc từ thư mục, đường ống, thiết bị hay "
                        "đầu vào chuẩn");
    else
        th_problems_add(
            problems, place, "kiểm tra đường dẫn và quyền đọc tệp", "không đọc được tệp: %s",
            status == TH_E_NOT_FOUND ? th_status_text(status) : th_errno_text(error, cause));
}

/* Returns owned (free). */
static int load(const char *path, struct th_problems *problems, char **ret_bytes, size_t *ret_size)
{
    char *bytes = malloc(TH_FORM_SIZE_MAX + 1);
    if (bytes == NULL)
        return TH_E_NO_MEMORY;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int status =
        file >= 0 ? read_all(file, bytes, TH_FORM_SIZE_MAX + 1, ret_size) : th_errno_status(errno);
    int error = errno;
    if (file >= 0)
        (void)close(file);
    if (status == TH_E_NOT_FOUND && strcmp(path, "-") == 0)
        status = TH_E_INVALID; /* meant is the standard input */
    if (status < 0) {
        tell_unread(path, status, error, problems);
        free(bytes);
    } else {
        *ret_bytes = bytes;
    }
    return status;
}

#define ENCODING_HINT "lưu lại ở dạng UTF-8; trong Excel chọn Lưu thành, kiểu \"CSV UTF-8\""

/* UTF-8 in form NFC without a byte order mark. Returns owned (free). */
static int to_text(const char *path, const char *bytes, size_t size, struct th_problems *problems,
                   char **ret_text, size_t *ret_size)
{
    struct th_place place = {path, 1, 1};
    size_t offset = 0;
    if (size >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0)) {
        th_problems_add(problems, place, ENCODING_HINT,
                        "tệp ở dạng UTF-16 (Excel gọi là \"Unicode Text\")");
        return TH_E_SYNTAX;
    }
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    if (th_text_find_forbidden(bytes, size, TH_TEXT_LINES | TH_TEXT_CRLF, &offset)) {
        th_problems_add(problems, th_place_of_offset(path, bytes, offset), ENCODING_HINT,
                        "có byte không phải UTF-8 hoặc ký tự cấm (byte 0x%02x)",
                        (unsigned)(unsigned char)bytes[offset]);
        return TH_E_SYNTAX;
    }
    int status = th_text_to_nfc(bytes, size, ret_text, ret_size);
    if (status == TH_E_TEXT)
        th_problems_add(problems, place, ENCODING_HINT, "tệp không phải là chữ UTF-8");
    return status;
}

/* ---- meaning ---- */

/* Bytes that the report can take at most when it travels: each number with its widest varints,
 * each text with its tag and length. */
static size_t travelling_size(const struct th_report *report)
{
    enum { FIXED = 512, PER_FIGURE = 16, PER_ITEM = 64 };
    size_t size = FIXED + PER_FIGURE * report->values.count +
                  PER_ITEM * (report->tasks_count + report->showcases_count +
                              report->narratives_count + report->attachments_count);
    for (size_t i = 0; i < report->tasks_count; i++)
        size += report->tasks[i].note.size;
    for (size_t i = 0; i < report->showcases_count; i++)
        size += report->showcases[i].name.size + report->showcases[i].field.size +
                report->showcases[i].summary.size;
    for (size_t i = 0; i < report->narratives_count; i++)
        size += report->narratives[i].text.size;
    for (size_t i = 0; i < report->attachments_count; i++)
        size += report->attachments[i].name.size + report->attachments[i].media_type.size;
    if (report->has_document)
        size += report->document.number.size + report->document.signer.size +
                report->document.title.size;
    return size;
}

/* A form that was made when the plan asked something else looks right and is not. */
static void check_stamp(struct th_form_reader *reader, struct th_text stamp)
{
    char wanted[TH_FORM_STAMP_SIZE];
    if (!reader->is_workbook || !reader->is_identified)
        return;
    th_form_stamp(reader->plan, reader->obligation, reader->context->unit, wanted);
    if (stamp.size == strlen(wanted) && memcmp(stamp.bytes, wanted, stamp.size) == 0)
        return;
    th_problems_add(reader->problems, (struct th_place){reader->file, 0, 0},
                    "lập lại biểu bằng lệnh template rồi chép số sang",
                    "biểu này lập theo bản cũ của kế hoạch %s hoặc đã bị sửa trang ẩn; nay nghĩa "
                    "vụ %s hỏi khác đi",
                    reader->plan->id, reader->obligation->id);
    reader->problems_found++;
    reader->is_identified = false;
}

static int give_meaning(struct th_form_reader *reader, const struct th_form_tree *tree)
{
    const struct th_form_node *root = tree->root;
    if (root->kind != TH_FORM_MAP) {
        th_form_complain(reader, root, "viết theo biểu mẫu: chạy lệnh template để có biểu",
                         "biểu phải là bảng khóa và giá trị");
    } else {
        th_form_read_identity(reader, root);
        check_stamp(reader, tree->stamp);
        th_form_read_document(reader, root);
        th_form_read_showcases(reader, root);
        th_form_read_attachments(reader, root);
        if (reader->plan != NULL)
            th_form_read_tasks(reader, root);
        if (reader->obligation != NULL)
            th_form_read_figures(reader, root);
        size_t size = travelling_size(&reader->report);
        if (size > TH_LIMIT_REPORT_SIZE_MAX)
            th_form_complain(reader, root, "viết ngắn lại; tài liệu dài thì đính kèm",
                             "cả báo cáo dài khoảng %zu byte, nhiều nhất %d byte", size,
                             TH_LIMIT_REPORT_SIZE_MAX);
    }
    if (reader->out_of_memory)
        return TH_E_NO_MEMORY;
    if (reader->problems_found == 0)
        return 0;
    return reader->problems_found == reader->ambiguous_found ? TH_E_AMBIGUOUS : TH_E_INVALID;
}

/* Nothing read is no empty report: it was there and is not read. */
static void give_partial(const struct th_form_reader *reader, struct th_form_partial *ret_partial)
{
    const struct th_report *report = &reader->report;
    if (!reader->is_identified || reader->out_of_memory ||
        (report->values.count == 0 && report->tasks_count == 0 && report->showcases_count == 0 &&
         report->narratives_count == 0 && report->attachments_count == 0))
        return;
    *ret_partial = (struct th_form_partial){*report, reader->plan, reader->obligation};
    if (reader->day_is_doubtful)
        ret_partial->report.estimated_count = 0;
}

static void build_tree(enum th_form_kind kind, struct th_form_tree *tree, const char *text,
                       size_t size)
{
    switch (kind) {
    case TH_FORM_YAML:
        th_form_tree_read_yaml(tree, text, size);
        break;
    case TH_FORM_JSON:
        th_form_tree_read_json(tree, text, size);
        break;
    case TH_FORM_CSV:
        th_form_tree_read_csv(tree, text, size);
        break;
    case TH_FORM_XLSX:
        th_form_tree_read_xlsx(tree, text, size);
        break;
    }
}

static int read_text(const char *path, enum th_form_kind kind, const char *text, size_t size,
                     struct th_form_reader *reader)
{
    struct th_form_tree tree = {.file = path, .arena = reader->arena, .problems = reader->problems};
    size_t first = reader->problems->count;
    build_tree(kind, &tree, text, size);
    /* A sheet with bad rows still has good ones, whose problems are worth telling as well. */
    bool is_worth_reading = tree.status == 0 || (reader->is_sheet && tree.status == TH_E_SYNTAX &&
                                                 tree.root != NULL && tree.root->count > 0);
    reader->is_1904 = tree.is_1904;
    int status = is_worth_reading ? give_meaning(reader, &tree) : 0;
    th_form_sort_problems(reader->problems, first);
    return tree.status != 0 && status != TH_E_NO_MEMORY ? tree.status : status;
}

/* What the bytes are, whatever the name says. */
static int find_kind(const char *path, const char *bytes, size_t size, struct th_problems *problems,
                     enum th_form_kind *ret_kind)
{
    bool has_name = th_form_kind_of(path, ret_kind) == 0;
    struct th_place place = {path, 0, 0};
    if (size >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0) {
        *ret_kind = TH_FORM_XLSX;
        return 0;
    }
    if (size >= 8 && memcmp(bytes, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0)
        th_problems_add(problems, place,
                        "bỏ mật khẩu, rồi lưu lại kiểu \"Excel Workbook (*.xlsx)\"",
                        "tệp Excel có mật khẩu, hoặc ở dạng cũ .xls, nên không đọc được");
    else if (!has_name)
        th_problems_add(problems, (struct th_place){path, 1, 1},
                        "đặt tên có đuôi .yaml, .json, .csv hoặc .xlsx",
                        "không biết loại biểu này");
    else if (*ret_kind == TH_FORM_XLSX)
        th_problems_add(problems, place,
                        "chọn đúng tệp; trong Excel lưu kiểu \"Excel Workbook (*.xlsx)\"",
                        "tên có đuôi .xlsx nhưng nội dung không phải là tệp Excel");
    else
        return 0;
    return has_name ? TH_E_SYNTAX : TH_E_INVALID;
}

int th_form_read(const char *path, const struct th_form_context *context, struct th_arena *arena,
                 struct th_problems *problems, struct th_report *ret_report,
                 const struct th_plan **ret_plan, const struct th_obligation **ret_obligation)
{
    enum th_form_kind kind;
    char *bytes = NULL, *text = NULL;
    size_t size = 0, text_size = 0;
    int status = load(path, problems, &bytes, &size);
    if (status < 0)
        return status;
    status = find_kind(path, bytes, size, problems, &kind);
    if (status == 0 && kind != TH_FORM_XLSX) {
        status = to_text(path, bytes, size, problems, &text, &text_size);
        free(bytes);
    } else {
        text = bytes;
        text_size = size;
    }
    if (status < 0) {
        free(text);
        return status;
    }
    struct th_form_reader reader = {.file = path,
                                    .is_sheet = kind == TH_FORM_CSV || kind == TH_FORM_XLSX,
                                    .is_workbook = kind == TH_FORM_XLSX,
                                    .context = context,
                                    .arena = arena,
                                    .problems = problems};
    status = read_text(path, kind, text, text_size, &reader);
    free(text);
    if (context->places != NULL && status != TH_E_NO_MEMORY)
        *context->places = reader.places;
    if (context->partial != NULL && status < 0)
        give_partial(&reader, context->partial);
    if (status < 0)
        return status;
    *ret_report = reader.report;
    *ret_plan = reader.plan;
    *ret_obligation = reader.obligation;
    return 0;
}
