/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue/indicators.yaml: sections, then one line an indicator. Ratios name other indicators,
 * also later ones, so they are resolved when all lines are read.
 */
#include "aggregator/plan/parts.h"

#include "proto/model/figure.h"

#include <string.h>

static void read_sections(struct th_reader *reader, struct th_yaml_node root,
                          struct th_catalogue *catalogue)
{
    struct th_yaml_node list;
    size_t count =
        th_reader_list(reader, root, "sections", TH_FIELD_REQUIRED, TH_LIMIT_SECTIONS_MAX, &list);
    struct th_section *sections = th_reader_alloc(reader, count, sizeof *sections);
    if (sections == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct th_yaml_node item = th_yaml_item(list, i);
        if (!TH_READER_KEYS(reader, item, "no", "name", "name_en"))
            continue;
        int64_t number = 0;
        (void)th_reader_int(reader, item, "no", TH_FIELD_REQUIRED, 1, UINT16_MAX, &number);
        for (size_t j = 0; j < i && number != 0; j++)
            if (sections[j].number == number)
                th_reader_complain(reader, item, "mỗi mục một số", "số mục %d lặp lại",
                                   (int)number);
        sections[i] = (struct th_section){
            .number = (uint16_t)number,
            .name = th_reader_text(reader, item, "name", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX),
            .name_en =
                th_reader_text(reader, item, "name_en", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX),
        };
    }
    catalogue->sections = sections;
    catalogue->sections_count = (uint16_t)count;
}

static bool has_section(const struct th_catalogue *catalogue, int64_t number)
{
    for (uint16_t i = 0; i < catalogue->sections_count; i++)
        if (catalogue->sections[i].number == number)
            return true;
    return false;
}

static bool is_code(const char *code)
{
    for (size_t i = 0; code[i] != 0; i++) {
        bool letter = code[i] >= 'A' && code[i] <= 'Z';
        bool digit = code[i] >= '0' && code[i] <= '9';
        if (!letter && !(digit && i > 0))
            return false;
    }
    return true;
}

static const char *read_code(struct th_reader *reader, struct th_yaml_node item,
                             const struct th_catalogue *catalogue)
{
    struct th_yaml_node node;
    if (!th_reader_find(reader, item, "code", TH_FIELD_REQUIRED, &node))
        return "";
    const char *code = th_reader_scalar(reader, node, TH_LIMIT_INDICATOR_CODE_MAX);
    if (!is_code(code))
        th_reader_complain(reader, node, "chữ hoa không dấu rồi chữ số, như TCD01",
                           "\"%s\" không dùng làm mã chỉ tiêu được", code);
    if (code[0] != 0 && th_catalogue_lookup(catalogue, code, strlen(code)) != 0)
        th_reader_complain(reader, node, "mỗi chỉ tiêu một mã", "mã chỉ tiêu \"%s\" lặp lại", code);
    return code;
}

/* `scale` belongs to decimals, `values` to enums. */
static void read_shape(struct th_reader *reader, struct th_yaml_node item,
                       struct th_indicator *indicator)
{
    struct th_yaml_node node;
    int64_t scale = 0;
    if (indicator->type == TH_TYPE_DECIMAL)
        (void)th_reader_int(reader, item, "scale", TH_FIELD_REQUIRED, 1, TH_FIGURE_SCALE_MAX,
                            &scale);
    else if (th_yaml_get(item, "scale", &node))
        th_reader_complain(reader, node, "bỏ scale, hoặc ghi type: decimal",
                           "\"scale\" chỉ dùng cho số thập phân");
    indicator->scale = (uint8_t)scale;
    if (!th_yaml_get(item, "values", &node))
        return;
    if (indicator->type != TH_TYPE_ENUM) {
        th_reader_complain(reader, node, "bỏ values, hoặc ghi type: enum",
                           "\"values\" chỉ dùng cho enum");
        return;
    }
    size_t count =
        th_reader_list(reader, item, "values", TH_FIELD_REQUIRED, TH_LIMIT_VALUES_MAX, &node);
    const char **values = th_reader_alloc(reader, count, sizeof *values);
    if (values == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        values[i] = th_reader_scalar(reader, th_yaml_item(node, i), TH_LIMIT_TITLE_MAX);
        for (size_t j = 0; j < i; j++)
            if (strcmp(values[i], values[j]) == 0)
                th_reader_complain(reader, th_yaml_item(node, i), "bỏ giá trị lặp lại",
                                   "giá trị \"%s\" lặp lại", values[i]);
    }
    indicator->values = values;
    indicator->values_count = (uint16_t)count;
}

