/* SPDX-License-Identifier: Apache-2.0 */
/* What a unit gave when its key was enrolled, held against the enrolment. By any thread. */
#ifndef TH_AUDIT_ENROLMENT_H
#define TH_AUDIT_ENROLMENT_H

#include "proto/model/entry.h"
#include "proto/tlog/log_keys.h"

/* What does not hold, or NULL: that the unit has the signing key, and meant this log. Its other
 * proof is for the holder of the server's secret. `ret_status`: TH_E_NO_MEMORY, then nothing was
 * found out. */
const char *th_enrolment_fault(const struct th_log_keys *keys, const struct th_enrolment *enrolment,
                               int *ret_status);

#endif
