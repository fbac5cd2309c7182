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
        head = th_json_set(head, "clock", json_string("suspect"));
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
    line = th_json_set(line, "number", json_integer(row->number));
    line = th_json_set(line, "revision", json_integer(row->revision));
    line = th_json_set(line, "position", json_integer((json_int_t)row->position));
    line = th_json_set(line, "first_received", th_json_instant(row->first_received));
    line = th_json_set(line, "received", th_json_instant(row->received));
    line = th_json_set(line, "estimated", json_boolean(row->estimated));
    line = th_json_set(line, "on_behalf", json_boolean(row->entered));
    if (late)
        line = th_json_set(line, "prepared_in_time",
                           json_boolean(row->has_due && row->prepared.ms < row->due.ms));
    return line;
}

/* ---- which lines ---- */

#define MISSING TH_STANDING_COUNT /* whoever is expected and has not reported */
#define ANY     (TH_STANDING_COUNT + 1)

struct lines {
    const struct th_question *question;
    const struct th_past_rows *rows;
    struct th_search_words words;
    int standing; /* an enum th_standing, or one of those above */
    uint32_t limit;
    struct th_query_place after; /* where the page before ended */
    struct th_query_place last;  /* that is in the list */
    json_t *list;
    bool has_more;
};

static int parse_standing(const struct th_question *question, int *ret_standing)
{
    struct th_text word = question->query->standing;
    *ret_standing = word.size == 0 ? ANY : MISSING;
    if (word.size == 0 || th_query_text_is("missing", word))
        return TH_OK;
    for (int i = 0; i < TH_STANDING_COUNT; i++)
        if (th_query_text_is(th_standing_word((enum th_standing)i), word)) {
            *ret_standing = i;
            return TH_OK;
        }
    return th_query_refuse(question, TH_E_INVALID,
                           "không có tình trạng “%.*s”: dùng missing, on_time, late, overdue, "
                           "not_due, due_soon, undecided hoặc received",
                           (int)word.size, word.bytes);
}

static bool is_wanted(const struct lines *lines, uint32_t unit, const struct th_row *row)
{
    const struct th_question *question = lines->question;
    const struct th_obligation *obligation = question->obligation;
    const struct th_query_place place = {unit, row == NULL ? 0 : row->number, 0};
    if (!th_query_is_after(&place, &lines->after))
        return false;
    if (lines->standing == MISSING && (row != NULL || obligation->suspended))
        return false;
    if (lines->standing < TH_STANDING_COUNT &&
        (int)th_standing_of(obligation, row, question->as_of) != lines->standing)
        return false;
    return th_search_rank_unit(&lines->words, &question->context->names, &question->context->units,
                               unit) != TH_SEARCH_NONE;
}

/* False: there is no room for more. */
static bool add_line(struct lines *lines, uint32_t unit, const struct th_row *row)
{
    if (!is_wanted(lines, unit, row))
        return true;
    lines->has_more = lines->limit > 0 && json_array_size(lines->list) == lines->limit;
    if (lines->has_more)
        return false;
    lines->list = th_json_append(lines->list, unit_line(lines->question, unit, row));
    lines->last = (struct th_query_place){unit, row == NULL ? 0 : row->number, 0};
    return true;
}

/* One unit after the other, as long as there is room. */
static void add_lines(struct lines *lines)
{
    const struct th_question *question = lines->question;
    bool has_room = true;
    for (uint32_t unit = 0; unit < question->context->units.count && has_room; unit++) {
        size_t count;
        bool reported = false;
        if (!th_query_covers(question, unit))
            continue;
        const struct th_row *rows = th_query_rows_of(question, lines->rows, unit, &count);
        for (size_t i = 0; i < count && has_room; i++, reported = true)
            if (question->number == 0 || rows[i].number == question->number)
                has_room = add_line(lines, unit, &rows[i]);
        if (!reported && has_room && th_query_is_expected(question, unit))
            has_room = add_line(lines, unit, NULL);
    }
}

static int init_lines(const struct th_question *question, struct lines *lines)
{
    *lines = (struct lines){.question = question, .limit = question->query->limit};
    int status = parse_standing(question, &lines->standing);
    if (status == TH_OK)
        status = th_query_read_after(question, &lines->after);
    if (status == TH_OK)
        status = th_search_words_init(question->query->search, question->arena, &lines->words);
    return status;
}

/* ---- the answer ---- */

static json_t *set_lines(struct lines *lines, json_t *answer)
{
    lines->list = json_array();
    add_lines(lines);
    size_t shown = json_array_size(lines->list);
    answer = th_json_set(answer, "shown", json_integer((json_int_t)shown));
    answer = th_json_set(answer, "more",
                         lines->has_more ? th_query_place_json(lines->question, &lines->last)
                                         : json_null());
    return th_json_set(answer, "units", lines->list);
}

int th_query_standing(const struct th_question *question, json_t **ret_answer)
{
    struct th_past_rows rows = {.count = 0};
    struct th_rollup rollup;
    struct lines lines;
    json_t *below = NULL;
    bool is_brief = question->query->is_brief;
    int status = init_lines(question, &lines);
    if (status == TH_OK && !is_brief)
        status = th_query_rows(question, &rows);
    if (status == TH_OK)
        status = th_query_collect(question, is_brief ? NULL : &rows, &rollup);
    if (status == TH_OK && !is_brief)
        status = th_query_below(question, &rows, &below);
    if (status != TH_OK)
        return status;
    const struct th_obligation *obligation = question->obligation;
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "due",
                         obligation->has_due ? th_json_instant(obligation->due) : json_null());
    answer = th_json_set(answer, "counts", th_query_counts(question, &rollup.counts));
    lines.rows = &rows;
    if (!is_brief)
        answer = set_lines(&lines, th_json_set(answer, "below", below));
    *ret_answer = answer;
    return answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
