/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a clock, as no core may: tidy.core_symbols has to find it. */
#include <time.h>

long canary_now(void);

long canary_now(void)
{
    return (long)time(NULL);
}
