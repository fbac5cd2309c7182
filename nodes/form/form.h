/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports as people write them: a YAML form, JSON, or CSV from a Vietnamese spreadsheet.
 *
 * A form names plan, obligation and unit; figures by code. YAML and JSON take plain numbers (1234,
 * 12.50); CSV takes what Vietnamese Excel writes ("1.234,5", `;`, a byte order mark), and a number
 * that could be read two ways is refused with both readings. An empty figure is "not reported".
 *
 * Thread-safe; no state. Reports live in the arena.
 */
#ifndef TH_NODES_FORM_H
#define TH_NODES_FORM_H

#include "base/arena.h"
#include "base/problems.h"
#include "proto/model/plan.h"
#include "proto/model/report.h"

#include <stdio.h>

#define TH_FORM_SIZE_MAX ((size_t)1024 * 1024)

enum th_form_kind { TH_FORM_YAML, TH_FORM_JSON, TH_FORM_CSV };

/* By the file's ending. TH_E_INVALID for another one. */
TH_MUST_CHECK int th_form_kind_of(const char *path, enum th_form_kind *ret_kind);

/*
 * A form to fill in: exactly the indicators that the obligation asks of the unit's branch, each
 * with its name, unit of measure, values of an enum; tasks; models; sections; document. YAML has
 * comments; CSV is `;` with a byte order mark, columns mã;tên;đơn vị tính;giá trị;ước. TH_E_IO.
 */
TH_MUST_CHECK int th_form_write_template(enum th_form_kind kind, const struct th_plan *plan,
                                         const struct th_obligation *obligation,
                                         const struct th_unit *unit, FILE *out);

/*
 * Reads a form. All problems at once, with line and what to do. `revision` is 0 when the form does
 * not say. For CSV, which has no place for them, plan and obligation come from the caller; for the
 * others they may be NULL, and are compared when given. TH_E_INVALID, TH_E_AMBIGUOUS (a number with
 * two readings), TH_E_NOT_FOUND, TH_E_IO, TH_E_LIMIT, TH_E_NO_MEMORY.
 */
struct th_form_context {
    const struct th_plan *const *plans;
    size_t plans_count;
    const struct th_unit *unit;
    const struct th_plan *plan;             /* or NULL */
    const struct th_obligation *obligation; /* or NULL */
};
TH_MUST_CHECK int th_form_read(const char *path, const struct th_form_context *context,
                               struct th_arena *arena, struct th_problems *problems,
                               struct th_report *ret_report, const struct th_plan **ret_plan,
                               const struct th_obligation **ret_obligation);

#endif
