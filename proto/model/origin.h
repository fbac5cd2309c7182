/* SPDX-License-Identifier: Apache-2.0 */
/* The origin of a log: its name in checkpoints and receipts, which says whether it is a rehearsal.
 * Pure. */
#ifndef TH_MODEL_ORIGIN_H
#define TH_MODEL_ORIGIN_H

#include "proto/model/report.h"

#define TH_ORIGIN_REHEARSAL "/rehearsal"

/* Bytes of the name before the end that says so, if there is any name; otherwise all of them. */
size_t th_origin_stem(const char *origin, size_t size);

/* Whether a store of this kind may have it: a rehearsal's ends in TH_ORIGIN_REHEARSAL, behind a
 * name; no other does. */
bool th_origin_fits(enum th_mode mode, const char *origin, size_t size);

#endif
