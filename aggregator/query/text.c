/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/text_parts.h"

#include "aggregator/query/table.h"

#include <string.h>

#define CODE_WIDTH  8
#define NAME_WIDTH  72
#define VALUE_WIDTH 22

const char *th_answer_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

json_int_t th_answer_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

const char *th_answer_spoken(const json_t *object, const char *key, char text[TH_SPOKEN_TEXT_SIZE])
{
    th_instant instant;
    const char *written = th_answer_text(object, key);
    if (th_instant_parse(written, strlen(written), &instant) != TH_OK)
        return "";
    return th_instant_format_spoken(instant, text);
}

static const struct th_query_plan *plan_of(const struct th_query_context *context,
                                           const json_t *answer)
{
    const char *id = th_answer_text(answer, "plan");
    for (uint16_t i = 0; i < context->plans_count; i++)
        if (strcmp(context->plans[i].plan->id, id) == 0)
            return &context->plans[i];
    return NULL;
}

const char *th_answer_unit_name(const struct th_query_context *context, const char *code)
{
    const char *name = "";
    for (uint32_t i = 0; i < context->units.count; i++)
        if (strcmp(context->units.units[i].code, code) == 0)
            name = context->units.units[i].name;
    return name;
}

void th_print_head(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    char as_of[TH_SPOKEN_TEXT_SIZE];
    const struct th_query_plan *plan = plan_of(context, answer);
    const struct th_obligation *obligation = NULL;
    const char *id = th_answer_text(answer, "obligation");
    if (plan != NULL)
        obligation = th_plan_find(plan->plan, id, strlen(id));
    const char *period = th_answer_text(answer, "period");
    (void)fprintf(out, "%s · %s%s%s\n", th_answer_text(answer, "plan"), id,
                  period[0] == '\0' ? "" : " · kỳ ", period);
    if (obligation != NULL && obligation->title[0] != '\0')
        (void)fprintf(out, "%s\n", obligation->title);
    const char *unit = th_answer_text(answer, "unit");
    if (unit[0] != '\0')
        (void)fprintf(out, "Đơn vị: %s (%s)\n", th_answer_unit_name(context, unit), unit);
    (void)fprintf(out, "Tính đến %s, vị trí %" JSON_INTEGER_FORMAT " của sổ\n",
                  th_answer_spoken(answer, "as_of", as_of), th_answer_number(answer, "position"));
    if (json_object_get(answer, "clock") != NULL)
        (void)fprintf(out, "Đồng hồ máy chủ đang bị nghi ngờ: tính theo lúc cuối cùng còn chắc "
                           "chắn. Chỉnh lại giờ, hoặc xác nhận giờ đúng.\n");
}

void th_print_counts(const json_t *counts, FILE *out)
{
    if (json_is_null(json_object_get(counts, "expected")))
        (void)fprintf(out, "Không ấn định số đơn vị phải báo cáo; ");
    else
        (void)fprintf(
            out, "Phải báo cáo %" JSON_INTEGER_FORMAT ", chưa báo cáo %" JSON_INTEGER_FORMAT "; ",
            th_answer_number(counts, "expected"), th_answer_number(counts, "missing"));
    (void)fprintf(out, "đã nhận %" JSON_INTEGER_FORMAT, th_answer_number(counts, "received"));
    if (!json_is_null(json_object_get(counts, "on_time")))
        (void)fprintf(out,
                      ": đúng hạn %" JSON_INTEGER_FORMAT ", trễ %" JSON_INTEGER_FORMAT
                      ", chưa xác định %" JSON_INTEGER_FORMAT,
                      th_answer_number(counts, "on_time"), th_answer_number(counts, "late"),
                      th_answer_number(counts, "undecided"));
    (void)fprintf(out, "; có số ước %" JSON_INTEGER_FORMAT, th_answer_number(counts, "estimated"));
    if (th_answer_number(counts, "on_behalf") > 0)
        (void)fprintf(out, "; nhập hộ %" JSON_INTEGER_FORMAT,
                      th_answer_number(counts, "on_behalf"));
    (void)fputc('\n', out);
}

