/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/internal.h"

#include "base/assert.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/proof.h"

#include <string.h>
#include <sys/statvfs.h>

/* ---- the batch ---- */

/* Room in the map and on the disk. */
static int check_room(struct th_store *store)
{
    struct th_env_usage usage;
    struct statvfs disk;
    uint64_t free_bytes = 0;
    int fd;
    int status = th_env_usage(&store->env, &usage);
    if (status != 0)
        return status;
    if (mdb_env_get_fd(store->env.env, &fd) != 0 || fstatvfs(fd, &disk) != 0)
        return TH_E_IO;
    /* Pages that are free again are only counted when it matters. */
    if (usage.used_bytes > usage.map_bytes / 100 * 80)
        status = th_env_free_bytes(&store->env, &free_bytes);
    if (status != 0)
        return status;
    struct th_gate_levels levels = {
        .map_bytes = usage.map_bytes,
        .used_bytes = usage.used_bytes > free_bytes ? usage.used_bytes - free_bytes : 0,
        .file_bytes = usage.file_bytes,
        .disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize,
        .disk_free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize,
    };
    return th_gate_step(&store->gate, &levels) ? 0 : TH_E_STORAGE;
}

int th_store_begin(struct th_store *store)
{
    TH_ASSERT(store->edge != NULL);
    TH_ASSERT(store->batch.txn == NULL);
    if (store->failed)
        return TH_E_STORAGE;
    int status = check_room(store);
    if (status == 0)
        status = th_txn_begin(&store->env, true, &store->batch);
    return status;
}

void th_store_abort(struct th_store *store)
{
    th_txn_abort(&store->batch);
    th_edge_rollback(store->edge);
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
    _Static_assert(sizeof checkpoint.origin >= sizeof store->identity.realm, "a realm fits");
    memcpy(checkpoint.origin, store->identity.realm, strlen(store->identity.realm) + 1);
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
    return signer != NULL && strcmp(signer->vkey.name, store->identity.realm) == 0 &&
           memcmp(signer->vkey.public_key, store->identity.log_key,
                  sizeof store->identity.log_key) == 0;
}

int th_store_commit(struct th_store *store, const struct th_note_signer *signer)
{
    int status = store->batch.failed;
    struct signed_note note = {.size = 0};
    TH_ASSERT(store->batch.txn != NULL);
    TH_ASSERT(status != 0 || !store->leaf_due);
    if (status == 0 && store->edge->size > store->edge->committed) {
        status = is_own_signer(store, signer) ? 0 : TH_E_CONFIG;
        if (status == 0)
            status = th_edge_flush(store->edge, &store->batch);
        if (status == 0)
            status = put_checkpoint(store, signer, &note);
    }
    if (status != 0) {
        th_store_abort(store);
        return status;
    }
    status = th_txn_commit(&store->batch, &store->failed);
    if (status != 0) {
        th_edge_rollback(store->edge);
        return status;
    }
    th_edge_commit(store->edge);
    th_env_extend(&store->env);
    /* Before anybody can be answered. */
    status =
        note.size == 0 ? 0 : th_side_write(&store->side, store->edge->size, note.bytes, note.size);
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
    struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, entry->position);
    uint8_t *content;
    TH_ASSERT(entry->position == th_store_next_position(store));
    TH_ASSERT(!store->leaf_due);
    if (entry->decision.size > UINT32_MAX || entry->body.size > UINT32_MAX)
        return th_txn_fail(&store->batch, TH_E_LIMIT);
    size_t size = TH_SCHEMA_ENTRY_HEADER + entry->decision.size + entry->body.size;
    int status = th_txn_reserve(&store->batch, &key, TH_PUT_APPEND, size, &content);
    if (status != 0)
        return status;
    uint8_t *at = content + TH_SCHEMA_ENTRY_HEADER;
    th_schema_entry_header(entry, content);
    if (entry->decision.size > 0)
        memcpy(at, entry->decision.bytes, entry->decision.size);
    if (entry->body.size > 0)
        memcpy(at + entry->decision.size, entry->body.bytes, entry->body.size);
    th_txn_seal(&key, content, size);
    th_tlog_sha256(&(struct th_tlog_part){content, size}, 1, ret_digest);
    store->leaf_due = true;
    return 0;
}

