/* SPDX-License-Identifier: Apache-2.0 */
/* cosigned: keeps what a witness gave back, so that an older copy of the store is found out. */
#include "aggregator/cli/note_file.h"
#include "aggregator/cli/write.h"
#include "aggregator/store/witness.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/tlog/cosignature.h"

#include <jansson.h>
#include <string.h>
#include <sysexits.h>

enum { NAME_PART_MAX = 64 };

struct keeping {
    struct th_site site;
    const char *path; /* that was given */
    struct th_witness_key witness;
    struct th_note_file file;
    const struct th_log_keys *keys;
    int64_t seen_s; /* when the witness signed */
    uint64_t store_size;
    char name[NAME_PART_MAX + 32]; /* of the file in witness/ */
    bool is_kept;                  /* false: a newer one is there */
    uint64_t there_size;           /* of that */
};

static int complain(const struct keeping *keeping, int status, const char *hint, const char *what)
{
    th_cli_complain(keeping->site.err, "cosigned", hint, "%s: %s", keeping->path, what);
    return th_status_exit_code(status);
}

/* This store has the tree that the witness saw. */
static int check_tree(struct keeping *keeping, struct th_view *view)
{
    const struct th_checkpoint *seen = &keeping->file.checkpoint;
    const struct th_log_key *current = th_log_keys_current(keeping->keys);
    struct th_digest root;
    char text[TH_SITE_TEXT_SIZE];
    keeping->store_size = th_view_size(view);
    if (seen->size > keeping->store_size && strcmp(seen->origin, current->vkey.name) == 0) {
        (void)snprintf(text, sizeof text,
                       "nhân chứng đã thấy nhật ký ở cỡ %llu, kho này chỉ có %llu: kho là một bản "
                       "cũ",
                       (unsigned long long)seen->size, (unsigned long long)keeping->store_size);
        return complain(keeping, TH_E_CORRUPT,
                        "dừng máy chủ; đặt lại data.mdb mới nhất, hoặc chạy tonghop-aggregator "
                        "recover với --checkpoint tệp này",
                        text);
    }
    bool is_lost = seen->size > keeping->store_size;
    int status = is_lost ? 0 : th_view_root(view, seen->size, &root);
    if (status < 0)
        return complain(keeping, status, NULL, "không tính được gốc của cây băm");
    if (!is_lost && th_tlog_digest_equal(&root, &seen->root))
        return EX_OK;
    if (strcmp(seen->origin, current->vkey.name) != 0)
        return complain(keeping, TH_E_INVALID,
                        "xin nhân chứng xác nhận checkpoint mới, của nhật ký hiện nay",
                        "là của phần nhật ký đã mất ở lần khôi phục");
    return complain(keeping, TH_E_CORRUPT,
                    "dừng máy chủ, giữ tệp này làm bằng chứng, báo cho người phụ trách",
                    "gốc của cây băm khác với kho này ở cùng cỡ: có hai nhật ký khác nhau");
}

static int check(struct keeping *keeping, struct th_view *view)
{
    int code = th_note_file_read(&keeping->site, keeping->path, keeping->keys, &keeping->file);
    if (code != EX_OK)
        return code;
    code = check_tree(keeping, view);
    if (code != EX_OK)
        return code;
    int status = th_tlog_cosignature_verify(keeping->file.note, keeping->file.note_size,
                                            &keeping->witness, &keeping->seen_s);
    if (status < 0)
        return complain(keeping, status, "kiểm tra --key; xin lại tệp từ nhân chứng",
                        "không có chữ ký đúng của nhân chứng này");
    return EX_OK;
}

