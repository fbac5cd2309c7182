/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes (C2SP signed-note) with Ed25519 keys.
 *
 *     <text, one or more lines>
 *                                     an empty line, the last one of the note
 *     — <key name> <base64(4-byte key id || signature)>      one to sixteen of these
 *
 * The signature is over the text with its last newline, without the empty line. Ed25519 is
 * deterministic: the same text and key give the same note.
 *
 * Thread-safe: no state. Everything is in the caller's storage; nothing is allocated. The program
 * calls sodium_init() once.
 */
#ifndef TH_PROTO_TLOG_NOTE_H
#define TH_PROTO_TLOG_NOTE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TH_NOTE_NAME_MAX        128 /* bytes of the name of a key of ours */
#define TH_NOTE_VKEY_TEXT_MAX   (TH_NOTE_NAME_MAX + 1 + 8 + 1 + 44)
#define TH_NOTE_LINE_MAX        (4 + TH_NOTE_NAME_MAX + 1 + 92 + 1) /* a signature line of ours */
#define TH_NOTE_SIGNATURES_MAX  16
#define TH_NOTE_SIGNATURE_MAX   5120 /* bytes of key id and signature: post-quantum ones fit */
#define TH_NOTE_SIZE_MAX        ((size_t)256 * 1024)
#define TH_NOTE_VKEYS_MAX       64
#define TH_NOTE_PUBLIC_KEY_SIZE 32
#define TH_NOTE_SECRET_KEY_SIZE 64 /* libsodium's form: seed and public key */
#define TH_NOTE_SEED_SIZE       32

/* A key that checks signatures. */
struct th_vkey {
    char name[TH_NOTE_NAME_MAX + 1];
    uint8_t id[4];
    uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE];
};

/* A key that signs. Holds a secret: deinit when done. */
struct th_note_signer {
    struct th_vkey vkey;
    uint8_t secret_key[TH_NOTE_SECRET_KEY_SIZE];
};

/* A note taken apart; points into the note that was given. */
struct th_note {
    const char *text; /* with its last newline */
    size_t text_size;
    const char *signatures; /* all lines of signatures */
    size_t signatures_size;
    unsigned signatures_n;
    uint64_t verified; /* bit i: key number i has signed; 0 after th_tlog_note_split() */
};

/*
 * Copies the name. TH_E_SYNTAX: the name is empty, or has a space or '+'. TH_E_TEXT: it is not
 * UTF-8 or has a control character. TH_E_LIMIT: it is too long.
 */
TH_MUST_CHECK int th_tlog_vkey_init(const char *name,
                                    const uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE],
                                    struct th_vkey *ret_vkey);

/* `name+hex(id)+base64(0x01 || public key)` and a NUL. TH_E_LIMIT: more than `capacity` bytes. */
TH_MUST_CHECK int th_tlog_vkey_encode(const struct th_vkey *vkey, size_t capacity, char *ret_text,
                                      size_t *ret_length);

/*
 * TH_E_VERSION: not an Ed25519 key. TH_E_INVALID: the id is not that of the name and key. Otherwise
 * TH_E_SYNTAX, or as th_tlog_vkey_init().
 */
TH_MUST_CHECK int th_tlog_vkey_decode(const char *text, size_t length, struct th_vkey *ret_vkey);

/* The same name and the same key. */
bool th_tlog_vkey_equal(const struct th_vkey *a, const struct th_vkey *b);

/* The key pair of a secret seed. Copies. Failures as th_tlog_vkey_init(). */
TH_MUST_CHECK int th_tlog_signer_init(const char *name, const uint8_t seed[TH_NOTE_SEED_SIZE],
                                      struct th_note_signer *ret_signer);
/* Wipes the secret. */
void th_tlog_signer_deinit(struct th_note_signer *signer);

/*
 * Whether this may be the text of a note. TH_E_SYNTAX: empty or without newline at the end.
 * TH_E_TEXT: not UTF-8, or a control character other than newline. TH_E_LIMIT: too long.
 */
TH_MUST_CHECK int th_tlog_note_check_text(const char *text, size_t size);

/*
 * The note: text, empty line, one line of signature; no NUL. `ret_note` may be where `text` is.
 * TH_E_LIMIT: more than `capacity` bytes (text + 1 + TH_NOTE_LINE_MAX is always enough). Otherwise
 * as th_tlog_note_check_text().
 */
TH_MUST_CHECK int th_tlog_note_sign(const char *text, size_t size,
                                    const struct th_note_signer *signer, size_t capacity,
                                    char *ret_note, size_t *ret_size);

/*
 * Takes a note apart and checks its form, not its signatures. Borrows: the result points into
 * `note`. TH_E_SYNTAX, TH_E_TEXT; TH_E_LIMIT: too long or more than 16 signatures.
 */
TH_MUST_CHECK int th_tlog_note_split(const char *note, size_t size, struct th_note *ret_note);

/*
 * As th_tlog_note_split(), and at least one of the keys has signed. Signatures of other keys are
 * ignored; each of a key that is given (name and id) has to be right.
 * TH_E_SIGNATURE: no signature by a given key, or a wrong one. TH_E_AMBIGUOUS: two given keys have
 * the name and id of a signature. TH_E_LIMIT: also more than 64 keys.
 */
TH_MUST_CHECK int th_tlog_note_verify(const char *note, size_t size, const struct th_vkey *vkeys,
                                      size_t vkeys_n, struct th_note *ret_note);

#endif
