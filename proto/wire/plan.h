/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan and a unit list, compiled (plan.proto): the bytes that the journal, the tables and the
 * nodes hold. The digest of a plan is SHA-256 of these bytes.
 *
 * The encoding of one struct is always the same bytes. Decoded plans live in the arena, copy what
 * they need (all texts NUL-terminated), and are checked so far that no accessor of
 * proto/model/plan.h can fail on them. Thread-safe; no state.
 */
#ifndef TH_WIRE_PLAN_H
#define TH_WIRE_PLAN_H

#include "proto/model/plan.h"
#include "proto/wire/submission.h"

TH_MUST_CHECK int th_wire_plan_encode(const struct th_plan *plan, struct th_arena *arena,
                                      struct th_bytes *ret_bytes);
/* TH_E_SYNTAX, TH_E_TEXT, TH_E_LIMIT, TH_E_NO_MEMORY. Borrows nothing. */
TH_MUST_CHECK int th_wire_plan_decode(struct th_bytes bytes, struct th_arena *arena,
                                      struct th_plan *ret_plan);

TH_MUST_CHECK int th_wire_units_encode(const struct th_unit *units, uint32_t count,
                                       struct th_arena *arena, struct th_bytes *ret_bytes);
/* The units in the order of the bytes, parents not resolved: th_unit_list_build() does that. */
TH_MUST_CHECK int th_wire_units_decode(struct th_bytes bytes, struct th_arena *arena,
                                       struct th_unit **ret_units, uint32_t *ret_count);

#endif
