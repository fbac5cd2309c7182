/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offline receipt (C2SP tlog-proof): that a leaf is in the log, checked with nothing but the
 * log's key.
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>                  optional; not signed, so not to be trusted
 *     index <number of the leaf>
 *     <base64 hash>                   none or more, from the leaf's sibling up
 *                                     an empty line
 *     <signed checkpoint>             a note, to the end
 *
 * Thread-safe: no state. Nothing is allocated.
 */
#ifndef TH_PROTO_TLOG_PROOF_H
#define TH_PROTO_TLOG_PROOF_H

#include "base/status.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/note.h"

#include <stddef.h>
#include <stdint.h>

#define TH_PROOF_EXTRA_MAX      8192 /* bytes: the leaf of the largest submission fits */
#define TH_PROOF_EXTRA_TEXT_MAX ((TH_PROOF_EXTRA_MAX + 2) / 3 * 4)
/* Bytes that the text of any receipt takes at most, with a checkpoint of one signature of ours. */
#define TH_PROOF_TEXT_MAX                                                                          \
    (22 + 1 + 6 + TH_PROOF_EXTRA_TEXT_MAX + 1 + 6 + TH_DECIMAL_MAX + 1 +                           \
     TH_MERKLE_PROOF_MAX * (TH_DIGEST_BASE64_SIZE + 1) + 1 + TH_CHECKPOINT_TEXT_MAX + 1 +          \
     TH_NOTE_LINE_MAX)

struct th_tlog_proof {
    uint64_t index;
    struct th_digest hashes[TH_MERKLE_PROOF_MAX];
    size_t hashes_n;
    uint8_t extra[TH_PROOF_EXTRA_MAX];
    size_t extra_size;      /* 0: no such line */
    const char *checkpoint; /* borrowed: the signed note */
    size_t checkpoint_size;
};

/*
 * The text, without a NUL; not where the checkpoint is. TH_E_LIMIT: more than `capacity` bytes, or
 * a count above its maximum. TH_E_RANGE: index above the limit. Otherwise as th_tlog_note_split()
 * of the checkpoint.
 */
TH_MUST_CHECK int th_tlog_proof_format(const struct th_tlog_proof *proof, size_t capacity,
                                       char *ret_text, size_t *ret_size);

/* What a receipt is put together of. Borrowed. */
struct th_tlog_proof_parts {
    uint64_t index;
    struct th_tlog_part extra; /* size 0: no such line */
    const char *path;          /* the lines of the hashes, as they are in the text */
    size_t path_size;
    struct th_tlog_part checkpoint;
};

/* The same text of parts that the log itself made, which are not checked: the bytes that it takes,
 * and those bytes, which do not overlap the parts. */
size_t th_tlog_proof_size(const struct th_tlog_proof_parts *parts);
void th_tlog_proof_write(const struct th_tlog_proof_parts *parts, char *ret_text);

/* The line of one hash in a proof, newline included. */
#define TH_PROOF_LINE_SIZE (TH_DIGEST_BASE64_SIZE + 1)
void th_tlog_proof_line(const struct th_digest *hash, char ret_line[TH_PROOF_LINE_SIZE]);

/*
 * Checks the form only. Borrows: `checkpoint` of the result points into `text`.
 * TH_E_VERSION: the first line is another one. TH_E_SYNTAX, TH_E_TEXT, TH_E_LIMIT, TH_E_RANGE.
 */
TH_MUST_CHECK int th_tlog_proof_parse(const char *text, size_t size,
                                      struct th_tlog_proof *ret_proof);

/*
 * 0: a checkpoint of the log `origin`, signed by one of the keys, has the leaf `leaf` at the
 * index. Give the keys of that log only: a witness's key here would speak for the log.
 * TH_E_SIGNATURE: no such signature, or the leaf is not shown to be there. TH_E_INVALID: the
 * checkpoint is of another log. TH_E_RANGE: the index is not below the size of the tree. Otherwise
 * as th_tlog_note_verify() and th_tlog_checkpoint_parse().
 */
TH_MUST_CHECK int th_tlog_proof_verify(const struct th_tlog_proof *proof,
                                       const struct th_vkey *vkeys, size_t vkeys_n,
                                       const char *origin, const void *leaf, size_t leaf_size,
                                       struct th_checkpoint *ret_checkpoint);

#endif
