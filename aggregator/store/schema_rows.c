/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/schema.h"

#include <string.h>

static struct th_source source_of(struct th_bytes bytes)
{
    return (struct th_source){bytes.bytes, bytes.size, false};
}

static void take(struct th_source *source, void *ret_bytes, size_t size)
{
    const uint8_t *bytes = th_source_bytes(source, size);
    if (bytes != NULL)
        memcpy(ret_bytes, bytes, size);
}

static th_instant take_instant(struct th_source *source)
{
    return (th_instant){th_source_i64(source)};
}

/* ---- units ---- */

void th_schema_unit_encode(struct th_sink *sink, uint64_t position, const struct th_unit *unit)
{
    th_sink_u64(sink, position);
    th_sink_u32(sink, (uint32_t)unit->valid_from.number);
    th_sink_u32(sink, (uint32_t)unit->valid_to.number);
    th_sink_text(sink, th_unit_kind_word(unit->kind));
    th_sink_text(sink, unit->code);
    th_sink_text(sink, unit->name);
    th_sink_text(sink, unit->parent_code);
    th_sink_text(sink, unit->external_id);
}

/* Sets `memory` to false when the arena is full. */
static const char *take_text(struct th_source *source, struct th_arena *arena, bool *memory)
{
    struct th_bytes text = th_source_text(source);
    if (source->failed)
        return "";
    const char *copy = th_arena_copy_text(arena, (const char *)text.bytes, text.size);
    if (copy == NULL)
        *memory = false;
    return copy;
}

int th_schema_unit_decode(struct th_bytes content, struct th_arena *arena, uint64_t *ret_position,
                          struct th_unit *ret_unit)
{
    struct th_source source = source_of(content);
    bool memory = true;
    uint64_t position = th_source_u64(&source);
    struct th_unit unit = {.parent = TH_UNIT_NONE};
    unit.valid_from.number = (int32_t)th_source_u32(&source);
    unit.valid_to.number = (int32_t)th_source_u32(&source);
    struct th_bytes kind = th_source_text(&source);
    unit.code = take_text(&source, arena, &memory);
    unit.name = take_text(&source, arena, &memory);
    unit.parent_code = take_text(&source, arena, &memory);
    unit.external_id = take_text(&source, arena, &memory);
    if (!th_source_done(&source))
        return TH_E_CORRUPT;
    if (th_unit_kind_parse((const char *)kind.bytes, kind.size, &unit.kind) != 0)
        return TH_E_CORRUPT;
    if (!memory)
        return TH_E_NO_MEMORY;
    *ret_position = position;
    *ret_unit = unit;
    return 0;
}

/* ---- plans, log keys, keys, marks ---- */

void th_schema_plan_encode(struct th_sink *sink, const struct th_schema_plan *plan)
{
    th_sink_u64(sink, plan->position);
    th_sink_bytes(sink, plan->digest.bytes, sizeof plan->digest.bytes);
    th_sink_i64(sink, plan->loaded_at.ms);
    th_sink_bytes(sink, plan->content.bytes, plan->content.size);
}

int th_schema_plan_decode(struct th_bytes content, struct th_schema_plan *ret_plan)
{
    struct th_source source = source_of(content);
    struct th_schema_plan plan = {.position = th_source_u64(&source)};
    take(&source, plan.digest.bytes, sizeof plan.digest.bytes);
    plan.loaded_at = take_instant(&source);
    plan.content = th_source_rest(&source);
    if (!th_source_done(&source))
        return TH_E_CORRUPT;
    *ret_plan = plan;
    return 0;
}

void th_schema_log_key_encode(struct th_sink *sink, const struct th_log_key_body *key)
{
    th_sink_u64(sink, key->after);
    th_sink_varint(sink, key->vkey.size);
    th_sink_bytes(sink, key->vkey.bytes, key->vkey.size);
    th_sink_bytes(sink, key->succession.bytes, key->succession.size);
}

