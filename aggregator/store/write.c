/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/internal.h"

#include "base/assert.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/proof.h"

#include <string.h>
#include <sys/statvfs.h>

/* ---- the batch ---- */

int th_store_levels(const struct th_store *store, struct th_gate_levels *ret_levels)
{
    struct th_env_usage usage;
    struct statvfs disk;
    int fd;
    int status = th_env_usage(&store->env, &usage);
    if (status != 0)
        return status;
    if (mdb_env_get_fd(store->env.env, &fd) != 0 || fstatvfs(fd, &disk) != 0)
        return TH_E_IO;
    *ret_levels = (struct th_gate_levels){
        .map_bytes = usage.map_bytes,
        .used_bytes = usage.used_bytes,
        .file_bytes = usage.file_bytes,
        .disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize,
        .disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize,
    };
    return 0;
}

/* Pages that are free again count as room. */
static int leave_out_free(const struct th_store *store, struct th_gate_levels *levels)
{
    uint64_t free_bytes = 0;
    int status = th_env_free_bytes(&store->env, &free_bytes);
    if (status == 0)
        levels->used_bytes -= free_bytes < levels->used_bytes ? free_bytes : levels->used_bytes;
    return status;
}

/* Room in the map and on the disk. */
static int check_room(struct th_store *store)
{
    struct th_gate_levels levels;
    int status = th_store_levels(store, &levels);
    /* They are only counted when it matters. */
    if (status == 0 && levels.used_bytes > levels.map_bytes / 100 * 80)
        status = leave_out_free(store, &levels);
    if (status != 0)
        return status;
    return th_gate_step(&store->gate, &levels) ? 0 : TH_E_STORAGE;
}

int th_store_usage(const struct th_store *store, struct th_store_usage *ret_usage)
{
    struct th_gate_levels levels;
    int status = th_store_levels(store, &levels);
    if (status == 0)
        status = leave_out_free(store, &levels);
    if (status != 0)
        return status;
    *ret_usage = (struct th_store_usage){.map_bytes = levels.map_bytes,
                                         .used_bytes = levels.used_bytes,
                                         .file_bytes = levels.file_bytes,
                                         .disk_bytes = levels.disk_bytes,
                                         .disk_free_bytes = levels.disk_free_bytes};
    return 0;
}

int th_store_begin(struct th_store *store)
{
    TH_ASSERT(store->edge != NULL);
    TH_ASSERT(store->batch.txn == NULL);
    if (store->failed)
        return TH_E_STORAGE;
    int status = check_room(store);
    if (status == TH_E_STORAGE && store->room_bytes > 0) {
        th_store_give_back(store);
        status = check_room(store);
    }
    if (status == 0)
        status = th_txn_begin(&store->env, true, &store->batch);
    if (status == 0)
        th_leaves_begin(&store->leaves, store->edge->size);
    return status;
}

void th_store_abort(struct th_store *store)
{
    th_txn_abort(&store->batch);
    th_edge_rollback(store->edge);
    th_store_keys_drop(store);
    th_run_drop(&store->run);
    th_leaves_begin(&store->leaves, store->edge->size);
    store->leaf_due = false;
}

uint64_t th_store_next_position(const struct th_store *store)
{
    TH_ASSERT(store->edge != NULL);
    return store->edge->size;
}

struct signed_note {
    char bytes[TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX];
    size_t size; /* 0: this batch signs none */
};

static int put_checkpoint(struct th_store *store, const struct th_note_signer *signer,
                          struct signed_note *note)
{
    struct th_checkpoint checkpoint = {.size = store->edge->size};
    size_t size;
    _Static_assert(sizeof checkpoint.origin >= sizeof signer->vkey.name, "an origin fits");
    memcpy(checkpoint.origin, signer->vkey.name, sizeof signer->vkey.name);
    th_edge_root(store->edge, &checkpoint.root);
    int status = th_tlog_checkpoint_format(&checkpoint, sizeof note->bytes, note->bytes, &size);
    if (status == 0)
        status = th_tlog_note_sign(note->bytes, size, signer, sizeof note->bytes, note->bytes,
                                   &note->size);
    if (status != 0)
        return status;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_CHECKPOINT, checkpoint.size);
    return th_txn_put(&store->batch, &key, TH_PUT_NEW, note->bytes, note->size);
}

/* Signing with another key would make a log that nobody can verify. */
static bool is_own_signer(const struct th_store *store, const struct th_note_signer *signer)
{
    const struct th_vkey *own =
        &th_keys_in_force(th_store_keys_next(store), store->edge->size)->vkey;
    return signer != NULL && strcmp(signer->vkey.name, own->name) == 0 &&
           memcmp(signer->vkey.public_key, own->public_key, sizeof own->public_key) == 0;
}

/* With this batch the log bears an origin that it never had. */
static bool begins_log(const struct th_store *store)
{
    const char *origin = th_log_keys_current(th_store_keys_next(store))->vkey.name;
    return !th_log_keys_has_origin(&store->keys, origin);
}

