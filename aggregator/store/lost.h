/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a log that the store is behind: gathered when a store is opened to be recovered,
 * from the file CHECKPOINT (side.h) and from witnesses (witness.h).
 *
 * Owned by the opening thread.
 */
#ifndef TH_STORE_LOST_H
#define TH_STORE_LOST_H

#include "proto/tlog/checkpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_LOST_NOTE_MAX 16384

struct th_lost_log {
    bool is_behind; /* something says that the log went on, or nothing says that it did not */
    bool is_known;  /* by a checkpoint: */
    bool is_signed; /* by the key that this store knows */
    uint64_t size;
    size_t note_size;
    char note[TH_LOST_NOTE_MAX];
    /* Of a log that this store does not know, in the file CHECKPOINT; "": none was met. */
    char other_origin[TH_CHECKPOINT_ORIGIN_MAX + 1];
};

/* A checkpoint of the log's origin that the store does not have: the largest one is kept, of the
 * same size a signed one. False when `lost` is NULL: then the store is refused. */
bool th_lost_take(struct th_lost_log *lost, uint64_t size, bool is_signed, const char *note,
                  size_t note_size);
/* Something that is no such checkpoint says it. False when `lost` is NULL. */
bool th_lost_say(struct th_lost_log *lost);
/* The same, and what says it is a checkpoint of a log of this name, which this store does not know.
 * A name that is too long is none. */
bool th_lost_meet(struct th_lost_log *lost, const char *origin, size_t origin_size);

#endif
