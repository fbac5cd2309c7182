/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a store that nobody vouches for: a function runs in a forked child, so that a damaged
 * file is an answer and not a crash.
 *
 * LMDB trusts its pages: a damaged one can end the process with SIGSEGV or SIGBUS, or make it walk
 * in a circle. The child may die of that, or stand still; the parent then says what it was doing,
 * and returns EX_DATAERR. What the child had flushed to `out` stays. The child is killed when the
 * parent is interrupted or dies; it has bounds on memory and dumps no core.
 *
 * Call from a process with one thread. What the child changes in memory, nobody sees but itself.
 */
#ifndef TH_AUDIT_READER_H
#define TH_AUDIT_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct th_reader; /* the child's end */

struct th_reader_request {
    const char *command; /* for errors */
    const char *folder;  /* the store, for errors */
    FILE *out, *err;
    bool streams; /* `out` gets much: no bar when it is a terminal itself */
    /* The child died of the store, or stood still: after the complaint, in the parent, with the
     * same sentence. NULL: nothing more. */
    void (*died)(void *died_context, const char *sentence, FILE *out);
    void *died_context;
    /* The first child is bold: it may end with TH_READER_AGAIN, or of the store, and nothing is
     * said; another one, which is not, begins anew. */
    bool is_bold_first;
    unsigned stall_ticks; /* tenths of a second without progress that are too many; 0: 1200 */
};

/* Runs in the child; gives an exit code of sysexits(3). */
typedef int th_reader_fn(void *context, struct th_reader *reader);

/*
 * Runs `fn` in a child and returns its exit code. Shows its progress on `err` when that is a
 * terminal. EX_DATAERR: the child died of the store, or stood still; EX_OSERR: no child; 128 and
 * the number of the signal that interrupted the parent.
 */
int th_reader_run(const struct th_reader_request *request, th_reader_fn *fn, void *context);

/* ---- in the child ---- */

#define TH_READER_NOWHERE UINT64_MAX

const struct th_reader_request *th_reader_request(const struct th_reader *reader);

/* Whether this child may give up with TH_READER_AGAIN: it has printed nothing then. */
bool th_reader_is_bold(const struct th_reader *reader);
#define TH_READER_AGAIN 120 /* no code of sysexits(3) */

/* What is done from now on ("đọc sổ nhật ký"), and how much there is of it; 0: not known. */
void th_reader_phase(struct th_reader *reader, const char *phase, uint64_t total);
/* How much is done, and at which position of the journal (TH_READER_NOWHERE: at none). Cheap: call
 * it for every row, whatever takes long in between; who does not is taken to stand still. */
void th_reader_step(struct th_reader *reader, uint64_t done, uint64_t position);

#endif
