/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Obligations: what the source says, the override beside it, and the checks on what is in force.
 * A problem of the terms in force is reported at the line that caused it, in the override when the
 * field stands there.
 */
#include "aggregator/plan/parts.h"

#include "proto/model/period.h"

#include <string.h>

#define OVERRIDABLE                                                                                \
    "who", "indicators", "reminders", "estimates", "cut_off", "period_start", "accept_until",      \
        "series"

/* Where the value in force of a field is written. Precondition: it is written. */
static struct th_yaml_node place_of(struct th_yaml_node item, const char *key)
{
    struct th_yaml_node override, node = item;
    if (!th_yaml_get(item, "override", &override) || !th_yaml_get(override, key, &node))
        (void)th_yaml_get(item, key, &node);
    return node;
}

static void read_due(struct th_reader *reader, struct th_yaml_node item,
                     struct th_obligation *obligation)
{
    struct th_yaml_node node, value;
    if (!th_yaml_get(item, "due", &node) || !TH_READER_KEYS(reader, node, "before", "by"))
        return;
    bool before = th_yaml_get(node, "before", &value), by = th_yaml_get(node, "by", &value);
    if (before == by) {
        th_reader_complain(reader, node,
                           "ghi {before: ngày} khi văn bản viết \"trước ngày\", {by: ngày} khi "
                           "viết \"chậm nhất ngày\"",
                           "hạn phải có đúng một trong \"before\" và \"by\"");
        return;
    }
    if (!th_reader_day(reader, node, before ? "before" : "by", TH_FIELD_REQUIRED,
                       &obligation->due_day))
        return;
    obligation->boundary = before ? TH_BOUNDARY_BEFORE : TH_BOUNDARY_BY;
    static const struct th_calendar no_holidays = {.year_first = 1, .year_last = 0};
    if (reader->policy != TH_POLICY_STRICT && reader->holidays == NULL)
        return;
    if (th_calendar_due(reader->holidays == NULL ? &no_holidays : &reader->holidays->calendar,
                        reader->policy, obligation->boundary, obligation->due_day,
                        &obligation->due) < 0) {
        th_reader_complain(
            reader, node, "thêm năm đó vào tệp ngày nghỉ, hoặc ghi deadline_policy: strict",
            "hạn ở ngoài các năm %d đến %d của bảng ngày nghỉ nên không tính được",
            reader->holidays->calendar.year_first, reader->holidays->calendar.year_last);
        return;
    }
    obligation->has_due = true;
}

static void check_days(struct th_reader *reader, struct th_yaml_node item,
                       const struct th_obligation *obligation)
{
    const struct th_terms *start = th_obligation_terms(obligation, TH_TERM_PERIOD_START);
    const struct th_terms *cut = th_obligation_terms(obligation, TH_TERM_CUT_OFF);
    const struct th_terms *accept = th_obligation_terms(obligation, TH_TERM_ACCEPT_UNTIL);
    const struct th_terms *estimates = th_obligation_terms(obligation, TH_TERM_ESTIMATES);
    if (start != NULL && cut != NULL && start->period_start.number > cut->cut_off.number)
        th_reader_complain(reader, place_of(item, "cut_off"), "sửa một trong hai ngày",
                           "ngày chốt số liệu trước ngày bắt đầu kỳ");
    if (accept != NULL && cut != NULL && accept->accept_until.number < cut->cut_off.number &&
        !obligation->has_due)
        th_reader_complain(reader, place_of(item, "accept_until"), "sửa một trong hai ngày",
                           "thôi nhận báo cáo trước ngày chốt số liệu");
    if (!obligation->has_due)
        return;
    th_day last = th_obligation_last_day(obligation);
    if (start != NULL && start->period_start.number > last.number)
        th_reader_complain(reader, place_of(item, "period_start"), "sửa một trong hai ngày",
                           "kỳ số liệu bắt đầu sau hạn báo cáo");
    if (cut != NULL && last.number < cut->cut_off.number &&
        (estimates == NULL || !estimates->estimates))
        th_reader_complain(reader, place_of(item, "cut_off"),
                           "sửa ngày chốt, hoặc ghi estimates: true để cho phép số ước thực hiện",
                           "hạn báo cáo đến trước ngày chốt số liệu");
    if (accept != NULL && accept->accept_until.number < last.number)
        th_reader_complain(reader, place_of(item, "accept_until"),
                           "ghi ngày không sớm hơn ngày cuối của hạn",
                           "thôi nhận báo cáo trước hạn");
}

/* True when the selector in force chooses a unit of the list on some day of the plan's year. */
static bool chooses_a_unit(const struct th_reader *reader, const struct th_plan *plan,
                           const struct th_obligation *obligation)
{
    for (uint32_t i = 0; i < reader->units->count; i++) {
        th_day day = reader->units->units[i].valid_from;
        th_day year = th_day_of_date((struct th_civil_date){reader->year, 1, 1});
        day = day.number < year.number ? year : day;
        if (th_date_of_day(day).year == reader->year &&
            th_plan_expects(plan, obligation, reader->units, i, day))
            return true;
    }
    return false;
}

static void check_in_force(struct th_reader *reader, struct th_yaml_node item,
                           const struct th_plan *plan, const struct th_obligation *obligation)
{
    struct th_yaml_node node;
    check_days(reader, item, obligation);
    if (th_obligation_terms(obligation, TH_TERM_REMINDERS) != NULL &&
        !th_yaml_get(item, "due", &node))
        th_reader_complain(reader, place_of(item, "reminders"),
                           "bỏ mốc nhắc, hoặc ghi hạn nếu văn bản có nêu",
                           "có mốc nhắc nhưng không có hạn");
    if (obligation->open_ended && th_yaml_get(item, "due", &node))
        th_reader_complain(reader, node, "bỏ hạn, hoặc bỏ open_ended",
                           "nghĩa vụ gửi bao nhiêu báo cáo cũng được thì không có hạn");
    if (reader->units != NULL && reader->year != 0 &&
        th_obligation_terms(obligation, TH_TERM_WHO) != NULL &&
        !chooses_a_unit(reader, plan, obligation))
        th_reader_complain(reader, place_of(item, "who"),
                           "sửa kinds, levels, units, hoặc thêm đơn vị vào tệp đơn vị",
                           "không có đơn vị nào phải báo cáo %s", obligation->id);
}

