/* SPDX-License-Identifier: Apache-2.0 */
#include "base/problems.h"

#include "base/assert.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void th_problems_init(struct th_problems *problems)
{
    *problems = (struct th_problems){.items = NULL};
}

static void free_problem(struct th_problem *problem)
{
    free(problem->file);
    free(problem->cell);
    free(problem->message);
    free(problem->hint);
}

void th_problems_deinit(struct th_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        free_problem(&problems->items[i]);
    free(problems->items);
    th_problems_init(problems);
}

static bool reserve_one(struct th_problems *problems)
{
    if (problems->count < problems->capacity)
        return true;
    size_t capacity = problems->capacity == 0 ? 8 : problems->capacity * 2;
    if (capacity > TH_PROBLEMS_MAX)
        capacity = TH_PROBLEMS_MAX;
    if (problems->count >= capacity)
        return false;
    struct th_problem *items = realloc(problems->items, capacity * sizeof(*items));
    if (items == NULL)
        return false;
    problems->items = items;
    problems->capacity = capacity;
    return true;
}

__attribute__((format(printf, 1, 0))) static char *format_owned(const char *format,
                                                                va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    char *text = NULL;
    int size = vsnprintf(NULL, 0, format, arguments);
    if (size >= 0)
        text = malloc((size_t)size + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

void th_problems_add(struct th_problems *problems, struct th_place place, const char *hint,
                     const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    th_problems_add_list(problems, place, hint, format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 5, 0))) static void add(struct th_problems *problems,
                                                      struct th_place place, const char *cell,
                                                      const char *hint, const char *format,
                                                      va_list arguments)
{
    TH_ASSERT((place.line == 0) == (place.column == 0));
    if (!reserve_one(problems)) {
        problems->dropped++;
        return;
    }
    struct th_problem problem = {
        .file = strdup(place.file),
        .line = place.line,
        .column = place.column,
        .cell = strdup(cell),
        .message = format_owned(format, arguments),
        .hint = strdup(hint == NULL ? "" : hint),
    };
    if (problem.file == NULL || problem.cell == NULL || problem.message == NULL ||
        problem.hint == NULL) {
        free_problem(&problem);
        problems->dropped++;
        return;
    }
    problems->items[problems->count++] = problem;
}

void th_problems_add_list(struct th_problems *problems, struct th_place place, const char *hint,
                          const char *format, va_list arguments)
{
    add(problems, place, "", hint, format, arguments);
}

void th_problems_add_cell(struct th_problems *problems, const char *file, const char *cell,
                          const char *hint, const char *format, va_list arguments)
{
    add(problems, (struct th_place){file, 0, 0}, cell, hint, format, arguments);
}

struct th_place th_place_of_offset(const char *file, const char *bytes, size_t offset)
{
    struct th_place place = {file, 1, 1};
    for (size_t i = 0; i < offset; i++) {
        if (bytes[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if (((unsigned char)bytes[i] & 0xC0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

size_t th_problems_total(const struct th_problems *problems)
{
    return problems->count + problems->dropped;
}

int th_problems_print(const struct th_problems *problems, FILE *out)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct th_problem *problem = &problems->items[i];
        int written =
            problem->cell[0] != 0
                ? fprintf(out, "%s:%s: lỗi: %s\n", problem->file, problem->cell, problem->message)
            : problem->line == 0 ? fprintf(out, "%s: lỗi: %s\n", problem->file, problem->message)
                                 : fprintf(out, "%s:%u:%u: lỗi: %s\n", problem->file, problem->line,
                                           problem->column, problem->message);
        if (written < 0)
            return TH_E_IO;
        if (problem->hint[0] != '\0' && fprintf(out, "    cách sửa: %s\n", problem->hint) < 0)
            return TH_E_IO;
    }
    if (problems->dropped > 0 && fprintf(out, "và %zu lỗi nữa\n", problems->dropped) < 0)
        return TH_E_IO;
    return TH_OK;
}
