/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/leaf_page.h"

enum { CACHE_LINE = 64 };

/* None is without rows. */
bool th_leaf_page_open(const struct th_tree *tree, const uint8_t *page,
                       struct th_leaf_page *ret_leaf)
{
    const size_t lower = th_page_u16(page + TH_PAGE_LOWER_AT);
    if (th_tree_page(tree, th_page_u64(page)) != page ||
        th_page_u16(page + TH_PAGE_FLAGS_AT) != TH_PAGE_LEAF ||
        lower < TH_PAGE_HEADER_SIZE + TH_PAGE_PLACE_SIZE || lower > tree->page_bytes)
        return false;
    *ret_leaf = (struct th_leaf_page){
        page, tree->page_bytes, (uint32_t)((lower - TH_PAGE_HEADER_SIZE) / TH_PAGE_PLACE_SIZE)};
    return true;
}

/* Where a row's node is; what its key takes is inside the page. NULL: it is not. */
static const uint8_t *node_at(const struct th_leaf_page *leaf, uint32_t at, size_t *ret_left)
{
    const size_t place = th_leaf_page_place(leaf, at);
    if (place > leaf->page_bytes - TH_NODE_HEADER_SIZE)
        return NULL;
    const uint8_t *node = leaf->page + place;
    const size_t left = leaf->page_bytes - TH_NODE_HEADER_SIZE - place;
    const size_t key_size = th_page_u16(node + TH_NODE_KEY_SIZE_AT);
    if (key_size > left)
        return NULL;
    *ret_left = left - key_size;
    return node;
}

int th_leaf_page_key(const struct th_leaf_page *leaf, uint32_t at, struct th_bytes *ret_key)
{
    size_t left;
    const uint8_t *node = node_at(leaf, at, &left);
    if (node == NULL)
        return TH_E_CORRUPT;
    *ret_key =
        (struct th_bytes){node + TH_NODE_HEADER_SIZE, th_page_u16(node + TH_NODE_KEY_SIZE_AT)};
    return 0;
}

int th_leaf_page_search(const struct th_leaf_page *leaf, struct th_bytes key, uint32_t *ret_at)
{
    uint32_t low = 0, high = leaf->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        struct th_bytes found;
        if (th_leaf_page_key(leaf, middle, &found) != 0)
            return TH_E_CORRUPT;
        if (th_tree_order(found, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_at = low;
    return 0;
}

/* The value is the number of the first of its pages, and begins behind that page's header. */
int th_leaf_page_large_row(const struct th_tree *tree, const struct th_leaf_page *leaf, uint32_t at,
                           struct th_bytes *ret_key, struct th_bytes *ret_value)
{
    size_t left;
    const uint8_t *node = node_at(leaf, at, &left);
    if (node == NULL || left < sizeof(uint64_t) ||
        th_page_u16(node + TH_NODE_FLAGS_AT) != TH_NODE_LARGE)
        return TH_E_CORRUPT;
    const size_t key_size = th_page_u16(node + TH_NODE_KEY_SIZE_AT), size = th_page_u32(node);
    const uint8_t *key = node + TH_NODE_HEADER_SIZE;
    const uint64_t number = th_page_u64(key + key_size);
    const uint64_t pages = (TH_PAGE_HEADER_SIZE + size + tree->page_bytes - 1) / tree->page_bytes;
    const uint8_t *page = th_tree_page(tree, number);
    if (page == NULL || pages > tree->pages - number || th_page_u64(page) != number)
        return TH_E_CORRUPT;
    *ret_key = (struct th_bytes){key, key_size};
    *ret_value = (struct th_bytes){page + TH_PAGE_HEADER_SIZE, size};
    return 0;
}

void th_leaf_page_prefetch_head(const uint8_t *page)
{
    __builtin_prefetch(page);
    __builtin_prefetch(page + CACHE_LINE);
}

struct th_leaf_lines th_leaf_page_lines(const uint8_t *page, size_t page_bytes)
{
    const size_t upper = th_page_u16(page + TH_PAGE_UPPER_AT);
    return (struct th_leaf_lines){page + (upper < page_bytes ? upper : page_bytes),
                                  page + page_bytes};
}

void th_leaf_page_prefetch(struct th_leaf_lines *lines, size_t count)
{
    const uint8_t *end = lines->end;
    for (; count > 0 && end > lines->begin; count--) {
        end -= CACHE_LINE;
        __builtin_prefetch(end);
    }
    lines->end = end;
}
