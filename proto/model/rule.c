/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/rule.h"

#include <string.h>

struct reader {
    const char *text;
    size_t at;
    size_t size;
};

static char peek(struct reader *reader)
{
    while (reader->at < reader->size && reader->text[reader->at] == ' ')
        reader->at++;
    return reader->at < reader->size ? reader->text[reader->at] : 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_code_char(char c)
{
    return (c >= 'A' && c <= 'Z') || is_digit(c);
}

static int read_integer(struct reader *reader, int32_t *ret_integer)
{
    int32_t integer = 0;
    while (reader->at < reader->size && is_digit(reader->text[reader->at])) {
        integer = integer * 10 + (reader->text[reader->at] - '0');
        if (integer > TH_LIMIT_RULE_COEFFICIENT_MAX)
            return TH_E_LIMIT;
        reader->at++;
    }
    *ret_integer = integer;
    return 0;
}

/* One addend: a constant, CODE, or integer*CODE. */
static int read_addend(struct reader *reader, bool on_right, th_indicator_lookup *lookup,
                       const void *context, struct th_comparison *comparison)
{
    int32_t coefficient = 1;
    if (is_digit(peek(reader))) {
        int status = read_integer(reader, &coefficient);
        if (status < 0)
            return status;
        if (peek(reader) != '*') {
            if (on_right)
                comparison->right_constant += coefficient;
            else
                comparison->left_constant += coefficient;
            return 0;
        }
        reader->at++;
    }
    if (!is_code_char(peek(reader)))
        return TH_E_SYNTAX;
    size_t start = reader->at, end = start;
    while (end < reader->size && is_code_char(reader->text[end]))
        end++;
    uint16_t indicator = lookup(context, reader->text + start, end - start);
    if (indicator == 0)
        return TH_E_NOT_FOUND;
    if (comparison->terms_count == TH_LIMIT_RULE_TERMS_MAX)
        return TH_E_LIMIT;
    comparison->terms[comparison->terms_count++] = (struct th_rule_term){
        .coefficient = on_right ? -coefficient : coefficient,
        .indicator = indicator,
    };
    reader->at = end;
    return 0;
}

static int read_sum(struct reader *reader, bool on_right, th_indicator_lookup *lookup,
                    const void *context, struct th_comparison *comparison)
{
    for (;;) {
        int status = read_addend(reader, on_right, lookup, context, comparison);
        if (status < 0)
            return status;
        if (peek(reader) != '+')
            return 0;
        reader->at++;
    }
}

static int read_operator(struct reader *reader, enum th_rule_operator *ret_operator)
{
    static const struct {
        char word[3];
        enum th_rule_operator operator;
    } all[] = {{"==", TH_RULE_EQUAL}, {"<=", TH_RULE_AT_MOST}, {">=", TH_RULE_AT_LEAST}};
    (void)peek(reader);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (reader->size - reader->at >= 2 &&
            memcmp(reader->text + reader->at, all[i].word, 2) == 0) {
            reader->at += 2;
            *ret_operator = all[i].operator;
            return 0;
        }
    return TH_E_SYNTAX;
}

int th_comparison_parse(const char *text, size_t text_size, th_indicator_lookup *lookup,
                        const void *context, struct th_comparison *ret_comparison,
                        size_t *ret_error_at)
{
    struct reader reader = {.text = text, .size = text_size};
    struct th_comparison comparison = {0};
    int status = read_sum(&reader, false, lookup, context, &comparison);
    if (status == 0)
        status = read_operator(&reader, &comparison.operator);
    if (status == 0)
        status = read_sum(&reader, true, lookup, context, &comparison);
    if (status == 0 && (peek(&reader) != 0 || reader.at < reader.size))
        status = TH_E_SYNTAX;
    if (status < 0) {
        *ret_error_at = reader.at;
        return status;
    }
    *ret_comparison = comparison;
    return 0;
}

bool th_values_get(const struct th_values *values, uint16_t number, int64_t *ret_value)
{
    size_t low = 0, high = values->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == values->count || values->numbers[low] != number)
        return false;
    *ret_value = values->values[low];
    return true;
}

void th_value_table_init(const struct th_values *values, uint16_t number_max, uint16_t *places,
                         struct th_value_table *ret_table)
{
    memset(places, 0, ((size_t)number_max + 1) * sizeof *places);
    for (size_t i = 0; i < values->count; i++)
        if (values->numbers[i] <= number_max)
            places[values->numbers[i]] = (uint16_t)(i + 1);
    *ret_table = (struct th_value_table){values, places, number_max};
}

bool th_value_table_get(const struct th_value_table *table, uint16_t number, int64_t *ret_value)
{
    if (number > table->number_max || table->places[number] == 0)
        return false;
    *ret_value = table->values->values[table->places[number] - 1];
    return true;
}

/* The left side less the right one. Twelve terms of 2^63 times 10^6 stay far below 2^127. */
static __int128 constants_of(const struct th_comparison *comparison)
{
    return (__int128)comparison->left_constant - comparison->right_constant;
}

static enum th_rule_outcome outcome_of(const struct th_comparison *comparison, __int128 difference)
{
    bool holds = false;
    switch (comparison->operator) {
    case TH_RULE_EQUAL:
        holds = difference == 0;
        break;
    case TH_RULE_AT_MOST:
        holds = difference <= 0;
        break;
    case TH_RULE_AT_LEAST:
        holds = difference >= 0;
        break;
    }
    return holds ? TH_RULE_HOLDS : TH_RULE_BROKEN;
}

enum th_rule_outcome th_comparison_check(const struct th_comparison *comparison,
                                         const struct th_values *values)
{
    __int128 difference = constants_of(comparison);
    for (size_t i = 0; i < comparison->terms_count; i++) {
        int64_t value;
        if (!th_values_get(values, comparison->terms[i].indicator, &value))
            return TH_RULE_NOT_CHECKED;
        difference += (__int128)comparison->terms[i].coefficient * value;
    }
    return outcome_of(comparison, difference);
}

enum th_rule_outcome th_comparison_check_table(const struct th_comparison *comparison,
                                               const struct th_value_table *table)
{
    __int128 difference = constants_of(comparison);
    for (size_t i = 0; i < comparison->terms_count; i++) {
        int64_t value;
        if (!th_value_table_get(table, comparison->terms[i].indicator, &value))
            return TH_RULE_NOT_CHECKED;
        difference += (__int128)comparison->terms[i].coefficient * value;
    }
    return outcome_of(comparison, difference);
}
