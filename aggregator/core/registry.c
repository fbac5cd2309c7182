/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/core/state.h"

#include <string.h>

#define REGISTRY_BLOCK_BYTES ((size_t)64 * 1024)

static void ignore_problem(void *context, enum th_unit_problem problem, uint32_t row)
{
    (void)context;
    (void)problem;
    (void)row;
}

static const char *copy(struct th_arena *arena, const char *text)
{
    return th_arena_copy_text(arena, text, strlen(text));
}

static int copy_units(struct th_registry *registry, const struct th_unit *units, uint32_t count)
{
    registry->units = th_arena_alloc_array(&registry->arena, count, sizeof *units);
    registry->code_sizes = th_arena_alloc(&registry->arena, count);
    if (registry->units == NULL || registry->code_sizes == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        struct th_unit *unit = &registry->units[i];
        const size_t code_size = strlen(units[i].code);
        if (code_size > TH_UNIT_CODE_MAX)
            return TH_E_INVALID;
        registry->code_sizes[i] = (uint8_t)code_size;
        *unit = units[i];
        unit->code = copy(&registry->arena, units[i].code);
        unit->name = copy(&registry->arena, units[i].name);
        unit->parent_code = copy(&registry->arena, units[i].parent_code);
        unit->external_id = copy(&registry->arena, units[i].external_id);
        if (unit->code == NULL || unit->name == NULL || unit->parent_code == NULL ||
            unit->external_id == NULL)
            return TH_E_NO_MEMORY;
    }
    registry->count = count;
    return 0;
}

static void link_children(struct th_registry *registry)
{
    for (uint32_t i = 0; i < registry->count; i++)
        registry->first_child[i] = TH_UNIT_NONE;
    /* From the last to the first, so that children stand in order of their numbers. */
    for (uint32_t i = registry->count; i-- > 0;) {
        uint32_t parent = registry->units[i].parent;
        if (parent == TH_UNIT_NONE)
            continue;
        registry->next_sibling[i] = registry->first_child[parent];
        registry->first_child[parent] = i;
    }
}

/* Units with others below them, in order of their numbers. */
static void place_parents(struct th_registry *registry)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        bool is_parent = registry->first_child[i] != TH_UNIT_NONE;
        registry->places[i] = is_parent ? registry->places_count : TH_UNIT_NONE;
        if (is_parent)
            registry->placed[registry->places_count++] = i;
    }
}

/* Orders, resolves parents, and turns places in the ordered list into numbers. */
static int resolve(struct th_registry *registry)
{
    struct th_arena *arena = &registry->arena;
    uint32_t count = registry->count;
    struct th_unit_list list;
    int status = th_unit_list_build(arena, registry->units, count, ignore_problem, NULL, &list);
    if (status < 0)
        return status;
    registry->sorted = th_arena_alloc_array(arena, count, sizeof(uint32_t));
    registry->first_child = th_arena_alloc_array(arena, count, sizeof(uint32_t));
    registry->next_sibling = th_arena_alloc_array(arena, count, sizeof(uint32_t));
    registry->places = th_arena_alloc_array(arena, count, sizeof(uint32_t));
    registry->placed = th_arena_alloc_array(arena, count, sizeof(uint32_t));
    if (registry->sorted == NULL || registry->first_child == NULL ||
        registry->next_sibling == NULL || registry->places == NULL || registry->placed == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        const struct th_unit *unit = &registry->units[i];
        uint32_t place = th_unit_list_find(&list, unit->code, strlen(unit->code), unit->valid_from);
        if (place == TH_UNIT_NONE) /* it is never valid */
            return TH_E_INVALID;
        registry->sorted[place] = i;
        registry->units[i].parent = list.units[place].parent;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *parent = &registry->units[i].parent;
        registry->next_sibling[i] = TH_UNIT_NONE;
        if (*parent != TH_UNIT_NONE)
            *parent = registry->sorted[*parent];
    }
    link_children(registry);
    place_parents(registry);
    return 0;
}

int th_registry_build(struct th_heap *heap, const struct th_unit *units, uint32_t count,
                      struct th_registry *ret_registry)
{
    size_t room = heap->budget_bytes - heap->taken_bytes;
    if (room < REGISTRY_BLOCK_BYTES)
        return TH_E_NO_MEMORY;
    struct th_registry registry = {0};
    th_arena_init(&registry.arena, REGISTRY_BLOCK_BYTES, room);
    int status = copy_units(&registry, units, count);
    if (status == 0)
        status = resolve(&registry);
    if (status == 0)
        status = th_heap_charge(heap, registry.arena.taken_bytes);
    if (status < 0) {
        th_arena_deinit(&registry.arena);
        return status;
    }
    registry.charged = registry.arena.taken_bytes;
    *ret_registry = registry;
    return 0;
}

void th_registry_deinit(struct th_heap *heap, struct th_registry *registry)
{
    th_heap_discharge(heap, registry->charged);
    th_arena_deinit(&registry->arena);
    *registry = (struct th_registry){0};
}

static int compare_code(const char *code, struct th_text wanted)
{
    size_t size = strlen(code);
    int order = memcmp(code, wanted.bytes, size < wanted.size ? size : wanted.size);
    return order != 0 ? order : (size > wanted.size) - (size < wanted.size);
}

static uint32_t first_of_code(const struct th_registry *registry, struct th_text code)
{
    uint32_t low = 0, high = registry->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare_code(registry->units[registry->sorted[middle]].code, code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_code(const struct th_registry *registry, uint32_t place, struct th_text code)
{
    return place < registry->count &&
           compare_code(registry->units[registry->sorted[place]].code, code) == 0;
}

uint32_t th_registry_find_exact(const struct th_registry *registry, struct th_text code,
                                th_day valid_from)
{
    for (uint32_t i = first_of_code(registry, code); has_code(registry, i, code); i++)
        if (registry->units[registry->sorted[i]].valid_from.number == valid_from.number)
            return registry->sorted[i];
    return TH_UNIT_NONE;
}

uint32_t th_registry_find(const struct th_registry *registry, struct th_text code, th_day day)
{
    for (uint32_t i = first_of_code(registry, code); has_code(registry, i, code); i++)
        if (th_unit_is_valid(&registry->units[registry->sorted[i]], day))
            return registry->sorted[i];
    return TH_UNIT_NONE;
}

uint32_t th_registry_territory(const struct th_registry *registry, const struct th_plan *plan)
{
    struct th_text code = {plan->territory, strlen(plan->territory)};
    th_day day = th_plan_day(plan);
    uint32_t unit = th_registry_find(registry, code, day);
    uint32_t place = first_of_code(registry, code);
    if (unit == TH_UNIT_NONE && has_code(registry, place, code))
        unit = registry->sorted[place];
    return unit;
}

bool th_registry_expects(const struct th_registry *registry, const struct th_plan *plan,
                         const struct th_obligation *obligation, uint32_t unit, th_day day)
{
    /* By number, not by code: parents are numbers too, and nothing is looked up by code. */
    struct th_unit_list units = {.units = registry->units, .count = registry->count};
    return th_plan_expects(plan, obligation, &units, unit, day);
}
