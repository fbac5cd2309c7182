/* SPDX-License-Identifier: Apache-2.0 */
/* backup: a checked copy of the store, while it is written to; and how many copies are kept. */
#include "aggregator/store/backup.h"

#include "aggregator/cli/handout.h"
#include "aggregator/cli/site.h"
#include "aggregator/cli/write.h"
#include "aggregator/contacts/contacts.h"
#include "aggregator/shell/clock_linux.h"
#include "aggregator/shell/config.h"
#include "aggregator/store/folder.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/exchange/keys_file.h"
#include "proto/tlog/hash.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { STAMP_SIZE = 16, COPIES_MAX = 10000 }; /* "20251121-231500" and its NUL */

static const char *const extras[] = {TH_CONFIG_FILE, TH_HANDOUT_FILE, TH_KEYS_FILE,
                                     TH_CONTACTS_FILE};

struct backing {
    struct th_site site;
    const char *given;              /* TARGET */
    char target[TH_SITE_PATH_SIZE]; /* of this copy */
    int64_t keep;                   /* copies; 0: TARGET is the copy itself */
    bool is_terminal;
    struct th_backup_result result;
    size_t removed;
};

static int tell_progress(void *context, const char *phase, uint64_t done, uint64_t total)
{
    const struct backing *backing = context;
    if (!backing->is_terminal)
        return 0;
    unsigned percent = total == 0 ? 0 : (unsigned)(done >= total ? 100 : done / (total / 100 + 1));
    (void)fprintf(backing->site.err, "\r\033[K%s: %u %%", phase, percent);
    (void)fflush(backing->site.err);
    return 0;
}

/* ---- copies that are named by time ---- */

static void make_stamp(th_instant now, char stamp[STAMP_SIZE])
{
    char text[TH_INSTANT_TEXT_SIZE];
    (void)th_instant_format(now, text); /* 2025-11-21T23:15:00… */
    (void)snprintf(stamp, STAMP_SIZE, "%.4s%.2s%.2s-%.2s%.2s%.2s", text, text + 5, text + 8,
                   text + 11, text + 14, text + 17);
}

static bool is_stamp(const char *name, size_t size)
{
    if (size != STAMP_SIZE - 1)
        return false;
    for (size_t i = 0; i < size; i++)
        if (i == 8 ? name[i] != '-' : name[i] < '0' || name[i] > '9')
            return false;
    return true;
}

static bool read_id(const char *folder, char id[65])
{
    char path[TH_SITE_PATH_SIZE];
    char *text = NULL;
    size_t size = 0;
    if (snprintf(path, sizeof path, "%s/" TH_STORE_ID_FILE, folder) >= (int)sizeof path ||
        th_file_read(path, 64, &text, &size) < 0)
        return false;
    memcpy(id, text, size + 1);
    free(text);
    return true;
}

