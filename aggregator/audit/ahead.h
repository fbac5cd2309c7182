/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stretch of the journal, read ahead of whoever goes through it in order. Threads take the next
 * few positions each and do what no other position has a say in: entry and leaf are read, a
 * submission is decoded, what is to be hashed is hashed, the leaf is compared with its entry, rows
 * are made of reports. The owner gets place after place, in order, whatever the number of threads.
 *
 * Nothing is named here. A place that is not as it should be is handed over as not sound; whoever
 * has to say what is wrong with it looks again.
 *
 * One owner; the threads live from th_ahead_new() to th_ahead_free(). The store has to be open for
 * reading. Memory: a few dozen decoded entries for each thread.
 */
#ifndef TH_AUDIT_AHEAD_H
#define TH_AUDIT_AHEAD_H

#include "aggregator/audit/shadow.h"

#define TH_AHEAD_THREADS_MAX 16

struct th_ahead;

struct th_ahead_options {
    struct th_store *store;
    uint64_t from, to; /* positions that are there */
    unsigned threads;  /* 1 to TH_AHEAD_THREADS_MAX */
    bool checks_tree;  /* hashes leaf and entry */
    bool checks_signatures;
    const struct th_log_keys *keys; /* of the log, with `checks_signatures` */
    const struct th_shadow *shadow; /* that the owner folds, or NULL */
    /* Called once, by the first thread that has nothing more to read, unless all is over by then:
     * the owner may have places before it still. NULL: it is not. */
    void (*on_idle)(void *context);
    void *on_idle_context;
};

struct th_ahead_place {
    uint64_t position;
    /* The entry is there, a submission is decoded and right for itself, and with `checks_tree` its
     * leaf says what it says. False: nothing below holds. */
    bool is_sound;
    struct th_stored_entry stored;
    bool is_unpacked; /* a submission, also one that was readmitted; others are the owner's */
    struct th_unpacked unpacked;
    /* For the shadow; false also where its own word is to be had. Of what is prepared the reports
     * and what was decided about them are not here, unless signatures are checked. */
    bool is_prepared;
    struct th_prepared prepared;
    bool is_proved; /* an enrolment whose proof holds: th_enrolment_fault() */
    /* With `checks_tree`: */
    struct th_digest digest; /* of the entry */
    struct th_bytes leaf;
    struct th_digest leaf_hash;
};

/* Returns owned. TH_E_NO_MEMORY, also when no thread can be made. */
TH_MUST_CHECK int th_ahead_new(const struct th_ahead_options *options, struct th_ahead **ret_ahead);
/* Ends the threads, wherever they are. */
void th_ahead_free(struct th_ahead *ahead);

/* The next place, from `from` on; waits for it. Borrows until the next call: what it has borrows
 * the snapshots of the threads. Precondition: `to` is not reached. */
const struct th_ahead_place *th_ahead_next(struct th_ahead *ahead);

#endif
