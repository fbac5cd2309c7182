/* SPDX-License-Identifier: Apache-2.0 */
/* Looking things up in the facts. */
#include "aggregator/document/facts.h"

#include "aggregator/document/say.h"

#include <string.h>

uint32_t th_facts_find_unit(const struct th_document_facts *facts, const char *code)
{
    return th_unit_list_find(&facts->context->units, code, strlen(code), facts->day);
}

const char *th_facts_unit_name(const struct th_document_facts *facts, struct th_arena *arena,
                               const char *code)
{
    uint32_t index = th_facts_find_unit(facts, code);
    if (index == TH_UNIT_NONE)
        return code;
    const struct th_unit *unit = &facts->context->units.units[index];
    const char *prefix = th_unit_kind_prefix(unit->kind);
    return prefix[0] == '\0' ? unit->name : th_say(arena, "%s %s", prefix, unit->name);
}

const char *th_facts_parent_name(const struct th_document_facts *facts, struct th_arena *arena,
                                 const char *code)
{
    uint32_t index = th_facts_find_unit(facts, code);
    const struct th_unit *units = facts->context->units.units;
    if (index == TH_UNIT_NONE || units[index].parent == TH_UNIT_NONE)
        return "";
    const char *name = th_facts_unit_name(facts, arena, units[units[index].parent].code);
    return name == NULL ? NULL : th_say_capital(arena, name);
}

const char *th_facts_name_communes(const struct th_document_facts *facts, struct th_arena *arena)
{
    const struct th_unit_list *list = &facts->context->units;
    uint32_t top = th_facts_find_unit(facts, facts->plan->territory);
    bool is_there[TH_UNIT_KIND_COUNT] = {false};
    const char *names = "";
    for (uint32_t i = 0; i < list->count; i++)
        if (th_unit_is_valid(&list->units[i], facts->day) &&
            (top == TH_UNIT_NONE || th_query_is_below(facts->context, i, top)))
            is_there[list->units[i].kind] = true;
    for (int kind = 0; kind < TH_UNIT_KIND_COUNT && names != NULL; kind++)
        if (is_there[kind] && th_unit_kind_level((enum th_unit_kind)kind) == TH_LEVEL_COMMUNE)
            names = th_say(arena, "%s%s%s", names, names[0] == '\0' ? "" : ", ",
                           th_unit_kind_prefix((enum th_unit_kind)kind));
    return names != NULL && names[0] == '\0' ? "cấp xã" : names;
}

const json_t *th_facts_value(const json_t *figures, const struct th_indicator *indicator)
{
    return json_object_get(json_object_get(figures, indicator->code), "value");
}

json_int_t th_facts_reported(const json_t *figures, const struct th_indicator *indicator)
{
    return json_integer_value(
        json_object_get(json_object_get(figures, indicator->code), "reported"));
}

json_int_t th_facts_expected(const json_t *figures, const struct th_indicator *indicator)
{
    const json_t *missing = json_object_get(json_object_get(figures, indicator->code), "missing");
    return json_is_integer(missing)
               ? json_integer_value(missing) + th_facts_reported(figures, indicator)
               : -1;
}

const char *th_facts_counted(const struct th_document_facts *facts)
{
    return facts->obligation->open_ended ? "báo cáo" : "đơn vị";
}

json_int_t th_facts_count(const json_t *counts, const char *name, bool *ret_known)
{
    const json_t *count = json_object_get(counts, name);
    *ret_known = json_is_integer(count);
    return json_integer_value(count);
}

bool th_facts_has(const struct th_document_facts *facts, const struct th_indicator *indicator)
{
    return indicator != NULL && json_object_get(facts->figures, indicator->code) != NULL;
}

bool th_facts_has_figures(const struct th_document_facts *facts, uint16_t section)
{
    const struct th_catalogue *catalogue = &facts->plan->catalogue;
    for (uint16_t number = 1; number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        if (indicator != NULL && indicator->section == section && indicator->up != TH_UP_CONCAT &&
            th_facts_has(facts, indicator))
            return true;
    }
    return false;
}
