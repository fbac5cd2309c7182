/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to arm the one timer. A tick that changes nothing (the store is full, and refuses it) leaves
 * the same instant due: the timer then waits a moment instead of firing at once for ever.
 *
 * Pure; belongs to the loop.
 */
#ifndef TH_DAEMON_ALARM_H
#define TH_DAEMON_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#define TH_NO_INSTANT    INT64_MAX
#define TH_ALARM_REST_MS 1000

struct th_alarm {
    int64_t due_ms;   /* what the timer is armed for; TH_NO_INSTANT: not armed */
    int64_t fired_ms; /* the due instant that fired last and had come; TH_NO_INSTANT: none */
};

void th_alarm_init(struct th_alarm *ret_alarm);
/* True: arm for `ret_at_ms`. False: it is armed for this, or nothing is due. Instants are wall
 * time.
 */
bool th_alarm_want(const struct th_alarm *alarm, int64_t due_ms, int64_t now_ms,
                   int64_t *ret_at_ms);
/* The timer was armed as th_alarm_want() said. */
void th_alarm_set(struct th_alarm *alarm, int64_t due_ms);
/* The timer fired; it also does when somebody sets the clock. */
void th_alarm_fire(struct th_alarm *alarm, int64_t now_ms);

#endif
