/* SPDX-License-Identifier: Apache-2.0 */
/* A checked form as JSON. A failed allocation anywhere ends in NULL, noticed once at the root. */
#include "nodes/cli/checked.h"

/* Sets and takes; NULL after any failure. */
static json_t *set(json_t *map, const char *key, json_t *value)
{
    if (map == NULL) {
        json_decref(value);
        return NULL;
    }
    if (json_object_set_new(map, key, value) == 0)
        return map;
    json_decref(map);
    return NULL;
}

/* Appends and takes; NULL after any failure. */
static json_t *append(json_t *list, json_t *item)
{
    if (list == NULL) {
        json_decref(item);
        return NULL;
    }
    if (json_array_append_new(list, item) == 0)
        return list;
    json_decref(list);
    return NULL;
}

/* `cell` of a workbook; "" or NULL elsewhere. */
static json_t *set_place(json_t *map, const char *cell, uint32_t line, uint32_t column)
{
    if (cell != NULL && cell[0] != 0)
        return set(map, "cell", json_string(cell));
    map = set(map, "line", json_integer(line));
    return set(map, "column", json_integer(column));
}

static json_t *problems_of(const struct th_problems *problems)
{
    json_t *list = json_array();
    for (size_t i = 0; i < problems->count; i++) {
        const struct th_problem *problem = &problems->items[i];
        json_t *map = set_place(json_object(), problem->cell, problem->line, problem->column);
        map = set(map, "text", json_string(problem->message));
        map = set(map, "hint", problem->hint == NULL ? json_null() : json_string(problem->hint));
        list = append(list, map);
    }
    return list;
}

static json_t *reasons_of(const struct th_checked *checked, const struct th_reasons *reasons)
{
    json_t *list = json_array();
    for (size_t i = 0; i < reasons->count; i++) {
        const struct th_reason *reason = &reasons->items[i];
        const struct th_form_place *place = th_form_places_find(&checked->places, reason->field);
        json_t *map = set(json_object(), "rule", json_string(reason->rule));
        map = set(map, "field", json_string(reason->field));
        map = set(map, "value", json_string(reason->value));
        map = set(map, "text", json_string(reason->text));
        if (place != NULL)
            map = set_place(map, place->cell, place->line, place->column);
        list = append(list, map);
    }
    return list;
}

static json_t *unchecked_of(const struct th_checked *checked)
{
    json_t *list = json_array();
    for (size_t i = 0; i < checked->unchecked_count; i++) {
        const struct th_unchecked *unchecked = &checked->unchecked[i];
        json_t *missing = json_array();
        for (size_t m = 0; m < unchecked->missing_count; m++)
            missing = append(
                missing,
                json_string(
                    th_catalogue_get(&checked->plan->catalogue, unchecked->missing[m])->code));
        json_t *map = set(json_object(), "rule", json_string(unchecked->rule->id));
        list = append(list, set(map, "missing", missing));
    }
    return list;
}

json_t *th_checked_json(const struct th_checked *checked)
{
    json_t *map = set(json_object(), "file", json_string(checked->path));
    map = set(map, "good", json_boolean(th_checked_is_good(checked)));
    map = set(map, "status",
              json_string(checked->status == 0 ? "ok" : th_status_wire_name(checked->status)));
    map = set(map, "problems", problems_of(&checked->problems));
    if (!checked->is_checked)
        return map;
    map = set(map, "plan", json_string(checked->plan->id));
    map = set(map, "obligation", json_string(checked->obligation->id));
    map = set(map, "values", json_integer((json_int_t)checked->report.values.count));
    map = set(map, "sections", json_integer((json_int_t)checked->report.narratives_count));
    map = set(map, "errors", reasons_of(checked, &checked->errors));
    map = set(map, "warnings", reasons_of(checked, &checked->warnings));
    return set(map, "not_checked", unchecked_of(checked));
}
