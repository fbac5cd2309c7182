/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An insider: has the log's key, and writes the file of a ledger's store itself. What it writes has
 * right checksums; with liar_sign() all hashes and checkpoints fit it. Fails the test on any
 * failure.
 */
#ifndef TH_TESTS_LIAR_H
#define TH_TESTS_LIAR_H

#include "aggregator/store/env.h"
#include "tests/support/audit_case.h"

struct liar {
    struct ledger *ledger;
    struct th_env env;
    struct th_txn txn;
};

/* One entry with its leaf, to be changed; texts and bytes live in the ledger's arena. */
struct liar_entry {
    struct th_store_entry stored;
    struct th_leaf leaf;
    struct th_decision decision; /* of a submission or a readmission */
    struct th_judgement *judgements;
};

/* Lets go of the ledger's store. */
void liar_begin(struct liar *liar, struct ledger *ledger);
/* Commits; the file CHECKPOINT becomes an operator's word, as if nobody had seen the old log. */
void liar_end(struct liar *liar);

void liar_put(struct liar *liar, struct th_schema_key key, const void *content, size_t size);
void liar_remove(struct liar *liar, struct th_schema_key key);
/* A copy in the arena. */
struct th_bytes liar_get(struct liar *liar, struct th_schema_key key);

/* The leaf as it is stored; to be replaced beside its entry. */
struct th_bytes liar_get_leaf(struct liar *liar, uint64_t position);
void liar_put_leaf(struct liar *liar, uint64_t position, const void *bytes, size_t size);

struct liar_entry liar_take(struct liar *liar, uint64_t position);
/* Entry, decision and leaf, which gets the entry's digest; `leaf` says which leaf is written: the
 * judgements of the entry unless they were taken from it. */
void liar_give(struct liar *liar, uint64_t position, const struct liar_entry *entry);
void liar_give_leaf(struct liar *liar, uint64_t position, const struct th_leaf *leaf);
/* Every checkpoint again, of the leaves as they are now. */
void liar_sign(struct liar *liar);
/* One note of this size, as it is told. */
void liar_put_note(struct liar *liar, uint64_t at, const char *origin, uint64_t size,
                   const struct th_digest *root, const struct th_note_signer *signer);

#endif
