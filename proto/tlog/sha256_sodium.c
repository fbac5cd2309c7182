/* SPDX-License-Identifier: Apache-2.0 */
/* Hashing by libsodium, for programs that have it anyway and shall be small: a quarter as fast as
 * sha256_crypto.c. */
#include "proto/tlog/hash.h"

#include "base/assert.h"

#include <limits.h>
#include <sodium.h>

void th_tlog_sha256(const struct th_tlog_part *parts, size_t parts_n, struct th_digest *ret_digest)
{
    crypto_hash_sha256_state state;

    (void)crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < parts_n; i++)
        if (parts[i].size > 0)
            (void)crypto_hash_sha256_update(&state, parts[i].bytes, parts[i].size);
    (void)crypto_hash_sha256_final(&state, ret_digest->bytes);
}

static crypto_hash_sha256_state *state_of(struct th_tlog_hasher *hasher)
{
    _Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof hasher->state, "it has its place");
    _Static_assert(_Alignof(crypto_hash_sha256_state) <= _Alignof(struct th_tlog_hasher),
                   "and is aligned");
    return (crypto_hash_sha256_state *)(void *)hasher->state;
}

void th_tlog_hasher_init(struct th_tlog_hasher *ret_hasher)
{
    (void)crypto_hash_sha256_init(state_of(ret_hasher));
}

void th_tlog_hasher_add(struct th_tlog_hasher *hasher, const void *bytes, size_t size)
{
    if (size > 0)
        (void)crypto_hash_sha256_update(state_of(hasher), bytes, size);
}

void th_tlog_hasher_end(struct th_tlog_hasher *hasher, struct th_digest *ret_digest)
{
    (void)crypto_hash_sha256_final(state_of(hasher), ret_digest->bytes);
}

void th_tlog_base64_write(const void *bytes, size_t size, char *ret_text)
{
    TH_ASSERT(size <= INT_MAX / 2);
    (void)sodium_bin2base64(ret_text, th_tlog_base64_size(size) + 1, bytes, size,
                            sodium_base64_VARIANT_ORIGINAL);
}
