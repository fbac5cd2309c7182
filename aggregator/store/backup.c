/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/backup.h"

#include "aggregator/store/internal.h"
#include "base/errno_text.h"
#include "base/file.h"
#include "base/part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXTRA_MAX ((size_t)64 << 20) /* bytes of one further file */

struct backup {
    struct th_store_report source;      /* speaks of the store's folder */
    struct th_store_report destination; /* of the target */
    char target[TH_STORE_PATH_MAX];     /* without slashes at its end */
    char part[TH_STORE_PATH_MAX + 32];
    th_backup_progress *progress;
    void *context;
};

static int report_errno(const struct th_store_report *report, int cause, const char *what)
{
    char text[TH_ERRNO_TEXT_SIZE];
    bool is_full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
    return th_store_report(report, is_full ? TH_E_STORAGE : TH_E_IO, "%s: %s", what,
                           th_errno_text(cause, text));
}

/* ---- folders ---- */

void th_backup_clean(const char *parent, th_backup_is_ours *is_ours)
{
    char path[TH_STORE_PATH_MAX];
    DIR *folder = opendir(parent);
    if (folder == NULL)
        return;
    for (const struct dirent *item = readdir(folder); item != NULL; item = readdir(folder)) {
        const size_t size = th_part_left(item->d_name);
        if (size > 0 && is_ours(item->d_name, size) &&
            th_folder_path(parent, item->d_name, path) == 0)
            (void)th_part_remove(path);
    }
    (void)closedir(folder);
}

static bool has_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *item;
    struct stat found;
    bool has = folder == NULL;
    while (!has && (item = readdir(folder)) != NULL)
        has = strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0 &&
              (fstatat(dirfd(folder), item->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0 ||
               S_ISDIR(found.st_mode));
    if (folder != NULL)
        (void)closedir(folder);
    return has;
}

int th_backup_remove(const char *path)
{
    char part[TH_STORE_PATH_MAX + 32];
    if (th_part_name(path, getpid(), part, sizeof part) != 0 || has_folder(path) ||
        rename(path, part) != 0)
        return TH_E_IO;
    return th_part_remove(part);
}

static int prepare(struct backup *backup, const char *target)
{
    struct stat found;
    const size_t size = th_file_plain_size(target);
    if (size == 0 || size >= sizeof backup->target ||
        th_part_name(target, getpid(), backup->part, TH_STORE_PATH_MAX) != 0)
        return th_store_report(&backup->destination, TH_E_IO, "đường dẫn trống hoặc quá dài");
    memcpy(backup->target, target, size);
    backup->target[size] = '\0';
    if (lstat(backup->target, &found) == 0)
        return th_store_report(&backup->destination, TH_E_EXISTS,
                               "đã có tệp hoặc thư mục tên này; hãy chọn tên khác");
    if (errno != ENOENT)
        return report_errno(&backup->destination, errno, "không xem được đích");
    th_part_clean(backup->target);
    if (mkdir(backup->part, 0700) != 0)
        return report_errno(&backup->destination, errno, "không tạo được thư mục");
    return 0;
}

/* ---- copying ---- */

static int told(const struct backup *backup, const char *phase, uint64_t done, uint64_t total)
{
    return backup->progress == NULL ? 0 : backup->progress(backup->context, phase, done, total);
}

static int copy_data(const struct backup *backup, struct th_store *store)
{
    static const char phase[] = "chép";
    char path[TH_STORE_PATH_MAX];
    struct th_env_usage usage;
    int status = th_folder_path(backup->part, TH_STORE_DATA, path);
    if (status == 0)
        status = th_env_usage(&store->env, &usage);
    if (status != 0)
        return th_store_report(&backup->source, status, "không xem được data.mdb");
    status = told(backup, phase, 0, usage.used_bytes);
    if (status != 0)
        return status;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return report_errno(&backup->destination, errno, "không tạo được data.mdb");
    status = th_env_copy(&store->env, fd);
    if (status == TH_E_CORRUPT)
        status =
            th_store_report(&backup->source, status,
                            "data.mdb bị hỏng, không chép được; khôi phục từ bản sao lưu trước");
    else if (status != 0)
        status = th_store_report(&backup->destination, status, "không chép được data.mdb: %s",
                                 th_status_text(status));
    else if (fsync(fd) != 0)
        status = report_errno(&backup->destination, errno, "không ghi được data.mdb");
    if (close(fd) != 0 && status == 0)
        status = report_errno(&backup->destination, errno, "không ghi được data.mdb");
    return status == 0 ? told(backup, phase, usage.used_bytes, usage.used_bytes) : status;
}

