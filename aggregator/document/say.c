/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/document/say.h"

#include "aggregator/core/rollup.h"
#include "aggregator/query/table.h"
#include "base/assert.h"
#include "base/time.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* True when a %s has no text. Knows the conversions that this room writes: %s, %.*s, and integers.
 */
static bool has_null(const char *format, va_list arguments)
{
    for (const char *at = format; *at != '\0'; at++) {
        unsigned longs = 0;
        if (*at != '%')
            continue;
        for (at++; *at != '\0' && strchr("-0123456789.*lz", *at) != NULL; at++) {
            if (*at == '*')
                (void)va_arg(arguments, int);
            longs += *at == 'l' || *at == 'z';
        }
        if (*at == 's' && va_arg(arguments, const char *) == NULL)
            return true;
        if ((*at == 'd' || *at == 'u') && longs == 0)
            (void)va_arg(arguments, int);
        else if (*at == 'd' || *at == 'u')
            (void)va_arg(arguments, long long); /* as wide as size_t and long here */
        else
            TH_ASSERT(*at == 's' || *at == '%');
    }
    return false;
}

const char *th_say(struct th_arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    bool is_missing = has_null(format, again);
    va_end(again);
    if (is_missing) {
        va_end(arguments);
        return NULL;
    }
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : th_arena_alloc(arena, (size_t)size + 1);
    if (text != NULL)
        (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

const char *th_say_number(struct th_arena *arena, const char *plain)
{
    char text[TH_TABLE_NUMBER_SIZE];
    const char *grouped = th_table_grouped(plain, text);
    return th_arena_copy_text(arena, grouped, strlen(grouped));
}

const char *th_say_count(struct th_arena *arena, json_int_t count)
{
    char plain[24];
    (void)snprintf(plain, sizeof(plain), "%" JSON_INTEGER_FORMAT, count);
    return th_say_number(arena, plain);
}

/* hundredths as "14,83", "14,8" or "14". */
static const char *say_hundredths(struct th_arena *arena, th_int128 hundredths)
{
    char whole[24];
    int rest = (int)(hundredths % 100);
    (void)snprintf(whole, sizeof(whole), "%lld", (long long)(hundredths / 100));
    const char *grouped = th_say_number(arena, whole);
    if (grouped == NULL || rest == 0)
        return grouped;
    return rest % 10 == 0 ? th_say(arena, "%s,%d", grouped, rest / 10)
                          : th_say(arena, "%s,%02d", grouped, rest);
}

const char *th_say_percent(struct th_arena *arena, json_int_t part, json_int_t whole)
{
    if (whole <= 0 || part < 0)
        return "";
    th_int128 hundredths = ((th_int128)part * 20000 + whole) / ((th_int128)whole * 2);
    const char *number = say_hundredths(arena, hundredths);
    return number == NULL ? NULL : th_say(arena, "%s%%", number);
}

const char *th_say_day(struct th_arena *arena, th_day day)
{
    char text[TH_SPOKEN_TEXT_SIZE];
    return th_say(arena, "%s", th_day_format_spoken(day, text));
}

const char *th_say_written_day(struct th_arena *arena, const char *written)
{
    th_day day;
    if (th_day_parse(written, strlen(written), &day) != TH_OK)
        return written;
    return th_say_day(arena, day);
}

const char *th_say_instant(struct th_arena *arena, th_instant instant)
{
    char text[TH_SPOKEN_TEXT_SIZE];
    th_instant_format_deadline(instant, text);
    return th_arena_copy_text(arena, text, strlen(text));
}

const char *th_say_written_instant(struct th_arena *arena, const char *written)
{
    th_instant instant;
    if (th_instant_parse(written, strlen(written), &instant) != TH_OK)
        return "";
    return th_say_instant(arena, instant);
}

static const char *say_average(struct th_arena *arena, const json_t *value)
{
    const char *average = json_string_value(json_object_get(value, "average"));
    const char *min = json_string_value(json_object_get(value, "min"));
    const char *max = json_string_value(json_object_get(value, "max"));
    if (average == NULL || min == NULL || max == NULL)
        return "";
    average = th_say_number(arena, average);
    min = th_say_number(arena, min);
    max = th_say_number(arena, max);
    if (average == NULL || min == NULL || max == NULL)
        return NULL;
    return th_say(arena, "bình quân %s (thấp nhất %s; cao nhất %s)", average, min, max);
}

static const char *say_values(struct th_arena *arena, const json_t *value)
{
    const char *said = "";
    const char *word;
    json_t *count;
    json_object_foreach((json_t *)(uintptr_t)value, word, count)
    {
        const char *number = json_string_value(count);
        number = number == NULL ? NULL : th_say_number(arena, number);
        said = number == NULL
                   ? NULL
                   : th_say(arena, "%s%s%s: %s", said, said[0] == '\0' ? "" : "; ", word, number);
        if (said == NULL)
            return NULL;
    }
    return said;
}

const char *th_say_value(struct th_arena *arena, const struct th_indicator *indicator,
                         const json_t *value)
{
    const char *plain = json_string_value(value);
    if (json_is_object(value))
        return indicator->up == TH_UP_AVERAGE_MIN_MAX ? say_average(arena, value)
                                                      : say_values(arena, value);
    if (plain == NULL)
        return "";
    if (indicator->type == TH_TYPE_DATE)
        return th_say_written_day(arena, plain);
    return th_say_number(arena, plain);
}

/* ---- letters ---- */

static const char *change_case(struct th_arena *arena, const char *text, bool only_first,
                               utf8proc_int32_t (*change)(utf8proc_int32_t))
{
    utf8proc_ssize_t size = (utf8proc_ssize_t)strlen(text), at = 0;
    char *changed = th_arena_alloc(arena, (size_t)size * 4 + 1);
    size_t used = 0;
    if (changed == NULL)
        return NULL;
    while (at < size) {
        utf8proc_int32_t point;
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, size - at, &point);
        if (step <= 0)
            break;
        if (!only_first || at == 0)
            point = change(point);
        used += (size_t)utf8proc_encode_char(point, (utf8proc_uint8_t *)changed + used);
        at += step;
    }
    changed[used] = '\0';
    return changed;
}

const char *th_say_upper(struct th_arena *arena, const char *text)
{
    return change_case(arena, text, false, utf8proc_toupper);
}

const char *th_say_capital(struct th_arena *arena, const char *text)
{
    return change_case(arena, text, true, utf8proc_toupper);
}

const char *th_say_small(struct th_arena *arena, const char *text)
{
    utf8proc_int32_t first = 0, second = 0;
    utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &first);
    if (step > 0)
        (void)utf8proc_iterate((const utf8proc_uint8_t *)text + step, -1, &second);
    if (second > 0 && utf8proc_tolower(second) != second)
        return text;
    return change_case(arena, text, true, utf8proc_tolower);
}

