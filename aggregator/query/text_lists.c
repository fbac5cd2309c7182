/* SPDX-License-Identifier: Apache-2.0 */
/* What the store has: itself, plans, units, obligations, texts, models. */
#include "aggregator/query/text_parts.h"

#include "aggregator/query/table.h"

#include <string.h>

#define CODE_WIDTH 16
#define NAME_WIDTH 34
#define KIND_WIDTH 14

static void print_moment(const json_t *answer, FILE *out)
{
    char as_of[TH_SPOKEN_TEXT_SIZE];
    (void)fprintf(out, "Tính đến %s, vị trí %" JSON_INTEGER_FORMAT " của sổ\n",
                  th_answer_spoken(answer, "as_of", as_of), th_answer_number(answer, "position"));
}

static void print_more(const json_t *answer, FILE *out)
{
    const char *more = th_answer_text(answer, "more");
    if (more[0] != '\0')
        (void)fprintf(out, "\nCòn nữa: --after \"%s\"\n", more);
}

/* ---- the store ---- */

void th_print_store(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    char last[TH_SPOKEN_TEXT_SIZE];
    (void)context;
    print_moment(answer, out);
    (void)fprintf(out,
                  "Kho %s: %s\nKhóa nhật ký: %s\nMục cuối: %s\nĐồng hồ: %s\n%" JSON_INTEGER_FORMAT
                  " đơn vị, %" JSON_INTEGER_FORMAT " kế hoạch\n",
                  strcmp(th_answer_text(answer, "mode"), "live") == 0 ? "thật" : "DIỄN TẬP",
                  th_answer_text(answer, "realm"), th_answer_text(answer, "log_key"),
                  th_answer_spoken(answer, "last_time", last),
                  strcmp(th_answer_text(answer, "clock"), "steady") == 0 ? "đúng" : "bị nghi ngờ",
                  th_answer_number(answer, "units"), th_answer_number(answer, "plans"));
    if (json_is_true(json_object_get(answer, "recovery_open")))
        (void)fputs("Lần khôi phục đang mở\n", out);
}

/* ---- obligations ---- */

static const char *state_label(const json_t *obligation)
{
    const char *state = th_answer_text(obligation, "state");
    if (json_is_true(json_object_get(obligation, "suspended")))
        return "tạm dừng";
    if (strcmp(state, "closed") == 0)
        return "đã thôi nhận";
    return strcmp(state, "none") == 0 ? "không có hạn" : th_answer_label(state);
}

static void print_obligation_line(const json_t *obligation, FILE *out)
{
    const json_t *due = json_object_get(obligation, "due");
    th_table_text(out, "", 2);
    th_table_text(out, th_answer_text(obligation, "id"), CODE_WIDTH + 2);
    th_table_text(out, th_answer_text(obligation, "period"), 9);
    th_table_text(out, json_is_object(due) ? th_answer_text(due, "wording") : "–", 26);
    th_table_text(out, state_label(obligation), KIND_WIDTH);
    (void)fprintf(out, "%" JSON_INTEGER_FORMAT " đơn vị  %s\n",
                  th_answer_number(obligation, "reporters"), th_answer_text(obligation, "title"));
}

void th_print_plans(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i, k;
    json_t *plan, *obligation;
    char loaded[TH_SPOKEN_TEXT_SIZE];
    (void)context;
    print_moment(answer, out);
    json_array_foreach(json_object_get(answer, "plans"), i, plan)
    {
        (void)fprintf(out, "\n%s  %s\n  %s, nạp lúc %s\n", th_answer_text(plan, "id"),
                      th_answer_text(plan, "title"), th_answer_text(plan, "territory_name"),
                      th_answer_spoken(plan, "loaded_at", loaded));
        json_array_foreach(json_object_get(plan, "obligations"), k, obligation)
            print_obligation_line(obligation, out);
    }
}

void th_print_plan(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *item;
    json_int_t section = -1;
    (void)context;
    print_moment(answer, out);
    (void)fprintf(out, "%s  %s\n\nNghĩa vụ\n", th_answer_text(answer, "plan"),
                  th_answer_text(answer, "title"));
    json_array_foreach(json_object_get(answer, "obligations"), i, item)
        print_obligation_line(item, out);
    json_array_foreach(json_object_get(answer, "indicators"), i, item)
    {
        if (th_answer_number(item, "section") != section) {
            size_t k;
            json_t *named;
            section = th_answer_number(item, "section");
            json_array_foreach(json_object_get(answer, "sections"), k, named)
            {
                if (th_answer_number(named, "section") == section)
                    (void)fprintf(out, "\n%s\n", th_answer_text(named, "name"));
            }
        }
        th_table_text(out, "", 2);
        th_table_text(out, th_answer_text(item, "code"), 8);
        th_table_text(out, th_answer_text(item, "name"), 72);
        (void)fprintf(out, "%s\n", th_answer_text(item, "unit"));
    }
}

