/* SPDX-License-Identifier: Apache-2.0 */
/* How figures lie apart, how reports came, what changed since a closing, whom to chase. */
#include "aggregator/query/text_parts.h"

#include "aggregator/query/table.h"

#include <string.h>

#define CODE_WIDTH   8
#define FIGURE_WIDTH 20
#define MOMENT_WIDTH 26 /* "14:00:00 ngày 20/10/2025" and two blanks */

static void print_figure(const json_t *value, FILE *out)
{
    char text[TH_TABLE_NUMBER_SIZE];
    const char *plain = json_is_string(value) ? json_string_value(value) : "–";
    th_table_figure(out, th_table_grouped(plain, text), FIGURE_WIDTH);
}

/* ---- spread ---- */

static void print_units(const json_t *units, json_int_t count, FILE *out)
{
    size_t i;
    json_t *code;
    json_array_foreach(units, i, code)
    {
        (void)fprintf(out, "%s%s", i == 0 ? "  " : ", ", json_string_value(code));
    }
    if (count > (json_int_t)json_array_size(units))
        (void)fprintf(out, " … (%" JSON_INTEGER_FORMAT ")", count);
}

void th_print_spread(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    const char *code;
    json_t *row;
    th_print_head(context, answer, out);
    th_print_counts(json_object_get(answer, "counts"), out);
    (void)fputc('\n', out);
    th_table_text(out, "Mã", CODE_WIDTH);
    th_table_figure(out, "Có số", 7);
    th_table_figure(out, "Tổng hợp", FIGURE_WIDTH);
    th_table_figure(out, "Nhỏ nhất", FIGURE_WIDTH);
    th_table_figure(out, "Lớn nhất", FIGURE_WIDTH);
    th_table_figure(out, "Trung bình", FIGURE_WIDTH);
    (void)fputs("  Lớn nhất ở\n", out);
    json_object_foreach(json_object_get(answer, "indicators"), code, row)
    {
        th_table_text(out, code, CODE_WIDTH);
        th_table_count(out, json_object_get(row, "reported"), 7);
        print_figure(json_object_get(row, "value"), out);
        print_figure(json_object_get(row, "min"), out);
        print_figure(json_object_get(row, "max"), out);
        print_figure(json_object_get(row, "mean"), out);
        print_units(json_object_get(row, "max_units"), th_answer_number(row, "max_count"), out);
        (void)fputc('\n', out);
    }
}

/* ---- arrivals ---- */

void th_print_arrivals(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *point;
    char text[TH_SPOKEN_TEXT_SIZE];
    th_print_head(context, answer, out);
    if (json_is_string(json_object_get(answer, "due")))
        (void)fprintf(out, "Trễ từ %s\n", th_answer_spoken(answer, "due", text));
    th_print_counts(json_object_get(answer, "counts"), out);
    (void)fputc('\n', out);
    th_table_text(out, "Lúc", MOMENT_WIDTH);
    th_table_figure(out, "Đã nhận", 9);
    th_table_figure(out, "Đúng hạn", 10);
    th_table_figure(out, "Trễ", 6);
    (void)fputc('\n', out);
    json_array_foreach(json_object_get(answer, "points"), i, point)
    {
        th_table_text(out, th_answer_spoken(point, "at", text), MOMENT_WIDTH);
        th_table_count(out, json_object_get(point, "received"), 9);
        th_table_count(out, json_object_get(point, "on_time"), 10);
        th_table_count(out, json_object_get(point, "late"), 6);
        (void)fputc('\n', out);
    }
}

/* ---- differences ---- */

static void print_value(const json_t *value, FILE *out)
{
    char text[TH_TABLE_NUMBER_SIZE];
    if (json_is_string(value))
        (void)fputs(th_table_grouped(json_string_value(value), text), out);
    else if (json_object_get(value, "average") != NULL)
        (void)fprintf(out, "tb %s", th_table_grouped(th_answer_text(value, "average"), text));
    else if (json_is_integer(value))
        (void)fprintf(out, "%" JSON_INTEGER_FORMAT " byte", json_integer_value(value));
    else
        (void)fputs(json_is_object(value) ? "…" : "–", out);
}

static void print_change(const json_t *object, FILE *out)
{
    print_value(json_object_get(object, "before"), out);
    (void)fputs(" → ", out);
    print_value(json_object_get(object, "after"), out);
}

static const char *kind_label(const char *kind)
{
    if (strcmp(kind, "new") == 0)
        return "báo cáo mới";
    return strcmp(kind, "corrected") == 0 ? "sửa" : "được xét hạn";
}

