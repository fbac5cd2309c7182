/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/calendar.h"

#include <criterion/criterion.h>
#include <string.h>

static th_day day(const char *text)
{
    th_day parsed = {0};
    cr_assert_eq(th_day_parse(text, strlen(text), &parsed), 0, "%s", text);
    return parsed;
}

/* A small table of 2025 and 2026: Labour Day with its swap, and the National Day of 2026. */
static struct th_calendar a_calendar(void)
{
    static th_day days_off[4], working_weekends[1];
    days_off[0] = day("2025-04-30");
    days_off[1] = day("2025-05-01");
    days_off[2] = day("2025-05-02");
    days_off[3] = day("2026-09-02");
    working_weekends[0] = day("2025-04-26");
    return (struct th_calendar){days_off, 4, working_weekends, 1, 2025, 2026};
}

static const char *due(enum th_deadline_policy policy, enum th_boundary boundary, const char *named)
{
    static char text[TH_INSTANT_TEXT_SIZE];
    struct th_calendar calendar = a_calendar();
    th_instant instant = {0};
    cr_assert_eq(th_calendar_due(&calendar, policy, boundary, day(named), &instant), 0);
    return th_instant_format(instant, text);
}

Test(calendar, before_a_day_ends_when_that_day_begins)
{
    cr_assert_str_eq(due(TH_POLICY_STRICT, TH_BOUNDARY_BEFORE, "2025-05-10"),
                     "2025-05-10T00:00:00+07:00");
}

Test(calendar, by_a_day_ends_when_that_day_ends)
{
    cr_assert_str_eq(due(TH_POLICY_STRICT, TH_BOUNDARY_BY, "2025-05-10"),
                     "2025-05-11T00:00:00+07:00");
}

Test(calendar, strict_does_not_move_a_weekend)
{
    cr_assert_str_eq(due(TH_POLICY_STRICT, TH_BOUNDARY_BEFORE, "2025-10-12"),
                     "2025-10-12T00:00:00+07:00");
}

/* The table of dates that the half-year and annual plans give, under the roll. */
Test(calendar, roll_moves_a_last_day_off_to_the_end_of_the_next_working_day)
{
    static const struct {
        const char *named, *end;
    } rows[] = {
        {"2025-05-10", "2025-05-10T00:00:00+07:00"}, /* Friday stays */
        {"2025-10-15", "2025-10-15T00:00:00+07:00"},
        {"2025-10-12", "2025-10-14T00:00:00+07:00"}, /* Saturday to Monday's end */
        {"2025-10-20", "2025-10-21T00:00:00+07:00"}, /* Sunday to Monday's end */
        {"2026-05-10", "2026-05-12T00:00:00+07:00"},
        {"2025-05-01", "2025-05-06T00:00:00+07:00"}, /* 30/4 over the swap to Monday 5/5 */
        {"2025-04-27", "2025-04-27T00:00:00+07:00"}, /* a worked Saturday stays */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_str_eq(due(TH_POLICY_CIVIL_CODE_ROLL, TH_BOUNDARY_BEFORE, rows[i].named),
                         rows[i].end, "%s", rows[i].named);
}

Test(calendar, a_roll_out_of_the_table_is_an_error_and_not_a_guess)
{
    struct th_calendar calendar = a_calendar();
    th_instant instant = {42};
    cr_assert_eq(th_calendar_due(&calendar, TH_POLICY_CIVIL_CODE_ROLL, TH_BOUNDARY_BY,
                                 day("2027-01-01"), &instant),
                 TH_E_RANGE);
    cr_assert_eq(instant.ms, 42);
}
