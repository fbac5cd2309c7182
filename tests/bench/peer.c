/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/peer.h"

#include "proto/wire/submission.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct th_digest *read_digests(const struct bench_workload *workload)
{
    struct th_arena arena;
    struct th_submission submission;
    struct th_digest *digests = calloc(workload->frames_count, sizeof *digests);
    if (digests == NULL)
        bench_die("no memory");
    th_arena_init(&arena, 65536, (size_t)16 << 20);
    for (size_t i = 0; i < workload->frames_count; i++) {
        th_arena_reset(&arena);
        bench_must(th_wire_submission_decode_trusted(bench_workload_frame(workload, i), &arena,
                                                     &submission),
                   "decoding");
        digests[i] = submission.header.report_digests[0];
    }
    th_arena_deinit(&arena);
    return digests;
}

void peer_input_open(const char *folder, const char *set, size_t frames, size_t preload,
                     struct peer_input *ret_input)
{
    char name[64];
    struct peer_input input = {.preload = preload};
    bench_workload_open(folder, set, frames == 0 ? 0 : preload + frames, &input.workload);
    if (bench_workload_reports(&input.workload) != input.workload.frames_count)
        bench_die("%s: one report in each is wanted", set);
    if (preload >= input.workload.frames_count)
        bench_die("%s: nothing is left to be timed", set);
    (void)snprintf(name, sizeof name, "%s.facts", set);
    input.facts = (const void *)bench_map(folder, name).bytes;
    input.digests = read_digests(&input.workload);
    *ret_input = input;
}

void peer_input_close(struct peer_input *input)
{
    free((void *)(uintptr_t)input->digests);
    input->digests = NULL;
}

size_t peer_timed(const struct peer_input *input)
{
    return input->workload.frames_count - input->preload;
}

size_t peer_number(int argc, char **argv, int at)
{
    return argc > at ? strtoull(argv[at], NULL, 10) : 0;
}

void peer_write_sums(FILE *file, uint32_t obligation, uint32_t node, int64_t received,
                     const int64_t *cells)
{
    char code[16] = BENCH_ROOT;
    if (node > 0)
        (void)snprintf(code, sizeof code, "P%02" PRIu32, node - 1);
    (void)fprintf(file, "O-%03" PRIu32 " %s %" PRId64, obligation, code, received);
    for (size_t i = 0; i < (size_t)2 * BENCH_FIGURES; i++)
        (void)fprintf(file, " %" PRId64, cells[i]);
    (void)fprintf(file, "\n");
}
