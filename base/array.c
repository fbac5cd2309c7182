/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

void *th_array_grow(void *items, size_t count, size_t *capacity, size_t first, size_t item_size)
{
    if (count < *capacity)
        return items;
    if (*capacity > SIZE_MAX / 2 / item_size)
        return NULL;
    size_t wanted = *capacity == 0 ? first : *capacity * 2;
    void *larger = realloc(items, wanted * item_size);
    if (larger != NULL)
        *capacity = wanted;
    return larger;
}
