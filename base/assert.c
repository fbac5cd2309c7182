/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void th_assert_fail(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "%s:%d: lời hứa bị phá vỡ (broken invariant): %s\n", file, line,
                  condition);
    abort();
}
