/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/rule.h"

#include <criterion/criterion.h>
#include <string.h>

/* A catalogue of one-letter codes: A is 1, B is 2 … */
static uint16_t letters(const void *context, const char *code, size_t code_size)
{
    (void)context;
    return code_size == 1 && code[0] >= 'A' && code[0] <= 'Y' ? (uint16_t)(code[0] - 'A' + 1) : 0;
}

static int parse(const char *text, struct th_comparison *ret_comparison, size_t *ret_error_at)
{
    return th_comparison_parse(text, strlen(text), letters, NULL, ret_comparison, ret_error_at);
}

/* Values of A, B, C …; a negative count of them is not needed here. */
static enum th_rule_outcome check(const char *text, const int64_t *values, size_t count)
{
    static const uint16_t numbers[] = {1, 2, 3, 4, 5};
    struct th_comparison comparison;
    size_t error_at;
    cr_assert_eq(parse(text, &comparison, &error_at), 0, "%s", text);
    struct th_values reported = {numbers, values, count};
    uint16_t places[8];
    struct th_value_table table;
    th_value_table_init(&reported, 7, places, &table);
    enum th_rule_outcome outcome = th_comparison_check(&comparison, &reported);
    cr_assert_eq(th_comparison_check_table(&comparison, &table), outcome);
    return outcome;
}

#define CHECK(text, ...)                                                                           \
    check(text, (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

Test(rule, a_sum_equals_its_parts)
{
    cr_assert_eq(CHECK("A == B + C + D", 6, 1, 2, 3), TH_RULE_HOLDS);
    cr_assert_eq(CHECK("A == B + C + D", 6, 1, 2, 4), TH_RULE_BROKEN);
}

Test(rule, coefficients_and_constants_count_on_their_side)
{
    cr_assert_eq(CHECK("3*A >= 2*B", 2, 3), TH_RULE_HOLDS);
    cr_assert_eq(CHECK("3*A >= 2*B", 1, 2), TH_RULE_BROKEN);
    cr_assert_eq(CHECK("A >= 1", 1), TH_RULE_HOLDS);
    cr_assert_eq(CHECK("A >= 1", 0), TH_RULE_BROKEN);
    cr_assert_eq(CHECK("A + 2 <= B", 3, 5), TH_RULE_HOLDS);
    cr_assert_eq(CHECK("A + 2 <= B", 4, 5), TH_RULE_BROKEN);
}

Test(rule, a_missing_term_leaves_the_rule_unchecked)
{
    cr_assert_eq(CHECK("A == B + C", 6, 1), TH_RULE_NOT_CHECKED);
}

Test(rule, the_largest_figures_do_not_wrap)
{
    cr_assert_eq(CHECK("A == B + C", INT64_MAX, INT64_MAX, INT64_MAX), TH_RULE_BROKEN);
    cr_assert_eq(CHECK("1000000*A >= 1000000*B", INT64_MAX, INT64_MIN), TH_RULE_HOLDS);
}

Test(rule, a_real_mediation_figure_holds)
{
    /* Đắk Nông, first half of 2022: 323 cases, 186 successful, 103 not, 34 open. */
    cr_assert_eq(CHECK("A == B + C + D", 323, 186, 103, 34), TH_RULE_HOLDS);
}

Test(rule, bad_text_is_refused_with_its_place)
{
    static const struct {
        const char *text;
        int status;
        size_t at;
    } rows[] = {
        {"", TH_E_SYNTAX, 0},           {"A = B", TH_E_SYNTAX, 2},
        {"A == ", TH_E_SYNTAX, 5},      {"A == Z", TH_E_NOT_FOUND, 5},
        {"A == B C", TH_E_SYNTAX, 7},   {"A B", TH_E_SYNTAX, 2},
        {"A + <= B", TH_E_SYNTAX, 4},   {"2000000*A <= B", TH_E_LIMIT, 6},
        {"A == B - C", TH_E_SYNTAX, 7}, {"A+A+A+A+A+A+A+A+A+A+A+A+A <= B", TH_E_LIMIT, 24},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct th_comparison comparison = {.terms_count = 77};
        size_t at = 99;
        cr_assert_eq(parse(rows[i].text, &comparison, &at), rows[i].status, "%s", rows[i].text);
        cr_assert_eq(at, rows[i].at, "%s: %zu", rows[i].text, at);
        cr_assert_eq(comparison.terms_count, 77);
    }
}

Test(rule, a_table_knows_the_figures_up_to_its_last_number)
{
    const struct th_values values = {(uint16_t[]){2, 5, 9}, (int64_t[]){20, 50, 90}, 3};
    uint16_t places[7];
    struct th_value_table table;
    int64_t value = 0;
    th_value_table_init(&values, 6, places, &table);
    cr_assert(th_value_table_get(&table, 5, &value));
    cr_assert_eq(value, 50);
    cr_assert_not(th_value_table_get(&table, 3, &value));
    cr_assert_not(th_value_table_get(&table, 9, &value));
    cr_assert_eq(value, 50);
}
