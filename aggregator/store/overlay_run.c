/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run as a view knows it, brought up from one snapshot to a later one.
 *
 * A process that begins to write anew may begin the run's sequence anew, when the run was empty.
 * A view that lives longer than that finds the last value that it knows gone or changed (its
 * checksum is compared), and begins anew as well.
 */
#include "aggregator/store/overlay.h"
#include "aggregator/store/run.h"
#include "base/array.h"
#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

uint64_t th_overlay_prefix(const uint8_t *key, size_t size)
{
    uint64_t prefix = 0;
    for (size_t i = 0; i < TH_OVERLAY_PREFIX; i++)
        prefix = prefix << 8 | (i < size ? key[i] : 0);
    return prefix;
}

size_t th_overlay_find(const struct th_overlay *overlay, uint64_t prefix)
{
    size_t low = 0, high = overlay->groups_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (overlay->groups[middle].prefix < prefix)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct th_overlay_group *need_group(struct th_overlay *overlay, uint64_t prefix)
{
    size_t at = th_overlay_find(overlay, prefix);
    if (at < overlay->groups_count && overlay->groups[at].prefix == prefix)
        return &overlay->groups[at];
    struct th_overlay_group *groups = th_array_grow(overlay->groups, overlay->groups_count,
                                                    &overlay->groups_capacity, 16, sizeof *groups);
    if (groups == NULL)
        return NULL;
    overlay->groups = groups;
    memmove(&groups[at + 1], &groups[at], (overlay->groups_count - at) * sizeof *groups);
    overlay->groups_count++;
    groups[at] = (struct th_overlay_group){.prefix = prefix};
    return &groups[at];
}

struct th_overlay_row *th_overlay_add(struct th_overlay *overlay, struct th_bytes key)
{
    TH_ASSERT(key.size <= TH_OVERLAY_KEY_MAX);
    TH_ASSERT(key.size >= TH_OVERLAY_PREFIX);
    struct th_overlay_group *group = need_group(overlay, th_overlay_prefix(key.bytes, key.size));
    if (group == NULL)
        return NULL;
    struct th_overlay_row *rows =
        th_array_grow(group->rows, group->count, &group->capacity, 64, sizeof *rows);
    if (rows == NULL)
        return NULL;
    group->rows = rows;
    group->is_sorted = false;
    struct th_overlay_row *row = &rows[group->count++];
    memcpy(row->key, key.bytes, key.size);
    row->key_size = (uint8_t)key.size;
    return row;
}

/* ---- records ---- */

static void empty(struct th_overlay *overlay, uint64_t prefix)
{
    size_t at = th_overlay_find(overlay, prefix);
    if (at < overlay->groups_count && overlay->groups[at].prefix == prefix)
        overlay->groups[at].count = 0;
}

/* That a book was settled takes away its rows up to there. */
static int take_settled(struct th_overlay *overlay, struct th_book_id book)
{
    static const enum th_table tables[] = {TH_TABLE_REPORT, TH_TABLE_REVISION};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct th_schema_key key = th_schema_key_book(tables[i], book);
        empty(overlay, th_overlay_prefix(key.bytes, key.size));
    }
    return 0;
}

static int take_row(struct th_overlay *overlay, const struct th_run_record *record,
                    uint64_t sequence, struct th_bytes value)
{
    size_t offset = (size_t)(record->content.bytes - value.bytes);
    if (offset > UINT16_MAX || record->content.size > UINT32_MAX)
        return TH_E_CORRUPT; /* one behind others is in a page with them */
    struct th_overlay_row *row = th_overlay_add(overlay, record->key);
    if (row == NULL)
        return TH_E_NO_MEMORY;
    row->offset = (uint16_t)offset;
    row->size = (uint32_t)record->content.size;
    row->in.sequence = sequence;
    return 0;
}

static int take_value(struct th_overlay *overlay, uint64_t sequence, struct th_bytes content)
{
    struct th_source source = {content.bytes, content.size, false};
    struct th_run_record record;
    int status = 0;
    while (status == 0) {
        status = th_run_next(&source, &record);
        if (status == 0)
            status = record.kind == TH_RUN_SETTLED ? take_settled(overlay, record.book)
                                                   : take_row(overlay, &record, sequence, content);
    }
    return status == TH_E_NOT_FOUND ? 0 : status;
}

/* ---- values ---- */

enum { END = 1, ANOTHER_RUN };

struct following {
    struct th_overlay *overlay;
    size_t seen;  /* values of this snapshot */
    size_t known; /* that were met in an earlier one and are still there */
};

