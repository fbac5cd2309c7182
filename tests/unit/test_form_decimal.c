/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/decimal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void assert_plain(const char *text, const char *wanted)
{
    char plain[TH_FORM_DECIMAL_SIZE] = "";
    cr_assert_eq(th_form_decimal(text, strlen(text), plain), 0, "%s", text);
    cr_assert_str_eq(plain, wanted, "%s gave %s", text, plain);
}

static void assert_refused(const char *text, int wanted)
{
    char plain[TH_FORM_DECIMAL_SIZE] = "as it was";
    cr_assert_eq(th_form_decimal(text, strlen(text), plain), wanted, "%s", text);
    cr_assert_str_eq(plain, "as it was");
}

Test(form_decimal, plain_numbers_stay_as_they_are)
{
    assert_plain("0", "0");
    assert_plain("1234", "1234");
    assert_plain("-1234.56", "-1234.56");
    assert_plain("0.05", "0.05");
    assert_plain("123456789012345", "123456789012345");
}

Test(form_decimal, needless_zeros_and_signs_go)
{
    assert_plain("0012.500", "12.5");
    assert_plain("1000", "1000");
    assert_plain("-0", "0");
    assert_plain("0.000", "0");
    assert_plain(".5", "0.5");
    assert_plain("5.", "5");
}

Test(form_decimal, exponents_are_read)
{
    assert_plain("1E15", "1000000000000000");
    assert_plain("1.2345E+3", "1234.5");
    assert_plain("1.5e-3", "0.0015");
    assert_plain("12E1", "120");
    assert_plain("0E99", "0");
}

Test(form_decimal, the_trace_of_a_double_is_the_number_of_fifteen_digits)
{
    assert_plain("1234.5600000000001", "1234.56");
    assert_plain("0.30000000000000004", "0.3");
    assert_plain("0.10000000000000001", "0.1");
    assert_plain("2.2999999999999998", "2.3");
    assert_plain("999999999999999.88E-3", "1000000000000");
    assert_plain("99999999999999984", "100000000000000000");
}

Test(form_decimal, more_digits_than_a_spreadsheet_keeps_are_refused)
{
    assert_refused("123456789012.34567", TH_E_RANGE);
    assert_refused("0.33333333333333331", TH_E_RANGE);
    assert_refused("1234567890123456", TH_E_RANGE);
    assert_refused("1E99", TH_E_RANGE);
    assert_refused("1E-99", TH_E_RANGE);
    assert_refused("1E1000000000000", TH_E_RANGE);
    assert_refused("00000000000000000000000000000000000000000000000000001", TH_E_RANGE);
}

Test(form_decimal, what_is_no_number_is_refused)
{
    static const char *const texts[] = {"",           "-",    ".",    "1.2.3", "1,5", "1 000",
                                        "12 văn bản", "1E",   "1E+",  "E5",    "+5",  "NaN",
                                        "INF",        "0x10", "1E5 ", " 1",    "--1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_refused(texts[i], TH_E_SYNTAX);
}

/* What a spreadsheet writes for any figure of two decimals is that figure. */
Test(form_decimal, every_figure_comes_back_from_its_seventeen_digits)
{
    uint64_t state = 42;
    for (int i = 0; i < 200000; i++) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        int64_t scaled = (int64_t)(state >> (14 + state % 40)) % INT64_C(1000000000000000);
        char wanted[40], written[40], plain[TH_FORM_DECIMAL_SIZE], again[TH_FORM_DECIMAL_SIZE];
        (void)snprintf(wanted, sizeof wanted, "%lld.%02lld", (long long)(scaled / 100),
                       (long long)(scaled % 100));
        (void)snprintf(written, sizeof written, "%.17g", strtod(wanted, NULL));
        cr_assert_eq(th_form_decimal(written, strlen(written), plain), 0, "%s", written);
        cr_assert_eq(th_form_decimal(wanted, strlen(wanted), again), 0);
        cr_assert_str_eq(plain, again, "%s", written);
    }
}

static void assert_day(const char *serial, bool is_1904, const char *wanted)
{
    th_day day;
    char text[TH_DAY_TEXT_SIZE];
    cr_assert_eq(th_form_serial_day(serial, is_1904, &day), 0, "%s", serial);
    cr_assert_str_eq(th_day_format(day, text), wanted);
}

Test(form_decimal, serial_days_are_counted_from_1900_or_1904)
{
    assert_day("1", false, "1900-01-01");
    assert_day("59", false, "1900-02-28");
    assert_day("61", false, "1900-03-01");
    assert_day("45786", false, "2025-05-09");
    assert_day("44324", true, "2025-05-09");
    assert_day("0", true, "1904-01-01");
}

Test(form_decimal, days_that_are_none_are_refused)
{
    th_day day;
    cr_assert_eq(th_form_serial_day("60", false, &day), TH_E_RANGE); /* 29 February 1900 */
    cr_assert_eq(th_form_serial_day("0", false, &day), TH_E_RANGE);
    cr_assert_eq(th_form_serial_day("-5", true, &day), TH_E_RANGE);
    cr_assert_eq(th_form_serial_day("999999999", false, &day), TH_E_RANGE);
    cr_assert_eq(th_form_serial_day("45786.5", false, &day), TH_E_SYNTAX);
}
