/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/alarm.h"

void th_alarm_init(struct th_alarm *ret_alarm)
{
    *ret_alarm = (struct th_alarm){TH_NO_INSTANT, TH_NO_INSTANT};
}

bool th_alarm_want(const struct th_alarm *alarm, int64_t due_ms, int64_t now_ms, int64_t *ret_at_ms)
{
    if (due_ms == TH_NO_INSTANT || due_ms == alarm->due_ms)
        return false;
    int64_t rested_ms = now_ms + TH_ALARM_REST_MS;
    *ret_at_ms = due_ms == alarm->fired_ms && due_ms < rested_ms ? rested_ms : due_ms;
    return true;
}

void th_alarm_set(struct th_alarm *alarm, int64_t due_ms)
{
    alarm->due_ms = due_ms;
}

void th_alarm_fire(struct th_alarm *alarm, int64_t now_ms)
{
    if (alarm->due_ms <= now_ms)
        alarm->fired_ms = alarm->due_ms;
    alarm->due_ms = TH_NO_INSTANT;
}
