/* SPDX-License-Identifier: Apache-2.0 */
/* holidays.yaml: one block a year, ascending and without gaps; days ascending within a block. */
#include "aggregator/plan/parts.h"

struct days {
    th_day *items;
    size_t count;
};

/* Appends the days of one list to `days`, which has room for TH_LIMIT_HOLIDAYS_MAX more. */
static void read_days(struct th_reader *reader, struct th_yaml_node block, const char *key,
                      int year, bool weekend_only, struct days *days)
{
    struct th_yaml_node list;
    if (!th_reader_find(reader, block, key, TH_FIELD_REQUIRED, &list) ||
        (th_yaml_kind(list) == TH_YAML_SEQUENCE && th_yaml_count(list) == 0))
        return; /* [] says that there is none */
    size_t count =
        th_reader_list(reader, block, key, TH_FIELD_REQUIRED, TH_LIMIT_HOLIDAYS_MAX, &list);
    for (size_t i = 0; i < count; i++) {
        struct th_yaml_node node = th_yaml_item(list, i);
        th_day day;
        if (th_yaml_read_day(node, reader->problems, &day) < 0) {
            reader->failed = true;
            continue;
        }
        if (year != 0 && th_date_of_day(day).year != year)
            th_reader_complain(reader, node, "chuyển sang đúng năm", "ngày không thuộc năm %d",
                               year);
        else if (days->count > 0 && days->items[days->count - 1].number >= day.number)
            th_reader_complain(reader, node, "xếp các ngày tăng dần, không lặp lại",
                               "ngày không theo thứ tự");
        else if (weekend_only && th_day_weekday(day) < TH_SATURDAY)
            th_reader_complain(reader, node, "bỏ ngày này: ngày thường đã là ngày làm việc",
                               "ngày làm bù phải là thứ Bảy hoặc Chủ nhật");
        else
            days->items[days->count++] = day;
    }
}

static void check_both(struct th_reader *reader, struct th_yaml_node block, const struct days *off,
                       const struct days *work)
{
    for (size_t i = 0; i < off->count; i++)
        for (size_t j = 0; j < work->count; j++)
            if (off->items[i].number == work->items[j].number) {
                char text[TH_DAY_TEXT_SIZE];
                th_reader_complain(reader, block, "bỏ ở một trong hai danh sách",
                                   "ngày %s vừa nghỉ vừa làm bù",
                                   th_day_format(off->items[i], text));
            }
}

static void read_year(struct th_reader *reader, struct th_yaml_node block,
                      const struct th_holiday_year *before, struct th_holiday_year *year,
                      struct days *off, struct days *work)
{
    year->source = "";
    if (!TH_READER_KEYS(reader, block, "year", "provisional", "days_off", "working_weekends",
                        "source"))
        return;
    int64_t number = 0;
    (void)th_reader_int(reader, block, "year", TH_FIELD_REQUIRED, TH_YEAR_MIN, TH_YEAR_MAX,
                        &number);
    year->year = (int)number;
    if (before != NULL && before->year != 0 && number != 0 && number != before->year + 1)
        th_reader_complain(reader, block, "xếp các năm tăng dần, không bỏ năm nào",
                           "sau năm %d là năm %d", before->year, (int)number);
    (void)th_reader_flag(reader, block, "provisional", &year->provisional);
    year->source = th_reader_text(reader, block, "source", TH_FIELD_REQUIRED, TH_LIMIT_QUOTE_MAX);
    struct days own_off = {off->items + off->count, 0}, own_work = {work->items + work->count, 0};
    read_days(reader, block, "days_off", year->year, false, &own_off);
    read_days(reader, block, "working_weekends", year->year, true, &own_work);
    check_both(reader, block, &own_off, &own_work);
    off->count += own_off.count;
    work->count += own_work.count;
}

void th_read_holidays(struct th_reader *reader, struct th_yaml_node root,
                      struct th_holidays *ret_holidays)
{
    if (!TH_READER_KEYS(reader, root, "holidays", "format", "years"))
        return;
    th_reader_format(reader, root);
    struct th_holidays holidays = {
        .id = th_reader_name(reader, root, "holidays", TH_FIELD_REQUIRED, TH_LIMIT_PLAN_ID_MAX)};
    struct th_yaml_node list;
    size_t count = th_reader_list(reader, root, "years", TH_FIELD_REQUIRED,
                                  TH_YEAR_MAX - TH_YEAR_MIN + 1, &list);
    struct th_holiday_year *years = th_reader_alloc(reader, count, sizeof *years);
    struct days off = {
        .items = th_reader_alloc(reader, count * TH_LIMIT_HOLIDAYS_MAX, sizeof *off.items)};
    struct days work = {
        .items = th_reader_alloc(reader, count * TH_LIMIT_HOLIDAYS_MAX, sizeof *work.items)};
    if (years == NULL || off.items == NULL || work.items == NULL || count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        read_year(reader, th_yaml_item(list, i), i == 0 ? NULL : &years[i - 1], &years[i], &off,
                  &work);
    holidays.years = years;
    holidays.years_count = count;
    holidays.calendar = (struct th_calendar){
        .days_off = off.items,
        .days_off_count = off.count,
        .working_weekends = work.items,
        .working_weekends_count = work.count,
        .year_first = years[0].year,
        .year_last = years[count - 1].year,
    };
    *ret_holidays = holidays;
}
