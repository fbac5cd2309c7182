/* SPDX-License-Identifier: Apache-2.0 */
/* The figures, which of them are estimates, and the texts of text indicators. */
#include "proto/form/reader.h"

#include "proto/model/figure.h"

#include <stdio.h>
#include <string.h>

#define HINT_SIZE 320

/* What was read, by catalogue number; [0] is not used. */
struct figures {
    struct th_form_reader *reader;
    const struct th_catalogue *catalogue;
    const uint16_t *asked; /* numbers, ascending */
    uint16_t asked_count;
    const struct th_form_node **nodes; /* where a number stands; NULL when nowhere */
    int64_t *values;
    bool *reported;
    bool *estimated;
    struct th_text *texts; /* of narratives; size 0 when not reported */
};

/* An obligation that names no indicators takes any of the catalogue. */
static bool is_asked(const struct figures *figures, uint16_t number)
{
    if (figures->asked_count == 0)
        return true;
    for (uint16_t i = 0; i < figures->asked_count; i++)
        if (figures->asked[i] == number)
            return true;
    return false;
}

static void complain_about_code(const struct figures *figures, const struct th_form_node *node,
                                struct th_text code)
{
    struct th_form_nearest nearest = {.word = code.bytes, .word_size = code.size};
    char hint[HINT_SIZE], text[TH_TEXT_EXCERPT_SIZE];
    /* Beyond what the list keeps nobody reads the hint. */
    bool is_read = figures->reader->problems->count < TH_PROBLEMS_MAX;
    for (uint16_t number = 1; is_read && number <= figures->catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(figures->catalogue, number);
        if (indicator != NULL && is_asked(figures, number))
            th_form_nearest_offer(&nearest, indicator->code);
    }
    if (nearest.best != NULL)
        (void)snprintf(hint, sizeof hint, "có phải là %s?", nearest.best);
    else
        (void)snprintf(hint, sizeof hint, "chép lại mã chỉ tiêu từ biểu mẫu, hoặc xóa dòng này");
    th_form_complain(figures->reader, node, hint, "không có chỉ tiêu mang mã \"%s\"",
                     th_text_excerpt(code.bytes, code.size, text));
}

/* The indicator of a code that this report is asked for; NULL after a complaint. */
static const struct th_indicator *
asked_indicator(const struct figures *figures, const struct th_form_node *node, struct th_text code)
{
    uint16_t number = th_catalogue_lookup(figures->catalogue, code.bytes, code.size);
    const struct th_indicator *indicator = th_catalogue_get(figures->catalogue, number);
    if (indicator == NULL)
        complain_about_code(figures, node, code);
    else if (!th_indicator_is_asked(indicator))
        th_form_complain(figures->reader, node, "xóa giá trị này", "%s (%s) %s", indicator->code,
                         indicator->name,
                         indicator->type == TH_TYPE_ENUM ? "chưa được hỏi"
                                                         : "được tự tính, không điền");
    else if (!is_asked(figures, number))
        th_form_complain(
            figures->reader, node, "xóa dòng này; biểu mẫu có đúng các chỉ tiêu được hỏi",
            "nghĩa vụ này không hỏi đơn vị chỉ tiêu %s (%s)", indicator->code, indicator->name);
    else
        return indicator;
    return NULL;
}

/* It would do for an indicator with more decimals; otherwise it is too large for any. */
static bool has_more_decimals(struct th_text text, unsigned scale)
{
    for (unsigned more = scale + 1; more <= TH_FIGURE_SCALE_MAX; more++) {
        int64_t value;
        int status = th_figure_parse_spreadsheet(text.bytes, text.size, more, &value, NULL);
        if (status == 0 || status == TH_E_AMBIGUOUS)
            return true;
    }
    return false;
}

