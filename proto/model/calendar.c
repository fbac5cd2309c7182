/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/calendar.h"

static bool contains(const th_day *days, size_t count, th_day wanted)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (days[middle].number < wanted.number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && days[low].number == wanted.number;
}

bool th_calendar_covers(const struct th_calendar *calendar, th_day day)
{
    int year = th_date_of_day(day).year;
    return year >= calendar->year_first && year <= calendar->year_last;
}

bool th_calendar_is_working(const struct th_calendar *calendar, th_day day)
{
    if (th_day_weekday(day) >= TH_SATURDAY)
        return contains(calendar->working_weekends, calendar->working_weekends_count, day);
    return !contains(calendar->days_off, calendar->days_off_count, day);
}

int th_calendar_due(const struct th_calendar *calendar, enum th_deadline_policy policy,
                    enum th_boundary boundary, th_day named_day, th_instant *ret_due)
{
    th_day last = {named_day.number - (boundary == TH_BOUNDARY_BEFORE ? 1 : 0)};
    if (policy == TH_POLICY_CIVIL_CODE_ROLL)
        for (;; last.number++) {
            if (!th_calendar_covers(calendar, last))
                return TH_E_RANGE;
            if (th_calendar_is_working(calendar, last))
                break;
        }
    *ret_due = th_day_start((th_day){last.number + 1});
    return 0;
}
