/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/text.h"

#include "aggregator/core/standing.h"
#include "proto/model/verdict.h"

#include <inttypes.h>
#include <string.h>
#include <utf8proc.h>

#define CELL_SIZE 96

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static json_int_t number_at(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* printf counts bytes; a table counts characters. */
static void print_cell(FILE *out, const char *text, int width, bool right)
{
    utf8proc_ssize_t at = 0, size = (utf8proc_ssize_t)strlen(text);
    int shown = 0;
    while (at < size) {
        utf8proc_int32_t point;
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, size - at, &point);
        if (step <= 0)
            break;
        shown += utf8proc_charwidth(point);
        at += step;
    }
    int padding = shown < width ? width - shown : 0;
    (void)fprintf(out, "%*s%s%*s", right ? padding : 0, "", text, right ? 0 : padding, "");
}

/* "1234567.5" as "1.234.567,5"; anything that is no number stays as it is. */
static const char *grouped(const char *plain, char text[CELL_SIZE])
{
    size_t start = plain[0] == '-' ? 1 : 0;
    size_t digits = strspn(plain + start, "0123456789");
    size_t end = start + digits;
    const char *rest = plain + end;
    if (digits == 0 || (rest[0] != '\0' && rest[0] != '.') ||
        strlen(plain) + digits / 3 + 1 >= CELL_SIZE)
        return plain;
    size_t at = 0;
    for (size_t i = 0; i < end; i++) {
        text[at++] = plain[i];
        if (i >= start && i + 1 < end && (end - i - 1) % 3 == 0)
            text[at++] = '.';
    }
    for (; *rest != '\0'; rest++)
        text[at++] = *rest == '.' ? ',' : *rest;
    text[at] = '\0';
    return text;
}

static const char *spoken(const json_t *object, const char *key, char text[TH_SPOKEN_TEXT_SIZE])
{
    th_instant instant;
    const char *written = text_at(object, key);
    if (th_instant_parse(written, strlen(written), &instant) != TH_OK)
        return "";
    return th_instant_format_spoken(instant, text);
}

static const struct th_query_plan *plan_of(const struct th_query_context *context,
                                           const json_t *answer)
{
    const char *id = text_at(answer, "plan");
    for (uint16_t i = 0; i < context->plans_count; i++)
        if (strcmp(context->plans[i].plan->id, id) == 0)
            return &context->plans[i];
    return NULL;
}

static const char *unit_name(const struct th_query_context *context, const char *code)
{
    const char *name = "";
    for (uint32_t i = 0; i < context->units.count; i++)
        if (strcmp(context->units.units[i].code, code) == 0)
            name = context->units.units[i].name;
    return name;
}

static void print_head(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    char as_of[TH_SPOKEN_TEXT_SIZE];
    const struct th_query_plan *plan = plan_of(context, answer);
    const struct th_obligation *obligation = NULL;
    const char *id = text_at(answer, "obligation");
    if (plan != NULL)
        obligation = th_plan_find(plan->plan, id, strlen(id));
    (void)fprintf(out, "%s · %s · kỳ %s\n", text_at(answer, "plan"), id, text_at(answer, "period"));
    if (obligation != NULL && obligation->title[0] != '\0')
        (void)fprintf(out, "%s\n", obligation->title);
    const char *unit = text_at(answer, "unit");
    if (unit[0] != '\0')
        (void)fprintf(out, "Đơn vị: %s (%s)\n", unit_name(context, unit), unit);
    (void)fprintf(out, "Tính đến %s, vị trí %" JSON_INTEGER_FORMAT " của sổ\n",
                  spoken(answer, "as_of", as_of), number_at(answer, "position"));
}

static void print_counts(const json_t *counts, FILE *out)
{
    if (json_is_null(json_object_get(counts, "expected")))
        (void)fprintf(out, "Không ấn định số đơn vị phải báo cáo; ");
    else
        (void)fprintf(
            out, "Phải báo cáo %" JSON_INTEGER_FORMAT ", chưa báo cáo %" JSON_INTEGER_FORMAT "; ",
            number_at(counts, "expected"), number_at(counts, "missing"));
    (void)fprintf(out,
                  "đã nhận %" JSON_INTEGER_FORMAT ": đúng hạn %" JSON_INTEGER_FORMAT
                  ", trễ %" JSON_INTEGER_FORMAT ", chưa xác định %" JSON_INTEGER_FORMAT
                  "; có số ước %" JSON_INTEGER_FORMAT "\n",
                  number_at(counts, "received"), number_at(counts, "on_time"),
                  number_at(counts, "late"), number_at(counts, "undecided"),
                  number_at(counts, "estimated"));
}

