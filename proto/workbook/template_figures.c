/* SPDX-License-Identifier: Apache-2.0 */
/* "Số liệu": the figures of a workbook form, each with what its cell takes and what rules say. */
#include "proto/workbook/template.h"

#include "proto/model/checks.h"
#include "proto/model/figure.h"

#include <string.h>

#define CONDITION_CHARS 250 /* of a formula that validates, which has 255 */
#define FREE_ROWS       40  /* where the obligation names no indicators */
#define VALUE_COLUMN    4
#define MARK_COLUMN     5
#define CHECK_COLUMN    6
#define RULES_OF_MAX    16
#define LIST_SIZE_MAX   240

static const char *const headings[] = {TH_XLSX_CODE,  "Chỉ tiêu",        "Đơn vị tính", "Cách ghi",
                                       TH_XLSX_VALUE, TH_XLSX_ESTIMATED, "Kiểm tra"};
static const double widths[] = {9, 56, 15, 30, 18, 8, 46};

/* ---- a row of "Số liệu" ---- */

struct figures {
    struct th_xlsx_writing *writing;
    lxw_worksheet *sheet;
    uint32_t rule_rows[TH_LIMIT_RULES_MAX]; /* on "Kiểm tra" */
};

static bool is_number(const struct th_indicator *indicator)
{
    return indicator->type == TH_TYPE_COUNT || indicator->type == TH_TYPE_MONEY ||
           indicator->type == TH_TYPE_DECIMAL;
}

/* How a value is written, and the column of the form that the figure is known from. */
static void put_how(const struct figures *figures, lxw_row_t row,
                    const struct th_indicator *indicator, bool is_asked)
{
    static const char *const ways[] = {[TH_TYPE_COUNT] = "số nguyên",
                                       [TH_TYPE_MONEY] = "số nguyên, đồng",
                                       [TH_TYPE_DECIMAL] = "số thập phân, chữ số lẻ nhiều nhất:",
                                       [TH_TYPE_BOOL] = "1: đã có; 0: chưa có",
                                       [TH_TYPE_DATE] = "ngày, hiện năm-tháng-ngày",
                                       [TH_TYPE_ENUM] = "chọn trong danh sách",
                                       [TH_TYPE_TEXT] = "",
                                       [TH_TYPE_PERCENT] = "tự tính"};
    struct th_xlsx_formula how;
    th_xlsx_begin(&how);
    th_xlsx_add(&how, "%s", is_asked ? ways[indicator->type] : th_form_template_refusal(indicator));
    if (is_asked && indicator->type == TH_TYPE_DECIMAL)
        th_xlsx_add(&how, " %u", (unsigned)indicator->scale);
    if (is_asked && indicator->source == TH_SOURCE_FORM && indicator->note != NULL &&
        indicator->note[0] != 0)
        th_xlsx_add(&how, "; %s", indicator->note);
    const char *const texts[] = {indicator->name, indicator->unit_of_measure, how.bytes};
    th_xlsx_height(figures->writing, figures->sheet, row, texts, &widths[1], 3);
    th_xlsx_text(figures->writing, figures->sheet, row, 3, how.bytes,
                 figures->writing->formats.label);
}

static lxw_format *format_of(const struct th_xlsx_writing *writing,
                             const struct th_indicator *indicator)
{
    if (indicator->type == TH_TYPE_DATE)
        return writing->formats.day_input;
    if (indicator->type == TH_TYPE_ENUM)
        return writing->formats.text_input;
    return writing->formats.number_input[indicator->scale];
}

/* A list in the validation itself has 255 characters and may hold no comma. */
static bool fits_list(const struct th_indicator *indicator)
{
    size_t size = 0;
    for (uint16_t i = 0; i < indicator->values_count; i++) {
        size += strlen(indicator->values[i]) + 1;
        if (strchr(indicator->values[i], ',') != NULL)
            return false;
    }
    return size <= LIST_SIZE_MAX;
}

