/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of reporting periods (kỳ báo cáo): 2025, 2025-H1, 2025-Q3, 2025-05.
 *
 * A name says which stretch of a year is meant, not its first and last day: those are data of an
 * obligation, because regimes cut a year differently.
 *
 * Pure and thread-safe.
 */
#ifndef TH_MODEL_PERIOD_H
#define TH_MODEL_PERIOD_H

#include "base/status.h"

#include <stddef.h>

enum th_period_kind { TH_PERIOD_YEAR, TH_PERIOD_HALF, TH_PERIOD_QUARTER, TH_PERIOD_MONTH };

struct th_period {
    int year;
    enum th_period_kind kind;
    int part; /* from 1: half, quarter or month; 1 for a year */
};

/* TH_E_SYNTAX, or TH_E_RANGE for a year or part that is not. */
TH_MUST_CHECK int th_period_parse(const char *text, size_t text_size, struct th_period *ret_period);

#define TH_PERIOD_NAME_SIZE 8

/* The name, by which no other period goes; of a year outside the range of names a text that is
 * none. Returns `text`. */
char *th_period_format(struct th_period period, char text[TH_PERIOD_NAME_SIZE]);

#endif
