/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of "Dân vận khéo" models, as the reports name them. Models are in the journal alone,
 * so every report is read, up to a bound, for the counts; a page shows a part of them.
 */
#include "aggregator/query/question.h"

#include <stdlib.h>
#include <string.h>

#define LINES       200  /* when no limit is given */
#define READS_MAX   5000 /* reports, of one answer */
#define FIELDS_MAX  500  /* that are counted one by one */
#define BLOCK_BYTES ((size_t)64 * 1024)
#define STAGES      (TH_SHOWCASE_ENDED + 1)

struct reading {
    const struct th_question *question;
    const struct th_past_rows *rows;
    struct th_search_words words, kind;
    struct th_query_place after, last;
    struct th_arena arena; /* of one report */
    uint32_t limit, reads, units;
    json_int_t models, other_fields, by_stage[STAGES];
    json_t *by_field; /* by folded field: {"field","count"} */
    json_t *by_unit;
    json_t *list;
    bool has_more, is_cut; /* lines are left; reports were not read */
};

/* ---- counts ---- */

static int count_field(struct reading *reading, struct th_text field)
{
    char *folded = NULL;
    size_t size = 0;
    int status = th_text_fold(field.bytes, field.size, &folded, &size);
    if (status < 0)
        return status == TH_E_TEXT ? TH_E_CORRUPT : status;
    json_t *line = json_object_get(reading->by_field, folded);
    if (line != NULL) {
        json_t *count = json_object_get(line, "count");
        (void)json_integer_set(count, json_integer_value(count) + 1);
    } else if (json_object_size(reading->by_field) < FIELDS_MAX) {
        line = json_pack("{s:o,s:i}", "field", th_json_span(field), "count", 1);
        if (json_object_set_new(reading->by_field, folded, line) < 0)
            status = TH_E_NO_MEMORY;
    } else {
        reading->other_fields++;
    }
    free(folded);
    return status;
}

static const char *stage_label(enum th_showcase_stage stage)
{
    static const char *const labels[STAGES] = {"", "đăng ký", "đang thực hiện", "được công nhận",
                                               "đã kết thúc"};
    return labels[stage];
}

/* ---- one model ---- */

static int is_wanted(const struct reading *reading, uint32_t unit,
                     const struct th_showcase *showcase, bool *ret_wanted)
{
    const struct th_query_context *context = reading->question->context;
    bool is_kind = reading->kind.folded[0] == '\0' ||
                   strcmp(th_query_stage_word(showcase->stage), reading->kind.folded) == 0;
    bool is_found = th_search_rank_unit(&reading->words, &context->names, &context->units, unit) !=
                    TH_SEARCH_NONE;
    int status = TH_OK;
    if (!is_kind)
        status = th_search_in_text(&reading->kind, showcase->field, &is_kind);
    if (status == TH_OK && !is_found)
        status = th_search_in_text(&reading->words, showcase->name, &is_found);
    if (status == TH_OK && !is_found)
        status = th_search_in_text(&reading->words, showcase->summary, &is_found);
    if (status == TH_OK)
        *ret_wanted = is_kind && is_found;
    return status == TH_E_TEXT ? TH_E_CORRUPT : status;
}

static json_t *model_json(const struct reading *reading, uint32_t unit, const struct th_row *row,
                          const struct th_showcase *showcase)
{
    const struct th_unit *u = &reading->question->context->units.units[unit];
    json_t *line = th_json_set(json_object(), "unit", json_string(u->code));
    line = th_json_set(line, "unit_name", json_string(u->name));
    line = th_json_set(line, "parent_name",
                       th_json_text(th_query_parent_name(reading->question, unit)));
    line = th_json_set(line, "name", th_json_span(showcase->name));
    line = th_json_set(line, "field", th_json_span(showcase->field));
    line = th_json_set(line, "stage", json_string(th_query_stage_word(showcase->stage)));
    line = th_json_set(line, "stage_name", json_string(stage_label(showcase->stage)));
    line = th_json_set(line, "summary", th_json_span(showcase->summary));
    if (row->number > 0)
        line = th_json_set(line, "number", json_integer(row->number));
    return th_json_set(line, "position", json_integer((json_int_t)row->position));
}

static int take_model(struct reading *reading, struct th_query_place place,
                      const struct th_row *row, const struct th_showcase *showcase)
{
    bool wanted = false;
    reading->models++;
    reading->by_stage[showcase->stage]++;
    int status = count_field(reading, showcase->field);
    if (status != TH_OK || reading->has_more || !th_query_is_after(&place, &reading->after))
        return status;
    status = is_wanted(reading, place.unit, showcase, &wanted);
    if (status != TH_OK || !wanted)
        return status;
    if (json_array_size(reading->list) == reading->limit) {
        reading->has_more = true;
        return TH_OK;
    }
    reading->last = place;
    reading->list = th_json_append(reading->list, model_json(reading, place.unit, row, showcase));
    return reading->list == NULL ? TH_E_NO_MEMORY : TH_OK;
}

