/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When reports came: how many had been received for the first time at each moment, against the due
 * instant. Exact at each point that is shown; of many moments every n-th is shown, and always the
 * last one before the due instant and the last one of all.
 */
#include "aggregator/query/question.h"

#include <stdlib.h>

#define POINTS_MAX 200

struct arrival {
    th_instant at;
    enum th_timeliness timeliness;
};

struct curve {
    const struct arrival *arrivals;
    size_t count;
    bool is_dated;
    th_instant due;
};

static int compare(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->at.ms != y->at.ms)
        return x->at.ms < y->at.ms ? -1 : 1;
    return (x->timeliness > y->timeliness) - (x->timeliness < y->timeliness);
}

/* What came in the same millisecond is one moment: its last arrival stands for it. */
static bool ends_moment(const struct curve *curve, size_t i)
{
    return i + 1 == curve->count || curve->arrivals[i + 1].at.ms != curve->arrivals[i].at.ms;
}

static size_t count_moments(const struct curve *curve)
{
    size_t moments = 0;
    for (size_t i = 0; i < curve->count; i++)
        moments += ends_moment(curve, i);
    return moments;
}

/* Between this arrival and the next one lies the due instant, or nothing at all. */
static bool is_kept(const struct curve *curve, size_t i)
{
    bool is_last = i + 1 == curve->count;
    return is_last || (curve->is_dated && curve->arrivals[i].at.ms < curve->due.ms &&
                       curve->arrivals[i + 1].at.ms >= curve->due.ms);
}

static json_t *points_of(const struct curve *curve)
{
    json_t *points = json_array();
    size_t on_time = 0, late = 0, moments = 0;
    size_t stride = (count_moments(curve) + POINTS_MAX - 3) / (POINTS_MAX - 2);
    for (size_t i = 0; i < curve->count; i++) {
        on_time += curve->arrivals[i].timeliness == TH_TIMELINESS_ON_TIME;
        late += curve->arrivals[i].timeliness == TH_TIMELINESS_LATE;
        if (!ends_moment(curve, i) || (++moments % stride != 0 && !is_kept(curve, i)))
            continue;
        json_t *point = th_json_set(json_object(), "at", th_json_instant(curve->arrivals[i].at));
        point = th_json_set(point, "received", json_integer((json_int_t)i + 1));
        point = th_json_set(point, "on_time",
                            curve->is_dated ? json_integer((json_int_t)on_time) : json_null());
        point = th_json_set(point, "late",
                            curve->is_dated ? json_integer((json_int_t)late) : json_null());
        points = th_json_append(points, point);
    }
    return points;
}

int th_query_arrivals(const struct th_question *question, json_t **ret_answer)
{
    const struct th_obligation *obligation = question->obligation;
    struct th_past_rows rows;
    struct th_rollup rollup;
    int status = th_query_rows(question, &rows);
    if (status == TH_OK)
        status = th_query_collect(question, &rows, &rollup);
    if (status != TH_OK)
        return status;
    struct arrival *arrivals =
        th_arena_alloc_array(question->arena, rows.count + 1, sizeof *arrivals);
    if (arrivals == NULL)
        return TH_E_NO_MEMORY;
    for (size_t i = 0; i < rows.count; i++)
        arrivals[i] = (struct arrival){rows.rows[i].first_received, rows.rows[i].timeliness};
    qsort(arrivals, rows.count, sizeof *arrivals, compare);
    const struct curve curve = {arrivals, rows.count, obligation->has_due, obligation->due};
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "branch", json_string(th_query_branch_word(question->branch)));
    answer = th_json_set(answer, "due",
                         obligation->has_due ? th_json_instant(obligation->due) : json_null());
    answer = th_json_set(answer, "start", th_json_instant(question->plan->loaded_at));
    answer = th_json_set(answer, "end", th_json_instant(question->as_of));
    answer = th_json_set(answer, "counts", th_query_counts(question, &rollup.counts));
    *ret_answer = th_json_set(answer, "points", points_of(&curve));
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
