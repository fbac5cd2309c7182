/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is there before it is needed. */
#ifndef TH_BASE_TOUCH_H
#define TH_BASE_TOUCH_H

#include <stddef.h>

/*
 * Zeroes the first byte of each page, so that the system gives the page now. For what malloc() has
 * just given. (A memset() would not do: compilers make one calloc() of malloc() and memset(), and
 * that leaves alone what it knows to be clear.)
 */
static inline void th_touch(void *memory, size_t size)
{
    enum { PAGE_BYTES = 4096 }; /* larger ones only cost a few stores more */
    volatile unsigned char *bytes = memory;
    for (size_t at = 0; at < size; at += PAGE_BYTES)
        bytes[at] = 0;
    if (size > 0)
        bytes[size - 1] = 0;
}

#endif