static void read_override(struct th_reader *reader, struct th_yaml_node item,
                          struct th_obligation *obligation)
{
    struct th_yaml_node node;
    if (!th_yaml_get(item, "override", &node) ||
        !TH_READER_KEYS(reader, node, "reason", OVERRIDABLE))
        return;
    obligation->override_reason =
        th_reader_text(reader, node, "reason", TH_FIELD_REQUIRED, TH_LIMIT_QUOTE_MAX);
    th_read_terms(reader, node, true, &obligation->override);
    struct th_yaml_node reason;
    if (th_yaml_count(node) == (th_yaml_get(node, "reason", &reason) ? 1U : 0U))
        th_reader_complain(reader, node, "thêm trường được quyết định khác, hoặc xóa override",
                           "override không thay trường nào");
}

static void read_basis(struct th_reader *reader, struct th_yaml_node item,
                       struct th_obligation *obligation)
{
    struct th_yaml_node list;
    size_t count =
        th_reader_list(reader, item, "basis", TH_FIELD_OPTIONAL, TH_LIMIT_BASIS_MAX, &list);
    const char **basis = th_reader_alloc(reader, count, sizeof *basis);
    if (basis == NULL)
        return;
    for (size_t i = 0; i < count; i++)
        basis[i] = th_reader_scalar(reader, th_yaml_item(list, i), TH_LIMIT_TITLE_MAX);
    obligation->basis = basis;
    obligation->basis_count = (uint16_t)count;
}

static const char *read_period(struct th_reader *reader, struct th_yaml_node item)
{
    struct th_yaml_node node;
    struct th_period period;
    if (!th_yaml_get(item, "period", &node))
        return "";
    const char *text = th_reader_scalar(reader, node, TH_LIMIT_TITLE_MAX);
    if (text[0] != 0 && th_period_parse(text, strlen(text), &period) < 0)
        th_reader_complain(reader, node,
                           "viết 2025 (năm), 2025-H1 (6 tháng), 2025-Q1 (quý), 2025-05 (tháng)",
                           "\"%s\" không phải là tên kỳ báo cáo", text);
    return text;
}

static void read_obligation(struct th_reader *reader, struct th_yaml_node item,
                            const struct th_plan *plan, struct th_obligation *obligation)
{
    *obligation = (struct th_obligation){.id = "",
                                         .title = "",
                                         .quote = "",
                                         .period = "",
                                         .form = "",
                                         .override_reason = "",
                                         .quoted = {.series = "", .who = {.quote = ""}},
                                         .override = {.series = "", .who = {.quote = ""}}};
    if (!TH_READER_KEYS(reader, item, "id", "title", "quote", "kind", "to", "via", "copies",
                        "period", "due", "form", "basis", "open_ended", "override", OVERRIDABLE))
        return;
    obligation->id =
        th_reader_name(reader, item, "id", TH_FIELD_REQUIRED, TH_LIMIT_OBLIGATION_ID_MAX);
    obligation->title =
        th_reader_text(reader, item, "title", TH_FIELD_REQUIRED, TH_LIMIT_TITLE_MAX);
    obligation->quote =
        th_reader_text(reader, item, "quote", TH_FIELD_REQUIRED, TH_LIMIT_QUOTE_MAX);
    obligation->form = th_reader_text(reader, item, "form", TH_FIELD_OPTIONAL, TH_LIMIT_TITLE_MAX);
    obligation->period = read_period(reader, item);
    int kind = 0;
    if (th_reader_word(reader, item, "kind", TH_FIELD_REQUIRED, &th_words_obligation_kind, &kind))
        obligation->kind = (enum th_obligation_kind)kind;
    (void)th_reader_flag(reader, item, "open_ended", &obligation->open_ended);
    obligation->to = th_read_parties(reader, item, "to");
    obligation->via = th_read_parties(reader, item, "via");
    obligation->copies = th_read_parties(reader, item, "copies");
    read_basis(reader, item, obligation);
    th_read_terms(reader, item, false, &obligation->quoted);
    read_override(reader, item, obligation);
    read_due(reader, item, obligation);
    obligation->suspended = th_plan_suspends(plan, obligation);
    check_in_force(reader, item, plan, obligation);
}

void th_read_obligations(struct th_reader *reader, struct th_yaml_node root, struct th_plan *plan)
{
    struct th_yaml_node list;
    size_t count = th_reader_list(reader, root, "obligations", TH_FIELD_REQUIRED,
                                  TH_LIMIT_OBLIGATIONS_MAX, &list);
    struct th_obligation *obligations = th_reader_alloc(reader, count, sizeof *obligations);
    if (obligations == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        read_obligation(reader, th_yaml_item(list, i), plan, &obligations[i]);
        for (size_t j = 0; j < i && obligations[i].id[0] != 0; j++)
            if (strcmp(obligations[i].id, obligations[j].id) == 0)
                th_reader_complain(reader, th_yaml_item(list, i), "mỗi nghĩa vụ một mã",
                                   "mã nghĩa vụ \"%s\" lặp lại", obligations[i].id);
    }
    plan->obligations = obligations;
    plan->obligations_count = (uint16_t)count;
}
