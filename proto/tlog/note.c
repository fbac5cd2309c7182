/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tlog/note.h"

#include "base/assert.h"
#include "proto/tlog/hash.h"

#include <sodium.h>
#include <string.h>

#define TYPE_ED25519   0x01
#define ID_SIZE        4
#define BLOB_SIZE      (ID_SIZE + 64) /* key id and Ed25519 signature */
#define BLOB_TEXT_SIZE 92
#define KEY_TEXT_SIZE  44 /* base64 of the type and the public key */
#define ID_TEXT_SIZE   8

static const char line_start[] = "\xe2\x80\x94 "; /* em dash, space */
#define LINE_START_SIZE (sizeof line_start - 1)

/* A line of signature; the name points into the note. */
struct line {
    const char *name;
    size_t name_size;
    uint8_t blob[TH_NOTE_SIGNATURE_MAX];
    size_t blob_size;
};

/*
 * The code point at `text`, and its bytes in `*ret_size`; -1 when it is not UTF-8 (overlong forms,
 * surrogates and what is above U+10FFFF are not).
 */
static int32_t next_rune(const char *text, size_t left, size_t *ret_size)
{
    const uint8_t *bytes = (const uint8_t *)text;
    static const int32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = bytes[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    int32_t rune;

    if (size == 0 || size > left || lead > 0xf4)
        return -1;
    rune = size == 1 ? lead : lead & (0xff >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return -1;
        rune = rune << 6 | (bytes[i] & 0x3f);
    }
    if (rune < smallest[size] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
        return -1;
    *ret_size = size;
    return rune;
}

/* Unicode White_Space. */
static bool is_space(int32_t rune)
{
    return (rune >= 0x09 && rune <= 0x0d) || rune == 0x20 || rune == 0x85 || rune == 0xa0 ||
           rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 ||
           rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

static int check_characters(const char *text, size_t size)
{
    size_t step = 0;

    for (size_t at = 0; at < size; at += step) {
        int32_t rune = next_rune(text + at, size - at, &step);

        if (rune < 0 || (rune < 0x20 && rune != '\n'))
            return TH_E_TEXT;
    }
    return 0;
}

static int check_name(const char *name, size_t size)
{
    size_t step = 0;

    if (size == 0)
        return TH_E_SYNTAX;
    for (size_t at = 0; at < size; at += step) {
        int32_t rune = next_rune(name + at, size - at, &step);

        if (rune == '+' || is_space(rune))
            return TH_E_SYNTAX;
        if (rune < 0x20)
            return TH_E_TEXT;
    }
    return 0;
}

/* SHA256(name || newline || type || public key), the first 4 bytes. */
static void key_id(const char *name, size_t name_size, const uint8_t *public_key,
                   uint8_t ret_id[ID_SIZE])
{
    static const uint8_t middle[] = {'\n', TYPE_ED25519};
    const struct th_tlog_part parts[] = {
        {name, name_size}, {middle, sizeof middle}, {public_key, TH_NOTE_PUBLIC_KEY_SIZE}};
    struct th_digest digest;

    th_tlog_sha256(parts, 3, &digest);
    memcpy(ret_id, digest.bytes, ID_SIZE);
}

static int vkey_init(const char *name, size_t name_size, const uint8_t *public_key,
                     struct th_vkey *ret_vkey)
{
    struct th_vkey vkey = {.name = {0}};
    int rc;

    if (name_size > TH_NOTE_NAME_MAX)
        return TH_E_LIMIT;
    rc = check_name(name, name_size);
    if (rc != 0)
        return rc;
    memcpy(vkey.name, name, name_size);
    memcpy(vkey.public_key, public_key, sizeof vkey.public_key);
    key_id(name, name_size, public_key, vkey.id);
    *ret_vkey = vkey;
    return 0;
}

int th_tlog_vkey_init(const char *name, const uint8_t public_key[TH_NOTE_PUBLIC_KEY_SIZE],
                      struct th_vkey *ret_vkey)
{
    return vkey_init(name, strlen(name), public_key, ret_vkey);
}

int th_tlog_vkey_encode(const struct th_vkey *vkey, size_t capacity, char *ret_text,
                        size_t *ret_length)
{
    size_t name_size = strlen(vkey->name);
    size_t length = name_size + 1 + ID_TEXT_SIZE + 1 + KEY_TEXT_SIZE;
    uint8_t key[1 + TH_NOTE_PUBLIC_KEY_SIZE] = {TYPE_ED25519};
    char *at = ret_text;

    if (capacity <= length)
        return TH_E_LIMIT;
    memcpy(key + 1, vkey->public_key, sizeof vkey->public_key);
    memcpy(at, vkey->name, name_size);
    at += name_size;
    *at++ = '+';
    (void)sodium_bin2hex(at, ID_TEXT_SIZE + 1, vkey->id, ID_SIZE);
    at += ID_TEXT_SIZE;
    *at++ = '+';
    (void)sodium_bin2base64(at, KEY_TEXT_SIZE + 1, key, sizeof key, sodium_base64_VARIANT_ORIGINAL);
    *ret_length = length;
    return 0;
}

int th_tlog_vkey_decode(const char *text, size_t length, struct th_vkey *ret_vkey)
{
    const char *plus = memchr(text, '+', length);
    size_t name_size = plus != NULL ? (size_t)(plus - text) : 0;
    uint8_t key[1 + TH_NOTE_PUBLIC_KEY_SIZE];
    char id[ID_TEXT_SIZE + 1];
    struct th_vkey vkey;
    size_t key_size = 0;
    int rc;

    if (plus == NULL || length - name_size <= 1 + ID_TEXT_SIZE + 1 || plus[1 + ID_TEXT_SIZE] != '+')
        return TH_E_SYNTAX;
    if (th_tlog_base64_decode(plus + 1 + ID_TEXT_SIZE + 1,
                              length - name_size - 1 - ID_TEXT_SIZE - 1, sizeof key, key,
                              &key_size) != 0 ||
        key_size == 0)
        return TH_E_SYNTAX;
    if (key[0] != TYPE_ED25519)
        return TH_E_VERSION;
    if (key_size != sizeof key)
        return TH_E_SYNTAX;
    rc = vkey_init(text, name_size, key + 1, &vkey);
    if (rc != 0)
        return rc;
    (void)sodium_bin2hex(id, sizeof id, vkey.id, ID_SIZE);
    if (memcmp(id, plus + 1, ID_TEXT_SIZE) != 0)
        return TH_E_INVALID;
    *ret_vkey = vkey;
    return 0;
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
    return check_characters(text, size);
}

int th_tlog_note_sign(const char *text, size_t size, const struct th_note_signer *signer,
                      size_t capacity, char *ret_note, size_t *ret_size)
{
    size_t name_size = strlen(signer->vkey.name);
    size_t line_size = LINE_START_SIZE + name_size + 1 + BLOB_TEXT_SIZE + 1;
    uint8_t blob[BLOB_SIZE];
    char blob_text[BLOB_TEXT_SIZE + 1];
    char *at = ret_note;
    int rc = th_tlog_note_check_text(text, size);

    if (rc != 0)
        return rc;
    if (size + 1 + line_size > capacity || size + 1 + line_size > TH_NOTE_SIZE_MAX)
        return TH_E_LIMIT;
    memcpy(blob, signer->vkey.id, ID_SIZE);
    (void)crypto_sign_detached(blob + ID_SIZE, NULL, (const uint8_t *)text, size,
                               signer->secret_key);
    (void)sodium_bin2base64(blob_text, sizeof blob_text, blob, sizeof blob,
                            sodium_base64_VARIANT_ORIGINAL);
    memmove(at, text, size);
    at += size;
    *at++ = '\n';
    memcpy(at, line_start, LINE_START_SIZE);
    at += LINE_START_SIZE;
    memcpy(at, signer->vkey.name, name_size);
    at += name_size;
    *at++ = ' ';
    memcpy(at, blob_text, BLOB_TEXT_SIZE);
    at += BLOB_TEXT_SIZE;
    *at++ = '\n';
    *ret_size = (size_t)(at - ret_note);
    return 0;
}

/* `text` begins a line of signature that ends with a newline; gives the bytes of the line. */
static int parse_line(const char *text, size_t left, struct line *ret_line, size_t *ret_size)
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
    rc = check_name(name, (size_t)(space - name));
    if (rc != 0)
        return rc;
    ret_line->name = name;
    ret_line->name_size = (size_t)(space - name);
    rc = th_tlog_base64_decode(space + 1, (size_t)(end - space - 1), sizeof ret_line->blob,
                               ret_line->blob, &ret_line->blob_size);
    if (rc != 0)
        return rc;
    if (ret_line->blob_size <= ID_SIZE)
        return TH_E_SYNTAX;
    *ret_size = (size_t)(end - text) + 1;
    return 0;
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
static int verify_line(const struct line *line, const struct th_vkey *vkeys, size_t vkeys_n,
                       struct th_note *note)
{
    size_t found = vkeys_n;

    for (size_t i = 0; i < vkeys_n; i++) {
        if (strlen(vkeys[i].name) != line->name_size ||
            memcmp(vkeys[i].name, line->name, line->name_size) != 0 ||
            memcmp(vkeys[i].id, line->blob, ID_SIZE) != 0)
            continue;
        if (found != vkeys_n)
            return TH_E_AMBIGUOUS;
        found = i;
    }
    if (found == vkeys_n)
        return 0;
    if (line->blob_size != BLOB_SIZE ||
        crypto_sign_verify_detached(line->blob + ID_SIZE, (const uint8_t *)note->text,
                                    note->text_size, vkeys[found].public_key) != 0)
        return TH_E_SIGNATURE;
    note->verified |= (uint64_t)1 << found;
    return 0;
}

static int open_note(const char *text, size_t size, const struct th_vkey *vkeys, size_t vkeys_n,
                     struct th_note *ret_note)
{
    struct th_note note;
    struct line line;
    size_t line_size = 0;
    int rc;

    rc = find_parts(text, size, &note);
    if (rc != 0)
        return rc;
    for (size_t at = 0; at < note.signatures_size; at += line_size) {
        if (note.signatures_n == TH_NOTE_SIGNATURES_MAX)
            return TH_E_LIMIT;
        rc = parse_line(note.signatures + at, note.signatures_size - at, &line, &line_size);
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
