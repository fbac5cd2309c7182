/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/side.h"

#include "aggregator/store/keys.h"
#include "base/assert.h"
#include "base/big.h"
#include "base/errno_text.h"
#include "base/file.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SLOTS = TH_SIDE_SLOTS,
    SLOT_SIZE = TH_SIDE_SLOT_SIZE,
    HEAD_SIZE = 14, /* crc, tree size, bytes of the note */
    NOTE_MAX = SLOT_SIZE - HEAD_SIZE
};

_Static_assert(TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX <= NOTE_MAX, "a note fits a slot");

#define BEGUN UINT64_MAX /* the size that says that a recovery was begun */

#define WAY_OUT                                                                                    \
    "hãy đặt lại data.mdb mới nhất, hoặc chạy tonghop-aggregator recover; bản này chỉ để đọc"

/* A slot as this store sees it. */
struct slot {
    struct th_side_slot read;
    bool is_right;   /* of this log, or of one that this store does not know */
    bool is_earlier; /* of an earlier origin of this log */
    bool is_ours;    /* of this log's origin */
};

static uint32_t checksum(const uint8_t *bytes, size_t note_size)
{
    return libdeflate_crc32(0, bytes + 4, HEAD_SIZE - 4 + note_size);
}

struct th_side_slot th_side_read_slot(const uint8_t bytes[TH_SIDE_SLOT_SIZE])
{
    static const uint8_t zeros[SLOT_SIZE];
    struct th_side_slot slot = {.kind = TH_SIDE_EMPTY,
                                .size = th_big_get(bytes + 4, 8),
                                .note = (const char *)bytes + HEAD_SIZE,
                                .note_size = (size_t)th_big_get(bytes + 12, 2)};
    if (memcmp(bytes, zeros, SLOT_SIZE) == 0)
        return slot;
    slot.kind = TH_SIDE_DAMAGED;
    if (slot.note_size > NOTE_MAX || th_big_get(bytes, 4) != checksum(bytes, slot.note_size))
        return slot;
    slot.kind = slot.size == BEGUN ? TH_SIDE_BEGUN : TH_SIDE_WRITTEN;
    return slot;
}

/* The first line of the note. */
static bool is_of(const struct th_side_slot *slot, const char *origin)
{
    size_t size = strlen(origin);
    return slot->note_size > size && memcmp(slot->note, origin, size) == 0 &&
           slot->note[size] == '\n';
}

bool th_side_is_earlier(const struct th_side_slot *slot, const struct th_log_keys *keys)
{
    bool is_known = false;
    for (size_t i = 0; i < keys->count; i++)
        is_known = is_known || is_of(slot, keys->items[i].vkey.name);
    return is_known && !is_of(slot, th_log_keys_current(keys)->vkey.name);
}

static struct slot read_slot(const uint8_t bytes[SLOT_SIZE], const struct th_log_keys *keys)
{
    struct slot slot = {.read = th_side_read_slot(bytes)};
    if (slot.read.kind == TH_SIDE_EMPTY || slot.read.kind == TH_SIDE_DAMAGED)
        return slot;
    slot.is_earlier = th_side_is_earlier(&slot.read, keys);
    slot.is_right = !slot.is_earlier;
    slot.is_ours = is_of(&slot.read, th_log_keys_current(keys)->vkey.name);
    return slot;
}

static void make_slot(uint64_t size, const char *note, size_t note_size, uint8_t bytes[SLOT_SIZE])
{
    TH_ASSERT(note_size <= NOTE_MAX);
    memset(bytes, 0, SLOT_SIZE);
    th_big_put(bytes + 4, 8, size);
    th_big_put(bytes + 12, 2, note_size);
    memcpy(bytes + HEAD_SIZE, note, note_size);
    th_big_put(bytes, 4, checksum(bytes, note_size));
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
    uint8_t bytes[SLOT_SIZE];
    make_slot(size, note, note_size, bytes);
    if (pwrite(side->fd, bytes, sizeof bytes, (off_t)side->next * SLOT_SIZE) != SLOT_SIZE)
        return TH_E_STORAGE;
    side->next = (side->next + 1) % SLOTS;
    return 0;
}

int th_side_begin_log(struct th_side *side, uint64_t size, const char *note, size_t note_size)
{
    int status = 0;
    for (unsigned i = 0; i < SLOTS && status == 0; i++)
        status = th_side_write(side, size, note, note_size);
    return status == 0 && fdatasync(side->fd) != 0 ? TH_E_STORAGE : status;
}

