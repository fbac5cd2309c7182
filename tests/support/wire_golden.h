/* SPDX-License-Identifier: Apache-2.0 */
/* The golden files of proto/golden: how each is made, and made again from what was decoded. */
#ifndef TH_TESTS_WIRE_GOLDEN_H
#define TH_TESTS_WIRE_GOLDEN_H

#include "base/arena.h"
#include "base/bytes.h"

struct th_golden {
    const char *name;   /* proto/golden/NAME.bin, and NAME.txt as protoc --decode writes it */
    const char *schema; /* proto/SCHEMA.proto */
    const char *message;
    /* Aborts when the encoder refuses the sample. */
    struct th_bytes (*make)(struct th_arena *arena);
    /* Decodes and encodes what was decoded; the decoder's failure otherwise. */
    int (*again)(struct th_bytes bytes, struct th_arena *arena, struct th_bytes *ret_bytes);
};

const struct th_golden *th_golden_list(size_t *ret_count);

#endif
