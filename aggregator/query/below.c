/* SPDX-License-Identifier: Apache-2.0 */
/* How the parts of a unit stand: district by district, and what hangs on the unit directly. A body
 * that has units of its own is no part: it stands with the other bodies. */
#include "aggregator/query/question.h"

/* The counts of the child with this index in the list; those of the unit itself and of its leaf
 * children are kept at the unit's own index. */
struct parts {
    const struct th_question *question;
    struct th_query_parts of;
    struct th_counts *counts;
    uint32_t *expected;
};

int th_query_parts_init(const struct th_question *question, struct th_query_parts *ret_parts)
{
    const struct th_unit_list *units = &question->context->units;
    bool *is_interior = th_arena_alloc_array(question->arena, units->count, sizeof(bool));
    if (is_interior == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t i = 0; i < units->count; i++) {
        uint32_t parent = units->units[i].parent;
        if (parent != TH_UNIT_NONE && units->units[parent].parent == question->unit &&
            th_unit_kind_level(units->units[parent].kind) != TH_LEVEL_BODY &&
            th_query_exists(question, i))
            is_interior[parent] = true;
    }
    *ret_parts = (struct th_query_parts){question, is_interior};
    return TH_OK;
}

uint32_t th_query_part_of(const struct th_query_parts *parts, uint32_t unit)
{
    const struct th_unit *units = parts->question->context->units.units;
    while (unit != parts->question->unit && units[unit].parent != parts->question->unit)
        unit = units[unit].parent;
    return parts->is_interior[unit] ? unit : parts->question->unit;
}

static int init(const struct th_question *question, struct parts *parts)
{
    const struct th_unit_list *units = &question->context->units;
    *parts = (struct parts){
        .question = question,
        .counts = th_arena_alloc_array(question->arena, units->count, sizeof(struct th_counts)),
        .expected = th_arena_alloc_array(question->arena, units->count, sizeof(uint32_t))};
    if (parts->counts == NULL || parts->expected == NULL)
        return TH_E_NO_MEMORY;
    return th_query_parts_init(question, &parts->of);
}

static bool is_counted(const struct parts *parts, uint32_t part)
{
    return parts->expected[part] > 0 || parts->counts[part].received > 0;
}

static json_t *line(const struct parts *parts, uint32_t part)
{
    const struct th_unit *unit = &parts->question->context->units.units[part];
    bool is_rest = part == parts->question->unit;
    th_query_fill_expected(parts->question, parts->expected[part], &parts->counts[part]);
    return json_pack("{s:s?,s:s?,s:o}", "unit", is_rest ? NULL : unit->code, "name",
                     is_rest ? NULL : unit->name, "counts",
                     th_query_counts(parts->question, &parts->counts[part]));
}

int th_query_below(const struct th_question *question, const struct th_past_rows *rows,
                   json_t **ret_list)
{
    const struct th_unit_list *units = &question->context->units;
    struct parts parts;
    int status = init(question, &parts);
    if (status != TH_OK)
        return status;
    for (size_t i = 0; i < rows->count; i++)
        th_counts_add(&parts.counts[th_query_part_of(
                          &parts.of, question->context->index_of[rows->rows[i].unit])],
                      &rows->rows[i]);
    for (uint32_t unit = 0; unit < units->count; unit++)
        if (th_query_covers(question, unit) && th_query_is_expected(question, unit))
            parts.expected[th_query_part_of(&parts.of, unit)]++;
    json_t *list = json_array();
    for (uint32_t part = 0; part < units->count; part++)
        if (parts.of.is_interior[part] &&
            (is_counted(&parts, part) || (th_query_exists(question, part) &&
                                          th_unit_is_valid(&units->units[part], question->day))))
            list = th_json_append(list, line(&parts, part));
    if (is_counted(&parts, question->unit))
        list = th_json_append(list, line(&parts, question->unit));
    *ret_list = list;
    return list == NULL ? TH_E_NO_MEMORY : TH_OK;
}
