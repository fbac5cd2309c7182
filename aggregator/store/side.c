/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/side.h"

#include "base/assert.h"
#include "base/file.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    SLOTS = 2,
    SLOT_SIZE = 512,
    HEAD_SIZE = 14, /* crc, tree size, bytes of the note */
    NOTE_MAX = SLOT_SIZE - HEAD_SIZE
};

_Static_assert(TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX <= NOTE_MAX, "a note fits a slot");

struct slot {
    bool is_written;
    bool is_right;
    uint64_t size;
    const uint8_t *note;
    size_t note_size;
};

static void put_number(uint8_t *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = bytes; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

static uint64_t get_number(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static uint32_t checksum(const uint8_t *bytes, size_t note_size)
{
    return (uint32_t)crc32(0, bytes + 4, (uInt)(HEAD_SIZE - 4 + note_size));
}

static struct slot read_slot(const uint8_t bytes[SLOT_SIZE])
{
    static const uint8_t zeros[SLOT_SIZE];
    struct slot slot = {.is_written = memcmp(bytes, zeros, SLOT_SIZE) != 0,
                        .size = get_number(bytes + 4, 8),
                        .note = bytes + HEAD_SIZE,
                        .note_size = (size_t)get_number(bytes + 12, 2)};
    slot.is_right = slot.is_written && slot.note_size <= NOTE_MAX &&
                    get_number(bytes, 4) == checksum(bytes, slot.note_size);
    return slot;
}

int th_side_create(const char *folder)
{
    static const uint8_t zeros[SLOTS * SLOT_SIZE];
    char path[TH_STORE_PATH_MAX];
    int status = th_folder_path(folder, TH_STORE_SIDE, path);
    return status < 0 ? status : th_file_create(path, 0600, zeros, sizeof zeros);
}

int th_side_write(struct th_side *side, uint64_t size, const char *note, size_t note_size)
{
    uint8_t bytes[SLOT_SIZE] = {0};
    TH_ASSERT(note_size <= NOTE_MAX);
    put_number(bytes + 4, 8, size);
    put_number(bytes + 12, 2, note_size);
    memcpy(bytes + HEAD_SIZE, note, note_size);
    put_number(bytes, 4, checksum(bytes, note_size));
    if (pwrite(side->fd, bytes, sizeof bytes, (off_t)side->next * SLOT_SIZE) != SLOT_SIZE)
        return TH_E_STORAGE;
    side->next = (side->next + 1) % SLOTS;
    return 0;
}

void th_side_close(struct th_side *side)
{
    if (side->fd >= 0)
        (void)close(side->fd);
    side->fd = -1;
}

/* ---- opening ---- */

static int open_file(const struct th_store_report *report, int *ret_fd)
{
    char path[TH_STORE_PATH_MAX];
    int status = th_folder_path(report->folder, TH_STORE_SIDE, path);
    if (status < 0)
        return th_store_report(report, status, "đường dẫn quá dài");
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return th_store_report(report, TH_E_CORRUPT,
                               "thiếu tệp CHECKPOINT nên không biết kho này có phải bản mới nhất; "
                               "hãy chép lại tệp đó. Chỉ khi chắc chắn đây là bản mới nhất mới "
                               "tạo một tệp CHECKPOINT rỗng");
    if (fd < 0)
        return th_store_report(report, TH_E_IO, "không mở được tệp CHECKPOINT: %s",
                               strerror(errno));
    *ret_fd = fd;
    return 0;
}

/* The later slot that is right; none when nothing was ever written. */
static int read_file(const struct th_store_report *report, struct th_side *side,
                     uint8_t bytes[SLOTS * SLOT_SIZE], struct slot *ret_last)
{
    struct stat file;
    struct slot last = {.is_right = false};
    bool any_written = false;
    if (fstat(side->fd, &file) != 0)
        return th_store_report(report, TH_E_IO, "không đọc được tệp CHECKPOINT: %s",
                               strerror(errno));
    if (file.st_size == 0) {
        if (ftruncate(side->fd, (off_t)SLOTS * SLOT_SIZE) != 0)
            return th_store_report(report, TH_E_IO, "không ghi được tệp CHECKPOINT: %s",
                                   strerror(errno));
        (void)th_store_report(report, 0,
                              "lưu ý: tệp CHECKPOINT rỗng; tin rằng kho này là bản mới nhất");
    }
    ssize_t size = pread(side->fd, bytes, (size_t)SLOTS * SLOT_SIZE, 0);
    for (unsigned i = 0; size == SLOTS * SLOT_SIZE && i < SLOTS; i++) {
        struct slot slot = read_slot(bytes + (size_t)i * SLOT_SIZE);
        any_written = any_written || slot.is_written;
        if (!slot.is_right || (last.is_right && last.size >= slot.size))
            continue;
        last = slot;
        side->next = (i + 1) % SLOTS;
    }
    if (size != SLOTS * SLOT_SIZE || (any_written && !last.is_right))
        return th_store_report(report, TH_E_CORRUPT,
                               "tệp CHECKPOINT bị hỏng nên không biết kho này có phải bản mới "
                               "nhất; chép lại tệp đó, hoặc khi chắc chắn thì thay bằng tệp rỗng");
    *ret_last = last;
    return 0;
}

/* Each checkpoint that the store has signed is in its table: the file's is one of them. */
static int compare(const struct th_store_report *report, const struct th_txn *txn, uint64_t size,
                   const struct slot *last)
{
    struct th_bytes note;
    if (last->size > size)
        return th_store_report(report, TH_E_CORRUPT,
                               "kho này là một bản cũ: nhật ký đã được ký tới cỡ %llu, data.mdb "
                               "chỉ có %llu; ghi tiếp sẽ ký hai nhật ký trái nhau. Hãy đặt lại "
                               "data.mdb mới nhất; bản này chỉ để đọc",
                               (unsigned long long)last->size, (unsigned long long)size);
    struct th_schema_key key = th_schema_key_log(TH_TABLE_CHECKPOINT, last->size);
    int status = th_txn_get(txn, &key, &note);
    if (status < 0 && status != TH_E_NOT_FOUND && status != TH_E_CORRUPT)
        return th_store_report(report, status, "không đọc được bảng checkpoint");
    if (status == 0 && note.size == last->note_size &&
        memcmp(note.bytes, last->note, note.size) == 0)
        return 0;
    return th_store_report(report, TH_E_CORRUPT,
                           "data.mdb và tệp CHECKPOINT là hai nhật ký khác nhau (đã ký ở cỡ %llu); "
                           "hãy đặt lại đúng cặp tệp; bản này chỉ để đọc",
                           (unsigned long long)last->size);
}

static int catch_up(const struct th_store_report *report, const struct th_txn *txn, uint64_t size,
                    struct th_side *side)
{
    struct th_bytes note;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_CHECKPOINT, size);
    int status = th_txn_get(txn, &key, &note);
    if (status == 0 && note.size > NOTE_MAX)
        status = TH_E_CORRUPT;
    if (status == 0)
        status = th_side_write(side, size, (const char *)note.bytes, note.size);
    if (status == 0 && fdatasync(side->fd) != 0)
        status = TH_E_IO;
    return status < 0 ? th_store_report(report, status, "không ghi được tệp CHECKPOINT: %s",
                                        th_status_text(status))
                      : 0;
}

int th_side_open(const struct th_store_report *report, const struct th_txn *txn, uint64_t size,
                 struct th_side *ret_side)
{
    uint8_t bytes[SLOTS * SLOT_SIZE];
    struct th_side side = {.fd = -1};
    struct slot last = {.is_right = false};
    int status = open_file(report, &side.fd);
    if (status == 0)
        status = read_file(report, &side, bytes, &last);
    if (status == 0 && last.is_right)
        status = compare(report, txn, size, &last);
    if (status == 0 && size > 0 && (!last.is_right || last.size < size))
        status = catch_up(report, txn, size, &side);
    if (status < 0) {
        th_side_close(&side);
        return status;
    }
    *ret_side = side;
    return 0;
}