void th_side_close(struct th_side *side)
{
    if (side->fd >= 0)
        (void)close(side->fd);
    side->fd = -1;
}

/* ---- opening ---- */

struct opening {
    const struct th_store_report *report;
    const struct th_txn *txn;
    const struct th_log_keys *keys;
    uint64_t size;            /* of the snapshot */
    struct th_lost_log *lost; /* NULL: the store is not to be recovered */
    struct th_side side;
    struct slot last; /* the later slot that is right */
    bool has_earlier;
    uint8_t bytes[SLOTS * SLOT_SIZE];
};

static int report_io(const struct opening *opening, const char *what)
{
    char cause[TH_ERRNO_TEXT_SIZE];
    return th_store_report(opening->report, TH_E_IO, "không %s được tệp CHECKPOINT: %s", what,
                           th_errno_text(errno, cause));
}

/* A new file that refuses the store as it is, and no more once it is another log. */
static int write_begun(struct opening *opening, const char *path)
{
    char note[TH_CHECKPOINT_ORIGIN_MAX + 2];
    const char *origin = th_log_keys_current(opening->keys)->vkey.name;
    size_t size = strlen(origin);
    memcpy(note, origin, size);
    note[size] = '\n';
    memset(opening->bytes, 0, sizeof opening->bytes);
    make_slot(BEGUN, note, size + 1, opening->bytes);
    if (th_file_write(path, 0600, opening->bytes, sizeof opening->bytes) != 0)
        return report_io(opening, "ghi");
    return 0;
}

static int open_file(struct opening *opening)
{
    char path[TH_STORE_PATH_MAX];
    int status = th_folder_path(opening->report->folder, TH_STORE_SIDE, path);
    if (status < 0)
        return th_store_report(opening->report, status, "đường dẫn quá dài");
    opening->side.fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (opening->side.fd < 0 && errno == ENOENT && th_lost_say(opening->lost)) {
        status = write_begun(opening, path);
        if (status < 0)
            return status;
        opening->side.fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    }
    if (opening->side.fd < 0 && errno == ENOENT)
        return th_store_report(opening->report, TH_E_CORRUPT,
                               "thiếu tệp CHECKPOINT nên không biết kho này có phải bản mới nhất; "
                               "hãy chép lại tệp đó. Nếu đây là bản sao lưu được đặt lại, hãy chạy "
                               "tonghop-aggregator recover");
    return opening->side.fd < 0 ? report_io(opening, "mở") : 0;
}

/* No slot says how far the log went. What replaces the file refuses the store as it did. */
static int refuse_damaged(struct opening *opening)
{
    char path[TH_STORE_PATH_MAX];
    if (!th_lost_say(opening->lost))
        return th_store_report(opening->report, TH_E_CORRUPT,
                               "tệp CHECKPOINT bị hỏng nên không biết kho này có phải bản mới "
                               "nhất; chép lại tệp đó, khi chắc chắn thì thay bằng tệp rỗng, nếu "
                               "không thì chạy tonghop-aggregator recover");
    th_side_close(&opening->side);
    int status = th_folder_path(opening->report->folder, TH_STORE_SIDE, path);
    if (status == 0)
        status = write_begun(opening, path);
    return status < 0 ? status : open_file(opening);
}

/* The later slot that is right; none when nothing was ever written. */
static int read_file(struct opening *opening)
{
    struct stat file;
    struct slot *last = &opening->last;
    bool any_damaged = false;
    if (fstat(opening->side.fd, &file) != 0)
        return report_io(opening, "đọc");
    if (file.st_size == 0 && opening->lost != NULL)
        return 0; /* an operator's word; left as it is */
    if (file.st_size == 0) {
        if (ftruncate(opening->side.fd, (off_t)SLOTS * SLOT_SIZE) != 0)
            return report_io(opening, "ghi");
        (void)th_store_report(opening->report, 0,
                              "lưu ý: tệp CHECKPOINT rỗng; tin rằng kho này là bản mới nhất");
    }
    ssize_t size = pread(opening->side.fd, opening->bytes, sizeof opening->bytes, 0);
    if (size != SLOTS * SLOT_SIZE)
        return refuse_damaged(opening);
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot slot = read_slot(opening->bytes + (size_t)i * SLOT_SIZE, opening->keys);
        any_damaged = any_damaged || slot.read.kind == TH_SIDE_DAMAGED;
        opening->has_earlier = opening->has_earlier || slot.is_earlier;
        if (!slot.is_right || (last->is_right && last->read.size >= slot.read.size))
            continue;
        *last = slot;
        opening->side.next = (i + 1) % SLOTS;
    }
    /* A new log begins with both slots: beside one of an earlier log, the other was torn then. */
    if (any_damaged && !last->is_right && !opening->has_earlier)
        return refuse_damaged(opening);
    return 0;
}