/* ---- XML ---- */

static bool is_held_by_xml(utf8proc_int32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' || (point >= 0x20 && point <= 0xD7FF) ||
           (point >= 0xE000 && point <= 0xFFFD) || point >= 0x10000;
}

const char *th_say_for_xml(struct th_arena *arena, const char *text)
{
    utf8proc_ssize_t size = (utf8proc_ssize_t)strlen(text), at = 0;
    size_t used = 0, bad = 0;
    char *clean = NULL;
    for (int pass = 0; pass < 2; pass++) {
        for (at = 0; at < size;) {
            utf8proc_int32_t point = -1;
            utf8proc_ssize_t step =
                utf8proc_iterate((const utf8proc_uint8_t *)text + at, size - at, &point);
            bool is_good = step > 0 && is_held_by_xml(point);
            step = step > 0 ? step : 1;
            bad += !is_good;
            if (clean != NULL)
                used += (size_t)utf8proc_encode_char(is_good ? point : 0xFFFD,
                                                     (utf8proc_uint8_t *)clean + used);
            at += step;
        }
        if (bad == 0 || clean != NULL)
            break;
        clean = th_arena_alloc(arena, (size_t)size * 3 + 1);
        if (clean == NULL)
            return NULL;
    }
    return clean == NULL ? text : clean;
}

/* ---- changes ---- */

/* "-12.5" as -125 with one decimal. False: no plain decimal of at most 18 digits. */
static bool read_decimal(const char *plain, int64_t *ret_value, unsigned *ret_decimals)
{
    bool is_negative = plain[0] == '-';
    const char *at = plain + is_negative;
    int64_t value = 0;
    unsigned digits = 0, decimals = 0;
    bool has_point = false;
    for (; *at != '\0'; at++) {
        if (*at == '.' && !has_point && digits > 0) {
            has_point = true;
            continue;
        }
        if (*at < '0' || *at > '9' || ++digits > 18)
            return false;
        value = value * 10 + (*at - '0');
        decimals += has_point;
    }
    if (digits == 0)
        return false;
    *ret_value = is_negative ? -value : value;
    *ret_decimals = decimals;
    return true;
}

const char *th_say_change(struct th_arena *arena, const char *before, const char *after)
{
    int64_t from, to;
    unsigned from_decimals, to_decimals;
    if (!read_decimal(before, &from, &from_decimals) || !read_decimal(after, &to, &to_decimals) ||
        from_decimals != to_decimals)
        return "";
    int64_t change = to - from, size = change < 0 ? -change : change, unit = 1;
    if (change == 0)
        return "không đổi";
    for (unsigned i = 0; i < from_decimals; i++)
        unit *= 10;
    char plain[48];
    int used = snprintf(plain, sizeof(plain), "%lld", (long long)(size / unit));
    if (from_decimals > 0)
        (void)snprintf(plain + used, sizeof(plain) - (size_t)used, ".%0*lld", (int)from_decimals,
                       (long long)(size % unit));
    const char *number = th_say_number(arena, plain);
    const char *percent =
        from > 0 ? say_hundredths(arena, ((th_int128)size * 20000 + from) / ((th_int128)from * 2))
                 : "";
    if (number == NULL || percent == NULL)
        return NULL;
    const char *word = change > 0 ? "tăng" : "giảm";
    return percent[0] == '\0' ? th_say(arena, "%s %s", word, number)
                              : th_say(arena, "%s %s (%s%%)", word, number, percent);
}