static bool fits(enum th_indicator_type type, enum th_up_rule up)
{
    switch (type) {
    case TH_TYPE_COUNT:
    case TH_TYPE_MONEY:
    case TH_TYPE_DECIMAL:
        return up == TH_UP_SUM || up == TH_UP_MAX || up == TH_UP_AVERAGE_MIN_MAX;
    case TH_TYPE_BOOL:
        return up == TH_UP_SUM || up == TH_UP_MAX;
    case TH_TYPE_DATE:
        return up == TH_UP_MAX;
    case TH_TYPE_ENUM:
        return up == TH_UP_COUNT_BY_VALUE;
    case TH_TYPE_TEXT:
        return up == TH_UP_CONCAT;
    case TH_TYPE_PERCENT:
        return up == TH_UP_RATIO_OF_SUMS;
    }
    return false;
}

static void read_up(struct th_reader *reader, struct th_yaml_node item,
                    struct th_indicator *indicator)
{
    struct th_yaml_node node;
    if (!th_reader_find(reader, item, "up", TH_FIELD_REQUIRED, &node))
        return;
    const char *text = th_reader_scalar(reader, node, TH_LIMIT_TITLE_MAX);
    static const char ratio[] = "ratio_of_sums(";
    int up = TH_UP_RATIO_OF_SUMS;
    if (text[0] == 0)
        return;
    if (strncmp(text, ratio, sizeof ratio - 1) != 0 &&
        !th_reader_word(reader, item, "up", TH_FIELD_REQUIRED, &th_words_up, &up))
        return;
    indicator->up = (enum th_up_rule)up;
    if (!fits(indicator->type, indicator->up))
        th_reader_complain(reader, node,
                           "số: sum, max, average_min_max; bool: sum, max; date: max; enum: "
                           "count_by_value; text: concat; percent: ratio_of_sums(tử,mẫu)",
                           "kiểu %s không gộp bằng \"%s\" được",
                           th_word_of(&th_words_type, (int)indicator->type), text);
}

static void read_over(struct th_reader *reader, struct th_yaml_node item,
                      struct th_indicator *indicator)
{
    int over = 0;
    struct th_yaml_node node;
    if (!th_reader_word(reader, item, "over", TH_FIELD_REQUIRED, &th_words_over, &over) ||
        !th_yaml_get(item, "over", &node))
        return;
    indicator->over = (enum th_over_rule)over;
    if (over == TH_OVER_RATIO_OF_SUMS && indicator->type != TH_TYPE_PERCENT)
        th_reader_complain(reader, node, "ghi cumulative, latest hoặc first",
                           "over: ratio_of_sums chỉ dùng cho tỷ lệ");
}

