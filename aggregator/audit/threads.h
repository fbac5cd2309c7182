/* SPDX-License-Identifier: Apache-2.0 */
/* How many threads a command of the auditor takes. */
#ifndef TH_AUDIT_THREADS_H
#define TH_AUDIT_THREADS_H

#include <stdbool.h>
#include <stdio.h>

/* What --threads says; NULL: one for each processor that this process may use. False after a
 * complaint. */
bool th_threads_read(const char *command, const char *text, FILE *err, unsigned *ret_threads);

#endif