static bool is_kept(enum th_standing_filter filter, const json_t *line)
{
    bool reported = json_object_get(line, "position") != NULL;
    switch (filter) {
    case TH_FILTER_MISSING:
        return !reported;
    case TH_FILTER_LATE:
        return strcmp(text_at(line, "standing"), th_standing_word(TH_STANDING_LATE)) == 0;
    case TH_FILTER_NONE:
    default:
        return true;
    }
}

static const char *label_of(const char *word)
{
    for (int i = 0; i < TH_STANDING_COUNT; i++)
        if (strcmp(th_standing_word((enum th_standing)i), word) == 0)
            return th_standing_label((enum th_standing)i);
    return word;
}

static void print_standing_line(const struct th_query_context *context, const json_t *line,
                                FILE *out)
{
    char received[TH_SPOKEN_TEXT_SIZE];
    print_cell(out, text_at(line, "unit"), 10, false);
    print_cell(out, text_at(line, "name"), 34, false);
    print_cell(out, unit_name(context, text_at(line, "parent")), 16, false);
    print_cell(out, label_of(text_at(line, "standing")), 16, false);
    if (json_object_get(line, "position") != NULL) {
        (void)fprintf(out, "%s, bản %" JSON_INTEGER_FORMAT,
                      spoken(line, "first_received", received), number_at(line, "revision"));
        if (json_is_true(json_object_get(line, "estimated")))
            (void)fprintf(out, ", có số ước");
        if (json_is_true(json_object_get(line, "prepared_in_time")))
            (void)fprintf(out, ", lập trước hạn");
    }
    (void)fputc('\n', out);
}

static void print_standing(const struct th_query_context *context, enum th_standing_filter filter,
                           const json_t *answer, FILE *out)
{
    char due[TH_SPOKEN_TEXT_SIZE];
    print_head(context, answer, out);
    if (json_is_null(json_object_get(answer, "due")))
        (void)fprintf(out, "Hạn: không nêu ngày\n");
    else
        (void)fprintf(out, "Trễ từ %s\n", spoken(answer, "due", due));
    print_counts(json_object_get(answer, "counts"), out);
    (void)fputc('\n', out);
    print_cell(out, "Mã", 10, false);
    print_cell(out, "Tên", 34, false);
    print_cell(out, "Thuộc", 16, false);
    print_cell(out, "Tình trạng", 16, false);
    (void)fprintf(out, "Nhận lần đầu\n");
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(answer, "units"), i, line) if (is_kept(filter, line))
        print_standing_line(context, line, out);
}

static void print_value(const json_t *value, FILE *out)
{
    char text[CELL_SIZE];
    if (json_is_string(value)) {
        print_cell(out, grouped(json_string_value(value), text), 22, true);
    } else if (json_is_array(value)) {
        (void)snprintf(text, sizeof(text), "%zu bài", json_array_size(value));
        print_cell(out, text, 22, true);
    } else if (json_is_object(value)) {
        const char *key;
        json_t *part;
        char parts[CELL_SIZE] = "";
        json_object_foreach((json_t *)value, key, part)
        {
            size_t used = strlen(parts);
            (void)snprintf(parts + used, sizeof(parts) - used, "%s%s %s", used == 0 ? "" : ", ",
                           strcmp(key, "average") == 0 ? "tb"
                           : strcmp(key, "min") == 0   ? "thấp"
                           : strcmp(key, "max") == 0   ? "cao"
                                                       : key,
                           grouped(json_is_string(part) ? json_string_value(part) : "–", text));
        }
        print_cell(out, parts, 22, true);
    } else {
        print_cell(out, "–", 22, true);
    }
}