static void complain_about_number(const struct figures *figures, const struct th_form_node *node,
                                  const struct th_indicator *indicator, int status)
{
    char text[TH_TEXT_EXCERPT_SIZE], hint[HINT_SIZE], number[TH_FIGURE_TEXT_SIZE];
    int64_t other = 0;
    const char *written = th_text_excerpt(node->text.bytes, node->text.size, text);
    if (th_figure_parse_spreadsheet(node->text.bytes, node->text.size, indicator->scale, &other,
                                    NULL) == 0 &&
        !figures->reader->is_sheet)
        (void)snprintf(
            hint, sizeof hint,
            "không ngăn cách hàng nghìn, dấu thập phân là dấu chấm: nếu đúng thì viết %s",
            th_figure_format(other, indicator->scale, number));
    else if (indicator->scale == 0)
        (void)snprintf(hint, sizeof hint,
                       "viết số nguyên, liền nhau, bằng các chữ số 0 đến 9, như 1234");
    else
        (void)snprintf(hint, sizeof hint, "viết số có nhiều nhất %u chữ số thập phân, như %s",
                       (unsigned)indicator->scale, figures->reader->is_sheet ? "12,5" : "12.5");
    if (status == TH_E_RANGE && !has_more_decimals(node->text, indicator->scale))
        th_form_complain(figures->reader, node, "xem lại các chữ số",
                         "%s: \"%s\" lớn quá mức ghi được", indicator->code, written);
    else if (status == TH_E_RANGE && indicator->scale == 0)
        th_form_complain(figures->reader, node, hint,
                         "%s: \"%s\" có phần lẻ, mà chỉ tiêu này là số nguyên", indicator->code,
                         written);
    else if (status == TH_E_RANGE)
        th_form_complain(figures->reader, node, hint,
                         "%s: \"%s\" có nhiều chữ số thập phân hơn mức cho phép", indicator->code,
                         written);
    else
        th_form_complain(figures->reader, node, hint, "%s: \"%s\" không phải là số",
                         indicator->code, written);
}

/* 1234,5: no groups, so that it cannot be read another way. */
static char *ungrouped(int64_t reading, char text[TH_FIGURE_TEXT_SIZE])
{
    char *point = strchr(th_figure_format(reading, TH_FIGURE_SCALE_MAX, text), '.');
    char *end = point + strlen(point);
    while (end[-1] == '0')
        end--;
    *point = ',';
    *(end - 1 == point ? point : end) = 0;
    return text;
}

static void complain_about_readings(struct th_form_reader *reader, const struct th_form_node *node,
                                    const struct th_indicator *indicator,
                                    const struct th_figure_readings *readings)
{
    char one[TH_FIGURE_TEXT_SIZE], two[TH_FIGURE_TEXT_SIZE], hint[HINT_SIZE];
    ungrouped(readings->vietnamese, one);
    ungrouped(readings->english, two);
    const char *whole = strchr(one, ',') == NULL ? one : two;
    const char *decimal = whole == one ? two : one;
    if (reader->is_sheet)
        (void)snprintf(hint, sizeof hint,
                       "nếu là số lớn thì viết liền %s; nếu là số thập phân thì thêm một số 0: %s0",
                       whole, decimal);
    else
        (void)snprintf(hint, sizeof hint, "viết %s hoặc %s, không thêm số 0 sau dấu chấm", whole,
                       decimal);
    th_form_complain(reader, node, hint, "%s: \"%s\" có hai cách đọc: %s hoặc %s", indicator->code,
                     node->text.bytes, one, two);
    reader->ambiguous_found++;
}

static bool read_number(struct figures *figures, const struct th_form_node *node,
                        const struct th_indicator *indicator, int64_t *ret_value)
{
    struct th_form_reader *reader = figures->reader;
    struct th_figure_readings readings;
    struct th_text text = node->text;
    if (reader->is_workbook && node->written != TH_FORM_WRITTEN_NUMBER) {
        char written[TH_TEXT_EXCERPT_SIZE];
        th_form_complain(reader, node,
                         "xóa ô rồi gõ lại chỉ các chữ số; Excel tự ngăn cách hàng nghìn",
                         "%s: ô này phải là số, đang là chữ \"%s\"", indicator->code,
                         th_text_excerpt(text.bytes, text.size, written));
        return false;
    }
    int status =
        reader->is_sheet && !reader->is_workbook
            ? th_figure_parse_spreadsheet(text.bytes, text.size, indicator->scale, ret_value,
                                          &readings)
            : th_figure_parse(text.bytes, text.size, indicator->scale, ret_value, &readings);
    if (status == TH_E_AMBIGUOUS)
        complain_about_readings(reader, node, indicator, &readings);
    else if (status < 0)
        complain_about_number(figures, node, indicator, status);
    return status == 0;
}

static bool read_word(struct figures *figures, const struct th_form_node *node,
                      const struct th_indicator *indicator, int64_t *ret_value)
{
    char hint[HINT_SIZE], text[TH_TEXT_EXCERPT_SIZE];
    size_t used = (size_t)snprintf(hint, sizeof hint, "chọn một trong:");
    for (uint16_t i = 0; i < indicator->values_count; i++) {
        if (th_form_same_word(node->text.bytes, node->text.size, indicator->values[i])) {
            *ret_value = i;
            return true;
        }
        int size = snprintf(hint + used, sizeof hint - used, " %s%s", indicator->values[i],
                            i + 1 < indicator->values_count ? "," : "");
        used += size < 0 || (size_t)size >= sizeof hint - used ? 0 : (size_t)size;
        hint[used] = 0;
    }
    th_form_complain(figures->reader, node, hint, "%s: không có mức \"%s\"", indicator->code,
                     th_text_excerpt(node->text.bytes, node->text.size, text));
    return false;
}

