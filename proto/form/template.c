/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/template.h"

#include <string.h>

const struct th_indicator *th_form_template_next(const struct th_form_template *form,
                                                 const struct th_section *section,
                                                 enum th_form_part part, uint16_t *at)
{
    while (*at < form->count) {
        const struct th_indicator *indicator =
            th_catalogue_get(&form->plan->catalogue, form->numbers[(*at)++]);
        if (indicator != NULL && indicator->section == section->number &&
            (indicator->type == TH_TYPE_TEXT) == (part == TH_FORM_TEXTS))
            return indicator;
    }
    return NULL;
}

static void add(char *text, size_t text_size, const char *before, const char *more)
{
    size_t used = strlen(text), size = strlen(before) + strlen(more);
    if (used + size < text_size)
        (void)snprintf(text + used, text_size - used, "%s%s", before, more);
}

char *th_form_template_measure(const struct th_indicator *indicator,
                               char measure[TH_FORM_MEASURE_SIZE])
{
    char decimals[64];
    measure[0] = 0;
    switch (indicator->type) {
    case TH_TYPE_BOOL:
        add(measure, TH_FORM_MEASURE_SIZE, "", "1: đã có, 0: chưa có");
        break;
    case TH_TYPE_DATE:
        add(measure, TH_FORM_MEASURE_SIZE, "", "năm-tháng-ngày");
        break;
    case TH_TYPE_ENUM:
        for (uint16_t i = 0; i < indicator->values_count; i++)
            add(measure, TH_FORM_MEASURE_SIZE, i == 0 ? "chọn: " : ", ", indicator->values[i]);
        break;
    case TH_TYPE_DECIMAL:
        (void)snprintf(decimals, sizeof decimals, "nhiều nhất %u chữ số thập phân",
                       (unsigned)indicator->scale);
        add(measure, TH_FORM_MEASURE_SIZE, "", indicator->unit_of_measure);
        add(measure, TH_FORM_MEASURE_SIZE, measure[0] == 0 ? "" : "; ", decimals);
        break;
    case TH_TYPE_COUNT:
    case TH_TYPE_MONEY:
    case TH_TYPE_TEXT:
    case TH_TYPE_PERCENT:
        add(measure, TH_FORM_MEASURE_SIZE, "", indicator->unit_of_measure);
        break;
    }
    return measure;
}

const char *th_form_template_refusal(const struct th_indicator *indicator)
{
    return indicator->type == TH_TYPE_ENUM ? "chưa hỏi, không điền" : "tự tính, không điền";
}

struct th_form_template th_form_template_begin(const struct th_plan *plan,
                                               const struct th_obligation *obligation,
                                               const struct th_unit *unit, FILE *out)
{
    struct th_form_template form = {
        .plan = plan, .obligation = obligation, .unit = unit, .out = out};
    const struct th_terms *estimates = th_obligation_terms(obligation, TH_TERM_ESTIMATES);
    form.estimates = estimates != NULL && estimates->estimates;
    form.count =
        th_obligation_indicators(obligation, th_unit_kind_branch(unit->kind), &form.numbers);
    return form;
}

int th_form_write_template(enum th_form_kind kind, const struct th_plan *plan,
                           const struct th_obligation *obligation, const struct th_unit *unit,
                           FILE *out, struct th_problems *problems)
{
    struct th_form_template form = th_form_template_begin(plan, obligation, unit, out);
    int status = 0;
    switch (kind) {
    case TH_FORM_YAML:
        th_form_template_yaml(&form);
        break;
    case TH_FORM_CSV:
        th_form_template_csv(&form);
        break;
    case TH_FORM_JSON:
        status = th_form_template_json(&form);
        break;
    case TH_FORM_XLSX:
        status = th_form_template_xlsx(&form, problems);
        break;
    }
    if (status == 0 && (fflush(out) != 0 || ferror(out)))
        status = TH_E_IO;
    return status;
}
