/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export --format: a document of an obligation as a file. It is made in memory and written under
 * another name beside its own, so that there is a whole document or none; one that is there stays
 * unless --force says otherwise.
 */
#include "aggregator/cli/export.h"

#include "aggregator/cli/answerer.h"
#include "aggregator/contacts/contacts.h"
#include "aggregator/document/document.h"
#include "aggregator/query/text.h"
#include "base/errno_text.h"
#include "base/file.h"
#include "base/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct making {
    struct th_exporting *exporting;
    enum th_document_kind kind;
    struct th_query query;
    struct th_document_facts *facts;
    struct th_document_file file;
    char name[TH_DOCUMENT_NAME_SIZE]; /* when none is given */
    struct th_query_problem problem;
};

static int refuse(const struct making *making, int code, const char *hint, const char *what,
                  const char *value)
{
    th_cli_complain(making->exporting->site.err, "export", hint, "%s \"%s\"", what, value);
    return code;
}

/* ---- what is wished ---- */

static int read_branch(const char *word, enum th_branch *ret_branch)
{
    static const char *const words[] = {"all", "communes", "bodies"};
    for (int i = 0; word != NULL && i < 3; i++)
        if (strcmp(word, words[i]) == 0) {
            *ret_branch = (enum th_branch)i;
            return TH_OK;
        }
    return word == NULL ? TH_OK : TH_E_INVALID;
}

/* The format that is named, else the one that the ending of the file says. */
static int read_format(struct making *making)
{
    static const char hint[] = "xlsx, odt, csv hoặc json";
    const struct th_export_wish *wish = &making->exporting->wish;
    const char *word = wish->format;
    if (word == NULL) {
        const char *dot = strrchr(wish->out, '.');
        word = dot == NULL ? "" : dot + 1;
    }
    if (th_document_kind_parse(word, &making->kind) != TH_OK)
        return wish->format == NULL
                   ? refuse(making, EX_USAGE, "thêm --format", "không rõ loại của tệp", wish->out)
                   : refuse(making, EX_USAGE, hint, "không có loại", word);
    if (wish->sheet == NULL)
        return EX_OK;
    if (making->kind != TH_DOCUMENT_CSV)
        return refuse(making, EX_USAGE, "bỏ --sheet: xlsx có mọi bảng",
                      "chỉ csv chọn bảng:", wish->sheet);
    for (unsigned i = 0; th_document_sheet_name(i) != NULL; i++)
        if (strcmp(th_document_sheet_name(i), wish->sheet) == 0)
            return EX_OK;
    return refuse(making, EX_USAGE,
                  "tong-hop, theo-huyen, don-vi, tinh-trang, chua-bao-cao, mo-hinh, thuyet-minh",
                  "không có bảng", wish->sheet);
}

static int check_screen(const struct making *making)
{
    const struct th_exporting *exporting = making->exporting;
    const bool is_package = making->kind == TH_DOCUMENT_XLSX || making->kind == TH_DOCUMENT_ODT;
    const char *path = exporting->wish.out;
    if (!is_package || path == NULL || strcmp(path, "-") != 0 ||
        !isatty(fileno(exporting->site.out)))
        return EX_OK;
    th_cli_complain(exporting->site.err, "export", "ghi ra tệp: --out tong-hop.xlsx, bao-cao.odt",
                    "%s không in ra màn hình được", th_document_extension(making->kind));
    return EX_USAGE;
}

static int read_wish(struct making *making)
{
    const struct th_exporting *exporting = making->exporting;
    const struct th_export_wish *wish = &exporting->wish;
    struct th_query *query = &making->query;
    int64_t position = 0;
    *query = (struct th_query){.plan = th_text_or_none(exporting->plan),
                               .period = th_text_or_none(wish->period),
                               .obligation = th_text_or_none(exporting->obligation),
                               .unit = th_text_or_none(exporting->unit),
                               .has_as_of = wish->as_of != NULL,
                               .has_position = wish->position != NULL};
    if (read_branch(wish->branch, &query->branch) != TH_OK)
        return refuse(making, EX_USAGE, "all, communes hoặc bodies", "không có nhánh",
                      wish->branch);
    if (wish->as_of != NULL &&
        th_instant_parse(wish->as_of, strlen(wish->as_of), &query->as_of) != TH_OK)
        return refuse(making, EX_USAGE, "viết như 2025-05-10 hoặc 2025-05-10T17:00",
                      "không hiểu thời điểm", wish->as_of);
    if (wish->position != NULL &&
        th_text_parse_int(wish->position, strlen(wish->position), 1, INT64_MAX, &position) != TH_OK)
        return refuse(making, EX_USAGE, "ghi số mục của sổ, từ 1", "không hiểu vị trí",
                      wish->position);
    if (wish->position != NULL && wish->as_of != NULL)
        return refuse(making, EX_USAGE, "chọn một trong hai", "--as-of và --position không đi cùng",
                      wish->position);
    if (wish->period == NULL && exporting->obligation == NULL) {
        th_cli_complain(exporting->site.err, "export",
                        "thêm --period KỲ (như 2025-H1) hoặc --obligation MÃ",
                        "chưa rõ kỳ hay nghĩa vụ nào");
        return EX_USAGE;
    }
    query->position = (uint64_t)position;
    int code = read_format(making);
    return code == EX_OK ? check_screen(making) : code;
}

/* ---- making ---- */

