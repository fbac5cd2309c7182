/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Merkle log costs in a commit: the same commits are made in a store in FOLDER, and the
 * parts that belong to the log (leaf hashes, tile rows, root, checkpoint, its signature,
 * the file CHECKPOINT) are timed inside them. Ratios of one run; no absolute time means anything on
 * a shared machine.
 *
 *     log_cost FOLDER [ENTRIES]
 *
 * FOLDER does not exist. On a disk the flushes show; on /dev/shm the processor's part does.
 */
#include "aggregator/store/side.h"
#include "aggregator/store/store.h"
#include "aggregator/store/tree.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { ENTRY_SIZE = 1000, LEAF_SIZE = 220, BATCHES = 3 };

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the parts: the linker puts these before the functions (-Wl,--wrap) ---- */

struct costs {
    int64_t leaves, tiles, root, sign, side;
};
static struct costs costs;

void __real_th_tlog_hash_leaf(const void *bytes, size_t size, struct th_digest *ret_hash);
void __wrap_th_tlog_hash_leaf(const void *bytes, size_t size, struct th_digest *ret_hash);
void __wrap_th_tlog_hash_leaf(const void *bytes, size_t size, struct th_digest *ret_hash)
{
    int64_t began = now_ns();
    __real_th_tlog_hash_leaf(bytes, size, ret_hash);
    costs.leaves += now_ns() - began;
}

int __real_th_edge_add(struct th_edge *edge, struct th_txn *txn, const struct th_digest *leaf_hash);
int __wrap_th_edge_add(struct th_edge *edge, struct th_txn *txn, const struct th_digest *leaf_hash);
int __wrap_th_edge_add(struct th_edge *edge, struct th_txn *txn, const struct th_digest *leaf_hash)
{
    int64_t began = now_ns();
    int status = __real_th_edge_add(edge, txn, leaf_hash);
    costs.leaves += now_ns() - began;
    return status;
}

int __real_th_edge_flush(struct th_edge *edge, struct th_txn *txn);
int __wrap_th_edge_flush(struct th_edge *edge, struct th_txn *txn);
int __wrap_th_edge_flush(struct th_edge *edge, struct th_txn *txn)
{
    int64_t began = now_ns();
    int status = __real_th_edge_flush(edge, txn);
    costs.tiles += now_ns() - began;
    return status;
}

void __real_th_edge_root(struct th_edge *edge, struct th_digest *ret_root);
void __wrap_th_edge_root(struct th_edge *edge, struct th_digest *ret_root);
void __wrap_th_edge_root(struct th_edge *edge, struct th_digest *ret_root)
{
    int64_t began = now_ns();
    __real_th_edge_root(edge, ret_root);
    costs.root += now_ns() - began;
}

int __real_th_tlog_note_sign(const char *text, size_t size, const struct th_note_signer *signer,
                             size_t capacity, char *ret_note, size_t *ret_size);
int __wrap_th_tlog_note_sign(const char *text, size_t size, const struct th_note_signer *signer,
                             size_t capacity, char *ret_note, size_t *ret_size);
int __wrap_th_tlog_note_sign(const char *text, size_t size, const struct th_note_signer *signer,
                             size_t capacity, char *ret_note, size_t *ret_size)
{
    int64_t began = now_ns();
    int status = __real_th_tlog_note_sign(text, size, signer, capacity, ret_note, ret_size);
    costs.sign += now_ns() - began;
    return status;
}

int __real_th_side_write(struct th_side *side, uint64_t size, const char *note, size_t note_size);
int __wrap_th_side_write(struct th_side *side, uint64_t size, const char *note, size_t note_size);
int __wrap_th_side_write(struct th_side *side, uint64_t size, const char *note, size_t note_size)
{
    int64_t began = now_ns();
    int status = __real_th_side_write(side, size, note, note_size);
    costs.side += now_ns() - began;
    return status;
}

/* ---- the run ---- */

static int append(struct th_store *store, uint8_t *body, uint8_t *leaf)
{
    uint64_t position = th_store_next_position(store);
    struct th_digest digest;
    memcpy(body, &position, sizeof position);
    memcpy(leaf, &position, sizeof position);
    struct th_store_entry entry = {.position = position,
                                   .kind = TH_ENTRY_SUBMISSION,
                                   .clock = TH_CLOCK_STEADY,
                                   .time = {1746835200000 + (int64_t)position},
                                   .body = {body, ENTRY_SIZE}};
    int status = th_store_append(store, &entry, &digest);
    if (status == 0)
        status = th_store_append_leaf(store, position, (struct th_bytes){leaf, LEAF_SIZE});
    return status;
}

static int run(struct th_store *store, const struct th_note_signer *signer, uint64_t entries,
               uint64_t batch)
{
    uint8_t body[ENTRY_SIZE], leaf[LEAF_SIZE];
    randombytes_buf(body, sizeof body);
    randombytes_buf(leaf, sizeof leaf);
    costs = (struct costs){0};
    int64_t began = now_ns();
    for (uint64_t done = 0; done < entries; done += batch) {
        int status = th_store_begin(store);
        for (uint64_t i = 0; status == 0 && i < batch; i++)
            status = append(store, body, leaf);
        if (status == 0)
            status = th_store_commit(store, signer);
        if (status != 0)
            return status;
    }
    int64_t all = now_ns() - began;
    int64_t log = costs.leaves + costs.tiles + costs.root + costs.sign + costs.side;
    struct {
        const char *name;
        int64_t ns;
    } parts[] = {{"leaf hashes", costs.leaves}, {"tile rows", costs.tiles},
                 {"root", costs.root},          {"signature", costs.sign},
                 {"CHECKPOINT", costs.side},    {"all of the log", log}};
    printf("batch %llu: %llu entries, %.1f us per commit\n", (unsigned long long)batch,
           (unsigned long long)entries, (double)all / 1000.0 / (double)(entries / batch));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        printf("    %-22s %5.1f %%  %6.2f us per commit\n", parts[i].name,
               100.0 * (double)parts[i].ns / (double)all,
               (double)parts[i].ns / 1000.0 / (double)(entries / batch));
    return 0;
}

int main(int argc, char **argv)
{
    static const uint64_t batches[BATCHES] = {1, 100, 1000};
    const uint8_t seed[TH_NOTE_SEED_SIZE] = {7};
    struct th_note_signer signer;
    struct th_store *store = NULL;
    struct th_store_identity identity = {.mode = TH_MODE_LIVE, .realm = "tonghop.bench/log"};
    const uint64_t entries = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000;
    if (argc < 2 || entries < 1000 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: log_cost FOLDER [ENTRIES, 1000 or more]\n");
        return 64;
    }
    int status = mkdir(argv[1], 0700) == 0 ? 0 : TH_E_IO;
    if (status == 0)
        status = th_tlog_signer_init(identity.realm, seed, &signer);
    if (status == 0) {
        memcpy(identity.log_key, signer.vkey.public_key, sizeof identity.log_key);
        status = th_store_create(argv[1], NULL, &identity);
    }
    if (status == 0)
        status = th_store_open(argv[1], TH_STORE_WRITE, NULL, NULL, &store);
    for (size_t i = 0; status == 0 && i < BATCHES; i++)
        status = run(store, &signer, batches[i] == 1 ? entries / 10 : entries, batches[i]);
    if (status != 0)
        (void)fprintf(stderr, "log_cost: %s: %s\n", argv[1], th_status_text(status));
    th_store_close(store);
    return status == 0 ? 0 : th_status_exit_code(status);
}
