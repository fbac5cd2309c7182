/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page: the figures of some units in one obligation, as one dense array. What a table of a
 * province shows: a line for each commune, a column for each indicator.
 *
 * A form says which units and which columns; it is made once and read any number of times, of any
 * view and as of any moment. Reading walks the rows of those units alone, checks each row's
 * checksum and figures, and takes no memory but for rows that were corrected after the moment.
 *
 * Thread rule: that of the view.
 */
#ifndef TH_QUERY_PAGE_H
#define TH_QUERY_PAGE_H

#include "aggregator/past/past.h"
#include "aggregator/query/context.h"
#include "proto/model/packed.h"

struct th_page_form {
    struct th_book_id book;
    uint32_t number;       /* of the report: 0 but for the unplanned ones */
    const uint32_t *units; /* numbers in the store, ascending */
    uint32_t units_count;
    const uint16_t *columns; /* indicators, each once */
    uint16_t columns_count;
    size_t words; /* of 64 columns, in one line of `reported` */
    struct th_packed_columns packed;
};

/* One line for each unit of the form, in its order; a line is columns_count values. */
struct th_page {
    int64_t *values;    /* scaled as the indicator says; of what was not reported: 0 */
    uint64_t *reported; /* bit column % 64 of word column / 64 in the unit's words */
    uint32_t *revision; /* by unit: of its report; 0: none */
    th_instant *received;
    bool *entered;                 /* on behalf of its unit */
    struct th_packed_slots *slots; /* what reading it the last time has found out */
};

/* `units` and `columns` are borrowed for the form's life; the rest is in the arena. TH_E_INVALID:
 * units do not ascend, or a column is no figure of the catalogue or is there twice.
 * TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_page_form_init(const struct th_catalogue *catalogue, struct th_book_id book,
                                    const uint32_t *units, uint32_t units_count,
                                    const uint16_t *columns, uint16_t columns_count,
                                    struct th_arena *arena, struct th_page_form *ret_form);

/* Room for a page of the form. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_page_new(const struct th_page_form *form, struct th_arena *arena,
                              struct th_page *ret_page);

/* Fills the page with what the first `size` entries of the journal brought; TH_PAST_ALL_ENTRIES:
 * with what is in the view. The arena is for rows of the past. TH_E_CORRUPT, TH_E_NO_MEMORY; then
 * the page's content is undefined. */
TH_MUST_CHECK int th_page_read(struct th_view *view, const struct th_page_form *form, uint64_t size,
                               struct th_arena *arena, struct th_page *page);

static inline bool th_page_has(const struct th_page_form *form, const struct th_page *page,
                               uint32_t line, uint16_t column)
{
    return (page->reported[line * form->words + column / 64] >> (column % 64) & 1) != 0;
}

#endif