/* A drop-down list; values that do not fit into one stand on the hidden sheet, to compare with. */
static void put_values(struct figures *figures, lxw_row_t row, const struct th_indicator *indicator)
{
    struct th_xlsx_writing *writing = figures->writing;
    const char *values[TH_LIMIT_VALUES_MAX + 1] = {NULL};
    const char *title = "Chọn trong danh sách";
    const char *message = "Bấm mũi tên bên phải ô để chọn một trong các giá trị.";
    for (uint16_t i = 0; i < indicator->values_count && i < TH_LIMIT_VALUES_MAX; i++)
        values[i] = indicator->values[i];
    if (fits_list(indicator)) {
        th_xlsx_choose(writing, figures->sheet, row, VALUE_COLUMN, values, title, message);
        return;
    }
    lxw_col_t column = (lxw_col_t)(3 + writing->lists_count++);
    char formula[128], name[16], measure[TH_FORM_MEASURE_SIZE];
    for (lxw_row_t i = 0; values[i] != NULL; i++)
        th_xlsx_text(writing, writing->identity, i, column, values[i], NULL);
    lxw_col_to_name(name, column, LXW_TRUE);
    (void)snprintf(formula, sizeof formula, "=COUNTIF(" TH_XLSX_IDENTITY "!%s$1:%s$%u,E%u)>0", name,
                   name, (unsigned)indicator->values_count, (unsigned)row + 1);
    lxw_data_validation validation = {.validate = LXW_VALIDATION_TYPE_CUSTOM_FORMULA,
                                      .value_formula = formula};
    th_xlsx_validate(writing, figures->sheet, row, VALUE_COLUMN, &validation, title,
                     th_form_template_measure(indicator, measure));
}

/* "AND(ISNUMBER(E7),E7>=0,E7=ROUND(E7,2)" without its last bracket. */
static void add_type(struct th_xlsx_formula *text, const struct th_indicator *indicator,
                     lxw_row_t row)
{
    struct th_figure_range range = th_figure_range(indicator);
    char first[TH_FIGURE_TEXT_SIZE], last[TH_FIGURE_TEXT_SIZE];
    unsigned at = (unsigned)row + 1;
    th_xlsx_add(text, "AND(ISNUMBER(E%u),E%u>=%s,E%u<=%s,E%u=ROUND(E%u,%u)", at, at,
                th_figure_format(range.first, indicator->scale, first), at,
                th_figure_format(range.last, indicator->scale, last), at, at,
                (unsigned)indicator->scale);
}

static void put_number_rules(struct figures *figures, lxw_row_t row,
                             const struct th_indicator *indicator)
{
    struct th_xlsx_writing *writing = figures->writing;
    const struct th_rule_set *rules = &writing->form->plan->rules;
    struct th_xlsx_formula formula, part, message;
    bool has_rules = false;
    th_xlsx_begin(&formula);
    th_xlsx_begin(&message);
    th_xlsx_add(&formula, "=");
    add_type(&formula, indicator, row);
    for (uint16_t i = 0; i < rules->count; i++) {
        const struct th_rule *rule = &rules->rules[i];
        if (figures->rule_rows[i] == 0 || !th_xlsx_concerns(rule, indicator->number))
            continue;
        th_xlsx_begin(&part);
        th_xlsx_add(&part, ",OR(");
        th_xlsx_add_lack(&part, writing, rule, "");
        th_xlsx_add(&part, ",");
        th_xlsx_add_condition(&part, writing, rule, "");
        th_xlsx_add(&part, ")");
        if (part.is_full || formula.used + part.used > CONDITION_CHARS)
            continue;
        th_xlsx_add(&formula, "%s", part.bytes);
        th_xlsx_add(&message, "%s%s: %s", has_rules ? " " : "", rule->id, rule->text);
        has_rules = true;
    }
    th_xlsx_add(&formula, ")");
    if (!has_rules)
        th_xlsx_add(&message,
                    indicator->scale == 0
                        ? "Ghi số nguyên không âm, chỉ gồm chữ số, không ghi đơn vị tính."
                        : "Ghi số không âm, có nhiều nhất %u chữ số lẻ, không ghi đơn vị "
                          "tính.",
                    (unsigned)indicator->scale);
    lxw_data_validation validation = {.validate = LXW_VALIDATION_TYPE_CUSTOM_FORMULA,
                                      .ignore_blank =
                                          LXW_VALIDATION_OFF, /* else empty figures switch it off */
                                      .value_formula = formula.bytes,
                                      .error_type = has_rules ? LXW_VALIDATION_ERROR_TYPE_WARNING
                                                              : LXW_VALIDATION_ERROR_TYPE_STOP};
    th_xlsx_validate(writing, figures->sheet, row, VALUE_COLUMN, &validation,
                     has_rules ? "Sai quy tắc của kế hoạch" : "Ô này phải là số", message.bytes);
}

