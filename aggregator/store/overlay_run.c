/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run as a view knows it, brought up from one snapshot to a later one.
 *
 * A process that begins to write anew may begin the run's sequence anew, when the run was empty.
 * A view that lives longer than that finds the last value that it knows gone or changed (its
 * checksum is compared), and begins anew as well.
 */
#include "aggregator/store/overlay.h"
#include "aggregator/store/page_form.h"
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

static size_t known_count(const struct th_overlay *overlay)
{
    return overlay->values_count - overlay->values_gone;
}

static struct th_overlay_value *value_at(const struct th_overlay *overlay, uint64_t sequence)
{
    return &overlay->values[overlay->values_gone + (size_t)(sequence - overlay->first)];
}

/* Behind the header of the first of its own pages. */
static bool stays(const struct th_txn *txn, const struct th_overlay_value *value)
{
    return txn->page_bytes != 0 &&
           ((uintptr_t)value->bytes - TH_SCHEMA_CHECKSUM_SIZE) % txn->page_bytes ==
               TH_PAGE_HEADER_SIZE;
}

static bool is_as_met(const struct th_overlay_value *value)
{
    return memcmp(value->bytes - TH_SCHEMA_CHECKSUM_SIZE, value->checksum,
                  sizeof value->checksum) == 0;
}

/* Looks for it again, and at all of it. */
static int find_again(struct th_overlay *overlay, const struct th_txn *txn, uint64_t sequence)
{
    struct th_overlay_value *value = value_at(overlay, sequence);
    const struct th_schema_key key = th_schema_key_log(TH_TABLE_RUN, sequence);
    struct th_bytes content;
    int status = th_txn_get(txn, &key, &content);
    if (status != 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    value->bytes = content.bytes;
    if (content.size != value->size || !is_as_met(value))
        return TH_E_CORRUPT;
    value->snapshot = overlay->snapshot;
    return 0;
}

int th_overlay_content(struct th_overlay *overlay, const struct th_txn *txn,
                       const struct th_overlay_row *row, struct th_bytes *ret_content)
{
    const struct th_overlay_value *value = value_at(overlay, row->in.sequence);
    int status = 0;
    if (value->snapshot != overlay->snapshot && !(stays(txn, value) && is_as_met(value)))
        status = find_again(overlay, txn, row->in.sequence);
    if (status == 0)
        *ret_content = (struct th_bytes){value->bytes + row->offset, row->size};
    return status;
}

static int meet(struct th_overlay *overlay, uint64_t sequence, struct th_bytes key,
                struct th_bytes stored)
{
    struct th_bytes content;
    int status = th_schema_unseal(key, stored, &content);
    if (status != 0)
        return status;
    if (content.size > UINT32_MAX)
        return TH_E_CORRUPT;
    struct th_overlay_value *values = th_array_grow(overlay->values, overlay->values_count,
                                                    &overlay->values_capacity, 256, sizeof *values);
    if (values == NULL)
        return TH_E_NO_MEMORY;
    overlay->values = values;
    struct th_overlay_value *value = &values[overlay->values_count++];
    *value = (struct th_overlay_value){
        .bytes = content.bytes, .size = (uint32_t)content.size, .snapshot = overlay->snapshot};
    memcpy(value->checksum, stored.bytes, sizeof value->checksum);
    return take_value(overlay, sequence, content);
}

static int on_value(void *context, struct th_bytes key, struct th_bytes stored)
{
    struct th_overlay *overlay = context;
    uint64_t sequence;
    if (key.bytes[0] != TH_TABLE_RUN)
        return END;
    int status = th_schema_read_number(key, &sequence);
    if (status == 0 && sequence != overlay->first + known_count(overlay))
        status = TH_E_CORRUPT; /* one is missing */
    return status != 0 ? status : meet(overlay, sequence, key, stored);
}

/* The run begins with `sequence` now: what stood before is no more. */
static int leave_values(struct th_overlay *overlay, uint64_t sequence)
{
    if (known_count(overlay) > 0 && sequence < overlay->first)
        return ANOTHER_RUN;
    uint64_t gone = sequence - overlay->first;
    overlay->values_gone += gone < known_count(overlay) ? (size_t)gone : known_count(overlay);
    overlay->first = sequence;
    if (overlay->values_gone > overlay->values_count / 2) {
        overlay->values_count = known_count(overlay);
        memmove(overlay->values, overlay->values + overlay->values_gone,
                overlay->values_count * sizeof *overlay->values);
        overlay->values_gone = 0;
    }
    return 0;
}

/* The last value that is known is there as it was, and so are those before it. */
static int meet_last_again(struct th_overlay *overlay, const struct th_txn *txn)
{
    if (known_count(overlay) == 0)
        return 0;
    int status = find_again(overlay, txn, overlay->first + known_count(overlay) - 1);
    return status == TH_E_CORRUPT ? ANOTHER_RUN : status; /* or damaged, which that finds out */
}

/* Those behind it. */
static int meet_new(struct th_overlay *overlay, const struct th_txn *txn)
{
    /* Behind every key of the table before. */
    struct th_schema_key after = {.bytes = {TH_TABLE_RUN - 1}, .size = TH_SCHEMA_KEY_MAX};
    memset(after.bytes + 1, UINT8_MAX, sizeof after.bytes - 1);
    if (known_count(overlay) > 0)
        after = th_schema_key_log(TH_TABLE_RUN, overlay->first + known_count(overlay) - 1);
    int status = th_txn_walk(txn, &after, SIZE_MAX, on_value, overlay);
    return status == END ? 0 : status;
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
    const struct th_schema_key table = th_schema_key_table(TH_TABLE_RUN);
    struct th_bytes key;
    uint64_t sequence;
    int status = th_txn_seek_key(txn, &table, &key);
    if (status == TH_E_NOT_FOUND) {
        th_overlay_drop(overlay);
        return 0;
    }
    if (status == 0)
        status = th_schema_read_number(key, &sequence);
    if (status == 0)
        status = leave_values(overlay, sequence);
    if (status == 0)
        status = meet_last_again(overlay, txn);
    if (status == 0)
        status = meet_new(overlay, txn);
    if (status != 0)
        return status;
    for (size_t i = 0; i < overlay->groups_count; i++)
        leave_behind(overlay, &overlay->groups[i]);
    forget_empty_groups(overlay);
    return 0;
}

int th_overlay_follow(struct th_overlay *overlay, const struct th_txn *txn)
{
    TH_ASSERT(!overlay->is_current);
    overlay->snapshot++;
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
