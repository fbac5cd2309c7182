/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/cli/note_file.h"

#include "aggregator/store/witness.h"
#include "base/file.h"
#include "base/options.h"
#include "proto/tlog/proof.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define SUFFIX        ".checkpoint"
#define RECEIPT_START "c2sp.org/tlog-proof@"

static int find_note(struct th_note_file *file)
{
    file->note = file->text;
    file->note_size = file->text_size;
    if (file->text_size < sizeof RECEIPT_START - 1 ||
        memcmp(file->text, RECEIPT_START, sizeof RECEIPT_START - 1) != 0)
        return 0;
    struct th_tlog_proof *proof = malloc(sizeof *proof);
    if (proof == NULL)
        return TH_E_NO_MEMORY;
    int status = th_tlog_proof_parse(file->text, file->text_size, proof);
    if (status == 0) {
        file->note = proof->checkpoint;
        file->note_size = proof->checkpoint_size;
    }
    free(proof);
    return status;
}

int th_note_file_open(const char *path, struct th_note_file *ret_file)
{
    struct th_note_file file = {.text = NULL};
    struct th_note parts;
    int status = th_file_read(path, TH_NOTE_FILE_MAX, &file.text, &file.text_size);
    if (status < 0)
        return status;
    status = find_note(&file);
    if (status == 0)
        status = th_tlog_note_split(file.note, file.note_size, &parts);
    if (status == 0)
        status = th_tlog_checkpoint_parse(parts.text, parts.text_size, &file.checkpoint);
    if (status < 0)
        th_note_file_close(&file);
    else
        *ret_file = file;
    return status;
}

void th_note_file_close(struct th_note_file *file)
{
    free(file->text);
    file->text = NULL;
}

int th_note_file_read(const struct th_site *site, const char *path, const struct th_log_keys *keys,
                      struct th_note_file *ret_file)
{
    const char *hint = "dùng checkpoint đã ký, checkpoint nhân chứng gửi lại, hoặc một biên nhận";
    struct th_note_file file;
    int status = th_note_file_open(path, &file);
    if (status < 0) {
        th_cli_complain(site->err, site->command, hint, "%s: không đọc được như một checkpoint: %s",
                        path, th_status_text(status));
        return th_status_exit_code(status);
    }
    status = th_log_keys_verify(keys, file.note, file.note_size, &file.checkpoint);
    if (status == 0) {
        *ret_file = file;
        return EX_OK;
    }
    if (status == TH_E_INVALID)
        th_cli_complain(site->err, site->command,
                        "đưa tệp của đúng nhật ký này; nếu nhật ký đã đổi tên hay đổi khóa sau "
                        "bản sao, đưa log-keys.yaml mới nhất bằng --keys",
                        "%s: là của nhật ký “%s”, không có trong lịch sử khóa của kho", path,
                        file.checkpoint.origin);
    else
        th_cli_complain(site->err, site->command,
                        "xin lại tệp; nếu nhật ký đã đổi khóa sau bản sao, đưa log-keys.yaml mới "
                        "nhất bằng --keys",
                        "%s: không có chữ ký đúng của khóa nhật ký ở cỡ %llu: %s", path,
                        (unsigned long long)file.checkpoint.size, th_status_text(status));
    th_note_file_close(&file);
    return th_status_exit_code(status);
}

/* ---- the folder witness ---- */

static bool is_checkpoint(const char *name)
{
    size_t size = strlen(name);
    size_t suffix_size = sizeof SUFFIX - 1;
    return name[0] != '.' && size > suffix_size && strcmp(name + size - suffix_size, SUFFIX) == 0;
}

static int give(const struct th_site *site, const char *name, th_witness_fn *fn, void *context)
{
    char inner[TH_SITE_PATH_SIZE];
    char path[TH_SITE_PATH_SIZE];
    struct th_note_file file;
    (void)snprintf(inner, sizeof inner, TH_STORE_WITNESS "/%s", name);
    int status = th_site_path(site, inner, path);
    if (status < 0)
        return status;
    /* One that is no checkpoint stops the daemon, which says so. */
    if (th_note_file_open(path, &file) < 0)
        return 0;
    status = fn(context, name, &file);
    th_note_file_close(&file);
    return status;
}

int th_witness_files(const struct th_site *site, th_witness_fn *fn, void *context)
{
    char path[TH_SITE_PATH_SIZE];
    int status = th_site_path(site, TH_STORE_WITNESS, path);
    if (status < 0)
        return status;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOENT ? 0 : TH_E_IO;
    const struct dirent *item;
    while (status == 0 && (item = readdir(folder)) != NULL)
        if (is_checkpoint(item->d_name))
            status = give(site, item->d_name, fn, context);
    (void)closedir(folder);
    return status;
}
