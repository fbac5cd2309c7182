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
    struct th_gate gate = {false, false};
    int status = th_store_levels(store, &levels);
    if (status == 0)
        status = leave_out_free(store, &levels);
    if (status != 0)
        return status;
    (void)th_gate_step(&gate, &levels);
    *ret_usage = (struct th_store_usage){.map_bytes = levels.map_bytes,
                                         .used_bytes = levels.used_bytes,
                                         .file_bytes = levels.file_bytes,
                                         .disk_bytes = levels.disk_bytes,
                                         .disk_free_bytes = levels.disk_free_bytes,
                                         .disk_wanted_bytes = th_gate_wanted(&levels),
                                         .is_map_full = gate.map_closed,
                                         .is_disk_full = gate.disk_closed};
    return 0;
}

/* Where one that is being committed is not yet, nobody knows what is used: nothing is given back.
 */
static int find_room(struct th_store *store)
{
    int status = check_room(store);
    if (status == TH_E_STORAGE && store->room_bytes > 0 && store->sealed == NULL) {
        th_store_give_back(store);
        status = check_room(store);
    }
    return status;
}

struct th_store_batch *th_store_open_batch(struct th_store *store)
{
    struct th_store_batch *batch = &store->batches[store->next];
    TH_ASSERT(store->edge != NULL);
    TH_ASSERT(store->batch == NULL);
    TH_ASSERT(store->sealed != batch);
    th_writes_begin(&batch->writes);
    th_entries_begin(&batch->entries);
    batch->first = store->size;
    batch->signer = NULL;
    batch->begins_log = false;
    store->batch = batch;
    return batch;
}

int th_store_begin(struct th_store *store)
{
    int status = store->failed ? TH_E_STORAGE : find_room(store);
    if (status == 0)
        (void)th_store_open_batch(store);
    return status;
}

void th_store_abort(struct th_store *store)
{
    if (store->batch != NULL)
        store->size = store->batch->first;
    th_store_keys_drop(store);
    th_run_drop(&store->run);
    store->leaf_due = false;
    store->batch = NULL;
}

bool th_store_warm(struct th_store *store)
{
    TH_ASSERT(store->batch == NULL);
    TH_ASSERT(store->sealed == NULL);
    return th_writes_reserve_some(&store->batches[0].writes) ||
           th_writes_reserve_some(&store->batches[1].writes);
}

uint64_t th_store_next_position(const struct th_store *store)
{
    TH_ASSERT(store->edge != NULL);
    return store->size;
}

uint64_t th_store_promise(struct th_store *store)
{
    TH_ASSERT(store->batch != NULL);
    return store->size++;
}

/* ---- the end of it ---- */

/* Signing with another key would make a log that nobody can verify. */
static bool is_own_signer(const struct th_store *store, const struct th_note_signer *signer)
{
    const struct th_vkey *own = &th_keys_in_force(th_store_keys_next(store), store->size)->vkey;
    return signer != NULL && strcmp(signer->vkey.name, own->name) == 0 &&
           memcmp(signer->vkey.public_key, own->public_key, sizeof own->public_key) == 0;
}

/* With this batch the log bears an origin that it never had. */
static bool begins_log(const struct th_store *store)
{
    const char *origin = th_log_keys_current(th_store_keys_next(store))->vkey.name;
    return !th_log_keys_has_origin(&store->keys, origin);
}

int th_store_flush_batch(struct th_store *store)
{
    struct th_store_batch *batch = store->batch;
    int status = batch->writes.failed;
    if (status == 0)
        status = th_run_flush(&store->run, &batch->writes);
    batch->size = store->size;
    return status;
}

static int end_batch(struct th_store *store, const struct th_note_signer *signer)
{
    bool has_entries = store->size > store->batch->first;
    int status = th_store_flush_batch(store);
    if (status != 0)
        return status;
    store->batch->begins_log = begins_log(store);
    if (store->is_recovering && (!has_entries || !store->batch->begins_log))
        return TH_E_INVALID;
    if (!has_entries) /* a key that signs nothing would leave the log without its first note */
        return store->next_keys == NULL ? 0 : TH_E_INVALID;
    store->batch->signer = signer;
    return is_own_signer(store, signer) ? 0 : TH_E_CONFIG;
}

