/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures: whole numbers with a fixed number of decimals, and how people write them.
 *
 * A figure is an int64 scaled by 10^scale: 1234.50 with scale 2 is 123450. There is no floating
 * point anywhere. Vietnamese texts write 1.234,5 and machines write 1234.5; this module reads both
 * and refuses what could be either.
 *
 * Pure and thread-safe.
 */
#ifndef TH_MODEL_FIGURE_H
#define TH_MODEL_FIGURE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

#define TH_FIGURE_SCALE_MAX 6
#define TH_FIGURE_TEXT_SIZE 40 /* the longest figure in either form and its NUL */

/* The two ways to read one number; scaled by 10^TH_FIGURE_SCALE_MAX. */
struct th_figure_readings {
    int64_t vietnamese; /* 1.234 is one thousand two hundred and thirty-four */
    int64_t english;    /* 1.234 is one and a bit */
};

/*
 * A number as JSON and YAML write it: an optional minus, digits, optionally a point and digits.
 * TH_E_SYNTAX; TH_E_RANGE when it needs more decimals than `scale` or does not fit. Zeros beyond
 * the scale are fine, unless they may be thousands: 10.000 where whole numbers are asked is
 * TH_E_AMBIGUOUS, with both readings; `ret_readings` may be NULL.
 */
TH_MUST_CHECK int th_figure_parse(const char *text, size_t text_size, unsigned scale,
                                  int64_t *ret_value, struct th_figure_readings *ret_readings);

/*
 * A number as a spreadsheet writes it, grouped or not: 1.234,5 or 1,234.5 or 1234.
 * Where only whole numbers are asked (scale 0) a reading with decimals is no reading. When both
 * readings stand and differ the number is refused with TH_E_AMBIGUOUS and `ret_readings` holds
 * both; otherwise as th_figure_parse. `ret_readings` may be NULL.
 */
TH_MUST_CHECK int th_figure_parse_spreadsheet(const char *text, size_t text_size, unsigned scale,
                                              int64_t *ret_value,
                                              struct th_figure_readings *ret_readings);

/* The plain form, "1234.50", always with `scale` decimals. Returns `text`. */
char *th_figure_format(int64_t value, unsigned scale, char text[TH_FIGURE_TEXT_SIZE]);

#endif
