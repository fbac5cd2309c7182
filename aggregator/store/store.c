/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/internal.h"

#include "aggregator/store/tail.h"
#include "aggregator/store/witness.h"
#include "base/errno_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAP_BYTES_DEFAULT (SIZE_C(64) << 30)
#define SIZE_C(n)         ((size_t)(n))

static size_t map_bytes_of(const struct th_store_options *options)
{
    return options == NULL ? 0 : options->map_bytes;
}

/* ---- making ---- */

static int put_identity(const struct th_env *env, const struct th_store_identity *identity)
{
    struct th_schema_key format_key = th_schema_key_meta(TH_META_FORMAT);
    struct th_schema_key identity_key = th_schema_key_meta(TH_META_IDENTITY);
    struct th_sink sink = {0};
    struct th_txn txn;
    bool unknown = false;
    int status = th_txn_begin(env, true, &txn);
    if (status != 0)
        return status;
    th_schema_format_encode(&sink);
    status = th_txn_put(&txn, &format_key, TH_PUT_NEW, sink.bytes, sink.size);
    if (status == 0) {
        size_t format_size = sink.size;
        th_schema_identity_encode(&sink, identity);
        status = sink.failed ? TH_E_NO_MEMORY
                             : th_txn_put(&txn, &identity_key, TH_PUT_NEW, sink.bytes + format_size,
                                          sink.size - format_size);
    }
    th_sink_deinit(&sink);
    if (status != 0) {
        th_txn_abort(&txn);
        return status;
    }
    return th_txn_commit(&txn, &unknown);
}

int th_store_create(const char *folder, const struct th_store_options *options,
                    const struct th_store_identity *identity)
{
    struct th_store_report report = {folder, NULL};
    size_t map_bytes = map_bytes_of(options);
    struct th_vkey vkey;
    struct th_env env;
    int owner_fd;
    int status = th_tlog_vkey_init(identity->realm, identity->log_key, &vkey);
    if (status == 0 && !th_keys_origin_fits(identity->mode, identity->realm))
        status = TH_E_INVALID;
    if (status == 0)
        status = th_folder_check_new(folder);
    if (status == 0)
        status = th_folder_check_filesystem(&report);
    if (status == 0)
        status = th_folder_own(&report, &owner_fd);
    if (status != 0)
        return status;
    status = th_folder_check_new(folder); /* again: now nobody else makes one */
    if (status == 0)
        status = th_env_open(folder, true, map_bytes == 0 ? MAP_BYTES_DEFAULT : map_bytes, &env);
    if (status == 0) {
        status = put_identity(&env, identity);
        th_env_extend(&env);
        th_env_close(&env);
        if (status == 0)
            status = th_side_create(folder);
        if (status == 0)
            status = th_folder_finish(folder, identity->store_id);
    }
    (void)close(owner_fd);
    return status;
}

/* ---- opening ---- */

static int report_open(const struct th_store_report *report, int status)
{
    switch (status) {
    case TH_E_CORRUPT:
        return th_store_report(report, status,
                               "data.mdb không phải tệp LMDB hoặc đã hỏng; khôi phục từ bản sao "
                               "lưu");
    case TH_E_VERSION:
        return th_store_report(report, status, "data.mdb do một bản LMDB khác ghi");
    case TH_E_BUSY:
        return th_store_report(report, status, "có quá nhiều tiến trình đang đọc kho này");
    default:
        return th_store_report(report, status, "không mở được kho: %s", th_status_text(status));
    }
}

/* A file that ends before a page that is used would end the process with SIGBUS when it is read. */
static int check_length(const struct th_store_report *report, const struct th_env *env)
{
    struct th_env_usage usage;
    bool is_whole = false;
    int status = th_tail_check(env, &is_whole);
    if (status == 0 && is_whole)
        return 0;
    if (status == 0)
        status = th_env_usage(env, &usage);
    if (status != 0)
        return report_open(report, status);
    return th_store_report(report, TH_E_CORRUPT,
                           "data.mdb bị cắt ngắn: cần %llu byte, chỉ còn %llu; khôi phục từ bản "
                           "sao lưu",
                           (unsigned long long)usage.used_bytes,
                           (unsigned long long)usage.file_bytes);
}

/* That nothing was signed after what this store has; or, to recover it, what was. */
static int check_newest(const struct th_store_report *report, const struct th_txn *txn,
                        bool is_key_lost, struct th_store *store)
{
    uint64_t size = store->edge->size;
    int status = th_side_open(report, txn, &store->keys, size, store->lost, &store->side);
    if (status == 0)
        status = th_witness_check(report, txn, &store->keys, size, store->lost);
    if (status == 0 && store->lost != NULL && !store->lost->is_behind && !is_key_lost)
        status = th_store_report(report, TH_E_INVALID,
                                 "không có gì cho thấy kho này là bản cũ; không cần khôi phục, hãy "
                                 "chạy bình thường");
    return status;
}

/* What waits to be settled. */
static int load_run(const struct th_store_report *report, const struct th_txn *txn,
                    struct th_run *run)
{
    int status = th_run_load(run, txn);
    if (status == TH_E_CORRUPT)
        return th_store_report(report, status,
                               "loạt chờ (các báo cáo mới nhất chưa xếp vào bảng) bị hỏng hoặc "
                               "thiếu; khôi phục từ bản sao lưu");
    return status == 0 ? 0 : report_open(report, status);
}

