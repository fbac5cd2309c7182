/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small plan with one indicator of each type, for tests of forms and checks. Constant data.
 *
 *   O-1   estimates allowed, due before 2025-05-10, asks 1 to 11 of communes, TCD01 and TX01 of
 *         bodies; O-2 is open-ended and asks no indicators; O-3 expects departments only
 */
#ifndef TH_TESTS_SUPPORT_SMALL_PLAN_H
#define TH_TESTS_SUPPORT_SMALL_PLAN_H

#include "proto/model/plan.h"

enum {
    SMALL_TCD01 = 1, /* count */
    SMALL_TCD04,     /* count */
    SMALL_DB05,      /* money */
    SMALL_BTT09,     /* decimal, scale 2 */
    SMALL_PC01,      /* bool */
    SMALL_PC02,      /* date */
    SMALL_XL01,      /* enum: Xuất sắc, Tốt, Khá */
    SMALL_XL02,      /* enum without values: not asked */
    SMALL_TX01,      /* text */
    SMALL_TX02,      /* text */
    SMALL_TL01,      /* percent: derived */
    SMALL_KHAC,      /* count, not asked by O-1 */
    SMALL_NUMBERS
};

extern const struct th_plan small_plan;
extern const struct th_unit small_commune; /* 00123 */
extern const struct th_unit small_department;

#endif
