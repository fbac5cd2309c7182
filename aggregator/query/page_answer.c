/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of the units below one unit: a line for each that has reported or is expected, or for
 * each report where a unit may send several; a column for each figure that the obligation asks them
 * for. */
#include "aggregator/query/page.h"
#include "aggregator/query/question.h"

#include "proto/model/indicator.h"

#include <stdlib.h>
#include <string.h>

struct table {
    struct th_page_form form;
    struct th_page page;
    const uint32_t *numbers; /* of the reports, by line; NULL: all have the form's */
};

static uint32_t number_of(const struct table *table, uint32_t line)
{
    return table->numbers == NULL ? table->form.number : table->numbers[line];
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

/* Numbers of the units that the question covers. */
static int choose_units(const struct th_question *question, uint32_t **ret_units,
                        uint32_t *ret_count)
{
    const struct th_query_context *context = question->context;
    uint32_t count = 0;
    uint32_t *units =
        th_arena_alloc_array(question->arena, (size_t)context->units.count + 1, sizeof *units);
    if (units == NULL)
        return TH_E_NO_MEMORY;
    for (uint32_t unit = 0; unit < context->units.count; unit++)
        if (th_query_covers(question, unit))
            units[count++] = context->number_of[unit];
    qsort(units, count, sizeof *units, compare);
    *ret_units = units;
    *ret_count = count;
    return TH_OK;
}

static bool is_asked(const struct th_question *question, uint16_t indicator)
{
    for (int branch = TH_BRANCH_COMMUNES; branch <= TH_BRANCH_BODIES; branch++) {
        const uint16_t *numbers = NULL;
        if (question->branch != TH_BRANCH_ALL && question->branch != (enum th_branch)branch)
            continue;
        uint16_t count =
            th_obligation_indicators(question->obligation, (enum th_branch)branch, &numbers);
        for (uint16_t i = 0; i < count; i++)
            if (numbers[i] == indicator)
                return true;
        if (count == 0)
            return true; /* no list: everything may be reported */
    }
    return false;
}

/* Figures alone: a text has no place in a table, a ratio is of totals. */
static bool is_figure(const struct th_indicator *indicator)
{
    return indicator != NULL && indicator->up != TH_UP_CONCAT &&
           indicator->up != TH_UP_RATIO_OF_SUMS;
}

/* "A,B": those, in this order. */
static int choose_named(const struct th_question *question, uint16_t *columns, uint16_t *ret_count)
{
    const struct th_catalogue *catalogue = &question->plan->plan->catalogue;
    struct th_text rest = question->query->indicators;
    uint16_t count = 0;
    while (rest.size > 0) {
        const char *comma = memchr(rest.bytes, ',', rest.size);
        size_t size = comma == NULL ? rest.size : (size_t)(comma - rest.bytes);
        uint16_t number = th_catalogue_lookup(catalogue, rest.bytes, size);
        bool is_new = is_figure(th_catalogue_get(catalogue, number));
        for (uint16_t i = 0; i < count; i++)
            is_new = is_new && columns[i] != number;
        if (!is_new)
            return th_query_refuse(question, TH_E_INVALID,
                                   "“%.*s” không phải mã một chỉ tiêu có số, hoặc lặp lại",
                                   (int)size, rest.bytes);
        columns[count++] = number;
        size += comma != NULL;
        rest = (struct th_text){rest.bytes + size, rest.size - size};
    }
    *ret_count = count;
    return TH_OK;
}

static int choose_columns(const struct th_question *question, uint16_t **ret_columns,
                          uint16_t *ret_count)
{
    const struct th_catalogue *catalogue = &question->plan->plan->catalogue;
    uint16_t count = 0;
    uint16_t *columns =
        th_arena_alloc_array(question->arena, (size_t)catalogue->number_max + 1, sizeof *columns);
    if (columns == NULL)
        return TH_E_NO_MEMORY;
    *ret_columns = columns;
    if (question->query->indicators.size > 0)
        return choose_named(question, columns, ret_count);
    for (uint16_t number = 1; number <= catalogue->number_max; number++)
        if (is_figure(th_catalogue_get(catalogue, number)) && is_asked(question, number))
            columns[count++] = number;
    *ret_count = count;
    return TH_OK;
}

static json_t *columns_of(const struct th_question *question, const struct th_page_form *form)
{
    json_t *list = json_array();
    for (uint16_t i = 0; i < form->columns_count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&question->plan->plan->catalogue, form->columns[i]);
        list = th_json_append(list, json_string(indicator->code));
    }
    return list;
}

