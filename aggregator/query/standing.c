/* SPDX-License-Identifier: Apache-2.0 */
/* Who has reported, who has not, who was late: one line for each unit that is expected or has
 * reported. */
#include "aggregator/query/question.h"

#include "aggregator/core/standing.h"

#include <string.h>

json_t *th_query_moment(const struct th_question *question)
{
    json_t *head = json_pack("{s:o,s:I}", "as_of", th_json_instant(question->as_of), "position",
                             (json_int_t)question->size);
    if (question->is_clock_suspect)
        head = th_json_set(head, "clock", json_string("suspect"));
    return head;
}

json_t *th_query_head(const struct th_question *question)
{
    const struct th_obligation *obligation = question->obligation;
    json_t *head =
        json_pack("{s:s,s:s,s:s,s:o,s:I}", "plan", question->plan->plan->id, "obligation",
                  obligation->id, "period", obligation->period, "as_of",
                  th_json_instant(question->as_of), "position", (json_int_t)question->size);
    if (question->is_clock_suspect)
        json_object_set_new(head, "clock", json_string("suspect"));
    return head;
}

static json_t *unit_line(const struct th_question *question, uint32_t unit,
                         const struct th_row *row)
{
    const struct th_unit *u = &question->context->units.units[unit];
    const struct th_obligation *obligation = question->obligation;
    enum th_standing standing = th_standing_of(obligation, row, question->as_of);
    json_t *line = json_pack("{s:s,s:s,s:s,s:s,s:s}", "unit", u->code, "name", u->name, "kind",
                             th_unit_kind_word(u->kind), "parent", u->parent_code, "standing",
                             th_standing_word(standing));
    if (row == NULL)
        return line;
    bool late = row->timeliness == TH_TIMELINESS_LATE;
    json_object_set_new(line, "number", json_integer(row->number));
    json_object_set_new(line, "revision", json_integer(row->revision));
    json_object_set_new(line, "position", json_integer((json_int_t)row->position));
    json_object_set_new(line, "first_received", th_json_instant(row->first_received));
    json_object_set_new(line, "received", th_json_instant(row->received));
    json_object_set_new(line, "estimated", json_boolean(row->estimated));
    if (late)
        json_object_set_new(line, "prepared_in_time",
                            json_boolean(row->has_due && row->prepared.ms < row->due.ms));
    return line;
}

static size_t first_row_of(const struct th_past_rows *rows, uint32_t number)
{
    size_t low = 0, high = rows->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rows->rows[middle].unit < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static json_t *unit_lines(const struct th_question *question, const struct th_past_rows *rows)
{
    json_t *lines = json_array();
    for (uint32_t unit = 0; unit < question->context->units.count; unit++) {
        if (!th_query_covers(question, unit))
            continue;
        uint32_t number = question->context->number_of[unit];
        size_t i = first_row_of(rows, number);
        bool reported = false;
        for (; i < rows->count && rows->rows[i].unit == number; i++, reported = true)
            if (question->number == 0 || rows->rows[i].number == question->number)
                json_array_append_new(lines, unit_line(question, unit, &rows->rows[i]));
        if (!reported && th_query_is_expected(question, unit))
            json_array_append_new(lines, unit_line(question, unit, NULL));
    }
    return lines;
}

int th_query_standing(const struct th_question *question, json_t **ret_answer)
{
    struct th_past_rows rows = {.count = 0};
    struct th_rollup rollup;
    json_t *below = NULL;
    int status = question->query->is_brief ? TH_OK : th_query_rows(question, &rows);
    if (status == TH_OK)
        status = th_query_collect(question, question->query->is_brief ? NULL : &rows, &rollup);
    if (status == TH_OK && !question->query->is_brief)
        status = th_query_below(question, &rows, &below);
    if (status != TH_OK)
        return status;
    json_t *answer = th_query_head(question);
    json_object_set_new(answer, "unit",
                        json_string(question->context->units.units[question->unit].code));
    json_object_set_new(answer, "due",
                        question->obligation->has_due ? th_json_instant(question->obligation->due)
                                                      : json_null());
    json_object_set_new(answer, "counts", th_query_counts(question, &rollup.counts));
    if (!question->query->is_brief) {
        json_object_set_new(answer, "below", below);
        json_object_set_new(answer, "units", unit_lines(question, &rows));
    }
    *ret_answer = answer;
    return answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