static void read_indicator(struct th_reader *reader, struct th_yaml_node item,
                           struct th_catalogue *catalogue, struct th_indicator *rows)
{
    if (!TH_READER_KEYS(reader, item, "no", "code", "section", "name", "name_en", "type", "scale",
                        "values", "unit", "up", "over", "source", "note"))
        return;
    struct th_indicator indicator = {0};
    int64_t number = 0, section = 0;
    int type = 0, source = 0;
    bool good =
        th_reader_int(reader, item, "no", TH_FIELD_REQUIRED, 1, TH_LIMIT_INDICATORS_MAX, &number);
    if (th_reader_int(reader, item, "section", TH_FIELD_REQUIRED, 1, UINT16_MAX, &section) &&
        !has_section(catalogue, section))
        th_reader_complain(reader, item, "ghi số của một mục trong \"sections\"",
                           "không có mục số %d", (int)section);
    indicator.section = (uint16_t)section;
    indicator.code = read_code(reader, item, catalogue);
    indicator.name = th_reader_text(reader, item, "name", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
    indicator.name_en =
        th_reader_text(reader, item, "name_en", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
    indicator.unit_of_measure =
        th_reader_text(reader, item, "unit", TH_FIELD_OPTIONAL, TH_LIMIT_TITLE_MAX);
    indicator.note = th_reader_text(reader, item, "note", TH_FIELD_OPTIONAL, TH_LIMIT_QUOTE_MAX);
    if (th_reader_word(reader, item, "source", TH_FIELD_REQUIRED, &th_words_source, &source))
        indicator.source = (enum th_indicator_source)source;
    if (th_reader_word(reader, item, "type", TH_FIELD_REQUIRED, &th_words_type, &type)) {
        indicator.type = (enum th_indicator_type)type;
        read_shape(reader, item, &indicator);
        read_up(reader, item, &indicator);
        read_over(reader, item, &indicator);
    }
    if (!good)
        return;
    indicator.number = (uint16_t)number;
    if (rows[number].number != 0) {
        th_reader_complain(reader, item, "mỗi chỉ tiêu một số thứ tự, không đổi",
                           "số thứ tự %d lặp lại, đã là của %s", (int)number, rows[number].code);
        return;
    }
    rows[number] = indicator;
    if (number > catalogue->number_max)
        catalogue->number_max = (uint16_t)number;
}

/* One side of a ratio, "HC06+HC07", from *at up to the character `end`. False after a problem. */
static bool read_sum(struct th_reader *reader, struct th_yaml_node node,
                     const struct th_catalogue *catalogue, const char **at, char end,
                     uint16_t terms[], uint8_t *count)
{
    for (;;) {
        size_t size = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        uint16_t number = size == 0 ? 0 : th_catalogue_lookup(catalogue, *at, size);
        const struct th_indicator *term = th_catalogue_get(catalogue, number);
        if (term == NULL || term->up != TH_UP_SUM || *count == TH_LIMIT_RATIO_TERMS_MAX) {
            th_reader_complain(reader, node,
                               "viết ratio_of_sums(TỬ,MẪU); tử, mẫu là tổng của nhiều nhất 4 mã "
                               "chỉ tiêu có up: sum, như HC06+HC07",
                               term == NULL ? "trong tỷ lệ không có chỉ tiêu \"%.*s\""
                               : term->up != TH_UP_SUM ? "\"%.*s\" không cộng được trong tỷ lệ"
                                                       : "quá nhiều số hạng từ \"%.*s\"",
                               (int)size, *at);
            return false;
        }
        terms[(*count)++] = number;
        *at += size;
        char next = **at;
        if (next != '+' && next != end) {
            th_reader_complain(reader, node, "viết ratio_of_sums(TỬ,MẪU), không có dấu cách",
                               "sai cú pháp tỷ lệ ở \"%s\"", *at);
            return false;
        }
        (*at)++;
        if (next == end)
            return true;
    }
}

static void read_ratio(struct th_reader *reader, struct th_yaml_node item,
                       const struct th_catalogue *catalogue, struct th_indicator *indicator)
{
    struct th_yaml_node node;
    if (!th_yaml_get(item, "up", &node))
        return;
    const char *text = th_reader_scalar(reader, node, TH_LIMIT_TITLE_MAX);
    const char *at = strchr(text, '(');
    struct th_ratio ratio = {0};
    if (at == NULL || text[strlen(text) - 1] != ')') {
        th_reader_complain(reader, node, "viết ratio_of_sums(TỬ,MẪU), như ratio_of_sums(KN04,KN01)",
                           "tỷ lệ \"%s\" thiếu tử số và mẫu số", text);
        return;
    }
    at++;
    if (!read_sum(reader, node, catalogue, &at, ',', ratio.numerator, &ratio.numerator_count) ||
        !read_sum(reader, node, catalogue, &at, ')', ratio.denominator, &ratio.denominator_count))
        return;
    if (*at != 0)
        th_reader_complain(reader, node, "bỏ phần sau dấu )", "thừa \"%s\" sau tỷ lệ", at);
    uint8_t scale = catalogue->indicators[ratio.denominator[0]].scale;
    bool same = true;
    for (uint8_t i = 0; i < ratio.numerator_count; i++)
        same = same && catalogue->indicators[ratio.numerator[i]].scale == scale;
    for (uint8_t i = 0; i < ratio.denominator_count; i++)
        same = same && catalogue->indicators[ratio.denominator[i]].scale == scale;
    if (!same)
        th_reader_complain(reader, node, "dùng các chỉ tiêu có cùng \"scale\"",
                           "tử và mẫu khác số chữ số thập phân");
    indicator->ratio = ratio;
}

void th_read_catalogue(struct th_reader *reader, struct th_yaml_node root,
                       struct th_catalogue *ret_catalogue)
{
    if (!TH_READER_KEYS(reader, root, "catalogue", "format", "sections", "indicators"))
        return;
    th_reader_format(reader, root);
    struct th_catalogue catalogue = {
        .id = th_reader_name(reader, root, "catalogue", TH_FIELD_REQUIRED, TH_LIMIT_PLAN_ID_MAX)};
    read_sections(reader, root, &catalogue);
    struct th_yaml_node list;
    size_t count = th_reader_list(reader, root, "indicators", TH_FIELD_REQUIRED,
                                  TH_LIMIT_INDICATORS_MAX, &list);
    struct th_indicator *rows = th_reader_alloc(reader, TH_LIMIT_INDICATORS_MAX + 1, sizeof *rows);
    if (rows == NULL)
        return;
    catalogue.indicators = rows;
    for (size_t i = 0; i < count; i++)
        read_indicator(reader, th_yaml_item(list, i), &catalogue, rows);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        struct th_yaml_node item = th_yaml_item(list, i);
        const char *code =
            th_reader_text(reader, item, "code", TH_FIELD_REQUIRED, TH_LIMIT_INDICATOR_CODE_MAX);
        uint16_t number = th_catalogue_lookup(&catalogue, code, strlen(code));
        if (rows[number].type == TH_TYPE_PERCENT)
            read_ratio(reader, item, &catalogue, &rows[number]);
    }
    *ret_catalogue = catalogue;
}
