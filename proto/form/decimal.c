/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/form/decimal.h"

#include "base/text.h"

#include <string.h>

#define WRITTEN_MAX   40 /* characters of a number; spreadsheets write 24 at most */
#define EXACT_DIGITS  15
#define KEPT_DIGITS   17
#define RESIDUE_MAX   20 /* units of the 17th digit */
#define EXPONENT_MAX  99
#define WHOLE_MAX     20 /* digits before the point */
#define FRACTION_MAX  30
#define SERIAL_EPOCH  25569 /* 1970-01-01 counted from 1900 */
#define SERIAL_1904   24107 /* the same from 1904 */
#define SERIAL_NO_DAY 60    /* 1900-02-29 */
#define SERIAL_MAX    200000

/* 0.DIGITS * 10^point; no zeros at either end of the digits; none at all is 0. */
struct decimal {
    bool is_negative;
    char digits[WRITTEN_MAX];
    size_t count;
    int point;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t read_mantissa(const char *text, size_t size, struct decimal *decimal)
{
    size_t at = 0, digits = 0;
    bool has_point = false;
    for (; at < size && (is_digit(text[at]) || (text[at] == '.' && !has_point)); at++) {
        if (text[at] == '.') {
            has_point = true;
            continue;
        }
        digits++;
        if (decimal->count > 0 || text[at] != '0') {
            decimal->digits[decimal->count++] = text[at];
            decimal->point += has_point ? 0 : 1;
        } else if (has_point) {
            decimal->point--;
        }
    }
    while (decimal->count > 0 && decimal->digits[decimal->count - 1] == '0')
        decimal->count--;
    return digits == 0 ? 0 : at;
}

static int read(const char *text, size_t size, struct decimal *decimal)
{
    int64_t exponent = 0;
    size_t at = 0;
    if (size > 0 && text[0] == '-') {
        decimal->is_negative = true;
        at = 1;
    }
    if (size > WRITTEN_MAX)
        return TH_E_RANGE;
    size_t used = read_mantissa(text + at, size - at, decimal);
    if (used == 0)
        return TH_E_SYNTAX;
    at += used;
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < size && text[at] == '+')
            at++;
        bool is_below = at < size && text[at] == '-';
        at += is_below ? 1 : 0;
        size_t first = at;
        for (; at < size && is_digit(text[at]) && exponent <= EXPONENT_MAX; at++)
            exponent = exponent * 10 + (text[at] - '0');
        if (at == first)
            return TH_E_SYNTAX;
        if (exponent > EXPONENT_MAX)
            return TH_E_RANGE;
        decimal->point += (int)(is_below ? -exponent : exponent);
    }
    return at == size ? 0 : TH_E_SYNTAX;
}

/* To the nearest number of 15 digits; false when that is too far away to be the same double. */
static bool shorten(struct decimal *decimal)
{
    if (decimal->count <= EXACT_DIGITS)
        return true;
    int tail = 0; /* the 16th and 17th digit */
    for (size_t i = EXACT_DIGITS; i < KEPT_DIGITS; i++)
        tail = tail * 10 + (i < decimal->count ? decimal->digits[i] - '0' : 0);
    decimal->count = EXACT_DIGITS;
    if (tail > RESIDUE_MAX && tail < 100 - RESIDUE_MAX)
        return false;
    if (tail > RESIDUE_MAX) {
        size_t at = EXACT_DIGITS;
        while (at > 0 && decimal->digits[at - 1] == '9')
            at--;
        decimal->count = at;
        if (at == 0) {
            decimal->digits[decimal->count++] = '1';
            decimal->point++;
        } else {
            decimal->digits[at - 1]++;
        }
    }
    while (decimal->count > 0 && decimal->digits[decimal->count - 1] == '0')
        decimal->count--;
    return true;
}

int th_form_decimal(const char *text, size_t text_size, char ret_plain[TH_FORM_DECIMAL_SIZE])
{
    struct decimal decimal = {.count = 0};
    int status = read(text, text_size, &decimal);
    if (status < 0)
        return status;
    if (!shorten(&decimal))
        return TH_E_RANGE;
    if (decimal.count == 0) {
        memcpy(ret_plain, "0", 2);
        return 0;
    }
    int fraction = (int)decimal.count - decimal.point;
    if (decimal.point > WHOLE_MAX || fraction > FRACTION_MAX)
        return TH_E_RANGE;
    size_t used = 0;
    if (decimal.is_negative)
        ret_plain[used++] = '-';
    if (decimal.point <= 0)
        ret_plain[used++] = '0';
    for (int place = decimal.point < 0 ? decimal.point : 0; place < 0; place++) {
        if (place == decimal.point)
            ret_plain[used++] = '.';
        ret_plain[used++] = '0';
    }
    for (int i = 0; i < (int)decimal.count || i < decimal.point; i++) {
        if (i == decimal.point && decimal.point >= 0)
            ret_plain[used++] = '.';
        ret_plain[used++] = i < (int)decimal.count ? decimal.digits[i] : '0';
    }
    ret_plain[used] = 0;
    return 0;
}

int th_form_serial_day(const char *plain, bool is_1904, th_day *ret_day)
{
    int64_t serial = 0;
    int status = th_text_parse_int(plain, strlen(plain), is_1904 ? 0 : 1, SERIAL_MAX, &serial);
    if (status < 0)
        return status;
    if (!is_1904 && serial == SERIAL_NO_DAY)
        return TH_E_RANGE;
    if (!is_1904 && serial < SERIAL_NO_DAY)
        serial++;
    ret_day->number = (int32_t)(serial - (is_1904 ? SERIAL_1904 : SERIAL_EPOCH));
    return 0;
}
