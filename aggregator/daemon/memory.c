/* SPDX-License-Identifier: Apache-2.0 */
#include "aggregator/daemon/memory.h"

#include "base/touch.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define READY_BYTES ((size_t)192 * 1024 * 1024)

enum {
    PIECE_BYTES = 256 * 1024,
    PAD_BYTES = 1024 * 1024,
    BURST_BYTES = 64 * 1024 * 1024, /* what a burst frees besides, as answers and batches */
    MAPPED_BYTES = 4 * 1024 * 1024,
};

struct th_memory_piece {
    struct th_memory_piece *before;
};

/* ---- the process ---- */

/*
 * Frames and answers are allocated on one thread and freed on another, many at once: memory that
 * was given back to the system after each batch would be cleared and mapped again for the next. So
 * malloc() itself gives back only what would be very much; the rest th_memory_give_back() does
 * between bursts, which reaches the common heap alone. A heap of one thread grows page by page, the
 * common one in steps.
 */
bool th_memory_is_common(void)
{
    enum { CORES_FOR_MANY = 4 };
    return sysconf(_SC_NPROCESSORS_ONLN) < CORES_FOR_MANY;
}

void th_memory_set_up(bool is_common)
{
    const size_t trimmed =
        is_common ? 2 * th_memory_ready_max() + BURST_BYTES : TH_MEMORY_KEPT_BYTES;
    (void)mallopt(M_TRIM_THRESHOLD, (int)trimmed);
    (void)mallopt(M_TOP_PAD, PAD_BYTES);
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    if (is_common)
        (void)mallopt(M_ARENA_MAX, 1);
}

/* Of the system's memory, without pages of files. 0 when nobody says. */
static size_t resident_bytes(void)
{
    char line[128] = "", *at = line;
    FILE *file = fopen("/proc/self/statm", "re"); /* pages: reserved, resident, of these of files */
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = 0;
    (void)fclose(file);
    (void)strtoull(at, &at, 10);
    const size_t all = strtoull(at, &at, 10), of_files = strtoull(at, &at, 10);
    return of_files < all ? (all - of_files) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

bool th_memory_give_back(size_t ready)
{
    const struct mallinfo2 info = mallinfo2();
    const size_t kept = ready + TH_MEMORY_KEPT_BYTES;
    return resident_bytes() > info.uordblks + info.hblkhd + kept && malloc_trim(kept) != 0;
}

/* ---- ready for a burst ---- */

size_t th_memory_ready_max(void)
{
    struct sysinfo machine;
    if (sysinfo(&machine) != 0)
        return READY_BYTES;
    const uint64_t share = (uint64_t)machine.totalram * machine.mem_unit / 128;
    return share < READY_BYTES ? (size_t)share : READY_BYTES;
}

size_t th_memory_of(uint64_t reports)
{
    enum { EACH = 512 }; /* in books and run, on the way in and out */
    const size_t most = th_memory_ready_max();
    return reports < most / EACH ? (size_t)reports * EACH : most;
}

void th_memory_let_go(struct th_memory *memory)
{
    while (memory->pieces != NULL) {
        struct th_memory_piece *piece = memory->pieces;
        memory->pieces = piece->before;
        free(piece);
    }
    memory->held_bytes = 0;
}

bool th_memory_make_ready(struct th_memory *memory, size_t bytes)
{
    struct th_memory_piece *piece = memory->held_bytes < bytes ? malloc(PIECE_BYTES) : NULL;
    if (piece == NULL) {
        th_memory_let_go(memory);
        return false;
    }
    th_touch(piece, PIECE_BYTES);
    piece->before = memory->pieces;
    memory->pieces = piece;
    memory->held_bytes += PIECE_BYTES;
    return true;
}