int th_schema_log_key_decode(struct th_bytes content, struct th_log_key_body *ret_key)
{
    struct th_source source = source_of(content);
    struct th_log_key_body key = {.after = th_source_u64(&source)};
    struct th_bytes vkey = th_source_text(&source);
    key.vkey = (struct th_text){(const char *)vkey.bytes, vkey.size};
    key.succession = th_source_rest(&source);
    if (!th_source_done(&source) || vkey.size == 0)
        return TH_E_CORRUPT;
    *ret_key = key;
    return 0;
}

void th_schema_key_row_encode(struct th_sink *sink, const struct th_key_row *row)
{
    th_sink_bytes(sink, row->curve_key, sizeof row->curve_key);
    th_sink_u64(sink, row->enrolled_at);
    th_sink_u8(sink, row->revoked);
    th_sink_u64(sink, row->revoked_at);
    th_sink_i64(sink, row->revoked_from.ms);
}

int th_schema_key_row_decode(struct th_bytes key, struct th_bytes content,
                             struct th_key_row *ret_row)
{
    struct th_key_row row = {.unit = 0};
    struct th_source names = source_of(key);
    struct th_source source = source_of(content);
    (void)th_source_u8(&names);
    row.unit = th_source_u32(&names);
    take(&names, row.sign_key.bytes, sizeof row.sign_key.bytes);
    take(&source, row.curve_key, sizeof row.curve_key);
    row.enrolled_at = th_source_u64(&source);
    row.revoked = th_source_bool(&source);
    row.revoked_at = th_source_u64(&source);
    row.revoked_from = take_instant(&source);
    if (!th_source_done(&names) || !th_source_done(&source))
        return TH_E_CORRUPT;
    *ret_row = row;
    return 0;
}

void th_schema_mark_encode(struct th_sink *sink, const struct th_mark *mark)
{
    th_sink_u8(sink, mark->closed);
    th_sink_i64(sink, mark->closed_at.ms);
    th_sink_u8(sink, mark->reminded);
    th_sink_i64(sink, mark->reminded_at.ms);
}

int th_schema_mark_decode(struct th_bytes content, struct th_mark *ret_mark)
{
    struct th_source source = source_of(content);
    struct th_mark mark = {.closed = th_source_bool(&source)};
    mark.closed_at = take_instant(&source);
    mark.reminded = th_source_bool(&source);
    mark.reminded_at = take_instant(&source);
    if (!th_source_done(&source))
        return TH_E_CORRUPT;
    *ret_mark = mark;
    return 0;
}

/* ---- reports and revisions ---- */

void th_schema_row_encode(struct th_sink *sink, const struct th_row *row)
{
    uint8_t *bytes = th_sink_take(sink, TH_ROW_VALUES + (size_t)row->values_size);
    if (bytes == NULL)
        return;
    th_store_big(bytes + TH_ROW_REVISION, (uint64_t)row->revision << 32 | row->index, 8);
    th_store_big(bytes + TH_ROW_POSITION, row->position, 8);
    memcpy(bytes + TH_ROW_DIGEST, row->digest.bytes, sizeof row->digest.bytes);
    th_store_big(bytes + TH_ROW_FIRST_RECEIVED, (uint64_t)row->first_received.ms, 8);
    th_store_big(bytes + TH_ROW_RECEIVED, (uint64_t)row->received.ms, 8);
    th_store_big(bytes + TH_ROW_PREPARED, (uint64_t)row->prepared.ms, 8);
    bytes[TH_ROW_HAS_DUE] = row->has_due;
    th_store_big(bytes + TH_ROW_DUE, row->has_due ? (uint64_t)row->due.ms : 0, 8);
    bytes[TH_ROW_TIMELINESS] = (uint8_t)row->timeliness;
    bytes[TH_ROW_ESTIMATED] = row->estimated;
    bytes[TH_ROW_MARKS] = row->entered ? TH_ROW_MARK_ENTERED : 0;
    if (row->values_size > 0)
        memcpy(bytes + TH_ROW_VALUES, row->values, row->values_size);
}

static th_instant instant_at(const uint8_t *bytes)
{
    return (th_instant){(int64_t)th_row_u64(bytes)};
}

