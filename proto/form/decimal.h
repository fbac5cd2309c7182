/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number of a workbook's cell, from its characters: a spreadsheet keeps doubles and writes up
 * to 17 digits of them, with or without an exponent.
 *
 * A spreadsheet guarantees 15 significant digits. What has no more is taken as it is. What has more
 * is the trace of a double (1234.5600000000001 for 1234.56) when it stands within 20 units of the
 * 17th digit from a number of 15 digits, about one step between doubles; anything else carries
 * digits that the spreadsheet itself cannot show, and is refused. No floating point here either.
 *
 * Pure and thread-safe. Internal to proto/form.
 */
#ifndef TH_FORM_DECIMAL_H
#define TH_FORM_DECIMAL_H

#include "base/time.h"

#define TH_FORM_DECIMAL_SIZE 64 /* the longest plain form and its NUL */

/*
 * The plain form, "-1234.56" without needless zeros. TH_E_SYNTAX for what is no number; TH_E_RANGE
 * for more than 15 significant digits, or a size that no figure has.
 */
TH_MUST_CHECK int th_form_decimal(const char *text, size_t text_size,
                                  char ret_plain[TH_FORM_DECIMAL_SIZE]);

/*
 * The day of a serial number in plain form, counted from 1900 (with its 29 February that never was)
 * or from 1904. TH_E_SYNTAX for one with a time of day; TH_E_RANGE for a day that is not.
 */
TH_MUST_CHECK int th_form_serial_day(const char *plain, bool is_1904, th_day *ret_day);

#endif