static bool read_flag(struct figures *figures, const struct th_form_node *node,
                      const struct th_indicator *indicator, int64_t *ret_value)
{
    char text[TH_TEXT_EXCERPT_SIZE];
    if (node->text.size == 1 && (node->text.bytes[0] == '0' || node->text.bytes[0] == '1')) {
        *ret_value = node->text.bytes[0] - '0';
        return true;
    }
    th_form_complain(figures->reader, node, "ghi 1 khi đã có, 0 khi chưa có",
                     "%s: \"%s\" không phải là 0 hoặc 1", indicator->code,
                     th_text_excerpt(node->text.bytes, node->text.size, text));
    return false;
}

static bool read_value(struct figures *figures, const struct th_form_node *node,
                       const struct th_indicator *indicator, int64_t *ret_value)
{
    th_day day = {0};
    switch (indicator->type) {
    case TH_TYPE_COUNT:
    case TH_TYPE_MONEY:
    case TH_TYPE_DECIMAL:
        return read_number(figures, node, indicator, ret_value);
    case TH_TYPE_BOOL:
        return read_flag(figures, node, indicator, ret_value);
    case TH_TYPE_ENUM:
        return read_word(figures, node, indicator, ret_value);
    case TH_TYPE_DATE:
        if (!th_form_day(figures->reader, node, &day))
            return false;
        *ret_value = day.number;
        return true;
    case TH_TYPE_TEXT:
    case TH_TYPE_PERCENT:
        break;
    }
    return false;
}

static void take_text(struct figures *figures, const struct th_form_node *map,
                      const struct th_form_node *node, const struct th_indicator *indicator)
{
    th_form_remember(figures->reader, node, "narrative.%s", indicator->code);
    figures->nodes[indicator->number] = node;
    (void)th_form_text(figures->reader, map, node->key, TH_TEXT_LINES, TH_LIMIT_NARRATIVE_SIZE_MAX,
                       &figures->texts[indicator->number]);
}

/* One entry of `values`; in a sheet also the text of a text indicator. */
static void read_figure(struct figures *figures, const struct th_form_node *map,
                        const struct th_form_node *node)
{
    struct th_text code = {node->key, strlen(node->key)};
    const struct th_indicator *indicator = NULL;
    if (node->kind == TH_FORM_NULL) {
        uint16_t known = th_catalogue_lookup(figures->catalogue, code.bytes, code.size);
        if (known == 0)
            complain_about_code(figures, node, code);
        else if (node->is_doubtful)
            figures->nodes[known] = node;
        return;
    }
    if (!th_form_is(figures->reader, node, TH_FORM_SCALAR) ||
        (indicator = asked_indicator(figures, node, code)) == NULL)
        return;
    if (indicator->type != TH_TYPE_TEXT) {
        uint16_t number = indicator->number;
        th_form_remember(figures->reader, node, "value.%s", indicator->code);
        figures->nodes[number] = node;
        figures->reported[number] =
            read_value(figures, node, indicator, &figures->values[number]) && !node->is_doubtful;
    } else if (figures->reader->is_sheet) {
        take_text(figures, map, node, indicator);
    } else {
        th_form_complain(figures->reader, node, "chuyển dòng này xuống phần sections",
                         "%s (%s) là phần lời, không phải số", indicator->code, indicator->name);
    }
}

static void read_section(struct figures *figures, const struct th_form_node *map,
                         const struct th_form_node *node)
{
    struct th_text code = {node->key, strlen(node->key)};
    const struct th_indicator *indicator = NULL;
    if (node->kind == TH_FORM_NULL) {
        if (th_catalogue_lookup(figures->catalogue, code.bytes, code.size) == 0)
            complain_about_code(figures, node, code);
        return;
    }
    if (!th_form_is(figures->reader, node, TH_FORM_SCALAR) ||
        (indicator = asked_indicator(figures, node, code)) == NULL)
        return;
    if (indicator->type == TH_TYPE_TEXT)
        take_text(figures, map, node, indicator);
    else
        th_form_complain(figures->reader, node, "chuyển dòng này lên phần values",
                         "%s (%s) là số, không phải phần lời", indicator->code, indicator->name);
}

