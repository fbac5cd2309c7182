/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receipt (C2SP tlog-proof, the leaf in `extra`) proves, with nothing but the log's public
 * keys: that the log has a leaf, and what that leaf says of a report.
 *
 * Thread-safe; no state. Results live in the arena and borrow the text.
 */
#ifndef TH_PROTO_RECEIPT_RECEIPT_H
#define TH_PROTO_RECEIPT_RECEIPT_H

#include "base/arena.h"
#include "proto/model/entry.h"
#include "proto/tlog/log_keys.h"
#include "proto/tlog/proof.h"

struct th_receipt {
    struct th_leaf leaf;
    struct th_checkpoint checkpoint; /* signed by the key below */
    const struct th_log_key *key;    /* in the history that was given */
};

/*
 * Verifies that the leaf is in a log of the history: the origin and size of the checkpoint say
 * which key has to have signed it. TH_E_SIGNATURE: it is not shown to be, or the checkpoint has
 * another signature beside that one; TH_E_INVALID: no log of the history, or a leaf whose position
 * is not its place in the tree; TH_E_NO_MEMORY; or as the decoders. No byte of a receipt can be
 * changed, added or left out.
 */
TH_MUST_CHECK int th_receipt_open(struct th_bytes text, const struct th_log_keys *keys,
                                  struct th_arena *arena, struct th_receipt *ret_receipt);

enum th_receipt_fault {
    TH_RECEIPT_HOLDS,
    TH_RECEIPT_OTHER_KIND, /* the leaf is not of a submission */
    TH_RECEIPT_OTHER_MODE, /* a rehearsal's for a real report, or the other way */
    TH_RECEIPT_OTHER_UNIT,
    TH_RECEIPT_NOT_NAMED, /* the report's digest is not in the leaf */
    TH_RECEIPT_NOT_TAKEN  /* it is, but was neither accepted nor a duplicate */
};

/* What the receipt has to say for one report. */
struct th_receipt_claim {
    enum th_mode mode;
    const char *unit;
    struct th_digest report_digest;
};

/* `ret_judgement` is set when the receipt holds. A leaf of a submission, of a readmission, or of
 * what was entered on behalf. */
enum th_receipt_fault th_receipt_check(const struct th_receipt *receipt,
                                       const struct th_receipt_claim *claim,
                                       const struct th_judgement **ret_judgement);
/* Vietnamese. */
const char *th_receipt_fault_text(enum th_receipt_fault fault);

/*
 * One sentence in Vietnamese: what the receipt proves of one report, "Đơn vị 23734: báo cáo
 * bao-cao-6-thang (lần 1) đã nhận lúc 23:41:07 ngày 09/5/2025, đúng hạn (hạn: trước 00:00 ngày
 * 10/5/2025).". Says DIỄN TẬP for a rehearsal, when the first revision was received, and that it
 * was admitted again after a loss, or who entered it without the unit's signature. Into the arena.
 * TH_E_NO_MEMORY. Precondition: the judgement is one that th_receipt_check() gave.
 */
TH_MUST_CHECK int th_receipt_tell(const struct th_receipt *receipt,
                                  const struct th_judgement *judgement, struct th_arena *arena,
                                  const char **ret_sentence);

#endif
