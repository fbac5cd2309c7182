/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two secrets of a node: Ed25519 signs reports, CURVE25519 opens the connection. In node.key:
 * the Ed25519 seed and the CURVE secret, base64, one per line; mode 0600 or stricter, else refused.
 *
 * Secrets are kept out of swap and core dumps as far as the system allows, and wiped at the end.
 * The program calls sodium_init() once. Thread-safe; no state.
 */
#ifndef TH_NODES_KEYS_H
#define TH_NODES_KEYS_H

#include "base/problems.h"
#include "proto/model/report.h"

#define TH_SIGN_SECRET_SIZE  64
#define TH_CURVE_SECRET_SIZE 32

struct th_home_keys {
    uint8_t sign_secret[TH_SIGN_SECRET_SIZE];
    uint8_t curve_secret[TH_CURVE_SECRET_SIZE];
    struct th_sign_key sign_key;
    uint8_t curve_key[TH_CURVE_KEY_SIZE];
};

/* Fresh keys. Returns owned (th_home_keys_free). TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_home_keys_make(struct th_home_keys **ret_keys);
/* A new file. TH_E_EXISTS, TH_E_IO. */
TH_MUST_CHECK int th_home_keys_write(const char *path, const struct th_home_keys *keys);
/* Returns owned. Each failure adds a problem, except TH_E_NO_MEMORY. TH_E_CONFIG: readable by
 * others, or not two keys. */
TH_MUST_CHECK int th_home_keys_read(const char *path, struct th_problems *problems,
                                    struct th_home_keys **ret_keys);
void th_home_keys_free(struct th_home_keys *keys);

/* No core dumps, no ptrace by others, for the rest of the process. */
void th_home_keys_forbid_dumps(void);

#endif