/* TH_E_CORRUPT: no such word. */
static int figure(const struct th_indicator *indicator, int64_t value, json_t **ret_figure)
{
    char text[TH_ROLLUP_NUMBER_SIZE];
    if (indicator->type == TH_TYPE_ENUM && (value < 0 || value >= indicator->values_count))
        return TH_E_CORRUPT;
    *ret_figure = json_string(th_indicator_format(indicator, value, text, sizeof(text)));
    return TH_OK;
}

static int values_of(const struct th_question *question, const struct th_page_form *form,
                     const struct th_page *page, uint32_t line, json_t **ret_values)
{
    json_t *values = json_array();
    for (uint16_t i = 0; i < form->columns_count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&question->plan->plan->catalogue, form->columns[i]);
        int64_t value = page->values[(size_t)line * form->columns_count + i];
        json_t *shown = NULL;
        int status = TH_OK;
        if (th_page_has(form, page, line, i))
            status = figure(indicator, value, &shown);
        else
            shown = json_null();
        if (status != TH_OK) {
            json_decref(values);
            return status;
        }
        values = th_json_append(values, shown);
    }
    *ret_values = values;
    return values == NULL ? TH_E_NO_MEMORY : TH_OK;
}

/* Makes the list longer; on TH_E_NO_MEMORY there is none any more. */
static int append_line(const struct th_question *question, const struct table *table, uint32_t line,
                       json_t **units)
{
    const struct th_page_form *form = &table->form;
    const struct th_page *page = &table->page;
    uint32_t unit = question->context->index_of[form->units[line]];
    const struct th_unit *u = &question->context->units.units[unit];
    bool has_report = page->revision[line] > 0;
    if (!has_report && !th_query_is_expected(question, unit))
        return TH_OK;
    json_t *values = json_null();
    int status = has_report ? values_of(question, form, page, line, &values) : TH_OK;
    if (status != TH_OK)
        return status;
    json_t *object = th_json_set(json_object(), "unit", json_string(u->code));
    object = th_json_set(object, "name", json_string(u->name));
    if (number_of(table, line) > 0)
        object = th_json_set(object, "number", json_integer(number_of(table, line)));
    object = th_json_set(object, "values", values);
    if (has_report) {
        object = th_json_set(object, "revision", json_integer(page->revision[line]));
        object = th_json_set(object, "received", th_json_instant(page->received[line]));
        object = th_json_set(object, "on_behalf", json_boolean(page->entered[line]));
    }
    *units = th_json_append(*units, object);
    return *units == NULL ? TH_E_NO_MEMORY : TH_OK;
}

/* One line for each of the rows, in their order. */
static int fill_rows(const struct th_question *question, const struct th_past_rows *rows,
                     struct table *table)
{
    struct th_page_form *form = &table->form;
    struct th_page *page = &table->page;
    uint32_t *units = th_arena_alloc_array(question->arena, rows->count + 1, sizeof *units);
    uint32_t *numbers = th_arena_alloc_array(question->arena, rows->count + 1, sizeof *numbers);
    if (units == NULL || numbers == NULL)
        return TH_E_NO_MEMORY;
    form->units = units;
    form->units_count = (uint32_t)rows->count;
    int status = th_page_new(form, question->arena, page);
    if (status == TH_OK)
        th_packed_slots_begin(&form->packed, page->slots);
    for (size_t i = 0; i < rows->count && status == TH_OK; i++) {
        const struct th_row *row = &rows->rows[i];
        const struct th_bytes values = {row->values, row->values_size};
        units[i] = row->unit;
        numbers[i] = row->number;
        page->revision[i] = row->revision;
        page->received[i] = row->received;
        page->entered[i] = row->entered;
        status = th_packed_lines(&form->packed, page->slots, &values, 1,
                                 page->values + i * form->columns_count,
                                 page->reported + i * form->words);
    }
    table->numbers = numbers;
    return status;
}

