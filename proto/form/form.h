/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports as people write them: a YAML form, JSON, CSV from a Vietnamese spreadsheet, or a workbook
 * (XLSX) of Excel.
 *
 * A form names plan, obligation and unit; figures by code. YAML and JSON take plain numbers (1234,
 * 12.50), in quotes or not, read by their characters and never through floating point; CSV takes
 * what Vietnamese Excel writes ("1.234,5", `;`, a byte order mark), and a number that could be read
 * two ways is refused with both readings. In a workbook a number is a number cell, read by the
 * characters that the spreadsheet saved. An empty figure is "not reported". Yes and no are 1 and
 * 0; days are 2025-05-09, in CSV also 9/5/2025 where that has one reading only.
 *
 * Thread-safe; no state. Reports live in the arena.
 */
#ifndef TH_FORM_H
#define TH_FORM_H

#include "base/arena.h"
#include "base/problems.h"
#include "proto/model/plan.h"
#include "proto/model/report.h"

#include <stdio.h>

#define TH_FORM_SIZE_MAX ((size_t)1024 * 1024)

enum th_form_kind { TH_FORM_YAML, TH_FORM_JSON, TH_FORM_CSV, TH_FORM_XLSX };

/* By the file's ending. TH_E_INVALID for another one. */
TH_MUST_CHECK int th_form_kind_of(const char *path, enum th_form_kind *ret_kind);

/*
 * A form to fill in: exactly the indicators that the obligation asks of the unit's branch, each
 * with its name, unit of measure, values of an enum; tasks; models; sections; document. YAML has
 * comments; CSV is `;` with a byte order mark, columns mã;tên;đơn vị tính;giá trị;ước; XLSX has
 * its labels protected and the plan's rules beside the cells, and another program writes it:
 * TH_E_CONFIG, TH_E_IO after a problem about that was added. TH_E_IO of `out`; TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_form_write_template(enum th_form_kind kind, const struct th_plan *plan,
                                         const struct th_obligation *obligation,
                                         const struct th_unit *unit, FILE *out,
                                         struct th_problems *problems);

struct th_form_context {
    const struct th_plan *const *plans;
    size_t plans_count;
    const struct th_unit *unit;
    const struct th_plan *plan;             /* or NULL */
    const struct th_obligation *obligation; /* or NULL */
    uint32_t number;                        /* stands for what the form leaves out; 0: not given */
    struct th_form_places *places;          /* filled when not NULL; lives in the arena */
    struct th_form_partial *partial;        /* likewise, of a form with problems; see below */
};

/* Where the fields of a report stand in its form: "value.TCD01", "task.3.percent", "revision". */
struct th_form_place {
    const char *field;
    uint32_t line;
    uint32_t column;
    const char *cell; /* "Số liệu!E17" in a workbook, line and column are 0; NULL otherwise */
};
struct th_form_places {
    struct th_form_place *items;
    size_t count;
    size_t capacity;
};
/* The place of a field, else of what it belongs to ("task.3", "task"); NULL when nothing is there.
 */
const struct th_form_place *th_form_places_find(const struct th_form_places *places,
                                                const char *field);
/* Below 0 when `a` stands before `b` in the form, above when behind it. What has no place (NULL, or
 * line 0 without a cell) is before all; sheets are in the order of the template. */
int th_form_place_compare(const struct th_form_place *a, const struct th_form_place *b);
#define TH_FORM_SPOKEN_SIZE 96
/* What a field is called, for an officer: "TCD01", "nhiệm vụ 3, tỷ lệ", "lần gửi"; what is not
 * known as it is, shortened. Accepted text. Returns `spoken`. */
const char *th_form_field_spoken(struct th_text field, char spoken[TH_FORM_SPOKEN_SIZE]);
/* Of a problem that reading has found; borrows its cell. */
struct th_form_place th_form_place_of(const struct th_problem *problem);

/*
 * What could be read of a form with problems, so that the rules find what else is wrong with it;
 * good for nothing else. A figure is here when it was surely read: what was refused, stands twice
 * or in a torn row is left out, and so are all estimates when their day is not sure. `plan` is NULL
 * when plan, obligation or unit are not sure, or nothing was read.
 */
struct th_form_partial {
    struct th_report report;
    const struct th_plan *plan;
    const struct th_obligation *obligation;
};

/*
 * Reads a form. All problems at once, in the order of the form, with line and what to do.
 * `revision` is 0 when the form does not say. Plan and obligation of the context may be NULL; when
 * given they stand for what the form leaves out, and what the form says has to be the same. The
 * unit has to be the context's.
 *
 * A workbook is known by its content, whatever its name; of another unit, or made when the plan
 * asked something else, it is refused. Another program opens it, tonghop-workbook
 * (proto/workbook/main.c); TH_E_CONFIG when that is not there.
 *
 * Texts are brought to form NFC. Attached files are looked for from the form's own folder, and
 * their sizes and digests are taken now. TH_E_SYNTAX (the file cannot be read as what its ending
 * says), TH_E_AMBIGUOUS (numbers or days with two readings, nothing else), TH_E_INVALID,
 * TH_E_NOT_FOUND, TH_E_FORBIDDEN, TH_E_IO, TH_E_LIMIT, TH_E_CONFIG have added problems;
 * TH_E_NO_MEMORY has not.
 */
TH_MUST_CHECK int th_form_read(const char *path, const struct th_form_context *context,
                               struct th_arena *arena, struct th_problems *problems,
                               struct th_report *ret_report, const struct th_plan **ret_plan,
                               const struct th_obligation **ret_obligation);

#endif