static int copy_extra(const struct backup *backup, const char *name)
{
    char from[TH_STORE_PATH_MAX];
    char to[TH_STORE_PATH_MAX];
    char *bytes;
    size_t size;
    if (strchr(name, '/') != NULL)
        return th_store_report(&backup->source, TH_E_INVALID, "%s: không phải tên tệp", name);
    int status = th_folder_path(backup->source.folder, name, from);
    if (status == 0)
        status = th_folder_path(backup->part, name, to);
    if (status == 0)
        status = th_file_read(from, EXTRA_MAX, &bytes, &size);
    if (status == TH_E_NOT_FOUND)
        return 0;
    if (status != 0)
        return th_store_report(&backup->source, TH_E_IO, "không đọc được tệp %s", name);
    status = th_file_create(to, 0600, bytes, size);
    int cause = errno;
    free(bytes);
    return status == 0 ? 0 : report_errno(&backup->destination, cause, name);
}

static int copy_all(const struct backup *backup, const char *const *extras, size_t extras_count)
{
    struct th_store *store;
    int status =
        th_store_open(backup->source.folder, TH_STORE_READ, NULL, backup->source.problem, &store);
    if (status != 0)
        return status;
    status = copy_data(backup, store);
    if (status == 0) {
        status = th_folder_finish(backup->part, th_store_identity(store)->store_id);
        if (status != 0)
            status = report_errno(&backup->destination, errno, "không ghi được STORE_ID");
    }
    th_store_close(store);
    for (size_t i = 0; i < extras_count && status == 0; i++)
        status = copy_extra(backup, extras[i]);
    return status;
}

/* ---- the name ---- */

static int finish(const struct backup *backup)
{
    char lock[TH_STORE_PATH_MAX];
    int status = th_folder_path(backup->part, TH_STORE_LOCK, lock);
    if (status == 0 && unlink(lock) != 0 && errno != ENOENT)
        status = TH_E_IO;
    if (status == 0)
        status = th_file_sync_parent(lock); /* the folder itself */
    if (status != 0)
        return report_errno(&backup->destination, errno, "không ghi được thư mục");
    status = th_part_finish(backup->part, backup->target);
    if (status == TH_E_EXISTS)
        return th_store_report(&backup->destination, status,
                               "đã có tệp hoặc thư mục tên này; hãy chọn tên khác");
    int cause = errno;
    if (status != 0 && access(backup->part, F_OK) == 0)
        return report_errno(&backup->destination, cause, "không đặt được tên");
    if (status != 0)
        (void)th_store_report(&backup->destination, 0,
                              "lưu ý: bản sao đã đủ nhưng tên thư mục chưa chắc đã nằm trên đĩa");
    return 0;
}

int th_store_backup(const char *folder, const char *target, const char *const *extras,
                    size_t extras_count, th_backup_progress *progress, void *context,
                    char ret_problem[TH_STORE_PROBLEM_SIZE], struct th_backup_result *ret_result)
{
    struct backup backup = {.source = {folder, ret_problem},
                            .destination = {target, ret_problem},
                            .progress = progress,
                            .context = context};
    struct th_backup_result result;
    if (ret_problem != NULL)
        ret_problem[0] = '\0';
    int status = prepare(&backup, target);
    if (status != 0)
        return status;
    status = copy_all(&backup, extras, extras_count);
    if (status == 0)
        status = th_backup_check(&backup.source, backup.part, progress, context, &result);
    if (status == 0)
        status = finish(&backup);
    if (status != 0) {
        (void)th_part_remove(backup.part);
        return status;
    }
    *ret_result = result;
    return 0;
}