static int read_table(const struct th_question *question, struct table *table)
{
    uint32_t *units = NULL, units_count = 0;
    uint16_t *columns = NULL, columns_count = 0;
    struct th_page_form *form = &table->form;
    struct th_past_rows rows;
    int status = choose_units(question, &units, &units_count);
    if (status == TH_OK)
        status = choose_columns(question, &columns, &columns_count);
    if (status == TH_OK)
        status = th_page_form_init(&question->plan->plan->catalogue, question->book, units,
                                   units_count, columns, columns_count, question->arena, form);
    if (status != TH_OK)
        return status;
    if (question->obligation->open_ended && question->number == 0) {
        status = th_query_rows(question, &rows);
        return status == TH_OK ? fill_rows(question, &rows, table) : status;
    }
    form->number = question->number;
    status = th_page_new(form, question->arena, &table->page);
    return status != TH_OK
               ? status
               : th_page_read(question->view, form, question->size, question->arena, &table->page);
}

/* The first line behind those that were shown before. */
static int first_line(const struct th_question *question, const struct table *table,
                      uint32_t *ret_line)
{
    const struct th_page_form *form = &table->form;
    struct th_query_place after;
    uint32_t line = 0;
    int status = th_query_read_after(question, &after);
    if (status != TH_OK)
        return status;
    if (after.unit != TH_UNIT_NONE) {
        uint32_t unit = question->context->number_of[after.unit];
        while (line < form->units_count &&
               (form->units[line] < unit ||
                (form->units[line] == unit && number_of(table, line) <= after.number)))
            line++;
    }
    *ret_line = line;
    return TH_OK;
}

/* Lines as far as there is room; `ret_more` borrows nothing. */
static int append_lines(const struct th_question *question, const struct table *table,
                        json_t **units, json_t **ret_more)
{
    const struct th_page_form *form = &table->form;
    uint32_t line = 0, limit = question->query->limit;
    struct th_query_place last = {.unit = TH_UNIT_NONE};
    int status = first_line(question, table, &line);
    json_t *more = json_null();
    for (; line < form->units_count && status == TH_OK; line++) {
        size_t before = json_array_size(*units);
        status = append_line(question, table, line, units);
        if (limit > 0 && json_array_size(*units) > limit) {
            (void)json_array_remove(*units, limit);
            more = th_query_place_json(question, &last);
            break;
        }
        if (json_array_size(*units) > before)
            last = (struct th_query_place){question->context->index_of[form->units[line]],
                                           number_of(table, line), 0};
    }
    *ret_more = more;
    return status;
}

int th_query_page(const struct th_question *question, json_t **ret_answer)
{
    struct table table = {.numbers = NULL};
    json_t *more = NULL;
    int status = read_table(question, &table);
    if (status != TH_OK)
        return status;
    json_t *units = json_array();
    status = append_lines(question, &table, &units, &more);
    if (status != TH_OK) {
        json_decref(units);
        json_decref(more);
        return status;
    }
    json_t *answer = th_query_head(question);
    answer = th_json_set(answer, "unit",
                         json_string(question->context->units.units[question->unit].code));
    answer = th_json_set(answer, "columns", columns_of(question, &table.form));
    answer = th_json_set(answer, "more", more);
    answer = th_json_set(answer, "units", units);
    *ret_answer = answer;
    return answer == NULL ? TH_E_NO_MEMORY : TH_OK;
}
