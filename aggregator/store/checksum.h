/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum of a value: CRC-32 (IEEE, as in zlib) of its key followed by its content, as if they
 * were one piece. Pure. Thread-safe.
 */
#ifndef TH_STORE_CHECKSUM_H
#define TH_STORE_CHECKSUM_H

#include "base/bytes.h"

#include <stdint.h>

uint32_t th_checksum(struct th_bytes key, struct th_bytes content);

/* Of up to four at once, which is faster than each by itself. */
enum { TH_CHECKSUM_FEW = 4 };
void th_checksum_few(const struct th_bytes *keys, const struct th_bytes *contents, size_t count,
                     uint32_t *ret_checksums);

/* The plain form of the same, for processors without the instructions (base/cpu.h). */
uint32_t th_checksum_plain(struct th_bytes key, struct th_bytes content);

#endif
