/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/leaf_page.h"

enum {
    PAGE_FLAGS_AT = 10,
    PAGE_LOWER_AT = 12,
    PAGE_LEAF = 2,
    CACHE_LINE = 64,
    PIECE_SIZE = 8 * CACHE_LINE
};

static const uint8_t *page_of(size_t page_bytes, const void *key)
{
    return (const uint8_t *)((uintptr_t)key & ~(uintptr_t)(page_bytes - 1));
}

bool th_leaf_page_find(size_t page_bytes, const void *key, struct th_leaf_page *ret_leaf,
                       uint32_t *ret_at)
{
    struct th_leaf_page leaf = {.page = page_of(page_bytes, key), .page_bytes = page_bytes};
    /* Where no row is like this one, and each is asked for, it is found out at once. */
    if (th_leaf_page_u16((const uint8_t *)key - TH_LEAF_NODE_HEADER_SIZE + TH_LEAF_NODE_FLAGS_AT) !=
        0)
        return false;
    const size_t lower = th_leaf_page_u16(leaf.page + PAGE_LOWER_AT);
    const size_t place = (size_t)((const uint8_t *)key - leaf.page) - TH_LEAF_NODE_HEADER_SIZE;
    if (th_leaf_page_u16(leaf.page + PAGE_FLAGS_AT) != PAGE_LEAF ||
        lower < TH_LEAF_PAGE_HEADER_SIZE || lower > page_bytes)
        return false;
    leaf.count = (uint32_t)((lower - TH_LEAF_PAGE_HEADER_SIZE) / TH_LEAF_PLACE_SIZE);
    uint32_t at = 0;
    while (at < leaf.count && th_leaf_page_place(&leaf, at) != place)
        at++;
    if (at == leaf.count)
        return false;
    *ret_leaf = leaf;
    *ret_at = at;
    return true;
}

/* From the end on, as LMDB puts the first rows there; the header is looked at before. */
void th_leaf_page_prefetch(size_t page_bytes, const void *key, unsigned piece)
{
    const size_t left = page_bytes - (size_t)piece * PIECE_SIZE;
    const uint8_t *page = page_of(page_bytes, key);
    if ((size_t)piece * PIECE_SIZE >= page_bytes)
        return;
    for (size_t line = 1; line <= PIECE_SIZE / CACHE_LINE; line++)
        __builtin_prefetch(page + left - line * CACHE_LINE);
}

void th_leaf_page_prefetch_all(size_t page_bytes, const void *key)
{
    for (unsigned piece = 0; piece < page_bytes / PIECE_SIZE; piece++)
        th_leaf_page_prefetch(page_bytes, key, piece);
}
