/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/plan.h"

#include "plan.pb-c.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

static void write_unit(const struct th_unit *unit, Tonghop__UnitList__Unit *message)
{
    tonghop__unit_list__unit__init(message);
    message->code = th_wire_of_string(unit->code);
    message->name = th_wire_of_string(unit->name);
    message->kind = (uint32_t)unit->kind;
    message->parent = th_wire_of_string(unit->parent_code);
    message->has_parent = message->parent.len > 0;
    message->has_valid_from = unit->valid_from.number != TH_UNIT_ALWAYS_FROM.number;
    message->valid_from = unit->valid_from.number;
    message->has_valid_to = unit->valid_to.number != TH_UNIT_ALWAYS_TO.number;
    message->valid_to = unit->valid_to.number;
    message->external_id = th_wire_of_string(unit->external_id);
    message->has_external_id = message->external_id.len > 0;
}

int th_wire_units_encode(const struct th_unit *units, uint32_t count, struct th_arena *arena,
                         struct th_bytes *ret_bytes)
{
    if (count > TH_UNIT_COUNT_MAX)
        return TH_E_LIMIT;
    struct th_wire_writer writer = {.arena = arena};
    Tonghop__UnitList message = TONGHOP__UNIT_LIST__INIT;
    message.n_unit = count;
    message.unit = th_wire_writer_alloc(&writer, count, sizeof *message.unit);
    Tonghop__UnitList__Unit *list = th_wire_writer_alloc(&writer, count, sizeof *list);
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        write_unit(&units[i], &list[i]);
        message.unit[i] = &list[i];
    }
    return th_wire_pack(&writer, &message.base, TH_LIMIT_UNITS_ENCODED_MAX, ret_bytes);
}

static struct th_unit read_unit(struct th_wire_reader *reader,
                                const Tonghop__UnitList__Unit *message)
{
    th_wire_require(reader, message->kind < TH_UNIT_KIND_COUNT, TH_E_SYNTAX);
    struct th_unit unit = {
        .code = th_wire_unit_string(reader, message->code),
        .name = th_wire_string(reader, message->name, 1, TH_UNIT_NAME_MAX),
        .parent_code = "",
        .external_id = th_wire_string(reader, message->external_id, 0, TH_UNIT_NAME_MAX),
        .valid_from = TH_UNIT_ALWAYS_FROM,
        .valid_to = TH_UNIT_ALWAYS_TO,
        .parent = TH_UNIT_NONE,
    };
    if (reader->status == 0)
        unit.kind = (enum th_unit_kind)message->kind;
    if (message->has_parent)
        unit.parent_code = th_wire_unit_string(reader, message->parent);
    if (message->has_valid_from)
        unit.valid_from = th_wire_day(reader, message->valid_from);
    if (message->has_valid_to)
        unit.valid_to = th_wire_day(reader, message->valid_to);
    return unit;
}

int th_wire_units_decode(struct th_bytes bytes, struct th_arena *arena, struct th_unit **ret_units,
                         uint32_t *ret_count)
{
    if (bytes.size > TH_LIMIT_UNITS_ENCODED_MAX)
        return TH_E_LIMIT;
    struct th_arena unpacked;
    struct th_wire_reader reader;
    const Tonghop__UnitList *message =
        th_wire_unpack_apart(&reader, &tonghop__unit_list__descriptor, bytes, &unpacked, arena);
    struct th_unit *units = NULL;
    if (message != NULL) {
        th_wire_require(&reader, message->n_unit <= TH_UNIT_COUNT_MAX, TH_E_LIMIT);
        units = th_wire_alloc(&reader, message->n_unit, sizeof *units);
        for (size_t i = 0; reader.status == 0 && i < message->n_unit; i++)
            units[i] = read_unit(&reader, message->unit[i]);
    }
    if (reader.status == 0) {
        *ret_units = units;
        *ret_count = (uint32_t)message->n_unit;
    }
    th_arena_deinit(&unpacked);
    return reader.status;
}