/* Letters, digits and hyphens of the witness's name, then the id of its key. */
static void make_name(struct keeping *keeping)
{
    char safe[NAME_PART_MAX + 1];
    size_t size = 0;
    for (const char *at = keeping->witness.name; *at != 0 && size < NAME_PART_MAX; at++) {
        bool is_plain =
            (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
        safe[size++] = is_plain ? *at : '-';
    }
    safe[size] = 0;
    const uint8_t *id = keeping->witness.id;
    (void)snprintf(keeping->name, sizeof keeping->name, "%s-%02x%02x%02x%02x.checkpoint", safe,
                   id[0], id[1], id[2], id[3]);
}

/* Which key of the history signs it: of a later log, later. */
static size_t age_of(const struct keeping *keeping, const struct th_checkpoint *checkpoint)
{
    const struct th_log_key *key =
        th_log_keys_find(keeping->keys, checkpoint->origin, checkpoint->size);
    return key == NULL ? 0 : (size_t)(key - keeping->keys->items) + 1;
}

/* Whether the file that is there says more than the new one. A damaged one says nothing. */
static bool is_newer_there(struct keeping *keeping, const char *path)
{
    struct th_note_file there;
    struct th_checkpoint checkpoint;
    int64_t time_s;
    if (th_note_file_open(path, &there) < 0)
        return false;
    bool is_right =
        th_log_keys_verify(keeping->keys, there.note, there.note_size, &checkpoint) == 0 &&
        th_tlog_cosignature_verify(there.note, there.note_size, &keeping->witness, &time_s) == 0;
    th_note_file_close(&there);
    if (!is_right)
        return false;
    keeping->there_size = checkpoint.size;
    bool is_same_log = strcmp(checkpoint.origin, keeping->file.checkpoint.origin) == 0;
    return is_same_log ? checkpoint.size > keeping->file.checkpoint.size
                       : age_of(keeping, &checkpoint) > age_of(keeping, &keeping->file.checkpoint);
}

static int keep(struct keeping *keeping)
{
    char folder[TH_SITE_PATH_SIZE];
    char inner[sizeof keeping->name + sizeof TH_STORE_WITNESS + 1];
    char path[TH_SITE_PATH_SIZE];
    make_name(keeping);
    (void)snprintf(inner, sizeof inner, TH_STORE_WITNESS "/%s", keeping->name);
    int status = th_site_path(&keeping->site, TH_STORE_WITNESS, folder);
    if (status == 0)
        status = th_site_path(&keeping->site, inner, path);
    if (status == 0) {
        status = th_file_make_folder(folder, 0700);
        status = status == TH_E_EXISTS ? 0 : status;
    }
    keeping->is_kept = status == 0 && !is_newer_there(keeping, path);
    if (keeping->is_kept)
        status = th_file_write(path, 0600, keeping->file.note, keeping->file.note_size);
    return status < 0 ? complain(keeping, status, NULL, "không ghi được vào thư mục witness")
                      : EX_OK;
}

static int tell(const struct keeping *keeping)
{
    char when[TH_SPOKEN_TEXT_SIZE];
    char stamp[TH_INSTANT_TEXT_SIZE];
    const struct th_checkpoint *seen = &keeping->file.checkpoint;
    th_instant time = {keeping->seen_s * 1000};
    if (keeping->site.as_json) {
        json_t *all = json_pack(
            "{s:s, s:s, s:I, s:I, s:s, s:b, s:s}", "witness", keeping->witness.name, "origin",
            seen->origin, "size", (json_int_t)seen->size, "behind",
            (json_int_t)(keeping->store_size - seen->size), "time", th_instant_format(time, stamp),
            "kept", keeping->is_kept, "file", keeping->name);
        return th_site_answer(&keeping->site, all);
    }
    (void)fprintf(keeping->site.out, "Nhân chứng %s đã xác nhận nhật ký “%s” ở cỡ %llu, lúc %s.\n",
                  keeping->witness.name, seen->origin, (unsigned long long)seen->size,
                  th_instant_format_spoken(time, when));
    if (keeping->is_kept)
        (void)fprintf(keeping->site.out,
                      "Đã giữ ở %s/" TH_STORE_WITNESS "/%s: từ nay bản kho nào cũ hơn thế thì "
                      "không ghi được nữa.\n",
                      keeping->site.folder, keeping->name);
    else
        (void)fprintf(keeping->site.out, "Không thay tệp đang giữ: nó mới hơn (cỡ %llu).\n",
                      (unsigned long long)keeping->there_size);
    return EX_OK;
}

static int cosigned(struct keeping *keeping)
{
    struct th_store *store = NULL;
    struct th_view *view = NULL;
    int code = th_site_open(&keeping->site, TH_STORE_READ, &store);
    if (code != EX_OK)
        return code;
    keeping->keys = th_store_log_keys(store);
    int status = th_view_open(store, &view);
    if (status < 0)
        code = complain(keeping, status, NULL, th_status_text(status));
    if (code == EX_OK) {
        code = check(keeping, view);
        th_view_close(view);
    }
    if (code == EX_OK)
        code = th_site_check_owner(&keeping->site);
    if (code == EX_OK)
        code = keep(keeping);
    if (code == EX_OK)
        code = tell(keeping);
    th_note_file_close(&keeping->file);
    th_store_close(store);
    return code;
}

int th_cli_cosigned(int argc, char **argv, FILE *out, FILE *err)
{
    struct keeping keeping = {.site = {.command = "cosigned", .out = out, .err = err}};
    const char *key = NULL;
    const struct th_cli_option options[] = {
        {.name = "key",
         .value_name = "VKEY",
         .help = "khóa công khai của nhân chứng",
         .text = &key},
        {.name = "json", .help = "in ra JSON", .flag = &keeping.site.as_json}};
    const struct th_cli_command command = {
        .name = "cosigned",
        .operands = "DIR TỆP",
        .summary = "Giữ checkpoint mà nhân chứng đã xác nhận: kho cũ hơn nó sẽ không ghi được nữa.",
        .examples = "  tonghop-aggregator cosigned /var/lib/tonghop/kho checkpoint.cosigned \\\n"
                    "      --key \"$(cat nhan-chung.vkey)\"\n",
        .options = options,
        .options_count = 2,
        .operands_min = 2,
        .operands_max = 2};
    char **operands = NULL;
    int count = 0;
    int exit_code = EX_OK;
    if (!th_cli_begin(&command, argc, argv, out, err, &operands, &count, &exit_code))
        return exit_code;
    if (key == NULL || th_witness_key_decode(key, strlen(key), &keeping.witness) < 0) {
        th_cli_complain(err, "cosigned",
                        "ghi --key với khóa (vkey) của nhân chứng, như tonghop-audit in ra",
                        key == NULL ? "thiếu --key%s" : "\"%s\" không phải khóa của nhân chứng",
                        key == NULL ? "" : key);
        return EX_USAGE;
    }
    keeping.site.folder = operands[0];
    keeping.path = operands[1];
    return th_cli_finish(out, err, cosigned(&keeping));
}