static void put_validation(struct figures *figures, lxw_row_t row,
                           const struct th_indicator *indicator)
{
    static const char *const flags[] = {"1", "0", NULL};
    struct th_xlsx_writing *writing = figures->writing;
    lxw_data_validation day = {.validate = LXW_VALIDATION_TYPE_DATE,
                               .criteria = LXW_VALIDATION_CRITERIA_BETWEEN,
                               .minimum_datetime = {TH_YEAR_MIN, 1, 1, 0, 0, 0},
                               .maximum_datetime = {TH_YEAR_MAX, 12, 31, 0, 0, 0}};
    if (is_number(indicator))
        put_number_rules(figures, row, indicator);
    else if (indicator->type == TH_TYPE_ENUM)
        put_values(figures, row, indicator);
    else if (indicator->type == TH_TYPE_BOOL)
        th_xlsx_choose(writing, figures->sheet, row, VALUE_COLUMN, flags, "Ghi 1 hoặc 0",
                       "Ghi 1 khi đã có, 0 khi chưa có; để trống khi chưa báo cáo.");
    else if (indicator->type == TH_TYPE_DATE)
        th_xlsx_validate(writing, figures->sheet, row, VALUE_COLUMN, &day, "Ô này phải là ngày",
                         "Gõ ngày theo cách của máy; ô sẽ hiện năm-tháng-ngày, như 2025-05-09.");
}

/* Beside the figure: what the type and the rules say, in words. */
static void put_check(struct figures *figures, lxw_row_t row, const struct th_indicator *indicator)
{
    static const char results[] = "'" TH_XLSX_RULES "'!";
    struct th_xlsx_writing *writing = figures->writing;
    const struct th_rule_set *rules = &writing->form->plan->rules;
    struct th_xlsx_formula formula, broken, said;
    size_t count = 0;
    th_xlsx_begin(&broken);
    th_xlsx_begin(&said);
    for (uint16_t i = 0; i < rules->count && count < RULES_OF_MAX; i++) {
        unsigned at = (unsigned)figures->rule_rows[i];
        if (at == 0 || !th_xlsx_concerns(&rules->rules[i], indicator->number))
            continue;
        const char *verdict =
            rules->rules[i].severity == TH_SEVERITY_ERROR ? TH_XLSX_WRONG : TH_XLSX_DOUBT;
        th_xlsx_add(&broken, "%s%sE%u=\"%s\"", count == 0 ? "" : ",", results, at, verdict);
        th_xlsx_add(&said, "%sIF(%sE%u=\"%s\",\"%s: \"&%sA%u&\" \"&%sB%u&\" \",\"\")",
                    count == 0 ? "" : "&", results, at, verdict, verdict, results, at, results, at);
        count++;
    }
    th_xlsx_begin(&formula);
    th_xlsx_add(&formula, "=IF(E%u=\"\",\"\",IF(", (unsigned)row + 1);
    add_type(&formula, indicator, row);
    if (count > 0)
        th_xlsx_add(&formula, "),IF(OR(%s),%s,\"" TH_XLSX_RIGHT "\")", broken.bytes, said.bytes);
    else
        th_xlsx_add(&formula, "),\"" TH_XLSX_RIGHT "\"");
    th_xlsx_add(&formula, ",\"" TH_XLSX_WRONG ": %s\"))",
                indicator->scale == 0 ? "phải là số nguyên không âm"
                                      : "phải là số đúng số chữ số lẻ");
    th_xlsx_note(
        writing,
        formula.is_full || broken.is_full || said.is_full
            ? worksheet_write_blank(figures->sheet, row, CHECK_COLUMN, writing->formats.check)
            : worksheet_write_formula_str(figures->sheet, row, CHECK_COLUMN, formula.bytes,
                                          writing->formats.check, ""));
}

