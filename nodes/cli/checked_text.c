/* SPDX-License-Identifier: Apache-2.0 */
#include "nodes/cli/checked.h"

#include <string.h>

#define VALUE_SIZE 128

static const struct th_rule *rule_of(const struct th_checked *checked, const char *id)
{
    const struct th_rule_set *rules = &checked->plan->rules;
    for (uint16_t i = 0; i < rules->count; i++)
        if (strcmp(rules->rules[i].id, id) == 0)
            return &rules->rules[i];
    return NULL;
}

static void print_place(const struct th_form_place *place, FILE *out)
{
    if (place->cell != NULL)
        (void)fprintf(out, ":%s", place->cell);
    else
        (void)fprintf(out, ":%u:%u", place->line, place->column);
}

static void print_where(const struct th_form_place *place, FILE *out)
{
    if (place->cell != NULL)
        (void)fprintf(out, " (ô %s)", place->cell);
    else
        (void)fprintf(out, " (dòng %u)", place->line);
}

/* "TCD04 = 10 (dòng 8), TCD01 = 5 (dòng 7)": what a comparison looked at. */
static void print_terms(const struct th_checked *checked, const struct th_rule *rule, FILE *out)
{
    (void)fprintf(out, "    %s:", rule->written);
    for (size_t i = 0; i < rule->comparison.terms_count; i++) {
        const struct th_indicator *indicator =
            th_catalogue_get(&checked->plan->catalogue, rule->comparison.terms[i].indicator);
        int64_t value = 0;
        char text[VALUE_SIZE], field[TH_REASON_FIELD_MAX];
        if (indicator == NULL || !th_values_get(&checked->report.values, indicator->number, &value))
            continue;
        (void)snprintf(field, sizeof field, "value.%s", indicator->code);
        const struct th_form_place *place = th_form_places_find(&checked->places, field);
        (void)fprintf(out, "%s %s = %s", i == 0 ? "" : ",", indicator->code,
                      th_indicator_format(indicator, value, text, sizeof text));
        if (place != NULL)
            print_where(place, out);
    }
    (void)fputc('\n', out);
}

static void print_reasons(const struct th_checked *checked, const struct th_reasons *reasons,
                          const char *what, FILE *out)
{
    for (size_t i = 0; i < reasons->count; i++) {
        const struct th_reason *reason = &reasons->items[i];
        const struct th_form_place *place = th_form_places_find(&checked->places, reason->field);
        const struct th_rule *rule = rule_of(checked, reason->rule);
        (void)fputs(checked->path, out);
        if (place != NULL)
            print_place(place, out);
        (void)fprintf(out, ": %s [%s]: ", what, reason->rule);
        bool has_terms = rule != NULL && rule->comparison.terms_count > 0;
        if (reason->field[0] != 0 && !has_terms)
            (void)fprintf(out, "%s%s%s: ", reason->field, reason->value[0] == 0 ? "" : " = ",
                          reason->value);
        (void)fprintf(out, "%s\n", reason->text);
        if (has_terms)
            print_terms(checked, rule, out);
    }
    if (reasons->dropped > 0)
        (void)fprintf(out, "%s: còn %zu %s nữa\n", checked->path, reasons->dropped, what);
}

static void print_unchecked(const struct th_checked *checked, FILE *out)
{
    for (size_t i = 0; i < checked->unchecked_count; i++) {
        const struct th_unchecked *unchecked = &checked->unchecked[i];
        (void)fprintf(out, "%s: chưa kiểm tra [%s] %s; thiếu:", checked->path, unchecked->rule->id,
                      unchecked->rule->written);
        for (size_t m = 0; m < unchecked->missing_count; m++)
            (void)fprintf(out, " %s",
                          th_catalogue_get(&checked->plan->catalogue, unchecked->missing[m])->code);
        (void)fputc('\n', out);
    }
}

void th_checked_print(const struct th_checked *checked, bool verbose, FILE *out)
{
    if (checked->status < 0) {
        (void)!th_problems_print(&checked->problems, out);
        (void)fprintf(out, "%s: chưa đọc được biểu: %s\n", checked->path,
                      th_status_text(checked->status));
        return;
    }
    print_reasons(checked, &checked->errors, "lỗi", out);
    print_reasons(checked, &checked->warnings, "cảnh báo", out);
    if (verbose)
        print_unchecked(checked, out);
    (void)fprintf(out, "%s: %s; %zu số liệu, %zu phần lời; %zu lỗi, %zu cảnh báo", checked->path,
                  th_checked_is_good(checked) ? "gửi được" : "chưa gửi được",
                  checked->report.values.count, checked->report.narratives_count,
                  checked->errors.count + checked->errors.dropped,
                  checked->warnings.count + checked->warnings.dropped);
    if (checked->unchecked_count > 0)
        (void)fprintf(out, "; %zu quy tắc chưa kiểm tra vì thiếu số%s", checked->unchecked_count,
                      verbose ? "" : " (xem bằng --verbose)");
    (void)fputc('\n', out);
}
