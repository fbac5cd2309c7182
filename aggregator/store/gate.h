/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is there room for another batch? LMDB tells a full disk as an I/O error and a full map when not
 * even deleting works any more, so the question is asked before each batch.
 *
 * The map: closed above 85 % used, open again below 80 %. The disk: closed when less is free than
 * the larger of 1 GiB and 5 % of it, but never asking for more than the map can still grow, so
 * that a store with a small map works on a small disk; open again with an eighth more.
 *
 * Pure.
 */
#ifndef TH_STORE_GATE_H
#define TH_STORE_GATE_H

#include <stdbool.h>
#include <stdint.h>

struct th_gate {
    bool map_closed;
    bool disk_closed;
};

struct th_gate_levels {
    uint64_t map_bytes;
    uint64_t used_bytes; /* of the map, without pages that are free again */
    uint64_t file_bytes;
    uint64_t disk_bytes;
    uint64_t disk_free_bytes;
};

/* What has to be free on the disk for a batch to begin. */
uint64_t th_gate_floor(const struct th_gate_levels *levels);
/* The same when the disk was closed: an eighth more. */
uint64_t th_gate_wanted(const struct th_gate_levels *levels);
/* True when a batch may begin. Remembers which side is closed. */
bool th_gate_step(struct th_gate *gate, const struct th_gate_levels *levels);

#endif
