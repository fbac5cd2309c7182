/* SPDX-License-Identifier: Apache-2.0 */
/* A SHA-256 digest as a value type; proto/tlog/hash.h computes it. */
#ifndef TH_BASE_DIGEST_H
#define TH_BASE_DIGEST_H

#include <stdint.h>

#define TH_DIGEST_SIZE 32

struct th_digest {
    uint8_t bytes[TH_DIGEST_SIZE];
};

#endif
