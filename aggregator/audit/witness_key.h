/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A witness's key on disk: FILE has the secret, 32 bytes as one line of base64, mode 0600 or it is
 * refused; FILE.vkey has the public key with the witness's name, for everybody. Whoever reads or
 * makes a key dumps no core any more.
 */
#ifndef TH_AUDIT_WITNESS_KEY_H
#define TH_AUDIT_WITNESS_KEY_H

#include "proto/tlog/cosignature.h"

#define TH_WITNESS_KEY_PROBLEM_SIZE 1400
#define TH_WITNESS_VKEY_SUFFIX      ".vkey"

/* Makes both files with a new key. TH_E_EXISTS, TH_E_IO; of the name as th_witness_key_init().
 * `ret_vkey`: the text of the public key, TH_NOTE_VKEY_TEXT_MAX + 1 bytes. */
TH_MUST_CHECK int th_witness_key_make(const char *path, const char *name,
                                      char ret_vkey[TH_NOTE_VKEY_TEXT_MAX + 1]);
/* Reads both: the name is the public file's, and the key has to be the secret one's. Each failure
 * fills `ret_problem`. TH_E_NOT_FOUND, TH_E_FORBIDDEN (others may read it), TH_E_SYNTAX,
 * TH_E_INVALID (two different keys), TH_E_IO, TH_E_NO_MEMORY. */
TH_MUST_CHECK int th_witness_key_read(const char *path,
                                      char ret_problem[TH_WITNESS_KEY_PROBLEM_SIZE],
                                      struct th_witness_signer *ret_signer);

#endif
