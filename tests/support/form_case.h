/* SPDX-License-Identifier: Apache-2.0 */
/* One form, written to a folder of its own and read with the small plan. */
#ifndef TH_TESTS_SUPPORT_FORM_CASE_H
#define TH_TESTS_SUPPORT_FORM_CASE_H

#include "proto/form/form.h"

struct form_case {
    char folder[64];
    char path[128];
    struct th_arena arena;
    struct th_problems problems;
    struct th_form_places places;
    struct th_form_partial partial;
    struct th_report report;
    const struct th_plan *plan;
    const struct th_obligation *obligation;
    int status;
    char *printed; /* the problems as people see them, without the folder */
    size_t printed_size;
};

/* `ending` is ".yaml" and the like. Other context is for small_commune with small_plan. */
struct form_case form_case_begin(void);
void form_case_read(struct form_case *form, const char *ending, const char *bytes, size_t size);
void form_case_read_text(struct form_case *form, const char *ending, const char *text);
void form_case_read_with(struct form_case *form, const char *path,
                         const struct th_form_context *context);
void form_case_put(const struct form_case *form, const char *name, const char *bytes, size_t size);
void form_case_end(struct form_case *form);

/* How often `part` stands in the printed problems. */
size_t form_case_count(const struct form_case *form, const char *part);
/* The value of a number; fails the test when it is not reported. */
int64_t form_case_value(const struct form_case *form, uint16_t number);
bool form_case_has(const struct form_case *form, uint16_t number);
/* Writes a template; returns owned text (free). */
char *form_case_template(enum th_form_kind kind, const struct th_plan *plan,
                         const struct th_obligation *obligation, const struct th_unit *unit,
                         size_t *ret_size);

#endif