static void add_sum(struct th_xlsx_formula *text, const struct th_xlsx_writing *writing,
                    const uint16_t *numbers, size_t count)
{
    th_xlsx_add(text, "(");
    for (size_t i = 0; i < count; i++)
        th_xlsx_add(text, "%sE%u", i == 0 ? "" : ",", (unsigned)writing->rows[numbers[i]]);
    th_xlsx_add(text, ")");
}

/* A ratio of sums, per hundred, as the plan computes it. */
static bool put_ratio(struct figures *figures, lxw_row_t row, const struct th_indicator *indicator)
{
    struct th_xlsx_writing *writing = figures->writing;
    const struct th_ratio *ratio = &indicator->ratio;
    struct th_xlsx_formula formula;
    if (indicator->up != TH_UP_RATIO_OF_SUMS || ratio->denominator_count == 0)
        return false;
    for (size_t i = 0; i < ratio->numerator_count; i++)
        if (writing->rows[ratio->numerator[i]] == 0)
            return false;
    for (size_t i = 0; i < ratio->denominator_count; i++)
        if (writing->rows[ratio->denominator[i]] == 0)
            return false;
    th_xlsx_begin(&formula);
    th_xlsx_add(&formula, "=IF(COUNT");
    add_sum(&formula, writing, ratio->numerator, ratio->numerator_count);
    th_xlsx_add(&formula, "+COUNT");
    add_sum(&formula, writing, ratio->denominator, ratio->denominator_count);
    th_xlsx_add(&formula, "<%u,\"\",IF(SUM",
                (unsigned)ratio->numerator_count + ratio->denominator_count);
    add_sum(&formula, writing, ratio->denominator, ratio->denominator_count);
    th_xlsx_add(&formula, "=0,\"\",ROUND(100*SUM");
    add_sum(&formula, writing, ratio->numerator, ratio->numerator_count);
    th_xlsx_add(&formula, "/SUM");
    add_sum(&formula, writing, ratio->denominator, ratio->denominator_count);
    th_xlsx_add(&formula, ",2)))");
    th_xlsx_note(writing, worksheet_write_formula_str(figures->sheet, row, VALUE_COLUMN,
                                                      formula.bytes, writing->formats.shown, ""));
    return true;
}

static void put_blank(struct figures *figures, lxw_row_t row, lxw_col_t column, lxw_format *format)
{
    th_xlsx_note(figures->writing, worksheet_write_blank(figures->sheet, row, column, format));
}

static void put_mark(struct figures *figures, lxw_row_t row)
{
    static const char *const marks[] = {"x", NULL};
    struct th_xlsx_writing *writing = figures->writing;
    if (!writing->form->estimates) {
        put_blank(figures, row, MARK_COLUMN, writing->formats.locked);
        return;
    }
    put_blank(figures, row, MARK_COLUMN, writing->formats.mark_input);
    th_xlsx_choose(writing, figures->sheet, row, MARK_COLUMN, marks, "Chọn x hoặc để trống",
                   "Chọn x khi đây là số ước; để trống khi là số thật.");
}

static void put_figure(struct figures *figures, lxw_row_t row, const struct th_indicator *indicator)
{
    struct th_xlsx_writing *writing = figures->writing;
    struct th_xlsx_formats *formats = &writing->formats;
    bool is_asked = th_indicator_is_asked(indicator);
    char code[TH_LIMIT_INDICATOR_CODE_MAX + 8];
    (void)snprintf(code, sizeof code, is_asked ? "%s" : "(%s)", indicator->code);
    th_xlsx_text(writing, figures->sheet, row, 0, code, formats->label);
    th_xlsx_text(writing, figures->sheet, row, 1, indicator->name, formats->label);
    th_xlsx_text(writing, figures->sheet, row, 2, indicator->unit_of_measure, formats->label);
    put_how(figures, row, indicator, is_asked);
    if (!is_asked) {
        if (!put_ratio(figures, row, indicator))
            put_blank(figures, row, VALUE_COLUMN, formats->locked);
        put_blank(figures, row, MARK_COLUMN, formats->locked);
        put_blank(figures, row, CHECK_COLUMN, formats->check);
        return;
    }
    put_blank(figures, row, VALUE_COLUMN, format_of(writing, indicator));
    put_validation(figures, row, indicator);
    put_mark(figures, row);
    if (is_number(indicator))
        put_check(figures, row, indicator);
    else
        put_blank(figures, row, CHECK_COLUMN, formats->check);
}