static void print_indicators(const struct th_query_plan *plan, const json_t *indicators, FILE *out)
{
    uint16_t section = 0;
    for (uint16_t number = 1; plan != NULL && number <= plan->plan->catalogue.number_max;
         number++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->plan->catalogue, number);
        const json_t *row = indicator == NULL ? NULL : json_object_get(indicators, indicator->code);
        if (row == NULL)
            continue;
        if (indicator->section != section) {
            section = indicator->section;
            for (uint16_t i = 0; i < plan->plan->catalogue.sections_count; i++)
                if (plan->plan->catalogue.sections[i].number == section)
                    (void)fprintf(out, "\n%s\n", plan->plan->catalogue.sections[i].name);
        }
        char reported[CELL_SIZE], excerpt[TH_TEXT_EXCERPT_SIZE];
        const json_t *missing = json_object_get(row, "missing");
        (void)snprintf(reported, sizeof(reported), "%" JSON_INTEGER_FORMAT,
                       number_at(row, "reported"));
        print_cell(out, indicator->code, 8, false);
        print_cell(out, th_text_excerpt(indicator->name, strlen(indicator->name), excerpt), 72,
                   false);
        print_value(json_object_get(row, "value"), out);
        print_cell(out, indicator->unit_of_measure, 12, false);
        print_cell(out, reported, 6, true);
        if (json_is_integer(missing)) {
            (void)snprintf(reported, sizeof(reported), "%" JSON_INTEGER_FORMAT,
                           json_integer_value(missing));
            print_cell(out, reported, 7, true);
        }
        (void)fputc('\n', out);
    }
}

static void print_table_head(FILE *out)
{
    print_cell(out, "Mã", 8, false);
    print_cell(out, "Chỉ tiêu", 72, false);
    print_cell(out, "Giá trị", 22, true);
    print_cell(out, " ĐVT", 12, false);
    print_cell(out, "Có số", 6, true);
    print_cell(out, "Thiếu", 7, true);
    (void)fputc('\n', out);
}

static void print_rollup(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    print_head(context, answer, out);
    print_counts(json_object_get(answer, "counts"), out);
    (void)fputc('\n', out);
    print_table_head(out);
    print_indicators(plan_of(context, answer), json_object_get(answer, "indicators"), out);
}

static void print_closings(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *closing;
    const json_t *list = json_object_get(answer, "closings");
    print_head(context, answer, out);
    if (json_array_size(list) == 0)
        (void)fprintf(out, "Chưa có lần chốt nào.\n");
    json_array_foreach(list, i, closing)
    {
        char closed_at[TH_SPOKEN_TEXT_SIZE];
        (void)fprintf(out, "\nBảng tổng hợp tại hạn %s\n", spoken(closing, "closed_at", closed_at));
        print_counts(json_object_get(closing, "counts"), out);
        print_table_head(out);
        print_indicators(plan_of(context, answer), json_object_get(closing, "indicators"), out);
    }
}

static void print_texts(const json_t *sections, FILE *out)
{
    const char *code;
    json_t *text;
    json_object_foreach((json_t *)sections, code, text)(void)
        fprintf(out, "\n%s\n%s\n", code, json_string_value(text));
}

static void print_report(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    char first[TH_SPOKEN_TEXT_SIZE], text[CELL_SIZE];
    const struct th_query_plan *plan = plan_of(context, answer);
    print_head(context, answer, out);
    (void)fprintf(out, "Bản %" JSON_INTEGER_FORMAT ", nhận lần đầu %s (%s)\nSHA-256 %s\n\n",
                  number_at(answer, "revision"), spoken(answer, "first_received", first),
                  text_at(answer, "timeliness"), text_at(answer, "sha256"));
    const json_t *values = json_object_get(answer, "values");
    for (uint16_t number = 1; plan != NULL && number <= plan->plan->catalogue.number_max;
         number++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->plan->catalogue, number);
        const json_t *row = indicator == NULL ? NULL : json_object_get(values, indicator->code);
        if (row == NULL)
            continue;
        char excerpt[TH_TEXT_EXCERPT_SIZE];
        print_cell(out, indicator->code, 8, false);
        print_cell(out, th_text_excerpt(indicator->name, strlen(indicator->name), excerpt), 72,
                   false);
        print_cell(out, grouped(text_at(row, "value"), text), 22, true);
        (void)fprintf(out, " %s%s\n", indicator->unit_of_measure,
                      json_is_true(json_object_get(row, "estimated")) ? " (ước)" : "");
    }
    print_texts(json_object_get(answer, "sections"), out);
}

void th_query_print(const struct th_query_context *context, enum th_query_what what,
                    enum th_standing_filter filter, const json_t *answer, FILE *out)
{
    switch (what) {
    case TH_QUERY_STANDING:
        print_standing(context, filter, answer, out);
        break;
    case TH_QUERY_ROLLUP:
        print_rollup(context, answer, out);
        break;
    case TH_QUERY_REPORT:
        print_report(context, answer, out);
        break;
    case TH_QUERY_CLOSINGS:
        print_closings(context, answer, out);
        break;
    default:
        break;
    }
}