/* ---- one report ---- */

static int take_row(struct reading *reading, uint32_t unit, const struct th_row *row,
                    json_int_t *of_unit)
{
    struct th_report report;
    if (reading->reads == READS_MAX) {
        reading->is_cut = true;
        return TH_OK;
    }
    reading->reads++;
    th_arena_reset(&reading->arena);
    int status = th_query_read_report(reading->question, row->position, row->index, &reading->arena,
                                      &report, NULL);
    for (size_t i = 0; status == TH_OK && i < report.showcases_count; i++) {
        const struct th_query_place place = {unit, row->number, (uint32_t)i + 1};
        status = take_model(reading, place, row, &report.showcases[i]);
    }
    if (status == TH_OK)
        *of_unit += (json_int_t)report.showcases_count;
    return status;
}

static int take_rows(struct reading *reading)
{
    const struct th_question *question = reading->question;
    int status = TH_OK;
    for (uint32_t unit = 0; unit < question->context->units.count && status == TH_OK; unit++) {
        const struct th_unit *u = &question->context->units.units[unit];
        size_t count;
        json_int_t of_unit = 0;
        const struct th_row *rows = th_query_rows_of(question, reading->rows, unit, &count);
        for (size_t i = 0; i < count && status == TH_OK; i++)
            if (question->number == 0 || rows[i].number == question->number)
                status = take_row(reading, unit, &rows[i], &of_unit);
        if (of_unit == 0)
            continue;
        reading->units++;
        reading->by_unit =
            th_json_append(reading->by_unit, json_pack("{s:s,s:s,s:I}", "unit", u->code, "name",
                                                       u->name, "count", of_unit));
    }
    return status;
}

/* ---- the answer ---- */

static json_t *counts_of(struct reading *reading)
{
    const char *folded;
    struct th_counts whole = {.has_expected = false};
    json_t *line, *fields = json_array(), *stages = json_object();
    th_query_fill_expected(reading->question, th_query_expected(reading->question, 0), &whole);
    json_object_foreach(reading->by_field, folded, line)
    {
        fields = th_json_append(fields, json_incref(line));
    }
    for (int stage = TH_SHOWCASE_REGISTERED; stage < STAGES; stage++)
        stages = th_json_set(stages, th_query_stage_word((enum th_showcase_stage)stage),
                             json_integer(reading->by_stage[stage]));
    json_t *counts = th_json_set(json_object(), "models", json_integer(reading->models));
    counts = th_json_set(counts, "units", json_integer(reading->units));
    counts = th_json_set(counts, "reports", json_integer(reading->reads));
    counts = th_json_set(counts, "expected",
                         whole.has_expected ? json_integer(whole.expected) : json_null());
    counts = th_json_set(counts, "complete", json_boolean(!reading->is_cut));
    counts = th_json_set(counts, "by_stage", stages);
    counts = th_json_set(counts, "by_field", fields);
    counts = th_json_set(counts, "other_fields", json_integer(reading->other_fields));
    return th_json_set(counts, "by_unit", reading->by_unit);
}

static int begin(const struct th_question *question, struct th_past_rows *rows,
                 struct reading *reading)
{
    *reading = (struct reading){.question = question, .rows = rows};
    reading->limit = question->query->limit == 0 ? LINES : question->query->limit;
    int status = th_query_read_after(question, &reading->after);
    if (status == TH_OK)
        status = th_search_words_init(question->query->search, question->arena, &reading->words);
    if (status == TH_OK)
        status = th_search_words_init(question->query->kind, question->arena, &reading->kind);
    if (status == TH_OK)
        status = th_query_rows(question, rows);
    return status;
}

int th_query_models(const struct th_question *question, json_t **ret_answer)
{
    struct th_past_rows rows;
    struct reading reading;
    int status = begin(question, &rows, &reading);
    if (status != TH_OK)
        return status;
    th_arena_init(&reading.arena, BLOCK_BYTES, TH_LIMIT_DECODE_ARENA_BYTES);
    reading.by_field = json_object();
    reading.by_unit = json_array();
    reading.list = json_array();
    status = take_rows(&reading);
    th_arena_deinit(&reading.arena);
    if (status != TH_OK) {
        json_decref(reading.by_field);
        json_decref(reading.by_unit);
        json_decref(reading.list);
        return status;
    }
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "branch", json_string(th_query_branch_word(question->branch)));
    answer = th_json_set(answer, "counts", counts_of(&reading));
    json_decref(reading.by_field);
    answer = th_json_set(answer, "models", reading.list);
    *ret_answer =
        th_json_set(answer, "more",
                    reading.has_more ? th_query_place_json(question, &reading.last) : json_null());
    return *ret_answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
