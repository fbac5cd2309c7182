/* SPDX-License-Identifier: Apache-2.0 */
/* A store opened for reading in the reader's child, and the words when that fails. Private. */
#ifndef TH_AUDIT_OPENED_H
#define TH_AUDIT_OPENED_H

#include "aggregator/audit/reader.h"
#include "aggregator/store/store.h"

struct th_opened {
    struct th_store *store;
    struct th_view *view; /* one snapshot */
};

/* Opens the request's folder. 0, or the exit code after a complaint. */
int th_opened_open(struct th_reader *reader, struct th_opened *ret_opened);
void th_opened_close(struct th_opened *opened);

/* Damage is what an auditor looks for: EX_DATAERR. Otherwise th_status_exit_code(). */
int th_audit_exit_code(int status);
/* A moment that has not come: later than the last entry, by the wall's clock too, which a rehearsal
 * does not follow. 0, or the exit code after a complaint. */
int th_opened_refuse_future(const struct th_reader *reader, const struct th_opened *opened,
                            th_instant moment);
/* "FOLDER: WHAT: <text of the status>"; `what` may be NULL. Returns the exit code. */
int th_opened_complain(const struct th_reader *reader, int status, const char *what);

#endif
