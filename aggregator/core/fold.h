/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that fold a journal. Not for callers: core.h is the door. */
#ifndef TH_CORE_FOLD_H
#define TH_CORE_FOLD_H

#include "aggregator/core/judge.h"

/* The prepared reports of an entry. TH_E_CORRUPT, TH_E_NO_MEMORY: some may be put. */
TH_MUST_CHECK int th_fold_reports(struct th_step *step, const struct th_entry *entry,
                                  const struct th_prepared *prepared);

#endif