/* The first value of the snapshot: those before it are gone. */
static int begin(struct following *following, uint64_t sequence)
{
    struct th_overlay *overlay = following->overlay;
    if (overlay->values_count > 0 && sequence < overlay->first)
        return ANOTHER_RUN;
    uint64_t gone = sequence - overlay->first;
    size_t left = gone < overlay->values_count ? overlay->values_count - (size_t)gone : 0;
    if (left > 0)
        memmove(overlay->values, overlay->values + gone, left * sizeof *overlay->values);
    overlay->values_count = left;
    overlay->first = sequence;
    following->known = left;
    return 0;
}

static int meet_again(struct following *following, struct th_bytes value)
{
    struct th_overlay *overlay = following->overlay;
    struct th_bytes *known = &overlay->values[following->seen];
    bool is_last = following->seen + 1 == following->known;
    if (value.size != known->size + TH_SCHEMA_CHECKSUM_SIZE ||
        (is_last && memcmp(value.bytes, overlay->last_checksum, TH_SCHEMA_CHECKSUM_SIZE) != 0))
        return ANOTHER_RUN;
    known->bytes = value.bytes + TH_SCHEMA_CHECKSUM_SIZE;
    return 0;
}

static int meet(struct following *following, struct th_bytes key, struct th_bytes value)
{
    struct th_overlay *overlay = following->overlay;
    struct th_bytes content;
    int status = th_schema_unseal(key, value, &content);
    if (status != 0)
        return status;
    struct th_bytes *values = th_array_grow(overlay->values, overlay->values_count,
                                            &overlay->values_capacity, 256, sizeof *values);
    if (values == NULL)
        return TH_E_NO_MEMORY;
    overlay->values = values;
    values[overlay->values_count++] = content;
    memcpy(overlay->last_checksum, value.bytes, sizeof overlay->last_checksum);
    return take_value(overlay, overlay->first + following->seen, content);
}

static int on_value(void *context, struct th_bytes key, struct th_bytes value)
{
    struct following *following = context;
    uint64_t sequence;
    if (key.bytes[0] != TH_TABLE_RUN)
        return END;
    int status = th_schema_read_number(key, &sequence);
    if (status == 0 && following->seen == 0)
        status = begin(following, sequence);
    if (status != 0)
        return status;
    if (sequence != following->overlay->first + following->seen)
        return TH_E_CORRUPT; /* one is missing */
    status = following->seen < following->known ? meet_again(following, value)
                                                : meet(following, key, value);
    following->seen++;
    return status;
}

/* Of the group, what is of a value that is no more: its book was settled meanwhile. */
static void leave_behind(const struct th_overlay *overlay, struct th_overlay_group *group)
{
    size_t left = 0;
    if (group->count > 0 && group->oldest >= overlay->first)
        return;
    group->oldest = UINT64_MAX;
    for (size_t i = 0; i < group->count; i++) {
        uint64_t sequence = group->rows[i].in.sequence;
        if (sequence < overlay->first)
            continue;
        if (sequence < group->oldest)
            group->oldest = sequence;
        group->rows[left++] = group->rows[i];
    }
    group->count = left;
}

static void forget_empty_groups(struct th_overlay *overlay)
{
    size_t left = 0;
    for (size_t i = 0; i < overlay->groups_count; i++) {
        if (overlay->groups[i].count > 0)
            overlay->groups[left++] = overlay->groups[i];
        else
            free(overlay->groups[i].rows);
    }
    overlay->groups_count = left;
}

static int follow(struct th_overlay *overlay, const struct th_txn *txn)
{
    /* Behind every key of the table before. */
    struct th_schema_key after = {.bytes = {TH_TABLE_RUN - 1}, .size = TH_SCHEMA_KEY_MAX};
    struct following following = {.overlay = overlay};
    memset(after.bytes + 1, UINT8_MAX, sizeof after.bytes - 1);
    int status = th_txn_walk(txn, &after, SIZE_MAX, on_value, &following);
    if (status != 0 && status != END)
        return status;
    if (following.seen < following.known)
        return ANOTHER_RUN;
    if (following.seen == 0) {
        th_overlay_drop(overlay);
        return 0;
    }
    for (size_t i = 0; i < overlay->groups_count; i++)
        leave_behind(overlay, &overlay->groups[i]);
    forget_empty_groups(overlay);
    return 0;
}

int th_overlay_follow(struct th_overlay *overlay, const struct th_txn *txn)
{
    TH_ASSERT(!overlay->is_current);
    int status = follow(overlay, txn);
    if (status == ANOTHER_RUN) {
        th_overlay_drop(overlay);
        status = follow(overlay, txn);
    }
    if (status != 0)
        th_overlay_drop(overlay);
    overlay->is_current = status == 0;
    return status;
}
