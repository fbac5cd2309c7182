/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/audit/diff_parts.h"

#include "aggregator/query/compare.h"

/* ---- names ---- */

static const char *part_word(enum th_total_part part)
{
    static const char *const words[] = {
        [TH_TOTAL_RECEIVED] = "received",
        [TH_TOTAL_ON_TIME] = "on_time",
        [TH_TOTAL_LATE] = "late",
        [TH_TOTAL_UNDECIDED] = "undecided",
        [TH_TOTAL_ESTIMATED] = "estimated",
        [TH_TOTAL_ENTERED] = "on_behalf",
        [TH_TOTAL_REPORTED] = "reported",
        [TH_TOTAL_VALUE] = "value",
        [TH_TOTAL_AVERAGE] = "average",
        [TH_TOTAL_MIN] = "min",
        [TH_TOTAL_MAX] = "max",
        [TH_TOTAL_OF_VALUE] = "count",
    };
    return words[part];
}

static const char *kind_word(enum th_change_kind kind)
{
    static const char *const words[] = {
        [TH_CHANGE_NEW] = "new",
        [TH_CHANGE_CORRECTION] = "correction",
        [TH_CHANGE_JUDGED] = "judged",
    };
    return words[kind];
}

/* {"indicator","part"} and "word" of a count. */
static json_t *total_head(const struct th_rollup_layout *layout, const struct th_total *total)
{
    json_t *object = json_object();
    const struct th_indicator *indicator =
        total->indicator == 0 ? NULL : th_catalogue_get(layout->catalogue, total->indicator);
    (void)json_object_set_new(object, "indicator",
                              indicator == NULL ? json_null() : json_string(indicator->code));
    (void)json_object_set_new(object, "part", json_string(part_word(total->part)));
    if (total->part == TH_TOTAL_OF_VALUE && indicator != NULL)
        (void)json_object_set_new(object, "word", json_string(indicator->values[total->word]));
    return object;
}

static void put_total(const struct th_rollup_layout *layout, json_t *object, const char *name,
                      const struct th_total *total)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    (void)json_object_set_new(object, name,
                              total->is_there ? json_string(th_total_format(layout, total, text))
                                              : json_null());
}

static void put_effect(json_t *object, const char *name, const struct th_total *total,
                       th_int128 effect)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    (void)json_object_set_new(object, name,
                              json_string(th_total_format_effect(total, effect, text)));
}

/* ---- figures of one report ---- */

struct figures {
    const struct th_catalogue *catalogue;
    json_t *list;
};

static int put_figure(void *context, const struct th_figure_change *change)
{
    const struct figures *figures = context;
    const struct th_indicator *indicator = th_catalogue_get(figures->catalogue, change->indicator);
    if (indicator != NULL)
        (void)json_array_append_new(
            figures->list,
            json_pack("{s:s,s:b,s:o,s:o}", "indicator", indicator->code, "text",
                      (int)(indicator->type == TH_TYPE_TEXT), "before",
                      th_compare_figure_json(indicator, change->has_before, change->before),
                      "after",
                      th_compare_figure_json(indicator, change->has_after, change->after)));
    return 0;
}

static int put_figures(const struct th_rollup_layout *layout, const struct th_change *change,
                       json_t *object)
{
    struct figures figures = {layout->catalogue, json_array()};
    int status = th_compare_figures(change->before, change->after, put_figure, &figures);
    (void)json_object_set_new(object, "figures", figures.list);
    return status;
}

/* ---- changes ---- */

struct ladder {
    const struct th_question *question;
    const struct th_rollup_layout *layout;
    uint32_t totals_count;
    struct th_total *begin, *before, *after; /* of the first moment; around one change */
    th_int128 *sums;                         /* of the effects */
    struct th_tally tally;
};

static int ladder_init(const struct th_question *question, const struct th_changes *changes,
                       struct ladder *ladder)
{
    struct th_arena *arena = question->arena;
    *ladder = (struct ladder){.question = question, .layout = &question->plan->layout};
    ladder->totals_count = th_totals_count(ladder->layout);
    ladder->begin = th_arena_alloc_array(arena, ladder->totals_count, sizeof *ladder->begin);
    ladder->before = th_arena_alloc_array(arena, ladder->totals_count, sizeof *ladder->before);
    ladder->after = th_arena_alloc_array(arena, ladder->totals_count, sizeof *ladder->after);
    ladder->sums = th_arena_alloc_array(arena, ladder->totals_count, sizeof *ladder->sums);
    if (ladder->begin == NULL || ladder->before == NULL || ladder->after == NULL ||
        ladder->sums == NULL)
        return TH_E_NO_MEMORY;
    int status = th_tally_new(ladder->layout, (uint32_t)changes->to.count, arena, &ladder->tally);
    if (status != 0)
        return status;
    for (uint32_t slot = 0; slot < changes->to.count; slot++)
        th_tally_put(&ladder->tally, slot, changes->from_of[slot]);
    th_totals_take(ladder->layout, &ladder->tally.rollup, ladder->begin);
    th_totals_take(ladder->layout, &ladder->tally.rollup, ladder->after);
    return 0;
}

