/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/folder.h"

#include "aggregator/store/side.h"
#include "base/errno_text.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { ID_TEXT_SIZE = 2 * TH_STORE_ID_SIZE + 1, OWNER_TEXT_MAX = 80 };

int th_store_report(const struct th_store_report *report, int status, const char *format, ...)
{
    va_list arguments;
    size_t size = TH_STORE_PROBLEM_SIZE;
    if (report->problem == NULL)
        return status;
    int at = snprintf(report->problem, size, "%s: ", report->folder);
    if (at > 0 && (size_t)at < size) {
        va_start(arguments, format);
        (void)vsnprintf(report->problem + at, size - (size_t)at, format, arguments);
        va_end(arguments);
    }
    size = strlen(report->problem);
    if (size == TH_STORE_PROBLEM_SIZE - 1) { /* perhaps cut inside a character: drop the last one */
        while (size > 0 && ((unsigned char)report->problem[size - 1] & 0xC0) == 0x80)
            size--;
        report->problem[size == 0 ? 0 : size - 1] = '\0';
    }
    return status;
}

int th_store_report_cause(const struct th_store_report *report, const char *what, int cause)
{
    char text[TH_ERRNO_TEXT_SIZE];
    if (cause == EACCES || cause == EPERM)
        return th_store_report(report, TH_E_FORBIDDEN,
                               "%s: %s; chạy bằng người dùng sở hữu kho (như sudo -u tonghop)",
                               what, th_errno_text(cause, text));
    return th_store_report(report, TH_E_IO, "%s: %s", what, th_errno_text(cause, text));
}

int th_folder_path(const char *folder, const char *name, char ret_path[TH_STORE_PATH_MAX])
{
    size_t folder_size = strlen(folder);
    size_t name_size = strlen(name);
    if (folder_size + 1 + name_size >= TH_STORE_PATH_MAX)
        return TH_E_LIMIT;
    memcpy(ret_path, folder, folder_size);
    ret_path[folder_size] = '/';
    memcpy(ret_path + folder_size + 1, name, name_size + 1);
    return 0;
}

/* ---- OWNER ---- */

int th_folder_check_owner(const struct th_store_report *report)
{
    struct stat folder;
    struct passwd entry, *found = NULL;
    char names[1024], name[24];
    if (stat(report->folder, &folder) != 0)
        return th_store_report_cause(report, "không xem được thư mục", errno);
    if (folder.st_uid == geteuid())
        return 0;
    (void)snprintf(name, sizeof name, "#%lu", (unsigned long)folder.st_uid); /* as sudo takes it */
    if (getpwuid_r(folder.st_uid, &entry, names, sizeof names, &found) != 0)
        found = NULL;
    const char *user = found == NULL ? name : found->pw_name;
    return th_store_report(report, TH_E_FORBIDDEN,
                           "kho của người dùng %s, tệp mà người khác ghi vào thì máy chủ không đọc "
                           "được; chạy bằng chính người dùng đó: sudo -u %s …",
                           user, user);
}

static int report_owner(const struct th_store_report *report, int fd)
{
    char text[OWNER_TEXT_MAX] = "";
    ssize_t size = pread(fd, text, sizeof text - 1, 0);
    text[size < 0 ? 0 : size] = '\0';
    text[strcspn(text, "\n")] = '\0';
    size_t pid_size = strcspn(text, " ");
    if (pid_size == 0 || text[pid_size] == '\0')
        return th_store_report(report, TH_E_BUSY,
                               "một tiến trình khác đang giữ kho này; hãy dừng nó trước");
    return th_store_report(report, TH_E_BUSY,
                           "tiến trình %.*s đang giữ kho này (từ %s); hãy dừng nó trước",
                           (int)pid_size, text, text + pid_size + 1);
}

static int write_owner(int fd)
{
    char text[OWNER_TEXT_MAX];
    char since[TH_INSTANT_TEXT_SIZE];
    th_instant now = {(int64_t)time(NULL) * 1000};
    int size =
        snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), th_instant_format(now, since));
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
        return TH_E_IO;
    return 0;
}

int th_folder_own(const struct th_store_report *report, int *ret_fd)
{
    char path[TH_STORE_PATH_MAX];
    int status = th_folder_path(report->folder, TH_STORE_OWNER, path);
    if (status != 0)
        return th_store_report(report, status, "đường dẫn quá dài");
    const int foreign = th_folder_check_owner(report);
    const int making = foreign == 0 ? O_CREAT : 0;
    int fd = open(path, O_RDWR | making | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && foreign != 0)
        return foreign;
    if (fd < 0)
        return th_store_report_cause(report, "không mở được tệp OWNER", errno);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        status = errno == EWOULDBLOCK
                     ? report_owner(report, fd)
                     : th_store_report_cause(report, "không khóa được tệp OWNER", errno);
    else if (foreign != 0)
        status = foreign; /* asked only now: through a daemon that runs, others may write */
    else if (write_owner(fd) != 0)
        status = th_store_report_cause(report, "không ghi được tệp OWNER", errno);
    if (status != 0) {
        (void)close(fd);
        return status;
    }
    *ret_fd = fd;
    return 0;
}

/* ---- the file system ---- */

static const struct {
    unsigned long magic; /* statfs(2), linux/magic.h */
    const char *name;
} refused[] = {
    {0x6969, "NFS"},      {0x517B, "SMB"},       {0xFF534D42, "CIFS"},   {0xFE534D42, "SMB2"},
    {0x01021997, "9P"},   {0x5346414F, "AFS"},   {0x00C36400, "Ceph"},   {0x65735546, "FUSE"},
    {0x01161970, "GFS2"}, {0x7461636F, "OCFS2"}, {0x0BD00BD0, "Lustre"}, {0x73757245, "Coda"},
};

