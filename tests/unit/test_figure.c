/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/figure.h"

#include <criterion/criterion.h>
#include <string.h>

static int plain(const char *text, unsigned scale, int64_t *ret_value)
{
    return th_figure_parse(text, strlen(text), scale, ret_value, NULL);
}

static int sheet(const char *text, unsigned scale, int64_t *ret_value,
                 struct th_figure_readings *ret_readings)
{
    return th_figure_parse_spreadsheet(text, strlen(text), scale, ret_value, ret_readings);
}

Test(figure, plain_numbers_are_scaled_exactly)
{
    static const struct {
        const char *text;
        unsigned scale;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},          {"12", 2, 1200}, {"12.5", 2, 1250},
        {"-0.05", 2, -5},     {"7.00", 0, 7},  {"9223372036854775807", 0, INT64_MAX},
        {"1.230000", 2, 123}, {"-12", 0, -12},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = 42;
        cr_assert_eq(plain(rows[i].text, rows[i].scale, &value), 0, "%s", rows[i].text);
        cr_assert_eq(value, rows[i].value, "%s", rows[i].text);
    }
}

Test(figure, what_is_no_plain_number_is_refused)
{
    static const char *const bad[] = {"", "-", "1.", ".5", "1e3", "1,5", "+1", " 1", "1 ", "0x1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value = 42;
        cr_assert_eq(plain(bad[i], 2, &value), TH_E_SYNTAX, "%s", bad[i]);
        cr_assert_eq(value, 42);
    }
}

Test(figure, a_plain_number_that_looks_like_thousands_is_refused_with_both_readings)
{
    int64_t value = 42;
    struct th_figure_readings readings;
    cr_assert_eq(th_figure_parse("10.000", 6, 0, &value, &readings), TH_E_AMBIGUOUS);
    cr_assert_eq(readings.vietnamese, INT64_C(10000) * 1000000);
    cr_assert_eq(readings.english, INT64_C(10) * 1000000);
    cr_assert_eq(th_figure_parse("12.345", 6, 0, &value, &readings), TH_E_RANGE);
    cr_assert_eq(th_figure_parse("12.500", 6, 2, &value, &readings), TH_E_AMBIGUOUS);
    cr_assert_eq(th_figure_parse("1.200.000", 9, 0, &value, &readings), TH_E_SYNTAX);
    cr_assert_eq(th_figure_parse("12.500", 6, 3, &value, &readings), 0);
    cr_assert_eq(value, 12500);
}

Test(figure, too_many_decimals_or_digits_are_out_of_range)
{
    int64_t value = 42;
    cr_assert_eq(plain("1.5", 0, &value), TH_E_RANGE);
    cr_assert_eq(plain("1.005", 2, &value), TH_E_RANGE);
    cr_assert_eq(plain("9223372036854775808", 0, &value), TH_E_RANGE);
    cr_assert_eq(plain("92233720368547758.08", 2, &value), TH_E_RANGE);
    cr_assert_eq(plain("99999999999999999999999", 0, &value), TH_E_RANGE);
    cr_assert_eq(value, 42);
}

Test(figure, a_spreadsheets_grouping_is_read_where_only_one_reading_stands)
{
    static const struct {
        const char *text;
        unsigned scale;
        int64_t value;
    } rows[] = {
        {"1.234,5", 2, 123450},
        {"1,234.5", 2, 123450},
        {"1.234.567", 0, 1234567},
        {"1.234", 0, 1234},
        {"1.000", 0, 1000},
        {"1,000", 0, 1000},
        {"1234", 2, 123400},
        {"12,5", 2, 1250},
        {"12.5", 2, 1250},
        {"0.12", 2, 12},
        {"-1.234.567,89", 2, -123456789},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = 42;
        cr_assert_eq(sheet(rows[i].text, rows[i].scale, &value, NULL), 0, "%s", rows[i].text);
        cr_assert_eq(value, rows[i].value, "%s", rows[i].text);
    }
}

Test(figure, a_number_that_reads_two_ways_is_refused_with_both)
{
    int64_t value = 42;
    struct th_figure_readings readings;
    cr_assert_eq(sheet("1.234", 2, &value, &readings), TH_E_AMBIGUOUS);
    cr_assert_eq(readings.vietnamese, INT64_C(1234000000));
    cr_assert_eq(readings.english, INT64_C(1234000));
    cr_assert_eq(sheet("-25,750", 2, &value, &readings), TH_E_AMBIGUOUS);
    cr_assert_eq(readings.vietnamese, INT64_C(-25750000));
    cr_assert_eq(readings.english, INT64_C(-25750000000));
    cr_assert_eq(value, 42);
}

Test(figure, wrong_grouping_is_no_number)
{
    static const char *const bad[] = {"1.23.456", "1.2345.678", ".123", "1..234", "1.234,", "12a",
                                      "1,2,3",    "1.234,5.6",  "",     "-",      "1 234"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t value = 42;
        cr_assert_eq(sheet(bad[i], 2, &value, NULL), TH_E_SYNTAX, "%s", bad[i]);
    }
}

Test(figure, the_plain_form_has_all_decimals_and_no_groups)
{
    char text[TH_FIGURE_TEXT_SIZE];
    cr_assert_str_eq(th_figure_format(123450, 2, text), "1234.50");
    cr_assert_str_eq(th_figure_format(-5, 2, text), "-0.05");
    cr_assert_str_eq(th_figure_format(0, 0, text), "0");
    cr_assert_str_eq(th_figure_format(INT64_MIN, 0, text), "-9223372036854775808");
}

Test(figure, what_is_printed_reads_back)
{
    char text[TH_FIGURE_TEXT_SIZE];
    static const int64_t values[] = {0, 1, -1, 99, 100, -123456789, INT64_MAX, 1000000};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        for (unsigned scale = 0; scale <= TH_FIGURE_SCALE_MAX; scale++) {
            int64_t value = 42;
            cr_assert_eq(plain(th_figure_format(values[i], scale, text), scale, &value), 0);
            cr_assert_eq(value, values[i]);
        }
}