static void print_cell(const json_t *cell, FILE *out)
{
    size_t i;
    json_t *cause;
    char text[TH_TABLE_NUMBER_SIZE];
    (void)fprintf(out, "\n%s %s: ", th_answer_text(cell, "indicator"),
                  th_answer_text(cell, "name"));
    print_change(cell, out);
    const char *change = th_answer_text(cell, "change");
    if (change[0] != '\0')
        (void)fprintf(out, " (%s%s)", change[0] == '-' || strcmp(change, "0") == 0 ? "" : "+",
                      th_table_grouped(change, text));
    (void)fprintf(
        out, "; số báo cáo có số này %" JSON_INTEGER_FORMAT " → %" JSON_INTEGER_FORMAT "\n",
        th_answer_number(cell, "reported_before"), th_answer_number(cell, "reported_after"));
    json_array_foreach(json_object_get(cell, "causes"), i, cause)
    {
        (void)fprintf(out, "    %s (%s), %s, mục %" JSON_INTEGER_FORMAT ": ",
                      th_answer_text(cause, "name"), th_answer_text(cause, "unit"),
                      kind_label(th_answer_text(cause, "kind")),
                      th_answer_number(cause, "position"));
        print_change(cause, out);
        (void)fputc('\n', out);
    }
    if (th_answer_number(cell, "causes_count") > (json_int_t)i)
        (void)fprintf(out, "    và %" JSON_INTEGER_FORMAT " báo cáo khác\n",
                      th_answer_number(cell, "causes_count") - (json_int_t)i);
}

void th_print_differences(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *cell;
    char closed_at[TH_SPOKEN_TEXT_SIZE];
    const json_t *from = json_object_get(answer, "from"), *to = json_object_get(answer, "to");
    const json_t *cells = json_object_get(answer, "cells");
    th_print_head(context, answer, out);
    (void)fprintf(out,
                  "So với lần chốt %s. Lúc chốt: ", th_answer_spoken(from, "closed_at", closed_at));
    th_print_counts(json_object_get(from, "counts"), out);
    (void)fputs("Bây giờ: ", out);
    th_print_counts(json_object_get(to, "counts"), out);
    (void)fprintf(out, "%" JSON_INTEGER_FORMAT " báo cáo mới hoặc đổi, %zu số đổi\n",
                  th_answer_number(answer, "reports_count"), json_array_size(cells));
    json_array_foreach(cells, i, cell) print_cell(cell, out);
    const json_t *checks = json_object_get(answer, "checks");
    (void)fprintf(out, "\nKiểm tra: %s; %s.\n",
                  json_is_true(json_object_get(checks, "before_is_closing"))
                      ? "báo cáo lúc ấy cộng lại đúng bảng đã chốt"
                      : "BÁO CÁO LÚC ẤY CỘNG LẠI KHÁC BẢNG ĐÃ CHỐT",
                  json_is_true(json_object_get(checks, "causes_add_up"))
                      ? "các tác động cộng lại bằng chênh lệch"
                      : "CÁC TÁC ĐỘNG CỘNG LẠI KHÁC CHÊNH LỆCH");
}

/* ---- chasing ---- */

static void print_contact(const json_t *contact, FILE *out)
{
    if (!json_is_object(contact))
        return;
    (void)fprintf(
        out, "  %s%s%s%s%s", th_answer_text(contact, "name"),
        th_answer_text(contact, "phone")[0] == '\0' ? "" : ", ", th_answer_text(contact, "phone"),
        th_answer_text(contact, "email")[0] == '\0' ? "" : ", ", th_answer_text(contact, "email"));
}

void th_print_chasing(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i, k;
    json_t *group, *unit;
    th_print_head(context, answer, out);
    if (json_is_string(json_object_get(answer, "wording")))
        (void)fprintf(out, "Hạn: %s; %s\n", th_answer_text(answer, "wording"),
                      th_answer_text(answer, "semantics"));
    th_print_counts(json_object_get(answer, "counts"), out);
    json_array_foreach(json_object_get(answer, "groups"), i, group)
    {
        (void)fprintf(out, "\n%s: %" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT " chưa báo cáo",
                      th_answer_text(group, "name"), th_answer_number(group, "missing"),
                      th_answer_number(group, "expected"));
        print_contact(json_object_get(group, "contact"), out);
        (void)fputc('\n', out);
        json_array_foreach(json_object_get(group, "units"), k, unit)
        {
            json_int_t days = th_answer_number(unit, "days_late");
            char late[32] = "";
            if (days > 0)
                (void)snprintf(late, sizeof late, "quá %" JSON_INTEGER_FORMAT " ngày", days);
            th_table_text(out, "", 2);
            th_table_text(out, th_answer_text(unit, "unit"), 14);
            th_table_text(out, th_answer_text(unit, "full_name"), 40);
            th_table_text(out, days > 0 ? late : th_answer_label(th_answer_text(unit, "standing")),
                          14);
            print_contact(json_object_get(unit, "contact"), out);
            (void)fputc('\n', out);
        }
    }
}