static void print_value(const json_t *value, FILE *out)
{
    char text[TH_TABLE_NUMBER_SIZE], average[2 * TH_TABLE_NUMBER_SIZE];
    if (json_is_string(value)) {
        th_table_figure(out, th_table_grouped(json_string_value(value), text), VALUE_WIDTH);
    } else if (json_is_array(value)) {
        (void)snprintf(text, sizeof(text), "%zu bài", json_array_size(value));
        th_table_figure(out, text, VALUE_WIDTH);
    } else if (json_object_get(value, "average") != NULL) {
        (void)snprintf(average, sizeof(average), "tb %s",
                       th_table_grouped(th_answer_text(value, "average"), text));
        th_table_figure(out, average, VALUE_WIDTH);
    } else {
        th_table_figure(out, json_is_object(value) ? "" : "–", VALUE_WIDTH);
    }
    (void)fputc(' ', out);
}

static void print_part(const char *name, const json_t *value, FILE *out)
{
    char text[TH_TABLE_NUMBER_SIZE];
    th_table_text(out, "", CODE_WIDTH);
    th_table_text(out, "  –", 4);
    th_table_text(out, name, NAME_WIDTH - 4);
    th_table_figure(out, th_table_grouped(json_string_value(value), text), VALUE_WIDTH);
    (void)fputc('\n', out);
}

/* What has no room in the row: the extremes, or how often each word was chosen. */
static void print_parts(const struct th_indicator *indicator, const json_t *value, FILE *out)
{
    const char *word;
    json_t *count;
    if (!json_is_object(value))
        return;
    if (indicator->up == TH_UP_AVERAGE_MIN_MAX) {
        print_part("thấp nhất", json_object_get(value, "min"), out);
        print_part("cao nhất", json_object_get(value, "max"), out);
        return;
    }
    json_object_foreach((json_t *)value, word, count)
    {
        print_part(word, count, out);
    }
}

static void print_indicator(const struct th_indicator *indicator, const json_t *row, FILE *out)
{
    const json_t *value = json_object_get(row, "value");
    th_table_text(out, indicator->code, CODE_WIDTH);
    th_table_text(out, indicator->name, NAME_WIDTH);
    print_value(value, out);
    th_table_text(out, indicator->unit_of_measure, 12);
    th_table_count(out, json_object_get(row, "reported"), 6);
    th_table_count(out, json_object_get(row, "missing"), 7);
    (void)fputc('\n', out);
    print_parts(indicator, value, out);
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
        print_indicator(indicator, row, out);
    }
}

static void print_table_head(FILE *out)
{
    th_table_text(out, "Mã", CODE_WIDTH);
    th_table_text(out, "Chỉ tiêu", NAME_WIDTH);
    th_table_figure(out, "Giá trị", VALUE_WIDTH);
    (void)fputc(' ', out);
    th_table_text(out, "ĐVT", 12);
    th_table_figure(out, "Có số", 6);
    th_table_figure(out, "Thiếu", 7);
    (void)fputc('\n', out);
}

static void print_rollup(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    th_print_head(context, answer, out);
    th_print_counts(json_object_get(answer, "counts"), out);
    (void)fputc('\n', out);
    print_table_head(out);
    print_indicators(plan_of(context, answer), json_object_get(answer, "indicators"), out);
}

static void print_why_nothing_is_closed(const struct th_query_plan *plan, const json_t *answer,
                                        FILE *out)
{
    const char *id = th_answer_text(answer, "obligation");
    const char *asked = th_answer_text(answer, "as_of");
    th_instant as_of = {0};
    const struct th_obligation *obligation =
        plan == NULL ? NULL : th_plan_find(plan->plan, id, strlen(id));
    if (th_instant_parse(asked, strlen(asked), &as_of) != TH_OK)
        as_of.ms = 0;
    if (obligation != NULL && !obligation->has_due)
        (void)fprintf(out, "Nghĩa vụ này không có hạn nên không có lần chốt.\n");
    else if (obligation != NULL && obligation->due.ms <= plan->loaded_at.ms)
        (void)fprintf(out,
                      "Kế hoạch được đưa vào kho sau hạn này nên không có lần chốt tại hạn.\n");
    else if (obligation != NULL && obligation->due.ms <= as_of.ms)
        (void)fprintf(out, "Không có bảng chốt ở đây: đơn vị không có đơn vị bên dưới thì không có "
                           "bảng riêng (xem report --as-of), hoặc việc chốt còn đang chờ.\n");
    else
        (void)fprintf(out, "Chưa có lần chốt nào.\n");
}

