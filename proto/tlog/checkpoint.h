/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a checkpoint (C2SP tlog-checkpoint), which is signed as a note (note.h):
 *
 *     <origin>
 *     <number of leaves, decimal>
 *     <root hash, base64>
 *
 * Lines after these are extensions: read over, never written. Parsing says nothing about the
 * signature: verify the note first and parse its text.
 *
 * Thread-safe: no state. Borrows its inputs, writes to the caller's storage.
 */
#ifndef TH_PROTO_TLOG_CHECKPOINT_H
#define TH_PROTO_TLOG_CHECKPOINT_H

#include "base/status.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/merkle.h"

#include <stddef.h>
#include <stdint.h>

#define TH_CHECKPOINT_ORIGIN_MAX 128
#define TH_DECIMAL_MAX           20 /* digits of the largest uint64_t */
/* Bytes that the text takes at most. */
#define TH_CHECKPOINT_TEXT_MAX                                                                     \
    (TH_CHECKPOINT_ORIGIN_MAX + 1 + TH_DECIMAL_MAX + 1 + TH_DIGEST_BASE64_SIZE + 1)

struct th_checkpoint {
    char origin[TH_CHECKPOINT_ORIGIN_MAX + 1];
    uint64_t size; /* leaves */
    struct th_digest root;
};

/*
 * The text, without a NUL. TH_E_LIMIT: more than `capacity` bytes. TH_E_SYNTAX, TH_E_TEXT: the
 * origin is empty, has a newline or cannot be in a note. TH_E_RANGE: size above the limit.
 */
TH_MUST_CHECK int th_tlog_checkpoint_format(const struct th_checkpoint *checkpoint, size_t capacity,
                                            char *ret_text, size_t *ret_size);

/*
 * TH_E_SYNTAX, TH_E_TEXT; TH_E_LIMIT: the origin is too long; TH_E_RANGE: the size is above
 * TH_MERKLE_SIZE_MAX. An empty line among the extensions is TH_E_SYNTAX.
 */
TH_MUST_CHECK int th_tlog_checkpoint_parse(const char *text, size_t size,
                                           struct th_checkpoint *ret_checkpoint);

/* Digits only, no leading zero but "0" itself. TH_E_SYNTAX; TH_E_RANGE: above uint64_t. */
TH_MUST_CHECK int th_tlog_decimal_decode(const char *text, size_t length, uint64_t *ret_value);

#endif
