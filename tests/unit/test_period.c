/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/period.h"

#include <criterion/criterion.h>
#include <string.h>

static int parse(const char *text, struct th_period *ret_period)
{
    return th_period_parse(text, strlen(text), ret_period);
}

Test(period, years_halves_quarters_and_months_have_names)
{
    static const struct {
        const char *text;
        struct th_period period;
    } rows[] = {
        {"2025", {2025, TH_PERIOD_YEAR, 1}},     {"2025-H1", {2025, TH_PERIOD_HALF, 1}},
        {"2025-H2", {2025, TH_PERIOD_HALF, 2}},  {"2025-Q4", {2025, TH_PERIOD_QUARTER, 4}},
        {"2025-05", {2025, TH_PERIOD_MONTH, 5}}, {"2024-12", {2024, TH_PERIOD_MONTH, 12}},
        {"1900", {1900, TH_PERIOD_YEAR, 1}},     {"2200", {2200, TH_PERIOD_YEAR, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct th_period period;
        cr_assert_eq(parse(rows[i].text, &period), 0, "%s", rows[i].text);
        cr_assert_eq(period.year, rows[i].period.year);
        cr_assert_eq(period.kind, rows[i].period.kind);
        cr_assert_eq(period.part, rows[i].period.part);
        char name[TH_PERIOD_NAME_SIZE];
        cr_assert_str_eq(th_period_format(period, name), rows[i].text);
    }
}

Test(period, a_year_out_of_range_has_no_name)
{
    static const struct th_period none[] = {{1899, TH_PERIOD_YEAR, 1}, {2201, TH_PERIOD_MONTH, 12}};
    char name[TH_PERIOD_NAME_SIZE];
    cr_assert_str_eq(th_period_format(none[0], name), "?");
    cr_assert_str_eq(th_period_format(none[1], name), "?-12");
}

Test(period, other_words_are_no_period)
{
    static const char *const words[] = {"",        "25",      "2025-",   "2025H1",
                                        "2025-H",  "2025-X1", "2025_H1", "2025-h1",
                                        "2025-1a", "H1-2025", "2025-H1 "};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct th_period period = {.year = 7};
        cr_assert_eq(parse(words[i], &period), TH_E_SYNTAX, "%s", words[i]);
        cr_assert_eq(period.year, 7);
    }
}

Test(period, parts_that_a_year_does_not_have_are_out_of_range)
{
    static const char *const words[] = {"2025-H3", "2025-H0", "2025-Q5", "2025-00",
                                        "2025-13", "1899",    "2201"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct th_period period;
        cr_assert_eq(parse(words[i], &period), TH_E_RANGE, "%s", words[i]);
    }
}
