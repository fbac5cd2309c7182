/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/note.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"
#include "proto/tlog/note_parts.h"

#include <sodium.h>
#include <string.h>

#define TYPE_ED25519 0x01
#define BLOB_SIZE    (TH_NOTE_ID_SIZE + 64) /* key id and Ed25519 signature */

static const char line_start[] = "\xe2\x80\x94 "; /* em dash, space */
#define LINE_START_SIZE (sizeof line_start - 1)

int th_tlog_vkey_init(const char *name, const uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE],
                      struct th_vkey *ret_vkey)
{
    return th_note_key_init(name, strlen(name), TYPE_ED25519, public_key, ret_vkey);
}

int th_tlog_vkey_encode(const struct th_vkey *vkey, size_t capacity, char *ret_text,
                        size_t *ret_length)
{
    return th_note_key_encode(vkey, TYPE_ED25519, capacity, ret_text, ret_length);
}

int th_tlog_vkey_decode(const char *text, size_t length, struct th_vkey *ret_vkey)
{
    return th_note_key_decode(text, length, TYPE_ED25519, ret_vkey);
}

bool th_tlog_vkey_equal(const struct th_vkey *a, const struct th_vkey *b)
{
    return strcmp(a->name, b->name) == 0 &&
           memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0;
}

int th_tlog_signer_init(const char *name, const uint8_t seed[TH_NOTE_SEED_SIZE],
                        struct th_note_signer *ret_signer)
{
    struct th_note_signer signer;
    uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE];
    int rc;

    (void)crypto_sign_seed_keypair(public_key, signer.secret_key, seed);
    rc = th_tlog_vkey_init(name, public_key, &signer.vkey);
    if (rc == 0)
        *ret_signer = signer;
    sodium_memzero(&signer, sizeof signer);
    return rc;
}

void th_tlog_signer_deinit(struct th_note_signer *signer)
{
    sodium_memzero(signer, sizeof *signer);
}

int th_tlog_note_check_text(const char *text, size_t size)
{
    if (size == 0 || text[size - 1] != '\n')
        return TH_E_SYNTAX;
    if (size > TH_NOTE_SIZE_MAX)
        return TH_E_LIMIT;
    return th_note_check_characters(text, size);
}

size_t th_note_line_size(size_t name_size, size_t blob_size)
{
    return LINE_START_SIZE + name_size + 1 + th_tlog_base64_size(blob_size) + 1;
}

void th_note_line_write(const char *name, const uint8_t *blob, size_t blob_size, char *ret_line)
{
    char text[TH_NOTE_OWN_BLOB_MAX / 3 * 4 + 5];
    size_t name_size = strlen(name);
    size_t text_size = th_tlog_base64_size(blob_size);
    char *at = ret_line;

    TH_ASSERT(blob_size <= TH_NOTE_OWN_BLOB_MAX);
    th_tlog_base64_write(blob, blob_size, text);
    memcpy(at, line_start, LINE_START_SIZE);
    at += LINE_START_SIZE;
    memcpy(at, name, name_size);
    at += name_size;
    *at++ = ' ';
    memcpy(at, text, text_size);
    at[text_size] = '\n';
}

int th_tlog_note_sign(const char *text, size_t size, const struct th_note_signer *signer,
                      size_t capacity, char *ret_note, size_t *ret_size)
{
    size_t line_size = th_note_line_size(strlen(signer->vkey.name), BLOB_SIZE);
    uint8_t blob[BLOB_SIZE];
    int rc = th_tlog_note_check_text(text, size);

    if (rc != 0)
        return rc;
    if (size + 1 + line_size > capacity || size + 1 + line_size > TH_NOTE_SIZE_MAX)
        return TH_E_LIMIT;
    memcpy(blob, signer->vkey.id, TH_NOTE_ID_SIZE);
    (void)crypto_sign_detached(blob + TH_NOTE_ID_SIZE, NULL, (const uint8_t *)text, size,
                               signer->secret_key);
    memmove(ret_note, text, size);
    ret_note[size] = '\n';
    th_note_line_write(signer->vkey.name, blob, sizeof blob, ret_note + size + 1);
    *ret_size = size + 1 + line_size;
    return 0;
}

