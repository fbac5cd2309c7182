/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand in a form, which of two comes first, and what they are called. */
#include "proto/form/reader.h"
#include "proto/form/xlsx_layout.h"

#include <stdio.h>
#include <string.h>

const struct th_form_place *th_form_places_find(const struct th_form_places *places,
                                                const char *field)
{
    for (size_t size = strlen(field); size > 0;) {
        for (size_t i = 0; i < places->count; i++)
            if (strlen(places->items[i].field) == size &&
                memcmp(places->items[i].field, field, size) == 0)
                return &places->items[i];
        do
            size--;
        while (size > 0 && field[size] != '.');
    }
    return NULL;
}

/* ---- order ---- */

struct spot {
    size_t sheet; /* 0 outside of workbooks */
    struct th_text name;
    uint32_t row, column; /* 0: all of it */
};

/* From 1, as the template has them; those of other hands come behind. */
static size_t rank_of(struct th_text name)
{
    static const char *const sheets[] = {TH_XLSX_FIGURES, TH_XLSX_RULES,   TH_XLSX_TEXTS,
                                         TH_XLSX_TASKS,   TH_XLSX_MODELS,  TH_XLSX_GENERAL,
                                         TH_XLSX_GUIDE,   TH_XLSX_IDENTITY};
    size_t rank = 0;
    while (rank < sizeof sheets / sizeof *sheets &&
           (strlen(sheets[rank]) != name.size || memcmp(sheets[rank], name.bytes, name.size) != 0))
        rank++;
    return rank + 1;
}

/* "Số liệu!E17", or the name of a sheet. */
static struct spot spot_of_cell(const char *cell)
{
    const char *mark = strrchr(cell, '!'), *at = mark == NULL ? "" : mark + 1;
    struct spot spot = {.name = {cell, mark == NULL ? strlen(cell) : (size_t)(mark - cell)}};
    spot.sheet = rank_of(spot.name);
    for (; *at >= 'A' && *at <= 'Z'; at++)
        spot.column = spot.column * 26 + (uint32_t)(*at - 'A') + 1;
    for (; *at >= '0' && *at <= '9'; at++)
        spot.row = spot.row * 10 + (uint32_t)(*at - '0');
    return spot;
}

static struct spot spot_of(const struct th_form_place *place)
{
    if (place == NULL)
        return (struct spot){.name = {"", 0}};
    if (place->cell != NULL && place->cell[0] != 0)
        return spot_of_cell(place->cell);
    return (struct spot){.name = {"", 0}, .row = place->line, .column = place->column};
}

static int order_of(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

int th_form_place_compare(const struct th_form_place *a, const struct th_form_place *b)
{
    struct spot one = spot_of(a), two = spot_of(b);
    int order = order_of(one.sheet, two.sheet);
    if (order == 0)
        order = memcmp(one.name.bytes, two.name.bytes,
                       one.name.size < two.name.size ? one.name.size : two.name.size);
    if (order == 0)
        order = order_of(one.name.size, two.name.size);
    if (order == 0)
        order = order_of(one.row, two.row);
    return order != 0 ? order : order_of(one.column, two.column);
}

struct th_form_place th_form_place_of(const struct th_problem *problem)
{
    return (struct th_form_place){"", problem->line, problem->column, problem->cell};
}

/* Nearly sorted as they are, and few. */
void th_form_sort_problems(struct th_problems *problems, size_t first)
{
    for (size_t i = first + 1; i < problems->count; i++) {
        struct th_problem problem = problems->items[i];
        struct th_form_place place = th_form_place_of(&problem);
        size_t at = i;
        for (; at > first; at--) {
            struct th_form_place before = th_form_place_of(&problems->items[at - 1]);
            if (th_form_place_compare(&before, &place) <= 0)
                break;
            problems->items[at] = problems->items[at - 1];
        }
        problems->items[at] = problem;
    }
}

/* ---- names ---- */

/* Whether the text begins so; then what follows. */
static bool take(struct th_text *text, const char *beginning)
{
    size_t size = strlen(beginning);
    if (text->size < size || memcmp(text->bytes, beginning, size) != 0)
        return false;
    *text = (struct th_text){text->bytes + size, text->size - size};
    return true;
}

const char *th_form_field_spoken(struct th_text field, char spoken[TH_FORM_SPOKEN_SIZE])
{
    static const struct {
        const char *field, *text;
    } whole[] = {{"revision", "lần gửi"},
                 {"number", "số thứ tự"},
                 {"estimated_to", "ngày ước đến"},
                 {"document.date", "ngày văn bản"}};
    static const char percent[] = ".percent";
    char excerpt[TH_TEXT_EXCERPT_SIZE];
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        if (field.size == strlen(whole[i].field) &&
            memcmp(field.bytes, whole[i].field, field.size) == 0) {
            (void)snprintf(spoken, TH_FORM_SPOKEN_SIZE, "%s", whole[i].text);
            return spoken;
        }
    bool is_task = take(&field, "task.");
    if (!is_task && !take(&field, "value.") && !take(&field, "estimated."))
        (void)take(&field, "narrative.");
    size_t tail = sizeof percent - 1;
    bool is_percent =
        is_task && field.size > tail && memcmp(field.bytes + field.size - tail, percent, tail) == 0;
    field.size -= is_percent ? tail : 0;
    (void)snprintf(spoken, TH_FORM_SPOKEN_SIZE, "%s%s%s", is_task ? "nhiệm vụ " : "",
                   field.size == 0 ? "" : th_text_excerpt(field.bytes, field.size, excerpt),
                   is_percent ? ", tỷ lệ" : "");
    return spoken;
}
