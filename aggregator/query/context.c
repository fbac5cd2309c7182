/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/context.h"

#include "proto/wire/plan.h"

#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES  ((size_t)256 * 1024)
#define BUDGET_BYTES ((size_t)512 * 1024 * 1024)

/* A scan collects into an array that grows in the arena: the old one is left behind, which doubles
 * the space at most. */
struct collected {
    struct th_arena *arena;
    void *items;
    size_t item_size, count, capacity;
};

static void *add(struct collected *list)
{
    void *items =
        th_arena_grow(list->arena, list->items, list->count, &list->capacity, 16, list->item_size);
    if (items == NULL)
        return NULL;
    list->items = items;
    return (char *)list->items + list->item_size * list->count++;
}

static int copy_text(struct th_arena *arena, const char **text)
{
    *text = th_arena_copy_text(arena, *text, strlen(*text));
    return *text == NULL ? TH_E_NO_MEMORY : TH_OK;
}

struct collected_units {
    struct collected units, positions;
};

static int collect_unit(void *context, uint32_t number, uint64_t position,
                        const struct th_unit *unit)
{
    struct collected_units *lists = context;
    struct collected *list = &lists->units;
    if (number != list->count)
        return TH_E_CORRUPT; /* numbers are given without a gap */
    struct th_unit *copy = add(list);
    uint64_t *position_copy = add(&lists->positions);
    if (copy == NULL || position_copy == NULL)
        return TH_E_NO_MEMORY;
    *copy = *unit;
    *position_copy = position;
    if (copy_text(list->arena, &copy->code) != TH_OK ||
        copy_text(list->arena, &copy->name) != TH_OK ||
        copy_text(list->arena, &copy->parent_code) != TH_OK)
        return TH_E_NO_MEMORY;
    return copy_text(list->arena, &copy->external_id);
}

static bool same_unit(const struct th_unit *a, const struct th_unit *b)
{
    return strcmp(a->code, b->code) == 0 && a->valid_from.number == b->valid_from.number;
}

