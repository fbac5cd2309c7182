/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files beside the database: what they know of this log, the database has to have. They are
 * read before a newer snapshot is taken, so that a daemon that goes on is never taken for one that
 * fell behind.
 */
#define _GNU_SOURCE /* PATH_MAX, NAME_MAX */
#include "aggregator/audit/verify_parts.h"

#include "aggregator/store/folder.h"
#include "aggregator/store/side.h"
#include "aggregator/store/witness.h"
#include "base/file.h"
#include "proto/tlog/checkpoint.h"
#include "proto/wire/journal.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NOTE_MAX = 64 * 1024, NAME_BYTES = 320 };

#define SECRETS "secrets"

#define SAY(verify, ...)                                                                           \
    th_findings_add(&(verify)->findings, TH_FINDING_FOLDER, TH_FINDING_NO_POSITION, __VA_ARGS__)

static const char *folder_of(const struct th_verify *verify)
{
    return th_reader_request(verify->reader)->folder;
}

static const char *origin_of(const struct th_verify *verify)
{
    return th_log_keys_current(verify->keys)->vkey.name;
}

/* Whoever may not read a file cannot say that the store is not right. */
static int is_closed_to_us(struct th_verify *verify, const char *where, int error)
{
    if (error != EACCES && error != EPERM)
        return 0;
    (void)snprintf(verify->unread, sizeof verify->unread, "%s", where);
    return TH_E_FORBIDDEN;
}

/* ---- one checkpoint that somebody keeps ---- */

static int compare_root(struct th_verify *verify, const char *where,
                        const struct th_checkpoint *checkpoint)
{
    struct th_digest root;
    int status = th_view_root(verify->opened.view, checkpoint->size, &root);
    if (status == TH_E_RANGE)
        SAY(verify, "%s đã thấy nhật ký ở cỡ %llu, kho này chỉ có %llu: kho là một bản cũ", where,
            (unsigned long long)checkpoint->size,
            (unsigned long long)th_view_size(verify->opened.view));
    else if (status == 0 && memcmp(&root, &checkpoint->root, sizeof root) != 0)
        SAY(verify, "%s và kho là hai nhật ký khác nhau: gốc ở cỡ %llu không giống", where,
            (unsigned long long)checkpoint->size);
    else if (status == TH_E_CORRUPT)
        SAY(verify, "%s: không tính được gốc của cây băm ở cỡ %llu", where,
            (unsigned long long)checkpoint->size);
    return status == TH_E_NO_MEMORY || status == TH_E_IO ? status : 0;
}

static int compare_note(struct th_verify *verify, const char *where, const char *note, size_t size)
{
    struct th_checkpoint checkpoint;
    struct th_note parts;
    int status = th_tlog_note_split(note, size, &parts);
    if (status == 0)
        status = th_tlog_checkpoint_parse(parts.text, parts.text_size, &checkpoint);
    if (status != 0) {
        SAY(verify, "%s không phải checkpoint", where);
        return 0;
    }
    if (!th_log_keys_has_origin(verify->keys, checkpoint.origin)) {
        SAY(verify, "%s là của nhật ký “%.100s” mà kho này không biết", where, checkpoint.origin);
        return 0;
    }
    if (strcmp(checkpoint.origin, origin_of(verify)) != 0 || checkpoint.size == 0)
        return 0; /* of what an earlier log lost, or had */
    if (th_log_keys_verify(verify->keys, note, size, &checkpoint) != 0) {
        SAY(verify, "%s không do khóa của nhật ký ký", where);
        return 0;
    }
    return compare_root(verify, where, &checkpoint);
}

/* ---- the file CHECKPOINT ---- */

/* It is the operator's word, and nothing beside the database says how far the log went. */
static void remark_empty(struct th_verify *verify)
{
    th_findings_remark(&verify->findings,
                       "Tệp " TH_STORE_SIDE
                       " rỗng: người vận hành đã đặt tệp trống để nói kho này là bản mới nhất; "
                       "không có gì chứng minh điều đó.");
}

/* A slot that is torn leaves the other one; what an earlier log wrote is passed over. */
static int check_slots(struct th_verify *verify, const uint8_t *bytes)
{
    unsigned damaged = 0, whole = 0;
    int status = 0;
    for (unsigned i = 0; i < TH_SIDE_SLOTS && status == 0; i++) {
        struct th_side_slot slot = th_side_read_slot(bytes + (size_t)i * TH_SIDE_SLOT_SIZE);
        damaged += slot.kind == TH_SIDE_DAMAGED;
        whole += slot.kind == TH_SIDE_BEGUN || slot.kind == TH_SIDE_WRITTEN;
        if (slot.kind == TH_SIDE_BEGUN && !th_side_is_earlier(&slot, verify->keys))
            SAY(verify, TH_STORE_SIDE ": việc khôi phục đã bắt đầu mà chưa xong");
        else if (slot.kind == TH_SIDE_WRITTEN)
            status = compare_note(verify, TH_STORE_SIDE, slot.note, slot.note_size);
    }
    if (damaged > 0 && whole == 0)
        SAY(verify, TH_STORE_SIDE ": cả tệp bị hỏng");
    else if (damaged > 0)
        th_findings_remark(&verify->findings,
                           "Tệp " TH_STORE_SIDE ": một trong hai chỗ ghi bị hỏng, như sau khi mất "
                           "điện; chỉ chỗ kia được so với kho.");
    else if (whole == 0)
        remark_empty(verify);
    return status;
}