static void print_closings(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    size_t i;
    json_t *closing;
    const json_t *list = json_object_get(answer, "closings");
    th_print_head(context, answer, out);
    if (json_array_size(list) == 0)
        print_why_nothing_is_closed(plan_of(context, answer), answer, out);
    json_array_foreach(list, i, closing)
    {
        char closed_at[TH_SPOKEN_TEXT_SIZE];
        (void)fprintf(out, "\nBảng tổng hợp tại hạn %s\n",
                      th_answer_spoken(closing, "closed_at", closed_at));
        th_print_counts(json_object_get(closing, "counts"), out);
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

static void print_on_behalf(const json_t *on_behalf, FILE *out)
{
    if (!json_is_object(on_behalf))
        return;
    const char *reference = th_answer_text(on_behalf, "reference");
    (void)fprintf(out, "NHẬP HỘ bởi %s, không có chữ ký của đơn vị%s%s\n\n",
                  th_answer_text(on_behalf, "operator"),
                  reference[0] == '\0' ? "" : ", theo văn bản ", reference);
}

static void print_report(const struct th_query_context *context, const json_t *answer, FILE *out)
{
    char first[TH_SPOKEN_TEXT_SIZE], text[TH_TABLE_NUMBER_SIZE];
    const struct th_query_plan *plan = plan_of(context, answer);
    th_print_head(context, answer, out);
    (void)fprintf(
        out, "Bản %" JSON_INTEGER_FORMAT ", nhận lần đầu %s (%s)\nSHA-256 %s\n\n",
        th_answer_number(answer, "revision"), th_answer_spoken(answer, "first_received", first),
        th_answer_label(th_answer_text(answer, "timeliness")), th_answer_text(answer, "sha256"));
    print_on_behalf(json_object_get(answer, "on_behalf"), out);
    const json_t *values = json_object_get(answer, "values");
    for (uint16_t number = 1; plan != NULL && number <= plan->plan->catalogue.number_max;
         number++) {
        const struct th_indicator *indicator = th_catalogue_get(&plan->plan->catalogue, number);
        const json_t *row = indicator == NULL ? NULL : json_object_get(values, indicator->code);
        if (row == NULL)
            continue;
        th_table_text(out, indicator->code, CODE_WIDTH);
        th_table_text(out, indicator->name, NAME_WIDTH);
        th_table_figure(out, th_table_grouped(th_answer_text(row, "value"), text), VALUE_WIDTH);
        (void)fprintf(out, " %s%s\n", indicator->unit_of_measure,
                      json_is_true(json_object_get(row, "estimated")) ? " (ước)" : "");
    }
    print_texts(json_object_get(answer, "sections"), out);
}

void th_query_print(const struct th_query_context *context, enum th_query_what what,
                    const json_t *answer, FILE *out)
{
    static void (*const printers[TH_QUERY_END])(const struct th_query_context *, const json_t *,
                                                FILE *) = {
        [TH_QUERY_STANDING] = th_print_standing,
        [TH_QUERY_ROLLUP] = print_rollup,
        [TH_QUERY_REPORT] = print_report,
        [TH_QUERY_CLOSINGS] = print_closings,
        [TH_QUERY_PAGE] = th_print_page,
        [TH_QUERY_STORE] = th_print_store,
        [TH_QUERY_PLANS] = th_print_plans,
        [TH_QUERY_PLAN] = th_print_plan,
        [TH_QUERY_UNITS] = th_print_units,
        [TH_QUERY_UNIT] = th_print_unit_answer,
        [TH_QUERY_OBLIGATION] = th_print_obligation,
        [TH_QUERY_CHASING] = th_print_chasing,
        [TH_QUERY_SPREAD] = th_print_spread,
        [TH_QUERY_ARRIVALS] = th_print_arrivals,
        [TH_QUERY_NARRATIVE] = th_print_narrative,
        [TH_QUERY_MODELS] = th_print_models,
        [TH_QUERY_DIFFERENCES] = th_print_differences,
    };
    if (what > 0 && what < TH_QUERY_END && printers[what] != NULL)
        printers[what](context, answer, out);
}

const char *th_query_hint(const struct th_query_problem *problem)
{
    static const struct {
        const char *name, *hint;
    } hints[] = {{"plan", "thêm --plan MÃ"},
                 {"period", "thêm --period KỲ hoặc --obligation MÃ"},
                 {"obligation", "thêm --obligation MÃ"},
                 {"unit", "thêm --unit MÃ"},
                 {"indicator", "thêm --indicator MÃ"},
                 {"number", "thêm --number SỐ"}};
    for (size_t i = 0; problem->lacks != NULL && i < sizeof hints / sizeof hints[0]; i++)
        if (strcmp(problem->lacks, hints[i].name) == 0)
            return hints[i].hint;
    return NULL;
}
