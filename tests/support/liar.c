/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/liar.h"

#include "aggregator/audit/tree_check.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/hash.h"
#include "proto/wire/journal.h"
#include "tests/support/damage.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define MAP_BYTES ((size_t)64 << 20)

void liar_begin(struct liar *liar, struct ledger *ledger)
{
    ledger_release(ledger);
    *liar = (struct liar){.ledger = ledger};
    cr_assert_eq(th_env_open(ledger->folder, true, MAP_BYTES, &liar->env), 0);
    cr_assert_eq(th_txn_begin(&liar->env, true, &liar->txn), 0);
}

void liar_end(struct liar *liar)
{
    bool unknown;
    cr_assert_eq(th_txn_commit(&liar->txn, &unknown), 0);
    th_env_extend(&liar->env);
    th_env_close(&liar->env);
    cr_assert_eq(truncate(audit_path(liar->ledger->folder, "CHECKPOINT"), 0), 0);
}

void liar_put(struct liar *liar, struct th_schema_key key, const void *content, size_t size)
{
    MDB_val name = {key.size, key.bytes};
    (void)mdb_del(liar->txn.txn, liar->txn.database, &name, NULL);
    cr_assert_eq(th_txn_put(&liar->txn, &key, TH_PUT_NEW, content, size), 0);
}

void liar_remove(struct liar *liar, struct th_schema_key key)
{
    MDB_val name = {key.size, key.bytes};
    cr_assert_eq(mdb_del(liar->txn.txn, liar->txn.database, &name, NULL), 0);
}

static struct th_bytes copy(struct liar *liar, struct th_bytes bytes)
{
    const char *text = (const char *)bytes.bytes;
    return (struct th_bytes){
        (const uint8_t *)th_arena_copy_text(&liar->ledger->arena, text, bytes.size), bytes.size};
}

struct th_bytes liar_get(struct liar *liar, struct th_schema_key key)
{
    struct th_bytes content;
    cr_assert_eq(th_txn_get(&liar->txn, &key, &content), 0);
    return copy(liar, content);
}

/* ---- entries ---- */

struct pair {
    struct th_bytes entry, leaf;
};

static struct pair get_pair(struct liar *liar, uint64_t position)
{
    struct th_bytes content = liar_get(liar, th_schema_key_log(TH_TABLE_JOURNAL, position));
    struct pair pair;
    cr_assert_eq(th_schema_journal_split(content, &pair.entry, &pair.leaf), 0);
    return pair;
}

struct th_bytes liar_get_leaf(struct liar *liar, uint64_t position)
{
    return get_pair(liar, position).leaf;
}

void liar_put_leaf(struct liar *liar, uint64_t position, const void *bytes, size_t size)
{
    struct th_bytes entry = get_pair(liar, position).entry;
    struct th_bytes content = damage_journal(entry, (struct th_bytes){bytes, size});
    liar_put(liar, th_schema_key_log(TH_TABLE_JOURNAL, position), content.bytes, content.size);
}

struct liar_entry liar_take(struct liar *liar, uint64_t position)
{
    struct th_arena *arena = &liar->ledger->arena;
    struct th_stored_entry stored;
    struct liar_entry entry = {.judgements = NULL};
    struct pair pair = get_pair(liar, position);
    cr_assert_eq(th_schema_entry_decode(pair.entry, &stored), 0);
    cr_assert_eq(th_wire_leaf_decode(pair.leaf, arena, &entry.leaf), 0);
    entry.stored = (struct th_store_entry){.position = position,
                                           .kind = stored.kind,
                                           .clock = stored.clock,
                                           .time = stored.time,
                                           .boottime_ms = stored.boottime_ms,
                                           .decision = stored.decision,
                                           .body = stored.body};
    if (stored.decision.size > 0) {
        cr_assert_eq(th_wire_decision_decode(stored.decision, arena, &entry.decision), 0);
        size_t size = entry.decision.judgements_count * sizeof *entry.judgements;
        entry.judgements = th_arena_alloc(arena, size);
        memcpy(entry.judgements, entry.decision.judgements, size);
        entry.decision.judgements = entry.judgements;
        entry.leaf.judgements = entry.judgements;
    }
    return entry;
}

void liar_give_leaf(struct liar *liar, uint64_t position, const struct th_leaf *leaf)
{
    struct th_bytes bytes;
    cr_assert_eq(th_wire_leaf_encode(leaf, &liar->ledger->arena, &bytes), 0);
    liar_put_leaf(liar, position, bytes.bytes, bytes.size);
}

void liar_give(struct liar *liar, uint64_t position, const struct liar_entry *given)
{
    struct th_store_entry entry = given->stored;
    struct th_leaf leaf = given->leaf;
    if (given->judgements != NULL)
        cr_assert_eq(
            th_wire_decision_encode(&given->decision, &liar->ledger->arena, &entry.decision), 0);
    struct th_digest body_digest;
    th_tlog_sha256(&(struct th_tlog_part){entry.body.bytes, entry.body.size}, 1, &body_digest);
    th_schema_entry_digest(&entry, &body_digest, &leaf.entry_digest);
    struct th_bytes bytes;
    cr_assert_eq(th_wire_leaf_encode(&leaf, &liar->ledger->arena, &bytes), 0);
    size_t size = th_schema_journal_size(&entry, bytes);
    uint8_t *content = th_arena_alloc(&liar->ledger->arena, size);
    th_schema_journal_write(&entry, bytes, content);
    liar_put(liar, th_schema_key_log(TH_TABLE_JOURNAL, position), content, size);
}

/* ---- signing ---- */

void liar_put_note(struct liar *liar, uint64_t at, const char *origin, uint64_t size,
                   const struct th_digest *root, const struct th_note_signer *signer)
{
    char note[TH_CHECKPOINT_TEXT_MAX + 1 + TH_NOTE_LINE_MAX];
    struct th_checkpoint checkpoint = {.size = size, .root = *root};
    size_t length;
    (void)snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", origin);
    cr_assert_eq(th_tlog_checkpoint_format(&checkpoint, sizeof note, note, &length), 0);
    cr_assert_eq(th_tlog_note_sign(note, length, signer, sizeof note, note, &length), 0);
    liar_put(liar, th_schema_key_log(TH_TABLE_CHECKPOINT, at), note, length);
}

void liar_sign(struct liar *liar)
{
    const struct th_note_signer *signer = &liar->ledger->signer;
    struct th_regrown tree = {.size = 0};
    for (uint64_t position = 0;; position++) {
        struct th_schema_key key = th_schema_key_log(TH_TABLE_JOURNAL, position);
        struct th_schema_key note_key = th_schema_key_log(TH_TABLE_CHECKPOINT, position + 1);
        struct th_bytes content, note;
        struct th_digest root;
        if (th_txn_get(&liar->txn, &key, &content) != 0)
            break;
        cr_assert_eq(th_regrown_add(&tree, liar_get_leaf(liar, position)), 0);
        if (th_txn_get(&liar->txn, &note_key, &note) != 0)
            continue;
        th_regrown_root(&tree, &root);
        liar_put_note(liar, position + 1, signer->vkey.name, position + 1, &root, signer);
    }
    th_regrown_deinit(&tree);
}
