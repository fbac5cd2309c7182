/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys the lost log had, how far it is known to have gone, and how the new one is called. */
#include "aggregator/cli/note_file.h"
#include "aggregator/cli/recover.h"
#include "proto/exchange/keys_file.h"
#include "proto/model/origin.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- keys that the copy does not know ---- */

static bool same_key(const struct th_log_key *a, const struct th_log_key *b)
{
    return a->after == b->after && th_tlog_vkey_equal(&a->vkey, &b->vkey);
}

static int refuse_keys(const struct th_recovering *recovering, const char *path, const char *what)
{
    th_cli_complain(recovering->site.err, "recover",
                    "đưa log-keys.yaml mới nhất của đúng kho này bằng --keys, hoặc chuyển tệp sai "
                    "đi nơi khác",
                    "%s: %s", path, what);
    return EX_DATAERR;
}

/* The file has the store's history, or more of it, or less. */
static int take_keys(struct th_recovering *recovering, const char *path,
                     const struct th_log_keys *file)
{
    const struct th_log_keys *own = th_store_log_keys(recovering->store);
    size_t common = own->count < file->count ? own->count : file->count;
    for (size_t i = 0; i < common; i++)
        if (!same_key(&own->items[i], &file->items[i]))
            return refuse_keys(recovering, path, "không phải lịch sử khóa của kho này");
    for (size_t i = common; i < file->count; i++)
        if (file->items[i].after < recovering->size)
            return refuse_keys(recovering, path,
                               "có khóa bắt đầu trước chỗ bản sao dừng lại mà bản sao không biết");
    if (file->count > own->count)
        recovering->keys = *file;
    return EX_OK;
}

int th_recover_gather_keys(struct th_recovering *recovering)
{
    char own_path[TH_SITE_PATH_SIZE];
    const char *path = recovering->keys_path;
    struct th_problems problems;
    recovering->keys = *th_store_log_keys(recovering->store);
    recovering->known_keys = recovering->keys.count;
    if (path == NULL) {
        if (th_site_path(&recovering->site, TH_KEYS_FILE, own_path) < 0 ||
            access(own_path, F_OK) != 0)
            return EX_OK;
        path = own_path;
    }
    struct th_log_keys *file = malloc(sizeof *file);
    if (file == NULL)
        return EX_OSERR;
    th_problems_init(&problems);
    int status = th_keys_file_read(path, &problems, file);
    int code = status < 0 ? th_site_tell(&recovering->site, &problems, path, status)
                          : take_keys(recovering, path, file);
    th_problems_deinit(&problems);
    free(file);
    return code;
}

/* ---- the new origin ---- */

static size_t origins_of(const struct th_log_keys *keys)
{
    size_t count = 1;
    for (size_t i = 1; i < keys->count; i++)
        count += strcmp(keys->items[i].vkey.name, keys->items[i - 1].vkey.name) != 0 ? 1 : 0;
    return count;
}

/* x/live, x/live/2 …; x/rehearsal, x/2/rehearsal … */
static bool make_origin(struct th_recovering *recovering, size_t number)
{
    const char *first = recovering->keys.items[0].vkey.name;
    const size_t stem = th_origin_stem(first, strlen(first));
    int made = snprintf(recovering->origin, sizeof recovering->origin, "%.*s/%zu%s", (int)stem,
                        first, number, first + stem);
    return made > 0 && (size_t)made <= TH_LIMIT_REALM_SIZE_MAX;
}

/* A log that has this name may have signed other leaves. */
static bool is_taken(const struct th_recovering *recovering, const char *origin)
{
    return th_log_keys_has_origin(&recovering->keys, origin) ||
           strcmp(recovering->other_origin, origin) == 0;
}

static int check_origin(const struct th_recovering *recovering)
{
    const char *origin = recovering->origin;
    const enum th_mode mode = th_store_identity(recovering->store)->mode;
    const char *what = NULL;
    const char *hint = "chọn tên khác bằng --realm, hoặc bỏ --realm để dùng tên kế tiếp";
    if (!th_site_is_realm(origin)) {
        what = "không dùng được";
        hint = "dùng chữ, số, gạch nối, chấm và gạch chéo; không có dấu cách và dấu +";
    } else if (!th_origin_fits(mode, origin, strlen(origin))) {
        what = "không hợp với loại kho";
        hint = "tên của kho diễn tập luôn kết thúc bằng /rehearsal, của kho thật thì không";
    } else if (is_taken(recovering, origin)) {
        what = "đã là tên của nhật ký này: tên của nhật ký đã mất không dùng lại được";
    }
    if (what == NULL)
        return EX_OK;
    th_cli_complain(recovering->site.err, "recover", hint, "tên nơi nhận \"%s\" %s", origin, what);
    return EX_USAGE;
}

int th_recover_choose_origin(struct th_recovering *recovering)
{
    size_t number = origins_of(&recovering->keys) + 1;
    bool fits = true;
    if (recovering->realm != NULL) {
        size_t size = strlen(recovering->realm);
        fits = size <= TH_LIMIT_REALM_SIZE_MAX;
        if (fits)
            memcpy(recovering->origin, recovering->realm, size + 1);
    } else {
        do
            fits = make_origin(recovering, number++);
        while (fits && is_taken(recovering, recovering->origin));
    }
    if (fits)
        return check_origin(recovering);
    th_cli_complain(recovering->site.err, "recover", "chọn một tên ngắn bằng --realm",
                    "tên nơi nhận dài quá %d byte", TH_LIMIT_REALM_SIZE_MAX);
    return EX_USAGE;
}

