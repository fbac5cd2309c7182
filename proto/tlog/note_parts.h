/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signatures and cosignatures of notes share: keys of any type, and lines of signature.
 * Private to proto/tlog. Thread-safe: no state.
 */
#ifndef TH_PROTO_TLOG_NOTE_PARTS_H
#define TH_PROTO_TLOG_NOTE_PARTS_H

#include "proto/tlog/note.h"

#define TH_NOTE_ID_SIZE      4
#define TH_NOTE_OWN_BLOB_MAX 76 /* key id and signature of the kinds that are written here */

/* TH_E_TEXT: not UTF-8, or a control character other than newline. */
TH_MUST_CHECK int th_note_check_characters(const char *text, size_t size);
/* Of a key: TH_E_SYNTAX, TH_E_TEXT. */
TH_MUST_CHECK int th_note_check_name(const char *name, size_t size);

/* A key of a type, which the id and the vkey have in them. As th_tlog_vkey_init() and so on. */
TH_MUST_CHECK int th_note_key_init(const char *name, size_t name_size, uint8_t type,
                                   const uint8_t *public_key, struct th_vkey *ret_vkey);
TH_MUST_CHECK int th_note_key_encode(const struct th_vkey *vkey, uint8_t type, size_t capacity,
                                     char *ret_text, size_t *ret_length);
TH_MUST_CHECK int th_note_key_decode(const char *text, size_t length, uint8_t type,
                                     struct th_vkey *ret_vkey);

/* A line of signature; the name points into the note. */
struct th_note_line {
    const char *name;
    size_t name_size;
    uint8_t blob[TH_NOTE_SIGNATURE_MAX]; /* key id, signature */
    size_t blob_size;
};

/*
 * `text` begins a line of signature that ends with a newline; gives the bytes of the line.
 * TH_E_SYNTAX, TH_E_TEXT, TH_E_LIMIT.
 */
TH_MUST_CHECK int th_note_line_parse(const char *text, size_t left, struct th_note_line *ret_line,
                                     size_t *ret_size);
/* Whether the line says that this key signed. */
bool th_note_line_is_by(const struct th_note_line *line, const char *name,
                        const uint8_t id[TH_NOTE_ID_SIZE]);

/* Bytes of a line. */
size_t th_note_line_size(size_t name_size, size_t blob_size);
/* Writes th_note_line_size() bytes. Precondition: blob_size <= TH_NOTE_OWN_BLOB_MAX. */
void th_note_line_write(const char *name, const uint8_t *blob, size_t blob_size, char *ret_line);

#endif
