/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a receipt (C2SP tlog-proof, the leaf in `extra`) proves, with nothing but the log's key.
 *
 * Thread-safe; no state. Results live in the arena and borrow the text.
 */
#ifndef TH_NODES_RECEIPT_H
#define TH_NODES_RECEIPT_H

#include "base/arena.h"
#include "proto/model/entry.h"
#include "proto/tlog/proof.h"

struct th_receipt {
    struct th_leaf leaf;
    struct th_checkpoint checkpoint; /* signed by the log's key */
};

/*
 * Verifies that the leaf is in the log `realm`. TH_E_SIGNATURE: it is not shown to be;
 * TH_E_INVALID: another log, or a leaf whose position is not its place in the tree;
 * TH_E_NO_MEMORY; or as the decoders.
 */
TH_MUST_CHECK int th_receipt_open(struct th_bytes text, const struct th_vkey *log_key,
                                  const char *realm, struct th_arena *arena,
                                  struct th_receipt *ret_receipt);

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

/* `ret_judgement` is set when the receipt holds. */
enum th_receipt_fault th_receipt_check(const struct th_receipt *receipt,
                                       const struct th_receipt_claim *claim,
                                       const struct th_judgement **ret_judgement);
/* Vietnamese. */
const char *th_receipt_fault_text(enum th_receipt_fault fault);

#endif