static void read_estimates(struct figures *figures, const struct th_form_node *root)
{
    struct th_form_reader *reader = figures->reader;
    const struct th_form_node *list = th_form_node_get(root, "estimated");
    const struct th_form_node *to = th_form_node_get(root, "estimated_to");
    if (list != NULL)
        th_form_remember(reader, list, "estimated");
    if (to != NULL) {
        th_form_remember(reader, to, "estimated_to");
        reader->report.has_estimated_to = th_form_day(reader, to, &reader->report.estimated_to);
    }
    reader->day_is_doubtful = to == NULL || to->is_doubtful ||
                              (to->kind != TH_FORM_NULL && !reader->report.has_estimated_to);
    if (!th_form_is(reader, list, TH_FORM_LIST))
        return;
    if (to == NULL && list->first != NULL)
        th_form_remember(reader, list->first, "estimated_to");
    for (const struct th_form_node *node = list->first; node != NULL; node = node->next) {
        const struct th_indicator *indicator = NULL;
        if (!th_form_is(reader, node, TH_FORM_SCALAR) ||
            (indicator = asked_indicator(figures, node, node->text)) == NULL)
            continue;
        uint16_t number = indicator->number;
        if (indicator->type == TH_TYPE_TEXT)
            th_form_complain(reader, node, "bỏ dấu ước ở đây", "%s là phần lời, không có số ước",
                             indicator->code);
        else if (figures->nodes[number] == NULL)
            th_form_complain(reader, node, "ghi giá trị của nó, hoặc bỏ dấu ước",
                             "%s được đánh dấu là số ước nhưng chưa có giá trị", indicator->code);
        else if (figures->estimated[number])
            th_form_complain(reader, node, "giữ một chỗ, xóa chỗ kia", "%s lặp lại",
                             indicator->code);
        figures->estimated[number] = figures->reported[number];
        th_form_remember(reader, node, "estimated.%s", indicator->code);
    }
}

/* Packs what was read into the report, ascending. */
static void emit(struct figures *figures)
{
    struct th_form_reader *reader = figures->reader;
    struct th_report *report = &reader->report;
    size_t slots = (size_t)figures->catalogue->number_max + 1;
    uint16_t *numbers = th_form_alloc(reader, slots, sizeof *numbers);
    int64_t *values = th_form_alloc(reader, slots, sizeof *values);
    uint16_t *estimated = th_form_alloc(reader, slots, sizeof *estimated);
    struct th_narrative *narratives = th_form_alloc(reader, slots, sizeof *narratives);
    if (reader->out_of_memory)
        return;
    for (uint16_t number = 1; number < slots; number++) {
        if (figures->reported[number]) {
            numbers[report->values.count] = number;
            values[report->values.count++] = figures->values[number];
        }
        if (figures->estimated[number])
            estimated[report->estimated_count++] = number;
        if (figures->texts[number].size > 0)
            narratives[report->narratives_count++] =
                (struct th_narrative){number, figures->texts[number]};
    }
    report->values.numbers = numbers;
    report->values.values = values;
    report->estimated = estimated;
    report->narratives = narratives;
}

void th_form_read_figures(struct th_form_reader *reader, const struct th_form_node *root)
{
    struct figures figures = {.reader = reader, .catalogue = &reader->plan->catalogue};
    size_t slots = (size_t)figures.catalogue->number_max + 1;
    figures.asked_count = th_obligation_indicators(
        reader->obligation, th_unit_kind_branch(reader->context->unit->kind), &figures.asked);
    figures.nodes = th_form_alloc(reader, slots, sizeof *figures.nodes);
    figures.values = th_form_alloc(reader, slots, sizeof *figures.values);
    figures.reported = th_form_alloc(reader, slots, sizeof *figures.reported);
    figures.estimated = th_form_alloc(reader, slots, sizeof *figures.estimated);
    figures.texts = th_form_alloc(reader, slots, sizeof *figures.texts);
    if (reader->out_of_memory)
        return;
    const struct th_form_node *map = th_form_node_get(root, "values");
    if (th_form_is(reader, map, TH_FORM_MAP)) {
        th_form_remember(reader, map, "value");
        for (const struct th_form_node *node = map->first; node != NULL; node = node->next)
            read_figure(&figures, map, node);
    }
    map = th_form_node_get(root, "sections");
    if (th_form_is(reader, map, TH_FORM_MAP)) {
        th_form_remember(reader, map, "narrative");
        for (const struct th_form_node *node = map->first; node != NULL; node = node->next)
            read_section(&figures, map, node);
    }
    read_estimates(&figures, root);
    emit(&figures);
}
