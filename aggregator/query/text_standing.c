/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/text_parts.h"

#include "aggregator/core/standing.h"
#include "aggregator/query/table.h"

#include <string.h>

#define CODE_WIDTH     16
#define NAME_WIDTH     34
#define PARENT_WIDTH   18
#define STANDING_WIDTH 18

const char *th_answer_label(const char *word)
{
    for (int i = 0; i < TH_STANDING_COUNT; i++)
        if (strcmp(th_standing_word((enum th_standing)i), word) == 0)
            return th_standing_label((enum th_standing)i);
    return strcmp(word, "undated") == 0 ? "không có hạn" : word;
}

static void print_standing_line(const struct th_query_context *context, const json_t *line,
                                FILE *out)
{
    char received[TH_SPOKEN_TEXT_SIZE];
    th_table_text(out, th_answer_text(line, "unit"), CODE_WIDTH);
    th_table_text(out, th_answer_text(line, "name"), NAME_WIDTH);
    th_table_text(out, th_answer_unit_name(context, th_answer_text(line, "parent")), PARENT_WIDTH);
    th_table_text(out, th_answer_label(th_answer_text(line, "standing")), STANDING_WIDTH);
    if (json_object_get(line, "position") != NULL) {
        if (th_answer_number(line, "number") > 0)
            (void)fprintf(out, "số %" JSON_INTEGER_FORMAT ", ", th_answer_number(line, "number"));
        (void)fprintf(out, "%s, bản %" JSON_INTEGER_FORMAT,
                      th_answer_spoken(line, "first_received", received),
                      th_answer_number(line, "revision"));
        if (json_is_true(json_object_get(line, "estimated")))
            (void)fprintf(out, ", có số ước");
        if (json_is_true(json_object_get(line, "on_behalf")))
            (void)fprintf(out, ", nhập hộ");
        if (json_is_true(json_object_get(line, "prepared_in_time")))
            (void)fprintf(out, ", lập trước hạn");
    }
    (void)fputc('\n', out);
}

static void print_units(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *line;
    th_table_text(out, "Mã", CODE_WIDTH);
    th_table_text(out, "Tên", NAME_WIDTH);
    th_table_text(out, "Thuộc", PARENT_WIDTH);
    th_table_text(out, "Tình trạng", STANDING_WIDTH);
    (void)fprintf(out, "Nhận lần đầu\n");
    json_array_foreach(json_object_get(answer, "units"), i, line)
    {
        print_standing_line(context, line, out);
    }
    const char *more = th_answer_text(answer, "more");
    if (more[0] != '\0')
        (void)fprintf(out, "\nCòn nữa: --after \"%s\"\n", more);
}

static void print_part(const char *name, const json_t *counts, FILE *out)
{
    th_table_text(out, name, NAME_WIDTH);
    th_table_count(out, json_object_get(counts, "expected"), 13);
    th_table_count(out, json_object_get(counts, "received"), 9);
    th_table_count(out, json_object_get(counts, "on_time"), 10);
    th_table_count(out, json_object_get(counts, "late"), 6);
    th_table_count(out, json_object_get(counts, "missing"), 6);
    (void)fputc('\n', out);
}

static void print_summary(const json_t *answer, FILE *out)
{
    size_t i;
    json_t *part;
    th_table_text(out, "Đơn vị", NAME_WIDTH);
    th_table_figure(out, "Phải báo cáo", 13);
    th_table_figure(out, "Đã nhận", 9);
    th_table_figure(out, "Đúng hạn", 10);
    th_table_figure(out, "Trễ", 6);
    th_table_figure(out, "Chưa", 6);
    (void)fputc('\n', out);
    json_array_foreach(json_object_get(answer, "below"), i, part)
    {
        const char *name = json_string_value(json_object_get(part, "name"));
        print_part(name == NULL ? "trực thuộc" : name, json_object_get(part, "counts"), out);
    }
    print_part("Cộng", json_object_get(answer, "counts"), out);
}

static void print_head(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    char due[TH_SPOKEN_TEXT_SIZE];
    th_print_head(context, answer, out);
    if (json_is_null(json_object_get(answer, "due")))
        (void)fprintf(out, "Hạn: không nêu ngày\n");
    else
        (void)fprintf(out, "Trễ từ %s\n", th_answer_spoken(answer, "due", due));
    th_print_counts(json_object_get(answer, "counts"), out);
    (void)fputc('\n', out);
}

void th_print_standing(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    print_head(context, answer, out);
    print_units(context, answer, out);
}

void th_query_print_summary(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    print_head(context, answer, out);
    print_summary(answer, out);
}
