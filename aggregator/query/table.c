/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/query/table.h"

#include "base/time.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

/* How many bytes of a text fit so many columns, and the columns that these take. A combining mark
 * takes none and stays with its letter. */
static int fit(const char *text, int columns, size_t *ret_bytes)
{
    utf8proc_ssize_t at = 0, size = (utf8proc_ssize_t)strlen(text);
    int taken = 0;
    while (at < size) {
        utf8proc_int32_t point;
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, size - at, &point);
        if (step <= 0 || taken + utf8proc_charwidth(point) > columns)
            break;
        taken += utf8proc_charwidth(point);
        at += step;
    }
    *ret_bytes = (size_t)at;
    return taken;
}

void th_table_text(FILE *out, const char *text, int width)
{
    size_t bytes;
    int taken = fit(text, width - 1, &bytes);
    bool is_whole = text[bytes] == '\0';
    if (!is_whole)
        taken = fit(text, width - 2, &bytes) + 1;
    (void)fprintf(out, "%.*s%s%*s", (int)bytes, text, is_whole ? "" : "…", width - taken, "");
}

void th_table_figure(FILE *out, const char *text, int width)
{
    size_t bytes;
    int taken = fit(text, width - 1, &bytes);
    bool is_whole = text[bytes] == '\0';
    (void)fprintf(out, "%*s%s", is_whole ? width - taken : 1, "", text);
}

void th_table_count(FILE *out, const json_t *value, int width)
{
    char text[TH_TABLE_NUMBER_SIZE] = "–";
    if (json_is_integer(value))
        (void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    th_table_figure(out, text, width);
}

const char *th_table_grouped(const char *plain, char text[TH_TABLE_NUMBER_SIZE])
{
    th_day day;
    if (th_day_parse(plain, strlen(plain), &day) == TH_OK)
        return th_day_format_spoken(day, text);
    size_t start = plain[0] == '-' ? 1 : 0;
    size_t digits = strspn(plain + start, "0123456789");
    size_t end = start + digits;
    const char *rest = plain + end;
    if (digits == 0 || (rest[0] != '\0' && rest[0] != '.') ||
        strlen(plain) + digits / 3 + 1 >= TH_TABLE_NUMBER_SIZE)
        return plain;
    size_t at = 0;
    for (size_t i = 0; i < end; i++) {
        text[at++] = plain[i];
        if (i >= start && i + 1 < end && (end - i - 1) % 3 == 0)
            text[at++] = '.';
    }
    for (; *rest != '\0'; rest++)
        text[at++] = *rest == '.' ? ',' : *rest;
    text[at] = '\0';
    return text;
}
