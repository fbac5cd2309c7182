/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/witness.h"

#include "aggregator/store/keys.h"
#include "aggregator/store/tree.h"
#include "base/errno_text.h"
#include "base/file.h"
#include "proto/tlog/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX ".checkpoint"

#define WAY_OUT                                                                                    \
    "kho này chỉ để đọc; đặt lại data.mdb mới nhất, hoặc chạy tonghop-aggregator recover"

struct checking {
    const struct th_store_report *report;
    const struct th_txn *txn;
    const struct th_log_keys *keys;
    uint64_t size;
    struct th_lost_log *lost;
    struct th_tile_cache tiles;
};

struct witnessed {
    const char *name; /* of the file */
    const char *note;
    size_t note_size;
    struct th_checkpoint checkpoint;
    bool is_signed;
};

static int refuse_larger(const struct checking *checking, const struct witnessed *seen)
{
    if (th_lost_take(checking->lost, seen->checkpoint.size, seen->is_signed, seen->note,
                     seen->note_size))
        return 0;
    return th_store_report(
        checking->report, TH_E_CORRUPT,
        "kho này là một bản cũ: theo " TH_STORE_WITNESS
        "/%s nhân chứng đã thấy nhật ký ở cỡ %llu, data.mdb chỉ có %llu; " WAY_OUT,
        seen->name, (unsigned long long)seen->checkpoint.size, (unsigned long long)checking->size);
}

/* Both are signed by the log's key: two histories. */
static int compare_roots(struct checking *checking, const struct witnessed *seen)
{
    struct th_digest root;
    uint64_t size = seen->checkpoint.size;
    int status = th_txn_root(&checking->tiles, checking->txn, checking->size, size, &root);
    if (status != 0)
        return th_store_report(checking->report, status,
                               "không tính được gốc của cây băm ở cỡ %llu: %s",
                               (unsigned long long)size, th_status_text(status));
    if (th_tlog_digest_equal(&root, &seen->checkpoint.root) ||
        th_lost_take(checking->lost, size, true, seen->note, seen->note_size))
        return 0;
    return th_store_report(checking->report, TH_E_CORRUPT,
                           "data.mdb và " TH_STORE_WITNESS
                           "/%s là hai nhật ký khác nhau: gốc ở cỡ %llu không giống (kho có cỡ "
                           "%llu); " WAY_OUT,
                           seen->name, (unsigned long long)size,
                           (unsigned long long)checking->size);
}

static int compare(struct checking *checking, struct witnessed *seen)
{
    uint64_t size = seen->checkpoint.size;
    const struct th_log_key *key = th_keys_in_force(checking->keys, size);
    if (!th_log_keys_has_origin(checking->keys, seen->checkpoint.origin)) {
        if (th_lost_say(checking->lost))
            return 0;
        return th_store_report(checking->report, TH_E_CORRUPT,
                               TH_STORE_WITNESS
                               "/%s là của nhật ký “%s” mà kho này không biết: kho là bản cũ từ "
                               "trước một lần khôi phục, hoặc tệp để nhầm chỗ; " WAY_OUT,
                               seen->name, seen->checkpoint.origin);
    }
    if (size == 0 || strcmp(key->vkey.name, seen->checkpoint.origin) != 0)
        return 0; /* of what an earlier log lost */
    seen->is_signed = th_keys_has_signed(key, seen->note, seen->note_size);
    if (size > checking->size)
        return refuse_larger(checking, seen);
    return seen->is_signed ? compare_roots(checking, seen) : 0;
}

static int check_file(struct checking *checking, const char *name)
{
    char inner[sizeof TH_STORE_WITNESS + NAME_MAX + 1];
    char path[TH_STORE_PATH_MAX];
    char *text = NULL;
    struct witnessed seen = {.name = name};
    struct th_note parts;
    (void)snprintf(inner, sizeof inner, TH_STORE_WITNESS "/%s", name);
    int status = th_folder_path(checking->report->folder, inner, path);
    if (status == 0)
        status = th_file_read(path, TH_LOST_NOTE_MAX, &text, &seen.note_size);
    seen.note = text;
    if (status == 0)
        status = th_tlog_note_split(text, seen.note_size, &parts);
    if (status == 0)
        status = th_tlog_checkpoint_parse(parts.text, parts.text_size, &seen.checkpoint);
    if (status == TH_E_NO_MEMORY)
        status = th_store_report(checking->report, status, "thiếu bộ nhớ để đọc %s", inner);
    else if (status != 0)
        status =
            th_store_report(checking->report, TH_E_CONFIG,
                            "không đọc được %s như một checkpoint đã ký (%s); chép lại tệp đó, "
                            "hoặc chuyển nó ra khỏi thư mục " TH_STORE_WITNESS,
                            inner, th_status_text(status));
    else
        status = compare(checking, &seen);
    free(text);
    return status;
}

static bool is_checkpoint(const char *name)
{
    size_t size = strlen(name);
    size_t suffix_size = sizeof SUFFIX - 1;
    return name[0] != '.' && size > suffix_size && strcmp(name + size - suffix_size, SUFFIX) == 0;
}

int th_witness_check(const struct th_store_report *report, const struct th_txn *txn,
                     const struct th_log_keys *keys, uint64_t size, struct th_lost_log *lost)
{
    struct checking checking = {report, txn, keys, size, lost, {.uses = 0}};
    char path[TH_STORE_PATH_MAX];
    char cause[TH_ERRNO_TEXT_SIZE];
    int status = th_folder_path(report->folder, TH_STORE_WITNESS, path);
    if (status != 0)
        return th_store_report(report, status, "đường dẫn quá dài");
    DIR *folder = opendir(path);
    if (folder == NULL && errno == ENOENT)
        return 0;
    if (folder == NULL)
        return th_store_report(report, TH_E_CONFIG,
                               "không đọc được thư mục " TH_STORE_WITNESS ": %s",
                               th_errno_text(errno, cause));
    const struct dirent *item;
    while (status == 0 && (errno = 0, item = readdir(folder)) != NULL)
        if (is_checkpoint(item->d_name))
            status = check_file(&checking, item->d_name);
    if (status == 0 && errno != 0)
        status =
            th_store_report(report, TH_E_CONFIG, "không đọc được thư mục " TH_STORE_WITNESS ": %s",
                            th_errno_text(errno, cause));
    (void)closedir(folder);
    th_tile_cache_deinit(&checking.tiles);
    return status;
}
