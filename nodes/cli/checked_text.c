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

static void print_reason(const struct th_checked *checked, const struct th_reason *reason,
                         const struct th_form_place *place, const char *what, FILE *out)
{
    const struct th_rule *rule = rule_of(checked, reason->rule);
    (void)fputs(checked->path, out);
    if (place != NULL)
        print_place(place, out);
    (void)fprintf(out, ": %s [%s]: ", what, reason->rule);
    bool has_terms = rule != NULL && rule->comparison.terms_count > 0;
    char field[TH_FORM_SPOKEN_SIZE];
    if (reason->field[0] != 0 && !has_terms)
        (void)fprintf(out, "%s%s%s: ", th_form_field_spoken(th_text_of(reason->field), field),
                      reason->value[0] == 0 ? "" : " = ", reason->value);
    (void)fprintf(out, "%s\n", reason->text);
    if (has_terms)
        print_terms(checked, rule, out);
}

static void print_dropped(const struct th_checked *checked, size_t dropped, const char *what,
                          FILE *out)
{
    if (dropped > 0)
        (void)fprintf(out, "%s: còn %zu %s nữa\n", checked->path, dropped, what);
}

/* What could not be read and what the rules refuse, together in the order of the form. */
static void print_errors(const struct th_checked *checked, FILE *out)
{
    const struct th_problems *problems = &checked->problems;
    const struct th_reasons *errors = &checked->errors;
    for (size_t p = 0, e = 0; p < problems->count || e < errors->count;) {
        const struct th_form_place *place =
            e < errors->count ? th_form_places_find(&checked->places, errors->items[e].field)
                              : NULL;
        struct th_form_place problem = {.field = ""};
        if (p < problems->count)
            problem = th_form_place_of(&problems->items[p]);
        if (e == errors->count ||
            (p < problems->count && th_form_place_compare(&problem, place) <= 0)) {
            const struct th_problems one = {.items = &problems->items[p++], .count = 1};
            (void)!th_problems_print(&one, out);
        } else {
            print_reason(checked, &errors->items[e++], place, "lỗi", out);
        }
    }
    print_dropped(checked, problems->dropped + errors->dropped, "lỗi", out);
}

static void print_warnings(const struct th_checked *checked, FILE *out)
{
    for (size_t i = 0; i < checked->warnings.count; i++) {
        const struct th_reason *reason = &checked->warnings.items[i];
        print_reason(checked, reason, th_form_places_find(&checked->places, reason->field),
                     "cảnh báo", out);
    }
    print_dropped(checked, checked->warnings.dropped, "cảnh báo", out);
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
    print_errors(checked, out);
    if (!checked->is_checked) {
        (void)fprintf(out, "%s: chưa đọc được biểu: %s\n", checked->path,
                      th_status_text(checked->status));
        return;
    }
    print_warnings(checked, out);
    if (verbose)
        print_unchecked(checked, out);
    (void)fprintf(out, "%s: %s; %s%zu số liệu, %zu phần lời; %zu lỗi, %zu cảnh báo", checked->path,
                  th_checked_is_good(checked) ? "gửi được" : "chưa gửi được",
                  checked->status == 0 ? "" : "đọc được ", checked->report.values.count,
                  checked->report.narratives_count,
                  th_problems_total(&checked->problems) + checked->errors.count +
                      checked->errors.dropped,
                  checked->warnings.count + checked->warnings.dropped);
    if (checked->unchecked_count > 0)
        (void)fprintf(out, "; %zu quy tắc chưa kiểm tra vì thiếu số%s", checked->unchecked_count,
                      verbose ? "" : " (xem bằng check --verbose)");
    (void)fputc('\n', out);
}
