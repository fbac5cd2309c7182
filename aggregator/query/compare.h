/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reports of one obligation at two moments, side by side; and what changed in their figures.
 *
 * Thread rule: that of the arena.
 */
#ifndef TH_QUERY_COMPARE_H
#define TH_QUERY_COMPARE_H

#include "aggregator/core/rollup.h"
#include "aggregator/past/past.h"

#include <jansson.h>

/* For each row of `to` the row of the same report in `from`, NULL: it was not there yet. Both lists
 * are in the order of unit and number. TH_E_CORRUPT: a report is gone. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_compare_rows(const struct th_past_rows *from, const struct th_past_rows *to,
                                  struct th_arena *arena, const struct th_row ***ret_from_of);

/* One figure that a report has at one moment or at both, and not with the same value. */
struct th_figure_change {
    uint16_t indicator;
    bool has_before, has_after;
    int64_t before, after;
};
typedef int th_figure_change_fn(void *context, const struct th_figure_change *change);
/* Calls for each, in the order of indicators; `before` may be NULL. A narrative is known by its
 * size. What `fn` returns that is not 0 ends it and is returned. Precondition: the rows were
 * checked (aggregator/core/rollup.h). */
TH_MUST_CHECK int th_compare_figures(const struct th_row *before, const struct th_row *after,
                                     th_figure_change_fn *fn, void *context);
/* One side of a change as answers show it: null when it is not there; the size of a narrative,
 * whose letters are not compared; else the figure as people write it. */
json_t *th_compare_figure_json(const struct th_indicator *indicator, bool is_there, int64_t value);

#endif
