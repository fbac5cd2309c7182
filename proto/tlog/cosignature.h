/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a witness signs (C2SP tlog-cosignature): that it saw this checkpoint at this time, and that
 * everything it had seen before is a beginning of it.
 *
 * The signature line is that of a note; its signature is 8 bytes of time, big-endian seconds, and
 * 64 bytes of Ed25519 over
 *
 *     cosignature/v1
 *     time <seconds, decimal>
 *     <the text of the note>
 *
 * The key has type 0x04: id SHA256(name || 0x0A || 0x04 || public key)[:4], vkey
 * name+hex(id)+base64(0x04 || public key). It is another key than an Ed25519 one of the same bytes,
 * so a witness cannot speak for a log.
 *
 * Thread-safe: no state; nothing is allocated.
 */
#ifndef TH_PROTO_TLOG_COSIGNATURE_H
#define TH_PROTO_TLOG_COSIGNATURE_H

#include "proto/tlog/note.h"

#define TH_COSIGNATURE_LINE_MAX (4 + TH_NOTE_NAME_MAX + 1 + 104 + 1)
#define TH_COSIGNED_TEXT_MAX    4096 /* bytes of a note's text: many times a checkpoint */

struct th_witness_key {
    char name[TH_NOTE_NAME_MAX + 1];
    uint8_t id[4];
    uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE];
};

/* Holds a secret: deinit when done. */
struct th_witness_signer {
    struct th_witness_key key;
    uint8_t secret_key[TH_NOTE_SECRET_KEY_SIZE];
};

/* Failures as th_tlog_vkey_init(), th_tlog_vkey_encode(), th_tlog_vkey_decode(). */
TH_MUST_CHECK int th_witness_key_init(const char *name,
                                      const uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE],
                                      struct th_witness_key *ret_key);
TH_MUST_CHECK int th_witness_key_encode(const struct th_witness_key *key, size_t capacity,
                                        char *ret_text, size_t *ret_length);
TH_MUST_CHECK int th_witness_key_decode(const char *text, size_t length,
                                        struct th_witness_key *ret_key);
TH_MUST_CHECK int th_witness_signer_init(const char *name, const uint8_t seed[TH_NOTE_SEED_SIZE],
                                         struct th_witness_signer *ret_signer);
void th_witness_signer_deinit(struct th_witness_signer *signer);

/*
 * The note with one more line, a cosignature at this time. `ret_note` may be where `note` is.
 * TH_E_LIMIT: more than `capacity` bytes, a text that is too long, or the note has 16 signatures.
 * TH_E_EXISTS: it has a line of this witness already, right or wrong. TH_E_RANGE: a negative time.
 * Otherwise as th_tlog_note_split().
 */
TH_MUST_CHECK int th_tlog_cosign(const char *note, size_t size,
                                 const struct th_witness_signer *signer, int64_t time_s,
                                 size_t capacity, char *ret_note, size_t *ret_size);

/*
 * 0: the witness has signed the note; the latest time when it has more than once. TH_E_SIGNATURE:
 * it has not, or one of its signatures is wrong. TH_E_LIMIT: also a text that is too long.
 * Otherwise as th_tlog_note_split().
 */
TH_MUST_CHECK int th_tlog_cosignature_verify(const char *note, size_t size,
                                             const struct th_witness_key *key, int64_t *ret_time_s);

#endif