static void tell_progress(void *context, unsigned done, unsigned total)
{
    const struct th_exporting *exporting = context;
    (void)fprintf(exporting->site.err, "\rĐang tổng hợp: %u/%u%s", done, total,
                  done == total ? "\n" : "");
    (void)fflush(exporting->site.err);
}

/* Whom to call in each unit. A file of contacts that is wrong is told and left out: figures do not
 * wait for it. */
static bool read_contacts(struct making *making, struct th_contacts *ret_contacts)
{
    const struct th_site *site = &making->exporting->site;
    char path[TH_SITE_PATH_SIZE];
    struct th_problems problems;
    if (th_site_path(site, TH_CONTACTS_FILE, path) != TH_OK)
        return false;
    th_problems_init(&problems);
    int status = th_contacts_read(path, &problems, ret_contacts);
    if (status != TH_OK)
        (void)th_site_tell(site, &problems, path, status);
    th_problems_deinit(&problems);
    return status == TH_OK;
}

static int collect(struct making *making, const struct th_contacts *contacts)
{
    struct th_exporting *exporting = making->exporting;
    struct th_view *view;
    struct th_query_context context;
    struct th_query_asking asking;
    int status = th_view_open(exporting->store, &view);
    if (status != TH_OK)
        return status;
    status = th_answerer_time(exporting->store, view, &asking);
    if (status == TH_OK)
        status = th_query_context_open(view, &context);
    if (status == TH_OK) {
        asking.contacts = contacts;
        const struct th_document_request request = {
            .query = &making->query,
            .asking = &asking,
            .progress = exporting->is_terminal ? tell_progress : NULL,
            .progress_context = exporting};
        status = th_document_collect(&context, view, &request, &making->problem, &making->facts);
        if (status == TH_OK)
            status = th_document_render(making->facts, making->kind, exporting->wish.sheet,
                                        &making->file);
        if (making->facts != NULL)
            th_document_file_name(making->facts, making->kind, exporting->wish.sheet, making->name);
        th_document_release(making->facts);
        making->facts = NULL;
        th_query_context_close(&context);
    }
    th_view_close(view);
    return status;
}

/* ---- writing ---- */

static int tell(const struct making *making, const char *path)
{
    const struct th_site *site = &making->exporting->site;
    if (site->as_json)
        return th_site_answer(site, json_pack("{s:s, s:s, s:I}", "file", path, "format",
                                              th_document_extension(making->kind), "bytes",
                                              (json_int_t)making->file.size));
    (void)fprintf(site->out, "Đã ghi %s (%zu byte).\n", path, making->file.size);
    return EX_OK;
}

static int write_file(const struct making *making, const char *path)
{
    const struct th_export_wish *wish = &making->exporting->wish;
    FILE *err = making->exporting->site.err;
    char cause[TH_ERRNO_TEXT_SIZE];
    struct stat about;
    if (lstat(path, &about) == 0 && !S_ISREG(about.st_mode)) {
        th_cli_complain(err, "export", "chọn tên khác", "%s: không phải một tệp thường", path);
        return EX_CANTCREAT;
    }
    errno = 0;
    int status = wish->force ? th_file_write(path, 0600, making->file.bytes, making->file.size)
                             : th_file_create(path, 0600, making->file.bytes, making->file.size);
    if (status == TH_OK)
        return tell(making, path);
    if (status == TH_E_EXISTS)
        th_cli_complain(err, "export", "chọn tên khác, hoặc thêm --force để thay", "%s: đã có",
                        path);
    else
        th_cli_complain(err, "export", "chọn nơi ghi được và còn chỗ", "%s: không ghi được: %s",
                        path, errno == 0 ? th_status_text(status) : th_errno_text(errno, cause));
    return status == TH_E_EXISTS ? EX_CANTCREAT : th_status_exit_code(status);
}

static int put(const struct making *making)
{
    const struct th_export_wish *wish = &making->exporting->wish;
    if (wish->out != NULL && strcmp(wish->out, "-") == 0) {
        (void)fwrite(making->file.bytes, 1, making->file.size, making->exporting->site.out);
        return EX_OK; /* th_cli_finish() looks at the stream */
    }
    return write_file(making, wish->out == NULL ? making->name : wish->out);
}

static int complain(const struct making *making, int status)
{
    const struct th_site *site = &making->exporting->site;
    const char *hint = status == TH_E_CORRUPT
                           ? "dừng máy chủ, khôi phục từ bản sao lưu rồi trích lại"
                       : status == TH_E_IO ? "xem /tmp, hay nơi TMPDIR nói, còn chỗ không"
                                           : th_query_hint(&making->problem);
    th_cli_complain(site->err, "export", hint, "%s",
                    making->problem.text[0] != '\0' ? making->problem.text
                                                    : th_status_text(status));
    return th_status_exit_code(status);
}

int th_export_document(struct th_exporting *exporting)
{
    struct making making = {.exporting = exporting};
    int code = read_wish(&making);
    if (code == EX_OK)
        code = th_site_open(&exporting->site, TH_STORE_READ, &exporting->store);
    if (code != EX_OK)
        return code;
    struct th_contacts contacts;
    bool has_contacts = read_contacts(&making, &contacts);
    int status = collect(&making, has_contacts ? &contacts : NULL);
    if (has_contacts)
        th_contacts_deinit(&contacts);
    code = status == TH_OK ? put(&making) : complain(&making, status);
    free(making.file.bytes);
    th_store_close(exporting->store);
    return code;
}