static bool take_lost(const struct opening *opening)
{
    const struct slot *last = &opening->last;
    const char *note = last->read.note;
    const struct th_log_key *key = th_keys_in_force(opening->keys, last->read.size);
    if (!last->is_ours && last->read.kind != TH_SIDE_BEGUN) {
        const char *end = memchr(note, '\n', last->read.note_size);
        return th_lost_meet(opening->lost, note, end == NULL ? 0 : (size_t)(end - note));
    }
    if (last->read.kind == TH_SIDE_BEGUN)
        return th_lost_say(opening->lost);
    return th_lost_take(opening->lost, last->read.size,
                        th_keys_has_signed(key, note, last->read.note_size), note,
                        last->read.note_size);
}

/* Each checkpoint that the store has signed is in its table: the file's is one of them. */
static int compare(const struct opening *opening)
{
    struct th_bytes note;
    const struct slot *last = &opening->last;
    if (last->is_ours && last->read.size > opening->size) {
        if (take_lost(opening))
            return 0;
        if (last->read.kind == TH_SIDE_BEGUN)
            return th_store_report(opening->report, TH_E_CORRUPT,
                                   "kho này đang được khôi phục dở; hãy chạy lại "
                                   "tonghop-aggregator recover");
        return th_store_report(opening->report, TH_E_CORRUPT,
                               "kho này là một bản cũ: nhật ký đã được ký tới cỡ %llu, data.mdb "
                               "chỉ có %llu; ghi tiếp sẽ ký hai nhật ký trái nhau; " WAY_OUT,
                               (unsigned long long)last->read.size,
                               (unsigned long long)opening->size);
    }
    struct th_schema_key key = th_schema_key_log(TH_TABLE_CHECKPOINT, last->read.size);
    int status = th_txn_get(opening->txn, &key, &note);
    if (status < 0 && status != TH_E_NOT_FOUND && status != TH_E_CORRUPT)
        return th_store_report(opening->report, status, "không đọc được bảng checkpoint");
    if (status == 0 && note.size == last->read.note_size &&
        memcmp(note.bytes, last->read.note, note.size) == 0)
        return 0;
    if (take_lost(opening))
        return 0;
    return th_store_report(opening->report, TH_E_CORRUPT,
                           "data.mdb và tệp CHECKPOINT là hai nhật ký khác nhau (đã ký ở cỡ "
                           "%llu); " WAY_OUT,
                           (unsigned long long)last->read.size);
}

static int catch_up(struct opening *opening)
{
    struct th_bytes note;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_CHECKPOINT, opening->size);
    int status = th_txn_get(opening->txn, &key, &note);
    if (status == 0 && note.size > NOTE_MAX)
        status = TH_E_CORRUPT;
    if (status == 0)
        status = opening->has_earlier ? th_side_begin_log(&opening->side, opening->size,
                                                          (const char *)note.bytes, note.size)
                                      : th_side_write(&opening->side, opening->size,
                                                      (const char *)note.bytes, note.size);
    if (status == 0 && fdatasync(opening->side.fd) != 0)
        status = TH_E_IO;
    return status < 0 ? th_store_report(opening->report, status,
                                        "không ghi được tệp CHECKPOINT: %s", th_status_text(status))
                      : 0;
}

int th_side_open(const struct th_store_report *report, const struct th_txn *txn,
                 const struct th_log_keys *keys, uint64_t size, struct th_lost_log *lost,
                 struct th_side *ret_side)
{
    struct opening opening = {
        .report = report, .txn = txn, .keys = keys, .size = size, .lost = lost, .side = {.fd = -1}};
    const struct slot *last = &opening.last;
    int status = open_file(&opening);
    if (status == 0)
        status = read_file(&opening);
    if (status == 0 && last->is_right)
        status = compare(&opening);
    if (status == 0 && lost == NULL && size > 0 && (!last->is_right || last->read.size < size))
        status = catch_up(&opening);
    if (status < 0) {
        th_side_close(&opening.side);
        return status;
    }
    *ret_side = opening.side;
    return 0;
}