static json_t *change_head(const struct ladder *ladder, const struct th_change *change,
                           const struct th_stored_entry *entry)
{
    const struct th_query_context *context = ladder->question->context;
    const struct th_row *row = change->after;
    const struct th_unit *unit = &context->units.units[context->index_of[row->unit]];
    return json_pack("{s:I,s:o,s:s,s:b,s:b,s:s,s:s,s:I,s:I,s:o,s:s,s:s}", "position",
                     (json_int_t)change->position, "time", th_json_instant(entry->time), "kind",
                     kind_word(change->kind), "readmitted",
                     (int)(entry->kind == TH_ENTRY_READMITTED), "on_behalf",
                     (int)(entry->kind == TH_ENTRY_ENTERED), "unit", unit->code, "name", unit->name,
                     "number", (json_int_t)row->number, "revision", (json_int_t)row->revision,
                     "received", th_json_instant(row->received), "timeliness",
                     th_timeliness_word(row->timeliness), "timeliness_before",
                     change->before == NULL ? "" : th_timeliness_word(change->before->timeliness));
}

/* One step: the change is applied, and what it does to each total is noted. */
static int climb(struct ladder *ladder, const struct th_change *change, json_t *list)
{
    struct th_stored_entry entry;
    struct th_total *swap = ladder->before;
    int status = th_view_entry(ladder->question->view, change->position, &entry);
    if (status != 0)
        return status == TH_E_NOT_FOUND ? TH_E_CORRUPT : status;
    ladder->before = ladder->after;
    ladder->after = swap;
    th_tally_put(&ladder->tally, change->slot, change->after);
    th_totals_take(ladder->layout, &ladder->tally.rollup, ladder->after);
    json_t *object = change_head(ladder, change, &entry);
    json_t *effects = json_array();
    status = put_figures(ladder->layout, change, object);
    for (uint32_t i = 0; i < ladder->totals_count; i++) {
        const struct th_total *before = &ladder->before[i], *after = &ladder->after[i];
        th_int128 effect = after->number - before->number;
        ladder->sums[i] += effect;
        if (effect == 0 && before->is_there == after->is_there)
            continue;
        json_t *line = total_head(ladder->layout, after);
        put_total(ladder->layout, line, "before", before);
        put_total(ladder->layout, line, "after", after);
        put_effect(line, "effect", after, effect);
        (void)json_array_append_new(effects, line);
    }
    (void)json_object_set_new(object, "effects", effects);
    (void)json_array_append_new(list, object);
    return status;
}

/* ---- the end ---- */

/* The totals that changed, and whether the effects add up to the difference. */
static json_t *totals_of(const struct ladder *ladder, const struct th_total *end, bool *ret_add_up)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < ladder->totals_count; i++) {
        th_int128 difference = end[i].number - ladder->begin[i].number;
        if (difference != ladder->sums[i])
            *ret_add_up = false;
        if (difference == 0 && ladder->sums[i] == 0 && ladder->begin[i].is_there == end[i].is_there)
            continue;
        json_t *line = total_head(ladder->layout, &end[i]);
        put_total(ladder->layout, line, "from", &ladder->begin[i]);
        put_total(ladder->layout, line, "to", &end[i]);
        put_effect(line, "difference", &end[i], difference);
        put_effect(line, "effects", &end[i], ladder->sums[i]);
        (void)json_array_append_new(list, line);
    }
    return list;
}

/* The rollup of the second moment, made of its rows and of nothing that was done before. */
static int rollup_of(const struct th_question *question, const struct th_past_rows *rows,
                     struct th_rollup *ret_rollup)
{
    const struct th_rollup_layout *layout = &question->plan->layout;
    int status = th_rollup_new(layout, question->arena, ret_rollup);
    for (size_t i = 0; i < rows->count && status == 0; i++)
        th_rollup_apply(layout, ret_rollup, &rows->rows[i]);
    return status;
}

int th_diff_answer(const struct th_question *question, const struct th_changes *changes,
                   struct th_reader *reader, json_t **ret_answer, bool *ret_holds)
{
    struct ladder ladder;
    struct th_rollup end;
    bool add_up = true;
    int status = ladder_init(question, changes, &ladder);
    if (status == 0)
        status = rollup_of(question, &changes->to, &end);
    struct th_total *totals =
        th_arena_alloc_array(question->arena, ladder.totals_count, sizeof *totals);
    if (status == 0 && totals == NULL)
        status = TH_E_NO_MEMORY;
    if (status != 0)
        return status;
    json_t *list = json_array();
    for (size_t i = 0; i < changes->count && status == 0; i++) {
        th_reader_step(reader, i, changes->items[i].position);
        status = climb(&ladder, &changes->items[i], list);
    }
    if (status != 0) {
        json_decref(list);
        return status;
    }
    th_totals_take(ladder.layout, &end, totals);
    bool is_same = th_rollup_equal(ladder.layout, &ladder.tally.rollup, &end);
    const struct th_unit *unit = &question->context->units.units[question->unit];
    json_t *answer = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "plan", question->plan->plan->id,
                               "obligation", question->obligation->id, "period",
                               question->obligation->period, "unit", unit->code, "name", unit->name,
                               "changes", list, "totals", totals_of(&ladder, totals, &add_up));
    (void)json_object_set_new(
        answer, "checks",
        json_pack("{s:b,s:b}", "effects_add_up", (int)add_up, "end_is_as_of", (int)is_same));
    *ret_answer = answer;
    *ret_holds = add_up && is_same;
    return answer == NULL ? TH_E_NO_MEMORY : 0;
}
