/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's rules as formulas of a spreadsheet.
 *
 * A comparison becomes two formulas: one on "Kiểm tra" that says ĐÚNG, SAI or that figures are
 * missing, and one that warns while a cell of it is filled in. It only warns, for the figures of a
 * sum are typed one after the other and each of them may be the wrong one. Who reads the form
 * checks all rules again, so a formula that does not fit Excel's bounds may be left out.
 */
#include "proto/workbook/template.h"

#include "proto/model/figure.h"
#include "proto/model/period.h"

#include <stdarg.h>
#include <string.h>

#define RESULT_COLUMN 4
#define LACKING       "chưa đủ số"

void th_xlsx_begin(struct th_xlsx_formula *formula)
{
    formula->used = 0;
    formula->is_full = false;
    formula->bytes[0] = 0;
}

void th_xlsx_add(struct th_xlsx_formula *formula, const char *format, ...)
{
    size_t room = TH_XLSX_FORMULA_SIZE - formula->used;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(formula->bytes + formula->used, room, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= room) {
        formula->is_full = true;
        formula->bytes[formula->used] = 0;
    } else {
        formula->used += (size_t)size;
    }
}

/* ---- comparisons as formulas ---- */

static bool applies(const struct th_form_template *form, const struct th_rule *rule)
{
    const char *period = form->obligation->period;
    struct th_period read;
    if (rule->kind == TH_RULE_COMPARISON)
        return true;
    return rule->kind == TH_RULE_ANNUAL_COMMUNE &&
           th_unit_kind_branch(form->unit->kind) == TH_BRANCH_COMMUNES &&
           th_period_parse(period, strlen(period), &read) == 0 && read.kind == TH_PERIOD_YEAR;
}

/* Every figure of it has a cell. */
static bool has_cells(const struct th_xlsx_writing *writing, const struct th_rule *rule)
{
    if (!applies(writing->form, rule) || rule->comparison.terms_count == 0)
        return false;
    for (size_t i = 0; i < rule->comparison.terms_count; i++)
        if (writing->rows[rule->comparison.terms[i].indicator] == 0)
            return false;
    return true;
}

static unsigned scale_of(const struct th_xlsx_writing *writing, const struct th_rule *rule)
{
    const struct th_indicator *first =
        th_catalogue_get(&writing->form->plan->catalogue, rule->comparison.terms[0].indicator);
    return first == NULL ? 0 : first->scale;
}

/* One side: the terms of its sign, and its constant. */
static void add_side(struct th_xlsx_formula *text, const struct th_xlsx_writing *writing,
                     const struct th_rule *rule, const char *sheet, bool is_left)
{
    const struct th_comparison *comparison = &rule->comparison;
    int64_t constant = is_left ? comparison->left_constant : comparison->right_constant;
    char number[TH_FIGURE_TEXT_SIZE];
    bool is_empty = true;
    for (size_t i = 0; i < comparison->terms_count; i++) {
        int32_t coefficient = comparison->terms[i].coefficient;
        if ((coefficient > 0) != is_left)
            continue;
        coefficient = coefficient < 0 ? -coefficient : coefficient;
        th_xlsx_add(text, is_empty ? "" : "+");
        if (coefficient != 1)
            th_xlsx_add(text, "%d*", (int)coefficient);
        th_xlsx_add(text, "%sE%u", sheet, (unsigned)writing->rows[comparison->terms[i].indicator]);
        is_empty = false;
    }
    if (is_empty || constant != 0)
        th_xlsx_add(text, "%s%s", is_empty ? "" : "+",
                    th_figure_format(constant, scale_of(writing, rule), number));
}

void th_xlsx_add_condition(struct th_xlsx_formula *text, const struct th_xlsx_writing *writing,
                           const struct th_rule *rule, const char *sheet)
{
    static const char *const operators[] = {
        [TH_RULE_EQUAL] = "=", [TH_RULE_AT_MOST] = "<=", [TH_RULE_AT_LEAST] = ">="};
    unsigned scale = scale_of(writing, rule);
    for (int side = 0; side < 2; side++) {
        th_xlsx_add(text, "%s", scale > 0 ? "ROUND(" : "");
        add_side(text, writing, rule, sheet, side == 0);
        if (scale > 0)
            th_xlsx_add(text, ",%u)", scale);
        if (side == 0)
            th_xlsx_add(text, "%s", operators[rule->comparison.operator]);
    }
}

