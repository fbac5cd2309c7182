/* SPDX-License-Identifier: Apache-2.0 */
/* Big-endian numbers of 1 to 8 bytes. Pure. */
#ifndef TH_BASE_BIG_H
#define TH_BASE_BIG_H

#include <stddef.h>
#include <stdint.h>

/* The low `size` bytes of the value. */
static inline void th_big_put(uint8_t *bytes, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static inline uint64_t th_big_get(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

#endif
