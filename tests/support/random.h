/* SPDX-License-Identifier: Apache-2.0 */
/* A small generator for tests (SplitMix64): the same seed gives the same history. */
#ifndef TH_TESTS_SUPPORT_RANDOM_H
#define TH_TESTS_SUPPORT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* 0 to below - 1. */
static inline uint32_t random_below(struct random *random, uint32_t below)
{
    return (uint32_t)(random_next(random) % below);
}

/* Some bytes of a message as a bad line leaves them: changed, with one more behind, cut. Room for
 * size + 1, size more than 0. Returns the new size. */
static inline size_t random_change(struct random *random, uint8_t *bytes, size_t size)
{
    for (uint32_t changes = 1 + random_below(random, 3); changes > 0; changes--) {
        const uint32_t at = random_below(random, (uint32_t)size);
        if (random_below(random, 2) == 0)
            bytes[at] = (uint8_t)random_below(random, 256);
        else
            bytes[at] ^= (uint8_t)(1U << random_below(random, 8));
    }
    if (random_below(random, 10) == 0)
        bytes[size++] = (uint8_t)random_below(random, 256);
    return random_below(random, 10) == 0 ? random_below(random, (uint32_t)size) : size;
}

#endif
