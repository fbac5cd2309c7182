/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/compare.h"

#include "proto/model/indicator.h"
#include "proto/model/packed.h"

/* ---- rows ---- */

static int compare_rows(const struct th_row *a, const struct th_row *b)
{
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

int th_compare_rows(const struct th_past_rows *from, const struct th_past_rows *to,
                    struct th_arena *arena, const struct th_row ***ret_from_of)
{
    const struct th_row **from_of = th_arena_alloc_array(arena, to->count + 1, sizeof *from_of);
    size_t next = 0;
    if (from_of == NULL)
        return TH_E_NO_MEMORY;
    for (size_t slot = 0; slot < to->count && next < from->count; slot++)
        if (compare_rows(&from->rows[next], &to->rows[slot]) == 0)
            from_of[slot] = &from->rows[next++];
    if (next < from->count)
        return TH_E_CORRUPT;
    *ret_from_of = from_of;
    return TH_OK;
}

/* ---- figures of one report ---- */

struct cursor {
    struct th_packed_cursor packed;
    bool has; /* the two below */
    uint16_t number;
    int64_t value;
};

static void next(struct cursor *cursor)
{
    bool is_estimated;
    cursor->has = th_packed_next(&cursor->packed, &cursor->number, &cursor->value, &is_estimated);
}

static void begin(const struct th_row *row, struct cursor *cursor)
{
    *cursor = (struct cursor){.has = false};
    if (row == NULL)
        return;
    th_packed_begin(row->values, row->values_size, &cursor->packed);
    next(cursor);
}

int th_compare_figures(const struct th_row *before, const struct th_row *after,
                       th_figure_change_fn *fn, void *context)
{
    struct cursor old, new;
    int status = TH_OK;
    begin(before, &old);
    begin(after, &new);
    while ((old.has || new.has) && status == TH_OK) {
        bool is_old = old.has && (!new.has || old.number <= new.number);
        bool is_new = new.has && (!old.has || new.number <= old.number);
        const struct th_figure_change change = {.indicator = is_old ? old.number : new.number,
                                                .has_before = is_old,
                                                .has_after = is_new,
                                                .before = is_old ? old.value : 0,
                                                .after = is_new ? new.value : 0};
        if (!is_old || !is_new || old.value != new.value)
            status = fn(context, &change);
        if (is_old)
            next(&old);
        if (is_new)
            next(&new);
    }
    return status;
}

json_t *th_compare_figure_json(const struct th_indicator *indicator, bool is_there, int64_t value)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    if (!is_there)
        return json_null();
    if (indicator->type == TH_TYPE_TEXT)
        return json_integer((json_int_t)value);
    return json_string(th_indicator_format(indicator, value, text, sizeof text));
}
