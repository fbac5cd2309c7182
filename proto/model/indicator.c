/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/indicator.h"

#include "base/assert.h"
#include "base/time.h"
#include "proto/model/figure.h"
#include "proto/model/line.h"

#include <string.h>

const struct th_indicator *th_catalogue_get(const struct th_catalogue *catalogue, uint32_t number)
{
    if (number == 0 || number > catalogue->number_max ||
        catalogue->indicators[number].number != number)
        return NULL;
    return &catalogue->indicators[number];
}

uint16_t th_catalogue_lookup(const void *context, const char *code, size_t code_size)
{
    const struct th_catalogue *catalogue = context;
    for (uint32_t number = 1; number <= catalogue->number_max; number++) {
        const struct th_indicator *indicator = th_catalogue_get(catalogue, number);
        if (indicator != NULL && strlen(indicator->code) == code_size &&
            memcmp(indicator->code, code, code_size) == 0)
            return indicator->number;
    }
    return 0;
}

bool th_indicator_is_asked(const struct th_indicator *indicator)
{
    if (indicator->type == TH_TYPE_ENUM)
        return indicator->values_count > 0;
    return indicator->type != TH_TYPE_PERCENT;
}

bool th_indicator_is_figure(const struct th_indicator *indicator)
{
    return th_indicator_is_asked(indicator) && indicator->type != TH_TYPE_TEXT;
}

char *th_indicator_format(const struct th_indicator *indicator, int64_t value, char *text,
                          size_t text_size)
{
    TH_ASSERT(text_size > 0);
    struct th_line line = {text, text_size, 0};
    text[0] = 0;
    char number[TH_FIGURE_TEXT_SIZE], day[TH_DAY_TEXT_SIZE];
    if (indicator->type == TH_TYPE_ENUM && value >= 0 && value < indicator->values_count)
        th_line_put(&line, indicator->values[value]);
    else if (indicator->type == TH_TYPE_DATE && th_day_check(value))
        th_line_put(&line, th_day_format((th_day){(int32_t)value}, day));
    else
        th_line_put(&line, th_figure_format(value, indicator->scale, number));
    return text;
}
