/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A replica is made as a new store is, and gets a row that says what it is before anything else is
 * committed. While it is filled nothing is flushed: a power cut leaves a folder to throw away.
 */
#include "aggregator/store/replica.h"

#include "aggregator/store/internal.h"
#include "base/assert.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const uint8_t flag[1] = {1};

int th_replica_find(const struct th_txn *txn, bool *ret_is_replica)
{
    struct th_schema_key key = th_schema_key_meta(TH_META_REPLICA);
    struct th_bytes content;
    int status = th_txn_get(txn, &key, &content);
    if (status == TH_E_NOT_FOUND) {
        *ret_is_replica = false;
        return 0;
    }
    if (status == 0 && (content.size != sizeof flag || content.bytes[0] != flag[0]))
        status = TH_E_CORRUPT;
    if (status == 0)
        *ret_is_replica = true;
    return status;
}

int th_replica_check(const struct th_txn *txn, const struct th_log_keys *keys, uint64_t size)
{
    struct th_tile_cache tiles = {.uses = 0};
    struct th_bytes key, note;
    struct th_digest root;
    uint64_t signed_size;
    int status = th_txn_last(txn, TH_TABLE_CHECKPOINT, &key, &note);
    if (status == TH_E_NOT_FOUND)
        return 0;
    if (status == 0)
        status = th_schema_read_number(key, &signed_size);
    if (status == 0)
        status = th_txn_root(&tiles, txn, size, signed_size, &root);
    if (status == 0)
        status = th_store_check_note(keys, note, signed_size, &root);
    th_tile_cache_deinit(&tiles);
    return status;
}

int th_replica_new(const char *folder, const struct th_store_options *options,
                   const struct th_store_identity *founded, struct th_store **ret_store)
{
    struct th_schema_key key = th_schema_key_meta(TH_META_REPLICA);
    struct th_store *store;
    struct th_txn txn;
    bool unknown = false;
    int status = th_store_create(folder, options, founded);
    if (status == 0)
        status = th_store_open(folder, TH_STORE_WRITE, options, NULL, &store);
    if (status != 0)
        return status;
    status = mdb_env_set_flags(store->env.env, MDB_NOSYNC, 1) == 0 ? 0 : TH_E_IO;
    if (status == 0)
        status = th_txn_begin(&store->env, true, &txn);
    if (status == 0) {
        /* Its failure is the commit's. */
        (void)!th_txn_put(&txn, &key, TH_PUT_NEW, flag, sizeof flag);
        status = th_txn_commit(&txn, &unknown);
    }
    if (status != 0) {
        th_store_close(store);
        return status;
    }
    store->is_replica = true;
    *ret_store = store;
    return 0;
}

/* As of the last commit: a batch that was refused has been added to it. */
static int load_edge_again(struct th_store *store)
{
    struct th_txn txn;
    int status = th_txn_begin(&store->env, false, &txn);
    if (status != 0)
        return status;
    status = th_edge_load(store->edge, &txn, store->size);
    th_txn_abort(&txn);
    return status;
}

int th_replica_commit(struct th_store *store, struct th_bytes note)
{
    struct th_store_batch *batch = store->batch;
    struct th_signed_note none;
    TH_ASSERT(store->is_replica);
    TH_ASSERT(batch != NULL);
    TH_ASSERT(batch->writes.failed != 0 || !store->leaf_due);
    int status = th_store_flush_batch(store);
    if (status != 0) {
        th_store_abort(store);
        return status;
    }
    status = th_store_do_batch(store, batch, (struct th_batch_end){.note = note}, &none);
    if (status == 0) {
        th_store_keep_batch(store);
        return 0;
    }
    th_store_abort(store);
    store->failed = status != TH_E_CORRUPT || load_edge_again(store) != 0;
    return status;
}

/* Without the file CHECKPOINT nobody takes it for a store that goes on. */
static int drop_checkpoint(const char *folder)
{
    char path[TH_STORE_PATH_MAX];
    int status = th_folder_path(folder, TH_STORE_SIDE, path);
    if (status == 0 && unlink(path) != 0 && errno != ENOENT)
        status = TH_E_IO;
    return status == 0 ? th_file_sync_parent(path) : status;
}

int th_replica_finish(struct th_store *store)
{
    const char *folder = NULL;
    TH_ASSERT(store->is_replica);
    TH_ASSERT(store->batch == NULL);
    th_env_extend(&store->env);
    int status = store->failed ? TH_E_STORAGE : 0;
    if (status == 0 && (mdb_env_sync(store->env.env, 1) != 0 ||
                        mdb_env_set_flags(store->env.env, MDB_NOSYNC, 0) != 0 ||
                        mdb_env_get_path(store->env.env, &folder) != 0))
        status = TH_E_STORAGE;
    if (status == 0)
        status = drop_checkpoint(folder);
    th_store_close(store);
    return status;
}