void th_store_keep_batch(struct th_store *store)
{
    th_store_keys_keep(store);
    th_run_keep(&store->run);
    store->batch = NULL;
}

int th_store_seal(struct th_store *store, const struct th_note_signer *signer)
{
    struct th_store_batch *batch = store->batch;
    TH_ASSERT(batch != NULL);
    TH_ASSERT(store->sealed == NULL);
    TH_ASSERT(batch->writes.failed != 0 || !store->leaf_due);
    int status = end_batch(store, signer);
    if (status != 0) {
        th_store_abort(store);
        return status;
    }
    th_store_keep_batch(store);
    store->is_recovering = false;
    store->next = 1 - store->next;
    store->sealed = batch;
    return 0;
}

/* ---- the commit ---- */

/* Its receipt can carry it. */
static bool is_leaf(struct th_bytes leaf)
{
    return leaf.size > 0 && leaf.size <= TH_PROOF_EXTRA_MAX;
}

static int put_entry(struct th_txn *txn, const struct th_store_logged *logged)
{
    const struct th_store_entry *entry = &logged->entry;
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, entry->position);
    uint8_t *content = NULL;
    if (entry->decision.size > UINT32_MAX || entry->body.size > UINT32_MAX ||
        !is_leaf(logged->leaf))
        return th_txn_fail(txn, TH_E_LIMIT);
    size_t size = th_schema_journal_size(entry, logged->leaf);
    int status = th_txn_reserve(txn, &key, TH_PUT_APPEND, size, &content);
    if (status != 0)
        return status;
    th_schema_journal_write(entry, logged->leaf, content);
    th_txn_seal(&key, content, size);
    return 0;
}

static int put_log(struct th_store *store, const struct th_store_batch *batch,
                   const struct th_store_logged *entries, struct th_txn *txn)
{
    int status = 0;
    th_edge_begin_batch(store->edge);
    for (size_t i = 0; i < batch->size - batch->first && status == 0; i++) {
        TH_ASSERT(entries[i].entry.position == store->edge->size);
        status = put_entry(txn, &entries[i]);
        if (status == 0)
            status = th_edge_add(store->edge, txn, &entries[i].leaf_hash);
    }
    return status == 0 ? th_edge_flush(store->edge, txn) : status;
}

static int put_note(const struct th_store_batch *batch, struct th_txn *txn, struct th_bytes note)
{
    struct th_schema_key key = th_schema_key_log(TH_TABLE_CHECKPOINT, batch->size);
    return th_txn_put(txn, &key, TH_PUT_NEW, note.bytes, note.size);
}

static int sign(const struct th_store_batch *batch, const struct th_digest *root,
                struct th_signed_note *note)
{
    const struct th_note_signer *signer = batch->signer;
    struct th_checkpoint checkpoint = {.size = batch->size, .root = *root};
    size_t size;
    _Static_assert(sizeof checkpoint.origin >= sizeof signer->vkey.name, "an origin fits");
    memcpy(checkpoint.origin, signer->vkey.name, sizeof signer->vkey.name);
    int status = th_tlog_checkpoint_format(&checkpoint, sizeof note->bytes, note->bytes, &size);
    if (status == 0)
        status = th_tlog_note_sign(note->bytes, size, signer, sizeof note->bytes, note->bytes,
                                   &note->size);
    return status;
}

static int put_checkpoint(struct th_store *store, const struct th_store_batch *batch,
                          struct th_bytes given, struct th_txn *txn, struct th_signed_note *note)
{
    struct th_digest root;
    if (batch->signer == NULL && given.size == 0)
        return 0;
    th_edge_root(store->edge, &root);
    if (batch->signer == NULL)
        return th_store_check_note(th_store_keys_next(store), given, batch->size, &root) == 0
                   ? put_note(batch, txn, given)
                   : TH_E_CORRUPT;
    int status = sign(batch, &root, note);
    const struct th_bytes own = {(const uint8_t *)note->bytes, note->size};
    return status == 0 ? put_note(batch, txn, own) : status;
}

