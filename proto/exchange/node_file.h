/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.pub: what a unit gives to the province to be enrolled: its two public keys, and the proof
 * that it holds both secrets and meant this province.
 *
 *     node: tonghop
 *     format: 1
 *     realm: tonghop/64/rehearsal
 *     unit: "23734"
 *     sign_key: BASE64       Ed25519
 *     curve_key: BASE64      CURVE25519
 *     signature: BASE64      Ed25519 by sign_key over "tonghop node v1\n" realm "\n" unit "\n"
 *                            sign_key curve_key
 *     box: BASE64            24-byte nonce and crypto_box of sign_key, from the node's CURVE secret
 * to the aggregator's CURVE key: only the holder of that secret can make it
 *
 * Thread-safe; no state.
 */
#ifndef TH_EXCHANGE_NODE_FILE_H
#define TH_EXCHANGE_NODE_FILE_H

#include "base/problems.h"
#include "proto/model/report.h"
#include "proto/model/unit.h"

#define TH_NODE_BOX_SIZE (24 + TH_SIGN_KEY_SIZE + 16)

struct th_node_file {
    char realm[TH_LIMIT_REALM_SIZE_MAX + 1];
    char unit[TH_UNIT_CODE_MAX + 1];
    struct th_sign_key sign_key;
    uint8_t curve_key[TH_CURVE_KEY_SIZE];
    uint8_t signature[TH_SIGNATURE_SIZE];
    uint8_t box[TH_NODE_BOX_SIZE];
};

/* Fills signature and box; realm, unit and public keys are there. `nonce`: 24 random bytes. */
TH_MUST_CHECK int th_node_file_prove(struct th_node_file *file, const uint8_t sign_secret[64],
                                     const uint8_t curve_secret[32],
                                     const uint8_t server_curve_key[TH_CURVE_KEY_SIZE],
                                     const uint8_t nonce[24]);
/* TH_E_SIGNATURE: a proof does not hold; TH_E_INVALID: made for another realm. */
TH_MUST_CHECK int th_node_file_verify(const struct th_node_file *file, const char *realm,
                                      const uint8_t server_curve_secret[32]);

/* The signature alone, for whoever has not the CURVE secret. TH_E_SIGNATURE. */
TH_MUST_CHECK int th_node_file_verify_signature(const struct th_node_file *file);

TH_MUST_CHECK int th_node_file_write(const char *path, const struct th_node_file *file);
TH_MUST_CHECK int th_node_file_read(const char *path, struct th_problems *problems,
                                    struct th_node_file *ret_file);
/* The same for a file's bytes, as the journal keeps them; `name` stands for it in problems. */
TH_MUST_CHECK int th_node_file_parse(const char *name, const char *bytes, size_t size,
                                     struct th_problems *problems, struct th_node_file *ret_file);

#endif
