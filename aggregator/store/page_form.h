/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of LMDB's file, data version 1: pages 0 and 1 are meta pages, the newer one counts. A
 * page begins with its number (8 bytes), pad (2), flags (2), lower (2), upper (2); then 2 bytes for
 * each node, its place in the page. A node: low and high half of a size (2, 2), flags (2), size of
 * the key (2), the key, the value. In a branch the halves and the flags are the number of the page
 * below; in a leaf a value that does not fit is the number of the first page that it fills. The
 * tree of free pages has numbers of transactions as keys, and as values a count and that many page
 * numbers. Everything is little-endian, as on the machines that this is built for.
 */
#ifndef TH_STORE_PAGE_FORM_H
#define TH_STORE_PAGE_FORM_H

#include <stdint.h>
#include <string.h>

enum {
    TH_PAGE_FLAGS_AT = 10,
    TH_PAGE_LOWER_AT = 12,
    TH_PAGE_UPPER_AT = 14,
    TH_PAGE_HEADER_SIZE = 16,
    TH_PAGE_PLACE_SIZE = 2,
    TH_PAGE_BRANCH = 1, /* of its flags */
    TH_PAGE_LEAF = 2,
    TH_NODE_FLAGS_AT = 4,
    TH_NODE_KEY_SIZE_AT = 6,
    TH_NODE_HEADER_SIZE = 8,
    TH_NODE_LARGE = 1, /* of its flags */
    /* Of a meta page: magic, version, address and size of the map are behind the header; then the
     * tree of free pages and the main one. */
    TH_META_DATABASES = TH_PAGE_HEADER_SIZE + 24,
    TH_META_DATABASE_SIZE = 48,
    TH_META_LAST = TH_META_DATABASES + 2 * TH_META_DATABASE_SIZE,
    TH_META_COMMIT = TH_META_LAST + 8,
    TH_META_SIZE = TH_META_COMMIT + 8,
    TH_DATABASE_DEPTH_AT = 6,
    TH_DATABASE_ROOT_AT = 40
};

static inline uint16_t th_page_u16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t th_page_u32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t th_page_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

#endif
