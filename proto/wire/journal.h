/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of journal entries, their decisions, and the leaves of the Merkle log (journal.proto).
 *
 * Thread-safe; results live in the arena and borrow the bytes. Decoders are strict.
 */
#ifndef TH_WIRE_JOURNAL_H
#define TH_WIRE_JOURNAL_H

#include "base/arena.h"
#include "proto/model/entry.h"

/* Each: TH_E_NO_MEMORY, TH_E_LIMIT; decoders also TH_E_SYNTAX, TH_E_TEXT. */
#define TH_WIRE_JOURNAL_CODEC(name, type)                                                          \
    TH_MUST_CHECK int th_wire_##name##_encode(const struct type *value, struct th_arena *arena,    \
                                              struct th_bytes *ret_bytes);                         \
    TH_MUST_CHECK int th_wire_##name##_decode(struct th_bytes bytes, struct th_arena *arena,       \
                                              struct type *ret_value)

TH_WIRE_JOURNAL_CODEC(decision, th_decision);
TH_WIRE_JOURNAL_CODEC(leaf, th_leaf);
TH_WIRE_JOURNAL_CODEC(founding, th_founding);
TH_WIRE_JOURNAL_CODEC(enrolment, th_enrolment);
TH_WIRE_JOURNAL_CODEC(revocation, th_revocation);
TH_WIRE_JOURNAL_CODEC(reminding, th_reminding);
TH_WIRE_JOURNAL_CODEC(closing, th_closing_body);
TH_WIRE_JOURNAL_CODEC(clock_change, th_clock_change);
TH_WIRE_JOURNAL_CODEC(rotation, th_rotation);
TH_WIRE_JOURNAL_CODEC(recovery, th_recovery);
TH_WIRE_JOURNAL_CODEC(recovery_end, th_recovery_end);
TH_WIRE_JOURNAL_CODEC(readmission, th_readmission);
TH_WIRE_JOURNAL_CODEC(entering, th_entering);

/* What was entered as a submission of one report: of its header there are unit, plan digest and
 * the report's digest, nothing else. TH_E_NO_MEMORY, or as th_wire_report_decode(). */
TH_MUST_CHECK int th_wire_entered_submission(const struct th_entering *entering,
                                             struct th_arena *arena,
                                             struct th_submission *ret_submission);

#endif
