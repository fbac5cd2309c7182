/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a copy is whole: one pass of a scrub over it, and the tree computed again from all
 * leaves, against the last checkpoint that was signed.
 */
#include "aggregator/store/backup.h"

#include "aggregator/store/internal.h"
#include "aggregator/store/scrub.h"

enum { PIECE = 4096 }; /* rows between two calls of the progress */

struct check {
    const struct th_store_report *report;
    th_backup_progress *progress;
    void *context;
    int stop; /* what the progress said to end the work, else 0 */
};

static int told(struct check *check, const char *phase, uint64_t done, uint64_t total)
{
    if (check->progress != NULL)
        check->stop = check->progress(check->context, phase, done, total);
    return check->stop;
}

/* ---- rows ---- */

static int scrub_all(struct check *check, struct th_store *store)
{
    struct th_scrub *scrub;
    uint64_t rows_count;
    bool done = false;
    int status = th_env_rows(&store->env, &rows_count);
    if (status == 0)
        status = th_scrub_new(store, &scrub);
    if (status != 0)
        return status;
    const struct th_scrub_report *found = th_scrub_report(scrub);
    th_scrub_begin(scrub, (th_instant){0});
    while (status == 0 && !done && found->faults == 0) {
        status = th_scrub_step(scrub, PIECE, (th_instant){0}, &done);
        if (status == 0)
            status = told(check, "kiểm tra", found->rows, rows_count);
    }
    if (status == 0 && found->faults > 0)
        status = th_store_report(check->report, TH_E_CORRUPT, "kho bị hỏng, không sao lưu được: %s",
                                 found->names[0]);
    th_scrub_free(scrub);
    return status;
}

/* ---- the tree ---- */

/* Of the perfect subtrees that a tree of `size` leaves is made of, that of 2^i leaves at i. */
struct peaks {
    uint64_t size;
    struct th_digest nodes[64];
};

static void add_leaf(struct peaks *peaks, struct th_bytes leaf)
{
    struct th_digest hash;
    unsigned level = 0;
    th_tlog_hash_leaf(leaf.bytes, leaf.size, &hash);
    for (; peaks->size >> level & 1; level++)
        th_tlog_hash_node(&peaks->nodes[level], &hash, &hash);
    peaks->nodes[level] = hash;
    peaks->size++;
}

static void root_of(const struct peaks *peaks, struct th_digest *ret_root)
{
    bool is_first = true;
    if (peaks->size == 0)
        th_tlog_hash_empty(ret_root);
    for (unsigned level = 0; level < 64; level++) {
        if ((peaks->size >> level & 1) == 0)
            continue;
        if (is_first)
            *ret_root = peaks->nodes[level];
        else
            th_tlog_hash_node(&peaks->nodes[level], ret_root, ret_root);
        is_first = false;
    }
}

/* The newest checkpoint; size 0 when there is none. */
static int last_note(const struct th_view *view, uint64_t *ret_size, struct th_bytes *ret_note)
{
    struct th_bytes key;
    int status = th_txn_last(&view->txn, TH_TABLE_CHECKPOINT, &key, ret_note);
    if (status == TH_E_NOT_FOUND) {
        *ret_size = 0;
        return 0;
    }
    return status == 0 ? th_schema_read_number(key, ret_size) : status;
}

static int check_tree(struct check *check, const struct th_store *store, struct th_view *view,
                      struct th_digest *ret_root)
{
    struct peaks peaks = {.size = 0};
    struct th_digest root;
    struct th_bytes leaf, note;
    uint64_t signed_size = 0;
    int status = last_note(view, &signed_size, &note);
    while (status == 0 && peaks.size < view->size) {
        if (peaks.size % PIECE == 0)
            status = told(check, "tính lại cây băm", peaks.size, view->size);
        if (status == 0)
            status = th_view_leaf(view, peaks.size, &leaf);
        if (status != 0)
            break;
        add_leaf(&peaks, leaf);
        if (peaks.size != signed_size)
            continue;
        root_of(&peaks, &root);
        status = th_store_check_note(&store->keys, note, signed_size, &root);
    }
    if (check->stop != 0)
        return check->stop;
    if (status != 0 || signed_size > peaks.size)
        return th_store_report(check->report, TH_E_CORRUPT,
                               "kho bị hỏng, không sao lưu được: các lá không cho ra cây băm đã ký "
                               "ở cỡ %llu",
                               (unsigned long long)signed_size);
    root_of(&peaks, ret_root);
    return 0;
}

int th_backup_check(const struct th_store_report *report, const char *copy,
                    th_backup_progress *progress, void *context,
                    struct th_backup_result *ret_result)
{
    struct check check = {report, progress, context, 0};
    struct th_backup_result result = {.size = 0};
    struct th_env_usage usage;
    struct th_store *store;
    struct th_view *view = NULL;
    int status = th_store_open(copy, TH_STORE_READ, NULL, report->problem, &store);
    if (status != 0)
        return status;
    status = scrub_all(&check, store);
    if (status == 0)
        status = th_view_open(store, &view);
    if (status == 0)
        status = check_tree(&check, store, view, &result.root);
    if (status == 0)
        status = th_env_usage(&store->env, &usage);
    if (status == 0) {
        result.size = th_view_size(view);
        result.bytes = usage.file_bytes;
        *ret_result = result;
    }
    th_view_close(view);
    th_store_close(store);
    return status;
}
