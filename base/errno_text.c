/* SPDX-License-Identifier: Apache-2.0 */
#include "base/errno_text.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int error;
    const char *text;
} texts[] = {
    {ENOENT, "không có tệp hoặc thư mục này"},
    {EACCES, "không có quyền"},
    {EPERM, "không được phép"},
    {EEXIST, "đã có tệp hoặc thư mục này"},
    {ENOTEMPTY, "thư mục không trống"},
    {ENOTDIR, "một phần của đường dẫn không phải là thư mục"},
    {EISDIR, "đây là thư mục, không phải tệp"},
    {ENOSPC, "đĩa đã đầy"},
    {EDQUOT, "đã dùng hết phần đĩa được cấp"},
    {EROFS, "ổ đĩa chỉ cho đọc"},
    {EIO, "đĩa đọc hoặc ghi bị lỗi"},
    {ENAMETOOLONG, "đường dẫn quá dài"},
    {ELOOP, "quá nhiều liên kết trong đường dẫn"},
    {EMFILE, "chương trình mở quá nhiều tệp"},
    {ENFILE, "máy mở quá nhiều tệp"},
    {EBUSY, "đang có chương trình khác dùng"},
    {EFBIG, "tệp quá lớn"},
};

const char *th_errno_text(int error, char text[TH_ERRNO_TEXT_SIZE])
{
    const char *own = "hệ thống báo lỗi";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].error == error)
            own = texts[i].text;
    (void)snprintf(text, TH_ERRNO_TEXT_SIZE, "%s (%s)", own, strerror(error));
    return text;
}

int th_errno_status(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return TH_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return TH_E_FORBIDDEN;
    case EISDIR:
        return TH_E_INVALID;
    case ENOSPC:
    case EDQUOT:
        return TH_E_STORAGE;
    case ENOMEM:
        return TH_E_NO_MEMORY;
    default:
        return TH_E_IO;
    }
}