#define TMPFS 0x01021994

int th_folder_check_filesystem(const struct th_store_report *report)
{
    struct statfs filesystem;
    if (statfs(report->folder, &filesystem) != 0)
        return th_store_report_cause(report, "không xem được hệ thống tệp", errno);
    unsigned long magic = (unsigned long)filesystem.f_type & 0xFFFFFFFF;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (magic == refused[i].magic)
            return th_store_report(report, TH_E_CONFIG,
                                   "hệ thống tệp %s không bảo đảm khóa và bộ nhớ ánh xạ; hãy đặt "
                                   "kho trên ổ đĩa của chính máy này",
                                   refused[i].name);
    if (magic == TMPFS)
        (void)th_store_report(report, 0, "lưu ý: kho nằm trong bộ nhớ (tmpfs), sẽ mất khi tắt máy");
    return 0;
}

bool th_folder_is_in_memory(int fd)
{
    struct statfs filesystem;
    return fstatfs(fd, &filesystem) != 0 ||
           ((unsigned long)filesystem.f_type & 0xFFFFFFFF) == TMPFS;
}

/* ---- STORE_ID ---- */

static void format_id(const uint8_t store_id[TH_STORE_ID_SIZE], char ret_text[ID_TEXT_SIZE + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < TH_STORE_ID_SIZE; i++) {
        ret_text[2 * i] = digits[store_id[i] >> 4];
        ret_text[2 * i + 1] = digits[store_id[i] & 15];
    }
    memcpy(ret_text + 2 * (size_t)TH_STORE_ID_SIZE, "\n", 2);
}

static bool parse_id(const char *text, size_t size, uint8_t ret_store_id[TH_STORE_ID_SIZE])
{
    uint8_t store_id[TH_STORE_ID_SIZE];
    char again[ID_TEXT_SIZE + 1];
    if (size != ID_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < TH_STORE_ID_SIZE; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        store_id[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    format_id(store_id, again);
    if (memcmp(again, text, ID_TEXT_SIZE) != 0)
        return false;
    memcpy(ret_store_id, store_id, sizeof store_id);
    return true;
}

int th_folder_check_files(const struct th_store_report *report,
                          uint8_t ret_store_id[TH_STORE_ID_SIZE])
{
    char data_path[TH_STORE_PATH_MAX];
    char id_path[TH_STORE_PATH_MAX];
    struct stat data;
    char *text = NULL;
    size_t text_size = 0;
    if (th_folder_path(report->folder, TH_STORE_DATA, data_path) != 0 ||
        th_folder_path(report->folder, TH_STORE_ID_FILE, id_path) != 0)
        return th_store_report(report, TH_E_LIMIT, "đường dẫn quá dài");
    if (stat(data_path, &data) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return th_store_report_cause(report, "không đọc được data.mdb", errno);
        data.st_size = 0;
    }
    errno = 0;
    int status = th_file_read(id_path, ID_TEXT_SIZE, &text, &text_size);
    if (status == TH_E_IO && errno != 0)
        return th_store_report_cause(report, "không đọc được tệp STORE_ID", errno);
    if (status == TH_E_NO_MEMORY)
        return th_store_report(report, status, "%s", th_status_text(status));
    if (status == TH_E_NOT_FOUND && data.st_size == 0)
        return th_store_report(report, TH_E_NOT_FOUND, "không có kho dữ liệu ở đây");
    if (status == TH_E_NOT_FOUND)
        return th_store_report(report, TH_E_CORRUPT,
                               "có data.mdb nhưng thiếu tệp STORE_ID: kho được tạo dở hoặc chép "
                               "thiếu; chép lại đủ tệp từ bản sao lưu");
    bool readable = status == 0 && parse_id(text, text_size, ret_store_id);
    free(text);
    if (!readable)
        return th_store_report(report, TH_E_CORRUPT, "tệp STORE_ID không phải của một kho");
    if (data.st_size == 0)
        return th_store_report(report, TH_E_CORRUPT,
                               "data.mdb trống hoặc đã mất trong khi STORE_ID vẫn còn; khôi phục "
                               "từ bản sao lưu, đừng khởi tạo lại");
    return 0;
}

int th_folder_finish(const char *folder, const uint8_t store_id[TH_STORE_ID_SIZE])
{
    char path[TH_STORE_PATH_MAX];
    char text[ID_TEXT_SIZE + 1];
    int status = th_folder_path(folder, TH_STORE_ID_FILE, path);
    if (status != 0)
        return status;
    format_id(store_id, text);
    return th_file_create(path, 0600, text, ID_TEXT_SIZE);
}

int th_folder_check_new(const char *folder)
{
    static const char *const names[] = {TH_STORE_DATA, TH_STORE_LOCK, TH_STORE_ID_FILE,
                                        TH_STORE_SIDE};
    char path[TH_STORE_PATH_MAX];
    struct stat found;
    if (stat(folder, &found) != 0 || !S_ISDIR(found.st_mode))
        return TH_E_IO;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int status = th_folder_path(folder, names[i], path);
        if (status != 0)
            return status;
        if (lstat(path, &found) == 0)
            return TH_E_EXISTS;
        if (errno != ENOENT)
            return TH_E_IO;
    }
    return 0;
}
