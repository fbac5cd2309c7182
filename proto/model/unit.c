/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/unit.h"

#include "base/assert.h"

#include <string.h>

static const struct {
    const char *word;
    enum th_unit_level level;
    const char *prefix;
} kinds[TH_UNIT_KIND_COUNT] = {
#define XX(kind, word, level, prefix) [TH_UNIT_KIND_##kind] = {word, TH_LEVEL_##level, prefix},
    TH_UNIT_KIND_MAP(XX)
#undef XX
};

const char *th_unit_kind_word(enum th_unit_kind kind)
{
    TH_ASSERT(kind < TH_UNIT_KIND_COUNT);
    return kinds[kind].word;
}

const char *th_unit_kind_prefix(enum th_unit_kind kind)
{
    TH_ASSERT(kind < TH_UNIT_KIND_COUNT);
    return kinds[kind].prefix;
}

enum th_unit_level th_unit_kind_level(enum th_unit_kind kind)
{
    TH_ASSERT(kind < TH_UNIT_KIND_COUNT);
    return kinds[kind].level;
}

enum th_branch th_unit_kind_branch(enum th_unit_kind kind)
{
    return th_unit_kind_level(kind) == TH_LEVEL_COMMUNE ? TH_BRANCH_COMMUNES : TH_BRANCH_BODIES;
}

int th_unit_kind_parse(const char *word, size_t word_size, enum th_unit_kind *ret_kind)
{
    for (int kind = 0; kind < TH_UNIT_KIND_COUNT; kind++)
        if (strlen(kinds[kind].word) == word_size &&
            memcmp(kinds[kind].word, word, word_size) == 0) {
            *ret_kind = (enum th_unit_kind)kind;
            return 0;
        }
    return TH_E_NOT_FOUND;
}

bool th_unit_code_check(const char *code, size_t code_size)
{
    if (code_size == 0 || code_size > TH_UNIT_CODE_MAX)
        return false;
    for (size_t i = 0; i < code_size; i++) {
        char c = code[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool inner_hyphen = c == '-' && i > 0 && i + 1 < code_size && code[i - 1] != '-';
        if (!plain && !inner_hyphen)
            return false;
    }
    return true;
}

bool th_unit_is_valid(const struct th_unit *unit, th_day day)
{
    return unit->valid_from.number <= day.number && day.number < unit->valid_to.number;
}

int th_unit_compare(const struct th_unit *a, const struct th_unit *b)
{
    int order = strcmp(a->code, b->code);
    if (order != 0)
        return order;
    return (a->valid_from.number > b->valid_from.number) -
           (a->valid_from.number < b->valid_from.number);
}

/* Merge sort of row numbers: stable, no recursion deeper than log2 of the limit. */
static void sort_rows(const struct th_unit *rows, uint32_t *order, uint32_t *spare, uint32_t count)
{
    if (count < 2)
        return;
    uint32_t half = count / 2;
    sort_rows(rows, order, spare, half);
    sort_rows(rows, order + half, spare, count - half);
    memcpy(spare, order, half * sizeof *spare);
    for (uint32_t left = 0, right = half, to = 0; left < half; to++)
        order[to] = right < count && th_unit_compare(&rows[order[right]], &rows[spare[left]]) < 0
                        ? order[right++]
                        : spare[left++];
}

/* The first unit whose code is `code` or begins with it: the shorter one is ordered first. */
static uint32_t first_with_code(const struct th_unit_list *list, const char *code, size_t code_size)
{
    uint32_t low = 0, high = list->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *other = list->units[middle].code;
        int order = strncmp(other, code, code_size);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_code(const struct th_unit *unit, const char *code, size_t code_size)
{
    return strlen(unit->code) == code_size && memcmp(unit->code, code, code_size) == 0;
}

uint32_t th_unit_list_find(const struct th_unit_list *list, const char *code, size_t code_size,
                           th_day day)
{
    uint32_t i = first_with_code(list, code, code_size);
    for (; i < list->count && has_code(&list->units[i], code, code_size); i++)
        if (th_unit_is_valid(&list->units[i], day))
            return i;
    return TH_UNIT_NONE;
}

static uint32_t find_parent(const struct th_unit_list *list, const struct th_unit *child)
{
    size_t code_size = strlen(child->parent_code);
    uint32_t best = TH_UNIT_NONE;
    uint32_t i = first_with_code(list, child->parent_code, code_size);
    for (; i < list->count && has_code(&list->units[i], child->parent_code, code_size); i++) {
        const struct th_unit *parent = &list->units[i];
        bool overlaps = parent->valid_from.number < child->valid_to.number &&
                        child->valid_from.number < parent->valid_to.number;
        if (overlaps) {
            if (th_unit_is_valid(parent, child->valid_from))
                return i;
            best = i;
        }
    }
    return best;
}

static bool ancestors_end(const struct th_unit *units, uint32_t unit)
{
    for (int depth = 0; depth <= TH_UNIT_DEPTH_MAX; depth++) {
        if (unit == TH_UNIT_NONE)
            return true;
        unit = units[unit].parent;
    }
    return false;
}

static uint32_t report_problems(struct th_unit *units, const uint32_t *order, uint32_t count,
                                th_unit_report *report, void *context)
{
    const struct th_unit_list list = {units, count};
    uint32_t problems = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(units[i].code, units[i - 1].code) == 0 &&
            units[i].valid_from.number < units[i - 1].valid_to.number) {
            report(context, TH_UNIT_PROBLEM_OVERLAP, order[i]);
            problems++;
        }
        units[i].parent =
            units[i].parent_code[0] == 0 ? TH_UNIT_NONE : find_parent(&list, &units[i]);
        if (units[i].parent_code[0] != 0 && units[i].parent == TH_UNIT_NONE) {
            report(context, TH_UNIT_PROBLEM_PARENT, order[i]);
            problems++;
        }
    }
    for (uint32_t i = 0; i < count; i++)
        if (!ancestors_end(units, i)) {
            report(context, TH_UNIT_PROBLEM_CYCLE, order[i]);
            problems++;
        }
    return problems;
}

int th_unit_list_build(struct th_arena *arena, const struct th_unit *rows, uint32_t count,
                       th_unit_report *report, void *context, struct th_unit_list *ret_list)
{
    if (count > TH_UNIT_COUNT_MAX)
        return TH_E_LIMIT;
    struct th_unit *units = th_arena_alloc_array(arena, count, sizeof *units);
    uint32_t *order = th_arena_alloc_array(arena, count, sizeof *order);
    uint32_t *spare = th_arena_alloc_array(arena, count, sizeof *spare);
    if (units == NULL || order == NULL || spare == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    sort_rows(rows, order, spare, count);
    for (uint32_t i = 0; i < count; i++)
        units[i] = rows[order[i]];
    if (report_problems(units, order, count, report, context) > 0)
        return TH_E_INVALID;
    *ret_list = (struct th_unit_list){units, count};
    return 0;
}
