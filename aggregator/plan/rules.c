/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue/rules.yaml: comparisons, and the six special kinds, each with keys of its own. */
#include "aggregator/plan/parts.h"

#include <string.h>

/* The keys that a kind needs; a rule may have no others of these. */
enum rule_key { COMPARE, PAIRS, PERCENT, ABOVE, INDICATORS, RULE_KEYS };
static const char *const key_names[RULE_KEYS] = {"compare", "pairs", "percent", "above",
                                                 "indicators"};
static const unsigned key_of_kind[] = {
    [TH_RULE_COMPARISON] = 1U << COMPARE,
    [TH_RULE_ANNUAL_COMMUNE] = 1U << COMPARE,
    [TH_RULE_TYPES] = 0,
    [TH_RULE_ANNUAL_INCLUDES_HALF] = 0,
    [TH_RULE_CARRY_OVER] = 1U << PAIRS,
    [TH_RULE_YEAR_ON_YEAR] = 1U << PERCENT | 1U << ABOVE,
    [TH_RULE_SCORING_SUSPENDED] = 1U << INDICATORS,
};

static void check_rule_keys(struct th_reader *reader, struct th_yaml_node item,
                            const struct th_rule *rule)
{
    for (unsigned key = 0; key < RULE_KEYS; key++) {
        struct th_yaml_node node;
        if ((key_of_kind[rule->kind] & 1U << key) == 0 && th_yaml_get(item, key_names[key], &node))
            th_reader_complain(reader, node, "bỏ khóa này, hoặc sửa \"kind\"",
                               "quy tắc %s thuộc loại không dùng \"%s\"", rule->id, key_names[key]);
    }
}

/* Figures that are added and compared: no texts, dates, words or ratios. */
static bool is_number(const struct th_indicator *indicator)
{
    return indicator != NULL &&
           (indicator->type == TH_TYPE_COUNT || indicator->type == TH_TYPE_MONEY ||
            indicator->type == TH_TYPE_DECIMAL || indicator->type == TH_TYPE_BOOL);
}

static void check_terms(struct th_reader *reader, struct th_yaml_node node,
                        const struct th_comparison *comparison)
{
    const struct th_indicator *first = NULL;
    for (size_t i = 0; i < comparison->terms_count; i++) {
        const struct th_indicator *term =
            th_catalogue_get(reader->catalogue, comparison->terms[i].indicator);
        if (!is_number(term))
            th_reader_complain(reader, node, "chỉ so sánh số đếm, số tiền, số thập phân, có/chưa",
                               "chỉ tiêu %s không phải là số để so sánh", term->code);
        if (first != NULL && term->scale != first->scale)
            th_reader_complain(reader, node, "dùng các chỉ tiêu có cùng \"scale\"",
                               "%s và %s khác số chữ số thập phân", first->code, term->code);
        first = first == NULL ? term : first;
    }
    if (first != NULL && first->scale != 0 &&
        (comparison->left_constant != 0 || comparison->right_constant != 0))
        th_reader_complain(reader, node, "chỉ so số thập phân với nhau, hoặc với 0",
                           "không so %s, là số thập phân, với một hằng số", first->code);
    if (first == NULL)
        th_reader_complain(reader, node, "thêm mã chỉ tiêu", "so sánh không có chỉ tiêu nào");
}

static void read_comparison(struct th_reader *reader, struct th_yaml_node item,
                            struct th_rule *rule)
{
    struct th_yaml_node node;
    if (!th_reader_find(reader, item, "compare", TH_FIELD_REQUIRED, &node))
        return;
    rule->written = th_reader_scalar(reader, node, TH_LIMIT_TITLE_MAX);
    if (reader->catalogue == NULL || rule->written[0] == 0)
        return;
    size_t at = 0;
    int status = th_comparison_parse(rule->written, strlen(rule->written), th_catalogue_lookup,
                                     reader->catalogue, &rule->comparison, &at);
    if (status == 0)
        check_terms(reader, node, &rule->comparison);
    else if (status == TH_E_NOT_FOUND)
        th_reader_complain(reader, node, "sửa mã, hoặc thêm chỉ tiêu vào tệp chỉ tiêu",
                           "quy tắc %s: không có chỉ tiêu ở \"%s\"", rule->id, rule->written + at);
    else if (status == TH_E_LIMIT)
        th_reader_complain(reader, node, "nhiều nhất 12 chỉ tiêu, hệ số nhiều nhất 1000000",
                           "quy tắc %s quá dài hoặc số quá lớn ở \"%s\"", rule->id,
                           rule->written + at);
    else
        th_reader_complain(reader, node, "viết như \"5*TCD08 <= TCD09 + 3\", với ==, <= hoặc >=",
                           "quy tắc %s sai cú pháp ở \"%s\"", rule->id, rule->written + at);
}

static uint16_t read_number(struct th_reader *reader, struct th_yaml_node node)
{
    uint16_t number = th_reader_indicator(reader, node);
    if (number != 0 && !is_number(th_catalogue_get(reader->catalogue, number)))
        th_reader_complain(reader, node, "ghi mã của một chỉ tiêu số",
                           "chỉ tiêu này không phải là số");
    return number;
}