void th_xlsx_add_lack(struct th_xlsx_formula *text, const struct th_xlsx_writing *writing,
                      const struct th_rule *rule, const char *sheet)
{
    th_xlsx_add(text, "COUNT(");
    for (size_t i = 0; i < rule->comparison.terms_count; i++)
        th_xlsx_add(text, "%s%sE%u", i == 0 ? "" : ",", sheet,
                    (unsigned)writing->rows[rule->comparison.terms[i].indicator]);
    th_xlsx_add(text, ")<%zu", rule->comparison.terms_count);
}

bool th_xlsx_concerns(const struct th_rule *rule, uint16_t number)
{
    for (size_t i = 0; i < rule->comparison.terms_count; i++)
        if (rule->comparison.terms[i].indicator == number)
            return true;
    return false;
}

/* ---- "Kiểm tra" ---- */

void th_xlsx_rules(struct th_xlsx_writing *writing, uint32_t ret_rows[TH_LIMIT_RULES_MAX])
{
    static const char *const rule_headings[] = {"Quy tắc", "Nội dung", "So sánh", "Mức", "Kết quả"};
    static const double rule_widths[] = {9, 80, 38, 14, 15};
    static const char figures[] = "'" TH_XLSX_FIGURES "'!";
    const struct th_rule_set *rules = &writing->form->plan->rules;
    lxw_worksheet *sheet = NULL;
    lxw_row_t heading = 0, row = 0;
    struct th_xlsx_formula formula;
    for (uint16_t i = 0; i < rules->count && i < TH_LIMIT_RULES_MAX; i++) {
        const struct th_rule *rule = &rules->rules[i];
        bool is_error = rule->severity == TH_SEVERITY_ERROR;
        ret_rows[i] = 0;
        if (!has_cells(writing, rule))
            continue;
        th_xlsx_begin(&formula);
        th_xlsx_add(&formula, "=IF(");
        th_xlsx_add_lack(&formula, writing, rule, figures);
        th_xlsx_add(&formula, ",\"" LACKING "\",IF(");
        th_xlsx_add_condition(&formula, writing, rule, figures);
        th_xlsx_add(&formula, ",\"" TH_XLSX_RIGHT "\",\"%s\"))",
                    is_error ? TH_XLSX_WRONG : TH_XLSX_DOUBT);
        if (formula.is_full)
            continue;
        if (sheet == NULL) {
            sheet = th_xlsx_sheet(writing, TH_XLSX_RULES, "kiểm tra", &heading);
            if (sheet == NULL)
                return;
            th_xlsx_headings(writing, sheet, heading, rule_headings, rule_widths, 5);
            row = heading + 1;
        }
        th_xlsx_text(writing, sheet, row, 0, rule->id, writing->formats.label);
        th_xlsx_text(writing, sheet, row, 1, rule->text, writing->formats.label);
        th_xlsx_text(writing, sheet, row, 2, rule->written, writing->formats.label);
        const char *const texts[] = {rule->text, rule->written};
        th_xlsx_height(writing, sheet, row, texts, &rule_widths[1], 2);
        th_xlsx_text(writing, sheet, row, 3, is_error ? "bắt buộc" : "nhắc",
                     writing->formats.label);
        th_xlsx_note(writing, worksheet_write_formula_str(sheet, row, RESULT_COLUMN, formula.bytes,
                                                          writing->formats.check, LACKING));
        ret_rows[i] = ++row;
    }
    if (sheet == NULL)
        return;
    th_xlsx_color(writing, sheet, heading + 1, row - 1, RESULT_COLUMN);
    th_xlsx_finish(writing, sheet, heading);
}
