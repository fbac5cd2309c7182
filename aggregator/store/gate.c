/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/store/gate.h"

#define MAP_CLOSE_PERCENT  85
#define MAP_OPEN_PERCENT   80
#define DISK_FLOOR_BYTES   (UINT64_C(1) << 30)
#define DISK_FLOOR_PERCENT 5

/* More than `percent` of the whole. Divides first: no product of bytes can overflow. */
static bool is_above(uint64_t bytes, uint64_t whole, uint64_t percent)
{
    return bytes > whole / 100 * percent + whole % 100 * percent / 100;
}

uint64_t th_gate_floor(const struct th_gate_levels *levels)
{
    uint64_t room =
        levels->map_bytes > levels->file_bytes ? levels->map_bytes - levels->file_bytes : 0;
    uint64_t bytes = levels->disk_bytes / 100 * DISK_FLOOR_PERCENT;
    if (bytes < DISK_FLOOR_BYTES)
        bytes = DISK_FLOOR_BYTES;
    return bytes < room ? bytes : room;
}

uint64_t th_gate_wanted(const struct th_gate_levels *levels)
{
    uint64_t floor = th_gate_floor(levels);
    return floor + floor / 8;
}

bool th_gate_step(struct th_gate *gate, const struct th_gate_levels *levels)
{
    uint64_t floor = gate->disk_closed ? th_gate_wanted(levels) : th_gate_floor(levels);
    gate->map_closed = is_above(levels->used_bytes, levels->map_bytes,
                                gate->map_closed ? MAP_OPEN_PERCENT : MAP_CLOSE_PERCENT);
    gate->disk_closed = levels->disk_free_bytes < floor;
    return !gate->map_closed && !gate->disk_closed;
}
