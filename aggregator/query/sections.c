/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One text of the reports, unit beside unit. Texts are in the journal, so an answer reads no more
 * entries than it has to: those of rows that have the text, and a bounded number of them.
 */
#include "aggregator/query/question.h"

#include "proto/model/packed.h"

#include <stdio.h>
#include <string.h>

#define LINES       100  /* when no limit is given */
#define READS_MAX   2000 /* entries of the journal, of one answer */
#define BLOCK_BYTES ((size_t)64 * 1024)

struct reading {
    const struct th_question *question;
    const struct th_past_rows *rows;
    const struct th_indicator *indicator;
    struct th_search_words words;
    struct th_query_place after, last; /* where the page before ended; what was looked at last */
    struct th_arena arena;             /* of one report */
    uint32_t limit, reads, reported;
    bool has_more;
    json_t *list;
};

/* ---- which text ---- */

/* The one that is asked for, or the only one that there is. */
static int find_indicator(const struct th_question *question,
                          const struct th_indicator **ret_indicator)
{
    const struct th_catalogue *catalogue = &question->plan->plan->catalogue;
    struct th_text code = question->query->indicators;
    const struct th_indicator *found = NULL;
    char known[240] = "";
    uint32_t count = 0;
    for (uint16_t number = 1; number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        if (indicator == NULL || indicator->type != TH_TYPE_TEXT)
            continue;
        size_t used = strlen(known);
        (void)snprintf(known + used, sizeof known - used, "%s%s", used == 0 ? "" : ", ",
                       indicator->code);
        if (code.size > 0 && !th_query_text_is(indicator->code, code))
            continue;
        found = indicator;
        count++;
    }
    if (count == 1) {
        *ret_indicator = found;
        return TH_OK;
    }
    if (code.size > 0)
        return th_query_refuse(question, TH_E_NOT_FOUND,
                               "không có phần lời văn “%.*s”; hiện có: %s", (int)code.size,
                               code.bytes, known);
    return th_query_refuse(th_query_lacks(question, "indicator"),
                           count == 0 ? TH_E_NOT_FOUND : TH_E_AMBIGUOUS,
                           "nói rõ indicator, phần lời văn nào (%s)", known);
}

static bool has_text(const struct th_row *row, uint16_t wanted)
{
    int64_t size;
    return th_packed_find(row->values, row->values_size, wanted, &size);
}

/* ---- one report ---- */

static int read_text(struct reading *reading, const struct th_row *row, struct th_text *ret_text)
{
    struct th_report report;
    th_arena_reset(&reading->arena);
    int status = th_query_read_report(reading->question, row->position, row->index, &reading->arena,
                                      &report, NULL);
    if (status != TH_OK)
        return status;
    for (size_t i = 0; i < report.narratives_count; i++)
        if (report.narratives[i].indicator == reading->indicator->number) {
            *ret_text = report.narratives[i].text;
            return TH_OK;
        }
    return TH_E_CORRUPT; /* the row says that there is one */
}

static json_t *line_of(const struct reading *reading, uint32_t unit, const struct th_row *row,
                       struct th_text text)
{
    const struct th_unit *u = &reading->question->context->units.units[unit];
    json_t *line = th_json_set(json_object(), "unit", json_string(u->code));
    line = th_json_set(line, "name", json_string(u->name));
    line = th_json_set(line, "parent_name",
                       th_json_text(th_query_parent_name(reading->question, unit)));
    if (row->number > 0)
        line = th_json_set(line, "number", json_integer(row->number));
    line = th_json_set(line, "revision", json_integer(row->revision));
    line = th_json_set(line, "position", json_integer((json_int_t)row->position));
    return th_json_set(line, "text", th_json_span(text));
}

static int take_row(struct reading *reading, uint32_t unit, const struct th_row *row)
{
    const struct th_query_context *context = reading->question->context;
    const struct th_query_place place = {unit, row->number, 0};
    struct th_text text;
    bool is_found = false;
    if (!has_text(row, reading->indicator->number))
        return TH_OK;
    reading->reported++;
    if (reading->has_more || !th_query_is_after(&place, &reading->after))
        return TH_OK;
    if (json_array_size(reading->list) == reading->limit || reading->reads == READS_MAX) {
        reading->has_more = true;
        return TH_OK;
    }
    reading->reads++;
    reading->last = place;
    int status = read_text(reading, row, &text);
    if (status == TH_OK)
        status = th_search_in_text(&reading->words, text, &is_found);
    if (status != TH_OK)
        return status == TH_E_TEXT ? TH_E_CORRUPT : status;
    if (is_found || th_search_rank_unit(&reading->words, &context->names, &context->units, unit) !=
                        TH_SEARCH_NONE)
        reading->list = th_json_append(reading->list, line_of(reading, unit, row, text));
    return reading->list == NULL ? TH_E_NO_MEMORY : TH_OK;
}

static int take_rows(struct reading *reading)
{
    const struct th_question *question = reading->question;
    int status = TH_OK;
    for (uint32_t unit = 0; unit < question->context->units.count && status == TH_OK; unit++) {
        size_t count;
        const struct th_row *rows = th_query_rows_of(question, reading->rows, unit, &count);
        for (size_t i = 0; i < count && status == TH_OK; i++)
            if (question->number == 0 || rows[i].number == question->number)
                status = take_row(reading, unit, &rows[i]);
    }
    return status;
}

/* ---- the answer ---- */

static json_t *answer_of(struct reading *reading, const struct th_rollup *rollup)
{
    const struct th_question *question = reading->question;
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "branch", json_string(th_query_branch_word(question->branch)));
    answer = th_json_set(answer, "indicator", json_string(reading->indicator->code));
    answer = th_json_set(answer, "name", json_string(reading->indicator->name));
    answer = th_json_set(answer, "counts", th_query_counts(question, &rollup->counts));
    answer = th_json_set(answer, "reported", json_integer(reading->reported));
    answer = th_json_set(answer, "sections", reading->list);
    return th_json_set(answer, "more",
                       reading->has_more ? th_query_place_json(question, &reading->last)
                                         : json_null());
}

int th_query_narrative(const struct th_question *question, json_t **ret_answer)
{
    struct th_past_rows rows;
    struct th_rollup rollup;
    struct reading reading = {.question = question, .rows = &rows};
    reading.limit = question->query->limit == 0 ? LINES : question->query->limit;
    int status = find_indicator(question, &reading.indicator);
    if (status == TH_OK)
        status = th_query_read_after(question, &reading.after);
    if (status == TH_OK)
        status = th_search_words_init(question->query->search, question->arena, &reading.words);
    if (status == TH_OK)
        status = th_query_rows(question, &rows);
    if (status == TH_OK)
        status = th_query_collect(question, &rows, &rollup);
    if (status != TH_OK)
        return status;
    th_arena_init(&reading.arena, BLOCK_BYTES, TH_LIMIT_DECODE_ARENA_BYTES);
    reading.list = json_array();
    status = take_rows(&reading);
    th_arena_deinit(&reading.arena);
    if (status != TH_OK) {
        json_decref(reading.list);
        return status;
    }
    *ret_answer = answer_of(&reading, &rollup);
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
