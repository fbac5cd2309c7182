/* SPDX-License-Identifier: Apache-2.0 */
/* A page as a table: as wide as it has columns; a reader pages sideways (less -S) or takes --json.
 */
#include "aggregator/query/text_parts.h"

#include "aggregator/query/table.h"

#define CODE_WIDTH   8
#define NAME_WIDTH   28
#define NUMBER_WIDTH 6
#define FIGURE_WIDTH 16

/* Some line is one of several reports of its unit. */
static bool has_numbers(const json_t *answer)
{
    const json_t *first = json_array_get(json_object_get(answer, "units"), 0);
    return json_object_get(first, "number") != NULL;
}

void th_print_page(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i, k;
    json_t *column, *unit, *value;
    const bool is_numbered = has_numbers(answer);
    th_print_head(context, answer, out);
    (void)fputc('\n', out);
    th_table_text(out, "Mã", CODE_WIDTH);
    th_table_text(out, "Đơn vị", NAME_WIDTH);
    if (is_numbered)
        th_table_figure(out, "Số", NUMBER_WIDTH);
    json_array_foreach(json_object_get(answer, "columns"), i, column)
    {
        th_table_figure(out, json_string_value(column), FIGURE_WIDTH);
    }
    (void)fputc('\n', out);
    json_array_foreach(json_object_get(answer, "units"), i, unit)
    {
        const json_t *values = json_object_get(unit, "values");
        th_table_text(out, th_answer_text(unit, "unit"), CODE_WIDTH);
        th_table_text(out, th_answer_text(unit, "name"), NAME_WIDTH);
        if (is_numbered)
            th_table_count(out, json_object_get(unit, "number"), NUMBER_WIDTH);
        if (!json_is_array(values))
            (void)fprintf(out, " chưa báo cáo");
        json_array_foreach(values, k, value)
        {
            char text[TH_TABLE_NUMBER_SIZE];
            th_table_figure(
                out, json_is_string(value) ? th_table_grouped(json_string_value(value), text) : "–",
                FIGURE_WIDTH);
        }
        (void)fputc('\n', out);
    }
    const char *more = th_answer_text(answer, "more");
    if (more[0] != '\0')
        (void)fprintf(out, "\nCòn nữa: --after \"%s\"\n", more);
}
