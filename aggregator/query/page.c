/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a book are in the order of their units' numbers. Units of one province mostly have
 * neighbouring numbers, so they are read as a few stretches, each by one walk; a small gap is
 * walked through, a larger one begins the next stretch.
 */
#include "aggregator/query/page.h"

#include "base/assert.h"
#include "proto/model/packed.h"

#include <string.h>

#define GAP_MAX 8 /* rows that cost less to pass than another search */

static bool ascend(const uint32_t *units, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (units[i] <= units[i - 1])
            return false;
    return true;
}

static bool is_figure(const struct th_indicator *indicator)
{
    return indicator != NULL && indicator->up != TH_UP_CONCAT &&
           indicator->up != TH_UP_RATIO_OF_SUMS;
}

int th_page_form_init(const struct th_catalogue *catalogue, struct th_book_id book,
                      const uint32_t *units, uint32_t units_count, const uint16_t *columns,
                      uint16_t columns_count, struct th_arena *arena, struct th_page_form *ret_form)
{
    uint32_t numbers = (uint32_t)catalogue->number_max + 1;
    uint16_t *column_of = th_arena_alloc_array(arena, numbers, sizeof *column_of);
    if (column_of == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t number = 0; number < numbers; number++)
        column_of[number] = number == 0 || th_catalogue_get(catalogue, (uint16_t)number) == NULL
                                ? TH_PACKED_UNKNOWN
                                : TH_PACKED_SKIPPED;
    for (uint16_t i = 0; i < columns_count; i++) {
        if (columns[i] == 0 || columns[i] >= numbers ||
            !is_figure(th_catalogue_get(catalogue, columns[i])) ||
            column_of[columns[i]] != TH_PACKED_SKIPPED)
            return TH_E_INVALID;
        column_of[columns[i]] = i;
    }
    if (!ascend(units, units_count))
        return TH_E_INVALID;
    *ret_form = (struct th_page_form){.book = book,
                                      .units = units,
                                      .units_count = units_count,
                                      .columns = columns,
                                      .columns_count = columns_count,
                                      .words = ((size_t)columns_count + 63) / 64};
    th_packed_columns_init(column_of, numbers, columns_count, &ret_form->packed);
    return TH_OK;
}

int th_page_new(const struct th_page_form *form, struct th_arena *arena, struct th_page *ret_page)
{
    size_t lines = form->units_count;
    struct th_page page = {
        .values = th_arena_alloc_array(arena, lines * form->columns_count + 1, sizeof(int64_t)),
        .reported = th_arena_alloc_array(arena, lines * form->words + 1, sizeof(uint64_t)),
        .revision = th_arena_alloc_array(arena, lines + 1, sizeof(uint32_t)),
        .received = th_arena_alloc_array(arena, lines + 1, sizeof(th_instant)),
        .entered = th_arena_alloc_array(arena, lines + 1, sizeof(bool)),
        .slots = th_arena_alloc_array(arena, 1, sizeof(struct th_packed_slots))};
    if (page.values == NULL || page.reported == NULL || page.revision == NULL ||
        page.received == NULL || page.entered == NULL || page.slots == NULL)
        return TH_E_NO_MEMORY;
    th_packed_slots_init(page.slots);
    *ret_page = page;
    return TH_OK;
}

struct reading {
    struct th_view *view;
    const struct th_page_form *form;
    uint64_t size;
    struct th_arena *arena;
    struct th_page *page;
    uint32_t line; /* whose row may come next; those before are filled */
};

static int read_revisions(void *context, struct th_book_id book, uint32_t unit, uint32_t number,
                          th_revision_fn *fn, void *fn_context)
{
    return th_view_revisions(context, book, unit, number, fn, fn_context);
}

static int read_entry(void *context, uint64_t position, struct th_stored_entry *ret_entry)
{
    return th_view_entry(context, position, ret_entry);
}

/* What has no row: 0, and not reported. */
static void clear_lines(const struct reading *reading, uint32_t from, uint32_t to)
{
    const struct th_page_form *form = reading->form;
    struct th_page *page = reading->page;
    const size_t first = from, lines = to - from;
    memset(page->values + first * form->columns_count, 0,
           lines * form->columns_count * sizeof *page->values);
    memset(page->reported + first * form->words, 0, lines * form->words * sizeof *page->reported);
    memset(page->revision + first, 0, lines * sizeof *page->revision);
}

