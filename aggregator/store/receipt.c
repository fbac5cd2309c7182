/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts are not stored: a receipt is made of a leaf, tile hashes and a checkpoint row, none
 * of which ever changes, so it is the same text whenever it is made.
 */
#include "aggregator/store/internal.h"

#include "base/assert.h"

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
    if (view->is_of_committer && th_edge_node(view->store->edge, level, index, ret_hash))
        return 0;
    return th_tile_cache_node(&view->tiles, &view->txn, view->size, level, index, ret_hash);
}

/* The checkpoint of the commit that brought the entry: found and looked at once for its entries. */
static int find_checkpoint(struct th_view *view, uint64_t position)
{
    struct th_receipt_memo *memo = &view->receipts;
    struct th_note parts;
    struct th_bytes note;
    uint64_t size;
    if (position >= memo->from && position < memo->size)
        return 0;
    int status = th_view_checkpoint(view, position + 1, &size, &note);
    if (status == 0)
        status = th_tlog_note_split((const char *)note.bytes, note.size, &parts);
    if (status != 0)
        return status;
    if (size > view->size)
        return TH_E_CORRUPT;
    memo->from = position;
    memo->size = size;
    memo->note = note;
    return 0;
}

/* The lines of the proof: those of the receipt before, but where another range is needed. */
static int fill_path(struct th_view *view, uint64_t position, size_t *ret_lines_n)
{
    struct th_receipt_memo *memo = &view->receipts;
    struct th_tlog_source source = {view_node, view};
    struct th_tlog_range ranges[TH_MERKLE_PROOF_MAX];
    size_t count = 0;
    int status = th_tlog_inclusion_ranges(position, memo->size, ranges, &count);
    for (size_t i = 0; i < count && status == 0; i++) {
        struct th_tlog_range *known = &memo->ranges[i];
        struct th_digest hash;
        if (known->begin == ranges[i].begin && known->end == ranges[i].end)
            continue;
        status = th_tlog_range_hash(&source, ranges[i], &hash);
        if (status != 0)
            break;
        th_tlog_proof_line(&hash, memo->lines + i * TH_PROOF_LINE_SIZE);
        *known = ranges[i];
    }
    if (status == 0)
        *ret_lines_n = count;
    return status;
}

static int find_parts(struct th_view *view, uint64_t position, struct th_bytes leaf,
                      struct th_tlog_proof_parts *parts)
{
    const struct th_receipt_memo *memo = &view->receipts;
    size_t lines_n;
    int status = find_checkpoint(view, position);
    if (status == 0)
        status = fill_path(view, position, &lines_n);
    if (status != 0)
        return status;
    if (leaf.size > TH_PROOF_EXTRA_MAX)
        return TH_E_CORRUPT;
    *parts = (struct th_tlog_proof_parts){
        .index = position,
        .extra = {leaf.bytes, leaf.size},
        .path = memo->lines,
        .path_size = lines_n * TH_PROOF_LINE_SIZE,
        .checkpoint = {memo->note.bytes, memo->note.size},
    };
    return 0;
}

int th_view_receipt(struct th_view *view, uint64_t position, struct th_arena *arena,
                    struct th_bytes *ret_text)
{
    struct th_bytes leaf;
    if (position >= view->size)
        return TH_E_NOT_FOUND;
    int status = th_view_leaf(view, position, &leaf);
    if (status != 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    return th_view_receipt_of(view, position, leaf, arena, ret_text);
}

int th_view_receipt_of(struct th_view *view, uint64_t position, struct th_bytes leaf,
                       struct th_arena *arena, struct th_bytes *ret_text)
{
    struct th_tlog_proof_parts parts;
    if (position >= view->size)
        return TH_E_NOT_FOUND;
    int status = find_parts(view, position, leaf, &parts);
    if (status != 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    size_t size = th_tlog_proof_size(&parts);
    char *text = th_arena_take(arena, size);
    if (text == NULL)
        return TH_E_NO_MEMORY;
    th_tlog_proof_write(&parts, text);
    *ret_text = (struct th_bytes){(const uint8_t *)text, size};
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