int th_store_do_batch(struct th_store *store, const struct th_store_batch *batch,
                      struct th_batch_end end, struct th_signed_note *ret_note)
{
    struct th_txn txn;
    bool is_unknown = false;
    const bool is_appended = batch->entries.count > 0;
    TH_ASSERT(!is_appended || end.count == 0);
    TH_ASSERT((is_appended ? batch->entries.count : end.count) == batch->size - batch->first);
    ret_note->size = 0;
    int status = th_txn_begin(&store->env, true, &txn);
    if (status != 0)
        return status;
    status = put_log(store, batch, is_appended ? batch->entries.items : end.entries, &txn);
    if (status == 0)
        status = th_writes_do(&batch->writes, &txn);
    if (status == 0)
        status = put_checkpoint(store, batch, end.note, &txn, ret_note);
    if (status != 0) {
        th_txn_abort(&txn);
        return status;
    }
    return th_txn_commit(&txn, &is_unknown);
}

/* Before anybody can be answered. What the file knows of an earlier log goes: until then it is
 * passed over. */
static int write_side(struct th_store *store, const struct th_store_batch *batch,
                      const struct th_signed_note *note)
{
    if (note->size == 0)
        return 0;
    return batch->begins_log ? th_side_begin_log(&store->side, batch->size, note->bytes, note->size)
                             : th_side_write(&store->side, batch->size, note->bytes, note->size);
}

int th_store_commit_sealed(struct th_store *store, const struct th_store_logged *entries,
                           size_t count)
{
    const struct th_store_batch *batch = store->sealed;
    struct th_signed_note note;
    TH_ASSERT(batch != NULL);
    int status = th_store_do_batch(
        store, batch, (struct th_batch_end){.entries = entries, .count = count}, &note);
    if (status == 0) {
        th_env_extend(&store->env);
        th_store_reserve(store);
        status = write_side(store, batch, &note);
    }
    store->failed = status != 0;
    store->sealed = NULL;
    return status;
}

int th_store_commit(struct th_store *store, const struct th_note_signer *signer)
{
    int status = th_store_seal(store, signer);
    return status == 0 ? th_store_commit_sealed(store, NULL, 0) : status;
}

int th_store_distrust(struct th_store *store, uint64_t size, struct th_bytes note)
{
    TH_ASSERT(store->edge != NULL);
    TH_ASSERT(store->batch == NULL);
    TH_ASSERT(store->sealed == NULL);
    store->failed = true;
    int status = th_side_write(&store->side, size, (const char *)note.bytes, note.size);
    /* In both slots: the other one may be of a larger size. */
    return status < 0 ? status
                      : th_side_write(&store->side, size, (const char *)note.bytes, note.size);
}

/* ---- entries that are given while the batch is made ---- */

int th_store_append(struct th_store *store, const struct th_store_entry *entry,
                    struct th_digest *ret_digest)
{
    struct th_store_batch *batch = store->batch;
    TH_ASSERT(batch != NULL);
    TH_ASSERT(!store->leaf_due);
    TH_ASSERT(batch->entries.count == store->size - batch->first);
    if (batch->writes.failed != 0)
        return batch->writes.failed;
    int status = th_entries_add(&batch->entries, entry);
    if (status != 0)
        return th_writes_fail(&batch->writes, status);
    const uint64_t position = th_store_promise(store);
    TH_ASSERT(entry->position == position);
    th_store_entry_digest(entry, ret_digest);
    store->leaf_due = true;
    return 0;
}

int th_store_append_leaf(struct th_store *store, uint64_t position, struct th_bytes leaf)
{
    struct th_store_batch *batch = store->batch;
    TH_ASSERT(store->leaf_due);
    TH_ASSERT(position == store->size - 1);
    int status = is_leaf(leaf) ? th_entries_add_leaf(&batch->entries, leaf) : TH_E_LIMIT;
    if (status != 0)
        return th_writes_fail(&batch->writes, status);
    store->leaf_due = false;
    return 0;
}