static bool has(const struct th_verify *verify, const char *name)
{
    char path[TH_STORE_PATH_MAX];
    struct stat found;
    return th_folder_path(folder_of(verify), name, path) == 0 && lstat(path, &found) == 0;
}

/* A backup is made without the file. Where a log was written to, somebody has taken it away. */
static void judge_missing(struct th_verify *verify)
{
    if (verify->is_replica)
        return;
    if (has(verify, TH_STORE_OWNER) || has(verify, SECRETS))
        SAY(verify, "thiếu tệp " TH_STORE_SIDE
                    ", mà thư mục này đã được mở để ghi (có " TH_STORE_OWNER " hoặc " SECRETS
                    "/): không biết kho có phải bản mới nhất. Hãy chép lại tệp đó; nếu đây là bản "
                    "sao lưu được đặt lại thì chạy tonghop-aggregator recover");
    else
        th_findings_remark(&verify->findings,
                           "Không có tệp " TH_STORE_SIDE
                           ": đây là một bản sao lưu, đúng tới cỡ đã ghi; không biết sau đó nhật "
                           "ký còn gì.");
}

static int check_side(struct th_verify *verify)
{
    char path[TH_STORE_PATH_MAX], *bytes = NULL;
    size_t size = 0;
    int status = th_folder_path(folder_of(verify), TH_STORE_SIDE, path);
    if (status == 0)
        status = th_file_read(path, TH_SIDE_SIZE, &bytes, &size);
    if (status == TH_E_NO_MEMORY)
        return status;
    if (status == TH_E_IO && is_closed_to_us(verify, TH_STORE_SIDE, errno) != 0)
        return TH_E_FORBIDDEN;
    int renewed = th_view_renew(verify->opened.view);
    if (renewed == 0 && status == TH_E_NOT_FOUND)
        judge_missing(verify);
    else if (renewed == 0 && status != 0)
        SAY(verify, TH_STORE_SIDE ": không đọc được");
    else if (renewed == 0 && size == TH_SIDE_SIZE)
        renewed = check_slots(verify, (const uint8_t *)bytes);
    else if (renewed == 0 && size > 0)
        SAY(verify, TH_STORE_SIDE ": tệp có độ dài sai");
    else if (renewed == 0)
        remark_empty(verify);
    free(bytes);
    return renewed;
}

/* ---- the folder witness ---- */

static int check_witness(struct th_verify *verify, const char *name)
{
    char where[NAME_BYTES], path[TH_STORE_PATH_MAX], *text = NULL;
    size_t size = 0;
    (void)snprintf(where, sizeof where, TH_STORE_WITNESS "/%s", name);
    int status = th_folder_path(folder_of(verify), where, path);
    if (status == 0)
        status = th_file_read(path, NOTE_MAX, &text, &size);
    if (status == TH_E_IO && is_closed_to_us(verify, where, errno) != 0)
        return TH_E_FORBIDDEN;
    if (status == 0)
        status = th_view_renew(verify->opened.view);
    else if (status != TH_E_NO_MEMORY)
        SAY(verify, "%s: không đọc được", where);
    if (status == 0) {
        verify->counts.witnesses++;
        status = compare_note(verify, where, text, size);
    }
    free(text);
    return status == TH_E_NO_MEMORY || text != NULL ? status : 0;
}

static bool is_checkpoint(const char *name)
{
    static const char suffix[] = ".checkpoint";
    size_t size = strlen(name), end = sizeof suffix - 1;
    return name[0] != '.' && size > end && strcmp(name + size - end, suffix) == 0;
}

static int check_witnesses(struct th_verify *verify)
{
    char path[TH_STORE_PATH_MAX];
    int status = th_folder_path(folder_of(verify), TH_STORE_WITNESS, path);
    DIR *folder = status == 0 ? opendir(path) : NULL;
    if (folder == NULL) {
        if (status == 0 && is_closed_to_us(verify, TH_STORE_WITNESS, errno) != 0)
            return TH_E_FORBIDDEN;
        if (status == 0 && errno != ENOENT)
            SAY(verify, TH_STORE_WITNESS ": không đọc được thư mục");
        return status;
    }
    for (const struct dirent *item = readdir(folder); item != NULL && status == 0;
         item = readdir(folder))
        if (is_checkpoint(item->d_name))
            status = check_witness(verify, item->d_name);
    (void)closedir(folder);
    return status;
}

