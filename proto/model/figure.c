/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/figure.h"

#include <stdbool.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number being read: digits so far, and how many of them are decimals. */
struct number {
    bool negative;
    bool too_large;
    unsigned decimals;
    uint64_t digits;
};

static void add_digit(struct number *number, unsigned digit)
{
    uint64_t grown;
    if (__builtin_mul_overflow(number->digits, UINT64_C(10), &grown) ||
        __builtin_add_overflow(grown, (uint64_t)digit, &grown))
        number->too_large = true;
    else
        number->digits = grown;
}

/* Brings the number to `scale` decimals; drops zeros only. */
static int to_scale(struct number number, unsigned scale, int64_t *ret_value)
{
    while (number.decimals > scale) {
        if (number.digits % 10 != 0)
            return TH_E_RANGE;
        number.digits /= 10;
        number.decimals--;
    }
    while (number.decimals < scale) {
        add_digit(&number, 0);
        number.decimals++;
    }
    if (number.too_large || number.digits > INT64_MAX)
        return TH_E_RANGE;
    *ret_value = number.negative ? -(int64_t)number.digits : (int64_t)number.digits;
    return 0;
}

/*
 * Reads sign, whole part and decimals. Zeros that end the decimals are not kept, so that they do
 * not count against the scale. `group` 0 means that digits are not grouped.
 */
static bool read_number(const char *text, size_t text_size, char group, char point,
                        struct number *ret_number)
{
    struct number number = {0};
    const char *at = text, *end = text + text_size;
    if (at < end && *at == '-') {
        number.negative = true;
        at++;
    }
    const char *whole = at;
    bool grouped = false;
    size_t run = 0; /* digits since the start or the last group mark */
    for (; at < end && *at != point; at++) {
        if (is_digit(*at)) {
            add_digit(&number, (unsigned)(*at - '0'));
            run++;
        } else if (group != 0 && *at == group) {
            bool first = !grouped;
            if (first ? (run < 1 || run > 3 || *whole == '0') : run != 3)
                return false;
            grouped = true;
            run = 0;
        } else {
            return false;
        }
    }
    if (grouped ? run != 3 : run == 0)
        return false;
    if (at < end) {
        const char *decimals = ++at;
        while (end > decimals + 1 && end[-1] == '0' && is_digit(end[-2]))
            end--;
        for (; at < end; at++) {
            if (!is_digit(*at))
                return false;
            add_digit(&number, (unsigned)(*at - '0'));
            number.decimals++;
        }
        if (number.decimals == 0)
            return false;
    }
    *ret_number = number;
    return true;
}

static bool same(struct number a, struct number b)
{
    return a.negative == b.negative && a.decimals == b.decimals && a.digits == b.digits;
}

static int give_readings(struct number vietnamese, struct number english,
                         struct th_figure_readings *ret_readings)
{
    struct th_figure_readings readings;
    if (to_scale(vietnamese, TH_FIGURE_SCALE_MAX, &readings.vietnamese) < 0 ||
        to_scale(english, TH_FIGURE_SCALE_MAX, &readings.english) < 0)
        return TH_E_RANGE;
    if (ret_readings != NULL)
        *ret_readings = readings;
    return TH_E_AMBIGUOUS;
}

int th_figure_parse(const char *text, size_t text_size, unsigned scale, int64_t *ret_value,
                    struct th_figure_readings *ret_readings)
{
    struct number number, vietnamese;
    if (!read_number(text, text_size, 0, '.', &number))
        return TH_E_SYNTAX;
    const char *point = memchr(text, '.', text_size);
    size_t decimals = point == NULL ? 0 : text_size - (size_t)(point - text) - 1;
    int64_t value;
    int status = to_scale(number, scale, &value);
    if (status == 0 && decimals > scale && read_number(text, text_size, '.', ',', &vietnamese))
        return give_readings(vietnamese, number, ret_readings);
    if (status == 0)
        *ret_value = value;
    return status;
}

int th_figure_parse_spreadsheet(const char *text, size_t text_size, unsigned scale,
                                int64_t *ret_value, struct th_figure_readings *ret_readings)
{
    struct number vietnamese, english;
    bool is_vietnamese = read_number(text, text_size, '.', ',', &vietnamese);
    bool is_english = read_number(text, text_size, ',', '.', &english);
    if (!is_vietnamese && !is_english)
        return TH_E_SYNTAX;
    if (scale == 0 && is_vietnamese && is_english && !same(vietnamese, english)) {
        is_vietnamese = vietnamese.decimals == 0;
        is_english = english.decimals == 0;
    }
    if (is_vietnamese && is_english && !same(vietnamese, english))
        return give_readings(vietnamese, english, ret_readings);
    return to_scale(is_vietnamese ? vietnamese : english, scale, ret_value);
}

/* The digits of a value, most significant first, at least scale + 1 of them. */
static size_t digits_of(int64_t value, unsigned scale, char digits[TH_FIGURE_TEXT_SIZE])
{
    uint64_t rest = value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
    char reversed[TH_FIGURE_TEXT_SIZE];
    size_t count = 0;
    while (rest != 0 || count < (size_t)scale + 1) {
        reversed[count++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    for (size_t i = 0; i < count; i++)
        digits[i] = reversed[count - 1 - i];
    return count;
}

char *th_figure_format(int64_t value, unsigned scale, char text[TH_FIGURE_TEXT_SIZE])
{
    char digits[TH_FIGURE_TEXT_SIZE];
    size_t count = digits_of(value, scale, digits), whole = count - scale;
    char *at = text;
    if (value < 0)
        *at++ = '-';
    memcpy(at, digits, whole);
    at += whole;
    if (scale > 0) {
        *at++ = '.';
        memcpy(at, digits + whole, scale);
        at += scale;
    }
    *at = 0;
    return text;
}
