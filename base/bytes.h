/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes. */
#ifndef TH_BASE_BYTES_H
#define TH_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct th_bytes {
    const uint8_t *bytes;
    size_t size;
};

#endif