static void read_pairs(struct th_reader *reader, struct th_yaml_node item, struct th_rule *rule)
{
    struct th_yaml_node list;
    size_t count =
        th_reader_list(reader, item, "pairs", TH_FIELD_REQUIRED, TH_LIMIT_CARRY_PAIRS_MAX, &list);
    for (size_t i = 0; i < count; i++) {
        struct th_yaml_node pair = th_yaml_item(list, i);
        if (th_yaml_kind(pair) != TH_YAML_SEQUENCE || th_yaml_count(pair) != 2) {
            th_reader_complain(reader, pair, "viết [XLD02, XLD05]",
                               "mỗi cặp gồm số kỳ trước chuyển sang và số còn lại cuối kỳ");
            continue;
        }
        rule->pairs[i][0] = read_number(reader, th_yaml_item(pair, 0));
        rule->pairs[i][1] = read_number(reader, th_yaml_item(pair, 1));
        const struct th_indicator *opening, *pending;
        if (rule->pairs[i][0] == 0 || rule->pairs[i][1] == 0)
            continue;
        opening = th_catalogue_get(reader->catalogue, rule->pairs[i][0]);
        pending = th_catalogue_get(reader->catalogue, rule->pairs[i][1]);
        if (opening->scale != pending->scale)
            th_reader_complain(reader, pair, "dùng hai chỉ tiêu có cùng \"scale\"",
                               "%s và %s khác số chữ số thập phân", opening->code, pending->code);
    }
    rule->pairs_count = (uint16_t)count;
}

static void read_indicators(struct th_reader *reader, struct th_yaml_node item,
                            struct th_rule *rule)
{
    struct th_yaml_node list;
    size_t count = th_reader_list(reader, item, "indicators", TH_FIELD_REQUIRED,
                                  TH_LIMIT_CARRY_PAIRS_MAX, &list);
    for (size_t i = 0; i < count; i++)
        rule->indicators[i] = th_reader_indicator(reader, th_yaml_item(list, i));
    rule->indicators_count = (uint16_t)count;
}

static void read_kind(struct th_reader *reader, struct th_yaml_node item, struct th_rule *rule)
{
    int kind = TH_RULE_COMPARISON;
    struct th_yaml_node node;
    if (th_yaml_get(item, "kind", &node) &&
        !th_reader_word(reader, item, "kind", TH_FIELD_OPTIONAL, &th_words_rule_kind, &kind))
        return;
    rule->kind = (enum th_rule_kind)kind;
    check_rule_keys(reader, item, rule);
    int64_t percent = 0, above = 0;
    switch (rule->kind) {
    case TH_RULE_COMPARISON:
    case TH_RULE_ANNUAL_COMMUNE:
        read_comparison(reader, item, rule);
        return;
    case TH_RULE_CARRY_OVER:
        read_pairs(reader, item, rule);
        break;
    case TH_RULE_YEAR_ON_YEAR:
        (void)th_reader_int(reader, item, "percent", TH_FIELD_REQUIRED, 1, 10000, &percent);
        (void)th_reader_int(reader, item, "above", TH_FIELD_REQUIRED, 0, 1000000000, &above);
        rule->percent = (uint32_t)percent;
        rule->above = (uint32_t)above;
        break;
    case TH_RULE_SCORING_SUSPENDED:
        read_indicators(reader, item, rule);
        return;
    case TH_RULE_TYPES:
        return;
    case TH_RULE_ANNUAL_INCLUDES_HALF:
        break;
    }
    if (rule->severity == TH_SEVERITY_ERROR && th_yaml_get(item, "severity", &node))
        th_reader_complain(reader, node, "ghi severity: warn",
                           "quy tắc %s so với báo cáo khác nên chỉ được nhắc", rule->id);
}

void th_read_rules(struct th_reader *reader, struct th_yaml_node root,
                   struct th_rule_set *ret_rules)
{
    if (!TH_READER_KEYS(reader, root, "rules", "format", "list"))
        return;
    th_reader_format(reader, root);
    struct th_rule_set set = {
        .id = th_reader_name(reader, root, "rules", TH_FIELD_REQUIRED, TH_LIMIT_PLAN_ID_MAX)};
    struct th_yaml_node list;
    size_t count =
        th_reader_list(reader, root, "list", TH_FIELD_REQUIRED, TH_LIMIT_RULES_MAX, &list);
    struct th_rule *rules = th_reader_alloc(reader, count, sizeof *rules);
    if (rules == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        struct th_yaml_node item = th_yaml_item(list, i);
        struct th_rule *rule = &rules[i];
        rule->id = rule->text = rule->source = rule->written = "";
        if (!TH_READER_KEYS(reader, item, "id", "severity", "kind", "compare", "pairs", "percent",
                            "above", "indicators", "text", "source"))
            continue;
        rule->id =
            th_reader_name(reader, item, "id", TH_FIELD_REQUIRED, TH_LIMIT_OBLIGATION_ID_MAX);
        for (size_t j = 0; j < i && rule->id[0] != 0; j++)
            if (strcmp(rules[j].id, rule->id) == 0)
                th_reader_complain(reader, item, "mỗi quy tắc một mã", "mã quy tắc %s lặp lại",
                                   rule->id);
        rule->text = th_reader_text(reader, item, "text", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
        rule->source =
            th_reader_text(reader, item, "source", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
        int severity = TH_SEVERITY_WARN;
        (void)th_reader_word(reader, item, "severity", TH_FIELD_REQUIRED, &th_words_severity,
                             &severity);
        rule->severity = (enum th_severity)severity;
        read_kind(reader, item, rule);
    }
    set.rules = rules;
    set.count = (uint16_t)count;
    *ret_rules = set;
}