static int sign_batch(struct th_store *store, const struct th_note_signer *signer,
                      struct signed_note *note)
{
    bool has_entries = store->edge->size > store->edge->committed;
    if (store->batch.failed != 0)
        return store->batch.failed;
    int status = th_run_flush(&store->run, &store->batch);
    if (status != 0)
        return status;
    if (store->is_recovering && (!has_entries || !begins_log(store)))
        return TH_E_INVALID;
    if (!has_entries) /* a key that signs nothing would leave the log without its first note */
        return store->next_keys == NULL ? 0 : TH_E_INVALID;
    status = is_own_signer(store, signer) ? 0 : TH_E_CONFIG;
    if (status == 0)
        status = th_edge_flush(store->edge, &store->batch);
    return status == 0 ? put_checkpoint(store, signer, note) : status;
}

/* Before anybody can be answered. What the file knows of an earlier log goes: until then it is
 * passed over. */
static int write_side(struct th_store *store, bool is_new_log, const struct signed_note *note)
{
    uint64_t size = store->edge->size;
    if (note->size == 0)
        return 0;
    return is_new_log ? th_side_begin_log(&store->side, size, note->bytes, note->size)
                      : th_side_write(&store->side, size, note->bytes, note->size);
}

int th_store_commit(struct th_store *store, const struct th_note_signer *signer)
{
    struct signed_note note = {.size = 0};
    bool is_new_log = begins_log(store);
    TH_ASSERT(store->batch.txn != NULL);
    TH_ASSERT(store->batch.failed != 0 || !store->leaf_due);
    int status = sign_batch(store, signer, &note);
    if (status != 0) {
        th_store_abort(store);
        return status;
    }
    status = th_txn_commit(&store->batch, &store->failed);
    if (status != 0) {
        th_edge_rollback(store->edge);
        th_store_keys_drop(store);
        th_run_drop(&store->run);
        th_leaves_begin(&store->leaves, store->edge->size);
        return status;
    }
    th_edge_commit(store->edge);
    th_store_keys_keep(store);
    th_run_keep(&store->run);
    store->is_recovering = false;
    th_env_extend(&store->env);
    th_store_reserve(store);
    status = write_side(store, is_new_log, &note);
    store->failed = status != 0;
    return status;
}

int th_store_distrust(struct th_store *store, uint64_t size, struct th_bytes note)
{
    TH_ASSERT(store->edge != NULL);
    TH_ASSERT(store->batch.txn == NULL);
    store->failed = true;
    int status = th_side_write(&store->side, size, (const char *)note.bytes, note.size);
    /* In both slots: the other one may be of a larger size. */
    return status < 0 ? status
                      : th_side_write(&store->side, size, (const char *)note.bytes, note.size);
}

/* ---- the log ---- */

int th_store_append(struct th_store *store, const struct th_store_entry *entry,
                    struct th_digest *ret_digest)
{
    struct th_digest body_digest;
    TH_ASSERT(store->batch.txn != NULL);
    TH_ASSERT(entry->position == th_store_next_position(store));
    TH_ASSERT(!store->leaf_due);
    if (store->batch.failed != 0)
        return store->batch.failed;
    if (entry->decision.size > UINT32_MAX || entry->body.size > UINT32_MAX)
        return th_txn_fail(&store->batch, TH_E_LIMIT);
    if (entry->body_digest == NULL)
        th_tlog_sha256(&(struct th_tlog_part){entry->body.bytes, entry->body.size}, 1,
                       &body_digest);
    th_schema_entry_digest(entry, entry->body_digest == NULL ? &body_digest : entry->body_digest,
                           ret_digest);
    store->entry = *entry;
    store->leaf_due = true;
    return 0;
}

int th_store_append_leaf(struct th_store *store, uint64_t position, struct th_bytes leaf)
{
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, position);
    size_t size = th_schema_journal_size(&store->entry, leaf);
    uint8_t *content;
    TH_ASSERT(store->leaf_due);
    TH_ASSERT(position == store->entry.position);
    if (leaf.size == 0 || leaf.size > TH_PROOF_EXTRA_MAX)
        return th_txn_fail(&store->batch, TH_E_LIMIT); /* its receipt could not carry it */
    int status = th_txn_reserve(&store->batch, &key, TH_PUT_APPEND, size, &content);
    if (status != 0)
        return status;
    th_schema_journal_write(&store->entry, leaf, content);
    th_txn_seal(&key, content, size);
    store->leaf_due = false;
    th_leaves_add(&store->leaves, leaf);
    return th_edge_add(store->edge, &store->batch, leaf);
}

bool th_store_last_leaf(const struct th_store *store, uint64_t position, struct th_bytes *ret_leaf)
{
    TH_ASSERT(store->batch.txn == NULL);
    return th_leaves_find(&store->leaves, position, ret_leaf);
}
