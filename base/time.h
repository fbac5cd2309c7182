/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Civil time of Vietnam: instants, days, and the text forms that people and machines exchange.
 *
 * An instant is milliseconds since 1970-01-01T00:00:00Z. Vietnam is at +07:00 with no daylight
 * saving (no transition since 1975), so a day is arithmetic: no time zone data, no libc calls, no
 * dependence on TZ or locale. Nothing here reads a clock; time always comes in from outside.
 *
 * Pure and thread-safe.
 */
#ifndef TH_BASE_TIME_H
#define TH_BASE_TIME_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_DAY_MS         INT64_C(86400000)
#define TH_ZONE_OFFSET_MS INT64_C(25200000) /* +07:00 */

/* Years that the program accepts: wide enough for archives, narrow enough that no sum overflows. */
#define TH_YEAR_MIN 1900
#define TH_YEAR_MAX 2200

typedef struct {
    int64_t ms; /* since 1970-01-01T00:00:00Z */
} th_instant;

typedef struct {
    int32_t number; /* days since 1970-01-01, proleptic Gregorian, in Vietnam's civil time */
} th_day;

struct th_civil_date {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
};

enum th_weekday {
    TH_MONDAY,
    TH_TUESDAY,
    TH_WEDNESDAY,
    TH_THURSDAY,
    TH_FRIDAY,
    TH_SATURDAY,
    TH_SUNDAY
};

/* Of 1 January TH_YEAR_MIN and 31 December TH_YEAR_MAX. */
#define TH_DAY_MIN (-25567)
#define TH_DAY_MAX 84370

/* True for the number of a day from TH_DAY_MIN to TH_DAY_MAX. */
static inline bool th_day_check(int64_t number)
{
    return number >= TH_DAY_MIN && number <= TH_DAY_MAX;
}

/* True for a date that exists (29 February only in leap years) in TH_YEAR_MIN to TH_YEAR_MAX. */
bool th_civil_date_check(struct th_civil_date date);

/* Precondition: th_civil_date_check(date). */
th_day th_day_of_date(struct th_civil_date date);
struct th_civil_date th_date_of_day(th_day day);
enum th_weekday th_day_weekday(th_day day);

/* The first instant of a day: its 00:00 +07:00. Its end is the start of the next day. */
th_instant th_day_start(th_day day);
/* The day, in +07:00, that an instant belongs to. */
th_day th_day_of_instant(th_instant instant);

/* "YYYY-MM-DD", nothing before or after. TH_E_SYNTAX, or TH_E_RANGE for a day that is not. */
TH_MUST_CHECK int th_day_parse(const char *text, size_t text_size, th_day *ret_day);

/*
 * An instant as people write it to a command:
 *   2025-05-10                      its 00:00 +07:00
 *   2025-05-10T17:00                +07:00 is meant
 *   2025-05-10T17:00:05             likewise
 *   2025-05-10T17:00:05.250+07:00   with up to three digits after the second, and Z or ±hh:mm
 * A blank may stand for the T. TH_E_SYNTAX or TH_E_RANGE.
 */
TH_MUST_CHECK int th_instant_parse(const char *text, size_t text_size, th_instant *ret_instant);

#define TH_INSTANT_TEXT_SIZE 30 /* "2025-05-10T17:00:05.250+07:00" and its NUL */
#define TH_DAY_TEXT_SIZE     11 /* "2025-05-10" and its NUL */
#define TH_SPOKEN_TEXT_SIZE  32 /* "23:41:07 ngày 09/5/2025" and its NUL */

/* RFC 3339 in +07:00; milliseconds only when they are not zero. Returns `text`. */
char *th_instant_format(th_instant instant, char text[TH_INSTANT_TEXT_SIZE]);
char *th_day_format(th_day day, char text[TH_DAY_TEXT_SIZE]);
/* As Vietnamese official texts write it: day with two digits, month without a leading zero from
 * March on (Nghị định 30/2020/NĐ-CP, Phụ lục I: days below 10, and January and February). */
char *th_instant_format_spoken(th_instant instant, char text[TH_SPOKEN_TEXT_SIZE]);
/* "09/5/2025" */
char *th_day_format_spoken(th_day day, char text[TH_SPOKEN_TEXT_SIZE]);
/* An instant without seconds when they are zero, as deadlines are said: "00:00 ngày 10/5/2025". */
char *th_instant_format_deadline(th_instant instant, char text[TH_SPOKEN_TEXT_SIZE]);

#endif