struct copies {
    char (*names)[STAMP_SIZE];
    size_t count;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The earlier copies of this store in the parent folder, oldest first. The new one is not among
 * them: whatever the clock said when the others got their names, it stays. */
static int list_copies(const struct backing *backing, struct copies *copies)
{
    char own[65];
    char other[65];
    char path[TH_SITE_PATH_SIZE];
    if (!read_id(backing->site.folder, own))
        return TH_E_IO;
    DIR *folder = opendir(backing->given);
    if (folder == NULL)
        return TH_E_IO;
    const struct dirent *item;
    while ((item = readdir(folder)) != NULL && copies->count < COPIES_MAX) {
        if (!is_stamp(item->d_name, strlen(item->d_name)) ||
            snprintf(path, sizeof path, "%s/%s", backing->given, item->d_name) >= (int)sizeof path)
            continue;
        if (strcmp(path, backing->target) != 0 && read_id(path, other) && strcmp(own, other) == 0)
            memcpy(copies->names[copies->count++], item->d_name, STAMP_SIZE);
    }
    (void)closedir(folder);
    qsort(copies->names, copies->count, STAMP_SIZE, compare_names);
    return 0;
}

static void complain_old(const struct backing *backing, const char *path)
{
    th_cli_complain(backing->site.err, "backup", "xem thư mục đó rồi tự xóa",
                    "%s: bản sao lưu mới đã xong, nhưng không xóa được bản cũ", path);
}

/* Only once the new one is verified. What cannot be removed is told; the backup is good. */
static int remove_older(struct backing *backing)
{
    char path[TH_SITE_PATH_SIZE];
    struct copies copies = {.names = calloc(COPIES_MAX, STAMP_SIZE)};
    int status = copies.names == NULL ? TH_E_NO_MEMORY : list_copies(backing, &copies);
    size_t others = (size_t)backing->keep - 1;
    size_t surplus = status == 0 && copies.count > others ? copies.count - others : 0;
    if (status < 0)
        complain_old(backing, backing->given);
    for (size_t i = 0; i < surplus && status == 0; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", backing->given, copies.names[i]);
        status = th_backup_remove(path);
        if (status == 0)
            backing->removed++;
        else
            complain_old(backing, path);
    }
    free(copies.names);
    return status;
}

/* ---- one copy ---- */

static int choose_target(struct backing *backing)
{
    char stamp[STAMP_SIZE];
    struct stat about;
    int size = 0;
    if (backing->keep == 0) {
        size = snprintf(backing->target, sizeof backing->target, "%s", backing->given);
    } else if (stat(backing->given, &about) != 0 || !S_ISDIR(about.st_mode)) {
        th_cli_complain(backing->site.err, "backup", "tạo thư mục đó trước (mkdir -m 700)",
                        "%s: với --keep thì phải là thư mục có sẵn, chứa các bản sao lưu",
                        backing->given);
        return EX_CANTCREAT;
    } else {
        th_backup_clean(backing->given, is_stamp);
        make_stamp(th_clock_now().wall, stamp);
        size = snprintf(backing->target, sizeof backing->target, "%s/%s", backing->given, stamp);
    }
    return size > 0 && (size_t)size < sizeof backing->target ? EX_OK : EX_USAGE;
}

static int copy(struct backing *backing)
{
    char problem[TH_STORE_PROBLEM_SIZE] = "";
    int status = th_store_backup(backing->site.folder, backing->target, extras,
                                 sizeof extras / sizeof extras[0], tell_progress, backing, problem,
                                 &backing->result);
    if (backing->is_terminal)
        (void)fprintf(backing->site.err, "\r\033[K");
    if (status == 0)
        return EX_OK;
    const char *hint = status == TH_E_EXISTS ? "chọn một thư mục chưa có, hoặc dùng --keep"
                       : status == TH_E_NOT_FOUND ? TH_SITE_NO_STORE_HINT
                       : status == TH_E_CORRUPT
                           ? "kho hỏng, không có bản sao nào được làm: giữ các bản sao cũ, "
                             "xem đĩa, xem phần Khôi phục trong docs/OPERATIONS.md"
                           : NULL;
    if (problem[0] != 0)
        th_cli_complain(backing->site.err, "backup", hint, "%s", problem);
    else
        th_cli_complain(backing->site.err, "backup", hint, "%s: không sao lưu được: %s",
                        backing->target, th_status_text(status));
    return th_status_exit_code(status);
}

static int tell(const struct backing *backing)
{
    char root[TH_DIGEST_BASE64_SIZE + 1];
    th_tlog_digest_encode(&backing->result.root, root);
    if (backing->site.as_json) {
        json_t *all =
            json_pack("{s:s, s:I, s:s, s:I, s:I}", "target", backing->target, "size",
                      (json_int_t)backing->result.size, "root", root, "bytes",
                      (json_int_t)backing->result.bytes, "removed", (json_int_t)backing->removed);
        return th_site_answer(&backing->site, all);
    }
    (void)fprintf(backing->site.out,
                  "Đã sao lưu và kiểm tra %s: %llu mục, gốc %s, %llu byte.\n"
                  "Không có secrets/ trong bản sao: cất riêng, ngoại tuyến, và cất lại sau mỗi lần "
                  "đổi khóa.\n",
                  backing->target, (unsigned long long)backing->result.size, root,
                  (unsigned long long)backing->result.bytes);
    if (backing->removed > 0)
        (void)fprintf(backing->site.out, "Đã xóa %zu bản cũ, giữ %lld bản.\n", backing->removed,
                      (long long)backing->keep);
    return EX_OK;
}

static int backup(struct backing *backing)
{
    int code = choose_target(backing);
    if (code == EX_OK)
        code = copy(backing);
    if (code != EX_OK)
        return code;
    int status = backing->keep > 0 ? remove_older(backing) : 0;
    code = tell(backing);
    return code == EX_OK && status < 0 ? th_status_exit_code(status) : code;
}

int th_cli_backup(int argc, char **argv, FILE *out, FILE *err)
{
    struct backing backing = {.site = {.command = "backup", .out = out, .err = err}};
    const char *keep = NULL;
    const struct th_cli_option options[] = {
        {.name = "keep",
         .value_name = "SỐ",
         .help = "ĐÍCH là thư mục chứa nhiều bản, đặt tên theo giờ; giữ chừng này bản mới nhất",
         .text = &keep},
        {.name = "json", .help = "in ra JSON", .flag = &backing.site.as_json}};
    const struct th_cli_command command = {
        .name = "backup",
        .operands = "DIR ĐÍCH",
        .summary = "Sao lưu kho đang chạy hay không: chép, mở lại, kiểm tra hết rồi mới đặt tên.",
        .examples = "  tonghop-aggregator backup /var/lib/tonghop/kho /mnt/sao-luu/2025-05-10\n"
                    "  tonghop-aggregator backup /var/lib/tonghop/kho /mnt/sao-luu --keep 14\n",
        .options = options,
        .options_count = 2,
        .operands_min = 2,
        .operands_max = 2};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    if (keep != NULL &&
        th_text_parse_int(keep, strlen(keep), 1, COPIES_MAX / 2, &backing.keep) < 0) {
        th_cli_complain(err, "backup", "ghi một số từ 1", "không hiểu --keep \"%s\"", keep);
        return EX_USAGE;
    }
    backing.site.folder = operands[0];
    backing.given = operands[1];
    int descriptor = fileno(err);
    backing.is_terminal = descriptor >= 0 && isatty(descriptor);
    return th_cli_finish(out, err, backup(&backing));
}