void th_print_obligation(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *closing;
    const json_t *due = json_object_get(answer, "due");
    th_print_head(context, answer, out);
    if (json_is_object(due))
        (void)fprintf(out, "Hạn: %s; %s\n", th_answer_text(due, "wording"),
                      th_answer_text(due, "semantics"));
    else
        (void)fputs("Hạn: không nêu ngày\n", out);
    (void)fprintf(out, "Tình trạng: %s\nNguyên văn: \"%s\"\n", state_label(answer),
                  th_answer_text(answer, "quote"));
    th_print_counts(json_object_get(answer, "counts"), out);
    json_array_foreach(json_object_get(answer, "closings"), i, closing)
    {
        char closed_at[TH_SPOKEN_TEXT_SIZE];
        (void)fprintf(out, "Đã chốt tại hạn %s\n",
                      th_answer_spoken(closing, "closed_at", closed_at));
    }
}

/* ---- units ---- */

static void print_unit_line(const json_t *unit, FILE *out)
{
    th_table_text(out, th_answer_text(unit, "unit"), CODE_WIDTH);
    th_table_text(out, th_answer_text(unit, "name"), NAME_WIDTH);
    th_table_text(out, th_answer_text(unit, "kind_name"), KIND_WIDTH);
    (void)fputs(th_answer_text(unit, "parent_name"), out);
    if (json_is_false(json_object_get(unit, "valid")))
        (void)fputs(" (không còn, hoặc chưa có)", out);
    (void)fputc('\n', out);
}

void th_print_units(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *unit;
    (void)context;
    print_moment(answer, out);
    (void)fprintf(out, "%" JSON_INTEGER_FORMAT " đơn vị\n\n", th_answer_number(answer, "found"));
    th_table_text(out, "Mã", CODE_WIDTH);
    th_table_text(out, "Tên", NAME_WIDTH);
    th_table_text(out, "Loại", KIND_WIDTH);
    (void)fputs("Thuộc\n", out);
    json_array_foreach(json_object_get(answer, "units"), i, unit) print_unit_line(unit, out);
    print_more(answer, out);
}

void th_print_unit_answer(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *step;
    (void)context;
    print_moment(answer, out);
    (void)fprintf(out, "%s (%s): %s, %" JSON_INTEGER_FORMAT " đơn vị trực thuộc\n",
                  th_answer_text(answer, "name"), th_answer_text(answer, "unit"),
                  th_answer_text(answer, "kind_name"), th_answer_number(answer, "children"));
    json_array_foreach(json_object_get(answer, "path"), i, step)
    {
        (void)fprintf(out, "%*s%s (%s)\n", (int)(2 * i), "", th_answer_text(step, "name"),
                      th_answer_text(step, "unit"));
    }
}

/* ---- texts and models ---- */

void th_print_narrative(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *section;
    th_print_head(context, answer, out);
    (void)fprintf(out, "%s: %s\n", th_answer_text(answer, "indicator"),
                  th_answer_text(answer, "name"));
    th_print_counts(json_object_get(answer, "counts"), out);
    (void)fprintf(out, "%" JSON_INTEGER_FORMAT " báo cáo có phần này\n",
                  th_answer_number(answer, "reported"));
    json_array_foreach(json_object_get(answer, "sections"), i, section)
    {
        (void)fprintf(out, "\n%s, %s (%s), mục %" JSON_INTEGER_FORMAT "\n%s\n",
                      th_answer_text(section, "name"), th_answer_text(section, "parent_name"),
                      th_answer_text(section, "unit"), th_answer_number(section, "position"),
                      th_answer_text(section, "text"));
    }
    print_more(answer, out);
}

void th_print_models(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *model;
    const json_t *counts = json_object_get(answer, "counts");
    th_print_head(context, answer, out);
    (void)fprintf(out,
                  "%" JSON_INTEGER_FORMAT " mô hình của %" JSON_INTEGER_FORMAT
                  " đơn vị, trong %" JSON_INTEGER_FORMAT " báo cáo",
                  th_answer_number(counts, "models"), th_answer_number(counts, "units"),
                  th_answer_number(counts, "reports"));
    if (json_is_integer(json_object_get(counts, "expected")))
        (void)fprintf(out, " trên %" JSON_INTEGER_FORMAT " phải có",
                      th_answer_number(counts, "expected"));
    (void)fputs(json_is_true(json_object_get(counts, "complete")) ? "\n" : " (chưa đọc hết)\n",
                out);
    json_array_foreach(json_object_get(counts, "by_field"), i, model)
    {
        (void)fprintf(out, "  %s: %" JSON_INTEGER_FORMAT "\n", th_answer_text(model, "field"),
                      th_answer_number(model, "count"));
    }
    (void)fputc('\n', out);
    json_array_foreach(json_object_get(answer, "models"), i, model)
    {
        th_table_text(out, th_answer_text(model, "unit"), CODE_WIDTH);
        th_table_text(out, th_answer_text(model, "unit_name"), 20);
        th_table_text(out, th_answer_text(model, "field"), 20);
        th_table_text(out, th_answer_text(model, "stage_name"), 16);
        (void)fprintf(out, "%s\n", th_answer_text(model, "name"));
    }
    print_more(answer, out);
}
