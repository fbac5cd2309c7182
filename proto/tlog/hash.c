/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/hash.h"

#include <sodium.h>
#include <string.h>

/* Base64 is decoded in pieces, first to check all of it, then to write: a failure writes nothing.
 */
#define CHUNK_BYTES ((size_t)192)
#define CHUNK_TEXT  ((size_t)256) /* CHUNK_BYTES in base64, without padding */

void th_tlog_hash_leaf(const void *bytes, size_t size, struct th_digest *ret_digest)
{
    static const uint8_t prefix = 0x00;
    const struct th_tlog_part parts[] = {{&prefix, 1}, {bytes, size}};

    th_tlog_sha256(parts, 2, ret_digest);
}

void th_tlog_hash_node(const struct th_digest *left, const struct th_digest *right,
                       struct th_digest *ret_digest)
{
    uint8_t bytes[1 + 2 * TH_DIGEST_SIZE] = {0x01}; /* in one piece: fewer calls */
    const struct th_tlog_part part = {bytes, sizeof bytes};

    memcpy(bytes + 1, left->bytes, TH_DIGEST_SIZE);
    memcpy(bytes + 1 + TH_DIGEST_SIZE, right->bytes, TH_DIGEST_SIZE);
    th_tlog_sha256(&part, 1, ret_digest);
}

void th_tlog_hash_empty(struct th_digest *ret_digest)
{
    th_tlog_sha256(NULL, 0, ret_digest);
}

bool th_tlog_digest_equal(const struct th_digest *a, const struct th_digest *b)
{
    return memcmp(a->bytes, b->bytes, TH_DIGEST_SIZE) == 0;
}

size_t th_tlog_base64_size(size_t size)
{
    return size / 3 * 4 + (size % 3 != 0 ? 4 : 0);
}

int th_tlog_base64_encode(const void *bytes, size_t size, size_t capacity, char *ret_text,
                          size_t *ret_length)
{
    if (size > SIZE_MAX / 2 || capacity <= th_tlog_base64_size(size))
        return TH_E_LIMIT;
    (void)sodium_bin2base64(ret_text, capacity, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    *ret_length = th_tlog_base64_size(size);
    return 0;
}

/* Decodes at most CHUNK_TEXT characters; they have to be what encoding the result gives. */
static int decode_chunk(const char *text, size_t length, uint8_t bytes[CHUNK_BYTES], size_t *size)
{
    char again[CHUNK_TEXT + 1];
    size_t decoded = 0;

    if (sodium_base642bin(bytes, CHUNK_BYTES, text, length, NULL, &decoded, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return TH_E_SYNTAX;
    if (th_tlog_base64_size(decoded) != length)
        return TH_E_SYNTAX;
    (void)sodium_bin2base64(again, sizeof again, bytes, decoded, sodium_base64_VARIANT_ORIGINAL);
    if (memcmp(again, text, length) != 0)
        return TH_E_SYNTAX;
    *size = decoded;
    return 0;
}

int th_tlog_base64_decode(const char *text, size_t length, size_t capacity, void *ret_bytes,
                          size_t *ret_size)
{
    uint8_t chunk[CHUNK_BYTES];
    uint8_t *bytes = ret_bytes;
    size_t total = 0;

    for (int writing = 0; writing <= 1; writing++) {
        total = 0;
        for (size_t at = 0; at < length;) {
            size_t left = length - at;
            size_t take = left < CHUNK_TEXT ? left : CHUNK_TEXT;
            size_t size = 0;
            int rc = decode_chunk(text + at, take, chunk, &size);

            if (rc != 0)
                return rc;
            at += take;
            if (at < length && size != CHUNK_BYTES)
                return TH_E_SYNTAX; /* padding before the end */
            if (size > capacity - total)
                return TH_E_LIMIT;
            if (writing)
                memcpy(bytes + total, chunk, size);
            total += size;
        }
    }
    *ret_size = total;
    return 0;
}

void th_tlog_digest_encode(const struct th_digest *digest, char ret_text[TH_DIGEST_BASE64_SIZE + 1])
{
    th_tlog_base64_write(digest->bytes, TH_DIGEST_SIZE, ret_text);
}

int th_tlog_digest_decode(const char *text, size_t length, struct th_digest *ret_digest)
{
    struct th_digest digest;
    size_t size = 0;

    if (length != TH_DIGEST_BASE64_SIZE)
        return TH_E_SYNTAX;
    if (th_tlog_base64_decode(text, length, sizeof digest.bytes, digest.bytes, &size) != 0)
        return TH_E_SYNTAX;
    if (size != TH_DIGEST_SIZE)
        return TH_E_SYNTAX;
    *ret_digest = digest;
    return 0;
}

void th_tlog_digest_to_hex(const struct th_digest *digest, char ret_text[TH_DIGEST_HEX_SIZE + 1])
{
    (void)sodium_bin2hex(ret_text, TH_DIGEST_HEX_SIZE + 1, digest->bytes, TH_DIGEST_SIZE);
}

int th_tlog_digest_from_hex(const char *text, size_t length, struct th_digest *ret_digest)
{
    struct th_digest digest;
    char again[TH_DIGEST_HEX_SIZE + 1];
    size_t size = 0;

    if (length != TH_DIGEST_HEX_SIZE)
        return TH_E_SYNTAX;
    if (sodium_hex2bin(digest.bytes, TH_DIGEST_SIZE, text, length, NULL, &size, NULL) != 0 ||
        size != TH_DIGEST_SIZE)
        return TH_E_SYNTAX;
    th_tlog_digest_to_hex(&digest, again);
    if (memcmp(again, text, TH_DIGEST_HEX_SIZE) != 0)
        return TH_E_SYNTAX;
    *ret_digest = digest;
    return 0;
}
