/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/alarm.h"

#include <criterion/criterion.h>

static struct th_alarm alarm_clock;

static void set_up(void)
{
    th_alarm_init(&alarm_clock);
}

TestSuite(alarm, .init = set_up);

/* Arms as the daemon does; TH_NO_INSTANT when there is nothing to do. */
static int64_t arm(int64_t due_ms, int64_t now_ms)
{
    int64_t at_ms = TH_NO_INSTANT;
    if (th_alarm_want(&alarm_clock, due_ms, now_ms, &at_ms))
        th_alarm_set(&alarm_clock, due_ms);
    return at_ms;
}

Test(alarm, it_is_armed_once_for_an_instant)
{
    cr_assert_eq(arm(5000, 100), 5000);
    cr_assert_eq(arm(5000, 200), TH_NO_INSTANT);
    cr_assert_eq(arm(4000, 200), 4000);
}

Test(alarm, nothing_due_arms_nothing)
{
    cr_assert_eq(arm(TH_NO_INSTANT, 100), TH_NO_INSTANT);
}

Test(alarm, what_fell_due_earlier_fires_at_once)
{
    cr_assert_eq(arm(50, 100), 50);
}

Test(alarm, an_instant_that_fired_and_is_still_due_waits_a_second)
{
    cr_assert_eq(arm(5000, 100), 5000);
    for (int64_t now = 5000; now < 9000; now += TH_ALARM_REST_MS) {
        th_alarm_fire(&alarm_clock, now);
        cr_assert_eq(arm(5000, now), now + TH_ALARM_REST_MS);
        cr_assert_eq(arm(5000, now + 1), TH_NO_INSTANT, "a wake-up in between changes nothing");
    }
}

Test(alarm, the_next_instant_after_one_that_fired_does_not_wait)
{
    cr_assert_eq(arm(5000, 100), 5000);
    th_alarm_fire(&alarm_clock, 5000);
    cr_assert_eq(arm(5001, 5000), 5001);
}

Test(alarm, a_clock_that_was_set_back_does_not_delay_what_is_still_to_come)
{
    cr_assert_eq(arm(5000, 4900), 5000);
    th_alarm_fire(&alarm_clock, 4950); /* the clock was set, the instant has not come */
    cr_assert_eq(arm(5000, 4950), 5000);
    th_alarm_fire(&alarm_clock, 5000);
    th_alarm_fire(&alarm_clock, 1000);
    cr_assert_eq(arm(5000, 1000), 5000);
}
