/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of holidays as data: which days are not worked, year by year, and where that is from.
 *
 * Constant once read; lives in the arena of whoever read it.
 */
#ifndef TH_AGGREGATOR_PLAN_HOLIDAYS_H
#define TH_AGGREGATOR_PLAN_HOLIDAYS_H

#include "proto/model/calendar.h"

struct th_holiday_year {
    int year;
    bool provisional; /* reckoned, no official notice yet */
    const char *source;
};

struct th_holidays {
    const char *id;
    struct th_calendar calendar;
    const struct th_holiday_year *years; /* ascending, without gaps */
    size_t years_count;
};

#endif
