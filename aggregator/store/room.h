/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room for a burst, made while nobody waits. A commit writes mostly pages that the file did not
 * have before, and each costs the system a page of memory: on a machine that gives memory back to
 * its host while it is idle (most virtual ones) up to 10 µs, more than all else that the commit
 * does with it. So the file is kept longer than what is used, by space on the disk that is taken
 * but never written (fallocate(2)), and its pages are read into the page cache before they are
 * written. The system drops them like any page of a file when it needs memory.
 *
 * Nothing depends on it: without space, on a file system that cannot, or in memory, nothing is
 * reserved, and a store is written as it would be.
 */
#ifndef TH_STORE_ROOM_H
#define TH_STORE_ROOM_H

#include "aggregator/store/store.h"

/* 256 MiB, or a sixteenth of the machine's memory if that is less. */
uint64_t th_room_bytes(void);

/*
 * From now on each commit leaves so much reserved behind it, or at least the half of it; closing
 * the store gives it back. On the thread that makes batches; the store is open for writing.
 */
void th_store_keep_room(struct th_store *store, uint64_t bytes);

/* Who reads the pages: one thread, beside the one that writes. Free before the store is closed. */
struct th_room;
TH_MUST_CHECK int th_room_new(const struct th_store *store, struct th_room **ret_room);
void th_room_free(struct th_room *room);
/* A piece, at most 1 MiB. False: all that is reserved is there. */
bool th_room_step(struct th_room *room);

#endif
