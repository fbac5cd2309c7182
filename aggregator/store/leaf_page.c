/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/leaf_page.h"

#include <string.h>

enum {
    PAGE_FLAGS_AT = 10,
    PAGE_LOWER_AT = 12,
    PAGE_HEADER_SIZE = 16,
    PAGE_LEAF = 2,
    PLACE_SIZE = 2,
    NODE_FLAGS_AT = 4,
    NODE_KEY_SIZE_AT = 6,
    NODE_HEADER_SIZE = 8,
    CACHE_LINE = 64,
    PIECE_SIZE = 8 * CACHE_LINE
};

static inline uint16_t u16_at(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t u32_at(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static const uint8_t *page_of(size_t page_bytes, const void *key)
{
    return (const uint8_t *)((uintptr_t)key & ~(uintptr_t)(page_bytes - 1));
}

static inline size_t place_of(const struct th_leaf_page *leaf, uint32_t at)
{
    return u16_at(leaf->page + PAGE_HEADER_SIZE + (size_t)at * PLACE_SIZE);
}

bool th_leaf_page_find(size_t page_bytes, const void *key, struct th_leaf_page *ret_leaf,
                       uint32_t *ret_at)
{
    struct th_leaf_page leaf = {.page = page_of(page_bytes, key), .page_bytes = page_bytes};
    /* Where no row is like this one, and each is asked for, it is found out at once. */
    if (u16_at((const uint8_t *)key - NODE_HEADER_SIZE + NODE_FLAGS_AT) != 0)
        return false;
    const size_t lower = u16_at(leaf.page + PAGE_LOWER_AT);
    const size_t place = (size_t)((const uint8_t *)key - leaf.page) - NODE_HEADER_SIZE;
    if (u16_at(leaf.page + PAGE_FLAGS_AT) != PAGE_LEAF || lower < PAGE_HEADER_SIZE ||
        lower > page_bytes)
        return false;
    leaf.count = (uint32_t)((lower - PAGE_HEADER_SIZE) / PLACE_SIZE);
    uint32_t at = 0;
    while (at < leaf.count && place_of(&leaf, at) != place)
        at++;
    if (at == leaf.count)
        return false;
    *ret_leaf = leaf;
    *ret_at = at;
    return true;
}

int th_leaf_page_row(const struct th_leaf_page *leaf, uint32_t at, struct th_bytes *ret_key,
                     struct th_bytes *ret_value)
{
    const size_t place = place_of(leaf, at);
    if (place > leaf->page_bytes - NODE_HEADER_SIZE)
        return TH_E_CORRUPT;
    const uint8_t *node = leaf->page + place;
    const size_t left = leaf->page_bytes - NODE_HEADER_SIZE - place;
    const size_t key_size = u16_at(node + NODE_KEY_SIZE_AT), value_size = u32_at(node);
    if (u16_at(node + NODE_FLAGS_AT) != 0)
        return TH_E_NOT_FOUND;
    if (key_size > left || value_size > left - key_size)
        return TH_E_CORRUPT;
    *ret_key = (struct th_bytes){node + NODE_HEADER_SIZE, key_size};
    *ret_value = (struct th_bytes){node + NODE_HEADER_SIZE + key_size, value_size};
    return 0;
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
