/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file CHECKPOINT beside the database: the last checkpoint that this log has signed.
 *
 * It outlives a data.mdb that is put back from an older copy, so that such a store is not written
 * to: it would sign a second history. It is written after each commit that signed a checkpoint and
 * before anything is answered, without a flush: after a power cut it may be behind the store, never
 * before it, and then it only sees less.
 *
 * Two slots of 512 bytes, written in turn, so that a torn write leaves the other one. A slot:
 *
 *   u32  CRC-32 of what follows, to the end of the note
 *   u64  tree size
 *   u16  bytes of the note
 *   ...  the signed note; zeros to the end of the slot
 *
 * Integers are big-endian. A slot of zeros was never written. A slot with a checkpoint of an
 * earlier origin of this log is as if it was never written: what that log signed after the store
 * was put back is lost. A slot of size 2^64 - 1 whose note is an origin and a newline says that a
 * recovery of the log of that origin was begun: it refuses until the log has another one.
 *
 * An empty file is an operator's word that the store is the newest there is: it is accepted once,
 * with a warning.
 *
 * Owned by the thread that commits.
 */
#ifndef TH_STORE_SIDE_H
#define TH_STORE_SIDE_H

#include "aggregator/store/env.h"
#include "aggregator/store/folder.h"
#include "aggregator/store/lost.h"

#define TH_STORE_SIDE "CHECKPOINT"

enum {
    TH_SIDE_SLOTS = 2,
    TH_SIDE_SLOT_SIZE = 512,
    TH_SIDE_SIZE = TH_SIDE_SLOTS * TH_SIDE_SLOT_SIZE
};

enum th_side_kind {
    TH_SIDE_EMPTY,   /* never written */
    TH_SIDE_DAMAGED, /* or torn */
    TH_SIDE_BEGUN,   /* a recovery was begun; the note is an origin and a newline */
    TH_SIDE_WRITTEN
};

/* What a slot says, of whatever log. The note is borrowed; nothing is known of its signature. */
struct th_side_slot {
    enum th_side_kind kind;
    uint64_t size;
    const char *note;
    size_t note_size;
};

struct th_side_slot th_side_read_slot(const uint8_t bytes[TH_SIDE_SLOT_SIZE]);
/* It is of an earlier origin of the log with these keys: to be passed over. */
bool th_side_is_earlier(const struct th_side_slot *slot, const struct th_log_keys *keys);

struct th_side {
    int fd;        /* -1: closed */
    unsigned next; /* the slot that is written next */
};

/* The file with two empty slots. TH_E_EXISTS, TH_E_IO. */
TH_MUST_CHECK int th_side_create(const char *folder);

/*
 * Opens the file and compares it with the tables of a snapshot of `size` leaves: its checkpoint is
 * the one that the store signed at that size. Brings it up to the store when it is behind. TH_E_IO;
 * TH_E_CORRUPT with a sentence: there is none, it is damaged, or it knows of another history.
 *
 * With `lost` the store is to be recovered: these are told to it instead and the file stays as it
 * is, or, where nothing in it would refuse the store, says that a recovery was begun.
 */
TH_MUST_CHECK int th_side_open(const struct th_store_report *report, const struct th_txn *txn,
                               const struct th_log_keys *keys, uint64_t size,
                               struct th_lost_log *lost, struct th_side *ret_side);
/* TH_E_STORAGE: not written. `note` has at most the bytes of a checkpoint with one signature of
 * ours. */
TH_MUST_CHECK int th_side_write(struct th_side *side, uint64_t size, const char *note,
                                size_t note_size);
/* The same in both slots, flushed: the first checkpoint of a new log. */
TH_MUST_CHECK int th_side_begin_log(struct th_side *side, uint64_t size, const char *note,
                                    size_t note_size);
void th_side_close(struct th_side *side);

#endif
