/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terms of an obligation: fields that a source states and that an override may replace. What
 * they mean together is checked by obligations.c, on the terms in force.
 */
#include "aggregator/plan/parts.h"

#include <string.h>

/* True when all terms of a derived indicator are asked. */
static bool can_compute(const struct th_ratio *ratio, const bool asked[])
{
    for (uint8_t i = 0; i < ratio->numerator_count; i++)
        if (!asked[ratio->numerator[i]])
            return false;
    for (uint8_t i = 0; i < ratio->denominator_count; i++)
        if (!asked[ratio->denominator[i]])
            return false;
    return ratio->denominator_count > 0;
}

static void check_asked(struct th_reader *reader, struct th_yaml_node item, uint16_t number,
                        bool asked[])
{
    const struct th_indicator *indicator = th_catalogue_get(reader->catalogue, number);
    if (asked[number])
        th_reader_complain(reader, item, "bỏ mã lặp lại", "chỉ tiêu %s lặp lại", indicator->code);
    else if (indicator->type == TH_TYPE_PERCENT)
        th_reader_complain(reader, item,
                           "bỏ mã này: tỷ lệ tự hiện khi danh sách hỏi đủ tử số và mẫu số",
                           "chỉ tiêu %s là tỷ lệ tự tính, không hỏi", indicator->code);
    else if (!th_indicator_is_asked(indicator))
        th_reader_complain(reader, item, "bỏ mã này, hoặc thêm \"values\" ở tệp chỉ tiêu",
                           "chỉ tiêu %s là enum chưa có giá trị nào nên chưa hỏi được",
                           indicator->code);
    else
        asked[number] = true;
}

/* The numbers asked, ascending, with the ratios that follow from them. */
static void read_branch(struct th_reader *reader, struct th_yaml_node map, const char *key,
                        enum th_branch branch, struct th_terms *terms)
{
    struct th_yaml_node list;
    size_t count =
        th_reader_list(reader, map, key, TH_FIELD_OPTIONAL, TH_LIMIT_INDICATORS_MAX, &list);
    bool asked[TH_LIMIT_INDICATORS_MAX + 1] = {false};
    for (size_t i = 0; i < count; i++) {
        uint16_t number = th_reader_indicator(reader, th_yaml_item(list, i));
        if (number != 0)
            check_asked(reader, th_yaml_item(list, i), number, asked);
    }
    if (count == 0 || reader->catalogue == NULL)
        return;
    const struct th_catalogue *catalogue = reader->catalogue;
    uint16_t *numbers = th_reader_alloc(reader, (size_t)catalogue->number_max + 1, sizeof *numbers);
    if (numbers == NULL)
        return;
    uint16_t total = 0;
    for (uint16_t number = 1; number <= catalogue->number_max; number++)
        if (asked[number] || (catalogue->indicators[number].type == TH_TYPE_PERCENT &&
                              can_compute(&catalogue->indicators[number].ratio, asked)))
            numbers[total++] = number;
    terms->indicators[branch] = numbers;
    terms->indicators_count[branch] = total;
}

static void read_indicators(struct th_reader *reader, struct th_yaml_node map,
                            struct th_terms *terms)
{
    struct th_yaml_node node;
    if (!th_yaml_get(map, "indicators", &node))
        return;
    terms->present |= TH_TERM_INDICATORS;
    if (!TH_READER_KEYS(reader, node, "communes", "bodies"))
        return;
    if (th_yaml_count(node) == 0)
        th_reader_complain(reader, node, "thêm communes: [mã…] hoặc bodies: [mã…]",
                           "\"indicators\" không có nhánh nào");
    read_branch(reader, node, "communes", TH_BRANCH_COMMUNES, terms);
    read_branch(reader, node, "bodies", TH_BRANCH_BODIES, terms);
}

static void read_reminders(struct th_reader *reader, struct th_yaml_node map,
                           struct th_terms *terms)
{
    struct th_yaml_node list;
    if (!th_yaml_get(map, "reminders", &list))
        return;
    terms->present |= TH_TERM_REMINDERS;
    size_t count =
        th_reader_list(reader, map, "reminders", TH_FIELD_REQUIRED, TH_LIMIT_REMINDERS_MAX, &list);
    int64_t before = TH_LIMIT_REMINDER_DAYS_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        struct th_yaml_node item = th_yaml_item(list, i);
        int64_t days = 0;
        if (th_yaml_read_int(item, 1, TH_LIMIT_REMINDER_DAYS_MAX, reader->problems, &days) < 0) {
            reader->failed = true;
            continue;
        }
        if (days >= before)
            th_reader_complain(reader, item, "xếp số ngày giảm dần, như [14, 7, 3, 1]",
                               "mốc nhắc %d ngày đứng sau mốc %d ngày", (int)days, (int)before);
        before = days;
        terms->reminders[terms->reminders_count++] = (uint16_t)days;
    }
}

static void read_term_day(struct th_reader *reader, struct th_yaml_node map, const char *key,
                          enum th_term term, struct th_terms *terms, th_day *ret_day)
{
    if (th_reader_day(reader, map, key, TH_FIELD_OPTIONAL, ret_day))
        terms->present |= (uint32_t)term;
}

void th_read_terms(struct th_reader *reader, struct th_yaml_node map, bool is_override,
                   struct th_terms *ret_terms)
{
    struct th_terms terms = {.series = "", .who = {.quote = ""}};
    struct th_yaml_node node;
    if (th_reader_find(reader, map, "who", is_override ? TH_FIELD_OPTIONAL : TH_FIELD_REQUIRED,
                       &node)) {
        terms.present |= TH_TERM_WHO;
        th_read_selector(reader, node, is_override ? TH_SELECTOR_OVERRIDE : TH_SELECTOR_QUOTED,
                         &terms.who);
    }
    read_indicators(reader, map, &terms);
    read_term_day(reader, map, "period_start", TH_TERM_PERIOD_START, &terms, &terms.period_start);
    read_term_day(reader, map, "cut_off", TH_TERM_CUT_OFF, &terms, &terms.cut_off);
    read_term_day(reader, map, "accept_until", TH_TERM_ACCEPT_UNTIL, &terms, &terms.accept_until);
    read_reminders(reader, map, &terms);
    if (th_reader_flag(reader, map, "estimates", &terms.estimates))
        terms.present |= TH_TERM_ESTIMATES;
    if (th_yaml_get(map, "series", &node)) {
        terms.present |= TH_TERM_SERIES;
        terms.series =
            th_reader_name(reader, map, "series", TH_FIELD_REQUIRED, TH_LIMIT_PLAN_ID_MAX);
    }
    *ret_terms = terms;
}