/* Read as often as nothing else: one check of the size, then each field from its place. */
int th_schema_row_decode(struct th_bytes key, struct th_bytes content, struct th_row *ret_row)
{
    const uint8_t *bytes = content.bytes;
    if (!th_row_has_its_form(key, content))
        return TH_E_CORRUPT;
    *ret_row = (struct th_row){.unit = th_row_u32(key.bytes + TH_ROW_KEY_UNIT),
                               .number = th_row_u32(key.bytes + TH_ROW_KEY_NUMBER),
                               .revision = th_row_u32(bytes + TH_ROW_REVISION),
                               .index = th_row_u32(bytes + TH_ROW_INDEX),
                               .position = th_row_u64(bytes + TH_ROW_POSITION),
                               .first_received = instant_at(bytes + TH_ROW_FIRST_RECEIVED),
                               .received = instant_at(bytes + TH_ROW_RECEIVED),
                               .prepared = instant_at(bytes + TH_ROW_PREPARED),
                               .has_due = bytes[TH_ROW_HAS_DUE] == 1,
                               .due = instant_at(bytes + TH_ROW_DUE),
                               .timeliness = (enum th_timeliness)bytes[TH_ROW_TIMELINESS],
                               .estimated = bytes[TH_ROW_ESTIMATED] == 1,
                               .entered = bytes[TH_ROW_MARKS] == TH_ROW_MARK_ENTERED,
                               .values = bytes + TH_ROW_VALUES,
                               .values_size = (uint32_t)(content.size - TH_ROW_VALUES)};
    memcpy(ret_row->digest.bytes, bytes + TH_ROW_DIGEST, sizeof ret_row->digest.bytes);
    return 0;
}

/* Where the fields of a revision stand; the mark only when there is one. */
enum {
    REVISION_INDEX = 0,
    REVISION_POSITION = 4,
    REVISION_DIGEST = REVISION_POSITION + 8,
    REVISION_RECEIVED = REVISION_DIGEST + TH_DIGEST_SIZE,
    REVISION_MARKS = REVISION_RECEIVED + 8
};

void th_schema_revision_encode(struct th_sink *sink, const struct th_revision *revision)
{
    uint8_t *bytes = th_sink_take(sink, REVISION_MARKS + (size_t)revision->entered);
    if (bytes == NULL)
        return;
    th_store_big(bytes + REVISION_INDEX, revision->index, 4); /* and what comes next is written */
    th_store_big(bytes + REVISION_POSITION, revision->position, 8);
    memcpy(bytes + REVISION_DIGEST, revision->digest.bytes, sizeof revision->digest.bytes);
    th_store_big(bytes + REVISION_RECEIVED, (uint64_t)revision->received.ms, 8);
    if (revision->entered)
        bytes[REVISION_MARKS] = TH_ROW_MARK_ENTERED;
}

int th_schema_revision_decode(struct th_bytes key, struct th_bytes content,
                              struct th_revision *ret_revision)
{
    struct th_source names = source_of(key);
    struct th_source source = source_of(content);
    struct th_revision revision = {.unit = 0};
    (void)th_source_bytes(&names, 5); /* table and book */
    revision.unit = th_source_u32(&names);
    revision.number = th_source_u32(&names);
    revision.revision = th_source_u32(&names);
    revision.index = th_source_u32(&source);
    revision.position = th_source_u64(&source);
    take(&source, revision.digest.bytes, sizeof revision.digest.bytes);
    revision.received = take_instant(&source);
    revision.entered = !source.failed && source.size > 0;
    if (revision.entered && th_source_u8(&source) != TH_ROW_MARK_ENTERED)
        return TH_E_CORRUPT;
    if (!th_source_done(&names) || !th_source_done(&source))
        return TH_E_CORRUPT;
    *ret_revision = revision;
    return 0;
}

/* ---- rollups ---- */

enum { HAS_EXPECTED = 1, HAS_ENTERED = 2 };

static uint32_t cells_of(const struct th_rollup_layout *layout, uint32_t number)
{
    return layout->cells_at[number + 1] - layout->cells_at[number];
}