int th_verify_folder(struct th_verify *verify)
{
    th_reader_phase(verify->reader, "đọc các tệp của kho", 0);
    int status = check_side(verify);
    return status == 0 ? check_witnesses(verify) : status;
}

/* ---- the keys that were given from outside ---- */

static bool is_same_key(const struct th_log_key *a, const struct th_log_key *b)
{
    return a->after == b->after && th_tlog_vkey_equal(&a->vkey, &b->vkey);
}

#define SAY_KEY(verify, ...)                                                                       \
    th_findings_add(&(verify)->findings, TH_FINDING_KEYS, TH_FINDING_NO_POSITION, __VA_ARGS__)

/* The size that the log before key `i` is known to have signed: by its own keys, and by what the
 * entry of the recovery says. A damaged entry says nothing here; it is named elsewhere. */
static uint64_t signed_before(struct th_verify *verify, size_t i)
{
    const struct th_log_key *key = &verify->keys->items[i];
    const char *origin = verify->keys->items[i - 1].vkey.name;
    uint64_t known = key->after;
    for (size_t j = i; j-- > 0 && strcmp(verify->keys->items[j].vkey.name, origin) == 0;)
        known = verify->keys->items[j].after > known ? verify->keys->items[j].after : known;
    struct th_stored_entry entry;
    struct th_recovery recovery;
    struct th_checkpoint lost;
    struct th_note parts;
    th_arena_reset(&verify->arena);
    if (th_view_entry(verify->opened.view, key->after, &entry) != 0 ||
        entry.kind != TH_ENTRY_RECOVERED ||
        th_wire_recovery_decode(entry.body, &verify->arena, &recovery) != 0 ||
        recovery.checkpoint.size == 0 ||
        th_tlog_note_split((const char *)recovery.checkpoint.bytes, recovery.checkpoint.size,
                           &parts) != 0 ||
        th_tlog_checkpoint_parse(parts.text, parts.text_size, &lost) != 0 ||
        strcmp(lost.origin, origin) != 0)
        return known;
    return lost.size > known ? lost.size : known;
}

/* A recovery is no fault, and whoever trusts the store has to know of it. */
static void remark_recoveries(struct th_verify *verify)
{
    const struct th_log_keys *keys = verify->keys;
    for (size_t i = 1; i < keys->count; i++) {
        const struct th_log_key *key = &keys->items[i];
        const char *before = keys->items[i - 1].vkey.name;
        char text[2 * TH_FINDING_TEXT_SIZE], lost[TH_FINDING_TEXT_SIZE / 2];
        if (strcmp(key->vkey.name, before) == 0)
            continue;
        uint64_t size = signed_before(verify, i);
        if (size > key->after)
            (void)snprintf(lost, sizeof lost,
                           "đã ký tới cỡ %llu: ít nhất %llu bản ghi của nó không còn, trừ báo cáo "
                           "được nhận lại",
                           (unsigned long long)size, (unsigned long long)(size - key->after));
        else
            (void)snprintf(lost, sizeof lost, "không rõ còn ký gì sau cỡ %llu",
                           (unsigned long long)key->after);
        (void)snprintf(text, sizeof text,
                       "Nhật ký đã được khôi phục ở bản ghi số %llu%s; nhật ký trước, %.60s, %s.",
                       (unsigned long long)key->after,
                       key->succession_size == 0 ? ", không có chữ ký của khóa cũ" : "", before,
                       lost);
        th_findings_remark(&verify->findings, text);
    }
}

/* Trust comes with the given ones: what is alike is theirs, and each further key of the store has
 * to be signed for by the one before. */
int th_verify_keys(struct th_verify *verify)
{
    const struct th_log_keys *trusted = verify->line->trusted, *keys = verify->keys;
    uint64_t size = th_view_size(verify->opened.view);
    remark_recoveries(verify);
    if (trusted == NULL)
        return 0;
    size_t alike = 0;
    while (alike < trusted->count && alike < keys->count &&
           is_same_key(&trusted->items[alike], &keys->items[alike]))
        alike++;
    if (alike < trusted->count && alike < keys->count)
        SAY_KEY(verify, "khóa ký sổ thứ %zu của kho không phải khóa trong lịch sử đã cho",
                alike + 1);
    else if (alike < trusted->count && trusted->items[alike].after < size)
        SAY_KEY(verify, "kho không biết khóa ký sổ thứ %zu, có hiệu lực sau cỡ %llu", alike + 1,
                (unsigned long long)trusted->items[alike].after);
    else if (alike < trusted->count)
        SAY_KEY(verify,
                "kho là một bản cũ: lịch sử đã cho có khóa ký sổ thứ %zu, bắt đầu sau cỡ %llu",
                alike + 1, (unsigned long long)trusted->items[alike].after);
    for (size_t i = alike; alike == trusted->count && i < keys->count; i++)
        if (keys->items[i].succession_size == 0)
            SAY_KEY(verify,
                    "khóa ký sổ thứ %zu của kho không được khóa trước ký, và không có trong lịch "
                    "sử đã cho",
                    i + 1);
    return 0;
}
