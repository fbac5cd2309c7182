/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <string.h>

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool th_civil_date_check(struct th_civil_date date)
{
    return date.year >= TH_YEAR_MIN && date.year <= TH_YEAR_MAX && date.month >= 1 &&
           date.month <= 12 && date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

/*
 * Days are counted in years that begin in March, so that the leap day is the last one: day of the
 * year = (153 m + 2) / 5 for m = 0 (March) to 11 (February), 146,097 days in 400 years.
 */
th_day th_day_of_date(struct th_civil_date date)
{
    int32_t year = date.month <= 2 ? date.year - 1 : date.year;
    int32_t month = date.month <= 2 ? date.month + 9 : date.month - 3;
    int32_t era = year / 400;
    int32_t year_of_era = year - era * 400;
    int32_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (th_day){era * 146097 + day_of_era - 719468};
}

struct th_civil_date th_date_of_day(th_day day)
{
    int32_t shifted = day.number + 719468;
    int32_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int32_t day_of_era = shifted - era * 146097;
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t month = (5 * day_of_year + 2) / 153;
    struct th_civil_date date = {
        .year = era * 400 + year_of_era + (month >= 10 ? 1 : 0),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
    return date;
}

enum th_weekday th_day_weekday(th_day day)
{
    int32_t from_monday = (day.number + 3) % 7; /* 1970-01-01 was a Thursday */
    return (enum th_weekday)(from_monday < 0 ? from_monday + 7 : from_monday);
}

th_instant th_day_start(th_day day)
{
    return (th_instant){(int64_t)day.number * TH_DAY_MS - TH_ZONE_OFFSET_MS};
}

/* Rounds towards minus infinity, as days before 1970 need it. */
static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

th_day th_day_of_instant(th_instant instant)
{
    return (th_day){(int32_t)floor_div(instant.ms + TH_ZONE_OFFSET_MS, TH_DAY_MS)};
}

struct cursor {
    const char *at;
    const char *end;
};

static bool take_digits(struct cursor *cursor, int digits, int *ret_number)
{
    int number = 0;
    if (cursor->end - cursor->at < digits)
        return false;
    for (int i = 0; i < digits; i++) {
        char c = cursor->at[i];
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    cursor->at += digits;
    *ret_number = number;
    return true;
}

static bool take_char(struct cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end || *cursor->at != wanted)
        return false;
    cursor->at++;
    return true;
}

static int take_day(struct cursor *cursor, th_day *ret_day)
{
    struct th_civil_date date;
    if (!take_digits(cursor, 4, &date.year) || !take_char(cursor, '-') ||
        !take_digits(cursor, 2, &date.month) || !take_char(cursor, '-') ||
        !take_digits(cursor, 2, &date.day))
        return TH_E_SYNTAX;
    if (!th_civil_date_check(date))
        return TH_E_RANGE;
    *ret_day = th_day_of_date(date);
    return 0;
}

int th_day_parse(const char *text, size_t text_size, th_day *ret_day)
{
    struct cursor cursor = {text, text + text_size};
    th_day day;
    int status = take_day(&cursor, &day);
    if (status < 0)
        return status;
    if (cursor.at != cursor.end)
        return TH_E_SYNTAX;
    *ret_day = day;
    return 0;
}

/* hh:mm, then optionally :ss, then optionally . and one to three digits. */
static int take_time_of_day(struct cursor *cursor, int64_t *ret_ms)
{
    int hour, minute, second = 0, fraction = 0, digit;
    if (!take_digits(cursor, 2, &hour) || !take_char(cursor, ':') ||
        !take_digits(cursor, 2, &minute))
        return TH_E_SYNTAX;
    if (take_char(cursor, ':')) {
        if (!take_digits(cursor, 2, &second))
            return TH_E_SYNTAX;
        if (take_char(cursor, '.')) {
            int weight = 100;
            if (!take_digits(cursor, 1, &digit))
                return TH_E_SYNTAX;
            do {
                fraction += digit * weight;
                weight /= 10;
            } while (weight > 0 && take_digits(cursor, 1, &digit));
        }
    }
    if (hour > 23 || minute > 59 || second > 59)
        return TH_E_RANGE;
    *ret_ms = ((hour * INT64_C(60) + minute) * 60 + second) * 1000 + fraction;
    return 0;
}

static int take_offset(struct cursor *cursor, int64_t *ret_offset_ms)
{
    int hour, minute;
    if (cursor->at == cursor->end) {
        *ret_offset_ms = TH_ZONE_OFFSET_MS;
        return 0;
    }
    if (take_char(cursor, 'Z')) {
        *ret_offset_ms = 0;
        return 0;
    }
    bool east = take_char(cursor, '+');
    if ((!east && !take_char(cursor, '-')) || !take_digits(cursor, 2, &hour) ||
        !take_char(cursor, ':') || !take_digits(cursor, 2, &minute))
        return TH_E_SYNTAX;
    if (hour > 14 || minute > 59)
        return TH_E_RANGE;
    int64_t offset_ms = (hour * INT64_C(60) + minute) * 60000;
    *ret_offset_ms = east ? offset_ms : -offset_ms;
    return 0;
}

int th_instant_parse(const char *text, size_t text_size, th_instant *ret_instant)
{
    struct cursor cursor = {text, text + text_size};
    th_day day;
    int64_t ms = 0, offset_ms = TH_ZONE_OFFSET_MS;
    int status = take_day(&cursor, &day);
    if (status < 0)
        return status;
    if (cursor.at != cursor.end) {
        if (!take_char(&cursor, 'T') && !take_char(&cursor, ' '))
            return TH_E_SYNTAX;
        status = take_time_of_day(&cursor, &ms);
        if (status == 0)
            status = take_offset(&cursor, &offset_ms);
        if (status < 0)
            return status;
        if (cursor.at != cursor.end)
            return TH_E_SYNTAX;
    }
    ret_instant->ms = (int64_t)day.number * TH_DAY_MS + ms - offset_ms;
    return 0;
}

struct wall_time {
    struct th_civil_date date;
    int hour, minute, second, ms;
};

static struct wall_time wall_time_of(th_instant instant)
{
    th_day day = th_day_of_instant(instant);
    int64_t ms = instant.ms - th_day_start(day).ms;
    return (struct wall_time){
        .date = th_date_of_day(day),
        .hour = (int)(ms / 3600000),
        .minute = (int)(ms / 60000 % 60),
        .second = (int)(ms / 1000 % 60),
        .ms = (int)(ms % 1000),
    };
}

static char *put_digits(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *put_text(char *at, const char *text)
{
    size_t size = strlen(text);
    memcpy(at, text, size);
    return at + size;
}

static char *put_date(char *at, struct th_civil_date date)
{
    at = put_digits(at, date.year, 4);
    *at++ = '-';
    at = put_digits(at, date.month, 2);
    *at++ = '-';
    return put_digits(at, date.day, 2);
}

static char *put_time_of_day(char *at, const struct wall_time *time)
{
    at = put_digits(at, time->hour, 2);
    *at++ = ':';
    at = put_digits(at, time->minute, 2);
    *at++ = ':';
    return put_digits(at, time->second, 2);
}

char *th_instant_format(th_instant instant, char text[TH_INSTANT_TEXT_SIZE])
{
    struct wall_time time = wall_time_of(instant);
    char *at = put_date(text, time.date);
    *at++ = 'T';
    at = put_time_of_day(at, &time);
    if (time.ms != 0) {
        *at++ = '.';
        at = put_digits(at, time.ms, 3);
    }
    at = put_text(at, "+07:00");
    *at = 0;
    return text;
}

char *th_day_format(th_day day, char text[TH_DAY_TEXT_SIZE])
{
    *put_date(text, th_date_of_day(day)) = 0;
    return text;
}

static char *put_spoken_date(char *at, struct th_civil_date date)
{
    at = put_digits(at, date.day, 2);
    *at++ = '/';
    at = put_digits(at, date.month, date.month <= 2 || date.month >= 10 ? 2 : 1);
    *at++ = '/';
    return put_digits(at, date.year, 4);
}

static char *format_spoken(const struct wall_time *time, bool has_seconds, char *text)
{
    char *at = put_time_of_day(text, time);
    if (!has_seconds)
        at -= strlen(":00");
    at = put_text(at, " ngày ");
    *put_spoken_date(at, time->date) = 0;
    return text;
}

char *th_day_format_spoken(th_day day, char text[TH_SPOKEN_TEXT_SIZE])
{
    *put_spoken_date(text, th_date_of_day(day)) = 0;
    return text;
}

char *th_instant_format_spoken(th_instant instant, char text[TH_SPOKEN_TEXT_SIZE])
{
    struct wall_time time = wall_time_of(instant);
    return format_spoken(&time, true, text);
}

char *th_instant_format_deadline(th_instant instant, char text[TH_SPOKEN_TEXT_SIZE])
{
    struct wall_time time = wall_time_of(instant);
    return format_spoken(&time, time.second != 0, text);
}