void th_schema_rollup_encode(struct th_sink *sink, const struct th_rollup_layout *layout,
                             const struct th_rollup *rollup)
{
    const struct th_counts *counts = &rollup->counts;
    uint32_t present = 0;
    uint32_t before = 0;
    th_sink_u8(sink, (uint8_t)((counts->has_expected ? HAS_EXPECTED : 0) |
                               (counts->entered > 0 ? HAS_ENTERED : 0)));
    th_sink_varint(sink, counts->expected);
    th_sink_varint(sink, counts->received);
    th_sink_varint(sink, counts->on_time);
    th_sink_varint(sink, counts->late);
    th_sink_varint(sink, counts->undecided);
    th_sink_varint(sink, counts->returned);
    th_sink_varint(sink, counts->exempt);
    th_sink_varint(sink, counts->suspended);
    th_sink_varint(sink, counts->estimated);
    if (counts->entered > 0)
        th_sink_varint(sink, counts->entered);
    for (uint32_t number = 0; number <= layout->catalogue->number_max; number++)
        present += rollup->reported[number] > 0;
    th_sink_varint(sink, layout->cells_count);
    th_sink_varint(sink, present);
    for (uint32_t number = 0; number <= layout->catalogue->number_max; number++) {
        if (rollup->reported[number] == 0)
            continue;
        th_sink_varint(sink, number - before);
        th_sink_varint(sink, rollup->reported[number]);
        for (uint32_t i = 0; i < cells_of(layout, number); i++)
            th_sink_wide(sink, rollup->cells[layout->cells_at[number] + i]);
        before = number;
    }
}

static uint32_t take_count(struct th_source *source)
{
    return (uint32_t)th_source_varint(source, UINT32_MAX);
}

static void take_counts(struct th_source *source, struct th_counts *ret_counts)
{
    uint8_t flags = th_source_u8(source);
    ret_counts->has_expected = (flags & HAS_EXPECTED) != 0;
    ret_counts->expected = take_count(source);
    ret_counts->received = take_count(source);
    ret_counts->on_time = take_count(source);
    ret_counts->late = take_count(source);
    ret_counts->undecided = take_count(source);
    ret_counts->returned = take_count(source);
    ret_counts->exempt = take_count(source);
    ret_counts->suspended = take_count(source);
    ret_counts->estimated = take_count(source);
    if ((flags & HAS_ENTERED) != 0)
        ret_counts->entered = take_count(source);
    if (flags > (HAS_EXPECTED | HAS_ENTERED) ||
        ((flags & HAS_ENTERED) != 0 && ret_counts->entered == 0))
        source->failed = true;
}

static int take_indicators(struct th_source *source, const struct th_rollup_layout *layout,
                           struct th_rollup *rollup)
{
    uint32_t number = 0;
    uint32_t present = take_count(source);
    for (uint32_t i = 0; i < present && !source->failed; i++) {
        uint32_t step = (uint32_t)th_source_varint(source, UINT16_MAX);
        uint32_t reported = take_count(source);
        number += step;
        if (number > layout->catalogue->number_max || reported == 0 || (step == 0 && i > 0))
            return TH_E_CORRUPT;
        rollup->reported[number] = reported;
        for (uint32_t cell = 0; cell < cells_of(layout, number); cell++)
            rollup->cells[layout->cells_at[number] + cell] = th_source_wide(source);
    }
    return th_source_done(source) ? 0 : TH_E_CORRUPT;
}

int th_schema_rollup_decode(struct th_bytes content, const struct th_rollup_layout *layout,
                            struct th_arena *arena, struct th_rollup *ret_rollup)
{
    struct th_source source = source_of(content);
    size_t numbers = (size_t)layout->catalogue->number_max + 1;
    struct th_rollup rollup = {
        .reported = th_arena_alloc_array(arena, numbers, sizeof *rollup.reported),
        .cells = th_arena_alloc_array(arena, layout->cells_count, sizeof *rollup.cells),
    };
    if (rollup.reported == NULL || rollup.cells == NULL)
        return TH_E_NO_MEMORY;
    take_counts(&source, &rollup.counts);
    if (take_count(&source) != layout->cells_count || source.failed)
        return TH_E_CORRUPT;
    int status = take_indicators(&source, layout, &rollup);
    if (status == 0)
        *ret_rollup = rollup;
    return status;
}
