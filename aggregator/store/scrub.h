/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scrub: reads the whole store in small pieces, so that damage on the disk is found before
 * somebody needs what is damaged.
 *
 * One piece is one short snapshot: some rows with their checksums and, of the log, tiles against
 * the tiles above them and checkpoints against key and tree; some positions with their leaf and
 * tile; or the rollups of one book against its rows, by a function of the owner. Whoever owns the
 * scrub decides when the next piece is taken. Findings are named once in a pass, not repaired.
 *
 * Damage to values is always survived. Damage to LMDB's own pages is survived and named when LMDB
 * notices it; LMDB may end the process instead, as for any other reader of that page.
 * One thread.
 */
#ifndef TH_STORE_SCRUB_H
#define TH_STORE_SCRUB_H

#include "aggregator/store/store.h"

#define TH_SCRUB_FAULTS_MAX 32
#define TH_SCRUB_TEXT_SIZE  200

struct th_scrub;

struct th_scrub_report {
    uint64_t passes;  /* that were finished */
    th_instant began; /* the pass that runs, or the last one */
    th_instant ended; /* of the last finished pass; meaningless without one */
    uint64_t rows;    /* looked at in this pass */
    uint64_t faults;  /* found in this pass */
    char names[TH_SCRUB_FAULTS_MAX][TH_SCRUB_TEXT_SIZE]; /* the first ones, Vietnamese */
};

/*
 * Computes the rollups of one book again from its rows and compares. 0: they are right.
 * TH_E_CORRUPT: they are not, or a row cannot be read; `ret_what` gets a Vietnamese word for it,
 * valid until the next call. Anything else is handed on by th_scrub_step(). The view is at one
 * snapshot and is only borrowed for the call.
 */
typedef int th_scrub_book_fn(void *context, struct th_view *view, struct th_book_id book,
                             const char **ret_what);

/* The store is borrowed for its life. TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_scrub_new(struct th_store *store, struct th_scrub **ret_scrub);
/* Before a pass begins. Without it the rollups are not computed again. Borrows. */
void th_scrub_check_books(struct th_scrub *scrub, th_scrub_book_fn *fn, void *context);
void th_scrub_free(struct th_scrub *scrub);
/* Begins a pass; the findings of the one before are forgotten. th_scrub_step() until it is done. */
void th_scrub_begin(struct th_scrub *scrub, th_instant now);
/* One piece of the pass: at most the work of `rows_max` rows, or one book. `ret_done`: the pass is
 * finished. A finding is no failure; what th_view_renew() says of anything but damage is, and so is
 * TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_scrub_step(struct th_scrub *scrub, size_t rows_max, th_instant now,
                                bool *ret_done);
const struct th_scrub_report *th_scrub_report(const struct th_scrub *scrub);

/* The file SCRUB beside the store, by which other processes see it: replaced as a whole.
 * TH_E_IO; reading: TH_E_NOT_FOUND, TH_E_CORRUPT. */
TH_MUST_CHECK int th_scrub_report_write(const char *folder, const struct th_scrub_report *report);
TH_MUST_CHECK int th_scrub_report_read(const char *folder, struct th_scrub_report *ret_report);

#endif
