/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/model/origin.h"

#include <string.h>

size_t th_origin_stem(const char *origin, size_t size)
{
    const size_t end = sizeof TH_ORIGIN_REHEARSAL - 1;
    const bool is_rehearsal =
        size > end && memcmp(origin + size - end, TH_ORIGIN_REHEARSAL, end) == 0;
    return is_rehearsal ? size - end : size;
}

bool th_origin_fits(enum th_mode mode, const char *origin, size_t size)
{
    return (th_origin_stem(origin, size) < size) == (mode == TH_MODE_REHEARSAL);
}
