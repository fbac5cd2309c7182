/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the templates share: which indicators of which section are asked, and their words.
 *
 * Internal to proto/form and proto/workbook.
 */
#ifndef TH_FORM_TEMPLATE_H
#define TH_FORM_TEMPLATE_H

#include "proto/form/form.h"

struct th_form_template {
    const struct th_plan *plan;
    const struct th_obligation *obligation;
    const struct th_unit *unit;
    const uint16_t *numbers; /* asked or shown */
    uint16_t count;
    bool estimates; /* are allowed */
    FILE *out;
};

/* Borrows all four. */
struct th_form_template th_form_template_begin(const struct th_plan *plan,
                                               const struct th_obligation *obligation,
                                               const struct th_unit *unit, FILE *out);

enum th_form_part { TH_FORM_FIGURES, TH_FORM_TEXTS };

/*
 * The next indicator of a section after the place `*at` (0 at first); NULL when there is no more.
 * Derived ones and enums that are not asked count as figures.
 */
const struct th_indicator *th_form_template_next(const struct th_form_template *form,
                                                 const struct th_section *section,
                                                 enum th_form_part part, uint16_t *at);

#define TH_FORM_MEASURE_SIZE 1024
/* How a value is written: "lượt", "1: đã có, 0: chưa có", "năm-tháng-ngày". Returns `measure`. */
char *th_form_template_measure(const struct th_indicator *indicator,
                               char measure[TH_FORM_MEASURE_SIZE]);
/* "tự tính, không điền" for what has no place to fill in. */
const char *th_form_template_refusal(const struct th_indicator *indicator);

void th_form_template_yaml(const struct th_form_template *form);
void th_form_template_csv(const struct th_form_template *form);
/* Lets the other program write it. TH_E_CONFIG, TH_E_IO after a problem about that; TH_E_IO of
 * form->out, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_form_template_xlsx(const struct th_form_template *form,
                                        struct th_problems *problems);
/* TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_form_template_json(const struct th_form_template *form);

#endif