/* The place of a unit in the ordered list. */
static uint32_t place_of(const struct th_unit_list *list, const struct th_unit *unit)
{
    uint32_t low = 0, high = list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (th_unit_compare(&list->units[middle], unit) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The store checked them when they were loaded: a problem now is a damaged store. */
static void ignore(void *context, enum th_unit_problem problem, uint32_t row)
{
    (void)context, (void)problem, (void)row;
}

static int load_units(struct th_view *view, struct th_query_context *context)
{
    struct collected_units lists = {
        .units = {.arena = &context->arena, .item_size = sizeof(struct th_unit)},
        .positions = {.arena = &context->arena, .item_size = sizeof(uint64_t)}};
    int status = th_view_units(view, &context->arena, collect_unit, &lists);
    if (status != TH_OK)
        return status;
    uint32_t count = (uint32_t)lists.units.count;
    const struct th_unit *rows = lists.units.items;
    context->position_of = lists.positions.items;
    status = th_unit_list_build(&context->arena, rows, count, ignore, NULL, &context->units);
    if (status != TH_OK)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    context->number_of = th_arena_alloc_array(&context->arena, count + 1, sizeof(uint32_t));
    context->index_of = th_arena_alloc_array(&context->arena, count + 1, sizeof(uint32_t));
    if (context->number_of == NULL || context->index_of == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t number = 0; number < count; number++) {
        uint32_t place = place_of(&context->units, &rows[number]);
        if (place == count || !same_unit(&context->units.units[place], &rows[number]))
            return TH_E_CORRUPT;
        context->index_of[number] = place;
        context->number_of[place] = number;
    }
    return TH_OK;
}

static int arrange_units(struct th_query_context *context)
{
    const struct th_unit_list *units = &context->units;
    context->children = th_arena_alloc_array(&context->arena, units->count + 1, sizeof(uint32_t));
    if (context->children == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t i = 0; i < units->count; i++)
        if (units->units[i].parent != TH_UNIT_NONE)
            context->children[units->units[i].parent]++;
    int status = th_query_names_build(units, &context->arena, &context->names);
    return status == TH_E_TEXT ? TH_E_CORRUPT : status;
}

static int collect_plan(void *context, uint16_t number, uint64_t position,
                        const struct th_digest *digest, th_instant loaded_at,
                        struct th_bytes content)
{
    struct collected *list = context;
    (void)digest;
    if (number != list->count)
        return TH_E_CORRUPT;
    struct th_query_plan *row = add(list);
    struct th_plan *plan = th_arena_alloc(list->arena, sizeof(*plan));
    if (row == NULL || plan == NULL)
        return TH_E_NO_MEMORY;
    int status = th_wire_plan_decode(content, list->arena, plan);
    if (status != TH_OK)
        return status == TH_E_NO_MEMORY ? status : TH_E_CORRUPT;
    row->plan = plan;
    row->loaded_at = loaded_at;
    row->position = position;
    return th_rollup_layout_init(&plan->catalogue, list->arena, &row->layout);
}

int th_query_context_open(struct th_view *view, struct th_query_context *ret_context)
{
    struct th_query_context context = {0};
    th_arena_init(&context.arena, BLOCK_BYTES, BUDGET_BYTES);
    int status = load_units(view, &context);
    if (status == TH_OK)
        status = arrange_units(&context);
    struct collected plans = {.arena = &context.arena, .item_size = sizeof(struct th_query_plan)};
    if (status == TH_OK)
        status = th_view_plans(view, collect_plan, &plans);
    if (status != TH_OK) {
        th_arena_deinit(&context.arena);
        return status;
    }
    context.plans = plans.items;
    context.plans_count = (uint16_t)plans.count;
    *ret_context = context;
    return TH_OK;
}

void th_query_context_close(struct th_query_context *context)
{
    th_arena_deinit(&context->arena);
}

int th_query_context_is_current(const struct th_query_context *context, struct th_view *view,
                                bool *ret_current)
{
    uint32_t units = 0, plans = 0;
    int status = th_view_definitions(view, &units, &plans);
    if (status == TH_OK)
        *ret_current = units == context->units.count && plans == context->plans_count;
    return status;
}

char *th_query_unit_key(const struct th_unit *unit, char text[TH_UNIT_KEY_SIZE])
{
    char day[TH_DAY_TEXT_SIZE] = "";
    bool is_dated = unit->valid_from.number != TH_UNIT_ALWAYS_FROM.number;
    if (is_dated)
        (void)th_day_format(unit->valid_from, day);
    (void)snprintf(text, TH_UNIT_KEY_SIZE, "%s%s%s", unit->code, is_dated ? "/" : "", day);
    return text;
}

uint32_t th_query_find_key(const struct th_query_context *context, const char *key, size_t size)
{
    char text[TH_UNIT_CODE_MAX + 1];
    struct th_unit wanted = {.code = text, .valid_from = TH_UNIT_ALWAYS_FROM};
    const char *slash = memchr(key, '/', size);
    size_t code_size = slash == NULL ? size : (size_t)(slash - key);
    if (!th_unit_code_check(key, code_size) ||
        (slash != NULL && th_day_parse(slash + 1, size - code_size - 1, &wanted.valid_from) < 0))
        return TH_UNIT_NONE;
    memcpy(text, key, code_size);
    text[code_size] = '\0';
    uint32_t place = place_of(&context->units, &wanted);
    return place < context->units.count && same_unit(&context->units.units[place], &wanted)
               ? place
               : TH_UNIT_NONE;
}

bool th_query_is_below(const struct th_query_context *context, uint32_t unit, uint32_t top)
{
    while (unit != TH_UNIT_NONE && unit != top)
        unit = context->units.units[unit].parent;
    return unit == top;
}

bool th_query_is_within(const struct th_query_context *context, uint32_t unit, const char *code)
{
    while (unit != TH_UNIT_NONE && strcmp(context->units.units[unit].code, code) != 0)
        unit = context->units.units[unit].parent;
    return unit != TH_UNIT_NONE;
}
