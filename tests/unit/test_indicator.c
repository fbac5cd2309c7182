/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/indicator.h"

#include <criterion/criterion.h>

/* Number 2 is not used. */
static const struct th_indicator rows[] = {
    [1] = {.number = 1, .code = "VB01", .type = TH_TYPE_COUNT},
    [3] = {.number = 3, .code = "VB010", .type = TH_TYPE_PERCENT},
    [4] = {.number = 4, .code = "TX01", .type = TH_TYPE_TEXT},
};
static const struct th_catalogue catalogue = {.id = "t", .indicators = rows, .number_max = 4};

Test(indicator, a_number_gives_its_indicator)
{
    cr_assert_str_eq(th_catalogue_get(&catalogue, 1)->code, "VB01");
    cr_assert_str_eq(th_catalogue_get(&catalogue, 4)->code, "TX01");
}

Test(indicator, a_number_that_is_not_used_gives_none)
{
    cr_assert_null(th_catalogue_get(&catalogue, 0));
    cr_assert_null(th_catalogue_get(&catalogue, 2));
    cr_assert_null(th_catalogue_get(&catalogue, 5));
    cr_assert_null(th_catalogue_get(&catalogue, UINT32_MAX));
}

Test(indicator, a_code_is_found_whole)
{
    cr_assert_eq(th_catalogue_lookup(&catalogue, "VB01", 4), 1);
    cr_assert_eq(th_catalogue_lookup(&catalogue, "VB010", 5), 3);
    cr_assert_eq(th_catalogue_lookup(&catalogue, "VB010", 4), 1);
    cr_assert_eq(th_catalogue_lookup(&catalogue, "VB", 2), 0);
    cr_assert_eq(th_catalogue_lookup(&catalogue, "vb01", 4), 0);
    cr_assert_eq(th_catalogue_lookup(&catalogue, "", 0), 0);
}

Test(indicator, a_derived_figure_is_not_asked)
{
    struct th_indicator indicator = {.type = TH_TYPE_PERCENT};
    cr_assert_not(th_indicator_is_asked(&indicator));
    cr_assert_not(th_indicator_is_figure(&indicator));
}

Test(indicator, an_enum_is_asked_once_its_values_are_known)
{
    struct th_indicator indicator = {.type = TH_TYPE_ENUM};
    cr_assert_not(th_indicator_is_asked(&indicator));
    indicator.values_count = 3;
    cr_assert(th_indicator_is_asked(&indicator));
    cr_assert(th_indicator_is_figure(&indicator));
}

Test(indicator, a_text_is_asked_but_is_no_figure)
{
    struct th_indicator indicator = {.type = TH_TYPE_TEXT};
    cr_assert(th_indicator_is_asked(&indicator));
    cr_assert_not(th_indicator_is_figure(&indicator));
}