/* ---- the sheet ---- */

typedef void visit_row(struct figures *figures, lxw_row_t row, const struct th_section *section,
                       const struct th_indicator *indicator);

/* Each row below the headings: a section (without an indicator), or an indicator. */
static lxw_row_t visit_rows(struct figures *figures, lxw_row_t row, visit_row *visit)
{
    const struct th_form_template *form = figures->writing->form;
    for (uint16_t i = 0; i < form->plan->catalogue.sections_count; i++) {
        const struct th_section *section = &form->plan->catalogue.sections[i];
        const struct th_indicator *indicator;
        bool has_heading = false;
        uint16_t at = 0;
        while ((indicator = th_form_template_next(form, section, TH_FORM_FIGURES, &at)) != NULL) {
            if (!has_heading)
                visit(figures, row++, section, NULL);
            has_heading = true;
            visit(figures, row++, section, indicator);
        }
    }
    return row;
}

static void place_row(struct figures *figures, lxw_row_t row, const struct th_section *section,
                      const struct th_indicator *indicator)
{
    (void)section;
    if (indicator != NULL && th_indicator_is_asked(indicator))
        figures->writing->rows[indicator->number] = row + 1;
}

static void put_row(struct figures *figures, lxw_row_t row, const struct th_section *section,
                    const struct th_indicator *indicator)
{
    lxw_format *format = figures->writing->formats.section;
    char heading[TH_LIMIT_TITLE_MAX + 16];
    if (indicator != NULL) {
        put_figure(figures, row, indicator);
        return;
    }
    (void)snprintf(heading, sizeof heading, "%u. %s", (unsigned)section->number, section->name);
    for (lxw_col_t column = 0; column <= CHECK_COLUMN; column++)
        put_blank(figures, row, column, format);
    th_xlsx_text(figures->writing, figures->sheet, row, 1, heading, format);
}

/* The obligation names no indicators: whoever has figures writes their codes. */
static void put_free_rows(struct figures *figures, lxw_row_t row)
{
    const struct th_xlsx_formats *formats = &figures->writing->formats;
    for (lxw_row_t end = row + FREE_ROWS; row < end; row++) {
        put_blank(figures, row, 0, formats->text_input);
        th_xlsx_text(figures->writing, figures->sheet, row, 1,
                     "Nghĩa vụ này không nêu chỉ tiêu; nếu có số liệu thì ghi mã của danh mục",
                     formats->label);
        put_blank(figures, row, 2, formats->label);
        put_blank(figures, row, 3, formats->label);
        put_blank(figures, row, VALUE_COLUMN, formats->free_input);
        put_mark(figures, row);
    }
}

void th_xlsx_figures(struct th_xlsx_writing *writing)
{
    lxw_row_t heading;
    struct figures figures = {.writing = writing};
    figures.sheet = th_xlsx_sheet(writing, TH_XLSX_FIGURES, "số liệu", &heading);
    if (figures.sheet == NULL)
        return;
    (void)visit_rows(&figures, heading + 1, place_row);
    th_xlsx_rules(writing, figures.rule_rows);
    writing->identity = workbook_add_worksheet(writing->book, TH_XLSX_IDENTITY);
    if (writing->identity == NULL) {
        th_xlsx_note(writing, LXW_ERROR_MEMORY_MALLOC_FAILED);
        return;
    }
    th_xlsx_headings(writing, figures.sheet, heading, headings, widths, CHECK_COLUMN + 1);
    lxw_row_t end = visit_rows(&figures, heading + 1, put_row);
    if (end > heading + 1)
        th_xlsx_color(writing, figures.sheet, heading + 1, end - 1, CHECK_COLUMN);
    if (writing->form->count == 0)
        put_free_rows(&figures, heading + 1);
    th_xlsx_finish(writing, figures.sheet, heading);
}
