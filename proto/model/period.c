/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/period.h"

#include "base/time.h"

static int number(const char *digits, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return -1;
        value = value * 10 + (digits[i] - '0');
    }
    return value;
}

int th_period_parse(const char *text, size_t text_size, struct th_period *ret_period)
{
    if ((text_size != 4 && text_size != 7) || number(text, 4) < 0)
        return TH_E_SYNTAX;
    struct th_period period = {.year = number(text, 4), .kind = TH_PERIOD_YEAR, .part = 1};
    int last = 1;
    if (text_size == 7) {
        bool is_month = text[5] != 'H' && text[5] != 'Q';
        period.kind = is_month         ? TH_PERIOD_MONTH
                      : text[5] == 'H' ? TH_PERIOD_HALF
                                       : TH_PERIOD_QUARTER;
        period.part = is_month ? number(text + 5, 2) : number(text + 6, 1);
        last = is_month ? 12 : text[5] == 'H' ? 2 : 4;
        if (text[4] != '-' || period.part < 0)
            return TH_E_SYNTAX;
    }
    if (period.year < TH_YEAR_MIN || period.year > TH_YEAR_MAX || period.part < 1 ||
        period.part > last)
        return TH_E_RANGE;
    *ret_period = period;
    return 0;
}

static char *put_digits(char *at, int number, int count)
{
    for (int i = count; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    return at + count;
}

char *th_period_format(struct th_period period, char text[TH_PERIOD_NAME_SIZE])
{
    char *at = text;
    if (period.year >= TH_YEAR_MIN && period.year <= TH_YEAR_MAX)
        at = put_digits(at, period.year, 4);
    else
        *at++ = '?';
    if (period.kind != TH_PERIOD_YEAR)
        *at++ = '-';
    if (period.kind == TH_PERIOD_HALF || period.kind == TH_PERIOD_QUARTER)
        *at++ = period.kind == TH_PERIOD_HALF ? 'H' : 'Q';
    if (period.kind != TH_PERIOD_YEAR)
        at = put_digits(at, period.part, period.kind == TH_PERIOD_MONTH ? 2 : 1);
    *at = 0;
    return text;
}
