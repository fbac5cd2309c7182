/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines as law reads them: from the words of a plan to the instant at which "on time" ends.
 *
 * "trước ngày D" (before) ends at 24:00 of D−1, "chậm nhất ngày D" (by) at 24:00 of D, both in
 * +07:00. Under civil_code_roll a last day that is a weekend or a holiday moves to the end of the
 * next working day (Bộ luật Dân sự 2015, Điều 148 khoản 5, by analogy); strict keeps it. Working
 * days come from a table, never from code: holidays and swapped days are decided year by year.
 *
 * Pure and thread-safe. A calendar borrows the caller's arrays.
 */
#ifndef TH_MODEL_CALENDAR_H
#define TH_MODEL_CALENDAR_H

#include "base/time.h"

enum th_boundary {
    TH_BOUNDARY_BEFORE, /* the named day no longer counts */
    TH_BOUNDARY_BY      /* the named day is the last one */
};

enum th_deadline_policy { TH_POLICY_STRICT, TH_POLICY_CIVIL_CODE_ROLL };

struct th_calendar {
    const th_day *days_off; /* ascending: weekdays that are not worked */
    size_t days_off_count;
    const th_day *working_weekends; /* ascending: Saturdays and Sundays that are worked */
    size_t working_weekends_count;
    int year_first; /* the years that the table decides, both included */
    int year_last;
};

/* True when the table decides the year of `day`; outside it no day may be judged. */
bool th_calendar_covers(const struct th_calendar *calendar, th_day day);

/* Precondition: th_calendar_covers(calendar, day). */
bool th_calendar_is_working(const struct th_calendar *calendar, th_day day);

/*
 * The first instant that is late: received_at < due is on time.
 * TH_E_RANGE when the roll needs a day that the calendar does not cover; strict never fails.
 */
TH_MUST_CHECK int th_calendar_due(const struct th_calendar *calendar,
                                  enum th_deadline_policy policy, enum th_boundary boundary,
                                  th_day named_day, th_instant *ret_due);

#endif
