/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hashes of the transparency log (RFC 6962, RFC 9162) and their texts.
 *
 * Leaf SHA256(0x00 || entry), node SHA256(0x01 || left || right), empty tree SHA256(""). A text in
 * base64 or hex is read in one form only: what decodes is what the encoder writes.
 *
 * SHA-256 is libcrypto's, in small programs libsodium's (sha256_crypto.c, sha256_sodium.c). Hashing
 * allocates nothing and never fails.
 *
 * Thread-safe: no state. Borrows its inputs for the call and owns nothing. Inputs do not overlap
 * outputs, except where a digest is replaced by its own hash. The program calls sodium_init() once.
 */
#ifndef TH_PROTO_TLOG_HASH_H
#define TH_PROTO_TLOG_HASH_H

#include "base/digest.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_DIGEST_BASE64_SIZE 44 /* characters, without the terminating NUL */
#define TH_DIGEST_HEX_SIZE    64

/* One piece of what is hashed. */
struct th_tlog_part {
    const void *bytes; /* borrowed; may be NULL when size is 0 */
    size_t size;
};

/* The hash of the parts, one after the other. */
void th_tlog_sha256(const struct th_tlog_part *parts, size_t parts_n, struct th_digest *ret_digest);

/* The same, of what comes piece by piece. */
struct th_tlog_hasher {
    uint64_t state[14]; /* the library's */
};
void th_tlog_hasher_init(struct th_tlog_hasher *ret_hasher);
void th_tlog_hasher_add(struct th_tlog_hasher *hasher, const void *bytes, size_t size);
/* Once. */
void th_tlog_hasher_end(struct th_tlog_hasher *hasher, struct th_digest *ret_digest);

void th_tlog_hash_leaf(const void *bytes, size_t size, struct th_digest *ret_digest);
void th_tlog_hash_node(const struct th_digest *left, const struct th_digest *right,
                       struct th_digest *ret_digest);
void th_tlog_hash_empty(struct th_digest *ret_digest);

bool th_tlog_digest_equal(const struct th_digest *a, const struct th_digest *b);

/* Characters that the base64 of `size` bytes takes, without the NUL. */
size_t th_tlog_base64_size(size_t size);

/*
 * Standard base64 with padding (RFC 4648, section 4), with a NUL after it. In constant time.
 * TH_E_LIMIT: `capacity` is not more than th_tlog_base64_size(size).
 */
TH_MUST_CHECK int th_tlog_base64_encode(const void *bytes, size_t size, size_t capacity,
                                        char *ret_text, size_t *ret_length);

/* The same for what is no secret (its time tells of the bytes), by libcrypto ten times as fast,
 * without a check: th_tlog_base64_size() characters and a NUL. Precondition: size is at most
 * INT_MAX / 2. */
void th_tlog_base64_write(const void *bytes, size_t size, char *ret_text);

/* TH_E_SYNTAX: not canonical base64. TH_E_LIMIT: more than `capacity` bytes. */
TH_MUST_CHECK int th_tlog_base64_decode(const char *text, size_t length, size_t capacity,
                                        void *ret_bytes, size_t *ret_size);

void th_tlog_digest_encode(const struct th_digest *digest,
                           char ret_text[TH_DIGEST_BASE64_SIZE + 1]);
/* TH_E_SYNTAX: not the canonical base64 of exactly 32 bytes. */
TH_MUST_CHECK int th_tlog_digest_decode(const char *text, size_t length,
                                        struct th_digest *ret_digest);

/* Lower case. */
void th_tlog_digest_to_hex(const struct th_digest *digest, char ret_text[TH_DIGEST_HEX_SIZE + 1]);
/* TH_E_SYNTAX: not 64 lower-case hexadecimal digits. */
TH_MUST_CHECK int th_tlog_digest_from_hex(const char *text, size_t length,
                                          struct th_digest *ret_digest);

#endif
