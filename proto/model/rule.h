/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparison rules over one report: integer sums of indicators on both sides of ==, <= or >=.
 *
 * "TCD01 == TCD04 + TCD13 + TCD22" is kept as the sum of all terms, with those of the right side
 * negated, compared with a constant. A rule runs only when every term is reported; otherwise it is
 * not checked: a missing figure is not zero. Rules that look at other reports are not here.
 *
 * Pure and thread-safe; no allocation.
 */
#ifndef TH_MODEL_RULE_H
#define TH_MODEL_RULE_H

#include "base/status.h"
#include "proto/model/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum th_rule_operator { TH_RULE_EQUAL, TH_RULE_AT_MOST, TH_RULE_AT_LEAST };

enum th_rule_outcome {
    TH_RULE_NOT_CHECKED, /* a term is not reported */
    TH_RULE_HOLDS,
    TH_RULE_BROKEN
};

struct th_rule_term {
    int32_t coefficient; /* negated for the right side */
    uint16_t indicator;  /* number in the catalogue, 1 and up */
};

struct th_comparison {
    enum th_rule_operator operator;
    struct th_rule_term terms[TH_LIMIT_RULE_TERMS_MAX];
    size_t terms_count;
    int64_t left_constant;
    int64_t right_constant;
};

/* Finds the number of an indicator by its code; 0 when there is none. */
typedef uint16_t th_indicator_lookup(const void *context, const char *code, size_t code_size);

/*
 * Reads "5*A + B <= C + 3". TH_E_SYNTAX, TH_E_NOT_FOUND for an unknown code, TH_E_LIMIT.
 * `ret_error_at` gets the byte where reading stopped, on any error.
 */
TH_MUST_CHECK int th_comparison_parse(const char *text, size_t text_size,
                                      th_indicator_lookup *lookup, const void *context,
                                      struct th_comparison *ret_comparison, size_t *ret_error_at);

/* The reported figures of one report. Borrows; `numbers` ascends. Scaled as the catalogue says. */
struct th_values {
    const uint16_t *numbers;
    const int64_t *values;
    size_t count;
};

/* True and the value when the indicator is reported. */
bool th_values_get(const struct th_values *values, uint16_t number, int64_t *ret_value);

/* The same figures, looked up at once by number, for rules that ask for many. Borrows. */
struct th_value_table {
    const struct th_values *values;
    const uint16_t *places; /* by number: place in the values + 1, 0 when it is not reported */
    uint16_t number_max;
};

/* Numbers above `number_max` are not in the table. `places` has number_max + 1 items. */
void th_value_table_init(const struct th_values *values, uint16_t number_max, uint16_t *places,
                         struct th_value_table *ret_table);
bool th_value_table_get(const struct th_value_table *table, uint16_t number, int64_t *ret_value);

/* Precondition: all terms of the comparison have the same scale (the plan's check sees to it). */
enum th_rule_outcome th_comparison_check(const struct th_comparison *comparison,
                                         const struct th_values *values);
enum th_rule_outcome th_comparison_check_table(const struct th_comparison *comparison,
                                               const struct th_value_table *table);

#endif