static int check_tables(const struct th_store_report *report,
                        const struct th_store_options *options, struct th_store *store,
                        const uint8_t store_id[TH_STORE_ID_SIZE])
{
    struct th_txn txn;
    int status = th_txn_begin(&store->env, false, &txn);
    if (status != 0)
        return report_open(report, status);
    th_env_find_map(&store->env, &txn);
    status = th_store_check(report, &txn, store_id, &store->identity, &store->keys, store->edge);
    if (status == 0)
        status = th_replica_find(&txn, &store->is_replica);
    if (status == 0 && store->owner_fd >= 0)
        status = store->is_replica
                     ? th_store_report(report, TH_E_FORBIDDEN,
                                       "đây là bản dựng lại từ sổ nhật ký của một kho, chỉ để đọc; "
                                       "hãy ghi vào kho gốc")
                     : check_newest(report, &txn, options != NULL && options->is_key_lost, store);
    if (status == 0 && store->owner_fd >= 0)
        status = load_run(report, &txn, &store->run);
    th_txn_abort(&txn);
    return status;
}

static int open_env(const struct th_store_report *report, const struct th_store_options *options,
                    bool write, struct th_store *store)
{
    size_t map_bytes = map_bytes_of(options);
    if (write && map_bytes == 0)
        map_bytes = MAP_BYTES_DEFAULT;
    int status = th_env_open(report->folder, write, map_bytes, &store->env);
    if (status == TH_E_IO && errno != 0)
        return th_store_report_cause(report, "không mở được kho", errno);
    if (status != 0)
        return report_open(report, status);
    th_env_check_readers(&store->env);
    status = check_length(report, &store->env);
    if (status == 0 && write)
        th_env_extend(&store->env); /* of whoever was killed before that */
    return status;
}

/* In the order of docs/STORAGE.md. What was taken before a failure is in the store. */
static int open_checked(const struct th_store_report *report,
                        const struct th_store_options *options, bool write, struct th_store *store)
{
    uint8_t store_id[TH_STORE_ID_SIZE];
    int status = th_folder_check_files(report, store_id);
    if (status == 0 && write)
        status = th_folder_own(report, &store->owner_fd);
    if (status == 0)
        status = th_folder_check_filesystem(report);
    if (status == 0 && write)
        status = th_folder_check_files(report, store_id); /* again, as the owner */
    if (status == 0)
        status = open_env(report, options, write, store);
    if (status == 0)
        status = check_tables(report, options, store, store_id);
    return status;
}

int th_store_open(const char *folder, enum th_store_access access,
                  const struct th_store_options *options, char ret_problem[TH_STORE_PROBLEM_SIZE],
                  struct th_store **ret_store)
{
    struct th_store_report report = {folder, ret_problem};
    struct th_store *store = calloc(1, sizeof *store);
    struct th_edge *edge = calloc(1, sizeof *edge);
    struct th_lost_log *lost = access == TH_STORE_RECOVER ? calloc(1, sizeof *lost) : NULL;
    if (ret_problem != NULL)
        ret_problem[0] = '\0';
    if (store == NULL || edge == NULL || (access == TH_STORE_RECOVER && lost == NULL)) {
        free(store);
        free(edge);
        free(lost);
        return TH_E_NO_MEMORY;
    }
    for (size_t i = 0; i < 2; i++) {
        th_writes_init(&store->batches[i].writes);
        th_entries_init(&store->batches[i].entries);
    }
    store->owner_fd = -1;
    store->side.fd = -1;
    store->edge = edge;
    store->lost = lost;
    store->is_recovering = access == TH_STORE_RECOVER;
    int status = open_checked(&report, options, access != TH_STORE_READ, store);
    if (status != 0) {
        th_store_close(store);
        return status;
    }
    store->size = store->edge->size;
    if (access == TH_STORE_READ) {
        th_edge_deinit(store->edge);
        free(store->edge);
        store->edge = NULL;
    }
    *ret_store = store;
    return 0;
}

void th_store_close(struct th_store *store)
{
    if (store == NULL)
        return;
    if (store->env.env != NULL && store->owner_fd >= 0 && store->identity.realm[0] != '\0')
        th_env_extend(&store->env);
    th_store_give_back(store);
    th_env_close(&store->env);
    th_side_close(&store->side);
    if (store->owner_fd >= 0)
        (void)close(store->owner_fd);
    th_sink_deinit(&store->scratch);
    th_run_deinit(&store->run);
    for (size_t i = 0; i < 2; i++) {
        th_writes_deinit(&store->batches[i].writes);
        th_entries_deinit(&store->batches[i].entries);
    }
    th_store_keys_drop(store);
    free(store->lost);
    if (store->edge != NULL)
        th_edge_deinit(store->edge);
    free(store->edge);
    free(store);
}

const struct th_store_identity *th_store_identity(const struct th_store *store)
{
    return &store->identity;
}

bool th_store_lost_checkpoint(const struct th_store *store, uint64_t *ret_size,
                              struct th_bytes *ret_note, bool *ret_is_signed)
{
    const struct th_lost_log *lost = store->lost;
    if (lost == NULL || !lost->is_known)
        return false;
    *ret_size = lost->size;
    *ret_note = (struct th_bytes){(const uint8_t *)lost->note, lost->note_size};
    *ret_is_signed = lost->is_signed;
    return true;
}

const char *th_store_lost_origin(const struct th_store *store)
{
    const struct th_lost_log *lost = store->lost;
    return lost == NULL || lost->other_origin[0] == '\0' ? NULL : lost->other_origin;
}

void th_store_check_readers(struct th_store *store)
{
    th_env_check_readers(&store->env);
}
