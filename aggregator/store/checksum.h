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

/* Of four at once, which is faster than each by itself. */
void th_checksum_four(const struct th_bytes keys[4], const struct th_bytes contents[4],
                      uint32_t ret_checksums[4]);

/* The plain form of the same, for processors without the instructions (base/cpu.h). */
uint32_t th_checksum_plain(struct th_bytes key, struct th_bytes content);

#endif