/* What is shown of a row beside its figures. */
static inline void fill_head(struct th_page *page, uint32_t line, const struct th_row_glance *row)
{
    page->revision[line] = th_row_glance_revision(row);
    page->received[line] = th_row_glance_received(row);
    page->entered[line] = th_row_glance_entered(row);
}

/* Of neighbouring lines. */
static inline int fill_figures(struct reading *reading, uint32_t line,
                               const struct th_bytes *values, size_t count)
{
    const struct th_page_form *form = reading->form;
    struct th_page *page = reading->page;
    return th_packed_lines(&form->packed, page->slots, values, count,
                           page->values + (size_t)line * form->columns_count,
                           page->reported + line * form->words);
}

/* The line of a row as it was, if it was there. Apart, so that its room is not made for each row.
 */
__attribute__((noinline)) static int fill_past(struct reading *reading, uint32_t line,
                                               const struct th_row_glance *current)
{
    const struct th_past_source source = {
        .context = reading->view, .revisions = read_revisions, .entry = read_entry};
    const struct th_past_cut cut = {reading->size, TH_PAST_ALL_TIME};
    struct th_page *page = reading->page;
    struct th_row whole, past;
    int status = th_row_glance_whole(current, &whole);
    if (status == TH_OK)
        status = th_past_row(&source, reading->form->book, cut, &whole, reading->arena, &past);
    if (status != TH_OK)
        return status == TH_E_NOT_FOUND ? TH_OK : status;
    reading->line = line + 1;
    page->revision[line] = past.revision;
    page->received[line] = past.received;
    page->entered[line] = past.entered;
    return fill_figures(reading, line, &(struct th_bytes){past.values, past.values_size}, 1);
}

static int take_row(struct reading *reading, const struct th_row_glance *row)
{
    const struct th_page_form *form = reading->form;
    const uint32_t unit = th_row_glance_unit(row);
    uint32_t line = reading->line;
    while (line < form->units_count && form->units[line] < unit)
        line++;
    if (line > reading->line)
        clear_lines(reading, reading->line, line);
    reading->line = line;
    if (line == form->units_count || form->units[line] != unit ||
        th_row_glance_number(row) != form->number)
        return TH_OK;
    if (th_row_glance_position(row) >= reading->size)
        return fill_past(reading, line, row);
    const struct th_bytes values = th_row_glance_values(row);
    reading->line = line + 1;
    fill_head(reading->page, line, row);
    return fill_figures(reading, line, &values, 1);
}

/* They are of the units that come next, and nothing that came later. */
static inline bool are_next(const struct reading *reading, const struct th_row_glance *rows,
                            size_t count)
{
    const struct th_page_form *form = reading->form;
    uint32_t other = 0;
    if (count > form->units_count - reading->line)
        return false;
    for (size_t i = 0; i < count; i++)
        other |= (th_row_glance_unit(&rows[i]) ^ form->units[reading->line + i]) |
                 (th_row_glance_number(&rows[i]) ^ form->number) |
                 (th_row_glance_position(&rows[i]) >= reading->size);
    return other == 0;
}

static int take_rows(void *context, const struct th_row_glance *rows, size_t count)
{
    struct reading *reading = context;
    struct th_bytes values[TH_ROW_GLANCES_MAX];
    _Static_assert(TH_ROW_GLANCES_MAX <= (int)TH_PACKED_LINES_MAX, "as many lines at once");
    const uint32_t line = reading->line;
    int status = TH_OK;
    if (!are_next(reading, rows, count)) {
        for (size_t i = 0; i < count && status == TH_OK; i++)
            status = take_row(reading, &rows[i]);
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = th_row_glance_values(&rows[i]);
        fill_head(reading->page, line + (uint32_t)i, &rows[i]);
    }
    reading->line = line + (uint32_t)count;
    return fill_figures(reading, line, values, count);
}

int th_page_read(struct th_view *view, const struct th_page_form *form, uint64_t size,
                 struct th_arena *arena, struct th_page *page)
{
    struct reading reading = {
        .view = view, .form = form, .size = size, .arena = arena, .page = page};
    const uint32_t *units = form->units;
    th_packed_slots_begin(&form->packed, page->slots);
    for (uint32_t first = 0, last; first < form->units_count; first = last + 1) {
        for (last = first;
             last + 1 < form->units_count && units[last + 1] - units[last] <= GAP_MAX;)
            last++;
        int status =
            th_view_rows_between(view, form->book, units[first], units[last], take_rows, &reading);
        if (status != TH_OK)
            return status;
    }
    clear_lines(&reading, reading.line, form->units_count);
    return TH_OK;
}