int th_store_append_leaf(struct th_store *store, uint64_t position, struct th_bytes leaf)
{
    struct th_schema_key key = th_schema_key_log(TH_TABLE_LEAF, position);
    TH_ASSERT(store->leaf_due);
    TH_ASSERT(position == th_store_next_position(store));
    if (leaf.size == 0 || leaf.size > TH_PROOF_EXTRA_MAX)
        return th_txn_fail(&store->batch, TH_E_LIMIT); /* its receipt could not carry it */
    int status = th_txn_put(&store->batch, &key, TH_PUT_NEW, leaf.bytes, leaf.size);
    if (status == 0)
        status = th_edge_add(store->edge, &store->batch, leaf);
    if (status == 0)
        store->leaf_due = false;
    return status;
}

/* ---- tables ---- */

static struct th_sink *encoding(struct th_store *store)
{
    TH_ASSERT(store->batch.txn != NULL);
    th_sink_clear(&store->scratch);
    return &store->scratch;
}

static int put_encoded(struct th_store *store, struct th_schema_key key, enum th_put how)
{
    if (store->scratch.failed)
        return th_txn_fail(&store->batch, TH_E_NO_MEMORY);
    return th_txn_put(&store->batch, &key, how, store->scratch.bytes, store->scratch.size);
}

int th_store_put_row(struct th_store *store, struct th_book_id book, const struct th_row *row)
{
    th_schema_row_encode(encoding(store), row);
    return put_encoded(store, th_schema_key_row(book, row->unit, row->number), TH_PUT_REPLACE);
}

int th_store_put_revision(struct th_store *store, struct th_book_id book,
                          const struct th_revision *revision)
{
    th_schema_revision_encode(encoding(store), revision);
    return put_encoded(
        store, th_schema_key_revision(book, revision->unit, revision->number, revision->revision),
        TH_PUT_NEW);
}

int th_store_put_rollup(struct th_store *store, struct th_book_id book, uint32_t unit,
                        enum th_branch branch, const struct th_rollup_layout *layout,
                        const struct th_rollup *rollup)
{
    th_schema_rollup_encode(encoding(store), layout, rollup);
    return put_encoded(store, th_schema_key_rollup(book, unit, branch), TH_PUT_REPLACE);
}

int th_store_put_closing(struct th_store *store, struct th_book_id book, th_instant closed_at,
                         uint32_t unit, enum th_branch branch,
                         const struct th_rollup_layout *layout, const struct th_rollup *rollup)
{
    th_schema_rollup_encode(encoding(store), layout, rollup);
    return put_encoded(store, th_schema_key_closing(book, closed_at, unit, branch), TH_PUT_NEW);
}

int th_store_put_unit(struct th_store *store, uint32_t number, const struct th_unit *unit)
{
    th_schema_unit_encode(encoding(store), unit);
    return put_encoded(store, th_schema_key_unit(number), TH_PUT_REPLACE);
}

int th_store_put_plan(struct th_store *store, uint16_t number, const struct th_digest *digest,
                      th_instant loaded_at, struct th_bytes content)
{
    th_schema_plan_encode(encoding(store), digest, loaded_at, content);
    return put_encoded(store, th_schema_key_plan(number), TH_PUT_REPLACE);
}

int th_store_put_key(struct th_store *store, const struct th_key_row *key)
{
    th_schema_key_row_encode(encoding(store), key);
    return put_encoded(store, th_schema_key_key(key->unit, &key->sign_key), TH_PUT_REPLACE);
}

int th_store_put_mark(struct th_store *store, struct th_book_id book, const struct th_mark *mark)
{
    th_schema_mark_encode(encoding(store), mark);
    return put_encoded(store, th_schema_key_book(TH_TABLE_MARK, book), TH_PUT_REPLACE);
}

int th_store_put_clock(struct th_store *store, const struct th_clock_row *clock)
{
    th_schema_clock_encode(encoding(store), clock);
    return put_encoded(store, th_schema_key_meta(TH_META_CLOCK), TH_PUT_REPLACE);
}
