/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A refusal: what the log's key signs when nothing of a submission was accepted or found again, so
 * that the unit can show what it was told. A signed note (note.h) with the text
 *
 *     tonghop refusal v1
 *     <realm>
 *     <base64 of the header's digest>
 *     <base64 of the report's digest> <verdict> <rules, comma between them>      one per report
 *
 * A line without rules ends after the verdict. It says nothing of when, and no log has it: it
 * proves that the province said so, and no more.
 *
 * Thread-safe; no state. Results live in the arena and borrow the text.
 */
#ifndef TH_PROTO_RECEIPT_REFUSAL_H
#define TH_PROTO_RECEIPT_REFUSAL_H

#include "base/arena.h"
#include "proto/tlog/log_keys.h"
#include "proto/wire/message.h"

struct th_refusal_line {
    struct th_digest report_digest;
    enum th_verdict verdict; /* CONFLICT or REJECTED */
    struct th_text rules;    /* as they stand there; may be empty */
};

struct th_refusal {
    const struct th_log_key *key; /* in the history that was given; its name is the realm */
    struct th_digest header_digest;
    const struct th_refusal_line *lines;
    size_t lines_count;
};

/* The refusal of an outcome, in the realm that the signer's key names. Into the arena.
 * TH_E_NO_MEMORY; TH_E_LIMIT, TH_E_TEXT: no note can say it. */
TH_MUST_CHECK int th_refusal_sign(const struct th_outcome *outcome,
                                  const struct th_note_signer *signer, struct th_arena *arena,
                                  struct th_bytes *ret_note);

/* Whether the text claims to be a refusal: not whether it is one. */
bool th_refusal_is_named(struct th_bytes text);

/*
 * Verifies that a key of the history signed it; which one is the caller's to judge, since a refusal
 * has no place in the log. TH_E_SIGNATURE: none of its realm's has, or there is another signature
 * beside; TH_E_INVALID: no log of the history has that realm; TH_E_SYNTAX, TH_E_TEXT, TH_E_LIMIT,
 * TH_E_VERSION: not a refusal; TH_E_NO_MEMORY.
 */
TH_MUST_CHECK int th_refusal_open(struct th_bytes text, const struct th_log_keys *keys,
                                  struct th_arena *arena, struct th_refusal *ret_refusal);

/* Whether it says what the outcome says: the same submission, and of each report, in the same
 * order, the same verdict with the same rules. */
bool th_refusal_says(const struct th_refusal *refusal, const struct th_outcome *outcome);

/* The line of a report; NULL: none. */
const struct th_refusal_line *th_refusal_find(const struct th_refusal *refusal,
                                              const struct th_digest *report_digest);

#endif
