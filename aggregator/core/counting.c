/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A book's rollups follow its rows when somebody asks for them. Until then a list says which rows
 * they do not have as they are, and what they have of each: its figures as they were. So a report
 * that is corrected again meanwhile is taken out and added once; and a burst over many books does
 * not fetch the rollups of each of them from memory for every report.
 */
#include "aggregator/core/state.h"

#include "base/assert.h"

void th_book_add_uncounted(struct th_book *book, uint32_t place, const struct th_row *before)
{
    TH_ASSERT(book->uncounted_count < book->uncounted_capacity);
    TH_ASSERT(!book->rows[place].is_uncounted);
    struct th_uncounted *uncounted = &book->uncounted[book->uncounted_count++];
    *uncounted = (struct th_uncounted){.place = place};
    if (before != NULL)
        *uncounted = (struct th_uncounted){.place = place,
                                           .values_size = before->values_size,
                                           .values = before->values,
                                           .timeliness = before->timeliness,
                                           .estimated = before->estimated,
                                           .entered = before->entered};
    book->rows[place].is_uncounted = true;
}

/* Bundles of many obligations fill their books in step: each has a limit of its own, so that they
 * are not all counted for the same bundle. */
static uint32_t limit_of(const struct th_book *book)
{
    enum { STEP = 61 }; /* without a divisor in common with the half: all limits come up */
    const uint32_t half = TH_BOOK_UNCOUNTED_MAX / 2;
    return TH_BOOK_UNCOUNTED_MAX - book->id.obligation * STEP % half;
}

int th_book_reserve_uncounted(struct th_core *core, struct th_book *book, uint32_t more)
{
    TH_ASSERT(!core->is_folding);
    if (book->uncounted_count + more > limit_of(book))
        th_book_count(core, book);
    const uint32_t wanted = book->uncounted_count + more;
    uint32_t capacity = book->uncounted_capacity == 0 ? 16 : book->uncounted_capacity;
    while (capacity < wanted)
        capacity *= 2;
    if (capacity == book->uncounted_capacity)
        return 0;
    struct th_uncounted *uncounted =
        th_heap_resize(&core->heap, book->uncounted, book->uncounted_capacity * sizeof *uncounted,
                       capacity * sizeof *uncounted);
    if (uncounted == NULL)
        return TH_E_NO_MEMORY;
    book->uncounted = uncounted;
    book->uncounted_capacity = capacity;
    return 0;
}

static void count_one(struct th_core *core, struct th_book *book,
                      const struct th_uncounted *uncounted)
{
    const struct th_rollup_layout *layout = th_rollups_layout(core, book->id);
    const struct th_row *row = &book->rows[uncounted->place].row;
    struct th_row old_row = *row;
    struct th_figures figures, old_figures;
    struct th_replacement change = {.row = row, .figures = &figures};
    th_figures_read(layout, row, &figures);
    if (uncounted->values != NULL) {
        old_row.values = uncounted->values;
        old_row.values_size = uncounted->values_size;
        old_row.timeliness = uncounted->timeliness;
        old_row.estimated = uncounted->estimated;
        old_row.entered = uncounted->entered;
        th_figures_read(layout, &old_row, &old_figures);
        change.old_row = &old_row;
        change.old_figures = &old_figures;
    }
    th_rollups_add(&core->registry, layout, &book->rollups, &change);
}

#define TOGETHER 16 /* rows */

static void fetch_values(const uint8_t *values, uint32_t size)
{
    enum { LINE = 64 };
    for (uint32_t at = 0; at < size; at += LINE)
        (void)*(const volatile uint8_t *)(values + at);
    (void)*(const volatile uint8_t *)(values + size - 1);
}

/* Their rows and figures lie apart: they come from memory together, not each when it is its turn.
 * Loads, as a prefetch is dropped where the page is not known to the processor. */
static void fetch_uncounted(const struct th_book *book, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const struct th_uncounted *uncounted = &book->uncounted[i];
        const struct th_row *row = &book->rows[uncounted->place].row;
        (void)*(const volatile uint32_t *)&row->unit; /* it has two lines */
        fetch_values(row->values, row->values_size);
        if (uncounted->values != NULL)
            fetch_values(uncounted->values, uncounted->values_size);
    }
}

void th_book_count(struct th_core *core, struct th_book *book)
{
    TH_ASSERT(!book->is_behind);
    for (uint32_t first = 0, end; first < book->uncounted_count; first = end) {
        end = first + TOGETHER;
        end = end < book->uncounted_count ? end : book->uncounted_count;
        fetch_uncounted(book, first, end);
        for (uint32_t i = first; i < end; i++)
            count_one(core, book, &book->uncounted[i]);
    }
    th_book_counted(core, book);
}

void th_book_counted(struct th_core *core, struct th_book *book)
{
    for (uint32_t i = 0; i < book->uncounted_count; i++) {
        const struct th_uncounted *uncounted = &book->uncounted[i];
        book->rows[uncounted->place].is_uncounted = false;
        th_heap_free(&core->heap, (void *)(uintptr_t)uncounted->values, uncounted->values_size);
    }
    book->uncounted_count = 0;
}

void th_book_judge(struct th_core *core, struct th_book *book, uint32_t place,
                   enum th_timeliness timeliness)
{
    struct th_row *row = &book->rows[place].row;
    book->is_behind = book->is_behind || core->is_folding;
    book->is_as_closed = false;
    if (!core->is_folding) {
        th_book_count(core, book);
        th_rollups_judge(&core->registry, &book->rollups, row, timeliness);
    }
    book->undecided -= row->timeliness == TH_TIMELINESS_UNDECIDED;
    book->undecided += timeliness == TH_TIMELINESS_UNDECIDED;
    row->timeliness = timeliness;
}

int th_book_catch_up(struct th_core *core, struct th_book *book)
{
    struct th_rollup_set set;
    if (!book->is_behind) {
        th_book_count(core, book);
        return 0;
    }
    int status = th_rollups_build(core, &core->registry, book, &set);
    if (status < 0)
        return status;
    th_rollups_deinit(core, book->id, &book->rollups);
    book->rollups = set;
    book->is_behind = false;
    th_book_counted(core, book);
    return 0;
}
