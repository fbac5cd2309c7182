/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing by libcrypto, for programs that hash much. It takes 1.6 MB of resident memory, 0.4 of it
 * the process's own: programs that wait most of the time take sha256_sodium.c.
 *
 * Measured with Debian 12's OpenSSL 3.0 and libsodium 1.0.18 on a processor with SHA-NI: a node
 * takes 0.09 µs, with EVP and an algorithm that was fetched before 0.11, with libsodium 0.34; half
 * a KiB 0.33, 0.35 and 1.3. The state is on the stack, so nothing is allocated or can fail.
 */
#include "proto/tlog/hash.h"

#include "base/assert.h"

/* The plain functions of OpenSSL 1.1.1, which 3.0 has as well and calls deprecated. */
#define OPENSSL_API_COMPAT 10101
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

void th_tlog_sha256(const struct th_tlog_part *parts, size_t parts_n, struct th_digest *ret_digest)
{
    SHA256_CTX state;

    (void)SHA256_Init(&state);
    for (size_t i = 0; i < parts_n; i++)
        if (parts[i].size > 0)
            (void)SHA256_Update(&state, parts[i].bytes, parts[i].size);
    (void)SHA256_Final(ret_digest->bytes, &state);
}

static SHA256_CTX *state_of(struct th_tlog_hasher *hasher)
{
    _Static_assert(sizeof(SHA256_CTX) <= sizeof hasher->state, "the state has its place");
    _Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct th_tlog_hasher), "and is aligned");
    return (SHA256_CTX *)(void *)hasher->state;
}

void th_tlog_hasher_init(struct th_tlog_hasher *ret_hasher)
{
    (void)SHA256_Init(state_of(ret_hasher));
}

void th_tlog_hasher_add(struct th_tlog_hasher *hasher, const void *bytes, size_t size)
{
    if (size > 0)
        (void)SHA256_Update(state_of(hasher), bytes, size);
}

void th_tlog_hasher_end(struct th_tlog_hasher *hasher, struct th_digest *ret_digest)
{
    (void)SHA256_Final(ret_digest->bytes, state_of(hasher));
}

void th_tlog_base64_write(const void *bytes, size_t size, char *ret_text)
{
    TH_ASSERT(size <= INT_MAX / 2);
    (void)EVP_EncodeBlock((unsigned char *)ret_text, bytes, (int)size);
}
