/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of the daemon: what malloc() keeps of freed memory, and memory that is made ready for a
 * burst while nobody waits. A page that was never touched, or was given back, has to be cleared by
 * the system first, and where a host takes idle memory back (most virtual machines) that costs up
 * to 10 µs: more than a report does with it.
 *
 * Made ready is whatever malloc() would give next: pieces are taken, touched, held until there are
 * enough, and freed again. So it serves every user of the heap, and nobody has to know of it. That
 * takes one heap for all threads: where each has its own, others would not find it.
 * Nothing depends on it: without memory, or with another malloc(), a burst is only slower.
 */
#ifndef TH_DAEMON_MEMORY_H
#define TH_DAEMON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Freed memory that an idle daemon keeps, beside what it makes ready. */
#define TH_MEMORY_KEPT_BYTES ((size_t)16 * 1024 * 1024)
/* What is made ready at most: 192 MiB, or a 128th of the machine's memory if that is less. */
size_t th_memory_ready_max(void);
/* What so many reports of a burst take, at most what is made ready. */
size_t th_memory_of(uint64_t reports);

/* Whether this machine has so few cores (below four) that all threads use one heap. */
bool th_memory_is_common(void);
/* For the whole process, before its threads. `is_common`: all threads use one heap. */
void th_memory_set_up(bool is_common);
/* With more free memory than `ready` and what is kept, the rest goes back to the system, also what
 * lies below memory that is still used, as after a peer that sent without end. Only what was ever
 * touched counts. True: something went. On any thread. */
bool th_memory_give_back(size_t ready);

/* What one thread makes ready. Zero-initialised is nothing. */
struct th_memory {
    struct th_memory_piece *pieces; /* held */
    size_t held_bytes;
};
/* One piece more, a millisecond or two at most. False: `bytes`, or what there is of them, were
 * touched, and the heap has them. */
bool th_memory_make_ready(struct th_memory *memory, size_t bytes);
/* Somebody needs memory now: what is held is freed. */
void th_memory_let_go(struct th_memory *memory);

#endif
