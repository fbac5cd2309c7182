/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/indicator.h"

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
