/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts are not stored: a receipt is made of a leaf row, tile hashes and a checkpoint row, none
 * of which ever changes, so it is the same text whenever it is made.
 */
#include "aggregator/store/internal.h"

#include "base/assert.h"
#include "proto/tlog/proof.h"
#include "proto/tlog/prove.h"

#include <string.h>

int th_view_checkpoint(struct th_view *view, uint64_t size, uint64_t *ret_size,
                       struct th_bytes *ret_note)
{
    struct th_schema_key key = th_schema_key_log(TH_TABLE_CHECKPOINT, size);
    struct th_bytes found, note;
    TH_ASSERT(view->active);
    int status = th_txn_seek(&view->txn, &key, &found, &note);
    if (status == 0)
        status = th_schema_read_number(found, ret_size);
    if (status == 0)
        *ret_note = note;
    return status;
}

static int view_node(void *context, unsigned level, uint64_t index, struct th_digest *ret_hash)
{
    struct th_view *view = context;
    return th_tile_cache_node(&view->tiles, &view->txn, view->size, level, index, ret_hash);
}

static int fill_proof(struct th_view *view, uint64_t position, struct th_tlog_proof *ret_proof)
{
    struct th_tlog_source source = {view_node, view};
    struct th_bytes leaf, note;
    uint64_t size;
    int status = th_view_leaf(view, position, &leaf);
    if (status == 0)
        status = th_view_checkpoint(view, position + 1, &size, &note);
    if (status != 0)
        return status;
    if (leaf.size > sizeof ret_proof->extra || size > view->size)
        return TH_E_CORRUPT;
    ret_proof->index = position;
    ret_proof->extra_size = leaf.size;
    memcpy(ret_proof->extra, leaf.bytes, leaf.size);
    ret_proof->checkpoint = (const char *)note.bytes;
    ret_proof->checkpoint_size = note.size;
    return th_tlog_prove_inclusion(&source, position, size, ret_proof->hashes,
                                   &ret_proof->hashes_n);
}

int th_view_receipt(struct th_view *view, uint64_t position, struct th_arena *arena,
                    struct th_bytes *ret_text)
{
    struct th_tlog_proof proof;
    char text[TH_PROOF_TEXT_MAX];
    size_t size;
    if (position >= view->size)
        return TH_E_NOT_FOUND;
    int status = fill_proof(view, position, &proof);
    if (status == 0)
        status = th_tlog_proof_format(&proof, sizeof text, text, &size);
    if (status != 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    char *copy = th_arena_copy_text(arena, text, size);
    if (copy == NULL)
        return TH_E_NO_MEMORY;
    *ret_text = (struct th_bytes){(const uint8_t *)copy, size};
    return 0;
}

int th_view_root(struct th_view *view, uint64_t size, struct th_digest *ret_root)
{
    TH_ASSERT(view->active);
    return th_txn_root(&view->tiles, &view->txn, view->size, size, ret_root);
}

int th_view_consistency(struct th_view *view, uint64_t old_size, uint64_t size,
                        struct th_consistency *ret_proof)
{
    struct th_tlog_source source = {view_node, view};
    struct th_consistency proof = {.old_size = old_size};
    TH_ASSERT(view->active);
    if (old_size > size || size > view->size)
        return TH_E_RANGE;
    int status = old_size == 0 ? 0
                               : th_tlog_prove_consistency(&source, old_size, size, proof.hashes,
                                                           &proof.hashes_n);
    if (status == 0)
        *ret_proof = proof;
    return status;
}
