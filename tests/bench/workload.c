/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/workload.h"

#include <stdlib.h>
#include <string.h>

void bench_workload_open(const char *folder, const char *set, size_t frames_max,
                         struct bench_workload *ret_workload)
{
    char name[64], line[128] = "";
    struct bench_workload workload = {.units_count = 0};
    struct th_bytes shape = bench_map(folder, "shape");
    memcpy(line, shape.bytes, shape.size < sizeof line ? shape.size : sizeof line - 1);
    if (sscanf(line, "%u %u %u", &workload.units_count, &workload.provinces_count,
               &workload.obligations_count) != 3)
        bench_die("%s/shape: not understood", folder);
    workload.units = (const void *)bench_map(folder, "units.bin").bytes;
    (void)snprintf(name, sizeof name, "%s.bin", set);
    workload.bytes = bench_map(folder, name);
    (void)snprintf(name, sizeof name, "%s.idx", set);
    struct th_bytes frames = bench_map(folder, name);
    workload.frames = (const void *)frames.bytes;
    workload.frames_count = frames.size / sizeof *workload.frames;
    if (frames_max > 0 && frames_max < workload.frames_count)
        workload.frames_count = frames_max;
    *ret_workload = workload;
}

struct th_bytes bench_workload_frame(const struct bench_workload *workload, size_t i)
{
    const struct bench_frame *frame = &workload->frames[i];
    return (struct th_bytes){workload->bytes.bytes + frame->offset, frame->size};
}

size_t bench_workload_reports(const struct bench_workload *workload)
{
    size_t count = 0;
    for (size_t i = 0; i < workload->frames_count; i++)
        count += workload->frames[i].reports;
    return count;
}
