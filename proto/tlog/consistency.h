/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A consistency proof as text, in the form that the C2SP witness protocol sends before a
 * checkpoint:
 *
 *     old <size>
 *     <base64 hash>                   none or more
 *
 * Old size 0 has no hashes: there was nothing to be consistent with.
 *
 * Thread-safe: no state; nothing is allocated.
 */
#ifndef TH_PROTO_TLOG_CONSISTENCY_H
#define TH_PROTO_TLOG_CONSISTENCY_H

#include "proto/tlog/checkpoint.h"
#include "proto/tlog/merkle.h"

#define TH_CONSISTENCY_TEXT_MAX                                                                    \
    (4 + TH_DECIMAL_MAX + 1 + TH_MERKLE_PROOF_MAX * (TH_DIGEST_BASE64_SIZE + 1))

struct th_consistency {
    uint64_t old_size;
    struct th_digest hashes[TH_MERKLE_PROOF_MAX];
    size_t hashes_n;
};

/* The text, without a NUL. TH_E_LIMIT, TH_E_RANGE; TH_E_INVALID: old size 0 with hashes. */
TH_MUST_CHECK int th_tlog_consistency_format(const struct th_consistency *proof, size_t capacity,
                                             char *ret_text, size_t *ret_size);
/* The whole text. TH_E_SYNTAX, TH_E_LIMIT, TH_E_RANGE; TH_E_INVALID: old size 0 with hashes. */
TH_MUST_CHECK int th_tlog_consistency_parse(const char *text, size_t size,
                                            struct th_consistency *ret_proof);

#endif
