/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report's row for those who look at many rows and show little of each: what they ask for is read
 * from its place, the rest is not touched. All but the figures has one place.
 *
 * Borrows from the snapshot. Pure. Thread rule: that of the snapshot.
 */
#ifndef TH_STORE_ROW_GLANCE_H
#define TH_STORE_ROW_GLANCE_H

#include "aggregator/core/row.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

/* Of key and content; the key begins with table and book. */
enum {
    TH_ROW_REVISION = 0,
    TH_ROW_INDEX = 4,
    TH_ROW_POSITION = 8,
    TH_ROW_DIGEST = 16,
    TH_ROW_FIRST_RECEIVED = TH_ROW_DIGEST + TH_DIGEST_SIZE,
    TH_ROW_RECEIVED = TH_ROW_FIRST_RECEIVED + 8,
    TH_ROW_PREPARED = TH_ROW_RECEIVED + 8,
    TH_ROW_HAS_DUE = TH_ROW_PREPARED + 8,
    TH_ROW_DUE = TH_ROW_HAS_DUE + 1,
    TH_ROW_TIMELINESS = TH_ROW_DUE + 8,
    TH_ROW_ESTIMATED,
    TH_ROW_MARKS,
    TH_ROW_VALUES,
    TH_ROW_KEY_UNIT = 5,
    TH_ROW_KEY_NUMBER = TH_ROW_KEY_UNIT + 4,
    TH_ROW_KEY_SIZE = TH_ROW_KEY_NUMBER + 4,
    TH_ROW_MARK_ENTERED = 1 /* of marks */
};

struct th_row_glance {
    struct th_bytes key, content;
};

/* Written out, as compilers make one load of it. */
static inline uint32_t th_row_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t th_row_u64(const uint8_t *at)
{
    return (uint64_t)at[0] << 56 | (uint64_t)at[1] << 48 | (uint64_t)at[2] << 40 |
           (uint64_t)at[3] << 32 | (uint64_t)at[4] << 24 | (uint64_t)at[5] << 16 |
           (uint64_t)at[6] << 8 | at[7];
}

/* Whoever gives a glance has asked for this. */
static inline bool th_row_has_its_form(struct th_bytes key, struct th_bytes content)
{
    const uint8_t *bytes = content.bytes;
    if (key.size != TH_ROW_KEY_SIZE || content.size < TH_ROW_VALUES ||
        content.size - TH_ROW_VALUES > UINT32_MAX)
        return false;
    return bytes[TH_ROW_HAS_DUE] <= 1 && bytes[TH_ROW_ESTIMATED] <= 1 &&
           bytes[TH_ROW_MARKS] <= TH_ROW_MARK_ENTERED &&
           bytes[TH_ROW_TIMELINESS] >= TH_TIMELINESS_ON_TIME &&
           bytes[TH_ROW_TIMELINESS] <= TH_TIMELINESS_UNDATED;
}

static inline uint32_t th_row_glance_unit(const struct th_row_glance *row)
{
    return th_row_u32(row->key.bytes + TH_ROW_KEY_UNIT);
}

static inline uint32_t th_row_glance_number(const struct th_row_glance *row)
{
    return th_row_u32(row->key.bytes + TH_ROW_KEY_NUMBER);
}

static inline uint32_t th_row_glance_revision(const struct th_row_glance *row)
{
    return th_row_u32(row->content.bytes + TH_ROW_REVISION);
}

static inline uint64_t th_row_glance_position(const struct th_row_glance *row)
{
    return th_row_u64(row->content.bytes + TH_ROW_POSITION);
}

static inline th_instant th_row_glance_received(const struct th_row_glance *row)
{
    return (th_instant){(int64_t)th_row_u64(row->content.bytes + TH_ROW_RECEIVED)};
}

static inline bool th_row_glance_entered(const struct th_row_glance *row)
{
    return row->content.bytes[TH_ROW_MARKS] == TH_ROW_MARK_ENTERED;
}

/* proto/model/packed.h */
static inline struct th_bytes th_row_glance_values(const struct th_row_glance *row)
{
    return (struct th_bytes){row->content.bytes + TH_ROW_VALUES, row->content.size - TH_ROW_VALUES};
}

#endif
