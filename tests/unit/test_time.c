/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <criterion/criterion.h>
#include <string.h>

static th_day day(int year, int month, int day_of_month)
{
    return th_day_of_date((struct th_civil_date){year, month, day_of_month});
}

static int parse(const char *text, th_instant *ret_instant)
{
    return th_instant_parse(text, strlen(text), ret_instant);
}

Test(time, the_epoch_is_day_zero_and_a_thursday)
{
    cr_assert_eq(day(1970, 1, 1).number, 0);
    cr_assert_eq(th_day_weekday(day(1970, 1, 1)), TH_THURSDAY);
}

Test(time, days_are_of_the_years_that_are_known)
{
    cr_assert_eq(day(TH_YEAR_MIN, 1, 1).number, TH_DAY_MIN);
    cr_assert_eq(day(TH_YEAR_MAX, 12, 31).number, TH_DAY_MAX);
    cr_assert(th_day_check(TH_DAY_MIN) && th_day_check(TH_DAY_MAX));
    cr_assert_not(th_day_check(TH_DAY_MIN - 1) || th_day_check(TH_DAY_MAX + 1));
}

Test(time, every_day_of_three_centuries_follows_the_one_before)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t number = day(TH_YEAR_MIN, 1, 1).number;
    for (int year = TH_YEAR_MIN; year <= TH_YEAR_MAX; year++)
        for (int month = 1; month <= 12; month++) {
            bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
            int length = lengths[month - 1] + (month == 2 && leap ? 1 : 0);
            for (int d = 1; d <= length; d++, number++) {
                struct th_civil_date date = th_date_of_day((th_day){number});
                cr_assert_eq(day(year, month, d).number, number);
                cr_assert(date.year == year && date.month == month && date.day == d);
            }
            cr_assert_not(th_civil_date_check((struct th_civil_date){year, month, length + 1}));
        }
}

Test(time, the_plans_dates_fall_on_their_weekdays)
{
    cr_assert_eq(th_day_weekday(day(2025, 5, 10)), TH_SATURDAY);
    cr_assert_eq(th_day_weekday(day(2025, 10, 15)), TH_WEDNESDAY);
    cr_assert_eq(th_day_weekday(day(2025, 10, 12)), TH_SUNDAY);
}

Test(time, a_day_begins_at_seventeen_hours_utc_of_the_day_before)
{
    th_instant instant;
    cr_assert_eq(parse("2025-05-09T17:00:00Z", &instant), 0);
    cr_assert_eq(th_day_start(day(2025, 5, 10)).ms, instant.ms);
    cr_assert_eq(th_day_of_instant(instant).number, day(2025, 5, 10).number);
    instant.ms--;
    cr_assert_eq(th_day_of_instant(instant).number, day(2025, 5, 9).number);
}

Test(time, a_bare_date_means_its_start_and_the_zone_is_vietnam_unless_said)
{
    th_instant bare, local, zoned, blank;
    cr_assert_eq(parse("2025-05-10", &bare), 0);
    cr_assert_eq(parse("2025-05-10T00:00", &local), 0);
    cr_assert_eq(parse("2025-05-10T00:00:00.000+07:00", &zoned), 0);
    cr_assert_eq(parse("2025-05-10 00:00:00", &blank), 0);
    cr_assert_eq(bare.ms, local.ms);
    cr_assert_eq(bare.ms, zoned.ms);
    cr_assert_eq(bare.ms, blank.ms);
}

Test(time, formatted_instants_read_back_the_same)
{
    char text[TH_INSTANT_TEXT_SIZE];
    static const int64_t samples[] = {0, -1, 1746809999999, 1746810000000, -2208988800000, 250};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        th_instant back;
        cr_assert_eq(parse(th_instant_format((th_instant){samples[i]}, text), &back), 0);
        cr_assert_eq(back.ms, samples[i]);
    }
    cr_assert_str_eq(th_instant_format((th_instant){1746809999999}, text),
                     "2025-05-09T23:59:59.999+07:00");
}

Test(time, malformed_instants_are_refused_and_leave_the_output_alone)
{
    static const char *const bad[] = {
        "",           "2025",          "2025-5-1",           "2025-05-10T",
        "10/5/2025",  "2025-05-10 ",   "2025-05-10T9:00",    "2025-05-10T09:00:00.",
        "2025-05-1O", "2025-05-10T09", "2025-05-10T09:00+7", "2025-05-10T09:00:00.1234",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        th_instant instant = {42};
        cr_assert_eq(parse(bad[i], &instant), TH_E_SYNTAX, "%s", bad[i]);
        cr_assert_eq(instant.ms, 42);
    }
    th_instant instant = {42};
    cr_assert_eq(parse("2025-05-10T09:00Z ", &instant), TH_E_SYNTAX);
    cr_assert_eq(parse("2025-05-10T09:00+07", &instant), TH_E_SYNTAX);
    cr_assert_eq(parse("2025-02-29", &instant), TH_E_RANGE);
    cr_assert_eq(parse("2025-05-10T24:00", &instant), TH_E_RANGE);
    cr_assert_eq(parse("1899-12-31", &instant), TH_E_RANGE);
    cr_assert_eq(parse("2025-05-10T09:00+15:00", &instant), TH_E_RANGE);
    cr_assert_eq(parse("2025-05-10T09:00+07:60", &instant), TH_E_RANGE);
    cr_assert_eq(instant.ms, 42);
}

Test(time, spoken_form_follows_the_decree_on_documents)
{
    char text[TH_SPOKEN_TEXT_SIZE];
    th_instant instant;
    cr_assert_eq(parse("2025-05-09T23:41:07", &instant), 0);
    cr_assert_str_eq(th_instant_format_spoken(instant, text), "23:41:07 ngày 09/5/2025");
    cr_assert_eq(parse("2025-02-01T00:00:00", &instant), 0);
    cr_assert_str_eq(th_instant_format_spoken(instant, text), "00:00:00 ngày 01/02/2025");
    cr_assert_str_eq(th_instant_format_deadline(instant, text), "00:00 ngày 01/02/2025");
    instant.ms += 59 * 1000;
    cr_assert_str_eq(th_instant_format_deadline(instant, text), "00:00:59 ngày 01/02/2025");
    cr_assert_str_eq(th_day_format_spoken(th_day_of_instant(instant), text), "01/02/2025");
}