int th_note_line_parse(const char *text, size_t left, struct th_note_line *ret_line,
                       size_t *ret_size)
{
    const char *end = memchr(text, '\n', left);
    const char *name = text + LINE_START_SIZE;
    const char *space;
    int rc;

    TH_ASSERT(end != NULL);
    if ((size_t)(end - text) < LINE_START_SIZE || memcmp(text, line_start, LINE_START_SIZE) != 0)
        return TH_E_SYNTAX;
    space = memchr(name, ' ', (size_t)(end - name));
    if (space == NULL)
        return TH_E_SYNTAX;
    rc = th_note_check_name(name, (size_t)(space - name));
    if (rc != 0)
        return rc;
    ret_line->name = name;
    ret_line->name_size = (size_t)(space - name);
    rc = th_tlog_base64_decode(space + 1, (size_t)(end - space - 1), sizeof ret_line->blob,
                               ret_line->blob, &ret_line->blob_size);
    if (rc != 0)
        return rc;
    if (ret_line->blob_size <= TH_NOTE_ID_SIZE)
        return TH_E_SYNTAX;
    *ret_size = (size_t)(end - text) + 1;
    return 0;
}

bool th_note_line_is_by(const struct th_note_line *line, const char *name,
                        const uint8_t id[TH_NOTE_ID_SIZE])
{
    return strlen(name) == line->name_size && memcmp(name, line->name, line->name_size) == 0 &&
           memcmp(id, line->blob, TH_NOTE_ID_SIZE) == 0;
}

/* Finds the last empty line: the text is before it, the signatures after. */
static int find_parts(const char *note, size_t size, struct th_note *ret_note)
{
    int rc;

    if (size > TH_NOTE_SIZE_MAX)
        return TH_E_LIMIT;
    rc = th_tlog_note_check_text(note, size);
    if (rc != 0)
        return rc;
    for (size_t at = size - 1; at > 0; at--) {
        if (note[at] == '\n' && note[at - 1] == '\n') {
            *ret_note = (struct th_note){.text = note,
                                         .text_size = at,
                                         .signatures = note + at + 1,
                                         .signatures_size = size - at - 1};
            return ret_note->signatures_size > 0 ? 0 : TH_E_SYNTAX;
        }
    }
    return TH_E_SYNTAX;
}

/* 0 when the line is by none of the keys, or is right; then it is noted in `note`. */
static int verify_line(const struct th_note_line *line, const struct th_vkey *vkeys, size_t vkeys_n,
                       struct th_note *note)
{
    size_t found = vkeys_n;

    for (size_t i = 0; i < vkeys_n; i++) {
        if (!th_note_line_is_by(line, vkeys[i].name, vkeys[i].id))
            continue;
        if (found != vkeys_n)
            return TH_E_AMBIGUOUS;
        found = i;
    }
    if (found == vkeys_n)
        return 0;
    if (line->blob_size != BLOB_SIZE ||
        crypto_sign_verify_detached(line->blob + TH_NOTE_ID_SIZE, (const uint8_t *)note->text,
                                    note->text_size, vkeys[found].public_key) != 0)
        return TH_E_SIGNATURE;
    note->verified |= (uint64_t)1 << found;
    return 0;
}

static int open_note(const char *text, size_t size, const struct th_vkey *vkeys, size_t vkeys_n,
                     struct th_note *ret_note)
{
    struct th_note note;
    struct th_note_line line;
    size_t line_size = 0;
    int rc;

    rc = find_parts(text, size, &note);
    if (rc != 0)
        return rc;
    for (size_t at = 0; at < note.signatures_size; at += line_size) {
        if (note.signatures_n == TH_NOTE_SIGNATURES_MAX)
            return TH_E_LIMIT;
        rc = th_note_line_parse(note.signatures + at, note.signatures_size - at, &line, &line_size);
        if (rc != 0)
            return rc;
        rc = verify_line(&line, vkeys, vkeys_n, &note);
        if (rc != 0)
            return rc;
        note.signatures_n++;
    }
    *ret_note = note;
    return 0;
}

int th_tlog_note_split(const char *note, size_t size, struct th_note *ret_note)
{
    return open_note(note, size, NULL, 0, ret_note);
}

int th_tlog_note_verify(const char *note, size_t size, const struct th_vkey *vkeys, size_t vkeys_n,
                        struct th_note *ret_note)
{
    struct th_note opened;
    int rc;

    if (vkeys_n > TH_NOTE_VKEYS_MAX)
        return TH_E_LIMIT;
    rc = open_note(note, size, vkeys, vkeys_n, &opened);
    if (rc != 0)
        return rc;
    if (opened.verified == 0)
        return TH_E_SIGNATURE;
    *ret_note = opened;
    return 0;
}