/* ---- what is known of the log that was lost ---- */

static const char *lost_origin(const struct th_recovering *recovering)
{
    return th_log_keys_current(&recovering->keys)->vkey.name;
}

static int keep_lost(struct th_recovering *recovering, uint64_t size, const char *note,
                     size_t note_size)
{
    if (recovering->has_lost && size <= recovering->lost_size)
        return 0;
    char *copy = malloc(note_size);
    if (copy == NULL)
        return TH_E_NO_MEMORY;
    memcpy(copy, note, note_size);
    free(recovering->lost_note);
    recovering->lost_note = copy;
    recovering->lost_note_size = note_size;
    recovering->lost_size = size;
    recovering->has_lost = true;
    return 0;
}

/* A verified checkpoint of the lost log's last origin that this store does not have. */
static int consider(struct th_recovering *recovering, const struct th_checkpoint *checkpoint,
                    const char *note, size_t note_size)
{
    struct th_view *view = NULL;
    struct th_digest root;
    if (strcmp(checkpoint->origin, lost_origin(recovering)) != 0)
        return 0;
    if (checkpoint->size > recovering->size)
        return keep_lost(recovering, checkpoint->size, note, note_size);
    int status = th_view_open(recovering->store, &view);
    if (status < 0)
        return status;
    status = th_view_root(view, checkpoint->size, &root);
    th_view_close(view);
    if (status < 0 || th_tlog_digest_equal(&root, &checkpoint->root))
        return status;
    return keep_lost(recovering, checkpoint->size, note, note_size);
}

static int consider_note(struct th_recovering *recovering, const char *note, size_t note_size)
{
    struct th_checkpoint checkpoint;
    if (th_log_keys_verify(&recovering->keys, note, note_size, &checkpoint) < 0)
        return TH_E_SIGNATURE;
    return consider(recovering, &checkpoint, note, note_size);
}

/* A checkpoint of a log that no history here knows. */
static void meet_other(struct th_recovering *recovering, const char *origin)
{
    if (!th_log_keys_has_origin(&recovering->keys, origin))
        (void)snprintf(recovering->other_origin, sizeof recovering->other_origin, "%s", origin);
}

/* Under its name this store would be a second log; its keys say what it was. */
static int refuse_other(const struct th_recovering *recovering)
{
    if (recovering->other_origin[0] == 0 || recovering->is_key_lost)
        return EX_OK;
    th_cli_complain(
        recovering->site.err, "recover",
        "đưa log-keys.yaml mới nhất của kho bằng --keys (bản ở người kiểm tra, ở nhân "
        "chứng, hoặc trong bản sao lưu mới hơn); tệp để nhầm chỗ thì chuyển đi nơi "
        "khác; lịch sử khóa ấy mất hẳn thì thêm --old-key-lost",
        "tệp CHECKPOINT hoặc witness/ là của nhật ký “%s”, không có trong lịch sử khóa: "
        "kho đã được khôi phục một lần sau bản sao này",
        recovering->other_origin);
    return EX_DATAERR;
}

static int consider_witness(void *context, const char *name, const struct th_note_file *file)
{
    (void)name;
    meet_other(context, file->checkpoint.origin);
    int status = consider_note(context, file->note, file->note_size);
    return status == TH_E_SIGNATURE ? 0 : status;
}

static int consider_files(struct th_recovering *recovering)
{
    int code = EX_OK;
    for (size_t i = 0; i < recovering->notes.count && code == EX_OK; i++) {
        struct th_note_file file;
        code = th_note_file_read(&recovering->site, recovering->notes.items[i], &recovering->keys,
                                 &file);
        if (code != EX_OK)
            return code;
        int status = consider(recovering, &file.checkpoint, file.note, file.note_size);
        th_note_file_close(&file);
        code = status < 0 ? th_status_exit_code(status) : EX_OK;
    }
    return code;
}

int th_recover_gather_lost(struct th_recovering *recovering)
{
    struct th_bytes note;
    uint64_t size = 0;
    bool is_signed = false;
    int status = 0;
    if (th_store_lost_origin(recovering->store) != NULL)
        meet_other(recovering, th_store_lost_origin(recovering->store));
    if (th_store_lost_checkpoint(recovering->store, &size, &note, &is_signed))
        status = consider_note(recovering, (const char *)note.bytes, note.size);
    if (status == TH_E_SIGNATURE) {
        th_cli_complain(
            recovering->site.err, "recover",
            "nhật ký đã đổi khóa sau bản sao: đưa log-keys.yaml mới nhất bằng --keys "
            "(bản ở người kiểm tra, ở nhân chứng, hoặc trong bản sao lưu mới hơn)",
            "tệp CHECKPOINT hoặc witness/ có checkpoint ở cỡ %llu, do một khóa không có trong lịch "
            "sử khóa ký",
            (unsigned long long)size);
        return EX_DATAERR;
    }
    if (status == 0)
        status = th_witness_files(&recovering->site, consider_witness, recovering);
    if (status < 0) {
        th_cli_complain(recovering->site.err, "recover", NULL, "%s: %s", recovering->site.folder,
                        th_status_text(status));
        return th_status_exit_code(status);
    }
    int code = refuse_other(recovering);
    return code == EX_OK ? consider_files(recovering) : code;
}
